package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var (
	_ datasource.DataSourceWithConfigure      = (*statusDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*statusDataSource)(nil)
)

func newStatusDataSource() datasource.DataSource { return &statusDataSource{} }

type statusDataSource struct{ *session }

type statusModel struct {
	rotationDataModel
	RotationLambdaARN types.String        `tfsdk:"rotation_lambda_arn"`
	RotationRules     types.Object        `tfsdk:"rotation_rules"`
	OwningService     types.String        `tfsdk:"owning_service"`
	WindowStart       types.String        `tfsdk:"window_start"`
	WindowEnd         types.String        `tfsdk:"window_end"`
	VersionStages     map[string][]string `tfsdk:"version_stages"`
	PendingVersionID  types.String        `tfsdk:"pending_version_id"`
	PendingSince      types.String        `tfsdk:"pending_since"`
	PendingLeftover   types.Bool          `tfsdk:"pending_leftover"`
}

func (d *statusDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_status"
}

func (d *statusDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.session, _ = req.ProviderData.(*session)
}

func (d *statusDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How far the rotation of a secret has got, as Secrets Manager has it: the schedule, when it last rotated and until when it is to rotate next, and what is pending. What is wrong, and what to do, is in [`rotation_diagnosis`](diagnosis.md).\n\n" +
			"Times are in RFC 3339, UTC. They are timestamps and never ages, so that a plan shows a change only if something has happened.\n\n" +
			"The caller needs `secretsmanager:DescribeSecret`. No value of the secret is read.",
		Attributes: withRotationData(attributes{
			"rotation_lambda_arn": computedString("ARN of the rotation function, with its qualifier if it has one. Null if rotation was never configured, and for a secret that an AWS service or a partner rotates."),
			"rotation_rules": computedObject("When the secret rotates. Null if that was never configured. It stays when rotation is switched off.", attributes{
				"automatically_after_days": computedNumber("Days between rotations. Null with a `schedule_expression`."),
				"schedule_expression":      computedString("A `rate()` or `cron()` expression."),
				"duration":                 computedString("Length of the rotation window, such as `3h`. Null for the default: 1 hour for a schedule in hours, else until the end of the UTC day."),
			}),
			"owning_service": computedString("The service that manages the secret, such as `rds`."),
			"window_start":   computedString("When the rotation window opens whose last second is `next_rotation_date`. Null if there is none, or if `next_rotation_date` does not fit the schedule."),
			"window_end":     computedString("When that window is over, a second after `next_rotation_date`."),
			"version_stages": schema.MapAttribute{
				Computed: true, ElementType: types.ListType{ElemType: types.StringType},
				MarkdownDescription: "Staging labels by version ID, in alphabetical order, of the versions that have any. Empty if the secret has no value yet.",
			},
			"pending_version_id": computedString("Version of a rotation that is not complete: it has the label `AWSPENDING` and is not `AWSCURRENT`. Null if there is none."),
			"pending_since":      computedString("When `pending_version_id` was made. Null if there is none, and if the caller is not allowed `secretsmanager:ListSecretVersionIds`."),
			"pending_leftover":   computedFlag("Whether the rotation of `pending_version_id` has finished, and only its label `AWSPENDING` was left behind. It keeps the next rotation from starting."),
		}),
	}
}

func (d *statusDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m statusModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	secretRegion(m.SecretID, m.Region, &resp.Diagnostics)
}

func (d *statusDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m statusModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !d.readable(&resp.Diagnostics) {
		return
	}
	status, err := d.rotation.Status(ctx, m.SecretID.ValueString(), m.Region.ValueString())
	if err != nil {
		addError(&resp.Diagnostics, err)
		return
	}
	m.record(status)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (m *statusModel) record(s rotation.Status) {
	m.rotationDataModel.record(s)
	m.RotationLambdaARN, m.OwningService = orNull(s.FunctionARN), orNull(s.OwningService)
	m.RotationRules = rulesValue(s.Rules)
	if s.Window != nil {
		m.WindowStart, m.WindowEnd = dateOrNull(s.Window.Start), dateOrNull(s.Window.End)
	}
	m.VersionStages = make(map[string][]string, len(s.VersionStages))
	for version, labels := range s.VersionStages {
		m.VersionStages[version] = slices.Sorted(slices.Values(labels)) // AWS has no order.
	}
	m.PendingVersionID, m.PendingSince = orNull(s.PendingVersionID), dateOrNull(s.PendingSince)
	m.PendingLeftover = types.BoolValue(s.Leftover)
}
