package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
)

// database has the users whose passwords rotate.
type database interface {
	// label is what the demo calls it.
	label() string
	// about is what it is, in full.
	about() string
	addUser(ctx context.Context, name, password string) error
	// login tells whether the password is the user's, by logging in with it.
	login(ctx context.Context, name, password string) (bool, error)
	// connection returns the members of a secret's value that say where it is.
	connection() map[string]any
	// handlers are the rotation functions for it; alternating is empty when its
	// users cannot alternate.
	handlers() (single, alternating string)
	// rotationType is what single is to Terraform, nil for none of the known.
	rotationType() any
	// superuser returns the user who may change others, for alternating users.
	superuser() (name, password string)
	stop() error
}

// opener starts a database. It may answer with the lab's user store.
type opener func(context.Context, printer, *awslab.Lab) (database, error)

// openPostgreSQL starts a real PostgreSQL, or says why the lab's user store has
// to do.
func openPostgreSQL(ctx context.Context, out printer, lab *awslab.Lab) (database, error) {
	server, err := pgserver.Start(ctx, pgserver.Options{})
	if errors.Is(err, pgserver.ErrUnavailable) {
		out.say("There is no PostgreSQL on this machine (%v).", err)
		out.say("So the demo rotates a user of the embedded AWS's own user store, without alternating users.")
		return userStore{lab.UserStore()}, nil
	}
	if err != nil {
		return nil, err
	}
	p := postgres{server: server}
	if err := p.query(ctx, pgserver.Superuser, server.Password, "SHOW server_version", &p.version); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return p, nil
}

type postgres struct {
	server  *pgserver.Server
	version string
}

func (p postgres) label() string { return "PostgreSQL" }

func (p postgres) about() string {
	return fmt.Sprintf("PostgreSQL %s on %s, port %d", p.version, p.server.Host, p.server.Port)
}

// query logs in and reads one text. Its errors name no password.
func (p postgres) query(ctx context.Context, name, password, statement string, result *string) error {
	conn, err := p.server.Connect(ctx, name, password, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if conn.QueryRow(ctx, statement).Scan(result) != nil {
		return errors.New("PostgreSQL has not answered a query")
	}
	return nil
}

func (p postgres) addUser(ctx context.Context, name, password string) error {
	conn, err := p.server.Connect(ctx, pgserver.Superuser, p.server.Password, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	// A role cannot be created with parameters. Both are ours and hold letters
	// and digits only.
	if _, err := conn.Exec(ctx, fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s'`, name, password)); err != nil {
		return fmt.Errorf("PostgreSQL does not create the user %s", name)
	}
	return nil
}

func (p postgres) login(ctx context.Context, name, password string) (bool, error) {
	var user string
	err := p.query(ctx, name, password, "SELECT current_user", &user)
	if errors.Is(err, pgserver.ErrRefused) {
		return false, nil
	}
	return err == nil && user == name, err
}

func (p postgres) connection() map[string]any {
	return map[string]any{"engine": "postgres", "host": p.server.Host, "port": p.server.Port, "dbname": "postgres"}
}

func (p postgres) handlers() (single, alternating string) {
	return "PostgreSQLSingleUser", "PostgreSQLMultiUser"
}
func (p postgres) rotationType() any           { return "PostgreSQLSingleUser" }
func (p postgres) superuser() (string, string) { return pgserver.Superuser, p.server.Password }
func (p postgres) stop() error                 { return p.server.Stop() }

// userStore is the lab's built-in user store, for machines without PostgreSQL.
type userStore struct{ users *rotators.UserStore }

func (s userStore) label() string { return "The user store" }
func (s userStore) about() string { return "none; the user store of the embedded AWS" }

func (s userStore) addUser(_ context.Context, name, password string) error {
	return s.users.CreateUser(name, password)
}

func (s userStore) login(_ context.Context, name, password string) (bool, error) {
	return s.users.Login(name, password), nil
}

func (s userStore) connection() map[string]any {
	return map[string]any{"engine": "labstore", "host": "lab"}
}
func (s userStore) handlers() (single, alternating string) { return "UserStore", "" }
func (s userStore) rotationType() any                      { return nil }
func (s userStore) superuser() (string, string)            { return "", "" }
func (s userStore) stop() error                            { return nil }
