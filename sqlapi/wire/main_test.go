package wire

import (
	"os"
	"sync"
	"testing"

	"zerohop/sqlapi/mariadbtest"
)

// startMariaDB starts the server that this package's tests share, once.
var startMariaDB = sync.OnceValues(func() (*mariadbtest.Server, error) { return mariadbtest.Start() })

func TestMain(m *testing.M) {
	code := m.Run()
	if server, err := startMariaDB(); err == nil && server != nil {
		server.Stop()
	}
	os.Exit(code)
}

func mariaDB(t testing.TB) *mariadbtest.Server {
	t.Helper()
	server, err := startMariaDB()
	return mariadbtest.Require(t, server, err)
}
