package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// save writes the report as Markdown with its pictures, and all figures as
// JSON, into a folder, which it makes. The files have the same names whatever
// was run, so that they replace those of an earlier run.
func (r report) save(dir string) error {
	pictures, err := r.pictures()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	files := map[string][]byte{
		r.subject.name + ".md":   []byte(r.markdown(pictures)),
		r.subject.name + ".json": r.JSON(),
	}
	for _, p := range pictures {
		files[p.file] = p.svg
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	}
	return nil
}
