package rotation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// connects reports whether a role policy lets Lambda connect a function to its
// VPC.
func connects(rolePolicy string) bool { return strings.Contains(rolePolicy, `"ConnectToVPC"`) }

var vpcWorlds = map[string]struct {
	before func(*world)
	vpc    *bool // as the user asks for it
	want   bool
}{
	"no VPC":                    {func(*world) {}, nil, false},
	"no VPC, asked for":         {func(*world) {}, new(true), true},
	"role lacks it":             {func(w *world) { w.putIntoVPC() }, nil, true},
	"role lacks it, asked for":  {func(w *world) { w.putIntoVPC() }, new(true), true},
	"managed policy":            {func(w *world) { w.putIntoVPC(); w.attachVPCPolicy() }, nil, false},
	"managed policy, asked for": {func(w *world) { w.putIntoVPC(); w.attachVPCPolicy() }, new(true), true},
	"managed policy, declined":  {func(w *world) { w.putIntoVPC(); w.attachVPCPolicy() }, new(false), false},
	"inline policy of others": {func(w *world) {
		w.putIntoVPC()
		w.putPolicy(w.Role, "external", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*NetworkInterface*","Resource":"*"}]}`)
	}, nil, false},
	"policy of another setup": {func(w *world) {
		w.putIntoVPC()
		other := w.wantManaged(w.newSecrets("other")[0])
		other.RolePolicyName = "external"
		other.StatementID = "external"
		if object := w.process().mustCreate(other); !object.VPC {
			w.t.Error("the other setup has no permissions for the VPC")
		}
	}, nil, true},
	"policy of another access": {func(w *world) {
		w.putIntoVPC()
		other := w.wantAccess()
		ofAlias(w, &other)
		other.RolePolicyName = "external"
		if object := w.process().mustCreateAccess(other); !object.VPC {
			w.t.Error("the other access has no permissions for the VPC")
		}
	}, nil, true},
}

// TestVPC writes the permissions for a VPC where the function is in one and no
// policy of others gives them, or where that is asked for, and keeps to it.
func TestVPC(t *testing.T) {
	t.Parallel()
	for name, test := range vpcWorlds {
		t.Run(name+", setup", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.before(w)
			want := w.wantManaged(w.SecretARN)
			want.VPC = test.vpc
			in, err := w.process().Inspect(t.Context(), want)
			w.Must(err)
			if in.VPC != test.want || connects(in.RolePolicy) != test.want || len(in.Problems) > 0 {
				t.Errorf("the plan: %t, %s, %v", in.VPC, in.RolePolicy, in.Problems)
			}
			want.PlannedRolePolicy = in.RolePolicy
			object := w.process().mustCreate(want)
			if object.VPC != test.want || object.RolePolicy != in.RolePolicy {
				t.Errorf("%t, %s", object.VPC, object.RolePolicy)
			}
			want.PlannedRolePolicy = ""
			if object = w.process().mustCreate(want); object.VPC != test.want { // Its own policy does not count either.
				t.Errorf("created again: %t", object.VPC)
			}
			// It stays as it was, whatever others do to the role since.
			w.attachVPCPolicy()
			want.Rules.AutomaticallyAfterDays = 7
			if next, _, err := w.process().update(want, object, false); err != nil || next.VPC != test.want || next.RolePolicy != object.RolePolicy {
				t.Errorf("after an update: %+v, %v", next, err)
			}
			imported := w.process().mustRead(rotation.Setup{Managed: true}, rotation.Object{SecretARN: w.SecretARN})
			if imported.VPC != test.want {
				t.Errorf("imported: %t", imported.VPC)
			}
			for _, vpc := range []bool{!test.want, test.want} {
				want.VPC = &vpc
				next, _, err := w.process().update(want, object, false)
				w.Must(err)
				if object = *next; object.VPC != vpc || connects(object.RolePolicy) != vpc || connects(w.policyText(w.Role, object.RolePolicyName)) != vpc {
					t.Errorf("%t: %+v", vpc, object)
				}
			}
		})
		t.Run(name+", function access", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.before(w)
			want := w.wantAccess()
			want.VPC = test.vpc
			in, err := w.process().InspectAccess(t.Context(), want)
			w.Must(err)
			if in.Object.VPC != test.want || connects(in.Object.RolePolicy) != test.want || len(in.Problems) > 0 {
				t.Errorf("the plan: %+v", in)
			}
			want.PlannedRolePolicy = in.Object.RolePolicy
			object := w.process().mustCreateAccess(want)
			if object.VPC != test.want || object.RolePolicy != in.Object.RolePolicy {
				t.Errorf("%t, %s", object.VPC, object.RolePolicy)
			}
			w.process().mustCreateAccess(want) // The plan is applied again.
			w.attachVPCPolicy()
			withKeys(w, &want)
			if object = w.process().mustUpdateAccess(want, object); object.VPC != test.want || connects(object.RolePolicy) != test.want {
				t.Errorf("after an update: %+v", object)
			}
			for _, vpc := range []bool{!test.want, test.want} {
				want.VPC = &vpc
				if object = w.process().mustUpdateAccess(want, object); object.VPC != vpc || connects(w.policyText(w.Role, object.RolePolicyName)) != vpc {
					t.Errorf("%t: %+v", vpc, object)
				}
			}
		})
	}
}

// TestVPCRotates rotates with a function whose role may not connect it anew. Where
// what this run writes does not mend that, plan and apply warn of it.
func TestVPCRotates(t *testing.T) {
	t.Parallel()
	warned := func(w *world, when string, problems []rotation.Problem, warned bool) {
		w.t.Helper()
		var codes []findings.Code
		if warned {
			codes = []findings.Code{findings.RoleVPC}
		}
		if got := codesOf(problems); !slices.Equal(got, codes) || warned && !problems[0].Warning {
			w.t.Errorf("%s: %+v", when, problems)
		}
	}
	rotated := func(w *world, want rotation.Setup, p process, warns bool) {
		w.t.Helper()
		in, err := p.Inspect(w.t.Context(), want)
		w.Must(err)
		warned(w, "plan", in.Problems, warns)
		_, problems, err := p.create(want)
		w.Must(err)
		warned(w, "apply", problems, warns)
		w.rotated(1)
	}
	for name, test := range map[string]struct {
		make  func(*world) (rotation.Setup, process)
		warns bool
	}{
		"external": {func(w *world) (rotation.Setup, process) {
			w.permitByOthers(w.FunctionARN, w.Role)
			return w.wantExternal(w.SecretARN), w.process()
		}, true},
		"managed, declined": {func(w *world) (rotation.Setup, process) {
			want := w.wantExternal(w.SecretARN)
			want.Managed, want.VPC = true, new(false)
			return want, w.process()
		}, true},
		"managed": {func(w *world) (rotation.Setup, process) {
			want := w.wantExternal(w.SecretARN)
			want.Managed = true
			return want, w.process()
		}, false},
		"access, declined": {func(w *world) (rotation.Setup, process) {
			want := w.wantAccess()
			want.VPC = new(false)
			in, err := w.process().InspectAccess(w.t.Context(), want)
			w.Must(err)
			warned(w, "plan of the access", in.Problems, true)
			p := w.process()
			_, problems, err := p.createAccess(want)
			w.Must(err)
			warned(w, "apply of the access", problems, true)
			return w.wantExternal(w.SecretARN), p
		}, true},
		"access": {func(w *world) (rotation.Setup, process) {
			p := w.process()
			p.mustCreateAccess(w.wantAccess())
			return w.wantExternal(w.SecretARN), p
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putIntoVPC()
			want, p := test.make(w)
			rotated(w, want, p, test.warns)
		})
	}
}
