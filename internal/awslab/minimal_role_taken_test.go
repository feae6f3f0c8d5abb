package awslab_test

import (
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// made is a call that a function made, with what it was about in words that
// are the same in every run.
type made struct{ Action, Target, Error string }

func (c made) refused() bool { return strings.HasPrefix(c.Error, "AccessDenied") }

// withKey is what Secrets Manager does for a call with the customer managed key
// of the secret, as the caller.
var withKey = map[string]string{"secretsmanager:GetSecretValue": "kms:Decrypt", "secretsmanager:PutSecretValue": "kms:GenerateDataKey"}

// taken is one thing that a policy lacks. Then the calls are refused that need
// one of the actions on one of the targets, or on anything if there are none
// but nil.
type taken struct {
	what      string
	condition string // key of the condition that it belongs to
	actions   []string
	targets   []string
	from      func(iampolicy.Document) iampolicy.Document
}

func (x taken) needs(c made) bool {
	actions := []string{c.Action}
	if c.Error != "ResourceNotFoundException" { // There is nothing to decrypt.
		actions = append(actions, withKey[c.Action])
	}
	return slices.ContainsFunc(actions, func(a string) bool { return slices.Contains(x.actions, a) }) &&
		(x.targets == nil || slices.Contains(x.targets, c.Target))
}

// ofKeys tells whether a statement is about keys.
func ofKeys(s iampolicy.Statement) bool { return strings.HasPrefix(s.Actions[0], "kms:") }

// everythingTaken has each action, each resource and each value of a condition
// of each statement; of those about keys only, if there are keys, because the
// others are then as they are without keys. It names them by their place, so
// that they can be taken from the policy of another subject, too.
func (s subject) everythingTaken(policy iampolicy.Document) []taken {
	var all []taken
	for i, statement := range policy.Statements {
		if ofKeys(statement) != s.kind.keys {
			continue
		}
		less := func(change func(*iampolicy.Statement)) func(iampolicy.Document) iampolicy.Document {
			return func(d iampolicy.Document) iampolicy.Document {
				d.Statements = slices.Clone(d.Statements)
				change(&d.Statements[i])
				if len(d.Statements[i].Actions) == 0 || len(d.Statements[i].Resources) == 0 {
					d.Statements = slices.Delete(d.Statements, i, i+1)
				}
				return d
			}
		}
		targets := s.targets(statement, statement.Resources)
		for n, action := range statement.Actions {
			all = append(all, taken{action, "", []string{action}, targets, less(func(s *iampolicy.Statement) {
				s.Actions = slices.Delete(slices.Clone(s.Actions), n, n+1)
			})})
		}
		for n, resource := range statement.Resources {
			all = append(all, taken{statement.Sid + " on " + resource, "", statement.Actions, s.targets(statement, []string{resource}), less(func(s *iampolicy.Statement) {
				s.Resources = slices.Delete(slices.Clone(s.Resources), n, n+1)
			})})
		}
		for at, condition := range statement.Conditions {
			for n, value := range condition.Values {
				all = append(all, taken{statement.Sid + " for " + value, condition.Key, statement.Actions, s.targetsOf(statement, condition, value), less(func(s *iampolicy.Statement) {
					s.Conditions = slices.Clone(s.Conditions)
					s.Conditions[at].Values = orNothing(slices.Delete(slices.Clone(s.Conditions[at].Values), n, n+1))
				})})
			}
		}
	}
	return all
}

// orNothing are the values of a condition, which holds for nothing if there are
// none: to have no values is not possible.
func orNothing(values []string) []string {
	if len(values) == 0 {
		return []string{"arn:aws:nothing:::nothing"}
	}
	return values
}

// targets returns the secrets among the subject's that a statement is about, as
// far as some of its resources go: secrets, keys that protect them, or, with
// nil, anything.
func (s subject) targets(statement iampolicy.Statement, resources []string) []string {
	if resources[0] == "*" {
		return nil
	}
	// Where only secrets are meant that rotate with the function, that is one.
	rotating := slices.ContainsFunc(statement.Conditions, func(c iampolicy.Condition) bool { return c.Key == iampolicy.RotatesWithKey })
	targets := []string{}
	for secretARN, name := range s.names {
		if slices.ContainsFunc(resources, func(r string) bool {
			return r == secretARN || r == s.keys[secretARN] || strings.HasSuffix(r, ":secret:*")
		}) && (!rotating || secretARN == s.SecretARN) {
			targets = append(targets, name)
		}
	}
	return targets
}

// targetsOf returns the secrets for which a condition holds with one of its
// values only.
func (s subject) targetsOf(statement iampolicy.Statement, condition iampolicy.Condition, value string) []string {
	switch condition.Key {
	case "kms:EncryptionContext:SecretARN":
		return s.targets(statement, []string{value})
	case iampolicy.RotatesWithKey:
		if prefix, qualified := strings.CutSuffix(value, "*"); value != s.function && (!qualified || !strings.HasPrefix(s.function, prefix)) {
			return []string{}
		}
	}
	return s.targets(statement, statement.Resources)
}
