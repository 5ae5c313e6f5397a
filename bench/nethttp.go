package main

import (
	"context"
	"fmt"
)

// netHTTP is net/http with database/sql; see peers/nethttp.
func netHTTP() kind {
	return kind{
		key:  "nethttp",
		name: "net/http + database/sql",
		pkg:  "zerohop/bench/peers/nethttp",
		launch: func(_ context.Context, p *peer, s site) error {
			return p.start("nethttp", s.binary, "-listen", s.address, "-dsn", s.login.dsn(), "-max", fmt.Sprint(s.max))
		},
	}
}
