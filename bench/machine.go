package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine is where the figures were taken, and with which versions.
type machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	Kernel  string `json:"kernel"`
	Go      string `json:"go"`
	MariaDB string `json:"mariadb,omitempty"`
	Wrk     string `json:"wrk"`
	Nginx   string `json:"nginx,omitempty"`
	HAProxy string `json:"haproxy,omitempty"`
	Python  string `json:"python,omitempty"` // with what the old chain uses of it
}

// pythonVersions is a program that says what the old chain is made of.
const pythonVersions = `import platform, pymysql, tornado
print(platform.python_version(), "with Tornado", tornado.version, "and PyMySQL", pymysql.__version__)`

// describeMachine reads what the kernel knows; binary is one of the programs
// compared, which knows the Go that built it.
func describeMachine(t tools, mariadb, binary string) machine {
	m := machine{
		CPU:     "unknown CPU",
		Cores:   runtime.NumCPU(),
		Kernel:  "unknown",
		Go:      runtime.Version(),
		MariaDB: mariadb,
		Wrk:     wrkVersion(firstLine(t.wrk, "-v")),
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.CPU = cpuModel(string(text))
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	if t.nginx != "" {
		_, m.Nginx, _ = strings.Cut(firstLine(t.nginx, "-v"), "/")
	}
	if t.haproxy != "" {
		m.HAProxy = haproxyVersion(firstLine(t.haproxy, "-v"))
	}
	if t.python != "" {
		m.Python = firstLine(t.python, "-c", pythonVersions)
	}
	if info, err := buildinfo.ReadFile(binary); err == nil {
		m.Go = info.GoVersion
	}
	return m
}

func (m machine) String() string {
	cores := "cores"
	if m.Cores == 1 {
		cores = "core"
	}
	text := fmt.Sprintf("%s, %d %s, Linux %s, %s", m.CPU, m.Cores, cores, m.Kernel, m.Go)
	if m.MariaDB != "" {
		text += ", MariaDB " + m.MariaDB
	}
	text += ", wrk " + m.Wrk
	if m.Nginx != "" {
		text += ", nginx " + m.Nginx
	}
	if m.HAProxy != "" {
		text += ", HAProxy " + m.HAProxy
	}
	if m.Python != "" {
		text += ", Python " + m.Python
	}
	return text
}

// cpuModel returns the first processor's model name out of /proc/cpuinfo.
func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

// wrkVersion returns the second word of "wrk debian/4.1.0-3+b2 [epoll] …".
func wrkVersion(line string) string {
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "wrk" {
		return "unknown"
	}
	return words[1]
}

// haproxyVersion returns the third word of "HAProxy version 2.6.12-1 2023/12/16 …".
func haproxyVersion(line string) string {
	words := strings.Fields(line)
	if len(words) < 3 || words[0] != "HAProxy" {
		return "unknown"
	}
	return words[2]
}
