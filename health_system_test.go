package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zerohop/sqlapi/mariadbtest"
)

// What stands in this file is tried on four Tornado processes behind the
// program, as old-stack's nginx.conf has them.

// frontendScript is one of them. It says its port when it listens, and answers
// with it.
const frontendScript = `
import sys
import tornado.gen, tornado.httpserver, tornado.ioloop, tornado.netutil, tornado.web

class Port(tornado.web.RequestHandler):
    async def get(self):
        await tornado.gen.sleep(float(self.get_argument("for", "0")))
        self.write(str(port))

class Health(tornado.web.RequestHandler):
    def get(self):
        self.write("I am alive")

sockets = tornado.netutil.bind_sockets(int(sys.argv[1]), "127.0.0.1")
port = sockets[0].getsockname()[1]
app = tornado.web.Application([("/health", Health), (".*", Port)], log_function=lambda handler: None)
tornado.httpserver.HTTPServer(app).add_sockets(sockets)
print(port, flush=True)
tornado.ioloop.IOLoop.current().start()
`

// frontend is one process behind the program, which can be ended and started
// again at the same port.
type frontend struct {
	t    *testing.T
	port string
	cmd  *exec.Cmd
}

// startFrontends starts four, each at a port of its own.
func startFrontends(t *testing.T) []*frontend {
	t.Helper()
	if err := exec.Command("/usr/bin/python3", "-c", "import tornado").Run(); err != nil {
		if mariadbtest.Required("python3-tornado") {
			t.Fatalf("ZEROHOP_REQUIRE=python3-tornado: %v", err)
		}
		t.Skip("install python3-tornado to run this test")
	}
	all := make([]*frontend, 4)
	for i := range all {
		all[i] = &frontend{t: t, port: "0"}
		all[i].start()
	}
	return all
}

// start returns when the process listens.
func (f *frontend) start() {
	f.t.Helper()
	cmd := exec.Command("/usr/bin/python3", "-c", frontendScript, f.port)
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.cmd = cmd
	f.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		f.t.Fatalf("start a frontend: %v", err)
	}
	f.port = strings.TrimSpace(line)
}

// kill ends the process at once.
func (f *frontend) kill() {
	f.signal(syscall.SIGKILL)
	f.cmd.Wait()
}

func (f *frontend) signal(s syscall.Signal) {
	f.t.Helper()
	if err := f.cmd.Process.Signal(s); err != nil {
		f.t.Fatal(err)
	}
}

const (
	checkEvery   = 200 * time.Millisecond
	checkPasses  = 2
	slowStart    = 400 * time.Millisecond
	answerWithin = time.Second
)

// edge is the program in front of frontends.
type edge struct {
	*running
	client *http.Client
	admin  string
}

// startEdge starts the program with further settings of the group, and a
// weight for each frontend.
func startEdge(t *testing.T, frontends []*frontend, weights []int, settings string) *edge {
	t.Helper()
	var members []string
	for i, f := range frontends {
		members = append(members, fmt.Sprintf(`  { url = "http://127.0.0.1:%s", weight = %d },`, f.port, weights[i]))
	}
	r := start(t, fmt.Sprintf(`
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[backends.frontends]
balance = "smooth_wrr"
retry = ["error"]
health = { path = "/health", expect = { body = "I am alive" }, every = "%v", timeout = "1s", passes = %d }
slow_start = "%v"
first_byte_timeout = "%v"
%s
members = [
%s
]
[[routes]]
match = "/"
backend = "frontends"
`, checkEvery, checkPasses, slowStart, answerWithin, settings, strings.Join(members, "\n")))
	return &edge{r, newClient(t), "http://" + r.log.await(t, `msg="listening for the operator" address=(\S+)`)}
}

// table returns the members as /status?format=text has them: by column.
func (e *edge) table(t *testing.T) []map[string]string {
	t.Helper()
	got := get(e.client, e.admin+"/status?format=text")
	if got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	apart := regexp.MustCompile(` {2,}`)
	lines := strings.Split(strings.TrimSpace(got.body), "\n")
	columns := apart.Split(lines[0], -1)
	var rows []map[string]string
	for _, line := range lines[1:] {
		cells := apart.Split(line, -1)
		if len(cells) != len(columns) {
			t.Fatalf("got %d cells in %q, want %d", len(cells), line, len(columns))
		}
		row := map[string]string{}
		for i, cell := range cells {
			row[columns[i]] = cell
		}
		if row["Group"] == "frontends" {
			rows = append(rows, row)
		}
	}
	return rows
}

// groupState is what /status has of the group, as far as it matters here.
type groupState struct {
	Retries uint64
	Members []struct {
		State     string
		Busy      int
		Failures  uint64
		LastError string `json:"last_error"`
	}
}

func (e *edge) group(t *testing.T) groupState {
	t.Helper()
	var status struct{ Backends map[string]groupState }
	if err := json.Unmarshal([]byte(get(e.client, e.admin+"/status").body), &status); err != nil {
		t.Fatal(err)
	}
	return status.Backends["frontends"]
}

// untilState waits until every member that is named is in the state.
func (e *edge) untilState(t *testing.T, within time.Duration, state string, members ...int) {
	t.Helper()
	until(t, within, fmt.Sprint("members ", members, " are ", state), func() bool {
		rows := e.table(t)
		return !slices.ContainsFunc(members, func(i int) bool { return rows[i]["State"] != state })
	})
}

// TestSystemSmoothWRR compares 1,000 picks with those of nginx's rule: each
// member's current weight grows by its weight, the largest wins, the first of
// several, and loses the sum.
func TestSystemSmoothWRR(t *testing.T) {
	frontends := startFrontends(t)
	f := func(weights ...int) {
		t.Helper()
		e := startEdge(t, frontends, weights, "")
		current, sum := make([]int, len(weights)), 0
		for _, weight := range weights {
			sum += weight
		}
		for request := range 1000 {
			best := 0
			for i, weight := range weights {
				current[i] += weight
				if current[i] > current[best] {
					best = i
				}
			}
			current[best] -= sum
			if got := get(e.client, e.base+"/"); got.status != 200 || got.body != frontends[best].port {
				t.Fatalf("weights %v: request %d was answered %+v, want port %s", weights, request, got, frontends[best].port)
			}
		}
		for i, row := range e.table(t) {
			if row["Weight"] != strconv.Itoa(weights[i]) || row["State"] != "up" || row["Is down"] != "0" {
				t.Errorf("got the row %v", row)
			}
		}
		e.stop(t)
	}
	f(1, 1, 1, 1)
	f(5, 1, 2, 1)
}

// crowd is clients that ask all the time, and count who answers.
type crowd struct {
	stop    atomic.Bool
	clients sync.WaitGroup
	mu      sync.Mutex
	answers map[string]int // by port
	failed  []string
}

func startCrowd(t *testing.T, e *edge, n int) *crowd {
	c := &crowd{answers: map[string]int{}}
	for range n {
		c.clients.Go(func() {
			for !c.stop.Load() {
				got := get(e.client, e.base+"/?for=0.005")
				c.mu.Lock()
				if got.status == 200 {
					c.answers[got.body]++
				} else {
					c.failed = append(c.failed, fmt.Sprintf("%d %s %v", got.status, got.body, got.err))
				}
				c.mu.Unlock()
			}
		})
	}
	t.Cleanup(func() { c.end() })
	return c
}

func (c *crowd) end() {
	c.stop.Store(true)
	c.clients.Wait()
}

// counts returns how many answers there were by port, and the failures.
func (c *crowd) counts() (answers map[string]int, failed []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.answers), slices.Clone(c.failed)
}

// TestSystemFrontendIsKilled ends a process in the middle of requests. None of
// them has had a byte of its answer then, so every one is answered by another.
func TestSystemFrontendIsKilled(t *testing.T) {
	frontends := startFrontends(t)
	e := startEdge(t, frontends, []int{1, 1, 1, 1}, "")
	load := startCrowd(t, e, 128)
	victim := frontends[1]
	more := func(within time.Duration, f *frontend, n int) {
		t.Helper()
		before, _ := load.counts()
		until(t, within, fmt.Sprint(n, " answers of ", f.port), func() bool {
			now, _ := load.counts()
			return now[f.port] >= before[f.port]+n
		})
	}
	for _, f := range frontends {
		more(20*time.Second, f, 50)
	}
	victim.kill()
	e.untilState(t, 5*time.Second, "down", 1)
	row := e.table(t)[1]
	if row["Is down"] != "1" || row["Last response down"] != "1" || !strings.Contains(row["Last health status"], "refused") {
		t.Errorf("got the row %v of a process that is gone", row)
	}
	before, _ := load.counts()
	more(10*time.Second, frontends[0], 100)
	if after, _ := load.counts(); after[victim.port] != before[victim.port] {
		t.Errorf("got %d answers of a process that is gone", after[victim.port]-before[victim.port])
	}

	victim.start()
	began := time.Now()
	more(10*time.Second, victim, 1)
	// passes × every, and up to every until the first of them; with slack for
	// a machine that has other things to do.
	if took, most := time.Since(began), (checkPasses+1)*checkEvery+slowStart+time.Second; took > most {
		t.Errorf("the process got its first request after %v, want it within %v", took, most)
	}
	e.untilState(t, 10*time.Second, "up", 0, 1, 2, 3)
	more(10*time.Second, victim, 50)
	if log := e.log.String(); !strings.Contains(log, `msg="a member is down"`) || !strings.Contains(log, `msg="a member is up again"`) {
		t.Errorf("the log does not tell of the process:\n%s", log)
	}
	load.end()
	answers, failed := load.counts()
	if len(failed) > 0 {
		t.Errorf("%d requests failed: %q", len(failed), failed[:min(len(failed), 5)])
	}
	if len(answers) != 4 {
		t.Errorf("got answers of %v", answers)
	}
	if group := e.group(t); group.Retries == 0 {
		t.Error("no request was under way when the process was killed, so this test has shown nothing")
	}
	e.stop(t)
}

// TestSystemServerIsKilledUnderDefaults has a group that says nothing but its two
// members, one of which ends with half of a crowd in hand. It had not answered
// them, so the other one does.
func TestSystemServerIsKilledUnderDefaults(t *testing.T) {
	frontends := startFrontends(t)
	f := func(victim int, seconds string) {
		t.Helper()
		r := start(t, fmt.Sprintf(`
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[backends.frontends]
members = [{ url = "http://127.0.0.1:%s" }, { url = "http://127.0.0.1:%s" }]
[[routes]]
match = "/"
backend = "frontends"
`, frontends[victim].port, frontends[victim+1].port))
		e := &edge{r, newClient(t), "http://" + r.log.await(t, `msg="listening for the operator" address=(\S+)`)}
		failed := make(chan string, 128)
		var crowd sync.WaitGroup
		var answered atomic.Int64
		var over atomic.Bool
		for range 128 {
			crowd.Go(func() {
				for !over.Load() {
					if got := get(e.client, e.base+"/?for="+seconds); got.status == 200 {
						answered.Add(1)
					} else {
						failed <- fmt.Sprintf("%d %s %v", got.status, got.body, got.err)
						return
					}
				}
			})
		}
		until(t, 10*time.Second, "the server has its hands full", func() bool { return e.group(t).Members[0].Busy >= 32 })
		before := answered.Load()
		frontends[victim].kill()
		until(t, 10*time.Second, "the other one answers", func() bool { return answered.Load() >= before+256 })
		over.Store(true)
		crowd.Wait()
		close(failed)
		if len(failed) > 0 {
			t.Errorf("%s s each: %d of %d requests failed, such as %s", seconds, len(failed), answered.Load(), <-failed)
		}
		r.stop(t)
	}
	f(0, "0")
	f(2, "1")
}

// TestSystemFrontendHangs stops a process: the kernel still accepts for it, and
// nothing answers. One request pays for that, and is not tried elsewhere.
func TestSystemFrontendHangs(t *testing.T) {
	frontends := startFrontends(t)
	// The checks find out as well, but they need two of their timeouts for it.
	e := startEdge(t, frontends, []int{1, 1, 1, 1}, `fail_timeout = "2s"`)
	ask := func() (got reply, took time.Duration) {
		began := time.Now()
		got = get(e.client, e.base+"/")
		return got, time.Since(began)
	}
	for range 8 {
		if got, _ := ask(); got.status != 200 {
			t.Fatalf("got %+v", got)
		}
	}
	victim := frontends[2]
	victim.signal(syscall.SIGSTOP)
	defer victim.signal(syscall.SIGCONT)
	overdue := 0
	for range 4 {
		got, took := ask()
		switch {
		case got.status == 504 && strings.Contains(got.body, `"code":"timeout"`) && took >= answerWithin-50*time.Millisecond:
			overdue++
		case got.status != 200 || took > answerWithin:
			t.Errorf("got %+v after %v", got, took)
		}
	}
	if overdue != 1 {
		t.Errorf("got %d answers 504, want that of the process that hangs", overdue)
	}
	for range 20 {
		if got, took := ask(); got.status != 200 || got.body == victim.port || took > answerWithin {
			t.Errorf("got %+v after %v, want an answer of the others", got, took)
		}
	}
	group := e.group(t)
	if m := group.Members[2]; m.State != "failing" && m.State != "down" || m.Failures != 1 || m.LastError == "" || group.Retries != 0 {
		t.Errorf("got %+v, want one failure, told, and no retry", group)
	}
	e.untilState(t, 10*time.Second, "down", 2)
	if row := e.table(t)[2]; !strings.Contains(row["Last health status"], "no answer within 1s") {
		t.Errorf("got the row %v of a process that hangs", row)
	}
	victim.signal(syscall.SIGCONT)
	until(t, 10*time.Second, "the process answers again", func() bool {
		got, _ := ask()
		return got.status == 200 && got.body == victim.port
	})
	e.stop(t)
}

// TestSystemAllFrontendsAreDown tries both settings of when_all_down: the old
// module's, which asks them all the same, and 503.
func TestSystemAllFrontendsAreDown(t *testing.T) {
	frontends := startFrontends(t)
	weights := []int{1, 1, 1, 1}
	try := startEdge(t, frontends, weights, "")
	fail := startEdge(t, frontends, weights, `when_all_down = "fail"`)
	for _, f := range frontends {
		f.kill()
	}
	for _, e := range []*edge{try, fail} {
		e.untilState(t, 10*time.Second, "down", 0, 1, 2, 3)
	}
	f := func(e *edge, status int, code string) {
		t.Helper()
		if got := get(e.client, e.base+"/"); got.status != status || !strings.Contains(got.body, `"code":"`+code+`"`) {
			t.Errorf("got %+v, want %d %s", got, status, code)
		}
	}
	f(try, 502, "bad_gateway")
	f(fail, 503, "unavailable")
	metrics := get(fail.client, fail.admin+"/metrics").body
	down := regexp.MustCompile(`zerohop_backend_up\{group="frontends",member="http://127.0.0.1:\d+"\} 0`).FindAllString(metrics, -1)
	if len(down) != 4 || !strings.Contains(metrics, `zerohop_backend_unavailable_total{group="frontends"} 1`) {
		t.Errorf("got the metrics %q\n%s", down, metrics)
	}
	for _, f := range frontends {
		f.start()
	}
	for _, e := range []*edge{try, fail} {
		until(t, 10*time.Second, "the frontends answer again", func() bool { return get(e.client, e.base+"/").status == 200 })
		e.untilState(t, 10*time.Second, "up", 0, 1, 2, 3)
		e.stop(t)
	}
}
