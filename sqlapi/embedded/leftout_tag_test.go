//go:build noembedded

package embedded_test

import (
	"errors"
	"testing"

	"zerohop/sqlapi/embedded"
)

func TestOpenLeftOut(t *testing.T) {
	if e, err := embedded.Open("select 1"); e != nil || !errors.Is(err, embedded.ErrLeftOut) {
		t.Errorf("Open: got %v and %v, want no engine and %v", e, err, embedded.ErrLeftOut)
	}
	if err := embedded.Trim(); err != nil {
		t.Errorf("Trim: %v", err)
	}
}
