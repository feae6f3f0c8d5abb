package awslab_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"
)

// put writes events a second apart into a stream, and makes that if need be.
func (l *servicesLab) putLog(group, stream string, from time.Time, messages ...string) {
	l.Helper()
	l.logs.CreateLogGroup(l.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})                           //nolint:errcheck // It may exist.
	l.logs.CreateLogStream(l.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}) //nolint:errcheck // It may exist.
	var events []logstypes.InputLogEvent
	for i, message := range messages {
		events = append(events, logstypes.InputLogEvent{Message: &message, Timestamp: new(from.Add(time.Duration(i) * time.Second).UnixMilli())})
	}
	try[*cloudwatchlogs.PutLogEventsOutput](l)(l.logs.PutLogEvents(l.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events}))
}

func (l *servicesLab) filter(in cloudwatchlogs.FilterLogEventsInput) (string, *string) {
	l.Helper()
	in.LogGroupName = new("g")
	out := try[*cloudwatchlogs.FilterLogEventsOutput](l)(l.logs.FilterLogEvents(l.Context(), &in))
	var messages []string
	for _, e := range out.Events {
		messages = append(messages, *e.Message)
	}
	return strings.Join(messages, ","), out.NextToken
}

func TestFilterPattern(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.putLog("g", "s", start, "[ERROR] arn:x failed", "[INFO] arn:x worked", "[ERROR] arn:y failed", `say "hello" now`)
	const all = `[ERROR] arn:x failed,[INFO] arn:x worked,[ERROR] arn:y failed,say "hello" now`
	for pattern, want := range map[string]string{
		"":                    all,
		"ERROR":               "[ERROR] arn:x failed,[ERROR] arn:y failed",
		"error":               "",
		`"arn:x"`:             "[ERROR] arn:x failed,[INFO] arn:x worked",
		`ERROR "arn:x"`:       "[ERROR] arn:x failed",
		`"ERROR arn:x"`:       "",
		`ERROR -"arn:x"`:      "[ERROR] arn:y failed",
		`?INFO ?"arn:y"`:      "[INFO] arn:x worked,[ERROR] arn:y failed",
		`?INFO failed`:        "[ERROR] arn:x failed,[ERROR] arn:y failed",
		`-ERROR`:              `[INFO] arn:x worked,say "hello" now`,
		`"\"hello\""`:         `say "hello" now`,
		`%arn:[yz] fail%`:     "[ERROR] arn:y failed",
		`ERROR failed "arn:"`: "[ERROR] arn:x failed,[ERROR] arn:y failed",
	} {
		if got, _ := l.filter(cloudwatchlogs.FilterLogEventsInput{FilterPattern: &pattern}); got != want {
			t.Errorf("%s found %s, want %s", pattern, got, want)
		}
	}
	for pattern, code := range map[string]string{
		"arn:x":           "InvalidParameterException",
		`"unfinished`:     "InvalidParameterException",
		`%(%`:             "InvalidParameterException",
		`{ $.level = 1 }`: "UnsupportedOperationException",
	} {
		_, err := l.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("g"), FilterPattern: &pattern})
		refused(t, err, code, "")
	}
}

func TestFilterPages(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.putLog("g", "a", start, "a0", "a1", "a2")
	l.putLog("g", "b", start.Add(500*time.Millisecond), "b0", "b1")
	for name, test := range map[string]struct {
		in   cloudwatchlogs.FilterLogEventsInput
		scan int
		want []string // a string for each page
	}{
		"in order of time": {want: []string{"a0,b0,a1,b1,a2"}},
		"one stream":       {in: cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b"}}, want: []string{"b0,b1"}},
		"a range": {in: cloudwatchlogs.FilterLogEventsInput{
			StartTime: new(start.Add(500 * time.Millisecond).UnixMilli()), EndTime: new(start.Add(time.Second).UnixMilli()),
		}, want: []string{"b0,a1"}},
		"pages":       {in: cloudwatchlogs.FilterLogEventsInput{Limit: new(int32(2))}, want: []string{"a0,b0", "a1,b1", "a2"}},
		"empty pages": {in: cloudwatchlogs.FilterLogEventsInput{FilterPattern: new("a2")}, scan: 2, want: []string{"", "", "a2"}},
	} {
		l.LimitLogScan(test.scan)
		var got []string
		for in := test.in; ; {
			page, next := l.filter(in)
			got = append(got, page)
			if next == nil {
				break
			}
			in.NextToken = next
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLogGroup(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	try[*cloudwatchlogs.CreateLogGroupOutput](t)(l.logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("g"), Tags: map[string]string{"a": "b"}}))
	_, err := l.logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("g")})
	refused(t, err, "ResourceAlreadyExistsException", "The specified log group already exists")
	_, err = l.logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("a b")})
	refused(t, err, "InvalidParameterException", "logGroupName")
	try[*cloudwatchlogs.PutRetentionPolicyOutput](t)(l.logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(7))}))
	_, err = l.logs.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(8))})
	refused(t, err, "InvalidParameterException", "retentionInDays")
	l.putLog("g", "late", start.Add(time.Minute), "x", "y")
	l.putLog("g", "early", start, "z")
	group := try[*cloudwatchlogs.DescribeLogGroupsOutput](t)(l.logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: new("g")})).LogGroups[0]
	if *group.RetentionInDays != 7 || *group.Arn != "arn:aws:logs:eu-west-1:123456789012:log-group:g:*" || *group.CreationTime != start.UnixMilli() {
		t.Errorf("the group is %+v", group)
	}
	tags := try[*cloudwatchlogs.ListTagsForResourceOutput](t)(l.logs.ListTagsForResource(t.Context(), &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: group.LogGroupArn})).Tags
	if diff := cmp.Diff(map[string]string{"a": "b"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	streams := func(in cloudwatchlogs.DescribeLogStreamsInput) string {
		t.Helper()
		in.LogGroupName = new("g")
		var list []string
		for _, s := range try[*cloudwatchlogs.DescribeLogStreamsOutput](t)(l.logs.DescribeLogStreams(t.Context(), &in)).LogStreams {
			list = append(list, fmt.Sprint(*s.LogStreamName, " ", (*s.LastEventTimestamp-start.UnixMilli())/1000))
		}
		return strings.Join(list, ",")
	}
	if got := streams(cloudwatchlogs.DescribeLogStreamsInput{}); got != "early 0,late 61" {
		t.Errorf("streams by name: %s", got)
	}
	if got := streams(cloudwatchlogs.DescribeLogStreamsInput{OrderBy: logstypes.OrderByLastEventTime, Descending: new(true)}); got != "late 61,early 0" {
		t.Errorf("streams by time, latest first: %s", got)
	}
	first := try[*cloudwatchlogs.GetLogEventsOutput](t)(l.logs.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("late"), Limit: new(int32(1)), StartFromHead: new(true)}))
	second := try[*cloudwatchlogs.GetLogEventsOutput](t)(l.logs.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("late"), NextToken: first.NextForwardToken}))
	end := try[*cloudwatchlogs.GetLogEventsOutput](t)(l.logs.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("late"), NextToken: second.NextForwardToken}))
	if *first.Events[0].Message != "x" || *second.Events[0].Message != "y" || len(end.Events) != 0 || *end.NextForwardToken != *second.NextForwardToken {
		t.Errorf("reading forward gave %v, %v, %v", first.Events, second.Events, end.Events)
	}
	_, err = l.logs.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("none")})
	refused(t, err, "ResourceNotFoundException", "The specified log stream does not exist.")
	try[*cloudwatchlogs.DeleteLogGroupOutput](t)(l.logs.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: new("g")}))
	_, err = l.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("g")})
	refused(t, err, "ResourceNotFoundException", "The specified log group does not exist.")

	user := cloudwatchlogs.NewFromConfig(l.ConfigFor(l.NewUser("reader", statements(statement("Allow", "logs:FilterLogEvents", "arn:aws:logs:*:*:log-group:h:*")))))
	l.putLog("h", "s", start, "x")
	l.putLog("i", "s", start, "x")
	try[*cloudwatchlogs.FilterLogEventsOutput](t)(user.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("h")}))
	_, err = user.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("i")})
	refused(t, err, "AccessDeniedException", "logs:FilterLogEvents on resource: arn:aws:logs:eu-west-1:123456789012:log-group:i:log-stream: ")
}
