package rotation_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// A setup's life is one operation as Terraform runs it: with the state that
// Terraform has, and the plan that it makes of it. It can be run again after
// the process was killed, when Terraform knows nothing of what happened.
type life struct {
	name string
	// make prepares a world and returns the operation, to be run by any process,
	// and the check of what it has to have led to.
	make func(t *testing.T) (w *world, run func(process) error, check func())
}

// creating is the life of a create.
func creating(name string, rotations int, change func(*world, *rotation.Setup)) life {
	return life{name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		want := w.want()
		if change != nil {
			change(w, &want)
		}
		w.ForgetCalls()
		run := func(p process) error {
			_, _, err := p.create(want)
			return err
		}
		return w, run, func() { w.t.Helper(); w.stands(want, rotations) }
	}}
}

// updating is the life of an update of a setup that was made with other wishes
// before. The create rotates once.
func updating(name string, rotations int, before, change func(*world, *rotation.Setup)) life {
	return life{name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		had := w.want()
		if before != nil {
			before(w, &had)
		}
		state := w.process().mustCreate(had)
		want := had
		change(w, &want)
		w.ForgetCalls()
		ask := !reflect.DeepEqual(had.Triggers, want.Triggers)
		run := func(p process) error {
			refreshed, err := p.read(had, state)
			if err != nil {
				return err
			}
			next := rotation.Next(want, *refreshed)
			next.UnfinishedVersionID = ""
			if !ask && reflect.DeepEqual(next, *refreshed) {
				return nil // No diff, no update.
			}
			object, _, err := p.update(want, *refreshed, ask)
			if object != nil {
				state, had, ask = *object, want, false
			}
			return err
		}
		return w, run, func() { w.t.Helper(); w.stands(want, rotations) }
	}}
}

// deleting is the life of a delete.
func deleting(name string, change func(*world, *rotation.Setup), before func(*world)) life {
	return life{name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		want := w.want()
		if change != nil {
			change(w, &want)
		}
		state := w.process().mustCreate(want)
		if before != nil {
			before(w)
		}
		w.ForgetCalls()
		run := func(p process) error {
			refreshed, err := p.read(want, state)
			if errors.Is(err, rotation.ErrGone) {
				return nil
			}
			if err == nil {
				_, err = p.delete(want, *refreshed)
			}
			return err
		}
		return w, run, func() { w.t.Helper(); w.gone(); w.rotated(w.Finished()) }
	}}
}

func external(w *world, want *rotation.Setup) {
	want.Managed = false
	w.permitByOthers(want.FunctionARN, w.Role)
}

// serviceManaged turns a setup into one of a secret that a service rotates.
func serviceManaged(w *world, want *rotation.Setup) {
	secretARN, err := w.CreateServiceManagedSecret(w.Region(), "rds!cluster", "rds", `{"username":"master","password":"x-master-x"}`, 7)
	w.Must(err)
	w.SecretARN = secretARN
	want.SecretID, want.FunctionARN = secretARN, ""
}

func days(n int64) func(*world, *rotation.Setup) {
	return func(_ *world, want *rotation.Setup) { want.Rules = rotation.Rules{AutomaticallyAfterDays: n} }
}

func otherFunction(w *world, want *rotation.Setup) { want.FunctionARN = w.otherARN }

var lives = []life{
	creating("create", 1, nil),
	creating("create rotating later", 0, func(_ *world, want *rotation.Setup) { want.RotateImmediately = new(false) }),
	creating("create rotating now", 1, func(_ *world, want *rotation.Setup) { want.RotateImmediately = new(true) }),
	creating("create with schedule", 1, func(_ *world, want *rotation.Setup) {
		want.Rules = rotation.Rules{ScheduleExpression: "cron(0 4 ? * SUN *)", Duration: "3h"}
	}),
	creating("create external", 1, external),
	creating("create external rotating later", 0, func(w *world, want *rotation.Setup) {
		external(w, want)
		want.RotateImmediately = new(false)
	}),
	creating("create with alias", 1, func(w *world, want *rotation.Setup) { want.FunctionARN = w.newAlias(w.FunctionARN) }),
	creating("create with superuser and names", 1, func(w *world, want *rotation.Setup) {
		want.SuperuserSecretARN = w.NewSecret("super", map[string]any{"username": "root", "password": "x-super-x"})
		want.StatementID, want.RolePolicyName = "my-statement", "my-policy"
	}),
	creating("create service-managed", 0, serviceManaged),
	creating("create service-managed rotating now", 1, func(w *world, want *rotation.Setup) {
		serviceManaged(w, want)
		want.RotateImmediately = new(true)
	}),
	creating("create service-managed switched off", 0, func(w *world, want *rotation.Setup) {
		serviceManaged(w, want)
		want.Enabled = false
	}),
	creating("create switched off", 0, func(_ *world, want *rotation.Setup) { want.Enabled = false }),

	updating("update schedule", 1, nil, days(7)),
	updating("update function", 1, nil, otherFunction),
	updating("update function to alias", 1, nil, func(w *world, want *rotation.Setup) { want.FunctionARN = w.newAlias(w.FunctionARN) }),
	updating("update managed to external", 1, nil, external),
	updating("update external to managed", 1, external, func(_ *world, want *rotation.Setup) { want.Managed = true }),
	updating("update names", 1, nil, func(_ *world, want *rotation.Setup) {
		want.StatementID, want.RolePolicyName = "my-statement", "my-policy"
	}),
	updating("update switches off", 1, nil, func(_ *world, want *rotation.Setup) { want.Enabled = false }),
	updating("update switches on", 0, func(_ *world, want *rotation.Setup) { want.Enabled = false }, func(_ *world, want *rotation.Setup) { want.Enabled = true }),
	updating("update triggers", 2, nil, func(_ *world, want *rotation.Setup) { want.Triggers = map[string]string{"key": "2"} }),
	updating("update triggers and function", 2, nil, func(w *world, want *rotation.Setup) {
		want.Triggers = map[string]string{"key": "2"}
		otherFunction(w, want)
	}),
	updating("update service-managed schedule", 0, serviceManaged, days(9)),
	updating("update function and switches off", 1, nil, func(w *world, want *rotation.Setup) {
		want.Enabled = false
		otherFunction(w, want)
	}),

	deleting("delete", nil, nil),
	deleting("delete external", external, nil),
	deleting("delete switched off", func(_ *world, want *rotation.Setup) { want.Enabled = false }, nil),
	deleting("delete service-managed", serviceManaged, nil),
	deleting("delete service-managed switched off", func(w *world, want *rotation.Setup) {
		serviceManaged(w, want)
		want.Enabled = false
	}, nil),
	deleting("delete during a rotation", nil, func(w *world) { w.rotateByHand() }),
}

// TestKilled kills the process after each of its writes, and after each wait,
// and runs the operation again in another one: it converges, rotates no more
// than was asked for and leaves nothing behind. Between those calls nothing
// changes, so that a kill there would be the same.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, life := range slices.Concat(lives, accessLives, valueLives) {
		t.Run(life.name, func(t *testing.T) {
			t.Parallel()
			calls := callsOf(t, life)
			for n := range calls {
				if calls[n].Writes() || n+1 < len(calls) && calls[n+1].Time.After(calls[n].Time) {
					killAndRepeat(t, life, n+1, n+1 == len(calls))
				}
			}
			if !calls[len(calls)-1].Writes() {
				killAndRepeat(t, life, len(calls), true)
			}
		})
	}
}

// callsOf runs an operation undisturbed and returns its calls.
func callsOf(t *testing.T, life life) []awslab.Call {
	t.Helper()
	w, run, check := life.make(t)
	if err := run(w.process()); err != nil {
		t.Fatalf("undisturbed: %v", err)
	}
	calls := w.AdministratorCalls()
	w.Advance(time.Minute) // A test of the function may still run.
	check()
	if len(calls) < 3 {
		t.Errorf("%d calls: the test has lost its subject", len(calls))
	}
	return calls
}

// killAndRepeat kills the process before its n-th call, or at its end, before it
// can report.
func killAndRepeat(t *testing.T, life life, n int, atEnd bool) {
	t.Helper()
	w, run, check := life.make(t)
	if survives(func() { _ = run(w.processOn(killBefore(n))) }) != atEnd {
		t.Errorf("call %d: is it the end? %t", n, atEnd)
	}
	if err := run(w.process()); err != nil {
		t.Errorf("killed before call %d, then: %v", n, err)
	}
	w.Advance(time.Minute) // A test of the function may still run.
	check()
	if t.Failed() {
		for _, call := range w.AdministratorCalls() {
			t.Log(call.String(), call.Target, call.Detail, call.ErrorCode)
		}
		t.Fatalf("killed before call %d", n)
	}
}
