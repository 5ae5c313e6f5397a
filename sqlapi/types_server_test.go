package sqlapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// typeCase is a value in a column, and what it is in JSON.
type typeCase struct {
	column, value string
	types         TypesConfig
	want          string // or what the error says, behind "error: "
}

// typeCases has every type of the server, with every way to write it.
func typeCases() (cases []typeCase) {
	f := func(column, value string, types TypesConfig, want string) {
		cases = append(cases, typeCase{column, value, types, want})
	}
	old := TypesConfig{}
	for _, column := range []string{"tinyint", "smallint", "mediumint", "int", "bigint", "decimal(9)", "float", "double", "year", "bit(8)", "date", "time", "datetime",
		"timestamp null", "char(3)", "varchar(3)", "text", "binary(3)", "varbinary(3)", "blob", "json", "enum('a')", "set('a')", "uuid", "inet6", "inet4", "geometry"} {
		f(column+" default null", "null", old, "null")
		f(column+" default null", "null", TypesConfig{"string", "string", "base64", "number", "boolean", "rfc3339", ""}, "null")
	}

	for _, limits := range [][4]string{{"tinyint", "-128", "127", "255"}, {"smallint", "-32768", "32767", "65535"}, {"mediumint", "-8388608", "8388607", "16777215"},
		{"int", "-2147483648", "2147483647", "4294967295"}, {"bigint", "-9223372036854775808", "9223372036854775807", "18446744073709551615"}} {
		f(limits[0], limits[1], old, limits[1])
		f(limits[0], limits[2], old, limits[2])
		f(limits[0]+" unsigned", limits[3], old, limits[3])
		f(limits[0]+" unsigned", "0", old, "0")
		f(limits[0]+"(12) zerofill", "42", old, "42")
		f(limits[0]+"(12) zerofill", "0", old, "0")
	}
	f("bigint", "-9223372036854775808", TypesConfig{BigInt: "string"}, `"-9223372036854775808"`)
	f("bigint", "0", TypesConfig{BigInt: "string"}, `"0"`)
	f("bigint(12) zerofill", "42", TypesConfig{BigInt: "string"}, `"42"`)
	f("bigint", "9007199254740991", TypesConfig{BigInt: "safe"}, `9007199254740991`)
	f("bigint", "9007199254740992", TypesConfig{BigInt: "safe"}, `"9007199254740992"`)
	f("bigint", "-9007199254740991", TypesConfig{BigInt: "safe"}, `-9007199254740991`)
	f("bigint", "-9007199254740992", TypesConfig{BigInt: "safe"}, `"-9007199254740992"`)
	f("bigint unsigned", "18446744073709551615", TypesConfig{BigInt: "safe"}, `"18446744073709551615"`)
	f("bigint(20) zerofill", "9007199254740991", TypesConfig{BigInt: "safe"}, `9007199254740991`)
	f("bigint(20) zerofill", "9007199254740992", TypesConfig{BigInt: "safe"}, `"9007199254740992"`)
	f("int unsigned", "4294967295", TypesConfig{BigInt: "string"}, `4294967295`)

	f("decimal(30,10)", "-12345678901234567890.5", old, "-12345678901234567890.5000000000")
	f("decimal(10,0)", "0", old, "0")
	f("decimal(6,2) zerofill", "1.5", old, "1.50")
	f("decimal(6,2) zerofill", "0", old, "0.00")
	f("decimal(6,2)", "-0.5", TypesConfig{Decimal: "string"}, `"-0.50"`)
	f("decimal(6,2) zerofill", "1.5", TypesConfig{Decimal: "string"}, `"1.50"`)
	f("float", "0.1", old, "0.1")
	f("float", "-1e30", old, "-1e30")
	f("float(7,3)", "1.5", old, "1.500")
	f("float unsigned zerofill", "1.5", old, "1.5")
	f("double", "0", old, "0")
	f("double", "1e300", old, "1e300")
	f("double", "1e-300", old, "1e-300")
	f("double", "123456789.125", TypesConfig{Decimal: "string"}, "123456789.125")
	f("double(10,2) zerofill", "3", old, "3.00")

	f("boolean", "true", old, "1")
	f("boolean", "true", TypesConfig{TinyInt1: "boolean"}, "true")
	f("boolean", "false", TypesConfig{TinyInt1: "boolean"}, "false")
	f("boolean", "-10", TypesConfig{TinyInt1: "boolean"}, "true")
	f("tinyint(1) unsigned", "100", TypesConfig{TinyInt1: "boolean"}, "true")
	f("tinyint(4)", "1", TypesConfig{TinyInt1: "boolean"}, "1")
	f("int(1)", "1", TypesConfig{TinyInt1: "boolean"}, "1")

	f("bit(1)", "b'1'", old, `"\u0001"`)
	f("bit(1)", "b'0'", old, `"\u0000"`)
	f("bit(16)", "x'41ff'", old, "\"A\u00ff\"")
	f("bit(1)", "b'1'", TypesConfig{Bit: "number"}, "1")
	f("bit(64)", "18446744073709551615", TypesConfig{Bit: "number"}, "18446744073709551615")
	f("bit(1)", "b'0'", TypesConfig{Bit: "boolean"}, "false")
	f("bit(1)", "b'1'", TypesConfig{Bit: "boolean"}, "true")
	f("bit(2)", "b'11'", TypesConfig{Bit: "boolean"}, "3")

	f("year", "0", old, "0")
	f("year", "2026", old, "2026")
	f("date", "'2026-11-22'", old, `"2026-11-22"`)
	f("date", "'0000-00-00'", old, `"0000-00-00"`)
	f("time", "'-838:59:59'", old, `"-838:59:59"`)
	f("time(3)", "'1:2:3.4'", old, `"01:02:03.400"`)
	f("datetime", "'0000-00-00'", old, `"0000-00-00 00:00:00"`)
	f("datetime(6)", "'2026-11-22 01:02:03.4'", old, `"2026-11-22 01:02:03.400000"`)
	f("timestamp(2) null", "'2026-11-22 01:02:03.4'", old, `"2026-11-22 01:02:03.40"`)
	iso := TypesConfig{Datetime: "rfc3339"}
	f("date", "'2026-11-22'", iso, `"2026-11-22"`)
	f("date", "'0000-00-00'", iso, `null`)
	f("date", "'2026-00-01'", iso, `null`)
	f("time(1)", "'1:2:3.4'", iso, `"01:02:03.4"`)
	f("year", "2026", iso, `2026`)
	f("datetime", "'2026-11-22 01:02:03'", iso, `"2026-11-22T01:02:03Z"`)
	f("datetime(6)", "'9999-12-31 23:59:59.999999'", iso, `"9999-12-31T23:59:59.999999Z"`)
	f("datetime", "'0001-01-01'", iso, `"0001-01-01T00:00:00Z"`)
	f("datetime", "'0000-00-00'", iso, `null`)
	f("datetime(3)", "'2026-11-00 01:02:03'", iso, `null`)
	f("timestamp(3) null", "'2026-11-22 01:02:03.4'", iso, `"2026-11-22T01:02:03.400Z"`)
	f("timestamp null", "'0000-00-00'", iso, `null`)

	var controls strings.Builder
	for c := range 32 {
		fmt.Fprintf(&controls, "\\u%04x", c)
	}
	escaped := strings.NewReplacer(`\u0008`, `\b`, `\u0009`, `\t`, `\u000a`, `\n`, `\u000c`, `\f`, `\u000d`, `\r`).Replace(controls.String())
	for _, column := range []string{"varchar(40)", "text", "tinytext", "mediumtext", "longtext", "varchar(40) character set latin1", "varbinary(40)", "blob", "tinyblob", "mediumblob", "longblob"} {
		f(column, "x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'", old, `"`+escaped+`"`)
		f(column, `'"\\'`, old, `"\"\\"`)
		f(column, "''", old, `""`)
		f(column, "''", TypesConfig{Blob: "base64"}, `""`)
	}
	f("varchar(9)", "'é漢😀'", old, `"é漢😀"`)
	f("char(9)", "'a '", old, `"a"`)
	f("varchar(9) character set latin1", "'é'", old, `"é"`)
	f("varchar(9) character set utf16", "'😀'", old, `"😀"`)
	f("varchar(9) character set utf8mb4 collate utf8mb4_bin", "'é'", TypesConfig{Blob: "hex"}, `"é"`)
	f("enum('a', 'ß') character set latin1", "'ß'", TypesConfig{Blob: "hex"}, `"ß"`)
	f("set('x', 'y')", "'y,x'", TypesConfig{Blob: "hex"}, `"x,y"`)
	f("json", `'{"a": "é"}'`, TypesConfig{Blob: "hex"}, `"{\"a\": \"é\"}"`)
	f("uuid", "'123e4567-e89b-12d3-a456-426655440000'", TypesConfig{Blob: "hex"}, `"123e4567-e89b-12d3-a456-426655440000"`)
	f("inet6", "'::1'", TypesConfig{Blob: "hex"}, `"::1"`)
	f("blob", "x'00ff'", old, "error: not valid UTF-8")
	f("binary(2)", "'é'", old, `"é"`)
	f("binary(3)", "'a'", old, `"a\u0000\u0000"`)
	for _, column := range []string{"binary(2)", "varbinary(9)", "tinyblob", "blob", "mediumblob", "longblob"} {
		f(column, "x'00ff'", TypesConfig{Blob: "base64"}, `"AP8="`)
		f(column, "x'00ff'", TypesConfig{Blob: "hex"}, `"00ff"`)
	}
	f("point", "point(1, 2)", TypesConfig{Blob: "hex"}, `"000000000101000000000000000000f03f0000000000000040"`)
	f("point", "point(1, 2)", TypesConfig{Blob: "base64"}, `"AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="`)
	return cases
}

// TestEveryType reads every value prepared and in the text protocol.
func TestEveryType(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.TimeZone = "UTC"
	db := open(t, cfg)
	cases := typeCases()
	script := strings.Builder{}
	script.WriteString("set names utf8mb4; set sql_mode = ''; set time_zone = '+00:00';")
	for i, c := range cases {
		fmt.Fprintf(&script, "create or replace table typed%d (v %s); insert into typed%d values (%s);\n", i, c.column, i, c.value)
	}
	if err := mariaDB(t).Run(script.String()); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		e := configured(t, db, fmt.Sprintf("select v from typed%d", i), func(e *EndpointConfig) { e.TypesConfig, e.Shape = c.types, "value" })
		for _, e := range []*Endpoint{e, inText(e)} {
			got, err := serve(e, asker{}, "")
			if problem, fails := strings.CutPrefix(c.want, "error: "); fails {
				if !errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), problem) {
					t.Errorf("%s in %s with %+v: got %s, %v, want %s", c.value, c.column, c.types, got, err, c.want)
				}
				continue
			}
			if got != c.want || err != nil || !json.Valid([]byte(got)) {
				t.Errorf("%s in %s with %+v: got %s, %v, want %s", c.value, c.column, c.types, got, err, c.want)
			}
		}
	}
}

// TestEmbeddedColumns has columns become part of the answer.
func TestEmbeddedColumns(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	f := func(sql, want string) {
		t.Helper()
		e := configured(t, db, sql, func(c *EndpointConfig) { c.JSON = []string{"doc"} })
		for _, e := range []*Endpoint{e, inText(e)} {
			got, err := serve(e, asker{}, "")
			problem, fails := strings.CutPrefix(want, "error: ")
			if fails && (!errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), problem)) || !fails && (got != want || err != nil) {
				t.Errorf("%s: got %s, %v, want %s", sql, got, err, want)
			}
		}
	}
	f(`select 1 as id, '{"a": [1, 2.50, "x\\"y"], "b": null}' as doc`, `[{"id":1,"doc":{"a":[1,2.50,"x\"y"],"b":null}}]`)
	f(`select json_object('a', 1) as doc, json_object('a', 1) as other`, `[{"doc":{"a":1},"other":"{\"a\": 1}"}]`)
	f(`select null as doc`, `[{"doc":null}]`)
	f(`select 5 as doc`, `[{"doc":5}]`)
	f(`select 'true' as doc, '[]' as doc`, `[{"doc":true,"doc":[]}]`)
	f(`select '' as doc`, "error: column \"doc\": the value is not valid JSON")
	f(`select '{"a":' as doc`, "error: not valid JSON")
	f(`select cast('2026-11-22' as date) as doc`, "error: not valid JSON")
	f(`select concat('"', x'ff', '"') as doc`, "error: not valid JSON")
	f(`select 1 as dog`, `error: json names the column "doc", which the result does not have`)
}
