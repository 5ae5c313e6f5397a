package wire

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zerohop/sqlapi/mariadbtest"
)

const scriptScramble = "0123456789abcdefghij"

// greet returns a greeting as MySQL 8 sends it; without are capabilities that
// it does not offer.
func greet(without uint32, method string) []byte {
	capabilities := ^without &^ (1 << 5) // no compression
	p := append([]byte{10}, "8.0.36\x00"...)
	p = binary.LittleEndian.AppendUint32(p, 77)
	p = append(p, scriptScramble[:8]+"\x00"...)
	p = binary.LittleEndian.AppendUint16(p, uint16(capabilities))
	p = append(p, 255, 2, 0)
	p = binary.LittleEndian.AppendUint16(p, uint16(capabilities>>16))
	p = append(p, 21)
	p = append(p, make([]byte, 10)...)
	p = append(p, scriptScramble[8:]+"\x00"+method+"\x00"...)
	return packet(0, p...)
}

// scriptServer is the server's half of MySQL 8's handshake, as its protocol's
// documentation has it. It panics where the client does not follow that, and
// the panic ends up in the test through failed.
type scriptServer struct {
	nc     net.Conn
	seq    byte // of the next packet
	secure *tls.Config
	key    *rsa.PrivateKey
	full   bool // the password is not in the server's cache
	failed error
}

const (
	scriptUser     = "ann"
	scriptPassword = "hunter2"
)

func (s *scriptServer) read() []byte {
	head := make([]byte, 4)
	if _, err := io.ReadFull(s.nc, head); err != nil {
		panic(fmt.Errorf("read: %w", err))
	}
	if head[3] != s.seq {
		panic(fmt.Errorf("got packet %d, want %d", head[3], s.seq))
	}
	s.seq++
	p := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	if _, err := io.ReadFull(s.nc, p); err != nil {
		panic(fmt.Errorf("read: %w", err))
	}
	return p
}

func (s *scriptServer) write(payload ...byte) {
	if _, err := s.nc.Write(packet(s.seq, payload...)); err != nil {
		panic(fmt.Errorf("write: %w", err))
	}
	s.seq++
}

// serve authenticates a client with caching_sha2_password, and answers one ping.
func (s *scriptServer) serve() {
	defer s.nc.Close()
	defer func() {
		if p := recover(); p != nil {
			s.failed = p.(error)
		}
	}()
	without := uint32(capabilityTLS)
	if s.secure != nil {
		without = 0
	}
	if _, err := s.nc.Write(greet(without, "caching_sha2_password")); err != nil {
		panic(err)
	}
	s.seq = 1
	hello := s.read()
	if s.secure != nil {
		if len(hello) != clientHead || binary.LittleEndian.Uint32(hello)&capabilityTLS == 0 {
			panic(fmt.Errorf("got a request for TLS of %d bytes, flags %x", len(hello), hello[:4]))
		}
		secured := tls.Server(s.nc, s.secure)
		if err := secured.Handshake(); err != nil {
			panic(err)
		}
		s.nc = secured
		head := hello
		hello = s.read()
		if !bytes.Equal(hello[:clientHead], head) {
			panic(errors.New("the two halves of the client's handshake differ"))
		}
	}
	if binary.LittleEndian.Uint32(hello)&capabilityLocalFiles != 0 {
		panic(errors.New("the client offers files"))
	}
	user, rest, _ := bytes.Cut(hello[clientHead:], []byte{0})
	if string(user) != scriptUser || len(rest) < 33 || rest[0] != 32 {
		panic(fmt.Errorf("got user %q and a proof of %d bytes", user, rest[0]))
	}
	if !bytes.Equal(rest[1:33], sha2Proof(scriptPassword)) {
		s.write(append([]byte{0xff, 0x15, 0x04}, "#28000denied"...)...)
		return
	}
	if s.full {
		s.write(replyMore, 4)
		if !s.passwordFollows() {
			s.write(append([]byte{0xff, 0x15, 0x04}, "#28000denied"...)...)
			return
		}
	} else {
		s.write(replyMore, 3)
	}
	s.write(0, 0, 0, 2, 0, 0, 0)
	s.seq = 0
	if p := s.read(); len(p) != 1 || p[0] != commandPing {
		panic(fmt.Errorf("got the command %q, want a ping", p))
	}
	s.write(0, 0, 0, 2, 0, 0, 0)
}

// passwordFollows reads the password: as it is through TLS, else encrypted for
// the server's key.
func (s *scriptServer) passwordFollows() bool {
	p := s.read()
	if s.secure != nil {
		return string(p) == scriptPassword+"\x00"
	}
	if len(p) != 1 || p[0] != 2 {
		panic(fmt.Errorf("got %q in the clear, want the request for a key", p))
	}
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		panic(err)
	}
	s.write(append([]byte{replyMore}, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)...)
	secret, err := rsa.DecryptOAEP(sha1.New(), nil, s.key, s.read(), nil)
	if err != nil {
		panic(err)
	}
	for i := range secret {
		secret[i] ^= scriptScramble[i%len(scriptScramble)]
	}
	return string(secret) == scriptPassword+"\x00"
}

// sha2Proof is SHA256(p) XOR SHA256(SHA256(SHA256(p)), scramble).
func sha2Proof(password string) []byte {
	first := sha256.Sum256([]byte(password))
	second := sha256.Sum256(first[:])
	proof := sha256.Sum256(append(second[:], scriptScramble...))
	for i := range proof {
		proof[i] ^= first[i]
	}
	return proof[:]
}

// TestCachingSHA2 speaks to a server made of MySQL's documentation: no MySQL is
// at hand to be asked.
func TestCachingSHA2(t *testing.T) {
	a := mariadbtest.NewAuthority(t, t.TempDir(), "ca")
	a.Issue("server", &x509.Certificate{DNSNames: []string{"mysql.test"}})
	pair, err := tls.LoadX509KeyPair(a.Path("server.pem"), a.Path("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	offer := &tls.Config{Certificates: []tls.Certificate{pair}}
	f := func(name string, s *scriptServer, cfg *TLSConfig, password, want string) {
		t.Run(name, func(t *testing.T) {
			t.Helper()
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			here, there := net.Pipe()
			s.nc = there
			done := make(chan struct{})
			go func() { s.serve(); close(done) }()
			d, err := NewDialer(DialerConfig{DSN: scriptUser + ":" + password + "@tcp(mysql.test:3306)/db", MaxBytes: 1 << 20, TLS: cfg,
				Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }})
			if err != nil {
				t.Fatal(err)
			}
			c, err := d.Dial(context.Background())
			if err == nil {
				err = c.SetDeadline(time.Now().Add(5 * time.Second))
				c.Ping()
				c.Flush()
				err = errors.Join(err, c.ReadResult(new(Result)))
				if got := c.Server(); got.MariaDB || got.ThreadID != 77 || got.Version != "8.0.36" || got.cachesMetadata || !got.deprecateEOF {
					t.Errorf("got server %+v", got)
				}
				c.Close()
			}
			<-done
			if s.failed != nil && want == "" {
				t.Error("server:", s.failed)
			}
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
	ours := &TLSConfig{CA: a.Path("ca.pem")}
	f("fast, in the clear", &scriptServer{}, nil, scriptPassword, "")
	f("full, in the clear", &scriptServer{full: true, key: key}, nil, scriptPassword, "")
	f("fast, TLS", &scriptServer{secure: offer}, ours, scriptPassword, "")
	f("full, TLS", &scriptServer{full: true, secure: offer}, ours, scriptPassword, "")
	f("TLS without verification", &scriptServer{full: true, secure: offer}, &TLSConfig{SkipVerify: true}, scriptPassword, "")
	f("wrong password, TLS", &scriptServer{full: true, secure: offer}, ours, "hunter3", "error 1045 (28000): denied")
	f("wrong name", &scriptServer{secure: offer}, &TLSConfig{CA: a.Path("ca.pem"), ServerName: "other.test"}, scriptPassword, "not other.test")
	f("no TLS to be had", &scriptServer{}, ours, scriptPassword, ErrNoTLS.Error())
}

// scrambleWatch is a connection that takes note of the scramble in the server's
// order to use client_ed25519.
type scrambleWatch struct {
	net.Conn
	came []byte
}

func (w *scrambleWatch) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.came = append(w.came, p[:n]...)
	return n, err
}

// last returns the scramble's last byte.
func (w *scrambleWatch) last(t *testing.T) byte {
	t.Helper()
	_, scramble, ok := bytes.Cut(w.came, []byte("\xfeclient_ed25519\x00"))
	if !ok || len(scramble) < 32 {
		t.Fatalf("the server has not asked for client_ed25519: %q", w.came)
	}
	return scramble[31]
}

// TestEd25519Scrambles connects until the server has sent a scramble that ends
// in a zero, which is one in 256: the driver by itself would take that away.
func TestEd25519Scrambles(t *testing.T) {
	server := mariaDB(t)
	if err := server.Run(`install soname 'auth_ed25519';
		create user signer@localhost identified via ed25519 using password('hunter2')`); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Run("drop user signer@localhost; uninstall soname 'auth_ed25519'"); err != nil {
			t.Error(err)
		}
	}()
	var watch *scrambleWatch
	d, err := NewDialer(DialerConfig{DSN: "signer:hunter2@unix(" + server.Socket() + ")/", MaxBytes: 1 << 16,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			watch = &scrambleWatch{Conn: conn}
			return watch, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	for range 10_000 { // with none in so many, it is not random
		c, err := d.Dial(t.Context())
		if err != nil {
			t.Fatalf("with a scramble that ends in %#02x: %v", watch.last(t), err)
		}
		if err := c.Quit(); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if watch.last(t) == 0 {
			return
		}
	}
	t.Error("no scramble has ended in a zero")
}

// dialScript connects to a server that says these bytes and closes.
func dialScript(say []byte, cfg *TLSConfig) error {
	d, err := NewDialer(DialerConfig{DSN: "ann:hunter2@tcp(127.0.0.1:3306)/db", MaxBytes: 1 << 16, TLS: cfg,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return &script{say: bytes.NewReader(say)}, nil
		}})
	if err != nil {
		return err
	}
	c, err := d.Dial(context.Background())
	if err == nil {
		err = c.Close()
	}
	return err
}

// TestHostileHandshake holds that whatever a server says before the first
// command is an error, and leaves no goroutine behind: the driver panics at
// some of it, and its goroutine would stay.
func TestHostileHandshake(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	native := greet(capabilityTLS, "mysql_native_password")
	sha2 := greet(capabilityTLS, "caching_sha2_password")
	ok := []byte{0, 0, 0, 2, 0, 0, 0}
	errAny := errors.New("an error in the driver's words")
	f := func(name string, want error, packets ...[]byte) {
		t.Run(name, func(t *testing.T) {
			err := dialScript(bytes.Join(packets, nil), nil)
			if (err == nil) != (want == nil) || want != errAny && !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if err != nil && strings.Contains(err.Error(), "panic") {
				t.Errorf("the driver panicked: %v", err)
			}
		})
	}
	f("as it should be", nil, native, packet(2, ok...))
	f("nothing", io.EOF)
	f("half a header", io.ErrUnexpectedEOF, []byte{1, 0})
	f("an empty greeting", ErrProtocol, packet(0))
	f("a short greeting", ErrProtocol, packet(0, 10, '8', 0, 1, 2, 3))
	f("no end of the version", ErrProtocol, packet(0, bytes.Repeat([]byte{10}, 100)...))
	f("the greeting cut", ErrProtocol, packet(0, native[4:50]...))
	f("a huge greeting", ErrProtocol, []byte{0xff, 0xff, 0xff, 0})
	f("an old protocol", errAny, packet(0, append([]byte{9}, native[5:]...)...))
	f("no status flags", ErrProtocol, greet(capabilityTLS|capabilityTransactions, "mysql_native_password"), packet(2, ok...))
	f("refused at once", errAny, packet(0, append([]byte{0xff, 0x10, 0x04}, "Too many connections"...)...))
	f("a short refusal at once", ErrProtocol, packet(0, 0xff, 1))
	f("gone after the greeting", io.EOF, native)
	f("an empty answer", ErrProtocol, native, packet(2))
	f("a short ok", ErrProtocol, native, packet(2, 0))
	f("an ok with a short number", ErrProtocol, native, packet(2, 0, 0xfe, 1))
	f("a short refusal", ErrProtocol, native, packet(2, 0xff, 1, 2))
	f("a short state", ErrProtocol, native, packet(2, 0xff, 1, 2, '#', '2'))
	f("a short scramble", ErrProtocol, native, packet(2, append([]byte{0xfe}, "mysql_native_password\x00short\x00"...)...))
	f("a switch to what is not allowed", errAny, native, packet(2, append([]byte{0xfe}, "mysql_clear_password\x00"...)...))
	f("a switch without a name", errAny, native, packet(2, 0xfe))
	f("a switch twice", errAny, native, packet(2, append([]byte{0xfe}, "caching_sha2_password\x00"+scriptScramble+"\x00"...)...), packet(4, append([]byte{0xfe}, "caching_sha2_password\x00"+scriptScramble+"\x00"...)...))
	f("an unknown step", errAny, sha2, packet(2, 1, 9))
	f("no key", errAny, sha2, packet(2, 1, 4), packet(4, 1))
	f("a key that is none", ErrProtocol, sha2, packet(2, 1, 4), packet(4, append([]byte{1}, pemOf("PUBLIC KEY", []byte("x"))...)...))
	f("a key of another kind", ErrProtocol, sha2, packet(2, 1, 4), packet(4, append([]byte{1}, ecKey(t)...)...))
	f("a wrong sequence", errAny, native, packet(7, ok...))
	f("rows", errAny, native, packet(2, 5, 2, 3, 4, 5, 6, 7))
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func ecKey(t testing.TB) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PUBLIC KEY", der)
}

// TestNothingInTheClearBeforeTLS has somebody in between add to the greeting
// what would pass for the server's word once TLS is there.
func TestNothingInTheClearBeforeTLS(t *testing.T) {
	say := append(greet(0, "mysql_native_password"), packet(2, 0, 0, 0, 2, 0, 0, 0)...)
	err := dialScript(say, &TLSConfig{SkipVerify: true})
	if err == nil || !strings.Contains(err.Error(), "TLS: ") {
		t.Errorf("got %v, want a failure of TLS", err)
	}
}

// TestSilentServer holds that a server that says nothing is left in time.
func TestSilentServer(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, cfg := range []*TLSConfig{nil, {SkipVerify: true}} {
		for _, say := range [][]byte{nil, greet(0, "caching_sha2_password")} {
			here, there := net.Pipe()
			heard := make(chan struct{})
			go func() {
				there.Write(say)
				io.Copy(io.Discard, there)
				close(heard)
			}()
			d, err := NewDialer(DialerConfig{DSN: "u:p@tcp(127.0.0.1:1)/d?timeout=50ms", MaxBytes: 1 << 16, TLS: cfg,
				Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if _, err := d.Dial(context.Background()); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want a passed deadline", err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
			<-heard
		}
	}
}

func FuzzHandshake(f *testing.F) {
	native, sha2 := greet(capabilityTLS, "mysql_native_password"), greet(capabilityTLS, "caching_sha2_password")
	f.Add(append(native, packet(2, 0, 0, 0, 2, 0, 0, 0)...), false)
	f.Add(append(sha2, append(packet(2, 1, 4), packet(4, append([]byte{1}, ecKey(f)...)...)...)...), false)
	f.Add(append(native, packet(2, append([]byte{0xfe}, "mysql_native_password\x00"+scriptScramble+"\x00"...)...)...), false)
	f.Add(greet(0, "mysql_native_password"), true)
	f.Add(packet(0, append([]byte{0xff, 0x10, 0x04}, "Too many connections"...)...), false)
	f.Fuzz(func(t *testing.T, say []byte, secure bool) {
		var cfg *TLSConfig
		if secure {
			cfg = &TLSConfig{SkipVerify: true}
		}
		if err := dialScript(say, cfg); err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
	})
}
