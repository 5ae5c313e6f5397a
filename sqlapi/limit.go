package sqlapi

import (
	"errors"
	"fmt"
	"math"
)

// closing is room for what may stand behind the rows of a body: the end of the
// list, that of the results, truncatedMember, and the end of the object around.
const closing = len("]}") + len(truncatedMember) + len("}")

// limit is how much of something an answer may have.
type limit struct {
	most int
	// err is what comes of more; nil leaves it out.
	err error
	// name is said where something was left out: the value of X-Truncated.
	// Empty is not said.
	name string
}

func (l *limit) allows(n int) bool { return n <= l.most }

// limitRows is how many rows an answer may have.
func (c LimitConfig) limitRows() limit { return c.limit("max_rows", c.MaxRows, "rows") }

// limitBytes is how long a body may be.
func (c LimitConfig) limitBytes() limit {
	return c.limit("max_bytes", int(min(c.MaxBytes, math.MaxInt)), "bytes")
}

func (c LimitConfig) limit(key string, most int, what string) limit {
	l := limit{most: most, name: key}
	if most == 0 {
		l.most = math.MaxInt
	}
	if c.OnLimit != limitTruncate {
		l.err = fmt.Errorf("%w: it has more than %s = %d %s", ErrTooLong, key, most, what)
	}
	return l
}

var errSecondRow = errors.New("the result has a second row, where one is answered; with first = true it is the first")

// oneRow is the limit of what answers with one row.
func oneRow(first bool) limit {
	if first {
		return limit{most: 1}
	}
	return limit{most: 1, err: fmt.Errorf("%w: %w", ErrStatement, errSecondRow)}
}
