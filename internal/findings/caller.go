package findings

import (
	"fmt"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Caller is what is known of whether the credentials that set rotation up may do something.
type Caller struct {
	ARN string // as STS tells it; empty if not known
	// PrincipalARN is the user or role that they are of; empty if that is neither, or not known.
	PrincipalARN string
	// Decision is what IAM says of the principal's policies: "allowed", "implicitDeny" or "explicitDeny"; empty if it does not say, or
	// if that hangs on something that only a request has.
	Decision string
	Unseen   []string
}

// CallerInvokes says whether the credentials lack lambda:InvokeFunction on a rotation function, which AWS asks of who lets a secret rotate
// with it. The policy is the function's own, which may allow it as well.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html.
func CallerInvokes(c Caller, functionARN string, policy iampolicy.Document) []Finding {
	if c.Decision == "" && len(c.Unseen) > 0 {
		return []Finding{NotSeen(CallerCannotInvoke, fmt.Sprintf("Whether these credentials (%s) have `lambda:InvokeFunction` on the function", c.ARN), c.Unseen...)}
	}
	if owner(c.PrincipalARN) != owner(functionARN) {
		return nil // Of credentials of another account, and of a root user, nothing is known.
	}
	switch c.Decision {
	case "implicitDeny":
		who := iampolicy.Principal{ARN: c.PrincipalARN, AccountID: owner(c.PrincipalARN)}
		if c.ARN != c.PrincipalARN {
			who.SessionARN = c.ARN
		}
		decision, certain := iampolicy.Determine(iampolicy.Request{Principal: who, Action: "lambda:InvokeFunction", Resource: functionARN},
			iampolicy.Policies{Resource: &policy}, func(string) bool { return false })
		if decision == iampolicy.Allow || !certain {
			return nil
		}
		return []Finding{New(CallerCannotInvoke, Error,
			fmt.Sprintf("No policy lets these credentials (%s) invoke the function %s. AWS asks for that when a secret is to rotate with it, and refuses RotateSecret otherwise.", c.ARN, functionARN),
			"Allow them `lambda:InvokeFunction` on the function.")}
	case "explicitDeny":
		return []Finding{New(CallerCannotInvoke, Error,
			fmt.Sprintf("A policy forbids these credentials (%s) to invoke the function %s. AWS asks for that when a secret is to rotate with it, and refuses RotateSecret otherwise.", c.ARN, functionARN),
			"Except the function from the Deny, or set rotation up with other credentials.")}
	}
	return nil
}
