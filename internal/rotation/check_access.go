package rotation

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// seenRole reads a role, nil if it may not be seen or is not there.
func (o *operation) seenRole(ctx context.Context, roleARN string, fresh bool) (*facts.Role, error) {
	r, err := o.source(fresh).Role(ctx, roleARN)
	if awsapi.IsAccessDenied(err) || awsapi.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("role_arn", "read the execution role", "", err)
	}
	return r, nil
}

// judged judges a role as it is remembered and, before it finds it wanting, as it
// is now: this same apply may have given it more.
func (o *operation) judged(ctx context.Context, roleARN string, judge func(findings.Role) []findings.Finding) ([]findings.Finding, error) {
	for _, fresh := range []bool{false, true} {
		r, err := o.seenRole(ctx, roleARN, fresh)
		if r == nil || err != nil {
			return nil, err
		}
		if found := judge(r.Role); fresh || !wanting(found) {
			return found, nil
		}
	}
	return nil, nil
}

func wanting(found []findings.Finding) bool {
	for _, f := range found {
		if f.Severity != findings.Info {
			return true
		}
	}
	return false
}

// lacksVPC reports whether a function is in a VPC and its role may not connect it
// there, but for what setups and accesses have written: whoever wrote a policy
// may remove it.
func (o *operation) lacksVPC(ctx context.Context, f *facts.Function, roleARN string) (bool, error) {
	if f == nil || !f.InVPC {
		return false, nil
	}
	need := findings.Need{FunctionARN: f.ARN.String(), InVPC: true}
	found, err := o.judged(ctx, roleARN, func(r findings.Role) []findings.Finding {
		var others []findings.Policy
		for _, p := range r.Policies {
			if !ours(p) {
				others = append(others, p)
			}
		}
		r.Policies = others
		return findings.RolePermissions(r, need)
	})
	return wanting(found), err
}

// preflight is all that a setup is checked for before its first write, and at
// plan.
func (o *operation) preflight(ctx context.Context, want Setup, s *scene, kmsKeyARN string, own Permissions, atPlan bool) ([]Problem, error) {
	problems := o.check(ctx, want, s)
	access, err := o.checkAccess(ctx, want, s, kmsKeyARN, own, atPlan)
	return append(problems, access...), err
}

// checkAccess says what a rotation would be refused: the invocation of the
// function, or what the function does. At plan it counts on what is planned.
func (o *operation) checkAccess(ctx context.Context, want Setup, s *scene, kmsKeyARN string, own Permissions, atPlan bool) ([]Problem, error) {
	if !want.Check && !want.CheckAccess || !want.Enabled || s.function == nil {
		return nil, nil
	}
	var problems []Problem
	report := func(attribute string, found []findings.Finding) {
		for _, f := range found {
			if f.Severity != findings.Info {
				problems = append(problems, Of(f, attribute))
			}
		}
	}
	secretARN := s.secret.Parsed.String()
	report("superuser_secret_arn", otherAccount(want, s))
	if s.function.ARN.AccountID != s.secret.Parsed.AccountID {
		return lenient(want, problems), nil // Its role and policy can't be seen from here: see FunctionElsewhere.
	}
	if _, byAlias := s.secret.Key(); byAlias && want.Managed && want.KMSKeyARN == "" {
		report("kms_key_arn", []findings.Finding{findings.New(findings.RoleKMS, findings.Warning,
			fmt.Sprintf("The secret's key is given by an alias, %s, which a role policy cannot name, so that the role policy of this setup does not have the key.", aws.ToString(s.secret.KmsKeyId)),
			"Set `kms_key_arn` to the ARN of the key, unless something else allows the execution role to use it.")})
	}
	if !want.Managed {
		found, err := o.invocable(ctx, want, secretARN, atPlan)
		if err != nil {
			return nil, err
		}
		report("rotation_lambda_arn", found)
	}
	found, err := o.permitted(ctx, want, s, kmsKeyARN, own, atPlan)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		report(attributeOf(f.Code), []findings.Finding{f})
	}
	return lenient(want, problems), nil
}

// attributeOf is the argument that is to blame for what a role lacks.
func attributeOf(code findings.Code) string {
	switch code {
	case findings.SuperuserNotReadable, findings.SuperuserRDSManagedAccess:
		return findings.SuperuserArgument
	case findings.RoleKMS:
		return "kms_key_arn"
	}
	return "rotation_lambda_arn"
}

// lenient makes warnings of errors where that is what a user asked for.
func lenient(want Setup, problems []Problem) []Problem {
	for i := range problems {
		problems[i].Warning = problems[i].Warning || want.Lenient
	}
	return problems
}

// invocable asks the policy of a function whether Secrets Manager may invoke it.
// A statement that this setup has written itself does not count: where others
// have to see to access, it goes.
func (o *operation) invocable(ctx context.Context, want Setup, secretARN string, atPlan bool) ([]findings.Finding, error) {
	functionARN, own := want.FunctionARN, statementID(want, secretARN)
	for _, fresh := range []bool{false, true} {
		policy, err := o.source(fresh).FunctionPolicy(ctx, functionARN)
		if awsapi.IsAccessDenied(err) {
			return nil, nil
		}
		if err != nil {
			return nil, failed("rotation_lambda_arn", "read the policy of the rotation function", "", err)
		}
		document := policy.Document
		document.Statements = slices.DeleteFunc(slices.Clone(document.Statements), func(s iampolicy.Statement) bool { return s.Sid == own && isFor(s.JSON(), secretARN) })
		if atPlan {
			document = o.planned.onFunction(document, functionARN)
		}
		found := findings.Invocable(functionARN, secretARN, document, iampolicy.Document{})
		if !wanting(found) {
			return found, nil
		}
		if name, qualifier := arn.SplitQualifier(functionARN); fresh && qualifier != nil {
			unqualified, err := o.FunctionPolicy(ctx, name)
			if err == nil {
				found = findings.Invocable(functionARN, secretARN, document, unqualified.Document)
			}
		}
		if fresh {
			return found, nil
		}
	}
	return nil, nil
}

// permitted asks the policies of the execution role whether the function may do
// its work, together with the policy that this setup writes.
func (o *operation) permitted(ctx context.Context, want Setup, s *scene, kmsKeyARN string, own Permissions, atPlan bool) ([]findings.Finding, error) {
	access := accessOf(want, s.secret.Parsed.String(), kmsKeyARN)
	access.SuperuserOwningService, access.VPC = s.superuser.owner, false
	if !want.Managed {
		access.SuperuserKMSKeyARN = cmp.Or(access.SuperuserKMSKeyARN, s.superuser.key)
	}
	t := want.RotationType
	need := findings.Need{
		FunctionARN: want.FunctionARN, SecretARN: access.SecretARN, SecretTags: map[string]string{},
		Policy: t.RolePolicy(access), InVPC: s.function.InVPC,
		Guards: map[string]*iampolicy.Document{}, Own: t == nil || t.Strategy == catalog.CustomStrategy,
	}
	if s.superuser.exists {
		need.RotateWith = map[string]string{want.SuperuserSecretARN: s.superuser.function}
	}
	for _, tag := range s.secret.Tags {
		need.SecretTags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	judge := func(r findings.Role) []findings.Finding {
		if atPlan {
			r = o.planned.onRole(r, roleName(r.ARN))
		}
		if own.RolePolicy != "" {
			r = r.With(facts.ReadPolicy(own.RolePolicyName, own.RolePolicy))
		} else { // One that this setup has written before goes.
			r.Policies = slices.DeleteFunc(slices.Clone(r.Policies), func(p findings.Policy) bool {
				return p.Name == policyName(want, access.SecretARN) && ofOwner(p, access.SecretARN)
			})
		}
		return findings.RolePermissions(r, need)
	}
	roleARN := s.roleARN(want)
	found, err := o.judged(ctx, roleARN, judge)
	if err != nil || !wanting(found) {
		return found, err
	}
	// The policy of a secret may allow what the role's do not. One that may not be
	// read leaves that open.
	for _, statement := range need.Policy.Statements {
		for _, resource := range statement.Resources {
			if _, err := arn.ParseSecret(resource); err == nil {
				if guard, err := o.SecretPolicy(ctx, resource); err == nil {
					need.Guards[resource] = guard
				}
			}
		}
	}
	r, err := o.seenRole(ctx, roleARN, false)
	if r == nil || err != nil {
		return nil, err
	}
	return judge(r.Role), nil
}

// otherAccount says what another account has to add for a superuser secret of
// its own: that can't be written, nor seen, from here.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html.
func otherAccount(want Setup, s *scene) []findings.Finding {
	superuser, err := arn.ParseSecret(want.SuperuserSecretARN)
	if err != nil || !want.usesSuperuser() || superuser.AccountID == s.secret.Parsed.AccountID {
		return nil
	}
	return []findings.Finding{findings.SuperuserElsewhere(want.SuperuserSecretARN, want.Access.SuperuserKMSKeyARN, s.roleARN(want))}
}

// FunctionElsewhere says what has to be in the account of a function if that is not
// the secret's.
func FunctionElsewhere(functionARN, secretARN string) (p Problem, elsewhere bool) {
	function, noFunction := arn.ParseFunction(functionARN)
	secret, noSecret := arn.ParseSecret(secretARN)
	if noFunction != nil || noSecret != nil || function.AccountID == secret.AccountID {
		return Problem{}, false
	}
	return Of(findings.New(findings.FunctionOtherAccount, findings.Warning,
		fmt.Sprintf("The function is in account %s and the secret in account %s. What is allowed there can't be seen from here, and the functions that AWS publishes can't rotate secrets of another account.", function.AccountID, secret.AccountID),
		fmt.Sprintf("In account %[1]s, the function's policy has to let %[3]s invoke the function with `aws:SourceAccount` %[2]s, and these credentials `lambda:InvokeFunction` and `lambda:GetFunctionConfiguration`. Its role has to be allowed `sts:AssumeRole` on a role of account %[2]s. "+
			"That role has to trust it, and needs the policy that `rotation_role_policy` computes. The function has to pass the RotationToken of its event to PutSecretValue, and the secret needs a customer managed key.",
			function.AccountID, secret.AccountID, iampolicy.ServicePrincipal)), "rotation_lambda_arn"), true
}
