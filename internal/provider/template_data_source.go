package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

var _ datasource.DataSource = templateDataSource{}

func newTemplateDataSource() datasource.DataSource { return templateDataSource{} }

type templateDataSource struct{}

func (templateDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_template"
}

func (templateDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	all := attributes{
		"rotation_type": rotationTypeAttribute(),
		"partition": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{partition},
			MarkdownDescription: "AWS partition of the application: `aws` (default), `aws-cn` or `aws-us-gov`.",
		},
	}
	maps.Copy(all, templateAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "All that is known of a rotation type: the function's application, engine and strategy, how it makes passwords, what its role and its environment need, the errors it raises, and where pages of AWS and the code differ. " +
			"The fields of the secret are in [`rotation_secret_schema`](secret_schema.md).\n\n" +
			"It calls nothing and needs no credentials.",
		Attributes: all,
	}
}

func (templateDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var partition *string
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("partition"), &partition)...)
	t := configuredRotationType(ctx, req.Config, &resp.Diagnostics)
	if t == nil {
		return
	}
	if partition == nil {
		partition = new("aws")
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, templateOf(t, *partition))...)
}

// partition is the check of an AWS partition's name.
var partition = oneOf("partition", "aws", "aws-cn", "aws-us-gov")
