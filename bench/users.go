package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// The table is written in inserts of userBatch rows.
const (
	userCount = 10_000
	userBatch = 1000
)

// userTable is what a careful owner of such a table would have: names are
// unique, and names and passwords are compared byte by byte.
const userTable = `create table user (
	id int unsigned not null auto_increment primary key,
	user varchar(64) not null,
	passwd varchar(64) not null,
	unique key user (user)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_nopad_bin`

// userName and userPassword are the n-th row, from 1; getuser.lua makes the
// same ones.
func userName(n int) string     { return fmt.Sprintf("user%04d", n) }
func userPassword(n int) string { return fmt.Sprintf("passwd%04d", n) }

// createUsers makes the table and fills it.
func createUsers(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, userTable); err != nil {
		return fmt.Errorf("create table user: %w", err)
	}
	for first := 1; first <= userCount; first += userBatch {
		var insert strings.Builder
		insert.WriteString("insert into user (user, passwd) values ")
		for n := first; n < first+userBatch; n++ {
			if n > first {
				insert.WriteByte(',')
			}
			fmt.Fprintf(&insert, "('%s','%s')", userName(n), userPassword(n))
		}
		if _, err := db.ExecContext(ctx, insert.String()); err != nil {
			return fmt.Errorf("fill table user: %w", err)
		}
	}
	if _, err := db.ExecContext(ctx, "analyze table user"); err != nil {
		return fmt.Errorf("analyze table user: %w", err)
	}
	return nil
}
