package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// windowLines are the windows of a result, a line each.
func windowLines(t *testing.T, windows any) []string {
	t.Helper()
	list, ok := windows.([]any)
	if !ok {
		t.Fatalf("%v is no list", windows)
	}
	text := []string{}
	for _, w := range list {
		text = append(text, fmt.Sprint(member(t, w, "start"), " ", member(t, w, "end"), " ", member(t, w, "latest")))
	}
	return text
}

// TestScheduleWindows asks for windows in both ways.
func TestScheduleWindows(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for _, test := range []struct {
		expression string
		duration   any
		after      string
		count      int
		want       []string
	}{
		{"cron(0 16 1,15 * ? *)", "2h", "2026-01-31T23:00:00Z", 2, []string{
			"2026-02-01T16:00:00Z 2026-02-01T18:00:00Z 2026-02-01T17:59:59Z",
			"2026-02-15T16:00:00Z 2026-02-15T18:00:00Z 2026-02-15T17:59:59Z",
		}},
		{"cron(0 16 1,15 * ? *)", nil, "2026-02-01T16:00:00+01:00", 1, []string{"2026-02-01T16:00:00Z 2026-02-02T00:00:00Z 2026-02-01T23:59:59Z"}},
		{"cron(0 0 L * ? *)", "24h", "2028-02-01T00:00:00Z", 1, []string{"2028-02-29T00:00:00Z 2028-03-01T00:00:00Z 2028-02-29T23:59:59Z"}},
		{"rate(10 days)", "3h", "2026-01-25T22:30:00Z", 2, []string{
			"2026-02-04T00:00:00Z 2026-02-04T03:00:00Z 2026-02-04T02:59:59Z",
			"2026-02-14T00:00:00Z 2026-02-14T03:00:00Z 2026-02-14T02:59:59Z",
		}},
		{"rate(4 hours)", nil, "2026-01-25T22:30:00Z", 1, []string{"2026-01-26T02:00:00Z 2026-01-26T03:00:00Z 2026-01-26T02:59:59Z"}},
		{"cron(0 10 30 2 ? *)", nil, "2026-01-01T00:00:00Z", 3, []string{}},
	} {
		if diff := cmp.Diff(test.want, windowLines(t, s.result("schedule_windows", test.expression, test.duration, test.after, test.count))); diff != "" {
			t.Errorf("%s: the function: %s", test.expression, diff)
		}
		data, diagnostics := s.readPure("rotation_schedule", object{"schedule_expression": test.expression, "duration": test.duration, "after": test.after, "window_count": test.count})
		for _, d := range diagnostics {
			if !strings.HasPrefix(d, "WARNING schedule_expression: ") {
				t.Error(d)
			}
		}
		if diff := cmp.Diff(test.want, windowLines(t, member(t, data, "windows"))); diff != "" {
			t.Errorf("%s: the data source: %s", test.expression, diff)
		}
	}
	days, diagnostics := s.readPure("rotation_schedule", object{"automatically_after_days": 1000, "after": "2026-01-01T12:00:00Z"})
	expect(t, diagnostics)
	if diff := cmp.Diff([]string{
		"2028-09-27T00:00:00Z 2028-09-28T00:00:00Z 2028-09-27T23:59:59Z",
		"2031-06-24T00:00:00Z 2031-06-25T00:00:00Z 2031-06-24T23:59:59Z",
		"2034-03-20T00:00:00Z 2034-03-21T00:00:00Z 2034-03-20T23:59:59Z",
	}, windowLines(t, member(t, days, "windows"))); diff != "" {
		t.Errorf("1000 days: %s", diff)
	}
	if got := windowLines(t, s.result("schedule_windows", "rate(4 hours)", nil, "2026-01-01T00:00:00Z", maxWindows)); len(got) != maxWindows {
		t.Errorf("There are %d windows.", len(got))
	}
}

// TestScheduleWindowsArguments has what is wrong with each argument.
func TestScheduleWindowsArguments(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	good := []any{"rate(10 days)", "3h", "2026-01-31T16:00:00Z", 1}
	for _, test := range []struct {
		position int
		value    any
		text     string
	}{
		{0, "cron(30 10 * * ? *)", "Write 0 for the minutes"},
		{0, "", "The schedule expression is empty."},
		{1, "90m", `The duration "90m" is not a number of hours`},
		{1, "", "The duration is empty."},
		{2, "2026-01-31", `"2026-01-31" is not a time in RFC 3339`},
		{2, "9999-12-30T00:00:00Z", "later than the year 9999"},
		{3, 0, "whole number from 1 to 100"},
		{3, maxWindows + 1, "whole number from 1 to 100"},
		{3, 1.5, "whole number from 1 to 100"},
		{3, 1e20, "whole number from 1 to 100"},
	} {
		arguments := append([]any{}, good...)
		arguments[test.position] = test.value
		_, failed := s.call("schedule_windows", arguments...)
		if failed == nil || failed.argument != int64(test.position) || !strings.Contains(strings.ToLower(failed.text), strings.ToLower(test.text)) {
			t.Errorf("argument %d = %q: %+v, want %q", test.position, test.value, failed, test.text)
		}
	}
	if _, failed := s.call("schedule_windows", "cron(0 22 * * ? *)", "3h", good[2], good[3]); failed == nil || failed.argument != 1 || !strings.Contains(failed.text, `at most "2h"`) {
		t.Errorf("a window into the next day: %+v", failed)
	}
}

// TestScheduleDataSourceArguments has what the data source says, and where.
func TestScheduleDataSourceArguments(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	good := object{"schedule_expression": "rate(10 days)", "after": "2026-01-31T16:00:00Z"}
	for _, test := range []struct {
		name   string
		config object
		want   []string
	}{
		{"good", good, nil},
		{"an expression", with(good, object{"schedule_expression": "rate(3 hours)"}), []string{"ERROR schedule_expression: …(schedule-invalid)"}},
		{"a duration", with(good, object{"duration": "25h"}), []string{"ERROR duration: …(schedule-window)"}},
		{"both", with(good, object{"automatically_after_days": 10}), []string{"ERROR schedule_expression: …(schedule-conflict)"}},
		{"neither", object{"after": good["after"]}, []string{"ERROR schedule_expression: …(schedule-conflict)"}},
		{"days", object{"automatically_after_days": 1001, "after": good["after"]}, []string{"ERROR automatically_after_days: …(schedule-invalid)"}},
		{"an undocumented form", with(good, object{"schedule_expression": "cron(0 8,20 * * ? *)"}), []string{"WARNING schedule_expression: The rotation schedule has a form that AWS does not document (schedule-undocumented): …"}},
		{"a time", with(good, object{"after": "tomorrow"}), []string{`ERROR after: Invalid time: "tomorrow" is not a time in RFC 3339`}},
		{"a late time", with(good, object{"after": "9999-12-30T00:00:00Z"}), []string{"ERROR after: Invalid time: The windows are later"}},
		{"a count", with(good, object{"window_count": 101}), []string{"ERROR window_count: "}},
		{"unknown", with(good, object{"schedule_expression": unknown{}}), nil},
		{"an unknown duration", with(good, object{"schedule_expression": "rate(3 hours)", "duration": unknown{}}), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, diagnostics := s.readPure("rotation_schedule", test.config)
			expect(t, diagnostics, test.want...)
		})
	}
}

func TestCheckSchedule(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for _, test := range []struct {
		expression string
		duration   any
		want       []string
	}{
		{"rate(10 days)", nil, []string{}},
		{"cron(0 16 1,15 * ? *)", "2h", []string{}},
		{"rate(3 hours)", nil, []string{"error schedule-invalid"}},
		{"cron(0 22 * * ? *)", "3h", []string{"error schedule-window"}},
		{"rate(10 days)", "", []string{"error schedule-window"}},
		{"RATE(10 days)", "1h", []string{"warning schedule-undocumented"}},
		{"RATE(10 days)", "0h", []string{"error schedule-window", "warning schedule-undocumented"}},
	} {
		codes := map[string]bool{}
		list, _ := s.result("check_schedule", test.expression, test.duration).([]any)
		for _, f := range list {
			codes[fmt.Sprint(member(t, f, "severity"), " ", member(t, f, "code"))] = true
			for _, name := range []string{"summary", "detail", "remedy", "reference"} {
				if member(t, f, name) == "" {
					t.Errorf("%s: the finding has no %s", test.expression, name)
				}
			}
		}
		want := map[string]bool{}
		for _, code := range test.want {
			want[code] = true
		}
		if diff := cmp.Diff(want, codes); diff != "" || len(list) != len(test.want) {
			t.Errorf("%s, %v: %s", test.expression, test.duration, diff)
		}
	}
}

// TestScheduleInTerraform uses the functions where configurations do: in the
// validation of a variable, in a check block, with a value that is not known at
// plan.
func TestScheduleInTerraform(t *testing.T) {
	t.Parallel()
	config := func(expression, duration string) string {
		return fmt.Sprintf(`
variable "schedule_expression" {
  type    = string
  default = %[1]q

  validation {
    condition     = alltrue([for f in provider::rotation::check_schedule(var.schedule_expression, null) : f.severity != "error"])
    error_message = "Not a schedule."
  }
}

resource "terraform_data" "after" {
  input = "2026-01-31T16:00:00Z"
}

check "window" {
  assert {
    condition     = length(provider::rotation::check_schedule(var.schedule_expression, %[2]q)) == 0
    error_message = "The window does not fit."
  }
}

data "rotation_schedule" "later" {
  schedule_expression = var.schedule_expression
  after               = terraform_data.after.output
  window_count        = 1
}

output "same" {
  value = data.rotation_schedule.later.windows == provider::rotation::schedule_windows(var.schedule_expression, null, terraform_data.after.output, 1)
}

output "start" {
  value = data.rotation_schedule.later.windows[0].start
}
`, expression, duration)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: pureFactories,
		Steps: []resource.TestStep{
			{
				Config:      `output "windows" { value = provider::rotation::schedule_windows("rate(10 days)", "25h", "2026-01-31T16:00:00Z", 1) }`,
				ExpectError: regexp.MustCompile(`(?s)Invalid value for "duration"\s+parameter:\s+The duration "25h" is not between`),
			},
			{Config: config("rate(1 hour)", "1h"), ExpectError: regexp.MustCompile("Not a schedule.")},
			{
				Config:           config("cron(0 22 ? * SAT *)", "2h"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectUnknownOutputValue("same"), plancheck.ExpectUnknownOutputValue("start")}},
				Check:            resource.ComposeTestCheckFunc(resource.TestCheckOutput("same", "true"), resource.TestCheckOutput("start", "2026-01-31T22:00:00Z")),
			},
		},
	})
}
