package provider

import (
	"maps"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// secretSchemaDescription is for the function and the data source.
const secretSchemaDescription = "The format that the rotation function of a type expects of its secret: as JSON Schema, as a table and as an example. " +
	"It follows the function's code; where a page of AWS says something else, the code is what rotates."

// secretSchemaModel is the format of a secret, for the function and for the
// data source.
type secretSchemaModel struct {
	JSONSchema string             `tfsdk:"json_schema"`
	Fields     []secretFieldModel `tfsdk:"fields"`
	Example    *string            `tfsdk:"example"`
}

type secretFieldModel struct {
	Name        string   `tfsdk:"name"`
	Required    bool     `tfsdk:"required"`
	Type        string   `tfsdk:"type"`
	Default     *string  `tfsdk:"default"`
	Allowed     []string `tfsdk:"allowed"`
	Description string   `tfsdk:"description"`
}

func secretSchemaAttributes() attributes {
	return attributes{
		"json_schema": computedString("JSON Schema, draft 2020-12, as text: for a pipeline or an editor. A value is valid exactly if `check_secret_string` has no finding of severity `error` for it, apart from numbers that JSON or 64-bit floats do not have."),
		"fields": computedObjects("Fields of the JSON object, in the order of the AWS user guide. Empty for `Custom`, whose format is its author's.", attributes{
			"name":        computedString("Name of the field."),
			"required":    computedFlag("Whether the rotation function fails without it, in whichever step."),
			"type":        computedString("What the rotation function takes, in words: `" + strings.Join(slices.Compact(slices.Sorted(maps.Values(kindNames))), "`, `") + "`."),
			"default":     computedString("What an absent field means, as text. Null if nothing."),
			"allowed":     computedStrings("The only values that the function takes, compared exactly, with upper and lower case; `db2*` is everything that starts with `db2`. Empty for any."),
			"description": computedString("What else to know of the field."),
		}),
		"example": computedString("A value in this format, JSON. Null for `Custom`."),
	}
}

func secretSchemaOf(t *catalog.RotationType) secretSchemaModel {
	model := secretSchemaModel{JSONSchema: t.JSONSchema(), Fields: make([]secretFieldModel, len(t.Fields)), Example: textOrNull(t.Example())}
	for i, f := range t.Fields {
		model.Fields[i] = secretFieldModel{
			Name: f.Name, Required: f.Required, Type: kindNames[f.Kind],
			Default: textOrNull(f.Default), Allowed: allowedValues(f), Description: fieldDescription(f),
		}
	}
	return model
}

var kindNames = map[catalog.FieldKind]string{
	catalog.Text:        "string",
	catalog.Anything:    "any",
	catalog.Port:        "number or string",
	catalog.PortText:    "number or string",
	catalog.TLS:         "boolean or string",
	catalog.SecretID:    "secret ARN or name",
	catalog.SecretIDs:   "list of secret ARNs or names",
	catalog.UserARN:     "ElastiCache user ARN",
	catalog.TextList:    "list of strings",
	catalog.Permissions: "list of strings",
}

// allowedValues are the values that a function takes for a field. Beginnings end
// in an asterisk.
func allowedValues(f catalog.Field) []string {
	values := make([]string, len(f.Allowed))
	for i, value := range f.Allowed {
		values[i] = value
		if f.Prefix {
			values[i] += "*"
		}
	}
	return values
}

// fieldDescription is the note on a field, with what other columns of its table
// do not say.
func fieldDescription(f catalog.Field) string {
	var sentences []string
	if f.Note != "" {
		sentences = append(sentences, f.Note)
	}
	for _, c := range f.When {
		var parts []string
		if c.Field != "" {
			parts = append(parts, "`"+c.Field+"` is `"+c.Value+"`")
		}
		for _, name := range c.Absent {
			parts = append(parts, "`"+name+"` is absent")
		}
		if c.Variable != "" {
			parts = append(parts, "the function's environment variable `"+c.Variable+"` is not `true`")
		}
		sentences = append(sentences, "Required if "+strings.Join(parts, " and ")+".")
	}
	if f.NoExcluded {
		sentences = append(sentences, "It must contain none of the characters that the function excludes from passwords.")
	}
	if f.Variable != "" {
		sentences = append(sentences, "The function's environment variable `"+f.Variable+"` gives the field another name.")
	}
	return strings.Join(sentences, " ")
}

// textOrNull is null for an empty text.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
