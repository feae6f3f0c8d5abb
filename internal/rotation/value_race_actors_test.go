package rotation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// valueEdit is what an apply has to do: to store the first value, or to change keys
// of the connection and maybe the password.
type valueEdit struct {
	create   bool
	keys     map[string]string
	password string // empty keeps it
}

// editor carries out an edit as a process of its own. It reports whether the value
// was written, also with an error.
type editor func(context.Context, *applier, valueEdit) (written bool, err error)

// careful is the editor that is tested.
func careful(ctx context.Context, p *applier, e valueEdit) (bool, error) {
	service := rotation.NewService(p.connect(), p)
	want := rotation.Value{SecretID: p.w.SecretARN, RotationType: p.w.rotationType, Connection: e.keys, Password: e.password}
	var stored *rotation.StoredValue
	var warnings []rotation.Problem
	var err error
	if e.create {
		stored, warnings, err = service.CreateValue(ctx, want)
	} else {
		stored, warnings, err = service.UpdateValue(ctx, p.w.SecretARN, want)
	}
	for _, warning := range warnings {
		p.remark("   %s warns: %s", p.name, warning.Summary)
	}
	return stored != nil, err
}

// naive is the editor of a script, and of a provider that knows nothing of rotation:
// read, change, put.
func naive(ctx context.Context, p *applier, e valueEdit) (bool, error) {
	p.process.heedless = true
	clients, err := p.connect()(ctx, "")
	if err != nil {
		return false, err
	}
	secrets := clients.SecretsManager
	value := map[string]any{"engine": "postgres"}
	if !e.create {
		out, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &p.w.SecretARN})
		if err != nil {
			return false, err
		}
		if err := json.Unmarshal([]byte(*out.SecretString), &value); err != nil {
			return false, err
		}
	}
	for key, text := range e.keys {
		value[key] = text
	}
	if e.password != "" {
		value["password"] = e.password
	}
	text, err := json.Marshal(value)
	if err != nil {
		return false, err
	}
	_, err = secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &p.w.SecretARN, SecretString: aws.String(string(text))})
	return err == nil, err
}

// applier is who applies a configuration, again and again until it succeeds.
type applier struct {
	*actor
	w    *raceWorld
	edit editor

	process *applyProcess // nil between two tries
	answers map[string]answer
}

// applyProcess is one try.
type applyProcess struct {
	valueEdit
	cancel   context.CancelFunc
	heedless bool // It stores values where others read them.
	dead     bool
	looked   int    // step of the last DescribeSecret that was answered...
	sees     string // ...and what it showed of AWSPENDING elsewhere
	stored   int    // step of the last PutSecretValue
	puts     int    // calls of PutSecretValue
	moves    int    // of AWSCURRENT
}

// answer is an answer of AWS to a read.
type answer struct {
	http.Response
	body []byte
	at   time.Time
	step int
}

// applied is what came of an edit.
type applied struct {
	valueEdit
	from, to int // steps
	done     bool
}

// applies adds an actor who applies edits, one after the other.
func (w *raceWorld) applies(name string, with editor, edits ...valueEdit) {
	p := &applier{w: w, edit: with, answers: map[string]answer{}}
	p.actor = w.add(name, func(*actor) {
		for _, e := range edits {
			p.pause()
			w.applied = append(w.applied, p.untilDone(e))
		}
	})
	p.fate = p.misfortune
}

// misfortune befalls some processes: they are killed, interrupted, get no answer, or
// an old one.
func (p *applier) misfortune(at point) fate {
	if at.call == begins || p.process == nil || p.w.misfortunes == 0 || !p.chance(12) {
		return goesOn
	}
	p.w.misfortunes--
	all := []fate{killedBefore, killedAfter, interruptedBefore, interruptedAfter}
	if at.call != "" { // A sleep does not fail.
		all = append(all, failsBefore, failsAfter, isTooLate)
	}
	return all[p.random.IntN(len(all))]
}

// applyTries is after how many tries in vain somebody gives up.
const applyTries = 12

func (p *applier) untilDone(e valueEdit) applied {
	result := applied{valueEdit: e, from: p.step}
	figures := &p.w.figures
	for try := 0; try < applyTries && !result.done; try++ {
		if try > 0 {
			p.sleeps(p.between(time.Minute, 2*time.Hour))
			figures.count("edits tried again")
		}
		ctx, cancel := context.WithCancel(p.w.t.Context())
		process := &applyProcess{valueEdit: e, cancel: cancel}
		p.process = process
		p.w.last[p.name] = process
		var written bool
		var err error
		lived := survives(func() { written, err = p.edit(ctx, p, e) })
		p.process = nil
		interrupted := ctx.Err() != nil
		cancel()
		if process.puts > 1 {
			figures.count("edits that started over")
		}
		result.done = lived && err == nil
		switch {
		case !lived:
			figures.count("applies killed")
		case err == nil && process.puts == 0:
			figures.count("applies with nothing to write")
		case err == nil:
			figures.count("applies that wrote")
		case interrupted:
			figures.count("applies interrupted")
		default:
			figures.count("applies refused: " + summary(err))
		}
		p.remark("   %s: lived=%t written=%t %s", p.name, lived, written, summary(err))
		if written {
			e.password = "" // It is in the state, and so is its version.
		}
	}
	if !result.done {
		figures.count("edits given up")
	}
	result.to = p.step
	return result
}

// summary is an error without what is another one each time.
func summary(err error) string {
	if problem, ok := errors.AsType[*rotation.Problem](err); ok {
		return problem.Summary
	}
	if err != nil {
		return "failed"
	}
	return ""
}

// connect makes the connection of a process, whose requests wait for their turn.
func (p *applier) connect() func(context.Context, string) (*awsapi.Clients, error) {
	return connectAs(p.w.Lab, p.w.Administrator(), p.carry)
}

// request is what matters of a request.
type request struct {
	operation     string
	question      string // the whole of it
	VersionStage  string
	VersionStages []string
}

func (r request) String() string {
	return strings.TrimSpace(r.operation + " " + r.VersionStage + strings.Join(r.VersionStages, "+"))
}

func (r request) reads() bool {
	return strings.HasPrefix(r.operation, "Describe") || strings.HasPrefix(r.operation, "Get")
}

// makesCurrent reports whether it moves AWSCURRENT.
func (r request) makesCurrent() bool {
	return r.operation == "UpdateSecretVersionStage" && r.VersionStage == "AWSCURRENT"
}

func readRequest(r *http.Request) (request, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return request{}, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	target := r.Header.Get("X-Amz-Target")
	asked := request{operation: target[strings.LastIndex(target, ".")+1:], question: target + string(body)}
	return asked, json.Unmarshal(body, &asked)
}

// carry is the wire of a process.
func (p *applier) carry(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if p.process.dead { // What is deferred in a process that is killed does not run.
		return nil, context.Canceled
	}
	asked, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	p.check(asked)
	happens := p.reaches(point{call: asked.String()})
	switch old, known := p.answers[asked.question]; {
	case happens == killedBefore, happens == interruptedBefore, happens == failsBefore:
		return nil, p.struck(happens)
	case happens == isTooLate && known && p.Now().Sub(old.at) < staleFor:
		p.w.figures.count("old answers")
		p.note(asked, old)
		return old.response(), nil
	}
	response, err := send()
	if err != nil {
		return nil, err
	}
	got := answer{Response: *response, at: p.Now(), step: p.step}
	got.body, err = io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	if asked.reads() {
		p.answers[asked.question] = got
	}
	if got.StatusCode == http.StatusOK {
		p.note(asked, got)
	}
	if happens == goesOn || happens == isTooLate {
		return got.response(), nil
	}
	return nil, p.struck(happens)
}

// staleFor is how old an old answer can be.
const staleFor = 5 * time.Second

func (a answer) response() *http.Response {
	a.Body = io.NopCloser(bytes.NewReader(a.body))
	return &a.Response
}

// struck ends a process, or interrupts it, or is why a call has failed.
func (p *applier) struck(by fate) error {
	switch by {
	case killedBefore, killedAfter:
		p.process.dead = true
		runtime.Goexit()
	case interruptedBefore, interruptedAfter:
		p.process.cancel()
		return context.Canceled
	}
	return io.ErrUnexpectedEOF
}

// Now is the clock of the process.
func (p *applier) Now() time.Time { return p.lab.Now() }

// Sleep waits on that clock.
func (p *applier) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if happens := p.sleeps(d); happens != goesOn {
		return p.struck(happens)
	}
	return ctx.Err()
}

// check complains of requests that an apply must not make: only these
// operations, and no value is stored where somebody reads it.
func (p *applier) check(asked request) {
	allowed := []string{"DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "ListSecretVersionIds"}
	public := asked.operation == "PutSecretValue" && (len(asked.VersionStages) == 0 || slices.ContainsFunc(asked.VersionStages, func(label string) bool { return strings.HasPrefix(label, "AWS") }))
	if !p.process.heedless && (!slices.Contains(allowed, asked.operation) || public) {
		p.w.violation("%s makes an unexpected call: %s", p.name, asked)
	}
}

// note keeps what the answer to a call tells of a race. The answer may be that of an
// earlier step.
func (p *applier) note(asked request, got answer) {
	process := p.process
	switch {
	case asked.operation == "DescribeSecret":
		var shown secretsmanager.DescribeSecretOutput
		if err := json.Unmarshal(got.body, &struct{ VersionIdsToStages *map[string][]string }{&shown.VersionIdsToStages}); err != nil {
			p.w.violation("an answer can't be read: %v", err)
		}
		process.looked, process.sees = got.step, pendingElsewhere(&shown)
	case asked.operation == "PutSecretValue":
		process.stored = got.step
		process.puts++
	case asked.makesCurrent() && !process.create:
		process.moves++
		if process.looked < process.stored || process.sees != "" {
			p.w.violation("%s moves AWSCURRENT and has not seen since it stored the value that no rotation is under way", p.name)
		}
		if slices.ContainsFunc(p.w.began, func(step int) bool { return step > process.looked }) {
			p.w.residue = true
			p.w.figures.count("moves just after a rotation began")
			p.remark("   a rotation began between the last look and this move")
		}
	}
}
