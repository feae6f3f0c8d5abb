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
		MarkdownDescription: secretSchemaDescription + "\n\nIt calls nothing and needs no credentials. The function [`secret_schema`](../functions/secret_schema.md) gives the same, with Terraform 1.8, OpenTofu 1.8 or later.",
		Attributes:          all,
	}
}

func (secretSchemaDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if t := configuredRotationType(ctx, req.Config, &resp.Diagnostics); t != nil {
		resp.Diagnostics.Append(resp.State.Set(ctx, secretSchemaDataModel{t.Name, secretSchemaOf(t)})...)
	}
}
