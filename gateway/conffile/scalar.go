package conffile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// refusal says why a scalar cannot be what is wanted. Without a problem it is
// of the wrong kind. The hint may quote the value, the problem does not.
type refusal struct{ problem, hint string }

func text(n *node) (string, *refusal) {
	switch n.kind {
	case kindString:
		return n.text, nil
	case kindTable, kindArray:
		return "", &refusal{}
	}
	return "", &refusal{hint: fmt.Sprintf("write it in quotes: %q", n.text)}
}

// scalarText returns any single value as a text: a whole number in decimal
// digits, anything else as it is written.
func scalarText(n *node) (string, *refusal) {
	switch n.kind {
	case kindTable, kindArray:
		return "", &refusal{}
	case kindInteger:
		return strconv.FormatInt(n.value.(int64), 10), nil
	case kindFloat:
		return strings.TrimPrefix(strings.ReplaceAll(n.text, "_", ""), "+"), nil
	}
	return n.text, nil
}

func boolean(n *node) (bool, *refusal) {
	switch {
	case n.kind == kindBool:
		return n.value.(bool), nil
	case n.kind == kindString && n.text == "true":
		return true, nil
	case n.kind == kindString && n.text == "false":
		return false, nil
	}
	return false, &refusal{}
}

func wholeNumber(n *node) (int64, *refusal) {
	if n.kind == kindInteger {
		return n.value.(int64), nil
	}
	if n.kind != kindString {
		return 0, &refusal{}
	}
	number, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		return 0, &refusal{problem: "not a whole number"}
	}
	return number, nil
}

const durationHint = `write "250ms", "30s", "5m" or "1h30m"`

func duration(n *node) (time.Duration, *refusal) {
	switch n.kind {
	case kindString:
	case kindInteger, kindFloat:
		return 0, &refusal{
			problem: "a duration needs a unit",
			hint:    fmt.Sprintf("write %q, or with ms, m or h", n.text+"s"),
		}
	default:
		return 0, &refusal{hint: durationHint}
	}
	d, err := time.ParseDuration(n.text)
	switch {
	case err != nil:
		return 0, &refusal{"not a duration", durationHint}
	case d < 0:
		return 0, &refusal{"a duration cannot be negative", durationHint}
	}
	return d, nil
}

const sizeHint = `write "16KiB", "1MiB", "64kB" or a number of bytes`

// units are the multiples of a byte, by their names in lower case.
func units(name string) (bytes int64, ok bool) {
	switch strings.ToLower(name) {
	case "", "b":
		return 1, true
	case "kb":
		return 1e3, true
	case "mb":
		return 1e6, true
	case "gb":
		return 1e9, true
	case "kib":
		return 1 << 10, true
	case "mib":
		return 1 << 20, true
	case "gib":
		return 1 << 30, true
	}
	return 0, false
}

func size(n *node) (int64, *refusal) {
	switch n.kind {
	case kindInteger:
		if n.value.(int64) < 0 {
			return 0, &refusal{"a size cannot be negative", sizeHint}
		}
		return n.value.(int64), nil
	case kindString:
	default:
		return 0, &refusal{hint: sizeHint}
	}
	digits := strings.TrimRight(n.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit, known := units(n.text[len(digits):])
	number, err := strconv.ParseInt(strings.TrimRight(digits, " "), 10, 64)
	switch {
	case err != nil || !known:
		return 0, &refusal{"not a size", sizeHint}
	case number < 0:
		return 0, &refusal{"a size cannot be negative", sizeHint}
	case number > math.MaxInt64/unit:
		return 0, &refusal{"too large", ""}
	}
	return number * unit, nil
}
