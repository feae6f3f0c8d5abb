package facts

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// Cache keeps facts for one run of the provider: each is asked for once, however
// many setups need it at the same time. The zero value is empty and ready.
type Cache struct {
	mu      sync.Mutex
	entries map[string]*entry
	silent  sync.Map // the services, by Region and name, that do not answer
}

type entry struct {
	once  sync.Once
	at    time.Time // it was asked for
	value any
	err   error
}

// recall returns the fact of a key and asks for it if need be. A failure is not
// kept, but for a refusal: who may not look will not be allowed to a moment later.
func recall[T any](s Source, key string, ask func() (T, error)) (T, error) {
	key = s.Region + " " + key
	if s.renewed != nil {
		if _, asked := s.renewed.LoadOrStore(key, true); !asked {
			s.cache.expire(key, s.now().Add(-s.age))
		}
	}
	e := s.cache.entry(key, s.now)
	e.once.Do(func() { e.value, e.err = ask() })
	if e.err != nil && !awsapi.IsAccessDenied(e.err) {
		s.cache.drop(key, e)
	}
	value, _ := e.value.(T)
	return value, e.err
}

// patience is how long a service may take to tell what is only looked at for
// advice. A provider may run where it reaches no more services than a rotation
// needs.
const patience = 15 * time.Second

// errUnreachable says that a service did not answer before, and is not asked again.
var errUnreachable = errors.New("the service does not answer")

// advice recalls a fact of a service without which a run goes on. A failure is kept
// as well, and a service that has not answered once is not asked again.
func advice[T any](ctx context.Context, s Source, service, key string, ask func(context.Context) (T, error)) (T, error) {
	type answer struct {
		fact T
		err  error
	}
	a, _ := recall(s, service+" "+key, func() (answer, error) {
		var a answer
		silent := s.Region + " " + service
		if _, is := s.cache.silent.Load(silent); is {
			a.err = errUnreachable
			return a, nil
		}
		bounded, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if a.fact, a.err = ask(bounded); bounded.Err() != nil && ctx.Err() == nil {
			s.cache.silent.Store(silent, true)
		}
		return a, nil
	})
	return a.fact, a.err
}

// lacking adds the action that has not shown a fact to the Unseen of the fact, if
// it is for lack of a permission, and not because AWS did not answer.
func lacking(unseen []string, action string, err error) []string {
	if !awsapi.IsAccessDenied(err) || slices.Contains(unseen, action) {
		return unseen
	}
	return append(unseen, action)
}

// live asks for a fact that changes all the time: anew, except in a snapshot.
func live[T any](s Source, key string, ask func() (T, error)) (T, error) {
	if s.own == nil {
		return ask()
	}
	s.cache, s.renewed = s.own, nil
	return recall(s, key, ask)
}

func (c *Cache) entry(key string, now func() time.Time) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string]*entry{}
	}
	e, ok := c.entries[key]
	if !ok {
		e = &entry{at: now()}
		c.entries[key] = e
	}
	return e
}

// expire forgets an answer that was asked for at a time or before.
func (c *Cache) expire(key string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok && !e.at.After(at) {
		delete(c.entries, key)
	}
}

func (c *Cache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// drop forgets an answer unless there is a newer one.
func (c *Cache) drop(key string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] == e {
		delete(c.entries, key)
	}
}
