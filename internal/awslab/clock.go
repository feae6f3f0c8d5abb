package awslab

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// timeline is the lab's clock and its list of things to do later. A manual
// timeline runs them inside [timeline.advanceTo], one after the other and in
// order of time, which makes asynchronous rotation repeatable in tests; the
// real one runs each in a goroutine of its own.
type timeline struct {
	mu     sync.Mutex
	manual bool
	now    time.Time
	queue  events
	seq    int
	timers map[*time.Timer]struct{}
	closed bool

	advancing sync.Mutex // one advance at a time
}

func newTimeline(start time.Time) *timeline {
	return &timeline{manual: !start.IsZero(), now: start, timers: map[*time.Timer]struct{}{}}
}

// Now is the time of the lab, in UTC.
func (t *timeline) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.nowLocked()
}

func (t *timeline) nowLocked() time.Time {
	if t.manual {
		return t.now
	}
	return time.Now().UTC()
}

// after runs do once d has passed.
func (t *timeline) after(d time.Duration, do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if t.manual {
		t.seq++
		heap.Push(&t.queue, event{at: t.now.Add(d), seq: t.seq, do: do})
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		t.mu.Lock()
		_, live := t.timers[timer]
		delete(t.timers, timer)
		t.mu.Unlock()
		if live {
			do()
		}
	})
	t.timers[timer] = struct{}{}
}

// advanceTo moves a manual clock to a time, unless it is there already.
func (t *timeline) advanceTo(target time.Time) {
	if !t.manual {
		panic("awslab: Advance on the real clock")
	}
	t.advancing.Lock()
	defer t.advancing.Unlock()
	for {
		t.mu.Lock()
		if t.closed || len(t.queue) == 0 || t.queue[0].at.After(target) {
			if target.After(t.now) {
				t.now = target
			}
			t.mu.Unlock()
			return
		}
		next, _ := heap.Pop(&t.queue).(event)
		if next.at.After(t.now) {
			t.now = next.at
		}
		t.mu.Unlock()
		next.do()
	}
}

func (t *timeline) sleep(ctx context.Context, d time.Duration) error {
	if t.manual {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.advanceTo(t.Now().Add(d))
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// pass lets time go by inside of something that runs and takes time itself. A
// manual clock only moves: what falls due meanwhile runs when that is over.
func (t *timeline) pass(ctx context.Context, d time.Duration) error {
	if !t.manual {
		return t.sleep(ctx, d)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(max(d, 0))
	return ctx.Err()
}

func (t *timeline) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.queue = nil
	for timer := range t.timers {
		timer.Stop()
	}
	clear(t.timers)
}

type event struct {
	at  time.Time
	seq int // keeps events of the same moment in the order they were made
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].seq < e[j].seq
	}
	return e[i].at.Before(e[j].at)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { v, _ := x.(event); *e = append(*e, v) }
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
