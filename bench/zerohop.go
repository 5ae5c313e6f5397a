package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// zerohop is the program that the others are compared with. lanes is how many
// connections short statements share; nil leaves that to the program.
func zerohop(lanes *int) kind {
	k := kind{key: "zerohop", name: "zerohop", pkg: "zerohop"}
	if lanes != nil {
		k.name += ", " + lanesName(*lanes)
	}
	k.launch = func(_ context.Context, p *peer, s site) error {
		file := filepath.Join(p.dir, "zerohop.toml")
		if err := os.WriteFile(file, []byte(zerohopConfig(s, lanes)), 0o600); err != nil {
			return fmt.Errorf("write zerohop's configuration: %w", err)
		}
		return p.start("zerohop", s.binary, "serve", "-c", file)
	}
	return k
}

// zerohopLanesOff is zerohop with a connection for each statement under way.
func zerohopLanesOff() kind {
	off := 0
	k := zerohop(&off)
	k.key = "lanes-off"
	return k
}

func lanesName(lanes int) string {
	switch lanes {
	case 0:
		return "lanes off"
	case 1:
		return "1 lane"
	default:
		return fmt.Sprintf("%d lanes", lanes)
	}
}

// zerohopFile is zerohop's configuration: an address, a DSN, max, and further
// keys of the database are filled in.
const zerohopFile = `listen = %q

[databases.main]
dsn      = %q
max      = %d
overflow = "reject"
timeout  = "2s"
%s
[[routes]]
match       = "GET /getuser"
credentials = "basic"
database    = "main"
sql         = "select count(*) as count from user where user = :auth.user and passwd = :auth.password"
`

func zerohopConfig(s site, lanes *int) string {
	more := ""
	if lanes != nil {
		more = fmt.Sprintf("lanes    = %d\n", *lanes)
	}
	return fmt.Sprintf(zerohopFile, s.address, s.login.dsn(), s.max, more)
}
