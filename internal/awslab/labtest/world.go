// Package labtest gives tests an embedded AWS with what a user has before the
// first rotation_setup: a secret, a rotation function and its execution role.
package labtest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// FirstPassword is the planted secret: it must appear in no artefact.
const FirstPassword = "hunter2-planted-first-password"

// World is an embedded AWS on a clock that stands still until somebody waits,
// with a secret, a rotation function and its execution role: what a user has
// before the first rotation_setup.
type World struct {
	*awslab.Lab
	t                            *testing.T
	SecretARN, FunctionARN, Role string
	Secrets                      *secretsmanager.Client
	Functions                    *lambda.Client
	Roles                        *iam.Client
}

// New makes a world whose function rotates the lab's user store.
func New(t *testing.T) *World {
	t.Helper()
	return NewOn(t, awslab.Options{Start: start})
}

// start is when the clock of a world stands still.
var start = time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)

// NewDelayed makes the world of [New] with an IAM whose changes count that much
// later.
func NewDelayed(t *testing.T, delay time.Duration) *World {
	t.Helper()
	return NewOn(t, awslab.Options{Start: start, IAMDelay: delay})
}

// NewOn makes the world of [New] on a lab with other options.
func NewOn(t *testing.T, options awslab.Options) *World {
	t.Helper()
	w := empty(t, options)
	if err := w.UserStore().CreateUser("app", FirstPassword); err != nil {
		t.Fatal(err)
	}
	w.Role = w.NewRole("rotator")
	w.FunctionARN = w.NewFunction("rotator", w.Role, map[string]string{"AWSLAB_HANDLER": "UserStore"})
	w.SecretARN = w.NewSecret("app", map[string]any{"engine": "labstore", "host": "lab", "username": "app", "password": FirstPassword})
	// What the role may do has been in force for long.
	w.Must(w.Sleep(t.Context(), options.IAMDelay))
	w.ForgetCalls()
	return w
}

// Empty makes a world with nothing in it.
func Empty(t *testing.T) *World {
	t.Helper()
	return empty(t, awslab.Options{Start: start})
}

func empty(t *testing.T, options awslab.Options) *World {
	t.Helper()
	lab := awslab.New(options)
	t.Cleanup(lab.Close)
	if _, err := lab.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return &World{
		Lab: lab, t: t,
		Secrets:   secretsmanager.NewFromConfig(lab.Config()),
		Functions: lambda.NewFromConfig(lab.Config()),
		Roles:     iam.NewFromConfig(lab.Config()),
	}
}

// NewRole makes an execution role that may write logs and nothing else.
func (w *World) NewRole(name string) string {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.Roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	w.Must(err)
	_, err = w.Roles.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")})
	w.Must(err)
	return name
}

func (w *World) NewFunction(name, role string, variables map[string]string) string {
	w.t.Helper()
	if _, ok := variables["SECRETS_MANAGER_ENDPOINT"]; !ok {
		variables["SECRETS_MANAGER_ENDPOINT"] = "https://secretsmanager.eu-west-1.amazonaws.com"
	}
	out, err := w.Functions.CreateFunction(w.t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::" + w.AccountID() + ":role/" + role),
		Code: &lambdatypes.FunctionCode{ZipFile: []byte("zip")}, Runtime: lambdatypes.RuntimePython312,
		Handler: aws.String("lambda_function.lambda_handler"), Timeout: aws.Int32(30),
		Environment: &lambdatypes.Environment{Variables: variables},
	})
	w.Must(err)
	return *out.FunctionArn
}

func (w *World) NewSecret(name string, value map[string]any) string {
	w.t.Helper()
	in := &secretsmanager.CreateSecretInput{Name: &name}
	if value != nil {
		text, err := json.Marshal(value)
		w.Must(err)
		in.SecretString = aws.String(string(text))
	}
	out, err := w.Secrets.CreateSecret(w.t.Context(), in)
	w.Must(err)
	return *out.ARN
}

// Login fails the test unless the user store accepts the secret's current
// password.
func (w *World) Login() {
	w.t.Helper()
	if !w.UserStore().Login(w.Value(w.SecretARN, "username"), w.Value(w.SecretARN, "password")) {
		w.t.Error("The secret's current value does not log in.")
	}
}

// Must ends the test on an error.
func (w *World) Must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Value returns a member of the secret's current value.
func (w *World) Value(secretARN, key string) string {
	w.t.Helper()
	out, err := w.Secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	w.Must(err)
	var object map[string]any
	w.Must(json.Unmarshal([]byte(*out.SecretString), &object))
	text, _ := object[key].(string)
	return text
}

func (w *World) Describe() *secretsmanager.DescribeSecretOutput {
	w.t.Helper()
	out, err := w.Secrets.DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &w.SecretARN})
	w.Must(err)
	return out
}

// FunctionPolicy is the resource policy of the function, empty if it has none.
func (w *World) FunctionPolicy() string {
	w.t.Helper()
	out, err := w.Functions.GetPolicy(w.t.Context(), &lambda.GetPolicyInput{FunctionName: &w.FunctionARN})
	if err != nil {
		return ""
	}
	return *out.Policy
}

func (w *World) InlinePolicies(role string) []string {
	w.t.Helper()
	out, err := w.Roles.ListRolePolicies(w.t.Context(), &iam.ListRolePoliciesInput{RoleName: &role})
	w.Must(err)
	return out.PolicyNames
}

// Writes are the operations by which the provider has changed anything.
func (w *World) Writes() []string {
	var names []string
	for _, c := range w.AdministratorCalls() {
		if c.Writes() {
			names = append(names, c.String())
		}
	}
	return names
}

// Rotations counts the rotations that were asked for and accepted.
func (w *World) Rotations() int {
	n := 0
	for _, c := range w.AdministratorCalls() {
		if c.Operation == "RotateSecret" && strings.Contains(c.Detail, "RotateImmediately=true") && c.ErrorCode == "" {
			n++
		}
	}
	return n
}

// Finished counts the rotations that have changed the secret.
func (w *World) Finished() int {
	n := 0
	for _, e := range w.Events() {
		if e.Name == "RotationSucceeded" {
			n++
		}
	}
	return n
}
