package awslab

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// iamState is IAM of the account: who there is, what they may do and with which
// keys they call. It is global, as IAM is.
type iamState struct {
	account  string
	now      func() time.Time
	delay    time.Duration // as Options.IAMDelay
	users    map[string]*identity
	roles    map[string]*identity
	policies map[string]*managedPolicy // by ARN
	keys     map[string]*credential    // by access key ID
}

// identity is a user or a role.
type identity struct {
	name, path, id, arn, description string

	created  time.Time
	tags     map[string]string
	inline   map[string]policyText
	attached []string // ARNs of managed policies, in the order of attachment
	boundary string   // ARN of a managed policy, or empty
	replaced []replaced
	deleted  bool // its credentials are worth nothing any more

	// Only roles have these.
	trust      policyText
	maxSession time.Duration
	lastUsed   time.Time
	lastRegion string
}

// policyText is a policy document as it was given, and what it says.
type policyText struct {
	text     string
	document iampolicy.Document
}

// credential is an access key of a user, or the key of a role session.
type credential struct {
	aws.Credentials

	identity *identity
	arn, id  string // of the user, or of the session
	session  bool
	// narrowed tells that the session has policies, which limit it further.
	narrowed bool
	policies []iampolicy.Document
	// through are the VPC endpoints by which a function's session reaches
	// services; it reaches the others otherwise.
	through map[string]*vpcEndpoint
}

// caller is the principal of a call.
type caller struct {
	arn        string
	credential *credential // nil for unknown credentials
}

func newIAMState(l *Lab) *iamState {
	s := &iamState{
		account:  l.options.AccountID,
		now:      l.timeline.Now,
		delay:    l.options.IAMDelay,
		users:    map[string]*identity{},
		roles:    map[string]*identity{},
		policies: awsManagedPolicies(l.timeline.Now()),
		keys:     map[string]*credential{},
	}
	administrator := s.newUser("administrator")
	administrator.attached = []string{administratorAccess}
	s.keys[l.admin.AccessKeyID] = &credential{Credentials: l.admin, identity: administrator, arn: administrator.arn, id: administrator.id}
	return s
}

func iamService() *service {
	in := func(do func(*iamState, *call) (any, error)) handler {
		return func(c *call) (any, error) { return do(c.lab.iam, c) }
	}
	return &service{
		wire:      queryWire{},
		namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		operations: map[string]handler{
			"CreateRole":                    in((*iamState).createRole),
			"GetRole":                       in((*iamState).getRole),
			"UpdateRole":                    in((*iamState).updateRole),
			"UpdateRoleDescription":         in((*iamState).updateRole),
			"UpdateAssumeRolePolicy":        in((*iamState).updateAssumeRolePolicy),
			"DeleteRole":                    in((*iamState).deleteRole),
			"ListRoles":                     in((*iamState).listRoles),
			"TagRole":                       in((*iamState).tagRole),
			"UntagRole":                     in((*iamState).untagRole),
			"ListRoleTags":                  in((*iamState).listRoleTags),
			"PutRolePermissionsBoundary":    in((*iamState).putRolePermissionsBoundary),
			"DeleteRolePermissionsBoundary": in((*iamState).deleteRolePermissionsBoundary),
			"ListInstanceProfilesForRole":   in((*iamState).listInstanceProfilesForRole),
			"PutRolePolicy":                 in((*iamState).putRolePolicy),
			"GetRolePolicy":                 in((*iamState).getRolePolicy),
			"DeleteRolePolicy":              in((*iamState).deleteRolePolicy),
			"ListRolePolicies":              in((*iamState).listRolePolicies),
			"AttachRolePolicy":              in((*iamState).attachRolePolicy),
			"DetachRolePolicy":              in((*iamState).detachRolePolicy),
			"ListAttachedRolePolicies":      in((*iamState).listAttachedRolePolicies),
			"CreatePolicy":                  in((*iamState).createPolicy),
			"GetPolicy":                     in((*iamState).getPolicy),
			"DeletePolicy":                  in((*iamState).deletePolicy),
			"CreatePolicyVersion":           in((*iamState).createPolicyVersion),
			"GetPolicyVersion":              in((*iamState).getPolicyVersion),
			"ListPolicyVersions":            in((*iamState).listPolicyVersions),
			"DeletePolicyVersion":           in((*iamState).deletePolicyVersion),
			"SimulatePrincipalPolicy":       in((*iamState).simulatePrincipalPolicy),
		},
	}
}

// NewUser makes an IAM user of the account with this policy, which may be
// empty, and an access key. The credentials are allowed what the policy allows
// and nothing else. A user of that name is replaced. A malformed policy panics,
// since it is a mistake in the calling program.
func (l *Lab) NewUser(name, policy string) aws.Credentials {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.iam.users[name]; old != nil {
		old.deleted = true
	}
	user := l.iam.newUser(name)
	if policy != "" {
		document, err := iampolicy.Parse(policy)
		if err != nil {
			panic("awslab: NewUser: " + err.Error())
		}
		user.inline["policy"] = policyText{policy, document}
	}
	key := l.iam.newCredential("AKIA", user)
	key.arn, key.id = user.arn, user.id
	return key.Credentials
}

func (s *iamState) newUser(name string) *identity {
	user := &identity{
		name: name, path: "/", id: newID("AIDA", 17), arn: s.arn("user/" + name),
		created: s.now(), tags: map[string]string{}, inline: map[string]policyText{},
	}
	s.users[name] = user
	return user
}

// newCredential makes an access key that the account knows from now on.
func (s *iamState) newCredential(prefix string, of *identity) *credential {
	key := &credential{
		Credentials: aws.Credentials{AccessKeyID: newID(prefix, 16), SecretAccessKey: rand.Text(), AccountID: s.account},
		identity:    of,
	}
	s.keys[key.AccessKeyID] = key
	return key
}

// newSession makes temporary credentials of a role and forgets those that have
// expired.
func (s *iamState) newSession(role *identity, name, region string, duration time.Duration) *credential {
	now := s.now()
	maps.DeleteFunc(s.keys, func(_ string, k *credential) bool { return k.CanExpire && now.Sub(k.Expires) > time.Hour })
	key := s.newCredential("ASIA", role)
	key.SessionToken = rand.Text() + rand.Text()
	key.CanExpire, key.Expires = true, now.Add(duration).Truncate(time.Second)
	key.session = true
	key.arn = "arn:aws:sts::" + s.account + ":assumed-role/" + role.name + "/" + name
	key.id = role.id + ":" + name
	role.lastUsed, role.lastRegion = now, region
	return key
}

func (s *iamState) arn(resource string) string { return "arn:aws:iam::" + s.account + ":" + resource }

// identify finds who signs with an access key. The signature itself is not
// checked: there is nothing to protect here.
func (c *call) identify(accessKeyID, sessionToken string) (caller, error) {
	l := c.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.iam.keys[accessKeyID]
	switch {
	case key == nil, key.identity.deleted, key.SessionToken != sessionToken:
		return caller{}, c.refuse("UnrecognizedClientException", "InvalidClientTokenId", "The security token included in the request is invalid.")
	case key.CanExpire && !l.iam.now().Before(key.Expires):
		return caller{}, c.refuse("ExpiredTokenException", "ExpiredToken", "The security token included in the request is expired")
	}
	return caller{key.arn, key}, nil
}

// refuse is an error of authentication or authorization, whose code and status
// depend on the protocol.
func (c *call) refuse(code, queryCode, message string) *apiError {
	switch c.lab.protocol[c.service].wire.(type) {
	case queryWire:
		return errorf(queryCode, "%s", message).withStatus(http.StatusForbidden)
	case ec2Wire:
		if code == "AccessDeniedException" {
			return errorf("UnauthorizedOperation", "You are not authorized to perform this operation. %s", message).withStatus(http.StatusForbidden)
		}
		return errorf("AuthFailure", "AWS was not able to validate the provided access credentials").withStatus(http.StatusUnauthorized)
	case restWire:
		return errorf(code, "%s", message).withStatus(http.StatusForbidden)
	}
	return errorf(code, "%s", message)
}

// may returns nil if the caller is allowed an action on a resource, and else
// the error in AWS's words. The context are condition keys besides the global
// ones; the policy is that of the resource, if it has one. Lab.mu is held.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
func (c *call) may(action, resource string, context map[string][]string, resourcePolicy *iampolicy.Document) error {
	return c.mayUnder(action, resource, context, iampolicy.Policies{Resource: resourcePolicy})
}

// mayUnder is [call.may] with all that [iampolicy.Policies] can say of the
// resource.
func (c *call) mayUnder(action, resource string, context map[string][]string, policies iampolicy.Policies) error {
	request := iampolicy.Request{Action: action, Resource: resource, Context: context, ResourceAccountID: accountOf(resource)}
	endpoint := c.endpoint(action)
	if endpoint != nil {
		request.Context = endpoint.context(context)
	}
	reason := c.lab.iam.judge(c.caller.credential, c.region, request, policies)
	if reason == "" && endpoint != nil {
		request.Principal = c.lab.iam.principal(c.caller.credential)
		request.Context = c.lab.iam.context(c.caller.credential, c.region, request.Context)
		reason = endpoint.judge(request)
	}
	if reason == "" {
		return nil
	}
	return c.refuse("AccessDeniedException", "AccessDenied",
		fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", c.caller.arn, action, resource, reason))
}

// judge evaluates a request of a key's holder against their policies and those
// given. It returns why the request is refused, empty if it is allowed. The lab
// has no other account, so that nothing allows what is done to one's resources:
// it is refused whether they exist or not, as AWS does to strangers.
func (s *iamState) judge(key *credential, region string, r iampolicy.Request, p iampolicy.Policies) string {
	none := "because no %s policy allows the " + r.Action + " action"
	if key == nil || key.identity.deleted {
		return fmt.Sprintf(none, "identity-based")
	}
	r.Principal, r.Context = s.principal(key), s.context(key, region, r.Context)
	foreign := r.ResourceAccountID != "" && r.ResourceAccountID != s.account
	if foreign {
		r.Context["aws:ResourceAccount"] = []string{r.ResourceAccountID}
	}
	inForce := s.inForce(key.identity)
	p.Identity, p.Boundary = inForce.identity, inForce.boundary
	if key.narrowed {
		p.Session = append([]iampolicy.Document{}, key.policies...)
	}
	decision, session := iampolicy.Evaluate(r, p), iampolicy.Allow
	r.ResourceAccountID = "" // What each policy says alone does not hang on the account.
	if key.narrowed {
		session = iampolicy.Evaluate(r, iampolicy.Policies{Identity: p.Session})
	}
	identity := iampolicy.Evaluate(r, iampolicy.Policies{Identity: p.Identity})
	switch {
	case decision == iampolicy.Allow:
		return ""
	case identity == iampolicy.ExplicitDeny:
		return "with an explicit deny in an identity-based policy"
	case session == iampolicy.ExplicitDeny:
		return "with an explicit deny in a session policy"
	case p.Boundary != nil && iampolicy.Evaluate(r, iampolicy.Policies{Boundary: p.Boundary}) == iampolicy.ExplicitDeny:
		return "with an explicit deny in a permissions boundary"
	case decision == iampolicy.ExplicitDeny:
		return "with an explicit deny in a resource-based policy"
	case identity == iampolicy.Allow && session != iampolicy.Allow:
		return fmt.Sprintf(none, "session")
	case identity == iampolicy.Allow && (p.ResourceMustAllow || foreign):
		return fmt.Sprintf(none, "resource-based")
	case identity == iampolicy.Allow:
		return "because no permissions boundary allows the " + r.Action + " action"
	}
	return fmt.Sprintf(none, "identity-based")
}

// allows is judge for what an execution role does through AWS itself.
func (s *iamState) allows(key *credential, region, action, resource string) bool {
	return s.judge(key, region, iampolicy.Request{Action: action, Resource: resource}, iampolicy.Policies{}) == ""
}

func (s *iamState) principal(key *credential) iampolicy.Principal {
	p := iampolicy.Principal{ARN: key.identity.arn, AccountID: s.account}
	if key.session {
		p.SessionARN = key.arn
	}
	return p
}

// context adds the global condition keys. A connection counts as encrypted,
// because the endpoint stands in for AWS's own, which is.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
func (s *iamState) context(key *credential, region string, given map[string][]string) map[string][]string {
	now := s.now()
	context := map[string][]string{
		"aws:PrincipalArn":     {key.identity.arn},
		"aws:PrincipalAccount": {s.account},
		"aws:ResourceAccount":  {s.account},
		"aws:userid":           {key.id},
		"aws:RequestedRegion":  {region},
		"aws:SecureTransport":  {"true"},
		"aws:ViaAWSService":    {"false"},
		"aws:CurrentTime":      {now.Format(time.RFC3339)},
		"aws:EpochTime":        {strconv.FormatInt(now.Unix(), 10)},
	}
	if key.session {
		context["aws:PrincipalType"] = []string{"AssumedRole"}
	} else {
		context["aws:PrincipalType"] = []string{"User"}
		context["aws:username"] = []string{key.identity.name}
	}
	for name, value := range key.identity.tags {
		context["aws:PrincipalTag/"+name] = []string{value}
	}
	maps.Copy(context, given)
	return context
}

// serviceMayAssume tells whether the role trusts an AWS service.
func (s *iamState) serviceMayAssume(service string, role *identity) bool {
	return iampolicy.Evaluate(
		iampolicy.Request{Principal: iampolicy.Principal{Service: service}, Action: "sts:AssumeRole", Resource: role.arn},
		iampolicy.Policies{Resource: &role.trust.document},
	) == iampolicy.Allow
}

// roleByARN finds a role by its whole ARN, path included.
func (s *iamState) roleByARN(arn string) *identity {
	role := s.roles[arn[strings.LastIndexByte(arn, '/')+1:]]
	if role == nil || role.arn != arn {
		return nil
	}
	return role
}

// newID makes an identifier of IAM's form, as in AROA…; length counts what
// follows the prefix.
func newID(prefix string, length int) string { return prefix + rand.Text()[:length] }

// invalidIAM is IAM's and STS's answer to a parameter that breaks the model.
func invalidIAM(parameter, constraint string) *apiError {
	return errorf("ValidationError", "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", parameter, constraint)
}

var iamNamePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)

// checkIAMName applies the rule for names of roles, policies and sessions.
func checkIAMName(parameter, name string, shortest, longest int) error {
	switch {
	case len(name) < shortest:
		return invalidIAM(parameter, fmt.Sprintf("Member must have length greater than or equal to %d", shortest))
	case len(name) > longest:
		return invalidIAM(parameter, fmt.Sprintf("Member must have length less than or equal to %d", longest))
	case !iamNamePattern.MatchString(name):
		return invalidIAM(parameter, `Member must satisfy regular expression pattern: [\w+=,.@-]+`)
	}
	return nil
}

// formList reads Name.member.1, Name.member.2 … of a query request.
func formList(form url.Values, name string) []string {
	var values []string
	for i := 1; form.Has(fmt.Sprintf("%s.member.%d", name, i)); i++ {
		values = append(values, form.Get(fmt.Sprintf("%s.member.%d", name, i)))
	}
	return values
}

// formTags reads the tags of a query request.
func formTags(form url.Values) (map[string]string, error) {
	tags := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("Tags.member.%d.Key", i)); i++ {
		key := form.Get(fmt.Sprintf("Tags.member.%d.Key", i))
		if key == "" || len(key) > 128 || strings.HasPrefix(key, "aws:") {
			return nil, errorf("InvalidInput", "Tag keys must have 1 to 128 characters and must not start with aws:.")
		}
		if _, twice := tags[key]; twice {
			return nil, errorf("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		tags[key] = form.Get(fmt.Sprintf("Tags.member.%d.Value", i))
	}
	if len(tags) > 50 {
		return nil, errorf("InvalidInput", "The number of tags exceeds the limit of 50.")
	}
	return tags, nil
}

// withRequestTags are the condition keys of tags in a request.
func withRequestTags(tags map[string]string, context map[string][]string) map[string][]string {
	if len(tags) == 0 {
		return context
	}
	context = maps.Clone(context)
	if context == nil {
		context = map[string][]string{}
	}
	context["aws:TagKeys"] = slices.Sorted(maps.Keys(tags))
	for key, value := range tags {
		context["aws:RequestTag/"+key] = []string{value}
	}
	return context
}

// pageFrom cuts a page of at most limit items out of a list. The marker is the
// position where the last page ended; the next one is empty on the last page.
func pageFrom[T any](items []T, marker string, limit int) (page []T, next string) {
	start, _ := strconv.Atoi(marker)
	start = min(max(start, 0), len(items))
	end := min(start+limit, len(items))
	if end < len(items) {
		next = strconv.Itoa(end)
	}
	return items[start:end], next
}

// iamPage answers a list of IAM with its paging.
func iamPage[T any](c *call, list string, items []T, render func(T) xmlElement) ([]xmlElement, error) {
	limit := 100
	if given := c.form.Get("MaxItems"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > 1000 {
			return nil, invalidIAM("maxItems", "Member must have value between 1 and 1000")
		}
		limit = n
	}
	page, next := pageFrom(items, c.form.Get("Marker"), limit)
	rendered := make([]xmlElement, len(page))
	for i, item := range page {
		rendered[i] = render(item)
	}
	answer := []xmlElement{members(list, rendered...), text("IsTruncated", strconv.FormatBool(next != ""))}
	if next != "" {
		answer = append(answer, text("Marker", next))
	}
	return answer, nil
}

// iamTime writes a time as IAM and STS do.
func iamTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
