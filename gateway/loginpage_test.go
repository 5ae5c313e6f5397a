package gateway

import (
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestLoginPage(t *testing.T) {
	p := newLoginPage(`Bob's <shop>`, "/login")
	f := func(alert, user, next string, want ...string) {
		t.Helper()
		var resp fasthttp.Response
		p.show(&resp, alert, user, next)
		body := string(resp.Body())
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("alert %q, user %q, next %q: %q is not in\n%s", alert, user, next, w, body)
			}
		}
		for _, never := range []string{"<script", "{alert}", "{next}", "{user}", "{focus", "{title}", "{action}", "<b>"} {
			if strings.Contains(body, never) && !strings.Contains(user, never) {
				t.Errorf("alert %q, user %q, next %q: %q is in\n%s", alert, user, next, never, body)
			}
		}
	}
	f("", "", "/", `action="/login"`, "<h1>Bob&#39;s &lt;shop&gt;</h1>", `autocomplete="username"`, `autocomplete="current-password"`,
		`<label for="user">`, `<label for="password">`, `required autofocus>`)
	f("No & never", `"><b>`, `/a?b="><b>`, `<p role="alert">No &amp; never</p>`, `value="&#34;&gt;&lt;b&gt;"`, `value="/a?b=&#34;&gt;&lt;b&gt;"`)
	// What a client has sent is no place for another text.
	f("", "{next}", "/there", `value="{next}"`)
}
