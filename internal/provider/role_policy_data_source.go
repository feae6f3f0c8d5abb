package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithValidateConfig = rolePolicyDataSource{}

func newRolePolicyDataSource() datasource.DataSource { return rolePolicyDataSource{} }

type rolePolicyDataSource struct{}

type rolePolicyDataModel struct {
	rolePolicyModel
	JSON types.String `tfsdk:"json"`
}

// rolePolicyDescription is for the function and the data source.
const rolePolicyDescription = "The inline policy that the execution role of a rotation function needs for one secret, as JSON: the four actions on the secret itself, and on the superuser secret, the database's service and keys only what the code of the rotation type's function uses. " +
	"Keys are usable through Secrets Manager only, and only for the secrets at hand. Actions of a service other than Secrets Manager and KMS are granted on `*`, since the secret's ARN does not tell which database, user or directory it is for.\n\n" +
	"It is for those who keep `aws_iam_role_policy`; [`rotation_setup`](../resources/setup.md) writes this policy itself, unless it is told `access = \"external\"`. " +
	"Permissions for logs belong to the function, not to a secret, and are not in it, nor are those for a VPC unless `vpc_access` asks for them: attach `AWSLambdaBasicExecutionRole` or `AWSLambdaVPCAccessExecutionRole`."

func (rolePolicyDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_role_policy"
}

func (rolePolicyDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	all := attributes{"json": computedString("The policy, ready for `policy` of `aws_iam_role_policy`. A role has room for 10,240 characters of inline policies, without white space.")}
	maps.Copy(all, rolePolicyArguments())
	resp.Schema = schema.Schema{
		MarkdownDescription: rolePolicyDescription + "\n\nIt calls nothing and needs no credentials. The function [`role_policy`](../functions/role_policy.md) gives the same document, byte for byte, with Terraform 1.8, OpenTofu 1.8 or later.",
		Attributes:          all,
	}
}

func (rolePolicyDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m rolePolicyDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	for _, p := range m.problems() {
		resp.Diagnostics.AddAttributeError(path.Root(p.argument), p.summary, p.detail)
	}
}

func (rolePolicyDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m rolePolicyDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.JSON = types.StringValue(m.json(ctx))
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
