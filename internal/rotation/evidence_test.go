package rotation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// logs writes lines into a stream of the function's log, as runs for other secrets
// do.
func (w *world) logs(lines ...string) {
	w.t.Helper()
	w.logsAt(w.Now(), lines...)
}

func (w *world) logsAt(at time.Time, lines ...string) {
	w.t.Helper()
	logs, group, stream := cloudwatchlogs.NewFromConfig(w.Config()), aws.String("/aws/lambda/rotator"), aws.String("of/others")
	ctx := w.t.Context()
	logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})                          //nolint:errcheck // It may exist.
	logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}) //nolint:errcheck // It may exist.
	var events []logstypes.InputLogEvent
	for _, line := range lines {
		events = append(events, logstypes.InputLogEvent{Message: &line, Timestamp: aws.Int64(at.UnixMilli())})
	}
	_, err := logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events})
	w.Must(err)
}

// TestFailuresOfOthers lets the same function fail for something while a rotation
// is waited for: it is the outcome of that rotation only if it certainly is its own
// failure.
func TestFailuresOfOthers(t *testing.T) {
	t.Parallel()
	const (
		other   = "createSecret: Successfully put secret for ARN arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-AbCdEf and version v."
		unnamed = "[ERROR] KeyError: 'masterarn'"
		module  = "[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named '_pg'"
	)
	tests := map[string]struct {
		lines  [][]string // of a run each
		atOnce bool       // the create fails before its time is over
		code   findings.Code
		says   string
	}{
		"alone":                       {[][]string{{unnamed}}, true, findings.SecretKeyMissing, "failed in the step"},
		"others rotate":               {[][]string{{other}, {unnamed}}, false, findings.SecretKeyMissing, "may be of one of them"},
		"others rotate, the function": {[][]string{{other}, {module}}, true, findings.FunctionImportError, "failed in the step"},
		"of another":                  {[][]string{{other, unnamed}}, false, "", "has done the step createSecret"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keepPending = true
			w.HoldRotation("setSecret")
			w.whileWaiting(func() {
				for _, lines := range test.lines {
					w.logs("START RequestId: r")
					w.logs(lines...)
					w.logs("REPORT RequestId: r\tDuration: 3 ms")
				}
			})
			began := w.Now()
			_, _, err := w.process().create(w.want())
			if err == nil {
				t.Fatal("a rotation that is held has succeeded")
			}
			p := w.problem(err)
			if p.Code != test.code {
				t.Errorf("code %q, wanted %q", p.Code, test.code)
			}
			w.tells(p.Detail, test.says)
			if atOnce := w.Now().Sub(began) < time.Minute; atOnce != test.atOnce {
				t.Errorf("waited %s", w.Now().Sub(began))
			}
		})
	}
}

// TestClocks has runs in the log that began before the first look at a rotation:
// those of an earlier one are not its own, and one that names its version is.
func TestClocks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, ours []string
		code         findings.Code
	}{
		"of an earlier rotation":  {before: []string{"[ERROR] KeyError: 'masterarn'"}},
		"by a clock that is slow": {ours: []string{"[ERROR] KeyError: 'masterarn'"}, code: findings.SecretKeyMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keepPending = true
			w.HoldRotation("setSecret")
			run := func(at time.Time, lines ...string) {
				w.logsAt(at, "START RequestId: r")
				w.logsAt(at, lines...)
				w.logsAt(at, "REPORT RequestId: r\tDuration: 3 ms")
			}
			var rotated time.Time
			w.Inject(awslab.Fault{Operation: "RotateSecret", Times: 1, Do: func(awslab.Call) {
				if test.before != nil {
					run(w.Now(), test.before...)
				}
				w.Advance(3 * time.Second)
				rotated = w.Now()
			}})
			w.whileWaiting(func() {
				if test.ours != nil {
					run(rotated.Add(-2*time.Second), append(test.ours, "Secret version "+w.pending()+" is not there.")...)
				}
			})
			_, _, err := w.process().create(w.want())
			if err == nil {
				t.Fatal("a rotation that is held has succeeded")
			}
			if p := w.problem(err); p.Code != test.code {
				t.Errorf("code %q, wanted %q\n%v", p.Code, test.code, err)
			}
		})
	}
}

// TestSlowLog reads a log that takes long to answer no more often than others: the
// pause begins after the answer.
func TestSlowLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepPending = true
	w.HoldRotation("setSecret")
	reads := 0
	w.Inject(awslab.Fault{Operation: "FilterLogEvents", Do: func(awslab.Call) {
		reads++
		w.Advance(20 * time.Second)
	}})
	if _, _, err := w.process().create(w.want()); err == nil {
		t.Fatal("a rotation that is held has succeeded")
	}
	if most := int(timeout / (35 * time.Second)); reads < most/2 || reads > most+1 {
		t.Errorf("the log was read %d times, wanted %d at most", reads, most+1)
	}
}

// TestSetupsOfOneFunction has two setups wait for rotations with one function at
// the same time. One fails and logs nothing of which secret it was for: neither is
// ended by that, since either may be meant.
func TestSetupsOfOneFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepPending = true
	w.HoldRotation("setSecret")
	broken := w.NewSecret("broken", map[string]any{"engine": "mysql"})
	p := w.process()
	setUp := func(secretARN string) error {
		want := w.want()
		want.SecretID = secretARN
		object, warnings, err := p.Create(t.Context(), want, 2*time.Minute)
		w.hear(object, warnings, err)
		return err
	}
	var ofBroken error
	w.whileWaiting(func() { ofBroken = setUp(broken) })
	for _, err := range []error{setUp(w.SecretARN), ofBroken} {
		if err == nil {
			t.Fatal("a rotation that is held, or fails, has succeeded")
		}
		if problem := w.problem(err); problem.Summary != "The rotation did not succeed in time" || problem.Code != findings.SecretEngineMismatch {
			t.Error(problem)
		}
		w.tells(err.Error(), "may be of one of them")
	}
}

// TestProgress listens to a create, to one that fails, and to a single operation.
func TestProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var told []string
	listen := func(_ context.Context, message string, fields map[string]any) {
		text := fmt.Sprint(message, " ", fields)
		w.said = append(w.said, text)
		told = append(told, text)
	}
	p := w.process()
	p.Progress = listen
	want := w.want()
	have := p.mustCreate(want)
	for i, part := range []string{
		"The checks are done", "The role policy is written map[policy:", "The invoke permission is written map[function_arn:",
		"Waiting until AWS knows the role policy map[role:rotator", "AWS has accepted the rotation map[secret_arn:", "The new version of the secret is AWSCURRENT",
	} {
		if i >= len(told) || !strings.HasPrefix(told[i], part) {
			t.Fatalf("step %d is not %q: %q", i, part, told)
		}
	}
	told = nil
	w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	w.keepPending = true
	want.Triggers = map[string]string{"again": "1"}
	_, _, err := p.Update(t.Context(), want, have, true, timeout)
	if err == nil {
		t.Fatal("the update of a broken rotation succeeded")
	}
	all := strings.Join(told, "\n")
	w.tells(all, "The rotation function has run", "step:createSecret", "The rotation function has failed", "code:login-failed", "step:setSecret")
	if n := strings.Count(all, "has failed"); n != 2 {
		t.Errorf("two failures were told %d times:\n%s", n, all)
	}
}

// TestEscapedSecretsInLog has a function log passwords in the ways that logs write
// them.
func TestEscapedSecretsInLog(t *testing.T) {
	t.Parallel()
	const password = "pl\"anted/päss&word %41"
	quoted, err := json.Marshal(password)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	value, err := json.Marshal(map[string]any{"engine": "labstore", "host": "lab", "username": "app", "password": password})
	w.Must(err)
	w.storeValue(string(value))
	w.keepPending = true
	w.HoldRotation("setSecret")
	forms := map[string]string{
		"plain": password, "JSON": string(quoted), "JSON twice": string(twice), "query": url.QueryEscape(password), "path": url.PathEscape(password),
	}
	w.whileWaiting(func() {
		w.logs("START RequestId: r")
		for _, form := range forms {
			w.logs("connect with " + form + " now")
		}
		w.logs("[ERROR] NotImplementedError", "REPORT RequestId: r\tDuration: 3 ms")
	})
	_, _, err = w.process().create(w.want())
	if err == nil {
		t.Fatal("the create of a broken rotation succeeded")
	}
	for name, form := range forms {
		if strings.Contains(err.Error(), strings.Trim(form, `"`)) {
			t.Errorf("the password is in the message as %s:\n%v", name, err)
		}
	}
	w.tells(err.Error(), "connect with ")
	if strings.Contains(err.Error(), "anted") {
		t.Error(err)
	}
}

// TestJSONLog reads a log that is in JSON and in a group of another name.
func TestJSONLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.Functions.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &w.FunctionARN, LoggingConfig: &lambdatypes.LoggingConfig{LogFormat: lambdatypes.LogFormatJson, LogGroup: aws.String("/all/functions")},
	})
	w.Must(err)
	w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	_, _, err = w.process().create(w.want())
	if err == nil || w.problem(err).Code != findings.LoginFailed {
		t.Fatal(err)
	}
	w.tells(err.Error(), "log group /all/functions", "in the step setSecret", `"message":"setSecret: Unable to log into database`)
}
