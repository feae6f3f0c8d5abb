package iampolicy

import (
	"slices"
	"strings"
)

// Principal is who makes a request: an IAM user or role, a session of a role, or an AWS service.
type Principal struct {
	ARN        string // of the user or role: "arn:aws:iam::123456789012:role/rotator"
	SessionARN string // for a session of the role: "arn:aws:sts::123456789012:assumed-role/rotator/session"
	AccountID  string
	Service    string // for a service, which has none of the others: "secretsmanager.amazonaws.com"
}

// grant says how a resource policy allows a principal, from least to most.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.
type grant int

const (
	grantNone    grant = iota
	grantAccount       // through the account: identity policies decide
	grantRole          // through the role: boundary and session policies limit it
	grantDirect        // by the user, session or service itself, or by "*", which matches the session too
)

// matches says whether and how the principal elements of a resource policy's statement name the principal. It is bounded if it has a
// permissions boundary.
func (p Principal) matches(s Statement, bounded bool) grant {
	switch {
	case s.Principals != nil:
		return p.named(s.Principals)
	case s.NotPrincipals == nil || s.Effect == EffectAllow:
		return grantNone // IAM does not support NotPrincipal with Allow.
	case !p.spared(s.NotPrincipals, bounded):
		return grantDirect
	}
	return grantNone
}

// spared reports whether the NotPrincipal of a Deny leaves the principal out. IAM wants the account, the role and the session listed
// to spare a session, so whichever is missing denies, and it denies whoever has a boundary, whatever is listed.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html.
func (p Principal) spared(listed map[string][]string, bounded bool) bool {
	if bounded {
		return false
	}
	names := listed["AWS"]
	if listed["*"] != nil || slices.Contains(names, "*") {
		return true
	}
	if p.Service != "" {
		return slices.Contains(listed["Service"], p.Service)
	}
	return slices.ContainsFunc(names, p.isAccount) &&
		(p.ARN == "" || slices.Contains(names, p.ARN)) &&
		(p.SessionARN == "" || slices.Contains(names, p.SessionARN))
}

func (p Principal) named(principals map[string][]string) grant {
	if principals["*"] != nil || slices.Contains(principals["AWS"], "*") {
		return grantDirect
	}
	if p.Service != "" {
		if slices.Contains(principals["Service"], p.Service) {
			return grantDirect
		}
		return grantNone
	}
	granted := grantNone
	for _, name := range principals["AWS"] {
		switch {
		case name == "":
		case name == p.SessionARN, name == p.ARN && !strings.Contains(p.ARN, ":role/"):
			granted = grantDirect
		case name == p.ARN:
			granted = max(granted, grantRole)
		case p.isAccount(name):
			granted = max(granted, grantAccount)
		}
	}
	return granted
}

// isAccount reports whether a principal of a policy is the account: its twelve digits or the ARN of its root.
func (p Principal) isAccount(name string) bool {
	if p.AccountID == "" {
		return false
	}
	if name == p.AccountID {
		return true
	}
	rest, ok := strings.CutSuffix(name, ":iam::"+p.AccountID+":root")
	return ok && strings.HasPrefix(rest, "arn:")
}
