package facts

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Caller asks IAM whether the policies of these credentials let them do something
// with a resource.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html.
func (s Source) Caller(ctx context.Context, action, resource string) findings.Caller {
	c, _ := advice(ctx, s, "iam", "caller "+action+" "+resource, func(ctx context.Context) (findings.Caller, error) {
		c := findings.Caller{ARN: s.CallerARN}
		c.PrincipalARN, c.Unseen = s.principal(ctx)
		if c.PrincipalARN == "" {
			return c, nil
		}
		out, err := s.IAM.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &c.PrincipalARN, ActionNames: []string{action}, ResourceArns: []string{resource},
		})
		c.Unseen = lacking(c.Unseen, "iam:SimulatePrincipalPolicy", err)
		if err != nil || len(out.EvaluationResults) != 1 {
			return c, nil //nolint:nilerr // What IAM does not tell is not known.
		}
		result := out.EvaluationResults[0]
		hangs := len(result.MissingContextValues) > 0
		for _, r := range result.ResourceSpecificResults {
			hangs = hangs || len(r.MissingContextValues) > 0
		}
		if decision := string(result.EvalDecision); decision == "allowed" || !hangs {
			c.Decision = decision
		}
		return c, nil
	})
	return c
}

// principal is the user or role that the credentials are of, "" if that is not
// known or is the account itself. The session of a role does not tell the path of
// the role.
func (s Source) principal(ctx context.Context) (principalARN string, unseen []string) {
	parts := strings.SplitN(s.CallerARN, ":", 6)
	if len(parts) < 6 {
		return "", nil
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	switch kind {
	case "user":
		return s.CallerARN, nil
	case "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		role, err := advice(ctx, s, "iam", "caller's role "+name, func(ctx context.Context) (string, error) {
			out, err := s.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.Role.Arn), nil
		})
		if a, parsed := arn.ParseRole(role); err == nil && parsed == nil && a.AccountID == parts[4] {
			return role, nil
		}
		return "", lacking(nil, "iam:GetRole", err)
	}
	return "", nil
}
