package rotation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
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

// wait is the wait for a rotation that AWS has accepted.
type wait struct {
	*operation
	want      Setup
	secretARN string
	version   string          // that the rotation makes
	function  *facts.Function // nil for a secret that a service rotates
	// began is when the wait began and, until excused, a refusal may be due to what
	// this run has just written, and AWS's next attempt shows; both by the clock of
	// AWS.
	began, excused time.Time
	started        time.Time // by the clock of this run
	// From and fresh are what beginning says; zero until the log is read.
	from    time.Time
	fresh   bool
	log     evidence
	pending facts.Value // of the version, when the wait has failed
	told    int         // runs of the function that progress was told of
}

// await waits until a version is AWSCURRENT. AWS retries a failed rotation by
// itself, so an attempt that failed is not the outcome, unless its cause is one
// that no retry mends or it has failed several times.
func (o *operation) await(ctx context.Context, want Setup, secretARN, version string, f *facts.Function) error {
	w := &wait{operation: o, want: want, secretARN: secretARN, version: version, function: f}
	if f != nil {
		defer o.waits.begin(f.ARN.Unqualified().String(), secretARN, o.clock)()
	}
	w.started = o.clock.Now()
	seen := w.started // when the version was last seen to be pending
	pause, nextLogs := firstPause, w.started.Add(logsPause)
	var last *secret
	// failure ends the wait, unless the rotation has succeeded while the log was read.
	failure := func(summary string, sec *secret, how ending) error {
		e := w.failure(ctx, summary, sec, how)
		if now, err := o.describe(ctx, secretARN); err == nil && w.succeeded(now) {
			return w.success(ctx)
		}
		return e
	}
	for {
		sec, err := o.describe(ctx, secretARN)
		if err != nil && ctx.Err() != nil {
			return w.interrupted(last)
		}
		if err != nil {
			return failed("", "read the secret while it rotates", "", err)
		}
		if last == nil {
			w.began = sec.ReadAt(w.started)
			w.excused = o.lastWritten(o.roleName).Add(w.began.Sub(w.started) + spreading)
		}
		last = sec
		now := o.clock.Now()
		switch {
		case w.succeeded(sec):
			return w.success(ctx)
		case slices.Contains(sec.VersionIdsToStages[version], facts.LabelPending):
			seen = now
		case now.Sub(seen) >= lagging:
			w.read(ctx)
			return failure("The rotation was abandoned", sec, abandoned)
		}
		late := !now.Before(o.deadline)
		if late || !now.Before(nextLogs) {
			w.read(ctx)
			nextLogs = o.clock.Now().Add(logsPause)
			failures := w.log.failures()
			switch {
			case w.log.permanent():
				return failure("The rotation failed", sec, permanent)
			case failures >= enoughFailures:
				return failure(fmt.Sprintf("The rotation failed %d times", failures), sec, open)
			case late:
				return failure("The rotation did not succeed in time", sec, open)
			}
		}
		if err := o.clock.Sleep(ctx, pause); err != nil {
			return w.interrupted(sec)
		}
		pause = min(2*pause, pollPause)
	}
}

// succeeded reports whether the version is AWSCURRENT, or has been.
func (w *wait) succeeded(sec *secret) bool {
	labels := sec.VersionIdsToStages[w.version]
	return slices.Contains(labels, facts.LabelCurrent) || slices.Contains(labels, facts.LabelPrevious)
}

func (w *wait) success(ctx context.Context) error {
	w.tell(ctx, "The new version of the secret is AWSCURRENT", w.fields())
	return nil
}

func (w *wait) fields() map[string]any {
	return map[string]any{"secret_arn": w.secretARN, "version_id": w.version}
}
