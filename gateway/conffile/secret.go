package conffile

import (
	"regexp"
	"slices"
	"strings"
)

const mask = "***"

// secretWord is what the names of secrets have in them. It is a guess, for keys
// that no field is known for: of the others their fields say it.
const secretWord = `dsn|pass|pwd|secret|token|key`

var (
	// secretName is a key whose value nobody should see.
	secretName = regexp.MustCompile(`(?i)` + secretWord)
	// secretAssignment is such a key with its equals sign, in a text that
	// could not be taken apart.
	secretAssignment = regexp.MustCompile(`(?im)(?:^|[{,\n])[ \t]*[\w."' \t-]*(?:` + secretWord + `)[\w."' \t-]*=[ \t]*`)
	// addressPassword is the password in a DSN or a URL.
	addressPassword = regexp.MustCompile(`://[^\s:@/"']*:([^\s"']+)@|[^\s:@"']*:([^\s"']+)@(?:\w*\(|/)`)
)

func soundSecret(key []part) bool {
	return slices.ContainsFunc(key, func(p part) bool { return secretName.MatchString(p.name) })
}

// hide makes a value, with all below it, a secret.
func (d *Document) hide(n *node) {
	d.masks = append(d.masks, n.span)
	n.walk(func(below *node) { below.secret = true })
}

// guess makes a value a secret because of its name, until reveal says that it
// is none.
func (d *Document) guess(n *node) {
	n.guessed = true
	d.guesses = append(d.guesses, n)
	n.walk(func(below *node) { below.secret = true })
}

// reveal undoes the guess that a value, one that has a field of its own, is a
// secret. What is below it under names that sound so is still one.
func (n *node) reveal() {
	if n.guessed {
		n.guessed = false
		n.show()
	}
}

func (n *node) show() {
	n.secret = false
	for _, e := range n.keys {
		if !e.node.guessed {
			e.node.show()
		}
	}
	for _, element := range n.elements {
		element.show()
	}
}

// secrets returns the places of all secrets.
func (d *Document) secrets() []span {
	all := slices.Clone(d.masks)
	for _, n := range d.guesses {
		if n.guessed {
			all = append(all, n.span)
		}
	}
	return all
}

// hideTexts hides the texts in a value under a key that nobody knows: it could
// be a misspelt password. Numbers may be seen.
func (d *Document) hideTexts(n *node) {
	n.walk(func(below *node) {
		if below.kind == kindString {
			d.hide(below)
		}
	})
}

// masked reports whether an offset lies in a secret.
func (d *Document) masked(offset int) bool {
	return slices.ContainsFunc(d.secrets(), func(s span) bool { return s.contains(offset) })
}

// lineMasks returns the parts of a line that are not to be shown, in order and
// without overlap.
func (d *Document) lineMasks(line span) []span {
	var masks []span
	for _, m := range d.secrets() {
		if m.start < line.end && m.end > line.start {
			masks = append(masks, span{max(m.start, line.start), min(m.end, line.end)})
		}
	}
	text := d.text[line.start:line.end]
	for _, m := range addressPassword.FindAllSubmatchIndex(text, -1) {
		for group := 2; group < len(m); group += 2 {
			if m[group] >= 0 {
				masks = append(masks, span{line.start + m[group], line.start + m[group+1]})
			}
		}
	}
	slices.SortFunc(masks, func(a, b span) int { return a.start - b.start })
	return merged(masks)
}

// merged joins spans that overlap. They are sorted by their start.
func merged(spans []span) []span {
	var joined []span
	for _, s := range spans {
		if last := len(joined) - 1; last >= 0 && s.start <= joined[last].end {
			joined[last].end = max(joined[last].end, s.end)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// hiddenTexts returns the secrets of the document, and all that expansion put
// into it, the longest first: what no message may quote. Very short ones are
// left out, as hiding them would hide ordinary words.
func (d *Document) hiddenTexts() []string {
	const shortest = 4
	var hidden []string
	d.root.walk(func(n *node) {
		if n.secret && n.kind != kindTable && n.kind != kindArray {
			hidden = append(hidden, n.text)
			for _, m := range addressPassword.FindAllStringSubmatch(n.text, -1) {
				hidden = append(hidden, m[1:]...)
			}
		}
		hidden = append(hidden, n.expanded()...)
	})
	hidden = slices.DeleteFunc(hidden, func(s string) bool { return len(s) < shortest })
	slices.SortFunc(hidden, func(a, b string) int { return len(b) - len(a) })
	return hidden
}

// expanded returns what expansion put into a text, and the whole text that came
// of it.
func (n *node) expanded() []string {
	var texts []string
	for _, p := range n.pieces {
		if !p.literal {
			texts = append(texts, n.text, n.text[p.from:p.to])
		}
	}
	return texts
}

// masking returns a message without the texts that are to be hidden.
func masking(message string, hidden []string) string {
	for _, h := range hidden {
		if h != "" {
			message = strings.ReplaceAll(message, h, mask)
		}
	}
	return message
}
