package gateway

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"zerohop/assets"
	"zerohop/gateway/conffile"
)

// maxConfigBytes is how large a configuration file may be.
const maxConfigBytes = 16 << 20

// LoadConfig reads a configuration file. When there is something wrong with
// what it says the error is a conffile.Faults, with every fault of the file.
func LoadConfig(path string) (*Config, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return ParseConfig(path, text, conffile.Surroundings{LookupEnv: os.LookupEnv, ReadFile: readBounded})
}

// readBounded returns the content of a file, which is not to be larger than a
// configuration may be.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxConfigBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfigBytes {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxConfigBytes>>20)
	}
	return text, nil
}

// DemoConfig returns the configuration of the demo.
func DemoConfig() (*Config, error) {
	return ParseConfig("demo.toml", []byte(assets.DemoConfig),
		conffile.Surroundings{LookupEnv: os.LookupEnv, ReadFile: readBounded})
}

// ParseConfig reads a configuration from its text. name is the file's path, for
// the faults and for relative paths in it. The error is a conffile.Faults.
func ParseConfig(name string, text []byte, around conffile.Surroundings) (*Config, error) {
	doc := conffile.Parse(name, text)
	doc.Expand(around)
	cfg := new(Config)
	doc.Decode(cfg, laterKeys())
	// Where lines could not be read, what seems to be missing may stand there.
	if doc.SyntaxOK() {
		report(doc, explicitZeros(cfg, doc))
		report(doc, emptySettings(cfg, doc))
		report(doc, withoutQueue(cfg, doc))
		report(doc, cfg.Validate())
		report(doc, filesOfVerifiers(cfg, around.ReadFile))
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// report puts faults where their fields stand, and names the line of the other
// field that a fault is about.
func report(doc *conffile.Document, faults []error) {
	for _, err := range faults {
		if f, ok := errors.AsType[*FieldError](err); ok && f.Other != "" {
			f.Hint = "the other stands at " + doc.Position(f.Other)
		}
	}
	doc.Report(faults...)
}

// explicitZeros returns the faults of settings that were set to what their
// absence means.
func explicitZeros(cfg *Config, doc *conffile.Document) []error {
	var faults []error
	for i, r := range cfg.Routes {
		route := routePath(i)
		if field := route + ".request_timeout"; r.RequestTimeout == 0 && doc.Has(field) {
			faults = append(faults, &FieldError{Field: field, Problem: "no time at all", Hint: "leave it out for limits.request_timeout"})
		}
		if field := route + ".body_bytes"; r.BodyBytes == 0 && doc.Has(field) {
			faults = append(faults, &FieldError{Field: field, Problem: "no byte at all", Hint: "leave it out for limits.body_bytes"})
		}
		if field := route + ".credentials"; r.Credentials == (CredentialsConfig{}) && doc.Has(field) {
			faults = append(faults, credentialsFault(field+".type"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Backends)) {
		if field := "backends." + conffile.PathKey(name) + ".wait"; cfg.Backends[name].Wait == 0 && doc.Has(field) {
			faults = append(faults, &FieldError{Field: field, Problem: "no time at all", Hint: "leave it out for 250ms; without queue nobody waits"})
		}
	}
	return faults
}

// emptySettings returns the faults of names and lists without anything in them,
// which would be taken as left out.
func emptySettings(cfg *Config, doc *conffile.Document) []error {
	var faults []error
	for i, r := range cfg.Routes {
		check := func(key string, empty bool, problem, hint string) {
			if field := routePath(i) + "." + key; empty && doc.Has(field) {
				faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
			}
		}
		check("statements", len(r.Statements) == 0, "no statement at all", `write [[routes.statements]] with sql = "insert …" for each`)
		check("results", len(r.Results) == 0, "no result at all", "leave it out, or name those of the CALL")
		check("user_properties", len(r.UserProperties) == 0, "no property at all", `leave it out, or write [["user", "{query.user}"]]`)
		check("root", r.Root == "", "a property without a name", `leave it out; with success or user_properties the rows stand under "data"`)
		check("success", r.Success == "", "a property without a name", "leave it out")
		check("errcode_key", r.ErrcodeKey == "", "a property without a name", `leave it out for "errcode"`)
		check("errstr_key", r.ErrstrKey == "", "a property without a name", `leave it out for "errstr"`)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Backends)) {
		if field := "backends." + conffile.PathKey(name) + ".hash"; cfg.Backends[name].Hash == "" && doc.Has(field) {
			faults = append(faults, &FieldError{Field: field, Problem: "no value to go by", Hint: `leave it out for "client.ip"`})
		}
	}
	return faults
}

// withoutQueue returns the faults of settings for a queue that a database does
// not have.
func withoutQueue(cfg *Config, doc *conffile.Document) []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(cfg.Databases)) {
		if db := cfg.Databases[name]; db.Overflow != "reject" {
			continue
		}
		for _, key := range []string{"queue", "wait"} {
			if field := "databases." + conffile.PathKey(name) + "." + key; doc.Has(field) {
				faults = append(faults, &FieldError{Field: field, Problem: "there is no queue", Hint: `overflow = "queue" makes one`})
			}
		}
	}
	return faults
}

// filesOfVerifiers returns the faults of the files of users and keys, which are
// read again when the program starts, and whenever they change.
func filesOfVerifiers(cfg *Config, read func(path string) ([]byte, error)) []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(cfg.Auth)) {
		faults = append(faults, allBelow("auth."+conffile.PathKey(name), cfg.Auth[name].ValidateFiles(read))...)
	}
	return faults
}

// laterKeys are the keys of the design that this version does not know.
func laterKeys() []conffile.Later {
	return []conffile.Later{
		{Table: "routes.*", Keys: "expires"},
		{Table: "routes.*", Keys: "files redirect redis lua", Instead: "sql"},
	}
}
