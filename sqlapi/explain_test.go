package sqlapi

import (
	"context"
	"testing"
	"time"
)

func TestAccessJudge(t *testing.T) {
	f := func(a access, short, glimpse bool, rows float64) {
		t.Helper()
		if s, g, r := a.judge(); s != short || g != glimpse || r != rows {
			t.Errorf("%+v: got %t, %t, %v, want %t, %t, %v", a, s, g, r, short, glimpse, rows)
		}
	}
	f(access{"system", "0", ""}, true, false, 1)
	f(access{"const", "1", "Using index"}, true, false, 1)
	f(access{"eq_ref", "1", ""}, true, false, 1)
	f(access{"ref", "12", "Using where"}, true, false, 12)
	f(access{"ref", "0", ""}, true, false, 1)
	f(access{"ref", "1.5", ""}, true, false, 1.5)
	f(access{"ref", "", ""}, false, false, 1)
	f(access{"ref", "many", ""}, false, false, 1)
	f(access{"", "", "No tables used"}, true, false, 1)
	f(access{"", "", "Impossible WHERE"}, true, true, 1)
	f(access{"", "", "Impossible WHERE noticed after reading const tables"}, true, true, 1)
	f(access{"", "", "no matching row in const table"}, true, true, 1)
	f(access{"", "", "Select tables optimized away"}, false, true, 1)
	f(access{"", "", ""}, false, true, 1)
	for _, kind := range []string{"ALL", "index", "range", "ref_or_null", "index_merge", "fulltext", "unique_subquery", "CONST", "nonsense"} {
		f(access{kind, "1", ""}, false, false, 1)
	}
}

const planSeed = `
create or replace table plans (id int primary key, code varchar(20) not null unique, few int not null, many int not null, plain int not null,
	key (few), key (many)) engine = innodb;
insert into plans select seq, concat('c', seq), seq div 4, seq mod 2, seq from seq_1_to_2000;
create or replace table parts (id int primary key, plan int not null, key (plan)) engine = innodb;
insert into parts select seq, seq div 3 from seq_1_to_3000;
create or replace table empty (id int primary key) engine = innodb;
analyze table plans, parts;
`

// TestExplain has MariaDB explain statements of every sort.
func TestExplain(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(planSeed); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	res, err := db.pool.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Release()
	s := res.Value()
	f := func(sql string, short, glimpse bool) {
		t.Helper()
		s.conn.SetDeadline(time.Now().Add(10 * time.Second))
		got, err := s.explain("EXPLAIN " + sql)
		if want := (verdict{short, glimpse}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", sql, got, err, want)
		}
	}
	f("select * from plans where id = '7'", true, false)
	f("select count(*) from plans where code = 'c7' and plain = 7", true, false)
	f("select * from plans where few = 7", true, false)
	f("select * from plans where many = 1", false, false)
	f("select * from plans where plain = 7", false, false)
	f("select * from plans", false, false)
	f("select * from plans where id < 3", false, false)
	f("select * from plans where id in (1, 2)", false, false)
	f("select * from plans where id = 7 or plain = 7", false, false)
	f("select * from parts p join plans q on q.id = p.plan where p.id = 30", true, false)
	f("select * from plans q join parts p on p.plan = q.id where q.code = 'c7'", true, false)
	f("select * from plans q join parts p on p.plan = q.id where q.few = 7", true, false)
	f("select * from plans q join plans p on p.few = q.few join plans r on r.few = p.few where q.few = 7", false, false) // 4 * 4 * 4
	f("select * from plans q join plans p where q.id = 7", false, false)
	f("select * from plans where id = 99999", true, true)
	f("select * from plans where id = 7 and 1 = 2", true, true)
	f("select max(id) from plans", false, true)
	f("select 1", true, false)
	f("select 1 from dual where 'a' = 'b'", true, true)
	f("select (select plain from plans where id = 7) as p", true, false)
	f("select (select count(*) from plans where plain = 7) as n", false, false)
	f("select * from plans where id = 7 and exists (select 1 from plans p where p.plain > 1 and p.id <> plans.id)", false, false)
	f("select plain from plans where id = 7 union select plain from plans where id = 8", false, false)
	f("select * from (select count(*) as n from plans group by plain) d", false, false)
	f("select * from (select plain from plans where id = 7) d", true, false)
	f("select * from plans where id = 7 order by rand()", true, false)

	for _, question := range []string{"EXPLAIN select * from no_such_table", "EXPLAIN selekt", "select 1 as one", "select 'const' as type, 1 as `rows`", "set @x = 1"} {
		if got, err := s.explain(question); err == nil || got.short || s.ended(err) != nil {
			t.Errorf("%s: got %+v, %v, want an error of the statement", question, got, err)
		}
	}
	if got, err := s.explain("select 'const' as type, 1 as `rows`, 'x' as Extra, 2 as other where false"); err == nil || got.short {
		t.Errorf("got %+v, %v for a plan without a step", got, err)
	}
	if !s.conn.Idle() {
		t.Error("something was left unread")
	}
}

// TestIndexDecides drops an index and creates it again: with it the statement
// shares a lane, without it it does not.
func TestIndexDecides(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(planSeed); err != nil {
		t.Fatal(err)
	}
	cfg.Lanes, cfg.LaneSlow = 1, time.Hour
	db := open(t, cfg)
	e := endpoint(t, db, "select id from plans where few = :query.v")
	f := func(rides bool) {
		t.Helper()
		before := db.LaneStats().Batches.Sum
		for range 5 {
			got, err := serve(e, asker{}, "v=7")
			if err != nil || got != `[{"id":28},{"id":29},{"id":30},{"id":31}]` {
				t.Errorf("got %s, %v", got, err)
			}
		}
		if got := db.LaneStats().Batches.Sum - before; got != map[bool]float64{true: 5}[rides] {
			t.Errorf("got %v of 5 statements in a lane, want %t", got, rides)
		}
	}
	alter := func(sql string) {
		t.Helper()
		if err := mariaDB(t).Run("alter table plans " + sql + "; analyze table plans"); err != nil {
			t.Fatal(err)
		}
	}
	f(true)
	alter("drop index few")
	f(true) // for a minute at most
	e.boarding.doubt()
	f(false)
	alter("add index (few)")
	f(false)
	e.boarding.doubt()
	f(true)
}
