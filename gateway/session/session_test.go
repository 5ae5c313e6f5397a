package session

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := &Session{
			Content: Content{
				User:  rapid.String().Draw(t, "user"),
				Roles: rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "roles"),
				Columns: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Column {
					return Column{rapid.String().Draw(t, "name"), rapid.String().Draw(t, "value"), rapid.Bool().Draw(t, "null")}
				}), 0, 5).Draw(t, "columns"),
				Data: rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "data"),
			},
			Created: time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "created"), 0),
			End:     time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "end"), 0),
		}
		copy(want.seed[:], rapid.SliceOfN(rapid.Byte(), seedSize, seedSize).Draw(t, "seed"))
		got, err := parseRecord(want.appendRecord(nil))
		if err != nil {
			t.Fatal(err)
		}
		if len(want.Roles) == 0 {
			want.Roles = nil
		}
		if len(want.Columns) == 0 {
			want.Columns = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func FuzzRecord(f *testing.F) {
	whole := (&Session{Content: alice, Created: time.Unix(1, 0), End: time.Unix(2, 0)}).appendRecord(nil)
	f.Add(whole)
	for n := range whole {
		f.Add(whole[:n])
	}
	f.Add(append(bytes.Clone(whole), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			return
		}
		again, err := parseRecord(r.appendRecord(nil))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("got %+v, %v, want %+v", again, err, r)
		}
	})
}

// Every part of a record counts: cut or prolonged it is none.
func TestTruncatedRecord(t *testing.T) {
	whole := (&Session{Content: alice, Created: time.Unix(1, 0), End: time.Unix(2, 0)}).appendRecord(nil)
	f := func(b []byte) {
		t.Helper()
		_, err := parseRecord(b)
		check(t, err, errRecord)
	}
	for n := range whole {
		f(whole[:n])
	}
	f(append(bytes.Clone(whole), 0))
	f(append([]byte{recordVersion + 1}, whole[1:]...))
}
