package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// server answers the two questions the command asks; any other would panic.
type server struct {
	tfprotov6.ProviderServer

	schemas    *tfprotov6.GetProviderSchemaResponse
	identities *tfprotov6.GetResourceIdentitySchemasResponse
	err        error
}

func (s *server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return s.schemas, s.err
}

func (s *server) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return s.identities, s.err
}

// TestSchemas compares with a document whose form was checked against the one
// that Terraform 1.11.4 and OpenTofu 1.12.6 print for an equal provider.
func TestSchemas(t *testing.T) {
	t.Parallel()

	document, err := schemas(t.Context(), &server{
		schemas: &tfprotov6.GetProviderSchemaResponse{
			Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
				Description:     "A *provider*.",
				DescriptionKind: tfprotov6.StringKindMarkdown,
				Attributes: []*tfprotov6.SchemaAttribute{
					{Name: "region", Type: tftypes.String, Optional: true, Description: "Plain."},
					{Name: "token", Type: tftypes.String, Optional: true, Sensitive: true, Deprecated: true, DeprecationMessage: "Gone."},
				},
				BlockTypes: []*tfprotov6.SchemaNestedBlock{{
					TypeName: "assume_role",
					Nesting:  tfprotov6.SchemaNestedBlockNestingModeList,
					MinItems: 1,
					MaxItems: 3,
					Block: &tfprotov6.SchemaBlock{
						Deprecated: true,
						Attributes: []*tfprotov6.SchemaAttribute{{Name: "role_arn", Type: tftypes.String, Required: true}},
					},
				}},
			}},
			ResourceSchemas: map[string]*tfprotov6.Schema{"rotation_thing": {Version: 2, Block: &tfprotov6.SchemaBlock{
				Attributes: []*tfprotov6.SchemaAttribute{
					{Name: "password_wo", Type: tftypes.String, Optional: true, WriteOnly: true},
					{Name: "labels", Type: tftypes.Map{ElementType: tftypes.List{ElementType: tftypes.String}}, Computed: true},
					{Name: "policy", Type: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"size": tftypes.Number}}, Computed: true},
					{Name: "rules", Required: true, NestedType: &tfprotov6.SchemaObject{
						Nesting:    tfprotov6.SchemaObjectNestingModeSingle,
						Attributes: []*tfprotov6.SchemaAttribute{{Name: "duration", Type: tftypes.String, Optional: true, Computed: true}},
					}},
				},
			}}},
			DataSourceSchemas:        map[string]*tfprotov6.Schema{"rotation_fact": {Block: &tfprotov6.SchemaBlock{}}},
			EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"rotation_moment": {Block: &tfprotov6.SchemaBlock{}}},
			ListResourceSchemas:      map[string]*tfprotov6.Schema{"rotation_thing": {Block: &tfprotov6.SchemaBlock{}}},
			ActionSchemas: map[string]*tfprotov6.ActionSchema{"rotation_do": {Schema: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
				Attributes: []*tfprotov6.SchemaAttribute{{Name: "secret_id", Type: tftypes.String, Required: true}},
			}}}},
			Functions: map[string]*tfprotov6.Function{
				"plain": {Return: &tfprotov6.FunctionReturn{Type: tftypes.Bool}},
				"full": {
					Summary:            "Short.",
					Description:        "Long.",
					DeprecationMessage: "Gone.",
					Return:             &tfprotov6.FunctionReturn{Type: tftypes.DynamicPseudoType},
					Parameters:         []*tfprotov6.FunctionParameter{{Name: "first", Type: tftypes.String, Description: "The first.", AllowNullValue: true}},
					VariadicParameter:  &tfprotov6.FunctionParameter{Name: "rest", Type: tftypes.Set{ElementType: tftypes.Number}},
				},
			},
		},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{
			IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{"rotation_thing": {
				Version: 1,
				IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
					{Name: "arn", Type: tftypes.String, RequiredForImport: true, Description: "The ARN."},
					{Name: "region", Type: tftypes.String, OptionalForImport: true},
				},
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}

	got, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}

	got = append(got, '\n')

	const golden = "testdata/schema.json"

	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("schema differs (-want +got):\n%s", diff)
	}
}

func TestSchemasErrors(t *testing.T) {
	t.Parallel()

	broken := []*tfprotov6.Diagnostic{
		{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "a warning"},
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Invalid schema", Detail: "attribute x"},
	}
	sound := &tfprotov6.GetProviderSchemaResponse{Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}}}

	for name, test := range map[string]struct {
		server *server
		want   string
	}{
		"call": {
			server: &server{err: errors.New("closed")},
			want:   "asking for the schemas: closed",
		},
		"schemas": {
			server: &server{schemas: &tfprotov6.GetProviderSchemaResponse{Diagnostics: broken}},
			want:   "asking for the schemas: Invalid schema: attribute x",
		},
		"identities": {
			server: &server{schemas: sound, identities: &tfprotov6.GetResourceIdentitySchemasResponse{Diagnostics: broken}},
			want:   "asking for the identity schemas: Invalid schema: attribute x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := schemas(t.Context(), test.server)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "warning") {
				t.Errorf("got error %v, want %q", err, test.want)
			}
		})
	}
}
