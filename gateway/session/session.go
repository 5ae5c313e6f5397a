package session

import (
	"encoding/binary"
	"errors"
	"time"
)

// Session is one session as it was read. It belongs to one goroutine.
type Session struct {
	Content
	// Created is when the user logged in, End when he has to again at the
	// latest.
	Created, End time.Time

	id   id
	seed [seedSize]byte // of its tokens
}

// seedSize is how many bytes tell a session's tokens from others'.
const seedSize = 16

// recordVersion is the first byte of a record: its layout.
const recordVersion = 1

// errRecord: a record opens and cannot be read: a later version wrote it.
var errRecord = errors.New("the session is of another version")

// appendRecord appends what the store keeps, all but the id: times in seconds,
// texts with their length in front.
func (s *Session) appendRecord(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = binary.AppendVarint(dst, s.Created.Unix())
	dst = binary.AppendVarint(dst, s.End.Unix())
	dst = append(dst, s.seed[:]...)
	dst = appendText(dst, s.User)
	dst = binary.AppendUvarint(dst, uint64(len(s.Roles)))
	for _, role := range s.Roles {
		dst = appendText(dst, role)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Columns)))
	for _, column := range s.Columns {
		null := byte(0)
		if column.Null {
			null = 1
		}
		dst = append(appendText(dst, column.Name), null)
		dst = appendText(dst, column.Value)
	}
	return appendText(dst, s.Data)
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// parseRecord reads what appendRecord has written. All its texts are pieces of
// one copy.
func parseRecord(b []byte) (*Session, error) {
	p := parser{rest: b, text: string(b)}
	if p.byte() != recordVersion {
		return nil, errRecord
	}
	s := &Session{Created: p.time(), End: p.time()}
	copy(s.seed[:], p.bytes(len(s.seed)))
	s.User = p.string()
	if n := p.count(maxRoles); n > 0 {
		s.Roles = make([]string, n)
		for i := range s.Roles {
			s.Roles[i] = p.string()
		}
	}
	if n := p.count(maxColumns); n > 0 {
		s.Columns = make([]Column, n)
		for i := range s.Columns {
			s.Columns[i] = Column{Name: p.string(), Null: p.byte() == 1, Value: p.string()}
		}
	}
	s.Data = p.bytes(p.count(len(p.rest)))
	if p.failed || len(p.rest) > 0 {
		return nil, errRecord
	}
	return s, nil
}

// parser takes a record apart. After a failure it returns zeros.
type parser struct {
	rest   []byte
	text   string // of the whole record
	failed bool
}

func (p *parser) fail() {
	p.failed, p.rest = true, nil
}

func (p *parser) byte() byte {
	if b := p.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *parser) bytes(n int) []byte {
	if n > len(p.rest) {
		p.fail()
		return nil
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) string() string {
	n := p.count(len(p.rest))
	at := len(p.text) - len(p.rest)
	if p.bytes(n) == nil {
		return ""
	}
	return p.text[at : at+n]
}

func (p *parser) count(most int) int {
	n, size := binary.Uvarint(p.rest)
	if size <= 0 || n > uint64(most) {
		p.fail()
		return 0
	}
	p.rest = p.rest[size:]
	return int(n)
}

func (p *parser) time() time.Time {
	seconds, size := binary.Varint(p.rest)
	if size <= 0 {
		p.fail()
		return time.Time{}
	}
	p.rest = p.rest[size:]
	return time.Unix(seconds, 0)
}
