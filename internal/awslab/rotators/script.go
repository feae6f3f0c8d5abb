package rotators

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// What functions leave out of passwords when EXCLUDE_CHARACTERS is not set.
const (
	rdsExclude      = `/@"'\`
	redshiftExclude = `/@"'\:`
	db2Exclude      = `/@"'\;`
)

// script is a function as the AWS calls of its steps.
type script struct {
	before            []action // in every step, before it looks at the versions
	create, set, test []action
	finish            []action // nil stands for moveCurrent alone
}

// action is one call or a few, or what a function makes of their answers.
type action func(context.Context, *invocation) error

func do(actions ...action) []action { return actions }

func (s script) createSecret(ctx context.Context, in *invocation) error {
	return run(ctx, in, s.create)
}
func (s script) setSecret(ctx context.Context, in *invocation) error  { return run(ctx, in, s.set) }
func (s script) testSecret(ctx context.Context, in *invocation) error { return run(ctx, in, s.test) }

func run(ctx context.Context, in *invocation, actions []action) error {
	for _, act := range actions {
		if err := act(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// oneUser is a function that changes the password of a user with that user's own.
func oneUser(exclude string) script {
	return script{
		create: do(read(stageCurrent), unlessPending(setPassword(exclude), put)),
		set:    do(readIfAny(stagePrevious), read(stageCurrent), read(stagePending)),
		test:   do(read(stagePending)),
	}
}

// twoUsers is a function that changes the passwords of two users in turn with a superuser's. The actions are what it does once it has
// read the superuser secret.
func twoUsers(exclude string, names clone, superuser ...action) script {
	return script{
		create: do(read(stageCurrent), unlessPending(otherUser(names), setPassword(exclude), put)),
		set:    append(do(read(stageCurrent), read(stagePending), readSuperuser("masterarn")), superuser...),
		test:   do(read(stagePending)),
	}
}

// inRDS completes the superuser secret with RDS and compares its database with the secret's.
func inRDS(f rdsFunction) []action {
	return do(
		func(ctx context.Context, in *invocation) error {
			superuser := in.known[superuserStage]
			if err := f.complete(ctx, in, in.superuserID, superuser); err != nil {
				return err
			}
			return superuser.require("host", "username", "password", "engine")
		},
		func(ctx context.Context, in *invocation) error {
			return f.sameDatabase(ctx, in, *in.known[stageCurrent], *in.known[superuserStage])
		},
	)
}

func ofRedshift(ctx context.Context, in *invocation) error {
	return completeFromRedshift(ctx, in, in.superuserID, in.known[superuserStage])
}

// settle waits until a new password counts everywhere.
func settle(ctx context.Context, in *invocation) error { return in.sleep(ctx, 10*time.Second) }

// sameHost compares the superuser's host with the secret's.
func sameHost(otherwise string) action {
	return func(_ context.Context, in *invocation) error {
		current, superuser := in.known[stageCurrent], in.known[superuserStage]
		if !current.same(*superuser, "host") {
			return in.valueError("setSecret: ", "Current database host %s is "+otherwise+" %s", current.text("host"), superuser.text("host"))
		}
		return nil
	}
}

// superuserStage is where an invocation keeps the superuser secret among the versions that it has read.
const superuserStage = "superuser"

// keep remembers a value for the actions that follow.
func (in *invocation) keep(stage string, doc document) {
	if in.known == nil {
		in.known = map[string]*document{}
	}
	in.known[stage] = &doc
}

// read reads a version of the secret.
func read(stage string) action {
	return func(ctx context.Context, in *invocation) error {
		doc, err := in.document(ctx, in.secretID, stage)
		in.keep(stage, doc)
		return err
	}
}

// readIfAny reads a version that need not exist.
func readIfAny(stage string) action {
	return func(ctx context.Context, in *invocation) error {
		err := read(stage)(ctx, in)
		if isType(err, "ResourceNotFoundException") || isType(err, "KeyError") {
			return nil
		}
		return err
	}
}

// readSuperuser reads the secret that a member of the secret names.
func readSuperuser(member string) action {
	return func(ctx context.Context, in *invocation) error {
		id, ok := in.known[stageCurrent].string(member)
		if !ok {
			return keyError(member)
		}
		doc, err := in.document(ctx, id, stageCurrent)
		in.superuserID = id
		in.keep(superuserStage, doc)
		return err
	}
}

// readSuperuserOf reads the secret that an environment variable names, if there is one.
func readSuperuserOf(variable string) action {
	return func(ctx context.Context, in *invocation) error {
		id := in.env.Vars[variable]
		if id == "" {
			return nil
		}
		_, err := in.value(ctx, id, stageCurrent)
		return err
	}
}

// unlessPending reads the pending version, and does something else only if it has no value yet. Either way the step is over.
func unlessPending(actions ...action) action {
	return func(ctx context.Context, in *invocation) error {
		_, err := in.value(ctx, in.secretID, stagePending)
		if !isType(err, "ResourceNotFoundException") {
			if err == nil {
				in.info("createSecret: Successfully retrieved secret for %s.", in.secretID)
			}
			return err
		}
		return run(ctx, in, actions)
	}
}

// put gives the pending version the current value as other actions have changed it.
func put(ctx context.Context, in *invocation) error {
	return in.putPending(ctx, in.known[stageCurrent].encode(), false)
}

// otherUser makes the current user's clone the user, or the other way round.
func otherUser(names clone) action {
	return func(_ context.Context, in *invocation) error {
		username, err := names.alternate(in, *in.known[stageCurrent])
		if err != nil {
			return err
		}
		in.known[stageCurrent].putString("username", username)
		return nil
	}
}

// setPassword asks for a password as the functions for databases do.
func setPassword(exclude string) action {
	return func(ctx context.Context, in *invocation) error {
		password, err := in.randomPassword(ctx, exclude)
		if err != nil {
			return err
		}
		in.known[stageCurrent].putString("password", password)
		return nil
	}
}

// setPasswordIn asks for a password without more ado than excluded characters, which some functions have none of, and a length.
func setPasswordIn(member string, input secretsmanager.GetRandomPasswordInput) action {
	return func(ctx context.Context, in *invocation) error {
		input := input
		if input.ExcludeCharacters != nil {
			input.ExcludeCharacters = in.excludeCharacters(*input.ExcludeCharacters)
		}
		password, err := in.getRandomPassword(ctx, &input)
		if err != nil {
			return err
		}
		in.known[stageCurrent].putString(member, password)
		return nil
	}
}

// newToken makes up what InfluxDB would make.
func newToken(_ context.Context, in *invocation) error {
	in.known[stageCurrent].putString("token", rand.Text())
	return nil
}

// readAny reads a version that need not be JSON.
func readAny(stage string) action {
	return func(ctx context.Context, in *invocation) error {
		_, err := in.value(ctx, in.secretID, stage)
		return err
	}
}

// putRandom makes a bare password the pending value.
func putRandom(ctx context.Context, in *invocation) error {
	password, err := in.getRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{ExcludeCharacters: in.excludeCharacters(genericExclude)})
	if err != nil {
		return err
	}
	return in.putPending(ctx, password, false)
}

func moveCurrent(ctx context.Context, in *invocation) error { return in.finishSecret(ctx) }
