package main

import (
	"context"
	"time"
)

// subject is what the peers of a run are asked for, how an answer is judged,
// and which figures count.
type subject struct {
	name   string // of the files that hold results
	title  string // of the report
	path   string // of the URL that wrk asks
	script []byte // wrk's, in Lua
	// questions are put to every peer before the first round, and random ones
	// by crowds; what sc asks for is all the same to getuser.
	questions func(sc scene) []question
	random    func(sc scene) question
	// find looks up the programs that open needs; nil for none.
	find func(s *search, into *tools)
	// open starts what the peers get their answers from. The arena ends it.
	open     func(ctx context.Context, a *arena, p plan, say progress) (source, error)
	metrics  []metric
	pictured []pictured
	method   string // what a reader must know of the figures
	targets  []target
}

// source is what the peers get their answers from. Its methods may be called
// concurrently, but for Kill, which ends it and waits.
type source interface {
	// tell says to a peer of a kind how to reach it in a scene.
	tell(s *site, k kind, sc scene)
	cpuTime() (time.Duration, error)
	// connections returns how many a kind has open to it, where that counts.
	connections(ctx context.Context, kind string) (int, error)
	// mariadbVersion is "" where there is none.
	mariadbVersion() string
	Kill()
}

// target is what one peer's requests per second, divided by another's, are to
// be at the least for answers of a size.
type target struct {
	ratio  string // the name of a comparison
	answer int    // bytes
	least  float64
}

// getuserSubject is GET /getuser from a table of MariaDB.
func getuserSubject() *subject {
	return &subject{
		name: "getuser", title: "GET /getuser", path: "/getuser", script: getuserScript,
		questions: func(scene) []question { return questions() },
		random:    func(scene) question { return randomUserQuestion() },
		find: func(s *search, into *tools) {
			into.mariadbd = s.find("mariadbd", "mariadb-server")
			into.installDB = s.find("mariadb-install-db", "mariadb-server")
		},
		open:     openDatabase,
		metrics:  getuserMetrics(),
		pictured: getuserPictured(),
		method: "Gateway CPU is that of all of a peer's processes; connections are those it had open to MariaDB half-way " +
			"through. Each peer writes an access-log line a request to a file. wrk, gateway and MariaDB share the machine.",
	}
}

// openDatabase starts MariaDB with an account for each kind.
func openDatabase(ctx context.Context, a *arena, p plan, say progress) (source, error) {
	say("starting MariaDB and filling table user with %d rows", userCount)
	users := make([]string, len(p.kinds))
	for i, k := range p.kinds {
		users[i] = k.key
	}
	m, err := startMariaDB(ctx, a.tools, a.dir, p.serverConnections(), users)
	if err != nil {
		return nil, err
	}
	return m, nil
}
