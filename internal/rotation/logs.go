package rotation

import (
	"context"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// invocation is a run of the function and what is to be said of it.
type invocation struct {
	*facts.Run

	failures  int  // of all the runs for the same rotation
	hidden    bool // the lines can't be cleared of secrets and are not for showing
	finding   findings.Finding
	permanent bool
}

// explain finds the cause of a failure in the lines.
func (i *invocation) explain() {
	for _, line := range i.Lines {
		if finding, permanent, ok := findings.LogLine(line); ok {
			i.finding, i.permanent = finding, permanent
		}
	}
}

// invocations reads the function's log since a time. A log that can't be read has
// no invocations.
func (o *operation) invocations(ctx context.Context, group string, since time.Time) []*invocation {
	runs, _ := o.Runs(ctx, group, since)
	all := make([]*invocation, len(runs))
	for i, run := range runs {
		all[i] = &invocation{Run: run}
	}
	return all
}
