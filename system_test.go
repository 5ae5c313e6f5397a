package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zerohop/sqlapi/mariadbtest"
)

// What stands in this file is tried on the program as it is installed, with a
// real MariaDB behind it.

// startMariaDB starts the server that these tests share, once.
var startMariaDB = sync.OnceValues(func() (*mariadbtest.Server, error) { return mariadbtest.Start() })

// built builds the program, once.
var built = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "zerohop-built-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "zerohop")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return program, nil
})

// tidyUp ends what the tests of this file have started.
func tidyUp() {
	if server, err := startMariaDB(); err == nil {
		server.Stop()
	}
	if program, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(program))
	}
}

func mariaDB(t *testing.T) *mariadbtest.Server {
	t.Helper()
	server, err := startMariaDB()
	return mariadbtest.Require(t, server, err)
}

// running is a zerohop process.
type running struct {
	*exec.Cmd
	base   string // http://HOST:PORT
	log    *waitingWriter
	access bytes.Buffer // to be read when the process has ended
}

// start starts the built program with a configuration, and returns when it listens.
func start(t *testing.T, config string) *running {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return startCommand(t, exec.Command(program, "serve"), config)
}

// startCommand starts a command that becomes the program.
func startCommand(t *testing.T, cmd *exec.Cmd, config string) *running {
	t.Helper()
	r := &running{Cmd: cmd, log: newWaitingWriter()}
	r.Dir = folderWith(t, defaultFile, config)
	r.Stdout, r.Stderr = &r.access, r.log
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Process.Kill()
		r.Wait()
	})
	r.base = "http://" + r.log.await(t, `msg=listening address=(\S+)`)
	return r
}

// stop sends SIGTERM and wants the exit code 0.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.Process.Signal(syscall.SIGTERM)
	if err := r.Wait(); err != nil {
		t.Errorf("the program ended with %v\n%s", err, r.log)
	}
}

// configuration returns a file with the given settings of the database, and
// routes that ask, sleep and echo.
func configuration(t *testing.T, settings string) string {
	t.Helper()
	server := mariaDB(t)
	err := server.Run("create or replace table user (id int auto_increment primary key, user varchar(100) unique, passwd varchar(200));" +
		"insert into user (user, passwd) values ('bob', 'secret')")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`
listen = "127.0.0.1:0"
[databases.main]
dsn = %q
%s
[[routes]]
match = "GET /getuser"
credentials = "basic"
sql = "select count(*) as count from user where user = :auth.user and passwd = :auth.password"
[[routes]]
match = "GET /sleep/{seconds}"
sql = "select sleep(:path.seconds) as slept"
[[routes]]
match = "GET /echo"
sql = "select :query.v as v"
`, server.DSN(), settings)
}

// reply is an answer, or why there is none.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func get(client *http.Client, url string) reply {
	response, err := client.Get(url)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(body), err}
}

// newClient returns a client with connections of its own.
func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func TestSystemAnswers(t *testing.T) {
	r := start(t, configuration(t, ""))
	f := func(user, password string, status int, body string) {
		t.Helper()
		request, err := http.NewRequest("GET", r.base+"/getuser", nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			request.SetBasicAuth(user, password)
		}
		response, err := newClient(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		got, _ := io.ReadAll(response.Body)
		if response.StatusCode != status || body != "" && string(got) != body {
			t.Errorf("%s:%s: got %d %s, want %d %s", user, password, response.StatusCode, got, status, body)
		}
		if asked := response.Header.Get("WWW-Authenticate") != ""; asked != (status == 401) {
			t.Errorf("%s:%s: got WWW-Authenticate %v", user, password, asked)
		}
	}
	f("bob", "secret", 200, `[{"count":1}]`)
	f("bob", "wrong", 200, `[{"count":0}]`)
	f("bob", "' or '1'='1", 200, `[{"count":0}]`)
	f(`bob\' --`, "secret", 200, `[{"count":0}]`)
	f("", "", 401, "")
	r.stop(t)
}

func TestSystemPoolIsFull(t *testing.T) {
	r := start(t, configuration(t, "max = 5"))
	client := newClient(t)
	var clients sync.WaitGroup
	var slept, refused atomic.Int32
	for range 50 {
		clients.Go(func() {
			got := get(client, r.base+"/sleep/0.2")
			switch {
			case got.status == 200 && got.body == `[{"slept":0}]`:
				slept.Add(1)
			case got.status == 503 && got.header.Get("Retry-After") != "" && strings.Contains(got.body, `"code":"pool_full"`):
				refused.Add(1)
			default:
				t.Errorf("got %+v", got)
			}
		})
	}
	clients.Wait()
	// Scheduling may spread 50 clients over more than one turn of five.
	if slept.Load() < 5 || slept.Load()+refused.Load() != 50 || refused.Load() < 20 {
		t.Errorf("got %d answered and %d refused", slept.Load(), refused.Load())
	}
	r.stop(t)
}

func TestSystemDeadline(t *testing.T) {
	r := start(t, configuration(t, `timeout = "300ms"`))
	began := time.Now()
	got := get(newClient(t), r.base+"/sleep/5")
	if took := time.Since(began); got.status != 504 || took < 290*time.Millisecond || took > 1500*time.Millisecond {
		t.Errorf("got %+v after %v, want 504 after 300ms", got, took)
	}
	r.stop(t)
}

// TestSystemOutage kills the database under load and brings it back.
func TestSystemOutage(t *testing.T) {
	r := start(t, configuration(t, ""))
	var stop atomic.Bool
	var good, outage atomic.Int64
	var clients sync.WaitGroup
	client := newClient(t)
	for i := range 16 {
		clients.Go(func() {
			for n := 0; !stop.Load(); n++ {
				v := fmt.Sprintf("%d-%d", i, n)
				got := get(client, r.base+"/echo?v="+v)
				switch {
				case got.status == 200 && got.body == `[{"v":"`+v+`"}]`:
					good.Add(1)
				case got.status == 503 && strings.Contains(got.body, `"code":"unavailable"`):
					outage.Add(1)
					time.Sleep(time.Millisecond)
				default:
					t.Errorf("got %+v", got)
				}
			}
		})
	}
	more := func(within time.Duration, what string, count *atomic.Int64, n int64) {
		t.Helper()
		want := count.Load() + n
		until(t, within, what, func() bool { return count.Load() >= want })
	}
	defer stop.Store(true)
	more(10*time.Second, "answers before", &good, 200)
	mariaDB(t).Kill()
	more(10*time.Second, "the outage shows", &outage, 50)
	if err := mariaDB(t).Restart(); err != nil {
		t.Fatal(err)
	}
	more(time.Second, "answers again", &good, 16)
	stop.Store(true)
	clients.Wait()
	r.stop(t)
}

// TestSystemDatabaseComesLater starts the program before its database.
func TestSystemDatabaseComesLater(t *testing.T) {
	config := configuration(t, "")
	mariaDB(t).Kill()
	r := start(t, config)
	client := newClient(t)
	began := time.Now()
	if got := get(client, r.base+"/echo?v=x"); got.status != 503 || time.Since(began) > 2*time.Second {
		t.Errorf("got %+v after %v, want 503 at once", got, time.Since(began))
	}
	if err := mariaDB(t).Restart(); err != nil {
		t.Fatal(err)
	}
	until(t, time.Second, "answers", func() bool { return get(client, r.base+"/echo?v=x").body == `[{"v":"x"}]` })
	r.stop(t)
}

// TestSystemStopsBesideAHangingDatabase stops the database, not the requests:
// the program ends in good order all the same.
func TestSystemStopsBesideAHangingDatabase(t *testing.T) {
	r := start(t, configuration(t, `timeout = "300ms"`))
	client := newClient(t)
	if got := get(client, r.base+"/echo?v=x"); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	mariaDB(t).Signal(syscall.SIGSTOP)
	defer mariaDB(t).Signal(syscall.SIGCONT)
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			if got := get(client, r.base+"/echo?v=x"); got.status != 504 && got.status != 503 {
				t.Errorf("got %+v", got)
			}
		})
	}
	clients.Wait()
	client.CloseIdleConnections()
	began := time.Now()
	r.stop(t)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// TestSystemDrain ends the program while wrk, busy clients and slow statements
// keep it at work: every request that it has begun to read is answered.
func TestSystemDrain(t *testing.T) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		if mariadbtest.Required("wrk") {
			t.Fatal("wrk is not installed: apt-get install wrk")
		}
		t.Skip("wrk is not installed: apt-get install wrk")
	}
	r := start(t, configuration(t, ""))
	load := exec.Command(wrk, "-t2", "-c16", "-d2", r.base+"/echo?v=wrk")
	var report bytes.Buffer
	load.Stdout, load.Stderr = &report, &report
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	var echoed atomic.Int64
	address := strings.TrimPrefix(r.base, "http://")
	for range 8 {
		clients.Go(func() { echoed.Add(askUntilClosed(t, address)) })
	}
	for range 20 {
		clients.Go(func() {
			if _, err := exchange(t, address, "/sleep/1", `[{"slept":0}]`); err != nil {
				t.Errorf("a slow request was not answered: %v", err)
			}
		})
	}
	time.Sleep(300 * time.Millisecond) // all of them are under way
	r.Process.Signal(syscall.SIGTERM)
	clients.Wait()
	if err := r.Wait(); err != nil {
		t.Errorf("the program ended with %v\n%s", err, r.log)
	}
	load.Wait()
	if bytes.Contains(report.Bytes(), []byte("Non-2xx")) {
		t.Errorf("wrk had answers that are not 2xx:\n%s", &report)
	}
	// What the log has as answered is what wrk was answered: it counts a
	// refused connection among its errors, but no lost answer as a request.
	m := regexp.MustCompile(`(\d+) requests in`).FindSubmatch(report.Bytes())
	if m == nil {
		t.Fatalf("wrk was not answered:\n%s", &report)
	}
	answered := strings.Count(r.access.String(), `"GET /echo?v=wrk HTTP/1.1" 200 `)
	if got := fmt.Sprint(answered); got != string(m[1]) || answered == 0 {
		t.Errorf("the log has %s answers, wrk %s:\n%s", got, m[1], &report)
	}
	if echoed.Load() == 0 {
		t.Error("the busy clients were never answered")
	}
}

// askUntilClosed asks over one kept-alive connection, again as soon as it is
// answered, until an answer says that the connection is closed. It returns the
// number of answers.
func askUntilClosed(t *testing.T, address string) (answers int64) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	for reader := bufio.NewReader(c); ; answers++ {
		last, err := exchangeOn(c, reader, "/echo?v=busy", `[{"v":"busy"}]`)
		if err != nil {
			t.Errorf("request %d was not answered: %v", answers+1, err)
			return answers
		}
		if last {
			return answers + 1
		}
	}
}

// exchange asks once, over a connection of its own.
func exchange(t *testing.T, address, target, body string) (last bool, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return false, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return exchangeOn(c, bufio.NewReader(c), target, body)
}

// exchangeOn sends a request and wants an answer with a body. last is whether
// it announces the end of the connection.
func exchangeOn(c net.Conn, reader *bufio.Reader, target, body string) (last bool, err error) {
	if _, err := io.WriteString(c, "GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return false, err
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return false, err
	}
	got, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != 200 || string(got) != body) {
		err = fmt.Errorf("got %d %s", response.StatusCode, got)
	}
	return response.Close, err
}

// TestStartIsFastAndSmall holds what a start with a file costs: 50 ms to the
// first 200 and 30 MB, though the demo's engine is part of the program.
func TestStartIsFastAndSmall(t *testing.T) {
	config := strings.Replace(configuration(t, ""), "127.0.0.1:0", "127.0.0.1:"+freePort(t), 1)
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(config)
	folder := folderWith(t, defaultFile, config)
	const limit, most = 50 * time.Millisecond, 30_000
	var fastest time.Duration
	var smallest int
	// More than ten only where other programs have kept the processors busy.
	for n := 0; n < 10 || n < 60 && (fastest > limit || smallest > most); n++ {
		cmd := exec.Command(program, "serve")
		cmd.Dir = folder
		client := newClient(t)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for {
			if got := get(client, base+"/echo?v=x"); got.status == 200 {
				break
			} else if !errors.Is(got.err, syscall.ECONNREFUSED) || time.Since(began) > 10*time.Second {
				cmd.Process.Kill()
				t.Fatalf("got %+v", got)
			}
			time.Sleep(500 * time.Microsecond)
		}
		took, kB := time.Since(began), residentSize(t, cmd.Process.Pid)
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if fastest == 0 || took < fastest {
			fastest = took
		}
		if smallest == 0 || kB < smallest {
			smallest = kB
		}
	}
	t.Logf("first 200 after %v, %d kB resident", fastest, smallest)
	if fastest > limit {
		t.Errorf("got the first 200 after %v, want %v at most", fastest, limit)
	}
	if smallest > most {
		t.Errorf("got %d kB resident, want %d at most", smallest, most)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// residentSize returns a process's resident set in kB.
func residentSize(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	kB, err := strconv.Atoi(regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindStringSubmatch(string(status))[1])
	if err != nil {
		t.Fatal(err)
	}
	return kB
}
