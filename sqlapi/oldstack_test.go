package sqlapi

import (
	"encoding/json"
	"errors"
	"net/url"
	"testing"
)

// TestOldStack holds what clients of drizzle and rds-json rely on, byte for
// byte, prepared and in the text protocol.
func TestOldStack(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	err := mariaDB(t).Run(`create or replace table cats (id int auto_increment primary key, name varchar(20) unique);
		insert into cats values (2, null), (3, 'bob');
		create or replace table gone (a int);
		create or replace table every_type (t tinyint, s smallint, m mediumint, i int, b bigint, u bigint unsigned, y year,
			f float, d double, dc decimal(10,3), bo boolean, da date, ti time, dt datetime, ts timestamp, bi bit(1), te text, bl blob, js json, en enum('x', 'y'), st set('a', 'b'));
		insert into every_type values (-1, -2, -3, -4, -9223372036854775808, 18446744073709551615, 1999, 1.5, 1e20, -0.500, true,
			'2010-12-31', '-01:02:03', '2010-12-31 23:59:59', '2010-12-31 23:59:59', b'1', 'tü', 'blöb', '{"a": [1, "b"]}', 'y', 'a,b')`)
	if err != nil {
		t.Fatal(err)
	}
	f := func(set func(*EndpointConfig), sql, q, want string) {
		t.Helper()
		for _, run := range []func(*Endpoint) *Endpoint{func(e *Endpoint) *Endpoint { return e }, inText} {
			// The next number is 7 in either run.
			if err := mariaDB(t).Run("create or replace table counted (id int auto_increment primary key, n int) auto_increment = 7"); err != nil {
				t.Fatal(err)
			}
			got, err := serve(run(configured(t, db, sql, set)), asker{}, q)
			if got != want || err != nil {
				t.Errorf("%s: got %s, %v, want %s", sql, got, err, want)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("%s: %s is no JSON", sql, got)
			}
		}
	}
	plain := func(*EndpointConfig) {}
	compact := func(c *EndpointConfig) { c.Shape = "compact" }

	// Rows, compact rows, nothing found; select order, names kept twice.
	f(plain, "select * from cats order by id", "", `[{"id":2,"name":null},{"id":3,"name":"bob"}]`)
	f(compact, "select * from cats order by id", "", `[["id","name"],[2,null],[3,"bob"]]`)
	f(plain, "select * from cats where id = 99", "", `[]`)
	f(compact, "select * from cats where id = 99", "", `[["id","name"]]`)
	f(plain, "select name, id, name from cats where id = 3", "", `[{"name":"bob","id":3,"name":"bob"}]`)
	f(compact, "select name, id, name from cats where id = 3", "", `[["name","id","name"],["bob",3,"bob"]]`)

	// An absent or empty variable is the empty string, never NULL.
	f(plain, "select :query.absent is null as n, :query.empty = '' as e", "empty=", `[{"n":0,"e":1}]`)

	// Around the rows: success, properties, root, in this order.
	rows := `[{"id":2,"name":null},{"id":3,"name":"bob"}]`
	all := "select * from cats order by id"
	f(func(c *EndpointConfig) { c.Root = "rows" }, all, "", `{"rows":`+rows+`}`)
	f(func(c *EndpointConfig) { c.Root, c.Shape = "rows", "compact" }, all, "", `{"rows":[["id","name"],[2,null],[3,"bob"]]}`)
	f(func(c *EndpointConfig) { c.Success = "suc" }, all, "", `{"suc":true,"data":`+rows+`}`)
	f(func(c *EndpointConfig) { c.Root, c.Success = "rows", "suc" }, all, "", `{"suc":true,"rows":`+rows+`}`)
	f(func(c *EndpointConfig) { c.UserProperties = [][]string{{"user", "{query.v}"}} }, all, "v=v", `{"user":"v","data":`+rows+`}`)
	f(func(c *EndpointConfig) {
		c.Root, c.Success = "rows", "suc"
		c.UserProperties = [][]string{{"name", "{query.name}"}, {"age", "32"}, {"both", "{query.name}, {{{query.absent}}"}}
	}, all, "name="+url.QueryEscape("a\"\\\n\x01é😀/"), `{"suc":true,"name":"a\"\\\n\u0001é😀/","age":"32","both":"a\"\\\n\u0001é😀/, {}","rows":`+rows+`}`)
	f(func(c *EndpointConfig) { c.Root, c.Success = "rows", "suc" }, "select * from cats where id = 99", "", `{"suc":true,"rows":[]}`)
	f(func(c *EndpointConfig) { c.Root = "a \"root\"" }, "select 1 as n", "", `{"a \"root\"":[{"n":1}]}`)

	// Statements without rows: zeros left out, the server's remark, no root.
	f(plain, "insert into counted (n) values (1)", "", `{"errcode":0,"insert_id":7,"affected_rows":1}`)
	f(plain, "insert into gone values (1)", "", `{"errcode":0,"affected_rows":1}`)
	f(plain, "update cats set name = 'bob' where id = 3", "", `{"errcode":0,"errstr":"Rows matched: 1  Changed: 0  Warnings: 0"}`)
	f(plain, "delete from cats where id = 99", "", `{"errcode":0}`)
	f(func(c *EndpointConfig) { c.Root, c.Success = "rows", "suc" }, "delete from cats where id = 99", "", `{"errcode":0}`)
	f(func(c *EndpointConfig) { c.ErrcodeKey, c.ErrstrKey = "code", "mes\"sage" }, "update cats set name = 'bob' where id = 3", "",
		`{"code":0,"mes\"sage":"Rows matched: 1  Changed: 0  Warnings: 0"}`)

	// Types.
	f(plain, "select * from every_type", "", `[{"t":-1,"s":-2,"m":-3,"i":-4,"b":-9223372036854775808,"u":18446744073709551615,"y":1999,`+
		`"f":1.5,"d":1e20,"dc":-0.500,"bo":1,"da":"2010-12-31","ti":"-01:02:03","dt":"2010-12-31 23:59:59","ts":"2010-12-31 23:59:59",`+
		`"bi":"\u0001","te":"tü","bl":"blöb","js":"{\"a\": [1, \"b\"]}","en":"y","st":"a,b"}]`)
	f(plain, "select '' as t, cast('' as binary) as b, cast('' as char(0)) as c", "", `[{"t":"","b":"","c":""}]`)

	// Escapes.
	f(plain, `select '\r\n\\\"\b\t' as a, char(12) as f, char(1, 31, 127) as c, '/é😀' as p`, "",
		`[{"a":"\r\n\\\"\b\t","f":"\f","c":"\u0001\u001f`+"\x7f"+`","p":"/é😀"}]`)
}

// TestFailureInTheMiddle has a statement fail behind many of its rows: there the
// old stack's answer looked complete.
func TestFailureInTheMiddle(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	f := func(sql string, want error) {
		t.Helper()
		e := endpoint(t, db, sql)
		for _, e := range []*Endpoint{e, inText(e)} {
			if got, err := serve(e, asker{}, ""); !errors.Is(err, want) || got != "" {
				t.Errorf("%s: got %s, %v, want %v alone", sql, got, err, want)
			}
		}
	}
	f("select seq, if(seq = 4900, exp(1000), 1) as x, repeat('y', 100) as y from seq_1_to_5000", ErrUnprocessable)
	f("select seq, if(seq = 4900, x'ff', '') as x, repeat('y', 100) as y from seq_1_to_5000", ErrStatement)
}
