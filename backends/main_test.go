package backends

import (
	"testing"

	"go.uber.org/goleak"
)

// Every goroutine must be gone when the tests are, but for the clock of the
// Date header of fasthttp, which the tests' servers are, and nobody can stop.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}
