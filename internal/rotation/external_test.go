package rotation_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// unpermitted are what a plan says of an external setup without any access.
var unpermitted = []findings.Code{findings.InvokePermissionMissing, findings.RoleRandomPassword, findings.RoleSecretAccess}

// TestExternal rotates several secrets by the access of their function, in the
// run that makes it and in a later one.
func TestExternal(t *testing.T) {
	t.Parallel()
	for _, alias := range []bool{false, true} {
		w := newWorld(t)
		access := w.wantAccess()
		if alias {
			ofAlias(w, &access)
		}
		first := w.process()
		first.mustCreateAccess(access)
		processes := []process{first, first, w.process(), w.process()}
		for i, secretARN := range w.newSecrets(numbered("user", len(processes))...) {
			want := w.wantExternal(secretARN)
			want.FunctionARN = access.FunctionARN
			p := processes[i]
			if got := p.inspect(want); len(got) > 0 {
				t.Errorf("the plan says %v", got)
			}
			object, warnings, err := p.create(want)
			w.Must(err)
			if len(warnings) > 0 {
				t.Errorf("warnings %v", warnings)
			}
			if !w.UserStore().Login(w.Value(secretARN, "username"), w.Value(secretARN, "password")) || w.Value(secretARN, "password") == "first-"+w.Value(secretARN, "username") {
				t.Error("the secret has not rotated")
			}
			want.Rules.AutomaticallyAfterDays = 7
			if problems, err := p.CheckUpdate(t.Context(), want, *object); err != nil || len(problems) > 0 {
				t.Errorf("the plan of an update says %v, %v", problems, err)
			}
			if _, _, err := p.update(want, *object, false); err != nil {
				t.Error(err)
			}
		}
		w.functionAccessIs(&access) // And nothing of the setups.
		if w.Finished() != len(processes) {
			t.Errorf("%d rotations", w.Finished())
		}
	}
}

// TestExternalUnpermitted has an external setup without what it needs: the plan
// warns of all of it, and the create refuses before its first write.
func TestExternalUnpermitted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(*world)
		change func(*world, *rotation.Setup)
		codes  []findings.Code
	}{
		"nothing": {codes: unpermitted},
		"permission only": {
			before: func(w *world) { w.permit(w.FunctionARN, "external", iampolicy.ServicePrincipal) },
			codes:  unpermitted[1:],
		},
		"password only": {
			before: func(w *world) {
				w.permit(w.FunctionARN, "external", iampolicy.ServicePrincipal)
				w.putPolicy(w.Role, "external", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:GetRandomPassword","Resource":"*"}}`)
			},
			codes: unpermitted[2:],
		},
		"policy only": {
			before: func(w *world) {
				w.putPolicy(w.Role, "external", iampolicy.RolePolicy(iampolicy.RolePolicyInput{SecretARN: w.SecretARN, RandomPassword: true}).JSON())
			},
			codes: unpermitted[:1],
		},
		"access of another function": {
			before: func(w *world) {
				want := w.wantAccess()
				ofOtherFunction(w, &want)
				w.process().mustCreateAccess(want)
			},
			codes: unpermitted,
		},
		"alias": {
			before: func(w *world) { w.process().mustCreateAccess(w.wantAccess()) },
			change: func(w *world, want *rotation.Setup) { want.FunctionARN = w.newAlias(w.FunctionARN) },
			codes:  []findings.Code{findings.InvokePermissionQualifier},
		},
		"not the alias": {
			before: func(w *world) {
				want := w.wantAccess()
				ofAlias(w, &want)
				w.process().mustCreateAccess(want)
			},
			codes: unpermitted[:1], // The policy is for the function with any qualifier.
		},
		"permission for another secret": {
			before: func(w *world) {
				w.process().mustCreateAccess(w.wantAccess())
				w.removeStatement(w.FunctionARN, rotation.StatementID(w.FunctionARN))
				other := w.want()
				other.SecretID = w.newSecrets("other")[0]
				w.process().mustCreate(other)
			},
			codes: unpermitted[:1],
		},
		"boundary":      {before: func(w *world) { w.process().mustCreateAccess(w.wantAccess()); w.bound() }, codes: unpermitted[1:]},
		"explicit deny": {before: func(w *world) { w.process().mustCreateAccess(w.wantAccess()); w.deny() }, codes: unpermitted[2:]},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.before != nil {
				test.before(w)
			}
			want := w.wantExternal(w.SecretARN)
			if test.change != nil {
				test.change(w, &want)
			}
			w.refused(want, test.codes)
			// With checks that only warn, it is tried.
			want.Lenient = true
			in, err := w.process().Inspect(t.Context(), want)
			w.Must(err)
			for _, p := range in.Problems {
				if !p.Warning {
					t.Errorf("not a warning: %+v", p)
				}
			}
			// Without checks nothing is said.
			want.Check, want.Lenient = false, false
			if got := w.process().inspect(want); len(got) > 0 {
				t.Errorf("without checks: %v", got)
			}
			// Rotation that is to be off needs nothing.
			want.Check, want.Enabled = true, false
			if got := w.process().inspect(want); len(got) > 0 {
				t.Errorf("switched off: %v", got)
			}
		})
	}
}

// refused fails the test unless plan and create of a setup find these codes, the
// plan as what the rest of it may mend, and the create before its first write.
func (w *world) refused(want rotation.Setup, codes []findings.Code) {
	w.t.Helper()
	w.ForgetCalls()
	in, err := w.process().Inspect(w.t.Context(), want)
	w.Must(err)
	if got := codesOf(in.Problems); !slices.Equal(got, codes) {
		w.t.Errorf("the plan says %v, wanted %v", got, codes)
	}
	for _, p := range in.Problems {
		if p.Warning || !p.Repairable || p.Attribute != "rotation_lambda_arn" {
			w.t.Errorf("%+v", p)
		}
	}
	_, _, err = w.process().create(want)
	if err == nil {
		w.t.Fatal("it was created")
	}
	if p := w.problem(err); p.Code != codes[0] {
		w.t.Errorf("the create says %v", p)
	}
	w.unwritten()
}

// bound gives the first role a permissions boundary that allows logs only.
func (w *world) bound() {
	w.t.Helper()
	out, err := w.Roles.CreatePolicy(w.t.Context(), &iam.CreatePolicyInput{
		PolicyName: aws.String("boundary"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`),
	})
	w.Must(err)
	_, err = w.Roles.PutRolePermissionsBoundary(w.t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: &w.Role, PermissionsBoundary: out.Policy.Arn})
	w.Must(err)
}

// deny has somebody else's policy deny the first role to write secrets.
func (w *world) deny() {
	w.t.Helper()
	w.putPolicy(w.Role, "external", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"secretsmanager:PutSecretValue","Resource":"*"}]}`)
}

// TestManagedUnpermitted has a boundary or a Deny stop what the policy of a
// managed setup allows.
func TestManagedUnpermitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.wantExternal(w.SecretARN)
	want.Managed = true
	if got := w.process().inspect(want); len(got) > 0 {
		t.Errorf("undisturbed: %v", got)
	}
	w.deny()
	w.refused(want, unpermitted[2:])
	w.removePolicy(w.Role, "external")
	w.bound()
	w.refused(want, unpermitted[1:])
	_, err := w.Roles.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: &w.Role})
	w.Must(err)
	object := w.process().mustCreate(want)
	w.rotated(1)
	// An update refuses as well, and so does its plan.
	w.deny()
	want.Rules.AutomaticallyAfterDays = 7
	problems, err := w.process().CheckUpdate(t.Context(), want, object)
	w.Must(err)
	if got := codesOf(problems); !slices.Equal(got, unpermitted[2:]) || !problems[0].Repairable {
		t.Errorf("the plan of an update says %+v", problems)
	}
	w.ForgetCalls()
	_, _, err = w.process().update(want, object, false)
	if p := w.problem(err); p.Code != findings.RoleSecretAccess {
		t.Error(p)
	}
	w.unwritten()
}

// TestPlannedAccess counts on an access that the same plan makes or changes, also
// when its policy is not known yet, and on that of a managed setup.
func TestPlannedAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.wantExternal(w.SecretARN)
	for _, open := range []bool{false, true} {
		p := w.process()
		if got := p.inspect(want); !slices.Equal(got, unpermitted) {
			t.Errorf("alone: %v", got)
		}
		access := w.wantAccess()
		access.PlanOpen = open
		in, err := p.InspectAccess(t.Context(), access)
		w.Must(err)
		if len(in.Problems) > 0 {
			t.Errorf("the access: %v", in.Problems)
		}
		if got := p.inspect(want); len(got) > 0 {
			t.Errorf("with a planned access, open %t: %v", open, got)
		}
	}
	// What an access does not allow is missing although it is planned.
	need := want
	need.KMSKeyARN = w.NewKey()
	unusable := []findings.Code{findings.RoleKMS}
	p := w.process()
	_, err := p.InspectAccess(t.Context(), w.wantAccess())
	w.Must(err)
	if got := p.inspect(need); !slices.Equal(got, unusable) {
		t.Errorf("planned without the key: %v", got)
	}
	p, open := w.process(), w.wantAccess()
	open.PlanOpen = true // The keys, say, are not known yet.
	_, err = p.InspectAccess(t.Context(), open)
	w.Must(err)
	if got := p.inspect(need); len(got) > 0 {
		t.Errorf("planned with a key that is not known: %v", got)
	}

	// A setup that goes from managed to external in the plan that makes the access.
	managed := want
	managed.Managed = true
	object := w.process().mustCreate(managed)
	w.removeStatement(w.FunctionARN, object.StatementID)
	w.removePolicy(w.Role, object.RolePolicyName)
	p = w.process()
	check := func(p process) []findings.Code {
		problems, err := p.CheckUpdate(t.Context(), want, object)
		w.Must(err)
		return codesOf(problems)
	}
	if got := check(p); !slices.Equal(got, unpermitted) {
		t.Errorf("an update, alone: %v", got)
	}
	_, err = p.InspectAccess(t.Context(), w.wantAccess())
	w.Must(err)
	if got := check(p); len(got) > 0 {
		t.Errorf("an update, with a planned access: %v", got)
	}

	// An access that gets a key in the plan.
	have := w.process().mustCreateAccess(w.wantAccess())
	p = w.process()
	more := w.wantAccess()
	more.Access.KMSKeyARNs = []string{need.KMSKeyARN}
	need.SecretID = w.newSecrets("second")[0]
	if got := p.inspect(need); !slices.Equal(got, unusable) {
		t.Errorf("before the access changes: %v", got)
	}
	problems, err := p.CheckAccessUpdate(t.Context(), more, have)
	w.Must(err)
	if got := p.inspect(need); len(got)+len(problems) > 0 {
		t.Errorf("while the access changes: %v, %v", got, problems)
	}
}

// TestUnseen plans and creates with credentials that may not look at something:
// what can't be seen is no error, nor said to be missing.
func TestUnseen(t *testing.T) {
	t.Parallel()
	for action, codes := range map[string][]findings.Code{
		"sns:Publish":                  unpermitted, // Nothing that matters.
		"iam:GetRole":                  unpermitted[:1],
		"iam:ListRolePolicies":         unpermitted[:1],
		"iam:GetRolePolicy":            unpermitted[:1],
		"iam:ListAttachedRolePolicies": unpermitted[:1],
		"iam:GetPolicy":                unpermitted[:1], // The managed policy may allow everything.
		"iam:GetPolicyVersion":         unpermitted[:1],
		"lambda:GetPolicy":             unpermitted[1:],
		// The secret's own policy may allow the role what the role's do not.
		"secretsmanager:GetResourcePolicy": unpermitted,
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			as := w.NewUser("user", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"`+action+`","Resource":"*"}]}`)
			want := w.wantExternal(w.SecretARN)
			in, err := w.processAs(as, nil).Inspect(t.Context(), want)
			w.Must(err)
			if got := codesOf(in.Problems); !slices.Equal(got, codes) {
				t.Errorf("the plan says %v", got)
			}
			warned := slices.ContainsFunc(in.Problems, func(p rotation.Problem) bool { return p.Code == findings.RoleSecretAccess && p.Warning })
			if warned != (action == "secretsmanager:GetResourcePolicy") {
				t.Errorf("what the secret's policy may allow is only a warning: %t", warned)
			}
			w.process().mustCreateAccess(w.wantAccess())
			p := w.processAs(as, nil)
			if got := p.inspect(want); len(got) > 0 {
				t.Errorf("with access, the plan says %v", got)
			}
			p.mustCreate(want)
			w.rotated(1)
		})
	}
}

// TestUnseenAccess plans an access with credentials that may not look at the
// role: the setups still count on it.
func TestUnseenAccess(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"iam:GetRole", "iam:GetRolePolicy", "lambda:GetPolicy"} {
		w := newWorld(t)
		as := w.NewUser("user", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"`+action+`","Resource":"*"}]}`)
		p := w.processAs(as, nil)
		_, err := p.InspectAccess(t.Context(), w.wantAccess())
		if (err != nil) != (action == "iam:GetRolePolicy") {
			t.Errorf("%s: %v", action, err)
		}
		if got := p.inspect(w.wantExternal(w.SecretARN)); len(got) > 0 {
			t.Errorf("%s: the plan says %v", action, got)
		}
	}
}
