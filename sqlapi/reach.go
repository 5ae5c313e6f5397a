package sqlapi

// reach is how far an exchange with the server has got, for the case that the
// connection breaks.
type reach uint8

const (
	// reachedNothing: nothing has an effect, so it may be tried again.
	reachedNothing reach = iota
	// reachedUndone: the server undoes what it has done, as its commit was not
	// sent.
	reachedUndone
	// reachedEffect: it may have taken effect, and nobody knows.
	reachedEffect
)
