package awslab_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// outcome is a result of the simulator.
type outcome struct {
	Action, Resource string
	Decision         iamtypes.PolicyEvaluationDecisionType
	Missing          []string
	Unbounded        bool // the boundary does not allow it
	Of               []outcome
}

func simulated(t *testing.T, client *iam.Client, in *iam.SimulatePrincipalPolicyInput) []outcome {
	t.Helper()
	unbounded := func(d *iamtypes.PermissionsBoundaryDecisionDetail) bool {
		return d != nil && !d.AllowedByPermissionsBoundary
	}
	var all []outcome
	for pages := iam.NewSimulatePrincipalPolicyPaginator(client, in); pages.HasMorePages(); {
		page := try[*iam.SimulatePrincipalPolicyOutput](t)(pages.NextPage(t.Context()))
		for _, r := range page.EvaluationResults {
			o := outcome{*r.EvalActionName, *r.EvalResourceName, r.EvalDecision, r.MissingContextValues, unbounded(r.PermissionsBoundaryDecisionDetail), nil}
			for _, each := range r.ResourceSpecificResults {
				o.Of = append(o.Of, outcome{"", *each.EvalResourceName, each.EvalResourceDecision, each.MissingContextValues, unbounded(each.PermissionsBoundaryDecisionDetail), nil})
			}
			all = append(all, o)
		}
	}
	return all
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	t.Parallel()
	const (
		first     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:first-AbCdEf"
		second    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:second-AbCdEf"
		ofSecrets = "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${SecretId}"
		get       = "secretsmanager:GetSecretValue"
		// Conditions, one of which no request tells.
		inVPC  = `{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1","aws:PrincipalAccount":"123456789012"}}}`
		tagged = `{"Effect":"Deny","Action":"secretsmanager:*","Resource":"*","Condition":{"Null":{"aws:ResourceTag/team":"true"}}}`
	)
	const allowed, denied, none = iamtypes.PolicyEvaluationDecisionTypeAllowed, iamtypes.PolicyEvaluationDecisionTypeExplicitDeny, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
	allowGet := statement("Allow", get, first)
	for name, test := range map[string]struct {
		policy, boundary string
		actions          []string // default GetSecretValue
		resources        []string
		context          map[string][]string
		want             []outcome
	}{
		"no policy": {want: []outcome{{Action: get, Resource: ofSecrets, Decision: none}}},
		"allowed on all": {
			policy: statements(statement("Allow", get, "*")), want: []outcome{{Action: get, Resource: ofSecrets, Decision: allowed}},
		},
		"allowed on one, asked of all": {policy: statements(allowGet), want: []outcome{{Action: get, Resource: ofSecrets, Decision: none}}},
		"each resource": {
			policy: statements(allowGet), resources: []string{first, second},
			want: []outcome{{Action: get, Resource: ofSecrets, Decision: none, Of: []outcome{{Resource: first, Decision: allowed}, {Resource: second, Decision: none}}}},
		},
		"most restrictive": {
			policy: statements(allowGet, statement("Deny", "*", second)), resources: []string{first, second, first + "x"},
			want: []outcome{{Action: get, Resource: ofSecrets, Decision: denied, Of: []outcome{
				{Resource: first, Decision: allowed}, {Resource: second, Decision: denied}, {Resource: first + "x", Decision: none},
			}}},
		},
		"each action": {
			policy: statements(statement("Allow", "ec2:Describe*", "*")), actions: []string{"ec2:DescribeVpcs", "EC2:describeSubnets", "ec2:CreateVpc", "secretsmanager:GetRandomPassword"},
			want: []outcome{
				{Action: "ec2:DescribeVpcs", Resource: "*", Decision: allowed},
				{Action: "EC2:describeSubnets", Resource: "*", Decision: allowed},
				{Action: "ec2:CreateVpc", Resource: "*", Decision: none},
				{Action: "secretsmanager:GetRandomPassword", Resource: "*", Decision: none},
			},
		},
		"boundary allows": {
			policy: policyOfAll, boundary: statements(allowGet), resources: []string{first},
			want: []outcome{{Action: get, Resource: ofSecrets, Decision: allowed, Of: []outcome{{Resource: first, Decision: allowed}}}},
		},
		"beyond the boundary": {
			policy: policyOfAll, boundary: statements(allowGet), resources: []string{second},
			want: []outcome{{Action: get, Resource: ofSecrets, Decision: none, Unbounded: true, Of: []outcome{{Resource: second, Decision: none, Unbounded: true}}}},
		},
		"boundary adds nothing": {boundary: policyOfAll, want: []outcome{{Action: get, Resource: ofSecrets, Decision: none}}},
		"missing key of an allow": {
			policy: statements(inVPC), want: []outcome{{Action: get, Resource: ofSecrets, Decision: none, Missing: []string{"aws:SourceVpc"}}},
		},
		"missing key of a resource": {
			policy: statements(inVPC), resources: []string{first},
			want: []outcome{{Action: get, Resource: ofSecrets, Decision: none, Missing: []string{"aws:SourceVpc"}, Of: []outcome{{Resource: first, Decision: none, Missing: []string{"aws:SourceVpc"}}}}},
		},
		"given key": {
			policy: statements(inVPC), context: map[string][]string{"AWS:sourcevpc": {"vpc-1"}}, want: []outcome{{Action: get, Resource: ofSecrets, Decision: allowed}},
		},
		"given key with another value": {
			policy: statements(inVPC), context: map[string][]string{"aws:SourceVpc": {"vpc-2"}}, want: []outcome{{Action: get, Resource: ofSecrets, Decision: none}},
		},
		"missing key of a deny": {
			policy: statements(allowAll, tagged), want: []outcome{{Action: get, Resource: ofSecrets, Decision: denied, Missing: []string{"aws:ResourceTag/team"}}},
		},
		"missing key of the boundary": {
			policy: policyOfAll, boundary: statements(inVPC), want: []outcome{{Action: get, Resource: ofSecrets, Decision: none, Unbounded: true, Missing: []string{"aws:SourceVpc"}}},
		},
		"key of another action": {
			policy: statements(inVPC), actions: []string{"lambda:InvokeFunction"},
			want: []outcome{{Action: "lambda:InvokeFunction", Resource: "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}", Decision: none}},
		},
		"missing variable": {
			policy: statements(statement("Allow", get, "arn:aws:secretsmanager:*:*:secret:${aws:SourceIdentity}*")), resources: []string{first},
			want: []outcome{{Action: get, Resource: ofSecrets, Decision: none, Missing: []string{"aws:sourceidentity"}, Of: []outcome{{Resource: first, Decision: none, Missing: []string{"aws:sourceidentity"}}}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			role := l.newRole("r", lambdaTrust)
			if test.policy != "" {
				if err := l.putRolePolicy("r", "p", test.policy); err != nil {
					t.Fatal(err)
				}
			}
			if test.boundary != "" {
				try[*iam.PutRolePermissionsBoundaryOutput](t)(l.iam.PutRolePermissionsBoundary(t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: new("r"), PermissionsBoundary: new(l.newPolicy("b", test.boundary))}))
			}
			in := iam.SimulatePrincipalPolicyInput{PolicySourceArn: role.Arn, ActionNames: test.actions, ResourceArns: test.resources, MaxItems: new(int32(2))}
			if in.ActionNames == nil {
				in.ActionNames = []string{get}
			}
			for key, values := range test.context {
				in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{ContextKeyName: &key, ContextKeyType: iamtypes.ContextKeyTypeEnumString, ContextKeyValues: values})
			}
			if diff := cmp.Diff(test.want, simulated(t, l.iam, &in), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSimulatePrincipalPolicySources asks for users and roles, and as a caller
// with little permission.
func TestSimulatePrincipalPolicySources(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	const account = "arn:aws:iam::123456789012:"
	l.NewUser("reader", statements(statement("Allow", "s3:GetObject", "*")))
	try[*iam.CreateRoleOutput](t)(l.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("rotator"), Path: new("/team/"), AssumeRolePolicyDocument: new(lambdaTrust)}))
	own := iam.NewFromConfig(l.ConfigFor(l.NewUser("own", statements(statement("Allow", "iam:SimulatePrincipalPolicy", account+"role/team/*")))))
	for name, test := range map[string]struct {
		client        *iam.Client
		source        string
		change        func(*iam.SimulatePrincipalPolicyInput)
		code, message string
	}{
		"user":                  {client: l.iam, source: account + "user/reader"},
		"role":                  {client: l.iam, source: account + "role/team/rotator"},
		"permitted role":        {client: own, source: account + "role/team/rotator"},
		"user not permitted":    {client: own, source: account + "user/reader", code: "AccessDenied", message: "iam:SimulatePrincipalPolicy on resource: " + account + "user/reader because no identity-based policy"},
		"no such role":          {client: l.iam, source: account + "role/none", code: "NoSuchEntity", message: "role with name none"},
		"no such user":          {client: l.iam, source: account + "user/none", code: "NoSuchEntity", message: "user with name none"},
		"role by another path":  {client: l.iam, source: account + "role/rotator", code: "NoSuchEntity", message: "role with name rotator"},
		"unknown not permitted": {client: own, source: account + "role/none", code: "AccessDenied", message: "iam:SimulatePrincipalPolicy"},
		"session":               {client: l.iam, source: "arn:aws:sts::123456789012:assumed-role/rotator/me", code: "InvalidInput", message: "does not clearly define entity type and name"},
		"another account":       {client: l.iam, source: "arn:aws:iam::210987654321:role/rotator", code: "InvalidInput"},
		"pattern": {
			client: l.iam, source: account + "user/reader", code: "InvalidInput", message: "s3:*",
			change: func(in *iam.SimulatePrincipalPolicyInput) { in.ActionNames = []string{"s3:*"} },
		},
		"without service": {
			client: l.iam, source: account + "user/reader", code: "InvalidInput", message: "GetObject",
			change: func(in *iam.SimulatePrincipalPolicyInput) { in.ActionNames = []string{"GetObject"} },
		},
		"resource policy": {
			client: l.iam, source: account + "user/reader", code: "InvalidInput", message: "ResourcePolicy",
			change: func(in *iam.SimulatePrincipalPolicyInput) { in.ResourcePolicy = new(policyOfAll) },
		},
		"more policies": {
			client: l.iam, source: account + "user/reader", code: "InvalidInput", message: "PolicyInputList",
			change: func(in *iam.SimulatePrincipalPolicyInput) { in.PolicyInputList = []string{policyOfAll} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := iam.SimulatePrincipalPolicyInput{PolicySourceArn: &test.source, ActionNames: []string{"s3:GetObject"}}
			if test.change != nil {
				test.change(&in)
			}
			out, err := test.client.SimulatePrincipalPolicy(t.Context(), &in)
			switch {
			case test.code != "":
				refused(t, err, test.code, test.message)
			case err != nil:
				t.Error(err)
			default:
				want := iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
				if name == "user" {
					want = iamtypes.PolicyEvaluationDecisionTypeAllowed
				}
				if got := out.EvaluationResults[0].EvalDecision; got != want || out.IsTruncated {
					t.Errorf("the decision is %s, truncated %t, want %s", got, out.IsTruncated, want)
				}
			}
		})
	}
}

// TestSimulationOfNewPolicy checks that the simulator knows a policy before it
// is in force.
func TestSimulationOfNewPolicy(t *testing.T) {
	t.Parallel()
	w := labtest.NewDelayed(t, iamDelay)
	made := try[*iam.CreateRoleOutput](t)(w.Roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("caller"), AssumeRolePolicyDocument: new(lambdaTrust)}))
	try[*iam.PutRolePolicyOutput](t)(w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("caller"), PolicyName: new("p"), PolicyDocument: new(policyOfAll)}))
	got := simulated(t, w.Roles, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: made.Role.Arn, ActionNames: []string{"s3:GetObject"}})
	if len(got) != 1 || got[0].Decision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
		t.Errorf("got %+v", got)
	}
}
