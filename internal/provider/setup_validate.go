package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// ValidateConfig checks what the configuration alone decides, without AWS.
// Values that are not known yet are left to the plan.
func (r *setupResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config setupModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.validateARNs(&resp.Diagnostics)
	config.validateRules(ctx, &resp.Diagnostics)
	config.validateArguments(&resp.Diagnostics)
}

// validateARNs checks ARNs against each other; each alone was checked by its
// validator.
func (m setupModel) validateARNs(diags *diag.Diagnostics) {
	secret, noSecret := arn.ParseSecret(m.SecretID.ValueString())
	function, noFunction := arn.ParseFunction(m.RotationLambdaARN.ValueString())
	role, noRole := arn.ParseRole(m.RoleARN.ValueString())
	region := m.Region.ValueString()
	if noSecret == nil && region != "" && region != secret.Region {
		diags.AddAttributeError(path.Root("region"), "Invalid Region", "The secret's ARN names the Region "+secret.Region+". Remove `region` or give a secret of "+region+".")
	}
	if noSecret == nil {
		region = secret.Region
	}
	if noFunction == nil && region != "" && function.Region != region {
		diags.Append(diagnosticOf(*rotation.OtherRegion(function.Region, region)))
	}
	managed := m.managed() && !m.Access.IsUnknown()
	if noSecret == nil && noFunction == nil && managed && function.AccountID != secret.AccountID {
		diags.AddAttributeError(path.Root("rotation_lambda_arn"), "Rotation function in another account",
			"The function belongs to account "+function.AccountID+" and the secret to "+secret.AccountID+". The policy of its role and its permission can't be written from here. "+
				"Create them in the function's account and set `access = \"external\"`.")
	}
	if noFunction == nil && noRole == nil && role.AccountID != function.AccountID {
		diags.AddAttributeError(path.Root("role_arn"), "Invalid execution role", "A function runs as a role of its own account. The function belongs to account "+function.AccountID+" and the role to "+role.AccountID+".")
	}
	if s := m.SuperuserSecretARN.ValueString(); s != "" && s == m.SecretID.ValueString() {
		diags.AddAttributeError(path.Root("superuser_secret_arn"), "Invalid superuser secret", "`superuser_secret_arn` is the secret that rotates. The superuser is another user, with a secret of its own.")
	}
}

// validateRules checks the schedule in the grammar of Secrets Manager.
func (m setupModel) validateRules(ctx context.Context, diags *diag.Diagnostics) {
	enabled := m.RotationEnabled.IsNull() || m.RotationEnabled.ValueBool()
	if m.RotationRules.IsNull() && enabled && !m.RotationEnabled.IsUnknown() {
		diags.AddAttributeError(path.Root("rotation_rules"), "Missing rotation rules",
			"Say when the secret rotates: set `schedule_expression` or `automatically_after_days`, or switch rotation off with `rotation_enabled = false`.")
	}
	if m.RotationRules.IsNull() || m.RotationRules.IsUnknown() {
		return
	}
	var rules rulesModel
	diags.Append(m.RotationRules.As(ctx, &rules, basetypes.ObjectAsOptions{UnhandledNullAsEmpty: true})...)
	if rules.AutomaticallyAfterDays.IsUnknown() || rules.ScheduleExpression.IsUnknown() || rules.Duration.IsUnknown() {
		return
	}
	for _, f := range findings.Schedule(rules.ScheduleExpression.ValueStringPointer(), rules.AutomaticallyAfterDays.ValueInt64Pointer(), rules.Duration.ValueStringPointer()) {
		diags.Append(diagnosticOf(problemOf(f, "rotation_rules."+f.Argument, preflightError)))
	}
}

// validateArguments checks which arguments go together.
func (m setupModel) validateArguments(diags *diag.Diagnostics) {
	if t, ok := catalog.Lookup(m.RotationType.ValueString()); ok && m.SuperuserSecretARN.IsNull() && m.managed() && !m.Access.IsUnknown() {
		for _, f := range findings.Superuser(t, "", nil) {
			diags.Append(diagnosticOf(problemOf(f, f.Argument, or(m.Preflight, preflightError))))
		}
	}
	if m.RotationLambdaARN.IsNull() {
		for name, set := range map[string]bool{
			"rotation_type": !m.RotationType.IsNull(), "superuser_secret_arn": !m.SuperuserSecretARN.IsNull(), "role_arn": !m.RoleARN.IsNull(),
			"statement_id": !m.StatementID.IsNull(), "role_policy_name": !m.RolePolicyName.IsNull(),
		} {
			if set {
				diags.AddAttributeError(path.Root(name), "Invalid argument", "`"+name+"` is about a rotation function, and `rotation_lambda_arn` is not set.")
			}
		}
	} else if !m.ExternalRoleARN.IsNull() {
		diags.AddAttributeError(path.Root("external_secret_rotation_role_arn"), "Invalid argument", "A managed external secret rotates without a function. Remove `rotation_lambda_arn` or this argument.")
	}
	if !m.RotationEnabled.IsNull() && !m.RotationEnabled.IsUnknown() && !m.RotationEnabled.ValueBool() && m.RotateImmediately.ValueBool() {
		diags.AddAttributeError(path.Root("rotate_immediately"), "Invalid argument", "`rotate_immediately = true` asks for a rotation, and `rotation_enabled = false` switches rotation off.")
	}
}
