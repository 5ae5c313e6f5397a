package throttle

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCanonicalUser(t *testing.T) {
	f := func(want string, users ...string) {
		t.Helper()
		for _, user := range users {
			if got := canonicalUser(user); got != want {
				t.Errorf("%+q: got %q, want %q", user, got, want)
			}
		}
	}
	f("alice", "alice", "ALICE", "alice  ", "alic\u00e9", "alice\u0301", "\u00e0lice", "al\u00adice", "al\u200bice", "\uff41\uff4c\uff49\uff43\uff45", "\U0001d41alice", "alice\u3000", "\x01alice", "alice\u20dd")
	f("straser", "strasser", "straßer", "STRASSER", "stra\u1e9eer", "straſser")
	f("aefi", "Æfi", "æﬁ")
	f("\ufffd", "\U0001f600", "\U0001f601")
	f("", "", "  ", "\u200b")
	f("bob smith", "bob smith", "BOB SMITH")
	f("маша", "МАША")
}

// A user who is being guessed at gains no guess by another spelling.
func TestSpellings(t *testing.T) {
	th, _ := newThrottle(nil)
	let := 0
	for i, user := range []string{"alice", "alic\u00e9", "\u00e0lice", "al\u00adice", "\uff41lice", "al\u200bice"} {
		for j := range 5 {
			if guess(t, th, user, fmt.Sprintf("192.0.2.%d", 10*i+j), "guess", false) == 0 {
				let++
			}
		}
	}
	if let != 5 {
		t.Errorf("%d guesses were let through, want 5", let)
	}
}

func FuzzCanonicalUser(f *testing.F) {
	for _, user := range []string{"bob", "alic\u00e9", "straße", "\uff41 ", "\xff", "ssß", "\u0345s\u0345s", "0\xf5\u01df"} {
		f.Add(user)
	}
	f.Fuzz(func(t *testing.T, user string) {
		got := canonicalUser(user)
		if utf8.ValidString(user) && !utf8.ValidString(got) {
			t.Errorf("%+q is no UTF-8 any more: %+q", user, got)
		}
		if strings.TrimSpace(got) != got || strings.Contains(got, "ss") {
			t.Errorf("%+q has more than one form: %+q", user, got)
		}
		if longer := canonicalUser(user + "  "); longer != got {
			t.Errorf("%+q and blanks: %+q, and not %+q", user, longer, got)
		}
	})
}
