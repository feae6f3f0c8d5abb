package rotation

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

// role is an execution role with all that says what it may do.
type role struct {
	findings.Role

	// inline are its inline policies as IAM counts them against its limit, by
	// name.
	inline map[string]string
}

// ours reports whether a setup or a function access wrote an inline policy.
func ours(p findings.Policy) bool {
	_, marked := iampolicy.FindMarker(p.Document)
	return marked
}

// ofOwner reports whether it is the policy of a secret's setup or of a function's
// access.
func ofOwner(p findings.Policy, ownerARN string) bool {
	m, marked := iampolicy.FindMarker(p.Document)
	return marked && m.Owns(ownerARN)
}

// role reads a role with its policies, once per run unless fresh. Who may not
// see the role or its inline policies gets the refusal; a managed policy that
// may not be seen leaves open what it says.
func (o *operation) role(ctx context.Context, roleARN string, fresh bool) (*role, error) {
	a, err := arn.ParseRole(roleARN)
	if err != nil {
		return nil, wrong("role_arn", "Invalid execution role", err.Error())
	}
	if fresh {
		o.reads.forget("role " + a.Name)
	}
	return recall(&o.reads, "role "+a.Name, func() (*role, error) {
		out, err := o.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &a.Name})
		if err != nil {
			return nil, err
		}
		if found := aws.ToString(out.Role.Arn); found != roleARN {
			return nil, wrong("role_arn", "Execution role is not of this account",
				fmt.Sprintf("The function runs as %s, and with these credentials IAM has %s under that name.", roleARN, found),
				"Use credentials of the function's account.")
		}
		r := &role{Role: findings.Role{ARN: roleARN, Tags: map[string]string{}}, inline: map[string]string{}}
		for _, tag := range out.Role.Tags {
			r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if err := o.inlinePolicies(ctx, a.Name, r); err != nil {
			return nil, err
		}
		managed := func(policyARN string) (findings.Policy, error) {
			if fresh {
				o.reads.forget("managed policy " + policyARN)
			}
			return o.managedPolicy(ctx, policyARN)
		}
		attached := iam.NewListAttachedRolePoliciesPaginator(o.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &a.Name})
		for attached.HasMorePages() {
			page, err := attached.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range page.AttachedPolicies {
				policy, err := managed(aws.ToString(p.PolicyArn))
				if err != nil {
					return nil, err
				}
				r.Policies = append(r.Policies, policy)
			}
		}
		if b := out.Role.PermissionsBoundary; b != nil {
			boundary, err := managed(aws.ToString(b.PermissionsBoundaryArn))
			if err != nil {
				return nil, err
			}
			r.Boundary = &boundary
		}
		return r, nil
	})
}

func (o *operation) inlinePolicies(ctx context.Context, roleName string, r *role) error {
	names := iam.NewListRolePoliciesPaginator(o.IAM, &iam.ListRolePoliciesInput{RoleName: &roleName})
	for names.HasMorePages() {
		page, err := names.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, name := range page.PolicyNames {
			text, err := o.rolePolicy(ctx, roleName, name)
			if err != nil {
				return err
			}
			if text == "" {
				continue // Somebody has removed it in between.
			}
			r.inline[name] = text
			r.Policies = append(r.Policies, readPolicy(name, text))
		}
	}
	return nil
}

// managedPolicy reads the version of a managed policy that is in force, once per
// run: many roles have the same.
func (o *operation) managedPolicy(ctx context.Context, policyARN string) (findings.Policy, error) {
	return recall(&o.reads, "managed policy "+policyARN, func() (findings.Policy, error) {
		unseen := findings.Policy{Name: policyARN, Unreadable: true}
		out, err := o.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &policyARN})
		if awsapi.IsAccessDenied(err) {
			return unseen, nil
		}
		if err != nil {
			return unseen, err
		}
		version, err := o.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &policyARN, VersionId: out.Policy.DefaultVersionId})
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
		return readPolicy(policyARN, text), nil
	})
}

// readPolicy reads a policy as IAM has it. One that can't be read leaves open
// what it says.
func readPolicy(name, text string) findings.Policy {
	document, err := iampolicy.Parse(text)
	return findings.Policy{Name: name, Document: document, Unreadable: err != nil}
}
