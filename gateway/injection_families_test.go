package gateway

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// family is one kind of attack, and how its payloads are made.
type family struct {
	name string
	make func() []string
}

// combine returns every text that has one of each list, in order.
func combine(lists ...[]string) []string {
	all := []string{""}
	for _, list := range lists {
		var next []string
		for _, begin := range all {
			for _, end := range list {
				next = append(next, begin+end)
			}
		}
		all = next
	}
	return all
}

// each returns what a function makes of every number from first to last.
func each(first, last int, f func(n int) string) []string {
	var all []string
	for n := first; n <= last; n++ {
		all = append(all, f(n))
	}
	return all
}

// fixed is a family whose payloads follow no rule.
func fixed(texts ...string) func() []string { return func() []string { return texts } }

// made is a family of combinations.
func made(lists ...[]string) func() []string { return func() []string { return combine(lists...) } }

var (
	tails = []string{" or 1=1", " or '1'='1", " and sleep(0)", "||1", " union select 1,2", "; drop table user"}
	ends  = []string{"", "-- ", "#"}
)

// breakouts are texts that would end a literal, if quotes did.
func breakouts(quote string) func() []string {
	return made([]string{"", "bob"}, []string{quote, quote + quote, quote + ")", quote + "))", `\` + quote}, tails, ends)
}

// leadBytes are the first bytes of two-byte characters in the encodings of East
// Asia, with each of the texts behind them.
func leadBytes(first, step int, behind ...string) func() []string {
	return func() []string {
		var all []string
		for lead := first; lead <= 0xfe; lead += step {
			for _, text := range behind {
				all = append(all, string([]byte{byte(lead)})+text)
			}
		}
		return all
	}
}

// overlong returns an ASCII character in n bytes, as no UTF-8 may have it.
func overlong(c byte, n int) string {
	switch n {
	case 2:
		return string([]byte{0xc0 | c>>6, 0x80 | c&0x3f})
	case 3:
		return string([]byte{0xe0, 0x80 | c>>6, 0x80 | c&0x3f})
	}
	return string([]byte{0xf0, 0x80, 0x80 | c>>6, 0x80 | c&0x3f})
}

func overlongs() []string {
	var all []string
	for _, c := range "'\"\\;`-#\x00" {
		for n := 2; n <= 4; n++ {
			all = append(all, overlong(byte(c), n)+" or 1=1", "x"+overlong(byte(c), n))
		}
	}
	return all
}

// encodedOften returns texts percent-encoded once more than a client does.
func encodedOften() []string {
	var all []string
	for _, text := range combine([]string{"'", `"`, "' or '1'='1", "';--", "\x00", "\r\n"}) {
		once := url.QueryEscape(text)
		all = append(all, once, url.QueryEscape(once), strings.ToLower(once), strings.ReplaceAll(once, "%", "%u00"))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// families are all attacks of the test. What cannot be told apart in the result
// is none of two families.
var families = []family{
	{"single quotes", breakouts("'")},
	{"double quotes", breakouts(`"`)},
	{"backticks", made([]string{"`", "``", "user`"}, tails, ends)},
	{"backslashes before quotes", func() []string {
		return each(1, 9, func(n int) string { return strings.Repeat(`\`, n) + "' or 1=1 -- " })
	}},
	{"comments", made([]string{"x", "1", "'"}, []string{"-- ", "--\t", "--\n", "#", "/*", "*/", "/*!", "/*!50000 or 1=1*/", "/*M!100100 or 1=1*/", "/**/or/**/1=1", "--+", ";%00"})},
	{"stacked statements", made([]string{";", "';", "\";", "1;", "\n;", "; ;"}, []string{"drop table user", "delete from user", "shutdown", "set global read_only=1", "commit", "kill 1", "delimiter //"}, []string{"", "-- "})},
	{"unions", func() []string {
		return each(1, 12, func(n int) string { return "' union all select " + strings.Repeat("null,", n) + "version()-- " })
	}},
	{"boolean conditions", made([]string{"", "'", "\"", "1"}, []string{" or ", " and ", "||", "&&", " xor "}, []string{"1=1", "'a'='a", "true", "not 0", "2>1", "1 like 1"})},
	{"delays", made([]string{"", "'", "1"}, []string{" or sleep(9)", " and benchmark(9999999,md5(1))", "-sleep(9)", " or get_lock('a',9)", " or (select sleep(9))"}, []string{"", "-- "})},
	{"errors that tell", made([]string{"'", "1"}, []string{" and extractvalue(1,concat(0x7e,version()))", " and updatexml(1,concat(0x7e,user()),1)", " and exp(~(select 1))", " and (select 1 from (select count(*),floor(rand(0)*2) x from user group by x) a)", " procedure analyse()", " and geometrycollection((select 1))"}, []string{"", "-- "})},
	{"hexadecimal", fixed("0x27", "0x27206f7220313d31", "x'27'", "X'27206F72'", "b'100111'", "0b100111", "unhex('27')", "_binary 0x27", "0x", "x''", `\x27`, `\u0027`, `\47`, "0x27||1", "conv('27',16,10)", "hex(passwd)")},
	{"characters by number", made([]string{"char(39)", "char(0x27)", "chr(39)", "concat(char(39),char(32))", "_utf8mb4 0x27", "_gbk 0xbf27", "n'x'", "_latin1'\\'"}, []string{"", " or 1=1", "||char(39)"})},
	{"percent signs twice", encodedOften},
	{"entities", fixed("&#39; or 1=1", "&apos; or 1=1", "&quot;", "&#x27;", "&lt;script&gt;", "<script>alert(1)</script>", "<!--", "]]>", "<![CDATA['", "&amp;#39;")},
	{"GBK", leadBytes(0x81, 2, "' or 1=1 -- ", `\' or 1=1 -- `)},
	{"Big5 and Shift-JIS", leadBytes(0x81, 3, `\`, "\\' or 1=1#", "\x5c\x27")},
	{"overlong UTF-8", overlongs},
	{"broken UTF-8", made([]string{"\xc3", "\xe2\x82", "\xf0\x9f\x98", "\x80", "\xff", "\xfe", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"}, []string{"", "'", "' or 1=1 -- ", `\'`})},
	{"null bytes", made([]string{"\x00", "bob\x00", "\x00\x00", "%00"}, []string{"", "'", "' or 1=1", `\`, ".sql"})},
	{"control characters", func() []string {
		return append(each(1, 31, func(n int) string { return string(rune(n)) + "' or 1=1" }), "\x7f'", "\x1a", "\b\b\b'", "\x1b[2J'")
	}},
	{"quotes that look like quotes", func() []string {
		var all []string
		for _, r := range "ʼ‘’‚‛′´ˈ＇`ʹ＂“”″«»＼∖﹨⧵；;－–—⁃﹘＃％" {
			all = append(all, string(r)+" or 1=1 -- ", "bob"+string(r))
		}
		return all
	}},
	{"normalisation", fixed("ｂｏｂ", "bo\u0062\u0301", "ＯＲ 1=1", "K\u212a", "ſelect", "ﬁ", "\u200bbob", "b\u200dob", "\u202ebob", "\ufeffbob", "bob\u00a0", "bob\u3000", "bob\u2028", "ⓑⓞⓑ", "𝐛𝐨𝐛", "bøb", "ʙob", "bоb", "İ", "ß", "ä", "a\u0308", "\U000e0001", "\u0000")},
	{"numbers for texts", made([]string{"", "-", "+", " "}, []string{"0", "1", "00", "0.0", "0e0", "0x0", "0b0", "1e0", ".0", "0."}, []string{"", " ", "abc"})},
	{"words for values", fixed("true", "false", "TRUE", "null", "NULL", `\N`, "nil", "undefined", "NaN", "Infinity", "-Infinity", "None", "default", "current_user", "now()", "@@version", "user", "passwd", "id", "*", "on", "off", "[object Object]")},
	{"numbers beyond types", func() []string {
		all := []string{"1e308", "1e309", "-1e309", "1e-400", "5e-324", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "9007199254740993", "0.1", "1_000", "1,000", "१२३", "Ⅷ", "½", "0o17", "1e+", "--1", "1.2.3"}
		return append(all, each(1, 20, func(n int) string { return strings.Repeat("9", 8*n) })...)
	}},
	{"JSON for texts", fixed(`{}`, `[]`, `{"$gt":""}`, `{"$ne":null}`, `[1]`, `["bob"]`, `{"v":"x"}`, `"x"`, `"}`, `","v":"x`, `"},"v":{"`, `\",\"v\":\"`, `\u0022,\u0022v\u0022:1`, `[[[[[]]]]]`, `{"__proto__":{"v":1}}`, `{"toString":1}`, `"\ud800"`, `\ud83d`, `/**/`, `//`)},
	{"LIKE wildcards", made([]string{"%", "_", "%%", "__", "b%", "%b%", "_ob", "[a-z]", "^bob$", ".*"}, []string{"", `\`, "'"})},
	{"LIMIT arguments", made([]string{"1", "0", "-1", "99999999999999999999", "1.5", "1e1", "2"}, []string{"", ",2", " offset 1", ";", " procedure analyse()", " into outfile '/tmp/x'", " union select 1", " for update"})},
	{"format strings", made([]string{"%s", "%n", "%x", "%d", "%1$s", "%v", "%!s(MISSING)", "${jndi:ldap://x}", "${DB_PASSWORD}", "{{7*7}}", "#{7*7}", "{0}", "%(x)s", "$1", "`id`", "$(id)"}, []string{"", "'", "%"})},
	{"parameter pollution", made([]string{"x", "", "'"}, []string{"&v=1", ";v=1", "&v[]=1", "&V=1", "&v=1&v=2", "%26v=1", "#v=1", "?v=1", "&v%00=1"}, []string{"", " or 1=1"})},
	{"header and cookie tricks", made([]string{"x", ""}, []string{"\r\nX-V: 1", "\nX-V: 1", "\r\n\r\nGET / HTTP/1.1", "; v=1", "; Path=/; HttpOnly", ", v=1", "$Version=1; v=1", `"x; v=1"`, "\r\n v", "\x0bX-V: 1", "\u560a\u560dX-V: 1"}, []string{"", "'"})},
	{"names of parameters", fixed(":query.v", ":v", "?", "??", "? or 1=1", ":1", "$1", "@v", "@@v", ":auth.password", "{query.v}", "{{query.v}}", "{auth.password}", ":query.v:query.v", "' :query.v '", "?'?", "`?`", "/*?*/", "%3Aquery.v", ":last.insert_id")},
	{"operators", made([]string{"'", "1", ""}, []string{"||", "&&", "^", "~", "!", "<=>", ":=", "->", "->>", "<<", "|", "div", "mod", "rlike", "sounds like", "is null", "between 0 and", "collate utf8mb4_bin", "binary", "escape '"}, []string{"'1", "1"})},
	{"blanks that are none", made([]string{"1", "'"}, []string{"\t", "\n", "\v", "\f", "\r", "\u00a0", "\u2003", "/**/", "+", "%0b", "(", "\x01"}, []string{"or", "||"}, []string{"\t1=1", "(1)=(1)"})},
	{"keywords in disguise", made([]string{"' "}, []string{"oR", "uNiOn sElEcT", "selselectect", "un/**/ion", "un%00ion", "||'", "/*!or*/", "o\x00r", "ＯＲ", "\u043er"}, []string{" 1=1", " 1", "'1'='1'#"})},
	{"files", made([]string{"'", ""}, []string{" union select load_file('/etc/passwd')", " into outfile '/tmp/x'", " into dumpfile '/tmp/x'", "; load data infile '/etc/passwd' into table user", "\\\\host\\share", "../../../../etc/passwd", "..\\..\\x", "%2e%2e%2f", "file:///etc/passwd", "php://filter"}, []string{"", "-- "})},
	{"dates that are none", made([]string{"0000-00-00", "2026-02-30", "2026-13-01", "9999-12-31", "0000-00-00 00:00:00", "2026-11-22T25:00:00Z", "-0001-01-01", "2026-11-22 00:00:00' or '1"}, []string{"", "'", " "})},
	{"long texts", func() []string {
		var all []string
		for _, size := range []int{254, 256, 1000, 4096, 8192, 16384, 20000} {
			for _, unit := range []string{"'", `\`, "\"", "é'", "a"} {
				all = append(all, strings.Repeat(unit, size/len(unit)), strings.Repeat(unit, size/len(unit))+"' or 1=1 -- ")
			}
		}
		return all
	}},
}

// jsonConfusion are JSON values of every type but a string, where a text is
// wanted.
func jsonConfusion() []string {
	all := []string{"true", "false", "[]", "{}", `[""]`, `["bob"]`, `[0]`, `{"$gt":""}`, `{"$ne":1}`, `{"v":"bob"}`, `[[[]]]`, `{"length":0}`, `{"":""}`, "[null]", `[true,false]`, `{"v":{"v":{"v":0}}}`}
	for _, number := range []string{"0", "-0", "1", "0.0", "0e0", "1e0", "1E+0", "-1", "0.5", "1e308", "1e999", "18446744073709551616", "123456789012345678901234567890"} {
		all = append(all, number, "["+number+"]", fmt.Sprintf(`{"v":%s}`, number))
	}
	return all
}
