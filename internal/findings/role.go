package findings

import (
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
}

// With returns the role as it is with another inline policy.
func (r Role) With(p Policy) Role {
	r.Policies = slices.DeleteFunc(slices.Clone(r.Policies), func(other Policy) bool { return other.Name == p.Name })
	r.Policies = append(r.Policies, p)
	return r
}

// Need is what a rotation function has to be allowed.
type Need struct {
	// Policy is the least role policy of the function for a secret.
	Policy      iampolicy.Document
	FunctionARN string // as the secret is configured with it
	SecretARN   string // the secret that rotates
	SecretTags  map[string]string
	// Guards are the resource policies of secrets, by ARN, as far as they were read; nil for a secret without one.
	Guards map[string]*iampolicy.Document
	// Own says that the function is one of its user's own, of which nobody knows whether it makes the calls of the policy.
	Own bool
	// InVPC says that Lambda has to connect the function to a VPC, with its role.
	InVPC bool
}

// connect are the actions with which Lambda connects a function to its VPC. AWS's lists of them differ; these are in all of them.
var connect = iampolicy.Statement{Resources: []string{"*"}, Actions: []string{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"}}

// lack is something that a role may not do.
type lack struct {
	action, target, why, remedy string
	sure                        bool
}

// RolePermissions says what a rotation function would be refused because of its execution role. It makes the requests that the least
// policy allows of the role's own policies. Where the outcome hangs on something that cannot be seen, it says so.
func RolePermissions(r Role, n Need) []Finding {
	lacks := map[Code][]lack{}
	open := map[Code][]string{}
	statements := n.Policy.Statements
	if n.InVPC {
		statements = append(slices.Clone(statements), connect)
	}
	for _, s := range statements {
		for _, resource := range s.Resources {
			if resource != "*" && strings.Contains(resource, "*") {
				continue // Which of the secrets it stands for will be there is not known.
			}
			for _, action := range s.Actions {
				if action == "kms:DescribeKey" {
					continue // AWS lists it, and no function makes the call.
				}
				code := codeOf(action, resource, n)
				for _, context := range n.contexts(s, resource) {
					found, certain := r.judge(action, resource, context, n)
					switch {
					case !certain:
						open[code] = append(open[code], action)
					case found != nil:
						lacks[code] = append(lacks[code], *found)
					}
				}
			}
		}
	}
	var all []Finding
	for _, code := range slices.Sorted(maps.Keys(lacks)) {
		all = append(all, lacking(code, r, n, lacks[code]))
	}
	for _, code := range slices.Sorted(maps.Keys(open)) {
		if lacks[code] == nil {
			all = append(all, New(code, Info,
				fmt.Sprintf("Whether the execution role %s is allowed %s cannot be determined: it hangs on condition keys or policies that cannot be seen from here.", r.ARN, listed(open[code])),
				"Look at the conditions in the role's policies if the rotation fails."))
		}
	}
	return all
}

// codeOf is the code of a call that is refused.
func codeOf(action, resource string, n Need) Code {
	service, _, _ := strings.Cut(action, ":")
	switch {
	case action == "secretsmanager:GetRandomPassword":
		return RoleRandomPassword
	case service == "kms":
		return RoleKMS
	case service == "rds":
		return RoleRDSDescribe
	case service == "ec2":
		return RoleVPC
	case service != "secretsmanager":
		return RoleServiceAccess
	case resource == n.SecretARN || n.readsOnly(resource) == "":
		return RoleSecretAccess
	case action == "secretsmanager:DescribeSecret":
		return SuperuserRDSManagedAccess
	}
	return SuperuserNotReadable
}

// readsOnly returns a secret that the function only reads, as it does superuser secrets, and empty for one that it rotates.
func (n Need) readsOnly(secretARN string) string {
	for _, s := range n.Policy.Statements {
		if slices.Contains(s.Resources, secretARN) && slices.Contains(s.Actions, "secretsmanager:PutSecretValue") {
			return ""
		}
	}
	return secretARN
}

// contexts are the condition keys of the requests that a statement is for: one for each of the secrets that a key is used for.
func (n Need) contexts(s iampolicy.Statement, resource string) []map[string][]string {
	base := map[string][]string{
		"aws:securetransport": {"true"}, "aws:requestedregion": {region(n.FunctionARN)}, "aws:principaltype": {"AssumedRole"},
		"lambda:sourcefunctionarn": {unqualified(n.FunctionARN)},
	}
	if resource == n.SecretARN {
		base["secretsmanager:secretid"] = []string{n.SecretARN}
		base[strings.ToLower(iampolicy.RotatesWithKey)] = []string{n.FunctionARN}
		for key, value := range n.SecretTags {
			base["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
			base["secretsmanager:resourcetag/"+strings.ToLower(key)] = []string{value}
		}
	}
	all := []map[string][]string{base}
	for _, c := range s.Conditions {
		var next []map[string][]string
		for _, context := range all {
			for _, value := range c.Values {
				more := maps.Clone(context)
				more[strings.ToLower(c.Key)] = []string{value}
				next = append(next, more)
			}
		}
		all = next
	}
	return all
}

// known reports whether the value of a condition key, or that there is none, is known for the calls of a function on a resource.
func (n Need) known(resource string) func(key string) bool {
	return func(key string) bool {
		switch key {
		case "aws:sourcearn", "aws:sourceaccount", "aws:multifactorauthpresent":
			return true // Calls of a role have none.
		}
		return strings.HasPrefix(key, "aws:principaltag/") ||
			resource == n.SecretARN && (strings.HasPrefix(key, "aws:resourcetag/") || strings.HasPrefix(key, "secretsmanager:resourcetag/"))
	}
}

// judge makes one request. It returns what is lacking if the request is refused.
func (r Role) judge(action, resource string, context map[string][]string, n Need) (found *lack, certain bool) {
	for key, value := range r.Tags {
		context["aws:principaltag/"+strings.ToLower(key)] = []string{value}
	}
	a, err := arn.ParseRole(r.ARN)
	if err != nil {
		return nil, false
	}
	_, function, _ := strings.Cut(unqualified(n.FunctionARN), ":function:")
	request := iampolicy.Request{
		Principal: iampolicy.Principal{
			ARN: r.ARN, AccountID: a.AccountID,
			SessionARN: "arn:" + a.Partition + ":sts::" + a.AccountID + ":assumed-role/" + a.Name + "/" + function,
		},
		Action: action, Resource: resource, Context: context,
	}
	var identity []iampolicy.Document
	for _, p := range r.Policies {
		if p.Unreadable {
			return nil, false
		}
		identity = append(identity, p.Document)
	}
	policies := iampolicy.Policies{Identity: identity}
	if r.Boundary != nil {
		if r.Boundary.Unreadable {
			return nil, false
		}
		policies.Boundary = &r.Boundary.Document
	}
	guard, read := n.Guards[resource]
	policies.Resource = guard
	determine := func(p iampolicy.Policies) (iampolicy.Decision, bool) {
		return iampolicy.Determine(request, p, n.known(resource))
	}
	decision, certain := determine(policies)
	if decision == iampolicy.Allow || !certain {
		return nil, certain
	}
	target := targetOf(resource, n)
	found = &lack{action: action, target: target, sure: true}
	unbounded := policies
	unbounded.Boundary = nil
	within, _ := determine(unbounded)
	switch {
	case decision == iampolicy.ExplicitDeny:
		found.why, found.remedy = r.denies(request, guard, n), "Except the role from that Deny."
	case within == iampolicy.Allow:
		found.why = fmt.Sprintf("Its permissions boundary %q does not allow it.", r.Boundary.Name)
		found.remedy = "Allow it in the boundary: the boundary limits what every policy of the role can give."
	default:
		found.why = "No policy of the role allows it."
		found.remedy = "Give the role the policy that the data source `rotation_role_policy` computes, or let `rotation_function_access` write one for all secrets of the function."
		if strings.HasPrefix(action, "ec2:") {
			found.remedy = "Attach `AWSLambdaVPCAccessExecutionRole` to the role, or set `vpc_access = true`."
		}
		// A resource's own policy may name the role.
		found.sure = read || !ownPolicy(action, resource)
	}
	return found, true
}

// ownPolicy reports whether what an action is on has a policy of its own, which can allow the role what its own policies do not.
func ownPolicy(action, resource string) bool {
	return resource != "*" && (strings.HasPrefix(action, "secretsmanager:") || strings.HasPrefix(action, "kms:"))
}

// denies says which policy denies a request.
func (r Role) denies(request iampolicy.Request, guard *iampolicy.Document, n Need) string {
	denied := func(p iampolicy.Policies) bool {
		decision, _ := iampolicy.Determine(request, p, n.known(request.Resource))
		return decision == iampolicy.ExplicitDeny
	}
	for _, p := range r.Policies {
		if denied(iampolicy.Policies{Identity: []iampolicy.Document{p.Document}}) {
			return fmt.Sprintf("Its policy %q denies it.", p.Name)
		}
	}
	if guard != nil && denied(iampolicy.Policies{Resource: guard}) {
		return "The resource policy of the secret denies it."
	}
	return fmt.Sprintf("Its permissions boundary %q denies it.", r.Boundary.Name)
}

// targetOf names a resource in a sentence.
func targetOf(resource string, n Need) string {
	switch {
	case resource == "*":
		return ""
	case resource == n.SecretARN:
		return " on the secret"
	}
	return " on " + resource
}

// lacking is one finding of all that a role lacks of a kind.
func lacking(code Code, r Role, n Need, lacks []lack) Finding {
	severity := Error
	var parts, whys, remedies []string
	byTarget := map[string][]string{}
	for _, l := range lacks {
		byTarget[l.target] = append(byTarget[l.target], l.action)
		whys, remedies = append(whys, l.why), append(remedies, l.remedy)
		if !l.sure || n.Own {
			severity = Warning
		}
	}
	for _, target := range slices.Sorted(maps.Keys(byTarget)) {
		parts = append(parts, listed(byTarget[target])+target)
	}
	detail := fmt.Sprintf("The execution role %s is not allowed %s. %s", r.ARN, strings.Join(parts, ", nor "), strings.Join(unique(whys), " "))
	remedy := strings.Join(unique(remedies), " ")
	if severity == Warning && n.Own {
		remedy += " Ignore this if your function does without."
	} else if severity == Warning {
		detail += " The policy of the secret or key itself may allow it, which was not looked at."
	}
	return New(code, severity, detail, remedy)
}

// listed writes actions one after the other, each once.
func listed(actions []string) string {
	actions = unique(actions)
	for i := range actions {
		actions[i] = "`" + actions[i] + "`"
	}
	if n := len(actions); n > 1 {
		return strings.Join(actions[:n-1], ", ") + " and " + actions[n-1]
	}
	return strings.Join(actions, "")
}

// unique returns texts without repetitions, in their order.
func unique(texts []string) []string {
	var once []string
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

func region(functionARN string) string {
	a, _ := arn.ParseFunction(functionARN)
	return a.Region
}

func unqualified(functionARN string) string {
	a, err := arn.ParseFunction(functionARN)
	if err != nil {
		return functionARN
	}
	return a.Unqualified().String()
}
