package facts_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
)

const (
	group  = "/aws/lambda/rotator"
	secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app%d-AbCdEf"
)

// pagedLogs is CloudWatch Logs with pages as small as those of a group in which
// far more is logged. It counts the calls.
type pagedLogs struct {
	*cloudwatchlogs.Client

	page  int32
	calls int
}

func (p *pagedLogs) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, options ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	p.calls++
	paged := *in
	paged.Limit = &p.page
	return p.Client.FilterLogEvents(ctx, &paged, options...)
}

// busyLog is the log of a function that 5,000 secrets rotate with, ten at a time.
type busyLog struct {
	t      *testing.T
	lab    *awslab.Lab
	logs   *pagedLogs
	began  time.Time
	events map[string][]logstypes.InputLogEvent
}

func newBusyLog(t *testing.T, secrets int, page int32) *busyLog {
	t.Helper()
	lab := awslab.New(awslab.Options{Start: time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)})
	t.Cleanup(lab.Close)
	if _, err := lab.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	b := &busyLog{
		t: t, lab: lab, logs: &pagedLogs{Client: cloudwatchlogs.NewFromConfig(lab.Config()), page: page},
		began: lab.Now(), events: map[string][]logstypes.InputLogEvent{},
	}
	for i := range secrets {
		b.run(i%10, time.Duration(i/10)*time.Second, "createSecret: Successfully put secret for ARN "+fmt.Sprintf(secret, i)+" and version v.")
	}
	return b
}

// run logs a run of half a second with its lines.
func (b *busyLog) run(stream int, after time.Duration, lines ...string) {
	status := ""
	if slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "[ERROR]") }) {
		status = "\tStatus: error"
	}
	lines = slices.Concat([]string{"START RequestId: r"}, lines, []string{"END RequestId: r", "REPORT RequestId: r\tDuration: 400 ms" + status})
	name := fmt.Sprintf("stream/%d", stream)
	for i, line := range lines {
		at := b.began.Add(after + time.Duration(i)*100*time.Millisecond)
		b.events[name] = append(b.events[name], logstypes.InputLogEvent{Message: &line, Timestamp: aws.Int64(at.UnixMilli())})
	}
}

func (b *busyLog) write() {
	b.t.Helper()
	ctx := b.t.Context()
	if _, err := b.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}); err != nil {
		b.t.Fatal(err)
	}
	for name, events := range b.events {
		if _, err := b.logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: &name}); err != nil {
			b.t.Fatal(err)
		}
		slices.SortStableFunc(events, func(a, b logstypes.InputLogEvent) int { return int(*a.Timestamp - *b.Timestamp) })
		for chunk := range slices.Chunk(events, 10000) {
			if _, err := b.logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: &name, LogEvents: chunk}); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

func (b *busyLog) read(names ...string) []*facts.Run {
	b.t.Helper()
	source := (&facts.Cache{}).From(&awsapi.Clients{Logs: b.logs}, b.lab.Now)
	runs, err := source.ReadLog(b.t.Context(), facts.Log{Group: group, Since: b.began, Names: names, Timeout: 2 * time.Second})
	if err != nil {
		b.t.Fatal(err)
	}
	if !slices.IsSortedFunc(runs, func(a, b *facts.Run) int { return a.At.Compare(b.At) }) {
		b.t.Error("the runs are not in the order of time")
	}
	return runs
}

// TestBusyLog looks for one rotation in the log of 5,000, with few calls and with
// all lines of its runs.
func TestBusyLog(t *testing.T) {
	t.Parallel()
	const failure = "[ERROR] ValueError: setSecret: Unable to log into database with previous, current, or pending secret of secret arn "
	ours := fmt.Sprintf(secret, 2500)
	tests := map[string]struct {
		add    func(*busyLog)
		names  string
		page   int32
		calls  int
		failed []string // what the failed runs that may be ours have logged
	}{
		"named": {
			func(b *busyLog) { b.run(3, 252500*time.Millisecond, failure+ours, "Traceback") }, ours, 1000, 5,
			[]string{failure + ours + "|Traceback"},
		},
		"named, second attempt a minute later": {
			func(b *busyLog) {
				b.run(3, 252500*time.Millisecond, failure+ours)
				b.run(4, 312500*time.Millisecond, failure+ours)
			}, ours, 1000, 6, []string{failure + ours, failure + ours},
		},
		"unnamed": {
			func(b *busyLog) { b.run(3, 252500*time.Millisecond, "[ERROR] KeyError: 'masterarn'") }, ours, 1000, 6,
			[]string{"[ERROR] KeyError: 'masterarn'"},
		},
		"not busy": {
			func(b *busyLog) { b.run(3, 252500*time.Millisecond, failure+ours) }, ours, 10000, 3,
			[]string{failure + ours},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBusyLog(t, 5000, test.page)
			test.add(b)
			b.write()
			var failed []string
			whole := 0
			for _, run := range b.read(test.names) {
				if run.Whose(ours, "") == facts.Others {
					continue
				}
				if run.Ended {
					whole++
				}
				if run.Failed {
					failed = append(failed, strings.Join(run.Last(), "|"))
				}
			}
			if !slices.Equal(failed, test.failed) {
				t.Errorf("failed runs: %q", failed)
			}
			if whole < 1+len(test.failed) {
				t.Errorf("%d runs were read whole", whole)
			}
			if b.logs.calls != test.calls {
				t.Errorf("%d calls, wanted %d", b.logs.calls, test.calls)
			}
		})
	}
}

// TestEmptyPages reads on when pages come back empty, as they do in large groups.
func TestEmptyPages(t *testing.T) {
	t.Parallel()
	b := newBusyLog(t, 100, 10000)
	ours := fmt.Sprintf(secret, 99)
	b.write()
	b.lab.LimitLogScan(40)
	runs := b.read(ours)
	if !slices.ContainsFunc(runs, func(r *facts.Run) bool { return r.Whose(ours, "") == facts.Ours && r.Ended }) {
		t.Errorf("not among %d runs", len(runs))
	}
}
