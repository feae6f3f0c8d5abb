package rotation_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// accessed makes a function access, and forgets the calls.
func accessed(t *testing.T) (*world, rotation.FunctionAccess, rotation.AccessObject) {
	t.Helper()
	w := newWorld(t)
	want := w.wantAccess()
	have := w.process().mustCreateAccess(want)
	w.ForgetCalls()
	return w, want, have
}

func (w *world) removeStatement(function, sid string) {
	w.t.Helper()
	_, err := w.Functions.RemovePermission(w.t.Context(), &lambda.RemovePermissionInput{FunctionName: &function, StatementId: &sid})
	w.Must(err)
}

func (w *world) removePolicy(role, name string) {
	w.t.Helper()
	_, err := w.Roles.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
	w.Must(err)
}

// TestAccessDrift changes one thing in AWS: the read shows exactly that, and the
// update mends it.
func TestAccessDrift(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*world, *rotation.AccessObject){ // and says what the read then shows
		"nothing": func(*world, *rotation.AccessObject) {},
		"permission removed": func(w *world, o *rotation.AccessObject) {
			w.removeStatement(w.FunctionARN, o.StatementID)
			o.InvokePermission = ""
		},
		"permission changed": func(w *world, o *rotation.AccessObject) {
			w.removeStatement(w.FunctionARN, o.StatementID)
			w.permit(w.FunctionARN, o.StatementID, iampolicy.ServicePrincipal)
			o.InvokePermission = w.statement(w.FunctionARN, o.StatementID)
		},
		"policy removed": func(w *world, o *rotation.AccessObject) {
			w.removePolicy(w.Role, o.RolePolicyName)
			o.RolePolicy = ""
		},
		"policy changed": func(w *world, o *rotation.AccessObject) {
			o.RolePolicy = strings.Replace(o.RolePolicy, `"secretsmanager:PutSecretValue",`, "", 1)
			w.putPolicy(w.Role, o.RolePolicyName, o.RolePolicy)
		},
		"policy formatted": func(w *world, o *rotation.AccessObject) {
			w.putPolicy(w.Role, o.RolePolicyName, strings.ReplaceAll(o.RolePolicy, ",", ", "))
		},
		"both removed": func(w *world, o *rotation.AccessObject) {
			w.removeStatement(w.FunctionARN, o.StatementID)
			w.removePolicy(w.Role, o.RolePolicyName)
			o.InvokePermission, o.RolePolicy = "", ""
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, wish, have := accessed(t)
			want := have
			change(w, &want)
			w.ForgetCalls()
			p := w.process()
			intact := name == "nothing" || name == "policy formatted"
			if lost, err := p.Lost(t.Context(), have.Permissions); err != nil || lost == intact {
				t.Errorf("lost: %t, %v", lost, err)
			}
			got := p.mustReadAccess(wish, have)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			w.unwritten()
			if diff := cmp.Diff(have, rotation.NextAccess(wish, got)); diff != "" {
				t.Errorf("the plan: %s", diff)
			}
			next := p.mustUpdateAccess(wish, got)
			if diff := cmp.Diff(have, next); diff != "" {
				t.Errorf("not mended: %s", diff)
			}
			if diff := cmp.Diff(next, w.process().mustReadAccess(wish, next)); diff != "" {
				t.Errorf("not converged: %s", diff)
			}
			if intact {
				w.unwritten()
			} else {
				w.functionAccessIs(&wish)
			}
		})
	}
}

// TestAccessImported reads an access of which only the function's ARN is known.
func TestAccessImported(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world, *rotation.FunctionAccess){
		"derived names": nil, "alias": ofAlias, "superusers": withSuperusers,
		"VPC": func(_ *world, want *rotation.FunctionAccess) { want.VPC = new(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.wantAccess()
			if change != nil {
				change(w, &want)
			}
			made := w.process().mustCreateAccess(want)
			w.ForgetCalls()
			got := w.process().mustReadAccess(rotation.FunctionAccess{FunctionARN: want.FunctionARN}, rotation.AccessObject{Permissions: rotation.Permissions{FunctionARN: want.FunctionARN}})
			if diff := cmp.Diff(made.Permissions, got.Permissions); diff != "" {
				t.Error(diff)
			}
			w.unwritten()
			// The first apply after it finds everything as it should be.
			want.VPC = nil
			next := w.process().mustUpdateAccess(want, got)
			w.unwritten()
			if diff := cmp.Diff(made, next); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("no such function", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		function := w.FunctionARN + "2"
		if _, err := w.process().readAccess(rotation.FunctionAccess{FunctionARN: function}, rotation.AccessObject{Permissions: rotation.Permissions{FunctionARN: function}}); !errors.Is(err, rotation.ErrGone) {
			t.Error(err)
		}
	})
}

// TestAccessDeleteAfterOthers deletes after somebody else has removed or changed
// what the access was made of.
func TestAccessDeleteAfterOthers(t *testing.T) {
	t.Parallel()
	const foreign = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	tests := map[string]struct {
		before func(*world, rotation.AccessObject)
		check  func(*world, rotation.AccessObject) // instead of nothing being left
	}{
		"nothing": {func(*world, rotation.AccessObject) {}, nil},
		"function gone": {func(w *world, _ rotation.AccessObject) {
			_, err := w.Functions.DeleteFunction(w.t.Context(), &lambda.DeleteFunctionInput{FunctionName: &w.FunctionARN})
			w.Must(err)
		}, func(w *world, _ rotation.AccessObject) {
			if got := w.policies(w.Role); len(got) > 0 {
				w.t.Errorf("left: %q", got)
			}
		}},
		"role gone": {func(w *world, _ rotation.AccessObject) {
			for _, name := range w.InlinePolicies(w.Role) {
				w.removePolicy(w.Role, name)
			}
			w.detach(w.Role, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
			_, err := w.Roles.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: &w.Role})
			w.Must(err)
		}, func(w *world, _ rotation.AccessObject) {
			if got := w.statements(w.FunctionARN); len(got) > 0 {
				w.t.Errorf("left: %q", got)
			}
		}},
		"another role": {func(w *world, _ rotation.AccessObject) { w.runAs(w.FunctionARN, w.otherRole) }, nil},
		"policy gone":  {func(w *world, o rotation.AccessObject) { w.removePolicy(w.Role, o.RolePolicyName) }, nil},
		"statement gone": {func(w *world, o rotation.AccessObject) {
			w.removeStatement(w.FunctionARN, o.StatementID)
		}, nil},
		"a policy of the same name by somebody else": {func(w *world, o rotation.AccessObject) { w.putPolicy(w.Role, o.RolePolicyName, foreign) }, func(w *world, o rotation.AccessObject) {
			if w.policyText(w.Role, o.RolePolicyName) != foreign || len(w.statements(w.FunctionARN)) > 0 {
				w.t.Errorf("policies %q, statements %q", w.policies(w.Role), w.statements(w.FunctionARN))
			}
		}},
		"a statement of the same ID by somebody else": {func(w *world, o rotation.AccessObject) {
			w.removeStatement(w.FunctionARN, o.StatementID)
			w.permit(w.FunctionARN, o.StatementID, iampolicy.ServicePrincipal)
		}, func(w *world, o rotation.AccessObject) {
			if w.statement(w.FunctionARN, o.StatementID) == "" || len(w.policies(w.Role)) > 0 {
				w.t.Errorf("policies %q, statements %q", w.policies(w.Role), w.statements(w.FunctionARN))
			}
		}},
	}
	for name, test := range tests {
		for _, refreshed := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", refreshed"}[refreshed], func(t *testing.T) {
				t.Parallel()
				w, want, object := accessed(t)
				test.before(w, object)
				p := w.process()
				if refreshed {
					object = p.mustReadAccess(want, object)
				}
				w.Must(p.deleteAccess(object))
				if test.check != nil {
					test.check(w, object)
				} else {
					w.functionAccessIs(nil)
				}
				again, err := w.process().readAccess(want, object)
				if name == "function gone" && !errors.Is(err, rotation.ErrGone) {
					t.Errorf("read again: %+v, %v", again, err)
				}
			})
		}
	}
}

// TestAccessNamesTaken leaves statements and policies of somebody else alone that
// have the names that a function access wants.
func TestAccessNamesTaken(t *testing.T) {
	t.Parallel()
	const foreign = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`
	tests := map[string]struct {
		take      func(*world)
		attribute string
		code      findings.Code
	}{
		"statement":                        {func(w *world) { w.permit(w.FunctionARN, "my-statement", "sns.amazonaws.com") }, "statement_id", ""},
		"wider statement":                  {func(w *world) { w.permit(w.FunctionARN, "my-statement", iampolicy.ServicePrincipal) }, "statement_id", ""},
		"policy":                           {func(w *world) { w.putPolicy(w.Role, "my-policy", foreign) }, "role_policy_name", findings.RolePolicyNameTaken},
		"policy of a setup":                {func(w *world) { w.putPolicy(w.Role, "my-policy", rotation.PolicyFor(w.want(), w.SecretARN, "", 1)) }, "role_policy_name", findings.RolePolicyNameTaken},
		"policy of another function":       {func(w *world) { w.takeForOther() }, "role_policy_name", findings.RolePolicyNameTaken},
		"both, of another alias on a role": {func(w *world) { w.takeForAlias() }, "role_policy_name", findings.RolePolicyNameTaken},
	}
	for name, test := range tests {
		for _, operation := range []string{"create", "update"} {
			t.Run(name+", "+operation, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				had := w.wantAccess()
				var have rotation.AccessObject
				if operation == "update" {
					have = w.process().mustCreateAccess(had)
				}
				want := had
				withNames(w, &want)
				test.take(w)
				before := w.FunctionPolicy() + w.policyText(w.Role, "my-policy")
				var object *rotation.AccessObject
				var err error
				if operation == "create" {
					if _, inspected := w.process().InspectAccess(t.Context(), want); test.attribute == "role_policy_name" && inspected == nil {
						t.Error("the plan does not tell")
					}
					object, _, err = w.process().createAccess(want)
				} else {
					object, _, err = w.process().updateAccess(want, have)
				}
				if object != nil || err == nil {
					t.Fatalf("object %v, error %v", object, err)
				}
				if p := w.problem(err); p.Attribute != test.attribute || p.Code != test.code {
					t.Errorf("%q on %q: %v", p.Code, p.Attribute, p)
				}
				if after := w.FunctionPolicy() + w.policyText(w.Role, "my-policy"); after != before {
					t.Errorf("was\n%s\nis\n%s", before, after)
				}
				if operation == "create" && len(w.policies(w.Role)) > 1 || operation == "update" && len(w.policies(w.Role)) > 2 {
					t.Errorf("policies %q", w.policies(w.Role))
				}
			})
		}
	}
}

// takeForOther has the access of another function on the same role take the
// name of the policy.
func (w *world) takeForOther() {
	w.t.Helper()
	w.runAs(w.otherARN, w.Role)
	w.process().mustCreateAccess(rotation.FunctionAccess{FunctionARN: w.otherARN, RolePolicyName: "my-policy"})
}

// takeForAlias has the access of an alias take the names.
func (w *world) takeForAlias() {
	w.t.Helper()
	taken := rotation.FunctionAccess{FunctionARN: w.newAlias(w.FunctionARN)}
	withNames(w, &taken)
	w.process().mustCreateAccess(taken)
}

// TestAccessSuperusers asks who manages the superuser secrets, remembers it and
// reports those that are not there.
func TestAccessSuperusers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.wantAccess()
	withSuperusers(w, &want)
	object := w.process().mustCreateAccess(want)
	plain, managed := want.Access.SuperuserSecretARNs[0], want.Access.SuperuserSecretARNs[1]
	if diff := cmp.Diff(map[string]string{managed: "rds"}, object.SuperuserOwners); diff != "" {
		t.Error(diff)
	}
	policy, err := iampolicy.Parse(object.RolePolicy)
	w.Must(err)
	may := func(action, resource string) bool {
		return iampolicy.Evaluate(iampolicy.Request{Principal: iampolicy.Principal{ARN: w.roleARN(w.Role), AccountID: w.AccountID()}, Action: action, Resource: resource}, iampolicy.Policies{Identity: []iampolicy.Document{policy}}) == iampolicy.Allow
	}
	for _, test := range []struct {
		action, resource string
		want             bool
	}{
		{"secretsmanager:GetSecretValue", plain, true},
		{"secretsmanager:DescribeSecret", plain, false},
		{"secretsmanager:GetSecretValue", managed, true},
		{"secretsmanager:DescribeSecret", managed, true},
		{"rds:DescribeDBInstances", "*", true},
		{"rds:DescribeDBClusters", "*", true},
	} {
		if got := may(test.action, test.resource); got != test.want {
			t.Errorf("%s on %s: allowed is %t", test.action, test.resource, got)
		}
	}

	const missing = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:to-come-AbCdEf"
	want.Access.SuperuserSecretARNs = append(want.Access.SuperuserSecretARNs, missing)
	reported := func(when string, problems []rotation.Problem) {
		t.Helper()
		if len(problems) != 1 || problems[0].Code != findings.SuperuserNotFound || problems[0].Attribute != "superuser_secret_arns" || problems[0].Warning != want.Lenient {
			t.Errorf("%s: %+v", when, problems)
		}
	}
	for _, want.Lenient = range []bool{false, true} {
		in, err := w.process().InspectAccess(t.Context(), want)
		w.Must(err)
		reported("create's plan", in.Problems)
		if in.PolicyKnown {
			t.Error("The policy is known although it hangs on a secret that is not there.")
		}
		problems, err := w.process().CheckAccessUpdate(t.Context(), want, object)
		w.Must(err)
		reported("update's plan", problems)
	}
	want.Lenient = false
	w.ForgetCalls()
	_, _, err = w.process().updateAccess(want, object)
	reported("update", []rotation.Problem{*w.problem(err)})
	_, _, err = w.process().createAccess(want)
	reported("create", []rotation.Problem{*w.problem(err)})
	w.unwritten()
	// Also without checks, and where the policy does not depend on it: later it may.
	want.Check, want.Access.Types = false, nil
	w.ForgetCalls()
	asked := 0
	owners := w.process().mustUpdateAccess(want, rotation.AccessObject{Permissions: object.Permissions}).SuperuserOwners
	for _, c := range w.AdministratorCalls() {
		if c.Operation == "DescribeSecret" {
			asked++
		}
	}
	if asked != len(want.Access.SuperuserSecretARNs) || len(owners) != 1 {
		t.Errorf("asked for %d superuser secrets, and services manage %v", asked, owners)
	}
}

// TestAccessNoFunction refuses a function that is not there, and a role that is
// not the function's.
func TestAccessNoFunction(t *testing.T) {
	t.Parallel()
	w, want, have := accessed(t)
	for name, test := range map[string]struct {
		change    func(*rotation.FunctionAccess)
		attribute string
		code      findings.Code
	}{
		"no function": {func(want *rotation.FunctionAccess) { want.FunctionARN += "2" }, "rotation_lambda_arn", findings.FunctionNotFound},
		"no alias":    {func(want *rotation.FunctionAccess) { want.FunctionARN += ":live" }, "rotation_lambda_arn", findings.FunctionNotFound},
		"other role":  {func(want *rotation.FunctionAccess) { want.RoleARN = w.roleARN(w.otherRole) }, "role_arn", ""},
	} {
		want := want
		test.change(&want)
		_, _, err := w.process().createAccess(want)
		if p := w.problem(err); p.Attribute != test.attribute || p.Code != test.code {
			t.Errorf("%s, create: %+v", name, p)
		}
		_, _, err = w.process().updateAccess(want, have)
		if p := w.problem(err); p.Attribute != test.attribute || p.Code != test.code {
			t.Errorf("%s, update: %+v", name, p)
		}
		in, err := w.process().InspectAccess(t.Context(), want)
		if name == "other role" {
			w.Must(err)
			if len(in.Problems) != 1 || !in.Problems[0].Warning || in.Problems[0].Attribute != "role_arn" {
				t.Errorf("the plan: %+v", in.Problems)
			}
		} else if p := w.problem(err); p.Code != test.code {
			t.Errorf("%s, plan: %+v", name, p)
		}
	}
	w.unwritten()
	if aws.ToBool(w.Describe().RotationEnabled) {
		t.Error("an access rotates nothing")
	}
}
