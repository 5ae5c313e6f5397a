package sqlapi

import (
	"bytes"
	"mime"
	"strings"
)

// offer is a media type that an answer can have.
type offer struct {
	contentType string // as it is sent
	essence     string // type/subtype, in lower case
	params      map[string]string
}

// newOffer reads a content type. The error is that of mime.ParseMediaType.
func newOffer(contentType string) (offer, error) {
	essence, params, err := mime.ParseMediaType(contentType)
	return offer{contentType, essence, params}, err
}

// choose returns the index of the offer that the fields of an Accept header
// prefer, as RFC 9110 has it: for each offer the most specific range counts, the
// highest q wins, and of equals the first offer. Without a field that is the
// first one; -1 is for none.
//
// A range that cannot be read is one that nothing fits. "*" is a range as well,
// and so is q=.2: HttpURLConnection sends them. Nothing is allocated but for
// parameters.
func choose(offers []offer, fields [][]byte) int {
	best, bestQ, asked := -1, 0, false
	for i := range offers {
		q, specificity := 0, 0
		for _, field := range fields {
			for len(field) > 0 {
				var element []byte
				element, field = cutUnquoted(field, ',')
				if element = trimBlanks(element); len(element) == 0 {
					continue
				}
				asked = true
				if s, weight := offers[i].fits(element); s > specificity {
					specificity, q = s, weight
				}
			}
		}
		if q > bestQ {
			best, bestQ = i, q
		}
	}
	if !asked {
		return 0
	}
	return best
}

// fits compares the offer with an element of an Accept header: how specific is
// a range that it is in, 0 for none, and the range's q in thousandths.
func (o *offer) fits(element []byte) (specificity, q int) {
	media, rest := cutUnquoted(element, ';')
	switch media = trimBlanks(media); {
	case equalFold(media, "*/*"), string(media) == "*":
		specificity = 1
	case equalFold(media, o.essence):
		specificity = 3
	case len(media) > 2 && string(media[len(media)-2:]) == "/*" && len(media)-1 < len(o.essence) && equalFold(media[:len(media)-1], o.essence[:len(media)-1]):
		specificity = 2
	default:
		return 0, 0
	}
	for len(rest) > 0 {
		var param []byte
		param, rest = cutUnquoted(rest, ';')
		name, value, _ := bytes.Cut(param, []byte("="))
		name, value = trimBlanks(name), trimBlanks(value)
		switch {
		case len(name) == 0:
		case equalFold(name, "q"):
			// What follows it was an extension of the header once.
			q, ok := weight(value)
			if !ok {
				return 0, 0
			}
			return specificity, q
		case equalFold(name, "charset") && equalFold(unquoted(value), "utf-8"):
			// That of every answer, whether its type has the parameter or not.
		case o.has(name, value):
			specificity++
		default:
			return 0, 0
		}
	}
	return specificity, 1000
}

// has reports whether the content type has a parameter.
func (o *offer) has(name, value []byte) bool {
	own, ok := o.params[strings.ToLower(string(name))]
	return ok && strings.EqualFold(own, string(unquoted(value)))
}

// weight reads a q in thousandths.
func weight(text []byte) (q int, ok bool) {
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	if len(text) == 0 || len(whole) > 1 || len(fraction) > 3 {
		return 0, false
	}
	digits := [4]byte{'0', '0', '0', '0'}
	copy(digits[1-len(whole):], whole)
	copy(digits[1:], fraction)
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		q = 10*q + int(d-'0')
	}
	return q, q <= 1000
}

// cutUnquoted cuts s at the first separator that is in no quoted string.
func cutUnquoted(s []byte, separator byte) (before, after []byte) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, nil
}

// unquoted returns what a quoted string stands for, or the token as it is.
func unquoted(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	value = value[1 : len(value)-1]
	if bytes.IndexByte(value, '\\') < 0 {
		return value
	}
	plain := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		plain = append(plain, value[i])
	}
	return plain
}

// trimBlanks drops the optional white space of HTTP.
func trimBlanks(s []byte) []byte { return bytes.Trim(s, " \t") }
