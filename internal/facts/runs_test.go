package facts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// logStore answers with the same events in pages of five.
type logStore []types.FilteredLogEvent

func (s logStore) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	n := 0
	if in.NextToken != nil {
		n = len(*in.NextToken)
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: s[min(n, len(s)):min(n+5, len(s))]}
	if n+5 < len(s) {
		out.NextToken = new(string(make([]byte, n+5)))
	}
	return out, nil
}

// hanging is a CloudWatch Logs that does not answer before the caller gives up. It
// keeps when that is.
type hanging struct{ until time.Time }

func (h *hanging) FilterLogEvents(ctx context.Context, _ *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	h.until, _ = ctx.Deadline()
	return nil, context.DeadlineExceeded
}

// TestLogHangs reads a log that does not answer: it is waited for no longer than for
// other advice.
func TestLogHangs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	longest, _ := ctx.Deadline()
	longest = longest.Add(time.Minute) // The machine may be slow.
	logs := &hanging{}
	_, err := (&Cache{}).From(&awsapi.Clients{Logs: logs}, nil).ReadLog(t.Context(), Log{Group: "/aws/lambda/f"})
	if !errors.Is(err, context.DeadlineExceeded) || logs.until.IsZero() || logs.until.After(longest) {
		t.Errorf("the log has time until %s, %v", logs.until, err)
	}
}

func TestRuns(t *testing.T) {
	t.Parallel()
	const (
		jsonStart  = `{"time":"2026-03-04T05:06:07Z","type":"platform.start","record":{"requestId":"1","version":"$LATEST"}}`
		jsonOK     = `{"time":"2026-03-04T05:06:08Z","type":"platform.report","record":{"requestId":"1","status":"success"}}`
		jsonFailed = `{"time":"2026-03-04T05:06:08Z","type":"platform.report","record":{"requestId":"1","status": "timeout"}}`
		timeout    = "2026-03-04T05:06:10.000Z 8c Task timed out after 3.00 seconds"
		handled    = "[ERROR]\t2026-03-04T05:06:08.000Z\t8c\tUnable to establish SSL/TLS handshake, SSL/TLS is not enabled on the host: db"
		jsonLogged = `{"timestamp":"2026-03-04T05:06:08Z","level":"ERROR","message":"going on","logger":"root","errorType":"KeyError","errorMessage":"'x'"}`
		initReport = "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout"
		jsonInit   = `{"time":"2026-03-04T05:06:08Z","type":"platform.initReport","record":{"status":"timeout"}}`
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
			[][2]string{{"a", "START RequestId: 1"}, {"b", "START RequestId: 2"}, {"b", timeout}, {"a", "fine"}},
			[]run{{[]string{"fine"}, false}, {[]string{timeout}, true}},
		},
		"cut off at its start": {
			[][2]string{{"a", "late"}, {"a", "REPORT RequestId: 1\tStatus: error"}, {"a", "START RequestId: 2"}},
			[]run{{[]string{"late"}, true}, {nil, false}},
		},
		"JSON": {
			[][2]string{{"a", jsonStart}, {"a", jsonOK}, {"a", jsonStart}, {"a", jsonError}, {"a", jsonFailed}, {"a", jsonStart}, {"a", jsonFailed}},
			[]run{{nil, false}, {[]string{jsonError}, true}, {[]string{jsonFailed}, true}},
		},
		"error that is handled": {
			[][2]string{{"a", "START RequestId: 1"}, {"a", handled}, {"a", "handled: Task timed out after 3 seconds, again"}, {"a", "Status: error"}, {"a", "REPORT RequestId: 1\tDuration: 3 ms"}},
			[]run{{[]string{handled, "handled: Task timed out after 3 seconds, again", "Status: error"}, false}},
		},
		"error that is handled, JSON": {[][2]string{{"a", jsonStart}, {"a", jsonLogged}}, []run{{[]string{jsonLogged}, false}}},
		"a success overrules":         {[][2]string{{"a", jsonStart}, {"a", jsonError}, {"a", jsonOK}}, []run{{[]string{jsonError}, false}}},
		"slow to load": {
			[][2]string{{"a", "INIT_START Runtime Version: python:3.12"}, {"a", initReport}, {"a", "START RequestId: 1"}, {"a", "REPORT RequestId: 1\tDuration: 3 ms"}, {"a", jsonInit}, {"a", jsonStart}, {"a", jsonOK}},
			[]run{{nil, false}, {nil, false}},
		},
		"crashed": {
			[][2]string{{"a", "START RequestId: 1"}, {"a", "RequestId: 1 Error: Runtime exited with error: signal: killed\nRuntime.ExitError"}},
			[]run{{[]string{"RequestId: 1 Error: Runtime exited with error: signal: killed", "Runtime.ExitError"}, true}},
		},
		"could not be loaded": {
			[][2]string{
				{"a", "INIT_START Runtime Version: python:3.12"},
				{"a", "[ERROR] Runtime.ImportModuleError: no"},
				{"a", "START RequestId: 1"},
				{"a", "END RequestId: 1"},
				{"a", "REPORT RequestId: 1\tStatus: error"},
			},
			[]run{{[]string{"[ERROR] Runtime.ImportModuleError: no"}, true}},
		},
		"is being loaded": {[][2]string{{"a", "INIT_START Runtime Version: python:3.12"}}, nil},
		"long line": {
			[][2]string{{"a", "START RequestId: 1"}, {"a", strings.Repeat("é", 500)}},
			[]run{{[]string{strings.Repeat("é", 400) + "…"}, false}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var store logStore
			for _, e := range test.events {
				store = append(store, types.FilteredLogEvent{LogStreamName: &e[0], Message: &e[1]})
			}
			runs, err := (&Cache{}).From(&awsapi.Clients{Logs: store}, nil).ReadLog(t.Context(), Log{Group: "/aws/lambda/f"})
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

func TestWhose(t *testing.T) {
	t.Parallel()
	const (
		region    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
		ours      = region + "db/app-AbCdEf"
		longer    = region + "db/app-AbCdEf-two-GhIjKl"
		superuser = region + "super-AbCdEf"
		keytab    = region + "keytab-one-AbCdEf"
		version   = "0f0e0d0c-0b0a-4908-8706-050403020100"
	)
	tests := map[string]struct {
		line string
		want Whose
	}{
		"nothing":                {"Task timed out after 30.03 seconds", Unnamed},
		"ours":                   {"createSecret: Successfully put secret for ARN " + ours + " and version x.", Ours},
		"ours, end of sentence":  {"setSecret: Successfully set password for secret arn " + ours + ".", Ours},
		"our version":            {"Secret version " + version + " has no stage for rotation", Ours},
		"other":                  {"createSecret: Successfully put secret for ARN " + region + "other-AbCdEf and version x.", Others},
		"other that starts like": {"createSecret: Successfully put secret for ARN " + longer + " and version x.", Others},
		"superuser":              {"Key is missing in " + superuser, Unnamed},
		"refused on another":     {"is not authorized to perform: secretsmanager:GetSecretValue on resource: " + region + "admin-AbCdEf because", Unnamed},
		"refused on ours":        {"is not authorized to perform: secretsmanager:GetSecretValue on resource: " + ours, Ours},
		"login of another":       {"Unable to log into database using credentials in master secret " + region + "admin-AbCdEf", Unnamed},
		"keytab that is given":   {"finishSecret: Version x already marked as AWSCURRENT for " + keytab, Unnamed},
		"keytab not to be read":  {"Failed to load secret from " + region + "keytab-two-AbCdEf: no", Unnamed},
		"keytabs after a count":  {"[ERROR] Exception: Failed to set keytab for 1/2 keytab(s):\n" + region + "keytab-two-AbCdEf: An error occurred", Unnamed},
		"keytabs, in JSON":       {`{"errorMessage":"Failed to set keytab for 1/2 keytab(s):\n` + region + `keytab-two-AbCdEf: no"}`, Unnamed},
		"like a keytab":          {"Secret " + region + "keytab-two-AbCdEf: is not enabled for rotation", Others},
		"in JSON":                {`{"message":"createSecret: for ARN ` + ours + `","level":"INFO"}`, Ours},
	}
	for name, test := range tests {
		r := Run{Lines: append([]string{"START RequestId: 1"}, strings.Split(test.line, "\n")...)}
		if got := r.Whose(ours, version, superuser, keytab); got != test.want {
			t.Errorf("%s: %d, wanted %d", name, got, test.want)
		}
	}
}
