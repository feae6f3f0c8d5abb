package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ ephemeral.EphemeralResource                   = (*randomPassword)(nil)
	_ ephemeral.EphemeralResourceWithConfigure      = (*randomPassword)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*randomPassword)(nil)
)

func newRandomPasswordEphemeral() ephemeral.EphemeralResource { return &randomPassword{} }

type randomPassword struct{ *session }

type randomPasswordModel struct {
	passwordModel
	Region         types.String `tfsdk:"region"`
	RotationType   types.String `tfsdk:"rotation_type"`
	RandomPassword types.String `tfsdk:"random_password"`
}

func (r *randomPassword) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_random_password"
}

func (r *randomPassword) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	r.session, _ = req.ProviderData.(*session)
}

func (r *randomPassword) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A password as the rotation function of a type would generate it: Secrets Manager generates it (`GetRandomPassword`), with the length and without the characters that the type, its engine and the contexts ask for. " +
			"It is for the first value of a secret, and this provider leaves it in no state, plan or log. What it is given to may log it: `hashicorp/aws` writes its requests, with their values, into a log of level `DEBUG` and below.\n\n" +
			"Every plan and every apply generates another one. Give it to a write-only argument such as `secret_string_wo`, which stores it when its version number changes and not otherwise.\n\n" +
			"Needs Terraform 1.10, OpenTofu 1.11 or later; write-only arguments need Terraform 1.11, OpenTofu 1.11 or later. The caller needs `secretsmanager:GetRandomPassword`.",
		Attributes: map[string]schema.Attribute{
			"region":          schema.StringAttribute{Optional: true, Validators: []validator.String{region}, MarkdownDescription: "AWS Region whose Secrets Manager generates the password. Default: the provider's."},
			"rotation_type":   schema.StringAttribute{Required: true, Validators: []validator.String{rotationType}, MarkdownDescription: "Rotation type of the secret. " + rotationTypes},
			"random_password": schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The password."},
		},
	}
	for name, description := range passwordFlags {
		resp.Schema.Attributes[name] = schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	}
	resp.Schema.Attributes["contexts"] = schema.SetAttribute{Optional: true, ElementType: types.StringType, Validators: each(passwordContext), MarkdownDescription: passwordContexts}
	resp.Schema.Attributes["password_length"] = schema.Int64Attribute{Optional: true, MarkdownDescription: passwordLength}
	resp.Schema.Attributes["exclude_characters"] = schema.StringAttribute{Optional: true, MarkdownDescription: passwordExclude}
}

func (r *randomPassword) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	if !req.Config.Raw.IsFullyKnown() {
		return
	}
	var m randomPasswordModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.request(ctx, m.RotationType.ValueString(), path.Empty(), &resp.Diagnostics)
}

func (r *randomPassword) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m randomPasswordModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	in := m.request(ctx, m.RotationType.ValueString(), path.Empty(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	password, err := r.rotation.RandomPassword(ctx, m.Region.ValueString(), in)
	if err != nil {
		addError(&resp.Diagnostics, err)
		return
	}
	m.RandomPassword = types.StringValue(password)
	resp.Diagnostics.Append(resp.Result.Set(ctx, m)...)
}
