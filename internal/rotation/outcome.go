package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// ending is how the wait for a rotation that has not succeeded was over.
type ending int

const (
	open        ending = iota // AWS goes on, and may succeed
	permanent                 // AWS goes on, and cannot succeed before somebody mends the cause
	abandoned                 // AWS has given the rotation up
	interrupted               // nobody waits any more
)

// rotationError is a rotation that failed or that did not finish in time.
type rotationError struct {
	summary string
	ending  ending
	cause   findings.Finding // no code if it is not known
	parts   []string         // of the detail between the cause and the timeline
	// state says what applications read; timeline and log come last.
	state, timeline, log string
}

func (e *rotationError) Error() string { return e.summary }

func (e *rotationError) problem() *Problem {
	p := &Problem{Code: e.cause.Code, Summary: e.summary}
	var parts []string
	if e.cause.Code != "" {
		cause := e.cause.Summary + "."
		if cause != e.cause.Detail {
			cause += " " + e.cause.Detail
		}
		parts = append(parts, cause, e.cause.Remedy)
	}
	parts = append(parts, e.parts...)
	p.Detail = paragraphs(append(parts, e.state, e.timeline, e.log)...)
	return p
}

// advice is what there is to do after a rotation that has not succeeded. Again is
// what the next apply does.
func (e *rotationError) advice(again string) string {
	switch e.ending {
	case abandoned:
		return "Nobody goes on with this rotation. Apply again: the next apply asks for a new one."
	case interrupted:
		return "AWS goes on with the rotation by itself. Apply again: " + again
	case permanent:
		return "AWS goes on retrying by itself, in vain until the cause is mended. Mend it and apply again: " + again
	}
	return "AWS goes on retrying by itself. Unless the cause passes, mend it and apply again: " + again
}

// explain makes a problem of what ended the wait for a rotation, with what there
// is to do then.
func explain(cause error, again string) *Problem {
	if failure, ok := errors.AsType[*rotationError](cause); ok {
		p := failure.problem()
		p.Detail = paragraphs(p.Detail, failure.advice(again))
		return p
	}
	p := *failed("", "complete the rotation", "", cause)
	p.Detail = paragraphs(p.Detail, "AWS goes on with the rotation by itself. Mend the cause and apply again: "+again)
	return &p
}

// interrupted is the end of a wait that was given up. The secret is nil if it was
// never seen.
func (w *wait) interrupted(sec *secret) *rotationError {
	e := &rotationError{summary: "The wait for the rotation was interrupted", ending: interrupted}
	if sec != nil {
		e.state = fmt.Sprintf("The rotation itself was not: when it was last seen, it was making version %s, and applications read version %s (AWSCURRENT).", w.version, sec.Current())
		e.timeline = w.timeline(sec)
	}
	return e
}

// failure is the end of a wait whose rotation has not succeeded.
func (w *wait) failure(ctx context.Context, summary string, sec *secret, how ending) *rotationError {
	e := &rotationError{summary: summary, ending: how}
	if w.want.ReadValue {
		w.pending = w.Value(ctx, w.secretARN, w.version)
	}
	if w.pending.State == facts.ValueAbsent {
		w.log.atFirst()
	}
	last := w.log.decisive()
	switch {
	case w.function == nil:
		e.parts = append(e.parts, "A service rotates this secret and logs nothing here: look at its console, and in CloudTrail for the event RotationFailed of the secret.")
	case last == nil:
		e.cause, e.parts = w.silence(ctx)
	case last.Failed:
		e.cause = last.Finding
		e.parts = append(e.parts, w.step(last))
	case how == abandoned:
	case last.Ended && after(last.Step) != "":
		e.parts = append(e.parts, "The function has done the step "+last.Step+" without an error, and its log has nothing of the next one.")
	case last.Ended:
		e.parts = append(e.parts, "The function ran without an error, and yet the version has not become AWSCURRENT. It may not be a rotation function for this secret.")
	default:
		e.parts = append(e.parts, "The function is still at work.")
	}
	if how == abandoned {
		e.parts = append([]string{"AWS has given the rotation up: a value was stored in the secret, or its label AWSPENDING was dropped, while it ran. In CloudTrail, the event RotationAbandoned tells when."}, e.parts...)
	}
	if last != nil {
		e.log = w.lines(ctx, sec, last)
	}
	e.state = w.state(sec, how)
	e.timeline = w.timeline(sec)
	return e
}

// step names the step of a failed run, if it is known.
func (w *wait) step(r *run) string {
	text := "The function's log does not tell in which step it failed."
	if r.Step != "" {
		text = "The function failed in the step " + r.Step + "."
	}
	if r.Finding.Code == "" {
		text += " What it has logged is no known cause."
	}
	if r.guessed {
		text += " The lines do not say for which secret it ran, and it rotates others at the same time: the failure may be of one of them. In CloudTrail, the event RotationFailed of this secret (additionalEventData.SecretId) tells in a few minutes."
	}
	return text
}

// lines are the last lines of a run, as far as they may be shown.
func (w *wait) lines(ctx context.Context, sec *secret, r *run) string {
	where := fmt.Sprintf("log group %s, stream %s", r.Group, r.Stream)
	switch lines, hidden := w.shown(ctx, sec, r.Run); {
	case hidden != "":
		return fmt.Sprintf("The function's log (%s) tells more. Its lines are not shown: %s.", where, hidden)
	case len(lines) == 0:
		return "The function has logged nothing of its own (" + where + ")."
	default:
		return fmt.Sprintf("Last lines of the function (%s):\n\n  %s", where, strings.Join(lines, "\n  "))
	}
}

// silence says why the log has no run of a rotation.
func (w *wait) silence(ctx context.Context) (cause findings.Finding, parts []string) {
	event := "In CloudTrail, the event RotationFailed of the secret (additionalEventData.SecretId) tells in a few minutes what became of it."
	f := findings.Function{ARN: w.function.ARN.String()}
	source := w.Fresh()
	if now, err := source.Function(ctx, f.ARN); err == nil {
		f.State, f.StateReason = string(now.State), ""
	} else if awsapi.IsNotFound(err) {
		return findings.FunctionMissing(f.ARN, false), []string{event}
	}
	f.ReservedConcurrency, _ = source.Concurrency(ctx, f.ARN)
	found := findings.FunctionUsable(nil, f)
	now := *w.operation
	now.Source, now.diagnosing = source, true // What this setup has written counts.
	if refused, err := now.invocable(ctx, w.want, w.secretARN); err == nil {
		found = append(found, refused...)
	}
	if i := slices.IndexFunc(found, func(f findings.Finding) bool { return f.Severity == findings.Error }); i >= 0 {
		return found[i], []string{"The function has not run for this rotation, as its log group " + w.function.LogGroup + " has nothing of it.", event}
	}
	err := w.log.err
	switch {
	case awsapi.IsAccessDenied(err):
		return findings.LogUnseen(w.function.LogGroup, "logs:FilterLogEvents"), []string{event}
	case err != nil && !awsapi.IsNotFound(err):
		return findings.Finding{}, []string{"The function's log group " + w.function.LogGroup + " could not be read. " + awsapi.Explain(err), event}
	}
	if role, roleErr := source.Role(ctx, w.function.Role.String()); roleErr == nil {
		need := findings.Need{FunctionARN: f.ARN, LogGroup: w.function.LogGroup, MakesLogGroup: err != nil}
		for _, lack := range findings.RolePermissions(role.Role, need) {
			if lack.Code == findings.RoleLogs && lack.Severity != findings.Info {
				return lack, []string{"So nothing tells whether the function has run, and why it failed.", event}
			}
		}
	}
	if err != nil {
		return findings.LogMissing(w.function.LogGroup), []string{event}
	}
	return findings.Finding{}, []string{"The function's log group " + w.function.LogGroup + " has nothing of this rotation, so that AWS has not got the function to run for it.", event}
}

// state says what applications read, and whether the rotation may have taken the
// password behind it away from them.
func (w *wait) state(sec *secret, how ending) string {
	current := fmt.Sprintf("version %s (AWSCURRENT)", sec.Current())
	reads := "Applications read " + current + " of the secret"
	if w.function == nil {
		return reads + "; what its service has changed by now is not known."
	}
	if w.untouched() {
		return "Applications are not affected: they read " + current + ", and the rotation has not got as far as to change a password."
	}
	if t := w.want.RotationType; t != nil && t.Strategy == catalog.AlternatingUsers {
		return "Applications are not affected: they read " + current + ", and the function changes the password of the other of its two users, which counts once AWSCURRENT moves."
	}
	reached := w.log.reached()
	if reached == "" || reached == steps[0] {
		return reads + ". Whether the database has the password of version " + w.version + " already is not known: check that AWSCURRENT still logs in."
	}
	until := "until a retry succeeds"
	if how == abandoned {
		until = "until the right password is stored"
	}
	switch t := w.want.RotationType; {
	case t == nil:
		return reads + ". If the function changes the password of that user (single user), the database may have the one of version " + w.version +
			" already, and logins with AWSCURRENT fail " + until + ". If it changes two users in turn, nothing changes for applications before AWSCURRENT moves. `rotation_type` is not set, so it is not known which."
	case t.Strategy == catalog.SingleUser && w.refusedCurrent():
		return reads + ". The function could not log in with that password either, so that applications probably can't."
	case t.Strategy == catalog.SingleUser:
		return reads + ". The database may have the password of version " + w.version + " already: then logins with AWSCURRENT fail " + until + "."
	}
	return reads + ". Whether that still works depends on what the function has changed by then: check it."
}

// refusedCurrent reports whether the function of a single user was refused with
// every password that it knows, the one that applications read among them.
func (w *wait) refusedCurrent() bool {
	r := w.log.decisive()
	return r != nil && r.Failed && !r.guessed && r.Step == "setSecret" && r.Permanent && r.Finding.Code == findings.LoginFailed
}

// untouched reports whether the rotation has certainly changed no password:
// createSecret only makes one, and a version without a value is one that it has
// not made.
func (w *wait) untouched() bool {
	if w.pending.State != facts.ValueUnknown {
		return w.pending.State == facts.ValueAbsent
	}
	// Without a look at the value, the log has to have all attempts from the first.
	return w.log.nothingMade() && w.fresh
}

// stamp is how a timeline writes a time.
func stamp(at time.Time) string { return at.UTC().Format(time.DateTime) }

// mostLines is how many attempts a timeline has: the first and the last ones.
const mostLines = 6

// timeline is what has happened, as far as it was seen.
func (w *wait) timeline(sec *secret) string {
	lines := []string{stamp(w.began) + "  RotateSecret was accepted for version " + w.version}
	attempts := w.attempts()
	if len(attempts) > mostLines {
		left := len(attempts) - mostLines
		attempts = slices.Concat(attempts[:mostLines/2], []string{fmt.Sprintf("%19s  %d more attempts", "...", left)}, attempts[len(attempts)-mostLines/2:])
	}
	lines = append(lines, attempts...)
	labels := "the version has no label"
	if has := sec.VersionIdsToStages[w.version]; len(has) > 0 {
		labels = "the version is " + strings.Join(has, ", ")
	}
	lines = append(lines, stamp(sec.ReadAt(w.clock.Now()))+"  last look: "+labels)
	return "What has happened (UTC):\n\n  " + strings.Join(lines, "\n  ")
}

// attempts are the lines of a timeline on the attempts of a rotation: AWS invokes
// the function for one step after the other, until one fails.
func (w *wait) attempts() []string {
	var lines, done []string
	var began time.Time
	end := func(how string) {
		parts := []string{how}
		if len(done) > 0 {
			parts = []string{strings.Join(done, ", ") + " done", how}
		}
		if line := strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", "); line != "" {
			lines = append(lines, stamp(began)+"  "+line)
		}
		done = nil
	}
	for _, r := range w.log.runs {
		if r.guessed {
			continue
		}
		if r.Step == steps[0] && !r.Failed {
			end("")
		}
		if len(done) == 0 {
			began = r.At
		}
		step := r.Step
		if step == "" {
			step = "a step that the log does not name"
		}
		switch took := " after " + seconds(r.Until.Sub(r.At)); {
		case r.Failed && r.Finding.Code != "":
			end(step + " failed" + took + " (" + string(r.Finding.Code) + ")")
		case r.Failed:
			end(step + " failed" + took)
		case r.Ended:
			done = append(done, step)
		default:
			end(step + " not over yet")
		}
	}
	end("")
	return lines
}

// seconds writes how long a run took.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
