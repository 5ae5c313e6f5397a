package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the prefix of our own packages.
const module = "zerohop/"

// allowed says what the packages may import, tests apart: our own packages,
// those of others, and the ones of the standard library that are guarded. What
// a package's line does not name, it may not import; a package without a line
// may not exist.
var allowed = map[string][]string{
	// x/term reads a password without showing it.
	".": {"assets", "gateway", "gateway/passhash", "github.com/alecthomas/kong", "golang.org/x/term", "log/slog"},

	"assets": {},
	// unsafe hands buffers to system calls that the scheduler is not told of.
	"socket": {"unsafe"},
	// x/sys asks a socket whether its client has left, which syscall cannot.
	"gateway": {
		"assets", "backends", "backends/upstream", "sqlapi", "gateway/conffile", "gateway/auth", "gateway/memcached",
		"gateway/session", "gateway/throttle", "socket", "github.com/valyala/fasthttp", "golang.org/x/sys/unix",
		"github.com/prometheus/client_model/go", "github.com/prometheus/common/expfmt", "log/slog",
	},
	// gomemcache speaks the protocol; connections, deadlines and the choice of
	// a server are ours.
	"gateway/memcached": {"socket", "github.com/bradfitz/gomemcache/memcache"},
	"gateway/session":   {"gateway/memcached", "gateway/tornado"},
	"gateway/tornado":   {},

	"gateway/memcached/memcachedtest": {"testing", "os/exec"},

	// x/crypto has the hashes that the standard library leaves out.
	"gateway/passhash": {"golang.org/x/crypto/argon2", "golang.org/x/crypto/bcrypt", "golang.org/x/crypto/scrypt"},
	// x/text takes the accents off the names that databases take for one.
	"gateway/throttle": {"golang.org/x/text/unicode/norm"},
	// net/http fetches the key sets of those who sign tokens; it serves nobody.
	"gateway/auth":      {"gateway/passhash", "gateway/throttle", "github.com/golang-jwt/jwt/v5", "net/http"},
	"gateway/conffile":  {"github.com/pelletier/go-toml/v2", "github.com/pelletier/go-toml/v2/unstable"},
	"backends":          {"backends/probe", "backends/upstream", "github.com/valyala/fasthttp"},
	"backends/probe":    {"github.com/valyala/fasthttp"},
	"backends/upstream": {"socket", "github.com/valyala/fasthttp"},
	"sqlapi":            {"sqlapi/embedded", "sqlapi/wire", "github.com/valyala/fasthttp", "github.com/jackc/puddle/v2"},
	"sqlapi/wire":       {"socket", "database/sql/driver", "github.com/go-sql-driver/mysql"},
	"sqlapi/embedded": {
		"github.com/dolthub/go-mysql-server", "github.com/dolthub/go-mysql-server/memory",
		"github.com/dolthub/go-mysql-server/server", "github.com/dolthub/go-mysql-server/sql",
		"github.com/dolthub/vitess/go/vt/sqlparser", "github.com/sirupsen/logrus",
	},
	"sqlapi/mariadbtest": {"testing", "os/exec"},

	// go-analyze/charts draws the charts of the results; nothing that serves
	// imports it.
	"bench": {
		"github.com/alecthomas/kong", "github.com/go-sql-driver/mysql", "golang.org/x/sys/unix",
		"github.com/go-analyze/charts", "database/sql", "net/http", "os/exec", "text/template",
	},
	"bench/peers/nethttp": {"github.com/go-sql-driver/mysql", "database/sql", "net/http"},
}

// guarded are the packages of the standard library that need a line: a second
// pool, a second HTTP server, logging outside of gateway and main, and what
// has no place in a program that serves.
var guarded = []string{
	"database/sql", "database/sql/driver", "expvar", "html/template", "log", "log/slog",
	"net/http", "net/http/pprof", "os/exec", "plugin", "testing", "text/template", "unsafe",
}

// forTests are the packages of others that tests may import besides.
var forTests = []string{
	"go.uber.org/goleak", "github.com/go-sql-driver/mysql",
	"github.com/pelletier/go-toml/v2", "github.com/dolthub/go-icu-regex",
	"github.com/prometheus/common/model", "pgregory.net/rapid",
	// chromedp has a real browser try the login page.
	"github.com/chromedp/cdproto/cdp", "github.com/chromedp/cdproto/emulation", "github.com/chromedp/chromedp",
	// toxiproxy breaks connections, zerolog is what it writes to; websocket is
	// a client and a server of tunnels.
	"github.com/Shopify/toxiproxy/v2", "github.com/rs/zerolog", "golang.org/x/net/websocket",
}

// testServers are our own packages that start servers for tests.
var testServers = []string{"sqlapi/mariadbtest", "gateway/memcached/memcachedtest"}

// driverNames are what the product uses of go-sql-driver/mysql: it connects
// and closes, and nothing more. Statements are sqlapi/wire's.
var driverNames = []string{"Config", "MySQLError", "NewConfig", "NewConnector", "NopLogger", "ParseDSN"}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	walkSources(t, func(folder, name string, file *ast.File) {
		line, known := allowed[folder]
		if !known {
			t.Errorf("package %s has no line in the table of imports", folder)
			return
		}
		seen[folder] = true
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !mayImport(line, imported, strings.HasSuffix(name, "_test.go"), folder) {
				t.Errorf("%s imports %s, which the line of %s does not allow", name, imported, folder)
			}
		}
	})
	for folder := range allowed {
		if !seen[folder] {
			t.Errorf("the table has a line for %s, where there is no package", folder)
		}
	}
}

// mayImport decides on one import. Tests may also use the package that they
// test and those below it, the server that is started for them, and all of the
// standard library.
func mayImport(line []string, imported string, test bool, folder string) bool {
	own, ours := strings.CutPrefix(imported, module)
	switch {
	case slices.Contains(line, imported), ours && slices.Contains(line, own):
		return true
	case test && ours:
		return own == folder || slices.Contains(testServers, own) || isBelow(own, line)
	case test && slices.Contains(forTests, imported):
		return true
	case ours, strings.Contains(strings.Split(imported, "/")[0], "."):
		return false
	}
	return test || !slices.Contains(guarded, imported)
}

// isBelow reports whether the imports of a line lead to the package.
func isBelow(folder string, line []string) bool {
	return slices.ContainsFunc(line, func(next string) bool {
		return next == folder || isBelow(folder, allowed[next])
	})
}

// The driver's own API appears in sqlapi/wire, and there only as far as
// connecting goes.
func TestDriverOnlyConnects(t *testing.T) {
	used := 0
	walkSources(t, func(folder, name string, file *ast.File) {
		if folder != "sqlapi/wire" || strings.HasSuffix(name, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "mysql" && pkg.Obj == nil {
				used++
				if !slices.Contains(driverNames, selector.Sel.Name) {
					t.Errorf("%s uses mysql.%s; the driver is here to connect", name, selector.Sel.Name)
				}
			}
			return true
		})
	})
	if used == 0 {
		t.Error("sqlapi/wire uses nothing of the driver: this test looks in the wrong place")
	}
}

func TestMayImport(t *testing.T) {
	f := func(folder, imported string, test, want bool) {
		t.Helper()
		if got := mayImport(allowed[folder], imported, test, folder); got != want {
			t.Errorf("%s may import %s (test %t): got %t, want %t", folder, imported, test, got, want)
		}
	}
	f("gateway", "zerohop/sqlapi", false, true)
	f("sqlapi", "zerohop/gateway", false, false)
	f("sqlapi", "zerohop/gateway", true, false)
	f("backends", "zerohop/sqlapi", false, false)
	f("gateway", "net/http", false, false)
	f("gateway", "net/http", true, true)
	f("sqlapi", "database/sql", false, false)
	f("sqlapi", "log/slog", false, false)
	f("bench", "database/sql", false, true)
	f("gateway", "github.com/stretchr/testify", true, false)
	f("gateway", "strings", false, true)
	f("gateway", "zerohop/gateway", true, true)
	f("gateway", "zerohop/sqlapi/wire", true, true)
	f("gateway", "zerohop/sqlapi/wire", false, false)
}

// walkSources parses every Go file of the module, whatever its build tags;
// folder is relative to the top, with slashes.
func walkSources(t *testing.T, visit func(folder, name string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(name, "go.mod"))
			if name != "." && (nested == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(filepath.Dir(name)), filepath.ToSlash(name), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
