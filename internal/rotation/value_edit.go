package rotation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

const (
	// editTries is how often a change starts over because the secret got another
	// value meanwhile.
	editTries = 5
	// editTimeout is for how long a rotation that began at the same moment is waited
	// for.
	editTimeout = 10 * time.Minute
)

// UpdateValue merges a connection, and another password if there is one, into the
// current value of a secret. All else in it stays, to the byte, and nothing is
// written if nothing is different.
//
// PutSecretValue has no precondition. So the new value is stored under a label
// that nobody reads, the secret is looked at once more, and AWSCURRENT is moved
// from the very version that was read: AWS refuses that when another has it. While
// a rotation runs, or may begin, nothing is written. What is left is a
// rotation that begins between the last look and the move.
//
// With an error a StoredValue says that the value has changed, and of which keys
// it is not certain that they last.
func (s *Service) UpdateValue(ctx context.Context, secretARN string, want Value) (*StoredValue, []Problem, error) {
	o, err := s.begin(ctx, secretARN, want.Region, editTimeout)
	if err != nil {
		return nil, nil, err
	}
	defer s.secrets.lock(secretARN)()
	o.deadline = o.clock.Now().Add(editTimeout) // A setup may have had the secret until now.
	e := &edit{operation: o, secretARN: secretARN, want: want, password: want.Password != ""}
	done := false
	for try := 0; !done && err == nil && try < editTries; try++ {
		if try > 0 {
			err = o.clock.Sleep(ctx, pollPause)
		}
		if err == nil {
			done, err = e.attempt(ctx)
		}
	}
	if err == nil && !done {
		err = wrong("secret_id", "Unable to change the value", fmt.Sprintf("The secret %s got another value each time that this one was to be changed. Apply again.", secretARN))
	}
	if err == nil {
		return &StoredValue{SecretARN: secretARN}, o.warnings, nil
	}
	if e.written != "" {
		return &StoredValue{SecretARN: secretARN, Unmerged: e.keys}, o.warnings, err
	}
	return nil, o.warnings, err
}

// edit is a change of the current value.
type edit struct {
	*operation
	secretARN string
	want      Value
	// written is the version that this change has made AWSCURRENT, keys what of the
	// connection was different before. A password is written once: one that a rotation
	// has replaced since is not to come back.
	written  string
	keys     []string
	password bool
}

// attempt makes the change once. It reports false if the secret got another value
// meanwhile.
func (e *edit) attempt(ctx context.Context) (done bool, err error) {
	sec, err := e.writable(ctx, e.secretARN)
	if err != nil {
		return false, err
	}
	current := sec.Current()
	if current == "" {
		f := findings.New(findings.SecretNoValue, findings.Error, fmt.Sprintf("The secret %s has no value any more.", e.secretARN), "Apply again: the next plan stores a first one.")
		return false, new(Of(f, "secret_id"))
	}
	merged, changed, err := e.merge(ctx, current)
	if err != nil {
		return false, err
	}
	if len(changed) == 0 {
		e.dropEditLabel(ctx, e.secretARN, sec.With(editLabel))
		return true, nil
	}
	if p := e.disturbed(ctx, sec); p != nil {
		return false, p
	}
	for _, key := range changed {
		if _, ofConnection := e.want.Connection[key]; ofConnection && !slices.Contains(e.keys, key) {
			e.keys = append(e.keys, key)
		}
	}
	version, err := e.put(ctx, e.secretARN, merged, "")
	if err != nil {
		return false, err
	}
	moved, err := e.makeCurrent(ctx, sec, version)
	if err != nil || !moved {
		e.dropEditLabel(ctx, e.secretARN, version)
		return false, err
	}
	e.written, e.want.Password = version, ""
	e.warnIfOverdue(sec)
	e.tell(ctx, "The value is changed", map[string]any{"secret_arn": e.secretARN, "keys": e.keys})
	return e.verify(ctx, current)
}

// disturbed is the problem of a secret whose value must not be changed now. How to get
// out of a rotation is said of one only that has had its time.
func (o *operation) disturbed(ctx context.Context, sec *secret) *Problem {
	secretARN := sec.Parsed.String()
	if pending := sec.unfinished(); pending != "" {
		leftover := pending == sec.Leftover()
		remedy := "Apply again when the rotation is done. The data source `rotation_diagnosis` says what keeps it from finishing."
		if leftover || !sec.Enabled() || o.olderThan(ctx, secretARN, pending, sec.Window()+longestRotation) {
			remedy = findings.Recovery(secretARN, sec.Current(), pending, leftover) + "\n\nThen apply again."
		}
		return found("secret_id", findings.RotationInProgress,
			fmt.Sprintf("The version %s of the secret %s carries AWSPENDING and is not AWSCURRENT: a rotation runs, or did not finish. What is stored meanwhile could be lost, or bring back a password that the database has no longer.", pending, secretARN), remedy)
	}
	if w, open := sec.OpenWindow(sec.ReadAt(o.clock.Now())); open {
		return wrong("secret_id", "Rotation window is open",
			fmt.Sprintf("Secrets Manager may rotate the secret %s at any moment of the window from %s to %s, so its value is not changed.", secretARN, w.Start.UTC().Format(time.RFC3339), w.End.UTC().Format(time.RFC3339)),
			"Apply again when the secret has rotated, or when the window is over.")
	}
	return nil
}

// longestRotation is how long a rotation may take whose function is not known: four
// runs of the longest timeout that there is.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const longestRotation = 4 * 15 * time.Minute

// warnIfOverdue says that a rotation may have been about to begin although no window was
// known to be open: when AWS tries again one that is overdue, it does not tell, except
// for cron().
func (o *operation) warnIfOverdue(sec *secret) {
	if next := sec.NextRotationDate; sec.Enabled() && next != nil && next.Before(o.clock.Now()) {
		o.warn(*wrong("secret_id", "Rotation is overdue", fmt.Sprintf("The secret %s was to rotate by %s and has not. Secrets Manager may try again at any time, so its value was changed without knowing that no rotation would begin in that moment. The data source `rotation_diagnosis` says what keeps it from rotating.", sec.Parsed, next.UTC().Format(time.RFC3339))))
	}
}

// unfinished is the version that has AWSPENDING without AWSCURRENT, or "".
func (s *secret) unfinished() string {
	if version := s.With(facts.LabelPending); version != s.Current() {
		return version
	}
	return ""
}

// merge reads a version and returns what it is to become.
func (e *edit) merge(ctx context.Context, version string) (merged string, changed []string, err error) {
	value := e.Value(ctx, e.secretARN, version)
	switch {
	case value.Denied != nil:
		return "", nil, failed("secret_id", "read the value",
			"A change keeps the password and all fields that it is not about, so it has to read them. Allow these credentials `secretsmanager:GetSecretValue` on the secret and, if it has a customer managed key, `kms:Decrypt` on that.", value.Denied)
	case value.Err != nil:
		return "", nil, failed("secret_id", "read the value", "A change keeps the password and all fields that it is not about, so it has to read them.", value.Err)
	case value.State != facts.ValuePresent:
		return "", nil, wrong("secret_id", "Unable to read the value", fmt.Sprintf("The version %s of the secret %s has no value any more. Apply again.", version, e.secretARN))
	}
	found := e.want.against(value)
	if len(found.refused) > 0 {
		return "", nil, found.refused
	}
	if found.unmergeable != nil {
		return "", nil, found.unmergeable
	}
	return found.merged, found.changed, nil
}

// makeCurrent moves AWSCURRENT to a new version from the one that was read. It
// reports false if another version has it by now.
func (e *edit) makeCurrent(ctx context.Context, read *secret, version string) (moved bool, err error) {
	current := read.Current()
	if read.With(facts.LabelPending) == current {
		// A finished rotation has left the label. On a version that is not AWSCURRENT it
		// would block the next one. If a rotation has taken it, the look tells.
		err := e.move(ctx, e.secretARN, facts.LabelPending, "", current)
		if err != nil && !awsapi.Is(err, "InvalidParameterException") {
			return false, notMoved(err)
		}
	}
	still, err := e.lookAgain(ctx, read, version)
	if err != nil || !still {
		return false, err
	}
	err = e.move(ctx, e.secretARN, facts.LabelCurrent, version, current, e.once()...)
	switch {
	case err == nil:
		return true, nil
	case awsapi.Answered(err) && !awsapi.Is(err, "InvalidParameterException"):
		return false, notMoved(err)
	}
	// Another version has it. Or an answer was lost, the one to the SDK's first try perhaps.
	moved, known := e.carriedOut(ctx, current, version)
	switch {
	case moved || known && awsapi.Answered(err):
		return moved, nil
	case known:
		return false, notMoved(err)
	}
	// What may be written is not to be written again, whatever comes after it.
	e.written = version
	p := notMoved(err)
	if e.want.Password != "" {
		p.Detail += "\n\nThe password counts as written. If the value does not have it, change `password_wo_version` once more."
	}
	return false, p
}

// once are the options of the move: one that makes a password current is not repeated
// by the SDK, which cannot know what came in between.
func (e *edit) once() []func(*secretsmanager.Options) {
	if e.want.Password == "" {
		return nil
	}
	return []func(*secretsmanager.Options){func(o *secretsmanager.Options) { o.RetryMaxAttempts = 1 }}
}

// carriedOut tells whether AWSCURRENT was moved to a version from the one before. What AWS
// shows may be from before, and is asked more than once. Known says that AWS has told
// anything at all.
func (e *edit) carriedOut(ctx context.Context, before, version string) (moved, known bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout) // Also when the apply is interrupted.
	defer cancel()
	for giveUp := e.clock.Now().Add(lagging); ; {
		if sec, err := e.describe(ctx, e.secretARN); err == nil {
			known = true
			current := sec.Current()
			if moved = current == version || sec.With(facts.LabelPrevious) == version; moved || current != before {
				return moved, true
			}
		}
		if !e.clock.Now().Before(giveUp) || e.clock.Sleep(ctx, pollPause) != nil {
			return false, known
		}
	}
}

func notMoved(err error) *Problem {
	advice := ""
	switch {
	case awsapi.IsAccessDenied(err):
		advice = "Allow these credentials `secretsmanager:UpdateSecretVersionStage` on the secret."
	case !awsapi.Answered(err):
		advice = "AWS has not said whether the value is changed now. Apply again: a field that is changed already is not changed once more."
	}
	return failed("secret_id", "change the value", advice, err)
}

// lookAgain looks whether the secret is still as it was read, after a new version was
// stored. An answer that does not show what was stored is from before, and would not
// show a rotation either. It reports false if another version is AWSCURRENT by now.
func (e *edit) lookAgain(ctx context.Context, read *secret, version string) (still bool, err error) {
	for giveUp := e.clock.Now().Add(lagging); ; {
		now, err := e.writable(ctx, e.secretARN)
		if err != nil {
			return false, err
		}
		if now.Current() != read.Current() {
			return false, nil
		}
		if p := e.disturbed(ctx, now); p != nil {
			return false, p
		}
		switch now.With(editLabel) {
		case version:
			return true, nil
		case read.With(editLabel):
		default: // Another apply stores its version at the same time, and goes first.
			return false, nil
		}
		if !e.clock.Now().Before(giveUp) {
			return false, nil
		}
		if err := e.clock.Sleep(ctx, pollPause); err != nil {
			return false, err
		}
	}
}

// verify looks whether the change lasts. A rotation that began just before it may
// have started from the value before, and then puts its own in its place: that is
// waited for. It reports false if the change has to be made once more.
func (e *edit) verify(ctx context.Context, before string) (done bool, err error) {
	for giveUp := e.clock.Now().Add(lagging); ; {
		sec, err := e.find(ctx, e.secretARN)
		if err != nil {
			return false, err
		}
		running := sec.unfinished()
		switch lags := sec.Current() == before && e.clock.Now().Before(giveUp); {
		case running == "" && !lags:
			_, changed, err := e.merge(ctx, sec.Current())
			if err != nil || len(changed) > 0 {
				return false, err
			}
			if e.password && sec.Current() != e.written {
				e.warn(*wrong("password_wo_version", "Password was replaced at once", "The password of `password_wo` was stored, and a rotation has replaced it since. The value has the password of the rotation."))
			}
			e.dropEditLabel(ctx, e.secretARN, e.written)
			return true, nil
		case running != "" && !e.clock.Now().Before(e.deadline):
			return false, found("secret_id", findings.RotationInProgress,
				fmt.Sprintf("A rotation of the secret %s began at the moment in which its value was changed, and has not finished. The change is in AWSCURRENT. The rotation may have started from the value before, and then either fails or replaces the change.", e.secretARN),
				"Apply again when it is done: that makes the change again if it is lost. If it does not finish by itself: "+findings.Recovery(e.secretARN, sec.Current(), running, running == sec.Leftover()))
		}
		if err := e.clock.Sleep(ctx, pollPause); err != nil {
			return false, err
		}
	}
}
