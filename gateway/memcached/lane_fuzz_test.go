package memcached

import (
	"bytes"
	"slices"
	"testing"
)

// fuzzBatch is a lane whose batch has been sent: three commands.
func fuzzBatch() *lane {
	ln := &lane{}
	for _, q := range []request{{key: "a"}, {key: "b"}, {key: "a"}, {verb: verbTouch, key: "c"}, {verb: verbGetAndTouch, key: "d"}} {
		ln.batch = append(ln.batch, &rider{request: q, command: []byte(q.key + "\r\n"), turn: make(chan turn, 1)})
	}
	ln.compose()
	ln.begin()
	return ln
}

// However the answers to a batch are cut into pieces, its riders are told the
// same, and nobody is given a value under a key that he has not asked for.
func FuzzLane(f *testing.F) {
	f.Add([]byte("VALUE b 0 1\r\nx\r\nVALUE a 0 1\r\ny\r\nEND\r\nTOUCHED\r\nVALUE d 0 0\r\n\r\nEND\r\n"), uint8(3))
	f.Add([]byte("END\r\nNOT_FOUND\r\nEND\r\n"), uint8(1))
	f.Add([]byte("END\r\nNOT_FOUND\r\nEND\r\nEND\r\n"), uint8(200))
	f.Add([]byte("VALUE a 0 1\r\ny\r\nVALUE a 0 1\r\ny\r\nEND\r\n"), uint8(9))
	f.Add([]byte("VALUE b 0 1\r\nx\r\nSERVER_ERROR\r\n"), uint8(4))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		feed := func(size int) []*rider {
			ln := fuzzBatch()
			riders := slices.Clone(ln.batch)
			for piece := range slices.Chunk(text, size) {
				if ln.done() {
					break // what else there is nobody reads
				}
				ln.text = append(ln.text, piece...)
				if ln.take() != nil {
					break
				}
			}
			return riders
		}
		whole, pieces := feed(len(text)+1), feed(int(size)+1)
		for i, r := range whole {
			p := pieces[i]
			last := i == len(whole)-1 // which may be told before a surplus has come
			if !last && (r.told != p.told || (r.err == nil) != (p.err == nil) || !bytes.Equal(r.answer, p.answer)) {
				t.Errorf("%s: got %q, %v in one piece, %q, %v in several", r.request.key, r.answer, r.err, p.answer, p.err)
			}
			if bytes.HasPrefix(r.answer, valuePrefix) && !bytes.HasPrefix(r.answer, []byte("VALUE "+r.request.key+" ")) {
				t.Errorf("%s: got %q", r.request.key, r.answer)
			}
		}
	})
}
