//go:build unix

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is the directory and the processes of a server.
type cluster struct {
	dir string
	// user is whom the processes run as, nil for the user of this one.
	user    *syscall.Credential
	watcher *watcher
	// postgres is the server, and exited is closed when it is gone.
	postgres *exec.Cmd
	exited   chan struct{}
}

// launch makes a cluster and starts its server at a port that it sets in s.
func launch(ctx context.Context, s *Server, opts Options) (*cluster, error) {
	user, err := serverUser()
	if err != nil {
		return nil, err
	}
	dir, err := tempDir(user)
	if err != nil {
		return nil, fmt.Errorf("making a directory for PostgreSQL: %w", err)
	}
	c := &cluster{dir: dir, user: user}
	if err := c.start(ctx, s, opts); err != nil {
		return nil, errors.Join(err, c.halt())
	}
	return c, nil
}

func (c *cluster) start(ctx context.Context, s *Server, opts Options) error {
	var err error
	if c.watcher, err = newWatcher(c); err != nil {
		return fmt.Errorf("%w: starting a process as its user: %w", ErrUnavailable, err)
	}
	bin, err := c.findBinaries(ctx, opts.download)
	if err != nil {
		return err
	}
	if err := c.initialize(ctx, bin, s.Password, opts); err != nil {
		return err
	}
	for try := 1; ; try++ {
		if s.Port, err = freePort(ctx); err != nil {
			return err
		}
		// Somebody else may take the port before PostgreSQL does.
		portTaken, err := c.serve(ctx, bin, s, opts)
		if err == nil || !portTaken || try == 5 {
			return err
		}
	}
}

// initialize makes the cluster. Every connection is asked for a password.
func (c *cluster) initialize(ctx context.Context, bin, password string, opts Options) error {
	passwordFile := filepath.Join(c.dir, "password")
	files := map[string][]byte{passwordFile: []byte(password)}
	if opts.TLSCertificate != nil {
		files[c.certificate()], files[c.key()] = opts.TLSCertificate, opts.TLSKey
	}
	for path, content := range files {
		if err := errors.Join(os.WriteFile(path, content, 0o600), c.own(path)); err != nil {
			return fmt.Errorf("preparing PostgreSQL's files: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", c.data(), "-U", Superuser, "-E", "UTF8", "--locale=C",
		"--auth-local=reject", "--auth-host=scram-sha-256", "--pwfile="+passwordFile, "--no-sync")
	if err := c.spawn(cmd); err != nil {
		return fmt.Errorf("starting initdb: %w", err)
	}
	err := cmd.Wait()
	c.watcher.watch(0)
	if err != nil {
		return fmt.Errorf("initdb failed: %w: %s", errors.Join(err, ctx.Err()), c.logTail())
	}
	return os.Remove(passwordFile)
}

// serve starts the server and waits until it lets the superuser in. It tells whether it failed because the port was in use.
func (c *cluster) serve(ctx context.Context, bin string, s *Server, opts Options) (portTaken bool, err error) {
	settings := []string{
		"unix_socket_directories=",
		// The data never outlives the process, so nothing is done to keep it through a crash; shared memory lies with the data.
		"fsync=off", "full_page_writes=off", "synchronous_commit=off", "dynamic_shared_memory_type=mmap",
		"shared_buffers=16MB", "autovacuum=off", "jit=off",
		// A statement that sets a password must not come into the log, not even a failed one.
		"log_statement=none", "log_min_duration_statement=-1", "log_min_error_statement=panic",
	}
	if opts.TLSCertificate != nil {
		settings = append(settings, "ssl=on", "ssl_cert_file="+c.certificate(), "ssl_key_file="+c.key())
	}
	args := []string{"-D", c.data(), "-h", s.Host, "-p", strconv.Itoa(s.Port)}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	// The context ends the start only.
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	if err := c.spawn(cmd); err != nil {
		return false, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	exited := make(chan struct{})
	c.postgres, c.exited = cmd, exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()

	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-exited:
			tail := c.logTail()
			return strings.Contains(tail, "could not bind"), fmt.Errorf("PostgreSQL did not start: %s", tail)
		case <-ctx.Done():
			return false, fmt.Errorf("waiting for PostgreSQL to start: %w: %s", ctx.Err(), c.logTail())
		case <-ticker.C:
		}
		if conn, err := s.Connect(ctx, Superuser, s.Password, "postgres"); err == nil {
			return false, conn.Close(ctx)
		}
	}
}

// halt ends the server at once, without a checkpoint that nobody would need, and removes the cluster.
func (c *cluster) halt() error {
	if c.postgres != nil {
		_ = c.postgres.Process.Signal(syscall.SIGQUIT)
		select {
		case <-c.exited:
		case <-time.After(10 * time.Second):
			_ = c.postgres.Process.Kill()
			<-c.exited
		}
	}
	err := os.RemoveAll(c.dir)
	if c.watcher != nil {
		c.watcher.dismiss()
	}
	return err
}

// spawn starts a process of the cluster: as its user, in a process group of its own so that an interrupt at the terminal leaves the
// order of the shutdown to this program, with its output in the cluster's log.
func (c *cluster) spawn(cmd *exec.Cmd) error {
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	c.adopt(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	c.watcher.watch(cmd.Process.Pid)
	return nil
}

func (c *cluster) adopt(cmd *exec.Cmd) {
	cmd.Dir = c.dir
	cmd.Env = c.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.user}
}

// environment is that of this process, less what would change how PostgreSQL behaves.
func (c *cluster) environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "HOME=" + c.dir}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "PG"), strings.HasPrefix(name, "LC_"), strings.HasPrefix(name, "LANG"), name == "TZ", name == "HOME":
		default:
			env = append(env, entry)
		}
	}
	return env
}

// own gives a file to the user of the server.
func (c *cluster) own(path string) error {
	if c.user == nil {
		return nil
	}
	return os.Lchown(path, int(c.user.Uid), int(c.user.Gid))
}

// logTail is the end of what initdb and the server said.
func (c *cluster) logTail() string {
	content, err := os.ReadFile(c.log())
	if err != nil {
		return "no log"
	}
	return strings.TrimSpace(string(content[max(0, len(content)-2000):]))
}

func (c *cluster) data() string        { return filepath.Join(c.dir, "data") }
func (c *cluster) log() string         { return filepath.Join(c.dir, "log") }
func (c *cluster) certificate() string { return filepath.Join(c.dir, "server.crt") }
func (c *cluster) key() string         { return filepath.Join(c.dir, "server.key") }

// watcher is a process that outlives this one by as long as it takes to end the server and remove its files. It learns of the end of
// this process, however that came, by the end of its input.
type watcher struct {
	cmd   *exec.Cmd
	input io.WriteCloser
}

// watchScript reads the id of the process that is to be ended, 0 for none, as often as it changes, and leaves at a line that says done.
const watchScript = `
pid=0
while read -r line; do
	if [ "$line" = done ]; then exit 0; fi
	pid=$line
done
if [ "$pid" != 0 ]; then
	kill -QUIT "$pid" 2>/dev/null
	tries=0
	while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
		sleep 0.1 || sleep 1
		tries=$((tries + 1))
	done
	kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
`

func newWatcher(c *cluster) (*watcher, error) {
	cmd := exec.Command("/bin/sh", "-c", watchScript, "sh", c.dir)
	c.adopt(cmd)
	// A directory that is about to be removed is no place to stay in.
	cmd.Dir = "/"
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &watcher{cmd: cmd, input: input}, nil
}

// watch names the process to end, 0 for none. A watcher that is gone is no reason to fail: it only matters when this process is killed.
func (w *watcher) watch(pid int) { _, _ = fmt.Fprintln(w.input, pid) }

func (w *watcher) dismiss() {
	_, _ = fmt.Fprintln(w.input, "done")
	_ = w.input.Close()
	_ = w.cmd.Wait()
}

// freePort asks the system for a port that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	return strconv.Atoi(port)
}
