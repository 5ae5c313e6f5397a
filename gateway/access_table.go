package gateway

import (
	"log/slog"

	"zerohop/sqlapi"
)

// openAccess builds the verifiers and the sessions of a table.
func (t *table) openAccess(cfg *Config, log *slog.Logger) (err error) {
	if t.verifiers, err = newVerifiers(cfg, t.databases, log); err != nil {
		return err
	}
	if cfg.needsSessions() {
		t.sessions, err = newSessions(cfg, log)
	}
	return err
}

// closeAccess ends them.
func (t *table) closeAccess() {
	t.verifiers.close()
	if t.sessions != nil {
		t.sessions.Close()
	}
}

// addAccessHandlers builds what a login or a logout answers with, and reports
// whether the route is one of them.
func (t *table) addAccessHandlers(cfg *Config, c RouteConfig, rt *route) (own bool, err error) {
	switch {
	case c.Login != nil:
		l, err := newLogin(t, c, rt.pattern)
		if err != nil {
			return false, err
		}
		rt.handler = l.serve
		if l.page != nil {
			page := rt.variant(rt.pattern.withMethod("GET"), l.show)
			page.access = nil // it is for everybody
			rt.variants = append(rt.variants, page)
		}
		return true, nil
	case c.Logout != nil:
		next := c.Logout.Next
		if next == "" {
			next = cfg.loginPath()
		}
		if next == "" {
			next = "/"
		}
		rt.handler = (&logout{sessions: t.sessions, next: next}).serve
		return true, nil
	}
	return false, nil
}

// addSetter has the route set what it does in the session, behind its handler
// and those of its variants.
func (t *table) addSetter(c RouteConfig, rt *route) error {
	values, err := newSessionValues(c.Session)
	if values == nil || err != nil || c.Login != nil {
		return err
	}
	for _, one := range append([]*route{rt}, rt.variants...) {
		one.handler = (&sessionSetter{values: values, sessions: t.sessions, handler: one.handler}).serve
	}
	return nil
}

// withMethod returns the pattern of the same paths under another method.
func (p pattern) withMethod(method string) pattern {
	p.method = method
	return p
}

// theDatabase returns the database of a name, or the only one without one; nil
// where there is none.
func theDatabase(databases map[string]*sqlapi.Database, name string) *sqlapi.Database {
	if name == "" && len(databases) == 1 {
		for _, db := range databases {
			return db
		}
	}
	return databases[name]
}
