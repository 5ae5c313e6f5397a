package gateway

import (
	"os"
	"strconv"
	"strings"
)

// What follows is read from /proc. Where a system has none, or another one
// than Linux, the fact is not known.

// clockTick is the unit of processor times in /proc, in seconds. For programs
// Linux has it at that, whatever its own clock is.
const clockTick = 0.01

// cpuSeconds returns how much processor time the process has used.
func cpuSeconds() (seconds float64, known bool) {
	stat := fileText("/proc/self/stat")
	// The second field is the program's name, which may hold anything but
	// that the last parenthesis ends it. Times in user and in system mode are
	// the fields 14 and 15.
	stat = stat[strings.LastIndexByte(stat, ')')+1:]
	user, known := numberAt(stat, 11)
	system, alsoKnown := numberAt(stat, 12)
	return (user + system) * clockTick, known && alsoKnown
}

// residentBytes returns how much memory the process has in use.
func residentBytes() (bytes float64, known bool) {
	pages, known := numberAt(fileText("/proc/self/statm"), 1)
	return pages * float64(os.Getpagesize()), known
}

// openDescriptors returns how many file descriptors are open, without the one
// that counting takes.
func openDescriptors() (descriptors float64, known bool) {
	folder, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	return float64(len(names) - 1), err == nil
}

// fileText returns what is in a file, or nothing.
func fileText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// numberAt returns the number in one of a text's fields, counted from 0.
func numberAt(text string, index int) (number float64, found bool) {
	fields := strings.Fields(text)
	if index >= len(fields) {
		return 0, false
	}
	number, err := strconv.ParseFloat(fields[index], 64)
	return number, err == nil
}
