package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnswerText(t *testing.T) {
	for _, size := range []int{leastAnswer, 17, shortAnswer, textLimit, longAnswer, mostAnswer} {
		text := answerText(size)
		if len(text) != size || !json.Valid([]byte(text)) || strings.Contains(text, "'") {
			t.Errorf("got %d bytes of %.30q, want JSON of %d without a quote", len(text), text, size)
		}
	}
}

// The upstream answers every size exactly, from memory and from a file.
func TestUpstream(t *testing.T) {
	s := proxySubject(nil)
	requireToolsOf(t, s)
	tools, err := findTools(searchPath(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := startUpstream(t.Context(), tools.nginx, t.TempDir(), []int{shortAnswer, longAnswer})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Kill()
	var at site
	for _, size := range []int{shortAnswer, longAnswer} {
		u.tell(&at, kind{}, scene{Answer: size})
		if err := examine(t.Context(), "http://"+at.upstream+answerPath, []question{answerQuestion(size)}); err != nil {
			t.Error(err)
		}
	}
	if err := examine(t.Context(), "http://"+at.upstream+answerPath, []question{answerQuestion(shortAnswer)}); err == nil {
		t.Error("got no error for an answer of another size")
	}
	if used, err := u.cpuTime(); err != nil || used <= 0 {
		t.Errorf("got %s and error %v, want the processor time of nginx", used, err)
	}
}

func TestStartUpstreamNeedsItsFolder(t *testing.T) {
	_, err := startUpstream(t.Context(), "nginx", filepath.Join(t.TempDir(), "none"), []int{longAnswer})
	if err == nil || !strings.Contains(err.Error(), "write the upstream's answer") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want that the folder does not exist", err)
	}
}
