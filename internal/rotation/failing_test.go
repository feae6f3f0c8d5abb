package rotation_test

import (
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// A failure is a way in which the n-th call of an operation fails.
type failure struct {
	name string
	// process returns a process whose n-th call fails so, and what tells
	// whether that call was made.
	process func(w *world, n int) (p process, struck func() bool)
}

// answered fails a call with an error of AWS, so that it has no effect.
func answered(name string, fault awslab.Fault) failure {
	return failure{name, func(w *world, n int) (process, func() bool) {
		var struck atomic.Bool
		own := fault // Of this world; others have theirs at the same time.
		own.Caller, own.After = ":user/administrator", n
		own.Do = func(awslab.Call) { struck.Store(true) }
		clearFault := w.Inject(own)
		return w.process(), func() bool { clearFault(); return struck.Load() }
	}}
}

// lost loses the answer to a call that is carried out, as often as the SDK tries
// it.
func lost(name string) failure {
	return failure{name, func(w *world, n int) (process, func() bool) {
		struck := false
		p := w.processOn(func(i int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			if i < n || i >= n+3 {
				return send()
			}
			struck = true
			if response, err := send(); err == nil {
				_ = response.Body.Close()
			}
			return nil, io.ErrUnexpectedEOF
		})
		return p, func() bool { return struck }
	}}
}

var failures = []failure{
	answered("denied", awslab.Fault{Times: 1, Code: "AccessDeniedException", Message: "User is not authorized."}),
	answered("server error", awslab.Fault{Times: 3, Code: "InternalServiceError", Message: "An error occurred on the server side.", Status: 500}),
	lost("answer lost"),
}

// TestFailed lets each call of an operation fail in turn and runs the operation
// again: it converges and rotates no more than was asked for. A create that
// failed left nothing, or everything if its rotation was accepted.
func TestFailed(t *testing.T) {
	t.Parallel()
	failed := []string{
		"create", "create external", "create service-managed rotating now", "create rotating later", "update triggers and function", "update switches off", "delete during a rotation",
		"function access, create", "function access, create with names and alias", "function access, update names", "function access, delete",
		"value, create", "value, create with a generated password", "value, update after a rotation",
	}
	found := 0
	for _, life := range slices.Concat(lives, accessLives, valueLives) {
		if !slices.Contains(failed, life.name) {
			continue // The others make the same calls.
		}
		found++
		t.Run(life.name, func(t *testing.T) {
			t.Parallel()
			calls := callsOf(t, life)
			for n, call := range calls {
				if n > 0 && call.String() == calls[n-1].String() && !call.Writes() {
					continue // One look of many.
				}
				for _, failure := range failures {
					// A read that fails is the same whatever the reason.
					if failure.name == "denied" || call.Writes() {
						failAndRepeat(t, life, failure, n)
					}
				}
			}
		})
	}
	if found != len(failed) {
		t.Errorf("%d lives of %q", found, failed)
	}
}

// TestLeftoversCleared fails a create where an earlier one was killed after its
// writes and before its rotation was accepted: nothing is left of either.
func TestLeftoversCleared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	survived := survives(func() {
		_, _, _ = w.processOn(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".RotateSecret") {
				runtime.Goexit()
			}
			return send()
		}).create(w.want())
	})
	if survived {
		t.Fatal("the process was not killed")
	}
	w.accessIs(w.want())
	clearFault := w.Inject(awslab.Fault{Operation: "RotateSecret", Code: "InvalidParameterException", Message: "Invalid schedule expression."})
	if _, _, err := w.process().create(w.want()); err == nil {
		t.Fatal("a refused rotation succeeded")
	}
	w.gone()
	clearFault()
	w.process().mustCreate(w.want())
	w.stands(w.want(), 1)
}

// TestUndoFails lets every call of a create fail from one on, so that it can't
// take back what it wrote either: then, and only then, it returns the object
// together with the error, which Terraform deletes before it creates again.
func TestUndoFails(t *testing.T) {
	t.Parallel()
	objects := 0
	for n := range 14 {
		w := newWorld(t)
		clearFault := w.Inject(awslab.Fault{Caller: ":user/administrator", After: n, Code: "AccessDeniedException", Message: "User is not authorized."})
		object, warnings, err := w.process().Create(t.Context(), w.want(), timeout)
		w.hear(object, warnings, err)
		clearFault()
		left := len(w.statements(w.FunctionARN)) + len(w.policies(w.Role))
		accepted := aws.ToBool(w.Describe().RotationEnabled)
		switch {
		case err == nil:
			w.stands(w.want(), 1)
			continue
		case object == nil && left > 0 && !accepted:
			t.Errorf("denied from call %d on: no object, and %d statements and policies are left", n, left)
		case object != nil && (left == 0 || accepted):
			t.Errorf("denied from call %d on: an object, %d statements and policies are left, accepted: %t", n, left, accepted)
		case object != nil:
			objects++
			w.tells(err.Error(), "could not be taken back", "tainted")
			if _, err := w.process().delete(w.want(), *object); err != nil {
				t.Error(err)
			}
			w.gone()
		}
		w.process().mustCreate(w.want())
		w.stands(w.want(), 1)
	}
	if objects == 0 {
		t.Error("no undo has failed: the test has lost its subject")
	}
}

func failAndRepeat(t *testing.T, life life, failure failure, n int) {
	t.Helper()
	w, run, check := life.make(t)
	p, struck := failure.process(w, n)
	err := run(p)
	if !struck() {
		t.Errorf("no call %d", n)
	}
	if err != nil {
		if strings.HasPrefix(strings.TrimPrefix(life.name, "function access, "), "create") {
			w.nothingOrAll()
		}
		if again := run(w.process()); again != nil {
			t.Errorf("%v\nthen: %v", err, again)
		}
	}
	w.Advance(time.Minute) // A test of the function may still run.
	check()
	if t.Failed() {
		for _, call := range w.AdministratorCalls() {
			t.Log(call.String(), call.Target, call.Detail, call.ErrorCode)
		}
		t.Fatalf("%s at call %d: %v", failure.name, n, err)
	}
}

// nothingOrAll fails the test if a failed create left its access behind without
// a rotation that needs it, or took it away from one.
func (w *world) nothingOrAll() {
	w.t.Helper()
	d := w.Describe()
	accepted := aws.ToBool(d.RotationEnabled) && d.OwningService == nil
	left := 0
	for _, function := range []string{w.FunctionARN, w.otherARN, w.alias} {
		if function != "" {
			left += len(w.statements(function))
		}
	}
	for _, role := range []string{w.Role, w.otherRole} {
		left += len(w.policies(role))
	}
	switch {
	case !accepted && left > 0:
		w.t.Errorf("rotation was not accepted, and %d statements and policies are left", left)
	case accepted && w.managed && left != 2:
		w.t.Errorf("rotation was accepted, and %d statements and policies are there, wanted 2", left)
	}
}
