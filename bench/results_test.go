package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run's results replace those of an earlier one, under the same names.
func TestSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	names := func() (names []string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	r := sampleReport(nil)
	r.Quick = true
	if err := r.save(dir); err != nil {
		t.Fatal(err)
	}
	const want = "getuser-mariadb-cpu.svg getuser-p99.svg getuser-requests.svg getuser.json getuser.md"
	if got := strings.Join(names(), " "); got != want {
		t.Fatalf("got files %s, want %s", got, want)
	}
	text := func() string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, "getuser.md"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, want := range []string{"**A quick run**", "](getuser-requests.svg)\n", "](getuser-p99.svg)\n", "](getuser-mariadb-cpu.svg)\n"} {
		if !strings.Contains(text(), want) {
			t.Errorf("got %s\nwant %q in it", text(), want)
		}
	}
	r.Quick = false
	if err := r.save(dir); err != nil {
		t.Fatal(err)
	}
	if got := text(); strings.Contains(got, "quick") || strings.Join(names(), " ") != want {
		t.Errorf("got %s in %q, want the later run alone", got, names())
	}
}

func TestSaveNeedsItsFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sampleReport(nil).save(file); err == nil || !strings.Contains(err.Error(), "write results") {
		t.Errorf("got error %v, want that results cannot be written", err)
	}
}
