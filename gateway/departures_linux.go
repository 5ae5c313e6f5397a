package gateway

import "golang.org/x/sys/unix"

// peerClosed looks, without waiting, whether the other end of a TCP or unix
// socket has closed its half of the connection, or all of it. Unlike a read it
// also sees that behind bytes that nobody has read yet.
func peerClosed(fd uintptr) bool {
	look := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(look[:], 0)
	return err == nil && n > 0
}
