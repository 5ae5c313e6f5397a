package main

import (
	"fmt"
	"strings"
	"testing"
)

func Example_zerohopConfig() {
	lanes := 3
	s := site{address: "127.0.0.1:8080", max: 256, login: login{
		user: "zerohop", password: "secret", network: "unix", address: "/run/m.sock", database: "bench",
	}}
	fmt.Print(zerohopConfig(s, &lanes))
	// Output:
	// listen = "127.0.0.1:8080"
	//
	// [databases.main]
	// dsn      = "zerohop:secret@unix(/run/m.sock)/bench"
	// max      = 256
	// overflow = "reject"
	// timeout  = "2s"
	// lanes    = 3
	//
	// [[routes]]
	// match       = "GET /getuser"
	// credentials = "basic"
	// database    = "main"
	// sql         = "select count(*) as count from user where user = :auth.user and passwd = :auth.password"
}

// How many lanes there are is in the name; zerohop's own default is in neither
// name nor file.
func TestZerohopLanes(t *testing.T) {
	f := func(k kind, key, name string) {
		t.Helper()
		if k.key != key || k.name != name {
			t.Errorf("got %q called %q, want %q called %q", k.key, k.name, key, name)
		}
	}
	one, many := 1, 8
	f(zerohop(nil), "zerohop", "zerohop")
	f(zerohop(&one), "zerohop", "zerohop, 1 lane")
	f(zerohop(&many), "zerohop", "zerohop, 8 lanes")
	f(zerohopLanesOff(), "lanes-off", "zerohop, lanes off")
	if got := zerohopConfig(site{}, nil); strings.Contains(got, "lanes") {
		t.Errorf("got %s, want no word of lanes", got)
	}
}
