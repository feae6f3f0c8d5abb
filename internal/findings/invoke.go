package findings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Invocable says whether Secrets Manager may invoke a function for a secret. The policy is that of the function with the qualifier that
// its ARN has; unqualified is that of the function itself, which does not count for a qualifier.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html.
func Invocable(functionARN, secretARN string, policy, unqualified iampolicy.Document) []Finding {
	function, err := arn.ParseFunction(functionARN)
	if err != nil {
		return nil
	}
	secret, err := arn.ParseSecret(secretARN)
	if err != nil {
		return nil
	}
	determine := func(resource string, d iampolicy.Document) (iampolicy.Decision, bool) {
		return iampolicy.Determine(iampolicy.Request{
			Principal: iampolicy.Principal{Service: iampolicy.ServicePrincipal}, Action: "lambda:InvokeFunction", Resource: resource,
			Context: map[string][]string{"aws:SourceArn": {secretARN}, "aws:SourceAccount": {secret.AccountID}},
		}, iampolicy.Policies{Resource: &d}, func(string) bool { return false })
	}
	decision, certain := determine(functionARN, policy)
	switch {
	case decision == iampolicy.Allow && certain:
		return nil
	case !certain:
		return []Finding{New(InvokePermissionMissing, Info,
			fmt.Sprintf("Whether the policy of %s lets Secrets Manager invoke it for this secret cannot be determined: it hangs on condition keys that cannot be seen from here.", functionARN),
			"Look at the conditions in the function's policy if the rotation fails.")}
	}
	statement := fmt.Sprintf("principal = %q and source_account = %q", iampolicy.ServicePrincipal, secret.AccountID)
	remedy := fmt.Sprintf("Let `rotation_function_access` write the permission for all secrets of the function, or add an `aws_lambda_permission` with %s", statement)
	if function.Qualifier != "" {
		remedy += fmt.Sprintf(" and qualifier = %q", function.Qualifier)
		if decision, _ := determine(function.Unqualified().String(), unqualified); decision == iampolicy.Allow {
			return []Finding{New(InvokePermissionQualifier, Error,
				fmt.Sprintf("Secrets Manager may invoke %s, but the secret rotates with %s, and each version and alias has a policy of its own.", function.Unqualified(), functionARN),
				remedy+".")}
		}
	}
	detail := fmt.Sprintf("No statement in the policy of %s lets %s invoke it for this secret.", functionARN, iampolicy.ServicePrincipal)
	if decision == iampolicy.ExplicitDeny {
		detail, remedy = fmt.Sprintf("A statement in the policy of %s denies %s to invoke it for this secret.", functionARN, iampolicy.ServicePrincipal), "Remove that statement, or except Secrets Manager from it"
	} else if near := forService(policy); len(near) > 0 {
		detail += fmt.Sprintf(" The statement %s is for Secrets Manager, but limited to something else.", strings.Join(near, ", "))
	}
	return []Finding{New(InvokePermissionMissing, Error, detail, remedy+".")}
}

// forService returns the Sids of the statements that allow Secrets Manager anything.
func forService(policy iampolicy.Document) []string {
	var sids []string
	for _, s := range policy.Statements {
		if s.Effect == iampolicy.EffectAllow && slices.Contains(s.Principals["Service"], iampolicy.ServicePrincipal) {
			sids = append(sids, fmt.Sprintf("%q", s.Sid))
		}
	}
	return sids
}
