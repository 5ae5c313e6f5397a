package gateway

import (
	"errors"
	"fmt"
	"testing"

	"zerohop/sqlapi"
)

func TestUnmetProblems(t *testing.T) {
	counts := newCounts()
	f := func(status int, code string) {
		t.Helper()
		err := fmt.Errorf("statement 2: %w", &sqlapi.UnmetError{Statement: 2, Status: status})
		got := classify(err)
		if got.status != status || got.code != code || got.detail == "" || !errors.Is(err, got.cause) {
			t.Errorf("%d: got %+v, want %s", status, got, code)
		}
		if counts[got.code] == nil {
			t.Errorf("%d: nothing counts %s", status, got.code)
		}
	}
	f(403, "forbidden")
	f(404, "not_found")
	f(409, "conflict")
	f(410, "gone")
	f(412, "precondition_failed")
	f(422, "unprocessable")
	f(429, "rate_limited")
	for _, status := range []int{400, 402, 405, 418, 423, 500, 503, 599} {
		f(status, "unmet")
	}
	if got := classify(fmt.Errorf("%w: deadlock", sqlapi.ErrContended)); got.status != 503 || got.code != "contended" {
		t.Errorf("got %+v", got)
	}
}
