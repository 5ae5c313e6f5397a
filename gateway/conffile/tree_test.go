package conffile

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// plain returns a value the way go-toml would put it into an any.
func plain(n *node) any {
	switch n.kind {
	case kindTable:
		m := map[string]any{}
		for _, e := range n.keys {
			m[e.name] = plain(e.node)
		}
		return m
	case kindArray:
		list := []any{}
		for _, e := range n.elements {
			list = append(list, plain(e))
		}
		return list
	case kindString:
		return n.text
	case kindFloat:
		return math.Float64bits(n.value.(float64)) // NaN is not itself
	}
	return n.value
}

// comparable brings go-toml's values into the same form.
func comparable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = comparable(v[k])
		}
	case []any:
		for i := range v {
			v[i] = comparable(v[i])
		}
	case float64:
		return math.Float64bits(v)
	}
	return v
}

// agree checks that a text means to us what it means to go-toml: a document
// that it refuses has a fault here, and the values of any other are the same.
func agree(t *testing.T, text string) {
	t.Helper()
	want := map[string]any{}
	refused := toml.Unmarshal([]byte(text), &want)
	d := Parse("f.toml", []byte(text))
	if err := d.Err(); (err != nil) != (refused != nil) {
		t.Errorf("Parse(%q): got %v, go-toml says %v", text, err, refused)
		return
	}
	if refused != nil {
		return
	}
	if got, want := plain(d.root), comparable(want); !reflect.DeepEqual(got, want) {
		t.Errorf("Parse(%q):\n got %v\nwant %v", text, got, want)
	}
}

// documents are texts in which keys and tables meet in every way that TOML has
// a rule for.
var documents = []string{
	"", "\n\n# only a comment", "a = 1", "a = 1\na = 2", "\"a\" = 1\na = 2", "'a' = 1\n\"\\u0061\" = 2",
	"a.b = 1\na.c = 2", "a.b = 1\na = 2", "a = 1\na.b = 2", "a.b = 1\na.b.c = 2",
	"[a]\nb = 1\n[a]\nc = 2", "[a.b]\nc = 1\n[a]\nd = 2", "[a]\n[a.b]\n[a]", "[a]\nb = 1\n[a.b]",
	"[a]\nb.c = 1\n[a.b]\nd = 2", "[a]\nb.c = 1\n[a.b.d]\ne = 2", "[a.b]\nx = 1\n[a]\nb.y = 2", "a.b = 1\n[a]\nc = 2",
	"[[a]]\nx = 1\n[[a]]\nx = 2", "[[a]]\n[a]", "[a]\n[[a]]", "a = []\n[[a]]", "a = [{x = 1}]\n[[a]]\nx = 2",
	"[[a]]\n[a.b]\nx = 1\n[[a]]\n[a.b]\nx = 2", "[[a]]\n[[a.b]]\nx = 1\n[[a.b]]\nx = 2\n[[a]]\n[[a.b]]\nx = 3",
	"[a.b]\n[[a]]", "[[a.b]]\n[a]\nc = 1", "[[a.b]]\n[a.b.c]\nx = 1\n[a.b.c]", "[a]\n[a.b]\n[a.c]\n[[a.b]]",
	"a = {b = 1, c = {d = 2}}", "a = {b = 1, b = 2}", "a = {b.c = 1, b.d = 2}", "a = {b = 1, b.c = 2}",
	"a = {b = 1}\na.c = 2", "a = {b = 1}\n[a]", "a = {b = 1}\n[a.c]", "a = [{b = 1, b = 2}]", "a = [[1, 2], [{x = {}}]]",
	"a = {\n  b = 1,\n  c = 2, # last\n}", "a = [\n 1,\n 2, # two\n]", "a = [1, 'x', true]", "[]", "[[]]", "[a", "a", "a =", "= 1",
	"a = 0x7fffffffffffffff", "a = 0x8000000000000000", "a = -9223372036854775808", "a = 9223372036854775808", "a = 1_000",
	"a = +0o17\nb = 0b1", "a = 0o17\nb = 0b1", "a = 1e400", "a = 1.5e3\nb = inf\nc = -nan", "a = .5", "a = 01",
	"a = 1979-05-27", "a = 1979-02-30", "a = 1979-05-27T07:32:00Z", "a = 1979-05-27 07:32:00.5", "a = 07:32", "a = 25:00:00",
	"a = 'x\ny'", `a = "\q"`, `a = "\x41\u00e9\U0001f600\e"`, `a = "\ud800"`, "a = \"\"\"\n x \\\n   y\"\"\"\"\"", "a = '''\r\nx''y'''",
	"a = \"\xff\"", "a = 1 b = 2", "a = 1 # c\r\nb = 2\r\n", "a\r= 1", "a = true\nb = truE", "\"\" = 1\n'' = 2", "a . \"b\" . c = 1",
	"[ a . b ]\nc = 1\n[a.'b'.c.d]", "[[a]]\nb.c = 1\n[a.b.d]\ne = 1\n[[a]]\nb = 1",
}

func TestParseAgreesWithGoTOML(t *testing.T) {
	for _, text := range documents {
		agree(t, text)
	}
}

func FuzzParseAgreesWithGoTOML(f *testing.F) {
	for _, text := range documents {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, string(text)) })
}

func TestTwice(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		err := Parse("f.toml", []byte(text)).Err()
		if err == nil {
			t.Errorf("Parse(%q): got no fault, want %q", text, want)
			return
		}
		if got := err.(Faults)[0].String(); !strings.HasPrefix(got, want) {
			t.Errorf("Parse(%q):\n got %s\nwant %s", text, got, want)
		}
	}
	f("max = 1\nb = 2\nmax = 3", `f.toml:3:1: "max" is defined twice, first at f.toml:1:1`)
	f("[a]\nb = 1\n\n[a]", `f.toml:4:2: "a" is defined twice, first at f.toml:1:2`)
	f("[a.b]\n[a]\n[a]", `f.toml:3:2: "a" is defined twice, first at f.toml:2:2`)
	f("x = {a = 1, a = 2}", `f.toml:1:13: "a" is defined twice, first at f.toml:1:6`)
	f("a = 1\n[a.b]", `f.toml:2:2: "a" is defined twice, first at f.toml:1:1`)
	f("[[a]]\n[a]", "f.toml:2:2: \"a\" is defined twice, first at f.toml:1:3\n"+
		"    2 | [a]\n      |  ^\n      hint: write [[a]] for a further one")
}

func TestSyntaxFaultsDoNotHideOneAnother(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var got []string
		if faults, ok := Parse("f", []byte(text)).Err().(Faults); ok {
			for _, fault := range faults {
				got = append(got, fault.String())
			}
		}
		if len(got) != len(want) {
			t.Errorf("Parse(%q): got %d faults %q, want %d", text, len(got), got, len(want))
			return
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("Parse(%q): got %q, want %q", text, got[i], want[i])
			}
		}
	}
	f("a = 30s\nb = 5m\nc = 1\nc = 2", "f:1:7: strings must be quoted", "f:2:6: strings must be quoted", `f:4:1: "c" is defined twice`)
	f("a = [1\nb = 2\n[c]\nd = x", "f:2:1: ", "f:4:5: ")
	f("[a\nx = 1\nx = 2\n[b]\ny = 1\ny = 2", "f:1:3: ", `f:6:1: "y" is defined twice`)
	f("a = \"\"\"\nb = 1\n\\q\nc = 1\n", "f:3:1: ")
	f("a = 'x\n", "f:1:7: ")
	f("dsn = 'x\nsecret line'\n[a]\nb = c", "f:1:9: cannot be read as TOML", "f:4:5: ")
	f(strings.Repeat("?\n", 100), func() (many []string) {
		for range maxSyntaxFaults {
			many = append(many, "f:")
		}
		return many
	}()...)
}
