package rotation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
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
	"managed policy":            {func(w *world) { w.putIntoVPC(); w.attach(w.Role, vpcRole) }, nil, false},
	"managed policy, asked for": {func(w *world) { w.putIntoVPC(); w.attach(w.Role, vpcRole) }, new(true), true},
	"managed policy, declined":  {func(w *world) { w.putIntoVPC(); w.attach(w.Role, vpcRole) }, new(false), false},
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
			w.attach(w.Role, vpcRole)
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
			w.attach(w.Role, vpcRole)
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

// TestVPCRotates rotates with a function whose role can connect it only by the
// policy of its access, and refuses where that was declined, or where somebody
// else's external access does not have it.
func TestVPCRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putIntoVPC()
	w.putPolicy(w.Role, "external", iampolicy.RolePolicy(iampolicy.RolePolicyInput{SecretARN: w.SecretARN, RandomPassword: true}).JSON())
	w.permit(w.FunctionARN, "external", iampolicy.ServicePrincipal)
	w.refused(w.wantExternal(w.SecretARN), []findings.Code{findings.RoleVPC})
	declined := w.wantManaged(w.SecretARN)
	declined.VPC = new(false)
	w.refused(declined, []findings.Code{findings.RoleVPC})
	access := w.wantAccess()
	access.VPC = new(false)
	in, err := w.process().InspectAccess(t.Context(), access)
	w.Must(err)
	if got := codesOf(in.Problems); !slices.Equal(got, []findings.Code{findings.RoleVPC}) {
		t.Errorf("declined: %v", got)
	}
	w.unwritten()

	p := w.process()
	access.VPC = nil
	p.mustCreateAccess(access)
	p.mustCreate(w.wantExternal(w.SecretARN))
	w.rotated(1)
}
