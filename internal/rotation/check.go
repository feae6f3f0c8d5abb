package rotation

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	return superuser{known: true, exists: true, deleted: sec.DeletedDate != nil, owner: aws.ToString(sec.OwningService), function: aws.ToString(sec.RotationLambdaARN), key: key}, nil
}

// usesSuperuser reports whether the function reads a superuser secret.
func (w Setup) usesSuperuser() bool { return w.RotationType != nil && w.RotationType.Superuser != nil }

// SuperuserMatters reports whether the role policy depends on who manages the
// superuser secret.
func (w Setup) SuperuserMatters() bool {
	return w.Managed && w.SuperuserSecretARN != "" && w.usesSuperuser() && len(w.RotationType.SuperuserOwners()) > 0
}

// check is what a rotation type says of a scene: of the function's environment,
// the secret's value and the superuser secret. No content of a secret goes
// further than to package findings. What can't be read is not said.
func (o *operation) check(ctx context.Context, want Setup, s *scene) []Problem {
	t := want.RotationType
	if !want.Check || t == nil || want.FunctionARN == "" && !want.FunctionPending {
		return nil
	}
	var problems []Problem
	ofValue := false // Whether a value is to blame for what is reported from here on.
	// repairable is for errors that the rest of a plan may still mend.
	report := func(attribute string, repairable bool, found ...findings.Finding) {
		for _, f := range found {
			if f.Severity == findings.Info {
				continue
			}
			p := Of(f, cmp.Or(f.Argument, attribute))
			p.Repairable, p.OfValue = p.Repairable || repairable, ofValue
			p.Warning = p.Warning || want.Lenient
			problems = append(problems, p)
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
	if s.secret.Current() == "" || !want.ReadValue {
		return problems
	}
	ofValue = true
	current := o.Value(ctx, secretARN, "")
	switch {
	case current.State != facts.ValuePresent, current.Binary && len(t.Fields) == 0:
		return problems
	case current.Binary:
		report("secret_id", false, findings.SecretBinaryValue())
		return problems
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
		return problems
	}
	mismatch := findings.Superuser(t, want.SuperuserSecretARN, &current.Text)
	report(findings.SuperuserArgument, false, mismatch...)
	if s.superuser.exists && !s.superuser.deleted && len(mismatch) == 0 {
		report(findings.SuperuserArgument, false, o.checkSuperuserValue(ctx, want, s.superuser.owner, current.Text)...)
	}
	return problems
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
