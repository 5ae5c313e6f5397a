package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// script is a network connection that says what it was told to, whatever it hears.
type script struct {
	net.Conn
	say  *bytes.Reader
	most int // bytes a read returns at the most
}

func (s *script) Read(p []byte) (int, error) {
	if s.most > 0 && len(p) > s.most {
		p = p[:s.most]
	}
	return s.say.Read(p)
}

func (s *script) Write(p []byte) (int, error)      { return len(p), nil }
func (s *script) Close() error                     { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

type nobody struct{}

func (nobody) Close() error { return nil }

// scripted returns a connection to a server that says these bytes.
func scripted(say []byte, server Server, most int) *Conn {
	return newConn(&script{say: bytes.NewReader(say), most: most}, nobody{}, server, 1<<16)
}

// packet frames a payload for a script.
func packet(seq byte, payload ...byte) []byte {
	return append([]byte{byte(len(payload)), byte(len(payload) >> 8), byte(len(payload) >> 16), seq}, payload...)
}

// readAll reads every answer that is due, and returns the first failure of
// the connection. It checks that reading ends.
func readAll(t *testing.T, c *Conn) error {
	t.Helper()
	for steps := 0; c.dueHead < len(c.due) || c.row.more; steps++ {
		if steps > 1<<17 {
			t.Fatal("reading does not end")
		}
		if c.dueHead < len(c.due) && c.due[c.dueHead].kind == answerPrepared && !c.row.more {
			if _, err := c.ReadPrepared(); c.Failed() {
				return err
			}
			continue
		}
		_, err := rows(c)
		for c.row.open { // a row was too short
			_, err = c.ReadRow()
		}
		if c.Failed() {
			return err
		}
	}
	return nil
}

func TestHostileServer(t *testing.T) {
	column := append([]byte{0, 0, 0, 0, 1, 'n', 0, 0x0c, 33, 0, 0, 0, 0, 0, byte(TypeLong), 0, 0, 0}, 0, 0)
	modern := Server{deprecateEOF: true, cachesMetadata: true}
	f := func(name string, server Server, want error, packets ...[]byte) {
		t.Run(name, func(t *testing.T) {
			for _, most := range []int{0, 1} {
				c := scripted(bytes.Join(packets, nil), server, most)
				c.Query("select 1")
				c.Flush()
				err := readAll(t, c)
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
				if want != nil && !c.Failed() {
					t.Error("the connection must have failed")
				}
				if c.Failed() {
					if _, err := c.ReadRow(); err == nil {
						t.Error("got a row from a connection that has failed")
					}
				}
			}
		})
	}
	f("nothing", modern, io.EOF)
	f("half a header", modern, io.ErrUnexpectedEOF, []byte{1, 0})
	f("half a packet", modern, io.ErrUnexpectedEOF, packet(1, 0, 0, 0)[:5])
	f("wrong sequence", modern, ErrProtocol, packet(2, 0, 0, 0, 2, 0, 0, 0))
	f("empty packet", modern, ErrProtocol, packet(1))
	f("ok", modern, nil, packet(1, 0, 0, 0, 2, 0, 0, 0))
	f("short ok", modern, ErrProtocol, packet(1, 0, 0, 0, 2))
	f("short error", modern, ErrProtocol, packet(1, 0xff, 1))
	f("error", modern, nil, packet(1, 0xff, 1, 4, '#', 'H', 'Y', '0', '0', '0', 'x'))
	f("local file", modern, ErrProtocol, packet(1, 0xfb, '/', 'e', 't', 'c'))
	f("no columns", modern, ErrProtocol, packet(1, 0xfc, 0, 0, 1))
	f("too many columns", modern, ErrProtocol, packet(1, 0xfe, 0, 0, 0, 0, 0, 0, 0, 1, 1))
	f("columns never described", modern, ErrProtocol, packet(1, 1, 0))
	f("broken column", modern, ErrProtocol, packet(1, 1, 1), packet(2, 0, 0, 0, 0, 200, 'n'))
	f("endless result", modern, ErrTooLarge, append([][]byte{packet(1, 1, 1), packet(2, column...)}, endless(3)...)...)
	f("huge packet", modern, ErrTooLarge, []byte{0xff, 0xff, 0xff, 1})
	f("row too short", modern, nil, packet(1, 1, 1), packet(2, column...), packet(3, 5, 'x'), packet(4, 0xfe, 0, 0, 2, 0, 0, 0))
	f("error in mid-result", modern, nil, packet(1, 1, 1), packet(2, column...), packet(3, 1, '1'), packet(4, 0xff, 1, 4, 'x'))
	f("end cut off", modern, io.EOF, packet(1, 1, 1), packet(2, column...), packet(3, 1, '1'))
	f("old server", Server{}, nil, packet(1, 1), packet(2, column...), packet(3, 0xfe, 0, 0, 2, 0), packet(4, 1, '1'), packet(5, 0xfe, 0, 0, 2, 0))
	f("old server without an end of columns", Server{}, ErrProtocol, packet(1, 1), packet(2, column...), packet(3, 1, '1'))
	f("ok without status", modern, ErrProtocol, packet(1, 0, 0, 0, 2))
	f("ok with a number cut off", modern, ErrProtocol, packet(1, 0, 0xfc, 1))
	f("a length that is none", modern, ErrProtocol, packet(1, 0xff))
	f("a remark longer than its packet", modern, nil, packet(1, 0, 0, 0, 2, 0, 0, 0, 200, 'x'))
	f("a header with more behind it", modern, ErrProtocol, packet(1, 1, 1, 1))
	f("an old header with more behind it", Server{}, ErrProtocol, packet(1, 1, 1))
	f("a column of no bytes", modern, ErrProtocol, packet(1, 1, 1), packet(2))
	f("a column with a short fixed part", modern, ErrProtocol, packet(1, 1, 1), packet(2, 0, 0, 0, 0, 1, 'n', 0, 0x0c, 33, 0))
	f("a column with a wrong fixed length", modern, ErrProtocol, packet(1, 1, 1), packet(2, 0, 0, 0, 0, 1, 'n', 0, 3, 33, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0))
	f("a column out of turn", modern, ErrProtocol, packet(1, 1, 1), packet(3, column...))
	f("a row out of turn", modern, ErrProtocol, packet(1, 1, 1), packet(2, column...), packet(2, 1, '1'))
	f("an empty row", modern, ErrProtocol, packet(1, 1, 1), packet(2, column...), packet(3))
	f("a short end", modern, ErrProtocol, packet(1, 1, 1), packet(2, column...), packet(3, 0xfe))
	f("a short error in mid-result", modern, ErrProtocol, packet(1, 1, 1), packet(2, column...), packet(3, 0xff, 1))
	f("a file asked for in the second result", modern, ErrProtocol, packet(1, 0, 0, 0, 8, 0, 0, 0), packet(2, 0xfb, '/', 'e', 't', 'c'))
	f("a continued packet without end", modern, ErrTooLarge, append([]byte{0xff, 0xff, 0xff, 1}, make([]byte, 1<<17)...))
	f("columns without end", modern, ErrTooLarge, append([][]byte{packet(1, 0xfd, 0xff, 0xff, 0, 1)}, manyColumns(2)...)...)
	f("results without end", modern, ErrTooLarge, endlessResults(1)...)
	f("more results without end", modern, io.EOF, packet(1, 0, 0, 0, 8, 0, 0, 0), packet(2, 0, 0, 0, 8, 0, 0, 0))
}

// endless returns more rows than a connection takes.
func endless(seq byte) [][]byte {
	var packets [][]byte
	row := append([]byte{0xfc, 0, 1}, bytes.Repeat([]byte{'1'}, 256)...)
	for range 300 {
		packets = append(packets, packet(seq, row...))
		seq++
	}
	return packets
}

// manyColumns returns more column definitions than a connection takes.
func manyColumns(seq byte) [][]byte {
	var packets [][]byte
	name := bytes.Repeat([]byte{'n'}, 200)
	column := append(append([]byte{0, 0, 0, 0, 200}, name...), 0, 0x0c, 33, 0, 0, 0, 0, 0, byte(TypeLong), 0, 0, 0, 0, 0)
	for range 400 {
		packets = append(packets, packet(seq, column...))
		seq++
	}
	return packets
}

// endlessResults returns more results of one statement than a connection takes.
func endlessResults(seq byte) [][]byte {
	var packets [][]byte
	for range 1 << 14 {
		packets = append(packets, packet(seq, 0, 0, 0, 8, 0, 0, 0))
		seq++
	}
	return packets
}

// TestHostilePreparation is for the answer to Prepare, which has its own form,
// and for binary rows.
func TestHostilePreparation(t *testing.T) {
	column := append([]byte{0, 0, 0, 0, 1, 'n', 0, 0x0c, 33, 0, 0, 0, 0, 0, byte(TypeDatetime), 0, 0, 6}, 0, 0)
	modern := Server{deprecateEOF: true, cachesMetadata: true}
	ok := func(columns, parameters byte) []byte {
		return []byte{0, 1, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0}
	}
	f := func(name string, server Server, want error, packets ...[]byte) {
		t.Run(name, func(t *testing.T) {
			for _, most := range []int{0, 1} {
				c := scripted(bytes.Join(packets, nil), server, most)
				c.Prepare("select")
				c.Flush()
				s, err := c.ReadPrepared()
				if err == nil {
					c.Execute(s, make([]Argument, s.Parameters()))
					c.Flush()
					_, err = rows(c)
				}
				if !errors.Is(err, want) || (err == nil) != (want == nil) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
		})
	}
	end := packet(4, 0xfe, 0, 0, 2, 0, 0, 0)
	f("as it should be", modern, nil, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 1, 0), packet(2, 0, 0, 4, 0xea, 7, 11, 22), packet(3, 0xfe, 0, 0, 2, 0, 0, 0))
	f("a short answer", modern, ErrProtocol, packet(1, 0, 1, 0, 0, 0))
	f("another answer", modern, ErrProtocol, packet(1, 1, 1))
	f("fewer parameters than promised", modern, io.EOF, packet(1, ok(1, 2)...), packet(2, column...))
	f("fewer columns than promised", modern, io.EOF, packet(1, ok(2, 0)...), packet(2, column...))
	f("a broken column", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, 200, 'x'))
	f("columns left out, of another number", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 2, 0))
	f("a text row", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 1, 0), packet(2, 1, 'x'), end)
	f("a row without its nulls", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 1, 0), packet(2, 0), end)
	f("a row without its value", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 1, 0), packet(2, 0, 0), end)
	f("a date of five bytes", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 1, 0), packet(2, 0, 0, 5, 1, 2, 3, 4, 5), end)
	f("a date longer than its row", modern, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(1, 1, 0), packet(2, 0, 0, 11, 1), end)
	f("an old server without an end of columns", Server{}, ErrProtocol, packet(1, ok(1, 0)...), packet(2, column...), packet(3, column...))
}

func TestLongPackets(t *testing.T) {
	f := func(size int) {
		t.Helper()
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		framed, seq := framePackets(append(make([]byte, headerSize), body...), 0)
		if want := uint8(size/maxPayload + 1); seq != want {
			t.Errorf("%d bytes: got sequence %d, want %d", size, seq, want)
		}
		p := packetReader{src: bytes.NewReader(append(framed, packet(0, 'x')...)), budget: 1 << 40}
		got, next, err := p.next(0)
		if err != nil || next != seq || !bytes.Equal(got, body) {
			t.Fatalf("%d bytes: got %d bytes, sequence %d, %v", size, len(got), next, err)
		}
		if got, _, err := p.next(0); err != nil || string(got) != "x" {
			t.Errorf("%d bytes: then got %q, %v", size, got, err)
		}
		p.relax()
		if len(p.buf) > keepSize {
			t.Errorf("%d bytes: a buffer of %d bytes was kept", size, len(p.buf))
		}
	}
	f(1)
	f(readSize)
	f(maxPayload - 1)
	f(maxPayload)
	f(maxPayload + 1)
	f(2*maxPayload + 17)
}

func FuzzReadResult(f *testing.F) {
	column := []byte{0, 0, 0, 0, 1, 'n', 0, 0x0c, 33, 0, 0, 0, 0, 0, byte(TypeDatetime), 0, 0, 6, 0, 0}
	f.Add(bytes.Join([][]byte{packet(1, 0, 0, 0, 2, 0, 0, 0), packet(1, 1, 1), packet(2, column...), packet(3, 1, '1'), packet(4, 0xfe, 0, 0, 2, 0, 0, 0),
		packet(1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0), packet(2, column...)}, nil), true, true)
	f.Add(bytes.Join([][]byte{packet(1, 1), packet(2, column...), packet(3, 0xfe, 0, 0, 2, 0), packet(4, 0, 0, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)}, nil), false, false)
	f.Fuzz(func(t *testing.T, say []byte, deprecateEOF, cachesMetadata bool) {
		c := scripted(say, Server{deprecateEOF: deprecateEOF, cachesMetadata: cachesMetadata}, 0)
		statement := &Statement{}
		for typ := range Type(0x11) {
			statement.columns = append(statement.columns, Column{Type: typ, Decimals: 3, Length: 4, Flags: flagZerofill})
		}
		c.Ping()
		c.Query("select")
		c.Prepare("select")
		c.Execute(statement, nil)
		c.Flush()
		if err := readAll(t, c); err != nil && !c.Failed() {
			t.Errorf("got %v from a connection that goes on", err)
		}
		if len(c.in.buf) > 1<<19 {
			t.Errorf("got a buffer of %d bytes for %d bytes received", len(c.in.buf), len(say))
		}
	})
}
