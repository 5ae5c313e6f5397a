package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

const tokenSecret = "0123456789abcdef0123456789abcdef"

// signedToken returns a JWT with these claims, under a header's alg.
func signedToken(alg, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(tokenSecret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// Claims, roles and the user of a token are there for statements and texts.
func TestTokenRoute(t *testing.T) {
	ts := startText(t, `
[auth.token]
type = "jwt"
algorithms = ["HS256"]
secret = "`+tokenSecret+`"
roles = "realm.roles"
[[routes]]
match = "GET /who"
auth = "token"
roles = ["staff"]
respond = { body = "{auth.user}|{auth.role}|{claims.n}|{claims.realm.name}|{claims.nothing}" }
`)
	f := func(token string, status int, body string) {
		t.Helper()
		got := ts.do("GET /who HTTP/1.1\r\nHost: h.test\r\nAuthorization: Bearer " + token + "\r\n\r\n")
		if got.StatusCode != status || !strings.Contains(got.body, body) {
			t.Errorf("%s: got %d %s, want %d %s", token, got.StatusCode, got.body, status, body)
		}
		if status == 401 && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: got the challenge %q", token, got.Header.Get("WWW-Authenticate"))
		}
		if invalid := strings.HasSuffix(got.Header.Get("WWW-Authenticate"), `, error="invalid_token"`); invalid != (status == 401 && token != "") {
			t.Errorf("%s: got the challenge %q", token, got.Header.Get("WWW-Authenticate"))
		}
	}
	claims := func(roles string) string {
		return fmt.Sprintf(`{"sub":"bob","exp":%d,"n":1.50,"realm":{"name":"shop","roles":%s}}`, time.Now().Add(time.Hour).Unix(), roles)
	}
	f(signedToken("HS256", claims(`["staff","admin"]`)), 200, "bob|staff,admin|1.50|shop|")
	f(signedToken("HS256", claims(`["guest"]`)), 403, "forbidden")
	f(signedToken("none", claims(`["staff"]`)), 401, "unauthorized")
	f(signedToken("HS256", `{"sub":"bob","exp":1}`), 401, "unauthorized")
	f("a.b.c", 401, "unauthorized")
	f("", 401, "unauthorized")
}
