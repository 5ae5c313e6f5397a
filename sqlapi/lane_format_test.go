package sqlapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
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
