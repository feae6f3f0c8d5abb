package iampolicy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Decision is the outcome of an evaluation.
type Decision int

// The outcomes of an evaluation.
const (
	ImplicitDeny Decision = iota // nothing allows the request
	Allow
	ExplicitDeny // a statement denies the request
)

// String returns the name that IAM's policy simulator uses for the decision.
func (d Decision) String() string {
	switch d {
	case Allow:
		return "allowed"
	case ExplicitDeny:
		return "explicitDeny"
	default:
		return "implicitDeny"
	}
}

// Request is a request to judge.
type Request struct {
	Principal Principal
	Action    string              // "secretsmanager:GetSecretValue"; case does not matter
	Resource  string              // ARN, or "*" for an action without a resource
	Context   map[string][]string // values of the condition keys; the case of the keys does not matter

	// ResourceAccountID is the account of the resource, if it is another than the principal's.
	ResourceAccountID string
}

// Policies are the policies that apply to a request.
type Policies struct {
	Identity []Document // policies of the user or role
	Boundary *Document  // permissions boundary of the user or role
	Session  []Document // session policies; nil means that the session has none, which limits nothing
	Resource *Document  // policy of the resource

	// ResourceMustAllow is set for KMS keys and for the trust policy of a role: there the identity policies count only as far as
	// the resource's policy allows the principal or its account.
	ResourceMustAllow bool
}

// Evaluate judges a request, by the rules of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html:
//
//   - a matching Deny in any policy denies;
//   - else identity policies allow as far as the boundary and the session policies allow too;
//   - else the resource's policy allows a principal that it names. A role named by its ARN stays limited by the boundary and the session
//     policies; a user or a session named by ARN does not, nor does who is meant by "*". Naming the account only passes the question to
//     the identity policies;
//   - where the resource is of another account than the principal, the identity policies and the resource's must both allow;
//   - a service is allowed by the resource's policy alone.
//
// The keys aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalIsAWSService, aws:PrincipalServiceName and aws:ResourceAccount follow
// from the principal and the resource unless the context gives them.
//
// A condition with an operator that IAM does not have, or with BinaryEquals, never holds, so its statement matches nothing. IAM refuses
// to store a document with an unknown operator; where one comes from elsewhere, "not allowed" is the answer that a user notices.
// Statements in identity policies that have a principal, and statements in resource policies that have none, which IAM refuses as well,
// match nothing either. The root user, federated and anonymous callers, and the policies of an organization are left out.
func Evaluate(r Request, p Policies) Decision {
	e := evaluation{request: r, context: contextOf(r), unknown: func(string) bool { return false }}
	return e.decide(p)
}

// Determine is Evaluate for a request of which not every condition key is known. It asks known, with the key in lower case, whether the
// context tells a key's values or that it has none. Keys that the context has, and those that Evaluate derives, are known.
//
// A statement depends on what is not known if it has such a key in a condition or in a policy variable and nothing else rules it out.
// The request is judged twice: as if every such statement applied if it allows and not if it denies, and the other way round. Where
// that makes no difference to whether the request is allowed, the outcome is certain, and ExplicitDeny means that a statement denies
// whatever the keys are. Else the decision is the worse of both. Certain means certain, but not the reverse: the values that a key can
// have are not thought through.
func Determine(r Request, p Policies, known func(key string) bool) (decision Decision, certain bool) {
	e := evaluation{request: r, context: contextOf(r), hopeful: true}
	e.unknown = func(key string) bool {
		_, given := e.context[key]
		return !given && !slices.Contains(derivedKeys, key) && !known(key)
	}
	best := e.decide(p)
	e.hopeful, e.denied = false, false
	if worst := e.decide(p); (worst == Allow) != (best == Allow) {
		return worst, false
	}
	return best, true
}

// decide combines what the policies say.
func (e *evaluation) decide(p Policies) Decision {
	r := e.request
	identity := e.allows(p.Identity)
	boundary := p.Boundary == nil || e.allows([]Document{*p.Boundary})
	session := p.Session == nil || e.allows(p.Session)
	resource := grantNone
	if p.Resource != nil {
		resource = e.resource(p.Resource, p.Boundary != nil)
	}
	foreign := r.ResourceAccountID != "" && r.ResourceAccountID != r.Principal.AccountID
	limits := boundary && session
	switch {
	case e.denied:
		return ExplicitDeny
	case r.Principal.Service != "":
		if resource == grantDirect {
			return Allow
		}
	case !foreign && (resource == grantDirect || resource == grantRole && limits):
		return Allow
	case identity && limits && (resource != grantNone || !foreign && !p.ResourceMustAllow):
		return Allow
	}
	return ImplicitDeny
}

type evaluation struct {
	request Request
	context map[string][]string // keys in lower case
	unknown func(key string) bool
	hopeful bool // what depends on unknown keys is taken in favour of the request, not against it
	denied  bool // a statement denies
}

// derivedKeys are the keys that contextOf adds, or that the principal does not have.
var derivedKeys = []string{"aws:principalarn", "aws:principalaccount", "aws:principalisawsservice", "aws:principalservicename", "aws:resourceaccount"}

func contextOf(r Request) map[string][]string {
	context := map[string][]string{}
	p := r.Principal
	if p.Service != "" {
		context["aws:principalisawsservice"] = []string{"true"}
		context["aws:principalservicename"] = []string{p.Service}
	} else {
		context["aws:principalisawsservice"] = []string{"false"}
		if p.ARN != "" {
			context["aws:principalarn"] = []string{p.ARN}
		}
		if p.AccountID != "" {
			context["aws:principalaccount"] = []string{p.AccountID}
		}
	}
	if owner := cmp.Or(r.ResourceAccountID, p.AccountID); owner != "" {
		context["aws:resourceaccount"] = []string{owner}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		context[strings.ToLower(key)] = r.Context[key]
	}
	return context
}

// allows reports whether a statement of policies without principals allows, and notes whether one denies.
func (e *evaluation) allows(documents []Document) bool {
	allowed := false
	for i := range documents {
		for _, s := range documents[i].Statements {
			if s.Principals != nil || s.NotPrincipals != nil || s.Resources == nil && s.NotResources == nil || !e.applies(&documents[i], s) {
				continue
			}
			allowed = allowed || s.Effect == EffectAllow
			e.denied = e.denied || s.Effect == EffectDeny
		}
	}
	return allowed
}

// resource says how a resource's policy allows, and notes whether a statement denies.
func (e *evaluation) resource(d *Document, bounded bool) grant {
	granted := grantNone
	for _, s := range d.Statements {
		how := e.request.Principal.matches(s, bounded)
		if how == grantNone || !e.applies(d, s) {
			continue
		}
		if s.Effect == EffectAllow {
			granted = max(granted, how)
		}
		e.denied = e.denied || s.Effect == EffectDeny
	}
	return granted
}

// applies reports whether action, resource and conditions of a statement match. A statement of a trust policy has no resource, since
// the policy is the role's own.
func (e *evaluation) applies(d *Document, s Statement) bool {
	action := func(p string) bool { return matchFold(p, e.request.Action) }
	if s.NotActions != nil && slices.ContainsFunc(s.NotActions, action) ||
		s.NotActions == nil && !slices.ContainsFunc(s.Actions, action) {
		return false
	}
	v := variables{context: e.context, unknown: e.unknown, assume: e.hopeful == (s.Effect == EffectAllow), enabled: d.Version == Version}
	if !e.covers(s, v) {
		return false
	}
	for _, c := range s.Conditions {
		if !e.holds(c, v) {
			return false
		}
	}
	return true
}

// covers reports whether the resource elements of a statement mean the resource. A pattern with a variable that cannot be replaced
// matches nothing, and in NotResource it makes the statement match nothing. One with an unknown variable may do so, and in NotResource it
// may as well leave the resource in.
func (e *evaluation) covers(s Statement, v variables) bool {
	resolved := true
	matches := func(text string) bool {
		p, ok := v.expandResource(text)
		open := p.open()
		resolved = resolved && ok && (v.assume || !open)
		return ok && (!open || v.assume && s.NotResources == nil) && matchResource(p, e.request.Resource)
	}
	if s.NotResources != nil {
		return !slices.ContainsFunc(s.NotResources, matches) && resolved
	}
	return s.Resources == nil || slices.ContainsFunc(s.Resources, matches)
}
