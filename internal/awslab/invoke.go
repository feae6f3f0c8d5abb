package awslab

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// The environment variables that say what code a function runs. A function with
// neither fails as one with an empty package does.
const (
	// HandlerVariable names a rotation type of package rotators.
	HandlerVariable = "AWSLAB_HANDLER"
	// ExecVariable is a command line that is run for each invocation: the event
	// stands on its standard input, the result is what it writes on standard
	// output, what it writes on standard error goes to the log group, and an
	// exit status other than 0 is a function error. The command uses the network
	// of this machine, whatever the VPC of the function.
	ExecVariable = "AWSLAB_EXEC"
	// RuntimeVariable is the runtime that the code of [HandlerVariable] was built
	// for, such as python3.9. With another one the function can't import its
	// database driver. Without the variable the code suits every runtime.
	RuntimeVariable = "AWSLAB_RUNTIME"
)

// invocation is how a function that ran has answered.
type invocation struct {
	// FunctionError is "Unhandled" when the function failed, else empty.
	FunctionError string
	// Payload is the result as JSON, or of a failed function its error.
	Payload []byte

	version string // that ran
	log     []byte // the last lines that the function logged
}

// functionError is a failed function: errorType and errorMessage of its answer.
type functionError struct{ kind, message string }

func (e *functionError) Error() string { return strings.TrimSuffix(e.kind+": "+e.message, ": ") }

// functionPolicy returns the resource policy that guards a function ARN, nil if
// there is none. Lab.mu is held.
func (l *Lab) functionPolicy(functionARN string) *iampolicy.Document {
	named, err := arn.ParseFunction(functionARN)
	if err != nil {
		return nil
	}
	return l.lambda.functions[named.Unqualified().String()].policyDocument(named.Qualifier)
}

// functionAllows tells whether the function, version or alias exists and lets
// Secrets Manager invoke it for the secret. Lab.mu is held.
func (l *Lab) functionAllows(functionARN, secretARN string) bool {
	named, err := arn.ParseFunction(functionARN)
	if err != nil {
		return false
	}
	f := l.lambda.functions[named.Unqualified().String()]
	if _, exists := f.configuration(named.Qualifier); !exists {
		return false
	}
	context := map[string][]string{"aws:SourceArn": {secretARN}}
	if secret, err := arn.ParseSecret(secretARN); err == nil {
		context["aws:SourceAccount"] = []string{secret.AccountID}
	}
	return iampolicy.Evaluate(
		iampolicy.Request{
			Principal: iampolicy.Principal{Service: secretsManagerPrincipal},
			Action:    "lambda:InvokeFunction", Resource: functionARN, Context: context,
		},
		iampolicy.Policies{Resource: f.policyDocument(named.Qualifier)},
	) == iampolicy.Allow
}

// invoke runs a function for the rotation of a secret and waits for its answer.
// The error means that it did not run: the function or its permission is gone,
// its role can't be assumed, it is throttled or the lab is closing. Lab.mu is
// not held.
func (l *Lab) invoke(ctx context.Context, functionARN, secretARN string, payload []byte) (invocation, error) {
	l.mu.Lock()
	if !l.functionAllows(functionARN, secretARN) {
		l.mu.Unlock()
		return invocation{}, errorf("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal %s.", secretsManagerPrincipal)
	}
	named, _ := arn.ParseFunction(functionARN)
	run, err := l.start(named)
	l.mu.Unlock()
	if err != nil {
		return invocation{}, err
	}
	return run.do(ctx, payload), nil
}

// invokeFunction is the operation Invoke. It takes Lab.mu itself.
func invokeFunction(c *call) (any, error) {
	kind := c.http.Header.Get("X-Amz-Invocation-Type")
	if len(c.body) > 0 && !json.Valid(c.body) {
		return nil, errorf("InvalidRequestContentException", "Could not parse request body into json.")
	}
	l := c.lab
	l.mu.Lock()
	_, named, err := c.function("InvokeFunction", true, nil)
	if err == nil && kind == "DryRun" {
		l.mu.Unlock()
		c.status = http.StatusNoContent
		return nil, nil
	}
	var run *running
	if err == nil && kind != "Event" {
		run, err = l.start(named)
	}
	l.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case kind == "Event":
		l.invokeLater(named, c.body, 1, 0)
		c.status = http.StatusAccepted
		return payload{}, nil
	}
	// A function runs to its end even if its caller has gone.
	done := run.do(l.life, c.body)
	answer := payload{header: http.Header{"X-Amz-Executed-Version": {done.version}}, body: done.Payload}
	if done.FunctionError != "" {
		answer.header.Set("X-Amz-Function-Error", done.FunctionError)
	}
	if c.http.Header.Get("X-Amz-Log-Type") == "Tail" {
		answer.header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(done.log))
	}
	return answer, nil
}

// invokeLater runs an asynchronous invocation, up to three times if it fails,
// as Lambda does after one and after two minutes:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
func (l *Lab) invokeLater(named arn.FunctionARN, body []byte, attempt int, wait time.Duration) {
	l.timeline.after(wait, func() {
		l.mu.Lock()
		run, err := l.start(named)
		l.mu.Unlock()
		failed := err != nil
		if err == nil {
			failed = run.do(l.life, body).FunctionError != ""
		}
		if failed && attempt < 3 {
			l.invokeLater(named, body, attempt+1, time.Duration(attempt)*time.Minute)
		}
	})
}

// running is one invocation of a function.
type running struct {
	lab           *Lab
	function      *lambdaFunction
	arn           arn.FunctionARN // as it was invoked
	configuration functionConfiguration
	role          *credential // session of the execution role
	requestID     string
	began         time.Time
	network       *attachment
	// timeOut ends the code because its time is over.
	timeOut context.CancelFunc

	stream *logStream // nil when the role may not write logs
	tail   []byte     // the last bytes of the log, guarded by Lab.mu
}

// start makes everything ready for an invocation. Lab.mu is held.
func (l *Lab) start(named arn.FunctionARN) (*running, error) {
	f := l.lambda.functions[named.Unqualified().String()]
	configuration, ok := f.configuration(named.Qualifier)
	switch {
	case l.life.Err() != nil:
		return nil, errorf("ServiceException", "awslab is closing.").withStatus(http.StatusServiceUnavailable)
	case !ok:
		return nil, functionNotFound(named)
	}
	if err := configuration.notReady(); err != nil {
		l.wake(f, configuration.Version)
		return nil, err
	}
	if err := f.throttle(); err != nil {
		return nil, err
	}
	role := l.iam.roleByARN(configuration.Role)
	if role == nil || !l.iam.serviceMayAssume(lambdaPrincipal, role) {
		return nil, errorf("AccessDeniedException", roleNotAssumable).withStatus(http.StatusForbidden)
	}
	r := &running{
		lab: l, function: f, arn: named, configuration: configuration, requestID: newUUID(), began: l.timeline.Now(),
		role: l.iam.newSession(role, named.Name, named.Region, 12*time.Hour),
	}
	var err error
	if r.network, err = l.attach(r); err != nil {
		return nil, err
	}
	f.busy++
	l.lambda.running.Add(1)
	l.lambda.sessions[r.role] = r
	r.openLog()
	return r, nil
}

var errTimedOut = errors.New("the function's time is over")

// timeout is how long the code may run.
func (r *running) timeout() time.Duration {
	return time.Duration(r.configuration.Timeout) * time.Second
}

// wait lets time go by in an invocation, on the lab's clock, at most until its
// timeout.
func (r *running) wait(ctx context.Context, d time.Duration) error {
	left := r.began.Add(r.timeout()).Sub(r.lab.timeline.Now())
	if d < left {
		return r.lab.timeline.pass(ctx, d)
	}
	if err := r.lab.timeline.pass(ctx, left); err != nil {
		return err
	}
	r.timeOut()
	return errTimedOut
}

// do runs the code to its end or its timeout. Lab.mu is not held.
func (r *running) do(ctx context.Context, event []byte) invocation {
	l := r.lab
	defer l.lambda.running.Done()
	// Code that hangs is stopped in real time, whatever the clock.
	ctx, cancel := context.WithTimeoutCause(ctx, r.timeout(), errTimedOut)
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	r.timeOut = func() { end(errTimedOut) }
	r.logStart()
	result, err := r.code(ctx, event)
	done := invocation{Payload: result, version: r.configuration.Version}
	timedOut := errors.Is(context.Cause(ctx), errTimedOut)
	if timedOut {
		_ = r.wait(ctx, r.timeout()) // Code that hung took all of its time.
		err = &functionError{"Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", r.requestID, r.timeout().Seconds())}
	}
	r.logEnd(err, timedOut)
	if err != nil {
		done.FunctionError = "Unhandled"
		kind, message := describeError(err)
		done.Payload, _ = json.Marshal(map[string]any{"errorMessage": message, "errorType": kind, "requestId": r.requestID, "stackTrace": []string{}})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.function.busy--
	delete(l.lambda.sessions, r.role)
	done.log = slices.Clone(r.tail)
	return done
}

// describeError splits the error of a function into type and message.
func describeError(err error) (kind, message string) {
	if e, ok := errors.AsType[*functionError](err); ok {
		return e.kind, e.message
	}
	if e, ok := errors.AsType[*rotators.Error](err); ok {
		return e.Type, e.Message
	}
	return "Exception", err.Error()
}

// code runs what the function's environment says.
func (r *running) code(ctx context.Context, event []byte) ([]byte, error) {
	if len(event) == 0 {
		event = []byte("{}")
	}
	vars := r.variables()
	if name := vars[HandlerVariable]; name != "" {
		if handler, ok := rotators.Lookup(name); ok {
			if built := vars[RuntimeVariable]; built != "" && built != r.configuration.Runtime {
				return nil, r.importError(driver(name))
			}
			return r.handle(ctx, handler, event)
		}
	} else if line := vars[ExecVariable]; line != "" {
		return r.execute(ctx, line, event)
	}
	module, _, _ := strings.Cut(r.configuration.Handler, ".")
	return nil, r.importError(module)
}

// importError is what the Python runtime says of a package in which the handler's
// module, or one that this one imports, is missing.
func (r *running) importError(missing string) error {
	module, _, _ := strings.Cut(r.configuration.Handler, ".")
	return &functionError{"Runtime.ImportModuleError", fmt.Sprintf("Unable to import module '%s': No module named '%s'", module, missing)}
}

// driver is the compiled module in the package of a published function, which
// goes with one version of Python only, as in
// https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas/issues/161
// and https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas/issues/120.
func driver(rotationType string) string {
	if strings.Contains(rotationType, "SQLServer") {
		return "pymssql._pymssql"
	}
	return "_pg"
}

func (r *running) variables() map[string]string {
	if r.configuration.Environment == nil {
		return map[string]string{}
	}
	return r.configuration.Environment.Variables
}

// handle runs a Go handler. One that does not stop when its time is over is
// left behind, as its AWS calls end with the context anyway.
func (r *running) handle(ctx context.Context, handler rotators.Handler, body []byte) ([]byte, error) {
	var event rotators.Event
	if json.Unmarshal(body, &event) != nil {
		return nil, &functionError{"Runtime.UnmarshalError", "Unable to unmarshal input."}
	}
	config := r.lab.ConfigFor(r.role.Credentials)
	config.Region = r.arn.Region
	// A function runs on the time of AWS. Against a lab on another date, the
	// SDK would take the first refusal for one of the time and ask again.
	config.DisableClockSkewCorrection = true
	env := rotators.Environment{
		Vars: r.variables(), Config: config, FunctionARN: r.arn.String(), Users: r.lab.store, Network: r.network, Sleep: r.wait,
		Log: func(level, message string) {
			if ctx.Err() == nil {
				r.message(level, message)
			}
		},
	}
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil {
				ended <- &functionError{"Runtime.ExitError", "RequestId: " + r.requestID + " Error: Runtime exited without providing a reason"}
			}
		}()
		ended <- handler(ctx, env, event)
	}()
	select {
	case err := <-ended:
		return []byte("null"), err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
