package rotation_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// creatingAccess is the life of the create of a function access.
func creatingAccess(name string, change func(*world, *rotation.FunctionAccess)) life {
	return life{"function access, " + name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		want := w.wantAccess()
		if change != nil {
			change(w, &want)
		}
		w.ForgetCalls()
		run := func(p process) error {
			_, _, err := p.createAccess(want)
			return err
		}
		return w, run, func() { w.t.Helper(); w.functionAccessIs(&want) }
	}}
}

// updatingAccess is the life of an update of a function access.
func updatingAccess(name string, before, change func(*world, *rotation.FunctionAccess)) life {
	return life{"function access, " + name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		had := w.wantAccess()
		if before != nil {
			before(w, &had)
		}
		state := w.process().mustCreateAccess(had)
		want := had
		change(w, &want)
		w.ForgetCalls()
		run := func(p process) error {
			refreshed, err := p.readAccess(had, state)
			if err != nil {
				return err
			}
			if reflect.DeepEqual(rotation.NextAccess(want, *refreshed), *refreshed) {
				return nil // No diff, no update.
			}
			object, _, err := p.updateAccess(want, *refreshed)
			if object != nil {
				state, had = *object, want
			}
			return err
		}
		return w, run, func() { w.t.Helper(); w.functionAccessIs(&want) }
	}}
}

// deletingAccess is the life of the delete of a function access.
func deletingAccess(name string, change func(*world, *rotation.FunctionAccess)) life {
	return life{"function access, " + name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		want := w.wantAccess()
		if change != nil {
			change(w, &want)
		}
		state := w.process().mustCreateAccess(want)
		w.ForgetCalls()
		run := func(p process) error {
			refreshed, err := p.readAccess(want, state)
			if errors.Is(err, rotation.ErrGone) {
				return nil
			}
			if err == nil {
				err = p.deleteAccess(*refreshed)
			}
			return err
		}
		return w, run, func() { w.t.Helper(); w.functionAccessIs(nil) }
	}}
}

func ofAlias(w *world, want *rotation.FunctionAccess) { want.FunctionARN = w.newAlias(w.FunctionARN) }

func ofOtherFunction(_ *world, want *rotation.FunctionAccess) {
	want.FunctionARN = want.FunctionARN[:len(want.FunctionARN)-len("rotator")] + "other"
}

func withNames(_ *world, want *rotation.FunctionAccess) {
	want.StatementID, want.RolePolicyName = "my-statement", "my-policy"
}

// withSuperusers has two superuser secrets, one of which RDS manages.
func withSuperusers(w *world, want *rotation.FunctionAccess) {
	managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", "{}", 7)
	w.Must(err)
	want.Access.Types = []*catalog.RotationType{rotationType(w.t, "MySQLMultiUser")}
	want.Access.SuperuserSecretARNs = []string{w.NewSecret("superuser", map[string]any{"username": "root", "password": "x-super-x"}), managed}
}

func withKeys(w *world, want *rotation.FunctionAccess) {
	if w.key == "" {
		w.key = w.NewKey()
	}
	want.Access.KMSKeyARNs = []string{w.key}
}

var accessLives = []life{
	creatingAccess("create", nil),
	creatingAccess("create with names and alias", func(w *world, want *rotation.FunctionAccess) {
		withNames(w, want)
		ofAlias(w, want)
	}),
	creatingAccess("create with superusers", withSuperusers),
	creatingAccess("create for a VPC", func(_ *world, want *rotation.FunctionAccess) { want.VPC = new(true) }),

	updatingAccess("update nothing", withSuperusers, func(*world, *rotation.FunctionAccess) {}),
	updatingAccess("update types", nil, func(w *world, want *rotation.FunctionAccess) {
		want.Access.Types = []*catalog.RotationType{rotationType(w.t, "MySQLSingleUser"), rotationType(w.t, "ElastiCacheUser")}
	}),
	updatingAccess("update superusers", nil, withSuperusers),
	updatingAccess("update removes a superuser", withSuperusers, func(_ *world, want *rotation.FunctionAccess) {
		want.Access.SuperuserSecretARNs = want.Access.SuperuserSecretARNs[1:]
	}),
	updatingAccess("update keys", func(w *world, _ *rotation.FunctionAccess) { w.key = w.NewKey() }, withKeys),
	updatingAccess("update names", nil, withNames),
	updatingAccess("update VPC", nil, func(_ *world, want *rotation.FunctionAccess) { want.VPC = new(true) }),
	updatingAccess("update role", func(w *world, want *rotation.FunctionAccess) { want.RoleARN = w.roleARN(w.Role) }, func(w *world, want *rotation.FunctionAccess) {
		w.runAs(w.FunctionARN, w.otherRole)
		want.RoleARN = w.roleARN(w.otherRole)
	}),
	updatingAccess("update role of the function", nil, func(w *world, _ *rotation.FunctionAccess) { w.runAs(w.FunctionARN, w.otherRole) }),

	deletingAccess("delete", nil),
	deletingAccess("delete with names and alias", func(w *world, want *rotation.FunctionAccess) {
		withNames(w, want)
		ofAlias(w, want)
	}),
}

// TestAccessUndoFails lets every call of a create fail from one on: then, and
// only when something is left, it returns an object together with the error,
// which Terraform deletes before it creates again.
func TestAccessUndoFails(t *testing.T) {
	t.Parallel()
	objects := 0
	for n := range 13 {
		w := newWorld(t)
		clearFault := w.Inject(awslab.Fault{Caller: ":user/administrator", After: n, Code: "AccessDeniedException", Message: "User is not authorized."})
		want := w.wantAccess()
		object, _, err := w.process().createAccess(want)
		clearFault()
		left := len(w.statements(w.FunctionARN)) + len(w.policies(w.Role))
		switch {
		case err == nil:
			w.functionAccessIs(&want)
			continue
		case (object != nil) != (left > 0):
			t.Errorf("denied from call %d on: object %v, and %d statements and policies are left", n, object, left)
		case object != nil:
			objects++
			w.tells(err.Error(), "Unable to add the invoke permission", "Unable to remove the role policy")
			if p := w.problem(err); p.Summary != "Unable to add the invoke permission" {
				t.Error(p)
			}
			w.Must(w.process().deleteAccess(*object))
			w.functionAccessIs(nil)
		}
		w.process().mustCreateAccess(want)
		w.functionAccessIs(&want)
	}
	if objects == 0 {
		t.Error("no undo has failed: the test has lost its subject")
	}
}

// TestAccessUpdateUndone lets an update fail at its last write, and then its undo
// as well: what was there stays recorded, and the next update goes on.
func TestAccessUpdateUndone(t *testing.T) {
	t.Parallel()
	for _, undone := range []bool{true, false} {
		w := newWorld(t)
		had := w.wantAccess()
		have := w.process().mustCreateAccess(had)
		want := had
		withNames(w, &want)
		times := 1
		if !undone {
			times = 0
		}
		clearFault := w.Inject(awslab.Fault{Operation: "AddPermission", Times: times, Code: "AccessDeniedException", Message: "no"})
		clearDelete := func() {}
		if !undone {
			clearDelete = w.Inject(awslab.Fault{Operation: "DeleteRolePolicy", Code: "AccessDenied", Message: "no"})
		}
		object, warnings, err := w.process().updateAccess(want, have)
		if object != nil || err == nil {
			t.Fatalf("object %v, error %v", object, err)
		}
		clearFault()
		clearDelete()
		if undone {
			w.functionAccessIs(&had)
		} else if len(warnings) != 1 || !warnings[0].Warning || warnings[0].Summary != "Unable to remove the role policy" {
			t.Errorf("warnings %v", warnings)
		}
		w.process().mustUpdateAccess(want, w.process().mustReadAccess(had, have))
		w.functionAccessIs(&want)
	}
}

// TestAccessUpdateHalfway lets an update fail between the removal of the old
// statement and that of the old policy: what it has written before stays, since
// without it the function would have nothing.
func TestAccessUpdateHalfway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	had := w.wantAccess()
	have := w.process().mustCreateAccess(had)
	want := had
	withNames(w, &want)
	clearFault := w.Inject(awslab.Fault{Operation: "DeleteRolePolicy", Code: "AccessDenied", Message: "no"})
	if _, _, err := w.process().updateAccess(want, have); err == nil {
		t.Fatal("the old policy was removed")
	}
	if got := w.statements(w.FunctionARN); len(got) != 1 || len(w.policies(w.Role)) != 2 {
		t.Errorf("statements %q, policies %q", got, w.policies(w.Role))
	}
	clearFault()
	w.process().mustUpdateAccess(want, w.process().mustReadAccess(had, have))
	w.functionAccessIs(&want)
}
