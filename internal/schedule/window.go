package schedule

import (
	"slices"
	"time"
)

// Window is a rotation window, in UTC. Secrets Manager rotates at any moment from Start until before End.
type Window struct {
	Start, End time.Time
}

// Latest returns the last moment of the window, which DescribeSecret gives as NextRotationDate: one second before the end.
func (w Window) Latest() time.Time { return w.End.Add(-time.Second) }

// quietYears is longer than any cron() that fires at all stays quiet: the fifth weekday of February waits up to 40 years.
const quietYears = 41

// leapCycle is where to start looking for whether a cron() ever fires.
var leapCycle = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// Windows returns the next n windows that open after a moment, in order, fewer if the expression does not fire for 41 years. They may go
// beyond the year 9999, which is the last that RFC 3339 can write.
//
// For a rate, the moment is the last rotation. A rate in days opens at 00:00 so many days after the date of that rotation, a rate in
// hours so many hours after the start of its hour. Later windows assume a rotation in each one before.
//
// Duration is the length of the windows; 0 is the default, one hour for schedules in hours and until the end of the UTC day for those
// in days.
func (e Expression) Windows(after time.Time, duration time.Duration, n int) []Window {
	after = after.UTC()
	switch e.kind {
	case rateHours:
		first := time.Date(after.Year(), after.Month(), after.Day(), after.Hour(), 0, 0, 0, time.UTC)
		return rateWindows(n, duration, time.Hour, func(i int) time.Time { return first.Add(time.Duration(i*e.every) * time.Hour) })
	case rateDays:
		return rateWindows(n, duration, 24*time.Hour, func(i int) time.Time {
			return time.Date(after.Year(), after.Month(), after.Day()+i*e.every, 0, 0, 0, 0, time.UTC)
		})
	case cron:
		return e.cron.windows(after, duration, n)
	}
	return nil
}

func rateWindows(n int, duration, byDefault time.Duration, start func(i int) time.Time) []Window {
	if duration == 0 {
		duration = byDefault
	}
	var windows []Window
	for i := range n {
		opens := start(i + 1)
		windows = append(windows, Window{opens, opens.Add(duration)})
	}
	return windows
}

func (c cronSpec) windows(after time.Time, duration time.Duration, n int) []Window {
	var windows []Window
	hours := c.openingHours()
	quiet := 0
	for month := firstOfMonth(after, 0); len(windows) < n && quiet < quietYears*12; month = firstOfMonth(month, 1) {
		quiet++
		if !c.months[month.Month()] {
			continue
		}
		for _, day := range c.daysOf(month) {
			for _, hour := range hours {
				opens := time.Date(month.Year(), month.Month(), day, hour, 0, 0, 0, time.UTC)
				if !opens.After(after) || len(windows) == n {
					continue
				}
				quiet = 0
				length := duration
				if length == 0 && len(hours) > 1 {
					length = time.Hour
				} else if length == 0 {
					length = time.Duration(24-hour) * time.Hour
				}
				windows = append(windows, Window{opens, opens.Add(length)})
			}
		}
	}
	return windows
}

func firstOfMonth(t time.Time, months int) time.Time {
	return time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
}

// daysOf returns the days of a month, given by its first moment, on which windows open.
func (c cronSpec) daysOf(month time.Time) []int {
	last := firstOfMonth(month, 1).AddDate(0, 0, -1).Day()
	var days []int
	for day := 1; day <= last; day++ {
		weekday := (int(month.Weekday())+day-1)%7 + 1
		on := c.days[day] || c.weekdays[weekday] || slices.Contains(c.fromLast, last-day) ||
			slices.Contains(c.nth, nthWeekday{weekday, (day-1)/7 + 1}) ||
			day > last-7 && slices.Contains(c.nth, nthWeekday{weekday: weekday})
		if on {
			days = append(days, day)
		}
	}
	return days
}
