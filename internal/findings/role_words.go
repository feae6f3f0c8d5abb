package findings

import (
	"fmt"
	"slices"
	"strings"
)

// lacking is one finding of all that a role lacks of a kind.
func (n Need) lacking(code Code, r Role, lacks []lack) Finding {
	severity := Warning
	var remedies, unless, whys []string
	reasons, together := map[call][]string{}, map[string][]call{}
	for _, l := range lacks {
		reasons[l.call] = append(reasons[l.call], l.why)
		remedies = append(remedies, l.remedy)
		if l.unless != "" {
			unless = append(unless, l.unless)
		} else if !n.Own && code != RoleLogs {
			severity = Error
		}
	}
	if code == RoleLogs {
		unless = append(unless, "Rotation works without, but nobody can see why one fails.")
	}
	for _, l := range lacks {
		why := enumerate(unique(reasons[l.call]))
		whys, together[why] = append(whys, why), append(together[why], l.call)
	}
	subject := "The execution role " + r.ARN
	var sentences []string
	for _, why := range unique(whys) {
		sentences = append(sentences, fmt.Sprintf("%s is not allowed %s, because %s.", subject, n.listed(together[why], ", nor "), why))
		subject = "It"
	}
	if n.Own && code != RoleVPC && code != RoleLogs { // Lambda makes these calls, whatever the function is.
		remedies = append(remedies, "Ignore this if your function does without.")
	}
	return New(code, severity, strings.Join(append(sentences, unique(unless)...), " "), strings.Join(unique(remedies), " "))
}

// unclear is one finding of all calls of a kind of which it is not certain whether they are refused.
func (n Need) unclear(code Code, r Role, calls []lack) Finding {
	var open []call
	for _, l := range calls {
		open = append(open, l.call)
	}
	return New(code, Info,
		fmt.Sprintf("Whether the execution role %s is allowed %s cannot be determined: that depends on condition keys, resources or policies that cannot be seen from here.", r.ARN, n.listed(open, ", and ")),
		"If rotation is refused access, look at the conditions and resources in the policies of the role, in its permissions boundary and in the policy of the secret or key.")
}

// listed writes calls: the actions, and what they are on. What has the same actions is written together.
func (n Need) listed(calls []call, and string) string {
	var targets, groups []string
	actions, together := map[string][]string{}, map[string][]string{}
	for _, c := range calls {
		target := n.target(c)
		targets = append(targets, target)
		actions[target] = append(actions[target], "`"+c.action+"`")
	}
	for _, target := range unique(targets) {
		group := enumerate(unique(actions[target]))
		groups, together[group] = append(groups, group), append(together[group], target)
	}
	var parts []string
	for _, group := range unique(groups) {
		parts = append(parts, strings.TrimSpace(group+" "+enumerate(together[group])))
	}
	return strings.Join(parts, and)
}

// target says what a call is on, empty if that needs no saying.
func (n Need) target(c call) string {
	switch {
	case c.action == randomPassword:
		return "on `*`"
	case c.resource == "*":
		return ""
	case c.service() == "kms":
		target := "on the key " + c.resource
		switch {
		case c.several || strings.Contains(c.secretARN, "*"):
			return target
		case c.secretARN == n.SecretARN:
			return target + " for the secret"
		}
		return target + " for " + c.secretARN
	case c.service() == "logs":
		return "on the log group " + n.LogGroup
	case c.resource == n.SecretARN:
		return "on the secret"
	case c.vague():
		return "on the secrets that rotate with the function"
	case n.rotates(c.resource):
		return "on the keytab secret " + c.resource
	}
	return "on the superuser secret " + c.resource
}

// enumerate writes texts one after the other.
func enumerate(texts []string) string {
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
	}
	return strings.Join(texts, "")
}

// unique returns texts without repetitions, in their order.
func unique(texts []string) []string {
	var once []string
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}
