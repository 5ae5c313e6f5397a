package memcached

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// errNonsense: a lane's connection has brought what is no answer to a read.
var errNonsense = errors.New("the server's answer is none to the question")

const (
	// maxBatch is how many riders share a write. What they ask, 300 bytes each
	// at most, fits into the sockets' buffers even while the server writes and
	// reads nothing.
	maxBatch = 64
	// maxLine is how long one command is with all its keys. Longer ones are
	// taken by memcached for nonsense, if they come in pieces.
	maxLine = 1 << 10
	// minRoom is how many bytes of answers are read at once at least.
	minRoom = 4 << 10
)

// lane is a connection that riders share. It belongs to its leader, who is one
// of them, or lies idle.
type lane struct {
	// conn is nil where it is yet to be dialled. It has the number of those
	// that were dialled since the last one was found closed.
	conn       net.Conn
	generation uint64
	proven     bool // conn has brought an answer

	leader *rider
	// batch are the riders under way, in the order of their commands; those
	// from at on have not been told how their ride ends.
	batch []*rider
	at    int

	commands []byte
	// ends are where in the batch the riders of each command end who have not
	// been told; memcached answers every command with a write of its own, so
	// that those who ask alike share one.
	ends []int

	// text is what has come for the first of these commands, and behind it.
	// Up to seen the watch has taken it, and the value or the line that it is
	// at begins at piece. values has what was found for the command's riders.
	text        []byte
	seen, piece int
	watch       watch
	values      []span
}

// span is a piece of a text; the empty one is none.
type span struct{ from, to int }

// done reports whether every rider of the batch has been told.
func (ln *lane) done() bool { return ln.at == len(ln.batch) }

// next takes the first rider without an answer out of the batch.
func (ln *lane) next() *rider {
	r := ln.batch[ln.at]
	ln.batch[ln.at] = nil
	ln.at++
	return r
}

// claim is a rider's claim; the leader's own ride is its own to end, once.
func (ln *lane) claim(r *rider) bool {
	if r == ln.leader {
		return !r.told
	}
	return r.claim()
}

// fail tells a rider that there is no answer for it, unless it has left.
func (ln *lane) fail(r *rider, err error, again bool) {
	if ln.claim(r) {
		r.again = again
		r.tell(err)
	}
}

// depart sends the commands of the batch in one write.
func (ln *lane) depart() error {
	ln.text = ln.text[:0]
	ln.compose()
	ln.begin()
	if err := ln.conn.SetDeadline(ln.leader.deadline); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	_, err := ln.conn.Write(ln.commands)
	return err
}

// compose puts the commands of the batch together, each as gomemcache has
// written it: but with the keys of those behind it who ask alike, each once.
func (ln *lane) compose() {
	ln.commands, ln.ends = ln.commands[:0], ln.ends[:0]
	first, line := 0, 0 // of the command: its rider, and where it begins
	for i, r := range ln.batch {
		key := r.request.key
		switch {
		case i > 0 && r.asksLike(ln.batch[first]) && len(ln.commands)-line+1+len(key) <= maxLine:
			if !slices.ContainsFunc(ln.batch[first:i], func(other *rider) bool { return other.request.key == key }) {
				ln.commands = append(ln.commands[:len(ln.commands)-len(lineEnd)], ' ')
				ln.commands = append(append(ln.commands, key...), lineEnd...)
			}
			continue
		case i > 0:
			ln.ends = append(ln.ends, i)
		}
		first, line = i, len(ln.commands)
		ln.commands = append(ln.commands, r.command...)
	}
	ln.ends = append(ln.ends, len(ln.batch))
}

// begin makes the lane ready for the answer to the first of its commands.
func (ln *lane) begin() {
	ln.seen, ln.piece = 0, 0
	ln.watch.reset()
	ln.values = append(ln.values[:0], make([]span, ln.ends[0]-ln.at)...)
}

// arrive reads the answers of the batch and tells the riders, until all have
// been told. When the leader's own time is up before, it hands the lead over.
// An error is the end of the connection.
func (ln *lane) arrive() (handed bool, err error) {
	for !ln.done() {
		ln.text = slices.Grow(ln.text, minRoom)
		old := len(ln.text)
		n, err := ln.conn.Read(ln.text[old:cap(ln.text)])
		ln.text = ln.text[:old+n]
		if fault := ln.take(); fault != nil {
			return false, fault
		}
		switch {
		case err == nil:
		case ln.leader.over(time.Now()) && ln.handOver():
			return true, nil
		default:
			return false, err
		}
	}
	return false, nil
}

// take takes in what has come.
func (ln *lane) take() error {
	for ln.seen < len(ln.text) {
		n, whole, fault := ln.watch.take(ln.text[ln.seen:])
		ln.seen += n
		if fault == nil && !whole {
			break
		}
		if fault == nil {
			fault = ln.takePiece()
		}
		if fault != nil {
			return ln.refuse(fault)
		}
	}
	return nil
}

// takePiece takes in a value, or the last line of an answer.
func (ln *lane) takePiece() error {
	piece := span{ln.piece, ln.seen}
	ln.piece = ln.seen
	if !ln.watch.done {
		err := ln.found(piece)
		ln.watch.reset()
		return err
	}
	switch {
	case !ln.batch[ln.at].expects(ln.watch.line):
		return errNonsense
	case len(ln.ends) == 1 && ln.seen < len(ln.text):
		return errSurplus
	}
	ln.proven = true
	for i := range ln.values {
		ln.deliver(ln.next(), ln.values[i], piece)
	}
	ln.ends = slices.Delete(ln.ends, 0, 1)
	if len(ln.ends) > 0 {
		ln.text = append(ln.text[:0], ln.text[ln.seen:]...)
		ln.begin()
	}
	return nil
}

// found takes note of a value for whoever has asked for its key.
func (ln *lane) found(value span) error {
	asked := false
	for i, r := range ln.batch[ln.at:ln.ends[0]] {
		if r.request.key != string(ln.watch.key) {
			continue
		}
		if ln.values[i] != (span{}) {
			return errSurplus
		}
		ln.values[i], asked = value, true
	}
	if !asked {
		return errOtherKey
	}
	return nil
}

// refuse tells a rider that its answer makes no sense: of the line that is
// none at all gomemcache tells it more.
func (ln *lane) refuse(fault error) error {
	r := ln.next()
	if errors.Is(fault, errNonsense) {
		ln.deliver(r, span{}, span{ln.seen - len(ln.watch.line), ln.seen})
	} else {
		ln.fail(r, fault, false)
	}
	return fault
}

// deliver gives a rider its answer, a value and a line, unless it has left.
func (ln *lane) deliver(r *rider, value, line span) {
	if ln.claim(r) {
		r.answer = append(r.answer[:0], ln.text[value.from:value.to]...)
		r.answer = append(r.answer, ln.text[line.from:line.to]...)
		r.tell(nil)
	}
}

// handOver ends the ride of a leader whose time is up, and gives the lead to
// somebody of the batch. It reports false when nobody waits any more.
func (ln *lane) handOver() bool {
	old := ln.leader
	if !old.told {
		old.state.Store(gone)
		old.tell(errLate)
	}
	for _, r := range ln.batch[ln.at:] {
		if r != old && r.claim() {
			ln.leader = r
			r.turn <- turn{lane: ln, underway: true}
			return true
		}
	}
	return false
}

// drop ends the connection, if there is one.
func (ln *lane) drop() {
	if ln.conn != nil {
		_ = ln.conn.Close()
		ln.conn, ln.proven = nil, false
	}
}
