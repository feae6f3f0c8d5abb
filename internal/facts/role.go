package facts

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Role is an execution role with all that says what it may do.
type Role struct {
	findings.Role

	// Inline are its inline policies as IAM counts them against its limit, by
	// name.
	Inline map[string]string
}

// Size is that of the inline policies as IAM counts it.
func (r *Role) Size() int {
	size := 0
	for _, text := range r.Inline {
		size += iampolicy.Size(text)
	}
	return size
}

// Role reads a role with its policies. Who may not see the role or its inline
// policies gets the refusal; a managed policy that may not be seen leaves open
// what it says.
func (s Source) Role(ctx context.Context, roleARN string) (*Role, error) {
	a, err := arn.ParseRole(roleARN)
	if err != nil {
		return nil, &InvalidError{"role_arn", "Invalid execution role", err.Error(), ""}
	}
	r, err := recall(s.global(), roleKey(a.Name), func() (*Role, error) {
		out, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &a.Name})
		if err != nil {
			return nil, err
		}
		r := &Role{Role: findings.Role{ARN: aws.ToString(out.Role.Arn), Tags: map[string]string{}}, Inline: map[string]string{}}
		for _, tag := range out.Role.Tags {
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if text, err := url.QueryUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument)); err == nil && text != "" {
			r.Trust = new(ReadPolicy("trust policy", text))
		}
		if err := s.inlinePolicies(ctx, a.Name, r); err != nil {
			return nil, err
		}
		attached := iam.NewListAttachedRolePoliciesPaginator(s.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &a.Name})
		for attached.HasMorePages() {
			page, err := attached.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range page.AttachedPolicies {
				policy, err := s.managedPolicy(ctx, aws.ToString(p.PolicyArn))
				if err != nil {
					return nil, err
				}
				r.Policies = append(r.Policies, policy)
			}
		}
		if b := out.Role.PermissionsBoundary; b != nil {
			boundary, err := s.managedPolicy(ctx, aws.ToString(b.PermissionsBoundaryArn))
			if err != nil {
				return nil, err
			}
			r.Boundary = &boundary
		}
		return r, nil
	})
	if err == nil && r.ARN != roleARN {
		return nil, &InvalidError{
			"role_arn", "Execution role is not of this account",
			fmt.Sprintf("The function runs as %s, and with these credentials IAM has %s under that name.", roleARN, r.ARN),
			"Use credentials of the function's account.",
		}
	}
	return r, err
}

func (s Source) inlinePolicies(ctx context.Context, roleName string, r *Role) error {
	names := iam.NewListRolePoliciesPaginator(s.IAM, &iam.ListRolePoliciesInput{RoleName: &roleName})
	for names.HasMorePages() {
		page, err := names.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, name := range page.PolicyNames {
			text, err := s.RolePolicy(ctx, roleName, name)
			if err != nil {
				return err
			}
			if text == "" {
				continue // Somebody has removed it in between.
			}
			r.Inline[name] = text
			r.Policies = append(r.Policies, ReadPolicy(name, text))
		}
	}
	return nil
}

// managedPolicy reads the version of a managed policy that is in force. Many
// roles have the same.
func (s Source) managedPolicy(ctx context.Context, policyARN string) (findings.Policy, error) {
	return recall(s, "managed policy "+policyARN, func() (findings.Policy, error) {
		unseen := findings.Policy{Name: policyARN, Unreadable: true}
		out, err := s.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &policyARN})
		if awsapi.IsAccessDenied(err) {
			return unseen, nil
		}
		if err != nil {
			return unseen, err
		}
		version, err := s.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &policyARN, VersionId: out.Policy.DefaultVersionId})
		if awsapi.IsAccessDenied(err) {
			return unseen, nil
		}
		if err != nil {
			return unseen, err
		}
		text, err := url.QueryUnescape(aws.ToString(version.PolicyVersion.Document))
		if err != nil {
			text = ""
		}
		return ReadPolicy(policyARN, text), nil
	})
}

// ReadPolicy reads a policy as IAM has it. One that can't be read leaves open
// what it says.
func ReadPolicy(name, text string) findings.Policy {
	document, err := iampolicy.Parse(text)
	return findings.Policy{Name: name, Document: document, Unreadable: err != nil}
}

// RolePolicy reads an inline policy of a role as it is now, "" if there is none.
func (s Source) RolePolicy(ctx context.Context, role, name string) (string, error) {
	return live(s, "policy "+name+" of role "+role, func() (string, error) {
		out, err := s.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
		if awsapi.IsNotFound(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		// IAM answers with the document in URL encoding.
		document, err := url.QueryUnescape(aws.ToString(out.PolicyDocument))
		if err != nil {
			return "", &InvalidError{"role_policy_name", "Invalid role policy", fmt.Sprintf("IAM's answer for the policy %q of role %q can't be read.", name, role), ""}
		}
		return document, nil
	})
}

func roleKey(name string) string { return "role " + name }

// global is the source for what is the same in every Region.
func (s Source) global() Source {
	clients := *s.Clients
	clients.Region = ""
	s.Clients = &clients
	return s
}

// ForgetRole makes the next question about a role, by its name, ask AWS again.
func (s Source) ForgetRole(name string) { s.cache.forget(" " + roleKey(name)) }
