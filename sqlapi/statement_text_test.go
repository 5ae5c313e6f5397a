package sqlapi

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"zerohop/sqlapi/wire"
)

// texts returns strings as the values of parameters.
func texts(values ...string) []wire.Argument {
	var args []wire.Argument
	for _, v := range values {
		args = append(args, wire.Argument{Text: []byte(v)})
	}
	return args
}

func TestWithValues(t *testing.T) {
	f := func(sql, want string, values ...string) {
		t.Helper()
		s, err := ParseStatement(sql)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.withValues(texts(values...)); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
	f("select 1", "select 1")
	f("select :query.a", "select  'x' ", "x")
	f("select :query.a, :query.b from t where c = :query.a;", "select  '' ,  'b'  from t where c =  '' ", "", "b", "")
	f("select 'a':query.x'b'", "select 'a' 'y' 'b'", "y")
	f("select '?', \"?\", `?` /* ? */, :query.x # ?", "select '?', \"?\", `?` /* ? */,  'y'  # ?", "y")
	f("select :query.x", `select  '\'' `, "'")
	f("select :query.x", `select  '\\' `, `\`)
	f("select :query.x", `select  '\\\' or 1=1 -- ' `, `\' or 1=1 -- `)
	f("select :query.x", "select  'a\\0\n\r\x1a\"`?é\xff' ", "a\x00\n\r\x1a\"`?é\xff")
	f("select 1 limit :query.n", "select 1 limit  5 ", "5; drop table t")
	f("select 1 limit :query.n, :query.m", "select 1 limit  5 ,  6 ", "5", "6")
	f("select 1 limit 1, :query.m", "select 1 limit 1,  6 ", "6")
	f("select 1 LIMIT :query.n OFFSET :query.m", "select 1 LIMIT  5  OFFSET  6 ", "5", "6")
	f("select 1 fetch first :query.n rows only", "select 1 fetch first  5  rows only", "5")
	f("select 1 limit rows examined :query.n", "select 1 limit rows examined  5 ", "5")
	f("(select 1 limit 1) union select :query.a, :query.b", "(select 1 limit 1) union select  '5' ,  '6' ", "5", "6")
	f("select `limit`, :query.a, `offset` :query.b", "select `limit`,  '5' , `offset`  '6' ", "5", "6")
	f("select 'limit' :query.a, \"fetch\" :query.b", "select 'limit'  '5' , \"fetch\"  '6' ", "5", "6")
	f("select t.offset = :query.a", "select t.offset =  '5' ", "5")

}

func TestWithTypedValues(t *testing.T) {
	f := func(sql, text string, as wire.Binding, want string) {
		t.Helper()
		if got := mustParse(t, sql).withValues([]wire.Argument{{Text: []byte(text), As: as}}); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
	f("select :query.a", "5", wire.BindInteger, "select  5 ")
	f("select 1-:query.a", "-5", wire.BindInteger, "select 1- (-5) ")
	f("select :query.a", "18446744073709551615", wire.BindUnsigned, "select  18446744073709551615 ")
	f("select :query.a", "1.50", wire.BindDecimal, "select  1.50 ")
	f("select :query.a", "-7", wire.BindDecimal, "select  (-7.) ")
	f("select 1 limit :query.a", "5", wire.BindInteger, "select 1 limit  5 ")
	if got, want := mustParse(t, "select :query.a").withValues([]wire.Argument{{}}), "select  NULL "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRowCount(t *testing.T) {
	f := func(value string, want uint64) {
		t.Helper()
		if got := rowCount([]byte(value)); got != want {
			t.Errorf("%q: got %d, want %d", value, got, want)
		}
	}
	f("", 0)
	f("x", 0)
	f("12", 12)
	f(" \t12 ", 12)
	f("+12x", 12)
	f("2.9", 2)
	f("1e9", 1)
	f("-", 0)
	f("-1", math.MaxUint64)
	f("99999999999999999999", math.MaxInt64)
}

// FuzzLiteral reads literals as the server does, and wants one each, with the
// value in it.
func FuzzLiteral(f *testing.F) {
	for _, seed := range []string{"", "'", `\`, `\\'`, "\x00", "é\xc3'", "\xe0\x5c", "''"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		literal := appendLiteral(nil, value)
		got, rest, ok := readLiteral(literal)
		if !ok || len(rest) > 0 || !bytes.Equal(got, value) {
			t.Errorf("%q became %q, which is %q and then %q", value, literal, got, rest)
		}
		// And the scanner, which has the last word on where literals end.
		if s, err := ParseStatement("select " + strings.ToValidUTF8(string(literal), "x")); err == nil && len(s.Params) > 0 {
			t.Errorf("%q: a parameter in a literal", literal)
		}
	})
}

// readLiteral reads a literal in single quotes byte by byte, which is what
// utf8mb4 allows: it never has a quote or a backslash inside of a character.
func readLiteral(p []byte) (value, rest []byte, ok bool) {
	if len(p) == 0 || p[0] != '\'' {
		return nil, p, false
	}
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '\'':
			return value, p[i+1:], true
		case '\\':
			i++
			if i == len(p) {
				return nil, nil, false
			}
			if p[i] == '0' {
				value = append(value, 0)
				continue
			}
		}
		value = append(value, p[i])
	}
	return nil, nil, false
}
