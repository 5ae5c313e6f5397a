package sqlapi

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leaving are statements that leave something behind in their session, or try to.
var leaving = []string{
	"set @x = 5",
	"select @x := 5",
	"set @x = :query.v, sql_mode = 'ANSI_QUOTES', time_zone = '+05:00', sql_select_limit = 1",
	"set names latin1",
	"set session transaction read write",
	"set session max_statement_time = 0, lock_wait_timeout = 1, group_concat_max_len = 4",
	"set profiling = 1",
	"set autocommit = 0",
	"set insert_id = 99, last_insert_id = 98, timestamp = 1",
	"set statement max_statement_time = 1 for select 1",
	"create temporary table tt (a int)",
	"create temporary table user (id int, user text)",
	"select get_lock('zerohop', 0)",
	"begin",
	"start transaction read write",
	"start transaction with consistent snapshot",
	"savepoint s",
	"xa start 'zerohop'",
	"lock tables user read, note write",
	"lock tables user read",
	"flush tables with read lock",
	"backup lock user",
	"handler user open",
	"prepare zh from 'select 1'",
	"use mysql",
	"set role leaky",
	"call leave_everything()",
	"select leave_variable(7)",
	"insert into marked (n) values (1)", // its trigger sets variables
	"insert into note (n) values (3)",
	"select last_insert_id(77)",
	"select sql_calc_found_rows id from user limit 1",
	"select cast('x' as signed)", // a warning
	"select nextval(numbers)",
	"do sleep(0)",
	"select :query.v",
}

// looking are statements that would see what was left behind.
var looking = []string{
	"select @x as x, @y as y",
	"select @@sql_mode, @@time_zone, @@sql_select_limit, @@insert_id, @@last_insert_id, @@autocommit, @@in_transaction",
	"select @@tx_read_only, @@tx_isolation, @@max_statement_time, @@lock_wait_timeout, @@group_concat_max_len",
	"select @@character_set_client, @@character_set_results, @@collation_connection, 'é' as e, hex('é') as h",
	"select is_used_lock('zerohop') as l, is_free_lock('zerohop') as f",
	"select * from tt",
	"select id, user from user order by id",
	"execute zh",
	"handler user read first",
	"select last_insert_id(), found_rows(), row_count()",
	"select lastval(numbers)",
	"show warnings",
	"select database() as d, current_role() as r, now() > '2001-01-01' as t",
	"update note set n = 2 where n = 3",
	"select \"text\" as t, 'a\\'b' as q",
	"show profiles",
	"commit",
	"select group_concat(user order by id) as u from user",
}

const leakSeed = `
create or replace table marked (n int);
create or replace sequence numbers;
create or replace role leaky;
grant leaky to root@localhost, root@127.0.0.1;
drop procedure if exists leave_everything; drop function if exists leave_variable; drop trigger if exists marks;
delimiter //
create procedure leave_everything() begin
  set @x = 1, @y = 2; set session sql_mode = ''; set session time_zone = '+01:00';
  create temporary table tt (a int); do get_lock('zerohop', 0); prepare zh from 'select 1'; start transaction; select 1;
end//
create function leave_variable(n int) returns int begin set @y = n; set session group_concat_max_len = 5; return n; end//
create trigger marks before insert on marked for each row begin set @x = new.n; set @y = 1; end//
`

// leakRounds is how many pairs of requests TestNothingLeaks sends;
// ZEROHOP_LEAK_ROUNDS asks for more of them.
func leakRounds(t *testing.T) int {
	value := os.Getenv("ZEROHOP_LEAK_ROUNDS")
	if value == "" {
		return 2000
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNothingLeaks sends requests in pairs over a pool of one connection: what
// the first leaves behind, the second must not see. It sees what it would on a
// connection that nobody has used before.
func TestNothingLeaks(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(leakSeed); err != nil {
		t.Fatal(err)
	}
	cfg.Max = 1
	answer := func(e *Endpoint) string {
		got, err := serve(e, asker{}, "v=7")
		if err != nil {
			return fmt.Sprint("error ", refusal(err))
		}
		return got
	}
	want := make([]string, len(looking))
	for i, sql := range looking {
		want[i] = answer(endpoint(t, open(t, cfg), sql))
	}
	db := open(t, cfg)
	var leave, look []*Endpoint
	for _, sql := range leaving {
		leave = append(leave, endpoint(t, db, sql), inText(endpoint(t, db, sql)))
	}
	for _, sql := range looking {
		look = append(look, endpoint(t, db, sql))
	}
	rounds := leakRounds(t)
	began := time.Now()
	random := rand.New(rand.NewPCG(uint64(began.UnixNano()), 0))
	failures := 0
	for round := range rounds {
		i, j := random.IntN(len(leave)), random.IntN(len(look))
		if round < len(leave)*len(look) { // every pair once
			i, j = round/len(look), round%len(look)
		}
		left := answer(leave[i])
		// A row that is there to be changed is no leak.
		got := answer(look[j])
		if !strings.HasPrefix(looking[j], "update") && got != want[j] || strings.Contains(got, "error") != strings.Contains(want[j], "error") {
			if failures++; failures < 20 {
				t.Errorf("after %s, which answered %s,\n%s: got %s, want %s", leave[i].query.Text, left, looking[j], got, want[j])
			}
		}
	}
	t.Logf("%d pairs in %v", rounds, time.Since(began).Round(time.Millisecond))
}
