//go:build unix && !(linux && (amd64 || arm64) && !race)

package socket

import (
	"errors"
	"syscall"
)

// Here the calls are the standard library's: where those of our own have not
// been tried, and under the race detector, which learns from these who has
// heard of what from whom.

const (
	supported = true
	direct    = false
)

func read(fd uintptr, b []byte) (int, syscall.Errno) { return repeated(syscall.Read, fd, b) }

func write(fd uintptr, b []byte) (int, syscall.Errno) { return repeated(syscall.Write, fd, b) }

// writeBoth writes a and then b.
func writeBoth(fd uintptr, a, b []byte) (int, syscall.Errno) {
	n, errno := write(fd, a)
	if n < len(a) || errno != 0 {
		return n, errno
	}
	m, errno := write(fd, b)
	return n + m, errno
}

// nothing reports whether there is nothing to be read, nor an end or error.
func nothing(fd uintptr) bool {
	_, errno := repeated(func(fd int, b []byte) (int, error) {
		n, _, err := syscall.Recvfrom(fd, b, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return n, err
	}, fd, make([]byte, 1))
	return errno == syscall.EAGAIN
}

// repeated calls again after an interruption. A failed call has moved nothing.
func repeated(call func(int, []byte) (int, error), fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, err := call(int(fd), b)
		if err == nil {
			return n, 0
		}
		if errno, _ := errors.AsType[syscall.Errno](err); errno != syscall.EINTR {
			return 0, errno
		}
	}
}
