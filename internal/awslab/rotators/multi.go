package rotators

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"
)

// clone is how a function with two users names the other one.
type clone struct {
	suffix   string
	longest  int    // of a name with the suffix, in characters; 0 for any
	variable string // of the environment, with another longest; empty if there is none
	capitals bool   // either name is written in capitals; the suffix is known in its own spelling only
}

// postgresClone keeps to the length that PostgreSQL gives an identifier, less the byte that ends it.
var postgresClone = clone{suffix: "_clone", longest: 63}

// alternate is the name of the user who takes over from the document's.
func (c clone) alternate(in *invocation, current document) (string, error) {
	username, ok := current.string("username")
	if !ok {
		return "", newError("AttributeError", "'%s' object has no attribute 'endswith'", pyType(current.get("username")))
	}
	other, isClone := strings.CutSuffix(username, c.suffix)
	if !isClone {
		other += c.suffix
		longest := int64(c.longest)
		if given, ok := in.env.Vars[c.variable]; ok {
			var err error
			if longest, err = pyInt(given); err != nil {
				return "", err
			}
		}
		if c.longest > 0 && int64(utf8.RuneCountInString(other)) > longest {
			return "", newError("ValueError", "Unable to clone user, username length with %s appended would exceed %d characters", c.suffix, longest)
		}
	}
	if c.capitals {
		other = strings.ToUpper(other)
	}
	return other, nil
}

// multiUser is the strategy of two alternating users: the secret's user and its clone, whose passwords a superuser sets. It knows
// PostgreSQL only.
type multiUser struct{}

// createSecret gives the pending version the other user's name and a new password, unless an earlier try has done so.
func (multiUser) createSecret(ctx context.Context, in *invocation) error {
	current, err := in.multiUserSecret(ctx, in.secretID, stageCurrent)
	if err != nil {
		return err
	}
	switch _, err := in.multiUserSecret(ctx, in.secretID, stagePending); {
	case err == nil:
		in.info("createSecret: Successfully retrieved secret for %s.", in.secretID)
		return nil
	case !isType(err, "ResourceNotFoundException"):
		return err
	}
	username, err := postgresClone.alternate(in, current)
	if err != nil {
		return err
	}
	password, err := in.randomPassword(ctx, postgresExclude)
	if err != nil {
		return err
	}
	current.putString("username", username)
	current.putString("password", password)
	return in.putPending(ctx, current.encode(), false)
}

// setSecret sets the pending user's password as the superuser, and creates that user when there is none.
func (multiUser) setSecret(ctx context.Context, in *invocation) error {
	current, err := in.multiUserSecret(ctx, in.secretID, stageCurrent)
	if err != nil {
		return err
	}
	pending, err := in.multiUserSecret(ctx, in.secretID, stagePending)
	if err != nil {
		return err
	}
	db := postgres{in: in, nullIsDefault: true}
	switch conn, err := db.connect(ctx, pending); {
	case err == nil:
		conn.close(ctx)
		in.info("setSecret: AWSPENDING secret is already set as password in %s for secret arn %s.", db.label(), in.secretID)
		return nil
	case !errors.Is(err, errNoLogin):
		return err
	}
	username, err := postgresClone.alternate(in, current)
	if err != nil {
		return err
	}
	if pendingName, ok := pending.string("username"); !ok || pendingName != username {
		return in.valueError("setSecret: ", "Attempting to modify user %s other than current user or clone %s", pending.text("username"), current.text("username"))
	}
	if !current.same(pending, "host") {
		return in.valueError("setSecret: ", "Attempting to modify user for host %s other than current host %s", pending.text("host"), current.text("host"))
	}
	// The caller proves that the current credentials are its own before the superuser's are used.
	conn, err := db.connect(ctx, current)
	if errors.Is(err, errNoLogin) {
		return in.valueError("setSecret: ", "Unable to log into database using current credentials for secret %s", in.secretID)
	}
	if err != nil {
		return err
	}
	conn.close(ctx)

	superuserID, err := superuserSecretID(current)
	if err != nil {
		return err
	}
	superuser, err := in.superuserSecret(ctx, superuserID)
	if err != nil {
		return err
	}
	superuser.put("dbname", current.get("dbname"))
	if err := postgresRDS.sameDatabase(ctx, in, current, superuser); err != nil {
		return err
	}
	conn, err = db.connect(ctx, superuser)
	if errors.Is(err, errNoLogin) {
		return in.valueError("setSecret: ", "Unable to log into database using credentials in master secret %s", superuserID)
	}
	if err != nil {
		return err
	}
	defer conn.close(ctx)
	password, _ := pending.string("password")
	if err := conn.setOrClone(ctx, current.text("username"), username, password); err != nil {
		return err
	}
	in.info("setSecret: Successfully set password for %s in %s for secret arn %s.", username, db.label(), in.secretID)
	return nil
}

func (multiUser) testSecret(ctx context.Context, in *invocation) error {
	pending, err := in.multiUserSecret(ctx, in.secretID, stagePending)
	if err != nil {
		return err
	}
	return in.testLogin(ctx, postgres{in: in, nullIsDefault: true}, pending)
}

// superuserSecretID is the secret that the document names in masterarn.
func superuserSecretID(current document) (string, error) {
	if !current.has("masterarn") {
		return "", keyError("masterarn")
	}
	id, ok := current.string("masterarn")
	if !ok {
		return "", newError("ParamValidationError",
			"Parameter validation failed:\nInvalid type for parameter SecretId, value: %s, type: <class '%s'>, valid types: <class 'str'>",
			current.text("masterarn"), pyType(current.get("masterarn")))
	}
	return id, nil
}

// multiUserSecret reads a version and checks it the multi-user way: every member's presence, then the engine.
func (in *invocation) multiUserSecret(ctx context.Context, secretID, stage string) (document, error) {
	doc, err := in.document(ctx, secretID, stage)
	if err != nil {
		return document{}, err
	}
	return doc, doc.requireConnection()
}

// postgresRDS is how the PostgreSQL function uses RDS.
var postgresRDS = rdsFunction{clusters: true, raises: true}

// superuserSecret reads the current value of the superuser secret.
func (in *invocation) superuserSecret(ctx context.Context, secretID string) (document, error) {
	doc, err := in.document(ctx, secretID, stageCurrent)
	if err != nil {
		return document{}, err
	}
	if doc.class != "dict" {
		return document{}, newError("AttributeError", "'%s' object has no attribute 'keys'", doc.class)
	}
	if err := postgresRDS.complete(ctx, in, secretID, &doc); err != nil {
		return document{}, err
	}
	return doc, doc.requireConnection()
}
