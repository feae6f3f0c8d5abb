package rotation_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// crossing is what comes of an edit when a rotation begins between its last look and
// its move: what a change of a value cannot exclude without access to the database.
// The move then comes ahead of some call of the rotation function.
type crossing struct {
	ahead   string // the operation of that call; empty if the rotation was over by then
	accepts bool   // PostgreSQL accepted AWSCURRENT just after the move.
	fails   bool   // An attempt of the rotation failed over the move.
	err     error  // of the edit
}

// cross makes an edit whose move comes ahead of the n-th call of the function.
func (w *raceWorld) cross(n int, e valueEdit) (c crossing) {
	w.deliberate[e.password] = e.password != ""
	failed, begun := w.figures["RotationFailed"], false
	wire := func(_ int, r *http.Request, send func() (*http.Response, error)) (response *http.Response, err error) {
		asked, err := readRequest(r)
		if err != nil || begun || !asked.makesCurrent() {
			return send()
		}
		begun = true
		move := func() {
			response, err = send()
			w.observe("the edit")
			c.accepts = w.accepts()
		}
		defer w.Inject(awslab.Fault{Service: "secretsmanager", Caller: ":assumed-role/rotator/", After: n, Times: 1, Do: func(call awslab.Call) {
			c.ahead = call.Operation
			move()
		}})()
		w.rotate(true)
		w.Advance(10 * time.Second)
		w.observe(theClock)
		if c.ahead == "" {
			move()
		}
		c.fails = w.figures["RotationFailed"] > failed
		return response, err
	}
	service := rotation.NewService(connectAs(w.Lab, w.Administrator(), wire), w.Lab)
	_, _, c.err = service.UpdateValue(w.t.Context(), w.SecretARN, rotation.Value{
		SecretID: w.SecretARN, RotationType: w.rotationType, Connection: e.keys, Password: e.password,
	})
	w.observe(theClock)
	return c
}

// crossAll crosses edits with each call of a rotation and with its end, and sees
// that each of them ends well.
func crossAll(t *testing.T, rotationType, password string, check func(int, *raceWorld, crossing)) {
	t.Helper()
	w := newRaceWorld(t, rotationType, 0)
	w.startsWithValue()
	for n := range 50 {
		e := valueEdit{keys: map[string]string{"application": fmt.Sprint("edited ", n)}}
		if password != "" {
			e.password = fmt.Sprint(password, n)
		}
		c := w.cross(n, e)
		if c.err != nil {
			t.Errorf("ahead of call %d: %v", n, c.err)
		}
		held := w.holds().members
		if held["application"] != e.keys["application"] || w.replaced[held["password"]] {
			t.Errorf("ahead of call %d, the edit or the rotation is lost: application is %q", n, held["application"])
		}
		check(n, w, c)
		if c.ahead == "" {
			w.checkNextApply()
			for _, wrong := range w.wrong {
				t.Error(wrong)
			}
			return
		}
	}
	t.Error("the rotation has no end")
}

// TestValueResidue has the move of an edit come ahead of every call of a rotation
// that began after the edit's last look.
//
// All of these end well. In one place it takes longer than the rotation itself:
// between the look and the move of its finishSecret, which then fails. With a single
// user the password is changed by then, and AWSCURRENT has the old one until AWS
// repeats the rotation, here after a minute.
func TestValueResidue(t *testing.T) {
	t.Parallel()
	for _, rotationType := range raceTypes {
		t.Run(rotationType, func(t *testing.T) {
			t.Parallel()
			locked := 0
			crossAll(t, rotationType, "", func(n int, _ *raceWorld, c crossing) {
				if atEnd := c.ahead == "UpdateSecretVersionStage"; c.fails != atEnd {
					t.Errorf("ahead of call %d, %s, the rotation fails: %t", n, c.ahead, c.fails)
				}
				if c.fails && !c.accepts {
					locked++
				}
			})
			if want := map[string]int{"PostgreSQLSingleUser": 1}[rotationType]; locked != want {
				t.Errorf("%d times the database rejects AWSCURRENT until AWS repeats the rotation, want %d", locked, want)
			}
		})
	}
}

// TestValueResidueOfPassword does so with a password that is written again: it is
// not written once more over the one that the rotation has made.
func TestValueResidueOfPassword(t *testing.T) {
	t.Parallel()
	for _, rotationType := range raceTypes {
		t.Run(rotationType, func(t *testing.T) {
			t.Parallel()
			crossAll(t, rotationType, "written", func(n int, w *raceWorld, c crossing) {
				if lasts := w.deliberate[w.holds().members["password"]]; lasts != (c.ahead == "") {
					t.Errorf("ahead of call %d, the password is AWSCURRENT's at the end: %t", n, lasts)
				}
			})
		})
	}
}

// TestValueResidueOfHost moves the secret to another host while a rotation has its
// new value stored and not yet set: the function refuses to set it on another host
// than AWSCURRENT's, however often AWS tries. Nothing is changed in the database,
// AWSCURRENT works, and the apply says what to do.
func TestValueResidueOfHost(t *testing.T) {
	t.Parallel()
	w := newRaceWorld(t, "PostgreSQLSingleUser", 0)
	w.startsWithValue()
	const createSecret = 5 // calls
	c := w.cross(createSecret, valueEdit{keys: map[string]string{"host": "localhost"}})
	if problem, _ := errors.AsType[*rotation.Problem](c.err); problem == nil || problem.Code != findings.RotationInProgress {
		t.Errorf("the edit ends with %v", c.err)
	}
	if !c.fails || !c.accepts || !w.accepts() {
		t.Errorf("the rotation fails: %t; PostgreSQL accepts AWSCURRENT: %t", c.fails, c.accepts)
	}
	pending := pendingElsewhere(w.Describe())
	if pending == "" {
		t.Fatal("the rotation did not get stuck")
	}
	w.moveLabel("AWSPENDING", pending, "")
	w.first["host"] = "localhost"
	w.checkNextApply()
	for _, wrong := range w.wrong {
		t.Error(wrong)
	}
}

// TestValueMoveWithoutAnswer has AWS carry out the move of an edit whose answer is
// lost, and a whole rotation come before the SDK asks once more: AWS refuses that,
// for AWSCURRENT is elsewhere by now. The password of the edit is not written over
// the one that the rotation has made.
func TestValueMoveWithoutAnswer(t *testing.T) {
	t.Parallel()
	for _, rotationType := range raceTypes {
		for _, password := range []string{"", "written"} {
			t.Run(rotationType+password, func(t *testing.T) {
				t.Parallel()
				w := newRaceWorld(t, rotationType, 0)
				w.startsWithValue()
				w.deliberate[password] = password != ""
				lost := false
				wire := func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
					asked, err := readRequest(r)
					if err != nil || lost || !asked.makesCurrent() {
						return send()
					}
					lost = true
					response, err := send()
					w.Must(err)
					_ = response.Body.Close()
					w.observe("the edit")
					w.rotate(true)
					w.Advance(time.Minute)
					w.observe(theClock)
					return nil, io.ErrUnexpectedEOF
				}
				service := rotation.NewService(connectAs(w.Lab, w.Administrator(), wire), w.Lab)
				_, _, err := service.UpdateValue(t.Context(), w.SecretARN, rotation.Value{
					SecretID: w.SecretARN, RotationType: w.rotationType, Connection: map[string]string{"application": "edited"}, Password: password,
				})
				w.Must(err)
				w.observe("the edit")
				if held := w.holds().members; held["application"] != "edited" || w.replaced[held["password"]] {
					t.Errorf("the edit or the rotation is lost: application is %q", held["application"])
				}
				w.checkNextApply()
				for _, wrong := range w.wrong {
					t.Error(wrong)
				}
			})
		}
	}
}
