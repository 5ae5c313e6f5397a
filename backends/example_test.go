package backends_test

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
)

func ExampleGroup() {
	group, err := backends.NewGroup("local", backends.Pool(32, 64), backends.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	group.Start()
	defer group.Close()
	rc := new(fasthttp.RequestCtx)
	err = group.Serve(context.Background(), rc, func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		rc.SetBodyString("pong")
		return nil
	})
	fmt.Println(string(rc.Response.Body()), err)
	// Output: pong <nil>
}

func ExampleConfig() {
	// The upstream block of an old nginx, and a pool for the routes that have
	// moved into this process already.
	var cfg backends.Config
	cfg.SetDefaults()
	cfg.Balance = "smooth_wrr"
	cfg.Members = []backends.MemberConfig{
		{URL: "http://127.0.0.1:8000", Weight: 95},
		{URL: "http://127.0.0.1:8001", Weight: 95, Backup: true},
		{Workers: 32, Weight: 5},
	}
	group, err := backends.NewGroup("frontends", cfg, backends.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer group.Close()
	for _, m := range group.Stats().Members {
		fmt.Println(m.Name, m.State, m.MaxInFlight)
	}
	// Output:
	// http://127.0.0.1:8000 up 1024
	// http://127.0.0.1:8001 up 1024
	// workers up 32
}
