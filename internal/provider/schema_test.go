package provider

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestSchemas checks what the framework does not: that everything is described
// and that arguments have no default but null, so that an import is no diff.
func TestSchemas(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	schemas, err := s.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, lines(schemas.Diagnostics))
	all := map[string]*tfprotov6.Schema{"provider": schemas.Provider}
	maps.Copy(all, schemas.ResourceSchemas)
	for name, schema := range schemas.DataSourceSchemas {
		all["data."+name] = schema
	}
	for name, schema := range schemas.EphemeralResourceSchemas {
		all["ephemeral."+name] = schema
	}
	for name, schema := range all {
		if schema.Block.Description == "" {
			t.Errorf("%s has no description.", name)
		}
		checkBlock(t, name, schema.Block)
	}
}

func checkBlock(t *testing.T, at string, block *tfprotov6.SchemaBlock) {
	t.Helper()
	for _, a := range block.Attributes {
		checkAttribute(t, at, a)
	}
	for _, b := range block.BlockTypes {
		checkBlock(t, at+"."+b.TypeName, b.Block)
	}
}

func checkAttribute(t *testing.T, at string, a *tfprotov6.SchemaAttribute) {
	t.Helper()
	at += "." + a.Name
	if !strings.HasSuffix(a.Description, ".") {
		t.Errorf("%s: the description %q is no sentence.", at, a.Description)
	}
	if a.Required && (a.Optional || a.Computed) || !a.Required && !a.Optional && !a.Computed {
		t.Errorf("%s: required %t, optional %t, computed %t", at, a.Required, a.Optional, a.Computed)
	}
	for _, secret := range []string{"secret_key", "token", "password"} {
		// An object says how a secret is made, and has none.
		if (a.Name == secret || strings.HasSuffix(a.Name, "_"+secret)) && !a.Sensitive && a.NestedType == nil {
			t.Errorf("%s is not marked as sensitive.", at)
		}
	}
	if writeOnly := strings.HasSuffix(a.Name, "_wo"); writeOnly != a.WriteOnly || writeOnly && (!a.Sensitive || !a.Optional) {
		t.Errorf("%s: write-only %t, sensitive %t, optional %t", at, a.WriteOnly, a.Sensitive, a.Optional)
	}
	if a.NestedType != nil {
		for _, nested := range a.NestedType.Attributes {
			checkAttribute(t, at, nested)
		}
	}
}

// kindsOf says of each attribute who sets it.
func kindsOf(schema *tfprotov6.Schema) map[string]string {
	kinds := map[string]string{}
	for _, a := range schema.Block.Attributes {
		switch {
		case a.Required:
			kinds[a.Name] = "required"
		case a.Optional && a.Computed:
			kinds[a.Name] = "optional, computed"
		case a.Optional:
			kinds[a.Name] = "optional"
		default:
			kinds[a.Name] = "computed"
		}
	}
	return kinds
}

// TestSetupSchema has what other tests and users rely on.
func TestSetupSchema(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	ctx := t.Context()
	schemas, err := s.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got := kindsOf(schemas.ResourceSchemas["rotation_setup"])
	want := map[string]string{"secret_id": "required"}
	for kind, names := range map[string]string{
		"optional": "region rotation_lambda_arn rotation_type superuser_secret_arn superuser_kms_key_arn read_replica keytab_secret_arns keytab_kms_key_arn rotation_rules access rotate_immediately rotate_triggers " +
			"wait_for_rotation preflight check_secret_value external_secret_rotation_role_arn external_secret_rotation_metadata",
		"optional, computed": "rotation_enabled role_arn kms_key_arn vpc_access statement_id role_policy_name",
		"computed":           "secret_arn role_name role_policy invoke_permission owning_service superuser_owning_service previous_rotation_rules unfinished_version_id",
	} {
		for name := range strings.FieldsSeq(names) {
			want[name] = kind
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	identities, err := s.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if a := identities.IdentitySchemas["rotation_setup"].IdentityAttributes; len(a) != 1 || a[0].Name != "secret_arn" || !a[0].RequiredForImport {
		t.Errorf("identity %v", a)
	}
}
