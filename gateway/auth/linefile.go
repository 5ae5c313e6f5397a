package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// maxFile is how large a file of users or keys may be, in bytes.
	maxFile = 16 << 20
	// lookPeriod is how often it is looked at whether a file has changed.
	lookPeriod = time.Second
)

// lineFile is a file with a line for everybody, which is read again when it has
// changed. A new state of it that has a fault is not taken: the old one counts
// until somebody has corrected it.
type lineFile[T any] struct {
	path   string
	parse  func(text string) (T, error)
	now    func() time.Time
	notify func(error)

	mu     sync.Mutex
	looked time.Time
	state  os.FileInfo
	value  T
}

// openLineFile reads a file for the first time.
func openLineFile[T any](path string, s *Sources, parse func(string) (T, error)) (*lineFile[T], error) {
	f := &lineFile[T]{path: path, parse: parse, now: s.Now, notify: s.Notify, looked: s.Now()}
	if err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// get returns what stands in the file.
func (f *lineFile[T]) get() T {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Sub(f.looked) < lookPeriod {
		return f.value
	}
	f.looked = now
	info, err := os.Stat(f.path)
	if err == nil {
		if f.unchanged(info) {
			return f.value
		}
		err = f.read()
	}
	if err != nil {
		f.notify(fmt.Errorf("read %s again: %w; what it said before still counts", f.path, err))
	}
	return f.value
}

// read reads the file. A state that is at fault is remembered, so that it is
// not read, nor told of, every second.
func (f *lineFile[T]) read() error {
	text, info, err := readFile(f.path, maxFile)
	if err != nil {
		return err
	}
	f.state = info
	if !utf8.Valid(text) {
		return fmt.Errorf("%s is not valid UTF-8", f.path)
	}
	value, err := f.parse(string(text))
	if err != nil {
		return err
	}
	f.value = value
	return nil
}

func (f *lineFile[T]) unchanged(info os.FileInfo) bool {
	return os.SameFile(info, f.state) && info.ModTime().Equal(f.state.ModTime()) && info.Size() == f.state.Size()
}

// readBounded reads a file to its end, which is not to be further than most
// bytes away.
func readBounded(file io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("it is larger than %d MiB", most>>20)
	}
	return text, err
}

// parseLines gives every line but empty ones and comments to parse, in its
// fields, and returns the faults of all of them, with their places.
func parseLines(path, text string, parse func(fields []string) error) error {
	var faults []error
	number := 0
	for line := range bytes.Lines([]byte(text)) {
		number++
		entry := strings.TrimSpace(string(line))
		if number == 1 {
			entry = strings.TrimPrefix(entry, "\ufeff")
		}
		if entry == "" || entry[0] == '#' {
			continue
		}
		if err := parse(strings.Split(entry, ":")); err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", path, number, err))
		}
	}
	const told = 10
	if len(faults) > told {
		faults = append(faults[:told], fmt.Errorf("%s: and %d more", path, len(faults)-told))
	}
	return errors.Join(faults...)
}
