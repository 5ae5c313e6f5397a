package upstream

import (
	"io"
	"sync"
)

// pageBytes is the size of the buffers that bodies pass through, and so of the
// largest one that is complete before the client is written to.
const pageBytes = 128 << 10

// page is a buffer that is used again. Filled, it is a body stream, which goes
// back when the response has been written.
type page struct {
	bytes        [pageBytes]byte
	read, filled int
	home         *pages
}

// Read returns what is left of the body.
func (p *page) Read(b []byte) (int, error) {
	if p.read == p.filled {
		return 0, io.EOF
	}
	n := copy(b, p.bytes[p.read:p.filled])
	p.read += n
	return n, nil
}

// WriteTo writes what is left of the body at once.
func (p *page) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(p.bytes[p.read:p.filled])
	p.read += n
	return int64(n), err
}

// SupportsBodyWriteTo says that WriteTo is as good as Read.
func (p *page) SupportsBodyWriteTo() bool { return true }

// Close gives the page back.
func (p *page) Close() error {
	p.free()
	return nil
}

func (p *page) free() {
	p.read, p.filled = 0, 0
	p.home.pool.Put(p)
}

// pages are those of a Client.
type pages struct{ pool sync.Pool }

func (h *pages) get() *page {
	if p, ok := h.pool.Get().(*page); ok {
		return p
	}
	return &page{home: h}
}
