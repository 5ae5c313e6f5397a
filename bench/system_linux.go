package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTick is the unit of /proc/stat, which does not depend on the kernel's
// own tick.
const userTick = time.Second / 100

// childAttributes gives a child a process group of its own, and ends it when
// the bench is killed and cannot do so itself. SIGKILL would be surer, but a
// child can pass SIGTERM on to its own children, and nginx does.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// awaitExit returns when a child has ended. Until somebody waits for it, its
// number is not given away.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// killGroup ends the processes of a group at once.
func killGroup(group int) { _ = unix.Kill(-group, unix.SIGKILL) } // they may have ended already

// groupTime returns the processor time that the processes of a group have
// used, those that have ended not counted. A group without processes is an
// error.
func groupTime(group int) (time.Duration, error) {
	members, err := groupMembers(group)
	if err != nil {
		return 0, err
	}
	if len(members) == 0 {
		return 0, fmt.Errorf("process group %d: %w", group, errEnded)
	}
	var sum time.Duration
	for _, pid := range members {
		used, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// groupMembers returns the processes of a group.
func groupMembers(group int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var members []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // /proc has other entries too
		}
		if of, err := unix.Getpgid(pid); err == nil && of == group {
			members = append(members, pid)
		}
	}
	return members, nil
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
