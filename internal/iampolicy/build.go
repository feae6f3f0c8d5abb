package iampolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
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
	Marker             string   // Sid of the first statement, from Marker.Sid; empty for "RotateSecret"
}

// RolePolicy returns the least that the execution role of a rotation function needs for one secret. It follows
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html, and is tighter
// where the code of the AWS functions allows it: keys are usable through Secrets Manager only, and only for the one secret.
// Permissions for logs and the VPC belong to the function, not to a secret, and are not in it.
func RolePolicy(in RolePolicyInput) Document {
	first := in.Marker
	if first == "" {
		first = "RotateSecret"
	}
	secret, superuser := []string{in.SecretARN}, []string{in.SuperuserSecretARN}
	var statements []Statement
	add := func(condition bool, sid string, actions, resources []string, conditions ...Condition) {
		if condition {
			statements = append(statements, Statement{Sid: sid, Effect: EffectAllow, Actions: actions, Resources: resources, Conditions: conditions})
		}
	}
	hasSuperuser := in.SuperuserSecretARN != "" && len(in.SuperuserActions) > 0
	hasKeytabs := len(in.KeytabSecretARNs) > 0
	write := []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
	add(true, first, SecretActions(), secret)
	add(in.RandomPassword, "GeneratePassword", []string{"secretsmanager:GetRandomPassword"}, []string{"*"})
	add(hasSuperuser, "ReadSuperuserSecret", in.SuperuserActions, superuser)
	add(hasKeytabs, "RotateKeytabs", SecretActions(), in.KeytabSecretARNs)
	add(len(in.ServiceActions) > 0, "CallService", in.ServiceActions, []string{"*"})
	add(in.KMSKeyARN != "", "UseSecretKey", write, []string{in.KMSKeyARN}, keyConditions(secret)...)
	add(hasSuperuser && in.SuperuserKMSKeyARN != "", "UseSuperuserKey", write[:1], []string{in.SuperuserKMSKeyARN}, keyConditions(superuser)...)
	add(hasKeytabs && in.KeytabKMSKeyARN != "", "UseKeytabKey", write, []string{in.KeytabKMSKeyARN}, keyConditions(in.KeytabSecretARNs)...)
	return Document{Version: Version, Statements: statements}
}

// InvokePermissionInput names a permission of Secrets Manager to invoke a function.
type InvokePermissionInput struct {
	StatementID string // 1 to 100 letters, digits, hyphens or underscores
	FunctionARN string // with the qualifier that rotation is configured with, if any
	SecretARN   string // the one secret whose rotation may invoke the function
}

// InvokePermission returns the statement that Lambda's AddPermission makes of the source account and source ARN of a secret, in
// Lambda's own spelling of the condition keys.
func InvokePermission(in InvokePermissionInput) Statement {
	_, _, account := locate(in.SecretARN)
	return Statement{
		Sid:        in.StatementID,
		Effect:     EffectAllow,
		Principals: map[string][]string{"Service": {ServicePrincipal}},
		Actions:    []string{"lambda:InvokeFunction"},
		Resources:  []string{in.FunctionARN},
		Conditions: []Condition{
			{Operator: "StringEquals", Key: "AWS:SourceAccount", Values: []string{account}},
			{Operator: "ArnLike", Key: "AWS:SourceArn", Values: []string{in.SecretARN}},
		},
	}
}

// Marker stands in the Sid of the first statement of a role policy and says which secret's setup wrote it, and in which create.
// IAM allows only letters and digits there, so the secret is named by a part of its ARN's SHA-256 sum.
type Marker struct {
	SecretHash string // first 12 lower-case hexadecimal digits of the SHA-256 sum of the secret's ARN
	Generation int    // number of the create that wrote the policy, not negative
}

var markerPattern = regexp.MustCompile(`^RotationSetup([0-9a-f]{12})Create(0|[1-9][0-9]{0,8})$`)

// NewMarker returns the marker of a create for the secret with the full ARN given.
func NewMarker(secretARN string, generation int) Marker {
	return Marker{SecretHash: hashARN(secretARN), Generation: generation}
}

// FindMarker reads the marker of a role policy. It reports false for a policy that no setup wrote.
func FindMarker(d Document) (Marker, bool) {
	if len(d.Statements) == 0 {
		return Marker{}, false
	}
	m := markerPattern.FindStringSubmatch(d.Statements[0].Sid)
	if m == nil {
		return Marker{}, false
	}
	generation, err := strconv.Atoi(m[2])
	return Marker{SecretHash: m[1], Generation: generation}, err == nil
}

// Sid returns the statement id that carries the marker, for example "RotationSetup0123456789abCreate1".
func (m Marker) Sid() string {
	return "RotationSetup" + m.SecretHash + "Create" + strconv.Itoa(m.Generation)
}

// Owns reports whether the marker is one of the secret with the full ARN given, whatever the create.
func (m Marker) Owns(secretARN string) bool {
	return m.SecretHash == hashARN(secretARN)
}

func hashARN(secretARN string) string {
	sum := sha256.Sum256([]byte(secretARN))
	return hex.EncodeToString(sum[:6])
}

// keyConditions limits a key to Secrets Manager and to some secrets. The version is not part of it, because Secrets
// Manager validates access to a key with a version id of its own ("RequestToValidateKeyAccess").
func keyConditions(secretARNs []string) []Condition {
	var services []string
	for _, secretARN := range secretARNs {
		partition, region, _ := locate(secretARN)
		if service := "secretsmanager." + region + "." + arn.DNSSuffix(partition); !slices.Contains(services, service) {
			services = append(services, service)
		}
	}
	return []Condition{
		{Operator: "StringEquals", Key: "kms:ViaService", Values: services},
		{Operator: "StringEquals", Key: "kms:EncryptionContext:SecretARN", Values: secretARNs},
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
