package rotation

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
)

// secret is what DescribeSecret says.
type secret struct{ *facts.Secret }

func (o *operation) describe(ctx context.Context, secretID string) (*secret, error) {
	described, err := o.Describe(ctx, secretID)
	if err != nil {
		return nil, err
	}
	return &secret{described}, nil
}

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

func (s *secret) externalMetadata() []KeyValue {
	var items []KeyValue
	for _, item := range s.ExternalSecretRotationMetadata {
		items = append(items, KeyValue{aws.ToString(item.Key), aws.ToString(item.Value)})
	}
	return items
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
	arn := s.Parsed.String()
	made := o.Versions(ctx, arn)
	for try := range tokenTries {
		version := token(arn, s.Current(), cause, try)
		if v, exists := made[version]; !exists || len(v.Labels) > 0 {
			return version
		}
	}
	return token(arn, s.Current(), cause, tokenTries-1)
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
	arn, current := aws.ToString(s.ARN), s.Current()
	if p := s.Pending(); p != "" && isToken(p, arn, current, cause) {
		return p, false
	}
	return "", current != "" && isToken(current, arn, s.With(facts.LabelPrevious), cause)
}

// madeAt is when a version was made; zero if AWS does not say.
func (o *operation) madeAt(ctx context.Context, secretARN, version string) time.Time {
	return o.Versions(ctx, secretARN)[version].Made
}
