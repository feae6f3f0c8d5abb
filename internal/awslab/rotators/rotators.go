// Package rotators holds the rotation functions of the embedded AWS: Go handlers that accept, check, log and fail as the functions
// that AWS publishes for Secrets Manager rotation do, so that what breaks a rotation on AWS breaks it here with the same words.
//
// A handler receives the event of one rotation step and the execution role's credentials, calls Secrets Manager through the AWS SDK
// and changes the password in a real database. It knows nothing of the lab, which plays the part of AWS Lambda: environment variables,
// timeout (the context), log group and the function error are the caller's.
//
// The behaviour follows the aws-samples/aws-secrets-manager-rotation-lambdas repository and
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_available-rotation-templates.html.
package rotators

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Event is the payload that Secrets Manager sends to a rotation function for one step. Step is createSecret, setSecret, testSecret or
// finishSecret. See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.
type Event struct {
	Step               string `json:"Step"`
	SecretID           string `json:"SecretId"`
	ClientRequestToken string `json:"ClientRequestToken"`
	RotationToken      string `json:"RotationToken"`
}

// Environment is what the Lambda service gives to one invocation.
type Environment struct {
	// Vars are the function's environment variables.
	Vars map[string]string
	// Config carries the region and the execution role's credentials. Its BaseEndpoint, when set, is used in place of the variable
	// SECRETS_MANAGER_ENDPOINT, which must exist all the same.
	Config aws.Config
	// Log receives what the function logs: level is INFO, WARNING or ERROR. It may be nil.
	Log func(level, message string)
	// FunctionARN is the invoked function's ARN, with the qualifier it was invoked by.
	FunctionARN string
	// Sleep lets time go by for the function. Its error is the context's. Without it no function waits for anything.
	Sleep func(ctx context.Context, d time.Duration) error
	// Users is the user store that the UserStore handler rotates; the other handlers ignore it.
	Users *UserStore
	// Network is what the function's connections have to get through; nil lets everything through.
	Network Network
}

// Handler runs one rotation step. Its error is an [*Error], which is the function error AWS Lambda would report, or the context's error
// when the function's time is over.
type Handler func(ctx context.Context, env Environment, event Event) error

// Lookup returns the handler of a rotation type: PostgreSQLSingleUser, PostgreSQLMultiUser, UserStore (the single-user contract over
// [UserStore], with the engine "labstore") or Custom (the generic template, whose setSecret and testSecret are left to its user), or
// any of the published types after [CallsOnly].
func Lookup(rotationType string) (Handler, bool) {
	r, ok := rotations[rotationType]
	if name, scripted := strings.CutPrefix(rotationType, CallsOnly); scripted {
		r.steps, ok = published[name]
	}
	if !ok {
		return nil, false
	}
	return r.handle, true
}

var rotations = map[string]rotation{
	"PostgreSQLSingleUser": {steps: singleUser{open: func(in *invocation) database { return postgres{in: in} }}},
	"PostgreSQLMultiUser":  {steps: multiUser{}},
	"UserStore":            {steps: singleUser{open: openUserStore, passRotationToken: true}},
	"Custom":               {steps: generic{}, generic: true},
}

// SecretsManager is the part of the Secrets Manager client that rotation functions use.
type SecretsManager interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	GetRandomPassword(context.Context, *secretsmanager.GetRandomPasswordInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetRandomPasswordOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// handle checks the event and the environment in the order of the AWS functions, builds the client and runs the step.
func (r rotation) handle(ctx context.Context, env Environment, event Event) error {
	in := &invocation{env: env, secretID: event.SecretID, token: event.ClientRequestToken, rotationToken: event.RotationToken}
	for _, member := range []struct{ name, value string }{
		{"SecretId", event.SecretID},
		{"ClientRequestToken", event.ClientRequestToken},
		{"Step", event.Step},
	} {
		if member.value == "" {
			return keyError(member.name)
		}
	}
	endpoint, ok := env.Vars["SECRETS_MANAGER_ENDPOINT"]
	if !ok {
		return keyError("SECRETS_MANAGER_ENDPOINT")
	}
	// botocore logs this before it connects anywhere. AWS's troubleshooting page names it as the last line of a function that has no
	// network path to Secrets Manager.
	in.info("Found credentials in environment variables.")
	if u, err := url.Parse(endpoint); err != nil || u.Hostname() == "" {
		return newError("ValueError", "Invalid endpoint: %s", endpoint)
	}
	in.sm = secretsmanager.NewFromConfig(env.Config, func(o *secretsmanager.Options) {
		if o.BaseEndpoint == nil {
			o.BaseEndpoint = aws.String(endpoint)
		}
		in.endpoint = *o.BaseEndpoint
	}, in.overNetwork(endpoint))
	return r.run(ctx, in, event.Step)
}
