package rotation

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// steps of a rotation, in their order.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.
var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

// run is an invocation of the function and what its lines tell.
type run struct {
	*facts.Run
	findings.Explanation

	// guessed says that another secret may be the one that it was for.
	guessed bool
	// counts says that its failure is one of the rotation, and not due to what this
	// run of the provider has just written.
	counts bool
}

// evidence is what the function's log has of a rotation.
type evidence struct {
	runs []*run // in the order of time
	err  error  // why the log, or some of it, could not be read
}

// read reads the function's log since the rotation began.
func (w *wait) read(ctx context.Context) {
	if w.function == nil {
		return
	}
	if w.from.IsZero() {
		w.from, w.fresh = w.beginning(w.madeAt(ctx, w.secretARN, w.version))
	}
	runs, err := w.ReadLog(ctx, facts.Log{
		Group: w.function.LogGroup, Since: w.from.Add(-clocks), Names: []string{w.secretARN, w.version}, Timeout: w.function.Timeout,
	})
	if err != nil && len(runs) == 0 && len(w.log.runs) > 0 {
		w.log.err = err
		return // What was read before says more.
	}
	runs = slices.DeleteFunc(runs, w.earlier)
	w.log = evidence{err: err}
	shared := w.waits.overlap(w.function.ARN.Unqualified().String(), w.secretARN, w.started)
	for _, r := range runs {
		shared = shared || w.whose(r) == facts.Others
	}
	for _, r := range runs {
		if whose := w.whose(r); whose != facts.Others {
			w.log.runs = append(w.log.runs, w.judge(ctx, r, shared && whose == facts.Unnamed))
		}
	}
	w.steps(ctx)
	w.tellRuns(ctx)
}

// clocks is by how much the clocks of AWS's services may differ, and how long the
// first look at a rotation may come after it was asked for.
const clocks = 5 * time.Second

// beginning is from when on a run is one of this rotation, and whether that is the
// whole of it: given when its version was made, zero if that is not known. AWS may
// invoke the function before the first look at the rotation.
func (w *wait) beginning(made time.Time) (from time.Time, fresh bool) {
	from, made = w.began.Truncate(time.Second), made.Truncate(time.Second)
	if made.Before(from.Add(-clocks)) {
		return from, false
	}
	if made.Before(from) {
		from = made
	}
	return from, true
}

// earlier reports whether a run is one of an earlier rotation or attempt. What names
// a version that was just made is not.
func (w *wait) earlier(r *facts.Run) bool {
	if w.fresh {
		return r.At.Before(w.from) && !r.Names(w.version)
	}
	return r.Until.Before(w.from)
}

func (w *wait) whose(r *facts.Run) facts.Whose {
	return r.Whose(w.secretARN, w.version, w.want.alongside()...)
}

// alongside are the other secrets that the function works with in a rotation.
func (w Setup) alongside() []string {
	return append([]string{w.SuperuserSecretARN}, w.Access.KeytabSecretARNs...)
}

// why explains a run of the function that rotates a secret. Done is the step that
// the same attempt has done before; empty if that is not known. The values are read
// only where they decide. Without a code, the lines explain nothing.
func (o *operation) why(ctx context.Context, want Setup, secretARN string, r *facts.Run, done string) findings.Explanation {
	known := findings.Known{Type: want.RotationType, SecretARN: secretARN, SuperuserSecretARN: want.SuperuserSecretARN, Done: done}
	e, _ := known.Explain(r.Lines)
	if !e.AsksValues || !want.ReadValue {
		return e
	}
	known.Value = o.Value(ctx, secretARN, "").Text
	if superuser := want.SuperuserSecretARN; superuser != "" {
		known.SuperuserValue = o.Value(ctx, superuser, "").Text
	}
	e, _ = known.Explain(r.Lines)
	return e
}

// judge explains a run. Where the function rotates other secrets at the same time,
// a run that names none may be for any of them, unless its failure is the
// function's own.
func (w *wait) judge(ctx context.Context, r *facts.Run, guessed bool) *run {
	made := &run{Run: r}
	made.Explanation = w.why(ctx, w.want, w.secretARN, r, "")
	if !r.Failed { // What it went on after does not matter.
		made.Finding, made.Permanent = findings.Finding{}, false
		made.guessed = guessed
		return made
	}
	made.guessed = guessed && !ofFunction(made.Finding.Code)
	early := made.Finding.Code.IsAccess() && r.At.Before(w.excused)
	made.Permanent = made.Permanent && !early && !made.guessed
	made.counts = !early && !made.guessed
	return made
}

// ofFunction reports whether a cause is one of the function as such, whatever
// secret it rotates.
func ofFunction(code findings.Code) bool {
	switch code {
	case findings.FunctionImportError, findings.FunctionNotImplemented, findings.FunctionEnvEndpoint, findings.FunctionEnvInvalid,
		findings.ExcludeCharactersImpossible, findings.PasswordLengthInvalid:
		return true
	}
	return false
}

// steps gives the failed runs that do not name their step the one that follows the
// step before in the same attempt. That step has reached Secrets Manager, which may
// make another cause of what they log.
func (w *wait) steps(ctx context.Context) {
	done := ""
	for _, r := range w.log.runs {
		switch {
		case r.guessed:
			continue
		case r.Failed && r.Step == "" && done != "":
			r.Step, r.Finding = after(done), w.why(ctx, w.want, w.secretARN, r.Run, done).Finding
		}
		done = r.Step
		if r.Failed {
			done = ""
		}
	}
}

// atFirst gives the failed runs that do not name their step the first one, which
// is all that a version without a value has got to.
func (e *evidence) atFirst() {
	for _, r := range e.runs {
		if r.Failed && r.Step == "" && !r.guessed {
			r.Step = steps[0]
		}
	}
}

// after is the step that follows another.
func after(step string) string {
	if i := slices.Index(steps, step); i >= 0 && i+1 < len(steps) {
		return steps[i+1]
	}
	return ""
}

// reached is the last step that a run of this rotation was in; empty if none
// tells.
func (e *evidence) reached() string {
	furthest := -1
	for _, r := range e.runs {
		if !r.guessed {
			furthest = max(furthest, slices.Index(steps, r.Step))
		}
	}
	if furthest < 0 {
		return ""
	}
	return steps[furthest]
}

// mended reports whether the step in which a run failed, or a later one, was done
// without an error since.
func (e *evidence) mended(failed *run) bool {
	at := slices.Index(steps, failed.Step)
	since := slices.Index(e.runs, failed) + 1
	return at >= 0 && slices.ContainsFunc(e.runs[since:], func(r *run) bool {
		return r.Ended && !r.Failed && !r.guessed && slices.Index(steps, r.Step) >= at
	})
}

// decisive is the run that explains best how things are: the last one that
// failed and was not mended, or else the last one at all; nil if there is none.
// What may be of another secret comes last.
func (e *evidence) decisive() *run {
	var best *run
	rank := func(r *run) int {
		switch {
		case r.Failed && e.mended(r):
			return 0
		case r.Failed && !r.guessed:
			return 3
		case r.Failed:
			return 2
		case !r.guessed:
			return 1
		}
		return 0
	}
	for _, r := range e.runs {
		if rank(r) > 0 && (best == nil || rank(r) >= rank(best)) {
			best = r
		}
	}
	return best
}

// permanent reports whether the last failure is one that no retry mends.
func (e *evidence) permanent() bool {
	r := e.decisive()
	return r != nil && r.Failed && r.Permanent && (!r.Twice || e.same(r) >= 2)
}

// same is how many attempts have failed like a run.
func (e *evidence) same(as *run) int {
	n := 0
	for _, r := range e.runs {
		if r.Permanent && r.Finding.Code == as.Finding.Code && r.Step == as.Step && !e.mended(r) {
			n++
		}
	}
	return n
}

// nothingMade reports whether the log shows that no run has got past createSecret:
// all that it has are failures in it.
func (e *evidence) nothingMade() bool {
	return e.err == nil && len(e.runs) > 0 &&
		!slices.ContainsFunc(e.runs, func(r *run) bool { return r.guessed || !r.Failed || r.Step != steps[0] })
}

func (e *evidence) failures() int {
	n := 0
	for _, r := range e.runs {
		if r.Failed && r.counts && !e.mended(r) {
			n++
		}
	}
	return n
}

// tellRuns tells the progress of those runs that have not been told yet.
func (w *wait) tellRuns(ctx context.Context) {
	var over []*run
	for _, r := range w.log.runs {
		if !r.guessed && (r.Ended || r.Failed) {
			over = append(over, r)
		}
	}
	for _, r := range over[min(w.told, len(over)):] {
		fields := w.fields()
		fields["step"], fields["at"], fields["seconds"] = r.Step, r.At.Format(time.RFC3339), r.Until.Sub(r.At).Seconds()
		message := "The rotation function has run"
		if r.Failed {
			message = "The rotation function has failed"
			fields["code"] = string(r.Finding.Code)
		}
		w.tell(ctx, message, fields)
	}
	w.told = max(w.told, len(over))
}

// waits knows which secrets are waited for, by function, so that a run that names
// no secret is not taken for one's own.
type waits struct {
	mu sync.Mutex
	// ended is when the wait for a secret was over, zero while it goes on.
	ended map[string]map[string]time.Time
}

func (w *waits) begin(function, secretARN string, clock Clock) (end func()) {
	set := func(at time.Time) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.ended == nil {
			w.ended = map[string]map[string]time.Time{}
		}
		if w.ended[function] == nil {
			w.ended[function] = map[string]time.Time{}
		}
		w.ended[function][secretARN] = at
	}
	set(time.Time{})
	return func() { set(clock.Now()) }
}

// overlap reports whether another secret was waited for since a time.
func (w *waits) overlap(function, secretARN string, since time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, ended := range w.ended[function] {
		if other != secretARN && (ended.IsZero() || !ended.Before(since)) {
			return true
		}
	}
	return false
}
