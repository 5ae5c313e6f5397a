package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"

	"zerohop/gateway/passhash"
)

// errInterrupted ends a command that waits for somebody to type.
var errInterrupted = errors.New("interrupted")

// hashPasswordCommand prints the hash of a password, for a table of users or a
// file of them.
type hashPasswordCommand struct{}

func (hashPasswordCommand) Run(p *process) error {
	password, err := p.readPassword()
	if err != nil {
		return err
	}
	if bytes.IndexByte(password, 0) >= 0 {
		return refused{errors.New("zerohop: a NUL in the password, which no client can send")}
	}
	hash, err := passhash.Hash(password)
	if errors.Is(err, passhash.ErrTooLong) {
		err = fmt.Errorf("%w: it may have up to %d bytes", err, passhash.MaxPassword)
	}
	if err != nil {
		return refused{fmt.Errorf("zerohop: %w", err)}
	}
	_, err = fmt.Fprintln(p.stdout, hash)
	return err
}

// readPassword reads a password: from a terminal twice, without showing it, and
// from anything else as its only line.
func (p *process) readPassword() ([]byte, error) {
	if !term.IsTerminal(int(p.stdin.Fd())) {
		return readLine(p.stdin)
	}
	password, err := p.prompt("Password: ")
	if err != nil {
		return nil, err
	}
	again, err := p.prompt("Once more: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(password, again) {
		return nil, refused{errors.New("zerohop: these are two passwords, not one twice")}
	}
	return password, nil
}

// prompt reads a line from the terminal, which shows none of it. A signal ends
// that, and leaves the terminal as it was; so does the end of the process the
// goroutine that still reads then.
func (p *process) prompt(text string) ([]byte, error) {
	terminal := int(p.stdin.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	if _, err := fmt.Fprint(p.stderr, text); err != nil {
		return nil, fmt.Errorf("ask for password: %w", err)
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := readHidden(p.stdin)
		read <- line{text, err}
	}()
	defer fmt.Fprintln(p.stderr)
	select {
	case l := <-read:
		switch {
		case errors.Is(l.err, io.EOF):
			return nil, refused{errors.New("zerohop: no password was typed")}
		case errors.Is(l.err, errInterrupted):
			return nil, l.err
		case l.err != nil:
			return nil, fmt.Errorf("read password: %w", l.err)
		}
		return l.text, nil
	case <-p.signals:
		return nil, errors.Join(errInterrupted, term.Restore(terminal, before))
	}
}

// The keys that a terminal in raw mode leaves to its reader.
const (
	keyInterrupt = 'C' - '@'
	keyEnd       = 'D' - '@'
	keyBackspace = 'H' - '@'
	keyKill      = 'U' - '@'
	keyDelete    = 0x7f
)

// readHidden reads a line from a terminal in raw mode. It fails with
// errInterrupted, or with io.EOF where ^D is all that there is: term.ReadPassword
// reads on and on then.
func readHidden(terminal *os.File) (line []byte, err error) {
	before, err := term.MakeRaw(int(terminal.Fd()))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, term.Restore(int(terminal.Fd()), before)) }()
	var key [1]byte
	for {
		if _, err := io.ReadFull(terminal, key[:]); err != nil {
			return nil, err
		}
		switch key[0] {
		case '\r', '\n':
			return line, nil
		case keyInterrupt:
			return nil, errInterrupted
		case keyEnd:
			if len(line) == 0 {
				return nil, io.EOF
			}
			return line, nil
		case keyKill:
			line = nil
		case keyBackspace, keyDelete:
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		default:
			line = append(line, key[0])
		}
	}
}

// readLine reads the only line of a file, without its end.
func readLine(file *os.File) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, passhash.MaxPassword+3))
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	line, rest, _ := bytes.Cut(text, []byte{'\n'})
	if len(rest) > 0 {
		return nil, refused{errors.New("zerohop: more than one line, and a password has one")}
	}
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}
