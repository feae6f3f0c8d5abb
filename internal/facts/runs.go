package facts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

const (
	logPages  = 10 // at most so many pages of a log are read
	lastLines = 12 // lines of a failed run that a message shows
)

// Run is what one invocation of a function wrote to its log.
type Run struct {
	Group, Stream string
	At            time.Time // of its first line
	Lines         []string
	Failed        bool
}

// Last are the lines to show, without Lambda's own frame around them.
func (r *Run) Last() []string {
	lines := slices.DeleteFunc(slices.Clone(r.Lines), func(line string) bool {
		return starts(line) || reports(line) || strings.HasPrefix(line, "END ")
	})
	return lines[max(0, len(lines)-lastLines):]
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

// Concerns reports whether a run belongs to a rotation: it names the
// secret, the version or the superuser secret, or it names no secret at all, as
// a function that can't even start does.
func (r *Run) Concerns(names []string) bool {
	other := false
	for _, line := range r.Lines {
		if slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.Contains(line, name) }) {
			return true
		}
		other = other || strings.Contains(line, ":secretsmanager:") && strings.Contains(line, ":secret:")
	}
	return !other
}

// Runs reads a log group as it is now and puts the lines of each run of the
// function together: Lambda writes a run between START and END in one stream.
// With an error there are the runs that were read before it.
func (s Source) Runs(ctx context.Context, group string, since time.Time) ([]*Run, error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(s.Logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: aws.Int64(since.UnixMilli()),
	})
	var all []*Run
	running := map[string]*Run{}
	for page := 0; pages.HasMorePages() && page < logPages; page++ {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return all, err
		}
		for _, event := range out.Events {
			stream, line := aws.ToString(event.LogStreamName), strings.TrimRight(aws.ToString(event.Message), "\n")
			run := running[stream]
			if run == nil || starts(line) {
				run = &Run{Group: group, Stream: stream, At: time.UnixMilli(aws.ToInt64(event.Timestamp))}
				running[stream] = run
				all = append(all, run)
			}
			run.Lines = append(run.Lines, strings.Split(line, "\n")...)
			run.Failed = run.Failed || failure(line)
			if reports(line) {
				delete(running, stream)
			}
		}
	}
	return all, nil
}
