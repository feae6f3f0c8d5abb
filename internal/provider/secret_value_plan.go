package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
	"github.com/rotationsafe/terraform-provider-rotation/internal/secretstring"
)

// ModifyPlan fills in the computed attributes, and says what can be known to fail
// and when a credential in use is going to be written.
func (r *secretValueResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // A destroy does nothing.
	}
	var config, plan secretValueModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		var found diag.Diagnostics
		r.planCreate(ctx, config, &plan, &found)
		resp.Diagnostics.Append(r.afterLoss(config.SecretID, found)...)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	var state secretValueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Terraform plans a second time during the apply, and a replacement that comes up
	// only then would be an inconsistent plan.
	if !plan.names(state.SecretARN.ValueString()) && r.hasReadValue(state) {
		// Terraform heeds only paths whose value changes, and of a name in another Region
		// the name does not.
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("secret_arn"), types.StringUnknown())...)
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("secret_id"), path.Root("secret_arn"))
		// Terraform plans the create next, and shows no warnings of that.
		var found diag.Diagnostics
		r.planCreate(ctx, config, &plan, &found)
		resp.Diagnostics.Append(found.Warnings()...)
		return
	}
	r.planUpdate(ctx, config, &plan, state, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// hasReadValue reports whether this run has read the value of a state.
func (r *secretValueResource) hasReadValue(state secretValueModel) bool {
	if r.session == nil {
		return false
	}
	_, read := r.readValues.Load(state.SecretARN.ValueString())
	return read
}

// names reports whether secret_id means the secret with an ARN.
func (m secretValueModel) names(secretARN string) bool {
	return namesSecret(m.SecretID, m.Region, secretARN)
}

func (r *secretValueResource) planCreate(ctx context.Context, config secretValueModel, plan *secretValueModel, diags *diag.Diagnostics) {
	if a, err := arn.ParseSecret(config.SecretID.ValueString()); err == nil {
		plan.SecretARN = types.StringValue(a.String())
	}
	t, ok := catalog.Lookup(config.RotationType.ValueString())
	if !ok {
		return
	}
	connection, _ := config.connection()
	addProblems(diags, config.unread(t))
	if r.session == nil || config.Region.IsUnknown() {
		return
	}
	if config.SecretID.IsUnknown() {
		// The secret is most likely made by this same plan, and may have a value all the same.
		for _, p := range config.checkFirst(t) {
			diags.Append(diagnosticOf(checkedAgain(p)))
		}
		return
	}
	want := config.value(ctx, diags)
	want.Password = "" // A value that is there has its own.
	seen, err := r.rotation.InspectValue(ctx, want, r.checkSecretValue)
	if err != nil {
		if p, ok := asProblem(err); ok && p.Code == findings.SecretNotFound && !strings.HasPrefix(config.SecretID.ValueString(), "arn:") {
			diags.Append(diagnosticOf(checkedAgain(p))) // This same plan may make it.
		} else if !awsapi.IsAccessDenied(err) {
			addError(diags, err)
		}
		return
	}
	plan.SecretARN = types.StringValue(seen.SecretARN)
	if !seen.HasValue {
		r.firstValues.Store(seen.SecretARN, true)
		addProblems(diags, config.checkFirst(t))
		return
	}
	if addProblems(diags, seen.Refused); len(seen.Refused) > 0 {
		return
	}
	detail := "The secret " + seen.SecretARN + " has a value. It is taken over as it is: no password and no `connection_fields` is written into it."
	if len(seen.Unmerged) > 0 {
		detail += "\n\nThe value differs from `connection_fields` in " + quotedList(seen.Unmerged) + ". This create leaves that, and shows it as `unmerged_keys`; the plan after it merges these keys into the value."
	}
	diags.AddAttributeWarning(path.Root("secret_id"), "Secret has a value already", detail)
	config.PasswordWO = types.StringNull()
	for _, p := range config.onKeys(t, connection, seen.Findings, true) {
		p.Warning = true
		diags.Append(diagnosticOf(p))
	}
}

// checkFirst is what is wrong with the first value that a create stores.
func (m secretValueModel) checkFirst(t *catalog.RotationType) []rotation.Problem {
	all := append(m.firstValue(t, true), doubtful(t, m.PasswordWO.ValueString())...)
	if m.PasswordWO.IsNull() && m.GeneratePassword.IsNull() && (rotation.Value{RotationType: t}).NeedsPassword() {
		all = append(all, *rotation.MissingPassword())
	}
	return all
}

func (r *secretValueResource) planUpdate(ctx context.Context, config secretValueModel, plan *secretValueModel, state secretValueModel, diags *diag.Diagnostics) {
	secretARN := state.SecretARN.ValueString()
	plan.SecretARN = state.SecretARN
	plan.UnmergedKeys = types.SetNull(types.StringType)
	if plan.names(secretARN) && !config.SecretID.IsUnknown() {
		plan.SecretID = state.SecretID // ARN and name of one secret are no diff.
	}
	t, ok := catalog.Lookup(config.RotationType.ValueString())
	if !ok || !config.checkFixed(state, diags) {
		return
	}
	connection, known := config.connection()
	if keys := removed(state, connection); known && len(keys) > 0 {
		diags.AddAttributeWarning(path.Root("connection_fields"), "Fields stay in the value", "`connection_fields` has no "+quotedList(keys)+" any more. The value keeps what it has; from now on that is left to others.")
	}
	changes, nothing := config.changes(ctx, state, diags)
	retyped := !config.RotationType.Equal(state.RotationType)
	if len(changes.Changed) > 0 || retyped {
		addProblems(diags, config.unread(t))
	}
	config.warnOfPassword(state, changes.Password, secretARN, t, diags)
	if nothing && !retyped || !r.hasReadValue(state) {
		return
	}
	seen, err := r.rotation.InspectValue(ctx, changes, r.checkSecretValue)
	if err != nil {
		if !awsapi.IsAccessDenied(err) {
			addError(diags, err)
		}
		return
	}
	if addProblems(diags, seen.Refused); len(seen.Refused) > 0 {
		return
	}
	if p := seen.Disturbed; p != nil && (len(seen.Unmerged) > 0 || changes.Password != "" || !r.checkSecretValue) {
		diags.Append(diagnosticOf(checkedAgain(*p)))
	}
	// What `connection_fields` itself shows to change needs no words.
	before, _ := state.connection()
	if hidden := slices.DeleteFunc(seen.Unmerged, func(key string) bool { return !state.Connection.IsNull() && before[key] != connection[key] }); len(hidden) > 0 {
		diags.AddAttributeWarning(path.Root("connection_fields"), "Value will be changed", "The value of "+secretARN+" that applications read now differs from `connection_fields` in "+quotedList(hidden)+". The apply merges these keys into it.")
	}
	judged := config
	if changes.Password == "" {
		judged.PasswordWO = types.StringNull() // The value has another by now.
	}
	for _, p := range judged.onKeys(t, connection, seen.Findings, true) {
		if p.Code == findings.SecretValueOverwritten {
			continue // The create has told it.
		}
		diags.Append(diagnosticOf(p))
	}
}

// removed are the keys that a state has and a configuration has not.
func removed(state secretValueModel, connection map[string]string) []string {
	var keys []string
	before, _ := state.connection()
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, still := connection[key]; !still {
			keys = append(keys, key)
		}
	}
	return keys
}

// warnOfPassword says when an update writes a password again, and when it does not
// although somebody may think so.
func (m secretValueModel) warnOfPassword(state secretValueModel, password, secretARN string, t *catalog.RotationType, diags *diag.Diagnostics) {
	versioned := path.Root("password_wo_version")
	switch {
	case m.rewrites(state):
		diags.AddAttributeWarning(versioned, "Password is written again",
			"`password_wo_version` has changed, so the apply writes `password_wo` into the value of "+secretARN+" that applications read now, whatever rotation has made of it. They can log in only if the database has that password.")
		addProblems(diags, doubtful(t, password))
	case state.PasswordWOVersion.IsNull() && !m.PasswordWOVersion.IsNull():
		diags.AddAttributeWarning(versioned, "Password is not written",
			"`password_wo_version` is set for the first time, which is only recorded: the value keeps its password. To write `password_wo`, change the version from this number to another.")
	case !m.GeneratePassword.IsUnknown() && !m.GeneratePassword.Equal(state.GeneratePassword) && !m.GeneratePassword.IsNull() && !state.RotationType.IsNull():
		diags.AddAttributeWarning(path.Root("generate_password"), "Password is not generated", "`generate_password` is about the first value, and the secret has one. Its password stays.")
	}
}

// checkFixed refuses changes of what belongs to the first value.
func (m secretValueModel) checkFixed(state secretValueModel, diags *diag.Diagnostics) bool {
	t, ok := catalog.Lookup(m.RotationType.ValueString())
	was, wasOK := catalog.Lookup(state.RotationType.ValueString())
	if !ok {
		return true
	}
	if engines, _ := t.Engines(); wasOK && len(engines) > 0 {
		if before, _ := was.Engines(); len(before) > 0 && !slices.ContainsFunc(engines, func(e string) bool { return slices.Contains(before, e) }) {
			diags.AddAttributeError(path.Root("rotation_type"), "Invalid rotation type", fmt.Sprintf("The value of the secret is of the engine %q, and %s is for %q. %s For another one, use another secret.", before[0], t.Name, engines[0], rotation.FirstValueRule))
			return false
		}
	}
	before, _ := state.connection()
	after, _ := m.connection()
	fine := true
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if text, given := after[key]; given && text != before[key] && rotation.OfFirstValue(t, key) {
			diags.Append(diagnosticOf(rotation.Problem{Attribute: "connection_fields." + key, Summary: "Invalid connection field", Detail: fmt.Sprintf("The field %q cannot be changed. %s For another one, use another secret.", secretstring.FieldName(t, key), rotation.FirstValueRule)}))
			fine = false
		}
	}
	return fine
}

// quotedList enumerates keys.
func quotedList(keys []string) string { return "`" + strings.Join(keys, "`, `") + "`" }
