package wire

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"zerohop/sqlapi/mariadbtest"
)

// TestAwait lets deadlines pass while an answer is awaited: the connection goes
// on as if nobody had asked.
func TestAwait(t *testing.T) {
	f := func(name string, connect func(t *testing.T) *Conn) {
		t.Run(name, func(t *testing.T) {
			c := connect(t)
			defer c.Close()
			for _, pause := range []time.Duration{-time.Second, 0, 20 * time.Millisecond} {
				c.Query("select sleep(0.1), 'a'")
				c.Query("select 'b'")
				if err := c.Flush(); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					c.SetDeadline(time.Now().Add(pause))
					if err := c.Await(); !errors.Is(err, os.ErrDeadlineExceeded) || c.Failed() {
						t.Fatalf("got %v, failed %t, want the deadline passed and nothing else", err, c.Failed())
					}
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				for _, want := range []string{"0|a", "b"} {
					for range 2 { // the second time it is here
						if err := c.Await(); err != nil {
							t.Fatal(err)
						}
					}
					if got, err := rows(c); err != nil || got[0] != want {
						t.Errorf("got %q, %v, want %q", got, err, want)
					}
				}
				if !c.Idle() || !c.Alive() {
					t.Error("the connection is not as it was")
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
			}
			c.SetDeadline(time.Now().Add(-time.Second))
			c.in.r, c.in.w = 0, 1 // something is here
			if err := c.Await(); err != nil {
				t.Errorf("got %v, want what is here not to be awaited", err)
			}
		})
	}
	f("tcp", func(t *testing.T) *Conn { return dial(t, mariaDB(t).DSN()) })
	f("unix", func(t *testing.T) *Conn { return dial(t, mariaDB(t).SocketDSN()) })
	f("tls", func(t *testing.T) *Conn {
		server, a := mariadbtest.StartTLS(t)
		c, err := dialTLS(server.DSN(), &TLSConfig{CA: a.Path("ca.pem")})
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	})
}

func TestAwaitTheEnd(t *testing.T) {
	c := scripted(packet(1, 0, 0, 0, 2, 0, 0, 0), Server{}, 0)
	c.Ping()
	c.Ping()
	c.Flush()
	if err := c.Await(); err != nil {
		t.Fatal(err)
	}
	if got, err := rows(c); err != nil || got[0] != "OK " {
		t.Errorf("got %q, %v", got, err)
	}
	for range 2 {
		if err := c.Await(); !errors.Is(err, io.EOF) || !c.Failed() {
			t.Errorf("got %v, failed %t, want the end of the connection", err, c.Failed())
		}
	}

	server := mariaDB(t)
	victim, killer := dial(t, server.DSN()), dial(t, server.DSN())
	victim.Query("select sleep(10)")
	victim.Flush()
	ask(t, killer, "kill "+itoa(victim.Server().ThreadID))
	for !victim.Failed() {
		if err := victim.Await(); err == nil { // the server may say why
			rows(victim)
		}
	}
}

func TestLimitAnswers(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	s := prepare(t, c, "select repeat('x', ?) as x")
	f := func(limit int64, sizes ...string) error {
		t.Helper()
		for _, size := range sizes {
			c.Execute(s, []Argument{text(size, BindText)})
		}
		c.Flush()
		c.LimitAnswers(limit) // what is read counts, not what was sent
		for _, size := range sizes {
			if _, err := rows(c); err != nil {
				return err
			}
			if c.Failed() {
				t.Errorf("has failed after %s bytes", size)
			}
		}
		return nil
	}
	if err := f(1000, "900", "900", "900"); err != nil {
		t.Errorf("got %v, want each answer to have a limit of its own", err)
	}
	if err := f(100_000, "90000"); err != nil {
		t.Error(err)
	}
	if err := f(1000, "900", "1100", "900"); !errors.Is(err, ErrTooLarge) || !c.Failed() {
		t.Errorf("got %v, failed %t, want %v", err, c.Failed(), ErrTooLarge)
	}
}

// TestExecuteEncoded holds that the two ways to encode an execution are one to
// the byte, for random arguments.
func TestExecuteEncoded(t *testing.T) {
	random := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	one, other := scripted(nil, Server{}, 0), scripted(nil, Server{}, 0)
	var x Execution
	for range 2000 {
		s := &Statement{id: random.Uint32(), parameters: random.IntN(20)}
		args := make([]Argument, s.parameters)
		for i := range args {
			switch random.IntN(5) {
			case 0: // NULL
			case 1:
				args[i] = text(strconv.FormatInt(random.Int64(), 10), BindInteger)
			case 2:
				args[i] = text(strconv.FormatUint(random.Uint64(), 10), BindUnsigned)
			default:
				args[i].Text = bytes.Repeat([]byte{byte(random.IntN(256))}, random.IntN(1<<random.IntN(18)))
			}
		}
		one.Execute(s, args)
		x = AppendExecution(x[:0], args)
		for range 2 { // it stays as it is
			other.ExecuteEncoded(s, x)
			if !bytes.Equal(one.out, other.out) || one.due[len(one.due)-1] != other.due[len(other.due)-1] {
				t.Fatalf("%d arguments: got\n%.100x, want\n%.100x", len(args), other.out, one.out)
			}
			other.out = other.out[:0]
		}
		one.out = one.out[:0]
	}
	before := []byte("before")
	if got := AppendExecution(before, nil); !bytes.HasPrefix(got, before) || !bytes.Equal(got[len(before):], AppendExecution(nil, nil)) {
		t.Errorf("got %x", got)
	}
}

func TestExecuteEncodedOnMariaDB(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	s := prepare(t, c, "select ? as a, ? as b")
	long := strings.Repeat("é", 1000)
	c.ExecuteEncoded(s, AppendExecution(nil, []Argument{text("x", BindText), {}}))
	c.ExecuteEncoded(s, AppendExecution(nil, []Argument{{}, text(long, BindText)}))
	c.Execute(s, []Argument{text("", BindText), text("y", BindText)})
	c.Flush()
	for _, want := range []string{"x|NULL", "NULL|" + long, "|y"} {
		if got, err := rows(c); err != nil || got[0] != want {
			t.Errorf("got %.40q, %v, want %.40q", got, err, want)
		}
	}
}

func TestAppendExecutionTooLarge(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("got no panic for more than one packet takes")
		}
	}()
	AppendExecution(nil, []Argument{{Text: make([]byte, maxPayload)}})
}
