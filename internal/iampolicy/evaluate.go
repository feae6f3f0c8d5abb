package iampolicy

import (
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

// Principal is who makes a request: an IAM user or role, a session of a role, or an AWS service.
type Principal struct {
	ARN        string // of the user or role: "arn:aws:iam::123456789012:role/rotator"
	SessionARN string // for a session of the role: "arn:aws:sts::123456789012:assumed-role/rotator/session"
	AccountID  string
	Service    string // for a service, which has none of the others: "secretsmanager.amazonaws.com"
}

// Request is a request to judge.
type Request struct {
	Principal Principal
	Action    string              // "secretsmanager:GetSecretValue"; case does not matter
	Resource  string              // ARN, or "*" for an action without a resource
	Context   map[string][]string // values of the condition keys; the case of the keys does not matter
}

// Policies are the policies that apply to a request.
type Policies struct {
	Identity []Document // policies of the user or role
	Boundary *Document  // permissions boundary of the user or role
	Resource *Document  // policy of the resource

	// ResourceMustAllow is set for KMS keys and for the trust policy of a role: there the identity policies count only as far as
	// the resource's policy allows the principal or its account.
	ResourceMustAllow bool
}

// Evaluate judges a request of a principal to a resource of the same account, by the rules of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html:
//
//   - a matching Deny in any policy denies;
//   - else identity policies allow as far as the boundary allows too;
//   - else the resource's policy allows a principal that it names. A role named by its ARN, or by "*", stays limited by the boundary,
//     a session or a user named by ARN does not. Naming the account only passes the question to the identity policies;
//   - a service is allowed by the resource's policy alone.
//
// The keys aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalIsAWSService and aws:PrincipalServiceName follow from the principal
// unless the context gives them.
//
// A condition with an operator that IAM does not have never holds, so its statement matches nothing. IAM refuses to store such a
// document; where one comes from elsewhere, "not allowed" is the answer that a user notices. Statements in identity policies that have
// a principal, and statements in resource policies that have none, which IAM refuses as well, match nothing either.
func Evaluate(r Request, p Policies) Decision {
	e := evaluation{request: r, context: contextOf(r)}
	for i := range p.Identity {
		e.identity(&p.Identity[i])
	}
	identity := e.allowed
	e.allowed = false
	if p.Boundary != nil {
		e.identity(p.Boundary)
	}
	boundary := p.Boundary == nil || e.allowed
	var resource grant
	if p.Resource != nil {
		resource = e.resource(p.Resource)
	}
	switch {
	case e.denied:
		return ExplicitDeny
	case r.Principal.Service != "":
		if resource > grantAccount {
			return Allow
		}
	case resource == grantDirect, resource == grantRole && boundary:
		return Allow
	case identity && boundary && (!p.ResourceMustAllow || resource != grantNone):
		return Allow
	}
	return ImplicitDeny
}

// grant says how a resource policy allows a principal, from least to most.
type grant int

const (
	grantNone    grant = iota
	grantAccount       // through the account: identity policies decide
	grantRole          // through the role or "*": the boundary limits it
	grantDirect        // by the user, session or service itself
)

type evaluation struct {
	request Request
	context map[string][]string // keys in lower case
	allowed bool
	denied  bool
}

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
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		context[strings.ToLower(key)] = r.Context[key]
	}
	return context
}

func (e *evaluation) identity(d *Document) {
	for _, s := range d.Statements {
		if s.Principals != nil || s.NotPrincipals != nil || s.Resources == nil && s.NotResources == nil {
			continue
		}
		if e.applies(d, s) {
			e.allowed = e.allowed || s.Effect == EffectAllow
			e.denied = e.denied || s.Effect == EffectDeny
		}
	}
}

func (e *evaluation) resource(d *Document) grant {
	granted := grantNone
	for _, s := range d.Statements {
		how := e.request.Principal.matches(s)
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
	v := variables{context: e.context, enabled: d.Version == Version}
	resource := func(p string) bool {
		pattern, ok := v.expand(p, true)
		return ok && matchResource(pattern, e.request.Resource)
	}
	if s.NotResources != nil && slices.ContainsFunc(s.NotResources, resource) ||
		s.Resources != nil && !slices.ContainsFunc(s.Resources, resource) {
		return false
	}
	for _, c := range s.Conditions {
		if !e.holds(c, v) {
			return false
		}
	}
	return true
}

// matches says whether and how the principal elements of a resource policy's statement name the principal.
func (p Principal) matches(s Statement) grant {
	switch {
	case s.Principals != nil:
		return p.named(s.Principals)
	case s.NotPrincipals == nil || s.NotPrincipals["*"] != nil || slices.Contains(s.NotPrincipals["AWS"], "*"):
		return grantNone
	case p.Service != "":
		if slices.Contains(s.NotPrincipals["Service"], p.Service) {
			return grantNone
		}
		return grantDirect
	}
	// With Deny, IAM wants the account, the role and the session listed to spare a session, so whichever is missing denies. With
	// Allow, whoever is listed in any way is left out.
	excluded := s.NotPrincipals["AWS"]
	identities := []bool{
		slices.ContainsFunc(excluded, p.isAccount),
		p.ARN == "" || slices.Contains(excluded, p.ARN),
		p.SessionARN == "" || slices.Contains(excluded, p.SessionARN),
	}
	if s.Effect == EffectDeny && slices.Contains(identities, false) {
		return grantRole
	}
	listed := identities[0] || p.ARN != "" && identities[1] || p.SessionARN != "" && identities[2]
	if s.Effect == EffectAllow && !listed {
		return grantRole
	}
	return grantNone
}

func (p Principal) named(principals map[string][]string) grant {
	granted := grantNone
	if principals["*"] != nil || slices.Contains(principals["AWS"], "*") {
		granted = grantRole
	}
	if p.Service != "" {
		if slices.Contains(principals["Service"], p.Service) {
			return grantDirect
		}
		return granted
	}
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
