package findings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// statements makes a document of statements without their braces, each with a Sid that no message may have.
func statements(t *testing.T, all ...string) iampolicy.Document {
	t.Helper()
	all = slices.Clone(all)
	for i, s := range all {
		all[i] = `{"Sid":"NoisySid` + fmt.Sprint(i) + `",` + s + `}`
	}
	d, err := iampolicy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const everything = `"Effect":"Allow","Action":"*","Resource":"*"`

func allow(action, resource string) string {
	return `"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"`
}

func deny(action, resource string) string {
	return `"Effect":"Deny","Action":"` + action + `","Resource":"` + resource + `"`
}

func when(operator, key, value string) string {
	return `,"Condition":{"` + operator + `":{"` + key + `":"` + value + `"}}`
}

func to(who string) string { return `,"Principal":{"AWS":"` + who + `"}` }

// roleCase is a role with the least policy of a PostgreSQL function with a superuser secret, of which everything but the policies of
// the keys is known, until change makes it another.
type roleCase struct {
	t    *testing.T
	role Role
	need Need
}

// may replaces the role's policies.
func (c *roleCase) may(all ...string) {
	c.role.Policies = []Policy{{Name: "by-hand", Document: statements(c.t, all...)}}
}

// also adds a policy.
func (c *roleCase) also(name string, all ...string) {
	c.role = c.role.With(Policy{Name: name, Document: statements(c.t, all...)})
}

func (c *roleCase) bounded(all ...string) {
	c.role.Boundary = &Policy{Name: "arn:aws:iam::123456789012:policy/limit", Document: statements(c.t, all...)}
}

func (c *roleCase) guard(secretARN string, all ...string) {
	c.need.Guards[secretARN] = new(statements(c.t, all...))
}

// without takes an action from the least policy.
func (c *roleCase) without(action string) {
	d := c.role.Policies[0].Document
	d.Statements = slices.Clone(d.Statements)
	for i, s := range d.Statements {
		d.Statements[i].Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return a == action })
	}
	c.role.Policies = []Policy{{Name: "rotation", Document: d}}
}

// is replaces the function by one of another type, in a role that may do everything.
func (c *roleCase) is(name string, access catalog.Access) {
	rotationType := lookup(c.t, name)
	access.SecretARN = orders
	c.need.Policy, c.need.Own = rotationType.RolePolicy(access), rotationType.Strategy == catalog.CustomStrategy
	c.may(everything)
}

// rotatesAll makes the need that of a function for all of its secrets, under the policy for that.
func (c *roleCase) rotatesAll(access catalog.SharedAccess) {
	access.FunctionARN, access.Types = rotator, []*catalog.RotationType{lookup(c.t, "PostgreSQLMultiUser")}
	c.need = Need{Policy: catalog.SharedRolePolicy(access), FunctionARN: rotator}
	c.role = withPolicy(c.need.Policy)
}

func newRoleCase(t *testing.T) *roleCase {
	t.Helper()
	policy := lookup(t, "PostgreSQLMultiUser").RolePolicy(catalog.Access{SecretARN: orders, KMSKeyARN: ordersKey, SuperuserSecretARN: admin, SuperuserKMSKeyARN: adminKey})
	role := withPolicy(policy)
	role.Tags = map[string]string{"Team": "blue"}
	return &roleCase{t, role, Need{
		Policy: policy, FunctionARN: rotator + ":live", SecretARN: orders, SecretTags: map[string]string{"Stage": "prod"},
		Guards: map[string]*iampolicy.Document{orders: nil, admin: nil},
	}}
}

// everyCode is what may be lacking of the case, with a severity.
func everyCode(severity Severity) []string {
	var all []string
	for _, code := range []Code{RoleKMS, RoleRandomPassword, RoleSecretAccess, SuperuserNotReadable} {
		all = append(all, string(severity)+" "+string(code))
	}
	return all
}

// TestRolePermissions logs what it finds, to be read aloud: go test -v -run TestRolePermissions.
func TestRolePermissions(t *testing.T) {
	t.Parallel()
	const (
		session     = "arn:aws:sts::123456789012:assumed-role/rotator/rotate"
		guardAll    = `"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"`
		put, get    = "secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue"
		denied      = "error role-secret-access"
		unreachable = "error superuser-not-readable"
	)
	tests := map[string]struct {
		change func(*roleCase)
		want   []string
		text   []string // parts of the first finding
	}{
		"least":        {func(*roleCase) {}, nil, nil},
		"everything":   {func(c *roleCase) { c.may(everything) }, nil, nil},
		"no policy":    {func(c *roleCase) { c.role.Policies = nil; c.need.Guards = nil }, []string{"warning role-kms", "error role-random-password", "warning role-secret-access", "warning superuser-not-readable"}, nil},
		"not a role":   {func(c *roleCase) { c.role.ARN = "arn:aws:iam::123456789012:user/rotator" }, nil, nil},
		"two policies": {func(c *roleCase) { c.without(put); c.also("more", allow("secretsmanager:put*", orders)) }, nil, nil},
		"one action": {
			func(c *roleCase) { c.without(put) },
			[]string{denied},
			[]string{"is not allowed `secretsmanager:PutSecretValue` on the secret, because none of its policies allows that.", "`rotation_role_policy`"},
		},
		"several actions": {
			func(c *roleCase) { c.may(allow("kms:*", "*"), allow("secretsmanager:Get*", "*")) },
			[]string{denied},
			[]string{"`secretsmanager:DescribeSecret`, `secretsmanager:PutSecretValue` and `secretsmanager:UpdateSecretVersionStage` on the secret, because"},
		},
		"another secret": {func(c *roleCase) {
			c.may(allow("kms:*", "*"), allow("secretsmanager:*", keytab), allow("secretsmanager:GetRandomPassword", "*"))
		}, []string{denied, unreachable}, nil},

		"boundary does not allow": {
			func(c *roleCase) {
				c.bounded(allow("secretsmanager:Get*", "*"), allow("secretsmanager:D*", "*"), allow("kms:*", "*"))
			},
			[]string{denied},
			[]string{"`secretsmanager:PutSecretValue` and `secretsmanager:UpdateSecretVersionStage` on the secret, because its permissions boundary \"arn:aws:iam::123456789012:policy/limit\" does not allow that."},
		},
		"boundary does not allow either": {
			func(c *roleCase) {
				c.without(put)
				c.bounded(allow("secretsmanager:Get*", "*"), allow("secretsmanager:D*", "*"), allow("kms:*", "*"))
			},
			[]string{denied},
			[]string{"`secretsmanager:PutSecretValue` on the secret, because none of its policies allows that and its permissions boundary", "It is not allowed `secretsmanager:UpdateSecretVersionStage`"},
		},
		"boundary does not allow the key": {
			func(c *roleCase) { c.bounded(allow("secretsmanager:*", "*")) },
			[]string{"warning role-kms"},
			[]string{"The policy of the key may allow it all the same"},
		},
		"boundary denies": {func(c *roleCase) { c.bounded(everything, deny(put, "*")) }, []string{denied}, []string{"boundary \"arn:aws:iam::123456789012:policy/limit\" denies that", "from the boundary"}},
		"policy denies": {
			func(c *roleCase) { c.also("arn:aws:iam::123456789012:policy/guardrail", deny(put, "*")) },
			[]string{denied},
			[]string{"because its policy \"arn:aws:iam::123456789012:policy/guardrail\" denies that."},
		},
		"policies deny": {func(c *roleCase) { c.also("one", deny(put, "*")); c.also("two", deny("secretsmanager:*", orders)) }, []string{denied}, []string{"its policy \"one\" denies that and its policy \"two\" denies that."}},
		"another policy may deny too": {func(c *roleCase) {
			c.also("open", allow(put, "*"), deny(put, "*")+when("IpAddress", "aws:SourceIp", "10.0.0.0/8"))
			c.also("sure", deny(put, "*"))
		}, []string{denied}, []string{"because its policy \"sure\" denies that."}},
		"Deny of the key for another secret": {func(c *roleCase) {
			c.also("g", deny("kms:*", "*")+when("StringEquals", "kms:EncryptionContext:SecretARN", keytab))
		}, nil, nil},
		"Deny of the key for the secret": {func(c *roleCase) {
			c.also("g", deny("kms:*", "*")+when("StringEquals", "kms:EncryptionContext:SecretARN", orders))
		}, []string{"error role-kms"}, []string{"on the key " + ordersKey + " for the secret, because"}},

		"unreadable policy":   {func(c *roleCase) { c.role = c.role.With(Policy{Name: "odd", Unreadable: true}) }, everyCode(Info), []string{"Whether the execution role " + executionRole + " is allowed `kms:Decrypt`"}},
		"unreadable boundary": {func(c *roleCase) { c.role.Boundary = &Policy{Name: "odd", Unreadable: true} }, everyCode(Info), nil},
		"unreadable policy and a Deny": {func(c *roleCase) {
			c.also("odd")
			c.role.Policies[1].Unreadable = true
			c.also("sure", deny("secretsmanager:*", "*"))
		}, []string{"error role-random-password", denied, unreachable, "info role-kms"}, nil},
		"unreadable policy in a boundary that does not allow": {func(c *roleCase) {
			c.role.Policies = []Policy{{Name: "odd", Unreadable: true}}
			c.bounded(allow("secretsmanager:*", "*"))
		}, []string{"warning role-kms", "info role-random-password", "info role-secret-access", "info superuser-not-readable"}, nil},

		"unknown key": {func(c *roleCase) { c.may(everything + when("StringEquals", "aws:SourceVpce", "vpce-1")) }, everyCode(Info), nil},
		"unknown key of a Deny": {func(c *roleCase) {
			c.also("g", deny("secretsmanager:*", orders)+when("StringNotEquals", "aws:SourceVpce", "vpce-1"))
		}, []string{"info role-secret-access"}, nil},
		"MFA": {func(c *roleCase) {
			c.may(everything + when("Bool", "aws:MultiFactorAuthPresent", "true"))
			c.need.Guards = nil
		}, []string{"warning role-kms", "error role-random-password", "warning role-secret-access", "warning superuser-not-readable"}, nil},
		"source of a service": {func(c *roleCase) { c.may(everything + when("Null", "aws:SourceArn", "true")) }, nil, nil},
		"region": {func(c *roleCase) {
			c.also("g", deny("*", "*")+when("StringNotEquals", "aws:RequestedRegion", "eu-central-1"))
		}, nil, nil},
		"another region": {func(c *roleCase) {
			c.also("g", deny("*", "*")+when("StringEquals", "aws:RequestedRegion", "eu-central-1"))
		}, everyCode(Error), nil},
		"without TLS": {func(c *roleCase) { c.also("g", deny("*", "*")+when("Bool", "aws:SecureTransport", "false")) }, nil, nil},
		"function": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", "*")+when("ArnEquals", "lambda:SourceFunctionArn", rotator), allow("kms:*", "*"))
		}, nil, nil},
		"another function": {func(c *roleCase) {
			c.also("g", deny("secretsmanager:*", orders)+when("ArnNotEquals", "lambda:SourceFunctionArn", rotator+"-2"))
		}, []string{denied}, nil},
		"function behind KMS": {func(c *roleCase) {
			c.also("g", deny("kms:*", "*")+when("ArnNotEquals", "lambda:SourceFunctionArn", rotator))
		}, []string{"info role-kms"}, nil},
		"tag of the role":         {func(c *roleCase) { c.may(everything + when("StringEquals", "aws:PrincipalTag/team", "blue")) }, nil, nil},
		"another tag of the role": {func(c *roleCase) { c.may(everything + when("StringEquals", "aws:PrincipalTag/Team", "red")) }, []string{"warning role-kms", "error role-random-password", denied, unreachable}, nil},
		"absent tag of the role":  {func(c *roleCase) { c.also("g", deny("kms:*", "*")+when("Null", "aws:PrincipalTag/Rotates", "true")) }, []string{"error role-kms"}, nil},
		"tag of the secret": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", "*")+when("StringEquals", "aws:ResourceTag/stage", "prod"), allow("kms:*", "*"))
		}, []string{"error role-random-password", "info superuser-not-readable"}, []string{"`secretsmanager:GetRandomPassword` on `*`"}},
		"tag of the secret in the service's key": {func(c *roleCase) {
			c.also("g", deny(put, "*")+when("StringEquals", "secretsmanager:ResourceTag/Stage", "prod"))
		}, []string{denied}, nil},
		"another tag of the secret": {func(c *roleCase) {
			c.also("g", deny(put, "*")+when("StringEquals", "secretsmanager:ResourceTag/Stage", "test"))
		}, nil, nil},
		"tag of the role and of the secret": {func(c *roleCase) {
			c.also("g", deny(put, "*")+when("StringEquals", "aws:ResourceTag/Stage", "${aws:PrincipalTag/Team}"))
		}, nil, nil},
		"tags that differ in case": {func(c *roleCase) {
			c.need.SecretTags = map[string]string{"Stage": "prod", "stage": "test"}
			c.also("g", deny(put, "*")+when("StringEquals", "aws:ResourceTag/Stage", "test"))
		}, []string{denied}, nil},
		"id of the secret": {func(c *roleCase) {
			c.also("g", deny(put, "*")+when("StringNotEquals", "secretsmanager:SecretId", orders))
		}, nil, nil},
		"rotates with it": {func(c *roleCase) {
			c.also("g", deny(put, "*")+when("StringNotEquals", iampolicy.RotatesWithKey, rotator+":live"))
		}, nil, nil},
		"rotates with another": {func(c *roleCase) {
			c.also("g", deny(put, "*")+when("StringNotEquals", iampolicy.RotatesWithKey, rotator))
		}, []string{denied}, nil},
		"superuser rotates itself": {func(c *roleCase) {
			c.also("g", deny(get, "*")+when("StringNotEquals", iampolicy.RotatesWithKey, rotator+":live"))
		}, []string{"info superuser-not-readable"}, nil},
		"superuser rotates with the function": {func(c *roleCase) {
			c.also("g", deny(get, "*")+when("StringNotEquals", iampolicy.RotatesWithKey, rotator+":live"))
			c.need.RotateWith = map[string]string{admin: rotator + ":live"}
		}, nil, nil},
		"superuser does not rotate": {func(c *roleCase) {
			c.also("g", deny(get, "*")+when("StringNotEquals", iampolicy.RotatesWithKey, rotator+":live"))
			c.need.RotateWith = map[string]string{admin: ""}
		}, []string{unreachable}, nil},

		"password only on a secret": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", orders), allow("secretsmanager:*", admin), allow("kms:*", "*"))
		}, []string{"error role-random-password"}, nil},

		"resource policy allows the role":    {func(c *roleCase) { c.without(put); c.guard(orders, guardAll+to(executionRole)) }, nil, nil},
		"resource policy allows the session": {func(c *roleCase) { c.bounded(everything); c.without(put); c.guard(orders, guardAll+to(session)) }, nil, nil},
		"resource policy allows past the boundary": {func(c *roleCase) {
			c.bounded(allow("kms:*", "*"), allow("secretsmanager:Get*", "*"))
			c.guard(orders, guardAll+to(session))
		}, nil, nil},
		"resource policy does not pass the boundary": {func(c *roleCase) {
			c.bounded(allow("kms:*", "*"), allow("secretsmanager:Get*", "*"))
			c.guard(orders, guardAll+to(executionRole))
		}, []string{denied}, []string{"because its permissions boundary"}},
		"resource policy allows the account": {func(c *roleCase) { c.without(put); c.guard(orders, guardAll+to("123456789012")) }, []string{denied}, nil},
		"resource policy allows another role": {func(c *roleCase) {
			c.without(put)
			c.guard(orders, guardAll+to("arn:aws:iam::123456789012:role/rotator"))
		}, []string{denied}, nil},
		"resource policy may allow": {func(c *roleCase) {
			c.without(put)
			c.guard(orders, guardAll+to("*")+when("StringEquals", "aws:PrincipalOrgID", "o-1"))
		}, []string{"info role-secret-access"}, nil},
		"resource policy is not known":            {func(c *roleCase) { c.without(put); delete(c.need.Guards, orders) }, []string{"warning role-secret-access"}, []string{"A resource policy of the secret may allow it all the same"}},
		"resource policy is not known but denied": {func(c *roleCase) { c.also("g", deny(put, "*")); c.need.Guards = nil }, []string{denied}, nil},
		"one of several is sure": {
			func(c *roleCase) { c.without(get); c.also("g", deny(put, "*")); c.need.Guards = nil },
			[]string{denied, "warning superuser-not-readable"},
			[]string{"`secretsmanager:GetSecretValue` on the secret, because none", "It is not allowed `secretsmanager:PutSecretValue` on the secret, because its policy \"g\" denies that."},
		},
		"resource policy denies": {
			func(c *roleCase) { c.guard(orders, `"Effect":"Deny","Action":"*","Resource":"*"`+to("*")) },
			[]string{"error secret-policy-denies"},
			[]string{"because the resource policy of the secret denies that.", "Except the role"},
		},
		"resource policy of the superuser secret denies": {func(c *roleCase) { c.guard(admin, `"Effect":"Deny","Action":"*","Resource":"*"`+to("*")) }, []string{"error secret-policy-denies"}, []string{"on the superuser secret " + admin}},
		"resource policy and policy deny": {func(c *roleCase) {
			c.also("g", deny(put, "*"))
			c.guard(orders, `"Effect":"Deny","Action":"*","Resource":"*"`+to("*"))
		}, []string{denied, "error secret-policy-denies"}, nil},
		"resource policy denies whoever has a boundary": {func(c *roleCase) {
			c.bounded(everything)
			c.guard(orders, `"Effect":"Deny","Action":"*","Resource":"*","NotPrincipal":{"AWS":["123456789012","`+executionRole+`","`+session+`"]}`)
		}, []string{"error secret-policy-denies"}, nil},
		"resource policy spares the session": {func(c *roleCase) {
			c.guard(orders, `"Effect":"Deny","Action":"*","Resource":"*","NotPrincipal":{"AWS":["123456789012","`+executionRole+`","`+session+`"]}`)
		}, nil, nil},

		"key for another secret": {
			func(c *roleCase) {
				c.may(allow("secretsmanager:*", "*"), allow("kms:*", "*")+when("StringEquals", "kms:EncryptionContext:SecretARN", admin))
			},
			[]string{"warning role-kms"},
			[]string{"`kms:Decrypt` and `kms:GenerateDataKey` on the key " + ordersKey + " for the secret, because"},
		},
		"key through Secrets Manager": {func(c *roleCase) {
			c.also("g", deny("kms:*", "*")+when("StringNotEquals", "kms:ViaService", "secretsmanager.eu-central-1.amazonaws.com"))
		}, nil, nil},
		"key of another region": {func(c *roleCase) {
			c.also("g", deny("kms:*", "*")+when("StringNotEquals", "kms:ViaService", "secretsmanager.eu-west-1.amazonaws.com"))
		}, []string{"error role-kms"}, nil},
		"key for a version": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", "*"), allow("kms:*", "*")+when("StringLike", "kms:EncryptionContext:SecretVersionId", "*"))
		}, []string{"info role-kms"}, nil},
		"keytab secrets": {func(c *roleCase) {
			c.is("ActiveDirectoryAndKeytabSingleUser", catalog.Access{KeytabSecretARNs: []string{keytab, keytab2}, KeytabKMSKeyARN: ordersKey})
			c.need.Guards = map[string]*iampolicy.Document{orders: nil, keytab: nil, keytab2: nil}
			c.also("g", deny(put, keytab), deny(put, keytab2), deny("kms:*", "*")+when("StringEquals", "kms:EncryptionContext:SecretARN", keytab2))
		}, []string{"error role-kms", denied}, []string{"on the key " + ordersKey + " for " + keytab2}},

		"RDS": {func(c *roleCase) {
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: "rds"})
			c.may(allow("secretsmanager:*", "*"))
		}, []string{"error role-rds-describe"}, []string{"`rds:DescribeDBClusters` and `rds:DescribeDBInstances`, because"}},
		"RDS clusters": {func(c *roleCase) {
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: "rds"})
			c.may(allow("secretsmanager:*", "*"), allow("rds:DescribeDBClusters", "*"))
		}, []string{"warning role-rds-describe"}, []string{"depends on the kind of database"}},
		"RDS without clusters": {func(c *roleCase) {
			c.is("OracleMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: "rds"})
			c.may(allow("secretsmanager:*", "*"), allow("rds:DescribeDBClusters", "*"))
		}, []string{"error role-rds-describe"}, nil},
		"RDS of one database": {func(c *roleCase) {
			c.is("OracleMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: "rds"})
			c.may(allow("secretsmanager:*", "*"), allow("rds:*", "arn:aws:rds:eu-central-1:123456789012:db:orders"))
		}, []string{"info role-rds-describe"}, nil},
		"managed superuser": {func(c *roleCase) {
			c.is("OracleMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: "rds"})
			c.also("g", deny("secretsmanager:DescribeSecret", admin))
		}, []string{"error superuser-rds-managed-access"}, nil},
		"cache user": {func(c *roleCase) { c.is("ElastiCacheUser", catalog.Access{}); c.may(allow("secretsmanager:*", "*")) }, []string{"error role-service-access"}, nil},
		"one cache user": {func(c *roleCase) {
			c.is("ElastiCacheUser", catalog.Access{})
			c.may(allow("secretsmanager:*", "*"), allow("elasticache:*", "arn:aws:elasticache:eu-central-1:123456789012:user:app"))
		}, []string{"info role-service-access"}, nil},
		"Deny of all but one": {func(c *roleCase) {
			c.is("ElastiCacheUser", catalog.Access{})
			c.also("g", `"Effect":"Deny","Action":"elasticache:*","NotResource":"arn:aws:elasticache:eu-central-1:123456789012:user:app"`)
		}, []string{"info role-service-access"}, nil},
		"Redshift and Serverless": {func(c *roleCase) {
			c.is("RedshiftMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: "redshift"})
			c.may(allow("secretsmanager:*", "*"), allow("redshift:*", "*"))
		}, []string{"warning role-service-access"}, nil},

		"superuser elsewhere": {func(c *roleCase) {
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: elsewhere(admin), SuperuserKMSKeyARN: elsewhere(adminKey)})
		}, nil, nil},
		"superuser elsewhere, of which no policy tells": {func(c *roleCase) {
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: elsewhere(admin), SuperuserKMSKeyARN: elsewhere(adminKey)})
			c.may(allow("secretsmanager:*", orders), allow("secretsmanager:GetRandomPassword", "*"))
			c.guard(elsewhere(admin), guardAll+to(executionRole))
		}, []string{"error role-kms", unreachable}, []string{"on the key " + elsewhere(adminKey) + " for " + elsewhere(admin)}},
		"superuser outside of the perimeter": {func(c *roleCase) {
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: elsewhere(admin)})
			c.bounded(everything, deny("secretsmanager:*", "*")+when("StringNotEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"))
		}, []string{unreachable}, nil},

		"own": {func(c *roleCase) { c.need.Own = true; c.may(allow("kms:*", "*"), deny(put, "*")) }, []string{"warning role-random-password", "warning role-secret-access", "warning superuser-not-readable"}, []string{"Ignore this if your function does without."}},
		"own and not known": {
			func(c *roleCase) { c.need.Own = true; c.without("kms:Decrypt") },
			[]string{"warning role-kms"},
			[]string{"The policy of the key may allow it all the same", "Ignore this if your function does without."},
		},

		"VPC": {
			func(c *roleCase) { c.need.InVPC = true },
			[]string{"warning role-vpc"},
			[]string{"`ec2:CreateNetworkInterface`, `ec2:DeleteNetworkInterface` and `ec2:DescribeNetworkInterfaces`, because none of its policies allows that.", "`vpc_access = true`"},
		},
		"VPC, allowed": {func(c *roleCase) { c.need.InVPC = true; c.also("vpc", allow("ec2:*NetworkInterface*", "*")) }, nil, nil},
		"VPC, own":     {func(c *roleCase) { c.need.InVPC, c.need.Own = true, true }, []string{"warning role-vpc"}, nil},
		"VPC, not for the function": {func(c *roleCase) {
			c.need.InVPC = true
			c.also("vpc", allow("ec2:*", "*"), deny("ec2:*", "*")+when("ArnEquals", "lambda:SourceFunctionArn", rotator))
		}, nil, nil},
		"VPC, of the account": {func(c *roleCase) {
			c.need.InVPC = true
			c.also("vpc", allow("ec2:*", "arn:aws:ec2:eu-central-1:123456789012:*/*"), allow("ec2:DescribeNetworkInterfaces", "*"))
		}, []string{"info role-vpc"}, nil},
		"VPC, described with ARN": {func(c *roleCase) {
			c.need.InVPC = true
			c.also("vpc", allow("ec2:*", "arn:aws:ec2:eu-central-1:123456789012:*/*"))
		}, []string{"warning role-vpc"}, nil},
		"VPC, denied by the boundary": {func(c *roleCase) {
			c.need.InVPC = true
			c.also("vpc", allow("ec2:*", "*"))
			c.bounded(everything, deny("ec2:Create*", "*"))
		}, []string{"error role-vpc"}, nil},

		"all secrets": {func(c *roleCase) {
			c.rotatesAll(catalog.SharedAccess{SuperuserSecretARNs: []string{admin}, KMSKeyARNs: []string{ordersKey}})
		}, nil, nil},
		"all secrets, not in the boundary": {func(c *roleCase) {
			c.rotatesAll(catalog.SharedAccess{KMSKeyARNs: []string{ordersKey}})
			c.bounded(allow("secretsmanager:Get*", "*"), allow("secretsmanager:D*", "*"))
		}, []string{"warning role-kms", "warning role-secret-access"}, []string{"`kms:Decrypt` and `kms:GenerateDataKey` on the key " + ordersKey + ", because its permissions boundary"}},
		"all secrets, denied": {func(c *roleCase) { c.rotatesAll(catalog.SharedAccess{}); c.also("g", deny(put, "*")) }, []string{denied}, []string{"on the secrets that rotate with the function, because"}},
		"all secrets, some in the boundary": {func(c *roleCase) {
			c.rotatesAll(catalog.SharedAccess{})
			c.bounded(allow("secretsmanager:*", "arn:aws:secretsmanager:*:*:secret:prod/*"), allow("secretsmanager:GetRandomPassword", "*"))
		}, []string{"info role-secret-access"}, []string{"on the secrets that rotate with the function cannot be determined"}},
		"all secrets, some with the key": {func(c *roleCase) {
			c.rotatesAll(catalog.SharedAccess{KMSKeyARNs: []string{ordersKey}})
			c.bounded(allow("secretsmanager:*", "*"), allow("kms:*", "*")+when("StringEquals", "kms:EncryptionContext:SecretARN", orders))
		}, []string{"info role-kms"}, nil},
		"keys of superuser secrets": {func(c *roleCase) {
			c.rotatesAll(catalog.SharedAccess{SuperuserSecretARNs: []string{admin, elsewhere(admin)}, SuperuserKMSKeyARNs: []string{adminKey, elsewhere(adminKey)}})
			c.bounded(allow("secretsmanager:*", "*"), allow("kms:*", adminKey)+when("StringEquals", "kms:EncryptionContext:SecretARN", admin), allow("kms:*", elsewhere(adminKey))+when("StringEquals", "kms:EncryptionContext:SecretARN", elsewhere(admin)))
		}, []string{"info role-kms"}, nil},
		"several superuser secrets": {func(c *roleCase) {
			c.rotatesAll(catalog.SharedAccess{SuperuserSecretARNs: []string{admin, elsewhere(admin)}})
			c.bounded(allow("secretsmanager:*", "arn:aws:secretsmanager:*:*:secret:orders*"), allow("secretsmanager:GetRandomPassword", "*"))
		}, []string{unreachable, "info role-secret-access"}, []string{"`secretsmanager:GetSecretValue` on the superuser secret " + admin + " and on the superuser secret " + elsewhere(admin) + ", because"}},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newRoleCase(t)
			test.change(c)
			found := RolePermissions(c.role, c.need)
			checkRoleFindings(t, found)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			for _, f := range found {
				t.Logf("%s %s\n%s\n%s", f.Severity, f.Code, f.Detail, f.Remedy)
				if text := f.Detail + f.Remedy; strings.Contains(text, "NoisySid") {
					t.Errorf("a Sid is in: %s", text)
				}
			}
			for _, part := range test.text {
				if len(found) == 0 || !strings.Contains(found[0].Detail+" "+found[0].Remedy, part) {
					t.Errorf("%q is not in the first finding", part)
				}
			}
		})
	}
}

// TestRoleWith replaces a policy of the same name and leaves the original as it was.
func TestRoleWith(t *testing.T) {
	t.Parallel()
	original := Role{ARN: executionRole, Policies: []Policy{{Name: "a"}, {Name: "b", Unreadable: true}}}
	got := original.With(Policy{Name: "a", Unreadable: true}).With(Policy{Name: "c"})
	if diff := cmp.Diff([]Policy{{Name: "b", Unreadable: true}, {Name: "a", Unreadable: true}, {Name: "c"}}, got.Policies); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Policy{{Name: "a"}, {Name: "b", Unreadable: true}}, original.Policies); diff != "" {
		t.Error(diff)
	}
}

func TestIsAccess(t *testing.T) {
	t.Parallel()
	var got []Code
	for _, code := range Codes() {
		if code.IsAccess() {
			got = append(got, code)
		}
	}
	want := []Code{RoleKMS, RoleRandomPassword, RoleRDSDescribe, RoleSecretAccess, RoleServiceAccess, SecretKeyUnusable, SuperuserNotReadable, SuperuserRDSManagedAccess}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
