package sqlapi

import (
	"strings"
	"testing"

	"zerohop/sqlapi/wire"
)

func TestPlanIsMadeOncePerColumns(t *testing.T) {
	columns := []wire.Column{{Name: "a", Type: wire.TypeLong}, {Name: `b"`, Type: wire.TypeBit}}
	var p plan
	if err := p.of(columns); err != nil {
		t.Fatal(err)
	}
	if got := string(p.fields[0].key) + string(p.fields[1].key); got != `{"a":,"b\"":` {
		t.Errorf("got keys %s", got)
	}
	fields := &p.fields[0]
	if err := p.of(columns); err != nil || &p.fields[0] != fields {
		t.Errorf("got another plan for the same columns, %v", err)
	}
	other := append([]wire.Column(nil), columns...)
	if err := p.of(other); err != nil || &p.fields[0] == fields {
		t.Errorf("got the same plan for other columns, %v", err)
	}
	err := p.of([]wire.Column{{Name: "x"}, {Name: "\xff"}})
	if err == nil || !strings.Contains(err.Error(), "column 2") {
		t.Errorf("got %v, want a fault of column 2", err)
	}
}

func TestPlanKnowsWhichColumnsAreMissing(t *testing.T) {
	p := plan{types: &types{json: []string{"a", "doc"}}}
	err := p.of([]wire.Column{{Name: "a"}, {Name: "DOC"}})
	if err == nil || !strings.Contains(err.Error(), `"doc"`) {
		t.Errorf("got %v, want the column that is not there", err)
	}
	if err := p.of([]wire.Column{{Name: "doc"}, {Name: "a"}, {Name: "a"}}); err != nil {
		t.Error(err)
	}
}
