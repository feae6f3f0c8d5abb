package rotation

import (
	"encoding/json"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// ours reports whether a setup or a function access wrote an inline policy.
func ours(p findings.Policy) bool {
	_, marked := iampolicy.FindMarker(p.Document)
	return marked
}

// ofOwner reports whether it is the policy of a secret's setup or of a function's
// access.
func ofOwner(p findings.Policy, ownerARN string) bool {
	m, marked := iampolicy.FindMarker(p.Document)
	return marked && m.Owns(ownerARN)
}

// equals returns the Sids of the statements that say the same as one under
// another Sid.
func equals(p facts.FunctionPolicy, statement string) []string {
	var sids []string
	for _, s := range p.Document.Statements {
		if other := s.JSON(); sameStatement(anonymous(other), anonymous(statement)) && !sameStatement(other, statement) {
			sids = append(sids, s.Sid)
		}
	}
	return sids
}

// sameStatement reports whether two statements say the same.
func sameStatement(a, b string) bool {
	return a != "" && b != "" && iampolicy.Equivalent(wrap(a), wrap(b))
}

// isFor reports whether a statement is for one secret, or is the one that lets a
// function rotate all secrets of its account.
func isFor(statement, ownerARN string) bool {
	if _, err := arn.ParseFunction(ownerARN); err == nil {
		return sameStatement(anonymous(statement), PermissionFor("", permitted(statement), ownerARN))
	}
	return condition(statement, "aws:SourceArn") == ownerARN
}

// anonymous is a statement without its Sid.
func anonymous(statement string) string {
	document, err := iampolicy.Parse(wrap(statement))
	if err != nil || len(document.Statements) != 1 {
		return statement
	}
	document.Statements[0].Sid = ""
	return document.Statements[0].JSON()
}

// condition is the one value that a statement requires of a condition key, or "".
func condition(statement, key string) string {
	document, err := iampolicy.Parse(wrap(statement))
	if err != nil || len(document.Statements) != 1 {
		return ""
	}
	for _, c := range document.Statements[0].Conditions {
		if strings.EqualFold(c.Key, key) && len(c.Values) == 1 {
			return c.Values[0]
		}
	}
	return ""
}

func wrap(statement string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement + `]}`
}

// permitted is the function, with its qualifier, that a recorded statement is
// about, or "".
func permitted(statement string) string {
	var s struct{ Resource string }
	if json.Unmarshal([]byte(statement), &s) != nil {
		return ""
	}
	return s.Resource
}
