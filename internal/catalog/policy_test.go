package catalog

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

const (
	policySecret    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf"
	policySuperuser = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-GhIjKl"
	policyKeytab    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytab-KlMnOp"
	policyKey       = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	policyAdminKey  = "arn:aws:kms:eu-central-1:123456789012:key/0987dcba-09fe-87dc-65ba-ab0987654321"
)

// accessOf is what a type can be told: a superuser secret if it needs one, keytab secrets if it has them.
func accessOf(t *RotationType) Access {
	a := Access{SecretARN: policySecret}
	if t.Superuser != nil {
		a.SuperuserSecretARN = policySuperuser
	}
	if t.HasKeytabs() {
		a.KeytabSecretARNs = []string{policyKeytab}
	}
	return a
}

// TestRolePolicyGolden has the policies of every type: with nothing special, with customer managed keys, and with a superuser secret
// that a service manages.
func TestRolePolicyGolden(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		t.Run(rotationType.Name, func(t *testing.T) {
			t.Parallel()
			plain := accessOf(rotationType)
			cases := map[string]Access{"plain": plain}
			keys := plain
			keys.KMSKeyARN, keys.SuperuserKMSKeyARN, keys.KeytabKMSKeyARN = policyKey, policyAdminKey, policyKey
			cases["keys"] = keys
			for _, owner := range rotationType.SuperuserOwners() {
				managed := plain
				managed.SuperuserOwningService = owner
				cases["superuser of "+owner] = managed
			}
			policies := map[string]json.RawMessage{}
			for name, access := range cases {
				document := rotationType.RolePolicy(access).JSON()
				policies[name] = json.RawMessage(document)
				t.Logf("%s: %d of %d characters", name, iampolicy.Size(document), iampolicy.MaxRolePolicyCharacters)
			}
			golden(t, filepath.Join("policies", rotationType.Name+".json"), policies)
		})
	}
}

// golden compares a value with its indented golden file.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// TestRolePolicyGrantsExactly asks the evaluator for every action of every type on every target: a policy allows what the type's grants
// say for the case, and nothing else.
func TestRolePolicyGrantsExactly(t *testing.T) {
	t.Parallel()
	resources := map[Target]string{OnSecret: policySecret, OnSuperuser: policySuperuser, OnPassword: "*", OnService: "*", OnKeytabs: policyKeytab}
	needs := []struct {
		owner   string
		replica bool
		hold    []Need
	}{
		{"", false, []Need{Always}},
		{"", true, []Need{Always, ManagedOrReplica}},
		{OwnerRDS, false, []Need{Always, ManagedSuperuser, ManagedOrReplica}},
		{OwnerRedshift, false, []Need{Always, ManagedCluster, ManagedWorkgroup}},
		{"a service of tomorrow", false, []Need{Always}},
	}
	var actions []string
	for _, rotationType := range All() {
		for _, g := range rotationType.Grants {
			actions = append(actions, g.Actions...)
		}
	}
	slices.Sort(actions)
	actions = slices.Compact(actions)
	for _, rotationType := range All() {
		for _, need := range needs {
			access := accessOf(rotationType)
			access.SuperuserOwningService, access.ReadReplica = need.owner, need.replica
			policies := iampolicy.Policies{Identity: []iampolicy.Document{rotationType.RolePolicy(access)}}
			for _, resource := range []string{policySecret, policySuperuser, policyKeytab, "*"} {
				for _, action := range actions {
					want := slices.ContainsFunc(rotationType.Grants, func(g Grant) bool {
						return slices.Contains(need.hold, g.When) && slices.Contains(g.Actions, action) && (resources[g.On] == resource || resources[g.On] == "*")
					})
					got := iampolicy.Evaluate(iampolicy.Request{Principal: policyRole, Action: action, Resource: resource}, policies) == iampolicy.Allow
					if got != want {
						t.Errorf("%s, superuser of %q, replica %v: %s on %s: allowed %v, want %v", rotationType.Name, need.owner, need.replica, action, resource, got, want)
					}
				}
			}
		}
	}
}

func TestRolePolicyOfUnknownFunction(t *testing.T) {
	t.Parallel()
	access := Access{SecretARN: policySecret, SuperuserSecretARN: policySuperuser, SuperuserOwningService: OwnerRDS, KeytabSecretARNs: []string{policyKeytab}}
	var unknown *RotationType
	got := unknown.RolePolicy(access)
	if diff := cmp.Diff(custom.RolePolicy(access), got); diff != "" {
		t.Errorf("no type is not as Custom: %s", diff)
	}
	want := iampolicy.RolePolicy(iampolicy.RolePolicyInput{
		SecretARN: policySecret, RandomPassword: true, SuperuserSecretARN: policySuperuser, SuperuserActions: []string{"secretsmanager:GetSecretValue"},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := postgreSQLSingleUser.RolePolicy(access); len(got.Statements) != 2 {
		t.Errorf("a function that reads no superuser secret may: %+v", got)
	}
}
