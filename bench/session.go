package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sessionCommand measures what a session in memcached costs: GET /getuser for
// those who have logged in, and the same statement with credentials in the
// request, from one zerohop with lanes off.
type sessionCommand struct {
	Pace    pace `embed:""`
	Clients int  `name:"connections" short:"c" default:"64" help:"Kept-alive client connections (${default})."`
}

// Validate is called by kong, after the command line has been read.
func (c *sessionCommand) Validate() error {
	return errors.Join(c.Pace.validate(), within("connections", c.Clients, 1, mostClients))
}

// Run measures, and writes a table.
func (c *sessionCommand) Run(ctx context.Context, console *console) error {
	host := &sessionHost{}
	defer host.Close()
	p := plan{subject: getuserSubject(), pace: c.Pace, kinds: []kind{host.kind()}, scenes: []scene{newScene(c.Clients, "tcp")}}
	ctx, cancel := context.WithTimeout(ctx, p.limit()*2) // two loads a turn
	defer cancel()
	arena, err := openArena(ctx, p, console.progress)
	if err != nil {
		return err
	}
	defer arena.Close()
	stage, err := arena.openStage(ctx, p, p.scenes[0], console.progress)
	if err != nil {
		return err
	}
	defer stage.Close()
	load := &sessionLoad{wrk: stage.wrk, peer: stage.peers[0], dir: arena.dir}
	console.progress("logging %d users in", sessionUsers)
	if err := load.prepare(ctx); err != nil {
		return load.peer.explain(err)
	}
	turns, err := load.play(ctx, c.Pace.Rounds, console.progress)
	if err != nil {
		return load.peer.explain(err)
	}
	_, err = fmt.Fprint(console.report, sessionReport(turns, c.Clients, arena.machine, console.command()))
	return err
}

// sessionTurn is one round of each kind.
type sessionTurn struct{ with, without load }

// perSecond returns the answers a second.
func (l load) perSecond() float64 { return float64(l.Requests) / l.Duration * 1e6 }

// sessionReport is the table for a reader.
func sessionReport(turns []sessionTurn, clients int, m machine, command string) string {
	collect := func(of func(sessionTurn) float64) spread {
		values := make([]float64, len(turns))
		for i, t := range turns {
			values[i] = of(t)
		}
		return newSpread(values)
	}
	row := func(name string, of func(sessionTurn) load) []string {
		rate := collect(func(t sessionTurn) float64 { return of(t).perSecond() })
		p99 := collect(func(t sessionTurn) float64 { return of(t).P99 / 1000 })
		return []string{name, thousands(rate.Median), fmt.Sprintf("%.2f", p99.Median)}
	}
	ratio := func(of func(load) float64) string {
		s := collect(func(t sessionTurn) float64 { return of(t.with) / of(t.without) })
		return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Min, s.Max)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# GET /getuser with a session\n\n")
	writeTableHead(&b, []string{fmt.Sprintf("%d clients, lanes off", clients), "requests/s", "p99 ms"})
	writeRow(&b, row("credentials in the request", func(t sessionTurn) load { return t.without }))
	writeRow(&b, row("a session in memcached", func(t sessionTurn) load { return t.with }))
	writeRow(&b, []string{"with a session / without", ratio(load.perSecond), ratio(func(l load) float64 { return l.P99 })})
	fmt.Fprintf(&b, "\nMedians of %d turns; a ratio is that of the two rounds of one turn, as median (lowest–highest). "+
		"Both rounds ask one zerohop the same statement, for %d users. wrk, zerohop, MariaDB and memcached share the machine.\n\n%s\n\n`%s`\n",
		len(turns), sessionUsers, m, command)
	return b.String()
}

// play plays turns: one round with sessions and one without, in turns first.
func (s *sessionLoad) play(ctx context.Context, turns int, say progress) ([]sessionTurn, error) {
	all := make([]sessionTurn, turns)
	for turn := range all {
		for _, which := range order(turn, 2) {
			into, script := &all[turn].without, s.plain
			if which == 1 {
				into, script = &all[turn].with, s.cookies
			}
			l, err := s.run(ctx, script, turn)
			if err != nil {
				return nil, err
			}
			if fault := l.fault(); fault != "" {
				return nil, fmt.Errorf("turn %d of %s: %s", turn+1, filepath.Base(script), fault)
			}
			*into = l
			say("turn %d of %d: %s: %s requests/s", turn+1, turns, filepath.Base(script), thousands(l.perSecond()))
			if err := s.peer.forgetLog(ctx); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// run has wrk run a script for as long as a round takes.
func (s *sessionLoad) run(ctx context.Context, script string, seed int) (load, error) {
	w := s.wrk
	out, err := runErrand(ctx, time.Duration(w.seconds)*time.Second+wrkSlack, "run wrk", w.program,
		fmt.Sprintf("--threads=%d", w.threads), fmt.Sprintf("--connections=%d", w.connections),
		fmt.Sprintf("--duration=%ds", w.seconds), fmt.Sprintf("--timeout=%ds", int(answerTimeout.Seconds())),
		"--script="+script, s.peer.url, "--", fmt.Sprint(sessionUsers), fmt.Sprint(seed))
	if err != nil {
		return load{}, err
	}
	return parseLoad(out)
}

// writeScripts writes wrk's scripts: getuser.lua, and one that is the same but
// for what stands in a request.
func (s *sessionLoad) writeScripts(cookies []string) error {
	const formatted = `requests[n] = wrk.format("GET", nil, { Authorization = "Basic " .. credentials })`
	if !strings.Contains(string(getuserScript), formatted) {
		return errors.New("getuser.lua has changed: bench session does not know it any more")
	}
	var list strings.Builder
	list.WriteString("local cookies = {\n")
	for _, cookie := range cookies {
		fmt.Fprintf(&list, "  %q,\n", cookie)
	}
	list.WriteString("}\n")
	script := list.String() + strings.Replace(string(getuserScript), formatted,
		`requests[n] = wrk.format("GET", "/session", { Cookie = cookies[n] })`, 1)
	s.plain, s.cookies = filepath.Join(s.dir, "credentials.lua"), filepath.Join(s.dir, "session.lua")
	return errors.Join(os.WriteFile(s.plain, getuserScript, 0o600), os.WriteFile(s.cookies, []byte(script), 0o600))
}
