package rotation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// superuser is what a scene knows of the superuser secret.
type superuser struct {
	// known says that AWS was asked, and was allowed to tell.
	known  bool
	exists bool
	// deleted says that AWS is going to delete the secret.
	deleted bool
	// owner is the service that manages the secret, empty if none does.
	owner string
	// databases are the services that its system tags say to have the database.
	databases []string
	// function is the one that it is configured to rotate with, empty if none.
	function string
	// key is the ARN of its customer managed key, empty if it has none or AWS
	// names it by an alias.
	key string
}

// superuser describes the superuser secret of a setup, for what depends on it:
// the role policy of some rotation types, and the checks.
func (o *operation) superuser(ctx context.Context, want Setup) (superuser, error) {
	if want.SuperuserSecretARN == "" || !want.usesSuperuser() || !want.Check && !want.CheckAccess && !want.SuperuserMatters() {
		return superuser{}, nil
	}
	return o.describeSuperuser(ctx, want.SuperuserSecretARN, findings.SuperuserArgument)
}

// describeSuperuser describes a superuser secret, once per run.
func (o *operation) describeSuperuser(ctx context.Context, secretARN, argument string) (superuser, error) {
	sec, err := o.Secret(ctx, secretARN)
	switch {
	case awsapi.IsAccessDenied(err):
		return superuser{}, nil
	case awsapi.IsNotFound(err):
		return superuser{known: true}, nil
	case err != nil:
		return superuser{}, failed(argument, "read the superuser secret", "", err)
	}
	key, _ := sec.Key()
	s := superuser{known: true, exists: true, deleted: sec.DeletedDate != nil, owner: aws.ToString(sec.OwningService), function: aws.ToString(sec.RotationLambdaARN), key: key}
	for _, tag := range sec.Tags { // Such as aws:redshift:primaryClusterArn.
		if parts := strings.Split(aws.ToString(tag.Key), ":"); len(parts) == 3 && parts[0] == "aws" {
			s.databases = append(s.databases, parts[1])
		}
	}
	return s, nil
}

// usesSuperuser reports whether the function reads a superuser secret.
func (w Setup) usesSuperuser() bool { return w.RotationType != nil && w.RotationType.Superuser != nil }

// SuperuserMatters reports whether the role policy depends on who manages the
// superuser secret.
func (w Setup) SuperuserMatters() bool {
	return w.Managed && w.SuperuserSecretARN != "" && w.usesSuperuser() && len(w.RotationType.SuperuserOwners()) > 0
}

// remark is a finding of a check, with the argument that is to blame.
type remark struct {
	findings.Finding

	// repairable says that the rest of a plan may mend the cause, whatever the
	// stage of the code is.
	repairable bool
	// ofValue says that a value of a secret is to blame.
	ofValue bool
}

// preflight is all that a setup is checked for before its first write, and at
// plan. Before an apply refuses anything it looks again, at everything: what was
// found may be from before this same apply has mended it.
func (o *operation) preflight(ctx context.Context, want Setup, s *scene, kmsKeyARN string, own Permissions) ([]Problem, error) {
	remarks, err := o.examine(ctx, want, s, kmsKeyARN, own)
	if err != nil || want.Lenient {
		return problems(remarks, want.Lenient), err
	}
	remarks, err = o.reconsider(ctx, want.FunctionARN, remarks, func(again *operation) ([]remark, error) {
		now := *s
		var err error
		if now.secret, err = again.find(ctx, s.secret.Parsed.String()); err != nil {
			return nil, err
		}
		if now.function != nil {
			if now.function, err = again.Function(ctx, want.FunctionARN); err != nil {
				return nil, failed("rotation_lambda_arn", "read the rotation function", "", err)
			}
		}
		if now.superuser, err = again.superuser(ctx, want); err != nil {
			return nil, err
		}
		return again.examine(ctx, want, &now, kmsKeyARN, own)
	})
	return problems(remarks, false), err
}

// reconsider repeats checks that have found an error before an apply refuses to begin.
// What somebody has just been allowed may take a moment to be seen. For one
// function that is waited for once in a run, however many setups it has.
func (o *operation) reconsider(ctx context.Context, functionARN string, remarks []remark, look func(*operation) ([]remark, error)) ([]remark, error) {
	if o.planning || !anyError(remarks) {
		return remarks, nil
	}
	now := o.clock.Now()
	first, _ := o.refused.LoadOrStore(functionARN, now)
	const looks = 3 // besides the first
	for n := 0; ; n++ {
		again := *o
		again.Source = o.Fresh()
		var err error
		if remarks, err = look(&again); err != nil || !anyError(remarks) || !mayStillSpread(remarks) {
			return remarks, err
		}
		if since, ok := first.(time.Time); !ok || n == looks || o.clock.Now().Sub(since) >= lagging {
			return remarks, nil
		}
		if err := o.clock.Sleep(ctx, lagging/looks); err != nil {
			return nil, err
		}
	}
}

// mayStillSpread reports whether all errors are of what IAM and Lambda may not show
// yet although it was written.
func mayStillSpread(remarks []remark) bool {
	return !slices.ContainsFunc(remarks, func(r remark) bool { return r.Severity == findings.Error && !r.Code.Spreads() })
}

// examine makes all the checks that a setup asks for.
func (o *operation) examine(ctx context.Context, want Setup, s *scene, kmsKeyARN string, own Permissions) ([]remark, error) {
	current := o.currentValue(ctx, want, s)
	remarks := append(o.unreadable(want, s, current), o.checkType(ctx, want, s, current)...)
	need := sync.OnceValues(func() (findings.Need, []findings.Finding) { return o.need(ctx, want, s, kmsKeyARN) })
	access, err := o.checkAccess(ctx, want, s, need, own)
	if err != nil {
		return nil, err
	}
	remarks = append(remarks, access...)
	way, err := o.checkFunctionItself(ctx, want, s, need, kmsKeyARN, current)
	return append(remarks, way...), err
}

// unreadable says what of the secrets could not be looked at.
func (o *operation) unreadable(want Setup, s *scene, current facts.Value) []remark {
	var remarks []remark
	if current.Denied != nil {
		remarks = append(remarks, on("secret_id", findings.NotSeen(findings.SecretNotJSON, "The value of the secret", "secretsmanager:GetSecretValue"))...)
	}
	if want.SuperuserSecretARN != "" && want.usesSuperuser() && want.Check && !s.superuser.known {
		remarks = append(remarks, on("superuser_secret_arn", findings.NotSeen(findings.SuperuserNotFound, "The superuser secret", "secretsmanager:DescribeSecret"))...)
	}
	return remarks
}

func anyError(remarks []remark) bool {
	return slices.ContainsFunc(remarks, func(r remark) bool { return r.Severity == findings.Error })
}

// problems are what a user has to know of. What could not be determined is for a
// diagnosis to say.
func problems(remarks []remark, lenient bool) []Problem {
	var all []Problem
	for _, r := range remarks {
		if r.Severity == findings.Info {
			continue
		}
		p := Of(r.Finding, r.Argument)
		p.Repairable, p.OfValue = p.Repairable || r.repairable, r.ofValue
		p.Warning = p.Warning || lenient
		all = append(all, p)
	}
	return all
}

// on puts findings on an argument, unless they name theirs.
func on(attribute string, found ...findings.Finding) []remark {
	all := make([]remark, len(found))
	for i, f := range found {
		f.Argument = cmp.Or(f.Argument, attribute)
		all[i] = remark{Finding: f}
	}
	return all
}

// currentValue reads the secret's value, if that is allowed and needed. Its text
// goes to package findings and no further.
func (o *operation) currentValue(ctx context.Context, want Setup, s *scene) facts.Value {
	if !want.Check || want.RotationType == nil || !want.rotatesWithFunction() || !want.ReadValue || s.secret.Current() == "" {
		return facts.Value{}
	}
	return o.Value(ctx, s.secret.Parsed.String(), "")
}

// rotatesWithFunction reports whether the setup has a function, known or not.
func (w Setup) rotatesWithFunction() bool { return w.FunctionARN != "" || w.FunctionPending }

// checkType is what a rotation type says of a scene: of the function's
// environment, the secret's value and the superuser secret. What can't be read is
// not said.
func (o *operation) checkType(ctx context.Context, want Setup, s *scene, current facts.Value) []remark {
	t := want.RotationType
	if !want.Check || t == nil || !want.rotatesWithFunction() {
		return nil
	}
	var remarks []remark
	ofValue := false // Whether a value is to blame for what is reported from here on.
	// repairable is for errors that the rest of a plan may still mend.
	report := func(attribute string, repairable bool, found ...findings.Finding) {
		for _, r := range on(attribute, found...) {
			r.repairable, r.ofValue = repairable, ofValue
			remarks = append(remarks, r)
		}
	}
	var environment map[string]string
	secretARN := s.secret.Parsed.String()
	if s.function != nil && s.function.Environment != nil {
		environment = s.function.Environment
		report(findings.FunctionArgument, true, environmentFindings(t, environment, secretARN)...)
	}
	usesSuperuser := want.SuperuserSecretARN != "" && want.usesSuperuser()
	if usesSuperuser {
		report(findings.SuperuserArgument, false, superuserMissing(findings.SuperuserArgument, want.SuperuserSecretARN, s.superuser)...)
		report("superuser_kms_key_arn", true, superuserKey(want, s.superuser)...)
	}
	ofValue = true
	switch {
	case current.State != facts.ValuePresent, current.Binary && len(t.Fields) == 0:
		return remarks
	case current.Binary:
		report("secret_id", false, findings.SecretBinaryValue())
		return remarks
	}
	// What is an error only with this environment may be mended in the function.
	anyhow := findings.SecretString(t, current.Text, nil)
	for _, f := range findings.SecretString(t, current.Text, environment) {
		mendable := !slices.ContainsFunc(anyhow, func(a findings.Finding) bool { return a.Code == f.Code && a.Severity == f.Severity })
		report("secret_id", mendable, f)
	}
	if want.Managed && !want.AccessPending {
		report(findings.KeytabsArgument, true, findings.Keytabs(t, want.Access.KeytabSecretARNs, current.Text, environment)...)
	}
	if previous := s.secret.With(facts.LabelPrevious); previous != "" && t.ReadsPrevious {
		if p := o.Value(ctx, secretARN, previous); p.State == facts.ValuePresent {
			// A binary value has no text, and the function fails on it as well.
			report("secret_id", false, findings.SecretPrevious(t, p.Text)...)
		}
	}
	if !usesSuperuser {
		return remarks
	}
	mismatch := findings.Superuser(t, want.SuperuserSecretARN, &current.Text)
	report(findings.SuperuserArgument, false, mismatch...)
	if s.superuser.exists && !s.superuser.deleted && len(mismatch) == 0 {
		report(findings.SuperuserArgument, false, o.checkSuperuserValue(ctx, want, s.superuser.owner, current.Text)...)
	}
	return remarks
}

// environmentFindings are those of the function's environment. Of a function
// that is not one of AWS's own nobody knows what it reads.
func environmentFindings(t *catalog.RotationType, environment map[string]string, secretARN string) []findings.Finding {
	found := findings.Environment(t, environment, secretARN)
	if t.Strategy != catalog.CustomStrategy {
		return found
	}
	for i := range found {
		found[i].Severity = findings.Warning
		found[i].Remedy += " Ignore this if your function does not read the variable."
	}
	return found
}

// superuserMissing is the finding for a superuser secret of an argument that is
// not there.
func superuserMissing(argument, secretARN string, s superuser) []findings.Finding {
	switch {
	case s.known && !s.exists:
		return []findings.Finding{findings.New(findings.SuperuserNotFound, findings.Error,
			fmt.Sprintf("There is no secret %s.", secretARN),
			fmt.Sprintf("Give a secret that exists in `%s`, in the Region of the function.", argument))}
	case s.deleted:
		return []findings.Finding{findings.New(findings.SuperuserNotFound, findings.Error,
			fmt.Sprintf("AWS will delete the secret %s, and nobody can read it any more.", secretARN),
			"Restore it with `aws secretsmanager restore-secret`, or use another secret.")}
	}
	return nil
}

// superuserKey is the finding for a superuser secret with a key that the role
// policy does not have. Another policy or the key's own may have it.
func superuserKey(want Setup, s superuser) []findings.Finding {
	if !want.Managed || want.AccessPending || s.key == want.Access.SuperuserKMSKeyARN || s.key == "" {
		return nil
	}
	return []findings.Finding{findings.New(findings.RoleKMS, findings.Warning,
		fmt.Sprintf("The superuser secret is encrypted with the customer managed key %s, which the role policy of this setup does not have.", s.key),
		"Set `superuser_kms_key_arn` to that ARN, unless something else allows the execution role to decrypt with the key.")}
}

func (o *operation) checkSuperuserValue(ctx context.Context, want Setup, owner, current string) []findings.Finding {
	c := o.SharedValue(ctx, want.SuperuserSecretARN)
	switch {
	case c.Denied != nil:
		return []findings.Finding{findings.NotSeen(findings.SuperuserFormat, "The value of the superuser secret", "secretsmanager:GetSecretValue")}
	case c.State == facts.ValueUnknown:
		return nil
	case c.State == facts.ValueAbsent:
		return []findings.Finding{findings.New(findings.SuperuserNotReadable, findings.Error,
			fmt.Sprintf("The secret %s has no value yet.", want.SuperuserSecretARN),
			"Store it before this setup is created, and let the setup depend on it.")}
	case c.Binary:
		return []findings.Finding{findings.New(findings.SuperuserFormat, findings.Error,
			"The superuser secret's value is stored as SecretBinary, but rotation functions read SecretString.",
			"Write the value as text, in secret_string.")}
	}
	access := want.Access
	access.SuperuserOwningService = owner
	return findings.SuperuserValue(want.RotationType, access, current, c.Text)
}
