package tornado

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	cookieSecret  = "e446976943b4e8442f099fed1f3fea28462d5832f483a0ed9a3d5d3859f==78d"
	sessionSecret = "some secret password!!"
)

var (
	now  = time.Unix(1_800_000_000, 0)
	ours = secrets{single: cookieSecret}
)

func check(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// signedByTornado has Tornado sign values with its own functions.
const signedByTornado = `
import json, sys
from tornado.web import create_signed_value, decode_signed_value
cases = json.load(sys.stdin)
print(json.dumps([create_signed_value(c["Secret"], c["Name"], c["Value"], version=c["Version"],
	clock=lambda: c["Time"]).decode() for c in cases]))
`

type signing struct {
	Secret, Name, Value string
	Version             int
	Time                int64
}

func TestSignedByTornado(t *testing.T) {
	var cases []signing
	for _, version := range []int{1, 2} {
		for _, value := range []string{"", "a", "Zoë|2|\n", strings.Repeat("f0", 32), strings.Repeat("x", 1000)} {
			for _, name := range []string{"session_id", "n|1:0|"} {
				cases = append(cases, signing{cookieSecret, name, value, version, now.Unix()})
			}
		}
	}
	var cookies []string
	python(t, signedByTornado, cases, &cookies)
	for i, c := range cases {
		f := func(secret, name string, at time.Time, want error) {
			t.Helper()
			got, err := secrets{single: secret}.signedValue(name, cookies[i], 31*day, at)
			check(t, err, want)
			if err == nil && string(got) != c.Value {
				t.Errorf("got %q, want %q", got, c.Value)
			}
		}
		f(c.Secret, c.Name, now, nil)
		f(c.Secret, c.Name, now.Add(31*day), nil)
		f(c.Secret, c.Name, now.Add(31*day+time.Second), ErrExpired)
		f(c.Secret, c.Name, now.Add(-31*day), nil)
		if c.Version == 1 {
			f(c.Secret, c.Name, now.Add(-31*day-time.Second), ErrCookie)
		}
		f(c.Secret+"x", c.Name, now, ErrCookie)
		f(c.Secret, c.Name+"x", now, ErrCookie)
	}
	// No byte of a cookie can be another one.
	for i := range cookies {
		if len(cookies[i]) > 200 {
			continue
		}
		for at := range cookies[i] {
			for _, b := range []byte("0|:=\"") {
				forged := []byte(cookies[i])
				if forged[at] == b {
					continue
				}
				forged[at] = b
				if value, err := ours.signedValue(cases[i].Name, string(forged), 31*day, now); err == nil {
					t.Errorf("%s was taken for %q", forged, value)
				}
			}
		}
	}
}

// signedWithVersions has Tornado sign with two secrets.
const signedWithVersions = `
import json, sys
from tornado.web import create_signed_value
c = json.load(sys.stdin)
secrets = {int(k): v for k, v in c["Secrets"].items()}
print(json.dumps({str(v): create_signed_value(secrets, "n", "value %d" % v, key_version=v,
	clock=lambda: c["Time"]).decode() for v in secrets}))
`

func TestKeyVersions(t *testing.T) {
	both := map[string]string{"0": "zero", "7": "seven"}
	var cookies map[string]string
	python(t, signedWithVersions, map[string]any{"Secrets": both, "Time": now.Unix()}, &cookies)
	f := func(s secrets, version string, want error) {
		t.Helper()
		got, err := s.signedValue("n", cookies[version], 31*day, now)
		check(t, err, want)
		if err == nil && string(got) != "value "+version {
			t.Errorf("got %q", got)
		}
	}
	f(secrets{versions: both}, "0", nil)
	f(secrets{versions: both}, "7", nil)
	f(secrets{versions: map[string]string{"0": "zero"}}, "7", ErrCookie)
	f(secrets{versions: map[string]string{"0": "seven", "7": "zero"}}, "7", ErrCookie)
	f(secrets{single: "seven"}, "7", nil) // Tornado does not look at the version then
	f(secrets{}, "7", ErrCookie)
	_, err := secrets{versions: map[string]string{"0": cookieSecret}}.signedValue("session_id", signV1("dmFsdWU=", fmt.Sprint(now.Unix())), 31*day, now)
	check(t, err, ErrCookie)
}

// verdicts has Tornado judge cookies.
const verdicts = `
import json, sys, logging
from tornado.web import decode_signed_value
logging.disable(logging.CRITICAL)
def judge(c):
	try:
		v = decode_signed_value(c["Secret"], c["Name"], c["Value"], clock=lambda: c["Time"])
	except Exception:
		return None
	return None if v is None else v.hex()
print(json.dumps([judge(c) for c in json.load(sys.stdin)]))
`

// signV1 signs as version 1 does: without anything between the parts.
func signV1(value, timestamp string) string {
	return value + "|" + timestamp + "|" + string(hexMAC(sha1.New, cookieSecret, "session_id", value, timestamp))
}

// What the two disagree on, this reader refuses: it never takes a cookie that
// Tornado would not.
func TestVerdictsOfTornado(t *testing.T) {
	stamp := fmt.Sprint(now.Unix())
	text := base64.StdEncoding.EncodeToString([]byte("value"))
	cookies := []string{
		"", "|", "||", "1|", "2|", "2|1:0|", "2|1:0|10:" + stamp + "|10:session_id|8:" + text + "|",
		signV1(text, stamp), signV1(text, "0"+stamp), signV1(text, ""), signV1(text, "-5"), signV1(text, "+"+stamp),
		signV1(text, " "+stamp), signV1("", stamp), signV1("====", stamp), signV1("dmFsdWU", stamp), signV1(text+"\n", stamp),
		signV1(text[:4], text[4:]+stamp), signV1("1000", stamp), signV1("999", stamp),
		// digits of the value have moved to the timestamp
		signV1("MTIz", "9"+stamp),
		"3|" + text + "|" + stamp, "2|99999999999999999999:0|", "2|-1:0|", "2|01:0|10:" + stamp,
	}
	var cases []signing
	for _, cookie := range cookies {
		cases = append(cases, signing{Secret: cookieSecret, Name: "session_id", Value: cookie, Time: now.Unix()})
	}
	var verdict []*string
	python(t, verdicts, cases, &verdict)
	taken := 0
	for i, cookie := range cookies {
		got, err := ours.signedValue("session_id", cookie, 31*day, now)
		switch {
		case err != nil:
			if got != nil {
				t.Errorf("%q: got %q and %v", cookie, got, err)
			}
		case verdict[i] == nil || *verdict[i] != hex.EncodeToString(got):
			t.Errorf("%q: got %q, which Tornado does not", cookie, got)
		default:
			taken++
		}
	}
	if taken < 2 {
		t.Errorf("only %d cookies were taken", taken)
	}
}

func FuzzSignedValue(f *testing.F) {
	f.Add("2|1:0|10:1800000000|10:session_id|8:dmFsdWU=|", "dmFsdWU=")
	f.Add(signV1("dmFsdWU=", "1800000000"), "0")
	f.Fuzz(func(t *testing.T, cookie, more string) {
		if value, err := ours.signedValue("session_id", cookie+more, 31*day, now); err == nil {
			// Only what the fuzzer was given can be right.
			if !strings.HasPrefix(cookie+more, signV1("dmFsdWU=", "1800000000")) {
				t.Errorf("%q was taken for %q", cookie+more, value)
			}
		}
		_, _ = ours.signedValueV2("session_id", "2|"+cookie, 31*day, now)
	})
}
