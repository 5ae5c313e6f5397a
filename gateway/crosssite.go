package gateway

import (
	"bytes"
	"errors"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/session"
)

// A browser sends a session's cookie along whoever has made the request. So a
// request that changes something needs a proof that a page of our own has made
// it: what the browser itself says of that, or a token that only our pages know.

var errCrossSite = errors.New("no proof that the request comes from our own pages")

// The token of a session is in this header or in this field of a form.
const (
	tokenHeader = "X-CSRF-Token"
	tokenField  = "csrf_token"
)

// origin is where a request comes from, as far as the browser tells.
type origin uint8

const (
	originUnknown origin = iota
	originOwn
	originForeign // a sibling domain included
)

// originOf reads what the browser says of a request's origin: the Fetch
// metadata, which a page cannot set, or Origin, from browsers that have no
// metadata or where there is no TLS. We are reached at scheme and host.
func originOf(h *fasthttp.RequestHeader, scheme string, host []byte) origin {
	switch site := h.Peek("Sec-Fetch-Site"); {
	case string(site) == "same-origin" || string(site) == "none":
		return originOwn
	case len(site) > 0:
		return originForeign
	}
	said := h.Peek(fasthttp.HeaderOrigin)
	if len(said) == 0 {
		return originUnknown
	}
	own, ok := bytes.CutPrefix(said, []byte(scheme+"://"))
	if ok && len(own) > 0 && bytes.EqualFold(own, host) {
		return originOwn
	}
	return originForeign
}

// changesNothing reports whether requests of a method need no proof of their
// origin.
func changesNothing(method []byte) bool {
	switch string(method) {
	case fasthttp.MethodGet, fasthttp.MethodHead, fasthttp.MethodOptions, fasthttp.MethodTrace:
		return true
	}
	return false
}

// upgrades reports whether a request asks for another protocol, as that of a
// WebSocket. A browser sends it from any page, with the cookies, and lets that
// page read what comes.
func upgrades(h *fasthttp.RequestHeader) bool { return len(h.Peek(fasthttp.HeaderUpgrade)) > 0 }

// bringsToken reports whether a request has a token of its session. The body
// has been read; of one that is passed on as it comes, only the header counts.
func bringsToken(rc *fasthttp.RequestCtx, of *session.Session, whole bool) bool {
	brought := rc.Request.Header.Peek(tokenHeader)
	if len(brought) == 0 && whole && isForm(rc.Request.Header.ContentType()) {
		brought = formArgs(rc).Peek(tokenField)
	}
	return of.HasToken(brought)
}

// isForm reports whether a body is one of a plain HTML form.
func isForm(contentType []byte) bool {
	return isMediaType(contentType, "application/x-www-form-urlencoded")
}

// isMediaType compares a content type without its parameters.
func isMediaType(contentType []byte, want string) bool {
	essence, _, _ := bytes.Cut(contentType, []byte{';'})
	return bytes.EqualFold(bytes.TrimSpace(essence), []byte(want))
}
