package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	headerSize = 4
	// maxPayload is the most that one packet carries; a packet of exactly
	// this size is continued in the next one.
	maxPayload = 1<<24 - 1
	// readSize is what a connection's receive buffer starts with, and
	// returns to after a larger answer: idle connections stay small.
	readSize = 4 << 10
	keepSize = 64 << 10
)

// packetReader cuts a stream into packets. Payloads point into its buffer and
// stay valid until the next call of next.
type packetReader struct {
	src io.Reader
	buf []byte // buf[r:w] has been received and not yet handed out
	r   int
	w   int
	// budget is how many bytes the answer under way may still have.
	budget int64
}

// next returns the payload of the next packet, which must carry the sequence
// number seq, and the number expected after it. A payload of 16 MB and more
// comes in several packets and is returned in one piece.
func (p *packetReader) next(seq uint8) ([]byte, uint8, error) {
	if p.r == p.w {
		p.r, p.w = 0, 0
	}
	start, size, err := p.header(p.r, seq)
	if err != nil {
		return nil, seq, err
	}
	seq++
	whole := size
	for size == maxPayload {
		// The continuation's header stands between the two parts: close
		// the gap, so that the payload is contiguous.
		end := start + whole
		if _, size, err = p.header(end, seq); err != nil {
			return nil, seq, err
		}
		seq++
		copy(p.buf[p.r+headerSize+whole:], p.buf[p.r+headerSize+whole+headerSize:p.w])
		p.w -= headerSize
		start = p.r + headerSize
		whole += size
	}
	start = p.r + headerSize
	p.r = start + whole
	return p.buf[start:p.r:p.r], seq, nil
}

// header makes sure that a whole packet stands at offset at, checks its
// header, and returns where its payload begins and how long it is.
func (p *packetReader) header(at int, seq uint8) (start, size int, err error) {
	at, err = p.fill(at, headerSize)
	if err != nil {
		return 0, 0, err
	}
	head := binary.LittleEndian.Uint32(p.buf[at:])
	size = int(head & 0xffffff)
	if got := uint8(head >> 24); got != seq {
		return 0, 0, fmt.Errorf("%w: packet %d where %d was due", ErrProtocol, got, seq)
	}
	p.budget -= int64(size)
	if p.budget < 0 {
		return 0, 0, ErrTooLarge
	}
	at, err = p.fill(at, headerSize+size)
	return at + headerSize, size, err
}

// fill receives until n bytes stand at offset at, which moves when the buffer
// is compacted; the new offset is returned.
func (p *packetReader) fill(at, n int) (int, error) {
	for p.w-at < n {
		if p.w == len(p.buf) {
			at -= p.makeRoom()
		}
		m, err := p.src.Read(p.buf[p.w:])
		p.w += m
		if m > 0 {
			continue
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		if err == io.EOF && p.w > p.r {
			err = io.ErrUnexpectedEOF
		}
		return at, err
	}
	return at, nil
}

// await receives something, unless something is there that has not been handed
// out yet. What was handed out before is gone then.
func (p *packetReader) await() error {
	if p.r < p.w {
		return nil
	}
	p.r, p.w = 0, 0
	_, err := p.fill(0, 1)
	return err
}

// makeRoom makes room behind w, by moving what is still wanted to the front
// or, if that is no more than half, by doubling. The buffer so grows with what
// has arrived, not with what a length field promises. It returns by how much
// offsets have moved down.
func (p *packetReader) makeRoom() int {
	moved := p.r
	if p.r > len(p.buf)/2 {
		copy(p.buf, p.buf[p.r:p.w])
	} else {
		larger := make([]byte, max(readSize, 2*len(p.buf)))
		copy(larger, p.buf[p.r:p.w])
		p.buf = larger
	}
	p.w -= p.r
	p.r = 0
	return moved
}

// relax gives a large buffer back once everything in it has been handed out.
// What was handed out stays valid.
func (p *packetReader) relax() {
	if p.r == p.w && len(p.buf) > keepSize {
		p.buf, p.r, p.w = make([]byte, readSize), 0, 0
	}
}

// framePackets frames the payload that stands at dst[start+headerSize:], as
// packets with sequence numbers from 0, and returns the number that the
// answer begins with.
func framePackets(dst []byte, start int) ([]byte, uint8) {
	size := len(dst) - start - headerSize
	if size < maxPayload {
		putHeader(dst[start:], size, 0)
		return dst, 1
	}
	payload := append([]byte(nil), dst[start+headerSize:]...)
	dst = dst[:start]
	var seq uint8
	for {
		part := min(len(payload), maxPayload)
		dst = append(dst, 0, 0, 0, 0)
		putHeader(dst[len(dst)-headerSize:], part, seq)
		dst = append(dst, payload[:part]...)
		payload = payload[part:]
		seq++
		if part < maxPayload {
			return dst, seq
		}
	}
}

func putHeader(dst []byte, size int, seq uint8) {
	binary.LittleEndian.PutUint32(dst, uint32(size)|uint32(seq)<<24)
}

// appendLength appends a length-encoded integer.
func appendLength(dst []byte, n uint64) []byte {
	switch {
	case n < 0xfb:
		return append(dst, byte(n))
	case n < 1<<16:
		return append(dst, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(dst, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(dst, 0xfe), n)
}

// cutLength reads a length-encoded integer and returns what follows it.
func cutLength(p []byte) (n uint64, rest []byte, ok bool) {
	if len(p) == 0 {
		return 0, nil, false
	}
	switch first := p[0]; {
	case first < 0xfb:
		return uint64(first), p[1:], true
	case first == 0xfc && len(p) >= 3:
		return uint64(p[1]) | uint64(p[2])<<8, p[3:], true
	case first == 0xfd && len(p) >= 4:
		return uint64(p[1]) | uint64(p[2])<<8 | uint64(p[3])<<16, p[4:], true
	case first == 0xfe && len(p) >= 9:
		return binary.LittleEndian.Uint64(p[1:]), p[9:], true
	}
	return 0, nil, false
}

// cutString reads a length-encoded string and returns what follows it.
func cutString(p []byte) (s, rest []byte, ok bool) {
	n, rest, ok := cutLength(p)
	if !ok || n > uint64(len(rest)) {
		return nil, nil, false
	}
	return rest[:n:n], rest[n:], true
}
