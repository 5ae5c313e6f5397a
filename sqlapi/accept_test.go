package sqlapi

import (
	"strings"
	"testing"
)

// testOffers are JSON, CSV and NDJSON, in this order.
func testOffers(t testing.TB) []offer {
	t.Helper()
	var offers []offer
	for _, contentType := range []string{"application/json", "text/csv; header=presence", "application/x-ndjson"} {
		o, err := newOffer(contentType)
		if err != nil {
			t.Fatal(err)
		}
		offers = append(offers, o)
	}
	return offers
}

func TestChoose(t *testing.T) {
	offers := testOffers(t)
	f := func(want string, fields ...string) {
		t.Helper()
		var raw [][]byte
		for _, field := range fields {
			raw = append(raw, []byte(field))
		}
		got := "none"
		if i := choose(offers, raw); i >= 0 {
			got = strings.TrimPrefix(strings.Split(offers[i].essence, "/")[1], "x-")
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", fields, got, want)
		}
	}
	f("json")
	f("json", "")
	f("json", " , ,")
	f("json", "*/*")
	f("json", "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8") // a browser
	f("json", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")                       // HttpURLConnection
	f("csv", "text/csv")
	f("csv", "TEXT/CSV")
	f("csv", "text/*")
	f("csv", "application/json;q=0.5, text/csv")
	f("csv", "application/json;q=0.5", "text/csv;q=0.6")
	f("json", "application/json, text/csv")
	f("json", "text/csv, application/json")
	f("ndjson", "application/x-ndjson, */*;q=0.1")
	f("json", "application/*")
	f("none", "text/html")
	f("none", "image/*, text/html")
	f("none", "tex/*")
	f("none", "text/c*")
	f("none", "text/")
	f("none", "/*")
	// The most specific range counts, wherever it stands, and q=0 is a no.
	f("csv", "*/*, application/json;q=0, application/x-ndjson;q=0")
	f("csv", "application/*;q=0, */*")
	f("ndjson", "application/json;q=0.1, application/*;q=0.2, text/*;q=0.15")
	f("none", "*/*;q=0")
	f("none", "text/csv;q=0.000")
	f("csv", "text/csv;q=0.001")
	f("csv", "text/*;q=0, text/csv;q=0.3")
	f("json", "text/csv;q=0.998, application/json;q=0.999")
	f("json", "text/csv;q=0.99, application/json;q=1.000")
	// Parameters are part of a type; ours all speak UTF-8.
	f("json", "application/json; charset=utf-8")
	f("json", `application/json;charset="UTF-8"`)
	f("none", "application/json; charset=latin1")
	f("none", "application/json; version=2")
	f("csv", "text/csv; header=presence")
	f("csv", `text/csv ; Header="Pres\ence" ; q=0.4`)
	f("none", "text/csv; header=absence")
	f("json", "text/csv; header=presence; q=0.1, text/csv, application/json;q=0.2")
	f("csv", "text/csv;q=0.9;level=1, application/json;q=0.5")
	f("none", `text/html;x="a, text/csv", image/png`)
	f("none", `text/html;x="a\", text/csv`)
	f("csv", "text/csv;;q=1")
	// What cannot be read fits nothing.
	f("none", "text/csv;q=x")
	f("none", "text/csv;q=")
	f("none", "text/csv;q=2")
	f("none", "text/csv;q=1.001")
	f("none", "text/csv;q=0.1234")
	f("none", "text/csv;q=-1")
	f("none", "csv")
	f("none", "\x00\xff")
	f("json", "csv, */*;q=0.1")
}

func TestChooseAllocates(t *testing.T) {
	offers := testOffers(t)
	fields := [][]byte{[]byte("text/html,application/xhtml+xml,application/xml;q=0.9,text/csv;q=0.8,*/*;q=0.7")}
	if got := testing.AllocsPerRun(100, func() { choose(offers, fields) }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

// Whatever else comes, what is asked for by name and without a q is the answer.
func FuzzChoose(f *testing.F) {
	for _, seed := range []string{"text/csv;q=0.5, */*", `a/b;c="d\",e";q=1`, ";;,=\"", "text/csv;q=.2"} {
		f.Add([]byte(seed))
	}
	offers := testOffers(f)
	f.Fuzz(func(t *testing.T, field []byte) {
		if got := choose(offers, [][]byte{field}); got < -1 || got >= len(offers) {
			t.Fatalf("got %d of %d offers", got, len(offers))
		}
		if got := choose(offers, [][]byte{[]byte("application/json"), field}); got != 0 {
			t.Fatalf("got %d, want JSON", got)
		}
	})
}
