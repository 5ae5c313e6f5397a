package gateway

import (
	"context"
	"fmt"

	"zerohop/gateway/auth"
	"zerohop/sqlapi"
)

// statementRows runs the statement of a verifier for the request that is being
// answered.
type statementRows struct{ query *sqlapi.Query }

func newStatementRows(database string, s auth.Statement, databases map[string]*sqlapi.Database) (*statementRows, error) {
	db := theDatabase(databases, database)
	if db == nil {
		return nil, fmt.Errorf("there is no database %q", database)
	}
	query, err := db.Query(queryConfig(s))
	if err != nil {
		return nil, err
	}
	return &statementRows{query}, nil
}

func queryConfig(s auth.Statement) sqlapi.QueryConfig {
	return sqlapi.QueryConfig{Field: s.Key, SQL: s.SQL, AuthNames: s.AuthNames, Needs: s.Needs, Writes: s.Writes}
}

// Row is auth.Rows'.
func (s *statementRows) Row(ctx context.Context, values *auth.Values) (auth.Row, error) {
	sc := scopeOf(ctx)
	var row sqlapi.Row
	if err := s.query.Row(sc, sc.request, verifierLookup{sc, values}, &row); err != nil {
		return auth.Row{}, err
	}
	found := auth.Row{Count: row.Rows()}
	for _, c := range row.Columns() {
		found.Columns = append(found.Columns, auth.Column{Name: string(c.Name), Value: string(c.Value), Null: c.Value == nil})
	}
	return found, nil
}

// verifierLookup answers for the sources of a verifier's statement: of :auth
// there is what is to be verified, and nobody has been identified.
type verifierLookup struct {
	*scope
	values *auth.Values
}

func (l verifierLookup) Lookup(source sqlapi.Source, name string) ([]byte, bool) {
	if source == sqlapi.SourceAuth {
		return l.values.Lookup(name)
	}
	return l.scope.Lookup(source, name)
}
