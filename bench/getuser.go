package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// errVoid: a round went wrong, so that its figures do not count.
var errVoid = errors.New("void rounds")

// Bounds of what may be asked for, so that every run ends in a foreseeable time.
const (
	mostTurns       = 99
	mostSeconds     = 60
	mostConnections = 1000
)

// setUpTime is how long all but the rounds may take: a first build, MariaDB's
// start, the comparison of answers. Each step has a shorter limit of its own.
const setUpTime = 15 * time.Minute

// getuserCommand compares GET /getuser of zerohop and of its peer.
type getuserCommand struct {
	Connections int    `short:"c" default:"64" help:"Kept-alive client connections (${default})."`
	Threads     int    `short:"t" default:"2" help:"Threads of wrk (${default})."`
	Rounds      int    `default:"5" help:"Rounds for each peer (${default})."`
	Seconds     int    `default:"5" help:"Length of a round (${default})."`
	Max         int    `default:"100" help:"Connections that each peer may open to MariaDB (${default})."`
	Database    string `enum:"tcp,unix" default:"tcp" help:"How the peers reach MariaDB: tcp or unix (${default})."`
	JSON        string `name:"json" placeholder:"FILE" help:"Also write every round's figures to FILE."`
}

// Validate is called by kong, after the command line has been read.
func (c *getuserCommand) Validate() error {
	within := func(flag string, value, least, most int) error {
		if value < least || value > most {
			return fmt.Errorf("--%s %d: must be from %d to %d", flag, value, least, most)
		}
		return nil
	}
	if err := errors.Join(
		within("connections", c.Connections, 1, mostConnections),
		within("rounds", c.Rounds, 1, mostTurns),
		within("seconds", c.Seconds, 1, mostSeconds),
		within("max", c.Max, 1, mostConnections),
	); err != nil {
		return err
	}
	if c.Threads < 1 || c.Threads > c.Connections {
		return fmt.Errorf("--threads %d: must be from 1 to --connections %d", c.Threads, c.Connections)
	}
	if c.Max < c.Connections {
		return fmt.Errorf("--max %d is below --connections %d: a pool that rejects on overflow would answer 503; "+
			"use --max %[2]d or fewer connections", c.Max, c.Connections)
	}
	return nil
}

// serverConnections is how many connections MariaDB must accept: each peer's,
// and a few for whoever watches.
func (c *getuserCommand) serverConnections(peers int) int { return peers*c.Max + 20 }

// limit is how long the whole run may take.
func (c *getuserCommand) limit(peers int) time.Duration {
	roundTime := time.Duration(c.Seconds)*time.Second + wrkSlack + logPatience
	return setUpTime + time.Duration(c.Rounds*peers)*roundTime
}

// Run compares zerohop with net/http and database/sql.
func (c *getuserCommand) Run(ctx context.Context, console *console) error {
	return c.compare(ctx, console, []kind{zerohop(), netHTTP()})
}

// compare runs all kinds and reports on them; the others are compared with
// the first.
func (c *getuserCommand) compare(ctx context.Context, console *console, kinds []kind) error {
	ctx, cancel := context.WithTimeout(ctx, c.limit(len(kinds)))
	defer cancel()
	arena, err := openArena(ctx, c, kinds, console.progress)
	if err != nil {
		return err
	}
	defer arena.Close()
	if err := arena.examine(ctx, console.progress); err != nil {
		return err
	}
	rounds, err := arena.play(ctx, c.Rounds, console.progress)
	if err != nil {
		return err
	}
	return c.report(newReport(c, console.command(), arena.machine, kinds, rounds), console.report)
}

// report writes r to w, and to the file that was asked for. When rounds are
// void, it does so too, and returns errVoid.
func (c *getuserCommand) report(r report, w io.Writer) error {
	if _, err := io.WriteString(w, r.Markdown()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if c.JSON != "" {
		if err := os.WriteFile(c.JSON, r.JSON(), 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	if n := len(r.void()); n > 0 {
		return fmt.Errorf("%w: %d of %d; the report names them", errVoid, n, len(r.Rounds))
	}
	return nil
}
