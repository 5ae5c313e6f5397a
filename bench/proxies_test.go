package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
)

func Example_proxyFile() {
	fmt.Print(proxyFile("127.0.0.1:8080", "unix:/run/inner.sock", 64))
	// Output:
	// listen = "127.0.0.1:8080"
	//
	// [backends.upstream]
	// members = [{ url = "unix:/run/inner.sock" }]
	// idle    = 64
	//
	// [[routes]]
	// match   = "/"
	// backend = "upstream"
}

func TestProxyConfigs(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		got := proxyConfig(text, &peer{control: "127.0.0.1:82"}, site{address: "127.0.0.1:80", upstream: "127.0.0.1:81", max: 256})
		for _, line := range want {
			if !strings.Contains(got, line+"\n") {
				t.Errorf("got %s\nwant %q in it", got, line)
			}
		}
	}
	f(nginxProxyTemplate, "        listen 127.0.0.1:80;", "        server 127.0.0.1:81;\n        keepalive 256;")
	f(haproxyTemplate, "    bind 127.0.0.1:80", "    server one 127.0.0.1:81 pool-max-conn 256")
}

// Without --peers all proxies run, and --peers knows no other.
func TestProxyPeersFlagNamesAll(t *testing.T) {
	var keys []string
	for _, k := range allProxies() {
		keys = append(keys, k.key)
	}
	field, _ := reflect.TypeFor[proxyCommand]().FieldByName("Peers")
	for _, tag := range []string{"default", "enum"} {
		if got, want := field.Tag.Get(tag), strings.Join(keys, ","); got != want {
			t.Errorf("%s: got %s, want %s", tag, got, want)
		}
	}
}

// What a peer of the same scene is drawn in is told apart.
func TestProxyColors(t *testing.T) {
	for _, kinds := range [][]kind{allProxies(), allHops()} {
		seen := make(map[string]bool)
		for _, k := range kinds {
			if color := peerColor(k.key); seen[color] {
				t.Errorf("got %s for %s and for another", color, k.key)
			} else {
				seen[color] = true
			}
		}
	}
}

func TestDroppedByHAProxy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	f := func(answer string, want int64, fails bool) {
		t.Helper()
		go func() {
			if conn, err := listener.Accept(); err == nil {
				_, _ = bufio.NewReader(conn).ReadString('\n')
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}
		}()
		got, err := droppedByHAProxy(t.Context(), &peer{control: listener.Addr().String()})
		if got != want || (err != nil) != fails {
			t.Errorf("got %d and error %v", got, err)
		}
	}
	f("Name: HAProxy\nDroppedLogs: 42\nbusy_polling: 0\n\n", 42, false)
	f("Name: HAProxy\n\n", 0, true)
	f("DroppedLogs: many\n", 0, true)
}
