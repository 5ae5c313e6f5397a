//go:build linux && (amd64 || arm64) && !race

package socket

import (
	"syscall"
	"unsafe"
)

const (
	supported = true
	// direct: the scheduler is not told.
	direct = true
)

// What follows calls the system without the scheduler, which is only right where
// nothing blocks: each call says so itself, whatever the descriptor's mode. One
// that was interrupted is made again, and a failed one has moved nothing.
// Buffers are never empty. Neither read nor write is used: as files, sockets
// would be locked and looked up at some cost.

const (
	reading = syscall.MSG_DONTWAIT
	writing = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
)

func read(fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), reading, 0, 0)
		if errno != syscall.EINTR {
			return moved(n, errno)
		}
	}
}

func write(fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), writing, 0, 0)
		if errno != syscall.EINTR {
			return moved(n, errno)
		}
	}
}

// writeBoth writes a and b in one call.
func writeBoth(fd uintptr, a, b []byte) (int, syscall.Errno) {
	pieces := [2]syscall.Iovec{{Base: &a[0], Len: uint64(len(a))}, {Base: &b[0], Len: uint64(len(b))}}
	message := syscall.Msghdr{Iov: &pieces[0], Iovlen: uint64(len(pieces))}
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&message)), writing)
		if errno != syscall.EINTR {
			return moved(n, errno)
		}
	}
}

// nothing reports whether there is nothing to be read, nor an end or error.
func nothing(fd uintptr) bool {
	var b [1]byte
	for {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
			reading|syscall.MSG_PEEK, 0, 0)
		if errno != syscall.EINTR {
			return errno == syscall.EAGAIN
		}
	}
}

func moved(n uintptr, errno syscall.Errno) (int, syscall.Errno) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
