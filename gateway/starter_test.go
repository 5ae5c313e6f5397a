package gateway

import (
	"errors"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"zerohop/assets"
	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

// parseStarter checks a form of the starter file, with nothing in the
// environment, and beside files of users and keys without anybody in them.
func parseStarter(text string) (*Config, error) {
	return ParseConfig("zerohop.toml", []byte(text), conffile.Surroundings{
		LookupEnv: func(string) (string, bool) { return "", false },
		ReadFile: func(path string) ([]byte, error) {
			if path == "users" || path == "keys" {
				return nil, nil
			}
			return nil, fs.ErrNotExist
		},
	})
}

// switchedOff is a line with a key or a table that is commented out.
var switchedOff = regexp.MustCompile(`(?m)^#([a-z\[])`)

func uncommented() string { return switchedOff.ReplaceAllString(assets.StarterConfig, "$1") }

// As it is, the file changes no default.
func TestStarterIsTheDefaults(t *testing.T) {
	cfg, err := parseStarter(assets.StarterConfig)
	if err != nil {
		t.Fatal(err)
	}
	want := new(Config)
	want.SetDefaults()
	want.Limits.SetDefaults()
	db := sqlapi.Config{DSN: "zerohop:@tcp(127.0.0.1:3306)/shop"}
	db.SetDefaults()
	want.Admin = cfg.Admin
	want.Databases = map[string]sqlapi.Config{"main": db}
	want.Routes = cfg.Routes
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got %+v\nwant %+v", cfg, want)
	}
	if server, err := New(cfg, Options{}); err != nil {
		t.Error(err)
	} else {
		server.Close()
	}
}

// With the demo's database it serves what it says.
func TestStarterWorksEmbedded(t *testing.T) {
	cfg, err := parseStarter(regexp.MustCompile(`(?m)^dsn = .*$`).ReplaceAllString(assets.StarterConfig, `dsn = "embedded"`))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.Admin = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	ts := startConfig(t, cfg)
	if got := ts.get("/users/2"); got.body != `[{"id":2,"user":"bob"}]` {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	if got := ts.do(getUser); got.StatusCode != 200 {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

// With every key switched on, nothing is wrong but that the files for TLS and
// for the password are not there; and what is shown as a default is the default.
func TestStarterUncommented(t *testing.T) {
	_, err := parseStarter(uncommented())
	faults, ok := errors.AsType[conffile.Faults](err)
	if !ok || len(faults) != 3 || !strings.Contains(faults[0].String(), "stat /etc/zerohop/admin.password: no such file") ||
		!strings.Contains(faults[1].String(), "open /etc/zerohop/ca.pem: no such file") ||
		!strings.Contains(faults[2].String(), "open /etc/zerohop/app-ca.pem: no such file") {
		t.Errorf("got %v, want the missing files alone", err)
	}
	// Without these the whole of it is sound.
	text := regexp.MustCompile(`(?m)^(ca|certificate|key|admin_password_file) = .*\n`).ReplaceAllString(uncommented(), "")
	cfg, err := parseStarter(text)
	if err != nil {
		t.Fatal(err)
	}
	var limits Limits
	limits.SetDefaults()
	if cfg.Limits != limits {
		t.Errorf("the limits are %+v, want the defaults %+v", cfg.Limits, limits)
	}
	want := sqlapi.Config{DSN: "zerohop:@tcp(127.0.0.1:3306)/shop"}
	want.SetDefaults()
	want.TLS, want.Overflow, want.TimeZone = cfg.Databases["main"].TLS, "queue", "UTC"
	if got := cfg.Databases["main"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the database is %+v, want the defaults %+v", got, want)
	}
}

// Every key that a file may have is in the starter, in its own table.
func TestStarterHasEveryKey(t *testing.T) {
	var tree map[string]any
	if err := toml.Unmarshal([]byte(uncommented()), &tree); err != nil {
		t.Fatal(err)
	}
	// The long form of a text, and what excludes another key, is in a comment.
	inComment := func(name string) bool {
		return regexp.MustCompile(`(?m)^# .*\b` + name + ` = `).MatchString(assets.StarterConfig)
	}
	checked := 0
	var walk func(at reflect.Type, nodes []any, path string)
	walk = func(at reflect.Type, nodes []any, path string) {
		switch at.Kind() {
		case reflect.Pointer:
			walk(at.Elem(), nodes, path)
		case reflect.Map:
			walk(at.Elem(), children(nodes), path+".*")
		case reflect.Slice:
			walk(at.Elem(), children(nodes), path)
		case reflect.Struct:
			for _, field := range reflect.VisibleFields(at) {
				name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
				if name == "" || name == "-" {
					continue
				}
				found := under(nodes, name)
				if len(found) == 0 && !inComment(name) {
					t.Errorf("the file has no key %s.%s", path, name)
				}
				checked++
				walk(field.Type, found, path+"."+name)
			}
		}
	}
	walk(reflect.TypeFor[Config](), []any{tree}, "")
	if checked < 30 {
		t.Errorf("only %d keys were looked for", checked)
	}
}

// children returns what is in lists and tables.
func children(nodes []any) (all []any) {
	for _, n := range nodes {
		switch n := n.(type) {
		case map[string]any:
			for _, child := range n {
				all = append(all, child)
			}
		case []any:
			all = append(all, n...)
		}
	}
	return all
}

// under returns the values that tables have under a name.
func under(nodes []any, name string) (all []any) {
	for _, n := range nodes {
		if table, ok := n.(map[string]any); ok && table[name] != nil {
			all = append(all, table[name])
		}
	}
	return all
}

// Whatever the file says or has switched off, it says in words first.
func TestStarterExplainsEveryKey(t *testing.T) {
	for paragraph := range strings.SplitSeq(assets.StarterConfig, "\n\n") {
		if !strings.HasPrefix(paragraph, "# ") {
			t.Errorf("nothing explains\n%s", paragraph)
		}
	}
}
