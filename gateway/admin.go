package gateway

import (
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// admin answers on the listener that is for the operator alone.
type admin struct {
	draining *atomic.Bool
}

// handle answers /healthz as long as the process runs, and /readyz as long as
// it wants requests.
func (a *admin) handle(rc *fasthttp.RequestCtx) {
	rc.SetContentType("text/plain; charset=utf-8")
	switch string(rc.Path()) {
	case "/healthz":
		rc.SetBodyString("ok\n")
	case "/readyz":
		if a.draining.Load() {
			rc.SetStatusCode(fasthttp.StatusServiceUnavailable)
			rc.SetBodyString("draining\n")
			return
		}
		rc.SetBodyString("ready\n")
	default:
		rc.SetStatusCode(fasthttp.StatusNotFound)
		rc.SetBodyString("not found\n")
	}
}
