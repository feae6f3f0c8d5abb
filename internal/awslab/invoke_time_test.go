package awslab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// slowRotator is a lab with a function f that may rotate the secret app and
// whose calls take two seconds each.
func slowRotator(t *testing.T) (l *servicesLab, secret, function string) {
	t.Helper()
	l = newServicesLab(t)
	l.newRole("r", lambdaTrust)
	if err := l.putRolePolicy("r", "all", policyOfAll); err != nil {
		t.Fatal(err)
	}
	if err := l.UserStore().CreateUser("app", planted); err != nil {
		t.Fatal(err)
	}
	function = l.newFunction(awslab.HandlerVariable, "UserStore")
	l.permit(function)
	l.Inject(awslab.Fault{Service: "secretsmanager", Caller: ":assumed-role/r/f", Takes: 2 * time.Second})
	return l, l.create("app", `{"engine":"labstore","host":"store","username":"app","password":"`+planted+`"}`), function
}

// TestTimeout lets a function make five calls in createSecret, of which one has
// time within three seconds and all have within thirty.
func TestTimeout(t *testing.T) {
	t.Parallel()
	for format, want := range map[lambdatypes.LogFormat][]string{
		lambdatypes.LogFormatText: {
			"START RequestId: ID Version: $LATEST",
			"[INFO]\t2026-01-22T14:30:01.000Z\tID\tFound credentials in environment variables.",
			"2026-01-22T14:30:04.000Z ID Task timed out after 3.00 seconds\n",
			"END RequestId: ID",
			"REPORT RequestId: ID\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\tStatus: timeout",
		},
		lambdatypes.LogFormatJson: {
			`{"record":{"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:f","requestId":"ID","version":"$LATEST"},"time":"2026-01-22T14:30:01.000Z","type":"platform.start"}`,
			`{"level":"INFO","logger":"root","message":"Found credentials in environment variables.","requestId":"ID","timestamp":"2026-01-22T14:30:01.000Z"}`,
			`{"record":{"metrics":{"billedDurationMs":3000,"durationMs":3000,"maxMemoryUsedMB":64,"memorySizeMB":128},"requestId":"ID","status":"timeout"},"time":"2026-01-22T14:30:04.000Z","type":"platform.report"}`,
		},
	} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			l, secret, function := slowRotator(t)
			l.configure(lambda.UpdateFunctionConfigurationInput{Timeout: new(int32(3)), LoggingConfig: &lambdatypes.LoggingConfig{LogFormat: format}})
			l.rotate(secret, function, 2)
			l.Advance(time.Second)
			if diff := cmp.Diff(want, l.logLines("/aws/lambda/f")); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			events := l.Events()
			if last := events[len(events)-1]; last.Name != "RotationFailed" || !strings.HasSuffix(last.ErrorMessage, " during createSecret step") || !last.Time.Equal(start.Add(4*time.Second)) {
				t.Errorf("the rotation ended with %+v", last)
			}

			l.configure(lambda.UpdateFunctionConfigurationInput{Timeout: new(int32(30))})
			l.rotate(secret, function, 2)
			l.Advance(time.Minute)
			if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
				t.Errorf("with time enough the labels are %q, want %q", got, want)
			}
			if took := "Duration: 10000.00 ms"; format == lambdatypes.LogFormatText && !slices.ContainsFunc(l.logLines("/aws/lambda/f"), func(s string) bool { return strings.Contains(s, took) }) {
				t.Errorf("no step took the time of its calls:\n%s", strings.Join(l.logLines("/aws/lambda/f"), "\n"))
			}
		})
	}
}

// TestErrorAsJSON is what the Python runtime makes of an exception.
func TestErrorAsJSON(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.HandlerVariable, "UserStore")
	l.configure(lambda.UpdateFunctionConfigurationInput{LoggingConfig: &lambdatypes.LoggingConfig{LogFormat: lambdatypes.LogFormatJson}})
	l.invoke(`{}`)
	want := []string{
		`{"errorMessage":"'SecretId'","errorType":"KeyError","level":"ERROR","requestId":"ID","stackTrace":[],"timestamp":"2026-01-22T14:30:00.000Z"}`,
		`{"record":{"metrics":{"billedDurationMs":0,"durationMs":0,"maxMemoryUsedMB":64,"memorySizeMB":128},"requestId":"ID","status":"error"},"time":"2026-01-22T14:30:00.000Z","type":"platform.report"}`,
	}
	if diff := cmp.Diff(want, l.logLines("/aws/lambda/f")[1:]); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestCallTakesTime is a slow call of a client, for which nobody stops waiting.
func TestCallTakesTime(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", "{}")
	l.Inject(awslab.Fault{Operation: "DescribeSecret", Times: 1, Takes: time.Minute})
	l.describe(secret)
	if got := l.Now().Sub(start); got != time.Minute {
		t.Errorf("the call took %v", got)
	}
}
