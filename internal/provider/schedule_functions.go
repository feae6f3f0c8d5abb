package provider

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

var (
	_ function.Function = checkScheduleFunction{}
	_ function.Function = scheduleWindowsFunction{}
)

func newCheckScheduleFunction() function.Function { return checkScheduleFunction{} }

// checkScheduleFunction returns the findings on a schedule.
type checkScheduleFunction struct{}

func (checkScheduleFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "check_schedule"
}

func (checkScheduleFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "What Secrets Manager would find wrong with a rotation schedule",
		MarkdownDescription: "Checks a schedule expression and the duration of its window by the grammar of Secrets Manager, which is not that of EventBridge, and returns a list of findings, empty for a schedule that is right. " +
			"An `error` is what AWS excludes: code `schedule-invalid` for the expression, `schedule-window` for a duration that is wrong or does not fit in the expression's windows. A `warning`, code `schedule-undocumented`, is a form that AWS does not document; it may well be accepted.\n\n" +
			functionVersions + "\n\nThe result is a list of objects:\n\n" + described(findingAttributes()),
		Parameters: []function.Parameter{expressionParameter(), durationParameter()},
		Return:     function.ListReturn{ElementType: findingType()},
	}
}

func (checkScheduleFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var expression, duration types.String
	if !knownArguments(ctx, req, resp, &expression, &duration) {
		return
	}
	resp.Error = resp.Result.Set(ctx, findingModels(findings.Schedule(expression.ValueStringPointer(), nil, duration.ValueStringPointer())))
}

func newScheduleWindowsFunction() function.Function { return scheduleWindowsFunction{} }

// scheduleWindowsFunction returns the next windows of a schedule.
type scheduleWindowsFunction struct{}

func (scheduleWindowsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "schedule_windows"
}

func (scheduleWindowsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The next rotation windows of a schedule",
		MarkdownDescription: scheduleDescription + "\n\n" + functionVersions + " The data source [`rotation_schedule`](../data-sources/schedule.md) gives the same, and takes days as well.\n\n" +
			"The result is a list of objects, shorter than `count` or empty if the schedule never comes to so many windows, as for 30 February:\n\n" + described(windowAttributes()),
		Parameters: []function.Parameter{
			expressionParameter(), durationParameter(),
			function.StringParameter{Name: "after", MarkdownDescription: "A time in RFC 3339, such as `2026-01-31T16:00:00Z`. For `rate()`, the last rotation."},
			function.NumberParameter{Name: "count", MarkdownDescription: fmt.Sprintf("Number of windows, 1 to %d.", maxWindows)},
		},
		Return: function.ListReturn{ElementType: schema.NestedAttributeObject{Attributes: windowAttributes()}.Type()},
	}
}

func (scheduleWindowsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var expression, duration, after types.String
	var count types.Number
	if !knownArguments(ctx, req, resp, &expression, &duration, &after, &count) {
		return
	}
	for _, f := range findings.Schedule(expression.ValueStringPointer(), nil, duration.ValueStringPointer()) {
		if f.Severity == findings.Error {
			position := int64(0)
			if f.Argument == schedule.FieldDuration {
				position = 1
			}
			resp.Error = argumentError(position, strings.TrimSpace(f.Detail+" "+f.Remedy))
			return
		}
	}
	start, err := moment(after.ValueString())
	if err != nil {
		resp.Error = argumentError(2, sentence(err.Error()))
		return
	}
	n, accuracy := count.ValueBigFloat().Int64()
	if accuracy != big.Exact || n < 1 || n > maxWindows {
		resp.Error = argumentError(3, fmt.Sprintf("The number of windows is a whole number from 1 to %d.", maxWindows))
		return
	}
	e, _ := schedule.Parse(expression.ValueString()) // The findings say what is wrong with it.
	windows, err := windowsOf(e, duration.ValueString(), start, int(n))
	if err != nil {
		resp.Error = argumentError(2, sentence(err.Error()))
		return
	}
	resp.Error = resp.Result.Set(ctx, windows)
}

func expressionParameter() function.Parameter {
	return function.StringParameter{Name: "schedule_expression", MarkdownDescription: expressionDescription}
}

func durationParameter() function.Parameter {
	return function.StringParameter{
		Name: "duration", AllowNullValue: true,
		MarkdownDescription: durationDescription + " Null is the default.",
	}
}
