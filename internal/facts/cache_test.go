package facts

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// in is a source in a Region, by the clock of the test.
func (c *Cache) in(region string) Source {
	return c.From(&awsapi.Clients{Region: region}, time.Now) //nolint:forbidigo // In a bubble, whose time is virtual.
}

// TestRecall counts how often a fact is asked for.
func TestRecall(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException"}
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	for name, test := range map[string]struct {
		err  error
		look func(c *Cache, ask func(Source))
		want int64
	}{
		"again":                     {look: func(c *Cache, ask func(Source)) { ask(c.in("a")); ask(c.in("a")) }, want: 1},
		"in another Region":         {look: func(c *Cache, ask func(Source)) { ask(c.in("a")); ask(c.in("b")) }, want: 2},
		"in every Region the same":  {look: func(c *Cache, ask func(Source)) { ask(c.in("a").global()); ask(c.in("b").global()) }, want: 1},
		"refused":                   {err: denied, look: func(c *Cache, ask func(Source)) { ask(c.in("a")); ask(c.in("a")) }, want: 1},
		"failed":                    {err: throttled, look: func(c *Cache, ask func(Source)) { ask(c.in("a")); ask(c.in("a")) }, want: 2},
		"anew, once":                {look: func(c *Cache, ask func(Source)) { ask(c.in("a")); fresh := c.in("a").Fresh(); ask(fresh); ask(fresh) }, want: 2},
		"anew, refused before":      {err: denied, look: func(c *Cache, ask func(Source)) { ask(c.in("a")); ask(c.in("a").Fresh()) }, want: 2},
		"anew, and then remembered": {look: func(c *Cache, ask func(Source)) { ask(c.in("a").Fresh()); ask(c.in("a")) }, want: 1},
		"renewed while it is young": {look: func(c *Cache, ask func(Source)) {
			ask(c.in("a"))
			time.Sleep(time.Second)
			ask(c.in("a").Renew(2 * time.Second))
		}, want: 1},
		"renewed once it is old": {look: func(c *Cache, ask func(Source)) {
			ask(c.in("a"))
			time.Sleep(3 * time.Second)
			ask(c.in("a").Renew(2 * time.Second))
		}, want: 2},
		"by many at the same time": {look: func(c *Cache, ask func(Source)) {
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { ask(c.in("a")) })
			}
			all.Wait()
		}, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				test.look(&Cache{}, func(s Source) {
					got, err := recall(s, "fact", func() (string, error) {
						asked.Add(1)
						runtime.Gosched()
						return "told", test.err
					})
					if got != "told" || !errors.Is(err, test.err) {
						t.Errorf("%q, %v", got, err)
					}
				})
				if asked.Load() != test.want {
					t.Errorf("asked %d times, not %d", asked.Load(), test.want)
				}
			})
		})
	}
}

// TestLive asks for what changes all the time: each time, but once in a snapshot.
func TestLive(t *testing.T) {
	t.Parallel()
	asked := 0
	look := func(s Source) {
		_, err := live(s, "fact", func() (int, error) { asked++; return asked, nil })
		if err != nil {
			t.Error(err)
		}
	}
	c := &Cache{}
	now := func() time.Time { return time.Time{} }
	s := c.From(&awsapi.Clients{}, now)
	look(s)
	look(s)
	one, other := s.Snapshot(), s.Fresh().Snapshot()
	for range 3 {
		look(one)
		look(other)
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
}

// TestAdvice has services that do not answer: each is waited for once, for fifteen
// seconds, and others are asked all the same.
func TestAdvice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &Cache{}
		began := time.Now() //nolint:forbidigo // In a bubble, whose time is virtual.
		ask := func(ctx context.Context, region, service, key string, hangs bool) (string, error) {
			return advice(ctx, c.in(region), service, key, func(ctx context.Context) (string, error) {
				if hangs {
					<-ctx.Done()
					return "", ctx.Err()
				}
				return "told", nil
			})
		}
		waited := func(want time.Duration) {
			t.Helper()
			if got := time.Since(began); got != want { //nolint:forbidigo // See above.
				t.Errorf("waited for %s, not %s", got, want)
			}
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := ask(stopped, "a", "ec2", "of somebody who went", true); err == nil {
			t.Error("A stopped run was told.")
		}
		waited(0)
		if fact, err := ask(t.Context(), "a", "ec2", "answered", false); fact != "told" || err != nil {
			t.Errorf("After a run that was stopped: %q, %v", fact, err)
		}
		if _, err := ask(t.Context(), "a", "ec2", "first", true); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first: %v", err)
		}
		waited(patience)
		for _, key := range []string{"first", "second"} {
			if fact, err := ask(t.Context(), "a", "ec2", key, false); fact != "" || err == nil {
				t.Errorf("%s: %q, %v", key, fact, err)
			}
		}
		for region, service := range map[string]string{"a": "kms", "b": "ec2"} {
			if fact, err := ask(t.Context(), region, service, "other", false); fact != "told" || err != nil {
				t.Errorf("%s in %s: %q, %v", service, region, fact, err)
			}
		}
		waited(patience)
	})
}
