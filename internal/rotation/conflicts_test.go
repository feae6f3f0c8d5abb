package rotation_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// conflicts counts the writes of function policies that another one got ahead of.
func (w *world) conflicts() int {
	n := 0
	for _, c := range w.AdministratorCalls() {
		if c.ErrorCode == "PreconditionFailedException" {
			n++
		}
	}
	return n
}

// TestConflicts has one process write the policy of the function between the
// read and the write of another: the other reads again, and neither loses
// anything.
func TestConflicts(t *testing.T) {
	t.Parallel()
	type actor struct {
		do   func() error
		owns string // a statement that it has added, and not one that it has removed
	}
	// Each prepares, and returns what then happens at the same time as another.
	actors := map[string]func(*world) actor{
		"setup created": func(w *world) actor {
			want := w.wantManaged(w.SecretARN)
			return actor{func() error { _, _, err := w.process().create(want); return err }, rotation.StatementID(w.SecretARN)}
		},
		"setup deleted": func(w *world) actor {
			want := w.wantManaged(w.newSecrets("deleted")[0])
			object := w.process().mustCreate(want)
			return actor{func() error { _, err := w.process().delete(want, object); return err }, ""}
		},
		"access created": func(w *world) actor {
			return actor{func() error { _, _, err := w.process().createAccess(w.wantAccess()); return err }, rotation.StatementID(w.FunctionARN)}
		},
		"access renamed": func(w *world) actor {
			want := w.wantAccess()
			want.StatementID = "before"
			have := w.process().mustCreateAccess(want)
			want.StatementID = "after"
			return actor{func() error { _, _, err := w.process().updateAccess(want, have); return err }, "after"}
		},
		"access deleted": func(w *world) actor {
			have := w.process().mustCreateAccess(w.wantAccess())
			return actor{func() error { return w.process().deleteAccess(have) }, ""}
		},
	}
	pairs := [][2]string{
		{"setup created", "access created"},
		{"access created", "setup created"},
		{"setup created", "access renamed"},
		{"access renamed", "setup created"},
		{"setup created", "access deleted"},
		{"access deleted", "setup created"},
		{"access created", "setup deleted"},
		{"setup deleted", "access created"},
		{"setup deleted", "access deleted"},
		{"access deleted", "setup deleted"},
		{"access renamed", "setup deleted"},
	}
	for _, pair := range pairs {
		t.Run(pair[0]+", "+pair[1]+" in between", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			outer, inner := actors[pair[0]](w), actors[pair[1]](w)
			w.ForgetCalls()
			var begun atomic.Bool
			ahead := func(awslab.Call) {
				if begun.CompareAndSwap(false, true) {
					w.Must(inner.do())
				}
			}
			for _, operation := range []string{"AddPermission", "RemovePermission"} {
				// Before the first write is carried out, the other makes all of its own.
				w.Inject(awslab.Fault{Operation: operation, Caller: ":user/administrator", Times: 1, Do: ahead})
			}
			w.Must(outer.do())
			var want []string
			for _, sid := range []string{outer.owns, inner.owns} {
				if sid != "" {
					want = append(want, sid)
				}
			}
			got := w.statements(w.FunctionARN)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("statements %q, wanted %q", got, want)
			}
			if len(w.policies(w.Role)) != len(want) {
				t.Errorf("policies %q", w.policies(w.Role))
			}
			if w.conflicts() == 0 {
				t.Error("nothing was in conflict: the test has lost its subject")
			}
		})
	}
}

// TestParallelAccess creates and deletes an access of a function, one of its
// alias and setups of the same function in two processes at once.
func TestParallelAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, alias := w.wantAccess(), w.wantAccess()
	ofAlias(w, &alias)
	accesses := []rotation.FunctionAccess{access, alias}
	setups := w.setups(numbered("user", 8)...)
	objects, had := make([]*rotation.Object, len(setups)), make([]*rotation.AccessObject, len(accesses))
	together := func(setup func(process, int) error, access func(process, int) error) {
		t.Helper()
		processes := []process{w.process(), w.process()}
		var all sync.WaitGroup
		for i := range setups {
			all.Go(func() {
				if err := setup(processes[i%2], i); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range accesses {
			all.Go(func() {
				if err := access(processes[i%2], i); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
	together(
		func(p process, i int) (err error) {
			objects[i], _, err = p.Create(t.Context(), setups[i], timeout)
			return err
		},
		func(p process, i int) (err error) {
			had[i], _, err = p.createAccess(accesses[i])
			return err
		},
	)
	if got := w.statements(w.FunctionARN); len(got) != len(setups)+1 || !slices.Contains(got, had[0].StatementID) {
		t.Errorf("statements %q", got)
	}
	if got := w.statements(w.alias); !slices.Equal(got, []string{had[1].StatementID}) {
		t.Errorf("statements of the alias %q", got)
	}
	if got := w.policies(w.Role); len(got) != len(setups)+2 {
		t.Errorf("policies %q", got)
	}
	together(
		func(p process, i int) error {
			_, err := p.delete(setups[i], *objects[i])
			return err
		},
		func(p process, i int) error { return p.deleteAccess(*had[i]) },
	)
	w.functionAccessIs(nil)
}
