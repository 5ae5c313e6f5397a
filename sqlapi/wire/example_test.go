package wire_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zerohop/sqlapi/wire"
)

// Several commands go out in one write, and are answered in their order.
func Example() {
	dialer, err := wire.NewDialer(wire.DialerConfig{DSN: "user@tcp(127.0.0.1:1)/database", MaxBytes: 1 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := dialer.Dial(context.Background())
	if err != nil {
		refused, isAnswer := errors.AsType[*wire.ServerError](err)
		fmt.Println("no connection; refused by a server:", isAnswer, refused)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	conn.Query("select 1")
	conn.Query("select 2")
	if err := conn.Flush(); err != nil {
		fmt.Println(err)
		return
	}
	var result wire.Result
	for range 2 {
		if err := conn.ReadResult(&result); err != nil {
			fmt.Println(err)
			return
		}
		row, err := conn.ReadRow()
		for ; err == nil; row, err = conn.ReadRow() {
			value, _ := row.Next(&result.Columns[0])
			fmt.Printf("%s\n", value.AppendText(nil, &result.Columns[0]))
		}
	}
	// Output: no connection; refused by a server: false <nil>
}
