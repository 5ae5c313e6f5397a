package sqlapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestLaneKeepsAnswersApart has routes of different shapes and formats ride the
// same lanes: what stands around a rider's rows, the format it has asked for,
// and the limit that cuts its answer are its own.
func TestLaneKeepsAnswersApart(t *testing.T) {
	db := open(t, laneConfig(t))
	route := func(cfg EndpointConfig) *Endpoint {
		t.Helper()
		cfg.SQL, cfg.Lane = "select user, :query.v as v from user where id <= :query.n order by id", LaneAlways
		e, err := db.Endpoint(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	wrapped := route(EndpointConfig{AnswerConfig: AnswerConfig{Root: "rows", UserProperties: [][]string{{"asked", "{query.v}"}}}})
	formats := route(EndpointConfig{FormatConfig: FormatConfig{Formats: []string{"json", "csv", "ndjson"}}})
	single := route(EndpointConfig{AnswerConfig: AnswerConfig{Shape: "object"}})
	cut := route(EndpointConfig{AnswerConfig: AnswerConfig{LimitConfig: LimitConfig{MaxRows: 1, OnLimit: "truncate"}}})

	ask := func(e *Endpoint, accept, query, want, truncated string, kind error) {
		rc := new(fasthttp.RequestCtx)
		rc.Request.SetRequestURI("/?" + query)
		rc.Request.Header.Set("Accept", accept)
		err := e.Serve(asker{Context: context.Background()}, rc)
		got := rc.Response.Body()
		if !errors.Is(err, kind) || !bytes.Equal(got, []byte(want)) || string(rc.Response.Header.Peek("X-Truncated")) != truncated {
			t.Errorf("%s, %s: got %q, %v, want %q, %v", accept, query, got, err, want, kind)
		}
	}
	var clients sync.WaitGroup
	for client := range 32 {
		clients.Go(func() {
			for n := range 40 {
				v := fmt.Sprintf("v%d-%d", client, n)
				q := "v=" + v + "&n="
				switch n % 6 {
				case 0:
					ask(wrapped, "*/*", q+"1", `{"asked":"`+v+`","rows":[{"user":"bob","v":"`+v+`"}]}`, "", nil)
				case 1:
					ask(formats, "text/csv", q+"2", "user,v\r\nbob,"+v+"\r\neve,"+v+"\r\n", "", nil)
				case 2:
					ask(formats, "application/x-ndjson", q+"1", `{"user":"bob","v":"`+v+"\"}\n", "", nil)
				case 3:
					ask(single, "", q+"0", "", "", ErrNoRow)
				case 4:
					ask(single, "", q+"1", `{"user":"bob","v":"`+v+`"}`, "", nil)
				default:
					ask(cut, "", q+"3", `[{"user":"bob","v":"`+v+`"}]`, "max_rows", nil)
				}
			}
		})
	}
	clients.Wait()
	if got := db.LaneStats(); got.Batches.Sum < 32*40 || got.Batches.Counts[0] == got.Batches.Count() {
		t.Errorf("got %+v, want every statement to have ridden, and some together", got.Batches)
	}
}

// TestLaneCutsLongAnswers has an answer end after its first row: the rest of it
// costs the lane its connection, and nobody else an answer.
func TestLaneCutsLongAnswers(t *testing.T) {
	db := open(t, laneConfig(t))
	var off atomic.Int64
	long, err := db.Endpoint(EndpointConfig{
		SQL:          "select seq from seq_1_to_9000",
		LaneConfig:   LaneConfig{LaneAlways, func(PutOff) { off.Add(1) }},
		AnswerConfig: AnswerConfig{LimitConfig: LimitConfig{MaxRows: 1, OnLimit: "truncate"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	short := laneEndpoint(t, db, "select :query.v as v")
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for n := range 30 {
				e, q, want := short, fmt.Sprintf("v=%d", n), fmt.Sprintf(`[{"v":"%d"}]`, n)
				if n%10 == 5 {
					e, want = long, `[{"seq":1}]`
				}
				if got, err := serve(e, asker{}, q); err != nil || got != want {
					t.Errorf("got %s, %v, want %s", got, err, want)
				}
			}
		})
	}
	clients.Wait()
	if off.Load() == 0 {
		t.Error("the route of the long answers was not put off")
	}
}
