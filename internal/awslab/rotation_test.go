package awslab_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

func password(t testing.TB, secretString string) string {
	t.Helper()
	var v struct{ Password string }
	if json.Unmarshal([]byte(secretString), &v) != nil {
		t.Fatal("the secret is not JSON")
	}
	return v.Password
}

func TestRotationChangesThePassword(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	in := l.rotateInput("app", function, 2)
	in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: new(int64(30))}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))

	if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
		t.Errorf("after RotateSecret the labels are %q, want %q", got, want)
	}
	_, err := l.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret, VersionStage: new("AWSPENDING")})
	refused(t, err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSPENDING")

	l.Advance(time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("after the rotation the labels are %q, want %q", got, want)
	}
	rotated := password(t, l.value(secret, "AWSCURRENT"))
	if !l.loggedIn(rotated) || l.loggedIn(planted) {
		t.Error("the new password must work and the old one must not")
	}
	d := l.describe(secret)
	if !*d.RotationEnabled || *d.RotationLambdaARN != function || *d.RotationRules.AutomaticallyAfterDays != 30 {
		t.Errorf("the configuration is not described: %+v", d)
	}
	if want := start.Add(4 * time.Second); !d.LastRotatedDate.Equal(want) {
		t.Errorf("LastRotatedDate = %v, want %v", d.LastRotatedDate, want)
	}
	if want := time.Date(2026, time.February, 21, 23, 59, 59, 0, time.UTC); !d.NextRotationDate.Equal(want) {
		t.Errorf("NextRotationDate = %v, want %v", d.NextRotationDate, want)
	}
	if got, want := l.eventNames(), "RotationStarted RotationSucceeded"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}

	// The same request once more has happened already.
	l.rotate(secret, function, 2)
	l.Advance(time.Minute)
	if got := password(t, l.value(secret, "AWSCURRENT")); got != rotated {
		t.Error("the same token rotated twice")
	}
	// Healthy labels do not stand in the way of the next rotation.
	l.rotate(secret, function, 3)
	l.Advance(time.Minute)
	if got, want := l.stages(secret), "2:AWSPREVIOUS 3:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("after the second rotation the labels are %q, want %q", got, want)
	}
}

func TestRotationStepsAreOneDelayApart(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	l.rotate(secret, function, 2)
	release := l.HoldRotation("setSecret")
	l.Advance(time.Hour)
	if got := password(t, l.value(secret, "AWSPENDING")); !l.loggedIn(planted) || l.loggedIn(got) {
		t.Error("before setSecret the pending password exists and the old one works")
	}
	release()
	finish := l.HoldRotation("finishSecret")
	l.Advance(2 * time.Second)
	if got := password(t, l.value(secret, "AWSPENDING")); l.loggedIn(planted) || !l.loggedIn(got) {
		t.Error("after setSecret the pending password works and the old one does not")
	}
	if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
		t.Errorf("before finishSecret the labels are %q, want %q", got, want)
	}
	finish()
	l.Advance(0)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("after finishSecret the labels are %q, want %q", got, want)
	}
}

func TestRotationFailure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ step, operation string }{
		{"createSecret", "PutSecretValue"},
		{"setSecret", ""},
		{"testSecret", ""},
		{"finishSecret", "UpdateSecretVersionStage"},
	} {
		t.Run(test.step, func(t *testing.T) {
			t.Parallel()
			l := newSecretsLab(t)
			secret, function := l.rotatable()
			if test.operation == "" {
				test.operation = "DescribeSecret" // The first call of each step.
			}
			release := l.HoldRotation(test.step)
			l.rotate(secret, function, 2)
			l.Advance(time.Minute)
			mend := l.Inject(awslab.Fault{
				Service: "secretsmanager", Operation: test.operation, Caller: ":assumed-role/rotator/",
				Code: "AccessDeniedException", Message: "not authorized",
			})
			release()
			l.Advance(time.Second)

			failures := l.Events()
			failed := failures[len(failures)-1]
			want := awslab.RotationEvent{
				Name: "RotationFailed", SecretARN: secret, VersionID: token(2),
				ErrorMessage: "Error when executing lambda " + function + " during " + test.step + " step",
			}
			if diff := cmp.Diff(want, failed, cmpopts.IgnoreFields(awslab.RotationEvent{}, "Time")); diff != "" {
				t.Error(diff)
			}
			if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
				t.Errorf("the labels are %q, want %q", got, want)
			}
			_, err := l.RotateSecret(t.Context(), l.rotateInput(secret, function, 3))
			refused(t, err, "InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")

			// All attempts fail and it is given up.
			l.Advance(24 * time.Hour)
			before := strings.Count(l.eventNames(), "RotationFailed")
			l.Advance(24 * time.Hour)
			if after := strings.Count(l.eventNames(), "RotationFailed"); after != before || before < 5 {
				t.Errorf("%d and then %d failures: retries must be several and must end", before, after)
			}

			// The same rotation goes on when asked with its token.
			mend()
			l.rotate(secret, function, 2)
			l.Advance(time.Minute)
			if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
				t.Errorf("mended, the labels are %q, want %q", got, want)
			}
			if !l.loggedIn(password(t, l.value(secret, "AWSCURRENT"))) {
				t.Error("the new password does not work")
			}
		})
	}
}

func TestRotationRetriesByItself(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Times: 2, Code: "AccessDeniedException"})
	l.rotate(secret, function, 2)
	l.Advance(2 * time.Minute)
	if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
		t.Errorf("after two failures the labels are %q, want %q", got, want)
	}
	l.Advance(2 * time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("after the third attempt the labels are %q, want %q", got, want)
	}
	if got, want := l.eventNames(), "RotationStarted RotationFailed RotationStarted RotationFailed RotationStarted RotationSucceeded"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
}

// TestRotateSecretReattempts checks the promise in the message of the refusal.
func TestRotateSecretReattempts(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	mend := l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Code: "AccessDeniedException"})
	l.rotate(secret, function, 2)
	l.Advance(time.Hour)
	mend()
	_, err := l.RotateSecret(t.Context(), l.rotateInput(secret, function, 3))
	refused(t, err, "InvalidRequestException", "That rotation will be reattempted.")
	l.Advance(time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
}

// TestRecovery takes the documented ways out of a rotation that failed: drop
// the label, or move AWSCURRENT forward.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   secretsmanager.UpdateSecretVersionStageInput
		want string
		// again is what the failed rotation's own token leads to afterwards.
		again string
	}{
		"drop":    {secretsmanager.UpdateSecretVersionStageInput{VersionStage: new("AWSPENDING"), RemoveFromVersionId: new(token(2))}, "1:AWSCURRENT", "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"},
		"forward": {secretsmanager.UpdateSecretVersionStageInput{VersionStage: new("AWSCURRENT"), RemoveFromVersionId: new(token(1)), MoveToVersionId: new(token(2))}, "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING", "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, wait := range []time.Duration{5 * time.Second, 24 * time.Hour} { // while it pauses, and when it is given up
				l := newSecretsLab(t)
				secret, function := l.rotatable()
				mend := l.Inject(awslab.Fault{Operation: "UpdateSecretVersionStage", Caller: ":assumed-role/rotator/", Code: "AccessDeniedException"})
				l.rotate(secret, function, 2)
				l.Advance(wait)
				in := test.in
				in.SecretId = &secret
				try[*secretsmanager.UpdateSecretVersionStageOutput](t)(l.UpdateSecretVersionStage(t.Context(), &in))
				mend()
				events := len(l.Events())
				l.Advance(24 * time.Hour)
				if got := l.stages(secret); got != test.want {
					t.Errorf("the labels are %q, want %q", got, test.want)
				}
				if got := l.Events()[events:]; len(got) > 0 {
					t.Errorf("the rotation went on: %+v", got)
				}
				l.rotate(secret, function, 2)
				l.Advance(time.Minute)
				if got := l.stages(secret); got != test.again {
					t.Errorf("asked with the same token, the labels are %q, want %q", got, test.again)
				}
				l.rotate(secret, function, 3)
				l.Advance(time.Minute)
				if got, want := l.stages(secret), "2:AWSPREVIOUS 3:AWSCURRENT+AWSPENDING"; got != want {
					t.Errorf("the next rotation leaves %q, want %q", got, want)
				}
			}
		})
	}
}

// TestLabelTakenAwayDuringRotation: the function finds its version without a
// label and fails, and nothing is attempted again.
func TestLabelTakenAwayDuringRotation(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	release := l.HoldRotation("setSecret")
	l.rotate(secret, function, 2)
	l.Advance(time.Minute)
	try[*secretsmanager.UpdateSecretVersionStageOutput](t)(l.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &secret, VersionStage: new("AWSPENDING"), RemoveFromVersionId: new(token(2)),
	}))
	release()
	l.Advance(time.Hour)
	if got, want := l.eventNames(), "RotationStarted RotationFailed"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
	if !l.loggedIn(planted) {
		t.Error("the password was changed for a version without a label")
	}
}

func TestRotationTestOnly(t *testing.T) {
	t.Parallel()
	for _, broken := range []bool{false, true} {
		t.Run(map[bool]string{false: "succeeds", true: "fails"}[broken], func(t *testing.T) {
			t.Parallel()
			l := newSecretsLab(t)
			secret, function := l.rotatable()
			if broken {
				if err := l.UserStore().SetPassword("app", "changed-by-hand"); err != nil {
					t.Fatal(err)
				}
			}
			before := l.value(secret, "AWSCURRENT")
			release := l.HoldRotation("testSecret")
			in := l.rotateInput(secret, function, 2)
			in.RotateImmediately = new(false)
			in.RotationRules = &types.RotationRulesType{ScheduleExpression: new("cron(0 4 ? * SUN *)"), Duration: new("3h")}
			try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
			l.Advance(time.Minute)
			if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
				t.Errorf("during the test the labels are %q, want %q", got, want)
			}
			if l.value(secret, "AWSPENDING") != before {
				t.Error("the test version must have the current value")
			}
			release()
			l.Advance(time.Hour)
			if got, want := l.stages(secret), "1:AWSCURRENT"; got != want {
				t.Errorf("after the test the labels are %q, want %q", got, want)
			}
			listed := try[*secretsmanager.ListSecretVersionIdsOutput](t)(l.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &secret, IncludeDeprecated: new(true)}))
			if len(listed.Versions) != 1 {
				t.Errorf("%d versions are left, want 1", len(listed.Versions))
			}
			want := "TestRotationStarted TestRotationSucceeded"
			if broken {
				want = "TestRotationStarted TestRotationFailed"
			}
			if got := l.eventNames(); got != want {
				t.Errorf("events: %s, want %s", got, want)
			}
			d := l.describe(secret)
			if !*d.RotationEnabled || d.LastRotatedDate != nil || d.RotationRules.AutomaticallyAfterDays != nil {
				t.Errorf("a test is no rotation: %+v", d)
			}
			if want := time.Date(2026, time.January, 25, 6, 59, 59, 0, time.UTC); !d.NextRotationDate.Equal(want) {
				t.Errorf("NextRotationDate = %v, want %v", d.NextRotationDate, want)
			}
		})
	}
}

func TestCancelRotateSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	cancel := func() (*secretsmanager.CancelRotateSecretOutput, error) {
		return l.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &secret})
	}
	_, err := cancel()
	refused(t, err, "InvalidRequestException", "doesn't already have a Lambda function ARN configured")

	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{ScheduleExpression: new("rate(10 days)")}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	release := l.HoldRotation("testSecret")
	l.Advance(time.Minute)
	if out := try[*secretsmanager.CancelRotateSecretOutput](t)(cancel()); *out.VersionId != token(2) {
		t.Errorf("the partial version is %v, want %s", out.VersionId, token(2))
	}
	release()
	l.Advance(20 * 24 * time.Hour)
	d := l.describe(secret)
	if *d.RotationEnabled || *d.RotationLambdaARN != function || *d.RotationRules.ScheduleExpression != "rate(10 days)" || d.NextRotationDate != nil {
		t.Errorf("cancelling must keep function and rules only: %+v", d)
	}
	if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
	if got, want := l.eventNames(), "RotationStarted"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}

	// The label blocks every other rotation, the schedule too, until it is
	// removed or its own rotation is asked for again.
	_, err = l.RotateSecret(t.Context(), l.rotateInput(secret, function, 3))
	refused(t, err, "InvalidRequestException", "A previous rotation isn't complete.")
	if *l.describe(secret).RotationEnabled {
		t.Error("the refused call switched rotation on")
	}
	l.rotate(secret, function, 2)
	l.Advance(time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("resumed, the labels are %q, want %q", got, want)
	}
	if out := try[*secretsmanager.CancelRotateSecretOutput](t)(cancel()); out.VersionId != nil {
		t.Errorf("nothing was partial, but the version is %s", *out.VersionId)
	}
}

// TestCancelDuringAStep cancels while the function runs: that step finishes,
// no further one starts.
func TestCancelDuringAStep(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	var once sync.Once
	l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Do: func(awslab.Call) {
		once.Do(func() {
			_, err := l.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &secret})
			if err != nil {
				t.Error(err)
			}
		})
	}})
	l.rotate(secret, function, 2)
	l.Advance(time.Hour)
	if l.value(secret, "AWSPENDING") == "" {
		t.Error("createSecret must finish")
	}
	if !l.loggedIn(planted) {
		t.Error("setSecret must not start")
	}
}

func TestNewValueAbandonsRotation(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	release := l.HoldRotation("setSecret")
	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: new(int64(10))}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(time.Minute)
	// Another label does not concern the rotation.
	if err := l.put(secret, 3, planted, "MINE"); err != nil {
		t.Fatal(err)
	}
	if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING 3:MINE"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
	l.Advance(48 * time.Hour)
	if err := l.put(secret, 4, planted); err != nil {
		t.Fatal(err)
	}
	release()
	l.Advance(time.Hour)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 3:MINE 4:AWSCURRENT"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
	if got, want := l.eventNames(), "RotationStarted RotationAbandoned"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
	// A value by hand counts as a rotation of a rate.
	if want := time.Date(2026, time.February, 3, 23, 59, 59, 0, time.UTC); !l.describe(secret).NextRotationDate.Equal(want) {
		t.Errorf("NextRotationDate = %v, want %v", l.describe(secret).NextRotationDate, want)
	}
}

func TestPendingValueOfSomebodyElse(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	l.rotate(secret, function, 2)
	if err := l.put(secret, 2, `{"engine":"labstore","host":"store","username":"app","password":"other"}`, "AWSPENDING"); err != nil {
		t.Fatal(err)
	}
	l.Advance(3 * time.Second)
	events := l.Events()
	want := "Pending secret version " + token(2) + " for Secret " + secret + " was not created by Lambda " + function + ". Remove the AWSPENDING staging label and restart rotation"
	if got := events[len(events)-1]; got.Name != "RotationFailed" || got.ErrorMessage != want {
		t.Errorf("got %+v, want the failure %q", got, want)
	}
	if !l.loggedIn(planted) {
		t.Error("setSecret must not run")
	}
}

// TestFunctionThatDoesNothing answers every step and leaves AWSPENDING behind.
func TestFunctionThatDoesNothing(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	function := l.function("idle", l.role("idle", allowAll), awslab.ExecVariable, "/bin/sh -c 'cat >&2'")
	l.permit(function)
	l.rotate(secret, function, 2)
	l.Advance(5 * time.Second)
	if got, want := l.eventNames(), "RotationStarted RotationFailed"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
	if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
}

// TestPermissionTakenAway fails the rotation that has begun.
func TestPermissionTakenAway(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	l.rotate(secret, function, 2)
	try[*lambda.RemovePermissionOutput](t)(lambda.NewFromConfig(l.Config()).RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: &function, StatementId: new("rotation")}))
	l.Advance(time.Second)
	if got, want := l.eventNames(), "RotationStarted RotationFailed"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
}

// TestConcurrentUse lets everything happen at once on the real clock; the race
// detector judges, and that a cancelled or deleted secret stands still.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	lab := awslab.New(awslab.Options{StepDelay: time.Millisecond})
	if _, err := lab.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lab.Close)
	l := &secretsLab{T: t, Lab: lab, Client: secretsmanager.NewFromConfig(lab.Config())}
	secret, function := l.rotatable()
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			for i := range 5 {
				_, _ = l.RotateSecret(t.Context(), l.rotateInput(secret, function, 10+n))
				switch (n + i) % 4 {
				case 0:
					_, _ = l.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &secret})
				case 1:
					_ = l.put(secret, 100+10*n+i, planted)
				case 2:
					_, _ = l.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &secret})
				}
				lab.Events()
			}
		})
	}
	group.Wait()
	_, err := l.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &secret, ForceDeleteWithoutRecovery: new(true)})
	if err != nil {
		t.Error(err)
	}
}
