package backends

// MemberStats is a snapshot of one member of a group.
type MemberStats struct {
	// Workers is how many requests the member runs at once, Queue how many
	// more may wait.
	Workers, Queue int
	// Busy is how many it runs now, Waiting how many wait.
	Busy, Waiting int
	// Refused is how many found every worker busy and no place in the queue,
	// since the start.
	Refused uint64
}

// Stats returns a snapshot of each member, in the order of the configuration.
func (g *Group) Stats() []MemberStats {
	all := make([]MemberStats, len(g.members))
	for i, m := range g.members {
		all[i] = m.stats()
	}
	return all
}

func (w *workers) stats() MemberStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return MemberStats{
		Workers: w.slots, Queue: w.queue, Busy: w.busy, Waiting: w.waiting.Len(), Refused: w.refused,
	}
}
