package rotation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestAccessTakesOver creates where an earlier create has left its writes, in
// part or whole, and other wishes: they are brought to what is wanted.
func TestAccessTakesOver(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*world, rotation.AccessObject){
		"all":    func(*world, rotation.AccessObject) {},
		"policy": func(w *world, o rotation.AccessObject) { w.removeStatement(w.FunctionARN, o.StatementID) },
		"permission of the derived name, changed": func(w *world, o rotation.AccessObject) {
			w.removeStatement(w.FunctionARN, o.StatementID)
			w.permit(w.FunctionARN, o.StatementID, iampolicy.ServicePrincipal)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, want, have := accessed(t)
			leave(w, have)
			withSuperusers(w, &want)
			in, err := w.process().InspectAccess(t.Context(), want)
			w.Must(err)
			if !in.TakesOver || !in.PolicyKnown {
				t.Errorf("%+v", in)
			}
			want.PlannedRolePolicy = in.Object.RolePolicy
			object := w.process().mustCreateAccess(want)
			if diff := cmp.Diff(in.Object, object); diff != "" {
				t.Errorf("not as planned: %s", diff)
			}
			if g := rotation.Generation(object.RolePolicy, w.FunctionARN); g != 2 {
				t.Errorf("generation %d", g)
			}
			w.functionAccessIs(&want)
			// The plan is applied once more, as by somebody whose process was killed.
			w.ForgetCalls()
			if diff := cmp.Diff(object, w.process().mustCreateAccess(want)); diff != "" {
				t.Errorf("not the same: %s", diff)
			}
			w.unwritten()
		})
	}
}

// TestAccessPlanOutdated refuses a saved plan whose role policy is not what is to
// be written any more.
func TestAccessPlanOutdated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.wantAccess()
	in, err := w.process().InspectAccess(t.Context(), want)
	w.Must(err)
	if in.TakesOver || len(in.Problems) > 0 {
		t.Errorf("%+v", in)
	}
	planned := want
	planned.PlannedRolePolicy = in.Object.RolePolicy
	other := want
	withKeys(w, &other)
	w.process().mustCreateAccess(other)
	w.ForgetCalls()
	object, _, err := w.process().createAccess(planned)
	if object != nil || err == nil || !strings.Contains(err.Error(), "Access changed since the plan") {
		t.Fatal(object, err)
	}
	w.unwritten()
	w.functionAccessIs(&other)
}

// TestAccessCreateBeforeDestroy deletes an object after a later create has taken
// its access over.
func TestAccessCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	for name, sameRun := range map[string]bool{"same run": true, "same run, policy lost": true, "later run": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, want, old := accessed(t)
			p := w.process()
			if strings.HasSuffix(name, "policy lost") { // So that it does not tell which create was the later one.
				w.removePolicy(w.Role, old.RolePolicyName)
				old = p.mustReadAccess(want, old)
			}
			later := p.mustCreateAccess(want)
			if !sameRun {
				p = w.process()
				if _, err := p.readAccess(want, old); !errors.Is(err, rotation.ErrGone) {
					t.Errorf("reading what was superseded: %v", err)
				}
			}
			w.ForgetCalls()
			w.Must(p.deleteAccess(old))
			w.unwritten()
			w.functionAccessIs(&want)
			w.Must(w.process().deleteAccess(later))
			w.functionAccessIs(nil)
		})
	}
}

// TestAccessTwice creates two accesses of one function in one run, and one of an
// alias beside them.
func TestAccessTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	want := w.wantAccess()
	p.mustCreateAccess(want)
	w.ForgetCalls()
	object, _, err := p.createAccess(want)
	if object != nil || err == nil {
		t.Fatal("a second access of the function was created")
	}
	if problem := w.problem(err); problem.Attribute != "rotation_lambda_arn" || problem.Summary != "Two accesses of one function" {
		t.Error(problem)
	}
	w.unwritten()
	w.functionAccessIs(&want)
	alias := want
	ofAlias(w, &alias)
	object, _, err = p.createAccess(alias)
	w.Must(err)
	w.Must(p.deleteAccess(rotation.AccessObject{Permissions: rotation.Permissions{FunctionARN: w.otherARN}})) // It is not there.
	if got := w.statements(w.alias); !slices.Equal(got, []string{object.StatementID}) {
		t.Errorf("statements of the alias: %q", got)
	}
}
