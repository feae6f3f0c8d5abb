package awslab_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// Thursday afternoon.
var start = time.Date(2026, time.January, 22, 14, 30, 0, 0, time.UTC)

const planted = "planted-Passw0rd"

// secretsLab is a lab with a manual clock, in which the administrator works.
type secretsLab struct {
	*testing.T
	*awslab.Lab
	*secretsmanager.Client

	mu    sync.Mutex
	lines []string
}

func newSecretsLab(t *testing.T) *secretsLab {
	t.Helper()
	l := &secretsLab{T: t}
	l.Lab = awslab.New(awslab.Options{Start: start, Log: l.note})
	if _, err := l.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, line := range l.lines {
			if strings.Contains(line, planted) {
				t.Errorf("a secret is in the log: %s", line)
			}
		}
	})
	l.Client = secretsmanager.NewFromConfig(l.Config())
	return l
}

func (l *secretsLab) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// as is a client of other credentials.
func (l *secretsLab) as(c aws.Credentials) *secretsmanager.Client {
	return secretsmanager.NewFromConfig(l.ConfigFor(c))
}

// in is a client in another Region.
func (l *secretsLab) in(region string) *secretsmanager.Client {
	config := l.Config()
	config.Region = region
	return secretsmanager.NewFromConfig(config)
}

// try fails the test on an error.
func try[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused checks the code of an AWS error and a part of its message.
func refused(t testing.TB, err error, code, message string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("got the error %v, want %s: …%s…", err, code, message)
	}
	if ok && strings.Contains(e.ErrorMessage(), planted) {
		t.Errorf("the error quotes a secret: %v", err)
	}
}

// token is a ClientRequestToken that tests recognise.
func token(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }

func (l *secretsLab) create(name, value string) string {
	l.Helper()
	return *try[*secretsmanager.CreateSecretOutput](l)(l.CreateSecret(l.Context(), &secretsmanager.CreateSecretInput{
		Name: &name, SecretString: &value, ClientRequestToken: new(token(1)),
	})).ARN
}

func (l *secretsLab) describe(id string) *secretsmanager.DescribeSecretOutput {
	l.Helper()
	return try[*secretsmanager.DescribeSecretOutput](l)(l.DescribeSecret(l.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id}))
}

// stages renders the labels of all versions: "1:AWSPREVIOUS 2:AWSCURRENT".
func (l *secretsLab) stages(id string) string {
	l.Helper()
	labels := l.describe(id).VersionIdsToStages
	var b strings.Builder
	for n := range 30 {
		if s, ok := labels[token(n)]; ok {
			fmt.Fprintf(&b, " %d:%s", n, strings.Join(s, "+"))
			delete(labels, token(n))
		}
	}
	for range labels {
		b.WriteString(" ?")
	}
	return strings.TrimSpace(b.String())
}

func (l *secretsLab) value(id, stage string) string {
	l.Helper()
	return *try[*secretsmanager.GetSecretValueOutput](l)(l.GetSecretValue(l.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id, VersionStage: &stage})).SecretString
}

func (l *secretsLab) put(id string, n int, value string, stages ...string) error {
	_, err := l.PutSecretValue(l.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: &id, ClientRequestToken: new(token(n)), SecretString: &value, VersionStages: stages,
	})
	return err
}

// role makes an execution role that may do what the statements say.
func (l *secretsLab) role(name string, statements ...string) string {
	l.Helper()
	client := iam.NewFromConfig(l.Config())
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","secretsmanager.amazonaws.com"]},"Action":"sts:AssumeRole"}}`
	made := try[*iam.CreateRoleOutput](l)(client.CreateRole(l.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust}))
	policy := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	try[*iam.PutRolePolicyOutput](l)(client.PutRolePolicy(l.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: new("all"), PolicyDocument: &policy}))
	return *made.Role.Arn
}

const allowAll = `{"Effect":"Allow","Action":"*","Resource":"*"}`

// function makes a rotation function that Secrets Manager may not invoke yet.
func (l *secretsLab) function(name, role string, variables ...string) string {
	l.Helper()
	environment := map[string]string{"SECRETS_MANAGER_ENDPOINT": l.URL()}
	for i := 0; i < len(variables); i += 2 {
		environment[variables[i]] = variables[i+1]
	}
	client := lambda.NewFromConfig(l.Config())
	return *try[*lambda.CreateFunctionOutput](l)(client.CreateFunction(l.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: lambdatypes.RuntimePython312, Handler: new("lambda_function.lambda_handler"), Timeout: new(int32(30)),
		Code: &lambdatypes.FunctionCode{ZipFile: []byte("PK\x05\x06" + strings.Repeat("\x00", 18))}, Environment: &lambdatypes.Environment{Variables: environment},
	})).FunctionArn
}

func (l *secretsLab) permit(function string) {
	l.Helper()
	try[*lambda.AddPermissionOutput](l)(lambda.NewFromConfig(l.Config()).AddPermission(l.Context(), &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: new("rotation"), Action: new("lambda:InvokeFunction"),
		Principal: new("secretsmanager.amazonaws.com"), SourceAccount: new(l.AccountID()),
	}))
}

// rotatable makes a secret of the lab's user store and a function for it.
func (l *secretsLab) rotatable() (secret, function string) {
	l.Helper()
	function = l.function("rotator", l.role("rotator", allowAll), awslab.HandlerVariable, "UserStore")
	l.permit(function)
	if err := l.UserStore().CreateUser("app", planted); err != nil {
		l.Fatal(err)
	}
	return l.create("app", `{"engine":"labstore","host":"store","username":"app","password":"`+planted+`"}`), function
}

func (l *secretsLab) rotateInput(secret, function string, n int) *secretsmanager.RotateSecretInput {
	return &secretsmanager.RotateSecretInput{SecretId: &secret, RotationLambdaARN: &function, ClientRequestToken: new(token(n))}
}

func (l *secretsLab) rotate(secret, function string, n int) {
	l.Helper()
	out := try[*secretsmanager.RotateSecretOutput](l)(l.RotateSecret(l.Context(), l.rotateInput(secret, function, n)))
	if *out.VersionId != token(n) {
		l.Errorf("RotateSecret returned version %s, want %s", *out.VersionId, token(n))
	}
}

// eventNames lists the rotation events so far.
func (l *secretsLab) eventNames() string {
	var names []string
	for _, e := range l.Events() {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

// loggedIn tells whether a password works.
func (l *secretsLab) loggedIn(password string) bool {
	return l.UserStore().Login("app", password)
}
