package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Listener: l, t: t}
	p.serve(func(c *peerConn) {
		for {
			if _, ok := c.request(); !ok {
				return
			}
			c.say(empty)
		}
	})
	cfg := testConfig(path)
	cfg.Network = "unix"
	c := newTestClient(t, cfg)
	for range 3 {
		if _, err := newCall(t, get).to(c); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Stats().Connects; got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Name", r.TLS.ServerName)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	f := func(secure *tls.Config, fails bool) {
		t.Helper()
		cfg := testConfig(s.Listener.Addr().String())
		cfg.TLS = func() (*tls.Config, error) { return secure, nil }
		c := newTestClient(t, cfg)
		for range 3 {
			call := newCall(t, get)
			_, err := call.to(c)
			var failure *Error
			switch {
			case fails && (!errors.As(err, &failure) || failure.Op != OpConnect || failure.Sent || failure.Timeout):
				t.Errorf("got %+v, want a failed handshake", failure)
			case !fails && (err != nil || string(call.rc.Response.Header.Peek("X-Name")) != "example.com"):
				t.Errorf("got %v, %s", err, &call.rc.Response.Header)
			}
		}
		if got := c.Stats(); !fails && got.Connects != 1 || fails && got.Connections != 0 {
			t.Errorf("got %+v", got)
		}
	}
	f(&tls.Config{RootCAs: roots, ServerName: "example.com"}, false)
	f(&tls.Config{RootCAs: roots, ServerName: "other.test"}, true)
	f(&tls.Config{ServerName: "example.com"}, true)
}

func TestRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := newTestClient(t, testConfig(l.Addr().String()))
	_, err = newCall(t, get).to(c)
	var failure *Error
	if !errors.As(err, &failure) || failure.Op != OpConnect || failure.Sent || failure.Timeout || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v (%+v)", err, failure)
	}
	if _, err := c.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial: got %v", err)
	}
}

// A server that accepts, and never shakes hands, is bounded by the time to
// connect, and by the client's patience.
func TestSilentHandshake(t *testing.T) {
	f := func(timeout time.Duration, leave bool, op Op, want error) {
		t.Helper()
		accepted := make(chan struct{})
		p := newPeer(t, func(c *peerConn) {
			close(accepted)
			c.ended()
		})
		cfg := testConfig(p.Addr().String())
		cfg.ConnectTimeout, cfg.TLS = timeout, func() (*tls.Config, error) { return &tls.Config{ServerName: "h"}, nil }
		call := newCall(t, get)
		if leave {
			go func() {
				<-accepted
				call.in.leave()
			}()
		}
		_, err := call.to(newTestClient(t, cfg))
		var failure *Error
		if !errors.As(err, &failure) || failure.Op != op || failure.Timeout == leave || failure.Sent || !errors.Is(err, want) {
			t.Errorf("got %v (%+v), want %v", err, failure, want)
		}
	}
	f(50*time.Millisecond, false, OpConnect, ErrConnectTimeout)
	f(time.Minute, true, OpClient, context.Canceled)
}
