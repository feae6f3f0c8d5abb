package facts

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// logStore answers with the same events in pages of one.
type logStore []types.FilteredLogEvent

func (s logStore) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	n := 0
	if in.NextToken != nil {
		n = len(*in.NextToken)
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	if n < len(s) {
		out.Events = s[n : n+1]
	}
	if n+1 < len(s) {
		out.NextToken = new(string(make([]byte, n+1)))
	}
	return out, nil
}

func TestRuns(t *testing.T) {
	t.Parallel()
	const (
		jsonStart  = `{"time":"2026-03-04T05:06:07Z","type":"platform.start","record":{"requestId":"1","version":"$LATEST"}}`
		jsonOK     = `{"time":"2026-03-04T05:06:08Z","type":"platform.report","record":{"requestId":"1","status":"success"}}`
		jsonFailed = `{"time":"2026-03-04T05:06:08Z","type":"platform.report","record":{"requestId":"1","status": "timeout"}}`
		jsonError  = `{"log_level":"ERROR","errorMessage":"Database engine must be set to 'postgres'","errorType":"KeyError"}`
	)
	type run struct {
		Lines  []string
		Failed bool
	}
	tests := map[string]struct {
		events [][2]string // stream and message
		want   []run
	}{
		"text": {
			[][2]string{{"a", "START RequestId: 1\n"}, {"a", "[INFO]\tcreated\n"}, {"a", "END RequestId: 1\n"}, {"a", "REPORT RequestId: 1\n"}, {"a", "START RequestId: 2\n"}, {"a", "[ERROR] KeyError: 'x'\nTraceback\n"}},
			[]run{{[]string{"[INFO]\tcreated"}, false}, {[]string{"[ERROR] KeyError: 'x'", "Traceback"}, true}},
		},
		"two streams at once": {
			[][2]string{{"a", "START RequestId: 1"}, {"b", "START RequestId: 2"}, {"b", "Task timed out after 3.00 seconds"}, {"a", "fine"}},
			[]run{{[]string{"fine"}, false}, {[]string{"Task timed out after 3.00 seconds"}, true}},
		},
		"cut off at its start": {
			[][2]string{{"a", "late"}, {"a", "REPORT RequestId: 1\tStatus: error"}, {"a", "START RequestId: 2"}},
			[]run{{[]string{"late"}, true}, {nil, false}},
		},
		"JSON": {
			[][2]string{{"a", jsonStart}, {"a", jsonOK}, {"a", jsonStart}, {"a", jsonError}, {"a", jsonFailed}, {"a", jsonStart}, {"a", jsonFailed}},
			[]run{{nil, false}, {[]string{jsonError}, true}, {nil, true}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var store logStore
			for _, e := range test.events {
				store = append(store, types.FilteredLogEvent{LogStreamName: &e[0], Message: &e[1]})
			}
			runs, err := (&Cache{}).From(&awsapi.Clients{Logs: store}, nil).Runs(t.Context(), "/aws/lambda/f", time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			var got []run
			for _, i := range runs {
				r := run{Failed: i.Failed}
				if lines := i.Last(); len(lines) > 0 {
					r.Lines = lines
				}
				got = append(got, r)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
