package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// startWithin is start for a program that may have only so many files open.
func startWithin(t *testing.T, files int, config string) *running {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return startCommand(t, exec.Command("sh", "-c", fmt.Sprintf("ulimit -n %d && exec %s serve", files, program)), config)
}

// TestSystemDescriptors has 400 clients come to a program that may have 256
// files open. It tells as many as it can, the operator and the database are
// served meanwhile, and when the clients have left it takes new ones at once.
func TestSystemDescriptors(t *testing.T) {
	const clients = 400
	admin := "127.0.0.1:" + freePort(t)
	config := strings.Replace(configuration(t, "max = 100"), "\n[databases", fmt.Sprintf("\nadmin = %q\n[databases", admin), 1)
	r := startWithin(t, 256, config)
	r.log.await(t, `level=WARN msg="fewer connections than limits.connections.*open_files=(256)`)

	var conns []net.Conn
	hangUp := func() {
		for _, c := range conns {
			c.Close()
		}
		conns = nil
	}
	defer hangUp()
	served, refused, dropped := 0, 0, 0
	for range clients {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		switch status := askStatus(c, "/echo?v=x"); status {
		case 200:
			served++
		case 503:
			refused++
		case 0:
			dropped++
		default:
			t.Errorf("got %d, want 200, 503 or the end", status)
		}
	}
	t.Logf("of %d clients %d were served, %d refused and %d dropped", clients, served, refused, dropped)
	if served < 64 || refused == 0 {
		t.Errorf("got %d served and %d refused of %d", served, refused, clients)
	}

	operator := newClient(t)
	operator.Timeout = time.Second
	for range 3 {
		if got := get(operator, "http://"+admin+"/healthz"); got.status != 200 {
			t.Errorf("got %+v from the admin listener, want 200", got)
		}
		operator.CloseIdleConnections()
	}
	// All who are in ask at the same time: the pool can open what it may.
	results := make(chan int, served)
	for _, c := range conns[:served] {
		go func() { results <- askStatus(c, "/sleep/0.3") }()
	}
	for range served {
		if status := <-results; status != 200 && status != 503 {
			t.Errorf("got %d from a full pool, want 200 or 503", status)
		}
	}
	if strings.Contains(r.log.String(), "too many open files") {
		t.Errorf("the program ran out of files:\n%s", r.log.String())
	}

	hangUp()
	left := time.Now()
	for {
		if got := get(newClient(t), r.base+"/echo?v=back"); got.status == 200 {
			break
		} else if time.Since(left) > time.Second {
			t.Fatalf("got %+v a second after the clients have left", got)
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.stop(t)
}

// askStatus asks over a connection that is kept, and returns the status, or 0
// when there is no answer.
func askStatus(c net.Conn, target string) int {
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target); err != nil {
		return 0
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	buf := make([]byte, 4096)
	for {
		if _, err := response.Body.Read(buf); err != nil {
			return response.StatusCode
		}
	}
}

// TestSystemRunsOutOfFiles takes a running program's descriptors away, which no
// planning can foresee: it waits, and goes on when there are some again.
func TestSystemRunsOutOfFiles(t *testing.T) {
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip("prlimit is not installed: apt-get install util-linux")
	}
	r := start(t, configuration(t, ""))
	if got := get(newClient(t), r.base+"/echo?v=x"); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	limit := func(files int) {
		t.Helper()
		if out, err := exec.Command(prlimit, fmt.Sprintf("--pid=%d", r.Process.Pid), fmt.Sprintf("--nofile=%d:", files)).CombinedOutput(); err != nil {
			t.Fatalf("set the limit: %v\n%s", err, out)
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.Process.Pid))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	limit(len(open) + 5)
	var conns []net.Conn
	for range 20 {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	r.log.await(t, `accept failed.*(too many open files)`)
	if status := askStatus(conns[0], "/echo?v=in"); status != 200 {
		t.Errorf("got %d for one who is in, want 200", status)
	}
	for _, c := range conns {
		c.Close()
	}
	client := newClient(t)
	client.Timeout = time.Second
	if got := get(client, r.base+"/echo?v=back"); got.status != 200 {
		t.Errorf("got %+v within a second after the clients have left", got)
	}
	r.stop(t)
}
