package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fill makes empty programs in a folder.
func fill(t *testing.T, mode os.FileMode, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, program := range programs {
		if err := os.WriteFile(filepath.Join(dir, program), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindToolsOnAllOfPath(t *testing.T) {
	one, other := fill(t, 0o755, "go", "wrk"), fill(t, 0o755, "mariadbd", "mariadb-install-db", "wrk", "nginx")
	proxy := kind{find: func(s *search, into *tools) { into.nginx = s.find("nginx", "nginx") }}
	got, err := findTools(one+":"+other, getuserSubject(), []kind{netHTTP(), proxy})
	want := tools{
		mariadbd:  other + "/mariadbd",
		installDB: other + "/mariadb-install-db",
		wrk:       one + "/wrk", // the first on the path
		golang:    one + "/go",
		nginx:     other + "/nginx",
	}
	if err != nil || got != want {
		t.Errorf("got %+v and error %v, want %+v", got, err, want)
	}
}

func TestFindToolsNamesAllThatAreMissing(t *testing.T) {
	exotic := kind{key: "exotic", find: func(s *search, _ *tools) {
		s.find("upfront", "upfront")
		s.findPython("no_such_module")
	}}
	f := func(path string, want string, kinds ...kind) {
		t.Helper()
		_, err := findTools(path, getuserSubject(), kinds)
		var missing *missingToolsError
		if !errors.As(err, &missing) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q at its end", path, err, want)
		}
	}
	const basic = "mariadbd, mariadb-install-db, wrk, go; on Debian: apt-get install mariadb-server wrk golang-go"
	f("", basic, netHTTP())
	f("bench:.", basic, netHTTP())
	f(fill(t, 0o755, "mariadbd", "mariadb-install-db", "go"), "machine: wrk; on Debian: apt-get install wrk", netHTTP())
	f(fill(t, 0o644, "wrk"), basic, netHTTP()) // not a program

	// What one kind alone needs is missed only where it runs, and it can be
	// left out.
	all := fill(t, 0o755, "mariadbd", "mariadb-install-db", "go", "wrk")
	const more = "machine: upfront, python3 with no_such_module; on Debian: apt-get install upfront python3-no_such_module"
	f(all, more, exotic)
	f(all, more+"; or leave out exotic with --peers", netHTTP(), exotic)
	f(fill(t, 0o755, "go", "wrk"), "upfront python3-no_such_module", netHTTP(), exotic)
	if _, err := findTools(all, getuserSubject(), []kind{netHTTP()}); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

// The first Python need not be the one with the modules.
func TestFindPython(t *testing.T) {
	script := func(text string) string {
		dir := fill(t, 0o755, "python3")
		if err := os.WriteFile(filepath.Join(dir, "python3"), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	bare, full := script("exit 1"), script(`[ "$*" = "-c import one, other" ]`)
	s := &search{path: bare + ":" + full}
	if got, want := s.findPython("one", "other"), full+"/python3"; got != want || len(s.missing.programs) > 0 {
		t.Errorf("got %q and %q missing, want %q", got, s.missing.programs, want)
	}
}
