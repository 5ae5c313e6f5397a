//go:build !unix

package socket

import "syscall"

const (
	supported = false
	direct    = false
)

const unsupported = "bug: a socket where there is none"

func read(uintptr, []byte) (int, syscall.Errno)              { panic(unsupported) }
func write(uintptr, []byte) (int, syscall.Errno)             { panic(unsupported) }
func writeBoth(uintptr, []byte, []byte) (int, syscall.Errno) { panic(unsupported) }
func nothing(uintptr) bool                                   { panic(unsupported) }
