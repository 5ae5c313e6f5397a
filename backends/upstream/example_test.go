package upstream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// front is the least that a listener says of its requests.
type front struct{ rc *fasthttp.RequestCtx }

func (f front) AppendForwarded(dst []byte) []byte     { return append(dst, "X-Scheme: http\r\n"...) }
func (f front) Running(upstream.Aborter) bool         { return true }
func (f front) Body() upstream.Body                   { return upstream.Body{Buffered: f.rc.PostBody()} }
func (f front) Outlive()                              {}
func (f front) Ended(int64, error)                    {}
func (f front) Hijack(h func(net.Conn))               { f.rc.Hijack(h) }
func (f front) Reserved([]byte) bool                  { return false }
func (f front) BalanceKey(_, _ string) ([]byte, bool) { return nil, false }

func ExampleClient() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s asked over %s", r.Host, r.Header.Get("X-Scheme"))
	}))
	defer server.Close()

	client := upstream.New(upstream.Config{
		Network: "tcp", Address: server.Listener.Addr().String(), Host: "example.test",
		ConnectTimeout: time.Second, FirstByteTimeout: time.Second, ReadTimeout: time.Second, SendTimeout: time.Second,
		TunnelTimeout: time.Minute, IdleTimeout: time.Minute, Idle: 4, HeaderBytes: 32 << 10,
	})
	defer client.Close()

	rc := new(fasthttp.RequestCtx)
	rc.Request.Header.SetMethod("GET")
	rc.Request.SetRequestURI("/hello")
	_, err := client.Exchange(context.Background(), rc, front{rc}, nil)
	fmt.Println(rc.Response.StatusCode(), string(rc.Response.Body()), err)
	// Output: 200 example.test asked over http <nil>
}
