package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/sqlapi/mariadbtest"
)

var outages = flag.Int("outages", 20, "how often TestLedger kills the database")

// TestLedger kills the database again and again and brings it back, while wrk
// asks and clients keep a ledger: every id that is echoed is the one that was
// asked for, every write that was confirmed is there, and none is there twice.
// What the process holds at the end is what it held at the beginning.
func TestLedger(t *testing.T) {
	// A server of its own, which loses no committed row when it is killed.
	server, err := mariadbtest.Start("--innodb-flush-log-at-trx-commit=2")
	server = mariadbtest.Require(t, server, err)
	defer server.Stop()
	if err := server.Run("create table ledger (id varchar(40) not null, key (id))"); err != nil {
		t.Fatal(err)
	}
	r := start(t, fmt.Sprintf(`
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[databases.main]
dsn = %q
idle_timeout = "500ms"
[[routes]]
match = "GET /echo"
sql = "select :query.v as v"
[[routes]]
match = "POST /ledger"
sql = "insert into ledger (id) values (:query.id)"
`, server.DSN()))
	admin := "http://" + r.log.await(t, `operator" address=(\S+)`)
	// The first request starts what a database keeps running, and the idle
	// connection that it leaves is closed.
	client := newClient(t)
	if got := get(client, r.base+"/echo?v=x"); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	client.CloseIdleConnections()
	until(t, 10*time.Second, "all is at rest", func() bool {
		page := get(client, admin+"/metrics").body
		return strings.Contains(page, `zerohop_database_connections_idle{database="main"} 0`) &&
			strings.Contains(page, `zerohop_connections{listener="public"} 0`)
	})
	client.CloseIdleConnections()
	files, goroutines := openFiles(t, r.Process.Pid), countGoroutines(t, admin)

	l := &ledger{t: t, base: r.base}
	for i := range 8 {
		l.clients.Go(func() {
			client := newClient(t)
			defer client.CloseIdleConnections()
			l.keep(client, i)
		})
	}
	load := startWrk(t, r.base+"/echo?v=wrk", 120)
	for range *outages {
		l.await("answers", &l.echoed, 50)
		l.await("confirmed writes", &l.confirmed, 20)
		server.Kill()
		l.await("the outage shows", &l.refused, 20)
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	l.await("answers at the end", &l.echoed, 100)
	l.stop.Store(true)
	l.clients.Wait()
	load.Process.Kill()
	load.Wait()

	l.compare(server)
	t.Logf("%d echoed, %d confirmed, %d uncertain, %d refused", l.echoed.Load(), l.confirmed.Load(), l.uncertain.Load(), l.refused.Load())
	until(t, 10*time.Second, "descriptors are back", func() bool { return openFiles(t, r.Process.Pid) <= files })
	until(t, 10*time.Second, "goroutines are back", func() bool { return countGoroutines(t, admin) <= goroutines })
	r.stop(t)
}

// ledger is what the clients have asked for and what they were told.
type ledger struct {
	t       *testing.T
	base    string
	clients sync.WaitGroup
	stop    atomic.Bool
	kept    sync.Map // the ids whose write was confirmed

	echoed, confirmed, uncertain, refused atomic.Int64
}

// keep asks and writes in turn, with ids that nobody else uses.
func (l *ledger) keep(client *http.Client, number int) {
	for n := 0; !l.stop.Load(); n++ {
		id := fmt.Sprintf("%d-%d", number, n)
		got := get(client, l.base+"/echo?v="+id)
		switch {
		case got.status == 200 && got.body == `[{"v":"`+id+`"}]`:
			l.echoed.Add(1)
		case got.status == 503 || got.status == 504:
			l.refused.Add(1)
		default:
			l.t.Errorf("echo %s: got %+v", id, got)
		}
		l.write(client, id)
	}
}

// write writes an id, once: nothing here tries again.
func (l *ledger) write(client *http.Client, id string) {
	response, err := client.Post(l.base+"/ledger?id="+id, "", nil)
	if err != nil {
		l.t.Errorf("write %s: %v", id, err)
		return
	}
	response.Body.Close()
	switch response.StatusCode {
	case 200:
		l.kept.Store(id, true)
		l.confirmed.Add(1)
	case 502, 504:
		l.uncertain.Add(1) // it may be there, or not
	case 503:
		l.refused.Add(1)
	default:
		l.t.Errorf("write %s: got %d", id, response.StatusCode)
	}
}

// await waits until a count has grown.
func (l *ledger) await(what string, count *atomic.Int64, more int64) {
	l.t.Helper()
	want := count.Load() + more
	until(l.t, 20*time.Second, what, func() bool { return count.Load() >= want || l.t.Failed() })
}

// compare holds what was confirmed against what is there.
func (l *ledger) compare(server *mariadbtest.Server) {
	l.t.Helper()
	file := l.t.TempDir() + "/ledger"
	if err := server.Run("select id from ledger into outfile '" + file + "'"); err != nil {
		l.t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		l.t.Fatal(err)
	}
	there := map[string]int{}
	for id := range strings.Lines(string(text)) {
		there[strings.TrimSpace(id)]++
	}
	for id, n := range there {
		if n > 1 {
			l.t.Errorf("id %s was written %d times", id, n)
		}
	}
	l.kept.Range(func(id, _ any) bool {
		if there[id.(string)] == 0 {
			l.t.Errorf("id %s was confirmed and is not there", id)
		}
		return true
	})
	if int64(len(there)) > l.confirmed.Load()+l.uncertain.Load() {
		l.t.Errorf("got %d ids, %d confirmed and %d uncertain", len(there), l.confirmed.Load(), l.uncertain.Load())
	}
}

// startWrk starts wrk for so many seconds at the most, or skips the test.
func startWrk(t *testing.T, url string, seconds int) *exec.Cmd {
	t.Helper()
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		if mariadbtest.Required("wrk") {
			t.Fatal("wrk is not installed: apt-get install wrk")
		}
		t.Skip("wrk is not installed: apt-get install wrk")
	}
	load := exec.Command(wrk, "-t1", "-c8", "-d"+strconv.Itoa(seconds), url)
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { load.Process.Kill() })
	return load
}

// until waits until ok, and fails after so long.
func until(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}

// countGoroutines asks a process how many goroutines it has, over a connection
// that is closed behind the answer.
func countGoroutines(t *testing.T, admin string) int {
	t.Helper()
	client := newClient(t)
	defer client.CloseIdleConnections()
	m := regexp.MustCompile(`(?m)^go_goroutines (\d+)$`).FindStringSubmatch(get(client, admin+"/metrics").body)
	if m == nil {
		t.Fatal("/metrics has no go_goroutines")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// openFiles counts a process's descriptors.
func openFiles(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	return len(entries)
}
