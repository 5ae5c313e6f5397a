package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func Example_report() {
	fmt.Print(sampleReport(nil).Markdown())
	// Output:
	// # GET /getuser
	//
	// ## 64 clients, MariaDB over TCP
	//
	// | up to 100 connections each | requests/s | p50 | p99 | gateway CPU/request | MariaDB CPU/request | connections |
	// |---|--:|--:|--:|--:|--:|--:|
	// | one | 30,000 | 1.00 ms | 4.00 ms | 10.0 µs | 30.0 µs | 2 |
	// | other | 12,500 | 2.50 ms | 10.00 ms | 25.0 µs | 75.0 µs | 5 |
	// | one / other | 2.50 (2.00–3.00) | 0.42 (0.33–0.50) | 0.42 (0.33–0.50) | 0.42 (0.33–0.50) | 0.42 (0.33–0.50) | 0.42 (0.33–0.50) |
	//
	// Medians of interleaved rounds of 5 s, 2 for each peer; a ratio is that of the two rounds of one turn, as median (lowest–highest). More requests/s is better, less of everything else is. Gateway CPU is that of all of a peer's processes; connections are those it had open to MariaDB half-way through. Each peer writes an access-log line a request to a file. wrk, gateway and MariaDB share the machine.
	//
	// Some CPU, 2 cores, Linux 6.1.0, go1.26.0, MariaDB 10.11.1, wrk 4.1.0
	//
	// `go run ./bench getuser --rounds 2`
}

func TestReportWithNothingValid(t *testing.T) {
	r := sampleReport(func(rounds []round) { rounds[1].Void, rounds[2].Void = "a", "b" })
	text := r.Markdown()
	for _, want := range []string{"| other | void | void |", "| one / other | void |", "**Void:** turn 2, other: b."} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s\nwant %q in it", text, want)
		}
	}
	var again report
	if err := json.Unmarshal(r.JSON(), &again); err != nil {
		t.Error(err)
	}
}

// Of a single turn there is no lowest and no highest.
func TestReportOfOneTurn(t *testing.T) {
	text := sampleReport(func(rounds []round) { rounds[3].Void = "1 × timeout" }).Markdown()
	if want := "| one / other | 2.00 | 0.50 | 0.50 |"; !strings.Contains(text, want) {
		t.Errorf("got %s\nwant %q in it", text, want)
	}
}

func TestReportSaysThatTheMachineWasBusy(t *testing.T) {
	f := func(others float64, want bool) {
		t.Helper()
		text := sampleReport(func(rounds []round) { rounds[1].Others = others }).Markdown()
		if got := strings.Contains(text, "kept up to 0.75 of its 2 cores busy"); got != want {
			t.Errorf("got %s\nwant others named: %t", text, want)
		}
	}
	f(0.75, true)
	f(0.05, false)
}
