package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// texts returns what an SVG picture says, and fails when it is no XML.
func texts(t *testing.T, svg []byte) []string {
	t.Helper()
	var found []string
	for d, inside := xml.NewDecoder(strings.NewReader(string(svg))), false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "text"
		case xml.CharData:
			if inside {
				found = append(found, string(token))
			}
		case xml.EndElement:
			inside = false
		}
	}
}

// Each picture has a panel for each way to the database, with a group for each
// crowd and a labelled bar for each peer.
func TestPictures(t *testing.T) {
	r := sampleReport(nil)
	more := r.Scenes[0]
	more.scene = newScene(256, "tcp")
	other := r.Scenes[0]
	other.scene = newScene(1, "unix")
	r.Scenes = append(r.Scenes, more, other)
	pictures, err := r.pictures()
	if err != nil {
		t.Fatal(err)
	}
	f := func(i int, file, title, axis, one, other string) {
		t.Helper()
		if pictures[i].file != file {
			t.Errorf("got file %s, want %s", pictures[i].file, file)
		}
		got := strings.Join(texts(t, pictures[i].svg), " | ")
		head := func(way string) string { return title + ", MariaDB over " + way + " | one | other | " + axis }
		want := head("TCP") + " | 64 clients | 256 clients | " + one + " | " + one + " | " + other + " | " + other +
			" | " + head("a unix socket") + " | 1 client | " + one + " | " + other
		if got != want {
			t.Errorf("%s: got %s\nwant %s", file, got, want)
		}
	}
	f(0, "getuser-requests.svg", "Requests per second (more is better)",
		"requests/s | 35,000 | 30,000 | 25,000 | 20,000 | 15,000 | 10,000 | 5,000 | 0", "30,000", "12,500")
	f(1, "getuser-p99.svg", "99th percentile of response times (less is better)",
		"ms | 12 | 10 | 8 | 6 | 4 | 2 | 0", "4", "10")
	f(2, "getuser-mariadb-cpu.svg", "MariaDB's CPU time per request (less is better)",
		"µs | 80 | 70 | 60 | 50 | 40 | 30 | 20 | 10 | 0", "30", "75")
}

// Void rounds leave a gap, also where there is nothing else.
func TestPicturesOfNothing(t *testing.T) {
	r := sampleReport(func(rounds []round) {
		for i := range rounds {
			rounds[i].Void = "1 × timeout"
		}
	})
	pictures, err := r.pictures()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		if said := texts(t, p.svg); strings.Contains(strings.Join(said, " "), "30") {
			t.Errorf("%s: got %q, want no figure", p.file, said)
		}
	}
}

func TestAxis(t *testing.T) {
	f := func(highest, top float64, steps int) {
		t.Helper()
		if gotTop, gotSteps := axis([][]float64{{1e-9, highest}}); gotTop != top || gotSteps != steps {
			t.Errorf("up to %g: got %g in %d steps, want %g in %d", highest, gotTop, gotSteps, top, steps)
		}
	}
	f(8, 9, 9)
	f(9, 10, 5)
	f(18113, 20000, 4)
	f(165, 180, 9)
	f(80, 90, 9)
	f(90, 100, 5)
	f(0.4, 0.45, 9)
}

func TestWriteBar(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := writeBar(v); got != want {
			t.Errorf("%g: got %s, want %s", v, got, want)
		}
	}
	f(0, "0")
	f(0.4128, "0.413")
	f(26.25, "26.2")
	f(99.96, "100")
	f(165.3, "165")
	f(18113.2, "18,113")
}

// No two peers look alike.
func TestPeerColors(t *testing.T) {
	seen := make(map[string]string)
	for _, k := range allKinds(nil) {
		color := peerColor(k.key)
		if other := seen[color]; other != "" || len(color) != len("#rrggbb") {
			t.Errorf("got %s for %s, and for %s", color, k.key, other)
		}
		seen[color] = k.key
	}
}
