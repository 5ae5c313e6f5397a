package upstream

// byteSet says of each byte whether it is in the set.
type byteSet [256]bool

// tokenBytes may stand in a header name, controls not in a value. Both are asked
// for every byte that comes through, hence tables.
var (
	tokenBytes = setOf(func(c byte) bool {
		switch c {
		case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
			return true
		}
		return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
	})
	controls = setOf(func(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f })
)

func setOf(has func(byte) bool) *byteSet {
	s := new(byteSet)
	for i := range s {
		s[i] = has(byte(i))
	}
	return s
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
