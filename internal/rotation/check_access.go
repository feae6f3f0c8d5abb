package rotation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// seenRole reads a role, nil if it may not be seen or is not there.
func (o *operation) seenRole(ctx context.Context, roleARN string) (*facts.Role, error) {
	r, err := o.Role(ctx, roleARN)
	if awsapi.IsAccessDenied(err) || awsapi.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("role_arn", "read the execution role", "", err)
	}
	return r, nil
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
	lacks := func(o *operation) (bool, error) {
		r, err := o.seenRole(ctx, roleARN)
		if r == nil || err != nil {
			return false, err
		}
		others := r.Role
		others.Policies = slices.DeleteFunc(slices.Clone(others.Policies), ours)
		return slices.ContainsFunc(findings.RolePermissions(others, need), func(f findings.Finding) bool { return f.Code == findings.RoleVPC && f.Severity != findings.Info }), nil
	}
	if lacking, err := lacks(o); !lacking || err != nil || o.planning {
		return lacking, err
	}
	again := *o // This same apply may have given the role more.
	again.Source = o.Fresh()
	return lacks(&again)
}

// checkAccess says what a rotation would be refused: the invocation of the
// function, or what the function does. At plan it counts on what is planned.
func (o *operation) checkAccess(ctx context.Context, want Setup, s *scene, need func() (findings.Need, []findings.Finding), own Permissions) ([]remark, error) {
	if !want.Check && !want.CheckAccess || !want.Enabled || s.function == nil {
		return nil, nil
	}
	remarks := on("superuser_secret_arn", otherAccount(want, s)...)
	if s.elsewhere() {
		return remarks, nil // Its role and policy can't be seen from here: see FunctionElsewhere.
	}
	if want.Managed && want.KMSKeyARN == "" {
		remarks = append(remarks, on("kms_key_arn", o.keyByAlias(ctx, s.secret)...)...)
	}
	if !want.Managed {
		found, err := o.invocable(ctx, want, s.secret.Parsed.String())
		if err != nil {
			return nil, err
		}
		remarks = append(remarks, on("rotation_lambda_arn", found...)...)
	}
	found, err := o.permitted(ctx, want, s, need, own)
	for _, f := range found {
		remarks = append(remarks, on(attributeOf(f.Code), f)...)
	}
	return remarks, err
}

// elsewhere reports whether the function is in another account than the secret.
func (s *scene) elsewhere() bool {
	return s.function != nil && s.function.ARN.AccountID != s.secret.Parsed.AccountID
}

// keyByAlias is the finding for a secret whose key is given by an alias.
func (o *operation) keyByAlias(ctx context.Context, sec *secret) []findings.Finding {
	_, byAlias := sec.Key()
	if !byAlias {
		return nil
	}
	alias, remedy := aws.ToString(sec.KmsKeyId), "Set `kms_key_arn` to the ARN of the key, unless something else allows the execution role to use it."
	if key := o.Key(ctx, alias); key.ARN != alias {
		remedy = fmt.Sprintf("Set `kms_key_arn = %q`, which is the key now, unless something else allows the execution role to use it.", key.ARN)
	}
	return []findings.Finding{findings.New(findings.RoleKMS, findings.Warning,
		fmt.Sprintf("The secret's key is given by an alias, %s, which a role policy cannot name, so that the role policy of this setup does not have the key.", alias), remedy)}
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

// invocable asks the policy of a function whether Secrets Manager may invoke it.
// A statement that this setup has written itself does not count: where others
// have to see to access, it goes.
func (o *operation) invocable(ctx context.Context, want Setup, secretARN string) ([]findings.Finding, error) {
	functionARN, own := want.FunctionARN, statementID(want, secretARN)
	policy, err := o.FunctionPolicy(ctx, functionARN)
	if awsapi.IsAccessDenied(err) {
		return []findings.Finding{findings.NotSeen(findings.InvokePermissionMissing, "The policy of the rotation function", "lambda:GetPolicy")}, nil
	}
	if err != nil {
		return nil, failed("rotation_lambda_arn", "read the policy of the rotation function", "", err)
	}
	document := policy.Document
	if !o.diagnosing {
		document.Statements = slices.DeleteFunc(slices.Clone(document.Statements), func(s iampolicy.Statement) bool { return s.Sid == own && isFor(s.JSON(), secretARN) })
	}
	if o.planning {
		document = o.planned.onFunction(document, functionARN)
	}
	found := findings.Invocable(functionARN, secretARN, document, iampolicy.Document{})
	if name, qualifier := arn.SplitQualifier(functionARN); qualifier != nil && wanting(found) {
		if unqualified, err := o.FunctionPolicy(ctx, name); err == nil {
			found = findings.Invocable(functionARN, secretARN, document, unqualified.Document)
		}
	}
	return found, nil
}

// permitted asks all that decides about the execution role whether the function
// may do its work, together with the policy that this setup writes.
func (o *operation) permitted(ctx context.Context, want Setup, s *scene, needed func() (findings.Need, []findings.Finding), own Permissions) ([]findings.Finding, error) {
	need, hidden := needed()
	roleARN := s.roleARN(want)
	r, err := o.Role(ctx, roleARN)
	switch {
	case awsapi.IsNotFound(err) && roleARN == s.function.Role.String():
		return append(hidden, findings.New(findings.RoleNotAssumable, findings.Error,
			fmt.Sprintf("The execution role %s of the function does not exist, so that Lambda can't run the function.", roleARN), "Make the role again, or give the function another one.")), nil
	case awsapi.IsNotFound(err): // This same apply may make it.
		return hidden, nil
	case awsapi.IsAccessDenied(err):
		return append(hidden, findings.NotSeen(findings.RoleSecretAccess, "What the execution role "+roleARN+" may do",
			"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies")), nil
	case err != nil:
		return nil, failed("role_arn", "read the execution role", "", err)
	}
	role, secretARN := r.Role, s.secret.Parsed.String()
	// What a setup writes itself is enough for its secret, so that those of hundreds
	// of others need not be judged as well; but for the VPC.
	if o.planning && (own.RolePolicy == "" || need.InVPC) {
		role = o.planned.onRole(role, roleName(role.ARN))
	}
	switch {
	case own.RolePolicy != "":
		role = role.With(facts.ReadPolicy(own.RolePolicyName, own.RolePolicy))
	case !o.diagnosing: // One that this setup has written before goes.
		role.Policies = slices.DeleteFunc(slices.Clone(role.Policies), func(p findings.Policy) bool {
			return p.Name == policyName(want, secretARN) && ofOwner(p, secretARN)
		})
	}
	return append(hidden, findings.RolePermissions(role, need)...), nil
}

// need is what the function of a setup has to be allowed, and what others than its
// role say of that.
func (o *operation) need(ctx context.Context, want Setup, s *scene, kmsKeyARN string) (findings.Need, []findings.Finding) {
	access := accessOf(want, s.secret.Parsed.String(), kmsKeyARN)
	access.SuperuserOwningService, access.VPC = s.superuser.owner, false
	if !want.Managed {
		access.SuperuserKMSKeyARN = cmp.Or(access.SuperuserKMSKeyARN, s.superuser.key)
	}
	t := want.RotationType
	need := findings.Need{
		FunctionARN: want.FunctionARN, SecretARN: access.SecretARN, SecretTags: map[string]string{},
		Policy: t.RolePolicy(access), InVPC: s.function.InVPC, LogGroup: s.function.LogGroup,
		Own: t == nil || t.Strategy == catalog.CustomStrategy,
	}
	if s.superuser.exists {
		need.RotateWith = map[string]string{want.SuperuserSecretARN: s.superuser.function}
	}
	for _, tag := range s.secret.Tags {
		need.SecretTags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	hidden := o.others(ctx, &need, access.KMSKeyARN, access.SuperuserKMSKeyARN)
	return need, hidden
}

// others adds the policies of secrets and of keys, as far as they may be read, and
// says which may not.
func (o *operation) others(ctx context.Context, need *findings.Need, keyARNs ...string) (hidden []findings.Finding) {
	need.Guards, need.Keys = map[string]*iampolicy.Document{}, map[string]findings.Key{}
	for _, statement := range need.Policy.Statements {
		for _, resource := range statement.Resources {
			if _, err := arn.ParseSecret(resource); err != nil || strings.Contains(resource, "*") {
				continue
			}
			guard, err := o.SecretPolicy(ctx, resource)
			if err == nil {
				need.Guards[resource] = guard
			} else if awsapi.IsAccessDenied(err) {
				hidden = append(hidden, findings.NotSeen(findings.SecretPolicyDenies, "The resource policy of "+resource, "secretsmanager:GetResourcePolicy"))
			}
		}
	}
	for _, keyARN := range keyARNs {
		if keyARN != "" {
			need.Keys[keyARN] = o.Key(ctx, keyARN)
		}
	}
	return hidden
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
	f, elsewhere := functionElsewhere(functionARN, secretARN)
	return Of(f, f.Argument), elsewhere
}

func functionElsewhere(functionARN, secretARN string) (f findings.Finding, elsewhere bool) {
	function, noFunction := arn.ParseFunction(functionARN)
	secret, noSecret := arn.ParseSecret(secretARN)
	if noFunction != nil || noSecret != nil || function.AccountID == secret.AccountID {
		return f, false
	}
	f = findings.New(findings.FunctionOtherAccount, findings.Warning,
		fmt.Sprintf("The function is in account %s and the secret in account %s. What is allowed there can't be seen from here, and the functions that AWS publishes can't rotate secrets of another account.", function.AccountID, secret.AccountID),
		fmt.Sprintf("In account %[1]s, the function's policy has to let %[3]s invoke the function with `aws:SourceAccount` %[2]s, and these credentials `lambda:InvokeFunction` and `lambda:GetFunctionConfiguration`. Its role has to be allowed `sts:AssumeRole` on a role of account %[2]s. "+
			"That role has to trust it, and needs the policy that `rotation_role_policy` computes. The function has to pass the RotationToken of its event to PutSecretValue, and the secret needs a customer managed key.",
			function.AccountID, secret.AccountID, iampolicy.ServicePrincipal))
	f.Argument = "rotation_lambda_arn"
	return f, true
}
