package sqlapi

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// inFormat returns the endpoint of a statement that answers in a format.
func inFormat(t testing.TB, db *Database, sql string, c FormatConfig, a AnswerConfig) *Endpoint {
	t.Helper()
	e, err := db.Endpoint(EndpointConfig{SQL: sql, FormatConfig: c, AnswerConfig: a})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// dialect returns settings for CSV, changed from the defaults.
func dialect(change func(*CSVConfig)) *CSVConfig {
	c := new(CSVConfig)
	c.SetDefaults()
	if change != nil {
		change(c)
	}
	return c
}

// TestCSVLikeTheOldStack holds CSV against what rds-csv is documented to do.
func TestCSVLikeTheOldStack(t *testing.T) {
	cfg := mariaDBConfig(t)
	err := mariaDB(t).Run("create or replace table cats (id int, name varchar(50), z int(5) zerofill, d decimal(6,2), b bit(8), t datetime, x blob);" +
		`insert into cats values (2, null, 7, 1.50, b'01000001', '2026-11-22 01:02:03', x'ff00'), (3, 'bob', 42, -1, null, null, ''), (4, 'a,b', null, null, null, null, 'say "hi"'),` +
		` (5, 'two\r\nlines', null, null, null, null, '\n'), (6, '', null, null, null, null, ' a;b\t')`)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	f := func(sql string, c *CSVConfig, want string) {
		t.Helper()
		for range 2 { // the second time from what was prepared
			got, err := serve(inFormat(t, db, sql, FormatConfig{Format: "csv", CSV: c}, AnswerConfig{}), asker{}, "")
			if err != nil || got != want {
				t.Errorf("%s: got %q, %v\nwant %q", sql, got, err, want)
			}
		}
	}
	f("select id, name from cats where id < 4 order by id", nil, "id,name\r\n2,\r\n3,bob\r\n")
	f("select * from cats order by id", nil, "id,name,z,d,b,t,x\r\n"+
		"2,,00007,1.50,A,2026-11-22 01:02:03,\xff\x00\r\n"+
		"3,bob,00042,-1.00,,,\r\n"+
		"4,\"a,b\",,,,,\"say \"\"hi\"\"\"\r\n"+
		"5,\"two\r\nlines\",,,,,\"\n\"\r\n"+
		"6,,,,,, a;b\t\r\n")
	f("select id from cats where id = 99", nil, "id\r\n")
	f("select null as n from cats where id = 2", nil, "n\r\n\r\n")
	f("select 1 as `a,\"b`, 2 as `x`, 3 as `x`", nil, "\"a,\"\"b\",x,x\r\n1,2,3\r\n")
	f("select id, name from cats where id = 4", dialect(func(c *CSVConfig) { c.Separator, c.Terminator = ";", "\n" }), "id;name\n4;a,b\n")
	f("select x, id from cats where id = 6", dialect(func(c *CSVConfig) { c.Separator, c.Header = ";", false }), "\" a;b\t\";6\r\n")
	f("select x, id from cats where id = 6", dialect(func(c *CSVConfig) { c.Separator, c.Header = "\t", false }), "\" a;b\t\"\t6\r\n")
}

// TestCSVOfEveryType has one row of all types, in both protocols.
func TestCSVOfEveryType(t *testing.T) {
	cfg := mariaDBConfig(t)
	err := mariaDB(t).Run("create or replace table kinds (i tinyint, u bigint unsigned, y year, f float, d double, m decimal(20,5), da date, ts timestamp(3) null, tm time," +
		" s set('a','b'), e enum('x','y;z'), j json, c char(3), bl longblob, vb varbinary(9), bo boolean, la varchar(9) charset latin1);" +
		` insert into kinds values (-1, 18446744073709551615, 2026, 1.5, 1e20, 123456789012345.00001, '2026-11-22', '2026-11-22 01:02:03.004', '-01:02:03',` +
		` 'a,b', 'y;z', '{"k": "v"}', 'q', x'00010d', x'22', true, 'ü'), (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)`)
	if err != nil {
		t.Fatal(err)
	}
	e := inFormat(t, open(t, cfg), "select * from kinds order by i desc", FormatConfig{Format: "csv", CSV: dialect(func(c *CSVConfig) { c.Header = false })}, AnswerConfig{})
	want := "-1,18446744073709551615,2026,1.5,1e20,123456789012345.00001,2026-11-22,2026-11-22 01:02:03.004,-01:02:03,\"a,b\",y;z,\"{\"\"k\"\": \"\"v\"\"}\",q,\"\x00\x01\r\",\"\"\"\",1,ü\r\n" +
		",,,,,,,,,,,,,,,,\r\n"
	for _, prepared := range []bool{true, false} {
		e.query.unpreparable.Store(!prepared)
		if got, err := serve(e, asker{}, ""); err != nil || got != want {
			t.Errorf("prepared %t: got %q, %v\nwant %q", prepared, got, err, want)
		}
	}
}

// What a statement without rows did has the names in front, too.
func TestFormatsOfAnEffect(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		f := func(sql string, c FormatConfig, want string) {
			t.Helper()
			if got, err := serve(inFormat(t, db, sql, c, AnswerConfig{}), asker{}, ""); err != nil || got != want {
				t.Errorf("%s: got %q, %v, want %q", sql, got, err, want)
			}
		}
		f("insert into note (n) values (1)", FormatConfig{Format: "csv"}, "errcode,errstr,insert_id,affected_rows\r\n0,,1,1\r\n")
		f("delete from note where n = 99", FormatConfig{Format: "csv", CSV: dialect(func(c *CSVConfig) { c.Header, c.Separator = false, ";" })}, "0;;0;0\r\n")
		f("insert into note (n) values (1)", FormatConfig{Format: "ndjson"}, `{"errcode":0,"insert_id":2,"affected_rows":1}`+"\n")
	})
}

func TestNDJSON(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		f := func(sql string, a AnswerConfig, want string, wantErr error) {
			t.Helper()
			got, err := serve(inFormat(t, db, sql, FormatConfig{Format: "ndjson"}, a), asker{}, "")
			if !errors.Is(err, wantErr) || got != want {
				t.Errorf("%s: got %q, %v, want %q, %v", sql, got, err, want, wantErr)
			}
		}
		f("select id, user from user order by id", AnswerConfig{}, `{"id":1,"user":"bob"}`+"\n"+`{"id":2,"user":"eve"}`+"\n"+`{"id":3,"user":"ünï"}`+"\n", nil)
		f("select null as a, 'two\nlines' as b", AnswerConfig{}, `{"a":null,"b":"two\nlines"}`+"\n", nil)
		f("select id from user where id = 99", AnswerConfig{}, "", nil)
		f("select id from user where id = 2", AnswerConfig{Shape: "object"}, `{"id":2}`+"\n", nil)
		f("select id from user where id = 99", AnswerConfig{Shape: "object"}, "", ErrNoRow)
	})
}

// TestCSVTypes writes the types of the configuration as text.
func TestCSVTypes(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.TimeZone = "UTC"
	db := open(t, cfg)
	f := func(sql string, types TypesConfig, want string) {
		t.Helper()
		e := inFormat(t, db, sql, FormatConfig{Format: "csv", CSV: dialect(func(c *CSVConfig) { c.Header = false })}, AnswerConfig{TypesConfig: types})
		if got, err := serve(e, asker{}, ""); err != nil || got != want+"\r\n" {
			t.Errorf("%s: got %q, %v, want %q", sql, got, err, want)
		}
	}
	f("select cast(x'00ff' as binary) as b, null as n", TypesConfig{Blob: "base64"}, "AP8=,")
	f("select cast(x'00ff' as binary) as b", TypesConfig{Blob: "hex"}, "00ff")
	f("select cast(x'' as binary) as b", TypesConfig{Blob: "hex"}, "")
	f("select cast('2026-11-22 01:02:03' as datetime) as d", TypesConfig{Datetime: "rfc3339"}, "2026-11-22T01:02:03Z")
	f("select 9007199254740993 as big, 1.50 as d", TypesConfig{BigInt: "string", Decimal: "string"}, "9007199254740993,1.50")
	if err := mariaDB(t).Run("create or replace table flags (f tinyint(1), b bit(1), c bit(16)); insert into flags values (1, b'1', b'100000001')"); err != nil {
		t.Fatal(err)
	}
	f("select f, b, c from flags", TypesConfig{TinyInt1: "boolean", Bit: "boolean"}, "true,true,257")
}

func TestCSVEscapesFormulas(t *testing.T) {
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	f := func(escape bool, want string) {
		t.Helper()
		c := dialect(func(c *CSVConfig) { c.Header, c.EscapeFormulas = false, escape })
		got, err := serve(inFormat(t, db, `select '=1+1' as a, '+1' as b, '-1' as c, '@x' as d, '\t=1' as e, '=HYPERLINK("x","y")' as f, -1 as n, 'a=1' as t, '' as z,`+
			` cast('-01:02:03' as time) as u, '\n=' as v`, FormatConfig{Format: "csv", CSV: c}, AnswerConfig{}), asker{}, "")
		if err != nil || got != want {
			t.Errorf("got %q, %v\nwant %q", got, err, want)
		}
	}
	f(false, "=1+1,+1,-1,@x,\t=1,\"=HYPERLINK(\"\"x\"\",\"\"y\"\")\",-1,a=1,,-01:02:03,\"\n=\"\r\n")
	f(true, "'=1+1,'+1,'-1,'@x,'\t=1,\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\",-1,a=1,,-01:02:03,\"'\n=\"\r\n")
}

// TestCSVComesBack has encoding/csv read what was written of random fields.
func TestCSVComesBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 4))
	pieces := []string{"", "a", "\"", ",", ";", "\t", "\n", "\r\n", "é", "\xff", "\x00", " ", "😀", "=", "'", `\.`, "#"}
	text := func() []byte {
		var b []byte
		for range rng.IntN(6) {
			b = append(b, pieces[rng.IntN(len(pieces))]...)
		}
		return b
	}
	for _, c := range []*CSVConfig{
		dialect(nil), dialect(func(c *CSVConfig) { c.Separator, c.Terminator = ";", "\n" }), dialect(func(c *CSVConfig) { c.Separator = "\t" }),
	} {
		for range 2_000 {
			var written []byte
			var want [][]string
			columns := 2 + rng.IntN(3)
			for range 1 + rng.IntN(4) {
				var row []string
				for i := range columns {
					if i > 0 {
						written = append(written, c.Separator...)
					}
					field := text()
					written = c.appendField(written, field)
					// The reader makes one line end of both.
					row = append(row, strings.ReplaceAll(string(field), "\r\n", "\n"))
				}
				written = append(written, c.Terminator...)
				want = append(want, row)
			}
			reader := csv.NewReader(bytes.NewReader(written))
			reader.Comma = rune(c.Separator[0])
			got, err := reader.ReadAll()
			if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("%q: got %q, %v, want %q", written, got, err, want)
			}
		}
	}
}

// TestCSVOfServerRows has encoding/csv read what came of real rows, and
// compares it with the JSON of the same rows, on both paths to the server.
func TestCSVOfServerRows(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run("create or replace table mixed (id int auto_increment primary key, v varchar(60), b blob, n bigint, d double)"); err != nil {
		t.Fatal(err)
	}
	var insert strings.Builder
	rng := rand.New(rand.NewPCG(1, 5))
	var want [][]string
	for i := range 300 {
		v := []byte(strings.Repeat([]string{"x", `"`, ",", "é", "\n"}[rng.IntN(5)], rng.IntN(8)))
		b := make([]byte, rng.IntN(9))
		for j := range b {
			b[j] = byte(rng.IntN(256))
		}
		b = bytes.ReplaceAll(b, []byte("\r"), []byte("R"))
		n := rng.Int64() - 1<<62
		fmt.Fprintf(&insert, "insert into mixed (v, b, n, d) values (x'%x', x'%x', %d, null);", v, b, n)
		want = append(want, []string{fmt.Sprint(i + 1), string(v), string(b), fmt.Sprint(n), ""})
	}
	if err := mariaDB(t).Run(insert.String()); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	e := inFormat(t, db, "select * from mixed order by id", FormatConfig{Format: "csv"}, AnswerConfig{})
	for _, prepared := range []bool{true, false} {
		e.query.unpreparable.Store(!prepared)
		got, err := serve(e, asker{}, "")
		if err != nil {
			t.Fatal(err)
		}
		reader := csv.NewReader(strings.NewReader(got))
		names, err := reader.Read()
		if err != nil || strings.Join(names, " ") != "id v b n d" {
			t.Fatalf("got the names %q, %v", names, err)
		}
		for i := 0; ; i++ {
			row, err := reader.Read()
			if err == io.EOF && i == len(want) {
				break
			}
			if err != nil || !slices.Equal(row, want[i]) {
				t.Fatalf("prepared %t, row %d: got %q, %v, want %q", prepared, i, row, err, want[i])
			}
		}
	}
}

// TestFormatOfARequest asks one endpoint in several ways.
func TestFormatOfARequest(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		e := inFormat(t, db, "select id from user where id = 1", FormatConfig{Formats: []string{"csv", "json", "ndjson"}}, AnswerConfig{})
		f := func(e *Endpoint, accept, contentType, vary, body string, wantErr error) {
			t.Helper()
			rc := writeRequest("")
			if accept != "" {
				rc.Request.Header.Set("Accept", accept)
			}
			err := e.Serve(asker{Context: t.Context()}, rc)
			got := string(rc.Response.Header.ContentType()) + "|" + string(rc.Response.Header.Peek("Vary")) + "|" + string(rc.Response.Body())
			if want := contentType + "|" + vary + "|" + body; !errors.Is(err, wantErr) || err == nil && got != want {
				t.Errorf("Accept: %s: got %q, %v, want %q, %v", accept, got, err, want, wantErr)
			}
			if err != nil && len(rc.Response.Body()) > 0 {
				t.Errorf("Accept: %s: wrote %q and returned %v", accept, rc.Response.Body(), err)
			}
		}
		csvType, ndjsonType, jsonType := "text/csv; header=presence", "application/x-ndjson", "application/json"
		f(e, "", jsonType, "Accept", `[{"id":1}]`, nil)
		f(e, "*/*", jsonType, "Accept", `[{"id":1}]`, nil)
		f(e, "text/csv, application/json;q=0.9", csvType, "Accept", "id\r\n1\r\n", nil)
		f(e, "application/x-ndjson", ndjsonType, "Accept", `{"id":1}`+"\n", nil)
		f(e, "text/html", "", "", "", ErrNotAcceptable)

		fixed, err := e.In("csv")
		if err != nil {
			t.Fatal(err)
		}
		f(fixed, "text/html", csvType, "", "id\r\n1\r\n", nil)
		plain := inFormat(t, db, "select 1 as id", FormatConfig{}, AnswerConfig{})
		f(plain, "text/csv", jsonType, "", `[{"id":1}]`, nil)
		if _, err := plain.In("csv"); err == nil {
			t.Error("an endpoint of JSON has a variant in CSV")
		}
		if _, err := e.In("xml"); err == nil {
			t.Error("an endpoint has a variant in XML")
		}
		// Without JSON the first format is what a request without a wish gets.
		noJSON := inFormat(t, db, "select 1 as id", FormatConfig{Formats: []string{"csv", "ndjson"}}, AnswerConfig{})
		f(noJSON, "", csvType, "Accept", "id\r\n1\r\n", nil)
		f(noJSON, "application/json", "", "", "", ErrNotAcceptable)
	})
}

// A request that is refused for its Accept header has had no effect.
func TestNotAcceptableWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		e := inFormat(t, db, "insert into note (n) values (1)", FormatConfig{Formats: []string{"json"}}, AnswerConfig{})
		rc := writeRequest("")
		rc.Request.Header.Set("Accept", "text/csv")
		if err := e.Serve(asker{Context: t.Context()}, rc); !errors.Is(err, ErrNotAcceptable) {
			t.Errorf("got %v, want %v", err, ErrNotAcceptable)
		}
		if got, err := serve(endpoint(t, db, "select count(*) as n from note"), asker{}, ""); err != nil || got != `[{"n":0}]` {
			t.Errorf("got %s, %v, want nothing written", got, err)
		}
	})
}

// TestFormatsAllocate shows that a row costs no allocation in any format.
func TestFormatsAllocate(t *testing.T) {
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	allocations := func(format string, rows int) float64 {
		e := inFormat(t, db, fmt.Sprintf("select seq as id, concat('\"a,', seq) as name, 1.5 as d, now() as t from seq_1_to_%d", rows),
			FormatConfig{Format: format, CSV: nil}, AnswerConfig{})
		rc := new(fasthttp.RequestCtx)
		a := asker{Context: t.Context()}
		serve := func() {
			if err := e.Serve(a, rc); err != nil {
				t.Fatal(err)
			}
		}
		serve()
		return testing.AllocsPerRun(20, serve)
	}
	for _, format := range formatNames {
		few, many := allocations(format, 1), allocations(format, 1001)
		if many > few+20 {
			t.Errorf("%s: 1000 more rows cost %v allocations, want none each", format, many-few)
		}
	}
}
