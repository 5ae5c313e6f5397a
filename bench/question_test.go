package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// honest answers GET /getuser as every peer must.
func honest(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body := notFound
	if strings.HasPrefix(user, "user") && password == "passwd"+strings.TrimPrefix(user, "user") {
		body = found
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write([]byte(body))
}

func TestExamineAcceptsTheHonest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(honest))
	defer server.Close()
	if err := examine(t.Context(), server.URL, questions()); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if err := examineCrowd(t.Context(), server.URL, 8, randomUserQuestion); err != nil {
		t.Errorf("got error %v from a crowd, want none", err)
	}
}

// Each of these peers does one thing wrong, and is found out.
func TestExamineFindsFaults(t *testing.T) {
	f := func(want string, wrong http.HandlerFunc) {
		t.Helper()
		server := httptest.NewServer(wrong)
		defer server.Close()
		err := examine(t.Context(), server.URL, questions())
		if !errors.Is(err, errAnswer) || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
	f("wrong password", func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); ok {
			r.SetBasicAuth("user0001", "passwd0001") // lets everybody in
		}
		honest(w, r)
	})
	f("no credentials: challenge", func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		honest(w, r)
	})
	f("name in capitals", func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); ok {
			r.SetBasicAuth(strings.ToLower(user), password)
		}
		honest(w, r)
	})
	f("multibyte: status 400", func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); strings.Contains(user, "é") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		honest(w, r)
	})
	f("type", func(w http.ResponseWriter, r *http.Request) {
		honest(plainText{w}, r)
	})
}

// plainText is a ResponseWriter that calls everything text.
type plainText struct{ http.ResponseWriter }

func (p plainText) Write(b []byte) (int, error) {
	p.Header().Set("Content-Type", "text/plain")
	return p.ResponseWriter.Write(b)
}

// A crowd finds a peer that mixes answers up, which one client alone cannot.
func TestExamineCrowdFindsMixedUpAnswers(t *testing.T) {
	last := make(chan string, 1)
	last <- found
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := httptest.NewRecorder()
		honest(own, r)
		other := <-last
		last <- own.Body.String()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(other))
	}))
	defer server.Close()
	if err := examineCrowd(t.Context(), server.URL, 8, randomUserQuestion); !errors.Is(err, errAnswer) {
		t.Errorf("got error %v, want a wrong answer", err)
	}
}

// A large crowd asks less of each client, and all together never few.
func TestCrowdQuestions(t *testing.T) {
	f := func(size, want int) {
		t.Helper()
		if got := crowdQuestions(size); got != want {
			t.Errorf("%d clients: got %d questions each, want %d", size, got, want)
		}
	}
	f(1, 25)
	f(64, 25)
	f(256, 6)
	f(1000, 4)
}

func TestExamineNamesAPeerThatIsDown(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	url := server.URL
	server.Close()
	if err := examine(t.Context(), url, questions()); err == nil || !strings.Contains(err.Error(), "ask user0001") {
		t.Errorf("got error %v, want the question named", err)
	}
}
