package main

import (
	"context"
	"errors"
	"fmt"
)

// lanesCommand compares numbers of lanes with each other and with none.
type lanesCommand struct {
	Pace     pace   `embed:""`
	Counts   []int  `default:"1,2,3,4,8" help:"How many lanes are tried, besides none: ${default}."`
	Clients  int    `name:"connections" short:"c" default:"64" help:"Kept-alive client connections (${default})."`
	Database string `enum:"tcp,unix" default:"tcp" help:"How zerohop reaches MariaDB: tcp or unix (${default})."`
	JSON     string `name:"json" placeholder:"FILE" help:"Also write every round's figures to FILE."`
}

// Validate is called by kong, after the command line has been read.
func (c *lanesCommand) Validate() error {
	faults := []error{c.Pace.validate(), within("connections", c.Clients, 1, mostClients), some("counts", c.Counts)}
	seen := make(map[int]bool)
	for _, count := range c.Counts {
		faults = append(faults, within("counts", count, 1, mostLanes))
		if seen[count] {
			faults = append(faults, fmt.Errorf("--counts: %d is there twice", count))
		}
		seen[count] = true
	}
	return errors.Join(faults...)
}

func (c *lanesCommand) plan() plan {
	off := zerohopLanesOff()
	p := plan{subject: getuserSubject(), pace: c.Pace, scenes: []scene{newScene(c.Clients, c.Database)}}
	for _, count := range c.Counts {
		k := zerohop(&count)
		k.key = fmt.Sprintf("lanes-%d", count)
		p.kinds = append(p.kinds, k)
		p.comparisons = append(p.comparisons, comparison{k, off})
	}
	p.kinds = append(p.kinds, off)
	return p
}

// Run compares all numbers of lanes.
func (c *lanesCommand) Run(ctx context.Context, console *console) error {
	r, err := c.plan().run(ctx, console)
	if err != nil {
		return err
	}
	return r.deliver(console.report, c.JSON)
}
