package rotation

import (
	"context"
	"testing"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

var began = time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)

func TestEvidence(t *testing.T) {
	t.Parallel()
	ran := func(step string) *run {
		return &run{Run: &facts.Run{Ended: true}, Explanation: findings.Explanation{Step: step}}
	}
	failed := func(step string) *run {
		r := ran(step)
		r.Failed, r.counts, r.Permanent, r.Finding.Code = true, true, true, findings.SecretKeyMissing
		return r
	}
	twice := func(step string) *run {
		r := failed(step)
		r.Twice, r.Finding.Code = true, findings.LoginFailed
		return r
	}
	guessed := func(r *run) *run {
		r.guessed, r.Permanent, r.counts = true, false, false
		return r
	}
	running := func(step string) *run {
		r := ran(step)
		r.Ended = false
		return r
	}
	type want struct {
		decisive    int
		permanent   bool
		failures    int
		nothingMade bool
	}
	tests := map[string]struct {
		runs []*run
		want want
	}{
		"failed":                        {[]*run{failed("createSecret")}, want{0, true, 1, true}},
		"done":                          {[]*run{ran("createSecret")}, want{0, false, 0, false}},
		"mended":                        {[]*run{failed("createSecret"), ran("createSecret")}, want{1, false, 0, false}},
		"mended, later step":            {[]*run{failed("createSecret"), ran("setSecret")}, want{1, false, 0, false}},
		"mended, not over":              {[]*run{failed("createSecret"), running("createSecret")}, want{0, true, 1, false}},
		"mended, of another perhaps":    {[]*run{failed("createSecret"), guessed(ran("createSecret"))}, want{0, true, 1, false}},
		"the step before works again":   {[]*run{failed("setSecret"), ran("createSecret")}, want{0, true, 1, false}},
		"step not known":                {[]*run{failed(""), ran("createSecret")}, want{0, true, 1, false}},
		"three, one mended":             {[]*run{failed("createSecret"), ran("createSecret"), failed("setSecret"), failed("setSecret")}, want{3, true, 2, false}},
		"login, once":                   {[]*run{ran("createSecret"), twice("setSecret")}, want{1, false, 1, false}},
		"login, twice":                  {[]*run{ran("createSecret"), twice("setSecret"), ran("createSecret"), twice("setSecret")}, want{3, true, 2, false}},
		"login, once and another error": {[]*run{failed("setSecret"), twice("setSecret")}, want{1, false, 2, false}},
		"login, mended between":         {[]*run{twice("setSecret"), ran("setSecret"), twice("setSecret")}, want{2, false, 1, false}},
		"set does not name its step":    {[]*run{failed("createSecret"), running("")}, want{0, true, 1, false}},
		"createSecret, perhaps":         {[]*run{failed("createSecret"), guessed(failed("createSecret"))}, want{0, true, 1, false}},
	}
	for name, test := range tests {
		e := evidence{runs: test.runs}
		got := want{-1, e.permanent(), e.failures(), e.nothingMade()}
		for i, r := range test.runs {
			if r == e.decisive() {
				got.decisive = i
			}
		}
		if got != test.want {
			t.Errorf("%s: %+v, wanted %+v", name, got, test.want)
		}
	}
	if e := (evidence{runs: []*run{failed("createSecret")}, err: context.DeadlineExceeded}); e.nothingMade() {
		t.Error("a log that could not be read shows that nothing was made")
	}
	if (&evidence{}).nothingMade() {
		t.Error("an empty log shows that nothing was made")
	}
}

// TestEarlier tells the runs of a rotation from those of an earlier one, and of
// earlier attempts where a rotation is taken up again.
func TestEarlier(t *testing.T) {
	t.Parallel()
	const (
		version = "11111111-2222-4333-8444-555555555555"
		ours    = "createSecret: Successfully put secret for ARN arn and version " + version + "."
		before  = "finishSecret: Successfully set AWSCURRENT stage to version 99999999-2222-4333-8444-555555555555 for secret arn."
		unnamed = "[ERROR] KeyError: 'masterarn'"
	)
	var never time.Time
	tests := []struct {
		made         time.Time     // the version
		start, until time.Duration // of the run, after the wait has begun
		line         string
		earlier      bool
	}{
		{began.Add(-2 * time.Second), 0, 1, unnamed, false},
		{began.Add(-2 * time.Second), -time.Second, -1, unnamed, false},
		{began.Add(-2 * time.Second), -3 * time.Second, -1, ours, false}, // By another clock.
		{began.Add(-2 * time.Second), -3 * time.Second, 1, unnamed, true},
		{began.Add(-2 * time.Second), -3 * time.Second, 1, before, true},
		{began.Add(2 * time.Second), -time.Second, 1, ours, false},
		{began.Add(2 * time.Second), 0, 1, unnamed, false},
		{began.Add(-time.Minute), -3 * time.Second, -1, ours, true}, // An attempt before this create.
		{began.Add(-time.Minute), -3 * time.Second, 1, unnamed, false},
		{never, -3 * time.Second, -1, ours, true},
		{never, -3 * time.Second, -1, unnamed, true},
		{never, -3 * time.Second, 1, unnamed, false},
	}
	for _, test := range tests {
		w := &wait{version: version, began: began.Add(300 * time.Millisecond)}
		w.from, w.fresh = w.beginning(test.made)
		r := &facts.Run{At: began.Add(test.start), Until: began.Add(test.until), Lines: []string{test.line}}
		if got := w.earlier(r); got != test.earlier {
			t.Errorf("%+v: earlier %t", test, got)
		}
	}
}
