package sqlapi

import (
	"context"
	"encoding/json"
	"net"
	"reflect"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

// recorder is a connection that keeps what the server says, and can then say
// it again and again, without the server.
type recorder struct {
	net.Conn
	keeps, plays bool
	kept         []byte
	at           int
}

func (r *recorder) Read(b []byte) (int, error) {
	if r.plays {
		n := copy(b, r.kept[r.at:])
		r.at += n
		return n, nil
	}
	n, err := r.Conn.Read(b)
	if r.keeps {
		r.kept = append(r.kept, b[:n]...)
	}
	return n, err
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.plays {
		r.at = 0
		return len(b), nil
	}
	return r.Conn.Write(b)
}

// thousandRows is a result as an application may have it: whole numbers and
// others, texts with and without escapes, dates, NULLs.
const thousandRows = `select seq as id, seq * 123456789012 as account, cast(seq * 7.25 as decimal(12,2)) as amount, sqrt(seq) as factor,
	concat('user number ', seq) as name, concat('said "hi"', char(10), 'to C:\\home and left, ', repeat('x', seq % 50)) as remark,
	concat('Größe ', seq, ' · 数据库') as label, date_add(cast('2026-01-01' as date), interval seq % 365 day) as day,
	date_add(cast('2026-01-01 00:00:00' as datetime), interval seq minute) as changed, if(seq % 3 = 0, null, seq % 100) as rest from seq_1_to_1000`

// recorded returns a connection that answers the execution of a prepared
// statement from memory.
func recorded(t testing.TB, query *query) (*wire.Conn, *prepared) {
	t.Helper()
	server := mariaDB(t)
	r := new(recorder)
	dialer, err := wire.NewDialer(wire.DialerConfig{DSN: server.DSN(), MaxBytes: 1 << 30, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		r.Conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return r, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dialer.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Hour))
	conn.Query("set names utf8mb4")
	conn.Prepare(query.Text)
	conn.Flush()
	if err := conn.ReadResult(new(wire.Result)); err != nil {
		t.Fatal(err)
	}
	statement, err := conn.ReadPrepared()
	if err != nil {
		t.Fatal(err)
	}
	p := &prepared{Statement: statement, query: query}
	r.keeps = true
	if _, err := answerOf(conn, p, nil, new(call)); err != nil {
		t.Fatal(err)
	}
	r.keeps, r.plays = false, true
	return conn, p
}

// answerOf executes the statement and appends its answer.
func answerOf(conn *wire.Conn, p *prepared, dst []byte, c *call) ([]byte, error) {
	conn.Execute(p.Statement, nil)
	if err := conn.Flush(); err != nil {
		return dst, err
	}
	return p.appendAnswer(dst, conn, c)
}

// mapsOf executes the statement and returns its rows as most programs have them.
func mapsOf(conn *wire.Conn, p *prepared) ([]map[string]any, error) {
	conn.Execute(p.Statement, nil)
	if err := conn.Flush(); err != nil {
		return nil, err
	}
	var r wire.Result
	if err := conn.ReadResult(&r); err != nil {
		return nil, err
	}
	var all []map[string]any
	var space []byte
	for {
		row, err := conn.ReadRow()
		if err != nil { // the end
			return all, nil
		}
		m := make(map[string]any, len(r.Columns))
		for i := range r.Columns {
			c := &r.Columns[i]
			v, err := row.Next(c)
			if err != nil {
				return nil, err
			}
			if v.Null() {
				m[c.Name] = nil
				continue
			}
			if space = v.AppendText(space[:0], c); c.Numeric() {
				m[c.Name] = json.Number(space)
			} else {
				m[c.Name] = string(space)
			}
		}
		all = append(all, m)
	}
}

func thousandRowsQuery(t testing.TB) *query {
	t.Helper()
	ps := &parameters{}
	cfg := &EndpointConfig{SQL: thousandRows}
	a, err := newAnswer(cfg, TypesConfig{}, ps)
	if err != nil {
		t.Fatal(err)
	}
	return newQuery(cfg.scripts()[0].statement, ps, a)
}

// TestRowsAllocateNothing encodes 1,000 rows into a buffer that is large enough.
func TestRowsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	query := thousandRowsQuery(t)
	conn, p := recorded(t, query)
	c := new(call)
	body, err := answerOf(conn, p, nil, c)
	if err != nil {
		t.Fatal(err)
	}
	want, err := mapsOf(conn, p)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := decoded(t, body), decoded(t, text); len(got) != 1000 || !reflect.DeepEqual(got, want) {
		t.Errorf("our rows and those of encoding/json differ: got %.300s, want %.300s", body, text)
	}
	got := testing.AllocsPerRun(20, func() {
		if body, err = answerOf(conn, p, body[:0], c); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations for %d bytes, want none", got, len(body))
	}
}

func decoded(t *testing.T, body []byte) (rows []any) {
	t.Helper()
	v, err := decodeNumbers(body)
	if err != nil {
		t.Fatal(err)
	}
	return v.([]any)
}

// BenchmarkRows writes the same 1,000 rows of 10 columns, from the same bytes
// of the server, as this package does and with encoding/json.
func BenchmarkRows(b *testing.B) {
	query := thousandRowsQuery(b)
	conn, p := recorded(b, query)
	b.Run("zerohop", func(b *testing.B) {
		b.ReportAllocs()
		var body []byte
		c := new(call)
		for b.Loop() {
			var err error
			if body, err = answerOf(conn, p, body[:0], c); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(body)))
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.ReportAllocs()
		var body []byte
		for b.Loop() {
			rows, err := mapsOf(conn, p)
			if err != nil {
				b.Fatal(err)
			}
			if body, err = json.Marshal(rows); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(body)))
	})
}
