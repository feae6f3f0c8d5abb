// Package schedule reads the rotation schedules of Secrets Manager: rate() and cron() expressions, the number of days that stands
// for a rate, and the duration of the rotation window. It says what is wrong with one before AWS does, and computes its windows.
//
// Everything is in UTC and every window opens on the hour. The package never reads a clock.
//
// The grammar follows https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html. What that page
// excludes is an error. What it leaves open, and AWS may well accept, is a warning.
package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of schedules.
const (
	MinRateHours = 4
	MaxRateHours = 23
	MaxRateDays  = 999
	MaxDays      = 1000 // of automatically_after_days, which goes one further than rate()

	maxLength = 256
)

// Names of the arguments that a Problem can be about.
const (
	FieldExpression = "schedule_expression"
	FieldDuration   = "duration"
	FieldDays       = "automatically_after_days"
)

// Severity tells what AWS is known to refuse from what it is not known to accept.
type Severity int

// Severities of a problem.
const (
	SeverityError Severity = iota
	SeverityWarning
)

// Problem is something wrong with a schedule.
type Problem struct {
	Field    string // FieldExpression, FieldDuration or FieldDays
	Severity Severity
	Message  string // what is wrong, one sentence
	Remedy   string // what to write instead, one sentence
}

// Error is why an expression or a duration cannot be read.
type Error struct {
	Message string // what is wrong, one sentence
	Remedy  string // what to write instead, one sentence
}

// Error returns both sentences.
func (e *Error) Error() string { return e.Message + " " + e.Remedy }

type kind int

const (
	rateHours kind = iota + 1
	rateDays
	cron
)

// Expression is a schedule. The zero value never rotates.
type Expression struct {
	text     string
	kind     kind
	every    int // hours or days of a rate
	cron     cronSpec
	warnings []Error
}

// String returns the expression as it was written.
func (e Expression) String() string { return e.text }

// Days returns the schedule that automatically_after_days stands for: like rate(n days), with one more day allowed. CheckDays says what
// is wrong with n.
func Days(n int64) Expression {
	e := Expression{text: fmt.Sprintf("rate(%d days)", n), kind: rateDays, every: int(n)}
	if n == 1 {
		e.text = "rate(1 day)"
	}
	return e
}

// Parse reads a schedule expression such as "rate(10 days)" or "cron(0 16 1,15 * ? *)". The error is an *Error.
func Parse(expression string) (Expression, error) {
	e := Expression{text: expression}
	if err := e.parse(); err != nil {
		return Expression{}, err
	}
	return e, nil
}

// ParseDuration reads the duration of a window, "1h" to "24h". The error is an *Error.
func ParseDuration(duration string) (time.Duration, error) {
	const remedy = `Write whole hours from "1h" to "24h".`
	digits, ok := strings.CutSuffix(duration, "h")
	if !ok || !digitsPattern.MatchString(digits) {
		return 0, &Error{fmt.Sprintf("The duration %q is not a number of hours followed by \"h\".", duration), remedy}
	}
	hours := atoi(digits)
	if hours < 1 || hours > 24 || len(duration) > 3 {
		return 0, &Error{fmt.Sprintf("The duration %q is not between one and 24 hours.", duration), remedy}
	}
	return time.Duration(hours) * time.Hour, nil
}

// Check returns what is wrong with an expression and the duration of its window; an empty duration means the default, and is not what
// AWS takes for one. The result is empty if nothing is. Without an error, every window of the expression ends within its UTC day, or for
// rates in hours within the hours of the rate, and before the next one opens.
func Check(expression, duration string) []Problem {
	var problems []Problem
	e, err := Parse(expression)
	if err != nil {
		problems = append(problems, problem(FieldExpression, err))
	}
	for _, w := range e.warnings {
		problems = append(problems, Problem{FieldExpression, SeverityWarning, w.Message, w.Remedy})
	}
	return append(problems, e.checkDuration(duration)...)
}

// CheckDays returns what is wrong with automatically_after_days and the duration of its window; an empty duration means the default.
func CheckDays(days int64, duration string) []Problem {
	var problems []Problem
	if days < 1 || days > MaxDays {
		problems = append(problems, Problem{
			FieldDays, SeverityError,
			fmt.Sprintf("A rotation every %d days is outside of what Secrets Manager accepts.", days),
			fmt.Sprintf("Write a number from 1 to %d.", MaxDays),
		})
	}
	return append(problems, Expression{kind: rateDays}.checkDuration(duration)...)
}

func problem(field string, err error) Problem {
	p := Problem{Field: field, Severity: SeverityError, Message: err.Error()}
	if e, ok := errors.AsType[*Error](err); ok {
		p.Message, p.Remedy = e.Message, e.Remedy
	}
	return p
}

// checkDuration applies "the window must not extend into the next UTC day or the next rotation window".
func (e Expression) checkDuration(duration string) []Problem {
	if duration == "" {
		return nil
	}
	d, err := ParseDuration(duration)
	if err != nil {
		return []Problem{problem(FieldDuration, err)}
	}
	hours, limit, why := int(d.Hours()), 24, ""
	switch e.kind {
	case rateHours:
		limit, why = e.every, fmt.Sprintf("the next window opens after %d hours", e.every)
	case cron:
		opens := e.cron.openingHours()
		last := opens[len(opens)-1]
		limit, why = 24-last, fmt.Sprintf("a window that opens at %02d:00 would extend into the next UTC day", last)
		if gap := smallestGap(opens); gap < limit {
			limit, why = gap, fmt.Sprintf("windows open only %d hours apart", gap)
		}
	}
	if hours <= limit {
		return nil
	}
	return []Problem{{
		FieldDuration, SeverityError,
		fmt.Sprintf("The duration %q is too long for %q: %s.", duration, e.text, why),
		fmt.Sprintf(`Write at most "%dh".`, limit),
	}}
}

var (
	charactersPattern = regexp.MustCompile(`^[0-9A-Za-z()#?*/, -]$`)
	digitsPattern     = regexp.MustCompile(`^[0-9]+$`)
	shapePattern      = regexp.MustCompile(`(?i)^ *(rate|cron) *\((.*)\) *$`)
)

const shapeRemedy = `Write "rate(10 days)", "rate(12 hours)" or a cron() expression such as "cron(0 16 1,15 * ? *)".`

func (e *Expression) parse() error {
	if e.text == "" {
		return &Error{"The schedule expression is empty.", shapeRemedy}
	}
	if len(e.text) > maxLength {
		return &Error{fmt.Sprintf("The schedule expression is longer than %d characters.", maxLength), shapeRemedy}
	}
	for _, r := range e.text {
		if charactersPattern.MatchString(string(r)) {
			continue
		}
		message := fmt.Sprintf("The schedule expression %q contains %q, which schedules cannot contain.", e.text, r)
		if r >= '\u2010' && r <= '\u2015' || r == '\u2212' {
			return &Error{message, `It is a dash; write a range with the hyphen of the keyboard, as in "1-15".`}
		}
		return &Error{message, "Remove it."}
	}
	m := shapePattern.FindStringSubmatch(e.text)
	if m == nil {
		return &Error{fmt.Sprintf("The schedule expression %q is neither rate(…) nor cron(…).", e.text), shapeRemedy}
	}
	name, fields := m[1], strings.Fields(m[2])
	if name != strings.ToLower(name) {
		e.warn("the name is documented in lower case only", fmt.Sprintf("Write %q.", strings.ToLower(name)))
	}
	// Only the one spelling of every name and space is documented.
	if plain := name + "(" + strings.Join(fields, " ") + ")"; plain != e.text {
		e.warn("spaces are documented only one by one between the fields", fmt.Sprintf("Write %q.", plain))
	}
	if strings.EqualFold(name, "rate") {
		return e.parseRate(fields)
	}
	e.kind = cron
	return e.parseCron(fields)
}

func (e *Expression) parseRate(fields []string) error {
	if len(fields) != 2 || !digitsPattern.MatchString(strings.TrimPrefix(fields[0], "-")) {
		return &Error{fmt.Sprintf("%q is not a number and a unit in rate().", e.text), `Write "rate(10 days)" or "rate(12 hours)".`}
	}
	value, unit := atoi(fields[0]), fields[1]
	if len(fields[0]) > 1 && fields[0][0] == '0' {
		e.warn("numbers with a leading zero are not documented", "Leave the zero out.")
	}
	if lower := strings.ToLower(unit); lower != unit {
		e.warn("units are documented in lower case only", fmt.Sprintf("Write %q.", lower))
		unit = lower
	}
	e.every = value
	singular := unit == "hour" || unit == "day"
	switch unit {
	case "hour", "hours":
		e.kind = rateHours
		if value < MinRateHours || value > MaxRateHours {
			remedy := `Write "rate(4 hours)" up to "rate(23 hours)".`
			if value > MaxRateHours {
				remedy = fmt.Sprintf(`Write days, as in "%s", or "rate(23 hours)" at most.`, ratePlural((value+12)/24))
			}
			return &Error{fmt.Sprintf("%q is not between 4 and 23 hours.", e.text), remedy}
		}
	case "day", "days":
		e.kind = rateDays
		if value < 1 || value > MaxRateDays {
			return &Error{fmt.Sprintf("%q is not between 1 and 999 days.", e.text), `Write "rate(1 day)" up to "rate(999 days)".`}
		}
	default:
		return &Error{fmt.Sprintf("%q has the unit %q, but rates are in hours or days.", e.text, fields[1]), `Write "rate(10 days)" or "rate(12 hours)".`}
	}
	if singular != (value == 1) {
		e.warn("the unit is documented in the singular for one and in the plural for more", "Write the unit accordingly.")
	}
	return nil
}

func ratePlural(days int) string {
	if days == 1 {
		return "rate(1 day)"
	}
	return fmt.Sprintf("rate(%d days)", min(days, MaxRateDays))
}

// warn records what AWS does not document, once each.
func (e *Expression) warn(reason, remedy string) {
	w := Error{fmt.Sprintf("Secrets Manager may refuse %q: %s.", e.text, reason), remedy}
	if !slices.Contains(e.warnings, w) {
		e.warnings = append(e.warnings, w)
	}
}

// atoi reads decimal digits, with a hyphen before them at most. Numbers too large for any limit become one that is.
func atoi(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > 1_000_000 {
		return 1_000_000
	}
	return n
}
