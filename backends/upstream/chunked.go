package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

var (
	errChunk    = errors.New("malformed chunk")
	errOverhead = errors.New("chunks with more frames than data")
)

// chunks reads a body in chunks, with its trailer. Unlike the standard
// library's reader it tells what can be had without waiting, so that nothing
// of a stream of events is held back for what follows. It takes the same bodies.
type chunks struct {
	r     *bufio.Reader
	limit int   // of the trailer, in bytes
	left  int64 // of the chunk
	// begun: the end of a chunk's data is to come.
	begun bool
	// overhead is how much more there was of frames than is usual.
	overhead int64
}

// The bounds of a chunk's first line, in bytes, and of the frames that may come
// beyond 16 bytes a chunk and twice the data. They are the standard library's.
const (
	maxChunkLine = 4096
	maxOverhead  = 16 << 10
)

// ready reports whether Read would return something without waiting. The line
// with a chunk's size is not enough: Read waits for what follows it.
func (c *chunks) ready() bool {
	n := c.r.Buffered()
	if c.left > 0 {
		return n > 0
	}
	b, _ := c.r.Peek(n)
	if c.begun {
		b = b[min(len("\r\n"), n):]
	}
	size := bytes.IndexByte(b, '\n') + 1
	return size > 0 && size < len(b)
}

// Read returns data of one chunk. The trailer is read and dropped before
// io.EOF.
func (c *chunks) Read(b []byte) (int, error) {
	if c.left == 0 {
		if err := c.begin(); err != nil {
			return 0, unexpected(err)
		}
		if c.left == 0 {
			if err := c.readTrailer(); err != nil {
				return 0, unexpected(err)
			}
			return 0, io.EOF
		}
	}
	n, err := c.r.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, unexpected(err)
}

// begin reads what is between the data of two chunks.
func (c *chunks) begin() error {
	line, err := c.line()
	if err == nil && c.begun {
		if len(line) != len("\r\n") {
			return errChunk
		}
		line, err = c.line()
	}
	if err != nil {
		return err
	}
	c.begun = true
	size, _, _ := bytes.Cut(bytes.TrimRight(line, " \t\r\n"), []byte(";"))
	if c.left, err = parseChunkSize(size); err != nil {
		return err
	}
	c.overhead = max(0, c.overhead+int64(len(line))-16-2*c.left)
	if c.overhead > maxOverhead && c.left > 0 {
		return errOverhead
	}
	return nil
}

// line reads a line that ends with CR LF and has no other CR.
func (c *chunks) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	if len(line) >= maxChunkLine+len("\r\n") || bytes.IndexByte(line, '\r') != len(line)-2 {
		return nil, errChunk
	}
	return line, nil
}

// parseChunkSize reads hexadecimal digits, no more than the standard library
// takes, leading zeros included, that are a length.
func parseChunkSize(digits []byte) (size int64, err error) {
	if len(digits) == 0 || len(digits) > 16 {
		return 0, errChunk
	}
	for _, c := range digits {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, errChunk
		}
		size = size<<4 | int64(c)
	}
	if size < 0 {
		return 0, errChunk
	}
	return size, nil
}

// readTrailer reads and drops the lines behind the last chunk: within bounds,
// and as strictly as those of a head, because a new head follows.
func (c *chunks) readTrailer() error {
	for size := 0; size < c.limit; {
		line, err := c.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		if err != nil {
			return err
		}
		size += len(line)
		if line, _, err = cutLine(line); err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		if _, err := parseField(line); err != nil {
			return err
		}
	}
	return fmt.Errorf("trailer: %w", errHeadSize)
}

// unexpected is an end where more was announced.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
