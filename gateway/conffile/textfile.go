package conffile

import (
	"fmt"
	"reflect"
	"strings"
)

// fileSuffix is what a key has behind its name where its text is in a file.
const fileSuffix = "_file"

// byteOrderMark is what some editors put in front of UTF-8.
const byteOrderMark = "\ufeff"

// textOfFile fills a field from the file that the key e, name_file, names. From
// then on the table has the text under name, whose faults have their place in
// that file.
func (dec *decoder) textOfFile(table *node, e *entry, name string, v reflect.Value) {
	var path string
	set(dec, e.node, reflect.ValueOf(&path).Elem(), "a text", text)
	if other := table.get(name); other != nil {
		line, _ := dec.doc.position(other.key.start)
		dec.doc.find(e.key, e.node, fmt.Sprintf("there are both %s and %s", shown(name), shown(e.name)),
			fmt.Sprintf("leave out one of them; the other stands at %s:%d", dec.doc.name, line))
		return
	}
	if e.node.broken {
		table.excused = append(table.excused, name)
		return
	}
	content, problem := dec.doc.readText(path)
	if problem != "" {
		table.excused = append(table.excused, name)
		dec.doc.find(e.node.span, e.node, problem, "")
		return
	}
	file := &Document{name: dec.doc.beside(path), text: []byte(content)}
	content = strings.TrimPrefix(content, byteOrderMark)
	table.add(name, e.key, &node{kind: kindString, span: e.node.span, text: content, file: file})
	v.SetString(content)
}

// readText returns what is in a file that stands beside the document, or what
// is wrong with it.
func (d *Document) readText(path string) (content, problem string) {
	if path == "" {
		return "", "the path of a file is wanted here"
	}
	read, err := d.around.ReadFile(d.beside(path))
	switch {
	case err != nil:
		return "", fmt.Sprintf("cannot read the file: %v", err)
	case strings.TrimSpace(strings.TrimPrefix(string(read), byteOrderMark)) == "":
		return "", "the file " + d.beside(path) + " is empty"
	}
	return string(read), ""
}

// within returns the place of a part of a text in the file that has it: length
// bytes from offset on.
func (n *node) within(offset, length int) span {
	start := offset + len(n.file.text) - len(n.text)
	return span{start, start + length}
}
