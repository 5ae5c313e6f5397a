package passhash

import (
	"errors"
	"testing"
	"time"
)

func TestCost(t *testing.T) {
	f := func(encoded string, least, most time.Duration) {
		t.Helper()
		got, err := Cost(encoded)
		if err != nil || got < least || got > most {
			t.Errorf("%s: got %v, %v, want %v to %v", encoded, got, err, least, most)
		}
	}
	f(Dummy, 30*time.Millisecond, 50*time.Millisecond)
	f("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", time.Millisecond, 3*time.Millisecond)
	f("$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", 150*time.Millisecond, 300*time.Millisecond)
	f("pbkdf2_sha256$600000$saltsalt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 100*time.Millisecond, 200*time.Millisecond)
	f("$scrypt$ln=16,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 100*time.Millisecond, 200*time.Millisecond)
	if _, err := Cost("secret"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want %v", err, ErrUnknown)
	}
}
