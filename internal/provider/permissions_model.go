package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// permissionsModel is the part of a setup, and of a function access, that is
// about the role policy and the invoke permission.
type permissionsModel struct {
	RotationLambdaARN types.String `tfsdk:"rotation_lambda_arn"`
	RoleARN           types.String `tfsdk:"role_arn"`
	RoleName          types.String `tfsdk:"role_name"`
	StatementID       types.String `tfsdk:"statement_id"`
	RolePolicyName    types.String `tfsdk:"role_policy_name"`
	VPCAccess         types.Bool   `tfsdk:"vpc_access"`
	RolePolicy        types.String `tfsdk:"role_policy"`
	InvokePermission  types.String `tfsdk:"invoke_permission"`
}

// permissions are what the state records.
func (m permissionsModel) permissions() rotation.Permissions {
	return rotation.Permissions{
		FunctionARN:      m.RotationLambdaARN.ValueString(),
		RoleARN:          m.RoleARN.ValueString(),
		RoleName:         m.RoleName.ValueString(),
		StatementID:      m.StatementID.ValueString(),
		RolePolicyName:   m.RolePolicyName.ValueString(),
		RolePolicy:       m.RolePolicy.ValueString(),
		InvokePermission: m.InvokePermission.ValueString(),
		VPC:              m.VPCAccess.ValueBool(),
	}
}

// recordPermissions sets the computed attributes.
func (m *permissionsModel) recordPermissions(p rotation.Permissions) {
	m.RoleARN = orNull(p.RoleARN)
	m.RoleName = orNull(p.RoleName)
	m.StatementID = orNull(p.StatementID)
	m.RolePolicyName = orNull(p.RolePolicyName)
	m.VPCAccess = types.BoolValue(p.VPC)
	m.RolePolicy = orNull(p.RolePolicy)
	m.InvokePermission = orNull(p.InvokePermission)
}
