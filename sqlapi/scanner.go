package sqlapi

import (
	"fmt"
	"strings"
)

// tokenKind is what a piece of SQL is, as far as this package cares.
type tokenKind uint8

const (
	tokenEnd        tokenKind = iota
	tokenWord                 // a keyword, a bare identifier or a number
	tokenQuotedName           // `name`
	tokenLiteral              // 'text' or "text"
	tokenParameter            // :source.name
	tokenOpen                 // (
	tokenClose                // )
	tokenDot                  // .
	tokenAt                   // @
	tokenSemicolon            // ;
	tokenOther
)

// token is sql[start:end]. White space and comments are no tokens.
type token struct {
	kind       tokenKind
	start, end int
	param      Param // of a tokenParameter
}

// lastCommonVersion is the highest version NNNNN of a comment /*!NNNNN … */
// that every server still in use runs: MariaDB leaves out 50700 and above,
// whatever its own version is.
const lastCommonVersion = 50699

// scanner takes MySQL's SQL apart as a server in the sql_mode of our sessions
// does: without ANSI_QUOTES and NO_BACKSLASH_ESCAPES. The text must be valid
// UTF-8 without NUL. Faults are collected; after one that leaves the rest of
// the text in doubt the scanner is at its end.
type scanner struct {
	sql    string
	pos    int
	around executableComment
	faults []*SyntaxError
}

// executableComment is the /*! … */ around the scanner's position. Its inside
// is SQL.
type executableComment struct {
	open  bool
	start int
	// conditional: only some servers run it, the others skip to plainEnd,
	// the first */ after its start.
	conditional bool
	plainEnd    int
}

func (s *scanner) fault(offset int, problem, hint string) {
	s.faults = append(s.faults, &SyntaxError{Offset: offset, Problem: problem, Hint: hint})
}

// abandon reports a fault behind which nothing can be told.
func (s *scanner) abandon(offset int, problem, hint string) {
	s.fault(offset, problem, hint)
	s.pos = len(s.sql)
	s.around = executableComment{}
}

// peek returns the byte n after the position, or 0 behind the end.
func (s *scanner) peek(n int) byte {
	if s.pos+n < len(s.sql) {
		return s.sql[s.pos+n]
	}
	return 0
}

func (s *scanner) at(prefix string) bool { return strings.HasPrefix(s.sql[s.pos:], prefix) }

// next returns the next token; at the end of the text, and ever after, tokenEnd.
func (s *scanner) next() token {
	s.skipBlank()
	t := token{kind: tokenOther, start: s.pos}
	switch c := s.peek(0); {
	case s.pos == len(s.sql):
		t.kind = tokenEnd
	case c == '\'' || c == '"':
		t.kind = tokenLiteral
		s.skipQuoted(c)
	case c == '`':
		t.kind = tokenQuotedName
		s.skipQuoted(c)
	case c == ':':
		s.colon(&t)
	case c == '?':
		s.fault(s.pos, "a ? has no value here", "write :source.name for a value, such as :query.id")
		s.pos++
	case isWordByte(c):
		t.kind = tokenWord
		for isWordByte(s.peek(0)) {
			s.pos++
		}
	default:
		t.kind = punctuation(c)
		s.pos++
	}
	t.end = s.pos
	return t
}

func punctuation(c byte) tokenKind {
	switch c {
	case '(':
		return tokenOpen
	case ')':
		return tokenClose
	case '.':
		return tokenDot
	case '@':
		return tokenAt
	case ';':
		return tokenSemicolon
	}
	return tokenOther
}

// skipBlank moves to the next token, into and out of executable comments.
func (s *scanner) skipBlank() {
	for s.pos < len(s.sql) {
		switch c := s.sql[s.pos]; {
		case isSpace(c):
			s.pos++
		case c == '#' || s.atDashes():
			s.skipLine()
		case s.at("/*!") || s.at("/*M!"):
			s.openComment()
		case s.at("/*"):
			s.skipComment()
		case s.at("*/") && s.around.open:
			s.closeComment()
		default:
			return
		}
	}
	if s.around.open {
		s.abandon(s.around.start, "the comment is not closed", "end it with */")
	}
}

// atDashes reports whether a comment -- begins here: only with white space, a
// control character or the end behind it, for 5--1 is a subtraction.
func (s *scanner) atDashes() bool {
	c := s.peek(2)
	return s.at("--") && (c <= ' ' || c == 0x7f)
}

// skipLine moves behind the line feed that ends a comment; no other character
// ends one.
func (s *scanner) skipLine() {
	if n := strings.IndexByte(s.sql[s.pos:], '\n'); n >= 0 {
		s.pos += n + 1
	} else {
		s.pos = len(s.sql)
	}
}

func (s *scanner) skipComment() {
	if end := s.commentEnd(); end >= 0 {
		s.pos = end
	} else {
		s.abandon(s.pos, "the comment is not closed", "end it with */")
	}
}

// commentEnd returns the index behind the first */ of the comment that begins
// here, or -1.
func (s *scanner) commentEnd() int {
	n := strings.Index(s.sql[s.pos+2:], "*/")
	if n < 0 {
		return -1
	}
	return s.pos + 2 + n + 2
}

// openComment enters a comment that servers run: /*!, with a version or
// without, and MariaDB's /*M!.
func (s *scanner) openComment() {
	if s.around.open {
		s.abandon(s.pos, "an executable comment inside another", "servers do not agree on its end: close the outer one first")
		return
	}
	s.around = executableComment{open: true, start: s.pos, plainEnd: s.commentEnd()}
	if s.peek(2) == 'M' {
		s.around.conditional = true
		s.pos++
	}
	s.pos += len("/*!")
	digits, version := 0, 0
	for isDigit(s.peek(digits)) && digits < 6 {
		version = version*10 + int(s.peek(digits)-'0')
		digits++
	}
	// Fewer than five digits are SQL. With six servers differ over whether
	// the last one belongs to the version.
	if digits >= 5 {
		s.pos += digits
		s.around.conditional = s.around.conditional || version > lastCommonVersion
	}
}

// closeComment leaves the executable comment. In one that some servers skip,
// the end must be the same for those that do not look for literals in it.
func (s *scanner) closeComment() {
	s.pos += len("*/")
	if s.around.conditional && s.pos != s.around.plainEnd {
		s.abandon(s.around.plainEnd-len("*/"), "servers that skip this comment see its end here, the others do not", "keep */ out of what the comment holds")
	}
	s.around = executableComment{}
}

// skipQuoted moves behind the literal or name that begins here. The quote is
// doubled to stand for itself; a backslash escapes except between backticks.
func (s *scanner) skipQuoted(quote byte) {
	for i := s.pos + 1; i < len(s.sql); i++ {
		switch c := s.sql[i]; {
		case c == '\\' && quote != '`':
			i++
		case c != quote:
		case i+1 < len(s.sql) && s.sql[i+1] == quote:
			i++
		default:
			s.pos = i + 1
			return
		}
	}
	what := "string"
	if quote == '`' {
		what = "quoted name"
	}
	s.abandon(s.pos, "the "+what+" is not closed", fmt.Sprintf("end it with %c", quote))
}

// isSpace reports whether c is white space to a MySQL server.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isNameByte reports whether c may stand in a parameter's name unquoted.
func isNameByte(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isWordByte reports whether c may stand in a bare identifier.
func isWordByte(c byte) bool { return isNameByte(c) || c == '$' || c >= 0x80 }
