package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/assets"
	"zerohop/backends"
	"zerohop/sqlapi"
)

// localGroup runs the routes that name no group.
const localGroup = "local"

// table is the whole of what a server serves: routes, the groups that run
// them, the databases that these use. It is built in one piece and not
// changed after that.
type table struct {
	// router has the routes of the public, inside those of the internal
	// listeners: all.
	router    router
	inside    router
	routes    []*route // in the order of the file
	groups    map[string]*backends.Group
	databases map[string]*sqlapi.Database
	// cursorSecret signs the cursors of all routes.
	cursorSecret []byte
	log          *slog.Logger
}

// route is a pattern and what answers it.
type route struct {
	pattern pattern
	names   []string // of the pattern's wildcards
	handler backends.Handler
	group   group
	// internal: it is there for the internal listeners alone.
	internal bool
	// basic makes the route ask for credentials, unescape percent-decode them.
	basic, unescape bool
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
		pattern: p, names: rt.names, handler: h, group: rt.group, internal: rt.internal,
		basic: rt.basic, unescape: rt.unescape, timeout: rt.timeout, bodyBytes: rt.bodyBytes,
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

// group runs a route's handler where it has room for it.
type group interface {
	Serve(ctx context.Context, rc *fasthttp.RequestCtx, h backends.Handler) error
}

// newTable builds the table of a configuration, whose parts log to log. Nothing
// is opened yet.
func newTable(cfg *Config, log *slog.Logger) (*table, error) {
	t := &table{log: log, groups: map[string]*backends.Group{}, databases: map[string]*sqlapi.Database{}}
	if t.cursorSecret = []byte(cfg.CursorSecret); len(t.cursorSecret) == 0 {
		t.cursorSecret = []byte(rand.Text())
	}
	for name, c := range cfg.Databases {
		if c.Embedded() {
			c.Seed = assets.DemoSQL
		}
		db, err := sqlapi.New(c)
		if err != nil {
			return nil, fmt.Errorf("build database %s: %w", name, err)
		}
		t.databases[name] = db
	}
	for name, c := range cfg.Backends {
		g, err := backends.NewGroup(name, c)
		if err != nil {
			return nil, fmt.Errorf("build group: %w", err)
		}
		t.groups[name] = g
	}
	if t.groups[localGroup] == nil {
		// As many workers as there can be requests: it never answers before
		// the database's own limit does.
		workers := cfg.Limits.Connections
		if len(cfg.Internal) > 0 {
			workers = min(2*workers, maxConnections)
		}
		g, err := backends.NewGroup(localGroup, backends.Config{
			Members: []backends.MemberConfig{{Workers: workers}},
		})
		if err != nil {
			return nil, fmt.Errorf("build group: %w", err)
		}
		t.groups[localGroup] = g
	}
	routes := make([]*route, 0, len(cfg.Routes))
	for _, c := range cfg.Routes {
		rt, err := t.newRoute(cfg, c)
		if err != nil {
			return nil, fmt.Errorf("build route %q: %w", c.Match, err)
		}
		routes = append(routes, rt)
	}
	return t, t.addRoutes(routes)
}

// newRoute builds a route with its own handler.
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
	rt.group = g
	if c.Errors == errorsRDS {
		rt.rds = newRDSErrors(c)
	}
	return rt, t.addHandlers(c, rt)
}

// addHandlers builds what answers the route's requests in this process.
func (t *table) addHandlers(c RouteConfig, rt *route) error {
	if c.Respond != nil {
		fixed, err := newRespond(c.Respond, c.errcodeKey(), c.errstrKey())
		if err != nil {
			return err
		}
		rt.handler = fixed.serve
		return nil
	}
	endpoint, err := t.newEndpoint(c, rt)
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
func (t *table) newEndpoint(c RouteConfig, rt *route) (*sqlapi.Endpoint, error) {
	db := t.databases[c.Database]
	if c.Database == "" && len(t.databases) == 1 {
		for _, db = range t.databases {
		}
	}
	if db == nil {
		return nil, fmt.Errorf("there is no database %q", c.Database)
	}
	endpoint := c.endpoint(rt.pattern)
	endpoint.CursorSecret = t.cursorSecret
	endpoint.PutOff = rt.logPutOff(t.log)
	return db.Endpoint(endpoint)
}

// addRoutes enters routes into the routers. An internal one stands in the way
// of a public one with the same pattern: inside, only one could answer.
func (t *table) addRoutes(routes []*route) error {
	t.routes = routes
	var all []*route
	for _, rt := range routes {
		all = append(append(all, rt), rt.variants...)
	}
	for i, rt := range all {
		if err := t.inside.add(rt, all[:i]); err != nil {
			return err
		}
		if rt.internal {
			continue
		}
		if err := t.router.add(rt, nil); err != nil {
			return err
		}
	}
	return nil
}

// routesFor returns the routes that there are for a client.
func (t *table) routesFor(c *conn) *router {
	if c.owner.internal {
		return &t.inside
	}
	return &t.router
}

// open starts what the databases have inside this process.
func (t *table) open() error {
	for name, db := range t.databases {
		if err := db.Open(); err != nil {
			return fmt.Errorf("open database %s: %w", name, err)
		}
	}
	return nil
}

// close closes the groups, then the databases, which wait for their
// statements until ctx ends.
func (t *table) close(ctx context.Context) error {
	for _, g := range t.groups {
		g.Close()
	}
	var faults []error
	for name, db := range t.databases {
		if err := db.Close(ctx); err != nil {
			faults = append(faults, fmt.Errorf("close database %s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}
