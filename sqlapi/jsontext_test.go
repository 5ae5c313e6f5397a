package sqlapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendJSONString(t *testing.T) {
	f := func(input, want string) {
		t.Helper()
		// At every distance from the words that the scan looks at.
		for _, before := range []string{"", "a", "seven77", "eight888", "fifteen15151515"} {
			for _, after := range []string{"", "z", "eight888"} {
				got, ok := appendJSONString([]byte("dst"), []byte(before+input+after))
				if want := `dst"` + before + want + after + `"`; !ok || string(got) != want {
					t.Errorf("appendJSONString(%q): got %s, %v, want %s", before+input+after, got, ok, want)
				}
			}
		}
	}
	f("", ``)
	f("plain", `plain`)
	f("\"", `\"`)
	f("\\", `\\`)
	f("\r\n\f\b\t", `\r\n\f\b\t`)
	f("\x00\x01\x0b\x1f", `\u0000\u0001\u000b\u001f`)
	f(" ~\x7f/<>&'", " ~\x7f/<>&'")
	f("ä€😀", `ä€😀`)
	f("\u2028\u2029\ufeff", "\u2028\u2029\ufeff")
	f("ä\"\n\\€", `ä\"\n\\€`)
	f("!#[]\x21", `!#[]!`) // the neighbours of what is escaped
}

func TestAppendJSONStringRefusesInvalidUTF8(t *testing.T) {
	f := func(input string) {
		t.Helper()
		for _, before := range []string{"", "seven77", "\n", "ä", "eight888eight888"} {
			got, ok := appendJSONString([]byte("dst"), []byte(before+input))
			if ok || string(got) != "dst" {
				t.Errorf("appendJSONString(%q): got %q, %v, want the dst alone and false", before+input, got, ok)
			}
		}
	}
	f("\xff")
	f("\xc3")
	f("\xc3(")
	f("\xe2\x82")
	f("\xed\xa0\x80") // a surrogate
	f("\xc0\x80")     // NUL the long way
	f("\xf4\x90\x80\x80")
	f("good, and then bad: \x80 in the middle")
}

func TestAppendJSONStringAllocatesNothing(t *testing.T) {
	dst, s := make([]byte, 0, 256), []byte("bob said \"hä?\"\n and left")
	if got := testing.AllocsPerRun(100, func() { appendJSONString(dst, s) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func FuzzAppendJSONString(f *testing.F) {
	for _, seed := range []string{"", "plain text", "\"\\\b\f\n\r\t\x00\x1f\x7f", "ä€😀\u2028", "12345678\xff", "\xed\xa0\x80"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		got, ok := appendJSONString([]byte("dst"), s)
		if ok != utf8.Valid(s) {
			t.Fatalf("%q: got %v, want %v as utf8.Valid says", s, ok, !ok)
		}
		if !ok {
			if string(got) != "dst" {
				t.Fatalf("%q: dst is %q after a refusal", s, got)
			}
			return
		}
		var back string
		if err := json.Unmarshal(got[len("dst"):], &back); err != nil {
			t.Fatalf("%q became %s: %v", s, got, err)
		}
		if back != string(s) {
			t.Fatalf("%q became %s, which reads as %q", s, got, back)
		}
		if short, _ := json.Marshal(back); bytes.Count(got, []byte("\\u")) > bytes.Count(short, []byte("\\u")) {
			t.Fatalf("%q became %s, with more \\u than %s", s, got, short)
		}
	})
}

func BenchmarkAppendJSONString(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"short", "bob"},
		{"ascii", strings.Repeat("plain text, as most is ", 40)},
		{"escapes", strings.Repeat("say \"hi\"\n", 100)},
		{"german", strings.Repeat("Größe und Übermut tun selten gut ", 30)},
		{"chinese", strings.Repeat("数据库连接池", 50)},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, dst := []byte(c.text), make([]byte, 0, 4096)
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				dst, _ = appendJSONString(dst[:0], s)
			}
		})
	}
}
