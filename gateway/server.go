package gateway

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi"
)

// requestIDHeader names the request in the request, in the response and, as
// request_id, in the log.
const requestIDHeader = "X-Request-Id"

// Options are what the process around a Server gives it.
type Options struct {
	// AccessLog takes one line a request. Without it there are none.
	AccessLog io.Writer
	// ErrorLog takes everything else. Without it that is dropped.
	ErrorLog *slog.Logger
	// Version is the program's, for whoever asks the admin listener.
	Version string
}

// Server answers HTTP requests with the routes of one configuration.
//
// It is used once: New, Listen, Serve, then Shutdown or Close, which may be
// called from any goroutine and more than once.
type Server struct {
	cfg      *Config
	version  string
	started  time.Time
	table    atomic.Pointer[table]
	public   *acceptor
	internal *acceptor      // nil without an internal address
	admin    *acceptor      // nil without an admin address
	password *adminPassword // nil where the admin listener asks for none
	scopes   scopes
	problems problems
	unrouted tally // of the answers that no route gave
	access   *accessLog
	// departures watches the clients of public and internal requests.
	departures *departures

	done chan struct{} // closed at the very end

	endMu sync.Mutex
	ended bool
}

// errorLog returns the log of faults, which may go nowhere.
func (o Options) errorLog() *slog.Logger {
	if o.ErrorLog == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.ErrorLog
}

// New returns a Server for a configuration that validation finds no fault
// with. It does no I/O.
func New(cfg *Config, opts Options) (*Server, error) {
	t, err := newTable(cfg, opts.errorLog())
	if err != nil {
		return nil, err
	}
	return newServer(cfg, t, opts), nil
}

func newServer(cfg *Config, t *table, opts Options) *Server {
	log := opts.errorLog()
	s := &Server{
		cfg:        cfg,
		version:    opts.Version,
		started:    time.Now(),
		problems:   problems{log: log, counts: newCounts()},
		access:     &accessLog{out: opts.AccessLog, log: log},
		departures: newDepartures(),
		done:       make(chan struct{}),
	}
	s.table.Store(t)
	s.public = newAcceptor(cfg.Limits, s.httpServer(log).ServeConn, log)
	if len(cfg.Internal) > 0 {
		s.internal = newAcceptor(cfg.Limits, s.httpServer(log).ServeConn, log)
		s.internal.internal = true
	}
	if cfg.Admin != "" {
		s.admin = newAcceptor(adminLimits(), s.adminServer(log).ServeConn, log)
	}
	for _, a := range s.acceptors() {
		a.files = socketFiles{cfg.SocketMode, cfg.SocketGroup}
		a.trust = newTrust(cfg.TrustedProxies)
	}
	return s
}

// acceptors returns what the server listens with.
func (s *Server) acceptors() []*acceptor {
	all := []*acceptor{s.public, s.internal, s.admin}
	return slices.DeleteFunc(all, func(a *acceptor) bool { return a == nil })
}

// httpServer returns the settings of the public side's codec. Its own
// deadlines stay off: they are totals, and would end slow uploads and long
// downloads; conn has better ones.
func (s *Server) httpServer(log *slog.Logger) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:       s.exchange,
		ErrorHandler:  s.parseError,
		ExpectHandler: s.expect,
		ConnState:     noteState,
		Logger:        serverLog{log},
		// Its errors quote the request otherwise, credentials included.
		SecureErrorLogMessage: true,
		Name:                  "zerohop",
		NoDefaultContentType:  true,
		// The request line and the header must fit into this together.
		ReadBufferSize:  int(s.cfg.Limits.HeaderBytes),
		WriteBufferSize: gatherBytes,
		// The acceptor counts connections, and tells those over the limit.
		Concurrency: s.cfg.Limits.Connections + 2*surplusConnections,
		// With streams on, this is only how much of a body the server reads
		// before it calls the handler, which has the real limit.
		StreamRequestBody:  true,
		MaxRequestBodySize: 1,
		// A multipart body is a body: handlers that want its parts read them.
		DisablePreParseMultipartForm: true,
		// The time is taken once a request, by the scope.
		LazyRequestTime: true,
		// ReduceMemoryUsage stays off: it would save an idle connection some
		// 10 kB, and read the first byte of each request by itself, with a
		// system call more.
	}
}

// noteState tells a connection what it is read for next.
func noteState(c net.Conn, state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateActive:
		c.(*conn).enter(phaseHeader)
	case fasthttp.StateIdle:
		c.(*conn).enter(phaseIdle)
	}
}

func (s *Server) adminServer(log *slog.Logger) *fasthttp.Server {
	a := &admin{server: s}
	return &fasthttp.Server{
		Handler:               a.handle,
		ConnState:             noteState,
		Logger:                serverLog{log},
		SecureErrorLogMessage: true,
		Name:                  "zerohop",
		Concurrency:           adminLimits().Connections + 2*surplusConnections,
	}
}

// adminLimits bound the operator's own requests.
func adminLimits() Limits {
	return Limits{HeaderTimeout: 10 * time.Second, IdleTimeout: 65 * time.Second, Connections: adminConnections}
}

// Listen opens the configured addresses, and what the databases need to have
// at the start. Clients can connect from then on; Serve answers them.
func (s *Server) Listen() error {
	s.sharePlaces()
	if err := s.table.Load().open(); err != nil {
		return err
	}
	for _, addr := range s.cfg.Internal {
		if err := s.internal.listen(addr); err != nil {
			return err
		}
	}
	for _, addr := range s.cfg.Listen {
		if err := s.public.listen(addr); err != nil {
			return err
		}
	}
	if s.admin != nil {
		if err := s.listenAdmin(); err != nil {
			return err
		}
	}
	s.releaseTrial()
	return nil
}

// releaseTrial gives back what the trial engine has cost the start, where no
// database is one.
func (s *Server) releaseTrial() {
	for _, db := range s.cfg.Databases {
		if db.Embedded() {
			return
		}
	}
	if err := sqlapi.ReleaseTrial(); err != nil {
		s.problems.log.Debug("memory of the trial engine was not given back", "error", err)
	}
}

// Addrs returns the public addresses that Listen opened, in their order in
// the configuration, with the real port where that says 0.
func (s *Server) Addrs() []net.Addr { return s.public.addrs() }

// InternalAddrs is Addrs for the addresses of routes that are internal.
func (s *Server) InternalAddrs() []net.Addr {
	if s.internal == nil {
		return nil
	}
	return s.internal.addrs()
}

// AdminAddr returns the address of the admin listener, or nil without one.
func (s *Server) AdminAddr() net.Addr {
	if s.admin == nil {
		return nil
	}
	for _, addr := range s.admin.addrs() {
		return addr
	}
	return nil
}

// Serve answers requests until Shutdown or Close is done.
func (s *Server) Serve() error {
	s.access.start()
	s.departures.start()
	for _, a := range s.acceptors() {
		a.start()
	}
	<-s.done
	return nil
}

// Shutdown ends the server without losing a request. At once /readyz says no;
// then it accepts what the kernel has queued, and no more, answers every
// request of which a byte was read, with Connection: close, and ends silent
// connections and tunnels cleanly. Then the internal listeners end in the same way: who
// answers a public request may need them until that is done. After the last
// answer, the pools are closed and the access log is written out.
//
// When ctx ends first, connections are cut off, and ctx's error is returned
// while handlers may still run. Close waits for those.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.public.drain(ctx); err != nil {
		return err
	}
	if s.internal != nil {
		if err := s.internal.drain(ctx); err != nil {
			return err
		}
	}
	return s.end(ctx)
}

// Close cuts all connections off and waits for everything to end.
func (s *Server) Close() error {
	if s.internal != nil {
		s.internal.cut()
	}
	s.public.close()
	if s.internal != nil {
		s.internal.close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.end(ctx)
}

// end closes what only requests have needed, once these are over.
func (s *Server) end(ctx context.Context) error {
	s.endMu.Lock()
	defer s.endMu.Unlock()
	if s.ended {
		return nil
	}
	s.ended = true
	err := s.table.Load().close(ctx)
	if s.admin != nil {
		s.admin.close()
	}
	s.departures.close()
	s.access.close()
	close(s.done)
	return err
}
