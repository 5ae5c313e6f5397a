//go:build !unix

package upstream

// readable never sees anything: a kept connection that was closed then shows
// at its next use.
func readable(uintptr) bool { return false }
