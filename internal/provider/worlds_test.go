package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// stage is where a finding is caught.
type stage int

const (
	byValidate  stage = iota // an error without a look at AWS
	byPlan                   // an error
	byApply                  // a warning at plan, and an error before the first write
	asWarning                // a warning at plan and apply: the rotation may fail, or what follows it
	byWait                   // an error of the wait for the rotation: nothing tells before
	byDiagnosis              // an error of rotation_diagnosis, when no apply is there to tell
	asAdvice                 // a warning of rotation_diagnosis
	asInfo                   // what rotation_diagnosis could not see, or waits for
)

// brokenWorld is a healthy scene in which one thing is wrong.
type brokenWorld struct {
	name  string
	code  findings.Code
	stage stage
	// also are findings that the same fault has besides.
	also []findings.Code
	// afterwards says that the setup is there when it breaks: the next apply is an
	// update that is asked to rotate.
	afterwards bool
	// first says that it can only break before the setup is there.
	first bool
	// shape is healthy; breaks spoils it and repair does what the finding says.
	shape          shape
	breaks, repair func(*scene)
	// besides notes what else is not as it should be while it is broken.
	besides func(*scene)
	// names is what a remark names, such as a permission to look.
	names string
	// bySDK is for what the provider refuses whatever preflight is: the rotation
	// is then asked for without it.
	bySDK bool
	// told is what is said of the rotation that fails, if not code.
	told findings.Code
	// notRun is why the lab cannot show that the rotation fails.
	notRun string
}

// nothing is told of a rotation that AWS refuses to start, but its answer.
const nothing findings.Code = "-"

// brokenWorlds are all of them, by AWS's troubleshooting cases.
func brokenWorlds() []brokenWorld {
	return slices.Concat(configureWorlds(), superuserWorlds(), secretWorlds(), networkWorlds(), functionWorlds(), passwordWorlds(), roleWorlds(), scheduleWorlds(), stateWorlds(), rotationWorlds(), updateWorlds(), diagnosisWorlds(), unseenWorlds())
}

// healthyWorld is a scene in which nothing is wrong.
type healthyWorld struct {
	name  string
	shape shape
}

// TestWorlds is the proof: what is broken is found, where it is said to be, and
// makes the rotation fail; what is healthy, or repaired, is not found fault with
// and rotates.
func TestWorlds(t *testing.T) {
	t.Parallel()
	postgres := sync.OnceValue(func() *pgserver.Server {
		server, err := pgserver.Start(context.WithoutCancel(t.Context()), pgserver.Options{})
		if errors.Is(err, pgserver.ErrUnavailable) {
			return nil
		}
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
		return server
	})
	for _, w := range brokenWorlds() {
		t.Run(string(w.code)+"/"+w.name, func(t *testing.T) {
			t.Parallel()
			w.prove(newScene(t, postgres))
		})
		if w.first || w.stage == asInfo {
			continue
		}
		t.Run("later/"+string(w.code)+"/"+w.name, func(t *testing.T) {
			t.Parallel()
			w.proveLater(newScene(t, postgres))
		})
	}
	for _, w := range healthyWorlds() {
		t.Run("healthy/"+w.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, postgres)
			w.shape(s)
			s.isHealthy()
			s.staysHealthy()
			s.report()
		})
	}
}

// healthy is the shape that the world has before it breaks.
func (w brokenWorld) healthy() shape {
	if w.shape == nil {
		return of(postgresSingle)
	}
	return w.shape
}

// prove shows that a world is found to be broken, is broken, and is not any more
// once it is repaired.
func (w brokenWorld) prove(s *scene) {
	s.t.Helper()
	w.healthy()(s)
	if w.stage >= byDiagnosis {
		w.proveByDiagnosis(s)
	} else {
		w.proveByApply(s)
	}
	s.report()
}

func (w brokenWorld) proveByApply(s *scene) {
	s.t.Helper()
	if w.afterwards {
		s.set(object{"rotate_triggers": object{"for": "the first time"}})
		s.rotates()
		s.set(object{"rotate_triggers": object{"for": "the second time"}})
	}
	w.breaks(s)
	s.ForgetCalls()
	if w.found(s); len(s.problems) > 0 {
		return // There is no use in more of the proof.
	}
	if w.fails(s); len(s.problems) > 0 {
		return
	}
	w.repair(s)
	s.isHealthy()
}

// found checks that the finding is told where it should be, as what it should
// be, and nothing else is.
func (w brokenWorld) found(s *scene) {
	s.t.Helper()
	codes := append([]findings.Code{w.code}, w.also...)
	slices.Sort(codes)
	told := s.run(nil, w.stage == byApply)
	type heard struct{ Errors, Warnings []findings.Code }
	var want, got [3]heard
	for i, diagnostics := range [][]string{told.validate, told.plan, told.apply} {
		got[i] = heard{codesOf(diagnostics, "ERROR"), codesOf(diagnostics, "WARNING")}
	}
	switch w.stage {
	case byValidate:
		want[0].Errors = codes
	case byPlan:
		want[1].Errors = codes
	case byApply:
		want[1].Warnings, want[2].Errors = codes, codes
	case asWarning:
		if got[0].Warnings != nil { // From the configuration alone.
			want[0].Warnings = codes
		} else {
			want[1].Warnings = codes
		}
	case byWait, byDiagnosis, asAdvice, asInfo: // Nothing is known yet.
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.wrong("Codes at validate, plan and apply (- wanted, + got):\n%s%v", diff, told.all())
	} else if writes := s.Writes(); len(writes) > 0 && (s.shared == nil || slices.Contains(writes, "secretsmanager:RotateSecret")) {
		s.wrong("It was found too late: %v", writes)
	}
}

// fails checks that the rotation fails if nobody heeds the finding, and that the
// wait for it tells why.
func (w brokenWorld) fails(s *scene) {
	s.t.Helper()
	if w.notRun != "" {
		return
	}
	before := s.Finished()
	if w.bySDK {
		if err := s.rotateBySDK(); err == nil {
			s.wrong("The secret rotates all the same.")
		}
		return
	}
	changes := object{"preflight": "off"}
	if w.stage == byWait || w.stage == asWarning {
		changes = nil // Nothing is in the way.
	}
	told := s.run(changes, true)
	want := []findings.Code{w.code}
	if w.told != "" {
		want = []findings.Code{w.told}
	}
	if w.told == nothing {
		want = nil
	}
	switch {
	case s.Finished() != before:
		s.wrong("The secret rotates all the same.")
	case !hasErrors(told.apply):
		s.wrong("The apply does not fail: %v", told.all())
	case !s.refused():
		s.wrong("AWS was not asked, so that nothing shows that it would have failed: %v", told.all())
	}
	if diff := cmp.Diff(want, codesOf(told.apply, "ERROR")); diff != "" {
		s.wrong("Codes of the failed rotation (- wanted, + got):\n%s%v", diff, told.apply)
	}
	if s.SecretARN == "" || !aws.ToBool(s.Describe().RotationEnabled) {
		return // Nothing is left that could be diagnosed.
	}
	code := w.code
	if w.stage == byValidate { // It is about an argument of the setup alone.
		code = want[0]
	}
	healthy, found := s.diagnose()
	if !slices.Contains(slices.Concat(found[findings.Error], found[findings.Warning]), code) || healthy && w.stage != asWarning {
		s.wrong("The diagnosis of what has failed: %v", found)
	}
}

// refused reports whether AWS was asked for a rotation, or refused a write.
func (s *scene) refused() bool {
	return slices.ContainsFunc(s.Calls(":user/"), func(c awslab.Call) bool {
		return c.Operation == "RotateSecret" || c.Writes() && c.ErrorCode != ""
	})
}

// isHealthy checks that no finding is told, that the secret rotates, and that the
// diagnosis finds nothing.
func (s *scene) isHealthy() {
	s.t.Helper()
	if s.rotates(); len(s.problems) > 0 {
		return
	}
	if healthy, found := s.diagnose(); !healthy || len(found[findings.Error])+len(found[findings.Warning]) > 0 {
		s.wrong("The diagnosis of what has rotated: %v", found)
	}
}

// rotates applies the configuration and checks that no finding is told and that the
// secret rotates.
func (s *scene) rotates() {
	s.t.Helper()
	before := s.Finished()
	told := s.run(nil, true)
	for _, severity := range []string{"ERROR", "WARNING"} {
		if codes := codesOf(told.all(), severity); len(codes) > 0 {
			s.wrong("A healthy world has findings: %v\n%v", codes, told.all())
			return
		}
	}
	switch {
	case hasErrors(told.all()):
		s.wrong("A healthy world has errors: %v", told.all())
	case s.Finished() == before:
		s.wrong("The secret has not rotated: %v\n%v", told.all(), s.Events())
	}
}

// staysHealthy plans once more what was applied: there is nothing to tell of a
// setup without changes.
func (s *scene) staysHealthy() {
	s.t.Helper()
	if s.state.IsNull() || len(s.problems) > 0 {
		return
	}
	p := s.start()
	plan := p.plan(declared{"rotation_setup", p.setupType, s.config, s.state})
	if told := lines(plan.Diagnostics); len(told) > 0 || !p.isEmpty(plan) {
		s.wrong("The next plan is not empty, or tells: %v", told)
	}
}

// wrong notes what is not as it should be.
func (s *scene) wrong(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// report fails the test for what is not as it should be.
func (s *scene) report() {
	s.t.Helper()
	for _, problem := range s.problems {
		s.t.Error(problem)
	}
}
