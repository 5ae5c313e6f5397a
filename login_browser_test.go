package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"zerohop/gateway/passhash"
	"zerohop/sqlapi/mariadbtest"
)

// siteConfig is a site of one page for those who have logged in.
const siteConfig = `
listen = "127.0.0.1:0"

[auth.staff]
type       = "basic"
users_file = "users"

[auth.web]
type = "session"

[[routes]]
match = "POST /login"
login = { auth = "staff", page = true, title = "Sign in to the shop", next = "/" }

[[routes]]
match  = "POST /logout"
logout = {}

[[routes]]
match = "GET /account"
auth  = "web"

[routes.respond]
headers = { Content-Type = "text/html; charset=utf-8" }
body    = '''<!doctype html><html lang="en"><title>Account</title><h1>Hello {auth.user}</h1>
<form method="post" action="/logout"><button id="out">Sign out</button></form></html>'''
`

// startSite starts the built program with siteConfig, for bob, whose password is
// "secret".
func startSite(t *testing.T) *running {
	t.Helper()
	return start(t, strings.Replace(siteConfig, `"users"`, `"`+usersFile(t, "bob:HASH:staff")+`"`, 1))
}

// usersFile writes a file of users whose password is "secret".
func usersFile(t *testing.T, lines ...string) string {
	t.Helper()
	hash, err := passhash.Hash([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "HASH", hash)
	return filepath.Join(folderWith(t, "users", text), "users")
}

// newTab starts a headless Chromium that ends with the test.
func newTab(t *testing.T) tab {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if mariadbtest.Required("chromium") {
			t.Fatal("chromium is not installed: apt-get install chromium")
		}
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return tab{t, ctx}
}

// tab is one tab of a browser, in which a test does one thing after the other.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func (b tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// see wants a value of the page.
func see[T comparable](b tab, what string, of chromedp.Action[T], want T) {
	b.t.Helper()
	if got, err := chromedp.Run(b.ctx, of); err != nil || got != want {
		b.t.Errorf("%s: got %v, %v, want %v", what, got, err, want)
	}
}

// picture saves what the tab shows below ZEROHOP_SCREENSHOTS, for people to look
// at.
func (b tab) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("ZEROHOP_SCREENSHOTS")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name), png, 0o600)
	}
	if err != nil {
		b.t.Errorf("picture %s: %v", name, err)
	}
}

// prefer has the tab prefer "light" or "dark" pages.
func (b tab) prefer(mode string) {
	b.t.Helper()
	b.do("prefer "+mode, func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: mode}},
		})
		return none, err
	})
}

const (
	userField     = chromedp.CSS("#user")
	passwordField = chromedp.CSS("#password")
	signIn        = chromedp.CSS("button")
	signOut       = chromedp.CSS("#out")
	alert         = chromedp.CSS("[role=alert]")

	focused = "document.activeElement.id"
)

// A browser without a session is sent to the login, comes back with one, sees
// the page, logs out, and is sent to the login again.
func TestLoginInABrowser(t *testing.T) {
	b, r := newTab(t), startSite(t)
	b.do("see the login", chromedp.EmulateViewport(1100, 760), chromedp.Navigate(r.base+"/account?tab=2"), chromedp.WaitVisible(passwordField))
	see(b, "sent to", chromedp.Location(), r.base+"/login?next=%2Faccount%3Ftab%3D2")
	see(b, "the focus", chromedp.Evaluate[string](focused), "user")
	b.picture("login.png")

	b.do("guess", chromedp.SendKeys(userField, "bob"), chromedp.SendKeys(passwordField, "guess\r"), chromedp.WaitVisible(alert))
	see(b, "the alert", chromedp.Text(alert), "Wrong user name or password.")
	see(b, "the user", chromedp.Value(userField), "bob")
	see(b, "the focus", chromedp.Evaluate[string](focused), "password")
	b.picture("wrong.png")

	b.do("sign in", chromedp.SendKeys(passwordField, "secret"), chromedp.Click(signIn), chromedp.WaitVisible(signOut))
	see(b, "back at", chromedp.Location(), r.base+"/account?tab=2")
	see(b, "the page", chromedp.Text(chromedp.CSS("h1")), "Hello bob")
	see(b, "what scripts see of cookies", chromedp.Evaluate[string]("document.cookie"), "")

	b.do("sign out", chromedp.Click(signOut), chromedp.WaitVisible(passwordField))
	see(b, "sent to", chromedp.Location(), r.base+"/login")
	b.do("try again", chromedp.Navigate(r.base+"/account"), chromedp.WaitVisible(passwordField))
	see(b, "sent to", chromedp.Location(), r.base+"/login?next=%2Faccount")
	r.stop(t)
}

// On a phone nothing is cut off, and the colours are those that are preferred.
func TestLoginPageOnAPhone(t *testing.T) {
	b, r := newTab(t), startSite(t)
	for mode, ground := range map[string]string{"light": "rgb(238, 241, 245)", "dark": "rgb(18, 22, 28)"} {
		b.prefer(mode)
		b.do("see the login", chromedp.EmulateViewport(320, 568, chromedp.EmulateMobile), chromedp.Navigate(r.base+"/login"), chromedp.WaitVisible(passwordField))
		see(b, "pixels too many", chromedp.Evaluate[int]("document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0)
		// That there is a style at all is what the page's policy lets.
		see(b, "the ground", chromedp.Evaluate[string]("getComputedStyle(document.body).backgroundColor"), ground)
		b.picture("phone-" + mode + ".png")
	}
	r.stop(t)
}
