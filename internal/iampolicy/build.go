package iampolicy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// ServicePrincipal is the principal that invokes rotation functions.
const ServicePrincipal = "secretsmanager.amazonaws.com"

// SecretActions returns the actions that every rotation function needs on a secret that it rotates.
func SecretActions() []string {
	return []string{
		"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
		"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
	}
}

// RolePolicyInput says what a rotation function needs for one secret. ARNs are full ARNs; empty means that there is none.
type RolePolicyInput struct {
	SecretARN          string   // the secret that rotates
	KMSKeyARN          string   // its customer managed key; empty for aws/secretsmanager
	RandomPassword     bool     // the function has Secrets Manager generate the password
	SuperuserSecretARN string   // the secret that the function logs in with
	SuperuserKMSKeyARN string   // its customer managed key; empty for aws/secretsmanager
	SuperuserActions   []string // on the superuser secret, for example "secretsmanager:GetSecretValue"
	ServiceActions     []string // on the service of the database or directory, for example "rds:DescribeDBInstances"; they are granted on *
	KeytabSecretARNs   []string // the keytab secrets that rotate along
	KeytabKMSKeyARN    string   // their customer managed key; empty for aws/secretsmanager
	VPC                bool     // the function is in a VPC, and its role may not connect it by another policy
	Marker             string   // Sid of the first statement, from Marker.Sid; empty for "RotateSecret"
}

// RolePolicy returns the least that the execution role of a rotation function needs for one secret. It follows
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html, and is tighter
// where the code of the AWS functions allows it: keys are usable through Secrets Manager only, and only for the one secret.
// Permissions for logs belong to the function, not to a secret, and are not in it.
func RolePolicy(in RolePolicyInput) Document {
	secret, superuser := []string{in.SecretARN}, []string{in.SuperuserSecretARN}
	hasSuperuser := in.SuperuserSecretARN != "" && len(in.SuperuserActions) > 0
	hasKeytabs := len(in.KeytabSecretARNs) > 0
	var p policy
	p.allow(cmp.Or(in.Marker, "RotateSecret"), SecretActions(), secret)
	p.allowPassword(in.RandomPassword)
	if hasSuperuser {
		p.allow("ReadSuperuserSecret", in.SuperuserActions, superuser)
	}
	p.allowKeytabs(in.KeytabSecretARNs)
	p.allowService(in.ServiceActions)
	if in.KMSKeyARN != "" {
		p.allow("UseSecretKey", keyActions(), []string{in.KMSKeyARN}, keyConditions("StringEquals", secret)...)
	}
	if hasSuperuser && in.SuperuserKMSKeyARN != "" {
		p.allow("UseSuperuserKey", []string{"kms:Decrypt"}, []string{in.SuperuserKMSKeyARN}, keyConditions("StringEquals", superuser)...)
	}
	if hasKeytabs && in.KeytabKMSKeyARN != "" {
		p.allow("UseKeytabKey", keyActions(), []string{in.KeytabKMSKeyARN}, keyConditions("StringEquals", in.KeytabSecretARNs)...)
	}
	p.allowVPC(in.VPC)
	return p.document()
}

// SharedRolePolicyInput says what a rotation function needs for all the secrets that it rotates. ARNs are full ARNs.
type SharedRolePolicyInput struct {
	FunctionARN         string           // with or without a qualifier
	KMSKeyARNs          []string         // customer managed keys of the secrets, and of keytab secrets
	RandomPassword      bool             // as in RolePolicyInput, like what follows
	Superusers          []SuperuserGrant // what it does with the superuser secrets
	SuperuserKMSKeyARNs []string
	ServiceActions      []string
	KeytabSecretARNs    []string
	VPC                 bool
	Marker              string // Sid of the first statement, from Marker.Sid; empty for "RotateSecrets"
}

// SuperuserGrant says what a function does with some of the superuser secrets.
type SuperuserGrant struct {
	Sid     string // of the statement
	Secrets []string
	Actions []string
}

// SharedRolePolicy returns the least that the execution role of a rotation function needs for every secret that rotates with it, now
// or later: the policy does not grow with them. Which secrets these are is left to Secrets Manager, by the condition key
// secretsmanager:resource/AllowRotationLambdaArn, which is the function that a secret is configured with, be it with a qualifier.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html.
func SharedRolePolicy(in SharedRolePolicyInput) Document {
	function := unqualified(in.FunctionARN)
	partition, region, account := locate(function)
	all := []string{"arn:" + partition + ":secretsmanager:" + region + ":" + account + ":secret:*"}
	ours := Condition{Operator: "ArnLike", Key: RotatesWithKey, Values: []string{function, function + ":*"}}
	var p policy
	p.allow(cmp.Or(in.Marker, "RotateSecrets"), SecretActions(), all, ours)
	p.allowPassword(in.RandomPassword)
	var superusers []string
	for _, g := range in.Superusers {
		p.allow(g.Sid, g.Actions, g.Secrets)
		superusers = append(superusers, g.Secrets...)
	}
	p.allowKeytabs(in.KeytabSecretARNs)
	for _, secretARN := range in.KeytabSecretARNs {
		if _, _, owner := locate(secretARN); owner != account {
			all = append(all, secretARN)
		}
	}
	p.allowService(in.ServiceActions)
	if len(in.KMSKeyARNs) > 0 {
		p.allow("UseKeys", keyActions(), in.KMSKeyARNs, keyConditions("StringLike", all)...)
	}
	if len(superusers) > 0 && len(in.SuperuserKMSKeyARNs) > 0 {
		p.allow("UseSuperuserKeys", []string{"kms:Decrypt"}, in.SuperuserKMSKeyARNs, keyConditions("StringEquals", superusers)...)
	}
	p.allowVPC(in.VPC)
	return p.document()
}

// RotatesWithKey is the condition key that has the function that a secret is configured to rotate with.
const RotatesWithKey = "secretsmanager:resource/AllowRotationLambdaArn"

// VPCActions returns the actions with which Lambda connects a function to its VPC, as its execution role, as in AWS's managed policy
// AWSLambdaVPCAccessExecutionRole. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
func VPCActions() []string {
	return []string{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
		"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
	}
}

// policy is a role policy that grows.
type policy []Statement

func (p *policy) allow(sid string, actions, resources []string, conditions ...Condition) {
	*p = append(*p, Statement{Sid: sid, Effect: EffectAllow, Actions: actions, Resources: resources, Conditions: conditions})
}

func (p *policy) allowPassword(needed bool) {
	if needed {
		p.allow("GeneratePassword", []string{"secretsmanager:GetRandomPassword"}, []string{"*"})
	}
}

func (p *policy) allowKeytabs(secretARNs []string) {
	if len(secretARNs) > 0 {
		p.allow("RotateKeytabs", SecretActions(), secretARNs)
	}
}

func (p *policy) allowService(actions []string) {
	if len(actions) > 0 {
		p.allow("CallService", actions, []string{"*"})
	}
}

func (p *policy) allowVPC(needed bool) {
	if needed {
		p.allow("ConnectToVPC", VPCActions(), []string{"*"})
	}
}

func (p *policy) document() Document { return Document{Version: Version, Statements: *p} }

// InvokePermissionInput names a permission of Secrets Manager to invoke a function.
type InvokePermissionInput struct {
	StatementID string // 1 to 100 letters, digits, hyphens or underscores
	FunctionARN string // with the qualifier that rotation is configured with, if any
	SecretARN   string // the one secret whose rotation may invoke the function; empty for all secrets of the function's account
}

// InvokePermission returns the statement that Lambda's AddPermission makes of the source account and, for one secret, its ARN as the
// source ARN, in Lambda's own spelling of the condition keys.
func InvokePermission(in InvokePermissionInput) Statement {
	_, _, account := locate(cmp.Or(in.SecretARN, in.FunctionARN))
	s := Statement{
		Sid:        in.StatementID,
		Effect:     EffectAllow,
		Principals: map[string][]string{"Service": {ServicePrincipal}},
		Actions:    []string{"lambda:InvokeFunction"},
		Resources:  []string{in.FunctionARN},
		Conditions: []Condition{{Operator: "StringEquals", Key: "AWS:SourceAccount", Values: []string{account}}},
	}
	if in.SecretARN != "" {
		s.Conditions = append(s.Conditions, Condition{Operator: "ArnLike", Key: "AWS:SourceArn", Values: []string{in.SecretARN}})
	}
	return s
}

func keyActions() []string { return []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"} }

// keyConditions limits a key to Secrets Manager and to some secrets, which the operator may take for patterns. The version is not part
// of it, because Secrets Manager validates access to a key with a version id of its own ("RequestToValidateKeyAccess").
func keyConditions(operator string, secretARNs []string) []Condition {
	var services []string
	for _, secretARN := range secretARNs {
		partition, region, _ := locate(secretARN)
		if service := "secretsmanager." + region + "." + arn.DNSSuffix(partition); !slices.Contains(services, service) {
			services = append(services, service)
		}
	}
	return []Condition{
		{Operator: "StringEquals", Key: "kms:ViaService", Values: services},
		{Operator: operator, Key: "kms:EncryptionContext:SecretARN", Values: secretARNs},
	}
}

// locate returns the partition, region and account of an ARN without judging the rest, which callers have done with package arn.
func locate(s string) (partition, region, account string) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 {
		return "", "", ""
	}
	return parts[1], parts[3], parts[4]
}

// unqualified returns a function's ARN without its qualifier, in the way of locate.
func unqualified(functionARN string) string {
	parts := strings.SplitN(functionARN, ":", 8)
	return strings.Join(parts[:min(7, len(parts))], ":")
}
