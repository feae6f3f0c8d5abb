package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

var _ datasource.DataSourceWithValidateConfig = excludeCharactersDataSource{}

func newExcludeCharactersDataSource() datasource.DataSource { return excludeCharactersDataSource{} }

type excludeCharactersDataSource struct{}

type excludeCharactersDataModel struct {
	RotationType types.String `tfsdk:"rotation_type"`
	Engine       types.String `tfsdk:"engine"`
	Contexts     types.Set    `tfsdk:"contexts"`
	exclusionModel
}

func (excludeCharactersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_exclude_characters"
}

func (excludeCharactersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	all := attributes{
		"rotation_type": schema.StringAttribute{
			Optional: true, Validators: []validator.String{rotationType},
			MarkdownDescription: "Rotation type. Exactly one of this and `engine`. " + rotationTypes,
		},
		"engine": schema.StringAttribute{
			Optional: true, Validators: []validator.String{oneOf("engine", catalog.Engines()...)},
			MarkdownDescription: "Engine, by its name at RDS or in the field `engine` of a secret: for all rotation types of that engine. Exactly one of this and `rotation_type`.",
		},
		"contexts": contextsAttribute(),
	}
	maps.Copy(all, exclusionAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: excludeCharactersDescription + "\n\n" + excludeCharactersByHand +
			"\n\nIt calls nothing and needs no credentials. The function [`exclude_characters`](../functions/exclude_characters.md) gives the same for a rotation type, with Terraform 1.8, OpenTofu 1.8 or later.",
		Attributes: all,
	}
}

func contextsAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		Optional: true, ElementType: types.StringType, Validators: each(passwordContext),
		MarkdownDescription: "Where the passwords are used, any of:" + contextList,
	}
}

func (excludeCharactersDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var key, engine types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("rotation_type"), &key)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("engine"), &engine)...)
	switch {
	case key.IsNull() && engine.IsNull():
		resp.Diagnostics.AddError("Missing rotation type", "Neither `rotation_type` nor `engine` is set. Set one of them.")
	case !key.IsNull() && !engine.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("engine"), "Invalid engine", "Both `rotation_type` and `engine` are set. Set one of them.")
	}
	if t, ok := catalog.Lookup(key.ValueString()); ok {
		if _, err := t.ExcludeCharacters(); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("rotation_type"), "Invalid rotation type", sentence(err.Error()))
		}
	}
}

func (excludeCharactersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	m := excludeCharactersDataModel{}
	for name, target := range map[string]any{"rotation_type": &m.RotationType, "engine": &m.Engine, "contexts": &m.Contexts} {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), target)...)
	}
	var contexts []string
	resp.Diagnostics.Append(m.Contexts.ElementsAs(ctx, &contexts, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	exclusion, err := catalog.EngineExcludeCharacters(m.Engine.ValueString(), contexts...)
	if t, ok := catalog.Lookup(m.RotationType.ValueString()); ok {
		exclusion, err = t.ExcludeCharacters(contexts...)
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to determine the characters", sentence(err.Error()))
		return
	}
	m.exclusionModel = exclusionOf(exclusion)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
