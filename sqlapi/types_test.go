package sqlapi

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

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

func TestNotation(t *testing.T) {
	f := func(config TypesConfig, c wire.Column, want notation) {
		t.Helper()
		if got := (&types{config: config}).notation(&c); got != want {
			t.Errorf("%+v of %+v: got %d, want %d", config, c, got, want)
		}
	}
	const zerofill = 1 << 6
	old := TypesConfig{}
	f(old, wire.Column{Type: wire.TypeLongLong}, notationNumber)
	f(old, wire.Column{Type: wire.TypeNewDecimal}, notationNumber)
	f(old, wire.Column{Type: wire.TypeNewDecimal, Flags: zerofill}, notationPadded)
	f(old, wire.Column{Type: wire.TypeYear}, notationPadded)
	f(old, wire.Column{Type: wire.TypeBit, Length: 1}, notationBits)
	f(old, wire.Column{Type: wire.TypeTiny, Length: 1}, notationNumber)
	f(old, wire.Column{Type: wire.TypeDatetime}, notationPlain)
	f(old, wire.Column{Type: wire.TypeJSON}, notationString)
	f(old, wire.Column{Type: wire.TypeGeometry, Charset: wire.CharsetBinary}, notationString)

	f(TypesConfig{BigInt: "string"}, wire.Column{Type: wire.TypeLongLong}, notationDigits)
	f(TypesConfig{BigInt: "safe"}, wire.Column{Type: wire.TypeLongLong}, notationSafe)
	f(TypesConfig{BigInt: "string"}, wire.Column{Type: wire.TypeLong}, notationNumber)
	f(TypesConfig{Decimal: "string"}, wire.Column{Type: wire.TypeNewDecimal}, notationDigits)
	f(TypesConfig{Decimal: "string"}, wire.Column{Type: wire.TypeDouble}, notationNumber)
	f(TypesConfig{TinyInt1: "boolean"}, wire.Column{Type: wire.TypeTiny, Length: 1}, notationBoolean)
	f(TypesConfig{TinyInt1: "boolean"}, wire.Column{Type: wire.TypeTiny, Length: 4}, notationNumber)
	f(TypesConfig{Bit: "boolean"}, wire.Column{Type: wire.TypeBit, Length: 1}, notationBitFlag)
	f(TypesConfig{Bit: "boolean"}, wire.Column{Type: wire.TypeBit, Length: 2}, notationBitCount)
	f(TypesConfig{Bit: "number"}, wire.Column{Type: wire.TypeBit, Length: 1}, notationBitCount)
	f(TypesConfig{Blob: "hex"}, wire.Column{Type: wire.TypeBlob, Charset: wire.CharsetBinary}, notationHex)
	f(TypesConfig{Blob: "base64"}, wire.Column{Type: wire.TypeVarString, Charset: wire.CharsetBinary}, notationBase64)
	f(TypesConfig{Blob: "base64"}, wire.Column{Type: wire.TypeBlob, Charset: 45}, notationString)
	f(TypesConfig{Blob: "base64"}, wire.Column{Type: wire.TypeJSON, Charset: wire.CharsetBinary}, notationString)
	f(TypesConfig{Datetime: "rfc3339"}, wire.Column{Type: wire.TypeTimestamp}, notationInstant)
	f(TypesConfig{Datetime: "rfc3339"}, wire.Column{Type: wire.TypeDate}, notationDate)
	f(TypesConfig{Datetime: "rfc3339"}, wire.Column{Type: wire.TypeTime}, notationPlain)
}

func TestIsSafe(t *testing.T) {
	f := func(number string, want bool) {
		t.Helper()
		if got := isSafe([]byte(number)); got != want {
			t.Errorf("%s: got %v, want %v", number, got, want)
		}
	}
	f("0", true)
	f("-1", true)
	f("9007199254740991", true)
	f("-9007199254740991", true)
	f("9007199254740992", false)
	f("-9007199254740992", false)
	f("8999999999999999", true)
	f("10000000000000000", false)
	f("18446744073709551615", false)
}

func TestAppendEmbedded(t *testing.T) {
	f := func(input, want string) {
		t.Helper()
		got, err := appendEmbedded([]byte("x"), []byte(input))
		if (err != nil) != (want == "") || err == nil && string(got) != "x"+want {
			t.Errorf("%s: got %s, %v, want x%s", input, got, err, want)
		}
	}
	f(`{}`, `{}`)
	f("\t{ \"a b\" :\n[ 1 , \"\\\" \\\\\" ]\r}\n", `{"a b":[1,"\" \\"]}`)
	f(` "a \u0020 b" `, `"a \u0020 b"`)
	f(`12345678901234567890.10`, `12345678901234567890.10`)
	f(`null`, `null`)
	f(``, ``)
	f(`{`, ``)
	f(`{} {}`, ``)
	f(`'a'`, ``)
	f("\"\xff\"", ``)
	f(`{"a":1,}`, ``)
}

func FuzzAppendEmbedded(f *testing.F) {
	for _, seed := range []string{`{"a b": [1, "\\\" \\\\"]}`, " \t\r\n1e5 ", `"é\u2028"`, `[]]`, "\"\xff\"", `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want bytes.Buffer
		refused := json.Compact(&want, text) != nil || !utf8.Valid(text)
		got, err := appendEmbedded([]byte("x"), text)
		if (err != nil) != refused || err == nil && string(got) != "x"+want.String() {
			t.Errorf("%q: got %q, %v, want %q, refused: %v", text, got, err, want.Bytes(), refused)
		}
	})
}
