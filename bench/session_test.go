package main

import (
	"os"
	"strings"
	"testing"
)

// The script with sessions differs from getuser.lua in what is sent alone.
func TestSessionScripts(t *testing.T) {
	s := &sessionLoad{dir: t.TempDir()}
	if err := s.writeScripts([]string{"session=a", `session="b`}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.cookies)
	if err != nil {
		t.Fatal(err)
	}
	script := string(b)
	for _, want := range []string{`"session=a",`, `"session=\"b",`, `wrk.format("GET", "/session", { Cookie = cookies[n] })`, "function done("} {
		if !strings.Contains(script, want) {
			t.Errorf("%s is not in\n%s", want, script)
		}
	}
	if strings.Contains(script, "Authorization =") {
		t.Errorf("credentials are in\n%s", script)
	}
}

func TestSessionReport(t *testing.T) {
	turn := func(with, without int64) sessionTurn {
		return sessionTurn{load{Requests: with, Duration: 1e6, P99: 2000}, load{Requests: without, Duration: 1e6, P99: 1000}}
	}
	got := sessionReport([]sessionTurn{turn(700, 1000), turn(1600, 2000), turn(2700, 3000)}, 64, machine{}, "go run ./bench session")
	for _, want := range []string{
		"| credentials in the request | 2,000 | 1.00 |", "| a session in memcached | 1,600 | 2.00 |",
		"| with a session / without | 0.80 (0.70–0.90) | 2.00 (2.00–2.00) |", "Medians of 3 turns", "`go run ./bench session`",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}
