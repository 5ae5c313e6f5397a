package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

const (
	// clientHead is how many bytes the client's half of the handshake has in
	// front of the user: flags, packet size, character set, reserved. The
	// request for TLS consists of nothing else.
	clientHead = 32
	// maxHandshake is more than any packet of a handshake has.
	maxHandshake = 64 << 10
)

// handshake stands between the driver and the network while the driver
// authenticates. It keeps what the greeting and the client's answer say, which
// the driver does not show; it withdraws the client's offer to send files; it
// turns to TLS between the two; and it keeps from the driver what would make
// that panic, which would leave a goroutine of the driver's behind.
//
// It reads packet by packet and never more, so that nothing that came in the
// clear is taken for something that came through TLS.
type handshake struct {
	net.Conn
	ctx    context.Context
	secure *tls.Config // nil: in the clear

	greeting []byte // the first packet of the server, without its header
	client   []byte // the first packet of the client, as sent
	unread   []byte // of the packet under way, what the driver has not read
	// shift is how much higher sequence numbers are on the wire than at the
	// driver, which knows nothing of the request for TLS.
	shift uint8
	// failure is the first error of the connection: the driver makes all of
	// them one.
	failure error
}

// Read hands the server's packets to the driver.
func (h *handshake) Read(p []byte) (int, error) {
	if len(h.unread) == 0 {
		packet, err := h.receive()
		if err != nil {
			return 0, h.fail(fmt.Errorf("handshake: %w", err))
		}
		h.unread = packet
	}
	n := copy(p, h.unread)
	h.unread = h.unread[n:]
	return n, nil
}

// receive reads the next packet and gives it the number that the driver expects.
func (h *handshake) receive() ([]byte, error) {
	packet := make([]byte, headerSize)
	if _, err := io.ReadFull(h.Conn, packet); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(packet) & 0xffffff)
	if size > maxHandshake {
		return nil, fmt.Errorf("%w: %d bytes", ErrProtocol, size)
	}
	packet[3] -= h.shift
	packet = append(packet, make([]byte, size)...)
	if _, err := io.ReadFull(h.Conn, packet[headerSize:]); err != nil {
		return nil, err
	}
	payload := packet[headerSize:]
	if h.greeting == nil {
		h.greeting = payload
		return packet, checkGreeting(payload)
	}
	if err := checkReply(payload); err != nil {
		return nil, err
	}
	return terminateScramble(packet), nil
}

// Write passes the driver's packets on, which it writes in one piece each. The
// first is the client's half of the handshake.
func (h *handshake) Write(p []byte) (int, error) {
	if h.failure != nil {
		return 0, h.failure
	}
	if len(p) < headerSize {
		return 0, h.fail(fmt.Errorf("%w: the driver writes %d bytes", ErrProtocol, len(p)))
	}
	p = bytes.Clone(p)
	if h.client == nil && len(p) >= headerSize+clientHead {
		if err := h.introduce(p); err != nil {
			return 0, h.fail(err)
		}
	}
	if p[3] == 0 { // a command: numbers begin anew
		h.shift = 0
	}
	p[3] += h.shift
	n, err := h.Conn.Write(p)
	if err != nil {
		// With TLS the server refuses a certificate when the client is
		// already on its way.
		err = h.fail(fmt.Errorf("handshake: %w", err))
	}
	return n, err
}

// introduce changes the client's half of the handshake, and turns to TLS where
// that is wanted.
func (h *handshake) introduce(p []byte) error {
	h.client = p
	flags := binary.LittleEndian.Uint32(p[headerSize:]) &^ capabilityLocalFiles
	binary.LittleEndian.PutUint32(p[headerSize:], flags)
	if h.secure == nil {
		return nil
	}
	s, err := parseGreeting(h.greeting)
	if err != nil {
		return err
	}
	if s.offered&capabilityTLS == 0 {
		return ErrNoTLS
	}
	binary.LittleEndian.PutUint32(p[headerSize:], flags|capabilityTLS)
	request := bytes.Clone(p[:headerSize+clientHead])
	putHeader(request, clientHead, p[3])
	if _, err := h.Conn.Write(request); err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	secured := tls.Client(&plain{Conn: h.Conn}, h.secure)
	if err := secured.HandshakeContext(h.ctx); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	h.Conn, h.shift = secured, 1
	return nil
}

// fail remembers the first failure and returns err.
func (h *handshake) fail(err error) error {
	if h.failure == nil {
		h.failure = err
	}
	return err
}

// server tells what the two sides have agreed upon.
func (h *handshake) server() (Server, error) {
	s, err := parseGreeting(h.greeting)
	if err != nil || len(h.client) < headerSize+clientHead {
		return Server{}, errGreeting
	}
	agreed := s.offered & binary.LittleEndian.Uint32(h.client[headerSize:])
	if agreed&capabilityTransactions == 0 {
		return Server{}, fmt.Errorf("%w: the server sends no status flags", errGreeting)
	}
	server := Server{
		Version: s.version, ThreadID: s.threadID,
		MariaDB:      s.offered&capabilityMySQL == 0,
		deprecateEOF: agreed&capabilityDeprecateEOF != 0,
	}
	if server.MariaDB {
		extended := s.extended & binary.LittleEndian.Uint32(h.client[headerSize+clientHead-4:])
		server.cachesMetadata = extended&extendedCacheMetadata != 0
	}
	return server, nil
}

var errGreeting = fmt.Errorf("%w: greeting", ErrProtocol)

// greeting is what the server's first packet says.
type greeting struct {
	version  string
	threadID uint32
	offered  uint32 // capabilities
	extended uint32 // those of MariaDB
}

func parseGreeting(p []byte) (g greeting, err error) {
	if len(p) == 0 {
		return g, errGreeting
	}
	version, p, ok := bytes.Cut(p[1:], []byte{0})
	// thread id 4, scramble 8, filler 1, capabilities 2, charset 1, status 2,
	// capabilities 2, length 1, reserved 6, extended capabilities 4,
	// scramble 13
	if !ok || len(p) < 44 {
		return g, errGreeting
	}
	return greeting{
		version:  string(version),
		threadID: binary.LittleEndian.Uint32(p),
		offered:  uint32(binary.LittleEndian.Uint16(p[13:])) | uint32(binary.LittleEndian.Uint16(p[18:]))<<16,
		extended: binary.LittleEndian.Uint32(p[27:]),
	}, nil
}

// checkGreeting refuses a first packet that the driver cannot read. The server
// may also greet with its refusal.
func checkGreeting(p []byte) error {
	if len(p) > 0 && p[0] == 0xff {
		return checkReply(p)
	}
	_, err := parseGreeting(p)
	return err
}
