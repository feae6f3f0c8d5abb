package awslab

import (
	"maps"
	"slices"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// enforced are the policies that requests of a user or role are judged by.
type enforced struct {
	identity []iampolicy.Document
	boundary *iampolicy.Document // nil without one
}

// replaced are policies of the past, and when they gave way to others.
type replaced struct {
	enforced

	at time.Time
}

// policiesOf returns what the policies of a user or role say, as IAM shows
// them. A boundary whose policy is gone allows nothing.
func (s *iamState) policiesOf(i *identity) enforced {
	var e enforced
	for _, name := range slices.Sorted(maps.Keys(i.inline)) {
		e.identity = append(e.identity, i.inline[name].document)
	}
	for _, arn := range i.attached {
		if p := s.policies[arn]; p != nil {
			e.identity = append(e.identity, p.current().document)
		}
	}
	if i.boundary != "" {
		e.boundary = &iampolicy.Document{}
		if p := s.policies[i.boundary]; p != nil {
			e.boundary = &p.current().document
		}
	}
	return e
}

// inForce returns what the policies of a user or role said the delay ago: by
// that AWS judges now, as IAM is eventually consistent.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency.
func (s *iamState) inForce(i *identity) enforced {
	now := s.now()
	for _, old := range i.replaced {
		if now.Before(old.at.Add(s.delay)) {
			return old.enforced
		}
	}
	return s.policiesOf(i)
}

// replace is called before each change of the policies of a user or role, and
// keeps what they say until the change counts.
func (s *iamState) replace(i *identity) {
	now := s.now()
	i.replaced = slices.DeleteFunc(i.replaced, func(old replaced) bool { return !now.Before(old.at.Add(s.delay)) })
	if s.delay > 0 {
		i.replaced = append(i.replaced, replaced{s.policiesOf(i), now})
	}
}
