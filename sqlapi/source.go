package sqlapi

// Source is where a parameter's value comes from.
type Source uint8

// The sources, by the names that SQL uses for them.
const (
	SourcePath    Source = iota + 1 // a wildcard of the route's pattern
	SourceQuery                     // the query string
	SourceForm                      // an application/x-www-form-urlencoded body
	SourceJSON                      // a JSON body
	SourceHeader                    // a request header
	SourceCookie                    // a cookie
	SourceAuth                      // who is asking: user, password; or what a verifier knows
	SourceClient                    // the other end of the connection: ip, port
	SourceSession                   // a value of the session
	SourceClaims                    // a claim of the token that was sent, by its path
	SourceLast                      // what an earlier statement did: insert_id, affected
	SourceRow                       // a column of an earlier statement's last row
	SourcePage                      // the part of the rows that is wanted: limit, offset
	SourceCursor                    // a column of the last row of the page before
)

// ofRequest reports whether the source is part of a request. The others are
// filled in while the endpoint answers it.
func (s Source) ofRequest() bool { return s < SourceLast }

// Lookuper answers for the sources that only the server in front of the
// endpoint knows: path, auth, client, session and claims. ok is false where
// there is no such value. The bytes stay valid until the request ends, and are
// not changed.
type Lookuper interface {
	Lookup(source Source, name string) (value []byte, ok bool)
}

type lookupKey struct{}

// LookupKey is the context key under which an Endpoint finds the request's
// Lookuper: ctx.Value(LookupKey).(Lookuper). It is a pointer, so that asking
// for it costs no allocation.
var LookupKey = &lookupKey{}
