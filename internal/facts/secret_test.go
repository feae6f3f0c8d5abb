package facts

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestOpenWindow(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		moment, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	days := types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)}
	nightly := types.RotationRulesType{ScheduleExpression: aws.String("cron(0 2 * * ? *)"), Duration: aws.String("3h")}
	hourly := types.RotationRulesType{ScheduleExpression: aws.String("rate(4 hours)")}
	for name, test := range map[string]struct {
		rules     types.RotationRulesType
		next, now string
		from, to  string // empty if no window is open
	}{
		"days before":        {days, "2026-03-10 23:59:59", "2026-03-04 12:00:00", "", ""},
		"two minutes before": {days, "2026-03-10 23:59:59", "2026-03-09 23:58:00", "", ""},
		"a moment before":    {days, "2026-03-10 23:59:59", "2026-03-09 23:59:00", "2026-03-10 00:00:00", "2026-03-11 00:00:00"},
		"in it":              {days, "2026-03-10 23:59:59", "2026-03-10 15:00:00", "2026-03-10 00:00:00", "2026-03-11 00:00:00"},
		"in its last second": {days, "2026-03-10 23:59:59", "2026-03-10 23:59:59", "2026-03-10 00:00:00", "2026-03-11 00:00:00"},
		"overdue, and nobody knows when it tries": {days, "2026-03-10 23:59:59", "2026-03-12 15:00:00", "", ""},
		"every night, by day":                     {nightly, "2026-03-11 04:59:59", "2026-03-10 15:00:00", "", ""},
		"every night, by night":                   {nightly, "2026-03-11 04:59:59", "2026-03-11 02:00:00", "2026-03-11 02:00:00", "2026-03-11 05:00:00"},
		"every night, rotated already":            {nightly, "2026-03-12 04:59:59", "2026-03-11 02:30:00", "", ""},
		"every night, overdue, by day":            {nightly, "2026-03-08 04:59:59", "2026-03-11 12:00:00", "", ""},
		"every night, overdue, by night":          {nightly, "2026-03-08 04:59:59", "2026-03-11 04:30:00", "2026-03-11 02:00:00", "2026-03-11 05:00:00"},
		"hours":                                   {hourly, "2026-03-10 08:59:59", "2026-03-10 08:10:00", "2026-03-10 08:00:00", "2026-03-10 09:00:00"},
		"hours, not yet":                          {hourly, "2026-03-10 08:59:59", "2026-03-10 07:10:00", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Secret{DescribeSecretOutput: &secretsmanager.DescribeSecretOutput{RotationEnabled: aws.Bool(true), RotationRules: &test.rules, NextRotationDate: aws.Time(at(test.next))}}
			w, open := s.OpenWindow(at(test.now))
			if open != (test.from != "") || open && (!w.Start.Equal(at(test.from)) || !w.End.Equal(at(test.to))) {
				t.Errorf("It is %v: %v to %v.", open, w.Start, w.End)
			}
			s.RotationEnabled = aws.Bool(false)
			if _, open := s.OpenWindow(at(test.now)); open {
				t.Error("It is open with rotation switched off.")
			}
		})
	}
	s := Secret{DescribeSecretOutput: &secretsmanager.DescribeSecretOutput{RotationEnabled: aws.Bool(true), RotationRules: &days}}
	if _, open := s.OpenWindow(at("2026-03-10 15:00:00")); open {
		t.Error("It is open, and AWS has named no date.")
	}
}
