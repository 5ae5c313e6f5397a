// Package memcachedtest starts private memcached servers for tests.
//
// A server has a port or a socket of its own, on loopback only, and ends with
// the test that started it. Where no memcached is installed, tests skip and name
// the Debian package, unless ZEROHOP_REQUIRE lists memcached: then they fail.
//
// Only tests import this package.
package memcachedtest
