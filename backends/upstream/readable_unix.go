//go:build unix

package upstream

import "golang.org/x/sys/unix"

// readable looks, without waiting, whether a read of the socket would return:
// with bytes, with the end, or with an error.
func readable(fd uintptr) bool {
	look := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(look[:], 0)
	return err == nil && n > 0
}
