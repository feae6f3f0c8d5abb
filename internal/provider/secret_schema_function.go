package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ function.Function = secretSchemaFunction{}

func newSecretSchemaFunction() function.Function { return secretSchemaFunction{} }

type secretSchemaFunction struct{}

func (secretSchemaFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "secret_schema"
}

func (secretSchemaFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The format that a rotation function expects of its secret",
		MarkdownDescription: secretSchemaDescription + "\n\n" + functionVersions +
			" The data source [`rotation_secret_schema`](../data-sources/secret_schema.md) gives the same.\n\nThe result is an object:\n\n" + described(secretSchemaAttributes()),
		Parameters: []function.Parameter{rotationTypeParameter()},
		Return:     function.ObjectReturn{AttributeTypes: attributeTypes(secretSchemaAttributes())},
	}
}

func (secretSchemaFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var key types.String
	if !knownArguments(ctx, req, resp, &key) {
		return
	}
	t, err := rotationTypeArgument(0, key.ValueString())
	if err != nil {
		resp.Error = err
		return
	}
	resp.Error = resp.Result.Set(ctx, secretSchemaOf(t))
}
