package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	const work = 20 * time.Millisecond
	for {
		after, err := cpuTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if after < before {
			t.Fatalf("got %s after %s, want a clock that does not run backwards", after, before)
		}
		if after-before >= work {
			return
		}
	}
}

// groupOf returns the processes that run in the group that p leads. One that
// has been killed may be there for a moment, and is waited for.
func groupOf(t *testing.T, p *process) []int {
	t.Helper()
	var running []int
	for try := 0; try < 100; try++ {
		members, err := groupMembers(p.pid())
		if err != nil {
			t.Fatal(err)
		}
		running = slices.DeleteFunc(members, func(pid int) bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err != nil || bytes.Contains(stat, []byte(") Z "))
		})
		if len(running) == 0 || !p.hasEnded() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return running
}

// What a process has started ends with it, however it ends itself.
func TestProcessGroupEnds(t *testing.T) {
	f := func(end func(p *process)) {
		t.Helper()
		p := shell(t, "sleep 60 & sleep 60 & wait")
		err := waitReady(t.Context(), []*process{p}, func(context.Context) error {
			if members := groupOf(t, p); len(members) < 3 {
				return errAnswer
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		end(p)
		if left := groupOf(t, p); len(left) > 0 {
			t.Errorf("got processes %d left of the group, want none", left)
		}
	}
	f((*process).Stop)
	f((*process).Kill)
}

// The clock of a group counts what a child of its leader does.
func TestGroupTimeHoldsChildren(t *testing.T) {
	p := shell(t, "sh -c 'while :; do :; done' & exec sleep 60")
	deadline := time.Now().Add(10 * time.Second)
	for {
		leader, err := cpuTime(p.pid())
		if err != nil {
			t.Fatal(err)
		}
		group, err := p.cpuTime()
		if err != nil {
			t.Fatal(err)
		}
		if group > leader+50*time.Millisecond {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s of a group whose leader used %s, want its busy child in it", group, leader)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A process that sleeps uses less than one that works.
func TestCPUTimeIsOfTheOtherProcess(t *testing.T) {
	p := shell(t, "exec sleep 60")
	began := time.Now()
	first, err := cpuTime(p.pid())
	if err != nil {
		t.Fatal(err)
	}
	for time.Since(began) < 50*time.Millisecond { // we work, it does not
	}
	second, err := cpuTime(p.pid())
	if err != nil {
		t.Fatal(err)
	}
	if got := second - first; got > 25*time.Millisecond {
		t.Errorf("got %s for a process that sleeps, want next to nothing", got)
	}
}

func TestCPUTimeOfNobody(t *testing.T) {
	p := shell(t, "exit")
	p.Stop()
	if got, err := cpuTime(p.pid()); err == nil {
		t.Errorf("got %s for a process that has ended, want an error", got)
	}
	if got, err := p.cpuTime(); !errors.Is(err, errEnded) {
		t.Errorf("got %s and error %v for a group that has ended, want errEnded", got, err)
	}
}

func TestMachineTimeHoldsOurs(t *testing.T) {
	ours, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	all, err := machineTime()
	if err != nil || all < ours {
		t.Errorf("got %s and error %v, want at least our own %s", all, err, ours)
	}
}

func TestEndedChildrenTimeGrows(t *testing.T) {
	before, err := endedChildrenTime()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runErrand(t.Context(), time.Minute, "count", "/bin/sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"); err != nil {
		t.Fatal(err)
	}
	after, err := endedChildrenTime()
	if err != nil || after <= before {
		t.Errorf("got %s after %s and error %v, want more", after, before, err)
	}
}
