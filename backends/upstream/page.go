package upstream

import (
	"io"
	"sync"
)

// pageBytes is the size of the buffers that bodies pass through, and so of the
// largest one that is complete before the client is written to. What fits into
// smallPageBytes takes no more: a slow client may hold it for long.
const (
	pageBytes      = 128 << 10
	smallPageBytes = 32 << 10
)

// page is a buffer that is used again. Filled, it is a body stream, which goes
// back when the response has been written.
type page struct {
	bytes        []byte
	read, filled int
	home         *sync.Pool
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
	p.home.Put(p)
}

// pages are those of a Client, of both sizes.
type pages struct{ small, large sync.Pool }

// get returns a page for so many bytes, or the largest one.
func (h *pages) get(bytes int) *page {
	home, size := &h.small, smallPageBytes
	if bytes > smallPageBytes {
		home, size = &h.large, pageBytes
	}
	if p, ok := home.Get().(*page); ok {
		return p
	}
	return &page{bytes: make([]byte, size), home: home}
}

// next changes the page for the piece behind one of n bytes: for a large one
// where that would have filled a small one, and a small one otherwise. What
// comes slowly then holds little while it is waited for.
func (h *pages) next(p *page, n int) *page {
	want := smallPageBytes
	if n >= smallPageBytes-chunkRoom-len("\r\n") {
		want = pageBytes
	}
	if len(p.bytes) == want {
		return p
	}
	p.free()
	return h.get(want)
}
