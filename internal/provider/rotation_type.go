package provider

import (
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// rotationType is the check of an argument that names a rotation type.
var rotationType = check{"rotation type", "must be a rotation type", func(key string) string {
	_, wrong := lookupRotationType(key)
	return wrong
}}

// rotationTypes describes the values of an argument that names a rotation type.
var rotationTypes = "One of `" + strings.Join(catalog.Names(), "`, `") + "`."

// lookupRotationType returns a rotation type, or what is wrong with its key.
func lookupRotationType(key string) (*catalog.RotationType, string) {
	if t, ok := catalog.Lookup(key); ok {
		return t, ""
	}
	return nil, "There is no rotation type " + strconv.Quote(key) + ". The rotation types are " + strings.Join(catalog.Names(), ", ") + "."
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
		return nil, function.NewArgumentFuncError(position, "Invalid rotation type: "+wrong)
	}
	return t, nil
}
