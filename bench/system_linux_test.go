package main

import (
	"os"
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
