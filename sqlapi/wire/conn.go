package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	statusInTransaction = 0x0001
	statusMoreResults   = 0x0008

	capabilityLocalFiles   = 1 << 7
	capabilityTLS          = 1 << 11
	capabilityTransactions = 1 << 13
	capabilityDeprecateEOF = 1 << 24
	capabilityMySQL        = 1 << 0 // clear on MariaDB, which has extended ones

	extendedCacheMetadata = 1 << 4
)

// Server is what the greeting and the handshake said about the other end.
type Server struct {
	// Version is the server's version text.
	Version string
	// MariaDB tells the two families apart.
	MariaDB bool
	// Database is the one that the DSN names; a reset does not come back to it.
	Database string
	// ThreadID is the connection's number on the server, for KILL.
	ThreadID uint32
	// deprecateEOF: no EOF packets after column definitions, and the last
	// packet of a result is an OK packet.
	deprecateEOF bool
	// cachesMetadata: the header packet of a result says whether column
	// definitions follow.
	cachesMetadata bool
}

// Conn is one authenticated connection.
//
// The methods that encode a command (Prepare, Execute, Query, Ping, Reset,
// CloseStatement) only append to a buffer; Flush writes it; ReadPrepared and
// ReadResult read the answers in the order of their commands. After any error
// but a ServerError the connection has failed: every further call returns
// ErrClosed or the first error, and Close is all that is left.
type Conn struct {
	nc     net.Conn
	socket net.Conn // nc, or what is below its TLS
	driver io.Closer
	server Server

	out     []byte   // commands encoded and not yet sent
	due     []answer // answers that are due, oldest first
	dueHead int
	in      packetReader
	limit   int64 // bytes of one answer

	inTransaction bool
	failure       error

	row rowState // the result under way
}

// answer is what is known of an answer before it arrives.
type answer struct {
	kind      answerKind
	seq       uint8
	statement *Statement
}

type answerKind uint8

const (
	answerPlain    answerKind = iota // OK or an error
	answerText                       // a result with text rows
	answerBinary                     // a result with binary rows
	answerPrepared                   // a prepared statement
)

func newConn(nc net.Conn, driver io.Closer, server Server, limit int64) *Conn {
	c := &Conn{
		nc: nc, socket: nc, driver: driver, server: server, limit: limit,
		in: packetReader{src: nc, buf: make([]byte, readSize)},
	}
	if secured, ok := nc.(*tls.Conn); ok {
		c.socket = secured.NetConn()
	}
	return c
}

// Server returns what is known about the other end.
func (c *Conn) Server() Server { return c.server }

// RemoteAddr returns the server's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// InTransaction reports what the last answer said: a transaction is open.
func (c *Conn) InTransaction() bool { return c.inTransaction }

// Failed reports whether the connection is of no further use.
func (c *Conn) Failed() bool { return c.failure != nil }

// Idle reports whether every answer has been read to its end.
func (c *Conn) Idle() bool {
	// What may still wait to be sent are statements to close.
	return c.dueHead == len(c.due) && !c.row.open
}

// Whole reports whether the last answer begun has been read to its end; others
// may be due.
func (c *Conn) Whole() bool { return !c.row.open && !c.row.more }

// SetDeadline sets the moment at which reads and writes fail with an error
// that is os.ErrDeadlineExceeded; the zero time is never.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// Flush sends the commands encoded so far.
func (c *Conn) Flush() error {
	if c.failure != nil {
		return c.failure
	}
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.nc.Write(c.out)
	c.out = c.out[:0]
	if cap(c.out) > keepSize {
		c.out = nil
	}
	if err != nil {
		return c.fail(fmt.Errorf("send command: %w", err))
	}
	return nil
}

// Await waits until the next answer begins to arrive. When the deadline passes
// first the error is os.ErrDeadlineExceeded, and the connection goes on as if
// nobody had asked.
func (c *Conn) Await() error {
	if c.failure != nil {
		return c.failure
	}
	err := c.in.await()
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return c.fail(fmt.Errorf("await answer: %w", err))
}

// LimitAnswers sets how many bytes each answer may have that is read from now
// on. An answer with more costs the connection.
func (c *Conn) LimitAnswers(bytes int64) { c.limit = bytes }

// Close ends the connection at once; a statement under way goes on at the
// server until that notices. It may be called while another goroutine reads.
func (c *Conn) Close() error {
	// Without TLS's own farewell, which may have to wait.
	err := c.socket.Close()
	// The driver finds the connection closed; it only ends its own goroutine.
	_ = c.driver.Close()
	return err
}

// Quit ends the connection in good order: it tells the server, waits until the
// server has closed its side or the deadline set before has passed, and closes.
// Once Quit returns without an error the server has let go of the connection,
// although its process list may show it for some microseconds more.
func (c *Conn) Quit() error {
	defer c.Close()
	if c.failure != nil {
		return c.failure
	}
	if _, err := c.nc.Write([]byte{1, 0, 0, 0, commandQuit}); err != nil {
		return fmt.Errorf("send quit: %w", err)
	}
	return c.AwaitClose()
}

// AwaitClose reads and throws away until the server closes the connection, or
// the deadline passes, which is the error then.
func (c *Conn) AwaitClose() error {
	_ = c.fail(ErrClosed)
	var sink [512]byte
	for {
		if _, err := c.socket.Read(sink[:]); err != nil {
			if err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("await close: %w", err)
		}
	}
}

// Alive looks, without waiting, whether an idle connection is still usable:
// the server has neither closed it nor said anything unasked. A connection
// that cannot be looked at counts as alive.
func (c *Conn) Alive() bool {
	if c.failure != nil || c.in.r != c.in.w {
		return false
	}
	look, ok := c.socket.(*plain)
	if !ok {
		return silent(c.nc)
	}
	look.looking = true
	defer func() { look.looking = false }()
	var b [1]byte
	n, err := c.nc.Read(b[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// fail marks the connection as failed by err and returns err.
func (c *Conn) fail(err error) error {
	if c.failure == nil {
		c.failure = err
		c.due, c.dueHead = c.due[:0], 0
		c.out = c.out[:0]
		c.row.open = false
	}
	return err
}

// expect notes that an answer is due for the command just encoded.
func (c *Conn) expect(a answer) {
	if c.dueHead == len(c.due) {
		c.due, c.dueHead = c.due[:0], 0
	}
	c.due = append(c.due, a)
}

// nextAnswer takes the oldest answer that is due.
func (c *Conn) nextAnswer() (answer, error) {
	if c.failure != nil {
		return answer{}, c.failure
	}
	if c.row.open {
		panic("bug: the result before has not been read to its end")
	}
	if c.dueHead == len(c.due) {
		panic("bug: no answer is due")
	}
	a := c.due[c.dueHead]
	c.dueHead++
	c.in.budget = c.limit
	return a, nil
}

// readPacket reads a packet of the answer under way.
func (c *Conn) readPacket(seq *uint8) ([]byte, error) {
	p, next, err := c.in.next(*seq)
	if err != nil {
		return nil, c.fail(fmt.Errorf("read answer: %w", err))
	}
	if len(p) == 0 {
		return nil, c.malformed("empty packet")
	}
	*seq = next
	return p, nil
}

func (c *Conn) malformed(what string) error {
	return c.fail(fmt.Errorf("%w: %s", ErrProtocol, what))
}
