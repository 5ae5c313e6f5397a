package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A quick run of all proxies and hops, from the build to the files.
func TestProxy(t *testing.T) {
	for _, p := range (&proxyCommand{Answers: []int{shortAnswer}, Peers: []string{"nginx", "haproxy"}}).plans() {
		requireToolsOf(t, p.subject, p.kinds...)
	}
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	args := []string{"proxy", "--quick", "--connections=4", "--results=" + dir}
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("got exit code %d, want 0; stderr:\n%s", code, &stderr)
	}
	for _, want := range []string{
		"## 4 clients, answers of 1 kB", "## 4 clients, answers of 100 kB", "| zerohop / nginx |", "| zerohop / HAProxy |",
		"| in process / behind loopback TCP |", "| in process / behind a unix socket |",
		"| zerohop / nginx, 1 kB | 0.85 |", "| zerohop / nginx, 100 kB | 1.00 |", "| in process / behind loopback TCP, 1 kB | 2.00 |",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("got report %s\nwant %q in it", &stdout, want)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "proxy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Scenes) != 3 || len(r.Scenes[2].Rounds) != 3 || r.fault() != nil {
		t.Errorf("got %s, want two scenes of proxies and one of hops, none void", text)
	}
	for _, name := range []string{"proxy.md", "proxy-requests.svg", "proxy-p99.svg", "proxy-cpu.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestProxyPlans(t *testing.T) {
	f := func(c proxyCommand, want string) {
		t.Helper()
		var got []string
		for _, p := range c.plans() {
			var pairs []string
			for _, of := range p.comparisons {
				pairs = append(pairs, of.one.key+"/"+of.other.key)
			}
			got = append(got, fmt.Sprint(p.pace.Rounds, p.scenes, pairs))
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("got %s, want %s", text, want)
		}
	}
	all := []string{"zerohop", "nginx", "haproxy"}
	f(proxyCommand{Pace: pace{2, 9, 5}, Peers: all, Answers: []int{1024, 102400}, Clients: 64, Hops: true},
		"9 [64 clients, answers of 1 kB 64 clients, answers of 100 kB] [zerohop/nginx zerohop/haproxy]; "+
			"9 [64 clients, answers of 1 kB] [in-process/hop-tcp in-process/hop-unix]")
	f(proxyCommand{Pace: pace{2, 9, 5}, Peers: all[:2], Answers: []int{500}, Clients: 1, Quick: true},
		"1 [1 client, answers of 500 bytes] [zerohop/nginx]")
}

// Every target is one of a comparison that is made.
func TestTargetsAreMeasured(t *testing.T) {
	compared := map[string]bool{}
	c := proxyCommand{Peers: []string{"zerohop", "nginx", "haproxy"}, Answers: []int{shortAnswer, longAnswer}, Clients: 64, Hops: true}
	for _, p := range c.plans() {
		for _, sc := range p.scenes {
			for _, of := range p.comparisons {
				compared[fmt.Sprint(of.one.name, " / ", of.other.name, sc.Answer)] = true
			}
		}
	}
	for _, target := range proxySubject(nil).targets {
		if !compared[fmt.Sprint(target.ratio, target.answer)] {
			t.Errorf("got no comparison %s for %d bytes", target.ratio, target.answer)
		}
	}
}

// A report names the targets of what was played, and no others.
func TestReportOfTargets(t *testing.T) {
	r := sampleReport(nil)
	r.subject = proxySubject(nil)
	r.subject.targets = []target{{"one / other", 1024, 0.85}, {"one / other", 2048, 1}}
	r.Scenes[0].scene = scene{Clients: 64, Answer: 1024}
	text := r.Markdown()
	if !strings.Contains(text, "| one / other, 1 kB | 0.85 | 2.50 (2.00–3.00) |\n\n") || strings.Contains(text, "2 kB") {
		t.Errorf("got %s\nwant the one target with its ratio", text)
	}
}
