package awslab_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// callers are who may rotate secrets: each makes a caller with a policy.
var callers = map[string]struct {
	arn string
	new func(l *servicesLab, policy string) *secretsmanager.Client
}{
	"user": {"arn:aws:iam::123456789012:user/caller", func(l *servicesLab, policy string) *secretsmanager.Client {
		return l.as(l.NewUser("caller", policy))
	}},
	"session": {"arn:aws:sts::123456789012:assumed-role/caller/test", func(l *servicesLab, policy string) *secretsmanager.Client {
		role := l.newRole("caller", statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}`))
		if err := l.putRolePolicy("caller", "p", policy); err != nil {
			l.Fatal(err)
		}
		return l.as(sessionOf(try[*sts.AssumeRoleOutput](l)(l.sts.AssumeRole(l.Context(), &sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: new("test")})).Credentials))
	}},
}

// TestCallerMayNotInvoke rotates in every state of a secret as a caller without
// lambda:InvokeFunction: it is refused, and nothing changes.
func TestCallerMayNotInvoke(t *testing.T) {
	t.Parallel()
	for path, test := range map[string]struct {
		// prepare is what the administrator has done before.
		prepare func(l *servicesLab, secret, function string)
		in      func(in *secretsmanager.RotateSecretInput, function string)
	}{
		"first": {in: func(in *secretsmanager.RotateSecretInput, function string) { in.RotationLambdaARN = &function }},
		"first, later": {in: func(in *secretsmanager.RotateSecretInput, function string) {
			in.RotationLambdaARN, in.RotateImmediately = &function, new(false)
		}},
		"once more": {
			prepare: func(l *servicesLab, secret, function string) { l.rotate(secret, function, 2); l.Advance(time.Minute) },
			in:      func(*secretsmanager.RotateSecretInput, string) {},
		},
		"rules": {
			prepare: func(l *servicesLab, secret, function string) { l.rotate(secret, function, 2); l.Advance(time.Minute) },
			in: func(in *secretsmanager.RotateSecretInput, _ string) {
				in.RotationRules, in.RotateImmediately = &types.RotationRulesType{AutomaticallyAfterDays: new(int64(3))}, new(false)
			},
		},
		"same token": {
			prepare: func(l *servicesLab, secret, function string) { l.rotate(secret, function, 9); l.Advance(time.Minute) },
			in:      func(*secretsmanager.RotateSecretInput, string) {},
		},
		"under way": {
			prepare: func(l *servicesLab, secret, function string) { l.rotate(secret, function, 2) },
			in:      func(*secretsmanager.RotateSecretInput, string) {},
		},
		"cancelled": {
			prepare: func(l *servicesLab, secret, function string) {
				l.rotate(secret, function, 2)
				l.Advance(time.Minute)
				try[*secretsmanager.CancelRotateSecretOutput](l)(l.CancelRotateSecret(l.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &secret}))
			},
			in: func(in *secretsmanager.RotateSecretInput, _ string) { in.RotateImmediately = new(false) },
		},
		"alias": {
			prepare: func(l *servicesLab, _, function string) {
				try[*lambda.PublishVersionOutput](l)(l.lambda.PublishVersion(l.Context(), &lambda.PublishVersionInput{FunctionName: &function}))
				try[*lambda.CreateAliasOutput](l)(l.lambda.CreateAlias(l.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: new("live"), FunctionVersion: new("1")}))
			},
			in: func(in *secretsmanager.RotateSecretInput, function string) {
				in.RotationLambdaARN = new(function + ":live")
			},
		},
	} {
		for who, caller := range callers {
			t.Run(path+" by "+who, func(t *testing.T) {
				t.Parallel()
				l := newServicesLab(t)
				secret, function := l.rotatable()
				if test.prepare != nil {
					test.prepare(l, secret, function)
				}
				client := caller.new(l, statements(statement("Allow", "secretsmanager:*", "*")))
				in := &secretsmanager.RotateSecretInput{SecretId: &secret, ClientRequestToken: new(token(9))}
				test.in(in, function)
				if in.RotationLambdaARN != nil {
					function = *in.RotationLambdaARN
				}
				before, events := l.describe(secret), l.eventNames()
				_, err := client.RotateSecret(t.Context(), in)
				refused(t, err, "AccessDeniedException", "User: "+caller.arn+" is not authorized to perform: lambda:InvokeFunction on resource: "+function+
					" because no identity-based policy allows the lambda:InvokeFunction action")
				if diff := cmp.Diff(before, l.describe(secret), cmpopts.IgnoreTypes(middleware.Metadata{}), cmpopts.IgnoreUnexported(secretsmanager.DescribeSecretOutput{}, types.RotationRulesType{})); diff != "" || l.eventNames() != events {
					t.Errorf("the refused call changed the secret (-before +after):\n%s", diff)
				}
			})
		}
	}
}

// TestCallerInvokesByFunctionPolicy lets the policy of the function say who may
// invoke it, which suffices within an account, unless it names the account only.
func TestCallerInvokesByFunctionPolicy(t *testing.T) {
	t.Parallel()
	const (
		user    = "arn:aws:iam::123456789012:user/caller"
		role    = "arn:aws:iam::123456789012:role/caller"
		session = "arn:aws:sts::123456789012:assumed-role/caller/test"
	)
	rotate, deny := statement("Allow", "secretsmanager:RotateSecret", "*"), statement("Deny", "lambda:*", "*")
	for name, test := range map[string]struct {
		who, principal, action string
		policy                 string
		boundary               string // of the role
		alias                  bool   // the function's own policy says it, but the secret rotates with an alias
		reason                 string // empty: allowed
	}{
		"user":                        {who: "user", principal: user},
		"role":                        {who: "session", principal: role},
		"session":                     {who: "session", principal: session},
		"account":                     {who: "user", principal: "123456789012", reason: "no identity-based policy"},
		"another role":                {who: "session", principal: "arn:aws:iam::123456789012:role/rotator", reason: "no identity-based policy"},
		"another action":              {who: "user", principal: user, action: "lambda:GetPolicy", reason: "no identity-based policy"},
		"denied":                      {who: "user", principal: user, policy: statements(rotate, deny), reason: "with an explicit deny in an identity-based policy"},
		"role denied":                 {who: "session", principal: role, policy: statements(rotate, deny), reason: "with an explicit deny in an identity-based policy"},
		"role within its boundary":    {who: "session", principal: role, boundary: policyOfAll},
		"role beyond its boundary":    {who: "session", principal: role, boundary: statements(rotate), reason: "is not authorized to perform: lambda:InvokeFunction"},
		"session beyond its boundary": {who: "session", principal: session, boundary: statements(rotate)},
		"policy of the function only": {who: "user", principal: user, alias: true, reason: "no identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			secret, function := l.rotatable()
			policy, action, target := statements(rotate), "lambda:InvokeFunction", function
			if test.policy != "" {
				policy = test.policy
			}
			if test.action != "" {
				action = test.action
			}
			if test.alias {
				try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &function}))
				try[*lambda.CreateAliasOutput](t)(l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: new("live"), FunctionVersion: new("1")}))
				target += ":live"
			}
			client := callers[test.who].new(l, policy)
			if test.boundary != "" {
				try[*iam.PutRolePermissionsBoundaryOutput](t)(l.iam.PutRolePermissionsBoundary(t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: new("caller"), PermissionsBoundary: new(l.newPolicy("b", test.boundary))}))
			}
			try[*lambda.AddPermissionOutput](t)(l.lambda.AddPermission(t.Context(), &lambda.AddPermissionInput{
				FunctionName: &function, StatementId: new("caller"), Action: &action, Principal: &test.principal,
			}))
			_, err := client.RotateSecret(t.Context(), l.rotateInput(secret, target, 2))
			if test.reason != "" {
				refused(t, err, "AccessDeniedException", "is not authorized to perform: lambda:InvokeFunction on resource: "+target)
				refused(t, err, "AccessDeniedException", test.reason)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			l.Advance(time.Minute)
			if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
				t.Errorf("the labels are %q, want %q", got, want)
			}
		})
	}
}
