package sqlapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// serveMarked is serve, with what the header X-Truncated says.
func serveMarked(t *testing.T, e *Endpoint, q string) (body, mark string, err error) {
	t.Helper()
	rc := writeRequest(q)
	err = e.Serve(asker{Context: context.Background()}, rc)
	return string(rc.Response.Body()), string(rc.Response.Header.Peek("X-Truncated")), err
}

func TestLimits(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		f := func(set func(*EndpointConfig), want, wantMark string, wantErr error) {
			t.Helper()
			e := configured(t, db, "select id, user from user order by id", set)
			for range 2 {
				got, mark, err := serveMarked(t, e, "v=x")
				if got != want || mark != wantMark || !errors.Is(err, wantErr) {
					t.Errorf("got %s, %q, %v, want %s, %q, %v", got, mark, err, want, wantMark, wantErr)
				}
			}
		}
		whole := `[{"id":1,"user":"bob"},{"id":2,"user":"eve"},{"id":3,"user":"ünï"}]`
		f(func(c *EndpointConfig) { c.MaxRows = 3 }, whole, "", nil)
		f(func(c *EndpointConfig) { c.MaxRows = 2 }, "", "", ErrTooLong)
		f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit = 2, "error" }, "", "", ErrTooLong)
		f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit = 3, "truncate" }, whole, "", nil)
		f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit = 2, "truncate" }, `[{"id":1,"user":"bob"},{"id":2,"user":"eve"}]`, "max_rows", nil)
		f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit, c.Shape = 1, "truncate", "compact" }, `[["id","user"],[1,"bob"]]`, "max_rows", nil)
		f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit, c.Root = 1, "truncate", "rows" }, `{"rows":[{"id":1,"user":"bob"}],"truncated":true}`, "max_rows", nil)
		f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit, c.Root = 3, "truncate", "rows" }, `{"rows":`+whole+`}`, "", nil)
		f(func(c *EndpointConfig) { c.MaxBytes = 100 }, whole, "", nil)
		f(func(c *EndpointConfig) { c.MaxBytes = 64 }, "", "", ErrTooLong)
		f(func(c *EndpointConfig) { c.MaxBytes, c.OnLimit = 65, "truncate" }, `[{"id":1,"user":"bob"},{"id":2,"user":"eve"}]`, "max_bytes", nil)
		f(func(c *EndpointConfig) { c.MaxBytes, c.MaxRows, c.OnLimit = 64, 1, "truncate" }, `[{"id":1,"user":"bob"}]`, "max_rows", nil)
		f(func(c *EndpointConfig) { c.MaxBytes, c.Shape, c.First = 64, "object", true }, `{"id":1,"user":"bob"}`, "", nil)
	})
}

// TestLimitSaysWhich has the log know what to change.
func TestLimitSaysWhich(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	f := func(want string, set func(*EndpointConfig)) {
		t.Helper()
		if _, err := serve(configured(t, db, "select seq from seq_1_to_100", set), asker{}, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f("more than max_rows = 7 rows", func(c *EndpointConfig) { c.MaxRows = 7 })
	f("more than max_bytes = 100 bytes", func(c *EndpointConfig) { c.MaxBytes = 100 })
}

// TestBodiesStayInTheirLimit truncates results of many widths: a body is valid
// JSON, within max_bytes, and no row shorter than it could be.
func TestBodiesStayInTheirLimit(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	for bytes := int64(64); bytes < 400; bytes += 7 {
		for _, root := range []string{"", "rows"} {
			e := configured(t, db, "select seq, repeat('x', seq % 17) as x from seq_1_to_100", func(c *EndpointConfig) {
				c.MaxBytes, c.OnLimit, c.Root = bytes, "truncate", root
			})
			got, mark, err := serveMarked(t, e, "")
			if err != nil || mark != "max_bytes" || !json.Valid([]byte(got)) || int64(len(got)) > bytes || strings.Contains(got, "truncated") != (root != "") {
				t.Errorf("%d bytes: got %s, %q, %v", bytes, got, mark, err)
			}
			next := fmt.Sprintf(`,{"seq":%d,"x":"%s"}`, strings.Count(got, "seq")+1, strings.Repeat("x", (strings.Count(got, "seq")+1)%17))
			if most := len(got) + len(next) + closing; int64(most) < bytes {
				t.Errorf("%d bytes: got %s with %d, where another row would have fitted", bytes, got, len(got))
			}
		}
	}
}

func TestDatabaseLimitSaysSo(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.MaxBytes = 64 << 10
	e := endpoint(t, open(t, cfg), "select repeat('x', 1000) as x from seq_1_to_1000")
	if _, err := serve(e, asker{}, ""); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
}
