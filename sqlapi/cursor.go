package sqlapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"zerohop/sqlapi/wire"
)

const (
	// signatureSize is how many bytes of the signature a cursor carries.
	signatureSize = 16
	// maxCursorBytes is how long a cursor may be: one that is longer could not
	// come back within the header of a request.
	maxCursorBytes = 4 << 10
)

// cursors signs and reads the cursors of one route: the values that the columns
// of its keyset have in the last row of a page. Clients cannot make one up, nor
// take that of another route; they can read what is in it, which they have been
// sent already.
type cursors struct {
	key     []byte
	columns int
}

// newCursors returns the cursors of a route by its name. One that has another
// keyset than before takes no older cursors.
func newCursors(secret []byte, route string, keyset []string) cursors {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("zerohop cursor 1"))
	for _, part := range append([]string{route}, keyset...) {
		mac.Write(binary.AppendUvarint(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return cursors{key: mac.Sum(nil), columns: len(keyset)}
}

// append appends the cursor of values to dst, fit for a URL. It reports whether
// the cursor is short enough to come back.
func (c *cursors) append(dst []byte, values []wire.Argument) ([]byte, bool) {
	var content []byte
	for _, v := range values {
		content = append(content, byte(v.As))
		content = binary.AppendUvarint(content, uint64(len(v.Text)))
		content = append(content, v.Text...)
	}
	start := len(dst)
	dst = base64.RawURLEncoding.AppendEncode(dst, append(c.sign(content), content...))
	return dst, len(dst)-start <= maxCursorBytes
}

// parse returns the values of a cursor of this route.
func (c *cursors) parse(text []byte) ([]wire.Argument, bool) {
	if len(text) > maxCursorBytes {
		return nil, false
	}
	// Of several texts for the same bytes only one is a cursor.
	raw, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil || len(raw) < signatureSize {
		return nil, false
	}
	content := raw[signatureSize:]
	if !hmac.Equal(raw[:signatureSize], c.sign(content)) {
		return nil, false
	}
	values := make([]wire.Argument, 0, c.columns)
	for len(content) > 0 {
		var v wire.Argument
		v.As, content = wire.Binding(content[0]), content[1:]
		size, n := binary.Uvarint(content)
		if n <= 0 || size > uint64(len(content)-n) {
			return nil, false
		}
		v.Text, content = content[n:n+int(size):n+int(size)], content[n+int(size):]
		if !bindable(v) {
			return nil, false
		}
		values = append(values, v)
	}
	return values, len(values) == c.columns
}

func (c *cursors) sign(content []byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write(content)
	return mac.Sum(nil)[:signatureSize]
}

// bindable reports whether a value can be bound as what it says that it is: a
// secret is kept longer than a version of this program.
func bindable(v wire.Argument) bool {
	var err error
	switch v.As {
	case wire.BindText, wire.BindDecimal:
	case wire.BindInteger:
		_, err = strconv.ParseInt(string(v.Text), 10, 64)
	case wire.BindUnsigned:
		_, err = strconv.ParseUint(string(v.Text), 10, 64)
	default:
		return false
	}
	return err == nil
}
