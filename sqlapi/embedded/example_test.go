//go:build !noembedded

package embedded_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net"

	"github.com/go-sql-driver/mysql"

	"zerohop/sqlapi/embedded"
)

func Example() {
	engine, err := embedded.Open(`
		create table fruit (name varchar(20));
		insert into fruit values ('pear'), ('plum');
	`)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()

	config := mysql.NewConfig()
	config.User, config.DBName = embedded.User, embedded.Database
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return engine.Dial(ctx)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		log.Fatal(err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()

	var count int
	if err := db.QueryRow("select count(*) from fruit where name = ?", "plum").Scan(&count); err != nil {
		log.Fatal(err)
	}
	fmt.Println(count)
	// Output: 1
}
