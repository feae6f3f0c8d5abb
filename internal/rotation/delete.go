package rotation

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Delete takes a setup out of AWS: it lets a running rotation finish, switches
// rotation off, and then removes the permission and the policy. It acts only on
// what AWS still shows as ours, and never on the secret or a value. It works
// with secret, function or role already gone.
func (s *Service) Delete(ctx context.Context, want Setup, have Object, timeout time.Duration) ([]Problem, error) {
	o, err := s.begin(ctx, have.SecretARN, want.Region, timeout)
	if err != nil {
		return nil, err
	}
	defer s.secrets.lock(have.SecretARN)()
	if by, replaced := s.replaced(have.SecretARN); replaced {
		return nil, o.leave(ctx, have.SecretARN, have.Permissions, by)
	}
	generation := Generation(have.RolePolicy, have.SecretARN)
	if generation > 0 {
		policy, err := o.RolePolicy(ctx, have.RoleName, have.RolePolicyName)
		if err != nil {
			return nil, failed("", "read the policy of the execution role", "", err)
		}
		if Generation(policy, have.SecretARN) > generation {
			return nil, nil // A later create has taken the setup over.
		}
	}
	if err := o.stop(ctx, want, have); err != nil {
		return o.warnings, err
	}
	return o.warnings, o.revoke(ctx, have.SecretARN, have.Permissions)
}

// replaced returns what a create of this run has written for a secret or function,
// which the object that it replaces must not remove: create_before_destroy.
func (s *Service) replaced(ownerARN string) (by Permissions, ok bool) {
	created, ok := s.created.Load(ownerARN)
	by, _ = created.(Permissions)
	return by, ok
}

// stop ends the rotation of a secret that is still there and still ours.
func (o *operation) stop(ctx context.Context, want Setup, have Object) error {
	sec, err := o.describe(ctx, have.SecretARN)
	if awsapi.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return failed("", "read the secret", "", err)
	}
	back := have.OwningService != "" && !have.PreviousRules.IsZero()
	if sec.DeletedDate != nil || !sec.Enabled() && !back || !have.rotates(sec) {
		return nil
	}
	var f *facts.Function
	if have.FunctionARN != "" {
		if f, err = o.Fresh().Function(ctx, have.FunctionARN); err != nil && !awsapi.IsNotFound(err) {
			return failed("", "read the rotation function", "", err)
		}
	}
	for {
		sec, err := o.letFinish(ctx, want, have.SecretARN, f)
		switch {
		case err != nil || sec == nil:
			return err
		case back && sec.Enabled() && sec.rules() == have.PreviousRules:
			return nil
		case back:
			_, err := o.rotate(ctx, sec, Setup{Rules: have.PreviousRules}, "", false)
			return err
		case !sec.Enabled():
			return nil
		}
		if interrupted, err := o.cancel(ctx, have.SecretARN); err != nil || !interrupted {
			return err
		}
	}
}

// rotates reports whether the rotation that AWS shows is the one of this
// object, and not one that somebody has set up with another function since.
func (have Object) rotates(sec *secret) bool {
	configured := aws.ToString(sec.RotationLambdaARN)
	if recorded := permitted(have.InvokePermission); recorded != "" {
		return configured == recorded
	}
	return configured == have.FunctionARN
}

// letFinish waits until no rotation is incomplete and returns the secret, nil if
// it is gone. A rotation that is stuck is cancelled and its label kept; one
// whose version never received a value is cancelled and its label dropped.
func (o *operation) letFinish(ctx context.Context, want Setup, secretARN string, f *facts.Function) (*secret, error) {
	for {
		sec, err := o.describe(ctx, secretARN)
		if awsapi.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, failed("", "read the secret", "", err)
		}
		pending := sec.Pending()
		if pending == "" {
			return sec, nil
		}
		if !sec.Enabled() {
			o.warn(*leftPending(sec, pending))
			return sec, nil
		}
		stuck := o.stuck(ctx, sec, pending, f)
		if stuck || f != nil && o.olderThan(ctx, secretARN, pending, f.Timeout) {
			discarded := false
			if want.ReadValue && f != nil {
				discarded, err = o.discard(ctx, secretARN, pending, f.Timeout)
			}
			switch {
			case err != nil || discarded:
			case stuck:
				_, err = o.cancelHalfway(ctx, secretARN)
			default:
				_, err = o.switchBackOn(ctx, secretARN, pending)
			}
			if err != nil {
				return nil, err
			}
			if stuck || discarded {
				continue
			}
		}
		if !o.clock.Now().Before(o.deadline) {
			return nil, stillRunning(sec, pending)
		}
		if err := o.clock.Sleep(ctx, pollPause); err != nil {
			return nil, err
		}
	}
}

// olderThan reports whether a version was made longer ago than an age. What AWS
// does not tell the age of is young.
func (o *operation) olderThan(ctx context.Context, secretARN, version string, age time.Duration) bool {
	made := o.madeAt(ctx, secretARN, version)
	return !made.IsZero() && o.clock.Now().Sub(made) > age
}

func leftPending(s *secret, pending string) *Problem {
	return found("", findings.RotationPendingStuck,
		"Rotation is switched off, but version "+pending+" of the secret still carries AWSPENDING. The label is kept, because the database may already have the password of that version.",
		findings.Recovery(s.Parsed.String(), s.Current(), pending, pending == s.Leftover()))
}
