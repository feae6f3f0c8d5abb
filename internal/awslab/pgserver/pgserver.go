// Package pgserver runs temporary PostgreSQL servers for the demo and the tests: a real server on a free port of 127.0.0.1, in a
// directory of its own, that refuses wrong passwords and leaves neither a process nor a file behind, not even when the program that
// started it is killed.
//
// It takes PostgreSQL from PATH, else the newest of /usr/lib/postgresql/*/bin, else downloads one.
package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrUnavailable says that no PostgreSQL can be had on this machine. Callers go on without a database, or skip.
	ErrUnavailable = errors.New("no PostgreSQL server is available")
	// ErrRefused says that the server refused the user or the password.
	ErrRefused = errors.New("PostgreSQL refused the login")
)

// Superuser is the name of every server's first user.
const Superuser = "postgres"

// Options say how a server is started. The zero value is good.
type Options struct {
	// TLSCertificate and TLSKey are a certificate chain and its key in PEM. With both the server offers TLS beside plain connections.
	TLSCertificate, TLSKey []byte

	// download makes the server one that is downloaded, from another address and cache than usual, whatever is installed.
	download *source
}

// source is an address in the layout of a Maven repository, and a directory that keeps what was downloaded.
type source struct{ url, cache string }

// Server is a running PostgreSQL server.
type Server struct {
	// Host and Port are where the server listens: 127.0.0.1 and a port that was free.
	Host string
	Port int
	// Password is the password of [Superuser].
	Password string

	halt func() error
}

// Start makes a new database cluster and starts a server on it. The context bounds the start, not the life of the server. The error
// wraps ErrUnavailable when this machine cannot run PostgreSQL.
func Start(ctx context.Context, opts Options) (*Server, error) {
	s := &Server{Host: "127.0.0.1", Password: rand.Text()}
	cluster, err := launch(ctx, s, opts)
	if err != nil {
		return nil, err
	}
	s.halt = sync.OnceValue(cluster.halt)
	return s, nil
}

// Stop ends the server and removes its files. It can be called any number of times.
func (s *Server) Stop() error { return s.halt() }

// Connect signs in without TLS. The error is ErrRefused when the server refuses the user or the password, and never describes the
// connection.
func (s *Server) Connect(ctx context.Context, username, password, dbname string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("host=127.0.0.1 port=5432 user=- password=- dbname=- sslmode=disable sslnegotiation=postgres " +
		"channel_binding=prefer require_auth='' target_session_attrs=any")
	if err != nil {
		return nil, errors.New("PGSERVICE in the environment asks for a connection service that can't be read")
	}
	config.Host, config.Port = s.Host, uint16(s.Port)
	config.User, config.Password, config.Database = username, password, dbname
	config.RuntimeParams = map[string]string{}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		return conn, nil
	}
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok:
		return nil, errors.New("no connection to PostgreSQL")
	case strings.HasPrefix(pgErr.Code, "28"):
		return nil, ErrRefused
	}
	return nil, fmt.Errorf("PostgreSQL refused the connection (SQLSTATE %s)", pgErr.Code)
}

// Database is a database and the user who owns it.
type Database struct {
	Name     string
	Username string
	Password string
}

// NewDatabase makes a user who may sign in, and an empty database of the user's own, both under a name nobody else has.
func (s *Server) NewDatabase(ctx context.Context) (Database, error) {
	user, err := s.NewUser(ctx)
	if err != nil {
		return Database{}, err
	}
	user.Name = user.Username
	return user, s.admin(ctx, fmt.Sprintf(`CREATE DATABASE %s OWNER %s`, user.Name, user.Username))
}

// NewUser makes a user who may sign in, under a name nobody else has. The user's database is "postgres".
func (s *Server) NewUser(ctx context.Context) (Database, error) {
	user := Database{Name: "postgres", Username: "app_" + strings.ToLower(rand.Text()[:12]), Password: rand.Text()}
	return user, s.admin(ctx, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s'`, user.Username, user.Password))
}

// admin runs a statement as the superuser.
func (s *Server) admin(ctx context.Context, statement string) error {
	conn, err := s.Connect(ctx, Superuser, s.Password, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		pgErr, _ := errors.AsType[*pgconn.PgError](err)
		if pgErr == nil {
			return errors.New("the connection to PostgreSQL was lost")
		}
		return fmt.Errorf("PostgreSQL refused a statement (SQLSTATE %s)", pgErr.Code)
	}
	return nil
}
