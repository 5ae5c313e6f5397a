package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// unixPrefix marks an address that is a socket file's path.
const unixPrefix = "unix:"

const (
	// maxSocketPath is how many bytes the system has for a socket's path.
	maxSocketPath = 107
	// probeTime bounds the question whether a socket file is alive.
	probeTime = time.Second
)

// socketFiles is how the files of listening sockets are made.
type socketFiles struct {
	// mode is the permission bits in octal.
	mode string
	// group is the group's name or number; empty leaves the process's own.
	group string
}

// listen makes a socket file and listens there. A file that a process before
// has left behind is replaced; syscall.EADDRINUSE is among the causes of the
// error when somebody answers there. What is no socket is never removed.
func (f socketFiles) listen(path string) (net.Listener, error) {
	mode, err := permissionBits(f.mode)
	if err != nil {
		return nil, err
	}
	gid, err := f.gid()
	if err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	ln, err := bindPrivately(path)
	if err != nil {
		return nil, err
	}
	if gid >= 0 {
		err = os.Lchown(path, -1, gid)
	}
	if err == nil {
		err = os.Chmod(path, mode)
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// bindPrivately makes a socket file to which nobody but ourselves can connect
// yet, whatever the umask says. That is so because Linux makes the file with
// the mode that the socket has; a system that gives sockets no mode leaves the
// file open as far as the umask goes, for a moment.
func bindPrivately(path string) (*socketListener, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	ln, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	unix := ln.(*net.UnixListener)
	unix.SetUnlinkOnClose(false)
	file, err := os.Lstat(path)
	if err != nil {
		return nil, errors.Join(err, unix.Close())
	}
	return &socketListener{UnixListener: unix, path: path, file: file}, nil
}

// permissionBits reads the mode of a socket file: octal, with somebody who may
// write, which is what it takes to connect.
func permissionBits(octal string) (fs.FileMode, error) {
	bits, err := strconv.ParseUint(strings.TrimPrefix(octal, "0o"), 8, 32)
	switch {
	case err != nil || bits > 0o777:
		return 0, fmt.Errorf("%q is no file mode", octal)
	case bits&0o222 == 0:
		return 0, fmt.Errorf("with the mode %q nobody could connect", octal)
	}
	return fs.FileMode(bits), nil
}

// gid returns the number of the group, or -1 when the file keeps its own.
func (f socketFiles) gid() (int, error) {
	if f.group == "" {
		return -1, nil
	}
	if gid, err := strconv.ParseUint(f.group, 10, 31); err == nil {
		return int(gid), nil
	}
	group, err := user.LookupGroup(f.group)
	if err != nil {
		return 0, fmt.Errorf("find socket_group: %w", err)
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil {
		return 0, fmt.Errorf("find socket_group: %w", err)
	}
	return gid, nil
}

// removeStale removes a socket file that nobody listens on any more. It fails
// when the path is taken.
func removeStale(path string) error {
	found, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case found.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something at this path that is not a socket; it is left alone")
	}
	c, err := net.DialTimeout("unix", path, probeTime)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("somebody answers there: %w", syscall.EADDRINUSE)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("somebody listens there: %w", syscall.EADDRINUSE)
	case !errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("find out whether somebody listens there: %w", err)
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(found, now) {
		return fmt.Errorf("another process is about to listen there: %w", syscall.EADDRINUSE)
	}
	return os.Remove(path)
}

// socketListener removes its file when it is closed, if it is still its own.
type socketListener struct {
	*net.UnixListener
	path   string
	file   fs.FileInfo
	remove sync.Once
}

func (l *socketListener) Close() error {
	l.remove.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(l.file, now) {
			// Whoever listens here next finds it stale.
			_ = os.Remove(l.path)
		}
	})
	return l.UnixListener.Close()
}

// socketPath returns the path of a unix: address.
func socketPath(address string) (path string, ok bool) {
	return strings.CutPrefix(address, unixPrefix)
}
