package awslab_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// invoke runs the function f and returns its function error, if any, and answer.
func (l *servicesLab) invoke(event string) (string, string) {
	l.Helper()
	out := try[*lambda.InvokeOutput](l)(l.lambda.Invoke(l.Context(), &lambda.InvokeInput{FunctionName: new("f"), Payload: []byte(event)}))
	if out.FunctionError == nil {
		return "", string(out.Payload)
	}
	var answer struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(out.Payload, &answer); err != nil {
		l.Fatalf("the answer of a failed function is %s", out.Payload)
	}
	return *out.FunctionError, answer.ErrorType + ": " + answer.ErrorMessage
}

var requestID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// logLines are the events of a log group, with ID in place of request IDs.
func (l *servicesLab) logLines(group string) []string {
	l.Helper()
	out, err := l.logs.FilterLogEvents(l.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, strings.TrimSuffix(requestID.ReplaceAllString(*e.Message, "ID"), "\n"))
	}
	return lines
}

func (l *servicesLab) configure(in lambda.UpdateFunctionConfigurationInput) {
	l.Helper()
	in.FunctionName = new("f")
	try[*lambda.UpdateFunctionConfigurationOutput](l)(l.lambda.UpdateFunctionConfiguration(l.Context(), &in))
}

func TestHandlerFunction(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.HandlerVariable, "UserStore")
	// The role of newFunction may only write logs, so the function's own first
	// call is refused.
	failed, answer := l.invoke(`{"Step":"createSecret","SecretId":"` + someSecret + `","ClientRequestToken":"x"}`)
	if failed != "Unhandled" || !strings.Contains(answer, "AccessDeniedException") ||
		!strings.Contains(answer, "assumed-role/r/f is not authorized to perform: secretsmanager:DescribeSecret") {
		t.Errorf("the function answered %s %s", failed, answer)
	}
	lines := l.logLines("/aws/lambda/f")
	for _, want := range []string{
		"START RequestId: ID Version: $LATEST",
		"[INFO]\t2026-01-22T14:30:00.000Z\tID\tFound credentials in environment variables.",
		"END RequestId: ID",
		"REPORT RequestId: ID\tDuration: 0.00 ms\tBilled Duration: 0 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the log has no line %q:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if !slices.ContainsFunc(lines, func(s string) bool {
		return strings.HasPrefix(s, "[ERROR] ClientError: An error occurred (AccessDeniedException)") && strings.HasSuffix(s, "\nTraceback (most recent call last):")
	}) {
		t.Errorf("the log does not have the exception:\n%s", strings.Join(lines, "\n"))
	}
	if failed, answer := l.invoke(`{"Step":"createSecret"}`); failed != "Unhandled" || answer != "KeyError: 'SecretId'" {
		t.Errorf("without a secret the function answered %s %s", failed, answer)
	}
	if failed, answer := l.invoke(`[]`); failed != "Unhandled" || !strings.HasPrefix(answer, "Runtime.UnmarshalError") {
		t.Errorf("with a wrong event the function answered %s %s", failed, answer)
	}
}

func TestFunctionWithoutCode(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction()
	const want = "Unable to import module 'lambda_function': No module named 'lambda_function'"
	if failed, answer := l.invoke(`{}`); failed != "Unhandled" || answer != "Runtime.ImportModuleError: "+want {
		t.Errorf("the function answered %s %s", failed, answer)
	}
	if lines := l.logLines("/aws/lambda/f"); !slices.Contains(lines, "[ERROR] Runtime.ImportModuleError: "+want+"\nTraceback (most recent call last):") {
		t.Errorf("the log is\n%s", strings.Join(lines, "\n"))
	}
	l.configure(lambda.UpdateFunctionConfigurationInput{Environment: variables(awslab.HandlerVariable, "NoSuchHandler"), Handler: new("rotate.main")})
	if _, answer := l.invoke(`{}`); answer != "Runtime.ImportModuleError: Unable to import module 'rotate': No module named 'rotate'" {
		t.Errorf("with an unknown handler the function answered %s", answer)
	}
}

func TestInvokeRefusals(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.HandlerVariable, "UserStore")
	invoke := func() error {
		_, err := l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new("f")}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
		return err
	}
	_, err := l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new("none")})
	refused(t, err, "ResourceNotFoundException", "Function not found")
	_, err = l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new("f"), Payload: []byte("{")})
	refused(t, err, "InvalidRequestContentException", "Could not parse request body into json")

	try[*lambda.PutFunctionConcurrencyOutput](t)(l.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: new("f"), ReservedConcurrentExecutions: new(int32(0))}))
	refused(t, invoke(), "TooManyRequestsException", "Rate Exceeded.")
	if got := try[*lambda.GetFunctionConcurrencyOutput](t)(l.lambda.GetFunctionConcurrency(t.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: new("f")})); *got.ReservedConcurrentExecutions != 0 {
		t.Errorf("reserved concurrency is %d", *got.ReservedConcurrentExecutions)
	}
	try[*lambda.DeleteFunctionConcurrencyOutput](t)(l.lambda.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: new("f")}))
	if err := invoke(); err != nil {
		t.Error(err)
	}
	_, err = l.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: new("f"), ReservedConcurrentExecutions: new(int32(901))})
	refused(t, err, "InvalidParameterValueException", "UnreservedConcurrentExecution")

	try[*iam.UpdateAssumeRolePolicyOutput](t)(l.iam.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: new("r"), PolicyDocument: new(strings.ReplaceAll(lambdaTrust, "lambda.", "ec2."))}))
	refused(t, invoke(), "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
	try[*iam.DetachRolePolicyOutput](t)(l.iam.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: new("r"), PolicyArn: new(basicExecution)}))
	try[*iam.DeleteRoleOutput](t)(l.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: new("r")}))
	refused(t, invoke(), "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
}

// TestFunctionLogPermissions takes one log permission after the other away.
func TestFunctionLogPermissions(t *testing.T) {
	t.Parallel()
	const group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f"
	all := []string{
		statement("Allow", "logs:CreateLogGroup", "arn:aws:logs:eu-west-1:123456789012:*"),
		statement("Allow", "logs:CreateLogStream", group+":*"),
		statement("Allow", "logs:PutLogEvents", group+":*"),
	}
	for name, test := range map[string]struct {
		statements []string
		group      bool // exists already
		written    bool
	}{
		"all":             {statements: all, written: true},
		"no group":        {statements: all[1:]},
		"existing group":  {statements: all[1:], group: true, written: true},
		"no stream":       {statements: []string{all[0], all[2]}, group: true},
		"no events":       {statements: all[:2], group: true},
		"other log group": {statements: []string{all[0], statement("Allow", "logs:*", group+"g:*")}, group: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			l.newRole("r", lambdaTrust)
			if err := l.putRolePolicy("r", "logs", statements(test.statements...)); err != nil {
				t.Fatal(err)
			}
			l.newFunction()
			if test.group {
				try[*cloudwatchlogs.CreateLogGroupOutput](t)(l.logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("/aws/lambda/f")}))
			}
			l.invoke("{}")
			if lines := l.logLines("/aws/lambda/f"); (len(lines) == 4) != test.written {
				t.Errorf("the log is\n%s", strings.Join(lines, "\n"))
			}
		})
	}
}

func TestLoggingConfiguration(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.HandlerVariable, "UserStore")
	l.configure(lambda.UpdateFunctionConfigurationInput{LoggingConfig: &lambdatypes.LoggingConfig{LogGroup: new("shared"), LogFormat: lambdatypes.LogFormatJson}})
	l.invoke(`{"Step":"createSecret","SecretId":"` + someSecret + `","ClientRequestToken":"x"}`)
	const want = `{"level":"INFO","logger":"root","message":"Found credentials in environment variables.","requestId":"ID","timestamp":"2026-01-22T14:30:00.000Z"}`
	if lines := l.logLines("shared"); !slices.Contains(lines, want) {
		t.Errorf("the log is\n%s", strings.Join(lines, "\n"))
	}
	groups := try[*cloudwatchlogs.DescribeLogGroupsOutput](t)(l.logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})).LogGroups
	if len(groups) != 1 {
		t.Errorf("there are %d log groups", len(groups))
	}
}
