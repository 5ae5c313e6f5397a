package main

import (
	"context"
	"errors"
)

// Answers of these sizes are compared, and the least and the most that may be
// asked for, in bytes.
const (
	shortAnswer  = 1 << 10
	longAnswer   = 100 << 10
	leastAnswer  = 16
	mostAnswer   = 1 << 20
	proxyClients = 64
)

// proxyCommand compares proxies in front of one upstream, and a handler in
// process with the same handler behind a hop.
type proxyCommand struct {
	Pace    pace     `embed:""`
	Peers   []string `enum:"zerohop,nginx,haproxy" default:"zerohop,nginx,haproxy" help:"Which proxies run: ${default}. The first is compared with each other one."`
	Answers []int    `default:"1024,102400" help:"Sizes of answers in bytes, scene by scene: ${default}."`
	Clients int      `name:"connections" short:"c" default:"64" help:"Kept-alive client connections (${default})."`
	Hops    bool     `default:"true" negatable:"" help:"Also compare a handler in process with one behind a hop."`
	Results string   `placeholder:"DIR" help:"Folder for report, figures and charts: bench/results, or none with --quick."`
	Quick   bool     `help:"One short round for each peer: half a minute, once everything is built."`
}

// Validate is called by kong, after the command line has been read.
func (c *proxyCommand) Validate() error {
	faults := []error{c.Pace.validate(), some("peers", c.Peers), some("answers", c.Answers),
		within("connections", c.Clients, 1, mostClients)}
	for _, size := range c.Answers {
		faults = append(faults, within("answers", size, leastAnswer, mostAnswer))
	}
	return errors.Join(faults...)
}

// plans returns what is played: the proxies, and the hops.
func (c *proxyCommand) plans() []plan {
	pace := c.Pace
	if c.Quick {
		pace.Rounds, pace.Seconds = 1, 1
	}
	kinds := pickKinds(allProxies(), c.Peers)
	proxies := plan{subject: proxySubject(c.Answers), pace: pace, quick: c.Quick, kinds: kinds, comparisons: against(kinds[0], kinds[1:])}
	for _, size := range c.Answers {
		proxies.scenes = append(proxies.scenes, c.scene(size))
	}
	if !c.Hops {
		return []plan{proxies}
	}
	kinds = allHops()
	hops := plan{subject: hopSubject(), pace: pace, quick: c.Quick, kinds: kinds, comparisons: against(kinds[0], kinds[1:])}
	hops.scenes = []scene{c.scene(shortAnswer)}
	return []plan{proxies, hops}
}

func (c *proxyCommand) scene(answer int) scene {
	return scene{Clients: c.Clients, Max: max(proxyClients, c.Clients), Answer: answer}
}

// Run plays all plans, prints one report of them, and writes it with its
// figures and charts to the folder for results.
func (c *proxyCommand) Run(ctx context.Context, console *console) error {
	var r report
	for i, p := range c.plans() {
		part, err := p.run(ctx, console)
		if err != nil {
			return err
		}
		if i == 0 {
			r = part
		} else {
			r.Scenes = append(r.Scenes, part.Scenes...)
		}
	}
	if dir := resultsFolder(c.Results, c.Quick); dir != "" {
		if err := r.save(dir); err != nil {
			return err
		}
		console.progress("results are in %s", dir)
	}
	return r.deliver(console.report, "")
}

// proxySubject is an upstream's answer, through a proxy.
func proxySubject(sizes []int) *subject {
	return &subject{
		name: "proxy", title: "In front of an HTTP server", path: answerPath, script: proxyScript,
		questions: answerQuestions,
		random:    func(sc scene) question { return answerQuestion(sc.Answer) },
		find:      func(s *search, into *tools) { into.nginx = s.find("nginx", "nginx") },
		open: func(ctx context.Context, a *arena, _ plan, say progress) (source, error) {
			say("starting the upstream")
			u, err := startUpstream(ctx, a.tools.nginx, a.dir, sizes)
			if err != nil {
				return nil, err
			}
			return u, nil
		},
		metrics:  proxyMetrics(),
		pictured: proxyPictured(),
		method: "All proxies stand in front of the same nginx, which has the answers in memory. Gateway CPU is that of all of a " +
			"peer's processes; with a hop, of the zerohop in front and the one behind. Each peer writes an access-log line a " +
			"request to a file. wrk, gateway and upstream share the machine.",
		targets: []target{
			{"zerohop / nginx", shortAnswer, 0.85},
			{"zerohop / nginx", longAnswer, 1},
			{"in process / behind loopback TCP", shortAnswer, 2},
		},
	}
}

// hopSubject is the same answer out of zerohop itself.
func hopSubject() *subject {
	s := proxySubject(nil)
	s.find = nil
	s.open = func(context.Context, *arena, plan, progress) (source, error) { return noSource{}, nil }
	s.metrics = gatewayMetrics()
	return s
}

func answerQuestions(sc scene) []question { return []question{answerQuestion(sc.Answer)} }
