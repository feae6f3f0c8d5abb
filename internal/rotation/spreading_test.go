package rotation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// delayedWorld is a world whose IAM takes its time. What was there before has
// been in force for long.
func delayedWorld(t *testing.T, delay time.Duration) *world {
	t.Helper()
	w := worldOn(t, labtest.NewDelayed(t, delay))
	w.Advance(delay)
	return w
}

// failedAttempts counts those of rotations.
func (w *world) failedAttempts() int {
	n := 0
	for _, e := range w.Events() {
		if e.Name == "RotationFailed" {
			n++
		}
	}
	return n
}

// TestRolePolicySpreads rotates with a role policy that counts some time after it
// was written: up to the pause after the write nothing fails, and later than that
// the attempts that AWS makes by itself show.
func TestRolePolicySpreads(t *testing.T) {
	t.Parallel()
	delays := []struct {
		delay  time.Duration
		failed int // attempts
	}{
		{0, 0},
		{4 * time.Second, 0},
		{9 * time.Second, 0},
		{30 * time.Second, 1}, // The second attempt follows a minute later, the third two.
		{90 * time.Second, 2},
	}
	kinds := map[string]func(*world) (rotation.Setup, process){
		"managed": func(w *world) (rotation.Setup, process) {
			want := w.wantExternal(w.SecretARN)
			want.Managed = true
			return want, w.process()
		},
		"external": func(w *world) (rotation.Setup, process) {
			p := w.process()
			p.mustCreateAccess(w.wantAccess())
			return w.wantExternal(w.SecretARN), p
		},
		"external, alias": func(w *world) (rotation.Setup, process) {
			p := w.process()
			access := w.wantAccess()
			ofAlias(w, &access)
			p.mustCreateAccess(access)
			want := w.wantExternal(w.SecretARN)
			want.FunctionARN = access.FunctionARN
			return want, p
		},
	}
	for kind, begin := range kinds {
		for _, test := range delays {
			t.Run(kind+", "+test.delay.String(), func(t *testing.T) {
				t.Parallel()
				w := delayedWorld(t, test.delay)
				want, p := begin(w)
				object, warnings, err := p.create(want)
				w.Must(err)
				if len(warnings) > 0 {
					t.Errorf("warnings %v", warnings)
				}
				w.rotated(1)
				if got := w.failedAttempts(); got != test.failed {
					t.Errorf("%d attempts failed, wanted %d", got, test.failed)
				}
				if got := w.Rotations(); got != 1 {
					t.Errorf("RotateSecret was called %d times", got)
				}
				if object.UnfinishedVersionID != "" {
					t.Error("the rotation is unfinished")
				}
			})
		}
	}
}

// TestKilledWhileSpreading kills a create while its rotation fails because the
// role policy does not count yet: the next one, which has not written it, goes on
// with the same rotation.
func TestKilledWhileSpreading(t *testing.T) {
	t.Parallel()
	w := delayedWorld(t, 30*time.Second)
	want := w.want()
	want.Wait = false
	w.process().mustCreate(want) // And its process is killed.
	w.Advance(15 * time.Second)
	if w.failedAttempts() != 1 {
		t.Fatalf("%d attempts have failed: the test has lost its subject", w.failedAttempts())
	}
	version := w.pending()
	w.process().mustCreate(w.want())
	w.stands(w.want(), 1)
	if w.current() != version {
		t.Error("another version is current")
	}
}

// TestManyAttemptsWhileSpreading has AWS try many times before the role policy
// counts: refusals of what this run has just written are no failures. Those of
// what somebody else has written are.
func TestManyAttemptsWhileSpreading(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		w := delayedWorld(t, 70*time.Second)
		w.keepPending = !own
		w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", Do: func(awslab.Call) {
			if w.failedAttempts() > 0 && w.failedAttempts() < 6 {
				// AWS goes on with the rotation, and says that it is not complete.
				_, _ = w.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN})
			}
		}})
		want := w.wantExternal(w.SecretARN)
		want.Check = false
		p := w.process()
		p.mustCreateAccess(w.wantAccess())
		if !own {
			p = w.process()
		}
		_, _, err := p.create(want)
		if (err == nil) != own {
			t.Errorf("written by this run: %t, %v", own, err)
		}
		if w.failedAttempts() < 4 {
			t.Errorf("%d attempts have failed: the test has lost its subject", w.failedAttempts())
		}
		if own {
			w.rotated(1)
		} else if !strings.Contains(err.Error(), "times") {
			t.Error(err)
		}
	}
}

// pauseBefore is how long before the last RotateSecret an operation has been at
// work.
func (w *world) pauseBefore(began time.Time) time.Duration {
	w.t.Helper()
	var at time.Time
	for _, c := range w.AdministratorCalls() {
		if c.Operation == "RotateSecret" {
			at = c.Time
		}
	}
	if at.IsZero() {
		w.t.Fatal("RotateSecret was not called")
	}
	return at.Sub(began)
}

// TestSettling pauses before RotateSecret where this run has written the policy
// of the role, and nowhere else.
func TestSettling(t *testing.T) {
	t.Parallel()
	shorter := func(want *rotation.Setup) { want.Rules.AutomaticallyAfterDays = 7 }
	tests := map[string]struct {
		// run ends with a RotateSecret of the operation that is measured from what it
		// returns on.
		run     func(*world) time.Time
		settles bool
	}{
		"create": {func(w *world) time.Time {
			began := w.Now()
			w.process().mustCreate(w.want())
			return began
		}, true},
		"create external": {func(w *world) time.Time {
			want := w.want()
			external(w, &want)
			began := w.Now()
			w.process().mustCreate(want)
			return began
		}, false},
		"create external, with an access of this run": {func(w *world) time.Time {
			p := w.process()
			began := w.Now()
			p.mustCreateAccess(w.wantAccess())
			p.mustCreate(w.wantExternal(w.SecretARN))
			return began
		}, true},
		"create external, some time after an access of this run": {func(w *world) time.Time {
			p := w.process()
			p.mustCreateAccess(w.wantAccess())
			w.Advance(settling)
			began := w.Now()
			p.mustCreate(w.wantExternal(w.SecretARN))
			return began
		}, false},
		"create external, with an access of an earlier run": {func(w *world) time.Time {
			w.process().mustCreateAccess(w.wantAccess())
			began := w.Now()
			w.process().mustCreate(w.wantExternal(w.SecretARN))
			return began
		}, false},
		"create external, with an access of this run that was as wanted": {func(w *world) time.Time {
			have := w.process().mustCreateAccess(w.wantAccess())
			p := w.process()
			p.mustUpdateAccess(w.wantAccess(), have)
			began := w.Now()
			p.mustCreate(w.wantExternal(w.SecretARN))
			return began
		}, false},
		"create after one of this run on another role": {func(w *world) time.Time {
			other := w.wantAccess()
			ofOtherFunction(w, &other)
			w.process().mustCreateAccess(w.wantAccess())
			p := w.process()
			p.mustCreateAccess(other)
			began := w.Now()
			p.mustCreate(w.wantExternal(w.SecretARN))
			return began
		}, false},
		"create over what an earlier one has left": {func(w *world) time.Time {
			want := w.want()
			want.Wait = false
			w.process().mustCreate(want) // And its process is killed.
			began := w.Now()
			w.process().mustCreate(w.want())
			return began
		}, false},
		"update schedule": {func(w *world) time.Time {
			want := w.want()
			object := w.process().mustCreate(want)
			shorter(&want)
			began := w.Now()
			_, _, err := w.process().update(want, object, false)
			w.Must(err)
			return began
		}, false},
		"update schedule in the run of the create": {func(w *world) time.Time {
			want, p := w.want(), w.process()
			object := p.mustCreate(want)
			w.Advance(settling)
			shorter(&want)
			began := w.Now()
			_, _, err := p.update(want, object, false)
			w.Must(err)
			return began
		}, false},
		"update function": {func(w *world) time.Time {
			want := w.want()
			object := w.process().mustCreate(want)
			otherFunction(w, &want)
			began := w.Now()
			_, _, err := w.process().update(want, object, false)
			w.Must(err)
			return began
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			pause := w.pauseBefore(test.run(w))
			if settles := pause >= settling; settles != test.settles || pause > settling+time.Second {
				t.Errorf("paused %s, wanted %t", pause, test.settles)
			}
		})
	}
}

// TestRefusedForGood has the role refused something for good: what this run has
// written itself excuses it for two minutes, and no longer.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*world) (rotation.Setup, process){
		"managed, denied": func(w *world) (rotation.Setup, process) {
			w.deny()
			return w.want(), w.process()
		},
		"external, denied, with an access of this run": func(w *world) (rotation.Setup, process) {
			w.deny()
			p := w.process()
			access := w.wantAccess()
			access.Check = false // It would tell of the Deny.
			p.mustCreateAccess(access)
			want := w.want()
			want.Managed = false
			return want, p
		},
		"external, not all allowed": func(w *world) (rotation.Setup, process) {
			want := w.want()
			external(w, &want)
			w.putPolicy(w.Role, "external", w.lacking("secretsmanager:PutSecretValue"))
			return want, w.process()
		},
	}
	for name, begin := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keepPending = true
			want, p := begin(w)
			began := w.Now()
			object, _, err := p.create(want)
			if object != nil || err == nil {
				t.Fatal("it was created")
			}
			problem := w.problem(err)
			if problem.Code != findings.RoleSecretAccess || !strings.Contains(problem.Detail, "PutSecretValue") {
				t.Error(problem)
			}
			if waited := w.Now().Sub(began); waited <= 2*time.Minute || waited >= timeout {
				t.Errorf("waited %s", waited)
			}
			if w.Rotations() != 1 {
				t.Errorf("%d rotations were asked for", w.Rotations())
			}
			// Mended, the same rotation is taken up.
			version := w.pending()
			w.removePolicy(w.Role, "external")
			if name == "external, not all allowed" {
				w.putPolicy(w.Role, "external", w.lacking("secretsmanager:None"))
			}
			w.keepPending = false
			w.process().mustCreate(want)
			w.rotated(1)
			if w.current() != version {
				t.Error("another version is current")
			}
		})
	}
}

// TestOtherFailuresAreNotExcused tells at once what has nothing to do with what
// was just written.
func TestOtherFailuresAreNotExcused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepPending = true
	w.setVariables(w.FunctionARN, map[string]string{awslab.HandlerVariable: "UserStore"})
	w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	p := w.process()
	p.mustCreateAccess(w.wantAccess())
	want := w.want()
	want.Managed = false
	began := w.Now()
	_, _, err := p.create(want)
	if err == nil || w.problem(err).Code != findings.LoginFailed {
		t.Fatal(err)
	}
	if waited := w.Now().Sub(began); waited > 2*time.Minute {
		t.Errorf("waited %s", waited)
	}
}
