package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

type setupModel struct {
	permissionsModel
	Region                 types.String   `tfsdk:"region"`
	SecretID               types.String   `tfsdk:"secret_id"`
	RotationType           types.String   `tfsdk:"rotation_type"`
	SuperuserSecretARN     types.String   `tfsdk:"superuser_secret_arn"`
	SuperuserKMSKeyARN     types.String   `tfsdk:"superuser_kms_key_arn"`
	ReadReplica            types.Bool     `tfsdk:"read_replica"`
	KeytabSecretARNs       types.Set      `tfsdk:"keytab_secret_arns"`
	KeytabKMSKeyARN        types.String   `tfsdk:"keytab_kms_key_arn"`
	RotationRules          types.Object   `tfsdk:"rotation_rules"`
	RotationEnabled        types.Bool     `tfsdk:"rotation_enabled"`
	Access                 types.String   `tfsdk:"access"`
	KMSKeyARN              types.String   `tfsdk:"kms_key_arn"`
	RotateImmediately      types.Bool     `tfsdk:"rotate_immediately"`
	RotateTriggers         types.Map      `tfsdk:"rotate_triggers"`
	WaitForRotation        types.Bool     `tfsdk:"wait_for_rotation"`
	Preflight              types.String   `tfsdk:"preflight"`
	CheckSecretValue       types.Bool     `tfsdk:"check_secret_value"`
	ExternalRoleARN        types.String   `tfsdk:"external_secret_rotation_role_arn"`
	ExternalMetadata       types.List     `tfsdk:"external_secret_rotation_metadata"`
	SecretARN              types.String   `tfsdk:"secret_arn"`
	OwningService          types.String   `tfsdk:"owning_service"`
	SuperuserOwningService types.String   `tfsdk:"superuser_owning_service"`
	PreviousRotationRules  types.Object   `tfsdk:"previous_rotation_rules"`
	UnfinishedVersionID    types.String   `tfsdk:"unfinished_version_id"`
	Timeouts               timeouts.Value `tfsdk:"timeouts"`
}

type rulesModel struct {
	AutomaticallyAfterDays types.Int64  `tfsdk:"automatically_after_days"`
	ScheduleExpression     types.String `tfsdk:"schedule_expression"`
	Duration               types.String `tfsdk:"duration"`
}

type metadataModel struct {
	Key   types.String `tfsdk:"key"`
	Value types.String `tfsdk:"value"`
}

var (
	rulesType = map[string]attr.Type{
		"automatically_after_days": types.Int64Type,
		"schedule_expression":      types.StringType,
		"duration":                 types.StringType,
	}
	metadataType = types.ObjectType{AttrTypes: map[string]attr.Type{"key": types.StringType, "value": types.StringType}}
)

func (m setupModel) identity() secretIdentity { return secretIdentity{m.SecretARN} }

// want translates a configuration, with defaults applied. Unknown values count
// as not given: a plan asks known first.
func (r *setupResource) want(ctx context.Context, m setupModel, diags *diag.Diagnostics) rotation.Setup {
	w := rotation.Setup{
		SecretID:           m.SecretID.ValueString(),
		Region:             m.Region.ValueString(),
		FunctionARN:        m.RotationLambdaARN.ValueString(),
		SuperuserSecretARN: m.SuperuserSecretARN.ValueString(),
		Enabled:            m.RotationEnabled.IsNull() || m.RotationEnabled.IsUnknown() || m.RotationEnabled.ValueBool(),
		Managed:            m.managed(),
		RoleARN:            m.RoleARN.ValueString(),
		KMSKeyARN:          m.KMSKeyARN.ValueString(),
		Wait:               m.WaitForRotation.IsNull() || m.WaitForRotation.ValueBool(),
		ReadValue:          m.CheckSecretValue.ValueBool() || m.CheckSecretValue.IsNull() && r.checkSecretValue,
		StatementID:        m.StatementID.ValueString(),
		RolePolicyName:     m.RolePolicyName.ValueString(),
		ExternalRoleARN:    m.ExternalRoleARN.ValueString(),
	}
	if !m.VPCAccess.IsUnknown() {
		w.VPC = m.VPCAccess.ValueBoolPointer()
	}
	w.RotationType, _ = catalog.Lookup(m.RotationType.ValueString())
	w.Access = catalog.Access{SuperuserKMSKeyARN: m.SuperuserKMSKeyARN.ValueString(), ReadReplica: m.ReadReplica.ValueBool(), KeytabKMSKeyARN: m.KeytabKMSKeyARN.ValueString()}
	w.AccessPending = !m.accessKnown(ctx) || m.Access.IsUnknown()
	if !m.KeytabSecretARNs.IsNull() && m.accessKnown(ctx) {
		diags.Append(m.KeytabSecretARNs.ElementsAs(ctx, &w.Access.KeytabSecretARNs, false)...)
		slices.Sort(w.Access.KeytabSecretARNs)
	}
	w.Rules = rulesOf(ctx, m.RotationRules, diags)
	if !m.RotateImmediately.IsNull() && !m.RotateImmediately.IsUnknown() {
		w.RotateImmediately = m.RotateImmediately.ValueBoolPointer()
	}
	if !m.RotateTriggers.IsNull() && m.triggersKnown(ctx) {
		diags.Append(m.RotateTriggers.ElementsAs(ctx, &w.Triggers, false)...)
	}
	if !m.ExternalMetadata.IsNull() && !m.ExternalMetadata.IsUnknown() {
		var items []metadataModel
		diags.Append(m.ExternalMetadata.ElementsAs(ctx, &items, false)...)
		for _, item := range items {
			w.ExternalMetadata = append(w.ExternalMetadata, rotation.KeyValue{Key: item.Key.ValueString(), Value: item.Value.ValueString()})
		}
	}
	level := r.preflightOf(m)
	w.Check, w.Lenient = level != preflightOff, level == preflightWarn
	return w
}

// preflightOf is what the checks do. As long as that is not known they do
// nothing.
func (r *setupResource) preflightOf(m setupModel) string {
	if m.Preflight.IsUnknown() {
		return preflightOff
	}
	return or(m.Preflight, r.preflight)
}

func (m setupModel) managed() bool {
	return or(m.Access, accessManaged) == accessManaged
}

// superuserMatters reports whether the role policy depends on who manages the
// superuser secret.
func (m setupModel) superuserMatters() bool {
	t, _ := catalog.Lookup(m.RotationType.ValueString())
	return rotation.Setup{RotationType: t, SuperuserSecretARN: m.SuperuserSecretARN.ValueString(), Managed: m.managed()}.SuperuserMatters()
}

// superuserKnown reports whether the arguments are known that tell which
// superuser secret matters.
func (m setupModel) superuserKnown() bool {
	return m.SuperuserSecretARN.IsNull() || !m.managed() || !m.RotationType.IsUnknown() && !m.SuperuserSecretARN.IsUnknown() && !m.Access.IsUnknown()
}

// accessKnown reports whether the arguments are known that only the role policy
// depends on.
func (m setupModel) accessKnown(ctx context.Context) bool {
	keytabs, err := m.KeytabSecretARNs.ToTerraformValue(ctx)
	return err == nil && keytabs.IsFullyKnown() && !m.RotationType.IsUnknown() && !m.SuperuserKMSKeyARN.IsUnknown() && !m.ReadReplica.IsUnknown() && !m.KeytabKMSKeyARN.IsUnknown()
}

// names reports whether secret_id means the secret with an ARN.
func (m setupModel) names(secretARN string) bool {
	return namesSecret(m.SecretID, m.Region, secretARN)
}

// triggered reports whether rotate_triggers ask for a rotation: values that
// were recorded have changed.
func triggered(plan, state setupModel) bool {
	return !state.RotateTriggers.IsNull() && !plan.RotateTriggers.IsNull() && !plan.RotateTriggers.Equal(state.RotateTriggers)
}

// triggersKnown reports whether every value of rotate_triggers is known.
func (m setupModel) triggersKnown(ctx context.Context) bool {
	v, err := m.RotateTriggers.ToTerraformValue(ctx)
	return err == nil && v.IsFullyKnown()
}

// object is what the state records.
func (m setupModel) object(ctx context.Context) rotation.Object {
	ignored := &diag.Diagnostics{}
	o := rotation.Object{
		Permissions:         m.permissions(),
		SecretARN:           m.SecretARN.ValueString(),
		Rules:               rulesOf(ctx, m.RotationRules, ignored),
		Enabled:             m.RotationEnabled.ValueBool(),
		KMSKeyARN:           m.KMSKeyARN.ValueString(),
		OwningService:       m.OwningService.ValueString(),
		PreviousRules:       rulesOf(ctx, m.PreviousRotationRules, ignored),
		UnfinishedVersionID: m.UnfinishedVersionID.ValueString(),
		ExternalRoleARN:     m.ExternalRoleARN.ValueString(),
	}
	if m.superuserMatters() {
		o.SuperuserARN, o.SuperuserOwner = m.SuperuserSecretARN.ValueString(), m.SuperuserOwningService.ValueString()
	}
	var items []metadataModel
	if !m.ExternalMetadata.IsUnknown() {
		ignored.Append(m.ExternalMetadata.ElementsAs(ctx, &items, false)...)
	}
	for _, item := range items {
		o.ExternalMetadata = append(o.ExternalMetadata, rotation.KeyValue{Key: item.Key.ValueString(), Value: item.Value.ValueString()})
	}
	return o
}

// record sets the computed attributes from an object.
func (m *setupModel) record(o rotation.Object) {
	m.recordPermissions(o.Permissions)
	m.SecretARN = orNull(o.SecretARN)
	m.RotationEnabled = types.BoolValue(o.Enabled)
	m.KMSKeyARN = orNull(o.KMSKeyARN)
	m.OwningService = orNull(o.OwningService)
	m.SuperuserOwningService = orNull(o.SuperuserOwner)
	m.PreviousRotationRules = rulesValue(o.PreviousRules)
	m.UnfinishedVersionID = orNull(o.UnfinishedVersionID)
}

// observe sets the arguments that AWS shows, for a read.
func (m *setupModel) observe(o rotation.Object) {
	m.RotationLambdaARN = orNull(o.FunctionARN)
	m.RotationRules = rulesValue(o.Rules)
	m.ExternalRoleARN = orNull(o.ExternalRoleARN)
	if len(o.ExternalMetadata) == 0 {
		if len(m.ExternalMetadata.Elements()) > 0 {
			m.ExternalMetadata = types.ListNull(metadataType)
		}
		return
	}
	var items []attr.Value
	for _, item := range o.ExternalMetadata {
		items = append(items, types.ObjectValueMust(metadataType.AttrTypes, map[string]attr.Value{
			"key": types.StringValue(item.Key), "value": types.StringValue(item.Value),
		}))
	}
	m.ExternalMetadata = types.ListValueMust(metadataType, items)
}

func rulesOf(ctx context.Context, v types.Object, diags *diag.Diagnostics) rotation.Rules {
	if v.IsNull() || v.IsUnknown() {
		return rotation.Rules{}
	}
	var m rulesModel
	diags.Append(v.As(ctx, &m, basetypes.ObjectAsOptions{})...)
	return rotation.Rules{
		AutomaticallyAfterDays: m.AutomaticallyAfterDays.ValueInt64(),
		ScheduleExpression:     m.ScheduleExpression.ValueString(),
		Duration:               m.Duration.ValueString(),
	}
}

func rulesValue(r rotation.Rules) types.Object {
	if r.IsZero() {
		return types.ObjectNull(rulesType)
	}
	days := types.Int64Null()
	if r.AutomaticallyAfterDays > 0 {
		days = types.Int64Value(r.AutomaticallyAfterDays)
	}
	return types.ObjectValueMust(rulesType, map[string]attr.Value{
		"automatically_after_days": days,
		"schedule_expression":      orNull(r.ScheduleExpression),
		"duration":                 orNull(r.Duration),
	})
}

func orNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// or is a string's value, or a default for null and unknown.
func or(s types.String, otherwise string) string {
	if v := s.ValueString(); v != "" {
		return v
	}
	return otherwise
}
