package rotation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

const (
	logPages  = 10 // at most so many pages of a log are read
	lastLines = 12 // lines of a failed invocation that a message shows
)

// invocation is what one run of a function wrote to its log.
type invocation struct {
	group, stream string
	at            time.Time // of its first line
	lines         []string
	failed        bool
	failures      int  // of all the runs for the same rotation
	hidden        bool // the lines can't be cleared of secrets and are not for showing
	finding       findings.Finding
	permanent     bool
}

// last are the lines to show, without Lambda's own frame around them.
func (i *invocation) last() []string {
	lines := slices.DeleteFunc(slices.Clone(i.lines), func(line string) bool {
		return starts(line) || reports(line) || strings.HasPrefix(line, "END ")
	})
	return lines[max(0, len(lines)-lastLines):]
}

// explain finds the cause of a failure in the lines.
func (i *invocation) explain() {
	for _, line := range i.lines {
		if finding, permanent, ok := findings.LogLine(line); ok {
			i.finding, i.permanent = finding, permanent
		}
	}
}

// Lambda's frame around the lines of a run, as text or, if the function's log
// format is JSON, as objects:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html.
func starts(line string) bool {
	return strings.HasPrefix(line, "START ") || isEvent(line, "platform.start")
}

func reports(line string) bool {
	return strings.HasPrefix(line, "REPORT ") || isEvent(line, "platform.report")
}

func isEvent(line, kind string) bool {
	return strings.HasPrefix(line, "{") && strings.Contains(line, `"`+kind+`"`)
}

// failure reports whether a line says that the run failed.
func failure(line string) bool {
	if strings.HasPrefix(line, "{") {
		return strings.Contains(line, `"errorType"`) || reports(line) && !strings.Contains(strings.ReplaceAll(line, " ", ""), `"status":"success"`)
	}
	return strings.HasPrefix(line, "[ERROR]") || strings.Contains(line, "Task timed out") || strings.Contains(line, "Status: timeout") || strings.Contains(line, "Status: error")
}

// concerns reports whether an invocation belongs to a rotation: it names the
// secret, the version or the superuser secret, or it names no secret at all, as
// a function that can't even start does.
func (i *invocation) concerns(names []string) bool {
	other := false
	for _, line := range i.lines {
		if slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.Contains(line, name) }) {
			return true
		}
		other = other || strings.Contains(line, ":secretsmanager:") && strings.Contains(line, ":secret:")
	}
	return !other
}

// invocations reads a log group and puts the lines of each run of the function
// together: Lambda writes a run between START and END in one stream. A log that
// can't be read has no invocations.
func (o *operation) invocations(ctx context.Context, group string, since time.Time) []*invocation {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(o.Logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: aws.Int64(since.UnixMilli()),
	})
	var all []*invocation
	running := map[string]*invocation{}
	for page := 0; pages.HasMorePages() && page < logPages; page++ {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return all
		}
		for _, event := range out.Events {
			stream, line := aws.ToString(event.LogStreamName), strings.TrimRight(aws.ToString(event.Message), "\n")
			run := running[stream]
			if run == nil || starts(line) {
				run = &invocation{group: group, stream: stream, at: time.UnixMilli(aws.ToInt64(event.Timestamp))}
				running[stream] = run
				all = append(all, run)
			}
			run.lines = append(run.lines, strings.Split(line, "\n")...)
			run.failed = run.failed || failure(line)
			if reports(line) {
				delete(running, stream)
			}
		}
	}
	return all
}
