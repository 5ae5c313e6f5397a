//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

var errLinuxOnly = errors.New("processor times are read on Linux only")

func childAttributes() *syscall.SysProcAttr { return nil }

func awaitExit(int) {}

func killGroup(int) {}

func groupTime(int) (time.Duration, error) { return 0, errLinuxOnly }

func endedChildrenTime() (time.Duration, error) { return 0, errLinuxOnly }

func machineTime() (time.Duration, error) { return 0, errLinuxOnly }
