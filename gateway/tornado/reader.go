package tornado

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The names of the cookies.
const (
	SessionCookie      = "session_id"
	VerificationCookie = "verification"
)

// ErrNoUser: the session has no user; nobody had logged in.
var ErrNoUser = errors.New("no user in the old session")

// Reader reads the sessions of one application. It may be used by several
// goroutines at once.
type Reader struct {
	config Config
}

// New makes a reader. The Config must be one in which Validate finds no fault.
func New(c Config) *Reader { return &Reader{c} }

// SessionID returns the id in the two cookies, which is also the key under
// which memcached has the session. It fails with ErrCookie or ErrExpired.
//
// The verification is an HMAC-SHA256 with the two the wrong way round: the id
// is the key, and the secret the message.
func (r *Reader) SessionID(session, verification string, now time.Time) (string, error) {
	value, err := r.cookie(SessionCookie, session, now)
	if err != nil {
		return "", err
	}
	id := string(value)
	if len(id) != 2*sha256.Size || strings.Trim(id, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%s: %w: not an id", SessionCookie, ErrCookie)
	}
	value, err = r.cookie(VerificationCookie, verification, now)
	if err != nil {
		return "", err
	}
	if !signs(sha256.New, id, string(value), r.config.Secret) {
		return "", fmt.Errorf("%s: %w: it belongs to another id", VerificationCookie, ErrCookie)
	}
	return id, nil
}

func (r *Reader) cookie(name, text string, now time.Time) ([]byte, error) {
	// Python's http.cookies puts a value in quotes that has other characters
	// than those of a token; base64, digits, colons and pipes may be such.
	text = strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`)
	value, err := secrets{r.config.CookieSecret, r.config.CookieSecrets}.signedValue(name, text, r.config.MaxAge, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return value, nil
}

// Read returns the user of a session's pickle, and its data as a JSON object,
// which has the user too. What is no plain data, such as a datetime, is left out
// with the member of the session that holds it. It fails with ErrPickle, or
// ErrNoUser.
func (r *Reader) Read(value []byte) (user string, data []byte, err error) {
	v, err := unpickle(value)
	if err != nil {
		return "", nil, err
	}
	session, ok := v.(*dict)
	if !ok {
		return "", nil, fmt.Errorf("%w: the session is %s, and not a dict", ErrPickle, kindOf(v))
	}
	user, ok = session.text(r.config.User)
	if !ok || user == "" {
		return "", nil, ErrNoUser
	}
	data, _ = appendMembers(nil, session)
	return user, data, nil
}
