package provider

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// attributes are members of an object by name. One set of them is the schema of
// a data source, and the type and the documentation of a function's result.
type attributes = map[string]schema.Attribute

func computedString(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func computedNumber(description string) schema.Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

func computedFlag(description string) schema.Attribute {
	return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
}

func computedStrings(description string) schema.Attribute {
	return schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
}

func computedMap(description string) schema.Attribute {
	return schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
}

func computedObject(description string, members attributes) schema.Attribute {
	return schema.SingleNestedAttribute{Computed: true, Attributes: members, MarkdownDescription: description}
}

func computedObjects(description string, members attributes) schema.Attribute {
	return schema.ListNestedAttribute{Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: members}, MarkdownDescription: description}
}

// attributeTypes are the types of an object's members, for the object that a
// function returns.
func attributeTypes(members attributes) map[string]attr.Type {
	all := make(map[string]attr.Type, len(members))
	for name, member := range members {
		all[name] = member.GetType()
	}
	return all
}

// described is a Markdown list of an object's members: a function's return type
// has no room for descriptions.
func described(members attributes) string {
	var b strings.Builder
	describe(&b, "", members)
	return b.String()
}

func describe(b *strings.Builder, indent string, members attributes) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member := members[name]
		kind := typeName(member)
		if member.IsRequired() {
			kind += ", required"
		}
		b.WriteString(indent + "- `" + name + "` (" + kind + ") " + member.GetMarkdownDescription() + "\n")
		switch nested := member.(type) {
		case schema.SingleNestedAttribute:
			describe(b, indent+"  ", nested.Attributes)
		case schema.ListNestedAttribute:
			describe(b, indent+"  ", nested.NestedObject.Attributes)
		}
	}
}

// typeName is the type of an attribute in the words of the documentation.
func typeName(a schema.Attribute) string {
	switch a.(type) {
	case schema.SingleNestedAttribute:
		return "Object"
	case schema.ListNestedAttribute:
		return "List of Object"
	case schema.StringAttribute:
		return "String"
	case schema.Int64Attribute:
		return "Number"
	case schema.BoolAttribute:
		return "Boolean"
	case schema.MapAttribute:
		return "Map of String"
	case schema.SetAttribute:
		return "Set of String"
	}
	return "List of String"
}
