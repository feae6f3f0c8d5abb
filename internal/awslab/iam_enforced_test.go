package awslab_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

const iamDelay = 10 * time.Second

// delayedRole is the role "caller" in a world whose IAM takes its time.
type delayedRole struct {
	*labtest.World
	t       *testing.T
	session *iam.Client // of a session of the role
	managed string      // ARN of a managed policy that allows everything
}

func newDelayedRole(t *testing.T) *delayedRole {
	t.Helper()
	w := labtest.NewDelayed(t, iamDelay)
	made := try[*iam.CreateRoleOutput](t)(w.Roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("caller"), AssumeRolePolicyDocument: new(
		statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}`))}))
	session := try[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(w.Config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: new("test")}))
	policy := try[*iam.CreatePolicyOutput](t)(w.Roles.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: new("managed"), PolicyDocument: new(policyOfAll)}))
	return &delayedRole{w, t, iam.NewFromConfig(w.ConfigFor(sessionOf(session.Credentials))), *policy.Policy.Arn}
}

// is checks whether the role may do something now.
func (r *delayedRole) is(when string, allowed bool) {
	r.t.Helper()
	_, err := r.session.GetRole(r.t.Context(), &iam.GetRoleInput{RoleName: new("caller")})
	if (err == nil) != allowed {
		r.t.Errorf("%s: allowed %t, want %t: %v", when, err == nil, allowed, err)
	}
}

func (r *delayedRole) put(document string) {
	r.t.Helper()
	try[*iam.PutRolePolicyOutput](r.t)(r.Roles.PutRolePolicy(r.t.Context(), &iam.PutRolePolicyInput{RoleName: new("caller"), PolicyName: new("inline"), PolicyDocument: &document}))
}

func (r *delayedRole) deleteInline() {
	r.t.Helper()
	try[*iam.DeleteRolePolicyOutput](r.t)(r.Roles.DeleteRolePolicy(r.t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("caller"), PolicyName: new("inline")}))
}

func (r *delayedRole) attach() {
	r.t.Helper()
	try[*iam.AttachRolePolicyOutput](r.t)(r.Roles.AttachRolePolicy(r.t.Context(), &iam.AttachRolePolicyInput{RoleName: new("caller"), PolicyArn: &r.managed}))
}

func (r *delayedRole) detach() {
	r.t.Helper()
	try[*iam.DetachRolePolicyOutput](r.t)(r.Roles.DetachRolePolicy(r.t.Context(), &iam.DetachRolePolicyInput{RoleName: new("caller"), PolicyArn: &r.managed}))
}

func (r *delayedRole) bound(policy string) {
	r.t.Helper()
	try[*iam.PutRolePermissionsBoundaryOutput](r.t)(r.Roles.PutRolePermissionsBoundary(r.t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: new("caller"), PermissionsBoundary: &policy}))
}

// TestIAMDelay checks that each change of a role's policies counts only once the
// delay is over, and then does.
func TestIAMDelay(t *testing.T) {
	t.Parallel()
	const basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	for name, test := range map[string]struct {
		before, change func(*delayedRole)
		allows         bool // what the change makes of it
	}{
		"first policy": {change: func(r *delayedRole) { r.put(policyOfAll) }, allows: true},
		"other policy": {before: func(r *delayedRole) { r.put(policyOfAll) }, change: func(r *delayedRole) { r.put(statements(statement("Deny", "*", "*"))) }},
		"no policy":    {before: func(r *delayedRole) { r.put(policyOfAll) }, change: (*delayedRole).deleteInline},
		"attached":     {change: (*delayedRole).attach, allows: true},
		"detached":     {before: (*delayedRole).attach, change: (*delayedRole).detach},
		"detached and deleted": {before: (*delayedRole).attach, change: func(r *delayedRole) {
			r.detach()
			try[*iam.DeletePolicyOutput](t)(r.Roles.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: &r.managed}))
		}},
		"new version": {before: (*delayedRole).attach, change: func(r *delayedRole) {
			try[*iam.CreatePolicyVersionOutput](t)(r.Roles.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn: &r.managed, PolicyDocument: new(statements(statement("Allow", "s3:*", "*"))), SetAsDefault: true,
			}))
		}},
		"boundary":       {before: (*delayedRole).attach, change: func(r *delayedRole) { r.bound(basic) }},
		"other boundary": {before: func(r *delayedRole) { r.attach(); r.bound(basic) }, change: func(r *delayedRole) { r.bound(r.managed) }, allows: true},
		"no boundary": {before: func(r *delayedRole) { r.attach(); r.bound(basic) }, change: func(r *delayedRole) {
			try[*iam.DeleteRolePermissionsBoundaryOutput](t)(r.Roles.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: new("caller")}))
		}, allows: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newDelayedRole(t)
			if test.before != nil {
				test.before(r)
				r.Advance(iamDelay)
			}
			r.is("before the change", !test.allows)
			test.change(r)
			r.is("at once", !test.allows)
			r.Advance(iamDelay - time.Millisecond)
			r.is("just before the delay is over", !test.allows)
			r.Advance(time.Millisecond)
			r.is("after the delay", test.allows)
		})
	}
}

// TestIAMDelayOfEach checks that changes in a row count one after the other, and
// that reads show the last of them at once.
func TestIAMDelayOfEach(t *testing.T) {
	t.Parallel()
	r := newDelayedRole(t)
	reads := func(want string) {
		t.Helper()
		names := r.InlinePolicies("caller")
		if want == "" {
			if len(names) != 0 {
				t.Errorf("the inline policies are %v", names)
			}
			return
		}
		out := try[*iam.GetRolePolicyOutput](t)(r.Roles.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: new("caller"), PolicyName: new("inline")}))
		if got, err := url.PathUnescape(*out.PolicyDocument); err != nil || got != want || !slices.Equal(names, []string{"inline"}) {
			t.Errorf("the inline policies are %v with %s", names, got)
		}
	}
	denial := statements(statement("Deny", "*", "*"))
	r.put(policyOfAll) // At 0 s.
	reads(policyOfAll)
	r.Advance(4 * time.Second)
	r.put(denial) // At 4 s.
	reads(denial)
	r.Advance(4 * time.Second)
	r.put(policyOfAll) // At 8 s.
	r.Advance(time.Second)
	r.deleteInline() // At 9 s.
	reads("")
	for second := 9; second < 22; second++ {
		r.is(time.Duration(second*int(time.Second)).String(), second >= 10 && second < 14 || second == 18)
		r.Advance(time.Second)
	}
	r.attach()
	attached := try[*iam.ListAttachedRolePoliciesOutput](t)(r.Roles.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: new("caller")}))
	if len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyArn != r.managed {
		t.Errorf("the attached policies are %v", attached.AttachedPolicies)
	}
}

// TestRotationAfterIAMDelay starts a rotation right after its role policy was
// written: the function's first call is refused, and AWS's next attempt passes.
func TestRotationAfterIAMDelay(t *testing.T) {
	t.Parallel()
	w := labtest.NewDelayed(t, iamDelay)
	rotationType, _ := catalog.Lookup("MySQLSingleUser")
	policy := rotationType.RolePolicy(catalog.Access{SecretARN: w.SecretARN})
	try[*iam.PutRolePolicyOutput](t)(w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &w.Role, PolicyName: new("rotation"), PolicyDocument: new(policy.JSON())}))
	try[*lambda.AddPermissionOutput](t)(w.Functions.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &w.FunctionARN, StatementId: new("rotation"), Action: new("lambda:InvokeFunction"), Principal: new("secretsmanager.amazonaws.com"),
	}))
	try[*secretsmanager.RotateSecretOutput](t)(w.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN, RotationLambdaARN: &w.FunctionARN}))
	w.Advance(iamDelay)
	calls := w.Calls(":assumed-role/rotator/")
	if len(calls) != 1 || calls[0].String() != "secretsmanager:DescribeSecret" || calls[0].ErrorCode != "AccessDeniedException" {
		t.Errorf("the first attempt called %+v", calls)
	}
	if got := w.Finished(); got != 0 {
		t.Errorf("%d rotations finished", got)
	}
	w.Advance(2 * time.Minute)
	var outcomes []string
	for _, e := range w.Events() {
		outcomes = append(outcomes, e.Name)
	}
	if want := []string{"RotationStarted", "RotationFailed", "RotationStarted", "RotationSucceeded"}; !slices.Equal(outcomes, want) {
		t.Errorf("the events are %v, want %v", outcomes, want)
	}
	if aws.ToTime(w.Describe().LastRotatedDate).IsZero() {
		t.Error("the secret has not rotated")
	}
	w.Login()
}
