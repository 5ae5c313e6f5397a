package conffile

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Later names keys that are planned and not there yet, so that using one is
// answered with the truth.
type Later struct {
	// Table is the table's path; * stands for a name or an index:
	// "databases.*", "backends.*.members.*"; empty for the top level.
	Table string
	// Keys are the keys, separated by blanks.
	Keys string
	// Instead is the key of today that does the same, or empty. It is not
	// asked for where one of Keys stands.
	Instead string
}

// Decode fills the struct that into points to from the document. The field of a
// key is the one with the key's name in its tag:
//
//	Max  int    `toml:"max"`
//	DSN  string `toml:"dsn,secret"`   // masked in every output
//	Body int64  `toml:"body,size"`    // "16KiB", "1MiB", "64kB" or a number of bytes
//	List []string `toml:"list,orlist"` // may be written as one text
//	File string `toml:"file,path"`   // a relative one begins at the document's folder
//	Any  string `toml:"any,scalar"`  // a text, a number, true or false, or a date, as its text
//	Text string `toml:"text,orfile"` // or the key text_file, with the path of a file that has it
//
// The keys of an embedded struct stand in the table of the struct around it.
//
// There are texts, booleans, whole numbers, time.Duration ("250ms"), structs,
// pointers to them, which are nil where the file does not speak of them, lists,
// maps by name, and any: a string, an int64, a float64, a bool, a Date, a []any
// or a Table. A text may give a number, a size, a duration or a boolean, because
// it may have come from expansion. A type with UnmarshalText is written as a
// text; if it is a struct, as a table as well, if not, as true or false as well.
//
// A struct with a method SetDefaults has it called before it is filled, also as
// a list's element or a map's value, and also when the file does not speak of
// it. Fields of values that have a fault keep their defaults.
//
// A key without a field is a fault; it is another one if later names it.
func (d *Document) Decode(into any, later []Later) {
	v := reflect.ValueOf(into).Elem()
	setDefaults(v)
	dec := decoder{doc: d, later: later}
	dec.table(d.root, v, "")
}

// defaulter is a struct that has values before the file is read.
type defaulter interface{ SetDefaults() }

// setDefaults sets the defaults of a struct and of those in it; an outer one
// may override what an inner one sets.
func setDefaults(v reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			setDefaults(v.Field(i))
		}
	}
	if s, ok := v.Addr().Interface().(defaulter); ok {
		s.SetDefaults()
	}
}

type decoder struct {
	doc   *Document
	later []Later
	// names are those of the map's entries that are being read, outermost
	// first; of a list's element it is empty.
	names []string
}

// tag is what a field's tag says.
type tag struct {
	name                       string
	size, secret, orList, path bool
	scalar, orFile             bool
}

func parseTag(f reflect.StructField) tag {
	name, options, _ := strings.Cut(f.Tag.Get("toml"), ",")
	t := tag{name: name}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "size":
			t.size = true
		case "secret":
			t.secret = true
		case "orlist":
			t.orList = true
		case "path":
			t.path = true
		case "scalar":
			t.scalar = true
		case "orfile":
			t.orFile = true
		default:
			panic(fmt.Sprintf("bug: field %s has the unknown tag option %q", f.Name, option))
		}
	}
	return t
}

// table fills a struct. path is the table's path with * for names and indexes.
func (dec *decoder) table(n *node, v reflect.Value, path string) {
	fields := map[string]reflect.StructField{}
	var known []string
	add := func(key string, f reflect.StructField) {
		if _, twice := fields[key]; twice {
			panic(fmt.Sprintf("bug: %s has two fields for the key %q", v.Type(), key))
		}
		fields[key] = f
		known = append(known, key)
	}
	for _, f := range reflect.VisibleFields(v.Type()) {
		t := parseTag(f)
		if t.name == "" || t.name == "-" {
			continue
		}
		add(t.name, f)
		if t.orFile {
			add(t.name+fileSuffix, f)
		}
	}
	for _, e := range slices.Clone(n.keys) { // a file's text becomes a key
		f, ok := fields[e.name]
		if !ok {
			dec.unknown(n, e, path, known)
			continue
		}
		t, field := parseTag(f), v.FieldByIndex(f.Index)
		if e.name != t.name {
			dec.textOfFile(n, e, t.name, field)
			continue
		}
		dec.value(e.node, field, t, below(path, e.name))
	}
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// unknown records a key that has no field.
func (dec *decoder) unknown(n *node, e *entry, path string, known []string) {
	for _, l := range dec.later {
		if l.Table == path && slices.Contains(strings.Fields(l.Keys), e.name) {
			n.excused = append(n.excused, l.Instead)
			dec.doc.find(e.key, e.node, shown(e.name)+" is not in this version", "")
			return
		}
	}
	if !secretName.MatchString(e.name) {
		e.node.reveal()
	}
	dec.doc.hideTexts(e.node)
	n.excused = append(n.excused, nearest(e.name, known))
	where := "at the top level"
	if path != "" {
		where = "in " + dec.doc.tableName(n, dec.named(path))
	}
	dec.doc.find(e.key, e.node, fmt.Sprintf("unknown key %s %s", shown(e.name), where), Suggest(e.name, known))
}

// named returns a path with the names of maps in the places that stand for them.
func (dec *decoder) named(path string) string {
	for _, name := range dec.names {
		path = strings.Replace(path, ".*", name, 1)
	}
	return path
}

// tableName returns a table as its header names it, or by its path when it has
// none.
func (d *Document) tableName(n *node, path string) string {
	if n.from == byHeader && n.span.start > 0 {
		line := string(d.text[lineStart(d.text, n.span.start):lineEnd(d.text, n.span.start)])
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		return strings.TrimSpace(line)
	}
	return strings.ReplaceAll(path, ".*", "")
}

// value fills one field, or one element.
func (dec *decoder) value(n *node, v reflect.Value, t tag, path string) {
	if t.secret {
		dec.doc.hide(n)
	} else {
		n.reveal()
	}
	if n.broken {
		return
	}
	u, writesItself := v.Addr().Interface().(encoding.TextUnmarshaler)
	if writesItself && (n.kind == kindString || n.kind == kindBool && v.Kind() != reflect.Struct) {
		dec.unmarshal(n, u)
		return
	}
	switch {
	case t.size:
		set(dec, n, v, "a size", size)
	case writesItself && v.Kind() != reflect.Struct:
		dec.doc.hideTexts(n)
		dec.doc.find(n.span, n, fmt.Sprintf("a text, or true or false, is wanted here, not %s", n.kind), "")
	case v.Type() == reflect.TypeFor[time.Duration]():
		set(dec, n, v, "a duration", duration)
	case t.scalar && v.Kind() == reflect.String:
		set(dec, n, v, "a single value", scalarText)
	case v.Kind() == reflect.String:
		set(dec, n, v, "a text", text)
		if t.path && v.Len() > 0 {
			v.SetString(dec.doc.beside(v.String()))
		}
	case v.Kind() == reflect.Bool:
		set(dec, n, v, "true or false", boolean)
	case v.CanInt():
		set(dec, n, v, "a whole number", wholeNumber)
	case v.Kind() == reflect.Slice:
		dec.list(n, v, t, path)
	case v.Kind() == reflect.Map:
		dec.byName(n, v, path)
	case v.Kind() == reflect.Struct:
		if dec.want(n, kindTable, v, path) {
			dec.table(n, v, path)
		}
	case v.Kind() == reflect.Interface:
		v.Set(reflect.ValueOf(verbatim(n)))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setDefaults(v.Elem())
		dec.value(n, v.Elem(), t, path)
	default:
		panic(fmt.Sprintf("bug: no way to read a %s from a file", v.Type()))
	}
}

// set converts a scalar and stores it; want is what it should be.
func set[T any](dec *decoder, n *node, v reflect.Value, want string, convert func(*node) (T, *refusal)) {
	converted, refused := convert(n)
	if refused == nil && v.CanInt() && v.OverflowInt(reflect.ValueOf(converted).Int()) {
		refused = &refusal{problem: "too large"}
	}
	if refused == nil {
		v.Set(reflect.ValueOf(converted).Convert(v.Type()))
		return
	}
	problem := refused.problem
	if problem == "" {
		problem = fmt.Sprintf("%s is wanted here, not %s", want, n.kind)
	}
	hint := refused.hint
	if n.secret {
		hint = "" // it may quote the value
	}
	dec.doc.find(n.span, n, problem, hint)
}

// unmarshal lets the value read its own text.
func (dec *decoder) unmarshal(n *node, u encoding.TextUnmarshaler) {
	err := u.UnmarshalText([]byte(n.text))
	if err == nil {
		return
	}
	problem, hint := err.Error(), ""
	if f, ok := errors.AsType[fieldFault](err); ok {
		_, problem, hint, _ = f.FieldFault()
	}
	dec.doc.find(n.span, n, problem, hint)
}

func (dec *decoder) list(n *node, v reflect.Value, t tag, path string) {
	elements := n.elements
	if t.orList && (n.kind == kindString || t.scalar && n.kind != kindTable && n.kind != kindArray) {
		elements = []*node{n}
	} else if !dec.want(n, kindArray, v, path) {
		return
	}
	list := reflect.MakeSlice(v.Type(), len(elements), len(elements))
	for i, e := range elements {
		setDefaults(list.Index(i))
		dec.names = append(dec.names, "")
		dec.value(e, list.Index(i), tag{size: t.size, scalar: t.scalar}, path+".*")
		dec.names = dec.names[:len(dec.names)-1]
	}
	v.Set(list)
}

// byName fills a map from a table of tables.
func (dec *decoder) byName(n *node, v reflect.Value, path string) {
	if !dec.want(n, kindTable, v, path) {
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.keys))
	for _, e := range n.keys {
		value := reflect.New(v.Type().Elem()).Elem()
		setDefaults(value)
		if e.node.kind != kindTable && e.node.kind != kindArray && value.Kind() == reflect.Struct {
			dec.unnamed(e, path, value)
			continue
		}
		dec.names = append(dec.names, "."+PathKey(e.name))
		// The names are the file's own, and may be those of secrets.
		dec.value(e.node, value, tag{secret: e.node.guessed && value.Kind() != reflect.Struct}, path+".*")
		dec.names = dec.names[:len(dec.names)-1]
		m.SetMapIndex(reflect.ValueOf(e.name), value)
	}
	v.Set(m)
}

// unnamed records a key that stands where names of tables do: the name was
// probably forgotten.
func (dec *decoder) unnamed(e *entry, path string, value reflect.Value) {
	dec.doc.hideTexts(e.node)
	hint := fmt.Sprintf("write [%s.NAME] above it, with a name of your choice", path)
	dec.doc.find(e.key, e.node, fmt.Sprintf("%s is not in a table of [%s.NAME]", shown(e.name), path), hint)
}

// want records a fault unless the value is of a kind. It hides one that may be
// the secret which belongs in v.
func (dec *decoder) want(n *node, k kind, v reflect.Value, path string) bool {
	if n.kind == k {
		return true
	}
	hint := ""
	header := strings.ReplaceAll(path, ".*", ".NAME")
	switch {
	case n.kind == kindTable && n.from != byValue:
		hint = fmt.Sprintf("write [[%s]]", header)
	case n.from == byElements:
		hint = fmt.Sprintf("write [%s]", header)
	case k == kindArray:
		hint = "write it in [ ]"
	case k == kindTable && n.kind != kindArray:
		hint = "write it in { }"
	}
	if holdsSecret(v.Type()) {
		dec.doc.hideTexts(n)
	}
	dec.doc.find(n.span, n, fmt.Sprintf("%s is wanted here, not %s", k, n.kind), hint)
	return false
}

// holdsSecret reports whether a field below t is a secret.
func holdsSecret(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return holdsSecret(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() || f.Anonymous {
				if parseTag(f).secret || holdsSecret(f.Type) {
					return true
				}
			}
		}
	}
	return false
}
