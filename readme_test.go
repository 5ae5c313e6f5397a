package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"zerohop/assets"
	"zerohop/backends"
	"zerohop/gateway"
	"zerohop/gateway/conffile"
)

// cookbookSection is that part of README.md.
var cookbookSection = regexp.MustCompile(`(?s)\n## Cookbook\n.*?\n## `)

// frontSection is the part about servers behind, whose requests need some.
var frontSection = regexp.MustCompile(`(?s)\n## In front of other servers\n.*?\n## `)

// readme returns README.md, and the blocks of code in it that are in a language,
// but for those of the cookbook, which are one configuration: see TestCookbook,
// and for the requests to servers behind: see TestReadmeFront.
func readme(t *testing.T, language string) (text string, blocks []string) {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	kept := cookbookSection.ReplaceAllString(string(b), "\n## ")
	if language == "console" {
		kept = frontSection.ReplaceAllString(kept, "\n## ")
	}
	for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(kept, -1) {
		blocks = append(blocks, found[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("README.md has no %s block", language)
	}
	return string(b), blocks
}

// TestReadmeConfigurations checks every configuration of the README as
// `zerohop check` does.
func TestReadmeConfigurations(t *testing.T) {
	_, blocks := readme(t, "toml")
	for _, block := range blocks {
		_, err := gateway.ParseConfig("zerohop.toml", []byte(block), conffile.Surroundings{
			LookupEnv: func(string) (string, bool) { return "", false },
			ReadFile:  os.ReadFile,
		})
		if err != nil {
			t.Errorf("%v\nin\n%s", err, block)
		}
	}
}

// TestReadmeExamples follows the README's curl lines against the demo, and
// compares what they answer.
func TestReadmeExamples(t *testing.T) {
	cfg, err := gateway.DemoConfig()
	if err != nil {
		t.Fatal(err)
	}
	published := cfg.Listen[0]
	cfg.Listen, cfg.Admin = []string{"127.0.0.1:0"}, ""
	server := startDemo(t, cfg)

	_, blocks := readme(t, "console")
	examples := 0
	for _, block := range blocks {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		for i := 0; i+1 < len(lines); i += 2 {
			line := strings.Replace(lines[i], published, server.Addrs()[0].String(), 1)
			got, err := follow(line)
			if err != nil {
				t.Errorf("%s: %v", lines[i], err)
			} else if want := lines[i+1]; !alike(got, want) {
				t.Errorf("%s: got %s, want %s", lines[i], got, want)
			}
			examples++
		}
	}
	if examples < 4 {
		t.Errorf("got %d examples, want 4 and more", examples)
	}
}

// startDemo runs a server until the test ends.
func startDemo(t *testing.T, cfg *gateway.Config) *gateway.Server {
	t.Helper()
	server, err := gateway.New(cfg, gateway.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	go server.Serve()
	t.Cleanup(func() { server.Close() })
	return server
}

// follow does what a line `$ curl [-u USER:PASSWORD] URL` does.
func follow(line string) (string, error) {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[0] != "$" || fields[1] != "curl" {
		return "", fmt.Errorf("not a curl line: %q", line)
	}
	request, err := http.NewRequest("GET", fields[len(fields)-1], nil)
	if err != nil {
		return "", err
	}
	if fields[2] == "-u" {
		user, password, _ := strings.Cut(fields[3], ":")
		request.SetBasicAuth(user, password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// alike compares an answer with what the README says of it, where … stands for
// any text.
func alike(got, want string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", `[^"]+`)
	return regexp.MustCompile("^"+pattern+"$").MatchString(got) && json.Valid([]byte(got))
}

// TestReadmeOperations holds the tables of the section on operations against
// what a server says of itself: metrics with their types, the fields of
// /status, the codes of problems. Metrics that alerts use are there, too.
func TestReadmeOperations(t *testing.T) {
	needEngine(t)
	// Nobody asks the memcached for anything.
	cfg, err := gateway.ParseConfig("zerohop.toml", []byte(assets.DemoConfig+`
[auth.web]
type = "session"
[sessions]
store = "memcached"
servers = ["127.0.0.1:1"]
keys = ["Zt3fK8vQm1xYc6RwL0aUe9HsJ2dGp5NbXo7iEyTkVhA="]
[[routes]]
match = "GET /me"
auth = "web"
respond = { body = "{auth.user}" }`), conffile.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.Admin = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	// Some metrics are there once a group has a member that is a server.
	proxied := backends.Pool(1, 0)
	proxied.Members = []backends.MemberConfig{{URL: "http://127.0.0.1:9", Weight: 1}}
	cfg.Backends = map[string]backends.Config{"frontends": proxied}
	server := startDemo(t, cfg)
	page := func(path string) string {
		t.Helper()
		got, err := follow("$ curl http://" + server.AdminAddr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	text, alerts := readme(t, "promql")
	documented, printed := map[string]string{}, map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)(?:\\{[a-z,]+\\})?` \\| (counter|gauge|histogram) \\|").FindAllStringSubmatch(text, -1) {
		documented[row[1]] = row[2]
	}
	// A counter of requests is there once there is a request.
	if _, err := follow("$ curl http://" + server.Addrs()[0].String() + "/users/1"); err != nil {
		t.Fatal(err)
	}
	metrics := page("/metrics")
	for _, line := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(metrics, -1) {
		printed[line[1]] = line[2]
	}
	if runtime.GOOS == "linux" && !maps.Equal(documented, printed) {
		t.Errorf("README.md has the metrics\n%v\nand /metrics\n%v", documented, printed)
	}
	for _, name := range regexp.MustCompile(`\b(?:zerohop|process)_[a-z_]+`).FindAllString(strings.Join(alerts, ""), -1) {
		if documented[name] == "" && documented[strings.TrimSuffix(name, "_bucket")] != "histogram" {
			t.Errorf("an alert of README.md uses %s, which is not there", name)
		}
	}
	for _, found := range regexp.MustCompile(`zerohop_problems_total\{code="(\w+)"\}`).FindAllStringSubmatch(metrics, -1) {
		if !regexp.MustCompile("(?m)^\\| [45]\\d\\d \\| `" + found[1] + "` \\|").MatchString(text) {
			t.Errorf("README.md does not explain the code %s", found[1])
		}
	}
	var status map[string]json.RawMessage
	if err := json.Unmarshal([]byte(page("/status")), &status); err != nil {
		t.Fatal(err)
	}
	for field := range status {
		if !regexp.MustCompile("(?m)^\\| (?:`\\w+`, )*`" + field + "`").MatchString(text) {
			t.Errorf("README.md does not explain the field %s of /status", field)
		}
	}
	var groups map[string]struct{ Members []map[string]any }
	if err := json.Unmarshal(status["backends"], &groups); err != nil {
		t.Fatal(err)
	}
	if len(groups["frontends"].Members) != 1 {
		t.Fatalf("got the groups %v", groups)
	}
	for field := range groups["frontends"].Members[0] {
		if !regexp.MustCompile("(?m)^\\| (?:`\\w+`, )*`" + field + "`").MatchString(text) {
			t.Errorf("README.md does not explain the field %s of a member", field)
		}
	}
}

// TestReadmeNamesWhatIsThere holds the README's commands, keys and folders
// against the project.
func TestReadmeNamesWhatIsThere(t *testing.T) {
	text, _ := readme(t, "sh")
	ci, err := os.ReadFile(".ci/run")
	if err != nil {
		t.Fatal(err)
	}
	if command := []byte("go test -race ./..."); !bytes.Contains(ci, command) || !strings.Contains(text, string(command)) {
		t.Error("the README's test command is not the one that .ci/run ends with")
	}
	for _, found := range regexp.MustCompile("(?m)^\\| `([a-z/.]+)` \\|").FindAllStringSubmatch(text, -1) {
		name := found[1]
		if strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".go") {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("README.md names %s: %v", name, err)
			}
		}
	}
}
