package sqlapi

import (
	"encoding/json"
	"strings"
	"testing"

	"zerohop/sqlapi/wire"
)

func TestTrimZeros(t *testing.T) {
	f := func(input, want string) {
		t.Helper()
		got := string(trimZeros([]byte("x"+input), 1))
		if got != "x"+want {
			t.Errorf("%s: got %s, want x%s", input, got, want)
		}
		if !json.Valid([]byte(want)) {
			t.Errorf("%s is no JSON number", want)
		}
	}
	f("0", "0")
	f("0000", "0")
	f("00042", "42")
	f("42", "42")
	f("100", "100")
	f("00000.00", "0.00")
	f("00001.50", "1.50")
	f("0.5", "0.5")
	f("0000001e20", "1e20")
}

func TestAppendBits(t *testing.T) {
	f := func(input, want string) {
		t.Helper()
		if got := string(appendBits(nil, []byte(input))); got != want {
			t.Errorf("%q: got %s, want %s", input, got, want)
		}
	}
	f("\x01", `"\u0001"`)
	f("\x00\x41", `"\u0000A"`)
	f("\x7f\x80\xff", "\"\x7f\u0080\u00ff\"")
	f(`"\`, `"\"\\"`)
}

func TestPlanIsMadeOncePerColumns(t *testing.T) {
	columns := []wire.Column{{Name: "a", Type: wire.TypeLong}, {Name: `b"`, Type: wire.TypeBit}}
	var p plan
	made, err := p.of(columns)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(made.fields[0].key) + string(made.fields[1].key); got != `{"a":,"b\"":` {
		t.Errorf("got keys %s", got)
	}
	fields := &made.fields[0]
	if again, err := p.of(columns); err != nil || &again.fields[0] != fields {
		t.Errorf("got another plan for the same columns, %v", err)
	}
	other := append([]wire.Column(nil), columns...)
	if again, err := p.of(other); err != nil || &again.fields[0] == fields {
		t.Errorf("got the same plan for other columns, %v", err)
	}
	_, err = p.of([]wire.Column{{Name: "x"}, {Name: "\xff"}})
	if err == nil || !strings.Contains(err.Error(), "column 2") {
		t.Errorf("got %v, want a fault of column 2", err)
	}
}

func TestNotation(t *testing.T) {
	f := func(c wire.Column, want notation) {
		t.Helper()
		if got := notationOf(&c); got != want {
			t.Errorf("%+v: got %d, want %d", c, got, want)
		}
	}
	f(wire.Column{Type: wire.TypeLongLong}, notationNumber)
	f(wire.Column{Type: wire.TypeNewDecimal}, notationNumber)
	f(wire.Column{Type: wire.TypeNewDecimal, Flags: 1 << 6}, notationPadded)
	f(wire.Column{Type: wire.TypeYear}, notationPadded)
	f(wire.Column{Type: wire.TypeBit}, notationBits)
	f(wire.Column{Type: wire.TypeDatetime}, notationPlain)
	f(wire.Column{Type: wire.TypeJSON}, notationString)
	f(wire.Column{Type: wire.TypeGeometry}, notationString)
}
