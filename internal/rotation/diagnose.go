package rotation

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Diagnosis is what is wrong with the rotation of a secret.
type Diagnosis struct {
	Status

	Findings []findings.Finding // the worst first
}

// Healthy reports whether nothing keeps the secret from rotating.
func (d Diagnosis) Healthy() bool { return !findings.HasErrors(d.Findings) }

// Diagnose looks at everything that decides whether a secret rotates:
// configuration, permissions, network, logs and events. It writes nothing and
// asks for no rotation. Of want it takes SecretID, Region, RotationType,
// SuperuserSecretARN, Access and ReadValue; all else is as AWS has it.
func (s *Service) Diagnose(ctx context.Context, want Setup) (Diagnosis, error) {
	o, err := s.look(ctx, want.SecretID, want.Region)
	if err != nil {
		return Diagnosis{}, err
	}
	// What this run remembers may be mended since.
	o.diagnosing, o.Source = true, o.Renew(Remembered)
	sec, err := o.find(ctx, want.SecretID)
	if err != nil {
		return Diagnosis{}, err
	}
	sc := &scene{secret: sec}
	want.FunctionARN, want.Rules, want.Enabled = aws.ToString(sec.RotationLambdaARN), sec.rules(), true
	want.Managed, want.Check, want.CheckAccess = false, true, true
	d := Diagnosis{Status: o.status(ctx, sec)}
	add := func(found ...findings.Finding) { d.Findings = append(d.Findings, found...) }
	if broken := findings.SecretUsable(sc.facts(want)); len(broken) > 0 {
		add(broken...)
		return d, nil // There is nothing else to look at.
	}
	if sc.function, err = o.diagnosedFunction(ctx, want.FunctionARN, add); err != nil {
		return Diagnosis{}, err
	}
	add(findings.RotationState(o.state(d.Status, sec, sc.function))...)
	add(scheduleFindings(want.Rules)...)
	if want.FunctionARN != "" && sec.Current() == "" {
		add(missingValue(want.SecretID))
	}
	if elsewhere, is := functionElsewhere(want.FunctionARN, d.SecretARN); is {
		add(elsewhere)
	}
	if sc.superuser, err = o.superuser(ctx, want); err != nil {
		return Diagnosis{}, err
	}
	key, _ := sec.Key()
	if alias := aws.ToString(sec.KmsKeyId); key == "" && alias != "" {
		if k := o.Key(ctx, alias); k.Owner == "CUSTOMER" {
			key = k.ARN
		}
	}
	remarks, err := o.examine(ctx, want, sc, key, Permissions{})
	if err != nil {
		return Diagnosis{}, err
	}
	for _, r := range remarks {
		add(r.Finding)
	}
	d.Findings = merged(d.Findings, o.outcomes(ctx, want, sc, d.Status))
	if !sec.Enabled() {
		// AWS keeps the function of a rotation that was switched off, which need not
		// work any more.
		for i, f := range d.Findings {
			if f.Severity == findings.Error && f.Code != findings.RotationPendingStuck {
				d.Findings[i].Severity = findings.Warning
			}
		}
	}
	d.Findings = findings.Sorted(d.Findings)
	return d, nil
}

// merged adds what the last rotations tell to what the checks have found. A cause
// that a check has found as well is certain, and the check knows more of it; and of
// a rotation that has failed nobody has to be told to wait for it.
func merged(found, outcomes []findings.Finding) []findings.Finding {
	for _, f := range outcomes {
		i := slices.IndexFunc(found, func(have findings.Finding) bool { return have.Code == f.Code && have.Severity != findings.Info })
		if i < 0 {
			found = append(found, f)
		} else if f.Severity == findings.Error {
			found[i].Severity = findings.Error
		}
	}
	if slices.ContainsFunc(outcomes, func(f findings.Finding) bool {
		return f.Code == findings.RotationFailed && f.Severity == findings.Error
	}) {
		found = slices.DeleteFunc(found, func(f findings.Finding) bool { return f.Code == findings.RotationInProgress })
	}
	return found
}

// diagnosedFunction reads the function that a secret is configured with, nil if it
// has none or that cannot be read.
func (o *operation) diagnosedFunction(ctx context.Context, functionARN string, add func(...findings.Finding)) (*facts.Function, error) {
	if functionARN == "" {
		return nil, nil
	}
	f, err := o.Function(ctx, functionARN)
	switch {
	case awsapi.IsNotFound(err):
		add(o.functionMissing(ctx, functionARN))
		return nil, nil
	case awsapi.IsAccessDenied(err):
		add(findings.NotSeen(findings.FunctionNotActive, "The configuration of the rotation function, on which everything else depends", "lambda:GetFunctionConfiguration"))
		return nil, nil
	case err != nil:
		return nil, failed("", "read the rotation function", "", err)
	}
	return f, nil
}

// state is what package findings judges the state of a rotation by.
func (o *operation) state(s Status, sec *secret, f *facts.Function) findings.State {
	state := findings.State{
		SecretARN: s.SecretARN, Now: sec.ReadAt(o.clock.Now()), Enabled: s.Enabled, LastRotated: s.LastRotated, NextRotation: s.NextRotation,
		Current: sec.Current(), Pending: s.PendingVersionID, PendingSince: s.PendingSince, Leftover: s.Leftover, Window: sec.Window(),
	}
	if f != nil {
		state.Timeout = f.Timeout
	}
	return state
}

// scheduleFindings checks the rotation rules that AWS has.
func scheduleFindings(r Rules) []findings.Finding {
	if r.IsZero() {
		return nil
	}
	var days *int64
	if r.ScheduleExpression == "" {
		days = &r.AutomaticallyAfterDays
	}
	return findings.Schedule(optional(r.ScheduleExpression), days, optional(r.Duration))
}

// lookBack is for how long the log of a function is read before the last failure
// that CloudTrail knows of, or before now.
const lookBack = 24 * time.Hour

// outcomes looks at what became of the last rotations: in CloudTrail, and, if that
// tells of failures or not all, in the function's log.
func (o *operation) outcomes(ctx context.Context, want Setup, s *scene, st Status) []findings.Finding {
	var all []findings.Finding
	events, err := o.Events(ctx)
	if err != nil {
		all = append(all, notTold(err, findings.RotationFailed, "What CloudTrail has of failed rotations", "cloudtrail:LookupEvents"))
	}
	// A success ends what was before it.
	events = slices.DeleteFunc(slices.Clone(events), func(e findings.Event) bool {
		return e.SecretARN != st.SecretARN || !e.At.After(st.LastRotated)
	})
	all = append(all, findings.Events(st.SecretARN, events)...)
	if s.function == nil || err == nil && len(events) == 0 && st.PendingVersionID == "" && !st.Overdue {
		return all // Nothing has failed, and nothing is open.
	}
	return append(all, o.explainLog(ctx, want, s, st, events)...)
}

// explainLog looks in the function's log for why the last attempt has failed.
func (o *operation) explainLog(ctx context.Context, want Setup, s *scene, st Status, events []findings.Event) []findings.Finding {
	log := facts.Log{Group: s.function.LogGroup, Names: []string{st.SecretARN}, Timeout: s.function.Timeout}
	if st.PendingVersionID != "" {
		log.Names = append(log.Names, st.PendingVersionID)
	}
	last := s.secret.ReadAt(o.clock.Now())
	if len(events) > 0 {
		last = slices.MaxFunc(events, func(a, b findings.Event) int { return a.At.Compare(b.At) }).At
		log.Until = last.Add(time.Minute) // Logs and events have clocks of their own.
	}
	if log.Since = last.Add(-lookBack); log.Since.Before(st.LastRotated) {
		log.Since = st.LastRotated
	}
	runs, err := o.ReadLog(ctx, log)
	switch {
	case awsapi.IsNotFound(err):
		return []findings.Finding{findings.LogMissing(log.Group)}
	case err != nil && len(runs) == 0:
		return []findings.Finding{notTold(err, findings.LogUnavailable, "The function's log group "+log.Group, "logs:FilterLogEvents")}
	}
	for _, run := range slices.Backward(runs) {
		whose := run.Whose(st.SecretARN, st.PendingVersionID, want.alongside()...)
		// A run that names no secret may be another secret's, unless CloudTrail has a
		// failure of this one at the same time.
		if !run.Failed || whose == facts.Others || whose == facts.Unnamed && !failedAt(events, run, log.Timeout) {
			continue
		}
		if e := o.why(ctx, want, st.SecretARN, run, ""); e.Finding.Code != "" {
			return []findings.Finding{e.Finding}
		}
	}
	return nil
}

// notTold is the finding for what a service did not tell.
func notTold(err error, code findings.Code, what, action string) findings.Finding {
	if awsapi.IsAccessDenied(err) {
		return findings.NotSeen(code, what, action)
	}
	return findings.New(code, findings.Info, what+" could not be read, since AWS did not answer.", "Ask again later.")
}

// failedAt reports whether an event tells of a failure at the end of a run.
func failedAt(events []findings.Event, run *facts.Run, timeout time.Duration) bool {
	return slices.ContainsFunc(events, func(e findings.Event) bool {
		return e.Name != "RotationAbandoned" && e.At.Sub(run.Until).Abs() <= timeout
	})
}
