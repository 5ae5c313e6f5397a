package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What is left of a stream behind its last whole request, besides nothing.
var (
	errCutShort  = errors.New("the stream ends within a request")
	errMalformed = errors.New("malformed request")
)

// The grammar of RFC 9112, to the letter. Bytes from 0x80 pass in targets, as
// they do with every server, because they frame nothing.
var (
	requestLine = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\\x00-\\x20\\x7f]+) HTTP/1\\.([01])$")
	headerLine  = regexp.MustCompile("^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\\x00-\\x08\\x0a-\\x1f\\x7f]*?)[ \t]*$")
	chunkLine   = regexp.MustCompile("^([0-9A-Fa-f]{1,15})([ \t]*;[^\\x00-\\x08\\x0a-\\x1f\\x7f]*)?$")
	onlyDigits  = regexp.MustCompile("^[0-9]{1,18}$")
)

// strictReading is a stream of requests, read as the RFC has them and in no
// other way. It is no part of what it checks: it shares no line with the
// gateway, the parser or net/http.
type strictReading struct {
	rest string
	// tolerant reads on where the RFC lets a recipient: LF alone ends a line,
	// and what is dropped is not looked at, chunk extensions and trailers.
	tolerant bool
}

// strictRequests returns the requests of a stream, each as method, target and
// body, up to the first that is malformed or not whole; err says which.
func strictRequests(stream []byte) (requests []string, err error) {
	return (&strictReading{rest: string(stream)}).requests()
}

// tolerantRequests returns all that the RFC lets anybody read in a stream.
func tolerantRequests(stream []byte) (requests []string, err error) {
	return (&strictReading{rest: string(stream), tolerant: true}).requests()
}

func (s *strictReading) requests() (requests []string, err error) {
	for {
		for strings.HasPrefix(s.rest, "\r\n") || s.tolerant && strings.HasPrefix(s.rest, "\n") {
			_, s.rest, _ = strings.Cut(s.rest, "\n") // allowed in front of a request line
		}
		if s.rest == "" {
			return requests, nil
		}
		r, err := s.request()
		if err != nil {
			return requests, err
		}
		requests = append(requests, r)
	}
}

func (s *strictReading) request() (string, error) {
	line, err := s.line()
	if err != nil {
		return "", err
	}
	first := requestLine.FindStringSubmatch(line)
	if first == nil {
		return "", fmt.Errorf("%w: line %q", errMalformed, line)
	}
	fields, err := s.fields(false)
	if err != nil {
		return "", err
	}
	hosts := fields["host"]
	if len(hosts) > 1 || len(hosts) == 0 && first[3] == "1" {
		return "", fmt.Errorf("%w: %d hosts", errMalformed, len(hosts))
	}
	body, err := s.body(fields["content-length"], fields["transfer-encoding"], first[3] == "1")
	return first[1] + " " + first[2] + " " + body, err
}

// line takes the next line, without its CR LF.
func (s *strictReading) line() (string, error) {
	line, rest, whole := strings.Cut(s.rest, "\n")
	if !whole {
		return "", errCutShort
	}
	if s.rest = rest; !strings.HasSuffix(line, "\r") && !s.tolerant {
		return "", fmt.Errorf("%w: bare LF behind %q", errMalformed, line)
	}
	return strings.TrimSuffix(line, "\r"), nil
}

// fields takes lines up to an empty one, and returns values by lower-case name.
// Those that are dropped are not looked at.
func (s *strictReading) fields(dropped bool) (map[string][]string, error) {
	fields := map[string][]string{}
	for {
		line, err := s.line()
		if line == "" || err != nil {
			return fields, err
		}
		if dropped {
			continue
		}
		field := headerLine.FindStringSubmatch(line)
		if field == nil {
			return nil, fmt.Errorf("%w: field %q", errMalformed, line)
		}
		name := strings.ToLower(field[1])
		fields[name] = append(fields[name], field[2])
	}
}

func (s *strictReading) body(lengths, encodings []string, chunksAllowed bool) (string, error) {
	switch {
	case len(lengths) == 0 && len(encodings) == 0:
		return "", nil
	case len(lengths) == 1 && len(encodings) == 0 && onlyDigits.MatchString(lengths[0]):
		n, err := strconv.Atoi(lengths[0])
		if err != nil {
			return "", err
		}
		return s.take(n)
	case len(lengths) == 0 && len(encodings) == 1 && strings.EqualFold(encodings[0], "chunked") && chunksAllowed:
		return s.chunks()
	}
	return "", fmt.Errorf("%w: lengths %q, encodings %q", errMalformed, lengths, encodings)
}

func (s *strictReading) take(n int) (string, error) {
	if n > len(s.rest) {
		return "", errCutShort
	}
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken, nil
}

func (s *strictReading) chunks() (string, error) {
	var body string
	for {
		line, err := s.line()
		if err != nil {
			return "", err
		}
		if s.tolerant {
			line, _, _ = strings.Cut(line, ";")
			line = strings.TrimRight(line, " \t")
		}
		size := chunkLine.FindStringSubmatch(line)
		if size == nil {
			return "", fmt.Errorf("%w: chunk %q", errMalformed, line)
		}
		n, err := strconv.ParseInt(size[1], 16, 64)
		if err != nil {
			return "", err
		}
		if n == 0 {
			_, err := s.fields(s.tolerant) // trailers
			return body, err
		}
		data, err := s.take(int(n))
		if err != nil {
			return "", err
		}
		body += data
		if end, err := s.line(); err != nil || end != "" {
			return "", errors.Join(fmt.Errorf("%w: chunk longer than %d", errMalformed, n), err)
		}
	}
}

// libraryRequests is what net/http reads in a stream: the second opinion.
func libraryRequests(stream []byte) (requests []string, err error) {
	in := bufio.NewReader(bytes.NewReader(stream))
	for {
		r, err := http.ReadRequest(in)
		if err == io.EOF {
			return requests, nil
		}
		if err != nil {
			return requests, err
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return requests, err
		}
		requests = append(requests, r.Method+" "+r.RequestURI+" "+string(body))
	}
}

func TestStrictRequests(t *testing.T) {
	f := func(stream string, want int, wantErr error) {
		t.Helper()
		got, err := strictRequests([]byte(stream))
		if len(got) != want || !errors.Is(err, wantErr) {
			t.Errorf("%q: got %q and %v, want %d and %v", stream, got, err, want, wantErr)
		}
	}
	const host = "Host: h\r\n"
	const get = "GET / HTTP/1.1\r\n" + host + "\r\n"
	f("", 0, nil)
	f("\r\n"+get+get, 2, nil)
	f(get+"GET", 1, errCutShort)
	f(get+"GET\r\n", 1, errMalformed)
	f("GET / HTTP/1.1\r\n\r\n", 0, errMalformed)
	f("GET / HTTP/1.0\r\n\r\n", 1, nil)
	f("GET /\xff HTTP/1.1\r\n"+host+"X: \xff\r\n\r\n", 1, nil)
	f("GET / HTTP/1.1\r\n"+host+"X: a\rb\r\n\r\n", 0, errMalformed)
	f("GET / HTTP/1.1\r\n"+host+"X: a\n\r\n", 0, errMalformed)
	f("GET / HTTP/1.1\r\n"+host+"X: a\r\n b\r\n\r\n", 0, errMalformed)
	f("POST / HTTP/1.1\r\n"+host+"Content-Length: 3\r\n\r\nabc"+get, 2, nil)
	f("POST / HTTP/1.1\r\n"+host+"Content-Length: 3\r\n\r\nab", 0, errCutShort)
	f("POST / HTTP/1.1\r\n"+host+"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, errMalformed)
	f("POST / HTTP/1.1\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n\xff\xff\xff\r\n0\r\nA: b\r\n\r\n"+get, 2, nil)
	f("POST / HTTP/1.1\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 0, errMalformed)
	f("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, errMalformed)
}
