package provider

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

const (
	policySecret    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
	policySuperuser = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-GhIjKl"
	policyKeytab    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keytab-KlMnOp"
	policyKey       = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// anyValue is a value as HCL makes one for a parameter of any type: lists are
// tuples.
func anyValue(v any) tftypes.Value {
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(tftypes.DynamicPseudoType, nil)
	case tftypes.Value:
		return v
	case unknown:
		return tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	case bool:
		return tftypes.NewValue(tftypes.Bool, v)
	case int:
		return tftypes.NewValue(tftypes.Number, v)
	case []any:
		tuple, elements := tftypes.Tuple{ElementTypes: []tftypes.Type{}}, []tftypes.Value{}
		for _, element := range v {
			elements = append(elements, anyValue(element))
			tuple.ElementTypes = append(tuple.ElementTypes, elements[len(elements)-1].Type())
		}
		return tftypes.NewValue(tuple, elements)
	case object:
		types, values := map[string]tftypes.Type{}, map[string]tftypes.Value{}
		for name, member := range v {
			values[name] = anyValue(member)
			types[name] = values[name].Type()
		}
		return tftypes.NewValue(tftypes.Object{AttributeTypes: types}, values)
	}
	return tftypes.NewValue(tftypes.String, v)
}

// accessOf is what a rotation type's policy is asked for, in full.
func accessOf(t *catalog.RotationType) (object, catalog.Access) {
	arguments := object{"rotation_type": t.Name, "secret_arn": policySecret, "kms_key_arn": policyKey}
	access := catalog.Access{SecretARN: policySecret, KMSKeyARN: policyKey}
	if t.Superuser != nil {
		arguments["superuser_secret_arn"], arguments["superuser_kms_key_arn"] = policySuperuser, policyKey
		access.SuperuserSecretARN, access.SuperuserKMSKeyARN = policySuperuser, policyKey
	}
	if owners := t.SuperuserOwners(); len(owners) > 0 {
		arguments["superuser_owning_service"], access.SuperuserOwningService = owners[0], owners[0]
	}
	if t.HasKeytabs() {
		arguments["keytab_secret_arns"], arguments["keytab_kms_key_arn"] = []any{policyKeytab}, policyKey
		access.KeytabSecretARNs, access.KeytabKMSKeyARN = []string{policyKeytab}, policyKey
	}
	return arguments, access
}

// TestRolePolicy asks for the policy of every type in both ways: it is the
// catalogue's, byte for byte.
func TestRolePolicy(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for _, rotationType := range catalog.All() {
		arguments, access := accessOf(rotationType)
		want := any(rotationType.RolePolicy(access).JSON())
		if got := s.result("role_policy", anyValue(arguments)); got != want {
			t.Errorf("%s: the function gives %s, want %s", rotationType.Name, got, want)
		}
		data, diagnostics := s.readPure("rotation_role_policy", arguments)
		expect(t, diagnostics)
		if got := member(t, data, "json"); got != want {
			t.Errorf("%s: the data source gives %s, want %s", rotationType.Name, got, want)
		}
	}
}

// TestRolePolicyVPC: what connects a function to its VPC is in the policy if it
// is asked for, and only then.
func TestRolePolicyVPC(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	arguments := object{"rotation_type": "PostgreSQLSingleUser", "secret_arn": policySecret}
	for name, test := range map[string]struct {
		vpcAccess any
		vpc       bool
	}{"left out": {nil, false}, "false": {false, false}, "true": {true, true}} {
		arguments := with(arguments, object{"vpc_access": test.vpcAccess})
		want := iampolicy.RolePolicy(iampolicy.RolePolicyInput{SecretARN: policySecret, RandomPassword: true, VPC: test.vpc}).JSON()
		if strings.Contains(want, "ec2:CreateNetworkInterface") != test.vpc {
			t.Errorf("%s: %s", name, want)
		}
		if got := s.result("role_policy", anyValue(arguments)); got != any(want) {
			t.Errorf("%s: the function gives %s, want %s", name, got, want)
		}
		data, diagnostics := s.readPure("rotation_role_policy", arguments)
		expect(t, diagnostics)
		if got := member(t, data, "json"); got != any(want) {
			t.Errorf("%s: the data source gives %s, want %s", name, got, want)
		}
	}
}

// TestRolePolicyArguments has what is wrong with the arguments, told alike by
// the function and, on the attribute, by the data source.
func TestRolePolicyArguments(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	single := object{"rotation_type": "PostgreSQLSingleUser", "secret_arn": policySecret}
	multi := object{"rotation_type": "PostgreSQLMultiUser", "secret_arn": policySecret, "superuser_secret_arn": policySuperuser}
	keytabs := object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "secret_arn": policySecret, "keytab_secret_arns": []any{policyKeytab}}
	for _, test := range []struct {
		name      string
		arguments object
		attribute string // empty if nothing is wrong
		text      string
	}{
		{"a single user", single, "", ""},
		{"alternating users", multi, "", ""},
		{"keytabs", keytabs, "", ""},
		{"no keytabs", with(keytabs, object{"keytab_secret_arns": []any{}}), "", ""},
		{"Custom with a superuser", with(multi, object{"rotation_type": "Custom", "superuser_kms_key_arn": policyKey}), "", ""},
		{"Redshift's own superuser", with(multi, object{"rotation_type": "RedshiftMultiUser", "superuser_owning_service": "redshift"}), "", ""},
		{"a read replica", with(multi, object{"read_replica": true}), "", ""},
		{"no read replica where there can be none", with(single, object{"read_replica": false}), "", ""},
		{"a VPC", with(single, object{"vpc_access": true}), "", ""},

		{"another rotation type", with(single, object{"rotation_type": "postgresqlsingleuser"}), "rotation_type", "PostgreSQLSingleUser"},
		{"a partial ARN", with(single, object{"secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders"}), "secret_arn", "use the full ARN"},
		{"a name for an ARN", with(single, object{"secret_arn": "orders"}), "secret_arn", `does not start with "arn:"`},
		{"an alias for a key", with(single, object{"kms_key_arn": "alias/orders"}), "kms_key_arn", "an alias is not enough"},
		{"no superuser", with(multi, object{"superuser_secret_arn": nil}), "superuser_secret_arn", "`superuser_secret_arn` is missing: the function of PostgreSQLMultiUser logs in with the superuser secret that `masterarn` names"},
		{"a superuser too many", with(single, object{"superuser_secret_arn": policySuperuser}), "superuser_secret_arn", "The function of PostgreSQLSingleUser reads no superuser secret. Remove `superuser_secret_arn`"},
		{"the secret as superuser", with(multi, object{"superuser_secret_arn": policySecret}), "superuser_secret_arn", "The superuser is another user"},
		{"a superuser elsewhere", with(multi, object{"superuser_secret_arn": elsewhere(policySuperuser)}), "superuser_secret_arn", "secrets of its own Region only"},
		{"a key elsewhere", with(single, object{"kms_key_arn": elsewhere(policyKey)}), "kms_key_arn", "The key is in us-east-1 and the secret in eu-west-1"},
		{"a superuser's key elsewhere", with(multi, object{"superuser_kms_key_arn": elsewhere(policyKey)}), "superuser_kms_key_arn", "The key is in us-east-1"},
		{"a keytab elsewhere", with(keytabs, object{"keytab_secret_arns": []any{policyKeytab, elsewhere(policyKeytab)}}), "keytab_secret_arns", "A keytab secret is in us-east-1"},
		{"keytabs' key elsewhere", with(keytabs, object{"keytab_kms_key_arn": elsewhere(policyKey)}), "keytab_kms_key_arn", "The key is in us-east-1"},
		{"a superuser key without superuser", with(single, object{"superuser_kms_key_arn": policyKey}), "superuser_kms_key_arn", "no superuser secret that the key could be of"},
		{"Custom's superuser key without superuser", with(single, object{"rotation_type": "Custom", "superuser_kms_key_arn": policyKey}), "superuser_kms_key_arn", "no superuser secret that the key could be of"},
		{"a service of no such kind", with(multi, object{"superuser_owning_service": "ecs"}), "superuser_owning_service", "`rds`, `redshift`"},
		{"another service", with(multi, object{"superuser_owning_service": "redshift"}), "superuser_owning_service", "superuser secret that `rds` manages, but with none of `redshift`"},
		{"a managed superuser of DocumentDB", with(multi, object{"rotation_type": "MongoDBMultiUser", "superuser_owning_service": "rds"}), "superuser_owning_service", "can't log in with a superuser secret that a service manages"},
		{"a read replica where there can be none", with(single, object{"read_replica": true}), "read_replica", "looks no read replica up"},
		{"keytabs of no keytab type", with(single, object{"keytab_secret_arns": []any{policyKeytab}}), "keytab_secret_arns", "rotates no keytab secrets"},
		{"a keytab key of no keytab type", with(single, object{"keytab_kms_key_arn": policyKey}), "keytab_kms_key_arn", "rotates no keytab secrets"},
		{"keytabs missing", with(keytabs, object{"keytab_secret_arns": nil}), "keytab_secret_arns", "an empty list says that there are none"},
		{"a bad keytab", with(keytabs, object{"keytab_secret_arns": []any{"x"}}), "keytab_secret_arns", `"x" is not the ARN of a secret`},
	} {
		_, failed := s.call("role_policy", anyValue(test.arguments))
		_, diagnostics := s.readPure("rotation_role_policy", test.arguments)
		if test.attribute == "" {
			if failed != nil {
				t.Errorf("%s: %+v", test.name, *failed)
			}
			expect(t, diagnostics)
			continue
		}
		if failed == nil || failed.argument != 0 || !strings.Contains(failed.text, test.text) {
			t.Errorf("%s: the function fails with %+v, want %q", test.name, failed, test.text)
		}
		if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics[0], "ERROR "+test.attribute) || !strings.Contains(diagnostics[0], test.text) {
			t.Errorf("%s: the data source says %q, want %q on %s", test.name, diagnostics, test.text, test.attribute)
		}
	}
}

// elsewhere is an ARN in another Region.
func elsewhere(arn string) string { return strings.Replace(arn, "eu-west-1", "us-east-1", 1) }

// TestRolePolicyObject has what only an object of any type can get wrong, and
// what it may be.
func TestRolePolicyObject(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	good := object{"rotation_type": "PostgreSQLSingleUser", "secret_arn": policySecret}
	keytabs := object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "secret_arn": policySecret}
	for name, argument := range map[string]any{
		"nulls":         with(good, object{"kms_key_arn": nil}),
		"a map":         tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"rotation_type": anyValue("Custom"), "secret_arn": anyValue(policySecret)}),
		"a typed null":  maps.Collect(maps.All(object{"rotation_type": "Custom", "secret_arn": policySecret, "superuser_secret_arn": tftypes.NewValue(tftypes.String, nil)})),
		"a list":        with(keytabs, object{"keytab_secret_arns": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{anyValue(policyKeytab)})}),
		"a set":         with(keytabs, object{"keytab_secret_arns": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{anyValue(policyKeytab)})}),
		"a double item": with(keytabs, object{"keytab_secret_arns": []any{policyKeytab, policyKeytab}}),
	} {
		if _, failed := s.call("role_policy", anyValue(argument)); failed != nil {
			t.Errorf("%s: %+v", name, *failed)
		}
	}
	for _, test := range []struct {
		name     string
		argument any
		text     string
	}{
		{"no object", "PostgreSQLSingleUser", "The argument is an object"},
		{"a list", []any{"x"}, "The argument is an object"},
		{"an unknown attribute", with(good, object{"secret_id": policySecret}), `The object has no attribute "secret_id". Its attributes are keytab_kms_key_arn, keytab_secret_arns, kms_key_arn,`},
		{"required ones missing", object{}, "`rotation_type` is missing.\n`secret_arn` is missing"},
		{"a required one null", object{"rotation_type": "Custom", "secret_arn": nil}, "`secret_arn` is null, but needed"},
		{"a number", with(good, object{"kms_key_arn": 1}), "`kms_key_arn` is not a string"},
		{"text for another boolean", with(good, object{"vpc_access": "true"}), "`vpc_access` is not a boolean"},
		{"text for a boolean", with(good, object{"read_replica": "true"}), "`read_replica` is not a boolean"},
		{"text for a list", with(keytabs, object{"keytab_secret_arns": policyKeytab}), "`keytab_secret_arns` is not a list of strings"},
		{"numbers in a list", with(keytabs, object{"keytab_secret_arns": []any{1}}), "`keytab_secret_arns` is not a list of strings"},
		{"null in a list", with(keytabs, object{"keytab_secret_arns": []any{nil}}), "`keytab_secret_arns` is not a list of strings"},
	} {
		if _, failed := s.call("role_policy", anyValue(test.argument)); failed == nil || failed.argument != 0 || !strings.HasPrefix(failed.text, test.text) {
			t.Errorf("%s: %+v, want %q", test.name, failed, test.text)
		}
	}
}

// TestNullElements: null is no element of a set, and does not count as none.
func TestNullElements(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	_, diagnostics := s.readPure("rotation_role_policy", object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "secret_arn": policySecret, "keytab_secret_arns": []any{nil}})
	expect(t, diagnostics, "ERROR keytab_secret_arns: Null Set Value…")
	_, diagnostics = s.readPure("rotation_exclude_characters", object{"rotation_type": "Custom", "contexts": []any{"url", nil}})
	expect(t, diagnostics, "ERROR contexts: Null Set Value…")
	_, diagnostics = s.open(object{"rotation_type": "Custom", "contexts": []any{nil}})
	expect(t, diagnostics, "ERROR contexts: Null Set Value…")
	expect(t, s.validateProvider(object{"allowed_account_ids": []any{nil}}), "ERROR allowed_account_ids: Null Set Value…")
}

// TestRolePolicyOfUnknowns: as long as something is unknown so is the result,
// and what is wrong with the rest is told.
func TestRolePolicyOfUnknowns(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	// What terraform_data gives before apply: not even its type is known.
	anything := tftypes.NewValue(tftypes.DynamicPseudoType, tftypes.UnknownValue)
	for name, argument := range map[string]any{
		"all":         unknown{},
		"any":         anything,
		"a type":      object{"rotation_type": unknown{}, "secret_arn": policySecret, "superuser_secret_arn": policySuperuser},
		"an ARN":      object{"rotation_type": "Custom", "secret_arn": unknown{}},
		"a superuser": object{"rotation_type": "MySQLMultiUser", "secret_arn": policySecret, "superuser_secret_arn": unknown{}},
		"an optional": object{"rotation_type": "Custom", "secret_arn": policySecret, "kms_key_arn": unknown{}},
		"a boolean":   object{"rotation_type": "Custom", "secret_arn": policySecret, "vpc_access": unknown{}},
		"any member":  object{"rotation_type": "Custom", "secret_arn": anything, "kms_key_arn": anything},
		"any list":    object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "secret_arn": policySecret, "keytab_secret_arns": anything},
		"any item":    object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "secret_arn": policySecret, "keytab_secret_arns": []any{policyKeytab, anything}},
		"an item":     object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "secret_arn": policySecret, "keytab_secret_arns": []any{policyKeytab, unknown{}}},
	} {
		if got, failed := s.call("role_policy", anyValue(argument)); failed != nil || got.IsKnown() {
			t.Errorf("%s unknown: %v, %+v", name, got, failed)
		}
	}
	_, failed := s.call("role_policy", anyValue(object{"rotation_type": "Custom", "secret_arn": unknown{}, "kms_key_arn": "alias/x"}))
	if failed == nil || !strings.HasPrefix(failed.text, "`kms_key_arn`: ") {
		t.Errorf("%+v", failed)
	}
	_, diagnostics := s.readPure("rotation_role_policy", object{"rotation_type": "MySQLMultiUser", "secret_arn": unknown{}})
	expect(t, diagnostics, "ERROR superuser_secret_arn: Missing superuser secret")
}

// TestRolePolicyInTerraform has a real CLI give both the same, known at plan
// or only after apply, and fail in validate.
func TestRolePolicyInTerraform(t *testing.T) {
	t.Parallel()
	config := func(rotationType string) string {
		return fmt.Sprintf(`
resource "terraform_data" "secret" {
  input = %[1]q
}

locals {
  known = provider::rotation::role_policy({ rotation_type = %[2]q, secret_arn = %[1]q, kms_key_arn = null })
  later = provider::rotation::role_policy({ rotation_type = %[2]q, secret_arn = terraform_data.secret.output })
}

data "rotation_role_policy" "later" {
  rotation_type = %[2]q
  secret_arn    = terraform_data.secret.output
}

output "same" {
  value = local.known == local.later && local.known == data.rotation_role_policy.later.json
}

output "policy" {
  value = local.known
}
`, policySecret, rotationType)
	}
	policy := iampolicy.RolePolicy(iampolicy.RolePolicyInput{SecretARN: policySecret, RandomPassword: true}).JSON()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: pureFactories,
		Steps: []resource.TestStep{
			{Config: config("PostgreSQLMultiUser"), ExpectError: regexp.MustCompile("`superuser_secret_arn` is missing")},
			{
				Config: config("PostgreSQLSingleUser"),
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckOutput("same", "true"), resource.TestCheckOutput("policy", policy),
				),
			},
		},
	})
}
