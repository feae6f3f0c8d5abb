package rotators

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
)

// postgresValue is a secret for a user of a database on a server, with more members after a comma.
func postgresValue(s *pgserver.Server, username, password, more string) string {
	return fmt.Sprintf(`{"engine": "postgres", "host": %q, "username": %s, "password": %s, "port": %d%s}`,
		s.Host, quoteJSON(username), quoteJSON(password), s.Port, more)
}

// checkLogin tells which of a user's passwords the server takes.
func checkLogin(t *testing.T, s *pgserver.Server, username, password, dbname string, want error) {
	t.Helper()
	conn, err := s.Connect(t.Context(), username, password, dbname)
	if !errors.Is(err, want) {
		t.Errorf("login of %s: got error %v, want %v", username, err, want)
	}
	if err == nil {
		_ = conn.Close(t.Context())
	}
}

// rotate runs the four steps and returns the log.
func (c call) rotate(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		c.step = step
		log, err := c.run(t)
		if err != nil {
			t.Fatalf("%s: %v\n%s", step, err, strings.Join(log, "\n"))
		}
		all = append(all, log...)
	}
	return all
}

func TestPostgresSingleUser(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	const noTLS = "ERROR Unable to establish SSL/TLS handshake, SSL/TLS is not enabled on the host: 127.0.0.1"
	for name, test := range map[string]struct {
		// port and more are written into the secret.
		port, more string
		triesTLS   bool
	}{
		"port, no dbname":         {port: fmt.Sprint(s.Port), triesTLS: true},
		"port in a string":        {port: fmt.Sprintf(`" %d "`, s.Port), triesTLS: true},
		"fractional port":         {port: fmt.Sprintf("%d.0", s.Port), triesTLS: true},
		"dbname of null":          {port: fmt.Sprint(s.Port), more: `,"dbname":null`, triesTLS: true},
		"dbname":                  {port: fmt.Sprint(s.Port), more: `,"dbname":"template1"`, triesTLS: true},
		"ssl false":               {port: fmt.Sprint(s.Port), more: `,"ssl":false`},
		"ssl false in a string":   {port: fmt.Sprint(s.Port), more: `,"ssl":"False"`},
		"ssl neither true nor so": {port: fmt.Sprint(s.Port), more: `,"ssl":"no"`, triesTLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.NewDatabase(t)
			secrets := rotating(fmt.Sprintf(`{"engine":"postgres","host":"127.0.0.1","username":%q,"password":%q,"port":%s%s}`,
				db.Username, db.Password, test.port, test.more))
			log := call{rotationType: "PostgreSQLSingleUser", secrets: secrets, hidden: []string{db.Password}}.rotate(t)

			connected := []string{"INFO Successfully established non SSL/TLS connection as user '" + db.Username + "' with host: '127.0.0.1'"}
			var refused []string
			if test.triesTLS {
				connected = append([]string{noTLS}, connected...)
				refused = []string{noTLS}
			}
			var want []string
			want = append(want, "INFO createSecret: Successfully put secret for ARN "+secretARN+" and version "+token+".")
			want = append(want, refused...)
			want = append(want, connected...)
			want = append(want, "INFO setSecret: Successfully set password for user "+db.Username+" in PostgreSQL DB for secret arn "+secretARN+".")
			want = append(want, connected...)
			want = append(want, "INFO testSecret: Successfully signed into PostgreSQL DB with AWSPENDING secret in "+secretARN+".")
			want = append(want, "INFO finishSecret: Successfully set AWSCURRENT stage to version "+token+" for secret "+secretARN+".")
			if diff := cmp.Diff(want, log); diff != "" {
				t.Error(diff)
			}
			checkLogin(t, s, db.Username, db.Password, db.Name, pgserver.ErrRefused)
			checkLogin(t, s, db.Username, newPassword, db.Name, nil)
		})
	}
}

func TestPostgresSetSecretAgain(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	db := pgtest.NewDatabase(t)
	secrets := rotating(postgresValue(s, db.Username, "stale-one", `, "ssl": "false"`)).
		withStage(stagePending, postgresValue(s, db.Username, newPassword, `, "ssl": "false"`)).
		// The current secret's ssl setting counts for the previous one, which could not sign in with its own.
		withStage(stagePrevious, postgresValue(s, db.Username, db.Password, `, "ssl": true`))
	connected := "INFO Successfully established non SSL/TLS connection as user '" + db.Username + "' with host: '127.0.0.1'"
	for _, want := range []string{
		"INFO setSecret: Successfully set password for user " + db.Username + " in PostgreSQL DB for secret arn " + secretARN + ".",
		"INFO setSecret: AWSPENDING secret is already set as password in PostgreSQL DB for secret arn " + secretARN + ".",
	} {
		log, err := call{rotationType: "PostgreSQLSingleUser", step: "setSecret", secrets: secrets, hidden: []string{db.Password, "stale-one"}}.run(t)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{connected, want}, log); diff != "" {
			t.Error(diff)
		}
	}
	checkLogin(t, s, db.Username, newPassword, db.Name, nil)
}

// TestPostgresRefusals are secrets with which nobody gets in, or that can't be used at all.
func TestPostgresRefusals(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	db := pgtest.NewDatabase(t)
	const noLogin = "ValueError: Unable to log into database with pending secret of secret ARN " + secretARN
	for name, test := range map[string]struct{ rotationType, pending, want string }{
		"wrong password":       {"PostgreSQLSingleUser", postgresValue(s, db.Username, "wrong-one", ""), noLogin},
		"wrong password, both": {"PostgreSQLMultiUser", postgresValue(s, db.Username, "wrong-one", ""), noLogin},
		"unknown database":     {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"dbname":"nowhere"`), noLogin},
		"TLS demanded":         {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"ssl":true`), noLogin},
		"port of null":         {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"port":null`), "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"},
		"port of words":        {"PostgreSQLMultiUser", postgresValue(s, db.Username, db.Password, `,"port":"default"`), "ValueError: invalid literal for int() with base 10: 'default'"},
		"port out of range":    {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"port":65536`), noLogin},
		"port of nobody":       {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"port":1`), noLogin},
		"empty host":           {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"host":""`), noLogin},
		"unknown host":         {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"host":"db.invalid"`), noLogin},
		"username of null":     {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"username":null`), noLogin},
		"password is a number": {"PostgreSQLSingleUser", postgresValue(s, db.Username, db.Password, `,"password":1`), noLogin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := rotating(postgresSecret).withStage(stagePending, test.pending)
			_, err := call{rotationType: test.rotationType, step: "testSecret", secrets: secrets, hidden: []string{db.Password, "wrong-one"}}.run(t)
			if got := errorText(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestPostgresNullDBName holds the one difference between the two functions' connections.
func TestPostgresNullDBName(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	db := pgtest.NewDatabase(t)
	doc, err := parseDocument(postgresValue(s, db.Username, db.Password, `,"dbname":null`))
	if err != nil {
		t.Fatal(err)
	}
	for nullIsDefault, want := range map[bool]string{false: db.Username, true: "postgres"} {
		conn, err := postgres{in: &invocation{}, nullIsDefault: nullIsDefault}.connect(t.Context(), doc)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := conn.conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&got); err != nil || got != want {
			t.Errorf("connected to %s (%v), want %s", got, err, want)
		}
		conn.close(t.Context())
	}
}

func TestPostgresTLS(t *testing.T) {
	t.Parallel()
	certificate, key, roots := certificateFor(t, net.IPv4(127, 0, 0, 1))
	s, err := pgserver.Start(t.Context(), pgserver.Options{TLSCertificate: certificate, TLSKey: key})
	if errors.Is(err, pgserver.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	const verified = "INFO Successfully established SSL/TLS connection as user 'postgres' with host: '127.0.0.1'"
	const plain = "INFO Successfully established non SSL/TLS connection as user 'postgres' with host: "
	const otherName = "ERROR Hostname verification failed when establishing SSL/TLS Handshake with host: localhost"
	for name, test := range map[string]struct {
		more     string
		distrust bool
		want     []string
		wantErr  error
	}{
		"TLS first":                 {want: []string{verified}},
		"TLS only":                  {more: `,"ssl":"TRUE"`, want: []string{verified}},
		"no TLS":                    {more: `,"ssl":false`, want: []string{plain + "'127.0.0.1'"}},
		"unknown authority":         {distrust: true, want: []string{plain + "'127.0.0.1'"}},
		"unknown authority, only":   {more: `,"ssl":true`, distrust: true, wantErr: errNoLogin},
		"another host's name":       {more: `,"host":"localhost"`, want: []string{otherName, plain + "'localhost'"}},
		"another host's name, only": {more: `,"host":"localhost","ssl":true`, want: []string{otherName}, wantErr: errNoLogin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := parseDocument(postgresValue(s, pgserver.Superuser, s.Password, test.more))
			if err != nil {
				t.Fatal(err)
			}
			var log []string
			db := postgres{roots: roots, in: &invocation{env: Environment{Log: func(level, message string) { log = append(log, level+" "+message) }}}}
			if test.distrust {
				db.roots = x509.NewCertPool()
			}
			conn, err := db.login(t.Context(), doc)
			if !errors.Is(err, test.wantErr) {
				t.Errorf("got %v, want %v", err, test.wantErr)
			}
			if err == nil {
				conn.close(t.Context())
			}
			if diff := cmp.Diff(test.want, log); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// certificateFor makes a self-signed certificate of a server that has no name but an address.
func certificateFor(t *testing.T, address net.IP) (certificate, key []byte, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), IPAddresses: []net.IP{address},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), roots
}

func TestTLSEnforced(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`no pg_hba.conf entry for host "10.0.0.1", user "app", database "postgres", SSL off`:       "Unable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: db",
		`no pg_hba.conf entry for host "10.0.0.1", user "app", database "postgres", no encryption`: "",
		`password authentication failed for user "app"`:                                            "",
	} {
		if got := tlsFailure(fmt.Errorf("failed: %w", &pgconn.PgError{Code: "28000", Message: message}), "db"); got != want {
			t.Errorf("%s: got %q, want %q", message, got, want)
		}
	}
}

// TestPostgresFunctionTimeout signs in at a server that never answers.
func TestPostgresFunctionTimeout(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	doc, err := parseDocument(`{"engine":"postgres","host":"127.0.0.1","username":"app","password":"p","port":"` + port + `"}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (postgres{in: &invocation{}}).login(ctx, doc); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestPostgresRefusedStatement(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	db := pgtest.NewDatabase(t)
	conn, err := s.Connect(t.Context(), db.Username, db.Password, db.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "ALTER ROLE "+db.Username+" SET default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	secrets := rotating(postgresValue(s, db.Username, db.Password, "")).withStage(stagePending, postgresValue(s, db.Username, newPassword, ""))
	_, err = call{rotationType: "PostgreSQLSingleUser", step: "setSecret", secrets: secrets, hidden: []string{db.Password}}.run(t)
	if got, want := errorText(err), "OperationalError: PostgreSQL refused to set the password for user "+db.Username+" (SQLSTATE 25006)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	session := &postgresSession{conn: conn}
	session.close(t.Context())
	if got, want := errorText(session.test(t.Context())), "OperationalError: the connection to PostgreSQL was lost"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
