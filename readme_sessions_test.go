package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"testing"

	"zerohop/gateway"
	"zerohop/gateway/conffile"
)

// TestReadmeSessions serves the first configuration of the README's section on
// who is asking, and follows its curl lines, in their order.
func TestReadmeSessions(t *testing.T) {
	needEngine(t)
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## Who is asking\n")
	blocks := regexp.MustCompile("(?s)```(?:toml|text)\n(.*?)```").FindAllStringSubmatch(section, 2)
	if len(blocks) != 2 {
		t.Fatalf("the section has %d blocks", len(blocks))
	}
	cfg, err := gateway.ParseConfig("zerohop.toml", []byte(blocks[0][1]), conffile.Surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = []string{"127.0.0.1:0"}
	base := "http://" + startDemo(t, cfg).Addrs()[0].String()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(blocks[1][1]), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		got, err := curlWithJar(strings.Replace(lines[i], "http://127.0.0.1:8080", base, 1), jar)
		if err != nil || !alike(got, lines[i+1]) {
			t.Errorf("%s: got\n%s, %v, want\n%s", lines[i], got, err, lines[i+1])
		}
	}
	if len(lines) != 8 {
		t.Errorf("got %d lines, want four questions and their answers", len(lines))
	}
}

// curlWithJar does what a line `$ curl [-c jar] [-b jar] [-u USER:PASSWORD]
// [--json BODY] URL` does.
func curlWithJar(line string, jar http.CookieJar) (string, error) {
	words := word.FindAllString(line, -1)
	request, err := http.NewRequest("GET", words[len(words)-1], nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{}
	for i, w := range words {
		switch w {
		case "-c", "-b":
			client.Jar = jar
		case "-u":
			user, password, _ := strings.Cut(words[i+1], ":")
			request.SetBasicAuth(user, password)
		case "--json":
			request.Method, request.Body = "POST", io.NopCloser(strings.NewReader(strings.Trim(words[i+1], "'")))
			request.Header.Set("Content-Type", "application/json")
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
