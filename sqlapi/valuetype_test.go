package sqlapi

import (
	"bytes"
	"math/big"
	"strings"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

// typeNamed returns the type of a name.
func typeNamed(t testing.TB, name string) *valueType {
	t.Helper()
	for i := range valueTypes {
		if valueTypes[i].name == name {
			return &valueTypes[i]
		}
	}
	t.Fatalf("there is no type %q", name)
	return nil
}

// bindingLetters show what an argument is bound as.
var bindingLetters = map[wire.Binding]string{wire.BindText: "'", wire.BindInteger: "i", wire.BindUnsigned: "u", wire.BindDecimal: "d"}

func TestReadTypes(t *testing.T) {
	// want is the bound text behind a letter for its binding, or a part of the
	// problem behind a minus.
	f := func(name, text, want string) {
		t.Helper()
		arg, problem := typeNamed(t, name).read([]byte(text), time.UTC)
		if wanted, refused := strings.CutPrefix(want, "-"); refused {
			if problem == "" || !strings.Contains(problem, wanted) {
				t.Errorf("%s %q: got %s and the problem %q, want %q", name, text, arg.Text, problem, wanted)
			}
			return
		}
		if got := bindingLetters[arg.As] + string(arg.Text); problem != "" || got != want {
			t.Errorf("%s %q: got %s and the problem %q, want %s", name, text, got, problem, want)
		}
	}
	f("string", "", "'")
	f("string", " ' or 1=1 -- \x00", "' ' or 1=1 -- \x00")
	f("string", "\xff", "-UTF-8")
	f("string", "\xc0\xa7", "-UTF-8") // an overlong quote

	for _, text := range []string{"0", "7", "-7", "9223372036854775807", "-9223372036854775808"} {
		f("integer", text, "i"+text)
	}
	f("integer", "-0", "i0")
	f("integer", "9223372036854775808", "u9223372036854775808")
	f("integer", "18446744073709551615", "u18446744073709551615")
	for _, text := range []string{"18446744073709551616", "-9223372036854775809", strings.Repeat("9", 400)} {
		f("integer", text, "-out of range")
	}
	for _, text := range []string{"", "-", "+1", "01", "00", "-01", " 1", "1 ", "1.0", "1e3", "0x10", "1_000", "१", "1;", "1--", "true", "null", "\x001", "½", "1\n"} {
		f("integer", text, "-"+notInteger)
	}

	for text, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0.0", "1.50": "1.50", "-1.5": "-1.5", "1e3": "1000", "1.5E+3": "1500", "1.50e1": "15.0", "12.5e-3": "0.0125",
		"-5e-1": "-0.5", "0e999999": "0", "0.00e5": "0.00", "12345678901234567890.12345": "12345678901234567890.12345", "1e64": "1" + strings.Repeat("0", 64),
		"1e-30": "0." + strings.Repeat("0", 29) + "1", strings.Repeat("9", 65): strings.Repeat("9", 65),
	} {
		f("number", text, "d"+want)
	}
	for _, text := range []string{"1e65", "1e-31", strings.Repeat("9", 66), "1e999999999999999999999", "1e-400", "0." + strings.Repeat("1", 31), "1e9999"} {
		if _, problem := readNumber([]byte(text), time.UTC); problem == "" {
			t.Errorf("number %s: got no problem, want one: no DECIMAL holds it", text)
		}
	}
	for _, text := range []string{"", "-", ".5", "5.", "1.e3", "1e", "1e+", "1e+-3", "e5", "+1", "01", "0x1", "NaN", "Infinity", "-inf", "1,5", "1 ", "--1", "1.2.3", "1e1.5"} {
		f("number", text, "-"+notNumber)
	}

	f("boolean", "true", "i1")
	f("boolean", "1", "i1")
	f("boolean", "false", "i0")
	f("boolean", "0", "i0")
	for _, text := range []string{"", "TRUE", "yes", "on", "2", "00", "true "} {
		f("boolean", text, "-true or false")
	}

	f("date", "2026-11-22", "'2026-11-22")
	f("date", "2024-02-29", "'2024-02-29")
	f("date", "0001-01-01", "'0001-01-01")
	for _, text := range []string{"2026-02-29", "2026-13-01", "2026-00-10", "2026-11-00", "0000-00-00", "0000-01-01", "2026-04-31"} {
		f("date", text, "-calendar")
	}
	for _, text := range []string{"", "26-11-22", "2026-1-2", "20261122", "2026-11-22 ", "2026-11-22T00:00:00", "22.11.2026", "2026/11/22", "२०२६-११-२२"} {
		f("date", text, "-"+notDate)
	}

	for text, want := range map[string]string{
		"2026-11-22 01:02:03": "2026-11-22 01:02:03", "2026-11-22T01:02:03": "2026-11-22 01:02:03", "2026-11-22T01:02:03Z": "2026-11-22 01:02:03",
		"2026-11-22t01:02:03z": "2026-11-22 01:02:03", "2026-11-22T01:02:03.250Z": "2026-11-22 01:02:03.25", "2026-11-22 01:02:03.123456": "2026-11-22 01:02:03.123456",
		"2026-11-22T01:02:03.000+02:30": "2026-11-21 22:32:03", "2026-12-31T23:30:00-01:00": "2027-01-01 00:30:00", "2026-11-22 01:02:03-00:00": "2026-11-22 01:02:03",
	} {
		f("datetime", text, "'"+want)
	}
	for _, text := range []string{"2026-02-29 00:00:00", "2026-11-22T24:00:00Z", "2026-11-22 23:59:60", "0000-00-00 00:00:00", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"} {
		f("datetime", text, "-calendar")
	}
	for _, text := range []string{"", "2026-11-22", "2026-11-22 01:02", "2026-11-22T1:02:03Z", "2026-11-22T01:02:03+1:00", "2026-11-22T01:02:03+24:00", "2026-11-22T01:02:03 UTC", "2026-11-22x01:02:03", "2026-11-22T01:02:03,5Z", "1789000000"} {
		f("datetime", text, "-"+notDatetime)
	}
	f("datetime", "2026-11-22T01:02:03.1234567Z", "-six digits")
	f("datetime", "2026-11-22T01:02:03.Z", "-six digits")

	f("uuid", "0190163d-8694-739b-aea5-966c26f8ad91", "'0190163d-8694-739b-aea5-966c26f8ad91")
	f("uuid", "0190163D-8694-739B-AEA5-966C26F8AD91", "'0190163d-8694-739b-aea5-966c26f8ad91")
	for _, text := range []string{"", "0190163d8694739baea5966c26f8ad91", "{0190163d-8694-739b-aea5-966c26f8ad91}", "0190163d-8694-739b-aea5-966c26f8ad9g", "0190163d-8694-739b-aea5-966c26f8ad91 ", "urn:uuid:0190163d-8694-739b-aea5-966c26f8ad91"} {
		f("uuid", text, "-UUID")
	}

	for _, text := range []string{`{"a": [1, null]}`, `"x"`, "1", "null", " [] "} {
		f("json", text, "'"+text)
	}
	f("json", "{", "-valid JSON")
	f("json", "", "-valid JSON")
	f("json", "{'a':1}", "-valid JSON")
	f("json", "\"\xff\"", "-UTF-8")
}

func TestCompareNumbers(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := compareNumbers([]byte(a), []byte(b)); got != want {
			t.Errorf("%s and %s: got %d, want %d", a, b, got, want)
		}
		if got := compareNumbers([]byte(b), []byte(a)); got != -want {
			t.Errorf("%s and %s: got %d, want %d", b, a, got, -want)
		}
	}
	f("0", "0.000", 0)
	f("1", "1.50", -1)
	f("1.5", "1.50", 0)
	f("9", "10", -1)
	f("-9", "-10", 1)
	f("-1", "1", -1)
	f("1.09", "1.1", -1)
	f("-1.09", "-1.1", 1)
	f("18446744073709551615", "18446744073709551616", -1)
}

// FuzzReadNumber holds what is bound against exact arithmetic.
func FuzzReadNumber(f *testing.F) {
	for _, seed := range []string{"0", "-0", "1.50e3", "12e-3", "1e400", "-5.", "01", "9e64", "0.1e-29", "100e-2"} {
		f.Add(seed, "1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		read := func(text string) ([]byte, *big.Rat) {
			arg, problem := readNumber([]byte(text), time.UTC)
			if problem != "" {
				return nil, nil
			}
			got, ok := new(big.Rat).SetString(string(arg.Text))
			if !ok || bytes.ContainsAny(arg.Text, "eE+ ") {
				t.Fatalf("%q is bound as %q, which is no plain number", text, arg.Text)
			}
			want, ok := new(big.Rat).SetString(text)
			if !ok || got.Cmp(want) != 0 {
				t.Fatalf("%q is bound as %s", text, arg.Text)
			}
			return arg.Text, got
		}
		x, xValue := read(a)
		y, yValue := read(b)
		if x != nil && y != nil && compareNumbers(x, y) != xValue.Cmp(yValue) {
			t.Fatalf("compareNumbers(%s, %s) is %d, want %d", x, y, compareNumbers(x, y), xValue.Cmp(yValue))
		}
	})
}

// FuzzReadDatetime holds what is accepted with an offset against package time.
func FuzzReadDatetime(f *testing.F) {
	for _, seed := range []string{"2026-11-22T01:02:03Z", "2026-02-29T01:02:03+01:00", "2026-11-22 01:02:03.5", "0000-01-01T00:00:00Z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		arg, problem := readDatetime([]byte(text), time.UTC)
		if problem != "" {
			return
		}
		got, err := time.Parse("2006-01-02 15:04:05.999999", string(arg.Text))
		if err != nil {
			t.Fatalf("%q is bound as %q: %v", text, arg.Text, err)
		}
		if len(text) < 20 || !strings.ContainsAny(text[19:], "Zz+-") {
			return
		}
		want, err := time.Parse(time.RFC3339, strings.ToUpper(text[:10]+"T"+text[11:]))
		if err != nil || !got.Equal(want) {
			t.Fatalf("%q is bound as %q, want %v, %v", text, arg.Text, want, err)
		}
	})
}
