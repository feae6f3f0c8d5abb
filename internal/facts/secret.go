package facts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

// Staging labels of Secrets Manager.
const (
	LabelCurrent  = "AWSCURRENT"
	LabelPending  = "AWSPENDING"
	LabelPrevious = "AWSPREVIOUS"
)

// Secret is what DescribeSecret says.
type Secret struct {
	*secretsmanager.DescribeSecretOutput

	Parsed arn.SecretARN
}

// Describe describes a secret, given by ARN or name, as it is now.
func (s Source) Describe(ctx context.Context, secretID string) (*Secret, error) {
	return live(s, "secret "+secretID, func() (*Secret, error) {
		out, err := s.SecretsManager.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretID})
		if err != nil {
			return nil, err
		}
		a, err := arn.ParseSecret(aws.ToString(out.ARN))
		if err != nil {
			return nil, fmt.Errorf("AWS describes the secret by an ARN that is not one: %w", err)
		}
		return &Secret{out, a}, nil
	})
}

// Secret describes a secret that others rotate, such as a superuser secret,
// which many setups share.
func (s Source) Secret(ctx context.Context, secretARN string) (*Secret, error) {
	return recall(s, "secret "+secretARN, func() (*Secret, error) { return s.Describe(ctx, secretARN) })
}

// ReadAt is when AWS described the secret, by its own clock to the second, as
// log events have it; otherwise if it does not say.
func (s *Secret) ReadAt(otherwise time.Time) time.Time {
	if at, ok := awsmiddleware.GetServerTime(s.ResultMetadata); ok {
		return at
	}
	return otherwise
}

// With returns the version that carries a staging label, or "".
func (s *Secret) With(label string) string {
	for version, labels := range s.VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}

// Current returns the version that applications read, or "".
func (s *Secret) Current() string { return s.With(LabelCurrent) }

// Pending returns the version of a rotation that is not complete, or "".
// AWSPENDING beside AWSCURRENT is what a finished rotation leaves behind.
func (s *Secret) Pending() string {
	if version := s.With(LabelPending); version != s.Current() && version != s.With(LabelPrevious) {
		return version
	}
	return ""
}

// Leftover returns the version on which a finished rotation has left AWSPENDING,
// if a value stored since has made it AWSPREVIOUS. No rotation runs then, and yet
// AWS takes the last one for incomplete.
func (s *Secret) Leftover() string {
	if version := s.With(LabelPending); version != s.Current() && version == s.With(LabelPrevious) {
		return version
	}
	return ""
}

// Enabled reports whether rotation is on.
func (s *Secret) Enabled() bool { return aws.ToBool(s.RotationEnabled) }

// Key is the ARN of the customer managed key, or "" for aws/secretsmanager. A
// key that is given by an alias is reported as unresolved.
func (s *Secret) Key() (keyARN string, unresolved bool) {
	id := aws.ToString(s.KmsKeyId)
	switch {
	case id == "" || strings.HasSuffix(id, "alias/aws/secretsmanager"):
		return "", false
	case strings.Contains(id, "alias/"):
		return "", true
	case strings.HasPrefix(id, "arn:"):
		return id, false
	}
	return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", s.Parsed.Partition, s.Parsed.Region, s.Parsed.AccountID, id), false
}

// Schedule is the rotation schedule and the length of its windows, 0 for the
// default one; ok is false without a schedule that can be read.
func (s *Secret) Schedule() (e schedule.Expression, duration time.Duration, ok bool) {
	r := s.RotationRules
	if r == nil {
		return e, 0, false
	}
	duration, _ = time.ParseDuration(aws.ToString(r.Duration))
	if text := aws.ToString(r.ScheduleExpression); text != "" {
		e, err := schedule.Parse(text)
		return e, duration, err == nil
	}
	return schedule.Days(aws.ToInt64(r.AutomaticallyAfterDays)), duration, true
}

// Window is for how long a rotation may be retried after its window opened.
func (s *Secret) Window() time.Duration {
	if expression, length, ok := s.Schedule(); ok {
		if windows := expression.Windows(time.Unix(0, 0), length, 1); len(windows) == 1 {
			return windows[0].End.Sub(windows[0].Start)
		}
	}
	return 24 * time.Hour
}

// aboutToOpen is how long before its window a rotation may as well have begun: clocks differ, and what is begun now takes a moment.
const aboutToOpen = time.Minute

// OpenWindow returns the rotation window in which AWS may begin a rotation now or in a moment; false if none is open, or if it can't be
// told. The window that AWS plans is over as soon as the secret has rotated in it. Of one that is overdue nobody knows when AWS tries
// again, except for cron().
func (s *Secret) OpenWindow(now time.Time) (schedule.Window, bool) {
	if !s.Enabled() || s.NextRotationDate == nil {
		return schedule.Window{}, false
	}
	opening := now.Add(aboutToOpen)
	// AWS gives the last second of the window.
	end := s.NextRotationDate.Truncate(time.Second).Add(time.Second)
	if next := (schedule.Window{Start: end.Add(-s.Window()), End: end}); now.Before(next.End) {
		return next, !opening.Before(next.Start)
	}
	if expression, length, ok := s.Schedule(); ok && strings.HasPrefix(expression.String(), "cron") {
		for _, w := range expression.Windows(now.Add(-24*time.Hour), length, 24) {
			if now.Before(w.End) && !opening.Before(w.Start) {
				return w, true
			}
		}
	}
	return schedule.Window{}, false
}

// Version is a version in the list of a secret's versions.
type Version struct {
	Made   time.Time
	Labels []string
}

// Versions are the versions of a secret by ID, also those without a label; as far
// as AWS says.
func (s Source) Versions(ctx context.Context, secretARN string) map[string]Version {
	all, _ := live(s, "versions "+secretARN, func() (map[string]Version, error) {
		pages := secretsmanager.NewListSecretVersionIdsPaginator(s.SecretsManager, &secretsmanager.ListSecretVersionIdsInput{
			SecretId: &secretARN, IncludeDeprecated: aws.Bool(true),
		})
		all := map[string]Version{}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return all, nil //nolint:nilerr // What is not told is not known.
			}
			for _, v := range page.Versions {
				all[aws.ToString(v.VersionId)] = Version{aws.ToTime(v.CreatedDate), v.VersionStages}
			}
		}
		return all, nil
	})
	return all
}

// ValueState is what can be told of the value of a version.
type ValueState int

// The states of a value.
const (
	ValueUnknown ValueState = iota // it may not be read
	ValueAbsent                    // the version exists and has no value
	ValuePresent
)

// Value is what reading a version tells. Its text goes to package findings and
// nowhere else.
type Value struct {
	State  ValueState
	Text   string // SecretString
	Binary bool   // SecretBinary instead
	Denied error  // why it may not be read; nil for other reasons
	Err    error  // why it is not known, whatever the reason
}

// Value reads a version of a secret, the current one by default, as it is now.
func (s Source) Value(ctx context.Context, secretARN, version string) Value {
	in := &secretsmanager.GetSecretValueInput{SecretId: &secretARN}
	if version == "" {
		in.VersionStage = aws.String(LabelCurrent)
	} else {
		in.VersionId = &version
	}
	out, err := live(s, "value "+secretARN+" "+version, func() (*secretsmanager.GetSecretValueOutput, error) { return s.SecretsManager.GetSecretValue(ctx, in) })
	switch {
	case awsapi.IsNotFound(err):
		return Value{State: ValueAbsent}
	case awsapi.IsAccessDenied(err):
		return Value{Denied: err, Err: err}
	case err != nil:
		return Value{Err: err}
	}
	return Value{State: ValuePresent, Text: aws.ToString(out.SecretString), Binary: out.SecretString == nil}
}

// SharedValue reads the current value of a secret that many setups share. One
// that is not there may still be stored by this same apply, and is not remembered.
func (s Source) SharedValue(ctx context.Context, secretARN string) Value {
	key := "value " + secretARN
	v, _ := recall(s, key, func() (Value, error) { return s.Value(ctx, secretARN, ""), nil })
	if v.State == ValueAbsent {
		s.cache.forget(s.Region + " " + key)
	}
	return v
}

// SecretPolicy reads the resource policy of a secret; nil if it has none.
func (s Source) SecretPolicy(ctx context.Context, secretARN string) (*iampolicy.Document, error) {
	return recall(s, "secret policy "+secretARN, func() (*iampolicy.Document, error) {
		out, err := s.SecretsManager.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &secretARN})
		if err != nil || aws.ToString(out.ResourcePolicy) == "" {
			return nil, err
		}
		document, err := iampolicy.Parse(*out.ResourcePolicy)
		return &document, err
	})
}
