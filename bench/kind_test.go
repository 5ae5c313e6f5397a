package main

import (
	"reflect"
	"strings"
	"testing"
)

// Without --peers all kinds run, and --peers knows no other.
func TestPeersFlagNamesAllKinds(t *testing.T) {
	var keys []string
	for _, k := range allKinds(nil) {
		keys = append(keys, k.key)
	}
	field, _ := reflect.TypeFor[peerChoice]().FieldByName("Peers")
	for _, tag := range []string{"default", "enum"} {
		if got, want := field.Tag.Get(tag), strings.Join(keys, ","); got != want {
			t.Errorf("%s: got %s, want %s", tag, got, want)
		}
	}
}

// The order is that of the report, whatever that of the command line.
func TestPickKinds(t *testing.T) {
	f := func(keys, want string) {
		t.Helper()
		var got []string
		for _, k := range pickKinds(allKinds(nil), strings.Split(keys, ",")) {
			got = append(got, k.key)
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: got %s, want %s", keys, got, want)
		}
	}
	f("oldchain,zerohop,nethttp,lanes-off", "zerohop,lanes-off,nethttp,oldchain")
	f("oldchain,lanes-off,oldchain", "lanes-off,oldchain")
}
