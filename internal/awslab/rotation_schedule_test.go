package awslab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

func TestServiceManagedSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := try[string](t)(l.CreateServiceManagedSecret(l.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+planted+`"}`, 7))
	d := l.describe(secret)
	if *d.OwningService != "rds" || !*d.RotationEnabled || d.RotationLambdaARN != nil || *d.RotationRules.AutomaticallyAfterDays != 7 {
		t.Errorf("described as %+v", d)
	}
	refused(t, l.put(secret, 9, planted), "InvalidRequestException", "This secret is managed by rds, and you must use that service to update it.")

	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &secret, RotateImmediately: new(false), RotationRules: &types.RotationRulesType{ScheduleExpression: new("rate(2 days)")},
	}))
	l.Advance(time.Hour)
	if got := password(t, l.value(secret, "AWSCURRENT")); got != planted {
		t.Error("new rules must not rotate")
	}
	l.Advance(48 * time.Hour)
	if got := l.value(secret, "AWSCURRENT"); password(t, got) == planted || !strings.Contains(got, `"admin"`) {
		t.Error("the service must rotate in the window, and only the password")
	}
	if got := *l.describe(secret).RotationRules.AutomaticallyAfterDays; got != 2 {
		t.Errorf("the computed AutomaticallyAfterDays is %d, want 2", got)
	}
	try[*secretsmanager.CancelRotateSecretOutput](t)(l.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &secret}))
	if *l.describe(secret).RotationEnabled {
		t.Error("rotation can be switched off")
	}
}

func TestManagedExternalSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := *try[*secretsmanager.CreateSecretOutput](t)(l.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: new("partner"), Type: new("SalesforceClientSecret"), SecretString: new(`{"password":"` + planted + `"}`),
	})).ARN
	in := &secretsmanager.RotateSecretInput{
		SecretId: &secret, ExternalSecretRotationRoleArn: new("arn:aws:iam::" + l.AccountID() + ":role/partner"), RotateImmediately: new(false),
		ExternalSecretRotationMetadata: []types.ExternalSecretRotationMetadataItem{{Key: new("apiVersion"), Value: new("v65.0")}},
		RotationRules:                  &types.RotationRulesType{AutomaticallyAfterDays: new(int64(30))},
	}
	_, err := l.RotateSecret(t.Context(), in)
	refused(t, err, "InvalidRequestException", "Secrets Manager is unable to assume role")
	l.role("partner", allowAll)
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	d := l.describe(secret)
	if *d.Type != "SalesforceClientSecret" || *d.ExternalSecretRotationRoleArn != *in.ExternalSecretRotationRoleArn || *d.ExternalSecretRotationMetadata[0].Value != "v65.0" {
		t.Errorf("described as %+v", d)
	}
}

func TestScheduledRotation(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{ScheduleExpression: new("cron(0 8 ? * MON *)"), Duration: new("2h")}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(time.Minute)
	monday := time.Date(2026, time.January, 26, 8, 0, 0, 0, time.UTC)
	d := l.describe(secret)
	if want := monday.Add(2*time.Hour - time.Second); !d.NextRotationDate.Equal(want) {
		t.Errorf("NextRotationDate = %v, want %v", d.NextRotationDate, want)
	}
	if got := *d.RotationRules.AutomaticallyAfterDays; got != 4 {
		t.Errorf("the computed AutomaticallyAfterDays is %d, want the 4 days to Monday", got)
	}
	before := l.value(secret, "AWSCURRENT")
	l.Advance(monday.Sub(l.Now()) - time.Second)
	if l.value(secret, "AWSCURRENT") != before {
		t.Error("rotated before the window")
	}
	mend := l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Code: "AccessDeniedException"})
	l.Advance(24 * time.Hour)
	if got := l.describe(secret).NextRotationDate; !got.Before(l.Now()) {
		t.Errorf("after a failure NextRotationDate stays in the past, got %v", got)
	}
	mend()
	l.Advance(7 * 24 * time.Hour)
	if got := l.describe(secret).LastRotatedDate; !got.Equal(monday.AddDate(0, 0, 7).Add(4 * time.Second)) {
		t.Errorf("rotated at %v, want in the next window", got)
	}
}

// TestRetriesInTheWindow fails twice when a window opens. The attempts that
// follow by themselves come within the window.
func TestRetriesInTheWindow(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{ScheduleExpression: new("cron(0 8 ? * MON *)"), Duration: new("1h")}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(time.Minute)
	monday := time.Date(2026, time.January, 26, 8, 0, 0, 0, time.UTC)
	l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Code: "AccessDeniedException", Times: 2})
	l.Advance(monday.Sub(l.Now()) + time.Hour)
	if got, want := l.eventNames(), "RotationStarted RotationSucceeded RotationStarted RotationFailed RotationStarted RotationFailed RotationStarted RotationSucceeded"; got != want {
		t.Errorf("events: %s, want %s", got, want)
	}
	if got := l.describe(secret).LastRotatedDate; got.Before(monday) || got.After(monday.Add(time.Hour)) {
		t.Errorf("rotated at %v, not in the window", got)
	}
}

// TestHourlyRate rotates at once and then in each window, and catches up at
// the next full hour after failures.
func TestHourlyRate(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{ScheduleExpression: new("rate(4 hours)")}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(time.Minute)
	if want := time.Date(2026, time.January, 22, 18, 59, 59, 0, time.UTC); !l.describe(secret).NextRotationDate.Equal(want) {
		t.Errorf("NextRotationDate = %v, want %v", l.describe(secret).NextRotationDate, want)
	}
	l.Advance(12 * time.Hour)
	if got, want := strings.Count(l.eventNames(), "RotationSucceeded"), 4; got != want {
		t.Errorf("%d rotations, want %d: at 14:30, 18:00, 22:00 and 02:00", got, want)
	}
	mend := l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Code: "AccessDeniedException"})
	l.Advance(4*time.Hour + 15*time.Minute)
	mend()
	l.Advance(45 * time.Minute)
	if want := time.Date(2026, time.January, 23, 7, 0, 4, 0, time.UTC); !l.describe(secret).LastRotatedDate.Equal(want) {
		t.Errorf("LastRotatedDate = %v, want %v", l.describe(secret).LastRotatedDate, want)
	}
}

func TestRuleEditKeepsTheLastRotation(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: new(int64(30))}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(20 * 24 * time.Hour)
	before := l.value(secret, "AWSCURRENT")
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &secret, RotateImmediately: new(false), RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: new(int64(10))},
	}))
	l.Advance(time.Hour)
	if l.value(secret, "AWSCURRENT") != before {
		t.Error("the edit itself must not rotate")
	}
	l.Advance(24 * time.Hour)
	if l.value(secret, "AWSCURRENT") == before {
		t.Error("an overdue rate rotates when the next day begins")
	}
}
