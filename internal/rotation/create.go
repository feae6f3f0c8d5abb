package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// undoTimeout bounds taking back the writes of a failed create, which goes on
// when the create itself was interrupted.
const undoTimeout = time.Minute

// Create sets rotation up: checks, role policy, invoke permission,
// RotateSecret, wait. It needs no memory of an earlier try. What an earlier
// create of the same setup left behind is recognised and finished, and a
// rotation that it asked for is not asked for again.
//
// An object together with an error means that a failed create could not take
// its own writes back. Otherwise an error means either that nothing of it is
// left, or that AWS has accepted the rotation and goes on with it.
func (s *Service) Create(ctx context.Context, want Setup, timeout time.Duration) (*Object, []Problem, error) {
	o, err := s.begin(ctx, want.SecretID, want.Region, timeout)
	if err != nil {
		return nil, nil, err
	}
	secretARN := want.SecretID
	if _, err := arn.ParseSecret(secretARN); err != nil {
		if secretARN, err = o.resolve(ctx, want.SecretID); err != nil {
			return nil, nil, err
		}
	}
	defer s.secrets.lock(secretARN)()
	if _, twice := s.created.Load(secretARN); twice {
		return nil, nil, wrong("secret_id", "Two setups of one secret", "Another rotation_setup of this configuration is for the secret "+secretARN+", too. A secret has one rotation: keep one of them.")
	}
	sc, err := o.lookAround(ctx, want)
	if err != nil {
		return nil, nil, err
	}
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		return nil, nil, p
	}
	object := sc.object(want)
	problems, err := o.preflight(ctx, want, sc, object.KMSKeyARN, object.Permissions)
	if err != nil {
		return nil, nil, err
	}
	if err := o.awaitValue(ctx, want, sc); err != nil {
		return nil, nil, err
	}
	if err := o.refuse(append(noValue(want, sc.secret), problems...)); err != nil {
		return nil, nil, err
	}
	o.tell(ctx, "The checks are done", map[string]any{"secret_arn": object.SecretARN})
	if p := want.PlannedRolePolicy; p != "" && p != object.RolePolicy {
		return nil, o.warnings, wrong("", "Access changed since the plan",
			"Between plan and apply, the role policy, the secret's key or another setup of this secret changed what has to be written. Nothing was changed. Plan and apply again, unless another setup is for the same secret: then keep one of them.")
	}

	var u undo
	if sc.generation > 0 && !sc.secret.Enabled() {
		u.push(func(ctx context.Context) error { o.clear(ctx, object); return nil })
	}
	if err := o.freeStatement(ctx, object.SecretARN, object.Permissions, sc.generation); err != nil {
		return nil, o.warnings, err
	}
	if err := o.grant(ctx, object.SecretARN, object.Permissions, &u); err != nil {
		return o.takeBack(ctx, object, u, err)
	}
	version, err := o.startCreated(ctx, want, sc)
	if err != nil {
		if open, ok := asOpen(err); ok {
			return nil, o.warnings, unfinished(object.SecretARN, open)
		}
		return o.takeBack(ctx, object, u, err)
	}
	if sc.stray != "" {
		o.sweep(ctx, sc, object)
	}
	if version != "" && want.Wait {
		if err := o.complete(ctx, want, object.SecretARN, version, sc.function); err != nil {
			return o.rotationFailed(ctx, want, object, version, sc, err)
		}
	}
	s.created.Store(object.SecretARN, object.Permissions)
	return object, o.warnings, nil
}

// awaitValue looks again at a secret without a value: one that was stored just
// before may take a moment to be seen.
func (o *operation) awaitValue(ctx context.Context, want Setup, s *scene) error {
	for try := 0; try < 3 && len(noValue(want, s.secret)) > 0; try++ {
		if err := o.clock.Sleep(ctx, pollPause); err != nil {
			return err
		}
		var err error
		if s.secret, err = o.find(ctx, s.secret.Parsed.String()); err != nil {
			return err
		}
	}
	return nil
}

// refuse returns the errors among problems, and warns of the others if there are
// none.
func (o *operation) refuse(problems []Problem) error {
	var refused Problems
	for _, p := range problems {
		if !p.Warning {
			refused = append(refused, p)
		}
	}
	if len(refused) > 0 {
		return refused
	}
	for _, p := range problems {
		o.warn(p)
	}
	return nil
}

// object is what a scene becomes once the setup stands.
func (s *scene) object(want Setup) *Object {
	secretARN := s.secret.Parsed.String()
	o := &Object{
		Permissions:      Permissions{FunctionARN: want.FunctionARN},
		SecretARN:        secretARN,
		Rules:            want.Rules,
		Enabled:          want.Enabled,
		KMSKeyARN:        s.kmsKeyARN(want),
		OwningService:    aws.ToString(s.secret.OwningService),
		ExternalRoleARN:  want.ExternalRoleARN,
		ExternalMetadata: want.ExternalMetadata,
	}
	if o.OwningService != "" && s.secret.Enabled() {
		o.PreviousRules = s.secret.rules()
	}
	if s.function != nil {
		o.RoleARN = s.roleARN(want)
		o.StatementID = statementID(want, secretARN)
		o.RolePolicyName = policyName(want, secretARN)
		if want.Managed {
			o.RoleName = roleName(o.RoleARN)
			if want.SuperuserMatters() {
				o.SuperuserARN, o.SuperuserOwner = want.SuperuserSecretARN, s.superuser.owner
			}
			want.SuperuserOwner, want.VPC, o.VPC = o.SuperuserOwner, &s.vpc, s.vpc
			o.RolePolicy = PolicyFor(want, secretARN, o.KMSKeyARN, s.nextGeneration())
			o.InvokePermission = PermissionFor(o.StatementID, want.FunctionARN, secretARN)
		}
	}
	return o
}

// nextGeneration is that of the policy that a create writes. A create that goes
// on where another was interrupted keeps the other's, so that the same plan can
// be applied again. Any other is a later one: what it takes over may be an object
// that is destroyed after it.
func (s *scene) nextGeneration() int {
	if pending, _ := s.secret.asked(causeCreate); s.generation > 0 && (pending != "" || !s.secret.Enabled()) {
		return s.generation
	}
	return s.generation + 1
}

// startCreated brings rotation to what a create wants and returns the version
// of the rotation that is to be waited for, "" if there is none.
func (o *operation) startCreated(ctx context.Context, want Setup, s *scene) (version string, err error) {
	secretARN := s.secret.Parsed.String()
	pending, _ := s.secret.asked(causeCreate)
	switch {
	case !want.Enabled:
		return "", o.switchOff(ctx, s.secret, s.function)
	case pending != "":
		// The rotation of an earlier try is not complete. Asking with its own
		// token makes AWS go on with it and starts no other.
		return o.rotate(ctx, s.secret, want, pending, true)
	case o.asks(ctx, want, s):
		return o.rotate(ctx, s.secret, want, o.newToken(ctx, s.secret, causeCreate), true)
	case s.asWanted(want):
		return "", nil
	}
	return "", o.reconfigure(ctx, secretARN, want, s.function)
}

// asks reports whether a create asks for a rotation, and no earlier one of this
// setup has.
func (o *operation) asks(ctx context.Context, want Setup, s *scene) bool {
	pending, done := s.secret.asked(causeCreate)
	if !want.Enabled || pending != "" || !s.rotatesAtCreate(want) {
		return false
	}
	switch {
	case !s.remnant:
		return true
	case done:
		return false
	case aws.ToString(s.secret.OwningService) != "":
		// The service's own rotations say nothing of an earlier create, but the
		// version of one does.
		return !o.hasAsked(ctx, s.secret, time.Time{})
	}
	return s.secret.LastRotatedDate == nil || o.hasAsked(ctx, s.secret, *s.secret.LastRotatedDate)
}

// hasAsked reports whether an earlier create has asked for a rotation after a
// time. When no rotation has succeeded since, and none is pending, that one was
// abandoned, as when somebody has stored a new value to mend its cause.
func (o *operation) hasAsked(ctx context.Context, sec *secret, after time.Time) bool {
	versions := o.Versions(ctx, sec.Parsed.String())
	for version, v := range versions {
		for before := range versions {
			if isToken(version, sec.Parsed.String(), before, causeCreate) && v.Made.After(after) {
				return true
			}
		}
	}
	return false
}

// takeBack undoes what a create wrote before AWS accepted the rotation.
func (o *operation) takeBack(ctx context.Context, object *Object, u undo, cause error) (*Object, []Problem, error) {
	kept, err := o.undone(ctx, u, cause)
	if !kept {
		object = nil
	}
	return object, o.warnings, err
}

// undone takes the writes of a failed create back and tells the cause. Kept says
// that they could not be, so that the object has to be.
func (o *operation) undone(ctx context.Context, u undo, cause error) (kept bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := u.run(ctx); err != nil {
		p := failed("", "set rotation up", "", cause)
		return true, &Problem{
			Attribute: p.Attribute, Code: p.Code, Summary: p.Summary, cause: cause,
			Detail: p.Detail + "\n\nWhat was written before that could not be taken back either, so this resource is kept in the state as tainted: the next apply removes it and creates it again.\n\n" + err.Error(),
		}
	}
	return false, cause
}

// clear removes what earlier creates left where this one works. It is tidying
// up: what fails is a warning.
func (o *operation) clear(ctx context.Context, object *Object) {
	if err := o.revoke(ctx, object.SecretARN, object.Permissions); err != nil {
		o.warn(*failed("", "tidy up after an earlier try", "An earlier try was interrupted. Its permission or role policy is still there.", err))
	}
}

// sweep removes what an earlier create left on another function and its role.
// It is tidying up: what fails is a warning.
func (o *operation) sweep(ctx context.Context, s *scene, object *Object) {
	err := o.dropPermission(ctx, object.StatementID, object.SecretARN, PermissionFor(object.StatementID, s.stray, object.SecretARN))
	if err == nil && s.strayRole != object.RoleName {
		err = o.dropRolePolicy(ctx, s.strayRole, object.RolePolicyName, object.SecretARN, s.generation)
	}
	if err != nil {
		o.warn(*failed("", "tidy up after an earlier try", fmt.Sprintf("An earlier try set rotation up with %s. Its permission or role policy is still there.", s.stray), err))
	}
}

// rotationFailed ends a create whose rotation was accepted and did not succeed.
// All stays as it is, so that the next create resumes it; only a rotation that
// can't succeed and never wrote a value is taken back whole.
func (o *operation) rotationFailed(ctx context.Context, want Setup, object *Object, version string, s *scene, cause error) (*Object, []Problem, error) {
	failure, ok := errors.AsType[*rotationError](cause)
	if !ok || failure.ending != permanent || !want.ReadValue || s.function == nil {
		return nil, o.warnings, unfinished(object.SecretARN, cause)
	}
	ctx = context.WithoutCancel(ctx)
	discarded, err := o.discard(ctx, object.SecretARN, version, s.function.Timeout)
	if err == nil && !discarded {
		_, err = o.switchBackOn(ctx, object.SecretARN, version)
	}
	if err != nil {
		o.warn(*failed("", "discard the failed rotation", "", err))
	}
	if err != nil || !discarded {
		return nil, o.warnings, unfinished(object.SecretARN, cause)
	}
	failure.state = "The rotation had not written a value, so it was cancelled, and everything that this setup wrote was taken back. Applications are not affected: the secret's value was not touched."
	p := failure.problem()
	var u undo
	u.push(func(ctx context.Context) error { return o.revoke(ctx, object.SecretARN, object.Permissions) })
	return o.takeBack(ctx, object, u, p)
}

// unfinished explains a rotation that AWS has accepted and whose outcome is bad
// or open.
func unfinished(secretARN string, cause error) *Problem {
	p := explain(cause, "the next apply resumes this same rotation and starts no other.")
	p.Detail = paragraphs(p.Detail, "Rotation is configured, nothing was taken back, and this setup is not in the state yet. To remove it instead, import it first and then destroy it:", importBlock(secretARN))
	return p
}
