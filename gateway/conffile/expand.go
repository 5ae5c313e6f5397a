package conffile

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Surroundings is what a document may draw on besides its own text.
type Surroundings struct {
	// LookupEnv returns a variable of the environment, and whether it is set.
	LookupEnv func(name string) (string, bool)
	// ReadFile returns the content of a file.
	ReadFile func(path string) ([]byte, error)
}

// Expand replaces, in every string value of the document,
//
//	${NAME}            by the variable of the environment
//	${NAME:-default}   by the same, or by the default when it is unset or empty
//	${file:PATH}       by the file's content, less one newline at its end
//	$${                by a literal ${
//
// A relative PATH begins at the document's folder. What was put in is not
// expanded again. A variable that is not set and a file that cannot be read are
// faults. Files that Decode reads are read with s as well.
func (d *Document) Expand(s Surroundings) {
	d.around = s
	e := expansion{Surroundings: s, doc: d}
	d.root.walk(func(n *node) {
		if n.kind == kindString && strings.Contains(n.text, "${") {
			e.expand(n)
		}
	})
}

type expansion struct {
	Surroundings
	doc *Document
}

// variableName is a name that a shell could have set.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces the references in one value. All its faults are found; the
// value is left as it was when there is one.
func (e *expansion) expand(n *node) {
	var out strings.Builder
	var pieces []piece
	ok := true
	for i := 0; i < len(n.text); {
		rest := n.text[i:]
		switch {
		case strings.HasPrefix(rest, "$${"):
			pieces = append(pieces, piece{out.Len(), out.Len() + 2, i, i + 3, true})
			out.WriteString("${")
			i += 3
		case strings.HasPrefix(rest, "${"):
			length := len("${") + strings.IndexByte(rest[2:], '}') + 1
			value, problem, hint := e.reference(rest[:length])
			if problem != "" {
				ok = false
				at := e.doc.inside(n, i, max(length, len("${")))
				e.doc.find(at, nil, problem, hint)
			}
			pieces = append(pieces, piece{out.Len(), out.Len() + len(value), i, i + length, false})
			out.WriteString(value)
			i += max(length, len("${"))
		default:
			out.WriteByte(rest[0])
			i++
		}
	}
	n.broken = n.broken || !ok
	if ok {
		n.text, n.pieces = out.String(), pieces
	}
}

// reference returns the value of "${...}", or what is wrong with it.
func (e *expansion) reference(text string) (value, problem, hint string) {
	body, closed := strings.CutSuffix(strings.TrimPrefix(text, "${"), "}")
	if !closed {
		return "", "${ without its }", "a literal ${ is written $${"
	}
	if path, ok := strings.CutPrefix(body, "file:"); ok {
		return e.file(path)
	}
	name, fallback, hasFallback := strings.Cut(body, ":-")
	if !variableName.MatchString(name) {
		return "", "no name of a variable between ${ and }", "write ${NAME}, ${NAME:-default} or ${file:PATH}; a literal ${ is written $${"
	}
	value, set := e.LookupEnv(name)
	switch {
	case hasFallback && value == "":
		return fallback, "", ""
	case !set:
		return "", fmt.Sprintf("the environment variable %s is not set", name),
			fmt.Sprintf("set it, or give a default: ${%s:-default}", name)
	}
	return value, "", ""
}

func (e *expansion) file(path string) (value, problem, hint string) {
	if path == "" {
		return "", "no path after ${file:", "write ${file:PATH}"
	}
	path = e.doc.beside(path)
	content, err := e.ReadFile(path)
	if err != nil {
		return "", fmt.Sprintf("cannot read the file: %v", err), ""
	}
	return strings.TrimSuffix(string(content), "\n"), "", ""
}

// beside returns the path of a file as it stands in the document: a relative
// one begins at the document's folder.
func (d *Document) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.name), path)
}
