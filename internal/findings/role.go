package findings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Policy is a policy of a role.
type Policy struct {
	Name       string // of an inline policy, or ARN of a managed one
	Document   iampolicy.Document
	Unreadable bool // the document is not in the language as it is known here, so nothing is known of what it says
}

// Role is an execution role with all that says what it may do. What an organization, or the endpoint of a VPC, adds to that cannot be
// seen from here.
type Role struct {
	ARN      string
	Tags     map[string]string
	Policies []Policy // inline and attached
	Boundary *Policy  // its permissions boundary, if it has one
	Trust    *Policy  // its trust policy; nil if not known
}

// With returns the role as it is with another inline policy.
func (r Role) With(p Policy) Role {
	r.Policies = slices.DeleteFunc(slices.Clone(r.Policies), func(other Policy) bool { return other.Name == p.Name })
	r.Policies = append(r.Policies, p)
	return r
}

// Need is what a rotation function has to be allowed.
type Need struct {
	// Policy is the least role policy of the function, for one secret or for all of its secrets.
	Policy      iampolicy.Document
	FunctionARN string            // as the secrets are configured with it
	SecretARN   string            // the secret that rotates; empty if the policy is for all
	SecretTags  map[string]string // all of its tags
	// RotateWith are the functions that superuser secrets are configured to rotate with, by ARN of the secret, as far as that is known;
	// empty for one that does not rotate.
	RotateWith map[string]string
	// Guards are the resource policies of secrets, by ARN, as far as they were read; nil for a secret without one.
	Guards map[string]*iampolicy.Document
	// Keys are the keys of the secrets, by ARN. One whose policy is not known does not count.
	Keys map[string]Key
	// LogGroup is the name of the function's log group; empty if logs are not to be judged. MakesLogGroup says that there is no such
	// group yet, so that Lambda makes it as the role.
	LogGroup      string
	MakesLogGroup bool
	// Own says that the function is one of its user's own, of which nobody knows whether it makes the calls of the policy.
	Own bool
	// InVPC says that Lambda has to connect the function to a VPC, with its role.
	InVPC bool
}

// call is a request that is made with the execution role.
type call struct {
	action, resource string
	secretARN        string // for a key, the secret that it is used for
	// several says that the key is one of several, and which of them is the secret's is not known.
	several bool
}

// reason is why a call is refused.
type reason struct {
	code   Code   // instead of the code of the call; may be empty
	why    string // what follows "because"
	remedy string
	unless string // a sentence on how the call may pass all the same; empty if it cannot
}

// lack is a call that is refused.
type lack struct {
	call
	reason
}

// RolePermissions says what a rotation function would be refused because of its execution role. It makes the requests that the least
// policy allows of the role's own policies. Where the outcome hangs on something that cannot be seen, it says so. Of what is not the ARN
// of a role it says nothing.
func RolePermissions(r Role, n Need) []Finding {
	j, err := newJudge(r, n)
	if err != nil {
		return nil
	}
	lacks, open := map[Code][]lack{}, map[Code][]lack{}
	for _, c := range n.calls() {
		code := n.codeOf(c)
		reasons, certain := j.refusals(c)
		if !certain {
			open[code] = append(open[code], lack{call: c})
		}
		for _, because := range reasons {
			of := cmp.Or(because.code, code)
			lacks[of] = append(lacks[of], lack{c, because})
		}
	}
	all := r.assumable()
	for _, code := range slices.Sorted(maps.Keys(lacks)) {
		all = append(all, n.lacking(code, r, n.weighed(code, lacks[code])))
	}
	for _, code := range slices.Sorted(maps.Keys(open)) {
		if lacks[code] == nil {
			all = append(all, n.unclear(code, r, open[code]))
		}
	}
	return all
}

// codeOf is the code of a call that is refused.
func (n Need) codeOf(c call) Code {
	switch {
	case c.action == randomPassword:
		return RoleRandomPassword
	case c.service() == "kms":
		return RoleKMS
	case c.service() == "rds":
		return RoleRDSDescribe
	case c.service() == "ec2":
		return RoleVPC
	case c.service() == "logs":
		return RoleLogs
	case c.service() != "secretsmanager":
		return RoleServiceAccess
	case n.rotates(c.resource):
		return RoleSecretAccess
	case c.action == "secretsmanager:DescribeSecret":
		return SuperuserRDSManagedAccess
	}
	return SuperuserNotReadable
}

// either has the calls of which a function makes one kind or the other, by what the superuser secret is of, which nobody but the function
// reads.
var either = map[string]string{
	"rds:DescribeDBInstances":            "instance",
	"rds:DescribeDBClusters":             "cluster",
	"redshift:DescribeClusters":          "Redshift cluster",
	"redshift-serverless:ListNamespaces": "Redshift Serverless",
	"redshift-serverless:ListWorkgroups": "Redshift Serverless",
}

// weighed makes those lacks of a kind unsure that another kind of database does without. Where every one lacks something, rotation cannot
// work.
func (n Need) weighed(code Code, lacks []lack) []lack {
	lacking := map[string]bool{}
	for _, l := range lacks {
		lacking[either[l.action]] = true
	}
	spared := slices.ContainsFunc(n.calls(), func(c call) bool {
		kind := either[c.action]
		return kind != "" && n.codeOf(c) == code && !lacking[kind]
	})
	for i, l := range lacks {
		if spared && either[l.action] != "" {
			lacks[i].unless = "Which of its calls the function makes depends on the kind of database that the superuser secret is for, which is not known here."
		}
	}
	return lacks
}

// judge knows what says whether the role may make a call.
type judge struct {
	role     Role
	need     Need
	who      iampolicy.Principal
	identity []iampolicy.Document
	boundary *iampolicy.Document
}

func newJudge(r Role, n Need) (*judge, error) {
	a, err := arn.ParseRole(r.ARN)
	if err != nil {
		return nil, err
	}
	j := &judge{role: r, need: n, who: iampolicy.Principal{ARN: r.ARN, AccountID: a.AccountID}}
	if f, err := arn.ParseFunction(n.FunctionARN); err == nil {
		// Lambda names the session of a function after it.
		j.who.SessionARN = "arn:" + a.Partition + ":sts::" + a.AccountID + ":assumed-role/" + a.Name + "/" + f.Name
	}
	for _, p := range r.Policies {
		j.identity = append(j.identity, p.read())
	}
	if r.Boundary != nil {
		j.boundary = new(r.Boundary.read())
	}
	return j, nil
}

// read returns what a policy says. One that is unreadable may allow and deny anything: that hangs on a key that no request has.
func (p Policy) read() iampolicy.Document {
	if !p.Unreadable {
		return p.Document
	}
	perhaps := iampolicy.Statement{
		Effect: iampolicy.EffectAllow, Actions: []string{"*"}, Resources: []string{"*"},
		Conditions: []iampolicy.Condition{{Operator: "StringEquals", Key: "rotation:unreadable", Values: []string{"true"}}},
	}
	never := perhaps
	never.Effect = iampolicy.EffectDeny
	return iampolicy.Document{Version: iampolicy.Version, Statements: []iampolicy.Statement{perhaps, never}}
}

// question is a request of which not all is known.
type question struct {
	iampolicy.Request
	known func(key string) bool
}

// denies reports whether a statement of the policies certainly denies.
func (q question) denies(p iampolicy.Policies) bool {
	decision, certain := iampolicy.Determine(q.Request, p, q.known)
	return decision == iampolicy.ExplicitDeny && certain
}

// refuses reports whether the policies certainly do not allow.
func (q question) refuses(p iampolicy.Policies) bool {
	decision, certain := iampolicy.Determine(q.Request, p, q.known)
	return decision != iampolicy.Allow && certain
}

// refusals makes one request. It returns why the request is refused, if it certainly is.
func (j *judge) refusals(c call) (reasons []reason, certain bool) {
	q := question{iampolicy.Request{Principal: j.who, Action: c.action, Resource: c.resource, Context: j.context(c)}, j.need.known(c)}
	p := iampolicy.Policies{Identity: j.identity, Boundary: j.boundary}
	foreign := owner(c.resource) != "" && owner(c.resource) != j.who.AccountID
	guard, read := j.need.guard(c)
	unless := ""
	switch {
	case read && foreign:
		p.Resource, q.ResourceAccountID = cmp.Or(guard, &iampolicy.Document{}), owner(c.resource)
	case read:
		p.Resource, p.ResourceMustAllow = guard, c.service() == "kms"
	case foreign:
		// What another account allows cannot be seen here, and does nothing unless the role's own policies allow it as well.
	case c.service() == "kms":
		unless = "The policy of the key may allow it all the same; what that says is not known here."
	case c.service() == "ec2":
		unless = "A function that is connected to its VPC stays so for now; Lambda needs this to connect it anew."
	case c.service() == "secretsmanager" && c.resource != "*":
		unless = "A resource policy of the secret may allow it all the same; what that says is not known here."
	}
	if decision, _ := iampolicy.Determine(q.Request, p, q.known); decision == iampolicy.Allow {
		return nil, true
	}
	// What is known only by a pattern may be something that the role is allowed after all.
	if c.vague() {
		p.Identity = loosened(p.Identity)
		if p.Boundary != nil {
			p.Boundary = &loosened([]iampolicy.Document{*p.Boundary})[0]
		}
	}
	if c.several || strings.Contains(c.secretARN, "*") {
		delete(q.Context, encryptedSecret)
	}
	switch {
	case !q.refuses(p):
		return nil, false
	case q.denies(p):
		return j.denials(c, q, p), true
	}
	return j.omissions(c, q, p, unless), true
}

// guard returns the policy of what a call is on, nil if that has none, and whether it is known.
func (n Need) guard(c call) (*iampolicy.Document, bool) {
	if c.service() != "kms" {
		guard, read := n.Guards[c.resource]
		return guard, read
	}
	key, given := n.Keys[c.resource]
	if !given || key.Policy == nil || key.Policy.Unreadable {
		return nil, false
	}
	return &key.Policy.Document, true
}

// denials returns which of the policies deny.
func (j *judge) denials(c call, q question, p iampolicy.Policies) []reason {
	var reasons []reason
	for i, policy := range j.role.Policies {
		if q.denies(iampolicy.Policies{Identity: p.Identity[i : i+1]}) {
			reasons = append(reasons, reason{why: fmt.Sprintf("its policy %q denies that", policy.Name), remedy: "Remove the Deny, or limit it to something else."})
		}
	}
	guard := iampolicy.Policies{Resource: p.Resource}
	if p.Boundary != nil {
		if q.denies(iampolicy.Policies{Boundary: p.Boundary}) {
			reasons = append(reasons, reason{why: fmt.Sprintf("its permissions boundary %q denies that", j.role.Boundary.Name), remedy: "Remove the Deny from the boundary, or limit it to something else."})
		}
		guard.Boundary = &iampolicy.Document{} // A Deny with NotPrincipal is for all that have a boundary, whatever that says.
	}
	if !q.denies(guard) {
		return reasons
	}
	if c.service() == "kms" {
		return append(reasons, reason{code: KMSKeyUnusable, why: "the policy of the key denies that", remedy: "Except the role from the Deny in the key's policy."})
	}
	return append(reasons, reason{code: SecretPolicyDenies, why: "the resource policy of the secret denies that", remedy: "Except the role from the Deny in the resource policy."})
}

// omissions returns which of the policies would have to allow.
func (j *judge) omissions(c call, q question, p iampolicy.Policies, unless string) []reason {
	var reasons []reason
	own := iampolicy.Policies{Identity: p.Identity, Resource: p.Resource}
	if p.ResourceMustAllow || q.ResourceAccountID != "" {
		must := iampolicy.Policies{Identity: []iampolicy.Document{anything}, Resource: p.Resource, ResourceMustAllow: true}
		if q.refuses(must) {
			reasons, own.Resource = append(reasons, j.closed(c)), nil
			q.ResourceAccountID = "" // What the role's own policies say does not hang on the other account.
		}
	}
	if q.refuses(own) {
		reasons = append(reasons, reason{why: "none of its policies allows that", remedy: ownRemedy(c), unless: unless})
	}
	if p.Boundary != nil && q.refuses(iampolicy.Policies{Identity: []iampolicy.Document{*p.Boundary}}) {
		reasons = append(reasons, reason{
			why:    fmt.Sprintf("its permissions boundary %q does not allow that", j.role.Boundary.Name),
			remedy: "Allow it in the boundary: no policy of the role can give more than that.", unless: unless,
		})
	}
	return reasons
}

// anything is a policy that allows everything.
var anything = iampolicy.Document{Version: iampolicy.Version, Statements: []iampolicy.Statement{{
	Effect: iampolicy.EffectAllow, Actions: []string{"*"}, Resources: []string{"*"},
}}}

// closed is the reason for a policy that has to allow a call beside those of the role, and does not.
func (j *judge) closed(c call) reason {
	if c.service() == "kms" {
		return reason{
			code: KMSKeyUnusable, why: "the policy of the key does not let it, nor the account's own policies decide",
			remedy: fmt.Sprintf("Add a statement to the policy of the key that allows `kms:Decrypt` and `kms:GenerateDataKey` to %s, or one that allows `kms:*` to the account, `arn:%s:iam::%s:root`, so that the policies of its roles count.", j.who.ARN, partition(j.who.ARN), j.who.AccountID),
		}
	}
	return reason{
		why:    "the resource policy of the secret, which is in another account, does not allow that",
		remedy: "Allow it to the role in the resource policy of the secret.",
	}
}

// ownRemedy says how the role's own policies come to allow a call.
func ownRemedy(c call) string {
	switch c.service() {
	case "ec2":
		return "Attach `AWSLambdaVPCAccessExecutionRole` to the role, or set `vpc_access = true` where its policy is written."
	case "logs":
		return "Attach `AWSLambdaBasicExecutionRole` to the role, or `AWSLambdaVPCAccessExecutionRole` if the function is connected to a VPC."
	}
	return "Give the role the policy that the data source `rotation_role_policy` computes, or let `rotation_function_access` write one for all secrets of the function. If there is one, its arguments lack this."
}

// loosened returns documents that allow on any resource what they allow on some, and deny only what they deny on all that a request
// names.
func loosened(documents []iampolicy.Document) []iampolicy.Document {
	var all []iampolicy.Document
	for _, d := range documents {
		loose := iampolicy.Document{Version: d.Version}
		for _, s := range d.Statements {
			switch {
			case s.Effect == iampolicy.EffectAllow && len(s.Resources)+len(s.NotResources) > 0:
				s.Resources, s.NotResources = []string{"*"}, nil
			case s.Effect == iampolicy.EffectDeny && s.NotResources != nil:
				continue
			}
			loose.Statements = append(loose.Statements, s)
		}
		all = append(all, loose)
	}
	return all
}
