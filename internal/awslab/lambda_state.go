package awslab

import (
	"net/http"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// FunctionState is what Lambda says of a function's readiness, with the words of
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html.
type FunctionState struct {
	// State is Pending, Active, Inactive or Failed.
	State, StateReason, StateReasonCode string `json:",omitempty"`
	// LastUpdateStatus is Successful, InProgress or Failed.
	LastUpdateStatus, LastUpdateStatusReason, LastUpdateStatusReasonCode string `json:",omitempty"`
}

var ready = FunctionState{State: "Active", LastUpdateStatus: "Successful"}

// SetFunctionState puts a function, or the version that the ARN ends in, into a
// state. What is left empty is as in a function that is ready. A function that
// does not exist panics, since it is a mistake in the calling program.
func (l *Lab) SetFunctionState(functionARN string, s FunctionState) {
	if s.State == "" {
		s.State = ready.State
	}
	if s.LastUpdateStatus == "" {
		s.LastUpdateStatus = ready.LastUpdateStatus
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	named, err := arn.ParseFunction(functionARN)
	f := l.lambda.functions[named.Unqualified().String()]
	switch {
	case err != nil || f == nil:
	case named.Qualifier == "" || named.Qualifier == latestVersion:
		f.latest.FunctionState = s
		return
	default:
		if i := f.versionIndex(named.Qualifier); i >= 0 {
			f.versions[i].FunctionState = s
			return
		}
	}
	panic("awslab: SetFunctionState: there is no function " + functionARN)
}

// notReady refuses to invoke a function that is not active. Lambda goes on with
// the code and the configuration of before while an update is in progress or has
// failed.
func (f FunctionState) notReady() error {
	switch {
	case f.State == "Active":
		return nil
	case f.State == "Failed" && (f.StateReasonCode == "InvalidImage" || f.StateReasonCode == "ImageAccessDenied" || f.StateReasonCode == "ImageDeleted"):
		return errorf("CodeArtifactUserFailedException", "%s", f.StateReason).withStatus(http.StatusConflict)
	case f.State == "Inactive":
		return errorf("ResourceNotReadyException", "The function is inactive and its resources are being recreated. Try again later.").withStatus(http.StatusBadGateway)
	}
	return inState(f.State)
}

func inState(state string) error {
	return lambdaConflict("The operation cannot be performed at this time. The function is currently in the following state: %s", state)
}

// recreation is how long Lambda takes to recreate what an inactive function has
// lost; AWS gives no time.
const recreation = time.Minute

// wake makes an inactive function pending, as an invocation that fails does, and
// active after a while.
func (l *Lab) wake(f *lambdaFunction, version string) {
	configuration := &f.latest
	if i := f.versionIndex(version); i >= 0 {
		configuration = &f.versions[i]
	}
	if configuration.State != "Inactive" {
		return
	}
	pending := FunctionState{State: "Pending", StateReason: "The function is being restored.", StateReasonCode: "Restoring", LastUpdateStatus: ready.LastUpdateStatus}
	functionARN := configuration.FunctionArn
	configuration.FunctionState = pending
	l.timeline.after(recreation, func() {
		l.mu.Lock()
		again, _ := f.configuration(version)
		l.mu.Unlock()
		if again.FunctionState == pending {
			l.SetFunctionState(functionARN, ready)
		}
	})
}

// updatable finds the function of a call that changes its code or configuration,
// or publishes it, and refuses it while it is created or updated.
func (c *call) updatable(action string) (*lambdaFunction, error) {
	f, named, err := c.function(action, false, nil)
	switch {
	case err != nil:
		return nil, err
	case f.latest.State == "Pending" || f.latest.State == "Failed":
		return nil, inState(f.latest.State)
	case f.latest.LastUpdateStatus == "InProgress":
		return nil, lambdaConflict("The operation cannot be performed at this time. An update is in progress for resource: %s", named.Unqualified())
	}
	return f, nil
}
