package findings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

const (
	randomPassword  = "secretsmanager:GetRandomPassword"
	encryptedSecret = "kms:encryptioncontext:secretarn"
)

// rotatesWith is the key as contexts have it.
var rotatesWith = strings.ToLower(iampolicy.RotatesWithKey)

// connect are the actions with which Lambda connects a function to its VPC. AWS's lists of them differ; these are in all of them.
var connect = []string{"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"}

// calls are the requests that the least policy is for: the function's own, those of Secrets Manager to KMS on its behalf, and those of
// Lambda for the VPC.
func (n Need) calls() []call {
	var all []call
	for _, s := range n.Policy.Statements {
		for _, resource := range s.Resources {
			for _, action := range s.Actions {
				c := call{action: action, resource: resource}
				switch {
				case action == "kms:DescribeKey":
					// AWS lists it, and no function makes the call.
				case c.service() == "ec2":
					// Some of the actions nobody misses, and whether there is a VPC is not for the policy to say.
				case c.service() == "kms":
					for _, secretARN := range encrypted(s) {
						all = append(all, call{action: action, resource: resource, secretARN: secretARN, several: len(s.Resources) > 1})
					}
				default:
					all = append(all, c)
				}
			}
		}
	}
	if n.InVPC {
		for _, action := range connect {
			all = append(all, call{action: action, resource: "*"})
		}
	}
	return append(all, n.logs()...)
}

// logs are the requests that Lambda makes to keep the function's log.
func (n Need) logs() []call {
	f, err := arn.ParseFunction(n.FunctionARN)
	if err != nil || n.LogGroup == "" {
		return nil
	}
	// Policies name a group with an asterisk after it, that means its streams, or without.
	streams := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s:log-stream:*", f.Partition, f.Region, f.AccountID, n.LogGroup)
	all := []call{{action: "logs:CreateLogStream", resource: streams}, {action: "logs:PutLogEvents", resource: streams}}
	if n.MakesLogGroup {
		all = append(all, call{action: "logs:CreateLogGroup", resource: streams})
	}
	return all
}

// encrypted are the secrets, or patterns of secrets, that a statement on keys is for.
func encrypted(s iampolicy.Statement) []string {
	for _, c := range s.Conditions {
		if strings.EqualFold(c.Key, encryptedSecret) {
			return c.Values
		}
	}
	return nil
}

func (c call) service() string {
	service, _, _ := strings.Cut(c.action, ":")
	return service
}

// vague reports whether the resource of the call is any that a pattern means. Of the calls on "*", these two have no resource, so that
// they are allowed on "*" or not at all; the others are on a database, a user or a network interface that is not known here.
func (c call) vague() bool {
	return strings.Contains(c.resource, "*") && c.action != randomPassword && c.action != "ec2:DescribeNetworkInterfaces"
}

// rotates reports whether the function writes to a secret, as it does not to superuser secrets.
func (n Need) rotates(secretARN string) bool {
	return slices.ContainsFunc(n.Policy.Statements, func(s iampolicy.Statement) bool {
		return slices.Contains(s.Resources, secretARN) && slices.Contains(s.Actions, "secretsmanager:PutSecretValue")
	})
}

// context has the condition keys of a call, in lower case.
func (j *judge) context(c call) map[string][]string {
	context := map[string][]string{"aws:securetransport": {"true"}, "aws:principaltype": {"AssumedRole"}}
	tags := func(prefix string, all map[string]string) {
		for key, value := range all {
			key = prefix + strings.ToLower(key)
			context[key] = append(context[key], value)
		}
	}
	tags("aws:principaltag/", j.role.Tags)
	function, err := arn.ParseFunction(j.need.FunctionARN)
	if err == nil {
		context["aws:requestedregion"] = []string{function.Region}
	}
	if account := owner(c.resource); account != "" {
		context["aws:resourceaccount"] = []string{account}
	}
	switch c.service() {
	case "kms":
		context[encryptedSecret] = []string{c.secretARN}
		context["kms:encryptioncontextkeys"] = []string{"SecretARN", "SecretVersionId"}
		context["kms:calleraccount"] = []string{j.who.AccountID}
		if parts := strings.SplitN(c.secretARN, ":", 6); len(parts) == 6 {
			context["kms:viaservice"] = []string{"secretsmanager." + parts[3] + "." + arn.DNSSuffix(parts[1])}
		}
	case "ec2", "logs":
	default:
		if err == nil {
			context["lambda:sourcefunctionarn"] = []string{function.Unqualified().String()}
		}
	}
	if c.resource == j.need.SecretARN {
		context["secretsmanager:secretid"] = []string{c.resource}
		tags("aws:resourcetag/", j.need.SecretTags)
		tags("secretsmanager:resourcetag/", j.need.SecretTags)
	}
	if c.resource == j.need.SecretARN || c.service() == "secretsmanager" && c.vague() {
		context[rotatesWith] = []string{j.need.FunctionARN}
	} else if other := j.need.RotateWith[c.resource]; other != "" {
		context[rotatesWith] = []string{other}
	}
	return context
}

// known reports whether the value of a condition key, or that there is none, is known for a call.
func (n Need) known(c call) func(key string) bool {
	return func(key string) bool {
		switch key {
		case "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:multifactorauthpresent":
			return true // Calls of a role have none.
		case "lambda:sourcefunctionarn":
			// Calls of Lambda have none, by which AWS's own example of a Deny tells them from those of the function.
			// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
			return c.service() == "ec2"
		case rotatesWith:
			_, told := n.RotateWith[c.resource]
			return told
		}
		if strings.HasPrefix(key, "aws:resourcetag/") || strings.HasPrefix(key, "secretsmanager:resourcetag/") {
			return c.resource == n.SecretARN || c.action == randomPassword
		}
		return strings.HasPrefix(key, "aws:principaltag/")
	}
}

// partition returns the partition of an ARN.
func partition(resource string) string {
	if parts := strings.SplitN(resource, ":", 3); len(parts) == 3 {
		return parts[1]
	}
	return ""
}

// owner returns the account in an ARN, empty if there is none.
func owner(resource string) string {
	if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}
