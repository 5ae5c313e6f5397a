package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tools are the programs of others that a run needs, by their paths.
type tools struct {
	mariadbd  string
	installDB string
	wrk       string
	golang    string
}

// missingToolsError names the programs that this machine lacks.
type missingToolsError struct {
	programs []string
	packages []string // their Debian packages, each once
}

func (e *missingToolsError) Error() string {
	return "not found on this machine: " + strings.Join(e.programs, ", ") +
		"; on Debian: apt-get install " + strings.Join(e.packages, " ")
}

// findTools looks every program up, on path and where Debian puts servers. All
// that are missing are named by one *missingToolsError.
func findTools(path string) (tools, error) {
	var found tools
	missing := &missingToolsError{}
	seen := make(map[string]bool)
	look := func(into *string, program, debianPackage string) {
		if *into = lookProgram(path, program); *into != "" {
			return
		}
		missing.programs = append(missing.programs, program)
		if !seen[debianPackage] {
			seen[debianPackage] = true
			missing.packages = append(missing.packages, debianPackage)
		}
	}
	look(&found.mariadbd, "mariadbd", "mariadb-server")
	look(&found.installDB, "mariadb-install-db", "mariadb-server")
	look(&found.wrk, "wrk", "wrk")
	look(&found.golang, "go", "golang-go")
	if len(missing.programs) > 0 {
		return tools{}, missing
	}
	return found, nil
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
