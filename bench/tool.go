package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tools are the programs of others that a run needs, by their paths.
type tools struct {
	wrk    string
	golang string

	// What single subjects and kinds need; "" where none of those runs.
	mariadbd  string
	installDB string
	nginx     string
	haproxy   string
	python    string
	memcached string
}

// missingToolsError names the programs that this machine lacks.
type missingToolsError struct {
	programs []string
	packages []string // their Debian packages, each once
	kinds    []string // keys of the kinds that can be left out, when that is enough
}

func (e *missingToolsError) Error() string {
	text := "not found on this machine: " + strings.Join(e.programs, ", ") +
		"; on Debian: apt-get install " + strings.Join(e.packages, " ")
	if len(e.kinds) > 0 {
		text += "; or leave out " + strings.Join(e.kinds, ", ") + " with --peers"
	}
	return text
}

// findTools looks up every program that a subject and the kinds need, on path and where
// Debian puts servers. All that are missing are named by one
// *missingToolsError.
func findTools(path string, of *subject, kinds []kind) (tools, error) {
	s := &search{path: path}
	var found tools
	if of.find != nil {
		of.find(s, &found)
	}
	found.wrk, found.golang = s.find("wrk", "wrk"), s.find("go", "golang-go")
	needed := len(s.missing.programs)
	for _, k := range kinds {
		if k.find == nil {
			continue
		}
		before := len(s.missing.programs)
		k.find(s, &found)
		if len(s.missing.programs) > before && needed == 0 && len(kinds) > 1 {
			s.missing.kinds = append(s.missing.kinds, k.key)
		}
	}
	if len(s.missing.programs) > 0 {
		return tools{}, &s.missing
	}
	return found, nil
}

// search looks programs up and notes those that are missing.
type search struct {
	path    string
	missing missingToolsError
}

// find returns the file of a program, or "".
func (s *search) find(program, debianPackage string) string {
	file := lookProgram(s.path, program)
	if file == "" {
		s.miss(program, debianPackage)
	}
	return file
}

// findPython returns the first Python that has all modules, or "". Debian's
// own, which has those of Debian's packages, need not be on the path.
func (s *search) findPython(modules ...string) string {
	for _, dir := range append(filepath.SplitList(s.path), "/usr/bin") {
		file := lookProgram(dir, "python3")
		if file != "" && exec.Command(file, "-c", "import "+strings.Join(modules, ", ")).Run() == nil {
			return file
		}
	}
	packages := make([]string, len(modules))
	for i, module := range modules {
		packages[i] = "python3-" + module
	}
	s.miss("python3 with "+strings.Join(modules, " and "), packages...)
	return ""
}

func (s *search) miss(program string, debianPackages ...string) {
	s.missing.programs = append(s.missing.programs, program)
	for _, debianPackage := range debianPackages {
		if !slices.Contains(s.missing.packages, debianPackage) {
			s.missing.packages = append(s.missing.packages, debianPackage)
		}
	}
}

// lookProgram returns the file that is run for program, or "".
func lookProgram(path, program string) string {
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, program)
		if !filepath.IsAbs(file) {
			continue // the current folder is no place for a server
		}
		if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

// searchPath is PATH and the folder that holds servers, which a user's PATH
// may lack.
func searchPath() string {
	return os.Getenv("PATH") + string(os.PathListSeparator) + "/usr/sbin"
}

// firstLine runs a program that says its version and returns the first line
// of what it says. wrk does so with exit code 1, so the code does not count.
func firstLine(program string, args ...string) string {
	out, _ := exec.Command(program, args...).CombinedOutput()
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
