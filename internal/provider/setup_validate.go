package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
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
	config.validateTimeouts(ctx, &resp.Diagnostics)
}

// validateARNs checks ARNs against each other; each alone was checked by its
// validator.
func (m setupModel) validateARNs(diags *diag.Diagnostics) {
	secret, noSecret := arn.ParseSecret(m.SecretID.ValueString())
	function, noFunction := arn.ParseFunction(m.RotationLambdaARN.ValueString())
	role, noRole := arn.ParseRole(m.RoleARN.ValueString())
	wrong := func(attribute, thing, detail string) {
		diags.AddAttributeError(path.Root(attribute), "Invalid "+thing, detail)
	}
	named := secretRegion(m.SecretID, m.Region, diags)
	switch {
	case noFunction != nil:
	case noSecret == nil && function.Partition != secret.Partition:
		wrong("rotation_lambda_arn", "function ARN", "The function is in the partition "+function.Partition+" and the secret in "+secret.Partition+". A secret is rotated by a function of its own Region.")
	case region.wrong(named) == "" && function.Region != named:
		diags.Append(diagnosticOf(rotation.Of(findings.OtherRegion(function.Region, named), "rotation_lambda_arn")))
	case noSecret == nil && function.AccountID != secret.AccountID && m.managed() && !m.Access.IsUnknown():
		wrong("rotation_lambda_arn", "function ARN",
			"The function belongs to account "+function.AccountID+" and the secret to account "+secret.AccountID+". The policy of its role and its permission can't be written from here. "+
				"Create them in the function's account and set `access = \"external\"`.")
	}
	if noFunction == nil && noRole == nil && role.AccountID != function.AccountID {
		wrong("role_arn", "execution role", "A function runs as a role of its own account. The function belongs to account "+function.AccountID+" and the role to account "+role.AccountID+".")
	}
	if _, err := arn.ParseSecret(m.SuperuserSecretARN.ValueString()); err == nil && m.SuperuserSecretARN.Equal(m.SecretID) {
		wrong("superuser_secret_arn", "superuser secret", "`superuser_secret_arn` is the secret that rotates. The superuser is another user, with a secret of its own.")
	}
	if region.wrong(named) == "" {
		m.rolePolicy().checkRegions(named, wrong)
	}
}

// rolePolicy is what the role policy is asked for.
func (m setupModel) rolePolicy() rolePolicyModel {
	return rolePolicyModel{
		RotationType: m.RotationType, KMSKeyARN: m.KMSKeyARN, SuperuserSecretARN: m.SuperuserSecretARN, SuperuserKMSKeyARN: m.SuperuserKMSKeyARN,
		ReadReplica: m.ReadReplica, KeytabSecretARNs: m.KeytabSecretARNs, KeytabKMSKeyARN: m.KeytabKMSKeyARN,
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
		attribute := "rotation_rules." + f.Argument
		if f.Code == findings.ScheduleConflict {
			attribute = "rotation_rules" // It is about two of them.
		}
		diags.Append(diagnosticOf(problemOf(f, attribute, preflightError)))
	}
}

// validateArguments checks which arguments go together.
func (m setupModel) validateArguments(diags *diag.Diagnostics) {
	wrong := func(attribute, detail string) {
		diags.AddAttributeError(path.Root(attribute), "Invalid argument", detail)
	}
	level := or(m.Preflight, preflightError)
	ofFunction := !m.RotationLambdaARN.IsNull() && !m.Preflight.IsUnknown() && level != preflightOff
	if t, ok := catalog.Lookup(m.RotationType.ValueString()); ok && ofFunction {
		switch {
		case m.SuperuserSecretARN.IsNull() && m.managed() && !m.Access.IsUnknown():
			for _, f := range findings.Superuser(t, "", nil) {
				diags.Append(diagnosticOf(problemOf(f, f.Argument, level)))
			}
		case !m.SuperuserSecretARN.IsNull() && t.Superuser == nil && t.Strategy != catalog.CustomStrategy:
			diags.AddAttributeWarning(path.Root("superuser_secret_arn"), "Superuser secret is not used",
				"The rotation function of "+t.Name+" reads no superuser secret, and its role is not allowed to. Remove `superuser_secret_arn`, or choose the rotation type that needs it.")
		}
	}
	if ofFunction && m.managed() && !m.Access.IsUnknown() {
		for _, p := range m.rolePolicy().problems() {
			if p.argument != findings.SuperuserArgument { // See above.
				diags.Append(diagnosticOf(rotation.Problem{Attribute: p.argument, Summary: p.summary, Detail: p.detail, Warning: level == preflightWarn}))
			}
		}
	}
	type argument struct {
		name  string
		value attr.Value
	}
	needs := func(thing, missing string, arguments ...argument) {
		for _, a := range arguments {
			if !a.value.IsNull() {
				wrong(a.name, "`"+a.name+"` is about a "+thing+", and `"+missing+"` is not set.")
			}
		}
	}
	superuserKey := argument{"superuser_kms_key_arn", m.SuperuserKMSKeyARN}
	ofType := []argument{{"read_replica", m.ReadReplica}, {"keytab_secret_arns", m.KeytabSecretARNs}, {"keytab_kms_key_arn", m.KeytabKMSKeyARN}}
	switch {
	case m.RotationLambdaARN.IsNull():
		needs("rotation function", "rotation_lambda_arn", append(ofType, superuserKey,
			argument{"rotation_type", m.RotationType}, argument{"superuser_secret_arn", m.SuperuserSecretARN},
			argument{"role_arn", m.RoleARN}, argument{"statement_id", m.StatementID}, argument{"role_policy_name", m.RolePolicyName})...)
	case m.RotationType.IsNull():
		// With a type it is known which of its arguments are of use, see above.
		needs("rotation type", "rotation_type", ofType...)
		if m.SuperuserSecretARN.IsNull() {
			needs("superuser secret", "superuser_secret_arn", superuserKey)
		}
	}
	if m.VPCAccess.ValueBool() && !m.Access.IsUnknown() && (!m.managed() || m.RotationLambdaARN.IsNull()) {
		wrong("vpc_access", "`vpc_access` is about the role policy, and this setup writes none.")
	}
	if !m.RotationLambdaARN.IsNull() {
		const detail = "A managed external secret rotates without a function. Remove `rotation_lambda_arn` or this argument."
		if !m.ExternalRoleARN.IsNull() {
			wrong("external_secret_rotation_role_arn", detail)
		}
		if !m.ExternalMetadata.IsNull() {
			wrong("external_secret_rotation_metadata", detail)
		}
	}
	if !m.RotationEnabled.IsNull() && !m.RotationEnabled.IsUnknown() && !m.RotationEnabled.ValueBool() && m.RotateImmediately.ValueBool() {
		wrong("rotate_immediately", "`rotate_immediately = true` asks for a rotation, and `rotation_enabled = false` switches rotation off.")
	}
}

// validateTimeouts refuses timeouts that are over before they begin. Whether
// each is a duration at all was checked by its validator.
func (m setupModel) validateTimeouts(ctx context.Context, diags *diag.Diagnostics) {
	for _, timeout := range []struct {
		name string
		get  func(context.Context, time.Duration) (time.Duration, diag.Diagnostics)
	}{{"create", m.Timeouts.Create}, {"update", m.Timeouts.Update}, {"delete", m.Timeouts.Delete}} {
		if length, _ := timeout.get(ctx, defaultTimeout); length <= 0 {
			diags.AddAttributeError(path.Root("timeouts").AtName(timeout.name), "Invalid timeout", "A timeout is longer than nothing, such as `30m`.")
		}
	}
}
