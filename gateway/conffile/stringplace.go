package conffile

import "strings"

// inside returns the place in the file of a part of a string value: length
// bytes of its text from offset on. The text is the one after expansion once
// that has happened.
func (d *Document) inside(n *node, offset, length int) span {
	start, end := n.unexpanded(offset), n.unexpanded(offset+length)
	raw := string(d.text[n.span.start:n.span.end])
	from, to := writtenAt(raw, start), writtenAt(raw, end)
	return span{n.span.start + from, n.span.start + max(to, from+1)}
}

// unexpanded returns where a byte of the text was before expansion. For a byte
// that expansion put in, that is the beginning of the reference.
func (n *node) unexpanded(offset int) int {
	shift := 0
	for _, p := range n.pieces {
		if offset < p.from {
			break
		}
		if offset < p.to {
			return p.src
		}
		shift = p.srcEnd - p.to
	}
	return offset + shift
}

// writtenAt returns the byte of a string, as it is written in the file with its
// quotes and escapes, that a byte of its content comes from.
func writtenAt(raw string, offset int) int {
	quote := raw[:1]
	i, end := 1, len(raw)-1
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(raw, triple) && len(raw) >= 6 {
		i, end = 3, len(raw)-3
		// The newline after the opening quotes is not part of the content.
		i += len(raw[i:]) - len(strings.TrimPrefix(strings.TrimPrefix(raw[i:], "\r"), "\n"))
	}
	for content := 0; i < end; {
		written, size := 1, 1
		if raw[i] == '\\' && quote == `"` {
			written, size = escape(raw[i:])
		}
		if content >= offset && size > 0 {
			break
		}
		i += written
		content += size
	}
	return min(i, end)
}

// escape returns how many bytes an escape sequence is written with, and how
// many it stands for.
func escape(raw string) (written, size int) {
	var hex int
	switch raw[1] {
	case 'x':
		hex = 2
	case 'u':
		hex = 4
	case 'U':
		hex = 8
	case ' ', '\t', '\r', '\n':
		// An escaped end of line goes with the blanks after it.
		return 1 + len(raw[1:]) - len(strings.TrimLeft(raw[1:], " \t\r\n")), 0
	default:
		return 2, 1
	}
	code := rune(0)
	for _, c := range raw[2 : 2+hex] {
		code = code<<4 | hexDigit(c)
	}
	return 2 + hex, len(string(code))
}

func hexDigit(c rune) rune {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
