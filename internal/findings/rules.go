package findings

import (
	"fmt"

	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

// Schedule checks rotation rules. Absent arguments are nil. Exactly one of expression and days is needed.
func Schedule(expression *string, days *int64, duration *string) []Finding {
	length := ""
	if duration != nil {
		length = *duration
	}
	var problems []schedule.Problem
	switch {
	case expression != nil && days != nil:
		return []Finding{conflict("Both `%s` and `%s` are set.", "Keep one of them.")}
	case expression == nil && days == nil:
		return []Finding{conflict("Neither `%s` nor `%s` is set.", "Set one of them.")}
	case expression != nil:
		problems = schedule.Check(*expression, length)
	default:
		problems = schedule.CheckDays(*days, length)
	}
	if duration != nil && length == "" {
		problems = append(problems, schedule.Problem{Field: schedule.FieldDuration, Message: "The duration is empty.", Remedy: `Write whole hours from "1h" to "24h", or leave it out.`})
	}
	var findings []Finding
	for _, p := range problems {
		findings = append(findings, problem(p))
	}
	return findings
}

func conflict(detail, remedy string) Finding {
	f := New(ScheduleConflict, Error, fmt.Sprintf(detail, schedule.FieldExpression, schedule.FieldDays), remedy)
	f.Argument = schedule.FieldExpression
	return f
}

func problem(p schedule.Problem) Finding {
	code, severity := ScheduleInvalid, Error
	switch {
	case p.Severity == schedule.SeverityWarning:
		code, severity = ScheduleUndocumented, Warning
	case p.Field == schedule.FieldDuration:
		code = ScheduleWindow
	}
	f := New(code, severity, p.Message, p.Remedy)
	f.Argument = p.Field
	return f
}
