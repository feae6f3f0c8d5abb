package rotation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

const (
	// firstPause is the pause after the first look at a rotation; each further
	// one is twice as long, up to pollPause.
	firstPause = 250 * time.Millisecond
	// logsPause is the pause between looks at the function's log, whose API
	// allows few calls.
	logsPause = 15 * time.Second
	// enoughFailures is how many failed attempts are taken for the outcome, for
	// now: AWS goes on, and the next apply takes the same rotation up again.
	enoughFailures = 3
	// lagging is how long a read may show what was before: see
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#troubleshoot_general_eventually-consistent.
	lagging = 30 * time.Second
)

// rotationError is a rotation that failed or that did not finish in time.
type rotationError struct {
	summary string
	state   string // what labels the secret's versions carry
	finding findings.Finding
	// permanent says that no retry can mend the cause.
	permanent bool
	log       *invocation
	// interrupted says that the wait was given up, whatever the rotation does.
	interrupted bool
}

func (e *rotationError) Error() string { return e.summary }

func (e *rotationError) problem() *Problem {
	p := &Problem{Code: e.finding.Code, Summary: e.summary}
	var parts []string
	if e.finding.Code != "" {
		cause := e.finding.Summary + "."
		if cause != e.finding.Detail {
			cause += " " + e.finding.Detail
		}
		parts = append(parts, cause, e.finding.Remedy)
	}
	if e.log != nil && !e.log.Failed {
		parts = append(parts, "The function ran without an error, and yet the version has not become AWSCURRENT. It may still be at work, or not be a rotation function for this secret.")
	}
	switch {
	case e.log != nil && e.log.hidden:
		parts = append(parts, fmt.Sprintf("The function's log (log group %s, stream %s) tells more. Its lines are not shown here: they might hold a secret, and these credentials or `check_secret_value` do not allow to read the values that would have to be masked.", e.log.Group, e.log.Stream))
	case e.log != nil:
		parts = append(parts, fmt.Sprintf("Last lines of the function (log group %s, stream %s):\n\n  %s", e.log.Group, e.log.Stream, strings.Join(e.log.Last(), "\n  ")))
	case !e.interrupted:
		parts = append(parts, "No log lines of the function were found for this rotation: it may not have run, or may not be allowed to write logs, or these credentials may not read them.")
	}
	parts = append(parts, e.state)
	p.Detail = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
	return p
}

// complete waits for a rotation and makes sure that the configuration is the
// one that was asked for together with it.
func (o *operation) complete(ctx context.Context, want Setup, secretARN, version string, f *facts.Function) error {
	if err := o.await(ctx, want, secretARN, version, f); err != nil || !o.unconfigured {
		return err
	}
	sec, err := o.describe(ctx, secretARN)
	if err != nil {
		return failed("", "read the secret", "", err)
	}
	if (&scene{secret: sec}).asWanted(want) {
		return nil
	}
	return o.reconfigure(ctx, secretARN, want, f)
}

// await waits until a version is AWSCURRENT. AWS retries a failed rotation by
// itself, so an attempt that failed is not the outcome, unless its cause is one
// that no retry mends or it has failed several times.
func (o *operation) await(ctx context.Context, want Setup, secretARN, version string, f *facts.Function) error {
	var began time.Time // by the clock of AWS
	// Until then, by that clock, a refusal may be due to what this run has just
	// written, and AWS's next attempt shows.
	var excused time.Time
	started := o.clock.Now()
	seen := started // when the version was last seen to be pending
	pause, nextLogs := firstPause, started.Add(logsPause)
	for {
		sec, err := o.describe(ctx, secretARN)
		if err != nil && ctx.Err() != nil {
			return interrupted("")
		}
		if err != nil {
			return failed("", "read the secret while it rotates", "", err)
		}
		if began.IsZero() {
			began = sec.ReadAt(started)
			excused = o.lastWritten(o.roleName).Add(began.Sub(started) + spreading)
		}
		labels := sec.VersionIdsToStages[version]
		switch {
		case slices.Contains(labels, facts.LabelCurrent), slices.Contains(labels, facts.LabelPrevious):
			return nil
		case slices.Contains(labels, facts.LabelPending):
			seen = o.clock.Now()
		case o.clock.Now().Sub(seen) >= lagging:
			return &rotationError{
				summary: "The rotation was abandoned", state: describeLabels(sec),
				log: o.lastRun(ctx, want, sec, version, f, began, excused),
			}
		}
		now := o.clock.Now()
		late := !now.Before(o.deadline)
		if late || !now.Before(nextLogs) {
			nextLogs = now.Add(logsPause)
			log := o.lastRun(ctx, want, sec, version, f, began, excused)
			failure := &rotationError{state: describeLabels(sec), log: log}
			if log != nil {
				failure.finding, failure.permanent = log.finding, log.permanent
			}
			switch {
			case failure.permanent:
				failure.summary = "The rotation failed"
				return failure
			case log != nil && log.failures >= enoughFailures:
				failure.summary = fmt.Sprintf("The rotation failed %d times", log.failures)
				return failure
			}
			if late {
				failure.summary = "The rotation did not succeed in time"
				return failure
			}
		}
		if err := o.clock.Sleep(ctx, pause); err != nil {
			return interrupted(describeLabels(sec))
		}
		pause = min(2*pause, pollPause)
	}
}

func interrupted(state string) *rotationError {
	return &rotationError{summary: "The wait for the rotation was interrupted", state: state, interrupted: true}
}

// describeLabels says in what state a secret is.
func describeLabels(s *secret) string {
	text := fmt.Sprintf("The secret's AWSCURRENT is version %s.", s.Current())
	if pending := s.Pending(); pending != "" {
		text = fmt.Sprintf("Applications still read version %s (AWSCURRENT); version %s carries AWSPENDING.", s.Current(), pending)
	}
	return text
}

// lastRun reads the function's log since a rotation began and returns its last
// invocation that failed, or else its last one at all; nil if there is none or
// the log can't be read.
//
// A run before excused that was refused access does not count as a failure, and
// is not permanent.
func (o *operation) lastRun(ctx context.Context, want Setup, sec *secret, version string, f *facts.Function, since, excused time.Time) *invocation {
	if f == nil {
		return nil
	}
	names := []string{sec.Parsed.String(), version, want.SuperuserSecretARN}
	var last *invocation
	failures := 0
	for _, run := range o.invocations(ctx, f.LogGroup, since) {
		if !run.Concerns(names) {
			continue
		}
		if run.Failed {
			run.explain()
			if run.finding.Code.IsAccess() && run.At.Before(excused) {
				run.permanent = false
			} else {
				failures++
			}
		}
		if last == nil || run.Failed || !last.Failed {
			last = run
		}
	}
	if last == nil {
		return nil
	}
	last.failures = failures
	secrets, complete := o.contents(ctx, want, sec, version)
	last.hidden = !complete
	for i, line := range last.Lines {
		last.Lines[i] = findings.Redact(line, secrets)
	}
	return last
}

// openKeys are the members of a SecretString that name where and as whom to log
// in. They may be shown, and are what makes a log line useful.
var openKeys = []string{"engine", "host", "port", "dbname", "username", "ssl", "masterarn", "dbInstanceIdentifier", "dbClusterIdentifier"}

// contents are the strings that no log line may show: what the versions of the
// secret hold, and the superuser secret, which the function reads as well. It is
// not complete if one of them may not be read, or is not text.
func (o *operation) contents(ctx context.Context, want Setup, sec *secret, pending string) (secrets []string, complete bool) {
	if !want.ReadValue {
		return nil, false
	}
	type version struct{ secretARN, id string }
	secretARN := sec.Parsed.String()
	versions := []version{{secretARN, pending}}
	for _, id := range []string{sec.Current(), sec.With(facts.LabelPrevious)} {
		if id != "" {
			versions = append(versions, version{secretARN, id})
		}
	}
	if want.SuperuserSecretARN != "" {
		versions = append(versions, version{want.SuperuserSecretARN, ""})
	}
	complete = true
	for _, v := range versions {
		c := o.Value(ctx, v.secretARN, v.id)
		complete = complete && c.State != facts.ValueUnknown && !c.Binary
		if c.State == facts.ValuePresent {
			secrets = append(secrets, leaves(c.Text)...)
		}
	}
	return secrets, complete
}

// leaves are the secret strings in a SecretString: the values in a JSON document
// at any depth, but for the open keys of an object, or the whole of any other
// text. Short numbers, true and false are no secrets.
func leaves(content string) []string {
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		document = content
	}
	if object, ok := document.(map[string]any); ok {
		for _, key := range openKeys {
			delete(object, key)
		}
	}
	found := []string{content}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			found = append(found, v)
			if strings.Contains(v, "\n") { // A key in PEM, say, which a log has line by line.
				found = append(found, strings.Fields(v)...)
			}
		case json.Number:
			if len(v) > 3 {
				found = append(found, v.String())
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(document)
	return found
}
