package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
)

const wrkOutput = `Running 1s test @ http://127.0.0.1:8080/getuser
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.61ms    1.95ms  30.11ms   88.31%
    Req/Sec    13.02k     1.11k   15.20k    70.00%
  25931 requests in 1.00s, 4.23MB read
Requests/sec:  25890.11
Transfer/sec:      4.22MB

{"requests":25931,"duration_us":1001579,"p50_us":2210,"p99_us":9870,"connect":0,"read":1,"write":0,"status":3,"timeout":0}
`

func TestParseLoad(t *testing.T) {
	got, err := parseLoad([]byte(wrkOutput))
	want := load{Requests: 25931, Duration: 1001579, P50: 2210, P99: 9870, Read: 1, Status: 3}
	if err != nil || got != want {
		t.Errorf("got %+v and error %v, want %+v", got, err, want)
	}
	if got, want := got.fault(), "3 × status over 399, 1 × read error"; got != want {
		t.Errorf("got fault %q, want %q", got, want)
	}
}

func TestParseLoadFaults(t *testing.T) {
	f := func(out string) {
		t.Helper()
		if _, err := parseLoad([]byte(out)); err == nil {
			t.Errorf("%q: got no error", out)
		}
	}
	f("")
	f("unable to connect to 127.0.0.1:1 Connection refused\n")
	f("\n{\"requests\":")
	f("\n{\"requests\":\"many\"}\n")
	f("\n{\"requests\":0,\"duration_us\":1000000}\n") // nothing was answered
	f("\n{\"requests\":5}\n")
	if _, err := parseLoad(nil); !errors.Is(err, errNoResult) {
		t.Errorf("got error %v, want errNoResult", err)
	}
}

func TestLoadWithoutFault(t *testing.T) {
	if got := (load{Requests: 1, Duration: 1}).fault(); got != "" {
		t.Errorf("got fault %q, want none", got)
	}
}

// The script asks for many users, all of whom exist, with their passwords, and
// for other ones with another seed.
func TestScriptAsksForUsers(t *testing.T) {
	requireTools(t)
	passwords := make(map[string]string, userCount)
	for n := 1; n <= userCount; n++ {
		passwords[userName(n)] = userPassword(n)
	}
	var mu sync.Mutex
	asked := make(map[string]bool)
	wrong := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		defer mu.Unlock()
		asked[user] = true
		if want, ok := passwords[user]; !ok || password != want || r.URL.Path != "/getuser" {
			wrong++
			http.Error(w, "wrong", http.StatusTeapot)
		}
	}))
	defer server.Close()
	tools, err := findTools(searchPath(), getuserSubject(), nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWrk(tools.wrk, t.TempDir(), getuserScript, 2, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.run(t.Context(), server.URL+"/getuser", 7)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if wrong > 0 || l.fault() != "" {
		t.Errorf("got %d wrong requests, fault %q, want none", wrong, l.fault())
	}
	// Even a slow machine answers a thousand requests in a second.
	if len(asked) < 500 {
		t.Errorf("got %d users in %d requests, want them random", len(asked), l.Requests)
	}
}

func TestNewWrkNeedsItsFolder(t *testing.T) {
	if _, err := newWrk("wrk", "/nowhere", nil, 1, 1, 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want that the folder does not exist", err)
	}
}
