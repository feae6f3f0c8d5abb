package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

var _ datasource.DataSource = secretSchemaDataSource{}

func newSecretSchemaDataSource() datasource.DataSource { return secretSchemaDataSource{} }

type secretSchemaDataSource struct{}

type secretSchemaDataModel struct {
	RotationType string `tfsdk:"rotation_type"`
	secretSchemaModel
}

func (secretSchemaDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_secret_schema"
}

func (secretSchemaDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	all := attributes{"rotation_type": rotationTypeAttribute()}
	maps.Copy(all, secretSchemaAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "The format that the rotation function of a type expects of its secret: as JSON Schema, as a table and as an example. " +
			"It follows the function's code; where a page of AWS says something else, the code is what rotates.\n\n" +
			"It calls nothing and needs no credentials. The function [`secret_schema`](../functions/secret_schema.md) gives the same, with Terraform 1.8, OpenTofu 1.8 or later.",
		Attributes: all,
	}
}

func (secretSchemaDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if t := configuredRotationType(ctx, req.Config, &resp.Diagnostics); t != nil {
		resp.Diagnostics.Append(resp.State.Set(ctx, secretSchemaDataModel{t.Name, secretSchemaOf(t)})...)
	}
}
