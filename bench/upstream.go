package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed peers/proxies/upstream.conf.tmpl
var upstreamTemplate string

// answerPath is what the proxies are asked for.
const answerPath = "/answer"

// textLimit is how long an answer may be to stand in nginx's configuration,
// whose words end at 4 kB.
const textLimit = 3 << 10

// answerText returns a JSON text of exactly so many bytes, at least 16 of them.
func answerText(bytes int) string {
	const digits = "0123456789abcdef"
	text := strings.Repeat(digits, bytes/len(digits)+1)
	return `["` + text[:bytes-len(`[""]`)] + `"]`
}

// answerQuestion asks for an answer of so many bytes.
func answerQuestion(bytes int) question {
	return question{name: "an answer of " + sizeName(bytes), status: http.StatusOK, body: answerText(bytes)}
}

// upstream is a private nginx that is behind all proxies, with a port for each
// size of answers.
type upstream struct {
	*process
	addresses map[int]string // by the size
}

// startUpstream starts nginx in dir. It must be ended with Kill.
func startUpstream(ctx context.Context, program, dir string, sizes []int) (*upstream, error) {
	ports, err := freePorts(len(sizes))
	if err != nil {
		return nil, err
	}
	u := &upstream{addresses: map[int]string{}}
	type served struct{ Listen, Text, File string }
	var answers []served
	for i, size := range sizes {
		one := served{Listen: fmt.Sprintf("127.0.0.1:%d", ports[i])}
		if u.addresses[size] = one.Listen; size <= textLimit {
			one.Text = answerText(size)
		} else {
			one.File = filepath.Join(dir, fmt.Sprintf("answer-%d.json", size))
			if err := os.WriteFile(one.File, []byte(answerText(size)), 0o600); err != nil {
				return nil, fmt.Errorf("write the upstream's answer: %w", err)
			}
		}
		answers = append(answers, one)
	}
	config := filepath.Join(dir, "upstream.conf")
	text := execute("upstream.conf", upstreamTemplate, struct {
		Root    bool
		Answers []served
	}{os.Geteuid() == 0, answers})
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the upstream's configuration: %w", err)
	}
	if u.process, err = startProcess("upstream", nil, program, "-p", dir, "-e", "stderr", "-c", config); err != nil {
		return nil, err
	}
	if err := u.await(ctx); err != nil {
		u.Kill()
		return nil, err
	}
	return u, nil
}

// await returns when every size is answered as it must be.
func (u *upstream) await(ctx context.Context) error {
	for size, address := range u.addresses {
		err := awaitAnswer(ctx, []*process{u.process}, "http://"+address+answerPath, answerQuestion(size))
		if err != nil {
			return err
		}
	}
	return nil
}

// tell says to a proxy where its upstream is.
func (u *upstream) tell(s *site, _ kind, sc scene) { s.upstream = u.addresses[sc.Answer] }

// connections is not asked for: all proxies share the upstream.
func (u *upstream) connections(context.Context, string) (int, error) { return 0, nil }

func (u *upstream) mariadbVersion() string { return "" }

// noSource is what peers have behind them that answer out of themselves.
type noSource struct{}

func (noSource) tell(s *site, _ kind, sc scene) { s.answer = answerText(sc.Answer) }

func (noSource) cpuTime() (time.Duration, error)                  { return 0, nil }
func (noSource) connections(context.Context, string) (int, error) { return 0, nil }
func (noSource) mariadbVersion() string                           { return "" }
func (noSource) Kill()                                            {}

// execute fills in a template of a configuration.
func execute(name, text string, values any) string {
	var filled strings.Builder
	if err := template.Must(template.New(name).Parse(text)).Execute(&filled, values); err != nil {
		panic("bug: " + err.Error())
	}
	return filled.String()
}
