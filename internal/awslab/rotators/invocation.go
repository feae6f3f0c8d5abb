package rotators

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The staging labels that rotation moves.
const (
	stageCurrent  = "AWSCURRENT"
	stagePending  = "AWSPENDING"
	stagePrevious = "AWSPREVIOUS"
)

// invocation is one call of a rotation function.
type invocation struct {
	env           Environment
	sm            SecretsManager
	endpoint      string
	secretID      string
	token         string
	rotationToken string

	// What a script has read, by staging label, and where the superuser secret came from.
	known       map[string]*document
	superuserID string
}

// steps are the parts of a rotation that differ from function to function. Those of a script differ in finishSecret, too, and in what
// comes before every step.
type steps interface {
	createSecret(ctx context.Context, in *invocation) error
	setSecret(ctx context.Context, in *invocation) error
	testSecret(ctx context.Context, in *invocation) error
}

// rotation is a rotation function.
type rotation struct {
	steps
	// generic marks AWS's generic template, which reads RotationEnabled without looking whether it is there and is terse about an
	// unknown step.
	generic bool
}

// run checks that the version may be rotated and runs one step.
func (r rotation) run(ctx context.Context, in *invocation, step string) error {
	secret, err := in.describe(ctx, in.secretID)
	if err != nil {
		return err
	}
	if r.generic && secret.RotationEnabled == nil {
		return keyError("RotationEnabled")
	}
	if secret.RotationEnabled != nil && !*secret.RotationEnabled {
		return in.valueError("", "Secret %s is not enabled for rotation", in.secretID)
	}
	scripted, isScript := r.steps.(script)
	if isScript {
		if err := run(ctx, in, scripted.before); err != nil {
			return err
		}
	}
	if len(secret.VersionIdsToStages) == 0 {
		return keyError("VersionIdsToStages")
	}
	stages, ok := secret.VersionIdsToStages[in.token]
	switch {
	case !ok:
		return in.valueError("", "Secret version %s has no stage for rotation of secret %s.", in.token, in.secretID)
	case slices.Contains(stages, stageCurrent):
		in.info("Secret version %s already set as AWSCURRENT for secret %s.", in.token, in.secretID)
		return nil
	case !slices.Contains(stages, stagePending):
		return in.valueError("", "Secret version %s not set as AWSPENDING for rotation of secret %s.", in.token, in.secretID)
	}
	switch step {
	case "createSecret":
		return r.createSecret(ctx, in)
	case "setSecret":
		return r.setSecret(ctx, in)
	case "testSecret":
		return r.testSecret(ctx, in)
	case "finishSecret":
		if isScript && scripted.finish != nil {
			return run(ctx, in, scripted.finish)
		}
		return in.finishSecret(ctx)
	}
	if r.generic {
		return newError("ValueError", "Invalid step parameter")
	}
	return in.valueError("lambda_handler: ", "Invalid step parameter %s for secret %s", step, in.secretID)
}

// finishSecret moves AWSCURRENT to the version that was rotated in. AWSPENDING stays where it is, as on AWS.
func (in *invocation) finishSecret(ctx context.Context) error {
	secret, err := in.describe(ctx, in.secretID)
	if err != nil {
		return err
	}
	var current *string
	for version, stages := range secret.VersionIdsToStages {
		if !slices.Contains(stages, stageCurrent) {
			continue
		}
		if version == in.token {
			in.info("finishSecret: Version %s already marked as AWSCURRENT for %s", version, in.secretID)
			return nil
		}
		current = aws.String(version)
	}
	if _, err := in.sm.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId:            aws.String(in.secretID),
		VersionStage:        aws.String(stageCurrent),
		MoveToVersionId:     aws.String(in.token),
		RemoveFromVersionId: current,
	}); err != nil {
		return in.callError(ctx, "UpdateSecretVersionStage", err)
	}
	in.info("finishSecret: Successfully set AWSCURRENT stage to version %s for secret %s.", in.token, in.secretID)
	return nil
}

func (in *invocation) sleep(ctx context.Context, d time.Duration) error {
	if in.env.Sleep == nil {
		return ctx.Err()
	}
	return in.env.Sleep(ctx, d)
}

func (in *invocation) describe(ctx context.Context, secretID string) (*secretsmanager.DescribeSecretOutput, error) {
	out, err := in.sm.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretID)})
	if err != nil {
		return nil, in.callError(ctx, "DescribeSecret", err)
	}
	return out, nil
}

// value reads the version with the given staging label. The pending version is asked for by its id as well.
func (in *invocation) value(ctx context.Context, secretID, stage string) (*secretsmanager.GetSecretValueOutput, error) {
	input := &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretID), VersionStage: aws.String(stage)}
	if stage == stagePending {
		input.VersionId = aws.String(in.token)
	}
	out, err := in.sm.GetSecretValue(ctx, input)
	if err != nil {
		return nil, in.callError(ctx, "GetSecretValue", err)
	}
	return out, nil
}

// document reads a version whose value is a JSON document.
func (in *invocation) document(ctx context.Context, secretID, stage string) (document, error) {
	out, err := in.value(ctx, secretID, stage)
	if err != nil {
		return document{}, err
	}
	if out.SecretString == nil {
		return document{}, keyError("SecretString")
	}
	return parseDocument(*out.SecretString)
}

// putPending gives the pending version its value. The functions that AWS publishes never pass the rotation token, without which AWS
// refuses the value when the function works under another role than its own.
func (in *invocation) putPending(ctx context.Context, value string, passRotationToken bool) error {
	input := &secretsmanager.PutSecretValueInput{
		SecretId:           aws.String(in.secretID),
		ClientRequestToken: aws.String(in.token),
		SecretString:       aws.String(value),
		VersionStages:      []string{stagePending},
	}
	if passRotationToken && in.rotationToken != "" {
		input.RotationToken = aws.String(in.rotationToken)
	}
	if _, err := in.sm.PutSecretValue(ctx, input); err != nil {
		return in.callError(ctx, "PutSecretValue", err)
	}
	in.info("createSecret: Successfully put secret for ARN %s and version %s.", in.secretID, in.token)
	return nil
}

func (in *invocation) log(level, format string, args []any) {
	if in.env.Log != nil {
		in.env.Log(level, fmt.Sprintf(format, args...))
	}
}

func (in *invocation) info(format string, args ...any)    { in.log("INFO", format, args) }
func (in *invocation) warning(format string, args ...any) { in.log("WARNING", format, args) }
func (in *invocation) error(format string, args ...any)   { in.log("ERROR", format, args) }

// valueError logs a message after a prefix and raises it without.
func (in *invocation) valueError(prefix, format string, args ...any) *Error {
	in.error(prefix+format, args...)
	return newError("ValueError", format, args...)
}
