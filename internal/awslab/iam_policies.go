package awslab

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Quotas of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
const (
	managedPolicyCharacters = 6144
	managedPoliciesPerRole  = 10
	versionsPerPolicy       = 5
)

// managedPolicy is a managed policy with its versions, oldest first.
type managedPolicy struct {
	name, path, id, arn, description string

	created, updated time.Time
	tags             map[string]string
	versions         []policyVersion
	serial           int // number of the newest version ever
	standard         int // number of the default version
}

type policyVersion struct {
	policyText

	number  int
	created time.Time
}

func (p *managedPolicy) version(number int) *policyVersion {
	i := slices.IndexFunc(p.versions, func(v policyVersion) bool { return v.number == number })
	if i < 0 {
		return nil
	}
	return &p.versions[i]
}

// current is the default version, which is the one in force.
func (p *managedPolicy) current() *policyVersion { return p.version(p.standard) }

const administratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"

// awsManagedPolicies are the policies of AWS that rotation functions and their
// users attach, as far as this lab has the services.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html.
func awsManagedPolicies(now time.Time) map[string]*managedPolicy {
	const logs = `"logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"`
	policies := map[string]*managedPolicy{}
	for _, p := range []struct{ path, name, actions string }{
		{"/", "AdministratorAccess", `"*"`},
		{"/service-role/", "AWSLambdaBasicExecutionRole", logs},
		{"/service-role/", "AWSLambdaVPCAccessExecutionRole", logs +
			`,"ec2:CreateNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface"` +
			`,"ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"`},
		{"/", "AmazonRDSReadOnlyAccess", `"rds:Describe*","rds:ListTagsForResource","ec2:DescribeAccountAttributes",` +
			`"ec2:DescribeAvailabilityZones","ec2:DescribeInternetGateways","ec2:DescribeSecurityGroups","ec2:DescribeSubnets",` +
			`"ec2:DescribeVpcAttribute","ec2:DescribeVpcs","cloudwatch:GetMetricStatistics","cloudwatch:ListMetrics",` +
			`"cloudwatch:GetMetricData","logs:DescribeLogStreams","logs:GetLogEvents","devops-guru:GetResourceCollection"`},
	} {
		document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + p.actions + `],"Resource":"*"}]}`
		parsed, err := iampolicy.Parse(document)
		if err != nil {
			panic("awslab: the policy " + p.name + ": " + err.Error())
		}
		arn := "arn:aws:iam::aws:policy" + p.path + p.name
		policies[arn] = &managedPolicy{
			name: p.name, path: p.path, id: newID("ANPA", 17), arn: arn, created: now, updated: now,
			versions: []policyVersion{{policyText{document, parsed}, 1, now}}, serial: 1, standard: 1,
		}
	}
	return policies
}

func (s *iamState) putRolePolicy(c *call) (any, error) {
	name, document := c.form.Get("PolicyName"), c.form.Get("PolicyDocument")
	if err := checkIAMName("policyName", name, 1, 128); err != nil {
		return nil, err
	}
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	policy, err := readPolicy(document, identityPolicy)
	if err != nil {
		return nil, err
	}
	total := iampolicy.Size(document)
	for other, p := range role.inline {
		if other != name {
			total += iampolicy.Size(p.text)
		}
	}
	if total > iampolicy.MaxRolePolicyCharacters {
		return nil, errorf("LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", iampolicy.MaxRolePolicyCharacters, role.name).withStatus(http.StatusConflict)
	}
	s.replace(role)
	role.inline[name] = policy
	return nil, nil
}

// inlinePolicy finds the role and its inline policy of a call.
func (s *iamState) inlinePolicy(c *call) (*identity, string, error) {
	name := c.form.Get("PolicyName")
	if err := checkIAMName("policyName", name, 1, 128); err != nil {
		return nil, "", err
	}
	role, err := s.role(c, nil)
	if err != nil {
		return nil, "", err
	}
	if _, ok := role.inline[name]; !ok {
		return nil, "", errorf("NoSuchEntity", "The role policy with name %s cannot be found.", name).withStatus(http.StatusNotFound)
	}
	return role, name, nil
}

func (s *iamState) getRolePolicy(c *call) (any, error) {
	role, name, err := s.inlinePolicy(c)
	if err != nil {
		return nil, err
	}
	return []xmlElement{
		text("RoleName", role.name), text("PolicyName", name), text("PolicyDocument", encodePolicy(role.inline[name].text)),
	}, nil
}

func (s *iamState) deleteRolePolicy(c *call) (any, error) {
	role, name, err := s.inlinePolicy(c)
	if err != nil {
		return nil, err
	}
	s.replace(role)
	delete(role.inline, name)
	return nil, nil
}

func (s *iamState) listRolePolicies(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	return iamPage(c, "PolicyNames", slices.Sorted(maps.Keys(role.inline)), func(name string) xmlElement { return text("member", name) })
}

func (s *iamState) attachRolePolicy(c *call) (any, error) {
	arn := c.form.Get("PolicyArn")
	role, err := s.role(c, map[string][]string{"iam:PolicyARN": {arn}})
	switch {
	case err != nil:
		return nil, err
	case s.policies[arn] == nil:
		return nil, noSuchPolicy(arn)
	case slices.Contains(role.attached, arn):
		return nil, nil
	case len(role.attached) == managedPoliciesPerRole:
		return nil, errorf("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", managedPoliciesPerRole).withStatus(http.StatusConflict)
	}
	s.replace(role)
	role.attached = append(role.attached, arn)
	return nil, nil
}

func (s *iamState) detachRolePolicy(c *call) (any, error) {
	arn := c.form.Get("PolicyArn")
	role, err := s.role(c, map[string][]string{"iam:PolicyARN": {arn}})
	if err != nil {
		return nil, err
	}
	i := slices.Index(role.attached, arn)
	if i < 0 {
		return nil, errorf("NoSuchEntity", "Policy %s was not found.", arn).withStatus(http.StatusNotFound)
	}
	s.replace(role)
	role.attached = slices.Delete(role.attached, i, i+1)
	return nil, nil
}

func (s *iamState) listAttachedRolePolicies(c *call) (any, error) {
	role, err := s.role(c, nil)
	if err != nil {
		return nil, err
	}
	return iamPage(c, "AttachedPolicies", role.attached, func(arn string) xmlElement {
		return xmlElement{Children: []xmlElement{text("PolicyName", s.policies[arn].name), text("PolicyArn", arn)}}
	})
}

var managedPathPattern = regexp.MustCompile(`^(/[A-Za-z0-9.,+@=_-]+)*/$`)

func (s *iamState) createPolicy(c *call) (any, error) {
	name, path, document := c.form.Get("PolicyName"), c.form.Get("Path"), c.form.Get("PolicyDocument")
	if err := checkIAMName("policyName", name, 1, 128); err != nil {
		return nil, err
	}
	if path == "" {
		path = "/"
	}
	if len(path) > 512 || !managedPathPattern.MatchString(path) {
		return nil, invalidIAM("path", "Member must satisfy regular expression pattern: ((/[A-Za-z0-9\\.,\\+@=_-]+)*)/")
	}
	tags, err := formTags(c.form)
	if err != nil {
		return nil, err
	}
	arn := s.arn("policy" + path + name)
	if err := c.may("iam:CreatePolicy", arn, withRequestTags(tags, nil), nil); err != nil {
		return nil, err
	}
	policy, err := readManagedPolicy(document)
	if err != nil {
		return nil, err
	}
	for _, p := range s.policies {
		if p.name == name && p.arn == s.arn("policy"+p.path+name) {
			return nil, errorf("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name).withStatus(http.StatusConflict)
		}
	}
	now := s.now()
	p := &managedPolicy{
		name: name, path: path, id: newID("ANPA", 17), arn: arn, description: c.form.Get("Description"), created: now, updated: now, tags: tags,
		versions: []policyVersion{{policy, 1, now}}, serial: 1, standard: 1,
	}
	s.policies[arn] = p
	return []xmlElement{s.renderPolicy(p)}, nil
}

func readManagedPolicy(document string) (policyText, error) {
	policy, err := readPolicy(document, identityPolicy)
	if err == nil && iampolicy.Size(document) > managedPolicyCharacters {
		err = errorf("LimitExceeded", "Cannot exceed quota for PolicySize: %d", managedPolicyCharacters).withStatus(http.StatusConflict)
	}
	return policy, err
}

// managed finds the managed policy of a call that its caller may do to it.
func (s *iamState) managed(c *call) (*managedPolicy, error) {
	arn := c.form.Get("PolicyArn")
	if len(arn) < 20 {
		return nil, invalidIAM("policyArn", "Member must have length greater than or equal to 20")
	}
	if err := c.may("iam:"+c.operation, arn, nil, nil); err != nil {
		return nil, err
	}
	p := s.policies[arn]
	if p == nil {
		return nil, errorf("NoSuchEntity", "Policy %s was not found.", arn).withStatus(http.StatusNotFound)
	}
	return p, nil
}

// ownPolicy is managed for changes, which AWS's own policies do not take.
func (s *iamState) ownPolicy(c *call) (*managedPolicy, error) {
	p, err := s.managed(c)
	if err == nil && p.arn != s.arn("policy"+p.path+p.name) {
		return nil, c.refuse("AccessDeniedException", "AccessDenied", "The policy "+p.arn+" is owned by AWS and can't be changed.")
	}
	return p, err
}

func noSuchPolicy(arn string) *apiError {
	return errorf("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn).withStatus(http.StatusNotFound)
}

func (s *iamState) getPolicy(c *call) (any, error) {
	p, err := s.managed(c)
	if err != nil {
		return nil, err
	}
	return []xmlElement{s.renderPolicy(p)}, nil
}

func (s *iamState) deletePolicy(c *call) (any, error) {
	p, err := s.ownPolicy(c)
	switch {
	case err != nil:
		return nil, err
	case s.uses(p.arn)+s.bounds(p.arn) > 0:
		return nil, errorf("DeleteConflict", "Cannot delete a policy attached to entities.").withStatus(http.StatusConflict)
	case len(p.versions) > 1:
		return nil, errorf("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.").withStatus(http.StatusConflict)
	}
	delete(s.policies, p.arn)
	return nil, nil
}

func (s *iamState) createPolicyVersion(c *call) (any, error) {
	p, err := s.ownPolicy(c)
	if err != nil {
		return nil, err
	}
	policy, err := readManagedPolicy(c.form.Get("PolicyDocument"))
	if err != nil {
		return nil, err
	}
	if len(p.versions) == versionsPerPolicy {
		return nil, errorf("LimitExceeded", "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", versionsPerPolicy).withStatus(http.StatusConflict)
	}
	p.serial++
	p.updated = s.now()
	p.versions = append(p.versions, policyVersion{policy, p.serial, p.updated})
	if c.form.Get("SetAsDefault") == "true" {
		for _, i := range s.holders(p.arn) {
			s.replace(i)
		}
		p.standard = p.serial
	}
	return []xmlElement{renderPolicyVersion(p, p.version(p.serial))}, nil
}

// policyVersionOf finds the version that a call names.
func policyVersionOf(c *call, p *managedPolicy) (*policyVersion, error) {
	var number int
	if _, err := fmt.Sscanf(c.form.Get("VersionId"), "v%d", &number); err == nil {
		if v := p.version(number); v != nil {
			return v, nil
		}
	}
	return nil, errorf("NoSuchEntity", "Policy %s version %s does not exist or is not attachable.", p.arn, c.form.Get("VersionId")).withStatus(http.StatusNotFound)
}

func (s *iamState) getPolicyVersion(c *call) (any, error) {
	p, err := s.managed(c)
	if err != nil {
		return nil, err
	}
	v, err := policyVersionOf(c, p)
	if err != nil {
		return nil, err
	}
	return []xmlElement{renderPolicyVersion(p, v)}, nil
}

func (s *iamState) listPolicyVersions(c *call) (any, error) {
	p, err := s.managed(c)
	if err != nil {
		return nil, err
	}
	newestFirst := slices.Clone(p.versions)
	slices.Reverse(newestFirst)
	return iamPage(c, "Versions", newestFirst, func(v policyVersion) xmlElement { return renderPolicyVersion(p, &v) })
}

func (s *iamState) deletePolicyVersion(c *call) (any, error) {
	p, err := s.ownPolicy(c)
	if err != nil {
		return nil, err
	}
	v, err := policyVersionOf(c, p)
	if err != nil {
		return nil, err
	}
	if v.number == p.standard {
		return nil, errorf("DeleteConflict", "Cannot delete the default version of a policy.").withStatus(http.StatusConflict)
	}
	number := v.number
	p.versions = slices.DeleteFunc(p.versions, func(v policyVersion) bool { return v.number == number })
	return nil, nil
}

// holders lists the users and roles that a managed policy is attached to or is
// the permissions boundary of.
func (s *iamState) holders(arn string) []*identity {
	var holders []*identity
	for _, all := range []map[string]*identity{s.users, s.roles} {
		for _, i := range all {
			if slices.Contains(i.attached, arn) || i.boundary == arn {
				holders = append(holders, i)
			}
		}
	}
	return holders
}

// uses counts the users and roles that a managed policy is attached to.
func (s *iamState) uses(arn string) int {
	return len(slices.DeleteFunc(s.holders(arn), func(i *identity) bool { return !slices.Contains(i.attached, arn) }))
}

// bounds counts the roles whose permissions boundary a managed policy is.
func (s *iamState) bounds(arn string) int {
	return len(slices.DeleteFunc(s.holders(arn), func(i *identity) bool { return i.boundary != arn }))
}

func (s *iamState) renderPolicy(p *managedPolicy) xmlElement {
	policy := xmlElement{Name: "Policy", Children: []xmlElement{
		text("PolicyName", p.name),
		text("PolicyId", p.id),
		text("Arn", p.arn),
		text("Path", p.path),
		text("DefaultVersionId", "v"+strconv.Itoa(p.standard)),
		text("AttachmentCount", strconv.Itoa(s.uses(p.arn))),
		text("PermissionsBoundaryUsageCount", strconv.Itoa(s.bounds(p.arn))),
		text("IsAttachable", "true"),
		text("CreateDate", iamTime(p.created)),
		text("UpdateDate", iamTime(p.updated)),
	}}
	if p.description != "" {
		policy.Children = append(policy.Children, text("Description", p.description))
	}
	var tags []xmlElement
	for _, key := range slices.Sorted(maps.Keys(p.tags)) {
		tags = append(tags, renderTag(key, p.tags[key]))
	}
	policy.Children = append(policy.Children, members("Tags", tags...))
	return policy
}

func renderPolicyVersion(p *managedPolicy, v *policyVersion) xmlElement {
	return xmlElement{Name: "PolicyVersion", Children: []xmlElement{
		text("Document", encodePolicy(v.text)),
		text("VersionId", "v"+strconv.Itoa(v.number)),
		text("IsDefaultVersion", strconv.FormatBool(v.number == p.standard)),
		text("CreateDate", iamTime(v.created)),
	}}
}
