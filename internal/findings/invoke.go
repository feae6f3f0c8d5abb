package findings

import (
	"fmt"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Invocable says whether Secrets Manager may invoke a function for a secret. The policy is that of the function with the qualifier that
// its ARN has; unqualified is that of the function itself, which does not count for a qualifier. Of what are not ARNs of a function and
// a secret it says nothing.
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
		}, iampolicy.Policies{Resource: &d}, func(key string) bool {
			return strings.HasPrefix(key, "lambda:") // Lambda's own keys are for function URLs and Alexa.
		})
	}
	decision, certain := determine(functionARN, policy)
	switch {
	case decision == iampolicy.Allow:
		return nil
	case !certain:
		return []Finding{New(InvokePermissionMissing, Info,
			fmt.Sprintf("Whether the policy of the function %s lets Secrets Manager invoke it for this secret cannot be determined: that depends on condition keys that cannot be seen from here.", functionARN),
			"If RotateSecret is refused, look at the conditions in the function's policy.")}
	case decision == iampolicy.ExplicitDeny:
		return []Finding{New(InvokePermissionMissing, Error,
			fmt.Sprintf("A statement in the policy of the function %s forbids Secrets Manager to invoke it for this secret, whatever other statements allow.", functionARN),
			"Remove that statement, or limit it to something else.")}
	}
	arguments := []string{"`action = \"lambda:InvokeFunction\"`", fmt.Sprintf("`principal = %q`", iampolicy.ServicePrincipal), fmt.Sprintf("`source_account = %q`", secret.AccountID)}
	if function.Qualifier != "" {
		arguments = append(arguments, fmt.Sprintf("`qualifier = %q`", function.Qualifier))
	}
	remedy := fmt.Sprintf("Let `rotation_function_access` write the permission for all secrets of the function, or add an `aws_lambda_permission` with %s.", enumerate(arguments))
	if function.Qualifier != "" {
		if decision, _ := determine(function.Unqualified().String(), unqualified); decision == iampolicy.Allow {
			return []Finding{New(InvokePermissionQualifier, Error,
				fmt.Sprintf("Secrets Manager may invoke %s, but the secret rotates with %s, and every version and alias has a policy of its own.", function.Unqualified(), functionARN),
				"Rotate with the ARN that has the permission, or: "+remedy+" An access that there is takes the ARN with the qualifier.")}
		}
	}
	detail := fmt.Sprintf("No statement in the policy of the function %s lets Secrets Manager (%s) invoke it for this secret.", functionARN, iampolicy.ServicePrincipal)
	unmet := unmetConditions(policy, func(d iampolicy.Document) bool {
		decision, certain := determine(functionARN, d)
		return certain && decision != iampolicy.Allow
	})
	if len(unmet) > 0 {
		if more := len(unmet) - shownConditions; more > 0 {
			unmet = append(unmet[:shownConditions], fmt.Sprintf("one of %d others", more))
		}
		detail += fmt.Sprintf(" One would, but for its condition %s.", strings.Join(unmet, " or "))
	}
	return []Finding{New(InvokePermissionMissing, Error, detail, remedy)}
}

// shownConditions is how many conditions a message shows: a function may have a statement for each of fifty other secrets.
const shownConditions = 2

// unmetConditions returns the conditions that keep the statements of a policy from allowing what they would allow without conditions.
func unmetConditions(policy iampolicy.Document, refuses func(iampolicy.Document) bool) []string {
	var unmet []string
	for _, s := range policy.Statements {
		under := func(conditions ...iampolicy.Condition) bool {
			s.Conditions = conditions
			return !refuses(iampolicy.Document{Version: policy.Version, Statements: []iampolicy.Statement{s}})
		}
		conditions := s.Conditions
		if !under() {
			continue
		}
		for _, c := range conditions {
			if !under(c) {
				unmet = append(unmet, fmt.Sprintf("`%s %s %s`", c.Operator, c.Key, strings.Join(c.Values, ", ")))
			}
		}
	}
	return unique(unmet)
}
