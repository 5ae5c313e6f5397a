package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zerohop/gateway"
	"zerohop/gateway/conffile"
)

// recipe is a route of the README's cookbook, with a request and its answer.
type recipe struct{ route, line, answer string }

// onMariaDBOnly reports whether the embedded engine cannot run the recipe.
func (r recipe) onMariaDBOnly() bool { return strings.Contains(r.route, `"call `) }

// cookbook returns the README's recipes, and the SQL of their tables: that of
// the first block, and that of all.
func cookbook(t *testing.T) (tables, all string, recipes []recipe) {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, route := cookbookSection.FindString(string(b)), ""
	for _, block := range regexp.MustCompile("(?s)```(sql|toml|console)\n(.*?)```").FindAllStringSubmatch(text, -1) {
		switch language, content := block[1], block[2]; {
		case language == "sql" && all == "":
			tables, all = content, content
		case language == "sql":
			all += content
		case language == "toml":
			route = content
		default:
			line, answer, _ := strings.Cut(content, "\n")
			recipes = append(recipes, recipe{route, line, strings.TrimSuffix(answer, "\n")})
		}
	}
	if len(recipes) != 10 {
		t.Fatalf("README.md has %d recipes, want 10", len(recipes))
	}
	return tables, all, recipes
}

func TestCookbook(t *testing.T) {
	tables, all, recipes := cookbook(t)
	t.Run("embedded", func(t *testing.T) {
		needEngine(t)
		recipes := slices.DeleteFunc(slices.Clone(recipes), recipe.onMariaDBOnly)
		if len(recipes) < 9 {
			t.Errorf("only %d recipes run on the embedded engine", len(recipes))
		}
		// The engine takes statements over HTTP alone.
		routes := ""
		statements := strings.Split(strings.TrimSpace(tables), ";")
		for i, sql := range statements[:len(statements)-1] {
			routes += fmt.Sprintf("[[routes]]\nmatch = \"POST /set-up/%d\"\nsql = %q\n", i, strings.TrimSpace(sql))
		}
		address := serveRecipes(t, "embedded", routes, recipes)
		for i := range statements[:len(statements)-1] {
			response, err := http.Post(fmt.Sprintf("http://%s/set-up/%d", address, i), "", nil)
			if err != nil || response.StatusCode != 200 {
				t.Fatalf("set up %s: %v, %v", statements[i], response, err)
			}
			response.Body.Close()
		}
		followRecipes(t, address, recipes)
	})
	t.Run("mariadb", func(t *testing.T) {
		server := mariaDB(t)
		if err := server.Run("drop table if exists tool, account; drop procedure if exists report;" + all); err != nil {
			t.Fatal(err)
		}
		followRecipes(t, serveRecipes(t, server.DSN(), "", recipes), recipes)
	})
}

// serveRecipes serves all recipes as one configuration, and returns the address.
func serveRecipes(t *testing.T, dsn, routes string, recipes []recipe) string {
	t.Helper()
	text := fmt.Sprintf("listen = '127.0.0.1:0'\n[databases.main]\ndsn = %q\n%s", dsn, routes)
	for _, r := range recipes {
		text += r.route
	}
	cfg, err := gateway.ParseConfig("zerohop.toml", []byte(text), conffile.Surroundings{LookupEnv: os.LookupEnv, ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	return startDemo(t, cfg).Addrs()[0].String()
}

func followRecipes(t *testing.T, address string, recipes []recipe) {
	t.Helper()
	for _, r := range recipes {
		got, err := curl(strings.Replace(r.line, "127.0.0.1:8080", address, 1), r.answer)
		if err != nil || got != r.answer {
			t.Errorf("%s: got\n%s\n%v, want\n%s", r.line, got, err, r.answer)
		}
	}
}

// word is one of a command line, quoted or not.
var word = regexp.MustCompile(`'[^']*'|\S+`)

// curl does what a line `$ curl [-i] [-X METHOD] [--json BODY] URL` does. Of the
// header that -i asks for it returns the fields that are in want, which leaves
// the others out. Line ends are those of the README.
func curl(line, want string) (string, error) {
	words := word.FindAllString(line, -1)
	if len(words) < 3 || words[0] != "$" || words[1] != "curl" {
		return "", errors.New("not a curl line")
	}
	method, body, head := "GET", "", false
	for i := 2; i < len(words)-1; i++ {
		switch words[i] {
		case "-i":
			head = true
		case "-X":
			i++
			method = words[i]
		case "--json":
			i++
			body = strings.Trim(words[i], "'")
			if method == "GET" {
				method = "POST"
			}
		default:
			return "", fmt.Errorf("the test does not know %s", words[i])
		}
	}
	request, err := http.NewRequest(method, strings.Trim(words[len(words)-1], "'"), strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	got := ""
	if head {
		got = response.Proto + " " + response.Status + "\n"
		for field := range strings.SplitSeq(want, "\n") {
			if name, _, ok := strings.Cut(field, ": "); ok && response.Header.Get(name) != "" {
				got += name + ": " + response.Header.Get(name) + "\n"
			}
		}
		got += "\n"
	}
	return got + strings.TrimSuffix(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n"), nil
}
