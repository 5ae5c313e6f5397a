package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

// How long an unused connection to the database is kept, how long a client
// may take over a header or stay silent, and how long a shutdown may take.
const (
	connIdleTime  = 5 * time.Minute
	headerTimeout = 10 * time.Second
	idleTimeout   = 65 * time.Second
	drainTimeout  = 5 * time.Second
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "address to serve on")
	dsn := flag.String("dsn", "", "the database, in go-sql-driver's form")
	maxConns := flag.Int("max", 100, "connections to the database, busy and idle together")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *dsn, *maxConns); err != nil {
		fmt.Fprintln(os.Stderr, "nethttp:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then finishes what has begun.
func run(ctx context.Context, listen, dsn string, maxConns int) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxIdleTime(connIdleTime)

	stmt, err := db.PrepareContext(ctx, getuserSQL)
	if err != nil {
		return fmt.Errorf("prepare statement: %w", err)
	}
	defer stmt.Close()

	log := newAccessLog(os.Stdout)
	defer log.Close()
	return serve(ctx, listen, &getuser{stmt: stmt, log: log})
}

func serve(ctx context.Context, listen string, h http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("GET /getuser", h)
	server := &http.Server{
		Addr:              listen,
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(drain)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", served)
	}
	return err
}
