package backends

import (
	"strings"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// keySource is where Balance "hash" finds what it goes by.
type keySource struct{ source, name string }

// newKeySource reads a Config.Hash without faults.
func newKeySource(text string) keySource {
	if text == "" {
		text = defaultHash
	}
	source, name, _ := strings.Cut(text, ".")
	if source == "header" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	return keySource{source, name}
}

// of returns the key of a request, 0 for one that has none. in may be nil.
func (k keySource) of(rc *fasthttp.RequestCtx, in upstream.Inbound) uint64 {
	var value []byte
	switch k.source {
	case "":
		return 0
	case "header":
		value = rc.Request.Header.Peek(k.name)
	case "cookie":
		value = rc.Request.Header.Cookie(k.name)
	default:
		if in != nil {
			value, _ = in.BalanceKey(k.source, k.name)
		}
	}
	if len(value) == 0 {
		return 0
	}
	return hashKey(value)
}
