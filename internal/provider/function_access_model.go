package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

type functionAccessModel struct {
	permissionsModel
	Region                  types.String `tfsdk:"region"`
	RotationTypes           types.Set    `tfsdk:"rotation_types"`
	SuperuserSecretARNs     types.Set    `tfsdk:"superuser_secret_arns"`
	SuperuserKMSKeyARNs     types.Set    `tfsdk:"superuser_kms_key_arns"`
	KMSKeyARNs              types.Set    `tfsdk:"kms_key_arns"`
	KeytabSecretARNs        types.Set    `tfsdk:"keytab_secret_arns"`
	ReadReplica             types.Bool   `tfsdk:"read_replica"`
	Preflight               types.String `tfsdk:"preflight"`
	SuperuserOwningServices types.Map    `tfsdk:"superuser_owning_services"`
}

type functionAccessIdentity struct {
	RotationLambdaARN types.String `tfsdk:"rotation_lambda_arn"`
}

func (m functionAccessModel) identity() functionAccessIdentity {
	return functionAccessIdentity{m.RotationLambdaARN}
}

// want translates a configuration, with defaults applied. Unknown values count as
// not given: a plan asks known first.
func (r *functionAccessResource) want(ctx context.Context, m functionAccessModel) rotation.FunctionAccess {
	w := rotation.FunctionAccess{
		FunctionARN: m.RotationLambdaARN.ValueString(), RoleARN: m.RoleARN.ValueString(),
		StatementID: m.StatementID.ValueString(), RolePolicyName: m.RolePolicyName.ValueString(),
		Access: catalog.SharedAccess{
			Types:      m.types(ctx),
			KMSKeyARNs: elements(ctx, m.KMSKeyARNs), KeytabSecretARNs: elements(ctx, m.KeytabSecretARNs),
			SuperuserSecretARNs: elements(ctx, m.SuperuserSecretARNs), SuperuserKMSKeyARNs: elements(ctx, m.SuperuserKMSKeyARNs),
			ReadReplica: m.ReadReplica.ValueBool(),
		},
	}
	if !m.VPCAccess.IsUnknown() {
		w.VPC = m.VPCAccess.ValueBoolPointer()
	}
	level := preflightOff
	if r.session != nil {
		level = r.preflightOf(m)
	}
	w.Check, w.Lenient = level != preflightOff, level == preflightWarn
	return w
}

// preflightOf is what the checks do. As long as that is not known they do
// nothing.
func (r *functionAccessResource) preflightOf(m functionAccessModel) string {
	if m.Preflight.IsUnknown() {
		return preflightOff
	}
	return or(m.Preflight, r.preflight)
}

// types are the rotation types that there are among rotation_types.
func (m functionAccessModel) types(ctx context.Context) []*catalog.RotationType {
	var all []*catalog.RotationType
	for _, name := range elements(ctx, m.RotationTypes) {
		if t, ok := catalog.Lookup(name); ok {
			all = append(all, t)
		}
	}
	return all
}

// elements are the elements of a set of strings in alphabetical order; none if it
// is not known as a whole.
func elements(ctx context.Context, set types.Set) []string {
	if !fullyKnown(ctx, set) {
		return nil
	}
	var all []string
	for _, element := range set.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() {
			all = append(all, text.ValueString())
		}
	}
	slices.Sort(all)
	return all
}

func fullyKnown(ctx context.Context, v attr.Value) bool {
	value, err := v.ToTerraformValue(ctx)
	return err == nil && value.IsFullyKnown()
}

// policyKnown reports whether the arguments are known that only the role policy
// depends on.
func (m functionAccessModel) policyKnown(ctx context.Context) bool {
	for _, v := range []attr.Value{m.RotationTypes, m.SuperuserSecretARNs, m.SuperuserKMSKeyARNs, m.KMSKeyARNs, m.KeytabSecretARNs, m.ReadReplica} {
		if !fullyKnown(ctx, v) {
			return false
		}
	}
	return true
}

// object is what the state records.
func (m functionAccessModel) object(ctx context.Context) rotation.AccessObject {
	o := rotation.AccessObject{
		Permissions: m.permissions(),
		Superusers:  elements(ctx, m.SuperuserSecretARNs), SuperuserOwners: map[string]string{},
	}
	if !m.SuperuserOwningServices.IsNull() {
		_ = m.SuperuserOwningServices.ElementsAs(ctx, &o.SuperuserOwners, false)
	}
	return o
}

// record sets the computed attributes from an object.
func (m *functionAccessModel) record(o rotation.AccessObject) {
	m.recordPermissions(o.Permissions)
	owners := map[string]attr.Value{}
	for secretARN, owner := range o.SuperuserOwners {
		owners[secretARN] = types.StringValue(owner)
	}
	m.SuperuserOwningServices = types.MapValueMust(types.StringType, owners)
}
