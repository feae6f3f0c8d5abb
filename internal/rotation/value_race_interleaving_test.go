package rotation_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// interleaving runs actors that use one AWS at the same time, and yet one after the
// other: each of them stops ahead of every call and of every sleep until it is
// chosen, and a random source alone chooses. What an actor does in between is its
// own and concerns nobody else, so that the source decides all that there is to
// decide, and the same seed runs the same interleaving again.
type interleaving struct {
	lab    *awslab.Lab
	random *rand.Rand
	actors []*actor
	events chan *actor   // an actor has come to its next point, or to its end
	over   chan struct{} // closed when nobody is chosen any more
	ended  sync.WaitGroup
	end    func() // sends everybody home and waits until they are
	step   int
	trace  []string
}

// actor is somebody who uses AWS: a provider process, a rotation function, a
// person. One point at a time is where it waits.
type actor struct {
	*interleaving
	name   string
	at     point
	chosen chan fate
	gone   bool
	// fate decides what happens to it at a point; nil is nothing.
	fate func(point) fate
}

// point is where an actor waits to be chosen.
type point struct {
	// call is the operation that comes next, or "" ahead of a sleep.
	call string
	// until is the end of the sleep.
	until time.Time
}

func (p point) String() string {
	if p.call == "" {
		return "sleeping until " + p.until.Format(time.TimeOnly)
	}
	return p.call
}

// fate is what happens to an actor that is chosen.
type fate int

const (
	// goesOn lets it make its call, or wakes it.
	goesOn fate = iota
	// killedBefore ends it without a call, killedAfter when AWS has carried the call
	// out: no code of it runs any more, as after SIGKILL.
	killedBefore
	killedAfter
	// interruptedBefore and interruptedAfter end its context and not the actor, as
	// after SIGINT: it gets no answer and may put things in order.
	interruptedBefore
	interruptedAfter
	// failsBefore has the call fail and not carried out, failsAfter fail although it
	// is.
	failsBefore
	failsAfter
	// isTooLate answers a read as it was answered the last time.
	isTooLate
)

func (f fate) String() string {
	return [...]string{"", "killed before", "killed after", "interrupted before", "interrupted after", "fails before", "fails after", "told too late"}[f]
}

func newInterleaving(lab *awslab.Lab, seed uint64) *interleaving {
	s := &interleaving{lab: lab, random: rand.New(rand.NewPCG(seed, 0)), events: make(chan *actor), over: make(chan struct{})}
	s.end = sync.OnceFunc(func() {
		close(s.over)
		s.ended.Wait()
	})
	return s
}

// add makes an actor of what somebody does. Nothing of it happens before it is
// chosen for the first time.
func (s *interleaving) add(name string, do func(*actor)) *actor {
	a := &actor{interleaving: s, name: name, at: point{call: begins}, chosen: make(chan fate)}
	s.actors = append(s.actors, a)
	s.ended.Go(func() {
		defer func() {
			a.gone = true
			a.tell()
		}()
		if a.waits() == goesOn {
			do(a)
		}
	})
	return a
}

// begins is the first point of every actor.
const begins = "begins"

// reaches stops an actor at a point until it is chosen.
func (a *actor) reaches(p point) fate {
	a.at = p
	a.tell()
	return a.waits()
}

func (a *actor) tell() {
	select {
	case a.events <- a:
	case <-a.over:
	}
}

func (a *actor) waits() fate {
	select {
	case f := <-a.chosen:
		return f
	case <-a.over:
		return failsBefore
	}
}

// sleeps lets time go by. It is never the sleeper that moves the clock.
func (a *actor) sleeps(d time.Duration) fate {
	return a.reaches(point{until: a.lab.Now().Add(d)})
}

// pause sleeps for some seconds or minutes, or not at all.
func (a *actor) pause() {
	switch a.random.IntN(4) {
	case 0:
		a.sleeps(a.between(0, 10*time.Minute))
	case 1, 2:
		a.sleeps(a.between(0, 6*time.Second))
	}
}

// choose lets one actor go on, and returns when it waits again or has ended.
func (s *interleaving) choose(a *actor) (from point) {
	from, happens := a.at, goesOn
	if a.fate != nil {
		happens = a.fate(from)
	}
	s.step++
	s.remark("%d. %s %s", s.step, a.name, strings.TrimSpace(happens.String()+" "+from.String()))
	a.chosen <- happens
	if other := <-s.events; other != a {
		panic(fmt.Sprintf("%s and %s act at the same time:\n%s", a.name, other.name, strings.Join(s.trace, "\n")))
	}
	return from
}

// remark keeps what a failed test shows.
func (s *interleaving) remark(format string, args ...any) {
	s.trace = append(s.trace, s.lab.Now().Format("02 15:04:05 ")+fmt.Sprintf(format, args...))
}

// ready are the actors that can be chosen.
func (s *interleaving) ready() []*actor {
	var ready []*actor
	for _, a := range s.actors {
		if !a.gone && !a.at.until.After(s.lab.Now()) {
			ready = append(ready, a)
		}
	}
	return ready
}

// nextWake is when the first sleeper wakes, zero if nobody sleeps.
func (s *interleaving) nextWake() time.Time {
	var next time.Time
	for _, a := range s.actors {
		if !a.gone && a.at.until.After(s.lab.Now()) && (next.IsZero() || a.at.until.Before(next)) {
			next = a.at.until
		}
	}
	return next
}

// chance is true once in n times.
func (s *interleaving) chance(n int) bool { return s.random.IntN(n) == 0 }

// between is a random time, in whole seconds.
func (s *interleaving) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(s.random.Int64N(int64(most-least)+1))).Truncate(time.Second)
}
