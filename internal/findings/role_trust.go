package findings

import (
	"fmt"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// lambdaPrincipal is the service that runs functions, in every partition.
const lambdaPrincipal = "lambda.amazonaws.com"

// assumable says whether the role lets Lambda run functions as it.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html.
func (r Role) assumable() []Finding {
	if r.Trust == nil || r.Trust.Unreadable {
		return nil
	}
	decision, certain := iampolicy.Determine(iampolicy.Request{
		Principal: iampolicy.Principal{Service: lambdaPrincipal}, Action: "sts:AssumeRole", Resource: r.ARN,
	}, iampolicy.Policies{Resource: &r.Trust.Document, ResourceMustAllow: true}, func(string) bool { return false })
	switch {
	case decision == iampolicy.Allow:
		return nil
	case !certain:
		return []Finding{New(RoleNotAssumable, Info,
			fmt.Sprintf("Whether the trust policy of the execution role %s lets Lambda (`"+lambdaPrincipal+"`) run the function as it cannot be determined: that depends on condition keys that cannot be seen from here.", r.ARN),
			"If the function does not run, look at the conditions in the trust policy.")}
	case decision == iampolicy.ExplicitDeny:
		return []Finding{New(RoleNotAssumable, Error,
			fmt.Sprintf("A statement in the trust policy of the execution role %s forbids Lambda (`"+lambdaPrincipal+"`) to run the function as it.", r.ARN), "Remove the Deny, or limit it to something else.")}
	}
	return []Finding{New(RoleNotAssumable, Error,
		fmt.Sprintf("No statement in the trust policy of the execution role %s lets Lambda (`"+lambdaPrincipal+"`) run the function as it.", r.ARN),
		"Allow `sts:AssumeRole` to that service in the role's trust policy.")}
}
