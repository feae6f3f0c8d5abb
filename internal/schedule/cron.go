package schedule

import (
	"fmt"
	"slices"
	"strings"
)

// cronSpec is the days and hours that a cron() expression names. The minute is always 0 and the year always any.
type cronSpec struct {
	hours    [24]bool
	months   [13]bool // from 1
	days     [32]bool // of the month, from 1
	fromLast []int    // days before the last day of the month: 0 for "L"
	weekdays [8]bool  // from 1, Sunday
	nth      []nthWeekday
}

// nthWeekday is "MON#2", or "MONL" with nth 0.
type nthWeekday struct{ weekday, nth int }

// field describes one field of cron().
type field struct {
	name     string
	min, max int
	names    []string // of the values from min on, in upper case
	range_   string   // the values in words
}

var (
	hoursField    = field{name: "hours", min: 0, max: 23, range_: "0 to 23"}
	daysField     = field{name: "day-of-month", min: 1, max: 31, range_: "1 to 31"}
	monthsField   = field{name: "month", min: 1, max: 12, names: strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"), range_: "1 to 12 or JAN to DEC"}
	weekdaysField = field{name: "day-of-week", min: 1, max: 7, names: strings.Fields("SUN MON TUE WED THU FRI SAT"), range_: "1 (Sunday) to 7 or SUN to SAT"}
)

func (e *Expression) parseCron(fields []string) error {
	if len(fields) != 6 {
		return &Error{
			fmt.Sprintf("%q has %d fields, but cron() has six.", e.text, len(fields)),
			`Write minutes, hours, day-of-month, month, day-of-week and year, as in "cron(0 16 1,15 * ? *)".`,
		}
	}
	if fields[0] != "0" {
		if strings.Trim(fields[0], "0") != "" {
			return e.invalid("minutes", fields[0], "windows open on the hour", "Write 0 for the minutes.")
		}
		e.warn("numbers with a leading zero are not documented", "Write 0 for the minutes.")
	}
	if fields[5] != "*" {
		return e.invalid("year", fields[5], "a schedule is for every year", "Write * for the year.")
	}
	for i, f := range []field{hoursField, daysField, monthsField, weekdaysField} {
		if err := e.parseField(f, fields[i+1]); err != nil {
			return err
		}
	}
	if (fields[2] == "?") == (fields[4] == "?") {
		return &Error{
			fmt.Sprintf("%q must have ? in exactly one of day-of-month and day-of-week.", e.text),
			`Write ? for the one that does not matter, as in "cron(0 10 * * ? *)" or "cron(0 10 ? * MON *)".`,
		}
	}
	if err := e.checkHours(); err != nil {
		return err
	}
	if len(e.Windows(leapCycle, 0, 1)) == 0 {
		e.warn("no month has such a day, so it never rotates", "Write a day that the months have.")
	}
	return nil
}

func (e *Expression) parseField(f field, text string) error {
	if text == "?" && (f.name == daysField.name || f.name == weekdaysField.name) {
		return nil
	}
	items := strings.Split(text, ",")
	for _, item := range items {
		if err := e.parseItem(f, item); err != nil {
			return err
		}
		if len(items) > 1 && strings.ContainsAny(item, "#L") && f.name == weekdaysField.name {
			e.warn("a list with # or L in day-of-week is not documented", "Write one day.")
		}
	}
	if f.name == hoursField.name && (len(items) > 1 || strings.ContainsAny(text, "-*")) {
		e.warn("hours are documented as one number or as a start and an increment only", `Write a start and an increment, such as "8/12" for 08:00 and 20:00.`)
	}
	return nil
}

// parseItem reads one item of a list into the days or hours it names.
func (e *Expression) parseItem(f field, item string) error {
	switch f.name {
	case daysField.name:
		if item == "L" {
			e.cron.fromLast = append(e.cron.fromLast, 0)
			return nil
		}
		if before, ok := strings.CutPrefix(item, "L-"); ok && digitsPattern.MatchString(before) && atoi(before) < 31 {
			e.warn("days before the last of the month are not documented", "Write L, or a number.")
			e.cron.fromLast = append(e.cron.fromLast, atoi(before))
			return nil
		}
	case weekdaysField.name:
		if item == "L" {
			e.cron.weekdays[7] = true
			return nil
		}
		if day, n, ok := strings.Cut(item, "#"); ok {
			weekday, known := e.value(f, day)
			if !known || len(n) != 1 || n[0] < '1' || n[0] > '5' {
				return e.invalid(f.name, item, "it is not a day of the week, # and a number from 1 to 5", "Write, for the second Monday, MON#2.")
			}
			e.cron.nth = append(e.cron.nth, nthWeekday{weekday, int(n[0] - '0')})
			return nil
		}
		if day, ok := strings.CutSuffix(item, "L"); ok {
			if weekday, known := e.value(f, day); known {
				e.cron.nth = append(e.cron.nth, nthWeekday{weekday: weekday})
				return nil
			}
		}
	}
	values, err := e.values(f, item)
	if err != nil {
		return err
	}
	for _, v := range values {
		switch f.name {
		case hoursField.name:
			e.cron.hours[v] = true
		case daysField.name:
			e.cron.days[v] = true
		case monthsField.name:
			e.cron.months[v] = true
		case weekdaysField.name:
			e.cron.weekdays[v] = true
		}
	}
	return nil
}

// values reads "*", "3", "3-5" or "MON-FRI", each with "/2" or without, and "/8", which starts at the first value.
func (e *Expression) values(f field, item string) ([]int, error) {
	start, increment, stepped := strings.Cut(item, "/")
	first, last := f.min, f.max
	low, high, ranged := strings.Cut(start, "-")
	known := true
	switch {
	case start == "*", start == "" && stepped:
	case ranged:
		var knownHigh bool
		first, known = e.value(f, low)
		last, knownHigh = e.value(f, high)
		known = known && knownHigh
	default:
		first, known = e.value(f, start)
		if !stepped {
			last = first
		}
	}
	if !known {
		reason := "the values are " + f.range_
		switch {
		case strings.HasSuffix(item, "W"):
			reason = "Secrets Manager has no W (nearest weekday)"
		case f.name == weekdaysField.name && start == "0":
			reason = "the values are " + f.range_ + "; Sunday is 1, not 0"
		case start == "?":
			reason = "? is only for day-of-month and day-of-week, alone"
		}
		return nil, e.invalid(f.name, item, reason, "Write a value in the range.")
	}
	step := 1
	if stepped {
		step = atoi(increment)
		if !digitsPattern.MatchString(increment) || step < 1 {
			return nil, e.invalid(f.name, item, "the increment after / is not a positive number", `Write, for every second, "/2".`)
		}
		if step > f.max-f.min {
			e.warn("an increment larger than the range of the "+f.name+" field is not documented", "Write the start alone.")
		}
	}
	if last < first {
		e.warn("a range that goes past the end of the "+f.name+" field is not documented", "Write two ranges.")
		last += f.max - f.min + 1
	}
	var values []int
	for v := first; v <= last; v += step {
		values = append(values, (v-f.min)%(f.max-f.min+1)+f.min)
	}
	return values, nil
}

// value reads a number or a name.
func (e *Expression) value(f field, s string) (int, bool) {
	if digitsPattern.MatchString(s) {
		if len(s) > 1 && s[0] == '0' {
			e.warn("numbers with a leading zero are not documented", "Leave the zero out.")
		}
		n := atoi(s)
		return n, n >= f.min && n <= f.max
	}
	i := slices.Index(f.names, strings.ToUpper(s))
	if i >= 0 && s != f.names[i] {
		e.warn("names are documented in upper case only", fmt.Sprintf("Write %s.", f.names[i]))
	}
	return f.min + i, i >= 0
}

// checkHours applies "at most every four hours". Secrets Manager starts hours anew each day, and says nothing of a shorter gap over
// midnight.
func (e *Expression) checkHours() error {
	opens := e.cron.openingHours()
	if gap := smallestGap(opens); gap < MinRateHours {
		return &Error{
			fmt.Sprintf("%q opens windows %s apart, but rotations must be at least 4 hours apart.", e.text, hoursText(gap)),
			`Write one hour, or an increment of 4 hours or more, as in "0/4".`,
		}
	}
	if gap := 24 - opens[len(opens)-1] + opens[0]; len(opens) > 1 && gap < MinRateHours {
		e.warn(fmt.Sprintf("over midnight its windows open only %s apart", hoursText(gap)), "Write hours that are at least 4 hours apart over midnight too.")
	}
	return nil
}

func hoursText(n int) string {
	if n == 1 {
		return "1 hour"
	}
	return fmt.Sprintf("%d hours", n)
}

// openingHours returns the hours at which windows open on a day, in order. Every readable cron() has one at least.
func (c cronSpec) openingHours() []int {
	var opens []int
	for hour, on := range c.hours {
		if on {
			opens = append(opens, hour)
		}
	}
	return opens
}

// smallestGap returns the hours between the closest two, within the day, and 24 for a single one.
func smallestGap(hours []int) int {
	gap := 24
	for i := 1; i < len(hours); i++ {
		gap = min(gap, hours[i]-hours[i-1])
	}
	return gap
}

func (e *Expression) invalid(name, value, reason, remedy string) error {
	return &Error{fmt.Sprintf("%q has %q in the %s field: %s.", e.text, value, name, reason), remedy}
}
