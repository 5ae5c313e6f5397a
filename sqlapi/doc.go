// Package sqlapi answers HTTP requests from SQL statements.
//
// A Database is a bounded, kept-alive pool of connections to one MySQL or
// MariaDB server. An Endpoint is one statement of a route: Serve binds the
// request's values to its parameters, runs it on a connection of the pool, and
// appends the rows to the response, as JSON or in another format that the
// request accepts:
//
//	bind → enter the gate → acquire → execute → append → release
//
// A Query is a statement whose first row is for the program itself, and no
// answer: one that looks up who is asking. It goes the same way.
//
// A layout makes the rows of a result into a body, in the route's shape
// (AnswerConfig) and its types (TypesConfig); what it works out of the columns is
// kept with the prepared statement, so that a row costs no allocation.
//
// The parameters of all statements of an endpoint are worked out once a request,
// and checked against what ParametersConfig declares: everything that is wrong is
// one ParameterError, before anything is sent. Lists make variants of a statement,
// for 1, 2, 4 … values.
//
// An endpoint may have several statements (StatementConfig): they run one after
// the other in one transaction, each once the one before has met its expectation,
// and may use what earlier ones did and returned. Its rows may be given out in
// pages (PageConfig), with the way to the others in a header.
//
// Statements that are known to be short share a few of the connections, as
// lanes: one request leads, and sends its own statement and those of others in
// one write, reads all the answers and hands each to its owner:
//
//	bind → lead, or wait until the answer is there
//
// Each connection keeps the statements that its endpoints have prepared; what
// the server does not prepare is sent as text, with the values quoted. A
// request that finds every connection busy is refused at once, or waits for its
// turn in a bounded queue. A statement that passes its deadline, or whose request
// is abandoned (Abandonable), is ended on the server too, through a control
// connection. What the server had closed in the meantime is replaced, and a read
// is tried once more, without the client noticing. While the server is out of
// reach, requests are refused without a look at the network.
//
// The package leaves to others: which request belongs to which endpoint, who
// is asking (it reads path, auth, client, session and claims through a
// Lookuper), what an error looks like to the client, and logging. Package wire
// speaks the protocol, package embedded is the engine for trials. Nothing here
// imports anything else of the program.
//
// A Database owns a goroutine that looks after idle connections, one that asks
// for a server that is out of reach until it is back, and short ones that
// connect and disconnect. All have ended when Close returns.
package sqlapi
