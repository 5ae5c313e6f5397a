package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"zerohop/socket"
	"zerohop/sqlapi/mariadbtest"
)

// dialTLS tries to connect.
func dialTLS(dsn string, tls *TLSConfig) (*Conn, error) {
	d, err := NewDialer(DialerConfig{DSN: dsn, MaxBytes: 1 << 20, TLS: tls})
	if err != nil {
		return nil, err
	}
	return d.Dial(context.Background())
}

func TestTLS(t *testing.T) {
	server, a := mariadbtest.StartTLS(t)
	mariadbtest.NewAuthority(t, a.Path(""), "stranger").Issue("impostor", &x509.Certificate{})
	err := server.Run(`install soname 'auth_ed25519';
		create user plain@'%' identified by 'hunter2';
		create user proven@'%' identified by 'hunter2' require x509;
		create user ed@'%' identified via ed25519 using password('hunter2') require ssl;
		grant all on *.* to plain@'%', proven@'%', ed@'%'`)
	if err != nil {
		t.Fatal(err)
	}
	tcp := func(user string) string { return user + ":hunter2@tcp(" + server.Address() + ")/zerohop" }
	unix := func(user string) string { return user + ":hunter2@unix(" + server.Socket() + ")/zerohop" }
	f := func(name, dsn string, cfg *TLSConfig, want string) {
		t.Run(name, func(t *testing.T) {
			t.Helper()
			c, err := dialTLS(dsn, cfg)
			if want != "" {
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v, want %q", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(10 * time.Second))
			if got := ask(t, c, "show session status like 'Ssl_cipher'"); !strings.Contains(got, "TLS_") && !strings.Contains(got, "-") {
				t.Errorf("got %q, want a cipher", got)
			}
			if !c.Alive() {
				t.Error("got dead, want alive")
			}
			if err := c.Quit(); err != nil || c.Alive() {
				t.Errorf("after Quit: got %v, alive %v", err, c.Alive())
			}
		})
	}
	ca := a.Path("ca.pem")
	f("right authority", tcp("plain"), &TLSConfig{CA: ca}, "")
	f("another way to authenticate", tcp("ed"), &TLSConfig{CA: ca}, "")
	f("named", tcp("plain"), &TLSConfig{CA: ca, ServerName: "db.test"}, "")
	f("unix socket", unix("plain"), &TLSConfig{CA: ca, ServerName: "db.test"}, "")
	f("wrong name", tcp("plain"), &TLSConfig{CA: ca, ServerName: "other.test"}, "certificate is valid for db.test, not other.test")
	f("wrong authority", tcp("plain"), &TLSConfig{CA: a.Path("stranger.pem")}, "certificate signed by unknown authority")
	f("the system's authorities", tcp("plain"), &TLSConfig{}, "certificate signed by unknown authority")
	f("no verification", tcp("plain"), &TLSConfig{SkipVerify: true}, "")
	f("no verification on a unix socket", unix("plain"), &TLSConfig{SkipVerify: true}, "")
	f("wrong password", "plain:hunter@tcp("+server.Address()+")/zerohop", &TLSConfig{CA: ca}, "error 1045")
	f("client certificate", tcp("proven"), &TLSConfig{CA: ca, Certificate: a.Path("client.pem"), Key: a.Path("client.key")}, "")
	f("no client certificate", tcp("proven"), &TLSConfig{CA: ca}, "error 1045")
	f("client certificate of a stranger", tcp("proven"), &TLSConfig{CA: ca, Certificate: a.Path("impostor.pem"), Key: a.Path("impostor.key")}, "handshake: ")
	f("TLS demanded, none wanted", tcp("ed"), nil, "error 1045")
	f("authorities missing", tcp("plain"), &TLSConfig{CA: a.Path("none.pem")}, "no such file")
	f("authorities that are none", tcp("plain"), &TLSConfig{CA: a.Path("ca.key")}, "no certificate in PEM form")
	f("key of another", tcp("plain"), &TLSConfig{CA: ca, Certificate: a.Path("client.pem"), Key: a.Path("server.key")}, "read client certificate")
	f("unix socket without a name", unix("plain"), &TLSConfig{CA: ca}, "no server name")
	f("a server without TLS", mariaDB(t).DSN(), &TLSConfig{SkipVerify: true}, ErrNoTLS.Error())

	t.Run("alive", func(t *testing.T) { testAliveThroughTLS(t, tcp("plain"), &TLSConfig{CA: ca}) })
	t.Run("the same server", func(t *testing.T) { testDialSameThroughTLS(t, tcp("plain"), &TLSConfig{CA: ca}) })
	t.Run("long packets", func(t *testing.T) {
		c, err := dialTLS(tcp("plain"), &TLSConfig{CA: ca})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if got := ask(t, c, "select repeat('x', 1000000)"); len(got) != 1000000 {
			t.Errorf("got %d bytes", len(got))
		}
	})
}

// testAliveThroughTLS has the server end an idle connection.
func testAliveThroughTLS(t *testing.T, dsn string, cfg *TLSConfig) {
	victim, err := dialTLS(dsn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	ask(t, victim, "select 1")
	// A deadline that has passed says nothing about the connection.
	victim.SetDeadline(time.Now().Add(-time.Second))
	for range 3 {
		if !victim.Alive() {
			t.Fatal("got dead, want alive")
		}
	}
	killer, err := dialTLS(dsn, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close()
	ask(t, killer, "kill "+itoa(victim.Server().ThreadID))
	deadline := time.Now().Add(5 * time.Second)
	for victim.Alive() && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if victim.Alive() {
		t.Error("got alive, want dead")
	}
}

// testDialSameThroughTLS connects to where a connection has gone, whose
// certificate is for another name than that address.
func testDialSameThroughTLS(t *testing.T, dsn string, cfg *TLSConfig) {
	d, err := NewDialer(DialerConfig{DSN: dsn, MaxBytes: 1 << 20, TLS: cfg})
	if err != nil {
		t.Fatal(err)
	}
	victim, err := d.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	killer, err := d.DialSame(context.Background(), victim.RemoteAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close()
	killer.Kill(victim.Server().ThreadID)
	killer.Flush()
	if _, err := rows(killer); err != nil {
		t.Error(err)
	}
	victim.SetDeadline(time.Now().Add(5 * time.Second))
	if err := victim.AwaitClose(); err != nil {
		t.Error(err)
	}
}

// TestNothingIsSentWithoutTLS holds that a server that takes TLS out of its
// greeting, or whoever stands in between and does, learns nothing.
func TestNothingIsSentWithoutTLS(t *testing.T) {
	server := mariaDB(t)
	sent := 0
	d, err := NewDialer(DialerConfig{DSN: server.DSN(), MaxBytes: 1 << 20, TLS: &TLSConfig{SkipVerify: true},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			return &counting{nc, &sent}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Dial(context.Background()); !errors.Is(err, ErrNoTLS) {
		t.Errorf("got %v, want %v", err, ErrNoTLS)
	}
	if sent != 0 {
		t.Errorf("got %d bytes sent, want none", sent)
	}
}

type counting struct {
	net.Conn
	sent *int
}

func (c *counting) Write(p []byte) (int, error) {
	*c.sent += len(p)
	return c.Conn.Write(p)
}

// TestReadNow looks at sockets of several kinds.
func TestReadNow(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	here, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	here = socket.Wrap(here)
	defer here.Close()
	there, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	f := func(nc net.Conn, want error, quiet bool) {
		t.Helper()
		if got := silent(nc); got != quiet {
			t.Errorf("got silent %v, want %v", got, quiet)
		}
		if _, err := readNow(nc, make([]byte, 8)); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	settle := func() { // until something has arrived
		for deadline := time.Now().Add(5 * time.Second); silent(here) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
	}
	f(here, os.ErrDeadlineExceeded, true)
	there.Write([]byte("x"))
	settle()
	f(here, nil, false)
	f(here, os.ErrDeadlineExceeded, true)
	there.Close()
	settle()
	f(here, io.EOF, false)
	one, other := net.Pipe()
	defer one.Close()
	defer other.Close()
	f(one, os.ErrDeadlineExceeded, true) // nothing to look at
}
