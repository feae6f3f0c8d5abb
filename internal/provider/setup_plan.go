package provider

import (
	"context"
	"reflect"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// ModifyPlan fills in the computed attributes, so that the plan shows what will
// be written and a drifted one is repaired, and says what can be known to fail.
//
// Terraform plans a second time during the apply and insists on the same
// result. So the plan of an update is made from configuration and state alone;
// what AWS shows comes in by the read.
func (r *setupResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // A destroy checks nothing.
	}
	var config, plan setupModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if config.RotationEnabled.IsNull() {
		plan.RotationEnabled = types.BoolValue(true)
	}
	if req.State.Raw.IsNull() {
		var found diag.Diagnostics
		r.planCreate(ctx, config, &plan, &found)
		resp.Diagnostics.Append(r.afterLoss(config.SecretID, found)...)
	} else {
		var state setupModel
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if resp.Diagnostics.HasError() {
			return
		}
		if r.replaced(ctx, config, plan, state) {
			// Terraform heeds only paths whose value changes, and of a secret made anew
			// the name does not.
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("secret_arn"), types.StringUnknown())...)
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("secret_id"), path.Root("secret_arn"))
			return
		}
		r.planUpdate(ctx, config, &plan, state, req.Config.Raw.IsFullyKnown(), &resp.Diagnostics)
		defer func() { r.repair(ctx, state.SecretARN.ValueString(), state.permissions(), req, resp) }()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// repair turns a plan without a change into one that writes the permission and
// the role policy again, if AWS has lost them.
//
// A function that is replaced under its name loses its statement, and has the
// same ARN once it is known. Terraform then plans the second time that nothing
// changes, and would not apply it. All that tells is that this run has not read
// what it plans; the first plan had something unknown, and so invoke_permission,
// too. With -refresh=false it is a plan that finds what was lost.
func (s *session) repair(ctx context.Context, key string, have rotation.Permissions, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if s == nil || s.hasRead(key) || resp.Diagnostics.HasError() || !resp.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	if lost, err := s.rotation.Lost(ctx, have); err == nil && lost { // Who may not look leaves it to the next read.
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("invoke_permission"), types.StringUnknown())...)
	}
}

// planCreate looks at AWS, since nothing else can tell what a create will meet.
// What it can't be sure of stays unknown.
func (r *setupResource) planCreate(ctx context.Context, config setupModel, plan *setupModel, diags *diag.Diagnostics) {
	plan.UnfinishedVersionID = types.StringNull()
	secretARN := ""
	if a, err := arn.ParseSecret(config.SecretID.ValueString()); err == nil {
		secretARN = a.String()
	}
	if p, elsewhere := rotation.FunctionElsewhere(config.RotationLambdaARN.ValueString(), secretARN); elsewhere && r.session != nil && r.preflightOf(config) != preflightOff {
		diags.Append(diagnosticOf(p))
	}
	var seen *rotation.Inspection
	if r.session != nil && r.preflightOf(config) != preflightOff && !config.SecretID.IsUnknown() && !config.Region.IsUnknown() {
		seen = r.inspect(ctx, config, diags)
	} else if r.session != nil && config.SecretID.IsUnknown() && r.preflightOf(config) != preflightOff {
		r.inspectPending(ctx, config, diags)
	}
	if seen != nil {
		secretARN = seen.SecretARN
		plan.OwningService = orNull(seen.OwningService)
		if seen.OwningService == "" {
			plan.PreviousRotationRules = types.ObjectNull(rulesType)
		}
		if config.KMSKeyARN.IsNull() {
			plan.KMSKeyARN = orNull(seen.KMSKeyARN)
		}
	}
	switch {
	case !config.superuserKnown():
	case !config.superuserMatters():
		plan.SuperuserOwningService = types.StringNull()
	case seen != nil && seen.SuperuserKnown:
		plan.SuperuserOwningService = orNull(seen.SuperuserOwner)
	}
	if config.RotationLambdaARN.IsNull() {
		for _, s := range []*types.String{&plan.RoleARN, &plan.RoleName, &plan.StatementID, &plan.RolePolicyName, &plan.RolePolicy, &plan.InvokePermission} {
			*s = types.StringNull()
		}
		plan.VPCAccess = types.BoolValue(false)
	}
	if secretARN == "" {
		return
	}
	plan.SecretARN = types.StringValue(secretARN)
	if config.RotationLambdaARN.IsNull() {
		return
	}
	if config.StatementID.IsNull() {
		plan.StatementID = types.StringValue(rotation.StatementID(secretARN))
	}
	if config.RolePolicyName.IsNull() {
		plan.RolePolicyName = types.StringValue(rotation.RolePolicyName(secretARN))
	}
	if config.Access.IsUnknown() {
		return
	}
	if !config.managed() {
		plan.RoleName, plan.RolePolicy, plan.InvokePermission = types.StringNull(), types.StringNull(), types.StringNull()
		plan.VPCAccess = types.BoolValue(false)
		return
	}
	if a, err := arn.ParseRole(config.RoleARN.ValueString()); err == nil {
		plan.RoleName = types.StringValue(a.Name)
	}
	if function := config.RotationLambdaARN.ValueString(); function != "" && !plan.StatementID.IsUnknown() {
		plan.InvokePermission = types.StringValue(rotation.PermissionFor(plan.StatementID.ValueString(), function, secretARN))
	}
	// The policy of a setup that is replaced is there now, and may not be by the
	// time of the create.
	// A role that can't connect the function to its VPC may be enabled to by this
	// same apply.
	if seen != nil && seen.RolePolicy != "" && (!seen.VPC || !config.VPCAccess.IsNull()) && !plan.KMSKeyARN.IsUnknown() && config.accessKnown(ctx) && !config.SuperuserSecretARN.IsUnknown() && !config.RolePolicyName.IsUnknown() && !r.hasRead(secretARN) {
		plan.RolePolicy, plan.VPCAccess = types.StringValue(seen.RolePolicy), types.BoolValue(seen.VPC)
	}
}

// inspect asks AWS what a create will meet and reports it. It returns nil when
// AWS can't or may not tell.
func (r *setupResource) inspect(ctx context.Context, config setupModel, diags *diag.Diagnostics) *rotation.Inspection {
	want := r.want(ctx, config, diags)
	want.FunctionPending = config.RotationLambdaARN.IsUnknown()
	seen, err := r.rotation.Inspect(ctx, want)
	if err != nil {
		r.refused(config, err, diags)
		return nil
	}
	for _, p := range seen.Problems {
		if _, planned := r.firstValues.Load(seen.SecretARN); planned && p.Code == findings.SecretNoValue {
			continue // This same plan stores one.
		}
		diags.Append(diagnosticOf(withWayOut(atPlan(p))))
	}
	switch {
	case r.hasRead(seen.SecretARN) && seen.RotatesIfReplaced:
		diags.AddAttributeWarning(path.Root("rotate_immediately"), "Replacing the setup rotates the secret",
			"The setup of "+seen.SecretARN+" is destroyed and created again, and a create rotates at once: applications have to read the new value. With `create_before_destroy` it does not, nor with `rotate_immediately = false`.")
	case seen.TakesOver && !r.hasRead(seen.SecretARN):
		diags.AddAttributeWarning(path.Root("secret_id"), "Secret has a setup already",
			"Rotation of "+seen.SecretARN+" was switched on by an earlier create of a rotation_setup, and this create takes it over as it is. "+
				"That is right if that create failed or was interrupted. If another configuration or state has a setup of this secret, do not apply: either would then change and destroy what is the other's.")
	case seen.Rotates:
		diags.AddAttributeWarning(path.Root("rotate_immediately"), "Create rotates a secret that is in use",
			"The secret "+seen.SecretARN+" has a value, and creating this setup rotates it at once: applications have to read the new one. To leave it to the schedule, set `rotate_immediately = false`.")
	}
	return &seen
}

// inspectPending looks at the limits that a create will meet whose secret is not
// known yet.
func (r *setupResource) inspectPending(ctx context.Context, config setupModel, diags *diag.Diagnostics) {
	problems, err := r.rotation.InspectPending(ctx, r.want(ctx, config, diags))
	if err != nil {
		r.refused(config, err, diags)
	}
	addProblems(diags, problems)
}

// refused tells at plan why an apply would be refused.
func (r *setupResource) refused(config setupModel, err error, diags *diag.Diagnostics) {
	p, ok := asProblem(err)
	if awsapi.IsAccessDenied(err) {
		if ok && p.Attribute == "secret_id" { // Without this one the apply fails.
			diags.Append(diagnosticOf(checkedAgain(p)))
		}
		return // A permission to look is missing: not determinable is no error.
	}
	if !ok {
		addError(diags, err)
		return
	}
	// A secret that is not there by name may be made by this same plan.
	if p.Code != "" && (r.preflightOf(config) == preflightWarn || p.Code == findings.SecretNotFound && byName(config)) {
		p = checkedAgain(p)
	}
	diags.Append(diagnosticOf(atPlan(p)))
}

func byName(m setupModel) bool { return !strings.HasPrefix(m.SecretID.ValueString(), "arn:") }

// atPlan makes a warning of an error that the rest of the plan may still repair.
func atPlan(p rotation.Problem) rotation.Problem {
	if p.Repairable {
		return checkedAgain(p)
	}
	return p
}

func checkedAgain(p rotation.Problem) rotation.Problem {
	if !p.Warning {
		p.Warning = true
		p.Detail += "\n\nThis is checked again before the first write."
	}
	return p
}

// withWayOut says how to get past an error about a value that the same plan
// corrects, which a plan can't see.
func withWayOut(p rotation.Problem) rotation.Problem {
	if p.OfValue && !p.Warning {
		p.Detail += " If this apply corrects the value, apply the value first, or set `preflight = \"warn\"`."
	}
	return p
}

// replaced reports whether the setup is for another secret than before. Only a
// run that has read the setup may say so: the second planning during an apply
// has not, and a replacement at that point would be an inconsistent plan.
func (r *setupResource) replaced(ctx context.Context, config, plan, state setupModel) bool {
	secretARN := state.SecretARN.ValueString()
	if r.session == nil || !r.hasRead(secretARN) {
		return false
	}
	if !plan.names(secretARN) {
		return true
	}
	if state.RotationEnabled.ValueBool() || !plan.RotationEnabled.ValueBool() || config.SecretID.IsUnknown() {
		return false
	}
	// Rotation that is off may be that of a secret that is gone. One of the same
	// name with another ARN is another secret.
	found, err := r.rotation.Resolve(ctx, config.SecretID.ValueString(), config.Region.ValueString())
	if awsapi.IsAccessDenied(err) {
		return false
	}
	if p, ok := asProblem(err); ok && p.Code == findings.SecretNotFound && byName(config) {
		return true // This same plan may make it.
	}
	if err != nil {
		return false // The check of the update tells.
	}
	return found != secretARN
}

// warning makes a warning of an error that the apply will tell as one.
func warning(d diag.Diagnostic) diag.Diagnostic {
	detail := d.Detail() + "\n\nAn apply fails because of this; a destroy works."
	if at, ok := d.(diag.DiagnosticWithPath); ok {
		return diag.NewAttributeWarningDiagnostic(at.Path(), d.Summary(), detail)
	}
	return diag.NewWarningDiagnostic(d.Summary(), detail)
}

// lost remembers a secret that this run has found to be gone, with all that was for it.
func (s *session) lost(secretARN string) {
	s.gone.Store(secretARN, true)
	if a, err := arn.ParseSecret(secretARN); err == nil {
		s.gone.Store(a.Name, true)
	}
}

// afterLoss makes warnings of what a create meets that is only planned because the
// secret is gone: before a destroy Terraform plans as for an apply, and an error would
// keep it from what it need not even do.
func (s *session) afterLoss(secretID types.String, found diag.Diagnostics) diag.Diagnostics {
	if s == nil {
		return found
	}
	if _, gone := s.gone.Load(secretID.ValueString()); !gone {
		return found
	}
	var lenient diag.Diagnostics
	for _, d := range found {
		if d.Severity() == diag.SeverityError {
			d = warning(d)
		}
		lenient.Append(d)
	}
	return lenient
}

// hasRead reports whether this run has read the setup of a secret.
func (s *session) hasRead(secretARN string) bool {
	_, ok := s.refreshed.Load(secretARN)
	return ok
}

// planUpdate plans an update from configuration and state alone.
func (r *setupResource) planUpdate(ctx context.Context, config setupModel, plan *setupModel, state setupModel, known bool, diags *diag.Diagnostics) {
	if plan.names(state.SecretARN.ValueString()) && !config.SecretID.IsUnknown() {
		plan.SecretID = state.SecretID // ARN and name of one secret are no diff.
	}
	if config.RotationLambdaARN.IsNull() && state.OwningService.IsNull() && config.ExternalRoleARN.IsNull() && !state.RotationLambdaARN.IsNull() {
		diags.AddAttributeError(path.Root("rotation_lambda_arn"), "Missing rotation function", "The secret rotates with a function, and no service would rotate it without. To stop rotation, set `rotation_enabled = false` or remove the setup.")
		return
	}
	have := state.object(ctx)
	var want rotation.Setup
	if r.session != nil {
		want = r.want(ctx, config, diags)
	} else {
		want = (&setupResource{&session{}}).want(ctx, config, diags)
	}
	next := rotation.Next(want, have)
	next.UnfinishedVersionID = ""
	enabled := plan.RotationEnabled
	plan.record(next)
	plan.RotationEnabled = enabled

	unknown := types.StringUnknown()
	function := config.RotationLambdaARN.IsUnknown()
	if function && config.RoleARN.IsNull() || next.RoleARN == "" && next.FunctionARN != "" {
		plan.RoleARN = unknown
	}
	if config.VPCAccess.IsUnknown() {
		plan.VPCAccess = types.BoolUnknown()
	}
	if function && config.StatementID.IsNull() {
		plan.StatementID = types.StringValue(rotation.StatementID(have.SecretARN))
	}
	if function && config.RolePolicyName.IsNull() {
		plan.RolePolicyName = types.StringValue(rotation.RolePolicyName(have.SecretARN))
	}
	for configured, planned := range map[*types.String]*types.String{&config.RoleARN: &plan.RoleARN, &config.KMSKeyARN: &plan.KMSKeyARN, &config.StatementID: &plan.StatementID, &config.RolePolicyName: &plan.RolePolicyName} {
		if configured.IsUnknown() {
			*planned = unknown
		}
	}
	// Who manages a superuser secret that is new is found out by the apply.
	newSuperuser := !config.superuserKnown() || config.superuserMatters() && have.SuperuserARN != want.SuperuserSecretARN
	switch {
	case newSuperuser:
		plan.SuperuserOwningService = unknown
	case config.superuserMatters():
		plan.SuperuserOwningService = state.SuperuserOwningService
	}
	switch {
	case config.Access.IsUnknown():
		plan.RoleName, plan.RolePolicy, plan.InvokePermission, plan.VPCAccess = unknown, unknown, unknown, types.BoolUnknown()
	case want.Managed && (function || next.FunctionARN != ""):
		if plan.RoleARN.IsUnknown() {
			plan.RoleName = unknown
		}
		if !known { // See repair.
			plan.InvokePermission = unknown
		}
		if function || newSuperuser || plan.KMSKeyARN.IsUnknown() || plan.VPCAccess.IsUnknown() || !config.accessKnown(ctx) {
			plan.RolePolicy = unknown
		}
	}
	if r.session != nil && r.preflightOf(config) != preflightOff && r.hasRead(have.SecretARN) {
		want.FunctionPending = function
		want.Check = config.checkedAfter(state)
		want.CheckAccess = !want.Managed && !config.Access.IsUnknown()
		switch changes := !reflect.DeepEqual(next, have) || want.Check; {
		case changes && !r.checkUpdate(ctx, config, state, want, have, diags):
			return
		case !changes && want.CheckAccess:
			r.checkOthers(ctx, want, have, diags)
		}
	}
	warnOfRotation(ctx, *plan, state, want, have, diags)
}

// checkUpdate reports what an update would meet, and whether it can be carried
// out at all.
//
// Before a destroy Terraform plans as for an apply: an error would keep a setup
// whose secret or function is gone from being destroyed. So an error is one only
// where the configuration says something new.
func (r *setupResource) checkUpdate(ctx context.Context, config, state setupModel, want rotation.Setup, have rotation.Object, diags *diag.Diagnostics) bool {
	problems, err := r.rotation.CheckUpdate(ctx, want, have)
	if err != nil {
		var refused diag.Diagnostics
		r.refused(config, err, &refused)
		for _, d := range refused {
			if have.FunctionARN == want.FunctionARN {
				d = warning(d)
			}
			diags.Append(d)
		}
		return false
	}
	for _, p := range problems {
		p = atPlan(p)
		if p.Warning || config.rotatesAnew(state) {
			diags.Append(diagnosticOf(withWayOut(p)))
		} else {
			diags.Append(warning(diagnosticOf(p)))
		}
	}
	return true
}

// checkOthers warns of what others no longer allow a setup that is as it should be:
// they do not tell when they take it away. What may be so on purpose was told when
// the setup was made, and is not told in every plan.
func (r *setupResource) checkOthers(ctx context.Context, want rotation.Setup, have rotation.Object, diags *diag.Diagnostics) {
	want.Lenient = false
	problems, err := r.rotation.CheckUpdate(ctx, want, have)
	if err != nil {
		return // The read has told what is gone.
	}
	for _, p := range problems {
		if !p.Warning {
			p.Warning = true
			diags.Append(diagnosticOf(p))
		}
	}
}

// rotatesAnew reports whether a configuration names another function, rotation
// type or superuser secret than the state.
func (m setupModel) rotatesAnew(state setupModel) bool {
	differs := func(a, b types.String) bool { return !a.IsUnknown() && !a.Equal(b) }
	return differs(m.RotationLambdaARN, state.RotationLambdaARN) || differs(m.RotationType, state.RotationType) || differs(m.SuperuserSecretARN, state.SuperuserSecretARN)
}

// checkedAfter reports whether an update of a state is checked: when it rotates,
// may do so soon, or rotates anew, or leaves to others what was its own.
func (m setupModel) checkedAfter(state setupModel) bool {
	enabled := m.RotationEnabled.IsNull() || m.RotationEnabled.ValueBool()
	return m.rotatesAnew(state) || triggered(m, state) || enabled && !state.RotationEnabled.ValueBool() || !m.managed() && state.managed()
}

// warnOfRotation says when an update rotates, or may make AWS rotate soon.
func warnOfRotation(ctx context.Context, plan, state setupModel, want rotation.Setup, have rotation.Object, diags *diag.Diagnostics) {
	secretARN := state.SecretARN.ValueString()
	switch {
	case triggered(plan, state) && want.Enabled && !plan.triggersKnown(ctx):
		diags.AddAttributeWarning(path.Root("rotate_triggers"), "Secret may be rotated now", "A value of `rotate_triggers` is known only after apply. If it differs from the one before, the apply rotates "+secretARN+" at once: applications have to read the new value.")
	case triggered(plan, state) && want.Enabled:
		diags.AddAttributeWarning(path.Root("rotate_triggers"), "Secret will be rotated now", "A value of `rotate_triggers` has changed, so the apply rotates "+secretARN+" at once: applications have to read the new value.")
	case triggered(plan, state):
		diags.AddAttributeWarning(path.Root("rotate_triggers"), "Secret will not be rotated", "A value of `rotate_triggers` has changed while `rotation_enabled = false`. It is only recorded.")
	case want.Enabled && !have.Enabled:
		diags.AddAttributeWarning(path.Root("rotation_enabled"), "Rotation is switched on", "AWS may rotate "+secretARN+" in its next window, which after a pause can be much sooner than the schedule says.")
	case want.Enabled && !plan.RotationRules.IsUnknown() && want.Rules != have.Rules && !strings.HasPrefix(want.Rules.ScheduleExpression, "cron"):
		diags.AddAttributeWarning(path.Root("rotation_rules"), "Previous schedule may run once more", "The new schedule asks for no rotation now. With a schedule in days or by rate() AWS may still carry out the rotation that was due next by the old one; with cron() it does not.")
	}
}
