package backends

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a group's settings. They keep slips out ("2h" for "2s"), not
// ambition: every worker and every waiting request holds a client connection.
const (
	maxWorkers     = 1 << 20
	maxQueue       = 1 << 20
	maxWeight      = 65535
	maxInFlight    = 1 << 20
	maxIdle        = 10_000
	maxFails       = 1_000_000
	maxTimeout     = 24 * time.Hour
	maxHeaderBytes = 1 << 20
	minHeaderBytes = 1 << 10
)

// faults collects the faults of a configuration.
type faults []error

// check adds a fault unless ok.
func (f *faults) check(ok bool, field, problem, hint string) {
	if !ok {
		*f = append(*f, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
}

// number adds a fault for a number that is out of its bounds; what names what
// is counted.
func (f *faults) number(field string, n, least, most int, what string) {
	f.check(least <= n && n <= most, field, fmt.Sprintf("%d %s", n, what), fmt.Sprintf("%d to %d", least, most))
}

// duration adds a fault for a time that is out of its bounds.
func (f *faults) duration(field string, d, least time.Duration) {
	hint := `"0s" to "24h"`
	if least > 0 {
		hint = `"1ms" to "24h"`
	}
	f.check(least <= d && d <= maxTimeout, field, fmt.Sprintf("%v is out of bounds", d), hint)
}

// word adds a fault for a text that is none of the known ones.
func (f *faults) word(field, word string, known ...string) {
	f.check(slices.Contains(known, word), field, fmt.Sprintf("unknown %s %q", field[strings.LastIndexByte(field, '.')+1:], word), quoteAll(known))
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	last := len(quoted) - 1
	if last == 0 {
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// Validate returns every fault of the configuration, each a *FieldError.
func (c Config) Validate() []error {
	var f faults
	c.validateMembers(&f)
	f.word("balance", c.Balance, balanceLeastBusy, balanceSmoothWRR, balanceHash)
	c.validateHash(&f)
	c.validateRetry(&f)
	f.number("max_fails", c.MaxFails, 0, maxFails, "failures")
	f.duration("fail_timeout", c.FailTimeout, time.Millisecond)
	f.duration("slow_start", c.SlowStart, 0)
	f.check(c.SlowStart == 0 || c.Balance != balanceHash, "slow_start", `balance = "hash" gives every key its own member, however long that is up`,
		"leave it out, or choose another balance")
	f.word("when_all_down", c.WhenAllDown, allDownTry, allDownFail)
	c.validateQueue(&f)
	c.validateTransport(&f)
	if c.Health != nil {
		f.check(c.Proxies(), "health", "there is no member with a url to check", "leave it out: workers are in this process")
		c.Health.validate(&f)
	}
	return f
}

// validateHash checks what only balance = "hash" has a use for.
func (c Config) validateHash(f *faults) {
	if c.Hash == "" {
		return
	}
	f.check(c.Balance == balanceHash, "hash", fmt.Sprintf("it means nothing with balance = %q", c.Balance), `add balance = "hash", or leave it out`)
	const hint = `"client.ip", "header.X_User", "cookie.name" or "path.name"`
	source, name, _ := strings.Cut(c.Hash, ".")
	switch {
	case !slices.Contains([]string{"client", "header", "cookie", "path"}, source) || name == "":
		f.check(false, "hash", fmt.Sprintf("not a value to go by: %q", c.Hash), hint)
	case source == "client" && name != "ip":
		f.check(false, "hash", fmt.Sprintf("of a client there is the ip, not %q", name), hint)
	case source != "cookie" && strings.Trim(name, nameBytes) != "", source == "cookie" && !token(name):
		f.check(false, "hash", fmt.Sprintf("%q is not a name", name), hint)
	}
}

// nameBytes are what names of headers and path wildcards are written with;
// in those of headers _ stands for -.
const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// token reports whether the name is what RFC 6265 has as that of a cookie.
func token(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func (c Config) validateRetry(f *faults) {
	known := append([]string{retryError, retryTimeout, retryNonIdempotent}, retryStatuses...)
	for i, word := range c.Retry {
		field := fmt.Sprintf("retry[%d]", i)
		f.check(slices.Contains(known, word), field, fmt.Sprintf("%q is nothing that could be retried", word), quoteAll(known))
		f.check(!slices.Contains(c.Retry[:i], word), field, fmt.Sprintf("%q stands here twice", word), "")
	}
	f.check(len(c.Retry) != 1 || c.Retry[0] != retryNonIdempotent, "retry", `"non_idempotent" says for which requests, and nothing says when`, `add "error"`)
	f.number("retry_limit", c.RetryLimit, 0, maxMembers, "members")
	f.number("retry_budget", c.RetryBudget, 0, 100, "percent")
}

func (c Config) validateQueue(f *faults) {
	f.number("queue", c.Queue, 0, maxQueue, "requests")
	f.duration("wait", c.Wait, 0)
	f.check(c.Wait == 0 || c.Queue != 0, "wait", "there is no queue to wait in", "add queue, with how many requests may wait")
}

// validateTransport checks how servers are spoken to.
func (c Config) validateTransport(f *faults) {
	f.duration("connect_timeout", c.ConnectTimeout, time.Millisecond)
	f.duration("first_byte_timeout", c.FirstByteTimeout, time.Millisecond)
	f.duration("read_timeout", c.ReadTimeout, time.Millisecond)
	f.duration("send_timeout", c.SendTimeout, time.Millisecond)
	f.duration("tunnel_timeout", c.TunnelTimeout, time.Millisecond)
	f.duration("idle_timeout", c.IdleTimeout, time.Millisecond)
	f.number("idle", c.Idle, 0, maxIdle, "idle connections")
	f.check(minHeaderBytes <= c.HeaderBytes && c.HeaderBytes <= maxHeaderBytes, "header_bytes", fmt.Sprintf("%d bytes", c.HeaderBytes), `"1KiB" to "1MiB"`)
	if c.TLS != nil {
		secure := slices.ContainsFunc(c.Members, func(m MemberConfig) bool { return strings.HasPrefix(m.URL, "https:") })
		f.check(secure, "tls", "there is no member with https", `leave it out, or write its url as "https://host:port"`)
		c.TLS.validate(f)
	}
}

func (h *HealthConfig) validate(f *faults) {
	f.check(h.Path != "" || h.Send != "", "health", "nothing to ask", `add path, as in path = "/health"`)
	f.check(h.Path == "" || h.Send == "", "health.send", "one check, two questions: path and send", "keep one of them")
	f.check(h.Path == "" || strings.HasPrefix(h.Path, "/"), "health.path", "a path begins with a slash", "")
	f.check(!hasBlank(h.Path), "health.path", "blanks and control bytes have no place in a path", "encode them, as in %20")
	f.check(h.Host == "" || h.Path != "", "health.host", "bytes that are sent as they stand have their own Host line", "write it into send")
	f.check(!hasBlank(h.Host), "health.host", "not a host", "")
	f.check(!h.HTTP10 || h.Path != "", "health.http10", "bytes that are sent as they stand have their own version", "write it into send")
	f.check(len(h.Expect.Status) > 0, "health.expect.status", "no status would be healthy", "leave it out for 200")
	for i, status := range h.Expect.Status {
		field := fmt.Sprintf("health.expect.status[%d]", i)
		f.check(200 <= status && status <= 599, field, fmt.Sprintf("%d is not the status of an answer", status), "200 to 599")
	}
	f.duration("health.every", h.Every, time.Millisecond)
	f.duration("health.timeout", h.Timeout, time.Millisecond)
	f.number("health.fails", h.Fails, 1, maxFails, "failures")
	f.number("health.passes", h.Passes, 1, maxFails, "passes")
	f.word("health.start", h.Start, startUp, startDown)
}

func hasBlank(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// validateMembers checks the list, and each of it.
func (c Config) validateMembers(f *faults) {
	if len(c.Members) == 0 || len(c.Members) > maxMembers {
		f.check(false, "members", fmt.Sprintf("%d members", len(c.Members)),
			fmt.Sprintf(`1 to %d, such as { url = "http://127.0.0.1:8000" } or { workers = 32, queue = 64 }`, maxMembers))
		return
	}
	seen := map[address]int{}
	for i, m := range c.Members {
		path := fmt.Sprintf("members[%d]", i)
		m.validate(f, path)
		a, problem, _ := parseAddress(m.URL)
		if m.URL == "" || problem != "" {
			continue
		}
		a.host, a.serverName = "", ""
		if first, twice := seen[a]; twice {
			f.check(false, path+".url", fmt.Sprintf("the same server as members[%d]", first), "give one of them the weight of both")
		} else {
			seen[a] = i
		}
	}
	every := func(is func(MemberConfig) bool) bool {
		return !slices.ContainsFunc(c.Members, func(m MemberConfig) bool { return !is(m) })
	}
	f.check(!every(func(m MemberConfig) bool { return m.Down }), "members", "every member is down", "nobody would answer: leave down out of one")
	f.check(!every(func(m MemberConfig) bool { return m.Backup }), "members", "every member is a backup", "of nothing: leave backup out of one")
}

func (m MemberConfig) validate(f *faults, path string) {
	switch {
	case m.URL == "" && m.Workers == 0:
		f.check(false, path, "neither url nor workers", `{ url = "http://host:port" } or { workers = 32 }`)
	case m.URL != "" && m.Workers != 0:
		f.check(false, path, "both url and workers", "a member is one or the other: make it two")
	case m.URL != "":
		m.validateURL(f, path)
	default:
		m.validatePool(f, path)
	}
	f.number(path+".weight", m.Weight, 1, maxWeight, "of weight")
}

func (m MemberConfig) validateURL(f *faults, path string) {
	_, problem, hint := parseAddress(m.URL)
	f.check(problem == "", path+".url", problem, hint)
	const another = "that is for workers; a url has max_in_flight, and the group a queue"
	f.check(m.Queue == 0, path+".queue", "a member with a url has no queue", another)
	f.check(m.Wait == 0, path+".wait", "a member with a url has no queue", another)
	f.check(0 <= m.MaxInFlight && m.MaxInFlight <= maxInFlight, path+".max_in_flight", fmt.Sprintf("%d requests", m.MaxInFlight), fmt.Sprintf("1 to %d", maxInFlight))
}

func (m MemberConfig) validatePool(f *faults, path string) {
	f.check(1 <= m.Workers && m.Workers <= maxWorkers, path+".workers", fmt.Sprintf("%d workers", m.Workers),
		fmt.Sprintf("how many requests may run at once: 1 to %d", maxWorkers))
	f.check(0 <= m.Queue && m.Queue <= maxQueue, path+".queue", fmt.Sprintf("a queue of %d", m.Queue),
		fmt.Sprintf("how many requests may wait for a worker: 0 to %d", maxQueue))
	f.duration(path+".wait", m.Wait, 0)
	f.check(m.Wait == 0 || m.Queue != 0, path+".wait", "there is no queue to wait in", "add queue, with how many requests may wait")
	f.check(0 <= m.MaxInFlight && m.MaxInFlight <= max(m.Workers, 0), path+".max_in_flight", fmt.Sprintf("%d requests", m.MaxInFlight),
		"a request needs a worker: leave it out for as many as there are workers")
}
