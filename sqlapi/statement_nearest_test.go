package sqlapi

import "testing"

func TestNearest(t *testing.T) {
	f := func(word, want string) {
		t.Helper()
		if got := nearest(word, sourceNames[:]); got != want {
			t.Errorf("nearest(%q): got %q, want %q", word, got, want)
		}
	}
	f("qurey", "query")
	f("QUERY", "query")
	f("querry", "query")
	f("jsn", "json")
	f("headers", "header")
	f("cookeis", "cookie")
	f("xyz", "")
	f("", "")
	f("pork", "")
}
