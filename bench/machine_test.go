package main

import (
	"os/exec"
	"testing"
)

func TestCPUModel(t *testing.T) {
	f := func(cpuinfo, want string) {
		t.Helper()
		if got := cpuModel(cpuinfo); got != want {
			t.Errorf("%q: got %q, want %q", cpuinfo, got, want)
		}
	}
	f("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: other\n", "AMD EPYC")
	f("Processor\t: AArch64\n", "unknown CPU")
	f("", "unknown CPU")
}

func TestWrkVersion(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		if got := wrkVersion(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
	f("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer", "debian/4.1.0-3+b2")
	f("wrk", "unknown")
	f("sh: wrk: not found", "unknown")
}

func TestHAProxyVersion(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		if got := haproxyVersion(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
	f("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12-1+deb12u4")
	f("", "unknown")
}

func TestMachineNamesWhatRan(t *testing.T) {
	f := func(m machine, want string) {
		t.Helper()
		if got := m.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	m := machine{CPU: "Some CPU", Cores: 1, Kernel: "6.1.0", Go: "go1.26.0", MariaDB: "10.11.1", Wrk: "4.1.0"}
	f(m, "Some CPU, 1 core, Linux 6.1.0, go1.26.0, MariaDB 10.11.1, wrk 4.1.0")
	proxies := m
	proxies.MariaDB, proxies.HAProxy = "", "2.6.12-1"
	f(proxies, "Some CPU, 1 core, Linux 6.1.0, go1.26.0, wrk 4.1.0, HAProxy 2.6.12-1")
	m.Nginx, m.Python = "1.22.1", "3.11.2 with Tornado 6.2 and PyMySQL 1.0.2"
	f(m, "Some CPU, 1 core, Linux 6.1.0, go1.26.0, MariaDB 10.11.1, wrk 4.1.0, nginx 1.22.1, Python 3.11.2 with Tornado 6.2 and PyMySQL 1.0.2")
}

func TestFirstLine(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("sh is not installed")
	}
	if got, want := firstLine(sh, "-c", "echo ' one '; echo two; exit 1"), "one"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := firstLine("/nowhere/nothing"); got != "" {
		t.Errorf("got %q from a program that is not there, want nothing", got)
	}
}
