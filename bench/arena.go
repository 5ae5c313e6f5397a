package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
)

// arena is everything that a comparison runs on: a folder, a database, and
// the peers. Close ends and removes all of it.
type arena struct {
	dir     string
	tools   tools
	db      *mariadb
	wrk     *wrk
	peers   []*peer
	machine machine
}

// openArena builds and starts everything. On an error nothing is left behind.
func openArena(ctx context.Context, c *getuserCommand, kinds []kind, say progress) (_ *arena, err error) {
	a := &arena{}
	if a.tools, err = findTools(searchPath()); err != nil {
		return nil, err
	}
	if a.dir, err = os.MkdirTemp("", "zerohop-bench-"); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.wrk, err = newWrk(a.tools.wrk, a.dir, c.Threads, c.Connections, c.Seconds); err != nil {
		return nil, err
	}
	if err = a.build(ctx, kinds, say); err != nil {
		return nil, err
	}
	say("starting MariaDB and filling table user with %d rows", userCount)
	if a.db, err = startMariaDB(ctx, a.tools, a.dir, c.serverConnections(len(kinds))); err != nil {
		return nil, err
	}
	for i, k := range kinds {
		say("starting %s", k.name)
		dir := filepath.Join(a.dir, strconv.Itoa(i))
		p, err := startPeer(ctx, k, a.binary(k), dir, a.db.dsn(c.Database), c.Max)
		if err != nil {
			return nil, err
		}
		a.peers = append(a.peers, p)
	}
	a.machine = describeMachine(a.tools, a.db, a.binary(kinds[0]))
	return a, nil
}

func (a *arena) build(ctx context.Context, kinds []kind, say progress) error {
	packages := make([]string, len(kinds))
	for i, k := range kinds {
		packages[i] = k.pkg
	}
	say("building %v", packages)
	return build(ctx, a.tools.golang, a.binDir(), packages...)
}

func (a *arena) binDir() string { return filepath.Join(a.dir, "bin") }

// binary is where build puts the program of k.
func (a *arena) binary(k kind) string {
	return filepath.Join(a.binDir(), path.Base(k.pkg))
}

// examine has every peer answer what it is asked, alone and in a crowd.
func (a *arena) examine(ctx context.Context, say progress) error {
	for _, p := range a.peers {
		say("comparing the answers of %s", p.name)
		if err := examine(ctx, p.url); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := examineCrowd(ctx, p.url, a.wrk.connections); err != nil {
			return fmt.Errorf("%s, with %d clients: %w", p.name, a.wrk.connections, err)
		}
	}
	for _, p := range a.peers {
		if err := p.log.drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the peers, then the database, and removes the folder.
func (a *arena) Close() {
	for _, p := range a.peers {
		p.Close()
	}
	if a.db != nil {
		a.db.Kill() // nobody needs its data
	}
	_ = os.RemoveAll(a.dir)
}
