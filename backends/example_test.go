package backends_test

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
)

func ExampleGroup() {
	group, err := backends.NewGroup("local", backends.Config{
		Members: []backends.MemberConfig{{Workers: 32, Queue: 64}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer group.Close()
	rc := new(fasthttp.RequestCtx)
	err = group.Serve(context.Background(), rc, func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		rc.SetBodyString("pong")
		return nil
	})
	fmt.Println(string(rc.Response.Body()), err)
	// Output: pong <nil>
}
