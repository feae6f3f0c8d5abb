package rotation_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// configureByHand switches rotation on as somebody else would.
func (w *world) configureByHand(function string, immediately bool) {
	w.t.Helper()
	_, err := w.Secrets.RotateSecret(w.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN, RotationLambdaARN: &function, RotateImmediately: &immediately})
	w.Must(err)
	w.Advance(time.Minute)
}

// TestSomebodyElsesRotation refuses a secret that somebody else lets rotate,
// and writes nothing.
func TestSomebodyElsesRotation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(*world)
		change func(*rotation.Setup)
	}{
		"with this function":    {func(w *world) { w.configureByHand(w.FunctionARN, true) }, nil},
		"with another function": {func(w *world) { w.configureByHand(w.otherARN, false) }, nil},
		"external":              {func(w *world) { w.configureByHand(w.FunctionARN, true) }, func(want *rotation.Setup) { want.Managed = false }},
		"external, rotating later": {func(w *world) { w.configureByHand(w.FunctionARN, false) }, func(want *rotation.Setup) {
			want.Managed, want.RotateImmediately = false, new(false)
		}},
		"to be switched off": {func(w *world) { w.configureByHand(w.FunctionARN, true) }, func(want *rotation.Setup) { want.Enabled = false }},
		"external, rotated by its schedule since a create that was killed": {func(w *world) {
			want := w.want()
			want.Managed = false
			w.process().mustCreate(want)
			w.Advance(31 * 24 * time.Hour)
			if w.Finished() != 2 {
				w.t.Errorf("%d rotations have happened", w.Finished())
			}
		}, func(want *rotation.Setup) { want.Managed = false }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.permitByOthers(w.FunctionARN, w.Role)
			w.permit(w.otherARN, "external", "secretsmanager.amazonaws.com")
			test.before(w)
			want := w.want()
			if test.change != nil {
				test.change(&want)
			}
			w.ForgetCalls()
			_, _, err := w.process().create(want)
			if err == nil {
				t.Fatal("somebody else's rotation was taken over")
			}
			p := w.problem(err)
			if p.Code != findings.RotationAlreadyConfigured || p.Attribute != "secret_id" {
				t.Errorf("%s on %q: %v", p.Code, p.Attribute, p)
			}
			w.tells(p.Detail, "import {", w.SecretARN, "`moved`")
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("wrote %v", writes)
			}
			if _, err := w.process().Inspect(t.Context(), want); err == nil {
				t.Error("the plan does not tell")
			}
		})
	}
}

// TestRemnants creates where an earlier create of the setup was killed after
// its rotation was accepted, and something has happened since.
func TestRemnants(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first     func(*world, *rotation.Setup)
		since     func(*world)
		second    func(*world, *rotation.Setup)
		rotations int
	}{
		"nothing":          {rotations: 1},
		"rotated by hand":  {since: func(w *world) { w.rotateByHand() }, rotations: 2},
		"rotated on time":  {since: func(w *world) { w.Advance(31 * 24 * time.Hour) }, rotations: 2},
		"another schedule": {second: func(_ *world, want *rotation.Setup) { want.Rules.AutomaticallyAfterDays = 7 }, rotations: 1},
		"another function": {second: otherFunction, rotations: 1},
		"an alias":         {second: func(w *world, want *rotation.Setup) { want.FunctionARN = w.newAlias(w.FunctionARN) }, rotations: 1},
		"not an alias any more": {
			first:  func(w *world, want *rotation.Setup) { want.FunctionARN = w.newAlias(w.FunctionARN) },
			second: func(w *world, want *rotation.Setup) { want.FunctionARN = w.FunctionARN }, rotations: 1,
		},
		"another function, the first one gone": {
			since: func(w *world) {
				_, err := w.Functions.DeleteFunction(w.t.Context(), &lambda.DeleteFunctionInput{FunctionName: &w.FunctionARN})
				w.Must(err)
				w.FunctionARN = w.otherARN
			},
			second: otherFunction, rotations: 1,
		},
		"another function, switched off": {
			since: func(w *world) {
				_, err := w.Secrets.CancelRotateSecret(w.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &w.SecretARN})
				w.Must(err)
			},
			second: otherFunction, rotations: 2, // Switched off, it is a new setup.
		},
		"external": {first: external, second: func(_ *world, want *rotation.Setup) { want.Managed = false }, rotations: 1},
		"external, rotating later": {
			first:  func(w *world, want *rotation.Setup) { external(w, want); want.RotateImmediately = new(false) },
			second: func(_ *world, want *rotation.Setup) { want.Managed, want.RotateImmediately = false, new(false) },
		},
		"now to be switched off": {second: func(_ *world, want *rotation.Setup) { want.Enabled = false }, rotations: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			if test.first != nil {
				test.first(w, &want)
			}
			w.process().mustCreate(want)
			w.Advance(time.Minute)
			if test.since != nil {
				test.since(w)
				w.Advance(time.Minute)
			}
			want = w.want()
			if test.second != nil {
				test.second(w, &want)
			}
			w.process().mustCreate(want)
			w.Advance(time.Minute)
			if name == "another function, the first one gone" {
				if got := w.statements(w.otherARN); !slices.Equal(got, []string{rotation.StatementID(w.SecretARN)}) {
					t.Errorf("statements %q", got)
				}
				w.rotated(test.rotations) // The role of a function that is gone can't be known.
				return
			}
			w.stands(want, test.rotations)
		})
	}
}

// TestCancelledPending creates where the rotation of an earlier create was
// cancelled, with its label kept or dropped.
func TestCancelledPending(t *testing.T) {
	t.Parallel()
	for _, dropped := range []bool{false, true} {
		t.Run(map[bool]string{false: "label kept", true: "label dropped"}[dropped], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			release := w.HoldRotation("setSecret")
			want := w.want()
			want.Wait = false
			w.process().mustCreate(want) // And its process is killed.
			w.Advance(10 * time.Second)
			version := w.pending()
			_, err := w.Secrets.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &w.SecretARN})
			w.Must(err)
			if dropped {
				_, err = w.Secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
					SecretId: &w.SecretARN, VersionStage: aws.String("AWSPENDING"), RemoveFromVersionId: &version,
				})
				w.Must(err)
			}
			release()
			w.process().mustCreate(w.want())
			w.stands(w.want(), 1)
			if resumed := w.current() == version; resumed == dropped {
				t.Errorf("version %s is current, %s was pending", w.current(), version)
			}
		})
	}
}

// TestForeignPending refuses a secret with an unfinished rotation of somebody
// else's and says how to recover.
func TestForeignPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepPending = true
	w.permitByOthers(w.FunctionARN, w.Role)
	w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	w.configureByHand(w.FunctionARN, true)
	_, err := w.Secrets.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &w.SecretARN})
	w.Must(err)
	w.ForgetCalls()
	_, _, err = w.process().create(w.want())
	if err == nil {
		t.Fatal("created over an unfinished rotation")
	}
	p := w.problem(err)
	if p.Code != findings.RotationPendingStuck {
		t.Error(p)
	}
	w.tells(p.Detail, w.pending(), w.current(), "--remove-from-version-id", "--move-to-version-id")
	if writes := w.Writes(); len(writes) > 0 {
		t.Errorf("wrote %v", writes)
	}
	// Rotation that is to be off needs no rotation that can start.
	want := w.want()
	want.Enabled = false
	w.process().mustCreate(want)
	w.accessIs(want)
}

// TestCreatedAgain creates, deletes and creates: each create rotates.
func TestCreatedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 3 {
		inspected, err := w.process().Inspect(t.Context(), w.want())
		w.Must(err)
		if old := n > 0; inspected.Rotates != old { // The first value is fresh.
			t.Errorf("create %d: the plan says that it rotates what is in use: %t", n, inspected.Rotates)
		}
		object := w.process().mustCreate(w.want())
		w.stands(w.want(), n+1)
		w.Advance(2 * time.Hour)
		if _, err := w.process().delete(w.want(), object); err != nil {
			t.Fatal(err)
		}
		w.gone()
	}
}

// TestStaleReads answers reads as they were before the last write.
func TestStaleReads(t *testing.T) {
	t.Parallel()
	// Each with the lives that ask it more than once.
	for operation, names := range map[string][]string{
		"DescribeSecret": {"create", "create external", "update function", "update triggers", "delete"},
		"GetPolicy":      {"update function", "update triggers", "delete"},
		"GetRolePolicy":  {"create", "update function", "update triggers", "delete"},
	} {
		for _, life := range lives {
			if !slices.Contains(names, life.name) {
				continue
			}
			t.Run(operation+", "+life.name, func(t *testing.T) {
				t.Parallel()
				w, run, check := life.make(t)
				var stale atomic.Int32
				clearFault := w.Inject(awslab.Fault{
					Operation: operation, Caller: ":user/administrator", After: 1, Times: 3, Stale: true,
					Do: func(awslab.Call) { stale.Add(1) },
				})
				if err := run(w.process()); err != nil {
					t.Error(err)
				}
				clearFault()
				if stale.Load() == 0 {
					t.Error("No read was stale: this case has no subject.")
				}
				w.Advance(time.Minute)
				check()
			})
		}
	}
}

// TestStaleAfterRotateSecret asks DescribeSecret in vain for the rotation that
// was just accepted.
func TestStaleAfterRotateSecret(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		t.Run(map[bool]string{false: "answered", true: "answer lost"}[lost], func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Inject(awslab.Fault{Operation: "RotateSecret", Times: 1, DoneFirst: true, Drop: lost, Do: func(awslab.Call) {
				w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", Times: 4, Stale: true})
			}})
			if lost {
				w.Inject(awslab.Fault{Operation: "RotateSecret", After: 1, Times: 2, Drop: true})
			}
			w.process().mustCreate(w.want())
			w.stands(w.want(), 1)
		})
	}
}
