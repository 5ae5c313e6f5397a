package main

import (
	"strings"
	"testing"
)

func TestNginxConfig(t *testing.T) {
	got := nginxConfig(site{address: "127.0.0.1:80", max: 256}, []string{"127.0.0.1:8000", "127.0.0.1:8001"})
	for _, want := range []string{
		"        server 127.0.0.1:8000;\n        server 127.0.0.1:8001;\n        keepalive 256;\n",
		"        listen 127.0.0.1:80;\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %q in it", got, want)
		}
	}
}

func TestTornadoOptions(t *testing.T) {
	f := func(network, address, want string) {
		t.Helper()
		l := login{user: "u", password: "p", database: "d", network: network, address: address}
		if got := strings.Join(tornadoOptions(8000, l), " "); got != "--port=8000 --user=u --password=p --database=d "+want {
			t.Errorf("got %s, want %s at its end", got, want)
		}
	}
	f("tcp", "127.0.0.1:3306", "--host=127.0.0.1 --database-port=3306")
	f("unix", "/run/m.sock", "--socket=/run/m.sock")
}
