package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes, as those of zerohop.
const (
	exitFailure = 1
	exitUsage   = 2
)

type commandLine struct {
	Getuser getuserCommand `cmd:"" help:"GET /getuser, answered from a table of 10,000 users: one crowd of clients."`
	Suite   suiteCommand   `cmd:"" help:"GET /getuser with every crowd of clients, over TCP and a unix socket; writes results and charts."`
	Proxy   proxyCommand   `cmd:"" help:"zerohop, nginx and HAProxy in front of one upstream, and a handler in process and behind a hop; writes results and charts."`
	Lanes   lanesCommand   `cmd:"" help:"GET /getuser of zerohop with several numbers of lanes."`
	Session sessionCommand `cmd:"" help:"GET /getuser of zerohop with a session in memcached, and without."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run does what args ask for and returns the exit code. The report goes to
// stdout; progress and faults go to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cli commandLine
	code := -1
	parser, err := kong.New(&cli,
		kong.Name("bench"),
		kong.Description("Runs zerohop and its peers against the same database or upstream and compares them."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(c int) { code = c }),
	)
	if err != nil {
		panic("bug: " + err.Error())
	}
	parsed, err := parser.Parse(args)
	if code >= 0 { // help was asked for, and given
		return code
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(&console{args: args, report: stdout, progress: newProgress(stderr)})
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "bench: interrupted; everything it started has been ended")
	default:
		fmt.Fprintln(stderr, "bench:", err)
	}
	return exitFailure
}
