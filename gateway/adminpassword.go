package gateway

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// maxPasswordBytes is how large a password may be.
const maxPasswordBytes = 1 << 10

// adminPassword is what the admin listener asks for. The user may have any
// name: there is one operator. What is kept and compared is a hash, so that
// neither the time it takes nor a dump of memory tells much.
type adminPassword struct {
	hash     [sha256.Size]byte
	failures failures
}

// readAdminPassword reads the password from its file, of which it drops one
// newline at the end. Its errors do not quote the file's content.
func readAdminPassword(path string) (*adminPassword, error) {
	text, err := readOwn(path, maxPasswordBytes+1)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, fmt.Errorf("%s is empty", path)
	case len(text) > maxPasswordBytes:
		return nil, fmt.Errorf("%s is larger than a password of %d bytes", path, maxPasswordBytes)
	case bytes.ContainsAny(text, "\r\n\x00"):
		return nil, fmt.Errorf("%s has more than one line", path)
	}
	return &adminPassword{hash: sha256.Sum256(text)}, nil
}

// readOwn returns what a file begins with, unless everybody may read or change
// it.
func readOwn(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path) // a pipe would be waited for
	}
	if mode := info.Mode().Perm(); mode&0o006 != 0 {
		return nil, fmt.Errorf("%s has the mode %04o, so that every user of the machine may read or change it", path, mode)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

var (
	errNoPassword    = errors.New("no password")
	errWrongPassword = errors.New("a wrong password")
	errTooManyWrong  = errors.New("too many wrong passwords")
)

// check compares the password of a request with ours: nil is the same one. After
// too many wrong ones from an address the right one does not count either; it is
// compared all the same, so that the time an answer takes tells nothing.
func (p *adminPassword) check(authorization []byte, from netip.Addr, now time.Time) error {
	given, there := givenPassword(authorization)
	hash := sha256.Sum256(given)
	same := subtle.ConstantTimeCompare(hash[:], p.hash[:]) == 1
	switch {
	case !there:
		return errNoPassword // a browser asks like that first
	case !p.failures.admit(from, now, same):
		return errTooManyWrong
	case !same:
		return errWrongPassword
	}
	return nil
}

// givenPassword returns the password of an Authorization header.
func givenPassword(authorization []byte) (password []byte, ok bool) {
	token, ok := basicToken(authorization)
	if !ok {
		return nil, false
	}
	pair, err := base64.RawStdEncoding.Strict().AppendDecode(nil, token)
	if err != nil {
		return nil, false
	}
	_, password, ok = bytes.Cut(pair, []byte(":"))
	return password, ok
}

// admitted reports whether the request may be answered. One that may not has
// got its answer, and the log knows of it if it was a guess.
func (a *admin) admitted(rc *fasthttp.RequestCtx) bool {
	if a.server.password == nil {
		return true
	}
	now, from := time.Now(), addressOf(rc.RemoteAddr())
	err := a.server.password.check(rc.Request.Header.Peek("Authorization"), from, now)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errTooManyWrong):
		rc.Response.Header.Set("Retry-After", "60")
		reply(rc, fasthttp.StatusTooManyRequests, plainText, []byte("too many wrong passwords; wait a minute\n"))
	default:
		rc.Response.Header.Set("WWW-Authenticate", basicChallenge)
		reply(rc, fasthttp.StatusUnauthorized, plainText, []byte("the password of admin_password_file is wanted, with any user name\n"))
	}
	if errors.Is(err, errNoPassword) {
		return false
	}
	if held, ok := a.refusals.admit(floodKind{code: "admin"}, now); ok {
		a.server.problems.log.Warn("admin request refused", "client", from, "why", err, "held_back", held)
	}
	return false
}

// addressOf returns the address of a client without its port: the zero one for
// a client of a socket file.
func addressOf(client net.Addr) netip.Addr {
	tcp, ok := client.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// validateAdmin returns what is wrong with the admin listener's address and
// password.
func (c *Config) validateAdmin() []error {
	if c.AdminPasswordFile == "" {
		problem, _ := addressProblem(c.Admin)
		if c.Admin == "" || problem != "" || ofThisMachine(c.Admin) {
			return nil
		}
		return []error{&FieldError{
			Field: "admin", Problem: "other machines could reach the admin listener there, and nothing asks them for a password",
			Hint: `set admin_password_file, or write "unix:/path" or a port of this machine alone, as in "127.0.0.1:9090"`,
		}}
	}
	if c.Admin == "" {
		return []error{&FieldError{
			Field: "admin_password_file", Problem: "there is no admin listener", Hint: `add admin = "127.0.0.1:9090"`,
		}}
	}
	if _, err := readAdminPassword(c.AdminPasswordFile); err != nil {
		return []error{&FieldError{
			Field: "admin_password_file", Problem: err.Error(),
			Hint: "one line with the password, in a file with the mode 0600 or 0640 that zerohop may read",
		}}
	}
	return nil
}

// ofThisMachine reports whether no other machine can reach a sound address.
func ofThisMachine(address string) bool {
	if _, ok := socketPath(address); ok {
		return true
	}
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
