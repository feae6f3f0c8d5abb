// Package pgtest gives the tests of a package one PostgreSQL server to share. Call [Main] from TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
)

var (
	mu     sync.Mutex
	shared *pgserver.Server
	failed error
)

// Main runs the tests and stops the shared server, if one of them started it. The result is for os.Exit.
func Main(m *testing.M) int {
	code := m.Run()
	mu.Lock()
	defer mu.Unlock()
	if shared != nil {
		if err := shared.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping PostgreSQL:", err)
			return max(code, 1)
		}
	}
	return code
}

// Server returns the server that the tests of this binary share; the first call starts it. It skips the test where no PostgreSQL can
// be had.
func Server(tb testing.TB) *pgserver.Server {
	tb.Helper()
	mu.Lock()
	defer mu.Unlock()
	if shared == nil && failed == nil {
		// The server is for all tests, so the context of the first one must not end its start.
		shared, failed = pgserver.Start(context.WithoutCancel(tb.Context()), pgserver.Options{})
	}
	if errors.Is(failed, pgserver.ErrUnavailable) {
		tb.Skip(failed)
	}
	if failed != nil {
		tb.Fatal(failed)
	}
	return shared
}

// NewDatabase makes an empty database with its own user for one test.
func NewDatabase(tb testing.TB) pgserver.Database {
	tb.Helper()
	database, err := Server(tb).NewDatabase(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return database
}
