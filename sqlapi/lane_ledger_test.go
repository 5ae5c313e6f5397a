package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// ledgerEntries is how many requests TestLaneLedger sends; ZEROHOP_LANE_LEDGER
// asks for more of them.
func ledgerEntries(t *testing.T) int {
	value := os.Getenv("ZEROHOP_LANE_LEDGER")
	if value == "" {
		return 20_000
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ledger counts how requests ended.
type ledger struct {
	t         *testing.T
	endpoints []*Endpoint

	mu       sync.Mutex
	left     int // requests that are yet to be sent
	next     int // the number of the next one
	outcomes map[string]int
}

// entry is one request: what it asks, and what its answer is to be.
type entry struct {
	endpoint *Endpoint
	query    string
	answer   string
	refusal  uint16 // the error number that it is refused with instead
}

// ledgerStatements echo a number. By their other parameters some are refused, or
// take longer. None makes a temporary table: MariaDB 10.11 may crash when it is
// killed over that.
var ledgerStatements = []string{
	"select :query.v as id",
	"select :query.v as id, id as user from user where user = 'bob'",
	"select :query.v as id, exp(:query.e) > 0 as e",
	"select :query.v as id, (select id from user where id <= :query.e) as e",
	"select :query.v as id, sleep(:query.e) as e",
}

// take returns the next request, or false when there is none.
func (l *ledger) take(random *rand.Rand) (entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == 0 || l.t.Failed() {
		return entry{}, false
	}
	l.left--
	l.next++
	kind := random.IntN(len(l.endpoints))
	rare := random.IntN(20) == 0
	q := entry{endpoint: l.endpoints[kind]}
	id := fmt.Sprint(l.next)
	e, tail := "1", ""
	switch kind {
	case 1:
		tail = `,"user":1`
	case 2:
		tail = `,"e":1`
		if rare {
			e, q.refusal = "1000", 1690
		}
	case 3:
		tail = `,"e":1`
		if rare {
			e, q.refusal = "2", 1242
		}
	case 4:
		e, tail = "0", `,"e":0`
		if rare {
			e = "0.03"
		}
	}
	if random.IntN(50) == 0 { // too large for a lane
		id += strings.Repeat("x", maxExecution)
	}
	q.query = url.Values{"v": {id}, "e": {e}}.Encode()
	q.answer = `[{"id":"` + id + `"` + tail + `}]`
	return q, true
}

// note takes in how a request ended.
func (l *ledger) note(outcome string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes[outcome]++
}

// client sends one request after the other with the same memory, so that whoever
// writes late into one spoils another.
func (l *ledger) client(random *rand.Rand) {
	rc := new(fasthttp.RequestCtx)
	for {
		q, ok := l.take(random)
		if !ok {
			return
		}
		v := newVisitor()
		ctx, cancel := context.Context(v), context.CancelFunc(func() {})
		hasty, leaves := random.IntN(10) == 0, random.IntN(10) == 0
		if hasty {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(5000))*time.Microsecond)
		}
		var departure sync.WaitGroup
		if leaves {
			after := time.Duration(random.IntN(3000)) * time.Microsecond
			departure.Go(func() {
				time.Sleep(after)
				v.abandon()
			})
		}
		rc.Request.Reset()
		rc.Response.ResetBody()
		rc.Request.SetRequestURI("/?" + q.query)
		err := q.endpoint.Serve(ctx, rc)
		body := string(rc.Response.Body())
		departure.Wait()
		cancel()
		v.leave()
		l.note(l.judge(q, body, err, hasty, leaves))
		if got := string(rc.Response.Body()); got != body {
			l.t.Errorf("%s: the answer changed afterwards, from %.100q to %.100q", q.query, body, got)
		}
	}
}

// judge names the end of a request, and fails the test if there is no such one.
func (l *ledger) judge(q entry, body string, err error, hasty, leaves bool) string {
	number := refusal(err)
	switch {
	case err != nil && body != "":
	case err == nil && body == q.answer && q.refusal == 0:
		return "answered"
	case q.refusal != 0 && number == q.refusal:
		return fmt.Sprint("error ", number)
	case errors.Is(err, ErrTimeout) && hasty:
		return "timeout"
	case errors.Is(err, ErrAbandoned) && leaves:
		return "abandoned"
	case errors.Is(err, ErrUnavailable):
		return "unavailable" // it met a killed connection twice, or a moment of outage
	}
	l.t.Errorf("%.100s: got %.100q, %v, want %.100q or error %d", q.query, body, err, q.answer, q.refusal)
	return "wrong"
}

// TestLaneLedger has many clients ask with numbers, of which some get an error,
// some have little time and some leave, while a connection is killed every
// 50 ms: every answer belongs to its question, every request ends once, and
// nothing is left behind.
func TestLaneLedger(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Lanes, cfg.LaneSlow, cfg.Max = 2, 25*time.Millisecond, 60
	cfg.Overflow, cfg.Wait, cfg.Timeout = "queue", 10*time.Second, 10*time.Second
	db, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := ledgerEntries(t)
	l := &ledger{t: t, left: n, outcomes: map[string]int{}}
	for _, sql := range ledgerStatements {
		l.endpoints = append(l.endpoints, laneEndpoint(t, db, sql))
	}
	began := time.Now()
	ended := make(chan struct{})
	var clients sync.WaitGroup
	for i := range 48 {
		random := rand.New(rand.NewPCG(uint64(began.UnixNano()), uint64(i)))
		clients.Go(func() { l.client(random) })
	}
	go func() {
		clients.Wait()
		close(ended)
	}()
	w := watchMariaDB(t)
	w.killEvery(db, 50*time.Millisecond, ended)
	sum := 0
	for _, of := range l.outcomes {
		sum += of
	}
	took := time.Since(began)
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(l.outcomes)) {
		counts = append(counts, fmt.Sprintf("%s %d", name, l.outcomes[name]))
	}
	st, lanes := db.Stats(), db.LaneStats()
	t.Logf("%d requests in %v: %s; %v rode in %d batches; %d run again, %d retries, %d kills, %d outages, %d put off",
		n, took.Round(time.Millisecond), strings.Join(counts, ", "), lanes.Batches.Sum, lanes.Batches.Count(), lanes.Reruns, st.Retries, st.Kills, st.Outages, lanes.PutOffs)
	if sum != n {
		t.Errorf("got %d ends of %d requests", sum, n)
	}
	if l.outcomes["answered"] < n/2 {
		t.Errorf("got %d of %d requests answered, want most of them", l.outcomes["answered"], n)
	}
	eventually(t, 10*time.Second, "the slots are back", func() bool {
		busy, waiting := db.gate.load()
		lanes := db.LaneStats()
		return busy == lanes.Open && waiting == 0 && lanes.Busy == 0 && lanes.Waiting == 0
	})
	eventually(t, 10*time.Second, "no connection but ours", func() bool { return w.others() <= db.open()+1 })
	if err := db.Close(context.Background()); err != nil {
		t.Error(err)
	}
	eventually(t, 10*time.Second, "the connections are gone", func() bool { return w.others() == 0 })
}

// killEvery has the server end one of the database's connections in every
// period, until ended. Its control connection is spared: without it a server
// counts as silent.
func (w watch) killEvery(db *Database, period time.Duration, ended <-chan struct{}) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		victim := w.number(fmt.Sprintf("select coalesce((select id from information_schema.processlist "+
			"where user = 'root' and id not in (connection_id(), %d) order by rand() limit 1), 0)", db.killer.thread()))
		w.conn.SetDeadline(time.Now().Add(10 * time.Second))
		w.conn.Kill(uint32(victim))
		err := w.conn.Flush()
		if err == nil {
			err = w.conn.ReadResult(new(wire.Result))
		}
		if err != nil && refusal(err) != errorUnknownThread { // it may have gone by itself
			w.t.Fatal(err)
		}
	}
}

// thread returns the control connection's number, or 0 without one.
func (k *killer) thread() uint32 {
	k.turn <- struct{}{}
	defer k.pass()
	if k.control == nil {
		return 0
	}
	return k.control.Server().ThreadID
}
