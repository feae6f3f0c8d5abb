//go:build unix

package pgserver

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverUser is whom the server runs as. PostgreSQL refuses to run as root, so root hands over to the user postgres, else to nobody;
// everybody else stays who they are, for which the result is nil.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("%w: it does not run as root, and there is neither a user postgres nor a user nobody", ErrUnavailable)
}

// tempDir makes a directory that belongs to the server's user and that this user can reach.
func tempDir(owner *syscall.Credential) (string, error) {
	parent := os.TempDir()
	if owner != nil && !reachable(parent) {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "pgserver-")
	if err != nil || owner == nil {
		return dir, err
	}
	if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
		_ = os.Remove(dir)
		return "", err
	}
	return dir, nil
}

// reachable tells whether everybody may pass through a directory and all those above it.
func reachable(dir string) bool {
	dir, err := filepath.Abs(dir)
	for err == nil {
		info, statErr := os.Stat(dir)
		if statErr != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
	return false
}
