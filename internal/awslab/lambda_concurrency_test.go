package awslab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// rotator is a lab with a function f that may rotate the secret app.
func rotator(t *testing.T) (l *servicesLab, secret, function string) {
	t.Helper()
	l = newServicesLab(t)
	if err := l.UserStore().CreateUser("app", planted); err != nil {
		t.Fatal(err)
	}
	function = l.function("f", l.role("r", allowAll), awslab.HandlerVariable, "UserStore")
	l.permit(function)
	return l, l.create("app", `{"engine":"labstore","host":"store","username":"app","password":"`+planted+`"}`), function
}

func (l *servicesLab) reserve(n int32) {
	l.Helper()
	out := try[*lambda.PutFunctionConcurrencyOutput](l)(l.lambda.PutFunctionConcurrency(l.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: new("f"), ReservedConcurrentExecutions: &n}))
	if *out.ReservedConcurrentExecutions != n {
		l.Errorf("PutFunctionConcurrency answered %d", *out.ReservedConcurrentExecutions)
	}
}

// reserved is what GetFunctionConcurrency answers, nil for none.
func (l *servicesLab) reserved() *int32 {
	l.Helper()
	return try[*lambda.GetFunctionConcurrencyOutput](l)(l.lambda.GetFunctionConcurrency(l.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: new("f")})).ReservedConcurrentExecutions
}

// invokeOnce invokes f without another try.
func (l *servicesLab) invokeOnce() error {
	_, err := l.lambda.Invoke(l.Context(), &lambda.InvokeInput{FunctionName: new("f")}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
	return err
}

// TestRotationWithoutConcurrency is a rotation whose function has no place to
// run. It fails as AWS words it, leaves nothing in the function's log, and
// succeeds by itself once there is one.
func TestRotationWithoutConcurrency(t *testing.T) {
	t.Parallel()
	l, secret, function := rotator(t)
	if got := l.reserved(); got != nil {
		t.Errorf("without a reservation there is one of %d", *got)
	}
	l.reserve(0)
	l.rotate(secret, function, 2)
	l.Advance(2 * time.Second)
	events := l.Events()
	last := events[len(events)-1]
	if want := "Error when executing lambda " + function + " during createSecret step"; last.Name != "RotationFailed" || last.ErrorMessage != want {
		t.Errorf("the rotation ended with %s: %s", last.Name, last.ErrorMessage)
	}
	if lines := l.logLines("/aws/lambda/f"); len(lines) != 1 || !strings.Contains(lines[0], "The specified log group does not exist.") {
		t.Errorf("a function that did not run has a log: %s", strings.Join(lines, "\n"))
	}
	try[*lambda.DeleteFunctionConcurrencyOutput](t)(l.lambda.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: new("f")}))
	if got := l.reserved(); got != nil {
		t.Errorf("a deleted reservation is %d", *got)
	}
	l.Advance(2 * time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
}

// TestConcurrencyUsedUp invokes a function while it runs.
func TestConcurrencyUsedUp(t *testing.T) {
	t.Parallel()
	l, secret, function := rotator(t)
	while := map[int32]error{}
	for _, n := range []int32{1, 2} {
		l.reserve(n)
		l.Inject(awslab.Fault{Service: "secretsmanager", Caller: ":assumed-role/r/f", Times: 1, Do: func(awslab.Call) { while[n] = l.invokeOnce() }})
		l.rotate(secret, function, int(n)+1)
		l.Advance(time.Minute)
	}
	refused(t, while[1], "TooManyRequestsException", "Rate Exceeded.")
	if err, ran := while[2]; err != nil || !ran {
		t.Errorf("with two places the second invocation failed: %v", err)
	}
}

func TestFunctionState(t *testing.T) {
	t.Parallel()
	const conflict = "The operation cannot be performed at this time. "
	for name, test := range map[string]struct {
		state             awslab.FunctionState
		invoke, configure [2]string // code and message, both empty if it works
	}{
		"ready": {state: awslab.FunctionState{}},
		"pending": {
			state:     awslab.FunctionState{State: "Pending", StateReason: "The function is being created.", StateReasonCode: "Creating"},
			invoke:    [2]string{"ResourceConflictException", conflict + "The function is currently in the following state: Pending"},
			configure: [2]string{"ResourceConflictException", conflict + "The function is currently in the following state: Pending"},
		},
		"failed": {
			state:     awslab.FunctionState{State: "Failed", StateReason: "The subnet has no free address.", StateReasonCode: "SubnetOutOfIPAddresses"},
			invoke:    [2]string{"ResourceConflictException", conflict + "The function is currently in the following state: Failed"},
			configure: [2]string{"ResourceConflictException", conflict + "The function is currently in the following state: Failed"},
		},
		"failed image": {
			state:     awslab.FunctionState{State: "Failed", StateReason: "Lambda cannot initialize the provided container image.", StateReasonCode: "InvalidImage"},
			invoke:    [2]string{"CodeArtifactUserFailedException", "Lambda cannot initialize the provided container image."},
			configure: [2]string{"ResourceConflictException", conflict + "The function is currently in the following state: Failed"},
		},
		"inactive": {
			state:  awslab.FunctionState{State: "Inactive", StateReason: "The function was idle.", StateReasonCode: "Idle"},
			invoke: [2]string{"ResourceNotReadyException", "The function is inactive"},
		},
		"update in progress": {
			state:     awslab.FunctionState{LastUpdateStatus: "InProgress", LastUpdateStatusReason: "The function is being updated.", LastUpdateStatusReasonCode: "Creating"},
			configure: [2]string{"ResourceConflictException", conflict + "An update is in progress for resource: arn:aws:lambda:eu-west-1:123456789012:function:f"},
		},
		"update failed": {state: awslab.FunctionState{LastUpdateStatus: "Failed", LastUpdateStatusReason: "The subnet is invalid.", LastUpdateStatusReasonCode: "InvalidSubnet"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			function := l.newFunction(awslab.HandlerVariable, "UserStore")
			l.SetFunctionState(function, test.state)
			out := try[*lambda.GetFunctionConfigurationOutput](t)(l.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &function}))
			got := awslab.FunctionState{
				State: string(out.State), StateReasonCode: string(out.StateReasonCode),
				LastUpdateStatus: string(out.LastUpdateStatus), LastUpdateStatusReasonCode: string(out.LastUpdateStatusReasonCode),
			}
			if out.StateReason != nil {
				got.StateReason = *out.StateReason
			}
			if out.LastUpdateStatusReason != nil {
				got.LastUpdateStatusReason = *out.LastUpdateStatusReason
			}
			want := test.state
			if want.State == "" {
				want.State = "Active"
			}
			if want.LastUpdateStatus == "" {
				want.LastUpdateStatus = "Successful"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			check := func(what string, err error, want [2]string) {
				t.Helper()
				switch {
				case want[0] != "":
					refused(t, err, want[0], want[1])
				case err != nil:
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := l.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Timeout: new(int32(9))}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
			check("UpdateFunctionConfiguration", err, test.configure)
			l.SetFunctionState(function, test.state)
			check("Invoke", l.invokeOnce(), test.invoke)
		})
	}
}

// TestInactiveFunction becomes active again after an invocation that failed.
func TestInactiveFunction(t *testing.T) {
	t.Parallel()
	l, secret, function := rotator(t)
	l.SetFunctionState(function, awslab.FunctionState{State: "Inactive", StateReasonCode: "Idle"})
	l.rotate(secret, function, 2)
	l.Advance(2 * time.Second)
	out := try[*lambda.GetFunctionConfigurationOutput](t)(l.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &function}))
	if out.State != "Pending" {
		t.Errorf("after the first invocation the function is %s", out.State)
	}
	l.Advance(2 * time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
}
