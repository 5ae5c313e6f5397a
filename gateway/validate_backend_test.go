package gateway

import (
	"reflect"
	"strings"
	"testing"
)

// What check says of routes and the groups behind them.
func TestBackendFaults(t *testing.T) {
	const groups = "[databases.main]\ndsn = 'embedded'\n" +
		"[backends.pool]\nmembers = [{ workers = 9 }]\n" +
		"[backends.web]\nmembers = [{ url = 'http://127.0.0.1:8000' }]\nbalance = 'hash'\nhash = 'path.id'\n" +
		"[backends.both]\nmembers = [{ workers = 9 }, { url = 'unix:/run/x.sock' }]\n[[routes]]\n" // line 11
	f := func(route string, want ...string) {
		t.Helper()
		if got := faultsOf(groups + route); !reflect.DeepEqual(got, want) {
			t.Errorf("faults of %s\n got %s\nwant %s", route, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	const match = "match = '/x/{id}'\n"
	f(match + "backend = 'web'")
	f(match + "backend = 'both'")
	f(match + "backend = 'both'\nsql = 'select :path.id'")
	f(match + "backend = 'web'\ncredentials = 'basic'\nerrors = 'rds'\nbody_bytes = '1024GiB'")
	f(match+"backend = 'web'\nbody_bytes = '1025GiB'", `14:14: routes[0].body_bytes: 1100585369600 is out of bounds | from 1 to "1024GiB"`)
	f(match+"backend = 'both'\nsql = 'select :path.id'\nbody_bytes = '2GiB'", `15:14: routes[0].body_bytes: 2147483648 is out of bounds | from 1 to "1GiB"`)
	f(match+"backend = 'pool'", `13:11: routes[0].backend: [backends.pool] has no server to pass requests on to`+
		` | add a member with a url to it, or a sql = "select …" here`)
	f(match+"backend = 'local'", `13:11: routes[0].backend: the group local has no server to pass requests on to`+
		` | name a group of [backends], or add a sql = "select …" here`)
	f(match+"backend = 'wbe'", `13:11: routes[0].backend: there is no [backends.wbe] | did you mean "web"?`)
	f(match+"backend = 'web'\nsql = 'select :path.id'", `13:11: routes[0].backend: [backends.web] has no workers to run what answers here`+
		` | add a member such as { workers = 32 } to it, or leave the answer to its servers`)
	f("match = '/'\nbackend = 'web'", `13:11: routes[0].backend: [backends.web] goes by path.id, and this path has no {id}`+
		` | name it in match, or go by another value`)
	f(match+"backend = 'web'\ndatabase = 'main'\nshape = 'object'\nrequest_timeout = '1s'",
		`14:12: routes[0].database: a route that is passed on asks no database | leave it out`,
		`15:9: routes[0].shape: a route that is passed on asks no database | leave it out`,
		`16:19: routes[0].request_timeout: nothing of this route runs in this process | the group has first_byte_timeout and read_timeout`)
	f(match+"backend = 'web'\ncredentials = { type = 'basic', unescape = true }",
		`14:44: routes[0].credentials.unescape: the header is passed on as it came | leave it out`)
	f(match+"backend = 'web'\nrespond = { body = 'x' }", `13:11: routes[0].backend: [backends.web] has no workers to run what answers here`+
		` | add a member such as { workers = 32 } to it, or leave the answer to its servers`)
	f("match = '/'\nrespond = { body = 'x' }\n[backends.local]\nmembers = [{ url = 'http://127.0.0.1:8000' }]",
		`12:9: routes[0].match: [backends.local] has no workers to run what answers here`+
			` | add a member such as { workers = 32 } to it, or leave the answer to its servers`)
}

func TestTrustedProxiesFaults(t *testing.T) {
	f := func(list string, want ...string) {
		t.Helper()
		if got := faultsOf("trusted_proxies = " + list + small); !reflect.DeepEqual(got, want) {
			t.Errorf("faults of %s\n got %s\nwant %s", list, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	const hint = " | " + trustHint
	f("['127.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1', 'unix']")
	f("[]")
	f("['localhost']", `1:20: trusted_proxies[0]: "localhost" is no address`+hint)
	f("['10.0.0.0/33',\n'unix:', '']", `1:20: trusted_proxies[0]: "10.0.0.0/33" is no network`+hint,
		`2:1: trusted_proxies[1]: "unix:" is no address`+hint, `2:10: trusted_proxies[2]: "" is no address`+hint)
	f("['10.0.0.1/8']", `1:20: trusted_proxies[0]: the network begins elsewhere | write "10.0.0.0/8"`)
	f("['0.0.0.0/0']", `1:20: trusted_proxies[0]: this is everybody, and anybody could then say to be anyone | name the proxies in front of this server`)
	f("['::ffff:10.0.0.0/104']", `1:20: trusted_proxies[0]: an IPv4 network is written as one | as in "10.0.0.0/8"`)
	f("['fe80::1%eth0']", `1:20: trusted_proxies[0]: "fe80::1%eth0" is no address`+hint)
	f("['10.0.0.1', '10.0.0.1/32']", `1:32: trusted_proxies[1]: the same twice | the other stands at zh.toml:1`)
}
