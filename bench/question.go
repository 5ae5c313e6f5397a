package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"
)

var errAnswer = errors.New("wrong answer")

// askTimeout bounds one question, and answerBytes is how much of an answer is
// read.
const (
	askTimeout  = 5 * time.Second
	answerBytes = 2 << 20
)

// The two bodies of GET /getuser.
const (
	found    = `[{"count":1}]`
	notFound = `[{"count":0}]`
)

// question is a request and what its answer must be.
type question struct {
	name          string
	authorization string // the header's value; "" sends none
	status        int
	body          string // of a 200
}

// answer is what a peer said.
type answer struct {
	status    int
	mediaType string
	body      string
	challenge string // the scheme of WWW-Authenticate
}

// basic returns an Authorization header's value.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// userQuestion asks for the n-th user with the right password.
func userQuestion(n int) question {
	return question{userName(n), basic(userName(n), userPassword(n)), http.StatusOK, found}
}

// strangerQuestion asks for the n-th user with a wrong password.
func strangerQuestion(n int) question {
	return question{userName(n) + ", wrong password", basic(userName(n), userPassword(n+1)), http.StatusOK, notFound}
}

// randomUserQuestion asks for any user, one time in ten with a wrong password.
func randomUserQuestion() question {
	if rand.IntN(10) == 0 {
		return strangerQuestion(1 + rand.IntN(userCount))
	}
	return userQuestion(1 + rand.IntN(userCount))
}

// questions are what every peer of GET /getuser answers before the first round.
func questions() []question {
	all := []question{
		userQuestion(1), userQuestion(userCount / 2), userQuestion(userCount),
		strangerQuestion(1), strangerQuestion(userCount),
		{"scheme in capitals", strings.Replace(basic("user0001", "passwd0001"), "Basic", "BASIC", 1), 200, found},
		{"no credentials", "", 401, ""},
		{"another scheme", "Bearer dXNlcjAwMDE6cGFzc3dkMDAwMQ==", 401, ""},
		{"scheme alone", "Basic", 401, ""},
		{"no base64", "Basic !!!!", 401, ""},
		{"no colon", "Basic " + base64.StdEncoding.EncodeToString([]byte("user0001")), 401, ""},
	}
	// All of these are values, and no user has them.
	for _, c := range []struct{ name, user, password string }{
		{"nobody", "nobody", "passwd0001"},
		{"empty", "", ""},
		{"empty password", "user0001", ""},
		{"name in capitals", "USER0001", "passwd0001"},
		{"space at the end", "user0001", "passwd0001 "},
		{"colon in the password", "user0001", "passwd0001:"},
		{"colons alone", "", "::"},
		{"wildcard", "user000_", "%"},
		{"quote", "user0001", "' or '1'='1"},
		{"backslash and quote", `user0001`, `\' or 1=1 -- `},
		{"comment", "user0001'--", "/*"},
		{"number", "user0001", "0"},
		{"control bytes", "user0001", "\x01\x1f\x7f\r\n\t"},
		{"multibyte", "usér0001", "пароль密码"},
		{"emoji", "user0001", "🔑🔑"},
		{"10 kB", "user0001", strings.Repeat("p", 10<<10)},
	} {
		all = append(all, question{c.name, basic(c.user, c.password), 200, notFound})
	}
	return all
}

// ask puts q to url.
func ask(ctx context.Context, transport http.RoundTripper, url string, q question) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{}, fmt.Errorf("ask %s: %w", q.name, err)
	}
	if q.authorization != "" {
		r.Header.Set("Authorization", q.authorization)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return answer{}, fmt.Errorf("ask %s: %w", q.name, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if err != nil {
		return answer{}, fmt.Errorf("ask %s: %w", q.name, err)
	}
	a := answer{status: response.StatusCode, body: string(body)}
	a.mediaType, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	a.challenge, _, _ = strings.Cut(response.Header.Get("WWW-Authenticate"), " ")
	return a, nil
}

// check returns an error that wraps errAnswer when a is not what q must get:
// status and, of a 200, the type and every byte of the body; of a 401 the
// challenge.
func (q question) check(a answer) error {
	if a.status != q.status {
		return fmt.Errorf("%w to %s: status %d, want %d; body %.200q", errAnswer, q.name, a.status, q.status, a.body)
	}
	switch q.status {
	case http.StatusOK:
		if a.body != q.body {
			return fmt.Errorf("%w to %s: body %.200q, want %q", errAnswer, q.name, a.body, q.body)
		}
		if a.mediaType != "application/json" {
			return fmt.Errorf("%w to %s: type %q, want application/json", errAnswer, q.name, a.mediaType)
		}
	case http.StatusUnauthorized:
		if !strings.EqualFold(a.challenge, "Basic") {
			return fmt.Errorf("%w to %s: challenge %q, want Basic", errAnswer, q.name, a.challenge)
		}
	}
	return nil
}

// examine puts questions to url, one after the other, and returns all faults
// together.
func examine(ctx context.Context, url string, questions []question) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var faults []error
	for _, q := range questions {
		a, err := ask(ctx, transport, url, q)
		if err == nil {
			err = q.check(a)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// crowdQuestions returns how many questions each member of a crowd of size
// asks. A large crowd makes up for few by many.
func crowdQuestions(size int) int { return min(25, max(4, 1600/size)) }

// examineCrowd has size clients ask crowdQuestions each at the same time, for
// what random returns. It finds answers that go to another request than their
// own, and it opens the connections that the rounds use.
func examineCrowd(ctx context.Context, url string, size int, random func() question) error {
	transport := &http.Transport{MaxIdleConnsPerHost: size}
	defer transport.CloseIdleConnections()
	faults := make(chan error, size)
	for range size {
		go func() { faults <- askMany(ctx, transport, url, crowdQuestions(size), random) }()
	}
	var first error
	for range size {
		if err := <-faults; first == nil {
			first = err
		}
	}
	return first
}

func askMany(ctx context.Context, transport http.RoundTripper, url string, count int, random func() question) error {
	for range count {
		q := random()
		a, err := ask(ctx, transport, url, q)
		if err != nil {
			return err
		}
		if err := q.check(a); err != nil {
			return err
		}
	}
	return nil
}
