package gateway

import (
	"mime"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// wantsPage reports whether a request is one of a browser for a page: it names
// HTML among what it accepts, and JSON, if at all, as no better. A wildcard
// names nothing: that is what scripts and tools send.
func wantsPage(h *fasthttp.RequestHeader) bool {
	page, data := 0.0, 0.0
	for part := range strings.SplitSeq(string(h.Peek(fasthttp.HeaderAccept)), ",") {
		essence, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		if err != nil {
			q = 1
		}
		switch essence {
		case "text/html", "application/xhtml+xml":
			page = max(page, q)
		case "application/json", "application/problem+json":
			data = max(data, q)
		}
	}
	return page > 0 && page >= data
}
