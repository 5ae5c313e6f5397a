package main

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTick is the unit of /proc/stat, which does not depend on the kernel's
// own tick.
const userTick = time.Second / 100

// childAttributes gives a child a process group of its own, and ends it when
// the bench is killed and cannot do so itself.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// cpuTime returns the processor time that all threads of a process have used,
// those that have ended included. It reads the process's CPU clock, which
// counts nanoseconds where /proc/PID/stat counts hundredths of a second.
func cpuTime(pid int) (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED: user and system time together
	var at unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &at); err != nil {
		return 0, fmt.Errorf("read cpu clock of process %d: %w", pid, err)
	}
	return time.Duration(at.Nano()), nil
}

// endedChildrenTime returns the processor time of all children that have
// ended and were waited for.
func endedChildrenTime() (time.Duration, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &usage); err != nil {
		return 0, fmt.Errorf("read children's usage: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// machineTime returns the processor time that all processes of the machine
// have used, interrupts not counted.
func machineTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read machine's usage: %w", err)
	}
	var user, nice, system int64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d", &user, &nice, &system); err != nil {
		return 0, fmt.Errorf("read machine's usage: /proc/stat: %w", err)
	}
	return time.Duration(user+nice+system) * userTick, nil
}
