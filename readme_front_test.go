package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"zerohop/gateway"
	"zerohop/gateway/conffile"
)

// TestReadmeFront follows the section about other servers: its configuration, in
// front of servers that are started here, and its request.
func TestReadmeFront(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	section := frontSection.FindString(string(b))
	config := regexp.MustCompile("(?s)```toml\n(.*?)```").FindStringSubmatch(section)
	request := regexp.MustCompile("(?s)```console\n(.*?)\n(.*?)\n```").FindStringSubmatch(section)
	if config == nil || request == nil {
		t.Fatal("README.md has no example of a server behind")
	}
	text, servers := config[1], 0
	text = regexp.MustCompile(`127\.0\.0\.1:800\d`).ReplaceAllStringFunc(text, func(string) string {
		servers++
		server := httptest.NewServer(http.HandlerFunc(tellClient))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	})
	if servers != 4 {
		t.Errorf("got %d servers behind, want 4", servers)
	}
	cfg, err := gateway.ParseConfig("zerohop.toml", []byte(text), conffile.Surroundings{LookupEnv: os.LookupEnv, ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	published := cfg.Listen[0]
	cfg.Listen = []string{"127.0.0.1:0"}
	addr := startDemo(t, cfg).Addrs()[0].(*net.TCPAddr).String()
	for range 8 {
		got, err := follow(strings.Replace(request[1], published, addr, 1))
		if want := strings.Replace(request[2], published, addr, 1); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", request[1], got, err, want)
		}
	}
}

// tellClient answers with what the request says of its client.
func tellClient(w http.ResponseWriter, r *http.Request) {
	host, _ := json.Marshal(r.Host)
	fmt.Fprintf(w, `{"host":%s`, host)
	for _, name := range []string{"X-Real-IP", "X-Scheme", "X-Forwarded-For"} {
		value, _ := json.Marshal(r.Header.Get(name))
		fmt.Fprintf(w, `,"%s":%s`, strings.ToLower(name), value)
	}
	fmt.Fprint(w, "}")
}
