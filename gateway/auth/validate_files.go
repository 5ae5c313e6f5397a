package auth

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// ValidateFiles returns everything that is wrong with the files that the
// configuration names, as Validate does for the configuration itself. read
// returns a file's content. A pipe, which cannot be read twice, is left to New.
func (c Config) ValidateFiles(read func(path string) ([]byte, error)) []error {
	var check faults
	look := func(field, path string, parse func(text string) error) {
		if path == "" || isPipe(path) {
			return
		}
		text, err := read(path)
		if err == nil && !utf8.Valid(text) {
			err = errors.New("it is not valid UTF-8")
		}
		if err != nil {
			// The path may come out of the environment, as secrets do.
			if at, ok := errors.AsType[*fs.PathError](err); ok {
				err = at.Err
			}
			check.add(field, "cannot read the file: "+err.Error(), "")
			return
		}
		for _, fault := range each(parse(string(text))) {
			check.add(field, fault.Error(), "")
		}
	}
	switch c.Type {
	case TypeBasic:
		look("users_file", c.UsersFile, func(text string) error { _, err := parseUsers(c.UsersFile, text); return err })
	case TypeKey:
		look("keys_file", c.KeysFile, func(text string) error { _, err := parseKeys(c.KeysFile, text); return err })
	case TypeJWT:
		if filepath.IsAbs(c.JWKS) { // else it is a URL, or a fault already
			look("jwks", c.JWKS, func(text string) error { _, err := parseKeySet([]byte(text)); return err })
		}
	}
	return check
}

// isPipe reports whether a path leads to what is neither a file nor a folder.
func isPipe(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// each takes what errors.Join has put together apart.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
