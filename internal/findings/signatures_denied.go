package findings

import (
	"fmt"
	"regexp"
	"strings"
)

// denial is how IAM names the kind of policy that has refused a call.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
var denial = regexp.MustCompile(`(explicit deny in an?|because no) (identity-based policy|permissions boundary|service control policy|resource control policy|session policy)`)

// denied is the finding on a call that a line says was refused, with a remedy for the kind of policy that has refused it: where that is an
// explicit denial, or a limit to what the role's policies can give, allowing the action helps nothing.
func (f Finding) denied(line string) Finding {
	m := denial.FindStringSubmatch(line)
	if m == nil || !f.Code.IsAccess() {
		return f
	}
	kind, explicit := m[2], strings.HasPrefix(m[1], "explicit")
	switch {
	case explicit:
		f.Detail += fmt.Sprintf(" AWS names the reason: an explicit deny in a policy of the kind %q.", kind)
		f.Remedy = "Except the execution role from that deny, or remove it. While it is there, no other policy can allow the call."
	case kind != "identity-based policy":
		f.Detail += fmt.Sprintf(" AWS names the reason: no policy of the kind %q allows it.", kind)
		f.Remedy = fmt.Sprintf("Allow the action in the %s, too: the role's own policies can give no more than that allows.", kind)
	}
	return f
}
