package sqlapi

import "fmt"

// LimitConfig bounds how long an answer may be. Its zero value leaves that to
// the database's own max_bytes.
type LimitConfig struct {
	// MaxRows is how many rows an answer may have, 0 for any number.
	MaxRows int `toml:"max_rows"`
	// MaxBytes is how long the body may be, 0 for any length.
	MaxBytes int64 `toml:"max_bytes,size"`
	// OnLimit is what happens to a longer one: "error", which it is without a
	// word, fails; "truncate" leaves rows out, and says so in the header
	// X-Truncated and in a property beside the root.
	OnLimit string `toml:"on_limit"`
}

// The values of LimitConfig.OnLimit. None is "error".
const (
	limitError    = "error"
	limitTruncate = "truncate"
)

// maxMaxRows keeps numbers out that are no number of rows any more.
const maxMaxRows = 1 << 31

func (c LimitConfig) validate() []error {
	faults := wordFaults("on_limit", c.OnLimit, []string{limitError, limitTruncate})
	fault := func(field, problem, hint string) {
		faults = append(faults, fieldFault(field, problem, hint))
	}
	if c.MaxRows < 0 || c.MaxRows > maxMaxRows {
		fault("max_rows", fmt.Sprintf("%d rows are out of range", c.MaxRows), "1 to 2147483648, or leave it out for any number")
	}
	if c.MaxBytes != 0 && (c.MaxBytes < 64 || c.MaxBytes > maxBytes) {
		fault("max_bytes", fmt.Sprintf("%d bytes are out of range", c.MaxBytes), "64 bytes to 1TiB, or leave it out for what the database's max_bytes allows")
	}
	if c.OnLimit != "" && c.MaxRows == 0 && c.MaxBytes == 0 {
		fault("on_limit", "there is no limit", "add max_rows or max_bytes")
	}
	return faults
}
