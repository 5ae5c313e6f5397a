package wire

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// columnKind is a column of one type, and how to make a value for it.
type columnKind struct {
	declaration string
	literal     func(*rand.Rand) string
}

// everyType are the types of MySQL and MariaDB, each with values from all over
// its range, its ends more often than chance would have it.
func everyType() []columnKind {
	integer := func(bits int, unsigned bool) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			n := r.Uint64() >> (64 - bits) >> r.IntN(bits)
			if r.IntN(8) == 0 {
				n = 1<<bits - 1
			}
			if unsigned {
				return strconv.FormatUint(n, 10)
			}
			return strconv.FormatInt(int64(n<<(64-bits))>>(64-bits), 10)
		}
	}
	floating := func(exponents int) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			f := r.NormFloat64() * math.Pow10(r.IntN(2*exponents)-exponents)
			return strconv.FormatFloat(f, 'e', r.IntN(17), 64)
		}
	}
	decimal := func(whole, fraction int) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			s := "-"[:r.IntN(2)]
			for range 1 + r.IntN(whole) {
				s += strconv.Itoa(r.IntN(10))
			}
			for i := range r.IntN(fraction + 1) {
				s += "."[:max(0, 1-i)] + strconv.Itoa(r.IntN(10))
			}
			return s
		}
	}
	clock := func(r *rand.Rand, most int) string {
		return fmt.Sprintf("%02d:%02d:%02d.%06d", r.IntN(most), r.IntN(60), r.IntN(60), r.IntN(1e6))
	}
	date := func(r *rand.Rand) string {
		if r.IntN(10) == 0 {
			return "0000-00-00"
		}
		return fmt.Sprintf("%04d-%02d-%02d", 1+r.IntN(9999), r.IntN(13), r.IntN(29))
	}
	quoted := func(f func(*rand.Rand) string) func(*rand.Rand) string {
		return func(r *rand.Rand) string { return "'" + f(r) + "'" }
	}
	times := quoted(func(r *rand.Rand) string { return "-"[:r.IntN(2)] + clock(r, 839) })
	datetimes := quoted(func(r *rand.Rand) string { return date(r) + " " + clock(r, 24) })
	timestamps := quoted(func(r *rand.Rand) string {
		return time.Unix(r.Int64N(math.MaxInt32), r.Int64N(1e9)).UTC().Format("2006-01-02 15:04:05.000000")
	})
	bytes := func(most int, values int) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			b := make([]byte, r.IntN(most+1))
			for i := range b {
				b[i] = byte(r.IntN(values))
			}
			return "x'" + hex.EncodeToString(b) + "'"
		}
	}
	text := func(most int) func(*rand.Rand) string {
		return func(r *rand.Rand) string {
			var s string
			for range r.IntN(most + 1) {
				s += string([]rune("aZ0 '\"\\\n\x00é漢😀\u2028/")[r.IntN(14)])
			}
			return "convert(x'" + hex.EncodeToString([]byte(s)) + "' using utf8mb4)"
		}
	}
	kinds := []columnKind{
		{"tinyint(1)", integer(8, false)}, {"int(5) zerofill", integer(32, true)}, {"bigint zerofill", integer(64, true)},
		{"year", func(r *rand.Rand) string { return strconv.Itoa(r.IntN(255) + 1901) }}, {"boolean", integer(1, true)},
		{"float", floating(30)}, {"double", floating(300)}, {"float(10,3)", floating(6)}, {"double(20,4)", floating(12)}, {"double zerofill", floating(9)},
		{"decimal(30,10)", decimal(20, 10)}, {"decimal(65,0)", decimal(65, 0)}, {"decimal(30,30)", decimal(1, 30)}, {"decimal(8,2) zerofill", decimal(6, 2)},
		{"date", quoted(date)}, {"time", times}, {"time(3)", times}, {"time(6)", times}, {"datetime", datetimes}, {"datetime(2)", datetimes}, {"datetime(6)", datetimes},
		{"timestamp null", timestamps}, {"timestamp(5) null", timestamps},
		{"char(9)", text(9)}, {"varchar(40)", text(40)}, {"varchar(300)", text(300)}, {"tinytext", text(40)}, {"text", text(40)}, {"mediumtext", text(40)}, {"longtext", text(400)},
		{"char(5) character set latin1", bytes(5, 128)}, {"binary(7)", bytes(7, 256)}, {"varbinary(40)", bytes(40, 256)},
		{"tinyblob", bytes(200, 256)}, {"blob", bytes(300, 256)}, {"mediumblob", bytes(40, 256)}, {"longblob", bytes(70_000, 256)},
		{"bit(1)", integer(1, true)}, {"bit(20)", integer(20, true)}, {"bit(64)", integer(64, true)},
		{"enum('a','é','''')", func(r *rand.Rand) string { return strconv.Itoa(1 + r.IntN(3)) }}, {"set('x','y','z')", func(r *rand.Rand) string { return strconv.Itoa(r.IntN(8)) }},
		{"json", func(r *rand.Rand) string { return fmt.Sprintf(`'{"k": [%d, null, "é"]}'`, r.IntN(100)) }},
		{"point", func(r *rand.Rand) string { return fmt.Sprintf("point(%d, %d)", r.IntN(100), -r.IntN(100)) }},
		{"uuid", func(r *rand.Rand) string { return fmt.Sprintf("'%08x-1234-4321-8888-%012x'", r.Uint32(), r.Uint32()) }},
		{"inet6", func(r *rand.Rand) string { return fmt.Sprintf("'2001:db8::%x'", 1+r.IntN(65535)) }},
	}
	for bits, name := range map[int]string{8: "tinyint", 16: "smallint", 24: "mediumint", 32: "int", 64: "bigint"} {
		kinds = append(kinds, columnKind{name, integer(bits, false)}, columnKind{name + " unsigned", integer(bits, true)})
	}
	return kinds
}

// TestDifferential fills a table with random values of every type and reads it
// prepared and as text, here and with database/sql and the driver. Here both
// are the same bytes, those of the server. The driver's are the same as well,
// but for numbers whose digits it prints itself: those must be the same number.
func TestDifferential(t *testing.T) {
	server := mariaDB(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kinds := everyType()
	var script strings.Builder
	script.WriteString("set sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'; create or replace table every (id int primary key")
	for i, kind := range kinds {
		fmt.Fprintf(&script, ", c%d %s", i, kind.declaration)
	}
	script.WriteString(");\n")
	for id := range 250 {
		fmt.Fprintf(&script, "insert ignore into every values (%d", id)
		for _, kind := range kinds {
			literal := "null"
			if random.IntN(8) > 0 {
				literal = kind.literal(random)
			}
			script.WriteString(", " + literal)
		}
		script.WriteString(");\n")
	}
	if err := server.Run(script.String()); err != nil {
		t.Fatal(err)
	}
	c := dialLarge(t)
	s := prepare(t, c, "select * from every where id >= ? order by id")
	c.Execute(s, []Argument{{Text: []byte("0")}})
	c.Flush()
	prepared := allFields(t, c)
	c.Query("select * from every where id >= '0' order by id")
	c.Flush()
	text := allFields(t, c)

	db, err := sql.Open("mysql", server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	oracle := driverFields(t, db, "select * from every where id >= 0 order by id")
	driverPrepared := driverFields(t, db, "select * from every where id >= ? order by id", 0)
	if len(prepared) != 250*(len(kinds)+1) || len(text) != len(prepared) || len(oracle) != len(prepared) || len(driverPrepared) != len(prepared) {
		t.Fatalf("got %d, %d, %d and %d fields, want %d", len(prepared), len(text), len(oracle), len(driverPrepared), 250*(len(kinds)+1))
	}
	for i, want := range oracle {
		declaration := "id"
		if column := i % (len(kinds) + 1); column > 0 {
			declaration = kinds[column-1].declaration
		}
		if text[i] != prepared[i] {
			t.Errorf("%s: got %q prepared, want %q", declaration, prepared[i], text[i])
		}
		for _, want := range []string{want, driverPrepared[i]} {
			if text[i] != want && !sameNumber(text[i], want, declaration) {
				t.Errorf("%s: got %q, want %q", declaration, text[i], want)
			}
		}
	}
}

// sameNumber reports whether two texts of a column are one number: the server
// pads some, and shows six digits of a FLOAT.
func sameNumber(a, b, declaration string) bool {
	if declaration == "int(5) zerofill" || declaration == "bigint zerofill" {
		return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0")
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	switch {
	case err != nil || err2 != nil:
		return false
	case declaration == "float(10,3)":
		return math.Abs(x-y) <= 5e-4+1e-7*math.Abs(y)
	case declaration == "float":
		return math.Abs(x-y) <= 5.1e-6*math.Abs(y)
	case declaration == "double(20,4)":
		return math.Abs(x-y) <= 5e-5
	case declaration == "double", declaration == "double zerofill":
		return x == y
	}
	return false
}

// allFields reads a result, the fields of all rows behind each other.
func allFields(t testing.TB, c *Conn) []string {
	t.Helper()
	var r Result
	if err := c.ReadResult(&r); err != nil {
		t.Fatal(err)
	}
	var all []string
	for {
		fields, err := rowFields(c, &r)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fields...)
	}
}

// driverFields does the same with database/sql.
func driverFields(t testing.TB, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	result, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var fields []string
	for result.Next() {
		if err := result.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if v == nil {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, string(v))
			}
		}
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return fields
}
