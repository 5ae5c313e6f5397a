package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair returns the two ends of a connection: ours, and a plain one.
func pair(t testing.TB, network string) (*Conn, net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	here, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	there, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c, ok := New(here)
	if !ok {
		t.Skip("this system has none")
	}
	t.Cleanup(func() {
		c.Close()
		there.Close()
	})
	return c, there
}

// each runs a test on every kind of connection.
func each(t *testing.T, f func(t *testing.T, c *Conn, there net.Conn)) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			c, there := pair(t, network)
			f(t, c, there)
		})
	}
}

// settle waits until something has come.
func settle(t *testing.T, c *Conn) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); c.Silent(); {
		if time.Now().After(deadline) {
			t.Fatal("nothing has come")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestReadAndWrite(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		b := make([]byte, 10)
		if n, err := c.Read(nil); n != 0 || err != nil {
			t.Errorf("got %d, %v from reading nothing", n, err)
		}
		go there.Write([]byte("hello"))
		if n, err := c.Read(b); string(b[:n]) != "hello" || err != nil {
			t.Errorf("got %q, %v, want hello", b[:n], err)
		}
		if n, err := c.Write([]byte("world")); n != 5 || err != nil {
			t.Errorf("got %d, %v, want 5", n, err)
		}
		if n, err := c.Write(nil); n != 0 || err != nil {
			t.Errorf("got %d, %v from writing nothing", n, err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
		if all, err := io.ReadAll(there); string(all) != "world" || err != nil {
			t.Errorf("got %q, %v, want world and the end", all, err)
		}
		there.Close()
		for range 2 {
			if n, err := c.Read(b); n != 0 || err != io.EOF {
				t.Errorf("got %d, %v, want the end", n, err)
			}
		}
	})
}

// What the other end takes slowly arrives whole, and in order.
func TestWriteBoth(t *testing.T) {
	a, b := bytes.Repeat([]byte("abcdefg"), 100_000), bytes.Repeat([]byte("0123456789"), 200_000)
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		f := func(a, b []byte) {
			t.Helper()
			got := make(chan []byte)
			go func() {
				all := make([]byte, len(a)+len(b))
				time.Sleep(time.Millisecond)
				_, _ = io.ReadFull(there, all)
				got <- all
			}()
			if n, err := c.WriteBoth(a, b); n != len(a)+len(b) || err != nil {
				t.Errorf("got %d, %v, want %d", n, err, len(a)+len(b))
			}
			if all := <-got; !bytes.Equal(all, append(bytes.Clone(a), b...)) {
				t.Errorf("%d and %d bytes came differently", len(a), len(b))
			}
		}
		f(a[:1], b[:1])
		f(nil, b[:5])
		f(a[:5], nil)
		f(a, b)
		f(a[:300_000], b[:10])
		f(a[:10], b)
	})
}

// A write that its deadline ends says how much went out.
func TestWriteDeadline(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		_ = c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := c.WriteBoth(make([]byte, 10), make([]byte, 64<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) || n < 10 || n >= 64<<20 {
			t.Fatalf("got %d, %v", n, err)
		}
		if !strings.HasPrefix(err.Error(), "write "+c.LocalAddr().Network()) {
			t.Errorf("got %v", err)
		}
		_ = c.SetWriteDeadline(time.Time{})
		c.CloseWrite()
		if got, err := io.Copy(io.Discard, there); got != int64(n) || err != nil {
			t.Errorf("%d came, %v, of %d", got, err, n)
		}
	})
}

func TestReadDeadline(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		f := func() {
			t.Helper()
			n, err := c.Read(make([]byte, 1))
			if timeout, ok := errors.AsType[net.Error](err); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !ok || !timeout.Timeout() {
				t.Errorf("got %d, %v", n, err)
			}
		}
		_ = c.SetReadDeadline(time.Now().Add(-time.Second))
		f()
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		f()
		_ = c.SetReadDeadline(time.Time{})
		time.AfterFunc(20*time.Millisecond, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
		f() // one that is under way
		_ = c.SetReadDeadline(time.Time{})
		there.Write([]byte("x"))
		if n, err := c.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("got %d, %v, want it to go on", n, err)
		}
	})
}

// A read and a write under way end with the connection.
func TestClose(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, _ net.Conn) {
		ended := make(chan error, 2)
		go func() { _, err := c.Read(make([]byte, 1)); ended <- err }()
		go func() { _, err := c.Write(make([]byte, 64<<20)); ended <- err }()
		time.Sleep(20 * time.Millisecond)
		c.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v, want net.ErrClosed", err)
			}
		}
		if _, err := c.ReadNow(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", err)
		}
		if c.Silent() {
			t.Error("a closed connection is silent")
		}
	})
}

// An error of the connection is that of the standard library.
func TestReset(t *testing.T) {
	c, there := pair(t, "tcp")
	there.(*net.TCPConn).SetLinger(0)
	there.Close()
	_, err := c.Read(make([]byte, 1))
	if op, ok := errors.AsType[*net.OpError](err); !errors.Is(err, syscall.ECONNRESET) || !ok || op.Op != "read" || op.Net != "tcp" {
		t.Errorf("got %v", err)
	}
	_, err = c.Write(make([]byte, 1))
	if op, ok := errors.AsType[*net.OpError](err); !errors.Is(err, syscall.EPIPE) || !ok || op.Op != "write" {
		t.Errorf("got %v", err)
	}
}

// Our own end is a reset where that was asked for.
func TestSetLinger(t *testing.T) {
	c, there := pair(t, "tcp")
	if err := c.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestTrip(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		go func() {
			b := make([]byte, 8)
			for {
				n, err := there.Read(b)
				if err != nil {
					return
				}
				time.Sleep(time.Millisecond)
				there.Write(bytes.ToUpper(b[:n]))
			}
		}()
		b := make([]byte, 8)
		for range 100 {
			if written, n, err := c.Trip([]byte("hello"), b); written != 5 || string(b[:n]) != "HELLO" || err != nil {
				t.Fatalf("got %d, %q, %v", written, b[:n], err)
			}
		}
	})
}

// What came before the question is not waited for, and the question not asked.
func TestTripThatComesLate(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		f := func(want string, wantErr error) {
			t.Helper()
			settle(t, c)
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			b := make([]byte, 8)
			if written, n, err := c.Trip([]byte("hello"), b); written != 0 || string(b[:n]) != want || err != wantErr {
				t.Errorf("got %d, %q, %v, want %q, %v", written, b[:n], err, want, wantErr)
			}
		}
		there.Write([]byte("no"))
		f("no", nil)
		there.(interface{ CloseWrite() error }).CloseWrite()
		f("", io.EOF)
		c.CloseWrite()
		if all, err := io.ReadAll(there); len(all) != 0 || err != nil {
			t.Errorf("got %q, %v", all, err)
		}
	})
}

// A request that is not taken at once is left to the caller, and one whose
// answer does not come has been written.
func TestTripIsPartial(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		request := make([]byte, 64<<20)
		written, n, err := c.Trip(request, make([]byte, 1))
		if written == 0 || written >= len(request) || n != 0 || err != nil {
			t.Errorf("got %d, %d, %v", written, n, err)
		}
		rest := make(chan int64)
		go func() {
			n, _ := io.Copy(io.Discard, there)
			rest <- n
		}()
		if n, err := c.Write(request[written:]); n != len(request)-written || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if written, n, err := c.Trip([]byte("hello"), make([]byte, 1)); written != 5 || n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %d, %d, %v", written, n, err)
		}
		c.Close()
		if n := <-rest; n != int64(len(request))+5 {
			t.Errorf("%d bytes came, want %d", n, len(request)+5)
		}
	})
}

func TestReadNow(t *testing.T) {
	each(t, func(t *testing.T, c *Conn, there net.Conn) {
		f := func(want string, wantErr error, silent bool) {
			t.Helper()
			if got := c.Silent(); got != silent {
				t.Errorf("got silent %v, want %v", got, silent)
			}
			b := make([]byte, 8)
			if n, err := c.ReadNow(b); string(b[:n]) != want || err != wantErr {
				t.Errorf("got %q, %v, want %q, %v", b[:n], err, want, wantErr)
			}
		}
		f("", os.ErrDeadlineExceeded, true)
		_ = c.SetReadDeadline(time.Unix(1, 0)) // which it does not mind
		there.Write([]byte("x"))
		settle(t, c)
		f("x", nil, false)
		f("", os.ErrDeadlineExceeded, true)
		there.Close()
		settle(t, c)
		f("", io.EOF, false)
	})
}

// What is no stream socket stays what it is.
func TestNoSocket(t *testing.T) {
	f := func(nc net.Conn) {
		t.Helper()
		if got := Wrap(nc); got != nc {
			t.Errorf("got a %T of a %T", got, nc)
		}
	}
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	f(one)
	packets, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	f(packets)
	c, _ := pair(t, "tcp")
	if Wrap(c) != net.Conn(c) {
		t.Error("a Conn is wrapped again")
	}
	if raw, err := c.SyscallConn(); raw == nil || err != nil {
		t.Errorf("got %v, %v, want the system's side", raw, err)
	}
}

func TestConnDoesNotAllocate(t *testing.T) {
	if !direct {
		t.Skip("the calls are the standard library's")
	}
	c, there := pair(t, "tcp")
	go func() {
		b := make([]byte, 64)
		for {
			n, err := there.Read(b)
			if err != nil {
				return
			}
			there.Write(b[:n])
		}
	}()
	a, b, in := []byte("hello, "), []byte("world"), make([]byte, 64)
	if got := testing.AllocsPerRun(100, func() {
		_, _, _ = c.Trip(a, in)
		_, _ = c.WriteBoth(a, b)
		_, _ = c.Read(in)
		c.Silent()
	}); got != 0 {
		t.Errorf("got %.0f allocations, want 0", got)
	}
}

// BenchmarkTrip asks and waits, against what a net.Conn needs for it.
func BenchmarkTrip(b *testing.B) {
	f := func(name string, ask func(c *Conn, request, in []byte)) {
		b.Run(name, func(b *testing.B) {
			c, there := pair(b, "tcp")
			go func() { _, _ = io.Copy(struct{ io.Writer }{there}, struct{ io.Reader }{there}) }()
			request, in := make([]byte, 200), make([]byte, 1024)
			b.ReportAllocs()
			for b.Loop() {
				ask(c, request, in)
			}
			c.Close()
		})
	}
	f("conn", func(c *Conn, request, in []byte) { _, _, _ = c.Trip(request, in) })
	f("net", func(c *Conn, request, in []byte) {
		_, _ = c.Conn.Write(request)
		_, _ = c.Conn.Read(in)
	})
}
