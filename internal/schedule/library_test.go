package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/cronexpr"
)

// forLibrary translates a cron() expression that Parse reads for cronexpr, which is an independent implementation; false if the two have
// no form in common. These have none:
//
//   - ranges that go past the end, such as FRI-MON: cronexpr takes them for empty;
//   - L-3 in day-of-month: cronexpr does not know it;
//   - increments beyond the last value of the field: cronexpr refuses them.
//
// cronexpr counts Sunday as 0 rather than 1, has no L alone in day-of-week and no increment without a start, and wants seconds.
// Numbers with more than one leading zero are unknown to it.
func forLibrary(expression string) (string, bool) {
	_, inner, _ := strings.Cut(strings.TrimRight(expression, " )"), "(")
	fields := strings.Fields(inner) // The minutes are always 0.
	for i, f := range []field{hoursField, daysField, monthsField, weekdaysField} {
		items := strings.Split(fields[i+1], ",")
		for j, item := range items {
			translated, ok := itemForLibrary(f, item)
			if !ok {
				return "", false
			}
			items[j] = translated
		}
		fields[i+1] = strings.Join(items, ",")
	}
	return "0 0 " + strings.Join(fields[1:], " "), true
}

func itemForLibrary(f field, item string) (string, bool) {
	zero := 0 // what the first value is less in cronexpr
	if f.name == weekdaysField.name {
		zero = 1
	}
	number := func(s string) int {
		if i := slices.Index(f.names, strings.ToUpper(s)); i >= 0 {
			return i + f.min
		}
		n, _ := strconv.Atoi(s)
		return n
	}
	switch {
	case item == "?" || item == "*" || item == "L" && f.name == daysField.name:
		return item, true
	case strings.HasPrefix(item, "L-"):
		return "", false
	case item == "L":
		return strconv.Itoa(f.max - zero), true
	case strings.Contains(item, "#"):
		day, n, _ := strings.Cut(item, "#")
		return fmt.Sprintf("%d#%s", number(day)-zero, n), true
	case f.name == weekdaysField.name && strings.HasSuffix(item, "L"):
		return fmt.Sprintf("%dL", number(strings.TrimSuffix(item, "L"))-zero), true
	}
	start, increment, stepped := strings.Cut(item, "/")
	low, high, ranged := strings.Cut(start, "-")
	first, last := number(low), number(high)
	switch {
	case start == "*" || start == "":
		first, last = f.min, f.max
	case !ranged && stepped:
		last = f.max
	case !ranged:
		last = first
	}
	if last < first || number(increment) > f.max-zero {
		return "", false
	}
	if first == last { // cronexpr takes 0-0 for the whole week.
		return strconv.Itoa(first - zero), true
	}
	translated := fmt.Sprintf("%d-%d", first-zero, last-zero)
	if stepped {
		translated += "/" + strconv.Itoa(number(increment))
	}
	return translated, true
}

// libraryEnd is where cronexpr stops.
var libraryEnd = time.Date(2099, time.January, 1, 0, 0, 0, 0, time.UTC)

// compareWithLibrary compares the starts of the next n windows before libraryEnd.
func compareWithLibrary(t *testing.T, e Expression, translated string, n int, moments ...time.Time) {
	t.Helper()
	library, err := cronexpr.Parse(translated)
	if err != nil {
		t.Fatalf("%s is not %q to the library: %v", e, translated, err)
	}
	for _, after := range moments {
		var want, got []time.Time
		for _, moment := range library.NextN(after, uint(n)) {
			if moment.Before(libraryEnd) {
				want = append(want, moment)
			}
		}
		for _, w := range e.Windows(after, time.Hour, n) {
			if w.Start.Before(libraryEnd) {
				got = append(got, w.Start)
			}
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s is %q after %v: %s", e, translated, after, cmp.Diff(want, got))
		}
	}
}

// generator makes cron() expressions of all documented forms, and some more.
type generator struct{ *rand.Rand }

func (g generator) value(f field) string {
	n := g.IntN(f.max - f.min + 1)
	if len(f.names) > 0 && g.IntN(2) == 0 {
		return f.names[n]
	}
	return strconv.Itoa(f.min + n)
}

func (g generator) item(f field) string {
	increment := strconv.Itoa(1 + g.IntN(f.max-f.min))
	low := f.min + g.IntN(f.max-f.min+1)
	high := low + g.IntN(f.max-low+1)
	switch g.IntN(9) {
	case 0:
		return "*/" + increment
	case 1:
		return "/" + increment
	case 2:
		return g.value(f) + "/" + increment
	case 3:
		return fmt.Sprintf("%d-%d", low, high)
	case 4:
		return fmt.Sprintf("%d-%d/%s", low, high, increment)
	case 5:
		if len(f.names) > 0 {
			return f.names[low-f.min] + "-" + f.names[high-f.min]
		}
		return "*"
	case 6:
		if f.name == daysField.name || f.name == weekdaysField.name {
			return "L"
		}
		return g.value(f)
	case 7:
		if f.name == weekdaysField.name {
			return g.value(f) + []string{"L", "#1", "#2", "#3", "#4", "#5"}[g.IntN(6)]
		}
		return g.value(f)
	}
	return g.value(f)
}

func (g generator) list(f field) string {
	if g.IntN(6) == 0 {
		return "*"
	}
	items := make([]string, 1+g.IntN(3))
	for i := range items {
		items[i] = g.item(f)
	}
	return strings.Join(items, ",")
}

func (g generator) hours() string {
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("%d/%d", g.IntN(24), 4+g.IntN(20))
	case 1:
		return fmt.Sprintf("/%d", 4+g.IntN(20))
	case 2:
		return fmt.Sprintf("%d,%d", g.IntN(8), 12+g.IntN(12))
	}
	return strconv.Itoa(g.IntN(24))
}

func (g generator) expression() string {
	days, weekdays := g.list(daysField), "?"
	if g.IntN(2) == 0 {
		days, weekdays = "?", g.list(weekdaysField)
	}
	return fmt.Sprintf("cron(0 %s %s %s %s *)", g.hours(), days, g.list(monthsField), weekdays)
}

// moment returns any moment between 2020 and 2060.
func (g generator) moment() time.Time {
	return time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(g.IntN(40*365*24*60)) * time.Minute)
}

// TestCronAgainstLibrary compares with cronexpr what both know, from moments around leap days, ends of months and years, and from any.
func TestCronAgainstLibrary(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(2026, 11))}
	moments := []time.Time{
		time.Date(2023, time.December, 31, 23, 0, 0, 0, time.UTC),
		time.Date(2024, time.February, 28, 12, 30, 0, 0, time.UTC),
		time.Date(2027, time.February, 28, 23, 59, 59, 0, time.UTC),
		time.Date(2032, time.April, 30, 0, 0, 0, 0, time.UTC),
	}
	expressions := append([]string{"cron(0 10 30 2 ? *)", "cron(0 10 31 4,6,SEP/2 ? *)"}, undocumented...)
	for _, r := range documented {
		expressions = append(expressions, r.expression)
	}
	for range 1500 {
		expressions = append(expressions, g.expression())
	}
	compared, never := 0, 0
	for _, expression := range expressions {
		e, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		translated, ok := "", false
		if e.kind == cron {
			translated, ok = forLibrary(expression)
		}
		if !ok {
			continue
		}
		compared++
		if len(e.Windows(moments[0], 0, 1)) == 0 {
			never++
		}
		compareWithLibrary(t, e, translated, 25, append(moments, g.moment())...)
	}
	if compared < 1500 || never < 3 {
		t.Errorf("%d expressions were compared, %d of them never fire", compared, never)
	}
	t.Logf("%d expressions compared, %d of them never fire", compared, never)
}

// TestLibraryIsAsked shows that the comparison can fail.
func TestLibraryIsAsked(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"cron(0 8 ? * 1-6 *)":            "0 0 8 ? * 0-5 *",
		"cron(0 8/8 ? JAN/3 SUN#2 *)":    "0 0 8-23/8 ? 1-12/3 0#2 *",
		"cron(0 /8 L,3-5/2 * ? *)":       "0 0 0-23/8 L,3-5/2 * ? *",
		"cron(0 0 ? * L,TUE,FRIL,*/2 *)": "0 0 0 ? * 6,2,5L,0-6/2 *",
		"cron(0 0 ? * SUN-SUN *)":        "0 0 0 ? * 0 *",
		"cron(0 10 L-2 * ? *)":           "",
		"cron(0 10 ? * FRI-MON *)":       "",
		"cron(0 8/24 * * ? *)":           "",
	} {
		if got, ok := forLibrary(expression); got != want || ok != (want != "") {
			t.Errorf("%s is %q, %v to the library, want %q", expression, got, ok, want)
		}
	}
}

func FuzzCronAgainstLibrary(f *testing.F) {
	for _, r := range documented {
		f.Add(r.expression, int64(0))
	}
	for _, expression := range undocumented {
		f.Add(expression, int64(1_835_395_199)) // The last second of 28 February 2028.
	}
	g := generator{rand.New(rand.NewPCG(1, 2))}
	for range 100 {
		f.Add(g.expression(), g.moment().Unix())
	}
	f.Fuzz(func(t *testing.T, expression string, after int64) {
		moment := time.Unix(after, 0).UTC()
		e, err := Parse(expression)
		if err != nil || e.kind != cron || moment.Year() < 1970 || moment.Year() > 2090 {
			return
		}
		if translated, ok := forLibrary(expression); ok {
			compareWithLibrary(t, e, translated, 10, moment)
		}
	})
}

// TestGeneratedWindows checks the properties of windows with every duration, and that Check refuses just the durations that break them.
func TestGeneratedWindows(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(7, 7))}
	expressions := []string{}
	for range 200 {
		expressions = append(expressions, g.expression())
	}
	for hours := MinRateHours; hours <= MaxRateHours; hours++ {
		expressions = append(expressions, fmt.Sprintf("rate(%d hours)", hours))
	}
	for range 20 {
		expressions = append(expressions, fmt.Sprintf("rate(%d days)", 2+g.IntN(MaxRateDays-1)))
	}
	accepted, tooLong := 0, 0
	for _, expression := range expressions {
		e, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		after := g.moment()
		checkWindows(t, e, after, 0, e.Windows(after, 0, 60))
		for hours := 1; hours <= 24; hours++ {
			length := time.Duration(hours) * time.Hour
			windows := e.Windows(after, length, 60) // All hours of a day, and the next day.
			ok := !slices.ContainsFunc(Check(expression, fmt.Sprintf("%dh", hours)), func(p Problem) bool { return p.Severity == SeverityError })
			if ok {
				accepted++
				checkWindows(t, e, after, length, windows)
			} else if len(windows) > 0 {
				tooLong++
				if !breaks(e, windows) {
					t.Errorf("%s with %dh is refused, and its windows are fine", expression, hours)
				}
			}
		}
	}
	if accepted < 1000 || tooLong < 1000 {
		t.Errorf("%d durations accepted, %d refused", accepted, tooLong)
	}
}

// breaks reports whether a window reaches into the next one or, unless it is of a rate in hours, into the next day.
func breaks(e Expression, windows []Window) bool {
	for i, w := range windows {
		if e.kind != rateHours && w.Latest().Day() != w.Start.Day() || i > 0 && w.Start.Before(windows[i-1].End) {
			return true
		}
	}
	return false
}

// TestRates checks that rates count from the last rotation.
func TestRates(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(3, 1))}
	for range 2000 {
		last, n := g.moment(), 1+g.IntN(MaxDays)
		day := time.Date(last.Year(), last.Month(), last.Day(), 0, 0, 0, 0, time.UTC)
		for i, w := range Days(int64(n)).Windows(last, 0, 3) {
			want := Window{day.AddDate(0, 0, (i+1)*n), day.AddDate(0, 0, (i+1)*n+1)}
			if w != want {
				t.Fatalf("every %d days after %v: window %d is %v, want %v", n, last, i, w, want)
			}
		}
		hours := MinRateHours + g.IntN(MaxRateHours-MinRateHours+1)
		e, err := Parse(fmt.Sprintf("rate(%d hours)", hours))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range e.Windows(last, 0, 3) {
			opens := last.Truncate(time.Hour).Add(time.Duration((i+1)*hours) * time.Hour)
			if want := (Window{opens, opens.Add(time.Hour)}); w != want {
				t.Fatalf("%s after %v: window %d is %v, want %v", e, last, i, w, want)
			}
		}
	}
}

func TestManyWindows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		expression string
		n          int
		last       string
	}{
		{"rate(4 hours)", 1000, "2026-06-16T16:00:00Z"},
		{"rate(999 days)", 1000, "4761-03-04T00:00:00Z"},
		{"cron(0 12 1 1 ? *)", 1000, "3025-01-01T12:00:00Z"},
		{"cron(0 1 31 * ? *)", 1000, "2168-10-31T01:00:00Z"},
		{"cron(0 0 29 2 ? *)", 1000, "6148-02-29T00:00:00Z"},
		{"cron(0 1 ? 2 MON#5 *)", 1000, "28692-02-29T01:00:00Z"},
		{"cron(0 10 31 2 ? *)", 0, ""},
	}
	after := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range tests {
		e, err := Parse(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		windows := e.Windows(after, 0, 1000)
		checkWindows(t, e, after, 0, windows)
		last := ""
		if len(windows) > 0 {
			last = windows[len(windows)-1].Start.Format(time.RFC3339)
		}
		if len(windows) != test.n || last != test.last {
			t.Errorf("%s has %d windows, the last on %s", test.expression, len(windows), last)
		}
	}
}
