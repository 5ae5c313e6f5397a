package sqlapi

import (
	"fmt"
	"strings"
)

// sourceNames are the sources by the names that SQL uses for them, in the
// order of their constants.
var sourceNames = [...]string{"path", "query", "form", "json", "header", "cookie", "auth", "client", "session", "claims", "last", "row", "page", "cursor"}

const sourcesHint = "the sources are path, query, form, json, header, cookie, auth, client, session and claims"

// colon reads what begins with a colon: a parameter into t, or := or ::.
func (s *scanner) colon(t *token) {
	s.pos++
	switch c := s.peek(0); {
	case c == '=' || c == ':':
		s.pos++
	case !isNameByte(c):
		s.fault(t.start, "a colon without a parameter behind it", "a parameter is :source.name, such as :query.id")
	default:
		s.parameter(t)
	}
}

// parameter reads source.name into t. A faulty one is read to its end, so that
// it is reported once.
func (s *scanner) parameter(t *token) {
	source := s.name()
	var segments []string
	quoted := false
	for s.peek(0) == '.' {
		s.pos++
		segment, inQuotes, ok := s.segment()
		if !ok {
			return
		}
		segments = append(segments, segment)
		quoted = quoted || inQuotes
	}
	written := s.sql[t.start+1 : s.pos]
	if len(segments) == 0 {
		s.fault(t.start, ":"+source+" does not say where the value comes from", bareHint(source))
		return
	}
	if c := s.peek(0); runsOn(c, s.peek(1)) {
		s.fault(t.start, fmt.Sprintf("the parameter :%s ends before %q", written, firstRune(s.sql[s.pos:])),
			"quote a name with other characters, as in :query.\"page-size\", or put a space before an operator")
		return
	}
	if s.around.conditional {
		s.fault(t.start, "the parameter :"+written+" is in a comment that only some servers run", "write it outside the comment")
		return
	}
	param := Param{Name: strings.Join(segments, "."), Offset: t.start, written: written, segments: segments}
	if problem, hint := param.resolve(source, quoted); problem != "" {
		s.fault(t.start, problem, hint)
		return
	}
	t.kind, t.param = tokenParameter, param
}

// name reads [A-Za-z0-9_]*.
func (s *scanner) name() string {
	start := s.pos
	for isNameByte(s.peek(0)) {
		s.pos++
	}
	return s.sql[start:s.pos]
}

// segment reads one part of a name, bare or in double quotes.
func (s *scanner) segment() (text string, quoted, ok bool) {
	start := s.pos
	if s.peek(0) == '"' {
		text, ok = s.quotedSegment()
		return text, true, ok
	}
	if text = s.name(); text == "" {
		s.fault(start-1, "a dot without a name behind it", "a parameter is :source.name, such as :query.id")
		return "", false, false
	}
	return text, false, true
}

// quotedSegment reads "…", in which a doubled quote stands for one and nothing
// else is special.
func (s *scanner) quotedSegment() (string, bool) {
	start := s.pos
	var b strings.Builder
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		if s.sql[s.pos] == '"' {
			if s.peek(1) != '"' {
				s.pos++
				if b.Len() == 0 {
					s.fault(start, "a parameter's name is empty", "")
				}
				return b.String(), b.Len() > 0
			}
			s.pos++
		}
		b.WriteByte(s.sql[s.pos])
	}
	s.abandon(start, "the parameter's quoted name is not closed", `end it with "`)
	return "", false
}

// runsOn reports whether c, with next behind it, looks as if the name before
// it was meant to go on: :query.page-size would silently be a subtraction.
func runsOn(c, next byte) bool {
	switch c {
	case '-':
		return isNameByte(next) && !isDigit(next)
	case '$', '[':
		return true
	}
	return c >= 0x80
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// resolve sets the source that name stands for and checks the parameter's
// name against what that source offers.
func (p *Param) resolve(name string, quoted bool) (problem, hint string) {
	for i, known := range sourceNames {
		if name == known {
			p.Source = Source(i + 1)
		}
	}
	switch p.Source {
	case 0:
		return unknownSource(name)
	case SourceHeader:
		if !quoted {
			p.Name = strings.ReplaceAll(p.Name, "_", "-")
		}
		if strings.ContainsFunc(p.Name, notInHeaderName) {
			return fmt.Sprintf("%q cannot be the name of a header", p.Name), "a _ stands for a -, as in :header.user_agent"
		}
	case SourceClient:
		return oneOf(name, p.Name, []string{"ip", "port"})
	case SourceLast:
		return oneOf(name, p.Name, []string{"insert_id", "affected"})
	case SourcePage:
		return oneOf(name, p.Name, []string{"limit", "offset"})
	}
	return "", ""
}

func unknownSource(name string) (problem, hint string) {
	problem = "there is no source " + name
	if near := nearest(name, sourceNames[:]); near != "" {
		return problem, "did you mean :" + near + "?"
	}
	return problem, sourcesHint
}

// bareHint says how to mend :name.
func bareHint(name string) string {
	for _, known := range sourceNames {
		if name == known {
			return "write :" + name + ".name"
		}
	}
	return "write :query." + name + " or another source; " + sourcesHint
}

// oneOf checks a name of a source that has only those names.
func oneOf(source, name string, names []string) (problem, hint string) {
	for _, known := range names {
		if name == known {
			return "", ""
		}
	}
	problem = fmt.Sprintf("there is no :%s.%s", source, name)
	if near := nearest(name, names); near != "" {
		return problem, "did you mean :" + source + "." + near + "?"
	}
	return problem, "there is :" + source + "." + strings.Join(names, " and :"+source+".")
}

// notInHeaderName reports whether r is outside of RFC 9110's tokens.
func notInHeaderName(r rune) bool {
	return r >= 0x80 || !isNameByte(byte(r)) && !strings.ContainsRune("!#$%&'*+-.^`|~", r)
}
