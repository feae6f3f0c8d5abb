package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// address is the key the documentation generator looks a provider up under,
// whatever namespace the provider is published in.
const address = "registry.terraform.io/hashicorp/rotation"

// object is a JSON object. Members are left out as the CLIs leave them out, so
// that a document can be compared with theirs.
type object map[string]any

// set adds a member unless its value is the zero value of its type.
func set[T comparable](o object, name string, value T) {
	var zero T
	if value != zero {
		o[name] = value
	}
}

// schemas asks a provider for all its schemas.
func schemas(ctx context.Context, server tfprotov6.ProviderServer) (object, error) {
	answer, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("asking for the schemas: %w", err)
	}

	if err := failed(answer.Diagnostics); err != nil {
		return nil, fmt.Errorf("asking for the schemas: %w", err)
	}

	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("asking for the identity schemas: %w", err)
	}

	if err := failed(identities.Diagnostics); err != nil {
		return nil, fmt.Errorf("asking for the identity schemas: %w", err)
	}

	document := object{"provider": schema(answer.Provider)}
	members(document, "resource_schemas", answer.ResourceSchemas, schema)
	members(document, "data_source_schemas", answer.DataSourceSchemas, schema)
	members(document, "ephemeral_resource_schemas", answer.EphemeralResourceSchemas, schema)
	members(document, "list_resource_schemas", answer.ListResourceSchemas, schema)
	members(document, "action_schemas", answer.ActionSchemas, action)
	members(document, "functions", answer.Functions, function)
	members(document, "resource_identity_schemas", identities.IdentitySchemas, identity)

	return object{
		"format_version":   "1.0",
		"provider_schemas": object{address: document},
	}, nil
}

// failed turns the errors among diagnostics into one error.
func failed(diagnostics []*tfprotov6.Diagnostic) error {
	var errs []error

	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, fmt.Errorf("%s: %s", diagnostic.Summary, diagnostic.Detail))
		}
	}

	return errors.Join(errs...)
}

// members adds a map of converted values under a name, and nothing for no values.
func members[T any](o object, name string, values map[string]T, convert func(T) object) {
	if len(values) == 0 {
		return
	}

	converted := object{}
	for key, value := range values {
		converted[key] = convert(value)
	}

	o[name] = converted
}

func schema(s *tfprotov6.Schema) object {
	return object{"version": s.Version, "block": block(s.Block)}
}

func action(s *tfprotov6.ActionSchema) object {
	return object{"block": block(s.Schema.Block)}
}

func block(b *tfprotov6.SchemaBlock) object {
	o := object{"description_kind": kind(b.DescriptionKind)}
	set(o, "description", b.Description)
	set(o, "deprecated", b.Deprecated)
	set(o, "deprecation_message", b.DeprecationMessage)

	if len(b.Attributes) > 0 {
		o["attributes"] = attributes(b.Attributes)
	}

	if len(b.BlockTypes) > 0 {
		blocks := object{}

		for _, nested := range b.BlockTypes {
			n := object{
				"nesting_mode": strings.ToLower(nested.Nesting.String()),
				"block":        block(nested.Block),
			}
			set(n, "min_items", nested.MinItems)
			set(n, "max_items", nested.MaxItems)
			blocks[nested.TypeName] = n
		}

		o["block_types"] = blocks
	}

	return o
}

func attributes(list []*tfprotov6.SchemaAttribute) object {
	o := object{}

	for _, attribute := range list {
		a := object{"description_kind": kind(attribute.DescriptionKind)}
		set(a, "description", attribute.Description)
		set(a, "deprecated", attribute.Deprecated)
		set(a, "deprecation_message", attribute.DeprecationMessage)
		set(a, "required", attribute.Required)
		set(a, "optional", attribute.Optional)
		set(a, "computed", attribute.Computed)
		set(a, "sensitive", attribute.Sensitive)
		set(a, "write_only", attribute.WriteOnly)

		if nested := attribute.NestedType; nested != nil {
			a["nested_type"] = object{
				"attributes":   attributes(nested.Attributes),
				"nesting_mode": strings.ToLower(nested.Nesting.String()),
			}
		} else {
			a["type"] = attribute.Type
		}

		o[attribute.Name] = a
	}

	return o
}

func function(f *tfprotov6.Function) object {
	o := object{"return_type": f.Return.Type}
	set(o, "summary", f.Summary)
	set(o, "description", f.Description)
	set(o, "deprecation_message", f.DeprecationMessage)

	if len(f.Parameters) > 0 {
		list := make([]object, 0, len(f.Parameters))
		for _, p := range f.Parameters {
			list = append(list, parameter(p))
		}

		o["parameters"] = list
	}

	if f.VariadicParameter != nil {
		o["variadic_parameter"] = parameter(f.VariadicParameter)
	}

	return o
}

func parameter(p *tfprotov6.FunctionParameter) object {
	o := object{"name": p.Name, "type": p.Type}
	set(o, "description", p.Description)
	set(o, "is_nullable", p.AllowNullValue)

	return o
}

func identity(s *tfprotov6.ResourceIdentitySchema) object {
	list := object{}

	for _, attribute := range s.IdentityAttributes {
		a := object{"type": attribute.Type}
		set(a, "description", attribute.Description)
		set(a, "required_for_import", attribute.RequiredForImport)
		set(a, "optional_for_import", attribute.OptionalForImport)
		list[attribute.Name] = a
	}

	return object{"version": s.Version, "attributes": list}
}

// kind names the format of a description.
func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}

	return "plain"
}
