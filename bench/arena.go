package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

// arena is what all scenes of a run share: a folder, the programs in it, and
// what the peers get their answers from. Close ends and removes all of it.
type arena struct {
	dir     string
	tools   tools
	source  source
	machine machine
	stages  int // how many have been opened
}

// openArena builds what p compares and starts what is behind it. On an error
// nothing is left behind.
func openArena(ctx context.Context, p plan, say progress) (_ *arena, err error) {
	a := &arena{}
	if a.tools, err = findTools(searchPath(), p.subject, p.kinds); err != nil {
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
	if err = a.build(ctx, p.kinds, say); err != nil {
		return nil, err
	}
	if a.source, err = p.subject.open(ctx, a, p, say); err != nil {
		return nil, err
	}
	a.machine = describeMachine(a.tools, a.source.mariadbVersion(), a.binary(p.kinds[0]))
	return a, nil
}

// build compiles the programs of this module that are compared.
func (a *arena) build(ctx context.Context, kinds []kind, say progress) error {
	var packages []string
	for _, k := range kinds {
		if k.pkg != "" && !slices.Contains(packages, k.pkg) {
			packages = append(packages, k.pkg)
		}
	}
	if len(packages) == 0 {
		return nil
	}
	say("building %v", packages)
	return build(ctx, a.tools.golang, a.binDir(), packages...)
}

func (a *arena) binDir() string { return filepath.Join(a.dir, "bin") }

// binary is where build puts the program of k, which must have a package.
func (a *arena) binary(k kind) string {
	return filepath.Join(a.binDir(), path.Base(k.pkg))
}

// openStage starts the peers of a scene. The stage must be closed, before the
// arena is; on an error nothing of it is left.
func (a *arena) openStage(ctx context.Context, p plan, sc scene, say progress) (_ *stage, err error) {
	a.stages++
	dir := filepath.Join(a.dir, strconv.Itoa(a.stages))
	if err = os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s := &stage{subject: p.subject, scene: sc, source: a.source}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.wrk, err = newWrk(a.tools.wrk, dir, p.subject.script, min(p.pace.Threads, sc.Clients), sc.Clients, p.pace.Seconds); err != nil {
		return nil, err
	}
	for _, k := range p.kinds {
		say("starting %s", k.name)
		at := site{tools: a.tools, binary: a.binary(k), max: sc.Max, path: p.subject.path, first: p.subject.questions(sc)[0]}
		a.source.tell(&at, k, sc)
		peer, err := startPeer(ctx, k, filepath.Join(dir, k.key), at)
		if err != nil {
			return nil, err
		}
		s.peers = append(s.peers, peer)
	}
	return s, nil
}

// Close ends what is behind the peers and removes the folder.
func (a *arena) Close() {
	if a.source != nil {
		a.source.Kill()
	}
	_ = os.RemoveAll(a.dir)
}
