package gateway

import (
	"testing"

	"github.com/valyala/fasthttp"
)

func TestWantsPage(t *testing.T) {
	f := func(accept string, want bool) {
		t.Helper()
		var h fasthttp.RequestHeader
		h.Set("Accept", accept)
		if got := wantsPage(&h); got != want {
			t.Errorf("%q: got %v, want %v", accept, got, want)
		}
	}
	f("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true)
	f("TEXT/HTML", true)
	f("application/xhtml+xml", true)
	f("text/html, application/json;q=0.5", true)
	f("", false)
	f("*/*", false)
	f("text/*", false)
	f("application/json", false)
	f("application/json, text/html;q=0.5", false)
	f("text/html;q=0", false)
	f("text/htmlx", false)
	f(";;,,text", false)
}
