package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"

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
	verifiers *verifiers
	sessions  *sessions // nil where no route has to do with them
	// cursorSecret signs the cursors of all routes.
	cursorSecret []byte
	log          *slog.Logger
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
	if err := t.openAccess(cfg, log); err != nil {
		return nil, fmt.Errorf("build verifiers: %w", err)
	}
	if err := t.addGroups(cfg); err != nil {
		return nil, err
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

// addGroups builds the groups that the file names, and the group "local".
func (t *table) addGroups(cfg *Config) error {
	groups := maps.Clone(cfg.Backends)
	if groups == nil {
		groups = map[string]backends.Config{}
	}
	if _, named := groups[localGroup]; !named {
		// As many workers as there can be requests: it never answers before
		// the database's own limit does.
		workers := cfg.Limits.Connections
		if len(cfg.Internal) > 0 {
			workers = min(2*workers, maxConnections)
		}
		groups[localGroup] = backends.Pool(workers, 0)
	}
	for name, c := range groups {
		g, err := backends.NewGroup(name, c, backends.Options{Failed: failed, Turned: logTurns(t.log, name)})
		if err != nil {
			return fmt.Errorf("build group: %w", err)
		}
		t.groups[name] = g
	}
	return nil
}

// failed reports whether a handler's error counts against the workers that ran
// it: what they ask is away or does not answer. That they are busy, and what is
// wrong with a request, does not.
func failed(err error) bool {
	switch p := classify(err); p.code {
	case "bad_gateway", "unavailable", "timeout":
		return true
	}
	return false
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

// open starts what the databases have inside this process, and the health
// checks of the groups.
func (t *table) open() error {
	for name, db := range t.databases {
		if err := db.Open(); err != nil {
			return fmt.Errorf("open database %s: %w", name, err)
		}
	}
	for _, g := range t.groups {
		g.Start()
	}
	return nil
}

// close closes the groups, then who has asked for verifiers and sessions, then
// the databases, which wait for their statements until ctx ends.
func (t *table) close(ctx context.Context) error {
	for _, g := range t.groups {
		g.Close()
	}
	t.closeAccess()
	var faults []error
	for name, db := range t.databases {
		if err := db.Close(ctx); err != nil {
			faults = append(faults, fmt.Errorf("close database %s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}
