package main

import (
	"fmt"
	"path/filepath"
	"testing"
)

func Example_respondFile() {
	fmt.Print(respondFile("127.0.0.1:8080", answerText(20)))
	// Output:
	// listen = "127.0.0.1:8080"
	//
	// [[routes]]
	// match   = "GET /answer"
	// respond = { body = '["0123456789abcdef"]', headers = { Content-Type = "application/json" } }
}

// Each hop has the process that it leads to, and answers as the handler does.
func TestHopsAnswer(t *testing.T) {
	p := plan{subject: hopSubject(), pace: pace{1, 1, 1}, kinds: allHops(), scenes: []scene{{Clients: 2, Max: 8, Answer: shortAnswer}}}
	requireToolsOf(t, p.subject)
	arena, err := openArena(t.Context(), p, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	defer arena.Close()
	stage, err := arena.openStage(t.Context(), p, p.scenes[0], t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	defer stage.Close()
	if err := stage.examine(t.Context(), t.Logf); err != nil {
		t.Error(err)
	}
	for i, want := range []int{1, 2, 2} {
		if got := len(stage.peers[i].processes); got != want {
			t.Errorf("%s: got %d processes, want %d", stage.peers[i].name, got, want)
		}
	}
	if sockets, _ := filepath.Glob(filepath.Join(stage.peers[2].dir, "*.sock")); len(sockets) != 1 {
		t.Errorf("got sockets %q, want the one of the process behind", sockets)
	}
}
