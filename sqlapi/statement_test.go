package sqlapi

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// describe writes parameters down as source.name@offset.
func describe(params []Param) string {
	var all []string
	for _, p := range params {
		all = append(all, fmt.Sprintf("%s.%s@%d", sourceNames[p.Source-1], p.Name, p.Offset))
	}
	return strings.Join(all, " ")
}

func TestParseStatement(t *testing.T) {
	f := func(sql, wantText, wantParams string) {
		t.Helper()
		s, err := ParseStatement(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			return
		}
		if got := describe(s.Params); s.Text != wantText || got != wantParams {
			t.Errorf("%s:\n got %q, %s\nwant %q, %s", sql, s.Text, got, wantText, wantParams)
		}
		for _, p := range s.Params {
			if s.Text[p.Mark] != '?' {
				t.Errorf("%s: the mark %d of %s is at %q, want a ?", sql, p.Mark, p.Name, s.Text[p.Mark:])
			}
		}
	}
	same := func(sql string) { t.Helper(); f(sql, sql, "") }

	f("select :query.a", "select ?", "query.a@7")
	f("select :path.a,:query.b,:form.c,:json.d.e,:cookie.f", "select ?,?,?,?,?", "path.a@7 query.b@15 form.c@24 json.d.e@32 cookie.f@42")
	f("select :auth.user, :auth.password, :client.ip, :client.port", "select ?, ?, ?, ?", "auth.user@7 auth.password@19 client.ip@35 client.port@47")
	f("select :query.a, :query.a", "select ?, ?", "query.a@7 query.a@17")
	f("select (:query.a+:query.b)*:query.c-1", "select (?+?)*?-1", "query.a@8 query.b@17 query.c@27")
	f(":query.a", "?", "query.a@0")
	f("select 1 limit 1 offset:query.n", "select 1 limit 1 offset?", "query.n@23")
	f("select :query.2_b", "select ?", "query.2_b@7")

	// Names.
	f("select :header.x_request_id", "select ?", "header.x-request-id@7")
	f(`select :header."X-Odd_Name"`, "select ?", "header.X-Odd_Name@7")
	f(`select :query."page-size" - 1`, "select ? - 1", "query.page-size@7")
	f(`select :query."a""b ä:?'"`, "select ?", `query.a"b ä:?'@7`)
	f(`select :json.user."first name".x`, "select ?", "json.user.first name.x@7")
	f("select :query.a-1, :query.a-:query.b, :query.a--1", "select ?-1, ?-?, ?--1", "query.a@7 query.a@19 query.b@28 query.a@38")

	// A colon is not always a parameter.
	same("select @a:=1")
	f("select @a:=:query.a", "select @a:=?", "query.a@11")
	same("select a::query.b")
	f("select a:::query.b", "select a::?", "query.b@10")

	// Literals and names.
	same(`select ':query.a'`)
	same(`select ":query.a ?"`)
	same("select `:query.a ?`")
	f(`select 'it''s', :query.a`, `select 'it''s', ?`, "query.a@16")
	f(`select 'it\'s', :query.a`, `select 'it\'s', ?`, "query.a@16")
	same(`select 'it\'s, :query.a'`)
	f(`select '\\', :query.a`, `select '\\', ?`, "query.a@13")
	f(`select '\\''', :query.a, ''`, `select '\\''', ?, ''`, "query.a@15")
	f(`select "a""b\"", :query.a`, `select "a""b\"", ?`, "query.a@17")
	f(`select '"', :query.a, "'"`, `select '"', ?, "'"`, "query.a@12")
	f("select `a``b`, :query.a, `\\`", "select `a``b`, ?, `\\`", "query.a@15")
	f("select '', :query.a, ''", "select '', ?, ''", "query.a@11")
	f("select '' ':query.a' '', :query.b", "select '' ':query.a' '', ?", "query.b@25")
	f("select _utf8mb4':query.a', N':query.b', x'41', b'01', :query.c", "select _utf8mb4':query.a', N':query.b', x'41', b'01', ?", "query.c@54")
	f("select 'ä€😀', :query.a", "select 'ä€😀', ?", "query.a@20")
	same("select 'a\n:query.a\n'")

	// Comments.
	f("select 1 -- :query.a ?\n, :query.b", "select 1 -- :query.a ?\n, ?", "query.b@25")
	f("select 1 --\n, :query.b", "select 1 --\n, ?", "query.b@14")
	same("select 1 -- it's :query.a")
	same("select 1 --")
	same("select 1 --\t'")
	f("select 5--1, :query.a", "select 5--1, ?", "query.a@13")
	f("select 5--:query.a", "select 5--?", "query.a@10")
	f("select 1 -- a\r:query.a\n+:query.b", "select 1 -- a\r:query.a\n+?", "query.b@24")
	f("select 1 # :query.a '\n+:query.b", "select 1 # :query.a '\n+?", "query.b@23")
	f("select /* :query.a ' ? */ :query.b", "select /* :query.a ' ? */ ?", "query.b@26")
	f("select /**/:query.b/***/", "select /**/?/***/", "query.b@11")
	f("select /*/ :query.a */ :query.b", "select /*/ :query.a */ ?", "query.b@23")
	f("select /* /* */ :query.b", "select /* /* */ ?", "query.b@16")
	f("select '/*', :query.a, '*/'", "select '/*', ?, '*/'", "query.a@13")
	f("select 1 -- /*\n, :query.a", "select 1 -- /*\n, ?", "query.a@17")
	f("select 2 * /* x */ :query.a", "select 2 * /* x */ ?", "query.a@19")

	// Comments that servers run.
	f("select /*! :query.a, */ 1", "select /*! ?, */ 1", "query.a@11")
	f("select /*!50000 :query.a, */ :query.b", "select /*!50000 ?, */ ?", "query.a@16 query.b@29")
	f("select /*!123 :query.a, */ 1", "select /*!123 ?, */ 1", "query.a@14")
	f("select /*! ':query.a */', */ :query.b", "select /*! ':query.a */', */ ?", "query.b@29")
	f("select /*! /* :query.a */ :query.b, */ 1", "select /*! /* :query.a */ ?, */ 1", "query.b@26")
	same("select /*!80000 'a', */ 1")
	same("select /*M! 'a', */ 1")
	same("select /*M!100100 'a', */ 1")
	f("select /*m! :query.a, */ :query.b", "select /*m! :query.a, */ ?", "query.b@25")

	// The ends.
	f("  \n select 1 \t\r\n", "select 1", "")
	f("select 1;", "select 1", "")
	f("select 1 ; -- done :query.a\n", "select 1", "")
	f("select :query.a;/* done; */", "select ?", "query.a@7")
	same("select ';'")
	same("/* what */ select 1 -- why")
	same("(select 1)")
}

func TestParseStatementFaults(t *testing.T) {
	f := func(sql string, offset int, problem, hint string) {
		t.Helper()
		_, err := ParseStatement(sql)
		var got *SyntaxError
		if !errors.As(err, &got) {
			t.Errorf("%q: got %v, want a SyntaxError", sql, err)
			return
		}
		if got.Offset != offset || !strings.Contains(got.Problem, problem) || !strings.Contains(got.Hint, hint) {
			t.Errorf("%q: got %d, %q, %q, want %d, %q, %q", sql, got.Offset, got.Problem, got.Hint, offset, problem, hint)
		}
	}
	const cut = "is not closed"
	f("", 0, "no statement", "select 1")
	f(" \n\t", 0, "no statement", "")
	f("-- nothing\n/* at all */", 0, "no statement", "")
	f(";", 0, "no statement", "")
	f("select 1;;", 9, "more than one", "")
	f("select 1; select 2", 10, "more than one", "one")
	f("select 1; /*! drop table t */", 14, "more than one", "")
	f("delimiter //\nselect 1//", 0, "DELIMITER", "leave it out")

	f("select ?", 7, "a ?", ":source.name")
	f("select :a", 7, ":a does not say where", ":query.a")
	f("select :query", 7, "does not say where", ":query.name")
	f("select : a", 7, "a colon without", "")
	f("select :", 7, "a colon without", "")
	f("select :ä.b", 7, "a colon without", "")
	f("select :qurey.a", 7, "no source qurey", "did you mean :query?")
	f("select :Query.a", 7, "no source Query", "did you mean :query?")
	f("select :body.a", 7, "no source body", "path, query, form, json")
	f("select :last.id", 7, "there is no :last.id", "there is :last.insert_id and :last.affected")
	f("select :page.size", 7, "there is no :page.size", "there is :page.limit and :page.offset")
	f("select :client.name", 7, "no :client.name", ":client.ip and :client.port")
	f(`select :header."a b"`, 7, "cannot be the name", "")
	f("select :query.", 13, "a dot without", "")
	f("select :query.a.", 15, "a dot without", "")
	f("select :query. a", 13, "a dot without", "")
	f(`select :query.""`, 14, "empty", "")
	f(`select :query."a`, 14, cut, `"`)
	f("select :query.page-size", 7, `ends before "-"`, "quote")
	f("select :query.größe", 7, `ends before "ö"`, "quote")
	f("select :query.a[]", 7, `ends before "["`, "")

	f("select 'a", 7, cut, "'")
	f(`select 'a\'`, 7, cut, "'")
	f(`select 'a''`, 7, cut, "'")
	f(`select "a\`, 7, cut, `"`)
	f("select `a``", 7, cut, "`")
	f("select 1 /* a", 9, cut, "*/")
	f("select 1 /*/", 9, cut, "*/")
	f("select /*! 1", 7, cut, "*/")
	f("select /*! '*/", 11, cut, "'")
	f("select /*! 1 -- */", 7, cut, "*/")
	f("select /*! 1; */", 12, "a semicolon", "")
	f("select /*! /*! 1 */ */", 11, "inside another", "")
	f("select /*M! :query.a */", 12, "only some servers", "outside")
	f("select /*!80000 :query.a */", 16, "only some servers", "outside")
	f("select /*!500001 :query.a */", 17, "only some servers", "")
	f("select /*!80000 '*/', 1 */, :query.a", 17, "see its end here", "")

	f("select \x00", 7, "NUL", "")
	f("select '\x00'", 8, "NUL", "")
	f("select '\xff'", 8, "UTF-8", "")
	f("select '\xed\xa0\x80'", 8, "UTF-8", "")
	f("select 1 -- "+strings.Repeat("x", maxStatementBytes), maxStatementBytes, "more than 65536", "")
}

func TestParseStatementAcceptsAReplacementCharacter(t *testing.T) {
	if _, err := ParseStatement("select '\uFFFD'"); err != nil {
		t.Errorf("U+FFFD itself is valid UTF-8: %v", err)
	}
}

func TestParseStatementFindsEveryFault(t *testing.T) {
	_, faults := parseStatement("select ?, :a, :query.b, :qurey.c, 'open")
	var got []int
	for _, f := range faults {
		got = append(got, f.Offset)
	}
	if want := []int{7, 10, 24, 34}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got faults at %v, want %v", got, want)
	}
}

// passed is everything in which a colon is no parameter, written down a second
// time: as an expression instead of a scanner. It knows no comment that
// servers run.
var passed = regexp.MustCompile("(?s)'(?:[^'\\\\]|\\\\.|'')*'|\"(?:[^\"\\\\]|\\\\.|\"\")*\"|`(?:[^`]|``)*`" +
	"|#[^\n]*|--(?:\n|[\x01-\x09\x0b-\x20\x7f][^\n]*|\\z)|/\\*.*?\\*/" +
	"|:=|::|:[a-z]+(?:\\.(?:[A-Za-z0-9_]+|\"(?:[^\"]|\"\")*\"))+")

func countParameters(sql string) int {
	n := 0
	for _, piece := range passed.FindAllString(sql, -1) {
		if piece[0] == ':' && piece != ":=" && piece != "::" {
			n++
		}
	}
	return n
}

func FuzzParseStatement(f *testing.F) {
	for _, seed := range []string{
		"select count(*) as count from user where user = :auth.user and passwd = :auth.password",
		"select ':query.a', \"\\\"\", `a``:query.b`, :json.a.\"b c\" -- :query.c\n, :path.d # x\n;",
		"select /*! :query.a */ 1 /*!80000 x */ /*M! y */ /* z */; -- end",
		"select '\\\\', :query.a, 5--1, @a:=:header.x_y, b::c",
		"insert into t(a) values (:form.a)", "select ? :a :a. :query.\"", "(((;", "*/", "/*!/*",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := ParseStatement(sql)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(sql) || syntax.Problem == "" {
				t.Fatalf("%q: got the error %#v, want a SyntaxError within the text", sql, err)
			}
			return
		}
		written := restore(t, sql, s)
		rest := strings.TrimPrefix(strings.TrimLeftFunc(sql, isSpaceRune), written)
		if len(written)+len(rest) != len(strings.TrimLeftFunc(sql, isSpaceRune)) {
			t.Fatalf("%q: with its parameters put back the text is %q", sql, written)
		}
		tail := scanner{sql: rest}
		for token := tail.next(); token.kind != tokenEnd; token = tail.next() {
			if token.kind != tokenSemicolon {
				t.Fatalf("%q: %q was left out", sql, rest)
			}
		}
		if !strings.Contains(sql, "/*!") && !strings.Contains(sql, "/*M!") {
			if want := countParameters(sql); len(s.Params) != want {
				t.Fatalf("%q: got %d parameters, want %d", sql, len(s.Params), want)
			}
		}
	})
}

// restore checks that the marks of s are exactly the ? of its text that a
// server takes for parameters, and returns the text with the parameters in
// their place.
func restore(t *testing.T, sql string, s *Statement) string {
	t.Helper()
	again := scanner{sql: s.Text}
	for again.next().kind != tokenEnd {
	}
	if len(again.faults) != len(s.Params) {
		t.Fatalf("%q: the text %q has %d ?, want %d: %v", sql, s.Text, len(again.faults), len(s.Params), again.faults)
	}
	var b strings.Builder
	copied := 0
	for i, p := range s.Params {
		if again.faults[i].Offset != p.Mark {
			t.Fatalf("%q: mark %d of %q, want %d", sql, p.Mark, s.Text, again.faults[i].Offset)
		}
		if !strings.HasPrefix(sql[p.Offset:], ":"+p.written) {
			t.Fatalf("%q: at %d there is no :%s", sql, p.Offset, p.written)
		}
		b.WriteString(s.Text[copied:p.Mark] + ":" + p.written)
		copied = p.Mark + 1
	}
	return b.String() + s.Text[copied:]
}
