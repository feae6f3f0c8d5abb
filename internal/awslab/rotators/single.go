package rotators

import (
	"context"
	"errors"
)

// database is the system whose password a single-user function rotates.
type database interface {
	// engines are the accepted values of the secret's engine; the first is the one that messages name.
	engines() []string
	// label is what log lines call the system.
	label() string
	// login signs in with the credentials of a secret. The error is errNoLogin when the system did not let the user in for whatever
	// reason, and a function error when the secret cannot be used at all.
	login(ctx context.Context, secret document) (session, error)
}

// session is a signed-in user.
type session interface {
	setPassword(ctx context.Context, username, password string) error
	// test does what only a user who is allowed to work can do.
	test(ctx context.Context) error
	close(ctx context.Context)
}

var errNoLogin = errors.New("the login failed")

// postgresExclude is what the PostgreSQL functions leave out of a password when EXCLUDE_CHARACTERS is not set.
const postgresExclude = ":/@\"'\\"

// singleUser is the strategy in which a user changes its own password.
type singleUser struct {
	open              func(*invocation) database
	passRotationToken bool
}

// createSecret gives the pending version the current value with a new password, unless an earlier try has done so.
func (s singleUser) createSecret(ctx context.Context, in *invocation) error {
	db := s.open(in)
	current, err := in.singleUserSecret(ctx, stageCurrent, db)
	if err != nil {
		return err
	}
	switch _, err := in.singleUserSecret(ctx, stagePending, db); {
	case err == nil:
		in.info("createSecret: Successfully retrieved secret for %s.", in.secretID)
		return nil
	case !isType(err, "ResourceNotFoundException"):
		return err
	}
	password, err := in.randomPassword(ctx, postgresExclude)
	if err != nil {
		return err
	}
	current.putString("password", password)
	return in.putPending(ctx, current.encode(), s.passRotationToken)
}

// setSecret makes the pending password the database's, signing in with whichever of the pending, current and previous ones works.
func (s singleUser) setSecret(ctx context.Context, in *invocation) error {
	db := s.open(in)
	previous, err := in.singleUserSecret(ctx, stagePrevious, db)
	hasPrevious := err == nil
	if err != nil && !isType(err, "ResourceNotFoundException") && !isType(err, "KeyError") {
		return err
	}
	current, err := in.singleUserSecret(ctx, stageCurrent, db)
	if err != nil {
		return err
	}
	pending, err := in.singleUserSecret(ctx, stagePending, db)
	if err != nil {
		return err
	}

	conn, err := db.login(ctx, pending)
	if err == nil {
		conn.close(ctx)
		in.info("setSecret: AWSPENDING secret is already set as password in %s for secret arn %s.", db.label(), in.secretID)
		return nil
	}
	if !errors.Is(err, errNoLogin) {
		return err
	}
	if !current.same(pending, "username") {
		return in.valueError("setSecret: ", "Attempting to modify user %s other than current user %s", pending.text("username"), current.text("username"))
	}
	if !current.same(pending, "host") {
		return in.valueError("setSecret: ", "Attempting to modify user for host %s other than current host %s", pending.text("host"), current.text("host"))
	}

	conn, err = db.login(ctx, current)
	if errors.Is(err, errNoLogin) && hasPrevious {
		// The previous secret may come from before an ssl setting was made.
		previous.put("ssl", current.get("ssl"))
		conn, err = db.login(ctx, previous)
		if err == nil || errors.Is(err, errNoLogin) {
			if mismatch := in.checkPrevious(previous, pending); mismatch != nil {
				if err == nil {
					conn.close(ctx)
				}
				return mismatch
			}
		}
	}
	if errors.Is(err, errNoLogin) {
		return in.valueError("setSecret: ", "Unable to log into database with previous, current, or pending secret of secret arn %s", in.secretID)
	}
	if err != nil {
		return err
	}
	defer conn.close(ctx)
	username, _ := pending.string("username")
	password, _ := pending.string("password")
	if err := conn.setPassword(ctx, username, password); err != nil {
		return err
	}
	in.info("setSecret: Successfully set password for user %s in %s for secret arn %s.", pending.text("username"), db.label(), in.secretID)
	return nil
}

// checkPrevious refuses to use a previous secret of another user or host. The host has one wording in the log and another in the
// exception, as in AWS's function.
func (in *invocation) checkPrevious(previous, pending document) error {
	if !previous.same(pending, "username") {
		return in.valueError("setSecret: ", "Attempting to modify user %s other than previous valid user %s", pending.text("username"), previous.text("username"))
	}
	if !previous.same(pending, "host") {
		in.error("setSecret: Attempting to modify user for host %s other than previous valid host %s", pending.text("host"), previous.text("host"))
		return newError("ValueError", "Attempting to modify user for host %s other than current previous valid %s", pending.text("host"), previous.text("host"))
	}
	return nil
}

func (s singleUser) testSecret(ctx context.Context, in *invocation) error {
	db := s.open(in)
	pending, err := in.singleUserSecret(ctx, stagePending, db)
	if err != nil {
		return err
	}
	return in.testLogin(ctx, db, pending)
}

// testLogin signs in with the pending secret and works a little. Both strategies end with it.
func (in *invocation) testLogin(ctx context.Context, db database, pending document) error {
	conn, err := db.login(ctx, pending)
	if errors.Is(err, errNoLogin) {
		return in.valueError("testSecret: ", "Unable to log into database with pending secret of secret ARN %s", in.secretID)
	}
	if err != nil {
		return err
	}
	defer conn.close(ctx)
	if err := conn.test(ctx); err != nil {
		return err
	}
	in.info("testSecret: Successfully signed into %s with AWSPENDING secret in %s.", db.label(), in.secretID)
	return nil
}

// singleUserSecret reads a version and checks it the single-user way: the engine first, then the other members. Only their presence
// counts.
func (in *invocation) singleUserSecret(ctx context.Context, stage string, db database) (document, error) {
	doc, err := in.document(ctx, in.secretID, stage)
	if err != nil {
		return document{}, err
	}
	if err := doc.iterable(); err != nil {
		return document{}, err
	}
	if err := doc.checkEngine(db.engines()); err != nil {
		return document{}, err
	}
	return doc, doc.require("host", "username", "password")
}
