package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ function.Function = excludeCharactersFunction{}

func newExcludeCharactersFunction() function.Function { return excludeCharactersFunction{} }

type excludeCharactersFunction struct{}

func (excludeCharactersFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "exclude_characters"
}

func (excludeCharactersFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The characters to keep out of a rotation type's passwords, and why",
		MarkdownDescription: excludeCharactersDescription + "\n\n" + excludeCharactersByHand + "\n\n" + functionVersions +
			" The data source [`rotation_exclude_characters`](../data-sources/exclude_characters.md) gives the same, also by engine.\n\nThe result is an object:\n\n" + described(exclusionAttributes()),
		Parameters: []function.Parameter{rotationTypeParameter()},
		VariadicParameter: function.StringParameter{
			Name: "contexts", MarkdownDescription: "Where the passwords are used, any number of:" + contextList,
		},
		Return: function.ObjectReturn{AttributeTypes: attributeTypes(exclusionAttributes())},
	}
}

func (excludeCharactersFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var key types.String
	var contexts types.Tuple
	if !knownArguments(ctx, req, resp, &key, &contexts) {
		return
	}
	t, err := rotationTypeArgument(0, key.ValueString())
	if err != nil {
		resp.Error = err
		return
	}
	var names []string
	for i, element := range contexts.Elements() {
		name, ok := element.(types.String)
		if !ok || name.IsUnknown() {
			answerUnknown(ctx, resp)
			return
		}
		if wrong := passwordContext.wrong(name.ValueString()); wrong != "" {
			resp.Error = argumentError(int64(i)+1, wrong)
			return
		}
		names = append(names, name.ValueString())
	}
	exclusion, wrong := t.ExcludeCharacters(names...)
	if wrong != nil {
		resp.Error = argumentError(0, sentence(wrong.Error()))
		return
	}
	resp.Error = resp.Result.Set(ctx, exclusionOf(exclusion))
}

// passwordContext is the check of a context's name.
var passwordContext = oneOf("context", slices.Sorted(slices.Values(contextNames()))...)
