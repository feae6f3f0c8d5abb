package awslab_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"
)

// servicesLab is a lab with the administrator's clients of the other services.
type servicesLab struct {
	*secretsLab
	iam    *iam.Client
	sts    *sts.Client
	lambda *lambda.Client
	logs   *cloudwatchlogs.Client
}

func newServicesLab(t *testing.T) *servicesLab {
	t.Helper()
	l := newSecretsLab(t)
	return &servicesLab{
		l, iam.NewFromConfig(l.Config()), sts.NewFromConfig(l.Config()), lambda.NewFromConfig(l.Config()),
		cloudwatchlogs.NewFromConfig(l.Config(), func(o *cloudwatchlogs.Options) { o.RetryMaxAttempts = 1 }),
	}
}

const (
	lambdaTrust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	basicExecution = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	policyOfAll    = `{"Version":"2012-10-17","Statement":[` + allowAll + `]}`
)

func statements(list ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

func statement(effect, action, resource string) string {
	return fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q}`, effect, action, resource)
}

// newRole makes a role with this trust policy and nothing else.
func (l *servicesLab) newRole(name, trust string) *iamtypes.Role {
	l.Helper()
	return try[*iam.CreateRoleOutput](l)(l.iam.CreateRole(l.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})).Role
}

func (l *servicesLab) putRolePolicy(role, name, document string) error {
	_, err := l.iam.PutRolePolicy(l.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &document})
	return err
}

func (l *servicesLab) newPolicy(name, document string) string {
	l.Helper()
	return *try[*iam.CreatePolicyOutput](l)(l.iam.CreatePolicy(l.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document})).Policy.Arn
}

func TestRole(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	boundary := l.newPolicy("limits", policyOfAll)
	created := try[*iam.CreateRoleOutput](t)(l.iam.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: new("rotator"), Path: new("/team/"), Description: new("rotates <ours>"), MaxSessionDuration: new(int32(7200)),
		AssumeRolePolicyDocument: new(lambdaTrust), PermissionsBoundary: &boundary,
		Tags: []iamtypes.Tag{{Key: new("owner"), Value: new("data & co")}},
	})).Role
	type view struct {
		ARN, Path, Description, Trust, Boundary string
		MaxSession                              int32
		Tags                                    map[string]string
		Created                                 time.Time
	}
	look := func() view {
		t.Helper()
		r := try[*iam.GetRoleOutput](t)(l.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("rotator")})).Role
		trust, err := url.PathUnescape(*r.AssumeRolePolicyDocument)
		if err != nil {
			t.Fatal(err)
		}
		v := view{*r.Arn, *r.Path, aws.ToString(r.Description), trust, "", *r.MaxSessionDuration, map[string]string{}, *r.CreateDate}
		if r.PermissionsBoundary != nil {
			v.Boundary = *r.PermissionsBoundary.PermissionsBoundaryArn
		}
		for _, tag := range r.Tags {
			v.Tags[*tag.Key] = *tag.Value
		}
		return v
	}
	want := view{"arn:aws:iam::123456789012:role/team/rotator", "/team/", "rotates <ours>", lambdaTrust, boundary, 7200, map[string]string{"owner": "data & co"}, start}
	if diff := cmp.Diff(want, look()); diff != "" || *created.Arn != want.ARN {
		t.Errorf("created role (-want +got):\n%s", diff)
	}

	trust := strings.ReplaceAll(lambdaTrust, "lambda.", "edgelambda.")
	try[*iam.UpdateRoleOutput](t)(l.iam.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: new("rotator"), Description: new("")}))
	try[*iam.UpdateAssumeRolePolicyOutput](t)(l.iam.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: new("rotator"), PolicyDocument: &trust}))
	try[*iam.TagRoleOutput](t)(l.iam.TagRole(t.Context(), &iam.TagRoleInput{RoleName: new("rotator"), Tags: []iamtypes.Tag{{Key: new("stage"), Value: new("")}}}))
	try[*iam.UntagRoleOutput](t)(l.iam.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: new("rotator"), TagKeys: []string{"owner"}}))
	try[*iam.DeleteRolePermissionsBoundaryOutput](t)(l.iam.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: new("rotator")}))
	want.Description, want.Trust, want.Boundary, want.Tags = "", trust, "", map[string]string{"stage": ""}
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Errorf("updated role (-want +got):\n%s", diff)
	}

	_, err := l.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("rotator"), AssumeRolePolicyDocument: new(lambdaTrust)})
	refused(t, err, "EntityAlreadyExists", "Role with name rotator already exists.")
	if err := l.putRolePolicy("rotator", "inline", policyOfAll); err != nil {
		t.Fatal(err)
	}
	try[*iam.AttachRolePolicyOutput](t)(l.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: new("rotator"), PolicyArn: &boundary}))
	remove := func() error {
		_, err := l.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: new("rotator")})
		return err
	}
	refused(t, remove(), "DeleteConflict", "must delete policies first")
	try[*iam.DeleteRolePolicyOutput](t)(l.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("rotator"), PolicyName: new("inline")}))
	refused(t, remove(), "DeleteConflict", "must detach all policies first")
	_, err = l.iam.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: &boundary})
	refused(t, err, "DeleteConflict", "attached")
	try[*iam.DetachRolePolicyOutput](t)(l.iam.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: new("rotator"), PolicyArn: &boundary}))
	if err := remove(); err != nil {
		t.Error(err)
	}
	refused(t, remove(), "NoSuchEntity", "The role with name rotator cannot be found.")
	_, err = l.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("rotator")})
	refused(t, err, "NoSuchEntity", "The role with name rotator cannot be found.")
}

func TestCreateRoleRefusals(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	for name, test := range map[string]struct {
		in            iam.CreateRoleInput
		code, message string
	}{
		"name":           {iam.CreateRoleInput{RoleName: new("a b"), AssumeRolePolicyDocument: new(lambdaTrust)}, "ValidationError", "roleName"},
		"long name":      {iam.CreateRoleInput{RoleName: new(strings.Repeat("r", 65)), AssumeRolePolicyDocument: new(lambdaTrust)}, "ValidationError", "less than or equal to 64"},
		"path":           {iam.CreateRoleInput{RoleName: new("r"), Path: new("team"), AssumeRolePolicyDocument: new(lambdaTrust)}, "ValidationError", "path"},
		"session":        {iam.CreateRoleInput{RoleName: new("r"), MaxSessionDuration: new(int32(60)), AssumeRolePolicyDocument: new(lambdaTrust)}, "ValidationError", "maxSessionDuration"},
		"boundary":       {iam.CreateRoleInput{RoleName: new("r"), PermissionsBoundary: new("arn:aws:iam::123456789012:policy/none"), AssumeRolePolicyDocument: new(lambdaTrust)}, "NoSuchEntity", "does not exist or is not attachable"},
		"not JSON":       {iam.CreateRoleInput{RoleName: new("r"), AssumeRolePolicyDocument: new("{")}, "MalformedPolicyDocument", "Syntax errors in policy."},
		"resource":       {iam.CreateRoleInput{RoleName: new("r"), AssumeRolePolicyDocument: new(policyOfAll)}, "MalformedPolicyDocument", "prohibited field Resource"},
		"no principal":   {iam.CreateRoleInput{RoleName: new("r"), AssumeRolePolicyDocument: new(statements(`{"Effect":"Allow","Action":"sts:AssumeRole"}`))}, "MalformedPolicyDocument", "Principal"},
		"principal gone": {iam.CreateRoleInput{RoleName: new("r"), AssumeRolePolicyDocument: new(statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:role/none"}}`))}, "MalformedPolicyDocument", "Invalid principal in policy"},
		"twice a tag": {iam.CreateRoleInput{RoleName: new("r"), AssumeRolePolicyDocument: new(lambdaTrust), Tags: []iamtypes.Tag{
			{Key: new("a"), Value: new("")}, {Key: new("a"), Value: new("")},
		}}, "InvalidInput", "Duplicate tag keys"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.iam.CreateRole(t.Context(), &test.in)
			refused(t, err, test.code, test.message)
		})
	}
	t.Cleanup(func() {
		if n := len(try[*iam.ListRolesOutput](t)(l.iam.ListRoles(context.WithoutCancel(t.Context()), &iam.ListRolesInput{})).Roles); n != 0 {
			t.Errorf("the refused calls made %d roles", n)
		}
	})
}

func TestRolePolicy(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newRole("r", lambdaTrust)
	// A document of just 100 characters without its white space.
	sized := func(characters int) string {
		document := statements(statement("Allow", "s3:*", "arn:aws:s3:::"))
		return strings.Replace(document, ":::", ":::"+strings.Repeat("x", characters-len(document)), 1) + strings.Repeat(" ", 50)
	}
	if err := l.putRolePolicy("r", "a", sized(10000)); err != nil {
		t.Fatal(err)
	}
	refused(t, l.putRolePolicy("r", "b", sized(241)), "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role r")
	if err := l.putRolePolicy("r", "b", sized(240)); err != nil {
		t.Error(err)
	}
	if err := l.putRolePolicy("r", "a", sized(9000)); err != nil {
		t.Error(err) // The policy that is replaced does not count.
	}
	got := try[*iam.GetRolePolicyOutput](t)(l.iam.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: new("r"), PolicyName: new("b")}))
	if document, _ := url.PathUnescape(*got.PolicyDocument); document != sized(240) {
		t.Error("the document did not come back as it was put")
	}
	first := try[*iam.ListRolePoliciesOutput](t)(l.iam.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: new("r"), MaxItems: new(int32(1))}))
	second := try[*iam.ListRolePoliciesOutput](t)(l.iam.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: new("r"), MaxItems: new(int32(1)), Marker: first.Marker}))
	if diff := cmp.Diff([]string{"a", "b"}, append(first.PolicyNames, second.PolicyNames...)); diff != "" || !first.IsTruncated || second.IsTruncated {
		t.Errorf("pages of ListRolePolicies (-want +got):\n%s", diff)
	}
	for _, test := range []struct{ role, policy, document, code, message string }{
		{"none", "p", policyOfAll, "NoSuchEntity", "The role with name none cannot be found."},
		{"r", "a/b", policyOfAll, "ValidationError", "policyName"},
		{"r", "p", "nothing", "MalformedPolicyDocument", "Syntax errors in policy."},
		{"r", "p", strings.ReplaceAll(lambdaTrust, `"Effect"`, `"Resource":"*","Effect"`), "MalformedPolicyDocument", "should not specify a principal"},
		{"r", "p", statements(`{"Effect":"Allow","Action":"s3:*"}`), "MalformedPolicyDocument", "must contain resources"},
		{"r", "p", statements(statement("Allow", "GetSecretValue", "*")), "MalformedPolicyDocument", "prefaced by a vendor"},
		{"r", "p", statements(statement("Allow", "s3:*", "bucket")), "MalformedPolicyDocument", "must be in ARN format"},
		{"r", "p", statements(`{"Sid":"a-b","Effect":"Allow","Action":"*","Resource":"*"}`), "MalformedPolicyDocument", "alpha-numeric"},
		{"r", "p", statements(`{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}`, `{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}`), "MalformedPolicyDocument", "must be unique"},
	} {
		refused(t, l.putRolePolicy(test.role, test.policy, test.document), test.code, test.message)
	}
	_, err := l.iam.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: new("r"), PolicyName: new("p")})
	refused(t, err, "NoSuchEntity", "The role policy with name p cannot be found.")
	_, err = l.iam.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("r"), PolicyName: new("p")})
	refused(t, err, "NoSuchEntity", "The role policy with name p cannot be found.")
}

func TestManagedPolicy(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newRole("r", lambdaTrust)
	policy := l.newPolicy("p", statements(statement("Allow", "s3:*", "*")))
	_, err := l.iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: new("p"), PolicyDocument: new(policyOfAll)})
	refused(t, err, "EntityAlreadyExists", "A policy called p already exists.")
	for range 2 { // Attaching twice is no error.
		try[*iam.AttachRolePolicyOutput](t)(l.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: new("r"), PolicyArn: &policy}))
	}
	try[*iam.AttachRolePolicyOutput](t)(l.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: new("r"), PolicyArn: new(basicExecution)}))
	attached := try[*iam.ListAttachedRolePoliciesOutput](t)(l.iam.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: new("r")})).AttachedPolicies
	if len(attached) != 2 || *attached[0].PolicyArn != policy || *attached[1].PolicyName != "AWSLambdaBasicExecutionRole" {
		t.Errorf("attached policies: %v", attached)
	}
	version := try[*iam.CreatePolicyVersionOutput](t)(l.iam.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: &policy, PolicyDocument: new(policyOfAll), SetAsDefault: true})).PolicyVersion
	if *version.VersionId != "v2" || !version.IsDefaultVersion {
		t.Errorf("the new version is %s, default %t", *version.VersionId, version.IsDefaultVersion)
	}
	got := try[*iam.GetPolicyOutput](t)(l.iam.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: &policy})).Policy
	if *got.DefaultVersionId != "v2" || *got.AttachmentCount != 1 {
		t.Errorf("the policy has default version %s and %d attachments", *got.DefaultVersionId, *got.AttachmentCount)
	}
	old := try[*iam.GetPolicyVersionOutput](t)(l.iam.GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: &policy, VersionId: new("v1")})).PolicyVersion
	if document, _ := url.PathUnescape(*old.Document); document != statements(statement("Allow", "s3:*", "*")) {
		t.Errorf("version 1 is %s", document)
	}
	_, err = l.iam.DeletePolicyVersion(t.Context(), &iam.DeletePolicyVersionInput{PolicyArn: &policy, VersionId: new("v2")})
	refused(t, err, "DeleteConflict", "default version")
	try[*iam.DeletePolicyVersionOutput](t)(l.iam.DeletePolicyVersion(t.Context(), &iam.DeletePolicyVersionInput{PolicyArn: &policy, VersionId: new("v1")}))
	_, err = l.iam.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: new(basicExecution)})
	refused(t, err, "AccessDenied", "owned by AWS")
	_, err = l.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: new("r"), PolicyArn: new("arn:aws:iam::123456789012:policy/none")})
	refused(t, err, "NoSuchEntity", "does not exist or is not attachable")
	for i := range 8 {
		more := l.newPolicy(fmt.Sprint("more", i), policyOfAll)
		try[*iam.AttachRolePolicyOutput](t)(l.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: new("r"), PolicyArn: &more}))
	}
	_, err = l.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: new("r"), PolicyArn: new(l.newPolicy("eleventh", policyOfAll))})
	refused(t, err, "LimitExceeded", "PoliciesPerRole: 10")
	_, err = l.iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: new("big"), PolicyDocument: new(statements(statement("Allow", "s3:*", "arn:aws:s3:::"+strings.Repeat("x", 6144))))})
	refused(t, err, "LimitExceeded", "PolicySize: 6144")
}

// TestAuthorization asks GetRole of callers of every kind.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/r"
	allowGet, denyGet := statement("Allow", "iam:GetRole", role), statement("Deny", "iam:Get*", "*")
	for name, test := range map[string]struct {
		policy, boundary, session string
		viaRole                   bool
		reason                    string // empty: allowed
	}{
		"user":              {policy: statements(allowGet)},
		"nothing":           {reason: "because no identity-based policy allows the iam:GetRole action"},
		"other resource":    {policy: statements(statement("Allow", "iam:GetRole", role+"x")), reason: "no identity-based policy"},
		"other action":      {policy: statements(statement("Allow", "iam:ListRoles", "*")), reason: "no identity-based policy"},
		"explicit deny":     {policy: statements(allowGet, denyGet), reason: "with an explicit deny in an identity-based policy"},
		"condition":         {policy: statements(`{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalType":"User","aws:username":"test","aws:PrincipalAccount":"123456789012"},"Bool":{"aws:SecureTransport":"true"},"DateLessThan":{"aws:CurrentTime":"2026-01-23T00:00:00Z"}}}`)},
		"condition fails":   {policy: statements(`{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-central-1"}}}`), reason: "no identity-based policy"},
		"resource tag":      {policy: statements(`{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"a"}}}`)},
		"role":              {viaRole: true, policy: statements(allowGet)},
		"role nothing":      {viaRole: true, reason: "no identity-based policy"},
		"boundary":          {viaRole: true, policy: policyOfAll, boundary: statements(allowGet)},
		"beyond boundary":   {viaRole: true, policy: policyOfAll, boundary: statements(statement("Allow", "s3:*", "*")), reason: "because no permissions boundary allows the iam:GetRole action"},
		"boundary denies":   {viaRole: true, policy: policyOfAll, boundary: statements(allowAll, denyGet), reason: "with an explicit deny in a permissions boundary"},
		"session policy":    {viaRole: true, policy: policyOfAll, session: statements(allowGet)},
		"beyond session":    {viaRole: true, policy: policyOfAll, session: statements(statement("Allow", "s3:*", "*")), reason: "because no session policy allows the iam:GetRole action"},
		"session denies":    {viaRole: true, policy: policyOfAll, session: statements(allowAll, denyGet), reason: "with an explicit deny in a session policy"},
		"session adds none": {viaRole: true, session: policyOfAll, reason: "no identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			l.newRole("r", lambdaTrust)
			try[*iam.TagRoleOutput](t)(l.iam.TagRole(t.Context(), &iam.TagRoleInput{RoleName: new("r"), Tags: []iamtypes.Tag{{Key: new("team"), Value: new("a")}}}))
			var credentials aws.Credentials
			who := "arn:aws:iam::123456789012:user/test"
			if test.viaRole {
				who = "arn:aws:sts::123456789012:assumed-role/caller/test"
				made := l.newRole("caller", statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}`))
				if test.policy != "" {
					if err := l.putRolePolicy("caller", "p", test.policy); err != nil {
						t.Fatal(err)
					}
				}
				if test.boundary != "" {
					try[*iam.PutRolePermissionsBoundaryOutput](t)(l.iam.PutRolePermissionsBoundary(t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: new("caller"), PermissionsBoundary: new(l.newPolicy("b", test.boundary))}))
				}
				in := sts.AssumeRoleInput{RoleArn: made.Arn, RoleSessionName: new("test")}
				if test.session != "" {
					in.Policy = &test.session
				}
				credentials = sessionOf(try[*sts.AssumeRoleOutput](t)(l.sts.AssumeRole(t.Context(), &in)).Credentials)
			} else {
				credentials = l.NewUser("test", test.policy)
			}
			_, err := iam.NewFromConfig(l.ConfigFor(credentials)).GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("r")})
			if test.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, "AccessDenied", "User: "+who+" is not authorized to perform: iam:GetRole on resource: "+role+" ")
			refused(t, err, "AccessDenied", test.reason)
		})
	}
}

func sessionOf(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	user := `{"AWS":"arn:aws:iam::123456789012:user/test"}`
	root := `{"AWS":"arn:aws:iam::123456789012:root"}`
	trust := func(principal, condition string) string {
		return statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + `,"Condition":` + condition + `}`)
	}
	for name, test := range map[string]struct {
		trust, policy, externalID string
		seconds                   int32
		code                      string
	}{
		"named":                {trust: trust(user, "{}")},
		"account":              {trust: trust(root, "{}"), policy: policyOfAll},
		"account only":         {trust: trust(root, "{}"), code: "AccessDenied"},
		"identity only":        {trust: lambdaTrust, policy: policyOfAll, code: "AccessDenied"},
		"identity denies":      {trust: trust(user, "{}"), policy: statements(statement("Deny", "sts:*", "*")), code: "AccessDenied"},
		"external ID":          {trust: trust(user, `{"StringEquals":{"sts:ExternalId":"x"}}`), externalID: "x"},
		"external ID missing":  {trust: trust(user, `{"StringEquals":{"sts:ExternalId":"x"}}`), code: "AccessDenied"},
		"as long as allowed":   {trust: trust(user, "{}"), seconds: 3600},
		"longer than the role": {trust: trust(user, "{}"), seconds: 3601, code: "ValidationError"},
		"too short":            {trust: trust(user, "{}"), seconds: 60, code: "ValidationError"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			credentials := l.NewUser("test", test.policy)
			role := l.newRole("r", test.trust)
			in := sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: new("session")}
			if test.externalID != "" {
				in.ExternalId = &test.externalID
			}
			if test.seconds != 0 {
				in.DurationSeconds = &test.seconds
			}
			out, err := sts.NewFromConfig(l.ConfigFor(credentials)).AssumeRole(t.Context(), &in)
			if test.code != "" {
				refused(t, err, test.code, "")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if *out.AssumedRoleUser.Arn != "arn:aws:sts::123456789012:assumed-role/r/session" || !out.Credentials.Expiration.Equal(start.Add(time.Hour)) {
				t.Errorf("got session %s until %s", *out.AssumedRoleUser.Arn, out.Credentials.Expiration)
			}
		})
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	role := l.newRole("r", statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}`))
	assume := func() aws.Credentials {
		t.Helper()
		return sessionOf(try[*sts.AssumeRoleOutput](t)(l.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: new("me")})).Credentials)
	}
	who := func(c aws.Credentials) (string, error) {
		out, err := sts.NewFromConfig(l.ConfigFor(c)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", err
		}
		return *out.Arn, nil
	}
	session := assume()
	if got := try[string](t)(who(session)); got != "arn:aws:sts::123456789012:assumed-role/r/me" {
		t.Errorf("the session is %s", got)
	}
	withoutToken := session
	withoutToken.SessionToken = ""
	_, err := who(withoutToken)
	refused(t, err, "InvalidClientTokenId", "security token")
	_, err = who(aws.Credentials{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"})
	refused(t, err, "InvalidClientTokenId", "security token")

	// The code depends on the protocol.
	_, err = l.as(withoutToken).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	refused(t, err, "UnrecognizedClientException", "security token")

	l.Advance(time.Hour)
	_, err = who(session)
	refused(t, err, "ExpiredToken", "expired")
	_, err = l.as(session).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{})
	refused(t, err, "ExpiredTokenException", "expired")

	// A role of the same name is another role.
	session = assume()
	try[*iam.DeleteRoleOutput](t)(l.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: new("r")}))
	l.newRole("r", lambdaTrust)
	_, err = who(session)
	refused(t, err, "InvalidClientTokenId", "security token")
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	trusting := l.newRole("ci", statements(`{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/ci.example"}}`))
	other := l.newRole("other", lambdaTrust)
	anonymous := l.Config()
	anonymous.Credentials = aws.AnonymousCredentials{}
	client := sts.NewFromConfig(anonymous)
	out := try[*sts.AssumeRoleWithWebIdentityOutput](t)(client.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: trusting.Arn, RoleSessionName: new("build"), WebIdentityToken: new("token")}))
	caller := try[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(l.ConfigFor(sessionOf(out.Credentials))).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *caller.Arn != "arn:aws:sts::123456789012:assumed-role/ci/build" {
		t.Errorf("the session is %s", *caller.Arn)
	}
	_, err := client.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: other.Arn, RoleSessionName: new("build"), WebIdentityToken: new("token")})
	refused(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")

	// Nothing else goes without a signature.
	response, err := http.PostForm(l.URL(), url.Values{"Action": {"GetCallerIdentity"}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("an unsigned request got status %d", response.StatusCode)
	}
}
