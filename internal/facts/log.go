package facts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// How much of a log is read at most, in pages of FilterLogEvents, of which AWS
// answers five a second for all of an account in a Region.
const (
	plainPages    = 3  // of everything: enough for a function that few secrets rotate with
	filteredPages = 20 // of what matters in a busy log; most of them are empty
	streamPages   = 3  // of the streams of one attempt
	mostAttempts  = 6  // of a rotation
	mostStreams   = 100
)

// Log is the part of a function's log that is asked for.
type Log struct {
	Group string
	// Since and Until bound the time; Until is zero for all that there is.
	Since, Until time.Time
	// Names are the texts that tell the runs that matter: the ARN of a secret, the
	// ID of a version. Of a busy log only those runs are read whole.
	Names []string
	// Timeout is the function's, and so the longest that a run takes.
	Timeout time.Duration
}

// ReadLog reads a log as it is now and returns the runs of the function in the order
// of time, also those that do not matter. With an error there are the runs that
// were read before it; one is that CloudWatch Logs takes longer than is given to
// advice.
//
// A log that is too long to be read is asked for the lines that have one of the
// names, and the streams of these for the rest of their runs. Lambda's own lines
// name no secret, and so nor does a run that was stopped at its timeout: if no run
// with a name has failed, the lines that tell of failures make runs, too.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html.
func (s Source) ReadLog(ctx context.Context, log Log) ([]*Run, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	events, whole, err := s.events(ctx, log.input(""), plainPages)
	if err != nil || whole || len(log.Names) == 0 {
		return runsOf(log.Group, events), err
	}
	hits, _, err := s.events(ctx, log.input(anyOf(log.Names...)), filteredPages)
	var all []*Run
	for _, attempt := range log.attempts(hits) {
		if err != nil {
			break
		}
		var events []types.FilteredLogEvent
		events, _, err = s.events(ctx, attempt, streamPages)
		all = append(all, runsOf(log.Group, events)...)
	}
	if err != nil || slices.ContainsFunc(all, func(r *Run) bool { return r.Failed && r.Names(log.Names...) }) {
		return all, err
	}
	failures, _, err := s.events(ctx, log.input(failurePattern), filteredPages)
	failures = slices.DeleteFunc(failures, func(e types.FilteredLogEvent) bool {
		return !failure(aws.ToString(e.Message)) || slices.ContainsFunc(all, func(r *Run) bool { return r.has(e) })
	})
	all = append(all, runsOf(log.Group, failures)...)
	slices.SortStableFunc(all, func(a, b *Run) int { return a.At.Compare(b.At) })
	return all, err
}

// failurePattern finds the lines that tell of failed runs, and some others.
var failurePattern = anyOf("[ERROR]", "timed out", "Status: error", "timeout", "errorType", "Runtime exited")

// anyOf is a filter pattern for lines that have one of the texts.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
func anyOf(texts ...string) string {
	terms := make([]string, len(texts))
	for i, text := range texts {
		terms[i] = `?"` + text + `"`
	}
	return strings.Join(terms, " ")
}

func (l Log) input(pattern string) *cloudwatchlogs.FilterLogEventsInput {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &l.Group, StartTime: aws.Int64(l.Since.UnixMilli())}
	if !l.Until.IsZero() {
		in.EndTime = aws.Int64(l.Until.UnixMilli())
	}
	if pattern != "" {
		in.FilterPattern = &pattern
	}
	return in
}

// attempts asks for the streams in which lines were found, around the time of
// these: lines that are closer than a run may take are of one attempt.
func (l Log) attempts(hits []types.FilteredLogEvent) []*cloudwatchlogs.FilterLogEventsInput {
	var all []*cloudwatchlogs.FilterLogEventsInput
	margin := max(l.Timeout, time.Second).Milliseconds()
	for _, hit := range hits {
		at, stream := aws.ToInt64(hit.Timestamp), aws.ToString(hit.LogStreamName)
		if len(all) == 0 || at-margin > *all[len(all)-1].EndTime {
			all = append(all, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &l.Group, StartTime: aws.Int64(at - margin)})
		}
		last := all[len(all)-1]
		last.EndTime = aws.Int64(at + margin)
		if !slices.Contains(last.LogStreamNames, stream) && len(last.LogStreamNames) < mostStreams {
			last.LogStreamNames = append(last.LogStreamNames, stream)
		}
	}
	return all[max(0, len(all)-mostAttempts):]
}

// Names reports whether a line of the run has one of the texts.
func (r *Run) Names(names ...string) bool {
	return slices.ContainsFunc(r.Lines, func(line string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(line, name) })
	})
}

// has reports whether an event is of the run.
func (r *Run) has(e types.FilteredLogEvent) bool {
	at := time.UnixMilli(aws.ToInt64(e.Timestamp))
	return aws.ToString(e.LogStreamName) == r.Stream && !at.Before(r.At) && !at.After(r.Until)
}

// events reads so many pages; whole says that there are no more.
func (s Source) events(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, most int) (all []types.FilteredLogEvent, whole bool, err error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(s.Logs, in)
	for page := 0; pages.HasMorePages(); page++ {
		if page == most {
			return all, false, nil
		}
		out, err := pages.NextPage(ctx)
		if err != nil {
			return all, false, err
		}
		all = append(all, out.Events...)
	}
	return all, true, nil
}
