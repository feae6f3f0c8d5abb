package rotation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Next is what an object becomes by an update: pure, so that the plan shows
// what the update then does. An execution role that is not known before the
// function is read is empty.
func Next(want Setup, have Object) Object {
	next := have
	next.Rules, next.Enabled = want.Rules, want.Enabled
	if want.Rules.IsZero() && !want.Enabled {
		next.Rules = have.Rules // Rotation that is off needs no rules.
	}
	next.ExternalRoleARN, next.ExternalMetadata = want.ExternalRoleARN, want.ExternalMetadata
	next.FunctionARN = want.FunctionARN
	switch {
	case want.RoleARN != "":
		next.RoleARN = want.RoleARN
	case want.FunctionARN != have.FunctionARN:
		next.RoleARN = ""
	}
	if want.KMSKeyARN != "" {
		next.KMSKeyARN = want.KMSKeyARN
	}
	next.StatementID, next.RolePolicyName = "", ""
	next.RoleName, next.RolePolicy, next.InvokePermission, next.VPC = "", "", "", false
	next.SuperuserARN, next.SuperuserOwner = "", ""
	if want.FunctionARN == "" {
		next.RoleARN = ""
		return next
	}
	next.StatementID = statementID(want, have.SecretARN)
	next.RolePolicyName = policyName(want, have.SecretARN)
	if !want.Managed {
		return next
	}
	next.RoleName = roleName(next.RoleARN)
	if want.SuperuserMatters() {
		if want.SuperuserSecretARN == have.SuperuserARN {
			want.SuperuserOwner = have.SuperuserOwner
		}
		next.SuperuserARN, next.SuperuserOwner = want.SuperuserSecretARN, want.SuperuserOwner
	}
	// Whether the role needs it was found out by the create.
	if next.VPC = have.VPC; want.VPC != nil {
		next.VPC = *want.VPC
	}
	want.VPC = &next.VPC
	next.RolePolicy = PolicyFor(want, have.SecretARN, next.KMSKeyARN, max(1, Generation(have.RolePolicy, have.SecretARN)))
	if iampolicy.Equivalent(next.RolePolicy, have.RolePolicy) {
		next.RolePolicy = have.RolePolicy
	}
	next.InvokePermission = PermissionFor(next.StatementID, want.FunctionARN, have.SecretARN)
	return next
}

// Update brings a setup to what is wanted. It never rotates, unless ask says
// that the rotate_triggers ask for it.
//
// An object together with an error is the new state of a setup whose rotation
// AWS has accepted and whose outcome is bad or open: its UnfinishedVersionID
// makes the next update wait for it instead of rotating again. After any other
// error the old state still tells what there is to remove, and the same update
// goes on from where this one ended.
func (s *Service) Update(ctx context.Context, want Setup, have Object, ask bool, timeout time.Duration) (*Object, []Problem, error) {
	o, err := s.begin(ctx, have.SecretARN, want.Region, timeout)
	if err != nil {
		return nil, nil, err
	}
	defer s.secrets.lock(have.SecretARN)()
	sc, err := o.lookAgain(ctx, want, have)
	if err != nil {
		return nil, nil, err
	}
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		return nil, nil, p
	}
	next := sc.next(want, have)
	if sc.asWanted(want) && !ask {
		want.CheckAccess = false // Nothing is asked of AWS that it could refuse for that.
	}
	problems, err := o.preflight(ctx, want, sc, next.KMSKeyARN, next.Permissions)
	if err != nil {
		return nil, o.warnings, err
	}
	if err := o.refuse(problems); err != nil {
		return nil, o.warnings, err
	}
	o.tell(ctx, "The checks are done", map[string]any{"secret_arn": next.SecretARN})

	var u undo
	o.former = have.StatementID
	err = o.grant(ctx, next.SecretARN, next.Permissions, &u)
	version := ""
	if err == nil {
		version, err = o.bringTo(ctx, want, have, sc, ask)
	}
	if err != nil {
		if open, isOpen := asOpen(err); isOpen {
			return nil, o.warnings, open // The next update finds out.
		}
		o.undoUpdate(ctx, u)
		return nil, o.warnings, err
	}
	next.UnfinishedVersionID = ""
	if err := o.leave(ctx, have.SecretARN, have.Permissions, next.Permissions); err != nil {
		return nil, o.warnings, err // What is still there stays recorded.
	}
	if version != "" && want.Wait {
		if err := o.complete(ctx, want, have.SecretARN, version, sc.function); err != nil {
			next.UnfinishedVersionID = version
			return &next, o.warnings, resumable(err)
		}
	}
	return &next, o.warnings, nil
}

// undoUpdate takes the writes of a failed update back. The state is the one from
// before in any case.
func (o *operation) undoUpdate(ctx context.Context, u undo) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := u.run(ctx); err != nil {
		o.warn(*failed("", "take back a failed update", "The next apply goes on from here.", err))
	}
}

// next is [Next] with what the scene adds: the role of the function, and who
// manages a superuser secret.
func (s *scene) next(want Setup, have Object) Object {
	want.SuperuserOwner = s.superuser.owner
	next := Next(want, have)
	if want.FunctionARN != "" {
		if next.RoleARN == "" {
			next.RoleARN = s.function.Role.String()
		}
		if want.Managed {
			next.RoleName = roleName(next.RoleARN)
		}
	}
	return next
}

// lookAgain gathers the scene of an update and refuses what can't be. Nothing
// is written.
func (o *operation) lookAgain(ctx context.Context, want Setup, have Object) (*scene, error) {
	sec, err := o.describe(ctx, have.SecretARN)
	if awsapi.IsNotFound(err) {
		return nil, secretNotFound(have.SecretARN, o.Region, err)
	}
	if err != nil {
		return nil, failed("secret_id", "read the secret", "", err)
	}
	s := &scene{secret: sec}
	if p := s.refusal(want); p != nil {
		return nil, p
	}
	if want.FunctionARN != "" {
		if s.function, err = o.rotator(ctx, want.FunctionARN, want.RoleARN); err != nil {
			return nil, err
		}
	}
	if want.Check || have.SuperuserARN != want.SuperuserSecretARN {
		s.superuser, err = o.superuser(ctx, want)
	}
	return s, err
}

// CheckUpdate returns what an update would refuse, for its plan, and what its
// checks find.
func (s *Service) CheckUpdate(ctx context.Context, want Setup, have Object) ([]Problem, error) {
	o, err := s.plan(ctx, have.SecretARN, want.Region)
	if err != nil {
		return nil, err
	}
	sc, err := o.lookAgain(ctx, want, have)
	if err != nil {
		return nil, err
	}
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		return nil, p
	}
	next := sc.next(want, have)
	problems, err := o.preflight(ctx, want, sc, next.KMSKeyARN, next.Permissions)
	if err != nil || next.Permissions == have.Permissions || !want.Managed || sc.function == nil {
		return problems, err
	}
	r, err := o.seenRole(ctx, next.RoleARN)
	if err != nil {
		return nil, err
	}
	full, err := o.limits(ctx, r, next.Permissions, want.sharedSize(), want.Lenient)
	return append(problems, full...), err
}

// resumable explains a rotation of an update that AWS has accepted and whose
// outcome is bad or open.
func resumable(cause error) *Problem {
	p := explain(cause, "the next apply waits for this same rotation and starts no other.")
	p.Detail = paragraphs(p.Detail, "The change itself is made.")
	return p
}

// bringTo brings rotation to what an update wants and returns the version of
// the rotation that is to be waited for, "" if there is none.
func (o *operation) bringTo(ctx context.Context, want Setup, have Object, s *scene, ask bool) (version string, err error) {
	if !want.Enabled {
		return "", o.switchOff(ctx, s.secret, s.function)
	}
	if ask {
		return o.rotateNow(ctx, want, s)
	}
	if open := have.UnfinishedVersionID; open != "" {
		labels := s.secret.VersionIdsToStages[open]
		switch {
		case slices.Contains(labels, facts.LabelPending) && s.secret.Pending() == open:
			return o.rotate(ctx, s.secret, want, open, true)
		case len(labels) == 0:
			o.warn(*wrong("", "The unfinished rotation was abandoned",
				fmt.Sprintf("The version %s that an earlier apply was waiting for carries no label any more: somebody wrote another value or dropped it. There is nothing left to wait for, and that rotation has not happened: if `rotate_triggers` asked for it, change one of them once more.", open)))
		}
	}
	if s.asWanted(want) {
		return "", nil
	}
	return "", o.reconfigure(ctx, have.SecretARN, want, s.function)
}

// rotateNow starts the rotation that changed rotate_triggers ask for, unless an
// update that did not live to record it has done so.
func (o *operation) rotateNow(ctx context.Context, want Setup, s *scene) (version string, err error) {
	cause := causeTriggers(want.Triggers)
	secretARN := s.secret.Parsed.String()
	pending, done := s.secret.asked(cause)
	switch {
	case pending != "":
		return o.rotate(ctx, s.secret, want, pending, true)
	case done && s.asWanted(want):
		return "", nil
	case done:
		return "", o.reconfigure(ctx, secretARN, want, s.function)
	}
	sec, err := o.settle(ctx, secretARN, s.function)
	if err != nil {
		return "", err
	}
	return o.rotate(ctx, sec, want, o.newToken(ctx, sec, cause), true)
}
