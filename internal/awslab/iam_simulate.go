package awslab

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// simulation is a request to SimulatePrincipalPolicy: what a user or role could
// do to each of the resources, by their own policies and their boundary.
type simulation struct {
	source    *identity
	policies  iampolicy.Policies
	resources []string
	context   map[string][]string
}

// notSimulated are the parameters that would bring in other policies, or leave
// some out.
var notSimulated = []string{
	"CallerArn", "PermissionsBoundaryPolicyInputList", "PolicyExclusionList", "PolicyInputList", "ResourceHandlingOption", "ResourceOwner", "ResourcePolicy",
}

// simulatePrincipalPolicy follows
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
// and https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html:
// there is one result for each action, with the most restrictive decision of all
// resources, and in it one for each resource that the request names. The
// simulator reads the policies as IAM shows them, not as they are in force yet.
//
// A condition key has no value unless the request gives it or it follows from
// the user or role. The matched statements are left out.
func (s *iamState) simulatePrincipalPolicy(c *call) (any, error) {
	source, err := s.policySource(c)
	if err != nil {
		return nil, err
	}
	for parameter := range c.form {
		if name, _, _ := strings.Cut(parameter, "."); slices.Contains(notSimulated, name) {
			return nil, errorf("InvalidInput", "awslab does not simulate with %s.", name)
		}
	}
	actions := formList(c.form, "ActionNames")
	if len(actions) == 0 {
		return nil, invalidIAM("actionNames", "Member must not be null")
	}
	for _, action := range actions {
		if service, name, _ := strings.Cut(action, ":"); service == "" || name == "" || strings.ContainsAny(action, "*?") {
			return nil, errorf("InvalidInput", "Invalid Action: %s", action)
		}
	}
	shown := s.policiesOf(source)
	what := simulation{
		source: source, policies: iampolicy.Policies{Identity: shown.identity, Boundary: shown.boundary},
		resources: formList(c.form, "ResourceArns"), context: contextEntries(c.form),
	}
	if len(what.resources) == 0 {
		what.resources = []string{"*"}
	}
	return iamPage(c, "EvaluationResults", actions, what.result)
}

// policySource finds the user or role whose policies a call simulates, once its
// caller may do that.
func (s *iamState) policySource(c *call) (*identity, error) {
	arn := c.form.Get("PolicySourceArn")
	resource, ours := strings.CutPrefix(arn, s.arn(""))
	kind, path, _ := strings.Cut(resource, "/")
	if !ours || path == "" || kind != "user" && kind != "role" {
		return nil, errorf("InvalidInput", "Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	name, all := path[strings.LastIndexByte(path, '/')+1:], s.users
	if kind == "role" {
		all = s.roles
	}
	source := all[name]
	if source != nil && (source.arn != arn || source.deleted) {
		source = nil
	}
	var context map[string][]string
	if source != nil {
		context = source.resourceTags()
	}
	if err := c.may("iam:SimulatePrincipalPolicy", arn, context, nil); err != nil {
		return nil, err
	}
	if source == nil {
		return nil, errorf("NoSuchEntity", "The %s with name %s cannot be found.", kind, name).withStatus(http.StatusNotFound)
	}
	return source, nil
}

// contextEntries reads the condition keys of a simulation.
func contextEntries(form url.Values) map[string][]string {
	context := map[string][]string{}
	for i := 1; form.Has(fmt.Sprintf("ContextEntries.member.%d.ContextKeyName", i)); i++ {
		entry := fmt.Sprintf("ContextEntries.member.%d.", i)
		context[form.Get(entry+"ContextKeyName")] = formList(form, entry+"ContextKeyValues")
	}
	return context
}

// verdict is the outcome for an action, or for an action on one resource.
type verdict struct {
	decision iampolicy.Decision
	missing  []string // condition keys without a value that could matter
	bounded  bool     // the boundary allows it
}

// severity orders decisions from the least restrictive to the most.
var severity = []iampolicy.Decision{iampolicy.Allow, iampolicy.ImplicitDeny, iampolicy.ExplicitDeny}

func (s simulation) result(action string) xmlElement {
	total := verdict{decision: iampolicy.Allow, bounded: true}
	var each []xmlElement
	for _, resource := range s.resources {
		v := s.judge(action, resource)
		total.add(v)
		if resource != "*" {
			each = append(each, xmlElement{Children: append([]xmlElement{text("EvalResourceName", resource), text("EvalResourceDecision", v.decision.String())}, s.render(v)...)})
		}
	}
	result := append([]xmlElement{
		text("EvalActionName", action), text("EvalResourceName", resourceTemplate(action)), text("EvalDecision", total.decision.String()),
	}, s.render(total)...)
	return xmlElement{Children: append(result, members("ResourceSpecificResults", each...))}
}

func (v *verdict) add(other verdict) {
	if slices.Index(severity, other.decision) > slices.Index(severity, v.decision) {
		v.decision = other.decision
	}
	v.bounded = v.bounded && other.bounded
	v.missing = slices.Concat(v.missing, other.missing)
	slices.Sort(v.missing)
	v.missing = slices.Compact(v.missing)
}

func (s simulation) render(v verdict) []xmlElement {
	var missing []xmlElement
	for _, key := range v.missing {
		missing = append(missing, text("member", key))
	}
	elements := []xmlElement{members("MissingContextValues", missing...)}
	if s.policies.Boundary != nil {
		elements = append(elements, xmlElement{Name: "PermissionsBoundaryDecisionDetail", Children: []xmlElement{text("AllowedByPermissionsBoundary", strconv.FormatBool(v.bounded))}})
	}
	return elements
}

func (s simulation) judge(action, resource string) verdict {
	request := iampolicy.Request{
		Principal: iampolicy.Principal{ARN: s.source.arn, AccountID: accountOf(s.source.arn)},
		Action:    action, Resource: resource, Context: s.context,
	}
	v := verdict{decision: iampolicy.Evaluate(request, s.policies), bounded: true}
	if s.policies.Boundary != nil {
		v.bounded = iampolicy.Evaluate(request, iampolicy.Policies{Identity: []iampolicy.Document{*s.policies.Boundary}}) == iampolicy.Allow
	}
	missing := map[string]bool{}
	iampolicy.Determine(request, s.policies, func(key string) bool {
		missing[key] = true
		return false
	})
	spelled := s.spellings()
	for key := range missing {
		if as := spelled[key]; as != "" {
			key = as
		}
		v.missing = append(v.missing, key)
	}
	slices.Sort(v.missing)
	return v
}

// spellings has the condition keys of the policies as these spell them, by their
// lower case.
func (s simulation) spellings() map[string]string {
	spelled := map[string]string{}
	documents := slices.Clone(s.policies.Identity)
	if s.policies.Boundary != nil {
		documents = append(documents, *s.policies.Boundary)
	}
	for _, document := range documents {
		for _, statement := range document.Statements {
			for _, condition := range statement.Conditions {
				spelled[strings.ToLower(condition.Key)] = condition.Key
			}
		}
	}
	return spelled
}

// resourceTemplates are the ARNs that most actions of a service are about, and
// withoutResource those actions that are about no resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
var (
	resourceTemplates = map[string]string{
		"iam":            "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",
		"kms":            "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}",
		"lambda":         "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}",
		"secretsmanager": "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:${SecretId}",
	}
	withoutResource = []string{"secretsmanager:GetRandomPassword", "secretsmanager:ListSecrets", "secretsmanager:BatchGetSecretValue", "lambda:ListFunctions", "kms:ListKeys", "kms:CreateKey"}
)

// resourceTemplate is what a result says of the kind of resource. It is never
// an ARN of the request.
func resourceTemplate(action string) string {
	service, _, _ := strings.Cut(action, ":")
	template := resourceTemplates[strings.ToLower(service)]
	if template == "" || slices.ContainsFunc(withoutResource, func(a string) bool { return strings.EqualFold(a, action) }) {
		return "*"
	}
	return template
}

// resourceTags are the condition keys of the tags of a user or role.
func (i *identity) resourceTags() map[string][]string {
	context := map[string][]string{}
	for key, value := range i.tags {
		context["aws:ResourceTag/"+key] = []string{value}
		context["iam:ResourceTag/"+key] = []string{value}
	}
	return context
}

// accountOf is the account in an ARN, empty if there is none: AWS's own policies
// have aws in its place.
func accountOf(resource string) string {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) < 6 || !accountPattern.MatchString(parts[4]) {
		return ""
	}
	return parts[4]
}
