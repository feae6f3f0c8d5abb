package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

type secretValueModel struct {
	Region            types.String `tfsdk:"region"`
	SecretID          types.String `tfsdk:"secret_id"`
	RotationType      types.String `tfsdk:"rotation_type"`
	Connection        types.Map    `tfsdk:"connection_fields"`
	PasswordWO        types.String `tfsdk:"password_wo"`
	PasswordWOVersion types.Number `tfsdk:"password_wo_version"`
	GeneratePassword  types.Object `tfsdk:"generate_password"`
	SecretARN         types.String `tfsdk:"secret_arn"`
	UnmergedKeys      types.Set    `tfsdk:"unmerged_keys"`
}

func (m secretValueModel) identity() secretIdentity { return secretIdentity{m.SecretARN} }

// connection are the keys of `connection_fields` whose values are known, and whether all
// are.
func (m secretValueModel) connection() (known map[string]string, all bool) {
	known, all = map[string]string{}, !m.Connection.IsUnknown()
	for key, value := range m.Connection.Elements() {
		text, ok := value.(types.String)
		switch {
		case !ok || text.IsNull(): // The validator has said so.
		case text.IsUnknown():
			all = false
		default:
			known[key] = text.ValueString()
		}
	}
	return known, all
}

// isUnknown reports whether the value of a key of `connection_fields` is not known yet.
func (m secretValueModel) isUnknown(key string) bool {
	value, given := m.Connection.Elements()[key]
	return m.Connection.IsUnknown() || given && value.IsUnknown()
}

// value translates a configuration; unknown values count as not given. It reports
// what is wrong with `generate_password`.
func (m secretValueModel) value(ctx context.Context, diags *diag.Diagnostics) rotation.Value {
	v := rotation.Value{SecretID: m.SecretID.ValueString(), Region: m.Region.ValueString(), Password: m.PasswordWO.ValueString()}
	v.RotationType, _ = catalog.Lookup(m.RotationType.ValueString())
	v.Connection, _ = m.connection()
	if !m.GeneratePassword.IsNull() && !m.GeneratePassword.IsUnknown() {
		var password passwordModel
		diags.Append(m.GeneratePassword.As(ctx, &password, basetypes.ObjectAsOptions{})...)
		v.Generate = password.request(ctx, m.RotationType.ValueString(), path.Root("generate_password"), diags)
	}
	return v
}

// changes is what an update writes: what of `connection_fields` is new, or was not merged
// before, and the password if its version has changed from one number to another.
// Nothing says that it is neither.
func (m secretValueModel) changes(ctx context.Context, state secretValueModel, diags *diag.Diagnostics) (v rotation.Value, nothing bool) {
	v = m.value(ctx, diags)
	v.SecretID, v.Region, v.Changed = state.SecretARN.ValueString(), "", []string{}
	before, _ := state.connection()
	unmerged := elements(ctx, state.UnmergedKeys)
	retyped := !m.RotationType.Equal(state.RotationType) // A key can stand for another field then.
	for key, text := range v.Connection {
		if was, had := before[key]; !had || was != text || retyped || slices.Contains(unmerged, key) {
			v.Changed = append(v.Changed, key)
		}
	}
	if !m.rewrites(state) {
		v.Password = ""
	}
	return v, len(v.Changed) == 0 && v.Password == ""
}

// rewrites reports whether an update writes the password again. A version that is
// set for the first time, as after an import, is only recorded.
func (m secretValueModel) rewrites(state secretValueModel) bool {
	return !state.PasswordWOVersion.IsNull() && !m.PasswordWOVersion.IsNull() && !m.PasswordWOVersion.Equal(state.PasswordWOVersion)
}

// record sets the computed attributes.
func (m *secretValueModel) record(stored rotation.StoredValue) {
	m.SecretARN = types.StringValue(stored.SecretARN)
	m.UnmergedKeys = types.SetNull(types.StringType)
	var keys []attr.Value
	for _, key := range stored.Unmerged {
		keys = append(keys, types.StringValue(key))
	}
	if len(keys) > 0 {
		m.UnmergedKeys = types.SetValueMust(types.StringType, keys)
	}
}
