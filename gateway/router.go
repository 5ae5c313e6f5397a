package gateway

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// router finds the most specific route of a request, with the precedence of
// net/http.ServeMux: a pattern with a host before one without, one with a
// method before one without, and in each segment a literal before {name}
// before what takes all the rest. Once built it is only read, by any number
// of requests at a time.
type router struct {
	// hosts are the trees by host; "" holds the patterns without one.
	hosts map[string]methods
}

// methods are the trees of paths of one host, by method; "" is for all.
type methods map[string]*node

// node is one segment in a tree of paths. The five fields in front are what
// may follow, in the order in which they are tried.
type node struct {
	literals map[string]*node
	suffixed []suffixedNode
	end      *node
	single   *node
	rest     *node

	route *route // that ends here, or nil
}

// suffixedNode follows where a segment has something in front of a suffix.
type suffixedNode struct {
	suffix string
	node   *node
}

// add enters a route. It fails when the route conflicts with one of those
// that came before, and says with which.
func (r *router) add(rt *route, before []*route) error {
	for _, other := range before {
		if reason, conflicts := other.pattern.conflictsWith(rt.pattern); conflicts {
			return fmt.Errorf("add route: %s", reason)
		}
	}
	if r.hosts == nil {
		r.hosts = map[string]methods{"": {}}
	}
	trees := r.hosts[rt.pattern.host]
	if trees == nil {
		trees = methods{}
		r.hosts[rt.pattern.host] = trees
	}
	n := trees[rt.pattern.method]
	if n == nil {
		n = &node{}
		trees[rt.pattern.method] = n
	}
	for _, seg := range rt.pattern.segments {
		n = n.child(seg)
	}
	n.route = rt
	return nil
}

// child returns the node behind seg, made when it is not there yet.
func (n *node) child(seg segment) *node {
	place := &n.rest
	switch seg.kind {
	case literal:
		if c := n.literals[seg.text]; c != nil {
			return c
		}
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		c := &node{}
		n.literals[seg.text] = c
		return c
	case single:
		if seg.suffix != "" {
			return n.suffixedChild(seg.suffix)
		}
		place = &n.single
	case end:
		place = &n.end
	}
	if *place == nil {
		*place = &node{}
	}
	return *place
}

func (n *node) suffixedChild(suffix string) *node {
	for _, s := range n.suffixed {
		if s.suffix == suffix {
			return s.node
		}
	}
	c := &node{}
	n.suffixed = append(n.suffixed, suffixedNode{suffix, c})
	return c
}

// find returns the route of a request, or nil. The values of the pattern's
// wildcards are appended to values and are spans of p's text.
//
// redirect is true, and the route nil, when nothing but the same path with a
// slash at its end has a route of its own.
func (r *router) find(host, method []byte, p *path, values []span) (rt *route, captured []span, redirect bool) {
	rt, captured = r.match(host, method, p, values)
	if p.slash || rt != nil && !rt.pattern.takesRest() {
		return rt, captured, false
	}
	p.slash = true
	below, _ := r.match(host, method, p, values)
	p.slash = false
	if below != nil && len(below.pattern.segments) == len(p.segments)+1 && below.pattern.endsAtSlash() {
		return nil, values, true
	}
	return rt, captured, false
}

func (r *router) match(host, method []byte, p *path, values []span) (*route, []span) {
	if len(r.hosts) > 1 && len(host) > 0 {
		if rt, captured := r.hosts[string(host)].match(method, p, values); rt != nil {
			return rt, captured
		}
	}
	return r.hosts[""].match(method, p, values)
}

func (m methods) match(method []byte, p *path, values []span) (*route, []span) {
	if rt, captured := m[string(method)].match(p, 0, values); rt != nil {
		return rt, captured
	}
	if string(method) == "HEAD" {
		if rt, captured := m["GET"].match(p, 0, values); rt != nil {
			return rt, captured
		}
	}
	return m[""].match(p, 0, values)
}

// match finds the route for the segments of p from the i-th on. What lies
// behind the last segment is the empty one after a trailing slash.
func (n *node) match(p *path, i int, values []span) (*route, []span) {
	if n == nil {
		return nil, values
	}
	if i < len(p.segments) {
		seg := p.segments[i]
		if rt, captured := n.literals[string(p.slice(seg))].match(p, i+1, values); rt != nil {
			return rt, captured
		}
		for _, s := range n.suffixed {
			value := span{seg.start, seg.end - len(s.suffix)}
			if value.start >= value.end || string(p.text[value.end:seg.end]) != s.suffix {
				continue
			}
			if rt, captured := s.node.match(p, i+1, append(values, value)); rt != nil {
				return rt, captured
			}
		}
		if n.single != nil {
			if rt, captured := n.single.match(p, i+1, append(values, seg)); rt != nil {
				return rt, captured
			}
		}
	} else if !p.slash {
		return n.route, values
	} else if n.end != nil {
		return n.end.route, values
	}
	if n.rest == nil {
		return nil, values
	}
	return n.rest.route, append(values, p.from(i))
}

// allowed returns the methods that have a route for the path, as the value of
// an Allow header, and these routes in the order of their methods; nothing
// when there are none.
func (r *router) allowed(host []byte, p *path) (allow string, routes []*route) {
	var names []string
	slash := p.slash
	for _, p.slash = range []bool{slash, true} {
		for _, trees := range []methods{r.hosts[string(host)], r.hosts[""]} {
			for name, tree := range trees {
				if rt, _ := tree.match(p, 0, nil); rt != nil {
					names, routes = append(names, name), append(routes, rt)
				}
			}
		}
	}
	p.slash = slash
	if slices.Contains(names, "GET") {
		names = append(names, "HEAD")
	}
	slices.Sort(names)
	slices.SortFunc(routes, func(a, b *route) int { return strings.Compare(a.pattern.method, b.pattern.method) })
	return strings.Join(slices.Compact(names), ", "), routes
}

// takesRest reports whether the pattern matches paths of any length.
func (p pattern) takesRest() bool { return p.last().kind == rest }

// endsAtSlash reports whether the pattern matches a path that ends in a slash.
func (p pattern) endsAtSlash() bool { return p.last().kind >= rest }

// hostname returns the host of a Host header, without the port and in lower
// case, as the router wants it. It rewrites lower, which it returns a piece of.
func hostname(lower, host []byte) []byte {
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && bytes.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	for _, c := range host {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower = append(lower, c)
	}
	return lower
}
