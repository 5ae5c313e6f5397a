package wire

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sameText asks for the rows of table v in both protocols, and wants the texts
// that this package makes of binary values to be those of the server.
func sameText(t *testing.T, c *Conn, table, values string) {
	t.Helper()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	ask(t, c, "set sql_mode = ''")
	ask(t, c, "create or replace temporary table v ("+table+")")
	ask(t, c, "insert into v values "+values)
	s := prepare(t, c, "select * from v")
	c.Query("select * from v")
	c.Execute(s, nil)
	c.CloseStatement(s)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	want, err := rows(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || len(got) != len(want) {
		t.Fatalf("got %d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: got %s, want %s", table, got[i], want[i])
		}
	}
}

func TestBinaryTextIsServerText(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	f := func(table string, values ...string) {
		t.Helper()
		sameText(t, c, table, "("+strings.Join(values, "),(")+")")
	}
	f("a tinyint, b tinyint unsigned, c tinyint(1)", "-128,255,1", "127,0,0", "null,null,null")
	f("a smallint, b smallint unsigned, c year", "-32768,65535,1901", "32767,0,0", "1,1,2155")
	f("a mediumint, b mediumint unsigned", "-8388608,16777215", "8388607,0")
	f("a int, b int unsigned", "-2147483648,4294967295", "2147483647,0")
	f("a bigint, b bigint unsigned", "-9223372036854775808,18446744073709551615", "9223372036854775807,0")
	f("a int(5) zerofill, b bigint zerofill, c tinyint zerofill, d float zerofill, e double(8,2) zerofill, g decimal(8,2) zerofill",
		"42,42,7,1.5,1.5,1.5", "0,0,0,0,0,0", "123456,1,255,1e20,99999.99,3")
	f("a decimal(30,10), b decimal(65,0), c decimal(5,5)", "-1.5,99999999999999999999999999,0.12345", "0,0,0", "null,null,null")
	f("a date, b datetime, c timestamp null, d time", "'2026-11-22','2026-11-22 01:02:03','2026-11-22 01:02:03','01:02:03'",
		"'0000-00-00','0000-00-00 00:00:00','0000-00-00 00:00:00','00:00:00'",
		"'9999-12-31','9999-12-31 23:59:59','2037-01-01 00:00:00','-838:59:59'", "'2026-01-00','2026-11-22 00:00:00',null,'838:59:59'")
	f("a datetime(6), b datetime(3), c datetime(1), d time(6), e time(2), g timestamp(4) null",
		"'2026-11-22 01:02:03.000001','2026-11-22 01:02:03.1','2026-11-22 01:02:03.9','-01:02:03.000009','25:00:00.5','2026-11-22 01:02:03.5'",
		"'0000-00-00','2026-11-22','2026-11-22','0','0',null")
	f("a bit(1), b bit(20), c varchar(10), d blob, e enum('a','b'), g set('x','y')", "b'1',b'1010','',x'00ff','b','x,y'", "0,0,'é','','a',''")
	f("a json, b text, c binary(3), d varbinary(3), e char(4)", `'{"a": 1}','t','a','b','c'`)
}

func TestFloatTextIsServerText(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	numbers := []string{"0", "-0e0", "1", "-1", "0.1", "16777216", "123456.789", "1e15", "1e14", "999999999999999", "1e16", "1e-15", "1e-14",
		"1e-16", "1.5e-20", "1e20", "-1.5e20", "3.4e38", "1.17549435e-38", "1e-45", "0.1e0+0.2e0", "123456789012345678", "0.000123456789", "9.999995", "9999995"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		f := math.Float32frombits(random.Uint32())
		if f32 := float64(f); !math.IsNaN(f32) && !math.IsInf(f32, 0) {
			numbers = append(numbers, strconv.FormatFloat(f32, 'e', -1, 32))
		}
		numbers = append(numbers, strconv.FormatFloat(random.NormFloat64()*math.Pow10(random.IntN(36)-18), 'e', random.IntN(8), 64))
	}
	var values []string
	for _, n := range numbers {
		values = append(values, fmt.Sprintf("(%s,%s,%s,%s,%s)", n, n, n, n, n))
	}
	sameText(t, c, "a float, b double, c float(10,3), d double(20,4), e float unsigned", strings.Join(values, ","))
	values = values[:0]
	for range 2000 {
		f := math.Float64frombits(random.Uint64())
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			values = append(values, "("+strconv.FormatFloat(f, 'e', -1, 64)+")")
		}
	}
	sameText(t, c, "a double", strings.Join(values, ","))
}
