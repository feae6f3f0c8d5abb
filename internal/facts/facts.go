// Package facts gathers from AWS what the checks need to know: of a secret, its
// rotation function and that one's role, key, network and database, and of what
// the function has logged. It asks lazily, and for each fact once per run.
//
// It judges nothing. What these credentials may not see is left out of a fact,
// with the action that would have shown it, for package findings to say.
package facts

import (
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// Source gathers facts in one Region.
type Source struct {
	*awsapi.Clients
	cache *Cache
	now   func() time.Time
	// renewed has the keys of the facts that a fresh source has asked for itself;
	// nil if what is remembered will do.
	renewed *sync.Map
	// age is how old a fact has to be for that.
	age time.Duration
	// own are the facts of a snapshot that others do not share; nil if they are
	// asked for each time.
	own *Cache
}

// From returns a source on clients, which remembers what is gathered in the
// cache. Now is the time.
func (c *Cache) From(clients *awsapi.Clients, now func() time.Time) Source {
	return Source{Clients: clients, cache: c, now: now}
}

// Fresh returns a source that asks AWS again, once for each fact.
func (s Source) Fresh() Source { return s.Renew(0) }

// Renew is Fresh for the facts that are older.
func (s Source) Renew(age time.Duration) Source {
	s.renewed, s.age = &sync.Map{}, age
	return s
}

// Snapshot returns a source that asks AWS at most once also for what changes all
// the time, such as the staging labels of a secret. A plan is one look.
func (s Source) Snapshot() Source {
	s.own = &Cache{}
	return s
}

// InvalidError is an answer of AWS that cannot be worked with. Attribute is the
// argument that leads to it.
type InvalidError struct{ Attribute, Summary, Detail, Remedy string }

func (e *InvalidError) Error() string { return e.Summary + ": " + e.Detail }
