package assets_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"zerohop/assets"
)

func Example() {
	first, _, _ := strings.Cut(assets.DemoConfig, "\n")
	fmt.Println(first)
	// Output: # The demo of zerohop: two SQL statements, served as JSON.
}

// The comments of the demo make promises that its values must keep.
func TestDemoKeepsItsWord(t *testing.T) {
	var demo struct {
		Listen    string
		Databases map[string]struct{ DSN string }
		Routes    []struct{ Match, SQL string }
	}
	if err := toml.Unmarshal([]byte(assets.DemoConfig), &demo); err != nil {
		t.Fatalf("demo.toml: %v", err)
	}
	if got := demo.Databases["main"].DSN; got != "embedded" {
		t.Errorf("got dsn %q, want embedded", got)
	}
	if len(demo.Routes) != 2 {
		t.Errorf("got %d routes, want the two of the first line", len(demo.Routes))
	}
	curl := "curl -u alice:secret http://" + demo.Listen + "/getuser\n"
	if !strings.Contains(assets.DemoConfig, curl) {
		t.Errorf("demo.toml has no line %q", curl)
	}
	if row := "('alice', 'secret')"; !strings.Contains(assets.DemoSQL, row) {
		t.Errorf("demo.sql has no row %s", row)
	}
}
