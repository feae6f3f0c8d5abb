//go:build unix

package pgserver

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// findBinaries returns the directory of initdb and postgres.
func (c *cluster) findBinaries(ctx context.Context, from *source) (string, error) {
	if from == nil {
		// The one error of Glob is a bad pattern.
		candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		slices.SortFunc(candidates, func(a, b string) int { return version(b) - version(a) })
		if path, err := exec.LookPath("postgres"); err == nil {
			candidates = slices.Insert(candidates, 0, filepath.Dir(path))
		}
		if i := slices.IndexFunc(candidates, complete); i >= 0 {
			return candidates[i], nil
		}
	}
	return c.download(ctx, from)
}

// version is the major version in a path like /usr/lib/postgresql/15/bin.
func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func complete(bin string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(bin, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// downloading is held while the library works: it leaves an empty file among the temporary ones, which is found by comparison.
var downloading sync.Mutex

// download brings PostgreSQL into the cluster's directory. Of the library only the download, its cache in the home directory and the
// unpacking are used: it would start the server as root too, which fails, and not in the way that this package promises.
func (c *cluster) download(ctx context.Context, from *source) (string, error) {
	port, err := freePort(ctx)
	if err != nil {
		return "", err
	}
	root := filepath.Join(c.dir, "postgresql")
	// A data directory that cannot exist stops the library after the unpacking.
	config := embeddedpostgres.DefaultConfig().BinariesPath(root).RuntimePath(filepath.Join(c.dir, "runtime")).DataPath("\x00").
		Port(uint32(port)).Logger(io.Discard)
	if from != nil {
		config = config.BinaryRepositoryURL(from.url).CachePath(from.cache)
	}
	reason := make(chan error, 1)
	go func() {
		downloading.Lock()
		defer downloading.Unlock()
		const pattern = "embedded_postgres_log*"
		before, _ := filepath.Glob(filepath.Join(os.TempDir(), pattern))
		err := embeddedpostgres.NewDatabase(config).Start()
		after, _ := filepath.Glob(filepath.Join(os.TempDir(), pattern))
		for _, path := range after {
			if info, err := os.Stat(path); err == nil && info.Size() == 0 && !slices.Contains(before, path) {
				_ = os.Remove(path)
			}
		}
		if ctx.Err() != nil {
			// Nobody waits any more, and the directory may be gone already but for what was just unpacked.
			_ = os.RemoveAll(c.dir)
		}
		reason <- err
	}()
	select {
	case err = <-reason:
	case <-ctx.Done():
		return "", fmt.Errorf("%w: downloading it: %w", ErrUnavailable, ctx.Err())
	}
	bin := filepath.Join(root, "bin")
	if !complete(bin) {
		return "", fmt.Errorf("%w: none on PATH or in /usr/lib/postgresql, and downloading it failed: %w", ErrUnavailable, err)
	}
	return bin, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return c.own(path)
	})
}
