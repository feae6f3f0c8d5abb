//go:build unix

package pgserver

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// start starts a server whose cluster the test can look into.
func start(t *testing.T, opts Options) (*Server, *cluster) {
	t.Helper()
	s := &Server{Host: "127.0.0.1", Password: rand.Text()}
	c, err := launch(t.Context(), s, opts)
	if errors.Is(err, ErrUnavailable) && opts.download == nil {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.halt = c.halt
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

func TestServer(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	ctx := t.Context()
	db, err := s.NewDatabase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.NewUser(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, login := range map[string]struct {
		username, password, dbname string
		want                       error
	}{
		"superuser":               {Superuser, s.Password, "postgres", nil},
		"owner":                   {db.Username, db.Password, db.Name, nil},
		"user":                    {other.Username, other.Password, other.Name, nil},
		"wrong password":          {db.Username, other.Password, db.Name, ErrRefused},
		"superuser, no password":  {Superuser, "", "postgres", ErrRefused},
		"user who does not exist": {"nobody_here", "x", "postgres", ErrRefused},
	} {
		conn, err := s.Connect(ctx, login.username, login.password, login.dbname)
		if !errors.Is(err, login.want) {
			t.Errorf("%s: got error %v, want %v", name, err, login.want)
		}
		if err == nil {
			_ = conn.Close(ctx)
		}
	}

	conn, err := s.Connect(ctx, db.Username, db.Password, db.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE TABLE kept (id int)"); err != nil {
		t.Error("the user does not own the database:", err)
	}
	const planted = "planted-password"
	if _, err := conn.Exec(ctx, "ALTER USER "+db.Username+" SUPERUSER PASSWORD '"+planted+"'"); err == nil {
		t.Error("the user could become a superuser")
	}
	if _, err := conn.Exec(ctx, "ALTER USER "+db.Username+" PASSWORD '"+planted+"'"); err != nil {
		t.Error(err)
	}
	log, err := os.ReadFile(c.log())
	if err != nil || !bytes.Contains(log, []byte("ERROR")) {
		t.Fatalf("the log does not tell of the failed statement (%v): %s", err, log)
	}
	if bytes.Contains(log, []byte(planted)) {
		t.Errorf("a password is in the server's log: %s", log)
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Options{})
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.Connect(t.Context(), Superuser, s.Password, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	var data string
	if err := conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&data); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	if !gone(filepath.Dir(data)) {
		t.Errorf("%s is still there", filepath.Dir(data))
	}
	if _, err := s.Connect(t.Context(), Superuser, s.Password, "postgres"); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("the stopped server answers: %v", err)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &Server{Host: "127.0.0.1"}
	c, err := launch(ctx, s, Options{})
	if c != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestStartOffersTLS(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, Options{
		TLSCertificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		TLSKey:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
	})
	for mode, want := range map[string]bool{"require": true, "disable": false} {
		conn, err := pgx.Connect(t.Context(), "host=127.0.0.1 port="+strconv.Itoa(s.Port)+
			" user=postgres dbname=postgres password="+s.Password+" sslmode="+mode)
		if err != nil {
			t.Fatal(err)
		}
		var encrypted bool
		err = conn.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted)
		if err != nil || encrypted != want {
			t.Errorf("sslmode %s: encrypted is %t (%v), want %t", mode, encrypted, err, want)
		}
		_ = conn.Close(t.Context())
	}
}

// TestDownload serves an archive whose programs call the installed ones.
func TestDownload(t *testing.T) {
	t.Parallel()
	if installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); len(installed) == 0 {
		t.Skip("the archive calls /usr/lib/postgresql/*/bin/postgres, which is not installed")
	}
	archive, err := os.ReadFile(filepath.Join("testdata", "postgresql.txz"))
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	w := zip.NewWriter(&jar)
	file, err := w.Create("postgres.txz")
	if err == nil {
		_, err = file.Write(archive)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".jar") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(jar.Bytes())
	}))
	defer repository.Close()
	s, c := start(t, Options{download: &source{url: repository.URL, cache: t.TempDir()}})
	if !complete(filepath.Join(c.dir, "postgresql", "bin")) {
		t.Error("the server does not run from the downloaded binaries")
	}
	if _, err := s.NewDatabase(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNothingToDownload(t *testing.T) {
	t.Parallel()
	repository := httptest.NewServer(http.NotFoundHandler())
	defer repository.Close()
	_, err := Start(t.Context(), Options{download: &source{url: repository.URL, cache: t.TempDir()}})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

const startAndWait = "PGSERVER_TEST_START_AND_WAIT"

// TestKilledStarter starts a server from a process of its own and kills that process.
func TestKilledStarter(t *testing.T) {
	t.Parallel()
	if os.Getenv(startAndWait) != "" {
		s, c := start(t, Options{})
		_, _ = os.Stdout.WriteString("started " + c.dir + " " + strconv.Itoa(s.Port) + "\n")
		<-make(chan struct{})
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledStarter$")
	cmd.Env = append(os.Environ(), startAndWait+"=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var dir, port string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "started" {
			dir, port = fields[1], fields[2]
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if dir == "" {
		t.Skip("the other process did not start a server")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !gone(dir) {
		select {
		case <-ctx.Done():
			t.Fatal("the files of the killed process stay")
		case <-time.After(50 * time.Millisecond):
		}
	}
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", port)); err == nil {
		_ = conn.Close()
		t.Error("the server of the killed process still listens")
	}
}
