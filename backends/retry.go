package backends

import (
	"errors"
	"slices"
	"strconv"

	"zerohop/backends/upstream"
)

// The words of Config.Retry that are not statuses.
const (
	retryError         = "error"
	retryTimeout       = "timeout"
	retryNonIdempotent = "non_idempotent"
)

// retryStatuses are the statuses that Config.Retry may list.
var retryStatuses = []string{"403", "404", "429", "500", "502", "503", "504"}

// retryRules say what has a request tried on a further member.
type retryRules struct {
	onError, onTimeout, nonIdempotent bool
	// statuses are those that count as a failure while another member may be
	// asked.
	statuses upstream.Statuses
	limit    int // of members for one request
}

// newRetryRules reads the words of a configuration without faults.
func newRetryRules(c Config) retryRules {
	r := retryRules{limit: c.RetryLimit}
	if r.limit == 0 {
		r.limit = len(c.Members)
	}
	for _, word := range c.Retry {
		switch word {
		case retryError:
			r.onError = true
		case retryTimeout:
			r.onTimeout = true
		case retryNonIdempotent:
			r.nonIdempotent = true
		default:
			if status, err := strconv.Atoi(word); err == nil {
				r.statuses = append(r.statuses, status)
			}
		}
	}
	return r
}

// listed reports whether failures of this kind have a request tried again.
func (r *retryRules) listed(e *upstream.Error) bool {
	switch {
	case e.Op == upstream.OpStatus:
		return r.statuses.Has(e.Status)
	case e.Timeout:
		return r.onTimeout
	}
	return r.onError
}

// safe reports whether a request that failed so can be sent again without the
// risk of having it done twice.
func (r *retryRules) safe(e *upstream.Error, method []byte) bool {
	return !e.BodyTaken && (!e.Sent || r.repeatable(method))
}

// repeatable reports whether a request with the method may be sent twice.
func (r *retryRules) repeatable(method []byte) bool {
	return r.nonIdempotent || upstream.Idempotent(method)
}

// blameless reports whether an exchange failed for a reason that is not the
// member's: the client has left or sent a broken body, or the group was closed.
func blameless(err error) bool {
	e, ok := errors.AsType[*upstream.Error](err)
	return ok && e.Blameless()
}

// harmless are the statuses that say nothing against a member that gives them.
var harmless = []int{403, 404}

// outcomeOf says what a failed exchange means for the member.
func outcomeOf(err error) outcome {
	if blameless(err) {
		return outcomeNone
	}
	if e, ok := errors.AsType[*upstream.Error](err); ok && slices.Contains(harmless, e.Status) {
		return outcomePassed
	}
	return outcomeFailed
}
