package gateway

import "testing"

func TestJSONText(t *testing.T) {
	const object = `{"s":"a\"ö\n","n":1.50,"t":true,"z":null,"o":{"p":{"q":"deep"},"l":[1,2]},"https://x.test/r":"url","a.b":"whole","a":{"b":"part"}}`
	f := func(path, want string, there bool) {
		t.Helper()
		if got, ok := jsonText([]byte(object), path); string(got) != want || ok != there {
			t.Errorf("%s: got %q, %v, want %q, %v", path, got, ok, want, there)
		}
	}
	f("s", "a\"ö\n", true)
	f("n", "1.50", true)
	f("t", "true", true)
	f("z", "", false)
	f("o.p.q", "deep", true)
	f("o.l", "[1,2]", true)
	f("o", `{"p":{"q":"deep"},"l":[1,2]}`, true)
	f("https://x.test/r", "url", true)
	f("a.b", "whole", true)
	f("nothing", "", false)
	f("s.t", "", false)
	f("o.p.q.r", "", false)
	f("", "", false)
	if got, ok := jsonText(nil, "a"); ok {
		t.Errorf("nothing has the value %q", got)
	}
}

func TestWithMembers(t *testing.T) {
	f := func(object string, names, texts []string, want string) {
		t.Helper()
		if got, err := withMembers([]byte(object), names, texts); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", object, got, err, want)
		}
	}
	f("", nil, nil, `{}`)
	f("", []string{"b", "a"}, []string{"1", "\"<\n"}, `{"a":"\"\u003c\n","b":"1"}`)
	f(`{"a":"x","n":{"k":1}}`, []string{"a"}, []string{""}, `{"n":{"k":1}}`)
	if got, err := withMembers([]byte("[]"), nil, nil); err == nil {
		t.Errorf("got %s", got)
	}
}
