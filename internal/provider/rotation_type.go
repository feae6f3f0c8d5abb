package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// rotationType is the check of an argument that names a rotation type.
var rotationType = check{"rotation type", "must be a rotation type", func(key string) string {
	_, wrong := lookupRotationType(key)
	return wrong
}}

// rotationTypes describes the values of an argument that names a rotation type.
var rotationTypes = "One of `" + strings.Join(catalog.Names(), "`, `") + "`."

// lookupRotationType returns a rotation type, or what is wrong with its key. The
// key is not quoted: in a call with its arguments exchanged it is a secret.
func lookupRotationType(key string) (*catalog.RotationType, string) {
	if t, ok := catalog.Lookup(key); ok {
		return t, ""
	}
	hint := ""
	if meant := catalog.Suggest(key); meant != "" {
		hint = " Did you mean " + meant + "?"
	}
	return nil, "There is no such rotation type." + hint + " The rotation types are " + strings.Join(catalog.Names(), ", ") + "."
}

// rotationTypeParameter is the first parameter of functions about a rotation
// type.
func rotationTypeParameter() function.Parameter {
	return function.StringParameter{Name: "rotation_type", MarkdownDescription: "Rotation type. " + rotationTypes}
}

// rotationTypeArgument is lookupRotationType for the argument of a function.
func rotationTypeArgument(position int64, key string) (*catalog.RotationType, *function.FuncError) {
	t, wrong := lookupRotationType(key)
	if wrong != "" {
		return nil, argumentError(position, wrong)
	}
	return t, nil
}

// rotationTypeAttribute is the required argument of data sources about one
// rotation type.
func rotationTypeAttribute() schema.Attribute {
	return schema.StringAttribute{Required: true, Validators: []validator.String{rotationType}, MarkdownDescription: "Rotation type. " + rotationTypes}
}

// configuredRotationType returns the rotation type that a data source is about,
// nil with an error among the diagnostics if there is none.
func configuredRotationType(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) *catalog.RotationType {
	var key string
	at := path.Root("rotation_type")
	diags.Append(config.GetAttribute(ctx, at, &key)...)
	if diags.HasError() {
		return nil
	}
	t, wrong := lookupRotationType(key)
	if wrong != "" {
		diags.AddAttributeError(at, "Invalid rotation type", wrong)
	}
	return t
}
