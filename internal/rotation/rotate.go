package rotation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

const (
	// spreading is how long AWS may take to know of a permission or a role that
	// was just written. AWS publishes no figure; hashicorp/aws uses the same.
	spreading = 2 * time.Minute
	// settling is the pause between the write of a role policy and the rotation
	// that needs it. IAM has taken about 4 seconds where somebody has measured it;
	// a first attempt that comes too early fails, and AWS repeats it when it likes.
	settling = 10 * time.Second
	// pollPause is the pause between looks at a rotation.
	pollPause = 3 * time.Second
)

// openError wraps the failure of a RotateSecret that AWS may have accepted.
type openError struct{ error }

func (e openError) Unwrap() error { return e.error }

func asOpen(err error) (error, bool) {
	open, ok := errors.AsType[openError](err)
	if !ok {
		return nil, false
	}
	return open.error, true
}

// rotate calls RotateSecret with the whole configuration and returns the
// version that the rotation makes. Retries go by what an error means: a
// permission that this run has just written may not have spread yet; a
// permanent refusal is told at once.
func (o *operation) rotate(ctx context.Context, sec *secret, want Setup, token string, immediately bool) (string, error) {
	secretARN := sec.Parsed.String()
	in := &secretsmanager.RotateSecretInput{
		SecretId:                      &secretARN,
		RotateImmediately:             &immediately,
		RotationLambdaARN:             optional(want.FunctionARN),
		RotationRules:                 rulesInput(want.Rules),
		ClientRequestToken:            optional(token),
		ExternalSecretRotationRoleArn: optional(want.ExternalRoleARN),
	}
	for _, item := range want.ExternalMetadata {
		in.ExternalSecretRotationMetadata = append(in.ExternalSecretRotationMetadata, types.ExternalSecretRotationMetadataItem{Key: &item.Key, Value: &item.Value})
	}
	if want.FunctionARN != "" {
		if err := o.settleRole(ctx); err != nil {
			return "", err
		}
	}
	giveUp := o.clock.Now().Add(spreading)
	for {
		out, err := o.SecretsManager.RotateSecret(ctx, in)
		switch {
		case err == nil:
			version := aws.ToString(out.VersionId)
			if immediately {
				o.tell(ctx, "AWS has accepted the rotation", map[string]any{"secret_arn": secretARN, "version_id": version})
			} else {
				o.tell(ctx, "AWS has accepted the rotation's configuration", map[string]any{"secret_arn": secretARN})
			}
			return version, nil
		case !awsapi.Answered(err):
			return token, o.afterSilence(ctx, secretARN, want, token, immediately, err)
		case immediately && isNotComplete(err) && sec.Pending() == token:
			o.unconfigured = true
			return token, nil // It is the rotation that we ask for; AWS says that it goes on with it.
		case o.mayPass(want.FunctionARN, err) && o.clock.Now().Before(giveUp):
			if err := o.clock.Sleep(ctx, pollPause); err != nil {
				return "", err
			}
		case isNotComplete(err) && sec.Leftover() != "":
			return "", notComplete(sec, sec.Leftover())
		default:
			return "", rotateRefused(want, err)
		}
	}
}

// settleRole lets AWS get to know of a role policy that this run has written.
func (o *operation) settleRole(ctx context.Context) error {
	pause := o.lastWritten(o.roleName).Add(settling).Sub(o.clock.Now())
	if pause <= 0 {
		return nil
	}
	o.tell(ctx, "Waiting until AWS knows the role policy", map[string]any{"role": o.roleName, "seconds": pause.Seconds()})
	return o.clock.Sleep(ctx, pause)
}

// lastWritten is when this run last changed what a role may do or who may invoke a
// function; zero if it did not.
func (o *operation) lastWritten(of string) time.Time {
	at, _ := o.written.Load(of)
	t, _ := at.(time.Time)
	return t
}

// mayPass reports whether AWS refuses only because it does not know yet of what
// was just written.
func (o *operation) mayPass(functionARN string, err error) bool {
	message := awsapi.Message(err)
	return cannotInvoke(err) && o.clock.Now().Before(o.lastWritten(functionARN).Add(spreading)) ||
		awsapi.Is(err, "InvalidRequestException") && strings.Contains(message, "unable to assume role")
}

func cannotInvoke(err error) bool {
	return awsapi.IsAccessDenied(err) && strings.Contains(awsapi.Message(err), "cannot invoke the specified Lambda function")
}

func isNotComplete(err error) bool {
	return awsapi.Is(err, "InvalidRequestException") && strings.Contains(awsapi.Message(err), "previous rotation isn't complete")
}

// afterSilence settles whether a RotateSecret whose answer was lost has been
// accepted. What can't be settled counts as accepted: then nothing is undone.
func (o *operation) afterSilence(ctx context.Context, secretARN string, want Setup, token string, immediately bool, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	// Several looks, since the first may show what was before.
	for giveUp := o.clock.Now().Add(lagging); ; {
		sec, err := o.describe(ctx, secretARN)
		switch {
		case err != nil:
			return openError{failed("", "rotate the secret", "AWS did not answer RotateSecret, and does not tell whether it has accepted it.", cause)}
		case immediately && (sec.Pending() == token || sec.Current() == token):
			return nil
		case !immediately && (&scene{secret: sec}).asWanted(want):
			return nil
		case !o.clock.Now().Before(giveUp):
			return failed("", "rotate the secret", "AWS did not answer RotateSecret, and has not accepted it.", cause)
		}
		if err := o.clock.Sleep(ctx, pollPause); err != nil {
			return openError{failed("", "rotate the secret", "AWS did not answer RotateSecret, and does not tell whether it has accepted it.", cause)}
		}
	}
}

func rotateRefused(want Setup, err error) error {
	message := awsapi.Message(err)
	switch {
	case cannotInvoke(err) && want.Managed:
		return failed("rotation_lambda_arn", "rotate the secret",
			"Secrets Manager can't invoke the rotation function, although its policy permits it. The credentials of this provider need `lambda:InvokeFunction` on the function, too.", err)
	case cannotInvoke(err):
		return failed("rotation_lambda_arn", "rotate the secret",
			"Secrets Manager may not invoke the rotation function. With `access = \"external\"` the invoke permission for secretsmanager.amazonaws.com has to exist before; with `access = \"managed\"` it is made here.", err)
	case isNotComplete(err):
		return failed("secret_id", "rotate the secret", "An earlier rotation of this secret has not finished, and AWS starts no other before.", err)
	case awsapi.Is(err, "InvalidParameterException") && (strings.Contains(message, "chedule") || strings.Contains(message, "Rate") || strings.Contains(message, "Duration") || strings.Contains(message, "hour and duration")):
		return failed("rotation_rules", "rotate the secret", "AWS refuses the rotation rules.", err)
	case awsapi.Is(err, "InvalidParameterException") && strings.Contains(message, "Lambda"):
		return failed("rotation_lambda_arn", "rotate the secret", "AWS refuses the rotation function.", err)
	}
	return failed("", "rotate the secret", "", err)
}

func rulesInput(r Rules) *types.RotationRulesType {
	if r.IsZero() {
		return nil
	}
	in := &types.RotationRulesType{ScheduleExpression: optional(r.ScheduleExpression), Duration: optional(r.Duration)}
	if r.AutomaticallyAfterDays > 0 {
		in.AutomaticallyAfterDays = &r.AutomaticallyAfterDays
	}
	return in
}

// reconfigure changes function, rules or switch without a rotation. While one
// runs AWS accepts no change: that is waited for.
func (o *operation) reconfigure(ctx context.Context, secretARN string, want Setup, f *facts.Function) error {
	for {
		sec, err := o.settle(ctx, secretARN, f)
		if err != nil {
			return err
		}
		_, err = o.rotate(ctx, sec, want, "", false)
		if !isNotComplete(err) || !o.clock.Now().Before(o.deadline) {
			return err
		}
		// A rotation began in between.
		if err := o.clock.Sleep(ctx, pollPause); err != nil {
			return err
		}
	}
}

// switchOff turns rotation off once no rotation runs: one that is cancelled
// halfway may leave a password in the database that no version holds.
func (o *operation) switchOff(ctx context.Context, sec *secret, f *facts.Function) error {
	if !sec.Enabled() {
		return nil
	}
	secretARN := sec.Parsed.String()
	for {
		if _, err := o.settle(ctx, secretARN, f); err != nil {
			return err
		}
		if interrupted, err := o.cancel(ctx, secretARN); err != nil || !interrupted {
			return err
		}
	}
}

// cancel switches rotation off, once no rotation runs. One that has begun
// meanwhile is taken up again, and the caller has to let it finish first.
func (o *operation) cancel(ctx context.Context, secretARN string) (interrupted bool, err error) {
	version, err := o.cancelHalfway(ctx, secretARN)
	if err != nil || version == "" {
		return false, err
	}
	return o.switchBackOn(ctx, secretARN, version)
}

// switchBackOn takes up again a rotation that was cancelled and turns out to be
// under way. What AWS does when it is asked for that version once more is not
// documented, so it is looked at.
func (o *operation) switchBackOn(ctx context.Context, secretARN, version string) (resumed bool, err error) {
	sec, err := o.describe(ctx, secretARN)
	if err != nil {
		return false, failed("", "read the secret", "", err)
	}
	if sec.Enabled() || sec.Pending() != version {
		return false, nil
	}
	if _, err := o.rotate(ctx, sec, Setup{}, version, true); err != nil { // With the configuration that AWS has kept.
		return false, err
	}
	if sec, err = o.describe(ctx, secretARN); err != nil {
		return false, failed("", "read the secret", "", err)
	}
	if !sec.Enabled() && sec.Pending() == version {
		return false, notComplete(sec, version)
	}
	return true, nil
}

// cancelHalfway switches rotation off even if one runs, and returns its
// version.
func (o *operation) cancelHalfway(ctx context.Context, secretARN string) (version string, err error) {
	out, err := o.SecretsManager.CancelRotateSecret(ctx, &secretsmanager.CancelRotateSecretInput{SecretId: &secretARN})
	if err != nil {
		return "", failed("", "switch rotation off", "", err)
	}
	return aws.ToString(out.VersionId), nil
}

// settle waits until no rotation is incomplete. One that is older than its
// window and the retries in it is stuck and will not settle.
func (o *operation) settle(ctx context.Context, secretARN string, f *facts.Function) (*secret, error) {
	for {
		sec, err := o.describe(ctx, secretARN)
		if err != nil {
			return nil, failed("secret_id", "read the secret", "", err)
		}
		pending := sec.Pending()
		if pending == "" {
			return sec, nil
		}
		if !sec.Enabled() || o.stuck(ctx, sec, pending, f) {
			return nil, notComplete(sec, pending)
		}
		if !o.clock.Now().Before(o.deadline) {
			return nil, stillRunning(sec, pending)
		}
		if err := o.clock.Sleep(ctx, pollPause); err != nil {
			return nil, err
		}
	}
}

func stillRunning(s *secret, pending string) *Problem {
	return found("", findings.RotationInProgress,
		fmt.Sprintf("The rotation that makes version %s of the secret has not finished within the timeout. It was not cancelled: between setting and storing a password that could lock applications out.", pending),
		"Apply again later, or raise the timeout in `timeouts`. If it does not finish by itself: "+findings.Recovery(s.Parsed.String(), s.Current(), pending, pending == s.Leftover()))
}

// stuck reports whether a pending version will not settle by itself: its window
// and four runs of the function are over, or there is no function any more.
func (o *operation) stuck(ctx context.Context, sec *secret, pending string, f *facts.Function) bool {
	if f == nil {
		return aws.ToString(sec.OwningService) == "" && aws.ToString(sec.Type) == ""
	}
	return o.olderThan(ctx, sec.Parsed.String(), pending, sec.Window()+4*f.Timeout)
}

// discard cancels a rotation and drops its label, if its version certainly
// never received a value: it is looked at twice, after the time in which an
// invocation may still run.
func (o *operation) discard(ctx context.Context, secretARN, version string, invocation time.Duration) (bool, error) {
	if o.Value(ctx, secretARN, version).State != facts.ValueAbsent {
		return false, nil
	}
	if _, err := o.cancelHalfway(ctx, secretARN); err != nil {
		return false, err
	}
	for _, pause := range []time.Duration{invocation, pollPause} {
		if err := o.clock.Sleep(ctx, pause); err != nil {
			return false, err
		}
		if o.Value(ctx, secretARN, version).State != facts.ValueAbsent {
			return false, nil
		}
	}
	return true, o.dropLabel(ctx, secretARN, version)
}

func (o *operation) dropLabel(ctx context.Context, secretARN, version string) error {
	_, err := o.SecretsManager.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &secretARN, VersionStage: aws.String(facts.LabelPending), RemoveFromVersionId: &version,
	})
	if err != nil {
		return failed("", "drop the staging label AWSPENDING", "", err)
	}
	return nil
}
