package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

// maxWindows bounds how many windows a call is asked for.
const maxWindows = 100

// scheduleDescription is for the function and the data source.
const scheduleDescription = "**When it rotates is a window, not a moment.** Secrets Manager starts the rotation at any time from `start` until before `end`; AWS shows the last second of the window, `latest`, as the next rotation date. Windows open on the hour, and all times are UTC, in RFC 3339.\n\n" +
	"For `cron()`, `after` is any time: the windows are those that open later. For `rate()` and for days it is the last rotation, because AWS counts from its day, or from its hour; each later window assumes a rotation in the one before."

// expressionDescription and durationDescription are for the arguments of both.
const (
	expressionDescription = "A `rate()` or `cron()` expression in the grammar of Secrets Manager, such as `rate(10 days)` or `cron(0 16 1,15 * ? *)`."
	durationDescription   = "Length of the window in hours, such as `3h`. Default: 1 hour for a schedule in hours, else until the end of the UTC day."
)

// windowModel is a rotation window, as functions and data sources give it to a
// configuration.
type windowModel struct {
	Start  string `tfsdk:"start"`
	End    string `tfsdk:"end"`
	Latest string `tfsdk:"latest"`
}

func windowAttributes() attributes {
	return attributes{
		"start":  computedString("When the window opens, the earliest moment of the rotation."),
		"end":    computedString("When the window is over."),
		"latest": computedString("The latest moment of the rotation, one second before `end`. AWS shows it as the next rotation date (`NextRotationDate`)."),
	}
}

// windowsOf returns the next windows of a schedule. The length is "" for the
// default, and right otherwise.
func windowsOf(e schedule.Expression, length string, after time.Time, count int) ([]windowModel, error) {
	duration, _ := schedule.ParseDuration(length)
	windows := []windowModel{}
	for _, w := range e.Windows(after, duration, count) {
		if w.End.Year() > 9999 {
			return nil, errors.New("the windows are later than the year 9999, which RFC 3339 cannot write")
		}
		windows = append(windows, windowModel{w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339), w.Latest().Format(time.RFC3339)})
	}
	return windows, nil
}

// moment reads a time. Its error quotes the text, which is no secret.
func moment(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time in RFC 3339, such as 2026-01-31T16:00:00Z", text)
	}
	return t, nil
}
