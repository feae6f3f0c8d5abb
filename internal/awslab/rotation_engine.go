package awslab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// The steps of a rotation, in order, as a rotation function receives them:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.
var rotationSteps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// retryPauses lie between the attempts of a rotation: five attempts in all,
// until somebody asks again or the next window opens. AWS retries "multiple
// times" and publishes neither number nor spacing.
var retryPauses = []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute}

// RotationEvent is a service event of Secrets Manager, as CloudTrail records
// it.
type RotationEvent struct {
	Time time.Time
	// Name is RotationStarted, RotationSucceeded, RotationFailed,
	// RotationAbandoned, TestRotationStarted, TestRotationSucceeded or
	// TestRotationFailed. Each attempt of a rotation starts and ends anew.
	Name                 string
	SecretARN, VersionID string
	// ErrorMessage of a failure.
	ErrorMessage string
}

// Events returns the rotation events of all secrets, oldest first.
func (l *Lab) Events() []RotationEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.secrets.events)
}

// HoldRotation keeps rotations from starting a step (createSecret, setSecret,
// testSecret or finishSecret) until release, so that the state in between can
// be looked at. What was held goes on with the clock's next move.
func (l *Lab) HoldRotation(step string) (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secrets.held[step]++
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.secrets.held[step]--
		for _, goOn := range l.secrets.parked {
			l.timeline.after(0, goOn)
		}
		l.secrets.parked = nil
	})
}

// rotation is a rotation of one version, from AWSPENDING on, over all its
// attempts. It is the secret's as long as secret.rotation points to it:
// whoever ends it takes it from there, and a step that returns later finds
// that out.
type rotation struct {
	version string
	token   string // RotationToken
	test    bool   // testSecret only, on a temporary version
	steps   []string

	attempts int
	step     int
	phase    rotationPhase
	turn     int // counts plans: only the last one is carried out
}

type rotationPhase int

const (
	underWay rotationPhase = iota // a step runs or is about to
	pausing                       // an attempt failed, another follows by itself
	givenUp                       // no attempt follows unless asked
)

// rotate puts AWSPENDING on a version, which has no value yet, and starts the
// rotation. Lab.mu is held, here and in all that follows.
func (l *Lab) rotate(s *secret, id string) {
	if s.versions[id] == nil {
		s.versions[id] = &version{id: id, created: l.Now()}
	}
	s.move(pending, s.versions[id])
	s.rotation = &rotation{version: id, token: newUUID(), steps: rotationSteps}
	if s.rotatesItself() {
		s.rotation.steps = rotationSteps[:1]
	}
	l.attempt(s, s.rotation)
}

// testRotation runs testSecret on a temporary version with the current value:
// what RotateSecret without RotateImmediately does.
func (l *Lab) testRotation(s *secret, id string) {
	v := &version{id: id, created: l.Now()}
	if now := s.holder(current); now != nil {
		v.value, v.keys = now.value, slices.Clone(now.keys)
	}
	s.versions[id] = v
	s.move(pending, v)
	s.rotation = &rotation{version: id, token: newUUID(), test: true, steps: []string{"testSecret"}}
	l.attempt(s, s.rotation)
}

// reattempt makes a rotation that is not complete go on now, whether it pauses
// after a failure, has been given up, or was cancelled and switched on again.
func (l *Lab) reattempt(s *secret) {
	unfinished := s.pendingVersion()
	if unfinished == nil || !s.schedule.isEnabled() {
		return
	}
	if s.rotation == nil || s.rotation.version != unfinished.id {
		l.rotate(s, unfinished.id)
		return
	}
	if s.rotation.phase != underWay {
		s.rotation.attempts = 0
		l.attempt(s, s.rotation)
	}
}

func (l *Lab) attempt(s *secret, r *rotation) {
	r.attempts++
	r.step, r.phase = 0, underWay
	l.event(s, r, "Started", "")
	l.plan(s, r, l.options.StepDelay, l.runStep)
}

// plan lets a rotation go on later, if it still exists by then and nothing
// else has been planned for it.
func (l *Lab) plan(s *secret, r *rotation, delay time.Duration, do func(*secret, *rotation)) {
	r.turn++
	turn := r.turn
	var goOn func()
	goOn = func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.rotation != r || r.turn != turn || l.life.Err() != nil {
			return
		}
		if r.phase == underWay && l.secrets.held[r.steps[r.step]] > 0 {
			l.secrets.parked = append(l.secrets.parked, goOn)
			return
		}
		do(s, r)
	}
	l.timeline.after(delay, goOn)
}

// runStep invokes the function for the next step. It lets go of Lab.mu
// meanwhile.
func (l *Lab) runStep(s *secret, r *rotation) {
	if s.rotatesItself() {
		l.rotateWithoutFunction(s, r)
		return
	}
	step, function, secretARN, version := r.steps[r.step], s.schedule.function, s.arn, r.version
	payload, err := json.Marshal(struct{ Step, SecretId, ClientRequestToken, RotationToken string }{step, secretARN, version, r.token})
	if err != nil {
		panic(err) // Strings only.
	}
	l.mu.Unlock()
	result, err := l.invoke(l.life, function, secretARN, payload)
	l.mu.Lock()
	failed := err != nil || result.FunctionError != ""
	l.options.Log("rotation of %s, version %s: %s failed=%t", secretARN, version, step, failed)
	if s.rotation != r {
		return // Ended meanwhile.
	}
	v := s.versions[version]
	switch {
	case failed:
		l.fail(s, r, fmt.Sprintf("Error when executing lambda %s during %s step", function, step))
	case step == "createSecret" && v != nil && v.value != nil && !v.byRotation:
		l.fail(s, r, fmt.Sprintf("Pending secret version %s for Secret %s was not created by Lambda %s. "+
			"Remove the AWSPENDING staging label and restart rotation", version, secretARN, function))
	case r.step+1 < len(r.steps):
		r.step++
		l.plan(s, r, l.options.StepDelay, l.runStep)
	case r.test, v != nil && v.has(current):
		l.succeed(s, r)
	default: // The function said that it is done and is not.
		l.fail(s, r, fmt.Sprintf("Error when executing lambda %s during %s step", function, step))
	}
}

// rotateWithoutFunction does what the owning service or the partner does: a
// new password in the same JSON object.
func (l *Lab) rotateWithoutFunction(s *secret, r *rotation) {
	password, err := (&getRandomPasswordInput{ExcludePunctuation: true}).password()
	if err != nil {
		panic(err) // Constant arguments.
	}
	members, key := map[string]any{}, ""
	if now := s.holder(current); now != nil && now.value != nil {
		key = now.keys[len(now.keys)-1]
		if json.Unmarshal([]byte(deref(now.value.text)), &members) != nil || members == nil {
			members = map[string]any{} // A value that is no object gives way to one.
		}
	}
	members["password"] = password
	content, err := json.Marshal(members)
	if err != nil {
		panic(err) // Read from JSON.
	}
	s.store(r.version, value{text: new(string(content))}, key, []string{current}, l.Now())
	l.succeed(s, r)
}

func (l *Lab) succeed(s *secret, r *rotation) {
	l.event(s, r, "Succeeded", "")
	s.rotation = nil
	if r.test {
		l.dropTestVersion(s, r)
		return
	}
	now := l.Now()
	s.changed, s.schedule.rotated = now, now
	l.planWindow(s)
	if window, ok := s.schedule.due(); ok && s.schedule.rules.ScheduleExpression != nil {
		days := window.Start.Truncate(24*time.Hour).Sub(now.Truncate(24*time.Hour)) / (24 * time.Hour)
		s.schedule.computedDays = max(1, int64(days))
	}
}

func (l *Lab) fail(s *secret, r *rotation, message string) {
	l.event(s, r, "Failed", message)
	switch v := s.versions[r.version]; {
	case r.test:
		s.rotation = nil
		l.dropTestVersion(s, r)
	case v == nil || !v.has(pending): // Somebody took the label away.
		s.rotation = nil
	case r.attempts <= len(retryPauses):
		r.phase = pausing
		l.plan(s, r, retryPauses[r.attempts-1], l.attempt)
	default:
		r.phase = givenUp
	}
}

// dropTestVersion removes the temporary version of a test, and AWSPENDING with
// it, unless somebody has made it current.
func (l *Lab) dropTestVersion(s *secret, r *rotation) {
	if v := s.versions[r.version]; v != nil && !v.has(current) {
		delete(s.versions, r.version)
	}
}

// settle closes a rotation whose version is not pending any more: its last
// step has moved AWSCURRENT and only not returned yet, or somebody took the
// label away.
func (l *Lab) settle(s *secret) {
	r := s.rotation
	if r != nil && r.phase == underWay && !r.test {
		if v := s.versions[r.version]; v != nil && v.has(current) {
			l.succeed(s, r)
		}
	}
	l.endRotation(s)
}

// endRotation stops a rotation: no other step of it starts. The label stays,
// except that a test leaves nothing behind.
func (l *Lab) endRotation(s *secret) {
	r := s.rotation
	s.rotation = nil
	if r != nil && r.test {
		l.dropTestVersion(s, r)
	}
}

// abandonRotation ends a rotation because another version gets a value as
// AWSCURRENT. Secrets Manager removes AWSPENDING then.
func (l *Lab) abandonRotation(s *secret, newVersion string) {
	r := s.rotation
	if r == nil || r.version == newVersion {
		return
	}
	l.event(s, r, "Abandoned", "")
	l.endRotation(s)
	if v := s.versions[r.version]; v != nil && v.has(pending) {
		s.move(pending, nil)
	}
}

func (l *Lab) event(s *secret, r *rotation, outcome, message string) {
	name := "Rotation" + outcome
	if r.test && outcome != "Abandoned" {
		name = "Test" + name
	}
	event := RotationEvent{Time: l.Now(), Name: name, SecretARN: s.arn, VersionID: r.version, ErrorMessage: message}
	l.secrets.events = append(l.secrets.events, event)
	l.trail.rotationEvent(l, s.region, event)
	l.options.Log("%s of %s, version %s %s", name, s.arn, r.version, message)
}

// planWindow computes NextRotationDate and lets the secret rotate when its
// next window opens: at its start, which is one of the moments that AWS may
// choose.
func (l *Lab) planWindow(s *secret) {
	schedule := &s.schedule
	schedule.planned++
	schedule.next = time.Time{}
	window, ok := schedule.due()
	if !ok || !s.deletion.IsZero() {
		return
	}
	schedule.next = window.Latest()
	l.awaitWindow(s, window.Start)
}

// awaitWindow waits for a window that is still to open, or for the next chance
// after it.
func (l *Lab) awaitWindow(s *secret, opens time.Time) {
	now, planned := l.Now(), s.schedule.planned
	if !opens.After(now) {
		var ok bool
		if opens, ok = s.schedule.chance(now); !ok {
			return
		}
	}
	l.timeline.after(opens.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.schedule.planned != planned || l.life.Err() != nil {
			return
		}
		switch {
		case s.pendingVersion() != nil:
			l.reattempt(s)
		case s.rotation == nil || s.rotation.phase != underWay:
			l.settle(s)
			l.rotate(s, newUUID())
		}
		l.awaitWindow(s, opens) // Unless it succeeds, which plans anew.
	})
}

// isRotation tells whether a caller writes for the rotation that is under way:
// under the execution role of the configured function, or with the rotation's
// token from elsewhere, see
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html.
func (c *call) isRotation(s *secret, token *string) bool {
	if s.rotation != nil && token != nil && *token == s.rotation.token {
		return true
	}
	function, err := arn.ParseFunction(s.schedule.function)
	if err != nil {
		return false
	}
	configuration, _ := c.lab.lambda.functions[function.Unqualified().String()].configuration(function.Qualifier)
	role, err := arn.ParseRole(configuration.Role)
	return err == nil && strings.Contains(c.caller.arn, ":assumed-role/"+role.Name+"/")
}
