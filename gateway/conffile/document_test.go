package conffile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func Example() {
	type pool struct {
		DSN string `toml:"dsn,secret"`
		Max int    `toml:"max"`
	}
	var config struct {
		Listen string          `toml:"listen"`
		Pools  map[string]pool `toml:"pools"`
	}
	doc := Parse("app.toml", []byte("listen = \"${ADDRESS}\"\n\n[pools.main]\ndsn = \"gw:secret@tcp(db)/app\"\nmaxx = 100\n"))
	doc.Expand(Surroundings{LookupEnv: func(string) (string, bool) { return "127.0.0.1:80", true }})
	doc.Decode(&config, nil)
	fmt.Println(config.Listen)
	fmt.Println(doc.Err())
	// Output:
	// 127.0.0.1:80
	// app.toml:5:1: unknown key "maxx" in [pools.main]
	//     5 | maxx = 100
	//       | ^^^^
	//       hint: did you mean "max"?
}

// FuzzDocument reads any text to its end. Every fault has to stand in the file,
// and no secret may be in any: not one of the environment, wherever it was put,
// nor the one on a line of its own.
func FuzzDocument(f *testing.F) {
	const secret = "hunter2hunter2"
	const secretLine = "\n[pools.main]\ndsn = \"gw:hunter2hunter2@tcp(h)/d\"\n"
	f.Add([]byte("name = '${SECRET}'\ncount = '${SECRET}'"), []byte("dsn = 1"))
	f.Add([]byte("words = ['${SECRET}', 1]\nwait = 3"), []byte("maxx = 1\nmax = 'a'\n[pools.main]"))
	f.Add([]byte("mode = \"${SECRET}\"\n[pools.'${SECRET}']\ndsn = '${SECRET}'"), []byte("lanes = 'x"))
	f.Add([]byte("[[members]]\nurl = 3\n[[members.x]]"), []byte("[pools]\nmain = 3\n[pools.main.dsn]"))
	f.Add([]byte("\xff\x00"), []byte("pools.main.dsn = '''\n\\"))
	f.Add([]byte("\n!\n'혦xv\xfdo\xcc\x03yI"), []byte("\n!\n'혦"))
	for _, text := range documents {
		f.Add([]byte(text), []byte(text))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if bytes.Contains(before, []byte(`"""`)) || bytes.Contains(before, []byte(`'''`)) || bytes.Contains(before, []byte(secret)) {
			t.Skip("the line of the secret may be part of a text")
		}
		text := string(before) + secretLine + string(after)
		s, d := read(text)
		for _, field := range []string{"name", "words[0]", "words[1]", "pools.main.dsn", "pools.main.max", "members[0].max", "mode", "labels.a"} {
			for offset := -1; offset < 4; offset++ {
				d.Report(fieldError{field, fmt.Sprintf("got %s, %s", s.Name, s.Pools["main"].DSN), "", offset})
			}
		}
		for _, fault := range d.Err().(Faults) {
			lines := strings.Split(text, "\n")
			if fault.Line < 1 || fault.Line > len(lines) {
				t.Fatalf("there is no line %d in %q", fault.Line, text)
			}
			if most := len([]rune(lines[fault.Line-1])) + 1; fault.Column < 1 || fault.Column > most {
				t.Errorf("there is no column %d on line %d of %q", fault.Column, fault.Line, text)
			}
			if strings.Contains(fault.String(), secret) {
				t.Errorf("a secret is shown for %q:\n%s", text, fault)
			}
		}
	})
}
