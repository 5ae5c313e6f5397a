package gateway

import (
	"fmt"

	"github.com/valyala/fasthttp"
)

// admin answers on the listener that is for the operator alone.
type admin struct {
	server   *Server
	refusals flood // of lines about requests without the password
}

// listenAdmin opens the admin listener. The password is read anew, as its file
// may have changed since it was checked.
func (s *Server) listenAdmin() error {
	if path := s.cfg.AdminPasswordFile; path != "" {
		password, err := readAdminPassword(path)
		if err != nil {
			return fmt.Errorf("read admin_password_file: %w", err)
		}
		s.password = password
	}
	return s.admin.listen(s.cfg.Admin)
}

// adminIndex says what there is.
const adminIndex = `zerohop

/healthz  ok as long as the process runs
/readyz   ready while new requests are wanted; 503 when draining
/status   what is going on, as JSON; ?format=text: the members of all groups
/metrics  the same and more, for Prometheus
`

const (
	plainText       = "text/plain; charset=utf-8"
	applicationJSON = "application/json"
)

// handle answers one request. Everything can be asked for with GET or HEAD, and
// nothing is to be kept by a cache.
func (a *admin) handle(rc *fasthttp.RequestCtx) {
	rc.Response.Header.Set("Cache-Control", "no-store")
	path := string(rc.Path())
	// Whether the process runs is no secret, and probes have no password.
	if path != "/healthz" && !a.admitted(rc) {
		return
	}
	answer := a.find(path)
	switch {
	case answer == nil:
		reply(rc, fasthttp.StatusNotFound, plainText, []byte("not found; / says what there is\n"))
	case !rc.IsGet() && !rc.IsHead():
		rc.Response.Header.Set("Allow", "GET, HEAD")
		reply(rc, fasthttp.StatusMethodNotAllowed, plainText, []byte("only GET and HEAD\n"))
	default:
		answer(rc)
	}
}

// find returns what answers at a path, or nil.
func (a *admin) find(path string) fasthttp.RequestHandler {
	switch path {
	case "/":
		return func(rc *fasthttp.RequestCtx) { reply(rc, fasthttp.StatusOK, plainText, []byte(adminIndex)) }
	case "/healthz":
		return func(rc *fasthttp.RequestCtx) { reply(rc, fasthttp.StatusOK, plainText, []byte("ok\n")) }
	case "/readyz":
		return a.ready
	case "/status":
		return a.status
	case "/metrics":
		return a.metrics
	}
	return nil
}

// status answers people and scripts.
func (a *admin) status(rc *fasthttp.RequestCtx) {
	switch format := string(rc.QueryArgs().Peek("format")); {
	case format == "json" || !rc.QueryArgs().Has("format"):
		reply(rc, fasthttp.StatusOK, applicationJSON, a.server.status().body())
	case format == "text":
		reply(rc, fasthttp.StatusOK, plainText, a.server.memberTable())
	default:
		reply(rc, fasthttp.StatusBadRequest, plainText, []byte("there are format=json, as without it, and format=text\n"))
	}
}

// metrics answers a Prometheus server.
func (a *admin) metrics(rc *fasthttp.RequestCtx) {
	page, err := a.server.metrics()
	if err != nil {
		a.server.problems.log.Error("metrics cannot be shown", "error", err)
		reply(rc, fasthttp.StatusInternalServerError, plainText, []byte("the log knows more\n"))
		return
	}
	reply(rc, fasthttp.StatusOK, expositionType, page)
}

// ready says whether the process wants new requests.
func (a *admin) ready(rc *fasthttp.RequestCtx) {
	if a.server.public.draining.Load() {
		reply(rc, fasthttp.StatusServiceUnavailable, plainText, []byte("draining\n"))
		return
	}
	reply(rc, fasthttp.StatusOK, plainText, []byte("ready\n"))
}

func reply(rc *fasthttp.RequestCtx, status int, contentType string, body []byte) {
	rc.SetStatusCode(status)
	rc.SetContentType(contentType)
	rc.SetBody(body)
}
