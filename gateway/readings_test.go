package gateway

import (
	"fmt"
	"net/http"
	"testing"
)

// Nobody gets to a guarded path by one that only a server behind takes for it.
func TestReadings(t *testing.T) {
	url := startUpstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "at ", r.URL.Path) })
	ts := startText(t, fmt.Sprintf(`
		[auth.staff]
		type = "basic"
		users_file = %q
		[backends.app]
		members = [{ url = %q }]
		[[routes]]
		match = "/admin/"
		auth = "staff"
		backend = "app"
		[[routes]]
		match = "/a;b/"
		auth = "staff"
		backend = "app"
		[[routes]]
		match = "DELETE /things/{id}/all"
		auth = "staff"
		backend = "app"
		[[routes]]
		match = "/"
		backend = "app"`, usersFile(t, "bob:HASH"), url))
	f := func(method, path string, want int) {
		t.Helper()
		for _, credentials := range []string{"", "Authorization: Basic Ym9iOnNlY3JldA==\r\n"} {
			status := want
			if status == 401 && credentials != "" {
				status = 200
			}
			got := ts.do(method + " " + path + " HTTP/1.1\r\nHost: h.test\r\n" + credentials + "Content-Length: 0\r\n\r\n")
			if got.StatusCode != status {
				t.Errorf("%s %s %s: got %d %s, want %d", method, path, credentials, got.StatusCode, got.body, status)
			}
		}
	}
	f("GET", "/admin/secret", 401)
	f("GET", "//admin/secret", 401)
	f("GET", "/%61dmin/secret", 401)
	f("GET", "/admin/a%2Fb;c", 401)
	f("GET", "/admin%2Fsecret", 400)
	f("GET", "/admin%2fsecret/more", 400)
	f("GET", "/admin%2F", 400)
	f("GET", "/%2Fadmin/secret", 400)
	f("GET", "/admin;x=1/secret", 400)
	f("GET", "/admin;x=1", 400)
	f("GET", "/admin%3Bx/secret", 400)
	f("GET", "/admin;x%2Fy/secret", 400)
	f("GET", "/admin%2Fa;x%2Fy", 400)
	f("GET", "/x%2F..%2Fadmin/secret", 400)
	f("GET", "/a;b%2Fsecret", 400)
	f("DELETE", "/things/7%2Fall", 400)
	f("DELETE", "/things/7;v=1/all", 401) // the same route, read either way
	f("GET", "/things/7%2Fall", 200)
	f("GET", "/files/a%2Fb;v=1/c", 200)
	f("GET", "/my%2Fadmin/x", 200)
	f("GET", "/admins%2Fx", 200)
}
