//go:build !noembedded

package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/sirupsen/logrus"
)

// separators are what may stand between the statements of a seed.
const separators = " \t\r\n;"

// killEvery is how often Close tells statements to end until they have. One
// that was read from its connection just before may begin after the first time.
const killEvery = 10 * time.Millisecond

// Available: this build has the engine.
const Available = true

// Engine is a running database. Its methods may be called by several goroutines
// at the same time.
type Engine struct {
	engine    *sqle.Engine
	server    *server.Server
	listener  *listener
	accepting sync.WaitGroup
	closing   sync.Once
	closed    error // what closing returned
}

// Open starts a database and runs the statements of seed in it, which are
// separated by semicolons. An error names the line on which the statement
// begins.
//
// The engine reports what it does, values of statements included, to the global
// logger of sirupsen/logrus. Nothing else in this program does, so Open turns
// that logger off.
func Open(seed string) (*Engine, error) {
	logrus.SetLevel(logrus.PanicLevel)
	database := memory.NewDatabase(Database)
	database.EnablePrimaryKeyIndexes()
	provider := memory.NewDBProvider(database)
	engine := sqle.NewDefault(provider)
	if err := run(engine, provider, seed); err != nil {
		_ = engine.Close()
		return nil, fmt.Errorf("load the seed of the embedded engine: %w", err)
	}
	e := &Engine{engine: engine, listener: newListener()}
	var err error
	e.server, err = server.NewServer(server.Config{Listener: e.listener}, engine,
		sql.NewContext, memory.NewSessionBuilder(provider), nil)
	if err != nil {
		_ = engine.Close()
		return nil, fmt.Errorf("start the embedded engine: %w", err)
	}
	e.accepting.Go(e.server.Listener.Accept)
	return e, nil
}

// Dial returns a new connection to the database, on which the server speaks
// first, as the protocol has it. What is written to it is buffered by the
// system, so several commands may be sent before an answer is read. It returns
// ErrClosed once Close was called, and the error of a ctx that has ended.
func (e *Engine) Dial(ctx context.Context) (net.Conn, error) {
	conn, err := e.listener.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("dial the embedded engine: %w", err)
	}
	return conn, nil
}

// Close ends every statement and every connection, and returns when the last
// goroutine of the engine has ended. Every call returns what the first did.
func (e *Engine) Close() error {
	e.closing.Do(func() { e.closed = e.close() })
	return e.closed
}

func (e *Engine) close() error {
	e.server.Listener.Close()
	e.accepting.Wait()
	gone := make(chan struct{})
	go func() {
		e.listener.closeAll()
		e.server.SessionManager().WaitForClosedConnections()
		close(gone)
	}()
	kill := time.NewTicker(killEvery)
	defer kill.Stop()
	for {
		for _, p := range e.engine.ProcessList.Processes() {
			e.engine.ProcessList.Kill(p.Connection)
		}
		select {
		case <-gone:
			// It reports the cancellation of its own context.
			if err := e.engine.Close(); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("close the embedded engine: %w", err)
			}
			return nil
		case <-kill.C:
		}
	}
}

// run executes the statements of seed one after another.
func run(engine *sqle.Engine, provider *memory.DbProvider, seed string) error {
	session := memory.NewSession(sql.NewBaseSession(), provider)
	session.SetCurrentDatabase(Database)
	seed = strings.TrimRight(seed, separators)
	for rest := seed; rest != ""; {
		rest = strings.TrimLeft(rest, separators)
		line := 1 + strings.Count(seed[:len(seed)-len(rest)], "\n")
		ctx := sql.NewContext(context.Background(), sql.WithSession(session))
		parsed, statement, remainder, err := engine.Parser.Parse(ctx, rest, true)
		if errors.Is(err, sqlparser.ErrEmpty) {
			return nil // nothing but a comment is left
		}
		if err == nil {
			err = execute(ctx, engine, statement, parsed)
		}
		if err != nil {
			return fmt.Errorf("statement at line %d: %w", line, err)
		}
		rest = remainder
	}
	return nil
}

// execute runs one statement to its end.
func execute(ctx *sql.Context, engine *sqle.Engine, statement string, parsed sqlparser.Statement) error {
	_, rows, _, err := engine.QueryWithBindings(ctx, statement, parsed, nil, nil)
	if err != nil {
		return err
	}
	_, err = sql.RowIterToRows(ctx, rows)
	return err
}
