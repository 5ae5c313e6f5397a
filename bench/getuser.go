package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// errVoid: a round went wrong, so that its figures do not count.
var errVoid = errors.New("void rounds")

// mostLanes is how many lanes zerohop can have.
const mostLanes = 64

// peerChoice is which peers run, and how the first of them is set up.
type peerChoice struct {
	Peers []string `enum:"zerohop,lanes-off,nethttp,oldchain" default:"zerohop,lanes-off,nethttp,oldchain" help:"Which peers run: ${default}. The first is compared with each other one."`
	Lanes *int     `placeholder:"N" help:"Lanes of zerohop; it has a default of its own."`
}

func (c peerChoice) validate() error {
	fault := some("peers", c.Peers)
	if c.Lanes != nil {
		fault = errors.Join(fault, within("lanes", *c.Lanes, 1, mostLanes))
	}
	return fault
}

func (c peerChoice) kinds() []kind { return pickKinds(allKinds(c.Lanes), c.Peers) }

// getuserCommand compares GET /getuser of zerohop and of its peers, with one
// crowd of clients.
type getuserCommand struct {
	Pace     pace       `embed:""`
	Choice   peerChoice `embed:""`
	Clients  int        `name:"connections" short:"c" default:"64" help:"Kept-alive client connections (${default})."`
	Max      int        `placeholder:"N" help:"Connections that each peer may open to MariaDB: 100, or as many as clients where that is more."`
	Database string     `enum:"tcp,unix" default:"tcp" help:"How the peers reach MariaDB: tcp or unix (${default})."`
	JSON     string     `name:"json" placeholder:"FILE" help:"Also write every round's figures to FILE."`
}

// Validate is called by kong, after the command line has been read.
func (c *getuserCommand) Validate() error {
	err := errors.Join(
		c.Pace.validate(),
		c.Choice.validate(),
		within("connections", c.Clients, 1, mostClients),
		within("max", c.Max, 0, mostClients),
	)
	if err == nil && c.Max > 0 && c.Max < c.Clients {
		err = fmt.Errorf("--max %d is below --connections %d: a pool that rejects on overflow would answer 503; "+
			"use --max %[2]d or fewer connections", c.Max, c.Clients)
	}
	return err
}

func (c *getuserCommand) plan() plan {
	kinds := c.Choice.kinds()
	sc := newScene(c.Clients, c.Database)
	if c.Max > 0 {
		sc.Max = c.Max
	}
	return plan{
		subject:     getuserSubject(),
		pace:        c.Pace,
		kinds:       kinds,
		comparisons: against(kinds[0], kinds[1:]),
		scenes:      []scene{sc},
	}
}

// Run compares the chosen peers.
func (c *getuserCommand) Run(ctx context.Context, console *console) error {
	r, err := c.plan().run(ctx, console)
	if err != nil {
		return err
	}
	return r.deliver(console.report, c.JSON)
}

// deliver writes the report to w, and all of its figures to a file, unless its
// name is "". When rounds are void it does so too, and returns errVoid.
func (r report) deliver(w io.Writer, jsonFile string) error {
	if _, err := io.WriteString(w, r.Markdown()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if jsonFile != "" {
		if err := os.WriteFile(jsonFile, r.JSON(), 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return r.fault()
}
