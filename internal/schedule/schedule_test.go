package schedule

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type row struct{ expression, duration string }

// documented are expressions that the user guide describes or that are known to be in use.
var documented = []row{
	{"rate(4 hours)", ""},
	{"rate(12 hours)", ""},
	{"rate(23 hours)", "1h"},
	{"rate(10 hours)", "10h"},
	{"rate(4 hours)", "4h"},
	{"rate(1 day)", ""},
	{"rate(10 days)", ""},
	{"rate(30 days)", "3h"},
	{"rate(999 days)", ""},
	{"rate(7 days)", "24h"},
	{"cron(0 /8 * * ? *)", ""},
	{"cron(0 8/8 * * ? *)", ""},
	{"cron(0 2/10 * * ? *)", "2h"},
	{"cron(0 4/12 * * ? *)", ""},
	{"cron(0 0/4 * * ? *)", "4h"},
	{"cron(0 10 * * ? *)", ""},
	{"cron(0 18 ? * SAT *)", ""},
	{"cron(0 8 1 * ? *)", "16h"},
	{"cron(0 1 ? 1/3 SUN#1 *)", ""},
	{"cron(0 17 L * ? *)", "7h"},
	{"cron(0 8 ? * MON-FRI *)", ""},
	{"cron(0 16 1,15 * ? *)", "2h"},
	{"cron(0 0 ? * SUN#1 *)", "24h"},
	{"cron(0 0 ? 1/11 2#1 *)", ""},
	{"cron(0 0 ? * 2 *)", ""},
	{"cron(0 11 ? 1,4,7,10 3#1 *)", ""},
	{"cron(0 10 ? FEB,MAY,AUG,NOV TUE#2 *)", ""},
	{"cron(0 3 1-7 * ? *)", ""},
	{"cron(0 3 1/2 JAN-MAR ? *)", ""},
	{"cron(0 23 * * ? *)", "1h"},
	{"cron(0 5 ? * L *)", ""},
	{"cron(0 11 ? 3,6,9,12 3L *)", ""},
	{"cron(0 0 ? * * *)", ""},
	{"cron(0 12 1 1 ? *)", ""},
}

type refusal struct {
	row
	field, reason string
}

// refused are expressions and durations that the user guide excludes, with the argument to blame and a part of the reason.
var refused = []refusal{
	{row{"rate(3 hours)", ""}, FieldExpression, "between 4 and 23 hours"},
	{row{"rate(1 hour)", ""}, FieldExpression, "between 4 and 23 hours"},
	{row{"rate(0 days)", ""}, FieldExpression, "between 1 and 999 days"},
	{row{"rate(24 hours)", ""}, FieldExpression, "rate(1 day)"},
	{row{"rate(48 hours)", ""}, FieldExpression, "rate(2 days)"},
	{row{"rate(1000 days)", ""}, FieldExpression, "between 1 and 999 days"},
	{row{"rate(-1 days)", ""}, FieldExpression, "between 1 and 999 days"},
	{row{"rate(1.5 days)", ""}, FieldExpression, "'.'"},
	{row{"rate(30 minutes)", ""}, FieldExpression, `unit "minutes"`},
	{row{"rate(1 week)", ""}, FieldExpression, `unit "week"`},
	{row{"rate(days)", ""}, FieldExpression, "a number and a unit"},
	{row{"rate(10days)", ""}, FieldExpression, "a number and a unit"},
	{row{"rate 10 days", ""}, FieldExpression, "neither rate(…) nor cron(…)"},
	{row{"10 days", ""}, FieldExpression, "neither rate(…) nor cron(…)"},
	{row{"", ""}, FieldExpression, "empty"},
	{row{"cron(30 10 * * ? *)", ""}, FieldExpression, "Write 0 for the minutes"},
	{row{"cron(* 10 * * ? *)", ""}, FieldExpression, "Write 0 for the minutes"},
	{row{"cron(0/30 10 * * ? *)", ""}, FieldExpression, "Write 0 for the minutes"},
	{row{"cron(0 10 * * ?)", ""}, FieldExpression, "has 5 fields"},
	{row{"cron(0 10 * * ? * *)", ""}, FieldExpression, "has 7 fields"},
	{row{"0 10 * * ? *", ""}, FieldExpression, "neither rate(…) nor cron(…)"},
	{row{"cron(0 10 * * * *)", ""}, FieldExpression, "? in exactly one"},
	{row{"cron(0 10 ? * ? *)", ""}, FieldExpression, "? in exactly one"},
	{row{"cron(0 10 15 * MON *)", ""}, FieldExpression, "? in exactly one"},
	{row{"cron(0 10 * * ? 2027)", ""}, FieldExpression, "Write * for the year"},
	{row{"cron(0 24 * * ? *)", ""}, FieldExpression, "0 to 23"},
	{row{"cron(0 * * * ? *)", ""}, FieldExpression, "opens windows 1 hour apart"},
	{row{"cron(0 0/3 * * ? *)", ""}, FieldExpression, "opens windows 3 hours apart"},
	{row{"cron(0 */1 * * ? *)", ""}, FieldExpression, "opens windows 1 hour apart"},
	{row{"cron(0 8,10 * * ? *)", ""}, FieldExpression, "opens windows 2 hours apart"},
	{row{"cron(0 8-17 * * ? *)", ""}, FieldExpression, "opens windows 1 hour apart"},
	{row{"cron(0 10 32 * ? *)", ""}, FieldExpression, "1 to 31"},
	{row{"cron(0 10 0 * ? *)", ""}, FieldExpression, "1 to 31"},
	{row{"cron(0 10 1 13 ? *)", ""}, FieldExpression, "JAN to DEC"},
	{row{"cron(0 10 1 FOO ? *)", ""}, FieldExpression, "JAN to DEC"},
	{row{"cron(0 10 ? * 8 *)", ""}, FieldExpression, "SUN to SAT"},
	{row{"cron(0 10 ? * 0 *)", ""}, FieldExpression, "Sunday is 1, not 0"},
	{row{"cron(0 10 ? * MON#6 *)", ""}, FieldExpression, "a number from 1 to 5"},
	{row{"cron(0 10 15W * ? *)", ""}, FieldExpression, "has no W"},
	{row{"cron(0 10 1–15 * ? *)", ""}, FieldExpression, "the hyphen of the keyboard"},
	{row{"cron(0 10 * * ? *);", ""}, FieldExpression, "';'"},
	{row{"rate(4 hours)", "5h"}, FieldDuration, `at most "4h"`},
	{row{"rate(7 days)", "0h"}, FieldDuration, "between one and 24 hours"},
	{row{"rate(7 days)", "25h"}, FieldDuration, "between one and 24 hours"},
	{row{"rate(7 days)", "3"}, FieldDuration, "number of hours"},
	{row{"rate(7 days)", "3 h"}, FieldDuration, "number of hours"},
	{row{"rate(7 days)", "90m"}, FieldDuration, "number of hours"},
	{row{"rate(7 days)", "100h"}, FieldDuration, "between one and 24 hours"},
	{row{"cron(0 22 * * ? *)", "3h"}, FieldDuration, `at most "2h"`},
	{row{"cron(0 0/8 * * ? *)", "9h"}, FieldDuration, `at most "8h"`},
	{row{"cron(0 2/10 * * ? *)", "3h"}, FieldDuration, `at most "2h"`},
}

// refusedToo are more of the kind of refused.
var refusedToo = []refusal{
	{row{"cron(0 10 ? * MON#0 *)", ""}, FieldExpression, "a number from 1 to 5"},
	{row{"cron(0 10 1, * ? *)", ""}, FieldExpression, "1 to 31"},
	{row{"cron(0 10/0 * * ? *)", ""}, FieldExpression, "not a positive number"},
	{row{"cron(0 ? * * ? *)", ""}, FieldExpression, "? is only for"},
	{row{"cron(0 10 1 * ? *)" + strings.Repeat(" ", 256), ""}, FieldExpression, "longer than 256"},
	{row{"rate(99999999999999999999 days)", ""}, FieldExpression, "between 1 and 999 days"},
	{row{"rate(10 days)\n", ""}, FieldExpression, `'\n'`},
	{row{"rate(+4 hours)", ""}, FieldExpression, "'+'"},
	{row{"rate(4 hours", ""}, FieldExpression, "neither rate(…) nor cron(…)"},
	{row{"rate(4 hours hours)", ""}, FieldExpression, "a number and a unit"},
	{row{"rate(23 hours)", "24h"}, FieldDuration, `at most "23h"`},
	{row{"cron(0 10 L * ? *)", "15h"}, FieldDuration, `at most "14h"`},
	{row{"cron(0 10 LW * ? *)", ""}, FieldExpression, "has no W"},
	{row{"cron(0 10 L-31 * ? *)", ""}, FieldExpression, "1 to 31"},
	{row{"cron(0 10 ? * #2 *)", ""}, FieldExpression, "a number from 1 to 5"},
	{row{"cron(0 10 ? * 8L *)", ""}, FieldExpression, "SUN to SAT"},
	{row{"cron(0 10 ?,3 * ? *)", ""}, FieldExpression, "? is only for"},
	{row{"cron(0 10 1-7-9 * ? *)", ""}, FieldExpression, "1 to 31"},
	{row{"cron(0 10 1/ * ? *)", ""}, FieldExpression, "not a positive number"},
	{row{"rate(7 days)", "-1h"}, FieldDuration, "number of hours"},
	{row{"rate(7 days)", "1H"}, FieldDuration, "number of hours"},
	{row{"rate(7 days)", "024h"}, FieldDuration, "between one and 24 hours"},
	{row{"rate(7 days)", "9999999999999999999999h"}, FieldDuration, "between one and 24 hours"},
}

// undocumented are expressions that AWS may accept.
var undocumented = []string{
	"rate(1 days)",
	"rate(4 hour)",
	"rate(010 days)",
	"RATE(4 hours)",
	"rate(4 HOURS)",
	"rate(4  hours)",
	"rate( 4 hours )",
	"cron(0 8,20 * * ? *)",
	"cron(0 */8 * * ? *)",
	"cron(0 0/7 * * ? *)",
	"cron(0 0/23 * * ? *)",
	"cron(0 8/24 * * ? *)",
	"cron(00 8 * * ? *)",
	"cron(0 10 ? * mon *)",
	"cron(0 10 31 2 ? *)",
	"cron(0 10 ? * FRI-MON *)",
	"cron(0 10 ? * MON#1,MON#3 *)",
	"cron(0 10 L-2 * ? *)",
}

// TestTables keeps rows from getting lost.
func TestTables(t *testing.T) {
	t.Parallel()
	if len(documented) != 34 || len(refused) != 51 {
		t.Errorf("%d documented and %d refused rows", len(documented), len(refused))
	}
}

func TestCheckAcceptsDocumented(t *testing.T) {
	t.Parallel()
	for _, r := range documented {
		if problems := Check(r.expression, r.duration); len(problems) > 0 {
			t.Errorf("Check(%q, %q) = %+v", r.expression, r.duration, problems)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for _, r := range slices.Concat(refused, refusedToo) {
		problems := Check(r.expression, r.duration)
		if len(problems) != 1 || problems[0].Severity != SeverityError || problems[0].Field != r.field {
			t.Errorf("Check(%q, %q) = %+v, want one error on %s", r.expression, r.duration, problems, r.field)
			continue
		}
		if p := problems[0]; !strings.Contains(p.Message+" "+p.Remedy, r.reason) || p.Remedy == "" {
			t.Errorf("Check(%q, %q) = %+v, want it to say %q and a remedy", r.expression, r.duration, p, r.reason)
		}
	}
}

func TestCheckWarnsOfUndocumented(t *testing.T) {
	t.Parallel()
	for _, expression := range undocumented {
		problems := Check(expression, "")
		if len(problems) != 1 || problems[0].Severity != SeverityWarning || problems[0].Field != FieldExpression || problems[0].Remedy == "" {
			t.Errorf("Check(%q) = %+v, want one warning", expression, problems)
		}
	}
}

func TestCheckDurationInUnevenGaps(t *testing.T) {
	t.Parallel()
	for duration, want := range map[string]string{"4h": "", "5h": "windows open only 4 hours apart"} {
		got := ""
		for _, p := range Check("cron(0 0,4,12 * * ? *)", duration) {
			if p.Severity == SeverityError {
				got += p.Message
			}
		}
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", duration, got, want)
		}
	}
}

func TestCheckReportsBothArguments(t *testing.T) {
	t.Parallel()
	got := Check("rate(3 hours)", "90m")
	var fields []string
	for _, p := range got {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{FieldExpression, FieldDuration}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestCheckDays(t *testing.T) {
	t.Parallel()
	tests := []struct {
		days     int64
		duration string
		field    string
	}{
		{1, "", ""},
		{30, "24h", ""},
		{1000, "1h", ""},
		{0, "", FieldDays},
		{-5, "", FieldDays},
		{1001, "", FieldDays},
		{30, "25h", FieldDuration},
		{30, "h", FieldDuration},
	}
	for _, test := range tests {
		got := ""
		for _, p := range CheckDays(test.days, test.duration) {
			if p.Severity != SeverityError || p.Message == "" || p.Remedy == "" {
				t.Errorf("CheckDays(%d, %q) has the incomplete problem %+v", test.days, test.duration, p)
			}
			got += p.Field
		}
		if got != test.field {
			t.Errorf("CheckDays(%d, %q) blames %q, want %q", test.days, test.duration, got, test.field)
		}
	}
}

func TestParseErrorType(t *testing.T) {
	t.Parallel()
	_, err := Parse("10 days")
	if e, ok := errors.AsType[*Error](err); !ok || !strings.HasPrefix(err.Error(), e.Message) {
		t.Errorf("Parse returns %#v, want an *Error", err)
	}
	_, err = ParseDuration("")
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Errorf("ParseDuration returns %#v, want an *Error", err)
	}
	if e, err := Parse("rate(10 days)"); err != nil || e.String() != "rate(10 days)" {
		t.Errorf("Parse = %v, %v", e, err)
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"1h": time.Hour, "24h": 24 * time.Hour, "3h": 3 * time.Hour} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range documented {
		f.Add(r.expression, r.duration)
	}
	for _, r := range slices.Concat(refused, refusedToo) {
		f.Add(r.expression, r.duration)
	}
	for _, expression := range undocumented {
		f.Add(expression, "")
	}
	after := time.Date(2024, time.February, 28, 23, 59, 59, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression, duration string) {
		problems := Check(expression, duration)
		failed := false
		for _, p := range problems {
			failed = failed || p.Severity == SeverityError
			if p.Message == "" || p.Remedy == "" || p.Field == "" {
				t.Errorf("Check(%q, %q) has the incomplete problem %+v", expression, duration, p)
			}
		}
		e, err := Parse(expression)
		if err != nil {
			if !failed {
				t.Fatalf("Check(%q) hides the error %v", expression, err)
			}
			return
		}
		if failed {
			return
		}
		length := time.Duration(0)
		if duration != "" {
			if length, err = ParseDuration(duration); err != nil {
				t.Fatal(err)
			}
		}
		checkWindows(t, e, after, length, e.Windows(after, length, 5))
	})
}
