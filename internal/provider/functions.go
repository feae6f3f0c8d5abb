package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// functionVersions is for the description of every function.
const functionVersions = "Functions need Terraform 1.8, OpenTofu 1.8 or later; in the `validation` of a variable, OpenTofu 1.9 or later. This one is pure: it calls nothing and needs no credentials and no provider block."

// knownArguments reads a function's arguments and reports whether all of them
// are known. Otherwise the call is answered already: with an error, or with an
// unknown result. The CLIs do the latter themselves, except for OpenTofu 1.8.
func knownArguments(ctx context.Context, req function.RunRequest, resp *function.RunResponse, targets ...interface{ IsUnknown() bool }) bool {
	all := make([]any, len(targets))
	for i, target := range targets {
		all[i] = target
	}
	if resp.Error = req.Arguments.Get(ctx, all...); resp.Error != nil {
		return false
	}
	for _, target := range targets {
		if target.IsUnknown() {
			answerUnknown(ctx, resp)
			return false
		}
	}
	return true
}

// answerUnknown makes the result of a function unknown.
func answerUnknown(ctx context.Context, resp *function.RunResponse) {
	resultType := resp.Result.Value().Type(ctx)
	unknown, err := resultType.ValueFromTerraform(ctx, tftypes.NewValue(resultType.TerraformType(ctx), tftypes.UnknownValue))
	if err != nil {
		resp.Error = function.NewFuncError("The result cannot be made unknown. This is a bug of the provider.")
		return
	}
	resp.Error = resp.Result.Set(ctx, unknown)
}

// argumentError is the error of a call on an argument. The CLIs put their own
// words before the text, and a full stop after it.
func argumentError(position int64, text string) *function.FuncError {
	return function.NewArgumentFuncError(position, strings.TrimSuffix(text, "."))
}
