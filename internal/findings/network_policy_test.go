package findings

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// TestEndpointPolicies logs what it finds, to be read aloud.
func TestEndpointPolicies(t *testing.T) {
	t.Parallel()
	const (
		refused = "error network-endpoint-policy"
		perhaps = "warning network-endpoint-policy"
		unknown = "info network-endpoint-policy"
		anybody = `,"Principal":"*"`
	)
	type policyCase struct {
		*networkCase
		*roleCase
	}
	tests := map[string]struct {
		policy []string // nil for none
		change func(policyCase)
		want   []string
		text   string
	}{
		"no policy":             {},
		"everything":            {policy: []string{everything + anybody}},
		"for the role":          {policy: []string{everything + to(executionRole)}},
		"for the account":       {policy: []string{everything + to("123456789012")}},
		"by the role's account": {policy: []string{everything + anybody + when("StringEquals", "aws:PrincipalAccount", "123456789012")}},
		"through itself":        {policy: []string{everything + anybody + when("StringEquals", "aws:SourceVpce", "vpce-1")}},
		"through its VPC":       {policy: []string{everything + anybody + when("StringEquals", "aws:SourceVpc", "vpc-1")}},
		"of its account":        {policy: []string{everything + anybody + when("StringEquals", "aws:ResourceAccount", "123456789012")}},
		"what is needed":        {policy: []string{allow("secretsmanager:*", orders) + anybody, allow("secretsmanager:Get*", "*") + anybody}},
		"not used":              {policy: []string{deny("*", "*") + anybody}, change: func(c policyCase) { c.Endpoints[0].PrivateDNS = false }},
		"through a proxy":       {policy: []string{deny("*", "*") + anybody}, change: func(c policyCase) { c.Proxy = true }},
		"environment not read":  {policy: []string{deny("*", "*") + anybody}, change: func(c policyCase) { c.Unread = true }},
		"not a role":            {policy: []string{deny("*", "*") + anybody}, change: func(c policyCase) { c.role.ARN = "rotator" }},

		"nothing":             {policy: []string{allow("kms:*", "*") + anybody}, want: []string{refused}, text: "the policy of the VPC endpoint vpce-1 does not allow that"},
		"for another role":    {policy: []string{everything + to("arn:aws:iam::123456789012:role/other")}, want: []string{refused}},
		"for another account": {policy: []string{everything + to("210987654321")}, want: []string{refused}},
		"another secret":      {policy: []string{allow("secretsmanager:*", admin) + anybody}, want: []string{refused}, text: "on the secret"},
		"no superuser secret": {policy: []string{allow("secretsmanager:*", orders) + anybody, allow(randomPassword, "*") + anybody}, want: []string{refused}, text: "on the superuser secret " + admin},
		"no random password":  {policy: []string{allow("secretsmanager:*", "arn:aws:secretsmanager:*:123456789012:secret:*") + anybody}, want: []string{refused}, text: "`secretsmanager:GetRandomPassword` on `*`"},
		"read only":           {policy: []string{allow("secretsmanager:Get*", "*") + anybody}, want: []string{refused}, text: "`secretsmanager:PutSecretValue`"},
		"denied":              {policy: []string{everything + anybody, deny("secretsmanager:PutSecretValue", "*") + anybody}, want: []string{refused}, text: "Except the role from the Deny"},
		"another endpoint":    {policy: []string{everything + anybody + when("StringEquals", "aws:SourceVpce", "vpce-2")}, want: []string{refused}},
		"organization":        {policy: []string{everything + anybody + when("StringEquals", "aws:PrincipalOrgID", "o-1")}, want: []string{unknown}, text: "cannot be determined"},
		"organization denied": {policy: []string{everything + anybody, deny("*", "*") + anybody + when("StringNotEquals", "aws:ResourceOrgID", "o-1")}, want: []string{unknown}},
		"unreadable":          {policy: []string{}, change: func(c policyCase) { c.Endpoints[0].Policy.Unreadable = true }, want: []string{unknown}},
		"own function":        {policy: []string{allow("secretsmanager:Get*", "*") + anybody}, change: func(c policyCase) { c.need.Own = true }, want: []string{perhaps}},
		"its own name": {policy: []string{deny("*", "*") + anybody}, change: func(c policyCase) {
			c.Endpoints[0].PrivateDNS, c.Endpoint = false, ownAddress
		}, want: []string{refused}},
		"for all secrets": {policy: []string{allow("secretsmanager:*", "arn:aws:secretsmanager:*:123456789012:secret:orders*") + anybody, allow(randomPassword, "*") + anybody}, change: func(c policyCase) {
			c.rotatesAll(catalog.SharedAccess{})
		}, want: []string{unknown}},
		"for all secrets, read only": {policy: []string{allow("secretsmanager:Get*", "*") + anybody}, change: func(c policyCase) {
			c.rotatesAll(catalog.SharedAccess{})
		}, want: []string{refused}, text: "on the secrets that rotate with the function"},
		"RDS API": {policy: []string{everything + anybody}, change: func(c policyCase) {
			c.endpoint("rds").Policy = &Policy{Document: statements(t, allow("rds:*", "*")+to("210987654321"))}
			c.Services = []string{"rds"}
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: catalog.OwnerRDS})
		}, want: []string{refused}, text: "`rds:DescribeDBInstances`"},
		"RDS API, for clusters": {policy: []string{everything + anybody}, change: func(c policyCase) {
			c.endpoint("rds").Policy = &Policy{Document: statements(t, allow("rds:DescribeDBClusters", "*")+anybody)}
			c.Services = []string{"rds"}
			c.is("PostgreSQLMultiUser", catalog.Access{SuperuserSecretARN: admin, SuperuserOwningService: catalog.OwnerRDS})
		}, want: []string{perhaps}, text: "the kind of database"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := policyCase{newNetworkCase(), newRoleCase(t)}
			e := c.endpoint(secretsManager)
			if test.policy != nil {
				e.Policy = &Policy{Document: statements(t, test.policy...)}
			}
			if test.change != nil {
				test.change(c)
			}
			found := EndpointPolicies(c.Network, c.Connection, c.role, c.need)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			checkRoleFindings(t, found)
			for _, f := range found {
				t.Logf("%s %s\n%s\n%s", f.Severity, f.Code, f.Detail, f.Remedy)
				if text := f.Detail + " " + f.Remedy; !strings.Contains(text, test.text) || !strings.Contains(text, "vpce-1") {
					t.Errorf("%q is not said", test.text)
				}
			}
		})
	}
}
