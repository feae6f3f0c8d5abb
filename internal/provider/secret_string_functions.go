package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

var (
	_ function.Function = checkSecretStringFunction{}
	_ function.Function = assertSecretStringFunction{}
)

// secretArguments is for the descriptions of functions that are given a secret.
const secretArguments = "No text of the secret is ever in a result or an error: expected field names, positions and codes only. What the CLI does with an argument is not the provider's to decide:\n\n" +
	"- Terraform stores an unsalted SHA-256 hash of a function's arguments and of its result in a saved plan, and a password that people chose can be guessed from it. " +
	"OpenTofu stores none. For a value that is never an argument of anything, give it to AWS and let [`rotation_setup`](../resources/setup.md) check it there (`check_secret_value`).\n" +
	"- The CLI quotes the variables of a failing expression, unless they are `sensitive` or `ephemeral`. In the `validation` of a variable itself, Terraform quotes a `sensitive` one all the same, with any function and for any reason: make the variable `ephemeral`, or put the condition into a `precondition`.\n"

func newCheckSecretStringFunction() function.Function { return checkSecretStringFunction{} }

// checkSecretStringFunction returns the findings on a value.
type checkSecretStringFunction struct{}

func (checkSecretStringFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "check_secret_string"
}

func (checkSecretStringFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "What a rotation function would find wrong with a secret's value",
		MarkdownDescription: "Checks a SecretString as the rotation function of a type reads it, and returns a list of findings, empty for a value that rotates. " +
			"An `error` is what makes the function itself fail, in whichever step; a `warning` is what it lets pass and the database or the next rotation then refuses. " +
			"What the function's environment variables decide is a `warning`, since they are not known here. Warnings are for reading: do not stop on them.\n\n" +
			"Use it where the value is no secret, such as a template without its password, or for `check` blocks and reports. " +
			"A mark of the argument is put on the whole result: the findings on a `sensitive` value are not shown, and those on an `ephemeral` value can't be stored. " +
			"For such values use [`assert_secret_string`](assert_secret_string.md), whose error stays visible.\n\n" +
			secretArguments + "\n" + functionVersions + "\n\nThe result is a list of objects:\n\n" + described(findingAttributes()),
		Parameters: []function.Parameter{rotationTypeParameter(), secretStringParameter()},
		Return:     function.ListReturn{ElementType: findingType()},
	}
}

func (checkSecretStringFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	if found, _, ok := checkSecretString(ctx, req, resp); ok {
		resp.Error = resp.Result.Set(ctx, findingModels(found))
	}
}

func newAssertSecretStringFunction() function.Function { return assertSecretStringFunction{} }

// assertSecretStringFunction returns a value as it is, or fails.
type assertSecretStringFunction struct{}

func (assertSecretStringFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "assert_secret_string"
}

func (assertSecretStringFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "A secret's value as it is, or an error if the rotation function would fail on it",
		MarkdownDescription: "Returns `secret_string` unchanged if the rotation function of a type can work with it. Otherwise the call fails, and the error names each problem by its code, one per line. Warnings of " +
			"[`check_secret_string`](check_secret_string.md) pass.\n\n" +
			"It takes `sensitive` and `ephemeral` values, whose marks it keeps, and the reason stays visible: put it around the value on its way to AWS, in `secret_string` or in `secret_string_wo`, and a value that can't rotate stops the plan.\n\n" +
			secretArguments + "\n" + functionVersions + " An `ephemeral` value needs Terraform 1.10, OpenTofu 1.11 or later, a write-only argument Terraform 1.11, OpenTofu 1.11 or later.",
		Parameters: []function.Parameter{rotationTypeParameter(), secretStringParameter()},
		Return:     function.StringReturn{},
	}
}

func (assertSecretStringFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	found, value, ok := checkSecretString(ctx, req, resp)
	if !ok {
		return
	}
	errors := []string{"the rotation function would fail on it."}
	for _, f := range found {
		if f.Severity == findings.Error {
			errors = append(errors, fmt.Sprintf("[%s] %s %s", f.Code, f.Detail, f.Remedy))
		}
	}
	if len(errors) > 1 {
		resp.Error = argumentError(1, strings.Join(errors, "\n"))
		return
	}
	resp.Error = resp.Result.Set(ctx, value)
}

func secretStringParameter() function.Parameter {
	return function.StringParameter{Name: "secret_string", MarkdownDescription: "Value of the secret, the text that `secret_string` of `aws_secretsmanager_secret_version` is given."}
}

// checkSecretString returns the findings on the arguments' value and the value.
// It is false if the call is answered already.
func checkSecretString(ctx context.Context, req function.RunRequest, resp *function.RunResponse) ([]findings.Finding, string, bool) {
	var key, value types.String
	if !knownArguments(ctx, req, resp, &key, &value) {
		return nil, "", false
	}
	if _, exchanged := catalog.Lookup(value.ValueString()); exchanged {
		resp.Error = argumentError(0, "The arguments are in the wrong order: the rotation type comes first")
		return nil, "", false
	}
	t, err := rotationTypeArgument(0, key.ValueString())
	if err != nil {
		resp.Error = err
		return nil, "", false
	}
	return findings.SecretString(t, value.ValueString(), nil), value.ValueString(), true
}
