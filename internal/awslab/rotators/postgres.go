package rotators

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// connectTimeout is the time that the AWS functions give each attempt to connect.
const connectTimeout = 5 * time.Second

var postgresEngines = []string{"postgres", "aurora-postgresql"}

// postgres is the database of the PostgreSQL functions.
type postgres struct {
	in *invocation
	// nullIsDefault makes a dbname of null count as absent, as in the multi-user function. In the single-user one null reaches the
	// driver, whose default is the user's name.
	nullIsDefault bool
	// roots verify the server's certificate; nil stands for the system's.
	roots *x509.CertPool
}

func (postgres) engines() []string { return postgresEngines }
func (postgres) label() string     { return "PostgreSQL DB" }

func (p postgres) login(ctx context.Context, secret document) (session, error) {
	conn, err := p.connect(ctx, secret)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// connect signs in with the secret's credentials: over TLS, and then without when the secret's ssl member leaves that open. No error of
// the driver leaves this function, because such errors describe the connection.
func (p postgres) connect(ctx context.Context, secret document) (*postgresSession, error) {
	port, err := secret.port()
	if err != nil {
		return nil, err
	}
	// The driver reads its defaults from the PG* variables of this process, which is not the function's environment: all that matter
	// are given here, and those of the secret replaced below. What is left to fail is a file of services that PGSERVICE asks for.
	config, err := pgx.ParseConfig("host=localhost port=5432 user=- password=- dbname=- sslmode=disable sslnegotiation=postgres " +
		"channel_binding=prefer require_auth='' target_session_attrs=any")
	if err != nil {
		return nil, errNoLogin
	}
	var hasUser, hasPassword bool
	config.User, hasUser = secret.string("username")
	config.Password, hasPassword = secret.string("password")
	config.Host, _ = secret.string("host")
	if !hasUser || !hasPassword || config.Host == "" || port < 1 || port > math.MaxUint16 {
		return nil, errNoLogin
	}
	config.Port = uint16(port)
	config.Database = "postgres"
	switch dbname := decode(secret.get("dbname")); {
	case dbname != nil:
		config.Database = secret.text("dbname")
	case secret.has("dbname") && !p.nullIsDefault:
		config.Database = config.User
	}
	config.Fallbacks = nil
	config.RuntimeParams = map[string]string{}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec

	useTLS, fallBack := secret.tlsMode()
	conn := p.attempt(ctx, config, useTLS)
	if conn == nil && fallBack {
		conn = p.attempt(ctx, config, false)
	}
	switch {
	case conn != nil:
		return &postgresSession{conn: conn}, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, errNoLogin
}

// attempt connects once and logs what the AWS functions log about it: a success, and three kinds of TLS failure.
func (p postgres) attempt(ctx context.Context, config *pgx.ConnConfig, useTLS bool) *pgx.Conn {
	kind := "non SSL/TLS"
	config.TLSConfig = nil
	if useTLS {
		kind = "SSL/TLS"
		config.TLSConfig = &tls.Config{ServerName: config.Host, RootCAs: p.roots, MinVersion: tls.VersionTLS12}
	}
	address, err := p.in.connect(ctx, config.Host, int(config.Port))
	if err != nil {
		return nil
	}
	if address != "" {
		config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
		config.DialFunc = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
	attempt, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(attempt, config)
	if err != nil {
		if line := tlsFailure(err, config.Host); line != "" {
			p.in.error("%s", line)
		}
		return nil
	}
	p.in.info("Successfully established %s connection as user '%s' with host: '%s'", kind, config.User, config.Host)
	return conn
}

// tlsFailure words the connection failures that the AWS functions tell apart, and is empty for all others.
func tlsFailure(err error, host string) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Servers since version 14 say "no encryption", which AWS's functions do not look for.
		if strings.Contains(pgErr.Message, "no pg_hba.conf entry for host") && strings.Contains(pgErr.Message, "SSL off") {
			return "Unable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: " + host
		}
		return ""
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "Hostname verification failed when establishing SSL/TLS Handshake with host: " + host
	}
	if strings.Contains(err.Error(), "server refused TLS connection") {
		return "Unable to establish SSL/TLS handshake, SSL/TLS is not enabled on the host: " + host
	}
	return ""
}

// postgresSession is a connection to PostgreSQL.
type postgresSession struct{ conn *pgx.Conn }

func (s *postgresSession) close(ctx context.Context) {
	// The work is committed by now; a connection that does not say goodbye is the server's to clean up.
	_ = s.conn.Close(ctx)
}

func (s *postgresSession) test(ctx context.Context) error {
	if _, err := s.conn.Exec(ctx, "SELECT NOW()"); err != nil {
		return s.queryError(ctx, "the test query", err)
	}
	return nil
}

func (s *postgresSession) setPassword(ctx context.Context, username, password string) error {
	return s.inTransaction(ctx, username, func(tx pgx.Tx) error {
		return execFormat(ctx, tx, "ALTER USER %I WITH PASSWORD %L", username, password)
	})
}

// setOrClone sets the password of user next, who is created as a member of current's role when there is no such user.
func (s *postgresSession) setOrClone(ctx context.Context, current, next, password string) error {
	return s.inTransaction(ctx, next, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", next).Scan(&exists); err != nil {
			return err
		}
		if exists {
			return execFormat(ctx, tx, "ALTER USER %I WITH PASSWORD %L", next, password)
		}
		if err := execFormat(ctx, tx, "CREATE ROLE %I WITH LOGIN PASSWORD %L", next, password); err != nil {
			return err
		}
		return execFormat(ctx, tx, "GRANT %I TO %I", current, next)
	})
}

func (s *postgresSession) inTransaction(ctx context.Context, username string, work func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, s.conn, work); err != nil {
		return s.queryError(ctx, "to set the password for user "+username, err)
	}
	return nil
}

// queryError tells of a failed statement no more than its SQLSTATE, because the server's text may quote the statement.
func (s *postgresSession) queryError(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return newError("OperationalError", "the connection to PostgreSQL was lost")
	}
	class := "OperationalError"
	if strings.HasPrefix(pgErr.Code, "42") {
		class = "ProgrammingError"
	}
	return newError(class, "PostgreSQL refused %s (SQLSTATE %s)", what, pgErr.Code)
}

// execFormat runs a statement that takes no parameters. The server itself quotes the names (%I) and literals (%L) in it.
func execFormat(ctx context.Context, tx pgx.Tx, format, first, second string) error {
	var statement string
	if err := tx.QueryRow(ctx, "SELECT format($1, $2::text, $3::text)", format, first, second).Scan(&statement); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, statement)
	return err
}
