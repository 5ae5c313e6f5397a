package gateway

import (
	"testing"

	"zerohop/assets"
	"zerohop/sqlapi/mariadbtest"
)

// onEngines runs a test on the embedded engine and on a MariaDB of its own,
// each with the demo's data.
func onEngines(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("embedded", func(t *testing.T) { test(t, "embedded") })
	t.Run("mariadb", func(t *testing.T) {
		server := startMariaDB(t)
		if err := server.Run(assets.DemoSQL); err != nil {
			t.Fatal(err)
		}
		test(t, server.DSN())
	})
}

// startMariaDB starts a server that ends with the test.
func startMariaDB(t testing.TB) *mariadbtest.Server {
	t.Helper()
	server, err := mariadbtest.Start()
	if server != nil {
		t.Cleanup(server.Stop)
	}
	return mariadbtest.Require(t, server, err)
}

// startText runs a server with a configuration file's text, on any port.
func startText(t testing.TB, text string) *testServer {
	t.Helper()
	cfg, err := parseTest("listen = '127.0.0.1:0'\n" + text)
	if err != nil {
		t.Fatal(err)
	}
	return startConfig(t, cfg)
}
