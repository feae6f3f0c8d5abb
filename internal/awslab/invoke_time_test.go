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
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
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
			`{"record":{"metrics":{"durationMs":3000,"producedBytes":0},"requestId":"ID","status":"timeout"},"time":"2026-01-22T14:30:04.000Z","type":"platform.runtimeDone"}`,
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

// TestErrorAsJSON is what the Python runtime makes of an exception, and what of
// it and of Lambda's own events is logged at which level.
func TestErrorAsJSON(t *testing.T) {
	t.Parallel()
	const (
		started = `{"record":{"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:f","requestId":"ID","version":"$LATEST"},"time":"2026-01-22T14:30:00.000Z","type":"platform.start"}`
		found   = `{"level":"INFO","logger":"root","message":"Found credentials in environment variables.","requestId":"ID","timestamp":"2026-01-22T14:30:00.000Z"}`
		failed  = `{"errorMessage":"Invalid endpoint: nowhere","errorType":"ValueError","level":"ERROR","requestId":"ID","stackTrace":[],"timestamp":"2026-01-22T14:30:00.000Z"}`
		done    = `{"record":{"metrics":{"durationMs":0,"producedBytes":0},"requestId":"ID","status":"error"},"time":"2026-01-22T14:30:00.000Z","type":"platform.runtimeDone"}`
		report  = `{"record":{"metrics":{"billedDurationMs":0,"durationMs":0,"maxMemoryUsedMB":64,"memorySizeMB":128},"requestId":"ID","status":"error"},"time":"2026-01-22T14:30:00.000Z","type":"platform.report"}`
	)
	for name, test := range map[string]struct {
		application lambdatypes.ApplicationLogLevel
		system      lambdatypes.SystemLogLevel
		want        []string
	}{
		"by default":    {want: []string{started, found, failed, done, report}},
		"warnings":      {application: lambdatypes.ApplicationLogLevelWarn, system: lambdatypes.SystemLogLevelWarn, want: []string{failed, done, report}},
		"fatal, system": {application: lambdatypes.ApplicationLogLevelFatal, system: lambdatypes.SystemLogLevelInfo, want: []string{started, done, report}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			l.newFunction(awslab.HandlerVariable, "UserStore", "SECRETS_MANAGER_ENDPOINT", "nowhere")
			l.configure(lambda.UpdateFunctionConfigurationInput{LoggingConfig: &lambdatypes.LoggingConfig{
				LogFormat: lambdatypes.LogFormatJson, ApplicationLogLevel: test.application, SystemLogLevel: test.system,
			}})
			l.invoke(`{"Step":"createSecret","SecretId":"app","ClientRequestToken":"x"}`)
			if diff := cmp.Diff(test.want, l.logLines("/aws/lambda/f")); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
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

// TestFunctionsThatWait is about the functions that wait for what they have
// changed: for Db2 ten seconds, and for ElastiCache until the user is active,
// for which they look every ten seconds.
func TestFunctionsThatWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rotationType, step string
		takes              int
	}{
		{"Db2SingleUser", "setSecret", 10},
		{"ElastiCacheUser", "testSecret", 30},
	} {
		t.Run(test.rotationType, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			user := l.AddCacheUser(awslab.CacheUser{ID: "app", Name: "app", Modifying: 25 * time.Second}, planted)
			superuser := l.create("superuser", `{"engine":"db2","host":"db","username":"admin","password":"`+planted+`"}`)
			secret := l.create("app", `{"engine":"db2","host":"db","username":"app","password":"`+planted+`","masterarn":"`+superuser+`","user_arn":"`+user+`"}`)
			function := l.function("f", l.role("r", allowAll), awslab.HandlerVariable, rotators.CallsOnly+test.rotationType)
			l.permit(function)

			l.configure(lambda.UpdateFunctionConfigurationInput{Timeout: new(int32(test.takes))})
			l.rotate(secret, function, 2)
			l.Advance(50 * time.Second)
			events := l.Events()
			if last := events[len(events)-1]; last.Name != "RotationFailed" || !strings.HasSuffix(last.ErrorMessage, test.step+" step") {
				t.Errorf("with %d seconds the rotation ended with %+v", test.takes, last)
			}
			l.configure(lambda.UpdateFunctionConfigurationInput{Timeout: new(int32(test.takes + 1))})
			l.rotate(secret, function, 2)
			l.Advance(50 * time.Second)
			if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
				t.Errorf("with a second more the labels are %q, want %q", got, want)
			}
		})
	}
}

// TestUserThatStaysInactive is a change that takes longer than the function for
// ElastiCache waits.
func TestUserThatStaysInactive(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	user := l.AddCacheUser(awslab.CacheUser{ID: "app", Name: "app", Modifying: time.Hour}, planted)
	secret := l.create("app", `{"username":"app","password":"`+planted+`","user_arn":"`+user+`"}`)
	function := l.function("f", l.role("r", allowAll), awslab.HandlerVariable, rotators.CallsOnly+"ElastiCacheUser", "MAX_WAITING_TIME_FOR_ACTIVE_IN_SECONDS", "20")
	l.permit(function)
	l.rotate(secret, function, 2)
	l.Advance(10 * time.Second)
	const want = "[ERROR] ValueError: testSecret: user app associated with secret "
	if lines := l.logLines("/aws/lambda/f"); !slices.ContainsFunc(lines, func(s string) bool {
		return strings.HasPrefix(s, want) && strings.Contains(s, " did not reached the active status.")
	}) {
		t.Errorf("the log is\n%s", strings.Join(lines, "\n"))
	}
}

// TestOtherRuntime is a function whose runtime was changed without its code.
func TestOtherRuntime(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.HandlerVariable, "PostgreSQLSingleUser", awslab.RuntimeVariable, "python3.12")
	if _, answer := l.invoke(`{}`); answer != "KeyError: 'SecretId'" {
		t.Errorf("with the runtime of the code the function answered %s", answer)
	}
	l.configure(lambda.UpdateFunctionConfigurationInput{Runtime: lambdatypes.RuntimePython313})
	if _, answer := l.invoke(`{}`); answer != "Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named '_pg'" {
		t.Errorf("with another runtime the function answered %s", answer)
	}
	l.configure(lambda.UpdateFunctionConfigurationInput{Environment: &lambdatypes.Environment{
		Variables: map[string]string{awslab.HandlerVariable: "calls/SQLServerMultiUser", awslab.RuntimeVariable: "python3.9"},
	}})
	if _, answer := l.invoke(`{}`); !strings.HasSuffix(answer, "No module named 'pymssql._pymssql'") {
		t.Errorf("the function for SQL Server answered %s", answer)
	}
}
