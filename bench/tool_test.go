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
	one, other := fill(t, 0o755, "go", "wrk"), fill(t, 0o755, "mariadbd", "mariadb-install-db", "wrk")
	got, err := findTools(one + ":" + other)
	want := tools{
		mariadbd:  other + "/mariadbd",
		installDB: other + "/mariadb-install-db",
		wrk:       one + "/wrk", // the first on the path
		golang:    one + "/go",
	}
	if err != nil || got != want {
		t.Errorf("got %+v and error %v, want %+v", got, err, want)
	}
}

func TestFindToolsNamesAllThatAreMissing(t *testing.T) {
	f := func(path string, want string) {
		t.Helper()
		_, err := findTools(path)
		var missing *missingToolsError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q in it", path, err, want)
		}
	}
	f("", "mariadbd, mariadb-install-db, wrk, go; on Debian: apt-get install mariadb-server wrk golang-go")
	f(fill(t, 0o755, "mariadbd", "mariadb-install-db", "go"), "machine: wrk; on Debian: apt-get install wrk")
	f(fill(t, 0o644, "wrk"), "wrk, go;") // not a program
	f("bench:.", "mariadbd")
}
