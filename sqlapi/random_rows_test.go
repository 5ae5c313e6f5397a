package sqlapi

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// randomColumn is a column of a random table: its type, values for it, and
// whether a value of our JSON is the one that database/sql has read as text.
type randomColumn struct {
	sqlType string
	value   *rapid.Generator[any]
	same    func(got any, text string, types TypesConfig) bool
}

// sameNumber compares digits, but for the zeros of ZEROFILL in front of them.
func sameNumber(got any, text string, _ TypesConfig) bool {
	number, ok := got.(json.Number)
	return ok && sameDigits(number.String(), text)
}

func sameDigits(got, text string) bool {
	a, okA := new(big.Rat).SetString(got)
	b, okB := new(big.Rat).SetString(text)
	return okA && okB && a.Cmp(b) == 0 && strings.HasSuffix(text, strings.TrimPrefix(got, "-"))
}

// sameFloat compares numbers: the driver reads them, and writes its own digits.
func sameFloat(bits int) func(any, string, TypesConfig) bool {
	return func(got any, text string, _ TypesConfig) bool {
		number, ok := got.(json.Number)
		a, errA := strconv.ParseFloat(number.String(), bits)
		b, errB := strconv.ParseFloat(text, bits)
		return ok && errA == nil && errB == nil && a == b
	}
}

func sameBigInt(got any, text string, types TypesConfig) bool {
	n, _ := new(big.Int).SetString(text, 10)
	isSafe := n.CmpAbs(big.NewInt(1<<53-1)) <= 0
	if types.BigInt == "string" || types.BigInt == "safe" && !isSafe {
		s, ok := got.(string)
		return ok && sameDigits(s, text)
	}
	return sameNumber(got, text, types)
}

func sameDecimal(got any, text string, types TypesConfig) bool {
	if types.Decimal == "string" {
		s, ok := got.(string)
		return ok && sameDigits(s, text)
	}
	return sameNumber(got, text, types)
}

func sameBoolean(got any, text string, types TypesConfig) bool {
	if types.TinyInt1 == "boolean" {
		return got == (text != "0")
	}
	return sameNumber(got, text, types)
}

func sameText(got any, text string, _ TypesConfig) bool { return got == text }

func sameBytes(got any, text string, types TypesConfig) bool {
	s, ok := got.(string)
	var b []byte
	var err error
	switch types.Blob {
	case "base64":
		b, err = base64.StdEncoding.DecodeString(s)
	case "hex":
		b, err = hex.DecodeString(s)
	default:
		b = []byte(s)
	}
	return ok && err == nil && string(b) == text
}

// sameBits returns the comparison for BIT of some width.
func sameBits(width int) func(any, string, TypesConfig) bool {
	return func(got any, text string, types TypesConfig) bool {
		n := new(big.Int).SetBytes([]byte(text))
		switch {
		case types.Bit == "boolean" && width == 1:
			return got == (n.Sign() != 0)
		case types.Bit == "number" || types.Bit == "boolean":
			return got == json.Number(n.String())
		}
		var characters []rune
		for _, b := range []byte(text) {
			characters = append(characters, rune(b))
		}
		return got == string(characters)
	}
}

func sameInstant(got any, text string, types TypesConfig) bool {
	if types.Datetime != "rfc3339" {
		return got == text
	}
	at, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		return got == nil
	}
	s, ok := got.(string)
	shown, err := time.Parse(time.RFC3339, s)
	return ok && err == nil && shown.Equal(at)
}

func sameDate(got any, text string, types TypesConfig) bool {
	if _, err := time.Parse("2006-01-02", text); err != nil && types.Datetime == "rfc3339" {
		return got == nil
	}
	return got == text
}

func sameDocument(got any, text string, _ TypesConfig) bool {
	want, err := decodeNumbers([]byte(text))
	return err == nil && reflect.DeepEqual(got, want)
}

func decodeNumbers(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func anyOf[T any](g *rapid.Generator[T]) *rapid.Generator[any] { return g.AsAny() }

// randomText has what JSON escapes more often than chance would.
func randomText(most int) *rapid.Generator[string] {
	r := rapid.OneOf(rapid.SampledFrom([]rune("\"\\\x00\x01\b\f\n\r\t\x1f\x7f'`/ é漢😀\u2028")), rapid.RuneFrom([]rune("abcdefghijklmnop")), rapid.Rune())
	return rapid.StringOfN(r, 0, most, -1)
}

// randomDate draws dates, some of which no calendar has.
func randomDate() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		year := rapid.OneOf(rapid.IntRange(1970, 2037), rapid.IntRange(0, 9999)).Draw(t, "year")
		return fmt.Sprintf("%04d-%02d-%02d", year, rapid.IntRange(0, 12).Draw(t, "month"), rapid.IntRange(0, 31).Draw(t, "day"))
	})
}

func randomDatetime() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		return randomDate().Draw(t, "date") + fmt.Sprintf(" %02d:%02d:%02d.%06d", rapid.IntRange(0, 23).Draw(t, "hour"),
			rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 59).Draw(t, "second"), rapid.IntRange(0, 999999).Draw(t, "micros"))
	})
}

func randomDocument() *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		document := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.OneOf(anyOf(rapid.Int64()), anyOf(rapid.String()), anyOf(rapid.Bool()), rapid.Just[any](nil)))).Draw(t, "document")
		text, err := json.MarshalIndent(document, "", rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	})
}

// randomColumns are the columns that a random table may have. JSON is embedded
// where its column is called doc.
func randomColumns(types TypesConfig) []randomColumn {
	bits := func(width int) randomColumn {
		return randomColumn{fmt.Sprintf("bit(%d)", width), anyOf(rapid.Uint64Max(1<<width - 1)), sameBits(width)}
	}
	columns := []randomColumn{
		{"tinyint", anyOf(rapid.Int8()), sameNumber}, {"tinyint unsigned", anyOf(rapid.Uint8()), sameNumber}, {"smallint", anyOf(rapid.Int16()), sameNumber},
		{"mediumint", anyOf(rapid.Int32Range(-1<<23, 1<<23-1)), sameNumber}, {"int", anyOf(rapid.Int32()), sameNumber}, {"int unsigned zerofill", anyOf(rapid.Uint32()), sameNumber},
		{"bigint", anyOf(rapid.OneOf(rapid.Int64(), rapid.Int64Range(1<<53-2, 1<<53+2))), sameBigInt},
		{"bigint unsigned", anyOf(rapid.Uint64().Filter(func(n uint64) bool { return n < 1<<63 })), sameBigInt},
		{"bigint unsigned zerofill", anyOf(rapid.Uint64Max(1 << 62)), sameBigInt}, {"boolean", anyOf(rapid.Int8()), sameBoolean},
		{"decimal(20,6)", anyOf(rapid.Float64Range(-1e13, 1e13)), sameDecimal}, {"decimal(8,2) zerofill", anyOf(rapid.Float64Range(0, 1e5)), sameDecimal},
		{"float", anyOf(rapid.Float32Range(-1e30, 1e30)), sameFloat(32)}, {"double", anyOf(rapid.Float64Range(-1e300, 1e300)), sameFloat(64)}, {"double(12,3)", anyOf(rapid.Float64Range(-1e8, 1e8)), sameFloat(64)},
		{"year", anyOf(rapid.IntRange(1901, 2155)), sameNumber}, {"year", rapid.Just[any](0), sameNumber},
		{"date", anyOf(randomDate()), sameDate}, {"datetime", randomDatetime(), sameInstant}, {"datetime(4)", randomDatetime(), sameInstant}, {"timestamp(6) null", randomDatetime(), sameInstant},
		{"time(2)", anyOf(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%d:%02d:%02d.%02d", rapid.IntRange(-838, 838).Draw(t, "hours"), rapid.IntRange(0, 59).Draw(t, "minutes"), rapid.IntRange(0, 59).Draw(t, "seconds"), rapid.IntRange(0, 99).Draw(t, "hundredths"))
		})), sameText},
		{"char(20)", anyOf(randomText(20)), sameText}, {"varchar(200)", anyOf(randomText(200)), sameText}, {"longtext", anyOf(randomText(300)), sameText},
		{"varchar(50) character set latin1", anyOf(rapid.StringOfN(rapid.SampledFrom([]rune("aé\"\\ß\x01ÿ")), 0, 50, -1)), sameText},
		{"enum('a', '\"', 'ß')", anyOf(rapid.SampledFrom([]string{"a", "\"", "ß"})), sameText}, {"set('x', 'y', 'z')", anyOf(rapid.SampledFrom([]string{"", "x", "z,x"})), sameText},
		bits(1), bits(9), bits(63), {"doc", randomDocument(), sameDocument}, {"json", randomDocument(), sameText},
	}
	blob := anyOf(rapid.SliceOfN(rapid.Byte(), 0, 100))
	if types.Blob == "text" {
		blob = anyOf(rapid.Map(randomText(30), func(s string) []byte { return []byte(s) }))
	}
	return append(columns, randomColumn{"blob", blob, sameBytes}, randomColumn{"varbinary(400)", blob, sameBytes}, randomColumn{"binary(120)", blob, sameBytes})
}

func randomTypes(t *rapid.T) TypesConfig {
	pick := func(words ...string) string { return rapid.SampledFrom(words).Draw(t, words[1]) }
	return TypesConfig{
		BigInt: pick("number", "string", "safe"), Decimal: pick("number", "string"), Blob: pick("text", "base64", "hex"),
		Bit: pick("bytes", "number", "boolean"), TinyInt1: pick("number", "boolean"), Datetime: pick("server", "rfc3339"),
	}
}

// TestRandomRows fills random tables with random rows, and compares our JSON,
// prepared and in the text protocol and in two shapes, with what database/sql
// reads. The same run is repeated with -rapid.seed.
func TestRandomRows(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.TimeZone = "UTC"
	db := open(t, cfg)
	oracle, err := sql.Open("mysql", mariaDB(t).DSN()+"?sql_mode='ALLOW_INVALID_DATES'&time_zone='%2B00:00'")
	if err != nil {
		t.Fatal(err)
	}
	defer oracle.Close()
	rapid.Check(t, func(t *rapid.T) {
		types := randomTypes(t)
		columns := rapid.SliceOfN(rapid.SampledFrom(randomColumns(types)), 1, 8).Draw(t, "columns")
		fillRandomTable(t, oracle, columns)
		names, query, embeds := randomSelect(t, columns)
		want := readAll(t, oracle, query)
		for _, shape := range []string{"rows", "compact"} {
			e, err := db.Endpoint(EndpointConfig{SQL: query, AnswerConfig: AnswerConfig{TypesConfig: types, Shape: shape, JSON: embeds}})
			if err != nil {
				t.Fatal(err)
			}
			first, err := serve(e, asker{}, "")
			if err != nil {
				t.Fatal(err)
			}
			if second, err := serve(inText(e), asker{}, ""); err != nil || second != first {
				t.Fatalf("got %s prepared, and %s, %v as text", first, second, err)
			}
			got, gotNames := decodeRows(t, []byte(first), shape)
			if len(got) != len(want) || len(gotNames) > 0 && !slices.Equal(gotNames, names) {
				t.Fatalf("got %s, want %d rows of %q", first, len(want), names)
			}
			for i, row := range got {
				for j, value := range row {
					if text := want[i][j]; text == nil && value != nil || text != nil && !columns[j].same(value, string(text), types) {
						t.Errorf("%s with %+v: got %v in %s, want %q", columns[j].sqlType, types, value, first, text)
					}
				}
			}
		}
	})
}

// fillRandomTable makes the table random_rows anew.
func fillRandomTable(t *rapid.T, oracle *sql.DB, columns []randomColumn) {
	var definitions, marks []string
	for i, c := range columns {
		sqlType := c.sqlType
		if sqlType == "doc" {
			sqlType = "longtext"
		}
		definitions, marks = append(definitions, fmt.Sprintf("c%d %s null", i, strings.TrimSuffix(sqlType, " null"))), append(marks, "?")
	}
	// An engine that does not wait for the disk.
	if _, err := oracle.Exec("create or replace table random_rows (" + strings.Join(definitions, ", ") + ") engine = myisam"); err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 5).Draw(t, "rows") {
		var args []any
		for _, c := range columns {
			if rapid.IntRange(0, 5).Draw(t, "null") == 0 {
				args = append(args, nil)
			} else {
				args = append(args, c.value.Draw(t, c.sqlType))
			}
		}
		if _, err := oracle.Exec("insert into random_rows values ("+strings.Join(marks, ", ")+")", args...); err != nil {
			t.Fatalf("insert %v: %v", args, err)
		}
	}
}

// randomSelect returns a statement that reads the table under random names, the
// names, and those that are embedded.
func randomSelect(t *rapid.T, columns []randomColumn) (names []string, query string, embeds []string) {
	var selected []string
	for i, c := range columns {
		name := rapid.SampledFrom([]string{"a", "b c", `quo"te`, `back\slash`, "ünï", "漢", "new\nline", "1"}).Draw(t, "name")
		if c.sqlType == "doc" {
			name, embeds = "doc", []string{"doc"}
		}
		names, selected = append(names, name), append(selected, fmt.Sprintf("c%d as `%s`", i, name))
	}
	return names, "select " + strings.Join(selected, ", ") + " from random_rows", embeds
}

// readAll returns the text of every value, nil for NULL.
func readAll(t *rapid.T, oracle *sql.DB, query string) (all [][][]byte) {
	rows, err := oracle.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row := make([][]byte, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// decodeRows reads our JSON with encoding/json, and the names where there are any.
func decodeRows(t *rapid.T, body []byte, shape string) (rows [][]any, names []string) {
	if !utf8.Valid(body) || !json.Valid(body) {
		t.Fatalf("%q is no JSON", body)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	for i, raw := range list {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if _, err := d.Token(); err != nil { // [ or {
			t.Fatal(err)
		}
		var row []any
		var keys []string
		for d.More() {
			if raw[0] == '{' {
				key, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, key.(string))
			}
			var value any
			if err := d.Decode(&value); err != nil {
				t.Fatal(err)
			}
			row = append(row, value)
		}
		if shape == "compact" && i == 0 {
			for _, name := range row {
				names = append(names, name.(string))
			}
			continue
		}
		if rows = append(rows, row); raw[0] == '{' {
			names = keys
		}
	}
	return rows, names
}
