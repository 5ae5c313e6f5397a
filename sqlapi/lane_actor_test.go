package sqlapi

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// fragile is a connection that panics when it meets a certain word.
type fragile struct{ net.Conn }

func (f fragile) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if strings.Contains(string(p[:n]), "panic:burst") {
		panic("set off")
	}
	return n, err
}

func (f fragile) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "explosive") {
		panic("set off")
	}
	return f.Conn.Write(p)
}

// SetDeadline does not mind that the other end is gone, as sockets do not.
func (f fragile) SetDeadline(t time.Time) error {
	_ = f.Conn.SetDeadline(t)
	return nil
}

// actor is the server's half of one connection. It speaks as MySQL 5.7 does.
type actor struct {
	stage      *stage
	nc         net.Conn
	id         uint32
	gone       chan struct{} // closed when the client is not heard any more
	statements map[uint32]string
	killed     bool // under the lock of the stage
}

const (
	actorCapabilities = 1 | 1<<3 | 1<<9 | 1<<13 | 1<<15 | 1<<19 // of MySQL, with a database, protocol 4.1, transactions, and how to authenticate
	actorNative       = "mysql_native_password\x00"
)

// listen takes commands as they come, while others are being worked on.
func (a *actor) listen() {
	defer a.leave()
	a.stage.mu.Lock()
	pause := a.stage.pause
	a.stage.mu.Unlock()
	time.Sleep(pause)
	greeting := binary.LittleEndian.AppendUint32([]byte("\x0a5.7.0\x00"), a.id)
	greeting = append(greeting, "saltsalt\x00"...)
	greeting = binary.LittleEndian.AppendUint16(greeting, actorCapabilities&0xffff)
	greeting = append(greeting, 45, 2, 0, actorCapabilities>>16, 0, 21)
	greeting = append(greeting, make([]byte, 10)...)
	greeting = append(greeting, "saltsaltsalt\x00"+actorNative...)
	in := bufio.NewReaderSize(a.nc, 1<<20)
	if !a.say(packets{greeting}, 0) {
		return
	}
	if _, _, err := readPacket(in); err != nil || !a.say(packets{okPacket}, 2) {
		return
	}
	commands := make(chan []byte, 1000)
	go a.work(commands)
	defer close(a.gone)
	defer close(commands)
	var batch []string
	for {
		command, more, err := readPacket(in)
		if err != nil || command[0] == 1 { // COM_QUIT
			return
		}
		if v, ok := executed(command); ok {
			batch = append(batch, v)
		}
		if !more && batch != nil {
			a.stage.mu.Lock()
			a.stage.batches = append(a.stage.batches, strings.Join(batch, " "))
			a.stage.mu.Unlock()
			batch = nil
		}
		commands <- command
	}
}

func (a *actor) leave() {
	a.nc.Close()
	a.stage.mu.Lock()
	defer a.stage.mu.Unlock()
	delete(a.stage.actors, a.id)
}

// readPacket reads the payload of one packet, and tells whether more came with it.
func readPacket(in *bufio.Reader) (payload []byte, more bool, err error) {
	var head [4]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, false, err
	}
	payload = make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, err = io.ReadFull(in, payload)
	return payload, in.Buffered() > 0, err
}

// work answers one command after the other.
func (a *actor) work(commands <-chan []byte) {
	defer a.nc.Close()
	for command := range commands {
		ok := true
		switch command[0] {
		case 0x03:
			ok = a.query(string(command[1:]))
		case 0x16:
			ok = a.prepare(string(command[1:]))
		case 0x17:
			v, _ := executed(command)
			if a.statements[binary.LittleEndian.Uint32(command[1:])] == "" {
				ok = a.say(packets{errorPacket(1243)}, 1)
			} else {
				ok = a.play(v)
			}
		case 0x19:
			delete(a.statements, binary.LittleEndian.Uint32(command[1:]))
		default:
			ok = a.say(packets{okPacket}, 1)
		}
		if !ok {
			return
		}
	}
}

func (a *actor) query(sql string) bool {
	s := a.stage
	if thread, ok := strings.CutPrefix(sql, "KILL "); ok {
		if !s.kill(thread) {
			return a.say(packets{errorPacket(errorUnknownThread)}, 1)
		}
	}
	switch {
	case strings.Contains(sql, "CURRENT_ROLE"):
		return a.say(packets{errorPacket(1305)}, 1)
	case strings.HasPrefix(sql, "EXPLAIN "):
		s.mu.Lock()
		s.asked++
		access, rows, _ := strings.Cut(s.plan, " ")
		s.mu.Unlock()
		return a.say(packets{{3}, column("type"), column("rows"), column("Extra"), endPacket,
			text(access, rows, ""), endPacket}, 1)
	}
	return a.say(packets{okPacket}, 1)
}

// kill ends another connection, and reports whether there was such a one. It may
// be told so more than once, until the connection is forgotten.
func (s *stage) kill(thread string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := strconv.Atoi(thread)
	victim := s.actors[uint32(id)]
	if victim == nil {
		return false
	}
	if !victim.killed {
		victim.killed = true
		s.killed++
	}
	victim.nc.Close()
	return true
}

func (a *actor) prepare(sql string) bool {
	switch {
	case strings.Contains(sql, "wrong"):
		return a.say(packets{errorPacket(1064)}, 1)
	case strings.Contains(sql, "slowly"):
		time.Sleep(100 * ms)
	}
	id := uint32(len(a.statements)) + 1
	for a.statements[id] != "" {
		id++
	}
	a.statements[id] = sql
	head := binary.LittleEndian.AppendUint32([]byte{0}, id)
	answer := packets{append(head, 1, 0, byte(strings.Count(sql, "?")), 0, 0, 0, 0)}
	for range strings.Count(sql, "?") {
		answer = append(answer, column("?"))
	}
	return a.say(append(answer, endPacket, column("v"), endPacket), 1)
}

// executed returns the parameter of the execution of a statement.
func executed(command []byte) (v string, ok bool) {
	if command[0] != 0x17 {
		return "", false
	}
	const value = 1 + 4 + 1 + 4 + 1 + 1 + 2 // number, flags, count, nulls, types follow, type
	size, skip := int(command[value]), 1
	if size == 0xfc {
		size, skip = int(binary.LittleEndian.Uint16(command[value+1:])), 3
	}
	return string(command[value+skip:][:size]), true
}

// play does what a parameter says, and answers.
func (a *actor) play(v string) bool {
	echo := v
	_, what, _ := strings.Cut(v, ":")
	verb, number, _ := strings.Cut(what, " ")
	n, _ := strconv.Atoi(number)
	if pause, err := time.ParseDuration(strings.TrimPrefix(what, "hang up ")); err == nil {
		select {
		case <-time.After(pause):
		case <-a.gone:
			return false
		}
	}
	switch verb {
	case "error":
		return a.say(packets{errorPacket(uint16(n))}, 1)
	case "hang":
		return false
	case "break":
		if a.stage.first() {
			return false
		}
	case "large":
		echo += strings.Repeat("x", n)
	case "forget":
		if a.stage.first() {
			clear(a.statements)
			return a.say(packets{errorPacket(1243)}, 1)
		}
	case "burst":
		return a.say(packets{{1}}, 1) && a.say(packets{column("v"), endPacket, binaryText(echo), endPacket}, 2)
	}
	return a.say(packets{{1}, column("v"), endPacket, binaryText(echo), endPacket}, 1)
}

// first reports whether it is called for the first time.
func (s *stage) first() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.played = true }()
	return !s.played
}

// packets are payloads that are sent in one write.
type packets [][]byte

var (
	okPacket  = []byte{0, 0, 0, 2, 0, 0, 0}
	endPacket = []byte{0xfe, 0, 0, 2, 0}
)

func errorPacket(number uint16) []byte {
	return append(binary.LittleEndian.AppendUint16([]byte{0xff}, number), fmt.Sprintf("#HY000on stage: %d", number)...)
}

func column(name string) []byte {
	p := append([]byte{0, 0, 0, 0, byte(len(name))}, name...)
	return append(p, 0, 12, 45, 0, 0, 4, 0, 0, 253, 0, 0, 0, 0, 0)
}

func text(fields ...string) (row []byte) {
	for _, f := range fields {
		row = append(append(row, byte(len(f))), f...)
	}
	return row
}

func binaryText(v string) []byte {
	return append(append([]byte{0, 0, 0xfd}, byte(len(v)), byte(len(v)>>8), byte(len(v)>>16)), v...)
}

// say writes packets, numbered from seq.
func (a *actor) say(all packets, seq byte) bool {
	var b []byte
	for _, p := range all {
		b = append(b, byte(len(p)), byte(len(p)>>8), byte(len(p)>>16), seq)
		b = append(b, p...)
		seq++
	}
	_, err := a.nc.Write(b)
	return err == nil
}
