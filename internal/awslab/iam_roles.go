package awslab

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Roles follow https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html.

var iamPathPattern = regexp.MustCompile(`^/([\x21-\x7e]+/)?$`)

func (s *iamState) createRole(c *call) (any, error) {
	name, path := c.form.Get("RoleName"), c.form.Get("Path")
	if err := checkIAMName("roleName", name, 1, 64); err != nil {
		return nil, err
	}
	if path == "" {
		path = "/"
	}
	if len(path) > 512 || !iamPathPattern.MatchString(path) {
		return nil, invalidIAM("path", "Member must begin and end with / and contain only printable characters")
	}
	maxSession, err := maxSessionOf(c.form, time.Hour)
	if err != nil {
		return nil, err
	}
	tags, err := formTags(c.form)
	if err != nil {
		return nil, err
	}
	role := &identity{
		name: name, path: path, id: newID("AROA", 17), arn: s.arn("role" + path + name), description: c.form.Get("Description"),
		created: s.now(), tags: tags, inline: map[string]policyText{}, maxSession: maxSession, boundary: c.form.Get("PermissionsBoundary"),
	}
	if len(role.description) > 1000 {
		return nil, invalidIAM("description", "Member must have length less than or equal to 1000")
	}
	context := withRequestTags(tags, boundaryContext(role.boundary))
	if err := c.may("iam:CreateRole", role.arn, context, nil); err != nil {
		return nil, err
	}
	if len(tags) > 0 {
		if err := c.may("iam:TagRole", role.arn, context, nil); err != nil {
			return nil, err
		}
	}
	if role.trust, err = s.readTrust(c.form.Get("AssumeRolePolicyDocument")); err != nil {
		return nil, err
	}
	if role.boundary != "" && s.policies[role.boundary] == nil {
		return nil, noSuchPolicy(role.boundary)
	}
	if s.roles[name] != nil {
		return nil, errorf("EntityAlreadyExists", "Role with name %s already exists.", name).withStatus(http.StatusConflict)
	}
	s.roles[name] = role
	return []xmlElement{renderRole(role)}, nil
}

// role finds the role of a call that its caller may do to the role.
func (s *iamState) role(c *call, context map[string][]string) (*identity, error) {
	name := c.form.Get("RoleName")
	if err := checkIAMName("roleName", name, 1, 64); err != nil {
		return nil, err
	}
	role, arn := s.roles[name], s.arn("role/"+name)
	if role != nil {
		arn = role.arn
		given := context
		context = role.resourceTags()
		maps.Copy(context, given)
		if role.boundary != "" && context["iam:PermissionsBoundary"] == nil {
			context["iam:PermissionsBoundary"] = []string{role.boundary}
		}
	}
	if err := c.may("iam:"+c.operation, arn, context, nil); err != nil {
		return nil, err
	}
	if role == nil {
		return nil, errorf("NoSuchEntity", "The role with name %s cannot be found.", name).withStatus(http.StatusNotFound)
	}
	return role, nil
}

func boundaryContext(boundary string) map[string][]string {
	if boundary == "" {
		return nil
	}
	return map[string][]string{"iam:PermissionsBoundary": {boundary}}
}

func (s *iamState) getRole(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	return []xmlElement{renderRole(role)}, nil
}

func (s *iamState) updateRole(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	maxSession, err := maxSessionOf(c.form, role.maxSession)
	if err != nil {
		return nil, err
	}
	if len(c.form.Get("Description")) > 1000 {
		return nil, invalidIAM("description", "Member must have length less than or equal to 1000")
	}
	role.maxSession = maxSession
	if c.form.Has("Description") {
		role.description = c.form.Get("Description")
	}
	if c.operation == "UpdateRoleDescription" {
		return []xmlElement{renderRole(role)}, nil
	}
	return nil, nil
}

func (s *iamState) updateAssumeRolePolicy(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	trust, err := s.readTrust(c.form.Get("PolicyDocument"))
	if err != nil {
		return nil, err
	}
	role.trust = trust
	return nil, nil
}

func (s *iamState) deleteRole(c *call) (any, error) {
	role, err := s.role(c, nil)
	switch {
	case err != nil:
		return nil, err
	case len(role.inline) > 0:
		return nil, errorf("DeleteConflict", "Cannot delete entity, must delete policies first.").withStatus(http.StatusConflict)
	case len(role.attached) > 0:
		return nil, errorf("DeleteConflict", "Cannot delete entity, must detach all policies first.").withStatus(http.StatusConflict)
	}
	role.deleted = true
	delete(s.roles, role.name)
	return nil, nil
}

func (s *iamState) listRoles(c *call) (any, error) {
	prefix := c.form.Get("PathPrefix")
	if prefix == "" {
		prefix = "/"
	}
	if err := c.may("iam:ListRoles", s.arn("role"+prefix), nil, nil); err != nil {
		return nil, err
	}
	var roles []*identity
	for _, name := range slices.Sorted(maps.Keys(s.roles)) {
		if strings.HasPrefix(s.roles[name].path, prefix) {
			roles = append(roles, s.roles[name])
		}
	}
	return iamPage(c, "Roles", roles, renderRole)
}

func (s *iamState) tagRole(c *call) (any, error) {
	tags, err := formTags(c.form)
	if err != nil {
		return nil, err
	}
	role, err := s.role(c, withRequestTags(tags, nil))
	if err != nil {
		return nil, err
	}
	all := maps.Clone(role.tags)
	maps.Copy(all, tags)
	if len(all) > 50 {
		return nil, errorf("LimitExceeded", "The number of tags has reached the maximum limit.").withStatus(http.StatusConflict)
	}
	role.tags = all
	return nil, nil
}

func (s *iamState) untagRole(c *call) (any, error) {
	keys := formList(c.form, "TagKeys")
	role, err := s.role(c, map[string][]string{"aws:TagKeys": keys})
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		delete(role.tags, key)
	}
	return nil, nil
}

func (s *iamState) listRoleTags(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	return iamPage(c, "Tags", slices.Sorted(maps.Keys(role.tags)), func(key string) xmlElement { return renderTag(key, role.tags[key]) })
}

func (s *iamState) putRolePermissionsBoundary(c *call) (any, error) {
	boundary := c.form.Get("PermissionsBoundary")
	role, err := s.role(c, boundaryContext(boundary))
	if err != nil {
		return nil, err
	}
	if s.policies[boundary] == nil {
		return nil, noSuchPolicy(boundary)
	}
	s.replace(role)
	role.boundary = boundary
	return nil, nil
}

func (s *iamState) deleteRolePermissionsBoundary(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	s.replace(role)
	role.boundary = ""
	return nil, nil
}

// listInstanceProfilesForRole always finds none: there is no EC2 here. It
// exists because clients look before they delete a role.
func (s *iamState) listInstanceProfilesForRole(c *call) (any, error) {
	if _, err := s.role(c, nil); err != nil {
		return nil, err
	}
	return iamPage(c, "InstanceProfiles", []string(nil), func(string) xmlElement { return xmlElement{} })
}

func maxSessionOf(form url.Values, otherwise time.Duration) (time.Duration, error) {
	given := form.Get("MaxSessionDuration")
	if given == "" {
		return otherwise, nil
	}
	seconds, err := strconv.Atoi(given)
	if err != nil || seconds < 3600 || seconds > 43200 {
		return 0, invalidIAM("maxSessionDuration", "Member must have value between 3600 and 43200")
	}
	return time.Duration(seconds) * time.Second, nil
}

// readTrust reads a trust policy. A principal that names a user or role of this
// account must exist, as in AWS, which stores its unique ID.
func (s *iamState) readTrust(document string) (policyText, error) {
	trust, err := readPolicy(document, trustPolicy)
	if err != nil {
		return policyText{}, err
	}
	for _, statement := range trust.document.Statements {
		for _, principal := range statement.Principals["AWS"] {
			if !s.knows(principal) {
				return policyText{}, errorf("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"%s"`, principal)
			}
		}
	}
	return trust, nil
}

// knows tells whether a principal of a policy can exist: those of other
// accounts are taken on trust.
func (s *iamState) knows(principal string) bool {
	resource, ours := strings.CutPrefix(principal, s.arn(""))
	if !ours {
		return true
	}
	name := resource[strings.LastIndexByte(resource, '/')+1:]
	switch {
	case strings.HasPrefix(resource, "role/"):
		return s.roles[name] != nil && s.roles[name].arn == principal
	case strings.HasPrefix(resource, "user/"):
		return s.users[name] != nil && s.users[name].arn == principal
	}
	return resource == "root"
}

func renderRole(r *identity) xmlElement {
	role := xmlElement{Name: "Role", Children: []xmlElement{
		text("Path", r.path),
		text("RoleName", r.name),
		text("RoleId", r.id),
		text("Arn", r.arn),
		text("CreateDate", iamTime(r.created)),
		text("AssumeRolePolicyDocument", encodePolicy(r.trust.text)),
		text("MaxSessionDuration", strconv.Itoa(int(r.maxSession.Seconds()))),
	}}
	if r.description != "" {
		role.Children = append(role.Children, text("Description", r.description))
	}
	if r.boundary != "" {
		role.Children = append(role.Children, xmlElement{Name: "PermissionsBoundary", Children: []xmlElement{
			text("PermissionsBoundaryType", "Policy"), text("PermissionsBoundaryArn", r.boundary),
		}})
	}
	used := xmlElement{Name: "RoleLastUsed"}
	if !r.lastUsed.IsZero() {
		used.Children = []xmlElement{text("LastUsedDate", iamTime(r.lastUsed)), text("Region", r.lastRegion)}
	}
	role.Children = append(role.Children, used)
	if len(r.tags) > 0 {
		tags := make([]xmlElement, 0, len(r.tags))
		for _, key := range slices.Sorted(maps.Keys(r.tags)) {
			tags = append(tags, renderTag(key, r.tags[key]))
		}
		role.Children = append(role.Children, members("Tags", tags...))
	}
	return role
}

func renderTag(key, value string) xmlElement {
	return xmlElement{Children: []xmlElement{text("Key", key), text("Value", value)}}
}

// encodePolicy writes a document as IAM returns it: percent-encoded by RFC 3986.
func encodePolicy(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

// policyKind is where a document is going to be used, which decides which
// elements it must have.
type policyKind int

const (
	identityPolicy policyKind = iota
	trustPolicy
)

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

// readPolicy checks a document as IAM does before it stores it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html.
func readPolicy(document string, kind policyKind) (policyText, error) {
	if document == "" || len(document) > 131072 {
		return policyText{}, invalidIAM("policyDocument", "Member must have length between 1 and 131072")
	}
	malformed := func(message string) (policyText, error) {
		return policyText{}, errorf("MalformedPolicyDocument", "%s", message)
	}
	parsed, err := iampolicy.Parse(document)
	if err != nil {
		return malformed("Syntax errors in policy.")
	}
	if len(parsed.Statements) == 0 {
		return malformed("Policy document must contain at least one statement.")
	}
	sids := map[string]bool{}
	for _, statement := range parsed.Statements {
		principal := statement.Principals != nil || statement.NotPrincipals != nil
		resource := statement.Resources != nil || statement.NotResources != nil
		switch {
		case !sidPattern.MatchString(statement.Sid):
			return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		case statement.Sid != "" && sids[statement.Sid]:
			return malformed("Statement IDs (SID) in a single policy must be unique.")
		case len(statement.Actions)+len(statement.NotActions) == 0:
			return malformed("Policy statement must contain actions.")
		case kind == identityPolicy && principal:
			return malformed("Policy document should not specify a principal.")
		case kind == identityPolicy && len(statement.Resources)+len(statement.NotResources) == 0:
			return malformed("Policy statement must contain resources.")
		case kind == trustPolicy && resource:
			return malformed("Has prohibited field Resource")
		case kind == trustPolicy && !principal:
			return malformed("Missing required field Principal")
		}
		sids[statement.Sid] = true
		for _, action := range slices.Concat(statement.Actions, statement.NotActions) {
			if action != "*" && !strings.Contains(action, ":") {
				return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
		}
		for _, resource := range slices.Concat(statement.Resources, statement.NotResources) {
			if resource != "*" && !strings.HasPrefix(resource, "arn:") && !strings.HasPrefix(resource, "*:") {
				return malformed("Resource " + resource + ` must be in ARN format or "*".`)
			}
		}
	}
	return policyText{document, parsed}, nil
}
