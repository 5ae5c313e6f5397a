package wire

import (
	"bytes"
	"io"
	"testing"
)

func text(s string, as Binding) Argument { return Argument{Text: []byte(s), As: as} }

func TestAppendArguments(t *testing.T) {
	f := func(args []Argument, want string) {
		t.Helper()
		if got := appendArguments(nil, args); !bytes.Equal(got, []byte(want)) {
			t.Errorf("%v: got %q, want %q", args, got, want)
		}
	}
	f([]Argument{text("ab", BindText)}, "\x00\x01\xfd\x00\x02ab")
	f([]Argument{{}, text("", BindText)}, "\x01\x01\xfd\x00\xfd\x00\x00")
	f([]Argument{text("-2", BindInteger)}, "\x00\x01\x08\x00\xfe\xff\xff\xff\xff\xff\xff\xff")
	f([]Argument{text("18446744073709551615", BindUnsigned)}, "\x00\x01\x08\x80\xff\xff\xff\xff\xff\xff\xff\xff")
	f([]Argument{text("-1.50", BindDecimal), {As: BindInteger}}, "\x02\x01\xf6\x00\x08\x00\x05-1.50")
	defer func() {
		if recover() == nil {
			t.Error("got no panic for an integer that is none")
		}
	}()
	appendArguments(nil, []Argument{text("1x", BindInteger)})
}

// TestArgumentsAreTyped asks a server what it takes arguments for.
func TestArgumentsAreTyped(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	f := func(text string, as Binding, want Type, unsigned bool) {
		t.Helper()
		c.Execute(prepare(t, c, "select ? as v"), []Argument{{Text: []byte(text), As: as}})
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		var r Result
		if err := c.ReadResult(&r); err != nil {
			t.Fatal(err)
		}
		got, err := rowFields(c, &r)
		if column := &r.Columns[0]; err != nil || len(got) != 1 || got[0] != text || column.Type != want || column.Unsigned() != unsigned {
			t.Errorf("%s: got %s, %v of the type %#x, unsigned %v, want %#x", text, got, err, column.Type, column.Unsigned(), want)
		}
		if _, err := rowFields(c, &r); err != io.EOF {
			t.Errorf("%s: got %v behind the row", text, err)
		}
	}
	f("x", BindText, TypeVarString, false)
	f("-9223372036854775808", BindInteger, TypeLongLong, false)
	f("9223372036854775807", BindInteger, TypeLongLong, false)
	f("18446744073709551615", BindUnsigned, TypeLongLong, true)
	f("-12345678901234567890.50", BindDecimal, TypeNewDecimal, false)
}
