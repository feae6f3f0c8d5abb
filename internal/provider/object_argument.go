package provider

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// objectArgument reads an object that a function is given in one argument of any
// type: an object parameter would want every attribute, null or not. The object
// has the members of a data source, checked as the CLI and the framework check
// those: names, types, what is required, and the validators. It returns what is
// wrong, a sentence each.
func objectArgument(ctx context.Context, argument attr.Value, members attributes) (types.Object, []string) {
	var elements map[string]attr.Value
	switch v := argument.(type) {
	case types.Object:
		elements = v.Attributes()
	case types.Map:
		elements = v.Elements()
	default:
		return types.Object{}, []string{"The argument is an object, such as { rotation_type = \"PostgreSQLSingleUser\", secret_arn = aws_secretsmanager_secret.orders.arn }."}
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		if _, ok := members[name]; !ok {
			wrong = append(wrong, "The object has no attribute "+strconv.Quote(name)+". Its attributes are "+strings.Join(slices.Sorted(maps.Keys(members)), ", ")+".")
		}
	}
	values := map[string]attr.Value{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		element, given := elements[name]
		value, ok := memberValue(ctx, element, members[name].GetType())
		switch {
		case !ok:
			kind := "list of strings"
			if _, isSet := members[name].(schema.SetAttribute); !isSet {
				kind = strings.ToLower(typeName(members[name]))
			}
			wrong = append(wrong, "`"+name+"` is not a "+kind+".")
			value, _ = memberValue(ctx, nil, members[name].GetType())
		case value.IsNull() && members[name].IsRequired():
			how := "is missing"
			if given {
				how = "is null, but needed"
			}
			wrong = append(wrong, "`"+name+"` "+how+".")
		default:
			wrong = append(wrong, invalidMember(ctx, name, members[name], value)...)
		}
		values[name] = value
	}
	return types.ObjectValueMust(attributeTypes(members), values), wrong
}

// memberValue converts a value to the type of a member, and reports whether it
// can be. Literals of lists are tuples there, and a missing value is null.
func memberValue(ctx context.Context, v attr.Value, to attr.Type) (attr.Value, bool) {
	if dynamic, ok := v.(types.Dynamic); ok && !dynamic.IsUnknown() {
		v = dynamic.UnderlyingValue()
	}
	set, isSet := to.(types.SetType)
	switch {
	case v == nil || v.IsNull():
		null, err := to.ValueFromTerraform(ctx, tftypes.NewValue(to.TerraformType(ctx), nil))
		return null, err == nil
	case v.IsUnknown():
		unknown, err := to.ValueFromTerraform(ctx, tftypes.NewValue(to.TerraformType(ctx), tftypes.UnknownValue))
		return unknown, err == nil
	case !isSet:
		return v, v.Type(ctx).Equal(to)
	}
	var items []attr.Value
	switch v := v.(type) {
	case types.Tuple:
		items = v.Elements()
	case types.List:
		items = v.Elements()
	case types.Set:
		items = v.Elements()
	default:
		return nil, false
	}
	unique := []attr.Value{}
	for _, item := range items {
		item, ok := memberValue(ctx, item, set.ElemType)
		if !ok || item.IsNull() {
			return nil, false
		}
		if !slices.ContainsFunc(unique, item.Equal) {
			unique = append(unique, item)
		}
	}
	return types.SetValueMust(set.ElemType, unique), true
}

// invalidMember runs the validators of a member.
func invalidMember(ctx context.Context, name string, member schema.Attribute, value attr.Value) []string {
	var diags diag.Diagnostics
	at := path.Root(name)
	switch value := value.(type) {
	case types.String:
		for _, v := range stringValidators(member) {
			var resp validator.StringResponse
			v.ValidateString(ctx, validator.StringRequest{Path: at, ConfigValue: value}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.Set:
		for _, v := range setValidators(member) {
			var resp validator.SetResponse
			v.ValidateSet(ctx, validator.SetRequest{Path: at, ConfigValue: value}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	}
	var wrong []string
	for _, d := range diags {
		wrong = append(wrong, "`"+name+"`: "+d.Detail())
	}
	return wrong
}

func stringValidators(a schema.Attribute) []validator.String {
	if a, ok := a.(schema.StringAttribute); ok {
		return a.Validators
	}
	return nil
}

func setValidators(a schema.Attribute) []validator.Set {
	if a, ok := a.(schema.SetAttribute); ok {
		return a.Validators
	}
	return nil
}
