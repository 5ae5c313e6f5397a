package conffile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// fieldError is an owner's fault.
type fieldError struct {
	field, problem, hint string
	offset               int
}

func (e fieldError) Error() string { return e.problem }

func (e fieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.field, e.problem, e.hint, e.offset
}

func TestFaultShowsTheLine(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, d := read(text)
		if got := d.Err().Error(); got != want {
			t.Errorf("faults of %q:\n%s\nwant:\n%s", text, got, want)
		}
	}
	f("\n[pools.main]\nmaxx = 100\n", `/etc/zh/f.toml:3:1: unknown key "maxx" in [pools.main]
    3 | maxx = 100
      | ^^^^
      hint: did you mean "max"?`)
	f("words =\t['ä', 3] # c", "/etc/zh/f.toml:1:15: a text is wanted here, not a whole number\n"+
		"    1 | words =\t['ä', 3] # c\n"+
		"      |        \t      ^\n"+
		`      hint: write it in quotes: "3"`)
	f("name = 3\r\ncount = 'x'\r\n", "/etc/zh/f.toml:1:8: a text is wanted here, not a whole number\n"+
		"    1 | name = 3\n      |        ^\n      hint: write it in quotes: \"3\"\n"+
		"/etc/zh/f.toml:2:9: not a whole number\n    2 | count = 'x'\n      |         ^^^")
	f("name = 'x\x1b[2J'", "/etc/zh/f.toml:1:10: literal strings cannot have control characters\n"+
		"    1 | name = 'x\ufffd[2J'\n      |          ^")
}

func TestFaultCutsLongLines(t *testing.T) {
	_, d := read("words = ['" + strings.Repeat("x", 1000) + "', 1, '" + strings.Repeat("y", 1000) + "']")
	lines := strings.Split(d.Err().Error(), "\n")
	if got := len(lines[1]); got > widest+10 {
		t.Errorf("got a line of %d characters: %s", got, lines[1])
	}
	if mark := strings.IndexByte(lines[2], '^'); lines[1][mark] != '1' {
		t.Errorf("the marker is not under the fault:\n%s\n%s", lines[1], lines[2])
	}
}

// TestNoSecretIsShown goes through the ways in which a secret could get out.
func TestNoSecretIsShown(t *testing.T) {
	const secret = "hunter2"
	f := func(text, want string, errs ...error) {
		t.Helper()
		_, d := read(text)
		d.Report(errs...)
		got := "no faults"
		if err := d.Err(); err != nil {
			got = err.Error()
		}
		if strings.Contains(got, secret) || !strings.Contains(got, want) {
			t.Errorf("faults of %q:\n%s\nwant %q in it, and no secret", text, got, want)
		}
	}
	f("[pools.a]\ndsn = ['hunter2']", "    2 | dsn = ***\n      |       ^^^")
	f("[pools.a]\ndsn = 20", `    2 | dsn = ***`)
	f("pools.a = {maxx = 1, dsn = 'hunter2', idle = 3}", "    1 | pools.a = {maxx = 1, dsn = ***, idle = 3}\n      |            ^^^^\n")
	f("[pools.a]\ndsn = 'gw:hunter2@tcp(h:1)/x'\ndsn = 'hunter2'", "    3 | dsn = ***")
	f("[pools.a]\ndns = 'hunter2'", "    2 | dns = ***\n      | ^^^\n")
	f("[pools.a]\nxyz = {a = ['hunter2']}", "    2 | xyz = {a = [***]}")
	f("smtp_password = 'hunter2'", "smtp_password = ***")
	f("[api_keys]\nx = {y = 'hunter2'", "    2 | ***") // the brace is not closed
	f("count = 'gw:hunter2@tcp(127.0.0.1:3306)/x'", "gw:***@tcp(127.0.0.1:3306)/x'")
	f("count = 'mysql://gw:hunter2@db/x'", "mysql://gw:***@db/x'")
	f("count = '${SECRET}'", "count = '${SECRET}'")
	f("[pools.a]\ndsn = 'hunter2\\q", "    2 | dsn = ***")
	f("[pools.a]\ndsn = hunter2", "    2 | dsn = ***\n      |       ^^^\n")
	f("[pools.a]\ndsn = \"\"\"\nhunter2\\q\n\"\"\"", "    3 | ***")
	f("dsn = \"gw:\nhunter2\"\n[x]\n", "    1 | dsn = ***")
	f("name = '${SECRET}'", "    1 | name = '${SECRET}'", fieldError{"name", `there is no "hunter2hunter2"`, "not hunter2hunter2", -1})
	f("name = 'x${SECRET}'", `there is no "***"`, fieldError{"name", `there is no "xhunter2hunter2"`, "", -1})
	f("[pools.a]\ndsn = 'hunter2!'", "cannot dial ***", fieldError{"pools.a.max", "cannot dial hunter2!", "", -1})
	f("[pools.a]\ndsn = 'gw:hunter2@tcp(h)/d'", "cannot log in with ***", fieldError{"pools.a.max", "cannot log in with hunter2", "", -1})
	f("[pools.a]\ndsn = '${SECRET}'\nmax = 1", "cannot dial ***", fieldError{"pools.a.max", "cannot dial hunter2hunter2", "", -1})
}

// TestWhatIsNoSecretIsShown has names that sound like those of secrets, for
// which there are fields that are none.
func TestWhatIsNoSecretIsShown(t *testing.T) {
	f := func(text, want string, errs ...error) {
		t.Helper()
		_, d := read(text)
		d.Report(errs...)
		if err := d.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("faults of %q:\n%v\nwant %q in it", text, err, want)
		}
	}
	f("keyset = ['name']\ncount = 'x'", `there is no "name"`, fieldError{"keyset[0]", `there is no "name"`, "", -1})
	f("keyset = ['name']", "    1 | keyset = ['name']", fieldError{"keyset[0]", "wrong", "", -1})
	f("keyset = 'name'", "    1 | keyset = 'name'")
	f("key = 'name'", "    1 | key = 'name'")
	f("key = {path = 'name', pats = 3}", "    1 | key = {path = 'name', pats = 3}")
	f("[key]\npath = 'name'\npats = 3", "    3 | pats = 3")
	f("pools.passwords = {max = 'text'}\nmaxx = 1", "    1 | pools.passwords = {max = 'text'}")
	f("[pools.token]\nmax = 3\nidle = '1s'", "1s is short", fieldError{"pools.token.idle", "1s is short", "", -1})
	f("labels.token = 'name'", "there is no ***", fieldError{"count", "there is no name", "", -1})
	f("value = {token = 'name'}", "there is no ***", fieldError{"count", "there is no name", "", -1})
	f("pools.passwords = {dsn = 'name'}", "there is no ***", fieldError{"count", "there is no name", "", -1})
	f("pools = 'name'", "    1 | pools = ***")
}

// TestFaultsOfAFileAreBounded reports more faults of a text in a file than there
// may be, and one of the document itself behind them.
func TestFaultsOfAFileAreBounded(t *testing.T) {
	f := func(n, want int, last string) {
		t.Helper()
		_, d := read("sql_file = 'q/a.sql'\ncount = 'x'")
		for i := range n {
			d.Report(fieldError{"sql", "wrong", "", i})
		}
		found, _ := d.Err().(Faults)
		if len(found) != want+1 || found[want-1].Problem != last || found[want].Line != 2 {
			t.Errorf("%d faults: got %v, want %d, the last: %s", n, found, want+1, last)
		}
	}
	f(1, 1, "sql: wrong")
	f(10, 10, "sql: wrong")
	f(11, 11, "and 1 more faults in this file")
	f(15, 11, "and 5 more faults in this file")
}

func TestReport(t *testing.T) {
	text := strings.Join([]string{
		`name = "a\tb ${N} c"`, // 1
		`words = ["x", "y"]`,   // 2
		`listen = "z"`,         // 3
		`[pools.main]`,         // 4
		`max = 3`,              // 5
		`[pools."a.b"]`,        // 6
		`dsn = """`,            // 7
		`one`,                  // 8
		`two \`,                // 9
		`  th\u00efrd"""`,      // 10
		`[[members]]`,          // 11
		`[[members]]`,          // 12
		`[pools.typo]`,         // 13
		`maxx = 3`,             // 14
		`[labels]`,             // 15
		`a = 'x'`,              // 16
		`[pools.none]`,         // 17
		`max = []`,             // 18
	}, "\n")
	f := func(field string, offset int, want string) {
		t.Helper()
		_, d := read(text)
		before := len(d.faults)
		d.Report(fieldError{field, "wrong", "", offset})
		got := "nothing"
		if len(d.faults) > before {
			last := d.faults[len(d.faults)-1]
			line, column := d.position(last.at.start)
			got = fmt.Sprintf("%d:%d+%d %s", line, column, last.at.end-last.at.start, last.problem)
		}
		if got != want {
			t.Errorf("Report(%s, %d): got %s, want %s", field, offset, got, want)
		}
	}
	f("name", -1, "1:8+13 name: wrong")
	f("name", 0, "1:9+1 name: wrong")
	f("name", 2, "1:12+1 name: wrong") // behind the escape
	f("name", 4, "1:14+4 name: wrong") // the reference, whatever came out of it
	f("name", 7, "1:19+1 name: wrong")
	f("words", -1, "2:9+10 words: wrong")
	f("words[1]", -1, "2:15+3 words[1]: wrong")
	f("words[2]", -1, "2:1+5 words[2]: wrong")
	f("listen[0]", -1, "3:10+3 listen: wrong")
	f("pools.main.max", -1, "5:7+1 pools.main.max: wrong")
	f("pools.main.dsn", -1, "4:8+4 pools.main.dsn: wrong")
	f("pools.other.dsn", -1, "4:2+5 pools.other.dsn: wrong")
	f(`pools."a.b".dsn`, 0, `8:1+3 pools."a.b".dsn: wrong`)
	f(`pools."a.b".dsn`, 4, `9:1+3 pools."a.b".dsn: wrong`)
	f(`pools."a.b".dsn`, 8, `10:3+10 pools."a.b".dsn: wrong`)
	f(`pools."a.b".dsn`, 12, `10:11+2 pools."a.b".dsn: wrong`)
	f(`pools."a.b".dsn`, 999, `10:13+1 pools."a.b".dsn: wrong`)
	f("members[1].max", -1, "12:3+7 members[1].max: wrong")
	f("inner.depth", -1, "1:1+0 inner.depth: wrong")
	f("labels.a.b.c", -1, "16:5+3 labels.a.b.c: wrong") // a text may stand for a table
	f("pools.typo.max", -1, "nothing")                  // it stands there, misspelt
	f("pools.typo.dsn", -1, "13:8+4 pools.typo.dsn: wrong")
	f("pools.none.max", -1, "nothing") // it has a fault already
	f("", -1, "1:1+0 wrong")

	_, d := read(text)
	d.Report(errors.New("plain"))
	if got, want := d.Err().Error(), "/etc/zh/f.toml:1:1: plain\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q first", got, want)
	}
	if got, want := d.Position("pools.main.max"), "/etc/zh/f.toml:5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !d.Has("pools.main.max") || d.Has("pools.main.dsn") || !d.Has(PathKey("pools")+"."+PathKey("a.b")) {
		t.Error("Has does not know what is there")
	}
}
