package catalog

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

const (
	policyFunction = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
	policyManaged  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-0a1b-MnOpQr"
)

var policyRole = iampolicy.Principal{ARN: "arn:aws:iam::123456789012:role/rotator", AccountID: "123456789012"}

// foreign is an ARN in another account.
func foreign(arn string) string { return strings.Replace(arn, "123456789012", "999999999999", 1) }

// sharedAccessOf is what the function of a type can be told, like accessOf.
func sharedAccessOf(t *RotationType) SharedAccess {
	a := SharedAccess{FunctionARN: policyFunction, Types: []*RotationType{t}}
	if t.Superuser != nil {
		a.SuperuserSecretARNs = []string{policySuperuser}
	}
	if t.HasKeytabs() {
		a.KeytabSecretARNs = []string{policyKeytab}
	}
	return a
}

// TestSharedRolePolicyGolden has the policies of a function of every type, in the cases of TestRolePolicyGolden.
func TestSharedRolePolicyGolden(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		t.Run(rotationType.Name, func(t *testing.T) {
			t.Parallel()
			plain := sharedAccessOf(rotationType)
			cases := map[string]SharedAccess{"plain": plain}
			keys := plain
			keys.KMSKeyARNs, keys.SuperuserKMSKeyARNs = []string{policyKey}, []string{policyAdminKey}
			cases["keys"] = keys
			for _, owner := range rotationType.SuperuserOwners() {
				managed := plain
				managed.SuperuserOwners = map[string]string{policySuperuser: owner}
				cases["superuser of "+owner] = managed
			}
			policies := map[string]json.RawMessage{}
			for name, access := range cases {
				policies[name] = json.RawMessage(SharedRolePolicy(access).JSON())
			}
			golden(t, filepath.Join("shared", rotationType.Name+".json"), policies)
		})
	}
}

// everything is a function that may be of several types, with superuser secrets of each kind.
var everything = SharedAccess{
	FunctionARN:         policyFunction + ":live",
	Types:               []*RotationType{mySQLMultiUser, postgreSQLSingleUser, redshiftMultiUser, activeDirectoryAndKeytabSingleUser, custom},
	SuperuserSecretARNs: []string{policySuperuser, policyManaged, policyManaged + "x", foreign(policySuperuser)},
	SuperuserOwners:     map[string]string{policyManaged: OwnerRDS, policyManaged + "x": OwnerRedshift, foreign(policySuperuser): "a service of tomorrow"},
	ReadReplica:         true,
	KeytabSecretARNs:    []string{policyKeytab},
	KMSKeyARNs:          []string{policyKey},
	SuperuserKMSKeyARNs: []string{foreign(policyAdminKey)},
	VPC:                 true,
	Marker:              "RotationAccess0123456789abCreate1",
}

// TestSharedRolePolicyOfSeveralTypes has all that any of the types needs, in whatever order they come.
func TestSharedRolePolicyOfSeveralTypes(t *testing.T) {
	t.Parallel()
	document := SharedRolePolicy(everything)
	golden(t, filepath.Join("shared", "several.json"), json.RawMessage(document.JSON()))
	reversed := everything
	reversed.Types = slices.Clone(everything.Types)
	slices.Reverse(reversed.Types)
	if diff := cmp.Diff(document, SharedRolePolicy(reversed)); diff != "" {
		t.Errorf("another order of the types: %s", diff)
	}
	reversed.Types = append(reversed.Types, everything.Types...)
	if diff := cmp.Diff(document, SharedRolePolicy(reversed)); diff != "" {
		t.Errorf("the types twice: %s", diff)
	}
	none := everything
	none.Types = nil
	only := everything
	only.Types = []*RotationType{custom}
	if diff := cmp.Diff(SharedRolePolicy(only), SharedRolePolicy(none)); diff != "" {
		t.Errorf("no type is not as Custom: %s", diff)
	}
}

// TestSharedRolePolicySuffices: a secret of the function gets from the policy of the function what it gets from one of its own. The
// actions are the same in both, whatever manages its superuser secret.
func TestSharedRolePolicySuffices(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		for _, owner := range append([]string{"", "a service of tomorrow"}, rotationType.SuperuserOwners()...) {
			for _, replica := range []bool{false, true} {
				own, shared := accessOf(rotationType), sharedAccessOf(rotationType)
				own.SuperuserOwningService, own.ReadReplica, own.VPC = owner, replica, replica
				own.KMSKeyARN, own.SuperuserKMSKeyARN, own.KeytabKMSKeyARN = policyKey, policyAdminKey, policyKey
				shared.SuperuserOwners, shared.ReadReplica, shared.VPC = map[string]string{policySuperuser: owner}, replica, replica
				shared.KMSKeyARNs, shared.SuperuserKMSKeyARNs = []string{policyKey}, []string{policyAdminKey}
				policies := iampolicy.Policies{Identity: []iampolicy.Document{SharedRolePolicy(shared)}}
				sharedActions := map[string]bool{}
				for _, s := range policies.Identity[0].Statements {
					for _, action := range s.Actions {
						sharedActions[action] = true
					}
				}
				for _, s := range rotationType.RolePolicy(own).Statements {
					context := map[string][]string{}
					if s.Resources[0] == policySecret {
						context[iampolicy.RotatesWithKey] = []string{policyFunction + ":live"}
					}
					for _, c := range s.Conditions {
						context[c.Key] = c.Values[:1]
					}
					for _, action := range s.Actions {
						delete(sharedActions, action)
						for _, resource := range s.Resources {
							r := iampolicy.Request{Principal: policyRole, Action: action, Resource: resource, Context: context}
							if got := iampolicy.Evaluate(r, policies); got != iampolicy.Allow {
								t.Errorf("%s, superuser of %q: %s on %s is not in the policy of the function: %v", rotationType.Name, owner, action, resource, got)
							}
						}
					}
				}
				if len(sharedActions) > 0 {
					t.Errorf("%s, superuser of %q: the policy of the function also has %v", rotationType.Name, owner, sharedActions)
				}
			}
		}
	}
}

// TestSharedRolePolicyLimits asks for what the policy of a function must not give.
func TestSharedRolePolicyLimits(t *testing.T) {
	t.Parallel()
	of := func(functionARN string) map[string][]string {
		return map[string][]string{iampolicy.RotatesWithKey: {functionARN}}
	}
	via := func(secretARN string) map[string][]string {
		return map[string][]string{"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {secretARN}}
	}
	policies := iampolicy.Policies{Identity: []iampolicy.Document{SharedRolePolicy(everything)}}
	for name, test := range map[string]struct {
		action, resource string
		context          map[string][]string
		want             bool
	}{
		"a secret of the function":                   {"secretsmanager:PutSecretValue", policySecret, of(policyFunction), true},
		"a secret of its alias":                      {"secretsmanager:PutSecretValue", policySecret, of(policyFunction + ":live"), true},
		"a secret of another function":               {"secretsmanager:PutSecretValue", policySecret, of(policyFunction + "r"), false},
		"a secret without rotation":                  {"secretsmanager:GetSecretValue", policySecret, nil, false},
		"a secret of another account":                {"secretsmanager:GetSecretValue", foreign(policySecret), of(policyFunction), false},
		"a superuser secret":                         {"secretsmanager:GetSecretValue", policySuperuser, nil, true},
		"a superuser secret of another account":      {"secretsmanager:GetSecretValue", foreign(policySuperuser), nil, true},
		"to write a superuser secret":                {"secretsmanager:PutSecretValue", policySuperuser, nil, false},
		"to write one of another account":            {"secretsmanager:PutSecretValue", foreign(policySuperuser), nil, false},
		"to move labels of one that RDS manages":     {"secretsmanager:UpdateSecretVersionStage", policyManaged, nil, false},
		"a key for a secret of the account":          {"kms:GenerateDataKey", policyKey, via(policySecret), true},
		"a key for a superuser of another account":   {"kms:Decrypt", foreign(policyAdminKey), via(foreign(policySuperuser)), true},
		"a key for another secret of that account":   {"kms:Decrypt", foreign(policyAdminKey), via(foreign(policySecret)), false},
		"a key for a secret, not by Secrets Manager": {"kms:Decrypt", policyKey, map[string][]string{"kms:EncryptionContext:SecretARN": {policySecret}}, false},
		"a key that is none of the function's":       {"kms:Decrypt", policyAdminKey, via(policySecret), false},
		"network interfaces":                         {"ec2:CreateNetworkInterface", "*", nil, true},
	} {
		r := iampolicy.Request{Principal: policyRole, Action: test.action, Resource: test.resource, Context: test.context}
		if got := iampolicy.Evaluate(r, policies) == iampolicy.Allow; got != test.want {
			t.Errorf("%s: allowed is %v, want %v", name, got, test.want)
		}
	}
}

// TestSharedRolePolicySize: the policy of a function is as long for any secrets as for none, since it names none of them.
func TestSharedRolePolicySize(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		access := sharedAccessOf(rotationType)
		access.KMSKeyARNs, access.VPC = []string{policyKey}, true
		document := SharedRolePolicy(access).JSON()
		if size := iampolicy.Size(document); size > iampolicy.MaxRolePolicyCharacters/4 {
			t.Errorf("%s: the policy of a function has %d characters", rotationType.Name, size)
		}
		policies := iampolicy.Policies{Identity: []iampolicy.Document{SharedRolePolicy(access)}}
		for _, name := range []string{"a", strings.Repeat("x", 512), "prod/orders/@+=._-", "rds!db-1"} {
			secret := "arn:aws:secretsmanager:eu-central-1:123456789012:secret:" + name + "-AbCdEf"
			r := iampolicy.Request{
				Principal: policyRole, Action: "secretsmanager:PutSecretValue", Resource: secret,
				Context: map[string][]string{iampolicy.RotatesWithKey: {policyFunction}},
			}
			if got := iampolicy.Evaluate(r, policies); got != iampolicy.Allow {
				t.Errorf("%s: the policy of its function does not cover the secret %s", rotationType.Name, name)
			}
		}
	}
}

// TestSuperuserInAnotherAccount: such a superuser secret is read with its key, like one of the account, and nothing beside it.
func TestSuperuserInAnotherAccount(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		if rotationType.Superuser == nil {
			continue
		}
		access := accessOf(rotationType)
		access.SuperuserSecretARN, access.SuperuserKMSKeyARN = foreign(policySuperuser), foreign(policyAdminKey)
		shared := sharedAccessOf(rotationType)
		shared.SuperuserSecretARNs, shared.SuperuserKMSKeyARNs = []string{foreign(policySuperuser)}, []string{foreign(policyAdminKey)}
		for kind, document := range map[string]iampolicy.Document{"its own": rotationType.RolePolicy(access), "the function's": SharedRolePolicy(shared)} {
			for _, test := range []struct {
				action, resource, secret string
				want                     bool
			}{
				{"secretsmanager:GetSecretValue", foreign(policySuperuser), "", true},
				{"secretsmanager:PutSecretValue", foreign(policySuperuser), "", false},
				{"secretsmanager:GetSecretValue", policySuperuser, "", false},
				{"kms:Decrypt", foreign(policyAdminKey), foreign(policySuperuser), true},
				{"kms:Decrypt", foreign(policyAdminKey), foreign(policySecret), false},
				{"kms:Decrypt", policyAdminKey, policySuperuser, false},
			} {
				r := iampolicy.Request{Principal: policyRole, Action: test.action, Resource: test.resource, Context: map[string][]string{
					"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {test.secret},
				}}
				if got := iampolicy.Evaluate(r, iampolicy.Policies{Identity: []iampolicy.Document{document}}) == iampolicy.Allow; got != test.want {
					t.Errorf("%s with the policy that is %s: %s on %s for %q: allowed is %v", rotationType.Name, kind, test.action, test.resource, test.secret, got)
				}
			}
		}
	}
}

// TestSharedRolePolicyPartitions has the ARNs and services of the partition of the function.
func TestSharedRolePolicyPartitions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ partition, region, service string }{
		{"aws-cn", "cn-north-1", "secretsmanager.cn-north-1.amazonaws.com.cn"},
		{"aws-us-gov", "us-gov-west-1", "secretsmanager.us-gov-west-1.amazonaws.com"},
	} {
		move := func(arn string) string {
			return strings.NewReplacer("arn:aws:", "arn:"+test.partition+":", "eu-central-1", test.region).Replace(arn)
		}
		access := SharedAccess{
			FunctionARN: move(policyFunction), Types: []*RotationType{mySQLMultiUser}, SuperuserSecretARNs: []string{move(policySuperuser)}, KMSKeyARNs: []string{move(policyKey)},
		}
		plain := access
		plain.FunctionARN, plain.SuperuserSecretARNs, plain.KMSKeyARNs = policyFunction, []string{policySuperuser}, []string{policyKey}
		got := SharedRolePolicy(access).JSON()
		want := strings.ReplaceAll(move(SharedRolePolicy(plain).JSON()), "secretsmanager."+test.region+".amazonaws.com", test.service)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", test.partition, diff)
		}
		if strings.Contains(got, "arn:aws:") {
			t.Errorf("%s: %s", test.partition, got)
		}
	}
}

// TestRolePolicyVPC: what connects a function to its VPC comes last, and only if it is asked for.
func TestRolePolicyVPC(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		access, shared := accessOf(rotationType), sharedAccessOf(rotationType)
		without := []iampolicy.Document{rotationType.RolePolicy(access), SharedRolePolicy(shared)}
		access.VPC, shared.VPC = true, true
		for i, document := range []iampolicy.Document{rotationType.RolePolicy(access), SharedRolePolicy(shared)} {
			last := document.Statements[len(document.Statements)-1]
			if diff := cmp.Diff(iampolicy.VPCActions(), last.Actions); diff != "" {
				t.Errorf("%s: %s", rotationType.Name, diff)
			}
			document.Statements = document.Statements[:len(document.Statements)-1]
			if diff := cmp.Diff(without[i], document); diff != "" {
				t.Errorf("%s: the rest is another: %s", rotationType.Name, diff)
			}
		}
	}
}
