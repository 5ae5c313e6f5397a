// Package mariadbtest starts private MariaDB servers for tests.
//
// A server has a data folder, a port and a socket of its own, listens on
// loopback only, and ends with the test or the TestMain that started it. Where
// no mariadbd is installed, tests skip and name the Debian package, unless
// ZEROHOP_REQUIRE lists mariadb: then they fail.
//
// Only tests import this package.
package mariadbtest
