//go:build !noembedded && linux

package embedded

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Trim gives back the memory of the program's code and constants, for a process
// that has started and will not use the engine. Initialising the engine's
// packages reads some 15 MB of the program file into memory that nothing needs
// again; what is still needed comes back from the page cache by itself, within a
// millisecond all together.
//
// Only pages that are the same in the file are given back. A mapping that has
// others, because the loader relocated it or a debugger set a breakpoint, is
// left alone. On systems other than Linux Trim does nothing.
func Trim() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("trim the program: %w", err)
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("trim the program: %w", err)
	}
	var faults []error
	for _, m := range unchanged(string(smaps), program) {
		// The address is none that Go's collector knows, so it is handed
		// over as the number that it is.
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, m.begin, m.end-m.begin, syscall.MADV_DONTNEED); errno != 0 {
			faults = append(faults, fmt.Errorf("trim the program at %#x: %w", m.begin, errno))
		}
	}
	return errors.Join(faults...)
}

// mapping is a range of addresses.
type mapping struct{ begin, end uintptr }

// unchanged returns the mappings of the program's file, from the text of
// /proc/self/smaps, that can only be read and have no page of their own.
func unchanged(smaps, program string) []mapping {
	var found []mapping
	var current mapping
	for line := range strings.Lines(smaps) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 6 && strings.Contains(fields[0], "-"):
			current = mapping{}
			if strings.Join(fields[5:], " ") == program && strings.HasPrefix(fields[1], "r-") && strings.HasSuffix(fields[1], "p") {
				current = parseRange(fields[0])
			}
		case len(fields) == 5 && strings.Contains(fields[0], "-"):
			current = mapping{}
		case len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0" && current.end > current.begin:
			found = append(found, current)
		}
	}
	return found
}

// parseRange reads begin-end in hexadecimal; what is no such range is empty.
func parseRange(s string) mapping {
	low, high, _ := strings.Cut(s, "-")
	begin, err1 := strconv.ParseUint(low, 16, 64)
	end, err2 := strconv.ParseUint(high, 16, 64)
	if err1 != nil || err2 != nil {
		return mapping{}
	}
	return mapping{uintptr(begin), uintptr(end)}
}
