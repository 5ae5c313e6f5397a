package socket_test

import (
	"fmt"
	"net"

	"zerohop/socket"
)

// A question goes out, and its answer is waited for, in one go.
func ExampleConn_Trip() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		server, err := l.Accept()
		if err != nil {
			return
		}
		defer server.Close()
		b := make([]byte, 100)
		n, _ := server.Read(b)
		fmt.Fprintf(server, "you said %s", b[:n])
	}()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	c, ok := socket.New(nc)
	if !ok {
		fmt.Println("not on this system")
		return
	}
	defer c.Close()
	answer := make([]byte, 100)
	_, n, err := c.Trip([]byte("hello"), answer)
	fmt.Println(string(answer[:n]), err)
	// Output: you said hello <nil>
}
