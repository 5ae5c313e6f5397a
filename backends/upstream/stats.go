package upstream

// Stats is a snapshot of a Client.
type Stats struct {
	// Connections is how many connections are open, Idle how many of them
	// have no request.
	Connections, Idle int
	// Connects is how many were opened since the start, StaleRetries how many
	// requests were sent again because a kept one had turned out closed.
	Connects, StaleRetries uint64
	// Tunnels is how many connections became tunnels since the start.
	Tunnels uint64
}
