package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

var _ datasource.DataSourceWithValidateConfig = scheduleDataSource{}

// defaultWindows is how many windows there are unless asked for otherwise.
const defaultWindows = 3

func newScheduleDataSource() datasource.DataSource { return scheduleDataSource{} }

type scheduleDataSource struct{}

type scheduleDataModel struct {
	rulesModel
	After       types.String  `tfsdk:"after"`
	WindowCount types.Int64   `tfsdk:"window_count"`
	Windows     []windowModel `tfsdk:"windows"`
}

func (scheduleDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_schedule"
}

func (scheduleDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: scheduleDescription + "\n\nA schedule that AWS excludes is an error, and a form that AWS does not document is a warning. " +
			"It reads no clock: give `after` a time that stays, since with `timestamp()` the windows are known only after apply.\n\n" +
			"It calls nothing and needs no credentials. The function [`schedule_windows`](../functions/schedule_windows.md) gives the same, with Terraform 1.8, OpenTofu 1.8 or later.",
		Attributes: attributes{
			"schedule_expression": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: expressionDescription + " Exactly one of this and `automatically_after_days`.",
			},
			"automatically_after_days": schema.Int64Attribute{Optional: true, MarkdownDescription: "Days between rotations, 1 to 1000. Exactly one of this and `schedule_expression`."},
			"duration":                 schema.StringAttribute{Optional: true, MarkdownDescription: durationDescription},
			"after": schema.StringAttribute{
				Required: true, Validators: []validator.String{check{"time", "must be a time in RFC 3339", parsed(moment)}},
				MarkdownDescription: "A time in RFC 3339, such as `2026-01-31T16:00:00Z`. For `rate()` and for days, the last rotation.",
			},
			"window_count": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(1, maxWindows)},
				MarkdownDescription: fmt.Sprintf("Number of windows, 1 to %d. Default: %d.", maxWindows, defaultWindows),
			},
			"windows": computedObjects("The next windows, in order. Fewer than `window_count`, or none, if the schedule never comes to so many, as for 30 February.", windowAttributes()),
		},
	}
}

func (scheduleDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m rulesModel
	for name, target := range map[string]any{"schedule_expression": &m.ScheduleExpression, "automatically_after_days": &m.AutomaticallyAfterDays, "duration": &m.Duration} {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(name), target)...)
	}
	if m.ScheduleExpression.IsUnknown() || m.AutomaticallyAfterDays.IsUnknown() || m.Duration.IsUnknown() {
		return
	}
	for _, f := range findings.Schedule(m.ScheduleExpression.ValueStringPointer(), m.AutomaticallyAfterDays.ValueInt64Pointer(), m.Duration.ValueStringPointer()) {
		resp.Diagnostics.Append(diagnosticOf(problemOf(f, f.Argument, preflightError)))
	}
}

func (scheduleDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m scheduleDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	e := schedule.Days(m.AutomaticallyAfterDays.ValueInt64())
	if !m.ScheduleExpression.IsNull() {
		e, _ = schedule.Parse(m.ScheduleExpression.ValueString()) // ValidateConfig has read it.
	}
	after, _ := moment(m.After.ValueString())
	count := defaultWindows
	if !m.WindowCount.IsNull() {
		count = int(m.WindowCount.ValueInt64())
	}
	windows, err := windowsOf(e, m.Duration.ValueString(), after, count)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("after"), "Invalid time", sentence(err.Error()))
		return
	}
	m.Windows = windows
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
