// Package tornado reads what the old stack's Tornado processes left behind, so
// that users stay logged in over the move: the cookies session_id and
// verification of tornado-memcached-sessions, each inside one of Tornado's
// signed cookies, and the pickle that memcached has under the session id.
//
//	signed cookies → session id, verified → (memcached) → pickle → user and data
//
// It reads and never writes: there is no way to make such a cookie here.
//
// A pickle is a program for a machine that can call anything. The reader here
// has a stack, a memo and plain data, and nothing to call: for whatever else the
// pickle asks for there stands an object without a name or a content, and the
// member of the session that holds one is left out. How deep, how many and how large the
// values may be is bounded, for what they become as well: a few bytes of pickle
// can stand for any amount of JSON.
//
// The package leaves to others where the value comes from. Nothing here keeps
// state, and everything may be used by several goroutines at once.
package tornado
