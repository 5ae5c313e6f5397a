package auth

import (
	"context"
	"errors"
	"fmt"

	"zerohop/gateway/passhash"
)

// usersFile is a file in the form of htpasswd, as if it were a statement that
// looks a user up.
type usersFile struct {
	file        *lineFile[map[string]fileUser]
	rolesColumn string
}

// fileUser is a line of a usersFile.
type fileUser struct{ hash, roles string }

func newUsersFile(path, rolesColumn string, s *Sources) (*usersFile, error) {
	file, err := openLineFile(path, s, func(text string) (map[string]fileUser, error) { return parseUsers(path, text) })
	if err != nil {
		return nil, fmt.Errorf("users_file: %w", err)
	}
	return &usersFile{file: file, rolesColumn: rolesColumn}, nil
}

// Row returns the line of a user.
func (f *usersFile) Row(_ context.Context, values *Values) (Row, error) {
	user, ok := f.file.get()[string(values.User)]
	if !ok {
		return Row{}, nil
	}
	return Row{Count: 1, Columns: []Column{{Value: user.hash}, {Name: f.rolesColumn, Value: user.roles}}}, nil
}

// parseUsers reads lines user:hash or user:hash:roles.
func parseUsers(path, text string) (map[string]fileUser, error) {
	users := map[string]fileUser{}
	err := parseLines(path, text, func(fields []string) error {
		if len(fields) < 2 || len(fields) > 3 || fields[0] == "" {
			return errors.New("not a line user:hash or user:hash:roles")
		}
		if _, twice := users[fields[0]]; twice {
			return fmt.Errorf("the user %q stands here for the second time", fields[0])
		}
		if err := passhash.Check(fields[1]); err != nil {
			return fmt.Errorf("the hash of %q: %w; zerohop hash-password and htpasswd -B make good ones", fields[0], err)
		}
		user := fileUser{hash: fields[1]}
		if len(fields) == 3 {
			user.roles = fields[2]
		}
		users[fields[0]] = user
		return nil
	})
	return users, err
}
