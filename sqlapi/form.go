package sqlapi

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"

	"github.com/valyala/fasthttp"
)

// maxParts is how many parts a multipart body may have. Its bytes are bounded
// with those of every body.
const maxParts = 1000

// form are the fields of a form. A nil one has none.
type form struct {
	encoded *fasthttp.Args
	parts   []part
}

// part is a field of a multipart form.
type part struct {
	name string
	text []byte
}

// peek returns the first field of a name, nil when there is none.
func (f *form) peek(name string) []byte {
	if f == nil {
		return nil
	}
	if f.encoded != nil {
		return peek(f.encoded, name)
	}
	for i := range f.parts {
		if f.parts[i].name == name {
			return f.parts[i].text
		}
	}
	return nil
}

// peek returns the first value of a name, nil when there is none: an empty one
// is not.
func peek(args *fasthttp.Args, name string) []byte {
	value := args.Peek(name)
	if value == nil && args.Has(name) {
		return []byte{}
	}
	return value
}

// all returns the values of every field of a name.
func (f *form) all(name string) [][]byte {
	if f == nil {
		return nil
	}
	if f.encoded != nil {
		return f.encoded.PeekMulti(name)
	}
	var all [][]byte
	for i := range f.parts {
		if f.parts[i].name == name {
			all = append(all, f.parts[i].text)
		}
	}
	return all
}

// form returns the fields of the request's body, nil when that is no form.
func (ps *parameters) form(rc *fasthttp.RequestCtx) (*form, []ParameterFault) {
	contentType := rc.Request.Header.ContentType()
	switch {
	case !ps.takesForm || len(rc.PostBody()) == 0:
	case isURLEncoded(contentType):
		return &form{encoded: urlEncoded(rc)}, nil
	case isMultipart(contentType):
		return ps.multipart(string(contentType), rc.PostBody())
	}
	return nil, nil
}

func urlEncoded(rc *fasthttp.RequestCtx) *fasthttp.Args {
	args := rc.PostArgs()
	if args.Len() == 0 {
		// fasthttp knows the content type in lower case only.
		args = new(fasthttp.Args)
		args.ParseBytes(rc.PostBody())
	}
	return args
}

// multipart reads the fields of a multipart body that are asked for.
func (ps *parameters) multipart(contentType string, body []byte) (*form, []ParameterFault) {
	malformed := []ParameterFault{{Parameter: "form", Problem: "the body is not valid multipart/form-data"}}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, malformed
	}
	f := &form{}
	var faults []ParameterFault
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for n := 0; ; n++ {
		p, err := reader.NextPart()
		if err == io.EOF {
			return f, faults
		}
		if err != nil {
			return nil, malformed
		}
		if n == maxParts {
			return nil, []ParameterFault{{Parameter: "form", Problem: "the body has too many parts"}}
		}
		asked := ps.find(SourceForm, p.FormName())
		if asked == nil {
			continue // what nobody asks for does not matter
		}
		if isFile(p) {
			faults = append(faults, asked.fault("is a file, and a field is wanted"))
			continue
		}
		text, err := io.ReadAll(p)
		if err != nil {
			return nil, malformed
		}
		f.parts = append(f.parts, part{name: asked.name, text: text})
	}
}

// isFile reports whether a part was sent as a file, be it one without a name,
// as browsers do for a file that nobody has chosen.
func isFile(p *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	_, named := params["filename"]
	return err != nil || named
}

// find returns the parameter of a source and name, or nil.
func (ps *parameters) find(source Source, name string) *parameter {
	for i := range ps.list {
		if p := &ps.list[i]; p.source == source && p.name == name {
			return p
		}
	}
	return nil
}
