package sqlapi_test

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi"
)

// An endpoint answers a request with the rows of its statement.
func ExampleEndpoint() {
	cfg := sqlapi.Config{DSN: "embedded"}
	cfg.SetDefaults()
	cfg.Seed = "create table user (id int primary key, user varchar(20)); insert into user values (1, 'bob')"
	db, err := sqlapi.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close(context.Background())
	endpoint, err := db.Endpoint(sqlapi.EndpointConfig{SQL: "select id, user from user where id = :query.id", ReadOnly: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	rc := new(fasthttp.RequestCtx)
	rc.Request.SetRequestURI("/?id=1")
	err = endpoint.Serve(context.Background(), rc)
	fmt.Println(string(rc.Response.Body()), err)
	// Output: [{"id":1,"user":"bob"}] <nil>
}
