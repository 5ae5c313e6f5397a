package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	upper := func(dst, text []byte) ([]byte, error) {
		if strings.Contains(string(text), "!") {
			return dst, errors.New("it shouts")
		}
		return append(dst, strings.ToUpper(string(text))...), nil
	}
	texts, err := NewTexts([]Text{
		{Field: "a", Text: "no value, {{ and }"},
		{Field: "b", Text: "<{query.v}|{path.id}>"},
		{Field: "c", Text: `"{query.v}"`, Literal: EscapeJSON, Value: EscapeJSON},
		{Field: "d", Text: "x{query.v}x", Value: upper},
	})
	if err != nil {
		t.Fatal(err)
	}
	if texts.Fixed() {
		t.Error("texts with values are fixed")
	}
	f := func(i int, q, want, problem string) {
		t.Helper()
		filled, err := texts.Fill(asker{Context: context.Background(), path: "7"}, writeRequest(q))
		if err != nil {
			if err.Error() != problem {
				t.Errorf("text %d of %s: got %v, want %s", i, q, err, problem)
			}
			return
		}
		defer filled.Free()
		got, err := filled.Append([]byte("> "), i)
		if problem != "" {
			if !errors.Is(err, ErrParameter) || err.Error() != problem {
				t.Errorf("text %d of %s: got %v, want %s", i, q, err, problem)
			}
		} else if err != nil || string(got) != "> "+want {
			t.Errorf("text %d of %s: got %q, %v, want %q", i, q, got, err, want)
		}
	}
	f(0, "v=x", "no value, { and }", "")
	f(1, "v=x", "<x|7>", "")
	f(1, "", "<|7>", "")
	f(1, "v=%00%c3%bf", "<\x00\u00ff|7>", "")
	f(2, "v=%22%0a", `\"\"\n\"`, "")
	f(2, "v=%ff", "", "bad parameter: query.v: is not valid UTF-8")
	f(3, "v=y", "xYx", "")
	f(3, "v=y!", "", "bad parameter: query.v: it shouts")

	if fixed, err := NewTexts([]Text{{Field: "a", Text: "x"}}); err != nil || !fixed.Fixed() {
		t.Errorf("got %v, %v, want fixed texts", fixed, err)
	}
	for _, text := range []string{"{", "{query.v", "{{query.v}}{", "{v}"} {
		if _, err := NewTexts([]Text{{Field: "a", Text: text}}); err == nil {
			t.Errorf("NewTexts took %q", text)
		}
	}
}

func TestValidateTexts(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		faults := EndpointConfig{PathNames: []string{"id"}, ReadOnly: true}.ValidateTexts([]Text{{Field: "respond.body", Text: text}})
		got := ""
		for _, err := range faults {
			fault, _ := errors.AsType[*FieldError](err)
			got += fmt.Sprintf("%s %d; ", fault.Field, fault.Offset)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	f("{path.id}{query.x}{header.x}{cookie.x}{client.ip}", "")
	f("ab{path.x}{auth.user}", "respond.body 2; respond.body 10; ")
	f("{json.a}{form.b}", "respond.body 0; respond.body 8; ")
	f("{last.insert_id}{row.x}{page.limit}{cursor.id}", "respond.body 0; respond.body 16; respond.body 23; respond.body 35; ")
}

func TestTextsAllocate(t *testing.T) {
	texts, err := NewTexts([]Text{{Field: "a", Text: `{"v":"{query.v}"}`[1:], Value: EscapeJSON}})
	if err != nil {
		t.Fatal(err)
	}
	var a context.Context = asker{Context: t.Context()}
	rc, dst := writeRequest("v=x%22"), make([]byte, 0, 100)
	got := testing.AllocsPerRun(100, func() {
		filled, err := texts.Fill(a, rc)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := filled.Append(dst, 0); err != nil {
			t.Fatal(err)
		}
		filled.Free()
	})
	if got != 0 && !raceEnabled {
		t.Errorf("got %v allocations, want none", got)
	}
}
