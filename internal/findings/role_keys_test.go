package findings

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

const (
	rootAccount   = "arn:aws:iam::123456789012:root"
	keyForRole    = `"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"`
	keyForAccount = `"Effect":"Allow","Action":"kms:*","Resource":"*"`
)

// key gives a key of the case a policy.
func (c *roleCase) key(keyARN string, all ...string) {
	if c.need.Keys == nil {
		c.need.Keys = map[string]Key{}
	}
	c.need.Keys[keyARN] = Key{ARN: keyARN, State: "Enabled", Owner: "CUSTOMER", Policy: &Policy{Name: "default", Document: statements(c.t, all...)}}
}

// trust gives the role a trust policy.
func (c *roleCase) trust(all ...string) {
	c.role.Trust = &Policy{Document: statements(c.t, all...)}
}

// logs lets the logs be judged.
func (c *roleCase) logs(missing bool) {
	c.need.LogGroup, c.need.MakesLogGroup = "/aws/lambda/rotate", missing
}

// TestRoleAndResources has what the policies of keys, secrets and roles themselves say of a role that has the least policy. It logs what
// it finds, to be read aloud.
func TestRoleAndResources(t *testing.T) {
	t.Parallel()
	const (
		unusable = "error kms-key-unusable"
		groupARN = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/rotate"
		assume   = `"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}`
	)
	foreign := func(c *roleCase) {
		c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: elsewhere(admin), SuperuserKMSKeyARN: elsewhere(adminKey)})
		c.need.Guards = map[string]*iampolicy.Document{orders: nil}
	}
	tests := map[string]struct {
		change func(*roleCase)
		want   []string
		text   []string // parts of the first finding
	}{
		"key lets the account decide": {func(c *roleCase) { c.key(ordersKey, keyForAccount+to(rootAccount)) }, nil, nil},
		"key names the role":          {func(c *roleCase) { c.key(ordersKey, keyForRole+to(executionRole)) }, nil, nil},
		"key names the role, whose own policies do not": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", "*"))
			c.key(ordersKey, keyForRole+to(executionRole))
			c.key(adminKey, keyForRole+to(executionRole))
		}, nil, nil},
		"key lets the account decide, and that says nothing": {
			func(c *roleCase) {
				c.may(allow("secretsmanager:*", "*"))
				c.key(ordersKey, keyForAccount+to(rootAccount))
				c.key(adminKey, keyForAccount+to(rootAccount))
			},
			[]string{"error role-kms"},
			[]string{"because none of its policies allows that.", "`rotation_role_policy`"},
		},
		"key for another role": {
			func(c *roleCase) { c.key(ordersKey, keyForRole+to("arn:aws:iam::123456789012:role/admin")) },
			[]string{unusable},
			[]string{
				"`kms:Decrypt` and `kms:GenerateDataKey` on the key " + ordersKey + " for the secret, because the policy of the key does not let it, nor the account's own policies decide.",
				"allows `kms:Decrypt` and `kms:GenerateDataKey` to " + executionRole, "`arn:aws:iam::123456789012:root`",
			},
		},
		"key for another role, and no policy": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", "*"))
			c.key(ordersKey, keyForRole+to("arn:aws:iam::123456789012:role/admin"))
		}, []string{unusable, "error role-kms"}, nil},
		"key lets the role decrypt only": {
			func(c *roleCase) { c.key(ordersKey, allow("kms:Decrypt", "*")+to(executionRole)) },
			[]string{unusable},
			[]string{"is not allowed `kms:GenerateDataKey` on the key"},
		},
		"key denies": {
			func(c *roleCase) {
				c.key(ordersKey, keyForAccount+to(rootAccount), deny("kms:GenerateDataKey", "*")+to("*"))
			},
			[]string{unusable},
			[]string{"because the policy of the key denies that.", "Except the role from the Deny in the key's policy."},
		},
		"key through another service": {func(c *roleCase) {
			c.key(ordersKey, keyForAccount+to(rootAccount)+when("StringEquals", "kms:ViaService", "s3.eu-central-1.amazonaws.com"))
		}, []string{unusable}, nil},
		"key through Secrets Manager": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to("*")+when("StringEquals", "kms:ViaService", "secretsmanager.eu-central-1.amazonaws.com"))
		}, nil, nil},
		"key for callers of the account": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to("*")+when("StringEquals", "kms:CallerAccount", "123456789012"))
		}, nil, nil},
		"key for the secret": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to(executionRole)+when("StringEquals", "kms:EncryptionContext:SecretARN", orders))
		}, nil, nil},
		"key for secrets": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to(executionRole)+`,"Condition":{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"SecretARN"}}`)
		}, nil, nil},
		"key for another secret": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to(executionRole)+when("StringEquals", "kms:EncryptionContext:SecretARN", keytab))
		}, []string{unusable}, nil},
		"key on a condition that nobody sees": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to("*")+when("StringEquals", "aws:PrincipalOrgID", "o-1"))
		}, []string{"info role-kms"}, nil},
		"key that is not known": {func(c *roleCase) {
			c.may(allow("secretsmanager:*", "*"))
			c.need.Keys = map[string]Key{ordersKey: {ARN: ordersKey}}
		}, []string{"warning role-kms"}, nil},
		"key that is not readable": {func(c *roleCase) {
			c.key(ordersKey, keyForRole+to("arn:aws:iam::123456789012:role/admin"))
			c.need.Keys[ordersKey].Policy.Unreadable = true
		}, nil, nil},
		"key and boundary": {func(c *roleCase) {
			c.bounded(allow("secretsmanager:*", "*"))
			c.key(ordersKey, keyForAccount+to(rootAccount))
			c.key(adminKey, keyForAccount+to(rootAccount))
		}, []string{"error role-kms"}, []string{"because its permissions boundary"}},

		"key elsewhere":                         {func(c *roleCase) { foreign(c); c.key(elsewhere(adminKey), keyForRole+to(executionRole)) }, nil, nil},
		"key elsewhere lets the role's account": {func(c *roleCase) { foreign(c); c.key(elsewhere(adminKey), keyForRole+to(rootAccount)) }, nil, nil},
		"key elsewhere does not let the role":   {func(c *roleCase) { foreign(c); c.key(elsewhere(adminKey), keyForAccount+to(elsewhere(rootAccount))) }, []string{unusable}, nil},
		"key elsewhere, and the role has no policy": {func(c *roleCase) {
			foreign(c)
			c.may(allow("secretsmanager:*", "*"))
			c.key(elsewhere(adminKey), keyForRole+to(executionRole))
		}, []string{"error role-kms"}, nil},
		"superuser elsewhere denies": {func(c *roleCase) {
			foreign(c)
			c.guard(elsewhere(admin), deny("secretsmanager:*", "*")+to("*"))
		}, []string{"error secret-policy-denies"}, nil},
		"superuser elsewhere does not let the role": {func(c *roleCase) {
			foreign(c)
			c.need.Guards[elsewhere(admin)] = nil
		}, []string{"error superuser-not-readable"}, []string{"because the resource policy of the secret, which is in another account, does not allow that."}},
		"superuser elsewhere lets the role": {func(c *roleCase) {
			foreign(c)
			c.guard(elsewhere(admin), allow("secretsmanager:GetSecretValue", "*")+to(executionRole))
		}, nil, nil},

		"secret denies whoever may everything": {func(c *roleCase) {
			c.may(everything)
			c.guard(orders, deny("secretsmanager:PutSecretValue", "*")+to("*"))
		}, []string{"error secret-policy-denies"}, []string{"`secretsmanager:PutSecretValue` on the secret, because the resource policy of the secret denies that."}},
		"superuser secret denies whoever may everything": {func(c *roleCase) {
			c.may(everything)
			c.guard(admin, deny("secretsmanager:GetSecretValue", "*")+to("*"))
		}, []string{"error secret-policy-denies"}, nil},
		"secret denies another role": {func(c *roleCase) {
			c.guard(orders, deny("secretsmanager:*", "*")+to("arn:aws:iam::123456789012:role/admin"))
		}, nil, nil},
		"secret denies all but the role": {func(c *roleCase) {
			c.guard(orders, deny("secretsmanager:*", "*")+to("*")+when("ArnNotEquals", "aws:PrincipalArn", executionRole))
		}, nil, nil},
		"secret denies outside of an endpoint": {func(c *roleCase) {
			c.guard(orders, deny("secretsmanager:*", "*")+to("*")+when("StringNotEquals", "aws:SourceVpce", "vpce-1"))
		}, []string{"info role-secret-access"}, nil},

		"logs, not judged": {func(*roleCase) {}, nil, nil},
		"no logs": {
			func(c *roleCase) { c.logs(false) },
			[]string{"warning role-logs"},
			[]string{
				"is not allowed `logs:CreateLogStream` and `logs:PutLogEvents` on the log group /aws/lambda/rotate, because none of its policies allows that. Rotation works without, but nobody can see why one fails.",
				"`AWSLambdaBasicExecutionRole`",
			},
		},
		"logs of everything": {func(c *roleCase) {
			c.also("logs", `"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"`)
			c.logs(true)
		}, nil, nil},
		"logs of the group": {func(c *roleCase) {
			c.also("logs", allow("logs:CreateLogGroup", "arn:aws:logs:eu-central-1:123456789012:*"), allow("logs:CreateLogStream", groupARN+":*"), allow("logs:PutLogEvents", groupARN+":*"))
			c.logs(true)
		}, nil, nil},
		"logs of a group that exists": {func(c *roleCase) {
			c.also("logs", allow("logs:CreateLogStream", groupARN+":*"), allow("logs:PutLogEvents", groupARN+":*"))
			c.logs(false)
		}, nil, nil},
		"logs of a group that does not exist": {func(c *roleCase) {
			c.also("logs", allow("logs:CreateLogStream", groupARN+":*"), allow("logs:PutLogEvents", groupARN+":*"))
			c.logs(true)
		}, []string{"warning role-logs"}, []string{"is not allowed `logs:CreateLogGroup`"}},
		"logs of another group":           {func(c *roleCase) { c.also("logs", allow("logs:*", groupARN+"-2:*")); c.logs(false) }, []string{"info role-logs"}, nil},
		"logs of some streams":            {func(c *roleCase) { c.also("logs", allow("logs:*", groupARN+":log-stream:2026*")); c.logs(false) }, []string{"info role-logs"}, nil},
		"logs denied":                     {func(c *roleCase) { c.also("logs", deny("logs:*", "*")); c.logs(false) }, []string{"warning role-logs"}, []string{"its policy \"logs\" denies that. Rotation works without"}},
		"logs of a function of one's own": {func(c *roleCase) { c.need.Own = true; c.logs(false) }, []string{"warning role-logs"}, nil},

		"logs, not for the function": {func(c *roleCase) {
			c.also("logs", allow("logs:*", "*"), deny("logs:*", "*")+when("ArnEquals", "lambda:SourceFunctionArn", rotator))
			c.logs(false)
		}, []string{"info role-logs"}, nil},

		"trusts Lambda":             {func(c *roleCase) { c.trust(assume) }, nil, nil},
		"trusts nobody":             {func(c *roleCase) { c.trust() }, []string{"error role-not-assumable"}, []string{"No statement in the trust policy of the execution role " + executionRole}},
		"trusts another service":    {func(c *roleCase) { c.trust(strings.Replace(assume, "lambda", "ec2", 1)) }, []string{"error role-not-assumable"}, []string{"lets Lambda (`lambda.amazonaws.com`) run", "`sts:AssumeRole`"}},
		"trusts Lambda and not":     {func(c *roleCase) { c.trust(assume, strings.Replace(assume, "Allow", "Deny", 1)) }, []string{"error role-not-assumable"}, []string{"forbids Lambda"}},
		"trusts on a condition":     {func(c *roleCase) { c.trust(assume + when("StringEquals", "aws:SourceAccount", "123456789012")) }, []string{"info role-not-assumable"}, nil},
		"trust that is unreadable":  {func(c *roleCase) { c.trust(); c.role.Trust.Unreadable = true }, nil, nil},
		"trust before what it may":  {func(c *roleCase) { c.trust(); c.without("secretsmanager:PutSecretValue") }, []string{"error role-not-assumable", "error role-secret-access"}, nil},
		"trusts for another action": {func(c *roleCase) { c.trust(strings.Replace(assume, "sts:AssumeRole", "sts:TagSession", 1)) }, []string{"error role-not-assumable"}, nil},
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
				if strings.Contains(f.Detail+f.Remedy, "NoisySid") {
					t.Errorf("a Sid is in: %s", f.Detail)
				}
				if f.Code == RoleLogs && strings.Contains(f.Remedy, "your function") {
					t.Errorf("no function does without what Lambda does: %s", f.Remedy)
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
