package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// ValidateConfig checks what the configuration alone decides, without AWS.
func (r *functionAccessResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config functionAccessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config.validateARNs(ctx, &resp.Diagnostics)
	config.validateTypes(ctx, &resp.Diagnostics)
}

// validateARNs checks ARNs against each other; each alone was checked by its
// validator.
func (m functionAccessModel) validateARNs(ctx context.Context, diags *diag.Diagnostics) {
	function, err := arn.ParseFunction(m.RotationLambdaARN.ValueString())
	if err != nil {
		return
	}
	wrong := func(argument, thing, detail string) {
		diags.AddAttributeError(path.Root(argument), "Invalid "+thing, detail)
	}
	if named := m.Region.ValueString(); region.wrong(named) == "" && named != function.Region {
		wrong("region", "Region", "The function's ARN names the Region "+function.Region+". Remove `region` or give a function of "+named+".")
	}
	if role, err := arn.ParseRole(m.RoleARN.ValueString()); err == nil && role.AccountID != function.AccountID {
		wrong("role_arn", "execution role", "A function runs as a role of its own account. The function belongs to account "+function.AccountID+" and the role to account "+role.AccountID+".")
	}
	for argument, set := range map[string]types.Set{"superuser_secret_arns": m.SuperuserSecretARNs, "keytab_secret_arns": m.KeytabSecretARNs} {
		for _, text := range elements(ctx, set) {
			if secret, err := arn.ParseSecret(text); err == nil && secret.Region != function.Region {
				wrong(argument, "secret ARN", "The secret "+text+" is in "+secret.Region+" and the function in "+function.Region+". A rotation function reads secrets of its own Region only.")
			}
		}
	}
	for argument, set := range map[string]types.Set{"kms_key_arns": m.KMSKeyARNs, "superuser_kms_key_arns": m.SuperuserKMSKeyARNs} {
		for _, text := range elements(ctx, set) {
			if of := kmsKey.FindStringSubmatch(text); of != nil && of[1] != function.Region {
				wrong(argument, "KMS key ARN", "The key "+text+" is in "+of[1]+" and the function in "+function.Region+". A secret is encrypted with a key of its own Region.")
			}
		}
	}
}

// validateTypes checks which arguments the rotation types need, and which they
// have no use for.
func (m functionAccessModel) validateTypes(ctx context.Context, diags *diag.Diagnostics) {
	all := m.types(ctx)
	if len(all) == 0 || len(all) != len(m.RotationTypes.Elements()) {
		return
	}
	first := func(is func(*catalog.RotationType) bool) string {
		if i := slices.IndexFunc(all, is); i >= 0 {
			return all[i].Name
		}
		return ""
	}
	missing := func(argument, thing, why string) {
		diags.AddAttributeError(path.Root(argument), "Missing "+thing, "`"+argument+"` is missing: "+why)
	}
	useless := func(argument, thing, why string) {
		diags.AddAttributeError(path.Root(argument), "Invalid "+thing, why+" Remove `"+argument+"`.")
	}
	superuser := first(func(t *catalog.RotationType) bool { return t.Superuser != nil })
	reads := first(func(t *catalog.RotationType) bool { return t.Superuser != nil || t.Strategy == catalog.CustomStrategy })
	switch {
	case superuser != "" && (m.SuperuserSecretARNs.IsNull() || fullyKnown(ctx, m.SuperuserSecretARNs) && len(m.SuperuserSecretARNs.Elements()) == 0):
		missing("superuser_secret_arns", "superuser secrets", "the function of "+superuser+" logs in with a superuser secret.")
	case reads == "" && !m.SuperuserSecretARNs.IsNull():
		useless("superuser_secret_arns", "superuser secrets", "The functions of these rotation types read no superuser secret.")
	}
	if m.SuperuserSecretARNs.IsNull() && !m.SuperuserKMSKeyARNs.IsNull() {
		useless("superuser_kms_key_arns", "superuser keys", "There are no superuser secrets that the keys could be of.")
	}
	keytabs := first((*catalog.RotationType).HasKeytabs)
	switch {
	case keytabs != "" && m.KeytabSecretARNs.IsNull():
		missing("keytab_secret_arns", "keytab secrets", "the function of "+keytabs+" rotates the keytab secrets that `keytabArns` lists; an empty list says that there are none.")
	case keytabs == "" && !m.KeytabSecretARNs.IsNull():
		useless("keytab_secret_arns", "keytab secrets", "The functions of these rotation types rotate no keytab secrets.")
	}
	if m.ReadReplica.ValueBool() && first((*catalog.RotationType).LooksUpReplicas) == "" {
		useless("read_replica", "read replica", "The functions of these rotation types look no read replica up.")
	}
}

// ModifyPlan fills in the computed attributes, so that the plan shows what will
// be written and a drifted one is repaired, and says what can be known to fail.
func (r *functionAccessResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // A destroy checks nothing.
	}
	var config, plan functionAccessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		r.planCreate(ctx, config, &plan, &resp.Diagnostics)
	} else {
		var state functionAccessModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if resp.Diagnostics.HasError() {
			return
		}
		if !config.RotationLambdaARN.Equal(state.RotationLambdaARN) {
			warnOfGap(state.RotationLambdaARN.ValueString(), &resp.Diagnostics)
			return // It is replaced.
		}
		r.planUpdate(ctx, config, &plan, state, req.Config.Raw.IsFullyKnown(), &resp.Diagnostics)
		defer func() {
			r.repair(ctx, state.RotationLambdaARN.ValueString(), state.permissions(), req, resp)
		}()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// warnOfGap says what a replacement means for secrets that rotate.
func warnOfGap(functionARN string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("rotation_lambda_arn"), "Secrets may have no function for a while",
		"Unless this resource has `lifecycle { create_before_destroy = true }`, the access of "+functionARN+" is removed before another is there and the setups have followed. "+
			"Meanwhile secrets can't rotate, and a rotation that runs just then may stay unfinished.")
}

// planCreate looks at AWS. What it can't be sure of stays unknown.
func (r *functionAccessResource) planCreate(ctx context.Context, config functionAccessModel, plan *functionAccessModel, diags *diag.Diagnostics) {
	function := config.RotationLambdaARN.ValueString()
	if function == "" {
		return
	}
	if config.StatementID.IsNull() {
		plan.StatementID = types.StringValue(rotation.StatementID(function))
	}
	if config.RolePolicyName.IsNull() {
		plan.RolePolicyName = types.StringValue(rotation.RolePolicyName(function))
	}
	if !plan.StatementID.IsUnknown() {
		plan.InvokePermission = types.StringValue(rotation.PermissionFor(plan.StatementID.ValueString(), function, function))
	}
	if a, err := arn.ParseRole(config.RoleARN.ValueString()); err == nil {
		plan.RoleName = types.StringValue(a.Name)
	}
	if r.session == nil || r.preflightOf(config) == preflightOff {
		return
	}
	want := r.want(ctx, config)
	want.PlanOpen = !config.policyKnown(ctx) || config.RolePolicyName.IsUnknown() || config.VPCAccess.IsUnknown()
	seen, err := r.rotation.InspectAccess(ctx, want)
	if err != nil {
		p, isProblem := asProblem(err)
		switch {
		case awsapi.IsAccessDenied(err): // What can't be seen is no error.
		case !isProblem:
			addError(diags, err)
		case want.Lenient && p.Code != "":
			diags.Append(diagnosticOf(checkedAgain(p)))
		default:
			diags.Append(diagnosticOf(atPlan(p)))
		}
		return
	}
	for _, p := range seen.Problems {
		diags.Append(diagnosticOf(atPlan(p)))
	}
	if seen.TakesOver {
		diags.AddAttributeWarning(path.Root("rotation_lambda_arn"), "Function has an access already",
			"The role policy of "+function+" was written by an earlier create of a rotation_function_access, and this create takes it over. "+
				"That is right if that create failed or was interrupted, or if this one replaces it. If there is another one for this function, here or in another state, do not apply: "+
				"a function has one access, and two of them overwrite and destroy what is the other's. Keep one, with the types and superuser secrets of both.")
	}
	// The policy of an access that is replaced, or destroyed beside this, is there
	// now, and may not be by the time of the create. A role that can't connect the
	// function to its VPC may be enabled to by this same apply.
	sure := seen.PolicyKnown && !seen.TakesOver && (!seen.Object.VPC || !config.VPCAccess.IsNull())
	if sure && !want.PlanOpen && !r.hasRead(function) {
		plan.VPCAccess, plan.RolePolicy = types.BoolValue(seen.Object.VPC), types.StringValue(seen.Object.RolePolicy)
	}
}

// planUpdate plans an update from configuration and state alone.
func (r *functionAccessResource) planUpdate(ctx context.Context, config functionAccessModel, plan *functionAccessModel, state functionAccessModel, known bool, diags *diag.Diagnostics) {
	have := state.object(ctx)
	want := r.want(ctx, config)
	next := rotation.NextAccess(want, have)
	plan.record(next)
	unknown := types.StringUnknown()
	for configured, planned := range map[*types.String]*types.String{&config.RoleARN: &plan.RoleARN, &config.StatementID: &plan.StatementID, &config.RolePolicyName: &plan.RolePolicyName} {
		if configured.IsUnknown() {
			*planned = unknown
		}
	}
	if config.VPCAccess.IsUnknown() {
		plan.VPCAccess = types.BoolUnknown()
	}
	if plan.RoleARN.IsUnknown() {
		plan.RoleName = unknown
	}
	// Who manages a superuser secret that is new is found out by the apply.
	before := elements(ctx, state.SuperuserSecretARNs)
	newSuperuser := !fullyKnown(ctx, config.SuperuserSecretARNs) || slices.ContainsFunc(want.Access.SuperuserSecretARNs, func(secretARN string) bool { return !slices.Contains(before, secretARN) })
	if newSuperuser {
		plan.SuperuserOwningServices = types.MapUnknown(types.StringType)
	}
	if !known { // See repair.
		plan.InvokePermission = unknown
	}
	if newSuperuser || plan.VPCAccess.IsUnknown() || !config.policyKnown(ctx) {
		plan.RolePolicy = unknown
	}
	if plan.permissionsModel == state.permissionsModel || r.session == nil || r.preflightOf(config) == preflightOff || !r.hasRead(have.FunctionARN) {
		return
	}
	want.PlanOpen = plan.RolePolicy.IsUnknown()
	problems, err := r.rotation.CheckAccessUpdate(ctx, want, have)
	var found diag.Diagnostics
	if !awsapi.IsAccessDenied(err) {
		addError(&found, err)
	}
	for _, p := range problems {
		found.Append(diagnosticOf(atPlan(p)))
	}
	for _, d := range found {
		if d.Severity() == diag.SeverityError && !config.saysNew(state) {
			d = warning(d)
		}
		diags.Append(d)
	}
}

// saysNew reports whether a configuration asks for something else than before.
// Before a destroy Terraform plans as for an apply: an error about what the
// configuration has said all along would keep an access from being destroyed.
func (m functionAccessModel) saysNew(state functionAccessModel) bool {
	return !m.RotationTypes.Equal(state.RotationTypes) || !m.SuperuserSecretARNs.Equal(state.SuperuserSecretARNs) ||
		!m.SuperuserKMSKeyARNs.Equal(state.SuperuserKMSKeyARNs) || !m.KMSKeyARNs.Equal(state.KMSKeyARNs) || !m.KeytabSecretARNs.Equal(state.KeytabSecretARNs)
}
