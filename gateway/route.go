package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/sqlapi"
)

// route is a pattern and what answers it.
type route struct {
	pattern pattern
	names   []string // of the pattern's wildcards
	// handler answers in this process; nil where only servers behind it do.
	handler backends.Handler
	group   group
	// forwards: servers of the group may be sent the request.
	forwards bool
	// internal: it is there for the internal listeners alone.
	internal bool
	// basic makes the route ask for credentials, unescape percent-decode them.
	basic, unescape bool
	// access is what the route has to do with who is asking, nil for nothing.
	access *access
	// negotiated: its answers depend on what the request accepts.
	negotiated bool
	timeout    time.Duration
	bodyBytes  int64
	// rds is how errors are answered as the old stack did; nil for problem
	// details.
	rds *rdsErrors
	// variants are the route where its path has a format's suffix. They have
	// it as their base, which counts for them.
	variants []*route
	base     *route

	tally tally
}

// variant returns the route under another pattern, and with another handler.
func (rt *route) variant(p pattern, h backends.Handler) *route {
	return &route{
		pattern: p, names: rt.names, handler: h, group: rt.group, forwards: rt.forwards, internal: rt.internal,
		basic: rt.basic, unescape: rt.unescape, access: rt.access, timeout: rt.timeout, bodyBytes: rt.bodyBytes,
		rds: rt.rds, base: rt,
	}
}

// counts returns the tally of the route's answers.
func (rt *route) counts() *tally {
	if rt.base != nil {
		return &rt.base.tally
	}
	return &rt.tally
}

// group answers with one of its members: with a server that is sent the
// request, or with the route's handler.
type group interface {
	Serve(ctx context.Context, rc *fasthttp.RequestCtx, h backends.Handler) error
}

// newRoute builds a route, with its own handler where it has one.
func (t *table) newRoute(cfg *Config, c RouteConfig) (*route, error) {
	p, err := parsePattern(c.Match)
	if err != nil {
		return nil, err
	}
	rt := &route{
		pattern:   p,
		names:     p.names(),
		basic:     c.Credentials.Type == "basic",
		unescape:  c.Credentials.Unescape,
		internal:  c.Internal,
		timeout:   c.RequestTimeout,
		bodyBytes: c.BodyBytes,
	}
	if rt.timeout == 0 {
		rt.timeout = cfg.Limits.RequestTimeout
	}
	if rt.bodyBytes == 0 {
		rt.bodyBytes = cfg.Limits.BodyBytes
	}
	name := c.Backend
	if name == "" {
		name = localGroup
	}
	g := t.groups[name]
	if g == nil {
		return nil, fmt.Errorf("there is no group %q", name)
	}
	rt.group, rt.forwards = g, cfg.Backends[name].Proxies()
	if c.Errors == errorsRDS {
		rt.rds = newRDSErrors(c)
	}
	rt.access = t.newAccess(cfg, c)
	if own, err := t.addAccessHandlers(cfg, c, rt); own || err != nil {
		return rt, err
	}
	if err := t.addHandlers(cfg, c, rt); err != nil {
		return nil, err
	}
	return rt, t.addSetter(c, rt)
}

// addHandlers builds what answers the route's requests in this process.
func (t *table) addHandlers(cfg *Config, c RouteConfig, rt *route) error {
	if len(c.answers()) == 0 {
		return nil // the group's servers answer
	}
	if c.Respond != nil {
		fixed, err := newRespond(c.Respond, c.errcodeKey(), c.errstrKey())
		if err != nil {
			return err
		}
		rt.handler = fixed.serve
		return nil
	}
	endpoint, err := t.newEndpoint(cfg, c, rt)
	if err != nil {
		return err
	}
	rt.handler, rt.negotiated = endpoint.Serve, c.Formats != nil
	for _, name := range c.SuffixFormats() {
		fixed, err := endpoint.In(name)
		if err != nil {
			return err
		}
		rt.variants = append(rt.variants, rt.variant(rt.pattern.withSuffix("."+name), fixed.Serve))
	}
	return nil
}

// newEndpoint builds the endpoint of a route's SQL.
func (t *table) newEndpoint(cfg *Config, c RouteConfig, rt *route) (*sqlapi.Endpoint, error) {
	db := theDatabase(t.databases, c.Database)
	if db == nil {
		return nil, fmt.Errorf("there is no database %q", c.Database)
	}
	endpoint := c.endpoint(rt.pattern)
	endpoint.Asker = cfg.askerOf(c)
	endpoint.CursorSecret = t.cursorSecret
	endpoint.PutOff = rt.logPutOff(t.log)
	return db.Endpoint(endpoint)
}
