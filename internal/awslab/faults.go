package awslab

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault makes calls go wrong on purpose. The zero selectors match every call.
type Fault struct {
	// Service and Operation select calls, Caller those whose principal's ARN
	// contains it.
	Service, Operation, Caller string
	// After lets this many matching calls through first.
	After int
	// Times is how many calls then go wrong; 0 means all that follow.
	Times int

	// Code and Message answer with an AWS error, before anything is done.
	Code, Message string
	// Status of that error; 0 means 400.
	Status int
	// DoneFirst carries the call out before it goes wrong: the answer is lost,
	// its effect is not.
	DoneFirst bool
	// Drop closes the connection without an answer.
	Drop bool
	// Freeze never answers until the lab closes or the fault is cleared: what a
	// killed client looks like to the world.
	Freeze bool
	// Delay answers late, in real time.
	Delay time.Duration
	// Takes is how long the call takes on the lab's clock. A function whose
	// timeout comes first gets no answer, and the call is not carried out.
	Takes time.Duration
	// Stale answers a read as the last time that the same question was asked,
	// as an eventually consistent endpoint does.
	Stale bool
	// Do runs before the call is carried out (after it, with DoneFirst).
	Do func(Call)
	// Choose decides what goes wrong with a call when the call comes, whatever the
	// other members say: the zero Fault is nothing. Until it returns, nothing is
	// done, so that a test can put the calls of several callers in order.
	Choose func(Call) Fault
}

// Inject adds a fault and returns what takes it away again.
func (l *Lab) Inject(f Fault) (clear func()) {
	return l.faults.add(f)
}

type armed struct {
	Fault
	seen, fired int
	released    chan struct{}
	release     func() // closes released, once
}

type faults struct {
	mu      sync.Mutex
	active  []*armed
	answers map[string]answered // for stale reads
}

type answered struct {
	value any
	err   error
}

func (f *faults) add(fault Fault) func() {
	a := &armed{Fault: fault, released: make(chan struct{})}
	a.release = sync.OnceFunc(func() { close(a.released) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = append(f.active, a)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.active = slices.DeleteFunc(f.active, func(other *armed) bool { return other == a })
		a.release()
	}
}

func (f *faults) releaseAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.active {
		a.release()
	}
	f.active = nil
}

// effect is what goes wrong with one call.
type effect struct {
	faults *faults
	fault  *armed // nil: nothing
	call   *call
}

// take counts a call against the active faults and picks the first that fires.
func (f *faults) take(c *call, entry entry) effect {
	fires := f.fires(c)
	if fires != nil && fires.Choose != nil {
		fires = &armed{Fault: fires.Choose(entry.copy()), released: fires.released, release: fires.release}
	}
	return effect{f, fires, c}
}

func (f *faults) fires(c *call) *armed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var fires *armed
	for _, a := range f.active {
		if a.Service != "" && a.Service != c.service || a.Operation != "" && a.Operation != c.operation ||
			!strings.Contains(c.caller.arn, a.Caller) {
			continue
		}
		a.seen++
		if fires == nil && a.seen > a.After && (a.Times == 0 || a.fired < a.Times) {
			a.fired++
			fires = a
		}
	}
	return fires
}

// before acts ahead of the call; false means that it has been answered.
func (e effect) before(l *Lab, entry entry) bool {
	if e.fault == nil || e.fault.DoneFirst {
		return true
	}
	return e.strike(l.life.Done(), entry)
}

// after acts once the call is carried out; false means it has been answered.
func (e effect) after(entry entry) bool {
	if e.fault == nil || !e.fault.DoneFirst {
		return true
	}
	return e.strike(nil, entry)
}

func (e effect) strike(done <-chan struct{}, entry entry) bool {
	f := e.fault
	if f.Do != nil {
		f.Do(entry.copy())
	}
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-f.released:
		case <-done:
		}
	}
	late := f.Takes > 0 && e.call.takes(f.Takes) != nil
	switch {
	case late:
		entry.recorder.dropped(entry, "late")
		panic(http.ErrAbortHandler)
	case f.Freeze:
		entry.recorder.dropped(entry, "frozen")
		select {
		case <-f.released:
		case <-done:
		}
		panic(http.ErrAbortHandler)
	case f.Drop:
		entry.recorder.dropped(entry, "dropped")
		panic(http.ErrAbortHandler)
	}
	return true
}

// run carries the call out, or answers with the fault's error or an old answer.
func (e effect) run(c *call, do func() (any, error)) (any, error) {
	question := c.service + c.operation + c.region + c.caller.arn + c.http.URL.RequestURI() + string(c.body)
	if e.fault != nil && e.fault.Stale {
		e.faults.mu.Lock()
		old, ok := e.faults.answers[question]
		e.faults.mu.Unlock()
		if ok {
			return old.value, old.err
		}
	}
	if e.fault != nil && e.fault.Code != "" {
		if e.fault.DoneFirst {
			if _, err := do(); err != nil {
				return nil, err
			}
		}
		status := e.fault.Status
		if status == 0 {
			status = http.StatusBadRequest
		}
		return nil, errorf(e.fault.Code, "%s", e.fault.Message).withStatus(status)
	}
	value, err := do()
	e.faults.mu.Lock()
	defer e.faults.mu.Unlock()
	if e.faults.answers == nil {
		e.faults.answers = map[string]answered{}
	}
	e.faults.answers[question] = answered{value, err}
	return value, err
}

// takes lets time go by for a call. The error means that nobody waits for its
// answer any more.
func (c *call) takes(d time.Duration) error {
	ctx := c.http.Context()
	c.lab.mu.Lock()
	r := c.lab.lambda.sessions[c.caller.credential]
	c.lab.mu.Unlock()
	if r != nil {
		return r.wait(ctx, d)
	}
	return c.lab.timeline.pass(ctx, d)
}
