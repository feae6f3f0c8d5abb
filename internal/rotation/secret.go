package rotation

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

// Staging labels of Secrets Manager.
const (
	labelCurrent  = "AWSCURRENT"
	labelPending  = "AWSPENDING"
	labelPrevious = "AWSPREVIOUS"
)

// secret is what DescribeSecret says.
type secret struct {
	*secretsmanager.DescribeSecretOutput
	arn arn.SecretARN
}

func (o *operation) describe(ctx context.Context, secretID string) (*secret, error) {
	out, err := o.SecretsManager.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretID})
	if err != nil {
		return nil, err
	}
	a, err := arn.ParseSecret(aws.ToString(out.ARN))
	if err != nil {
		return nil, fmt.Errorf("AWS describes the secret by an ARN that is not one: %w", err)
	}
	return &secret{out, a}, nil
}

// readAt is when AWS described the secret, by its own clock to the second, as
// log events have it; otherwise if it does not say.
func (s *secret) readAt(otherwise time.Time) time.Time {
	if at, ok := awsmiddleware.GetServerTime(s.ResultMetadata); ok {
		return at
	}
	return otherwise
}

// with returns the version that carries a staging label, or "".
func (s *secret) with(label string) string {
	for version, labels := range s.VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}

func (s *secret) current() string { return s.with(labelCurrent) }

// pending returns the version of a rotation that is not complete, or "".
// AWSPENDING beside AWSCURRENT is what a finished rotation leaves behind.
func (s *secret) pending() string {
	if version := s.with(labelPending); version != s.current() && version != s.with(labelPrevious) {
		return version
	}
	return ""
}

// leftover returns the version on which a finished rotation has left
// AWSPENDING, if a value stored since has made it AWSPREVIOUS. No rotation runs
// then, and yet AWS takes the last one for incomplete.
func (s *secret) leftover() string {
	if version := s.with(labelPending); version != s.current() && version == s.with(labelPrevious) {
		return version
	}
	return ""
}

func (s *secret) enabled() bool { return aws.ToBool(s.RotationEnabled) }

// rules are the rotation rules. Beside a schedule expression AWS shows a
// number of days that it computed: nobody set it.
func (s *secret) rules() Rules {
	if s.RotationRules == nil {
		return Rules{}
	}
	r := Rules{
		ScheduleExpression: aws.ToString(s.RotationRules.ScheduleExpression),
		Duration:           aws.ToString(s.RotationRules.Duration),
	}
	if r.ScheduleExpression == "" {
		r.AutomaticallyAfterDays = aws.ToInt64(s.RotationRules.AutomaticallyAfterDays)
	}
	return r
}

// key is the ARN of the customer managed key, or "" for aws/secretsmanager. A
// key that is given by an alias can't be named in a policy; it is reported as
// unresolved.
func (s *secret) key() (arn string, unresolved bool) {
	id := aws.ToString(s.KmsKeyId)
	switch {
	case id == "" || strings.HasSuffix(id, "alias/aws/secretsmanager"):
		return "", false
	case strings.Contains(id, "alias/"):
		return "", true
	case strings.HasPrefix(id, "arn:"):
		return id, false
	}
	return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", s.arn.Partition, s.arn.Region, s.arn.AccountID, id), false
}

func (s *secret) externalMetadata() []KeyValue {
	var items []KeyValue
	for _, item := range s.ExternalSecretRotationMetadata {
		items = append(items, KeyValue{aws.ToString(item.Key), aws.ToString(item.Value)})
	}
	return items
}

// window is how long a rotation may be retried after its window opened.
func (s *secret) window() time.Duration {
	r := s.rules()
	expression := schedule.Days(r.AutomaticallyAfterDays)
	if r.ScheduleExpression != "" {
		parsed, err := schedule.Parse(r.ScheduleExpression)
		if err != nil {
			return 24 * time.Hour
		}
		expression = parsed
	}
	length, _ := time.ParseDuration(r.Duration)
	if windows := expression.Windows(time.Unix(0, 0), length, 1); len(windows) == 1 {
		return windows[0].End.Sub(windows[0].Start)
	}
	return 24 * time.Hour
}

// token is the ClientRequestToken, and so the version, of the rotation that
// replaces a version of a secret for a cause. The same rotation asked for
// again, also by another process, has the same token and happens once. One
// that was given up, so that its version has lost AWSPENDING, is followed by
// that of the next try.
func token(secretARN, currentVersion, cause string, try int) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"rotation_setup", secretARN, currentVersion, cause, strconv.Itoa(try)}, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // a version 8 UUID
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// tokenTries is how many tries of one rotation are told apart.
const tokenTries = 8

func isToken(version, secretARN, currentVersion, cause string) bool {
	for try := range tokenTries {
		if version == token(secretARN, currentVersion, cause, try) {
			return true
		}
	}
	return false
}

// newToken is the token to ask with for a rotation that is not pending: the
// first whose version was not given up. What AWS does when it is asked once
// more for such a version is not documented.
func (o *operation) newToken(ctx context.Context, s *secret, cause string) string {
	arn := s.arn.String()
	made := o.versions(ctx, arn)
	for try := range tokenTries {
		version := token(arn, s.current(), cause, try)
		if v, exists := made[version]; !exists || len(v.labels) > 0 {
			return version
		}
	}
	return token(arn, s.current(), cause, tokenTries-1)
}

// Causes of a rotation.
const causeCreate = "create"

func causeTriggers(triggers map[string]string) string {
	text, _ := json.Marshal(triggers) //nolint:errchkjson // Maps of strings always marshal; keys are sorted.
	return "rotate_triggers " + string(text)
}

// asked tells what became of a rotation for a cause: its version if it is
// pending, or whether it is what made the current version.
func (s *secret) asked(cause string) (pending string, done bool) {
	arn, current := aws.ToString(s.ARN), s.current()
	if p := s.pending(); p != "" && isToken(p, arn, current, cause) {
		return p, false
	}
	return "", current != "" && isToken(current, arn, s.with(labelPrevious), cause)
}

// value is what can be told of the value of a version.
type value int

const (
	valueUnknown value = iota // it may not be read
	valueAbsent               // the version exists and has no value
	valuePresent
)

// content is what reading a version tells. It stays in this package.
type content struct {
	state  value
	text   string // SecretString
	binary bool   // SecretBinary instead
}

// read looks at a version of a secret, the current one by default.
func (o *operation) read(ctx context.Context, secretARN, version string) content {
	in := &secretsmanager.GetSecretValueInput{SecretId: &secretARN}
	if version == "" {
		in.VersionStage = aws.String(labelCurrent)
	} else {
		in.VersionId = &version
	}
	out, err := o.SecretsManager.GetSecretValue(ctx, in)
	switch {
	case awsapi.IsNotFound(err):
		return content{state: valueAbsent}
	case err != nil:
		return content{}
	}
	return content{valuePresent, aws.ToString(out.SecretString), out.SecretString == nil}
}

// madeAt is when a version was made; zero if AWS does not say.
func (o *operation) madeAt(ctx context.Context, secretARN, version string) time.Time {
	return o.versions(ctx, secretARN)[version].made
}

// listed is a version in the list of versions.
type listed struct {
	made   time.Time
	labels []string
}

// versions are the versions of a secret, also those without a label; as far as
// AWS says.
func (o *operation) versions(ctx context.Context, secretARN string) map[string]listed {
	pages := secretsmanager.NewListSecretVersionIdsPaginator(o.SecretsManager, &secretsmanager.ListSecretVersionIdsInput{
		SecretId: &secretARN, IncludeDeprecated: aws.Bool(true),
	})
	all := map[string]listed{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			break
		}
		for _, v := range page.Versions {
			all[aws.ToString(v.VersionId)] = listed{aws.ToTime(v.CreatedDate), v.VersionStages}
		}
	}
	return all
}
