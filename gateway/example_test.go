package gateway_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"zerohop/gateway"
)

// A Server lives from Listen to Shutdown.
func Example() {
	cfg := &gateway.Config{Listen: []string{"127.0.0.1:0"}}
	cfg.Limits.SetDefaults()
	server, err := gateway.New(cfg, gateway.Options{AccessLog: os.Stdout})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := server.Listen(); err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- server.Serve() }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println("shutdown:", server.Shutdown(ctx))
	fmt.Println("serve:", <-served)
	// Output:
	// shutdown: <nil>
	// serve: <nil>
}
