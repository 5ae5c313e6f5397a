package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"math"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

var errHeaderValue = errors.New("it has a line break or another control character, which no header can hold")

// respondDraft is an answer taken apart: its texts, and what stands between
// those of the body.
type respondDraft struct {
	contentType string
	texts       []sqlapi.Text
	body        []piece
	headers     []respondHeader
	// pending are bytes behind the last piece.
	pending []byte
	// endless are the fields with a number that JSON does not have.
	endless []string
}

// draft takes the answer apart. It does so with a faulty one, too, as far as
// that goes.
func (c *RespondConfig) draft(errcodeKey, errstrKey string) *respondDraft {
	d := &respondDraft{}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		if strings.EqualFold(name, fasthttp.HeaderContentType) {
			d.contentType = c.Headers[name]
			continue
		}
		d.headers = append(d.headers, respondHeader{name, len(d.texts)})
		d.texts = append(d.texts, sqlapi.Text{
			Field: "respond.headers." + conffile.PathKey(name), Text: c.Headers[name], Value: headerEscape(name),
		})
	}
	switch {
	case c.Errcode != nil:
		d.setType("application/json")
		d.pending = append(append(d.pending, '{'), quoted(errcodeKey)...)
		d.pending = strconv.AppendInt(append(d.pending, ':'), int64(*c.Errcode), 10)
		if c.Errstr != "" {
			d.pending = append(append(append(d.pending, ','), quoted(errstrKey)...), ':')
			d.string("respond.errstr", c.Errstr)
		}
		d.pending = append(d.pending, '}')
	case c.JSON != nil:
		d.setType("application/json")
		d.value("respond.json", c.JSON)
	case c.Body != "":
		d.setType("text/plain; charset=utf-8")
		d.text("respond.body", c.Body, nil, bodyEscape(d.contentType))
	}
	d.body = append(d.body, piece{d.pending, -1})
	return d
}

// setType sets the content type of an answer whose headers have none.
func (d *respondDraft) setType(contentType string) {
	if d.contentType == "" {
		d.contentType = contentType
	}
}

// text appends a text to the body.
func (d *respondDraft) text(field, text string, literal, value sqlapi.Escape) {
	d.body = append(d.body, piece{d.pending, len(d.texts)})
	d.texts = append(d.texts, sqlapi.Text{Field: field, Text: text, Literal: literal, Value: value})
	d.pending = nil
}

// string appends a text to the body as a JSON string.
func (d *respondDraft) string(field, text string) {
	d.pending = append(d.pending, '"')
	d.text(field, text, sqlapi.EscapeJSON, sqlapi.EscapeJSON)
	d.pending = append(d.pending, '"')
}

// value appends a value of the file to the body as JSON.
func (d *respondDraft) value(field string, v any) {
	switch v := v.(type) {
	case conffile.Table:
		d.pending = append(d.pending, '{')
		for i, pair := range v {
			if i > 0 {
				d.pending = append(d.pending, ',')
			}
			d.pending = append(append(d.pending, quoted(pair.Key)...), ':')
			d.value(field+"."+conffile.PathKey(pair.Key), pair.Value)
		}
		d.pending = append(d.pending, '}')
	case []any:
		d.pending = append(d.pending, '[')
		for i, element := range v {
			if i > 0 {
				d.pending = append(d.pending, ',')
			}
			d.value(fmt.Sprintf("%s[%d]", field, i), element)
		}
		d.pending = append(d.pending, ']')
	case string:
		d.string(field, v)
	case conffile.Date:
		d.pending = append(d.pending, quoted(string(v))...)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			d.endless = append(d.endless, strings.TrimPrefix(field, "respond."))
			return
		}
		d.pending = append(d.pending, encoded(v)...)
	default: // a whole number, true or false, or nil where there is a fault
		d.pending = append(d.pending, encoded(v)...)
	}
}

// quoted returns a text of the configuration as a JSON string.
func quoted(text string) []byte {
	escaped, err := sqlapi.EscapeJSON([]byte{'"'}, []byte(text))
	if err != nil {
		panic(fmt.Sprintf("bug: a text of the file that is not UTF-8: %q", text))
	}
	return append(escaped, '"')
}

// encoded returns a scalar as JSON.
func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("bug: %v cannot be encoded: %v", v, err))
	}
	return text
}

// bodyEscape returns how values are written in a body of a content type, so
// that they stay values: nobody's name becomes a tag.
func bodyEscape(contentType string) sqlapi.Escape {
	essence, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
	case essence == "application/json" || strings.HasSuffix(essence, "+json"):
		return sqlapi.EscapeJSON
	case essence == "text/html" || strings.HasSuffix(essence, "/xml") || strings.HasSuffix(essence, "+xml"):
		return func(dst, text []byte) ([]byte, error) { return append(dst, html.EscapeString(string(text))...), nil }
	}
	return nil
}

// headerEscape returns how values are written in a header. In those that are
// made of URLs or of pairs, whatever could end one is percent-encoded.
func headerEscape(name string) sqlapi.Escape {
	switch strings.ToLower(name) {
	case "location", "content-location", "refresh", "link", "set-cookie":
		return func(dst, text []byte) ([]byte, error) {
			return append(dst, strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20")...), nil
		}
	}
	return func(dst, text []byte) ([]byte, error) {
		for _, c := range text {
			if isControlRune(rune(c)) {
				return dst, errHeaderValue
			}
		}
		return append(dst, text...), nil
	}
}
