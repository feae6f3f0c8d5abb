package awslab

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// stsService is the Security Token Service:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html.
func stsService() *service {
	return &service{
		wire:      queryWire{},
		namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		operations: map[string]handler{
			"GetCallerIdentity":         getCallerIdentity,
			"AssumeRole":                assumeRole,
			"AssumeRoleWithWebIdentity": assumeRoleWithWebIdentity,
		},
	}
}

// getCallerIdentity needs no permission.
func getCallerIdentity(c *call) (any, error) {
	return []xmlElement{
		text("Arn", c.caller.arn), text("UserId", c.caller.credential.id), text("Account", c.lab.options.AccountID),
	}, nil
}

func assumeRole(c *call) (any, error) {
	s := c.lab.iam
	request, err := readAssumeRole(c)
	if err != nil {
		return nil, err
	}
	context := map[string][]string{"sts:RoleSessionName": {request.sessionName}}
	if id := c.form.Get("ExternalId"); id != "" {
		context["sts:ExternalId"] = []string{id}
	}
	// A role that does not exist is refused in the same words as one that does
	// not trust the caller.
	trust := &iampolicy.Document{}
	role := s.roleByARN(request.roleARN)
	if role != nil {
		trust = &role.trust.document
	}
	reason := s.judge(c.caller.credential, c.region,
		iampolicy.Request{Action: "sts:AssumeRole", Resource: request.roleARN, Context: context},
		iampolicy.Policies{Resource: trust, ResourceMustAllow: true})
	if role == nil || reason != "" {
		return nil, refuseRole("User: " + c.caller.arn + " is not authorized to perform: sts:AssumeRole on resource: " + request.roleARN)
	}
	if c.caller.credential.session && request.duration > time.Hour {
		return nil, errorf("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return request.grant(c, role)
}

// assumeRoleWithWebIdentity takes any token: there is no identity provider
// whose signature could be checked, so that conditions on the provider's keys
// are not evaluated either. The role must trust some provider.
func assumeRoleWithWebIdentity(c *call) (any, error) {
	request, err := readAssumeRole(c)
	if err != nil {
		return nil, err
	}
	if c.form.Get("WebIdentityToken") == "" {
		return nil, errorf("InvalidIdentityToken", "No OpenIDConnect provider found in your account for the token.")
	}
	role := c.lab.iam.roleByARN(request.roleARN)
	if role == nil || !slices.ContainsFunc(role.trust.document.Statements, func(s iampolicy.Statement) bool {
		return s.Effect == iampolicy.EffectAllow && len(s.Principals["Federated"]) > 0 && slices.Contains(s.Actions, "sts:AssumeRoleWithWebIdentity")
	}) {
		return nil, refuseRole("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	answer, err := request.grant(c, role)
	if err != nil {
		return nil, err
	}
	return append(answer, text("SubjectFromWebIdentityToken", request.sessionName), text("Audience", "sts.amazonaws.com")), nil
}

func refuseRole(message string) *apiError {
	return errorf("AccessDenied", "%s", message).withStatus(http.StatusForbidden)
}

// assumption is a request for a role session.
type assumption struct {
	roleARN, sessionName string
	duration             time.Duration
	narrowed             bool
	policies             []iampolicy.Document
}

func readAssumeRole(c *call) (assumption, error) {
	request := assumption{roleARN: c.form.Get("RoleArn"), sessionName: c.form.Get("RoleSessionName"), duration: time.Hour}
	if err := checkIAMName("roleSessionName", request.sessionName, 2, 64); err != nil {
		return assumption{}, err
	}
	if _, err := arn.ParseRole(request.roleARN); err != nil {
		return assumption{}, errorf("ValidationError", "%s is invalid", request.roleARN)
	}
	if given := c.form.Get("DurationSeconds"); given != "" {
		seconds, err := strconv.Atoi(given)
		if err != nil || seconds < 900 || seconds > 43200 {
			return assumption{}, invalidIAM("durationSeconds", "Member must have value between 900 and 43200")
		}
		request.duration = time.Duration(seconds) * time.Second
	}
	if document := c.form.Get("Policy"); document != "" {
		policy, err := readPolicy(document, identityPolicy)
		if err != nil {
			return assumption{}, err
		}
		request.narrowed = true
		request.policies = append(request.policies, policy.document)
	}
	for i := 1; c.form.Has("PolicyArns.member." + strconv.Itoa(i) + ".arn"); i++ {
		policyARN := c.form.Get("PolicyArns.member." + strconv.Itoa(i) + ".arn")
		policy := c.lab.iam.policies[policyARN]
		if policy == nil {
			return assumption{}, errorf("ValidationError", "The policy %s was not found.", policyARN)
		}
		request.narrowed = true
		request.policies = append(request.policies, policy.current().document)
	}
	return request, nil
}

// grant starts the session.
func (a assumption) grant(c *call, role *identity) ([]xmlElement, error) {
	if a.duration > role.maxSession {
		return nil, errorf("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	session := c.lab.iam.newSession(role, a.sessionName, c.region, a.duration)
	session.narrowed, session.policies = a.narrowed, a.policies
	answer := []xmlElement{
		{Name: "Credentials", Children: []xmlElement{
			text("AccessKeyId", session.AccessKeyID),
			text("SecretAccessKey", session.SecretAccessKey),
			text("SessionToken", session.SessionToken),
			text("Expiration", iamTime(session.Expires)),
		}},
		{Name: "AssumedRoleUser", Children: []xmlElement{text("AssumedRoleId", session.id), text("Arn", session.arn)}},
	}
	if a.narrowed {
		size := min(len(c.form.Get("Policy"))*100/2048, 100)
		answer = append(answer, text("PackedPolicySize", strconv.Itoa(max(size, 1))))
	}
	if source := strings.TrimSpace(c.form.Get("SourceIdentity")); source != "" {
		answer = append(answer, text("SourceIdentity", source))
	}
	return answer, nil
}
