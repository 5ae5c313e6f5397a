package gateway

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi"
)

// respond is a handler that answers the same to every request, but for the
// request's own values in it.
type respond struct {
	status      int
	contentType string // empty without a body
	texts       *sqlapi.Texts
	body        []piece
	headers     []respondHeader
	// fixed is the body where no value of a request is in any text.
	fixed []byte
}

// piece is a part of a body: bytes as they are, and a text behind them.
type piece struct {
	literal []byte
	text    int // its index among the texts, or -1
}

// respondHeader is a header, and its value's index among the texts.
type respondHeader struct {
	name string
	text int
}

// newRespond returns the handler of an answer without a fault; the keys are
// what errcode and errstr are called.
func newRespond(c *RespondConfig, errcodeKey, errstrKey string) (*respond, error) {
	d := c.draft(errcodeKey, errstrKey)
	texts, err := sqlapi.NewTexts(d.texts)
	if err != nil {
		return nil, fmt.Errorf("respond: %w", err)
	}
	r := &respond{status: c.Status, contentType: d.contentType, texts: texts, body: d.body, headers: d.headers}
	if texts.Fixed() {
		filled, err := texts.Fill(context.Background(), new(fasthttp.RequestCtx))
		if err != nil {
			return nil, fmt.Errorf("respond: %w", err)
		}
		defer filled.Free()
		if r.fixed, err = r.appendBody([]byte{}, filled); err != nil {
			return nil, fmt.Errorf("respond: %w", err)
		}
	}
	return r, nil
}

// serve is the handler.
func (r *respond) serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	filled, err := r.texts.Fill(ctx, rc)
	if err != nil {
		return err
	}
	defer filled.Free()
	resp := &rc.Response
	// Nothing is set before all is written down: a value may be one that
	// cannot stand where it should.
	var buf [256]byte
	values, ends := buf[:0], make([]int, 0, 8)
	for _, h := range r.headers {
		if values, err = filled.Append(values, h.text); err != nil {
			return err
		}
		ends = append(ends, len(values))
	}
	if r.fixed != nil {
		resp.SetBodyRaw(r.fixed)
	} else {
		body, err := r.appendBody(resp.SwapBody(nil)[:0], filled)
		if err != nil {
			resp.SwapBody(body[:0])
			return err
		}
		resp.SwapBody(body)
	}
	resp.SetStatusCode(r.status)
	if r.contentType != "" {
		resp.Header.SetContentType(r.contentType)
	}
	start := 0
	for i, h := range r.headers {
		resp.Header.SetBytesV(h.name, values[start:ends[i]])
		start = ends[i]
	}
	return nil
}

func (r *respond) appendBody(dst []byte, filled *sqlapi.FilledTexts) ([]byte, error) {
	for _, p := range r.body {
		dst = append(dst, p.literal...)
		if p.text < 0 {
			continue
		}
		var err error
		if dst, err = filled.Append(dst, p.text); err != nil {
			return dst, err
		}
	}
	return dst, nil
}
