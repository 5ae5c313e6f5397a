package gateway

import "testing"

func TestIsIdentityHeader(t *testing.T) {
	f := func(name string, want bool) {
		t.Helper()
		if got := isIdentityHeader([]byte(name)); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
	f("X-Auth-User", true)
	f("x-auth-roles", true)
	f("X_AUTH_USER", true)
	f("X-Auth_User", true)
	f("X-Auth-", true)
	f("X-Auth", false)
	f("X-Author", false)
	f("Authorization", false)
	f("", false)
}

func TestAppendIdentity(t *testing.T) {
	f := func(user string, roles []string, want string) {
		t.Helper()
		if got := string(appendIdentity([]byte("A: b\r\n"), user, roles)); got != "A: b\r\n"+want {
			t.Errorf("%q %q: got %q, want %q", user, roles, got, want)
		}
	}
	f("", []string{"admin"}, "")
	f("bob", nil, "X-Auth-User: bob\r\n")
	f("bob", []string{"admin", "staff"}, "X-Auth-User: bob\r\nX-Auth-Roles: admin,staff\r\n")
	f("bob\r\nX-Auth-Roles: admin", nil, "X-Auth-User: bob%0D%0AX-Auth-Roles: admin\r\n")
	f("b\x00\t\x7f%", []string{"a,b", "c\n"}, "X-Auth-User: b%00%09%7F%25\r\nX-Auth-Roles: a%2Cb,c%0A\r\n")
	f(" jürgen b ", nil, "X-Auth-User: %20jürgen b%20\r\n")
}
