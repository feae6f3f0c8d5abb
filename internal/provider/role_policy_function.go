package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

var _ function.Function = rolePolicyFunction{}

func newRolePolicyFunction() function.Function { return rolePolicyFunction{} }

type rolePolicyFunction struct{}

func (rolePolicyFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "role_policy"
}

func (rolePolicyFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The least-privilege role policy of a rotation function for a secret",
		MarkdownDescription: rolePolicyDescription + "\n\n" + functionVersions + " The data source [`rotation_role_policy`](../data-sources/role_policy.md) gives the same document, byte for byte.\n\n" +
			"The argument is an object with these attributes. Those that are optional may be left out:\n\n" + described(rolePolicyArguments()),
		Parameters: []function.Parameter{function.DynamicParameter{
			Name: "access", AllowUnknownValues: true,
			MarkdownDescription: "Object that says what the policy is for, by the attributes above. As soon as all of them are known the result is; what is wrong with a known one is told at once.",
		}},
		Return: function.StringReturn{},
	}
}

func (rolePolicyFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	if argument.IsUnknown() || argument.IsUnderlyingValueUnknown() {
		answerUnknown(ctx, resp)
		return
	}
	object, wrong := objectArgument(ctx, argument.UnderlyingValue(), rolePolicyArguments())
	var m rolePolicyModel
	if len(wrong) == 0 {
		resp.Error = function.FuncErrorFromDiags(ctx, object.As(ctx, &m, basetypes.ObjectAsOptions{}))
		for _, p := range m.problems() {
			wrong = append(wrong, p.detail)
		}
	}
	if len(wrong) > 0 {
		resp.Error = argumentError(0, strings.Join(wrong, "\n"))
	}
	if resp.Error != nil {
		return
	}
	if v, err := object.ToTerraformValue(ctx); err != nil || !v.IsFullyKnown() {
		answerUnknown(ctx, resp)
		return
	}
	resp.Error = resp.Result.Set(ctx, m.json(ctx))
}
