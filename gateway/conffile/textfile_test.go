package conffile

import "testing"

// A fault of a text that is in a file of its own is shown there, among the
// document's own faults where that names the file.
func TestFaultsInATextFile(t *testing.T) {
	d := Parse("/etc/zh/f.toml", []byte("nam = 1\nsql_file = 'q/a.sql'\ncount = 'x'"))
	d.Expand(around())
	var s settings
	d.Decode(&s, nil)
	d.Report(fieldError{"sql", "no such table", "", len("select ${N}\n  from ")}, fieldError{"sql", "too short", "", -1})
	want := `/etc/zh/f.toml:1:1: unknown key "nam" at the top level
    1 | nam = 1
      | ^^^
      hint: did you mean "name"?
/etc/zh/f.toml:2:12: sql: too short
    2 | sql_file = 'q/a.sql'
      |            ^^^^^^^^^
/etc/zh/q/a.sql:2:8: sql: no such table
    2 |   from nowhere
      |        ^^^^^^^
/etc/zh/f.toml:3:9: not a whole number
    3 | count = 'x'
      |         ^^^`
	if err := d.Err(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// The mark that an editor put in front of the text moves nothing.
func TestFaultsBehindAByteOrderMark(t *testing.T) {
	d := Parse("/etc/zh/f.toml", []byte("sql_file = 'q/bom.sql'"))
	d.Expand(around())
	var s settings
	d.Decode(&s, nil)
	d.Report(fieldError{"sql", "odd", "", len("select ")})
	want := "/etc/zh/q/bom.sql:1:9: sql: odd\n    1 | \ufffdselect 1\n      |         ^"
	if err := d.Err(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
