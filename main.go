// Command zerohop serves SQL statements as JSON endpoints, in one process from
// the socket to the database.
//
// Without arguments it serves ./zerohop.toml, or a demo when there is none.
// It exits with 0, with 1 after a failure while running, and with 2 when the
// command line or the configuration is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
	_ "time/tzdata" // a machine may have no table of time zones

	"github.com/alecthomas/kong"

	"zerohop/assets"
	"zerohop/gateway"
)

// defaultFile is the configuration of a command that is given none.
const defaultFile = "zerohop.toml"

// errSecondSignal ends a drain that somebody does not want to wait for.
var errSecondSignal = errors.New("stopped by a second signal, before every request was answered")

// refused is an error of the command line or the configuration: exit code 2.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// process is what a command has around it.
type process struct {
	stdin          *os.File
	stdout, stderr io.Writer
	signals        <-chan os.Signal
}

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	// The reader of the access log may go away without taking us along.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(os.Args[1:], &process{os.Stdin, os.Stdout, os.Stderr, signals}))
}

// commands is the command line.
type commands struct {
	Alone   aloneCommand   `cmd:"" hidden:"" default:"withargs"`
	Serve   serveCommand   `cmd:"" help:"Serve a configuration."`
	Check   checkCommand   `cmd:"" help:"Name everything that is wrong with a configuration."`
	Init    initCommand    `cmd:"" help:"Write a configuration to begin with."`
	Version versionCommand `cmd:"" help:"Say which version this is."`

	HashPassword hashPasswordCommand `cmd:"" help:"Print the hash of a password, for a table or a file of users."`
}

// run runs one command and returns the exit code.
func run(args []string, p *process) int {
	parser := kong.Must(&commands{}, kong.Name("zerohop"), kong.Writers(p.stdout, p.stderr),
		kong.Description("SQL statements as JSON endpoints. Without a command: serve ./zerohop.toml, or the demo when there is none."))
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "zerohop: %v; zerohop --help lists what there is\n", err)
		return 2
	}
	err = command.Run(p)
	if err == nil {
		return 0
	}
	if wrong, ok := errors.AsType[refused](err); ok {
		fmt.Fprintln(p.stderr, wrong)
		return 2
	}
	fmt.Fprintf(p.stderr, "zerohop: %v\n", err)
	return 1
}

// fileFlag is the flag of the commands that read a configuration.
type fileFlag struct {
	Config *string `short:"c" placeholder:"FILE" help:"The configuration file, ./zerohop.toml by default."`
}

func (f fileFlag) path() string {
	if f.Config != nil {
		return *f.Config
	}
	return defaultFile
}

// load reads the file that the flag names, or the default one.
func (f fileFlag) load() (*gateway.Config, error) {
	cfg, err := gateway.LoadConfig(f.path())
	if err != nil && f.Config == nil && errors.Is(err, fs.ErrNotExist) {
		err = errors.New("zerohop: there is no ./zerohop.toml; name the configuration with -c FILE")
	}
	if err != nil {
		return nil, refused{err}
	}
	return cfg, nil
}

// aloneCommand is zerohop without a command. It is the only one that falls back
// to the demo: a slip in a unit file must not publish that.
type aloneCommand struct{ fileFlag }

func (c *aloneCommand) Run(p *process) error {
	if c.Config == nil {
		if _, err := os.Stat(defaultFile); errors.Is(err, fs.ErrNotExist) {
			cfg, err := gateway.DemoConfig()
			if err != nil {
				return refused{err}
			}
			return p.serveDemo(cfg)
		}
	}
	return (&serveCommand{c.fileFlag}).Run(p)
}

type serveCommand struct{ fileFlag }

func (c *serveCommand) Run(p *process) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return p.serve(cfg, func([]net.Addr) {})
}

type checkCommand struct{ fileFlag }

func (c *checkCommand) Run(p *process) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if _, err := gateway.New(cfg, gateway.Options{}); err != nil {
		return refused{fmt.Errorf("%s: %w", c.path(), err)}
	}
	_, err = fmt.Fprintf(p.stdout, "%s: ok, %s, %s\n", c.path(), count(len(cfg.Routes), "route"), count(len(cfg.Databases), "database"))
	return err
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// initCommand writes the starter configuration to a file that is not there yet.
type initCommand struct{ fileFlag }

func (c *initCommand) Run(p *process) error {
	path, flag := c.path(), ""
	err := writeNew(path, assets.StarterConfig)
	switch {
	case errors.Is(err, fs.ErrExist):
		return refused{fmt.Errorf("zerohop: %s is there already and was not touched; -c FILE names another one", path)}
	case errors.Is(err, fs.ErrNotExist):
		return refused{fmt.Errorf("zerohop: %w", err)}
	case err != nil:
		return err
	}
	if c.Config != nil {
		flag = " -c " + path
	}
	_, err = fmt.Fprintf(p.stdout, `%s is written. Next:

  edit %[1]s, the dsn first: it says where your database is
  zerohop check%[2]s
  zerohop serve%[2]s
`, path, flag)
	return err
}

// writeNew writes a file for its owner alone, as there will be a password in
// it. When a file of that name is there already the error is fs.ErrExist. A
// file that could not be written to its end is removed.
func writeNew(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write configuration: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

type versionCommand struct{}

func (versionCommand) Run(p *process) error {
	engine := "without the embedded engine"
	if embedded() {
		engine = "with the embedded engine"
	}
	_, err := fmt.Fprintf(p.stdout, "zerohop %s, %s, %s/%s, %s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, engine)
	return err
}

// version returns what the build recorded about itself: a release, a commit, or
// (devel).
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}

// embedded reports whether the trial engine is part of this binary.
func embedded() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Deps, func(m *debug.Module) bool {
		return m.Path == "github.com/dolthub/go-mysql-server"
	})
}

// serveDemo serves the demo and says how to try it. That goes to stderr, as
// stdout belongs to the access log.
func (p *process) serveDemo(cfg *gateway.Config) error {
	err := p.serve(cfg, func(addrs []net.Addr) {
		fmt.Fprintf(p.stderr, `
There is no zerohop.toml here, so this is the demo. Its table of users is in
memory: nothing is kept when it stops. Try it from another terminal:

curl -u alice:secret http://%[1]s/getuser
curl http://%[1]s/users/2

Ctrl-C stops it.

`, addrs[0])
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; stop what has the demo's address, or write a zerohop.toml with another one", err)
	}
	return err
}

// serve serves a configuration until a signal comes, then answers what is under
// way; a second signal ends that. ready is called when the addresses are bound.
func (p *process) serve(cfg *gateway.Config, ready func([]net.Addr)) error {
	claimProcessors()
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	server, err := gateway.New(cfg, gateway.Options{AccessLog: p.stdout, ErrorLog: log, Version: version()})
	if err != nil {
		return refused{fmt.Errorf("zerohop: %w", err)}
	}
	if err := server.Listen(); err != nil {
		return errors.Join(err, server.Close())
	}
	for _, addr := range server.Addrs() {
		log.Info("listening", "address", addr.String())
	}
	for _, addr := range server.InternalAddrs() {
		log.Info("listening for processes of this machine", "address", addr.String())
	}
	if addr := server.AdminAddr(); addr != nil {
		log.Info("listening for the operator", "address", addr.String())
	}
	ready(server.Addrs())
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	select {
	case err := <-served:
		return err
	case s := <-p.signals:
		log.Info("draining", "signal", s.String())
	}
	if err := p.drain(server, drainTime(cfg)); err != nil {
		return err
	}
	return <-served
}

// drain answers the requests under way, for at most the given time, and closes
// the server.
func (p *process) drain(server *gateway.Server, most time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- errors.Join(server.Shutdown(ctx), server.Close()) }()
	select {
	case err := <-drained:
		if err != nil {
			return fmt.Errorf("drain: %w", err)
		}
		return nil
	case <-p.signals:
		return errSecondSignal
	}
}

// drainTime returns how long the slowest request may take, and some seconds for
// its body to come and its answer to go.
func drainTime(cfg *gateway.Config) time.Duration {
	slowest := cfg.Limits.RequestTimeout
	for _, r := range cfg.Routes {
		slowest = max(slowest, r.RequestTimeout)
	}
	return slowest + cfg.Limits.HeaderTimeout
}
