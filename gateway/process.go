package gateway

import (
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// processMetrics adds what the system knows about the process, under the names
// that every Prometheus client uses. What the system does not tell is left out.
func processMetrics(e *exposition, started time.Time) {
	e.single("process_start_time_seconds", gauge, "When the server was started, in seconds since 1970.", float64(started.UnixMilli())/1e3)
	family := func(name string, kind dto.MetricType, help string, read func() (value float64, known bool)) {
		if value, known := read(); known {
			e.single(name, kind, help, value)
		}
	}
	family("process_cpu_seconds_total", counter, "Processor time that the process has used.", cpuSeconds)
	family("process_resident_memory_bytes", gauge, "Memory that the process has in use.", residentBytes)
	family("process_open_fds", gauge, "Open file descriptors.", openDescriptors)
	e.single("process_max_fds", gauge, "How many file descriptors may be open.", float64(descriptorLimit()))
}

// runtimeMetrics adds a little about Go's runtime.
func runtimeMetrics(e *exposition) {
	samples := []metrics.Sample{
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	value := func(i int) float64 { return float64(samples[i].Value.Uint64()) }
	e.single("go_goroutines", gauge, "Goroutines.", value(0))
	e.single("go_memstats_heap_alloc_bytes", gauge, "Memory of objects on the heap, garbage not yet collected included.", value(1))
	e.single("go_memstats_sys_bytes", gauge, "Memory that the runtime has from the system.", value(2))
	e.single("go_gc_cycles_total", counter, "Garbage collections.", value(3))
}

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
