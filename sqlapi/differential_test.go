package sqlapi

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// randomValue returns what a client might send for a column of any type: a
// number, a date, a text, or something hostile.
func randomValue(r *rand.Rand) string {
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	switch r.IntN(8) {
	case 0:
		return strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10)
	case 1:
		return strconv.FormatFloat(r.NormFloat64()*1e3, 'f', r.IntN(6), 64)
	case 2:
		return pick("2026-11-22", "0000-00-00", "9999-12-31", "2026-13-40") + pick("", " 01:02:03", " 25:00:00", " 23:59:59.999999")
	case 3:
		return pick("", "-") + pick("01:02:03", "838:59:59.5", "1:2", "99")
	case 4:
		return pick("", " ", "0", "1", "-0", "+1", "1e3", "0x41", "true", "null", "a", "x,y", "[1, {}]", `{"k": "v"}`)
	}
	var s []byte
	for range r.IntN(30) {
		s = append(s, pick("'", `\`, `"`, "`", "%", "_", "?", ":a", "/*", "*/", "-- ", "#", ";", "\x00", "\n", "\x1a", "a", "B", "é", "漢", "😀")...)
	}
	return string(s)
}

// TestDifferential binds random values to columns of every type in three ways:
// prepared, as text, and with database/sql and the driver. What is stored, what
// comes back, and what is refused with which error must be the same.
func TestDifferential(t *testing.T) {
	cfg := mariaDBConfig(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	server := mariaDB(t)
	db := open(t, cfg)
	oracle, err := sql.Open("mysql", server.DSN()+"?sql_mode='"+sessionMode+"'")
	if err != nil {
		t.Fatal(err)
	}
	defer oracle.Close()
	types := []string{"tinyint unsigned", "int", "bigint", "bigint unsigned zerofill", "year", "float", "double", "decimal(20,6)",
		"date", "time(3)", "datetime(6)", "timestamp null", "char(5)", "varchar(60)", "varchar(60) character set latin1", "text",
		"binary(9)", "varbinary(90)", "blob", "bit(40)", "enum('a','B','0')", "set('x','y')", "json"}
	for i, column := range types {
		table := fmt.Sprint("typed", i)
		if err := server.Run("create or replace table " + table + " (id int primary key, v " + column + ")"); err != nil {
			t.Fatal(err)
		}
		insert, read := "insert into "+table+" values (:query.id, :query.v)", "select id, v, hex(v) as h, v = :query.v as same from "+table+" where id = :query.id"
		prepared, text := endpoint(t, db, insert), inText(endpoint(t, db, insert))
		readPrepared, readText := endpoint(t, db, read), inText(endpoint(t, db, read))
		for n := range 40 {
			v := randomValue(random)
			q := func(id int) string { return fmt.Sprint("id=", id, "&v=", url.QueryEscape(v)) }
			_, first := serve(prepared, asker{}, q(3*n))
			_, second := serve(text, asker{}, q(3*n+1))
			_, third := oracle.Exec("insert into "+table+" values (?, ?)", fmt.Sprint(3*n+2), v)
			want := driverError(third)
			if refusal(first) != want || refusal(second) != want {
				t.Errorf("%s, %q: got error %d prepared, %d as text, want %d", column, v, refusal(first), refusal(second), want)
			}
			for id := 3 * n; id < 3*n+3 && want == 0; id++ {
				if err := sameRow(readPrepared, readText, oracle, table, id, v, q(id)); err != nil {
					t.Errorf("%s, %q: %v", column, v, err)
				}
			}
		}
	}
}

func driverError(err error) uint16 {
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return refused.Number
	}
	return 0
}

// sameRow reads a row in three ways and says how they differ.
func sameRow(prepared, text *Endpoint, oracle *sql.DB, table string, id int, v, q string) error {
	got, err := serve(prepared, asker{}, q)
	other, otherErr := serve(text, asker{}, q)
	if got != other || (err == nil) != (otherErr == nil) || refusal(err) != refusal(otherErr) {
		return fmt.Errorf("got %s, %v prepared, and %s, %v as text", got, err, other, otherErr)
	}
	var value, hex, same sql.RawBytes
	rows, queryErr := oracle.Query("select v, hex(v), v = ? from "+table+" where id = "+fmt.Sprint(id), v)
	if queryErr == nil {
		defer rows.Close()
		if rows.Next() {
			queryErr = rows.Scan(&value, &hex, &same)
		}
		queryErr = errors.Join(queryErr, rows.Err())
	}
	if refusal(err) != driverError(queryErr) {
		return fmt.Errorf("got %v, want %v", err, queryErr)
	}
	if err != nil { // bytes that JSON cannot hold, which the driver returns
		return nil
	}
	var fields []struct {
		H, Same json.RawMessage
	}
	if err := json.Unmarshal([]byte(got), &fields); err != nil || len(fields) != 1 {
		return fmt.Errorf("got %s: %v", got, err)
	}
	if h := bytes.Trim(fields[0].H, `"`); !bytes.Equal(h, orNull(hex)) || !bytes.Equal(fields[0].Same, orNull(same)) {
		return fmt.Errorf("got %s, want v %q, hex %s, same %s", got, value, orNull(hex), orNull(same))
	}
	return nil
}

func orNull(v sql.RawBytes) []byte {
	if v == nil {
		return []byte("null")
	}
	return v
}
