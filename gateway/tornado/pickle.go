package tornado

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrPickle: the bytes are not a pickle, or one of something else than a
// session, or beyond the bounds. The text of the error says which.
var ErrPickle = errors.New("not a pickle of a session")

// The bounds of a pickle.
const (
	maxPickle = 1 << 20 // bytes; memcached keeps no larger ones
	maxValues = 1 << 16 // made, pushed or kept, together
	maxDepth  = 64      // values inside each other
	maxDigits = 100     // of an int
)

// mark is what MARK pushes.
type mark struct{}

// machine runs a pickle of the protocols 0 to 5. It makes plain data, and an
// object that is nothing for all else.
type machine struct {
	rest  []byte
	stack []any
	// memo has what the pickle may name again, by number.
	memo   map[uint64]any
	values int
}

// unpickle returns the value of a pickle. It fails with ErrPickle.
func unpickle(b []byte) (any, error) {
	if len(b) > maxPickle {
		return nil, fmt.Errorf("%w: %d bytes", ErrPickle, len(b))
	}
	m := &machine{rest: b, memo: map[uint64]any{}}
	for {
		at := len(b) - len(m.rest)
		code, err := m.byte()
		if err != nil {
			return nil, fmt.Errorf("%w: %w at byte %d", ErrPickle, err, at)
		}
		if code == opStop {
			break
		}
		if err := m.step(code); err != nil {
			return nil, fmt.Errorf("%w: %w at byte %d", ErrPickle, err, at)
		}
	}
	switch {
	case len(m.stack) != 1 || m.stack[0] == any(mark{}):
		return nil, fmt.Errorf("%w: it ends with %d values", ErrPickle, len(m.stack))
	case len(m.rest) > 0:
		return nil, fmt.Errorf("%w: %d bytes behind its end", ErrPickle, len(m.rest))
	}
	return m.stack[0], nil
}

var (
	errEnd       = errors.New("it ends too soon")
	errUnderflow = errors.New("a value is missing")
	errNoMark    = errors.New("a mark is missing")
	errTooMany   = fmt.Errorf("more than %d values", maxValues)
)

// count takes n more values into account: what a pickle costs is bounded by
// them and by its length, however often it names what it has already made.
func (m *machine) count(n int) error {
	if m.values += n; m.values > maxValues {
		return errTooMany
	}
	return nil
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return m.count(1)
}

func (m *machine) top() (any, error) {
	if len(m.stack) == 0 {
		return nil, errUnderflow
	}
	v := m.stack[len(m.stack)-1]
	if v == any(mark{}) {
		return nil, errUnderflow
	}
	return v, nil
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

// popMark returns the values above the last mark, and removes both. They are
// the stack's own: a value that lasts has to copy them.
func (m *machine) popMark() ([]any, error) {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items := m.stack[i+1:]
			m.stack = m.stack[:i]
			return items, nil
		}
	}
	return nil, errNoMark
}

func (m *machine) byte() (byte, error) {
	b, err := m.bytes(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// bytes returns the next n bytes of the pickle.
func (m *machine) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(m.rest)) {
		return nil, errEnd
	}
	b := m.rest[:n]
	m.rest = m.rest[n:]
	return b, nil
}

// unsigned reads a number of so many bytes, the lowest first.
func (m *machine) unsigned(size uint64) (uint64, error) {
	b, err := m.bytes(size)
	if err != nil {
		return 0, err
	}
	var n uint64
	for i := len(b) - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, nil
}

// counted reads bytes with their number in front, itself of size bytes.
func (m *machine) counted(size uint64) ([]byte, error) {
	n, err := m.unsigned(size)
	if err != nil {
		return nil, err
	}
	return m.bytes(n)
}

// line reads up to a line feed, which protocol 0 ends its texts with.
func (m *machine) line() ([]byte, error) {
	line, rest, found := bytes.Cut(m.rest, []byte("\n"))
	if !found {
		return nil, errEnd
	}
	m.rest = rest
	return line, nil
}
