package schedule

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestWindows(t *testing.T) {
	t.Parallel()
	const layout = "2006-01-02T15:04"
	tests := []struct {
		name       string
		expression string
		duration   time.Duration
		after      string
		want       []string // start and end of each, in turn
	}{
		{"rate in hours", "rate(4 hours)", 0, "2026-01-22T10:37", []string{"2026-01-22T14:00", "2026-01-22T15:00", "2026-01-22T18:00", "2026-01-22T19:00"}},
		{"rate in days opens at midnight", "rate(30 days)", 0, "2026-01-22T06:42", []string{"2026-02-21T00:00", "2026-02-22T00:00", "2026-03-23T00:00", "2026-03-24T00:00"}},
		{"duration", "rate(1 day)", 3 * time.Hour, "2024-02-28T00:00", []string{"2024-02-29T00:00", "2024-02-29T03:00"}},
		{"weekday number", "cron(0 0 ? * 2 *)", 0, "2023-10-16T01:00", []string{"2023-10-23T00:00", "2023-10-24T00:00"}},
		{"every day", "cron(0 10 * * ? *)", 0, "2026-12-31T10:00", []string{"2027-01-01T10:00", "2027-01-02T00:00"}},
		{"increment without start", "cron(0 /8 * * ? *)", 0, "2026-05-01T07:00", []string{"2026-05-01T08:00", "2026-05-01T09:00", "2026-05-01T16:00", "2026-05-01T17:00", "2026-05-02T00:00", "2026-05-02T01:00"}},
		{"increments start anew each day", "cron(0 2/10 * * ? *)", 2 * time.Hour, "2026-05-01T20:00", []string{"2026-05-01T22:00", "2026-05-02T00:00", "2026-05-02T02:00", "2026-05-02T04:00"}},
		{"last day of month", "cron(0 17 L * ? *)", 7 * time.Hour, "2028-01-31T17:00", []string{"2028-02-29T17:00", "2028-03-01T00:00", "2028-03-31T17:00", "2028-04-01T00:00"}},
		{"before the last day", "cron(0 17 L-2 2 ? *)", time.Hour, "2028-01-01T00:00", []string{"2028-02-27T17:00", "2028-02-27T18:00", "2029-02-26T17:00", "2029-02-26T18:00"}},
		{"days 31 skip short months", "cron(0 1 31 * ? *)", time.Hour, "2026-03-31T01:00", []string{"2026-05-31T01:00", "2026-05-31T02:00"}},
		{"leap day over a century", "cron(0 1 29 2 ? *)", time.Hour, "2096-03-01T00:00", []string{"2104-02-29T01:00", "2104-02-29T02:00"}},
		{"list of days", "cron(0 16 1,15 * ? *)", 2 * time.Hour, "2026-02-02T00:00", []string{"2026-02-15T16:00", "2026-02-15T18:00", "2026-03-01T16:00", "2026-03-01T18:00"}},
		{"first Sunday of every third month", "cron(0 1 ? 1/3 SUN#1 *)", time.Hour, "2026-01-04T01:00", []string{"2026-04-05T01:00", "2026-04-05T02:00", "2026-07-05T01:00", "2026-07-05T02:00"}},
		{"fifth weekday", "cron(0 1 ? * MON#5 *)", time.Hour, "2026-03-31T00:00", []string{"2026-06-29T01:00", "2026-06-29T02:00"}},
		{"fifth Monday of February", "cron(0 1 ? 2 MON#5 *)", time.Hour, "2072-03-01T00:00", []string{"2112-02-29T01:00", "2112-02-29T02:00"}},
		{"last weekday of month", "cron(0 11 ? 3,6,9,12 3L *)", time.Hour, "2026-03-01T00:00", []string{"2026-03-31T11:00", "2026-03-31T12:00", "2026-06-30T11:00", "2026-06-30T12:00"}},
		{"L is Saturday", "cron(0 5 ? * L *)", time.Hour, "2026-05-01T00:00", []string{"2026-05-02T05:00", "2026-05-02T06:00"}},
		{"names in ranges", "cron(0 8 ? * MON-FRI *)", time.Hour, "2026-05-01T09:00", []string{"2026-05-04T08:00", "2026-05-04T09:00"}},
		{"range past the end", "cron(0 8 ? * SAT-SUN *)", time.Hour, "2026-05-01T09:00", []string{"2026-05-02T08:00", "2026-05-02T09:00", "2026-05-03T08:00", "2026-05-03T09:00", "2026-05-09T08:00", "2026-05-09T09:00"}},
		{"step in a range of months", "cron(0 3 1/15 JAN-MAR ? *)", time.Hour, "2026-03-02T00:00", []string{"2026-03-16T03:00", "2026-03-16T04:00", "2026-03-31T03:00", "2026-03-31T04:00", "2027-01-01T03:00", "2027-01-01T04:00"}},
		{"never", "cron(0 10 31 2 ? *)", 0, "2026-01-01T00:00", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, err := Parse(test.expression)
			if err != nil {
				t.Fatal(err)
			}
			after := at(t, test.after)
			windows := e.Windows(after, test.duration, max(1, len(test.want)/2))
			checkWindows(t, e, after, test.duration, windows)
			var got []string
			for _, w := range windows {
				got = append(got, w.Start.Format(layout), w.End.Format(layout))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLatest compares with values of NextRotationDate that DescribeSecret is known to have returned.
func TestLatest(t *testing.T) {
	t.Parallel()
	monday, err := Parse("cron(0 0 ? * 2 *)")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		expression  Expression
		last, lates string
	}{
		{Days(30), "2026-01-22T06:42:00Z", "2026-02-21T23:59:59Z"},
		{Days(30), "2024-02-22T07:16:00Z", "2024-03-23T23:59:59Z"},
		{monday, "2023-10-16T00:30:00Z", "2023-10-23T23:59:59Z"},
	}
	for _, test := range tests {
		last, err := time.Parse(time.RFC3339, test.last)
		if err != nil {
			t.Fatal(err)
		}
		windows := test.expression.Windows(last, 0, 1)
		if got := windows[0].Latest().Format(time.RFC3339); got != test.lates {
			t.Errorf("%v after %s: latest moment is %s, want %s", test.expression, test.last, got, test.lates)
		}
	}
}

func TestWindowsTakeAnyZone(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("UTC+14", 14*60*60)
	after := time.Date(2026, time.May, 2, 1, 0, 0, 0, zone) // still the first of May in UTC
	for _, expression := range []string{"rate(1 day)", "rate(5 hours)", "cron(0 12 * * ? *)"} {
		e, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.Windows(after.UTC(), 0, 3), e.Windows(after, 0, 3)); diff != "" {
			t.Errorf("%s depends on the zone: %s", expression, diff)
		}
	}
}

func TestNoWindows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.May, 2, 0, 0, 0, 0, time.UTC)
	if got := (Expression{}).Windows(now, 0, 3); got != nil {
		t.Errorf("the zero expression has windows: %v", got)
	}
	for _, n := range []int{0, -1} {
		if got := Days(1).Windows(now, 0, n); got != nil {
			t.Errorf("%d windows are %v", n, got)
		}
	}
}

func TestWindowProperties(t *testing.T) {
	t.Parallel()
	start := time.Date(2023, time.December, 30, 22, 15, 0, 0, time.UTC)
	for _, r := range documented {
		e, err := Parse(r.expression)
		if err != nil {
			t.Fatal(err)
		}
		length := time.Duration(0)
		if r.duration != "" {
			if length, err = ParseDuration(r.duration); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 200 {
			after := start.Add(time.Duration(i) * 61 * time.Hour)
			windows := e.Windows(after, length, 6)
			if len(windows) != 6 {
				t.Fatalf("%s after %v has %d windows", r.expression, after, len(windows))
			}
			checkWindows(t, e, after, length, windows)
		}
	}
}

// checkWindows checks what holds for the windows of every schedule that Check accepts.
func checkWindows(t *testing.T, e Expression, after time.Time, length time.Duration, windows []Window) {
	t.Helper()
	previous := Window{End: after}
	for _, w := range windows {
		if w.Start.Location() != time.UTC || !w.Start.Equal(w.Start.Truncate(time.Hour)) {
			t.Fatalf("%s: %v does not open on the hour in UTC", e, w.Start)
		}
		if w.Start.Before(previous.End) || !w.Start.After(after) || !w.Start.Before(w.End) {
			t.Fatalf("%s: %v is not after %v", e, w, previous)
		}
		if length > 0 && w.End.Sub(w.Start) != length {
			t.Fatalf("%s: %v does not last %v", e, w, length)
		}
		if e.kind != rateHours && w.Latest().Format(time.DateOnly) != w.Start.Format(time.DateOnly) {
			t.Fatalf("%s: %v is not inside one UTC day", e, w)
		}
		previous = w
	}
}

// TestCronAgainstCalendar compares the days of the month with a search through a calendar, day by day.
func TestCronAgainstCalendar(t *testing.T) {
	t.Parallel()
	tests := map[string]func(time.Time) bool{
		"cron(0 4 ? * TUE#3 *)": func(d time.Time) bool { return d.Weekday() == time.Tuesday && d.Day() >= 15 && d.Day() <= 21 },
		"cron(0 4 ? * 6L *)":    func(d time.Time) bool { return d.Weekday() == time.Friday && d.AddDate(0, 0, 7).Month() != d.Month() },
		"cron(0 4 L * ? *)":     func(d time.Time) bool { return d.AddDate(0, 0, 1).Day() == 1 },
		"cron(0 4 ? * SUN,4 *)": func(d time.Time) bool { return d.Weekday() == time.Sunday || d.Weekday() == time.Wednesday },
		"cron(0 4 5-9,L 2/5 ? *)": func(d time.Time) bool {
			return slices.Contains([]time.Month{2, 7, 12}, d.Month()) && (d.Day() >= 5 && d.Day() <= 9 || d.AddDate(0, 0, 1).Day() == 1)
		},
		"cron(0 4 10-25/5 * ? *)":   func(d time.Time) bool { return slices.Contains([]int{10, 15, 20, 25}, d.Day()) },
		"cron(0 4 1 JUN,SEP ? *)":   func(d time.Time) bool { return d.Day() == 1 && (d.Month() == time.June || d.Month() == time.September) },
		"cron(0 4 ? NOV-FEB SAT *)": func(d time.Time) bool { return d.Weekday() == time.Saturday && (d.Month() >= 11 || d.Month() <= 2) },
	}
	for expression, fires := range tests {
		e, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2023, time.November, 1, 0, 0, 0, 0, time.UTC)
		until := from.AddDate(6, 0, 0)
		var want []time.Time
		for d := from; d.Before(until); d = d.AddDate(0, 0, 1) {
			if fires(d) {
				want = append(want, d.Add(4*time.Hour))
			}
		}
		var got []time.Time
		for _, w := range e.Windows(from, time.Hour, len(want)) {
			got = append(got, w.Start)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", expression, diff)
		}
	}
}
