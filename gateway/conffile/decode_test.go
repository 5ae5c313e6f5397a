package conffile

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// settings is a schema with everything that there is a reading for.
type settings struct {
	Name    string            `toml:"name"`
	On      bool              `toml:"on"`
	Count   int               `toml:"count"`
	Small   int8              `toml:"small"`
	Size    int64             `toml:"size,size"`
	Wait    time.Duration     `toml:"wait"`
	Listen  []string          `toml:"listen,orlist"`
	Words   []string          `toml:"words"`
	Inner   inner             `toml:"inner"`
	Pools   map[string]pool   `toml:"pools"`
	Members []pool            `toml:"members"`
	Mode    mode              `toml:"mode"`
	Labels  map[string]string `toml:"labels"`
	File    string            `toml:"file,path"`
	Extra   *inner            `toml:"extra"`
	Value   any               `toml:"value"`
	Any     *string           `toml:"any,scalar"`
	Several []string          `toml:"several,orlist,scalar"`
	SQL     string            `toml:"sql,orfile"`
	Keyset  []string          `toml:"keyset"`
	Key     struct {
		Path string `toml:"path"`
	} `toml:"key"`
	shared
	hidden int //nolint:unused // a field that no file can set
}

type inner struct {
	Depth int `toml:"depth"`
}

// shared is embedded, and so is deeper in it.
type shared struct {
	Size2 int64 `toml:"size2,size"`
	Deeper
}

type Deeper struct {
	Bottom string `toml:"bottom"`
	Name   int    `toml:"-"` // another than the one around it
}

func (i *inner) SetDefaults() { i.Depth = 7 }

type pool struct {
	DSN  string        `toml:"dsn,secret"`
	Max  int           `toml:"max"`
	Idle time.Duration `toml:"idle"`
}

func (p *pool) SetDefaults() { p.Max = 100 }

type mode struct {
	Type   string `toml:"type"`
	Strict bool   `toml:"strict"`
}

func (m *mode) UnmarshalText(text []byte) error {
	if string(text) != "plain" {
		return errors.New("no such mode")
	}
	m.Type = "plain"
	return nil
}

// around is what the tests' documents may draw on.
func around() Surroundings {
	env := map[string]string{"N": "42", "EMPTY": "", "WAIT": "3s", "SIZE": "2KiB", "TRUE": "true", "SECRET": "hunter2hunter2", "NAME": "mian"}
	files := map[string]string{
		"/etc/zh/pw": "line\n\n", "/abs": "text", "/etc/zh/q/a.sql": "select ${N}\n  from nowhere\n", "/etc/zh/q/bom.sql": "\ufeffselect 1", "/etc/zh/q/none.sql": "\ufeff \n",
	}
	return Surroundings{
		LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if v, ok := files[path]; ok {
				return []byte(v), nil
			}
			return nil, fmt.Errorf("open %s: no such file", path)
		},
	}
}

var laterSettings = []Later{{Table: "pools.*", Keys: "lanes queue"}, {Table: "members.*", Keys: "url", Instead: "max"}}

// read does all that a program does with a file.
func read(text string) (settings, *Document) {
	d := Parse("/etc/zh/f.toml", []byte(text))
	d.Expand(around())
	var s settings
	d.Decode(&s, laterSettings)
	return s, d
}

func TestDecode(t *testing.T) {
	f := func(text string, change func(*settings)) {
		t.Helper()
		got, d := read(text)
		if err := d.Err(); err != nil {
			t.Errorf("Decode(%s): %v", text, err)
			return
		}
		want := settings{Inner: inner{Depth: 7}}
		change(&want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Decode(%s):\n got %+v\nwant %+v", text, got, want)
		}
	}
	f("", func(*settings) {})
	f("name = 'x'\non = true\ncount = -3", func(s *settings) { s.Name, s.On, s.Count = "x", true, -3 })
	f("on = 'true'\ncount = '12'\nsmall = '-8'", func(s *settings) { s.On, s.Count, s.Small = true, 12, -8 })
	f("on = '${TRUE}'\ncount = '${N}'\nwait = '${WAIT}'\nsize = '${SIZE}'", func(s *settings) {
		s.On, s.Count, s.Wait, s.Size = true, 42, 3*time.Second, 2048
	})
	for text, want := range map[string]int64{
		"'16KiB'": 16384, "'1MiB'": 1 << 20, "'64kB'": 64000, "'4096'": 4096, "4096": 4096, "'2 GiB'": 2 << 30, "'3MB'": 3e6, "'0B'": 0,
	} {
		f("size = "+text, func(s *settings) { s.Size = want })
	}
	for text, want := range map[string]time.Duration{
		"'250ms'": 250 * time.Millisecond, "'30s'": 30 * time.Second, "'5m'": 5 * time.Minute, "'1h30m'": 90 * time.Minute, "'0s'": 0,
	} {
		f("wait = "+text, func(s *settings) { s.Wait = want })
	}
	f("listen = 'a'", func(s *settings) { s.Listen = []string{"a"} })
	f("listen = ['a', 'b']", func(s *settings) { s.Listen = []string{"a", "b"} })
	f("words = []", func(s *settings) { s.Words = []string{} })
	f("[inner]", func(*settings) {})
	f("inner.depth = 1", func(s *settings) { s.Inner.Depth = 1 })
	f("[pools.a]\ndsn = 'd'\n[pools.b]\nmax = 5", func(s *settings) {
		s.Pools = map[string]pool{"a": {DSN: "d", Max: 100}, "b": {Max: 5}}
	})
	f("members = [{max = 1}, {}]", func(s *settings) { s.Members = []pool{{Max: 1}, {Max: 100}} })
	f("[[members]]\nidle = '1s'\n[[members]]", func(s *settings) { s.Members = []pool{{Max: 100, Idle: time.Second}, {Max: 100}} })
	f("mode = 'plain'", func(s *settings) { s.Mode.Type = "plain" })
	f("mode = {type = 'other', strict = true}", func(s *settings) { s.Mode = mode{"other", true} })
	f("file = 'a/b.pem'", func(s *settings) { s.File = "/etc/zh/a/b.pem" })
	f("file = '/a/b.pem'", func(s *settings) { s.File = "/a/b.pem" })
	f("file = ''", func(*settings) {})
	for written, want := range map[string]string{
		"'x'": "x", "''": "", "5": "5", "-1_000": "-1000", "0x1F": "31", "1.50": "1.50", "+1_0.5e3": "10.5e3", "true": "true", "2026-11-22": "2026-11-22", "'${N}'": "42",
	} {
		f("any = "+written, func(s *settings) { s.Any = &want })
		f("several = "+written, func(s *settings) { s.Several = []string{want} })
	}
	f("several = [1, 'b', false]", func(s *settings) { s.Several = []string{"1", "b", "false"} })
	f("several = []", func(s *settings) { s.Several = []string{} })
	f("bottom = 'b'\nsize2 = '1kB'\nname = 'n'", func(s *settings) { s.Bottom, s.Size2, s.Name = "b", 1000, "n" })
	f("sql_file = 'q/a.sql'", func(s *settings) { s.SQL = "select ${N}\n  from nowhere\n" })
	f("sql_file = '/etc/zh/q/bom.sql'", func(s *settings) { s.SQL = "select 1" })
	f("extra = {}", func(s *settings) { s.Extra = &inner{Depth: 7} })
	f("[extra]\ndepth = 1", func(s *settings) { s.Extra = &inner{Depth: 1} })
	f("value = ['${N}', 7, -1.5, true, 1979-05-27, {z = [], a = 'x'}]", func(s *settings) {
		s.Value = []any{"42", int64(7), -1.5, true, Date("1979-05-27"), Table{{"z", []any{}}, {"a", "x"}}}
	})
	f("value.z = 1\nvalue.a.b = false\n[[value.c]]", func(s *settings) {
		s.Value = Table{{"z", int64(1)}, {"a", Table{{"b", false}}}, {"c", []any{Table{}}}}
	})
	f("labels = {a = 'x', 'b c' = 'y'}", func(s *settings) { s.Labels = map[string]string{"a": "x", "b c": "y"} })
}

func TestExpand(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, d := read("name = '" + text + "'")
		if err := d.Err(); err != nil || got.Name != want {
			t.Errorf("Expand(%s): got %q, %v, want %q", text, got.Name, err, want)
		}
	}
	f("plain $ {x} $}", "plain $ {x} $}")
	f("<${N}>${N}", "<42>42")
	f("${NONE:-a:-b}", "a:-b")
	f("${EMPTY:-x}", "x")
	f("${EMPTY}", "")
	f("${NONE:-}", "")
	f("$${N}", "${N}")
	f("$$${N}", "$${N}")
	f("${file:/abs}", "text")
	f("${file:pw}", "line\n")
}

// faults returns the faults of a text without their excerpts.
func faults(text string) []string {
	_, d := read(text)
	var got []string
	if found, ok := d.Err().(Faults); ok {
		for _, f := range found {
			f.excerpt = ""
			got = append(got, strings.TrimPrefix(strings.ReplaceAll(f.String(), "\n      hint: ", " | "), "/etc/zh/f.toml:"))
		}
	}
	return got
}

func TestDecodeFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if got := faults(text); !reflect.DeepEqual(got, want) {
			t.Errorf("faults of %q:\n got %q\nwant %q", text, got, want)
		}
	}
	// A key that is wrong hides no other fault, in whatever order they stand.
	f("count = 'x'\nnam = 1\non = 3",
		`1:9: not a whole number`, `2:1: unknown key "nam" at the top level | did you mean "name"?`, `3:6: true or false is wanted here, not a whole number`)
	f("[pools.a]\nmaxx = 100", `2:1: unknown key "maxx" in [pools.a] | did you mean "max"?`)
	f("[pools.a] # c\ndns = 'x'", `2:1: unknown key "dns" in [pools.a] | did you mean "dsn"?`)
	f("pools.a.color = 1", `1:9: unknown key "color" in pools.a | known here: dsn, max, idle`)
	f("[pools.a]\nlanes = 2\n[members2]", `2:1: "lanes" is not in this version`, `3:2: unknown key "members2" at the top level | did you mean "members"?`)
	f("[pools]\ndsn = 'secret'", `2:1: "dsn" is not in a table of [pools.NAME] | write [pools.NAME] above it, with a name of your choice`)
	f("[[pools.a]]\nmax = 1", `1:9: a table is wanted here, not a list | write [pools.NAME]`)
	f("[members]\nmax = 1", `1:2: a list is wanted here, not a table | write [[members]]`)
	f("words = 'a'", `1:9: a list is wanted here, not a text | write it in [ ]`)
	f("words = ['a', 1]", `1:15: a text is wanted here, not a whole number | write it in quotes: "1"`)
	f("words = [[1]]", `1:11: a text is wanted here, not a list`)
	f("inner = 1", `1:9: a table is wanted here, not a whole number | write it in { }`)
	f("extra = true", `1:9: a table is wanted here, not true or false | write it in { }`)
	f("name = 1979-05-27", `1:8: a text is wanted here, not a date | write it in quotes: "1979-05-27"`)
	f("wait = 30", `1:8: a duration needs a unit | write "30s", or with ms, m or h`)
	f("wait = '30'", `1:8: not a duration | `+durationHint)
	f("wait = '-1s'", `1:8: a duration cannot be negative | `+durationHint)
	f("wait = '9999999h'", `1:8: not a duration | `+durationHint)
	f("size = '9007199254740993KiB'", `1:8: too large`)
	f("size = -1", `1:8: a size cannot be negative | `+sizeHint)
	f("size = '16KX'", `1:8: not a size | `+sizeHint)
	f("size = 1.5", `1:8: a size is wanted here, not a number with a fraction | `+sizeHint)
	f("small = 128", `1:9: too large`)
	f("count = 9223372036854775808", `1:9: cannot be read: decimal number is too large to fit in a 64-bit signed integer | where a text may stand as well, write it in quotes`)
	f("sql = 'x'\nsql_file = 'q/a.sql'", `2:1: there are both "sql" and "sql_file" | leave out one of them; the other stands at /etc/zh/f.toml:1`)
	f("sql_file = 'q/a.sql'\nsql = 'x'", `1:1: there are both "sql" and "sql_file" | leave out one of them; the other stands at /etc/zh/f.toml:2`)
	f("sql_file = 'gone.sql'", `1:12: cannot read the file: open /etc/zh/gone.sql: no such file`)
	f("sql_file = 'q/none.sql'", `1:12: the file /etc/zh/q/none.sql is empty`)
	f("sql_file = ''", `1:12: the path of a file is wanted here`)
	f("sql_file = ['q/a.sql']", `1:12: a text is wanted here, not a list`)
	f("sql_fil = 'x'", `1:1: unknown key "sql_fil" at the top level | did you mean "sql_file"?`)
	f("mode = 'odd'", `1:8: no such mode`)
	f("mode = {typ = 'x'}", `1:9: unknown key "typ" in mode | did you mean "type"?`)
	f("name = 'a ${NONE} ${} ${N'", `1:11: the environment variable NONE is not set | set it, or give a default: ${NONE:-default}`,
		"1:19: no name of a variable between ${ and } | write ${NAME}, ${NAME:-default} or ${file:PATH}; a literal ${ is written $${",
		"1:23: ${ without its } | a literal ${ is written $${")
	f("name = '${file:gone}'", "1:9: cannot read the file: open /etc/zh/gone: no such file")
	f("name = '''\nab\n ${NONE}'''", `3:2: the environment variable NONE is not set | set it, or give a default: ${NONE:-default}`)
}

func TestSuggest(t *testing.T) {
	known := []string{"dsn", "max", "overflow", "idle_timeout"}
	f := func(name, want string) {
		t.Helper()
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%q): got %q, want %q", name, got, want)
		}
	}
	f("maxx", "max")
	f("dns", "dsn")
	f("DSN", "dsn")
	f("overlfow", "overflow")
	f("idle-timeout", "idle_timeout")
	f("idletimeuot", "idle_timeout")
	f("ab", "")
	f("timeout", "")
	f("", "")
	if got, want := Suggest("zzz", known), "known here: dsn, max, overflow, idle_timeout"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Suggest("zzz", nil); got != "" {
		t.Errorf("got %q, want none", got)
	}
}
