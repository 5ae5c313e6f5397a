package upstream

import "slices"

// Statuses is a short set of status codes. The zero value is empty.
type Statuses []int

// Has reports whether the set has the status.
func (s Statuses) Has(status int) bool { return slices.Contains(s, status) }
