package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
)

// handshake stands between the driver and the network while the driver
// authenticates. It keeps what the greeting and the client's answer say, which
// the driver does not show, and withdraws the client's offer to send files.
type handshake struct {
	net.Conn
	greeting []byte // the stream from the server, until the first packet is whole
	client   []byte // the client's first packet, as sent
}

var errGreeting = errors.New("malformed greeting")

// Read passes bytes on and keeps the first packet.
func (h *handshake) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	if h.client == nil {
		h.greeting = append(h.greeting, p[:n]...)
	}
	return n, err
}

// Write passes bytes on; the first packet is the client's half of the
// handshake, which the driver writes in one piece.
func (h *handshake) Write(p []byte) (int, error) {
	if h.client == nil && len(p) >= headerSize+32 {
		h.client = bytes.Clone(p)
		flags := binary.LittleEndian.Uint32(h.client[headerSize:])
		binary.LittleEndian.PutUint32(h.client[headerSize:], flags&^capabilityLocalFiles)
		return h.Conn.Write(h.client)
	}
	return h.Conn.Write(p)
}

// server tells what the two sides have agreed upon.
func (h *handshake) server() (Server, error) {
	var s Server
	if len(h.client) < headerSize+32 || len(h.greeting) < headerSize+1 {
		return s, errGreeting
	}
	version, p, ok := bytes.Cut(h.greeting[headerSize+1:], []byte{0})
	// thread id 4, scramble 8, filler 1, capabilities 2, charset 1, status 2,
	// capabilities 2, length 1, reserved 6, extended capabilities 4
	if !ok || len(p) < 31 {
		return s, errGreeting
	}
	s.Version = string(version)
	s.ThreadID = binary.LittleEndian.Uint32(p)
	offered := uint32(binary.LittleEndian.Uint16(p[13:])) | uint32(binary.LittleEndian.Uint16(p[18:]))<<16
	agreed := offered & binary.LittleEndian.Uint32(h.client[headerSize:])
	if agreed&capabilityTransactions == 0 {
		return s, fmt.Errorf("%w: the server sends no status flags", errGreeting)
	}
	s.MariaDB = offered&capabilityMySQL == 0
	s.deprecateEOF = agreed&capabilityDeprecateEOF != 0
	if s.MariaDB {
		extended := binary.LittleEndian.Uint32(p[27:]) & binary.LittleEndian.Uint32(h.client[headerSize+28:])
		s.cachesMetadata = extended&extendedCacheMetadata != 0
	}
	return s, nil
}
