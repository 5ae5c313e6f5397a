package main

import (
	"context"
	"errors"
)

// resultsDir is where results belong, from the top of a clone.
const resultsDir = "bench/results"

// suiteCommand compares all peers in every scene and keeps the results.
type suiteCommand struct {
	Pace      pace       `embed:""`
	Choice    peerChoice `embed:""`
	Crowds    []int      `default:"1,8,64,256" help:"Kept-alive client connections, scene by scene: ${default}."`
	Databases []string   `enum:"tcp,unix" default:"tcp,unix" help:"How the peers reach MariaDB: ${default}."`
	Results   string     `placeholder:"DIR" help:"Folder for report, figures and charts: bench/results, or none with --quick."`
	Quick     bool       `help:"One short round for each peer, over TCP: a minute, once everything is built."`
}

// Validate is called by kong, after the command line has been read.
func (c *suiteCommand) Validate() error {
	faults := []error{c.Pace.validate(), c.Choice.validate(), some("crowds", c.Crowds), some("databases", c.Databases)}
	for _, clients := range c.Crowds {
		faults = append(faults, within("crowds", clients, 1, mostClients))
	}
	return errors.Join(faults...)
}

func (c *suiteCommand) plan() plan {
	kinds := c.Choice.kinds()
	p := plan{subject: getuserSubject(), pace: c.Pace, quick: c.Quick, kinds: kinds, comparisons: against(kinds[0], kinds[1:])}
	databases := c.Databases
	if c.Quick {
		p.pace.Rounds, p.pace.Seconds, databases = 1, 1, []string{"tcp"}
	}
	for _, database := range databases {
		for _, clients := range c.Crowds {
			p.scenes = append(p.scenes, newScene(clients, database))
		}
	}
	return p
}

// resultsFolder returns the folder that results are written to, or "". A quick
// run replaces careful results only where it is told to.
func resultsFolder(asked string, quick bool) string {
	if asked == "" && !quick {
		return resultsDir
	}
	return asked
}

// Run compares all peers, prints the report, and writes it with its figures
// and charts to the folder for results.
func (c *suiteCommand) Run(ctx context.Context, console *console) error {
	r, err := c.plan().run(ctx, console)
	if err != nil {
		return err
	}
	if dir := resultsFolder(c.Results, c.Quick); dir != "" {
		if err := r.save(dir); err != nil {
			return err
		}
		console.progress("results are in %s", dir)
	}
	return r.deliver(console.report, "")
}
