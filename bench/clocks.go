package main

import (
	"fmt"
	"time"
)

// clocks are the processor times that were used up to one moment.
type clocks struct {
	at      time.Time
	gateway time.Duration
	source  time.Duration // of what is behind the gateway
	load    time.Duration // of wrk, known once it has ended
	machine time.Duration // of everything that runs
}

// readClocks reads what p and what is behind it have used so far.
func readClocks(p *peer, behind source) (c clocks, err error) {
	c.at = time.Now()
	if c.gateway, err = p.cpuTime(); err != nil {
		return c, err
	}
	if c.source, err = behind.cpuTime(); err != nil {
		return c, err
	}
	if c.load, err = endedChildrenTime(); err != nil {
		return c, fmt.Errorf("measure wrk: %w", err)
	}
	if c.machine, err = machineTime(); err != nil {
		return c, fmt.Errorf("measure machine: %w", err)
	}
	return c, nil
}

// usage is what was used between two readings.
type usage struct {
	gateway, source time.Duration
	// others is how many cores programs that are not part of the run kept
	// busy on average. It is rough: a hundredth of a second at best.
	others float64
}

func (c clocks) since(before clocks) usage {
	u := usage{gateway: c.gateway - before.gateway, source: c.source - before.source}
	others := c.machine - before.machine - u.gateway - u.source - (c.load - before.load)
	u.others = max(0, others.Seconds()/c.at.Sub(before.at).Seconds())
	return u
}
