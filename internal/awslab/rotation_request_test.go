package awslab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// TestRotateSecretRefusals checks codes and messages, and that a refused call
// changes nothing.
func TestRotateSecretRefusals(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	unpermitted := l.function("unpermitted", l.role("other", allowAll))
	managed := try[string](t)(l.CreateServiceManagedSecret(l.Region(), "rds!db-1", "rds", `{"username":"u","password":"`+planted+`"}`, 7))
	deleted := l.create("deleted", planted)
	try[*secretsmanager.DeleteSecretOutput](t)(l.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &deleted}))
	expression := func(expression, duration string) *types.RotationRulesType {
		r := &types.RotationRulesType{ScheduleExpression: &expression}
		if duration != "" {
			r.Duration = &duration
		}
		return r
	}
	const invalid = "InvalidParameterException"
	for name, test := range map[string]struct {
		in            secretsmanager.RotateSecretInput
		code, message string
	}{
		"unknown":             {secretsmanager.RotateSecretInput{SecretId: new("nobody")}, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."},
		"short token":         {secretsmanager.RotateSecretInput{ClientRequestToken: new("short")}, invalid, "ClientRequestToken must be 32-64 characters long."},
		"no function":         {secretsmanager.RotateSecretInput{}, "InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."},
		"not permitted":       {secretsmanager.RotateSecretInput{RotationLambdaARN: &unpermitted}, "AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com."},
		"no such function":    {secretsmanager.RotateSecretInput{RotationLambdaARN: new(function + "x")}, "AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function."},
		"unknown qualifier":   {secretsmanager.RotateSecretInput{RotationLambdaARN: new(function + ":live")}, "AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function."},
		"no ARN":              {secretsmanager.RotateSecretInput{RotationLambdaARN: new("rotator")}, invalid, "Invalid rotation Lambda ARN."},
		"other Region":        {secretsmanager.RotateSecretInput{RotationLambdaARN: new(strings.Replace(function, "eu-west-1", "eu-west-2", 1))}, invalid, "arn:aws:lambda:eu-west-1:ACCOUNT:function:NAME."},
		"both schedules":      {secretsmanager.RotateSecretInput{RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: new(int64(1)), ScheduleExpression: new("rate(1 day)")}}, invalid, "You cannot specify both rotation frequency and schedule expression together."},
		"days 0":              {secretsmanager.RotateSecretInput{RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: new(int64(0))}}, "ValidationException", "rotationRules.automaticallyAfterDays"},
		"days 1001":           {secretsmanager.RotateSecretInput{RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: new(int64(1001))}}, "ValidationException", "less than or equal to 1000"},
		"3 hours":             {secretsmanager.RotateSecretInput{RotationRules: expression("rate(3 hours)", "")}, invalid, "Rate in hour should be least 4 and less than 24."},
		"1000 days":           {secretsmanager.RotateSecretInput{RotationRules: expression("rate(1000 days)", "")}, invalid, "Rate in day should be greater than 0 and less than 1000."},
		"bad cron":            {secretsmanager.RotateSecretInput{RotationRules: expression("cron(30 10 * * ? *)", "")}, invalid, "Invalid schedule expression."},
		"characters":          {secretsmanager.RotateSecretInput{RotationRules: expression("cron(0 10 1–15 * ? *)", "")}, "ValidationException", "rotationRules.scheduleExpression"},
		"duration shape":      {secretsmanager.RotateSecretInput{RotationRules: expression("rate(7 days)", "3")}, "ValidationException", "rotationRules.duration"},
		"duration 0":          {secretsmanager.RotateSecretInput{RotationRules: expression("rate(7 days)", "0h")}, invalid, "Duration must be at least 1 hour, at most 24 hour."},
		"duration 25":         {secretsmanager.RotateSecretInput{RotationRules: expression("rate(7 days)", "25h")}, invalid, "Duration must be at least 1 hour, at most 24 hour."},
		"duration over rate":  {secretsmanager.RotateSecretInput{RotationRules: expression("rate(4 hours)", "5h")}, invalid, "Duration cannot be greater than Rate in hour."},
		"past midnight":       {secretsmanager.RotateSecretInput{RotationRules: expression("cron(0 22 * * ? *)", "3h")}, invalid, "Starting hour and duration must be within a day."},
		"managed":             {secretsmanager.RotateSecretInput{SecretId: &managed, RotationLambdaARN: &function}, "InvalidRequestException", "Rotation Lambda ARN is not supported for a service-managed secret."},
		"deleted":             {secretsmanager.RotateSecretInput{SecretId: &deleted, RotationLambdaARN: &function}, "InvalidRequestException", "currently marked deleted"},
		"external parameters": {secretsmanager.RotateSecretInput{ExternalSecretRotationRoleArn: new("arn:aws:iam::123456789012:role/rotator")}, invalid, "managed external secrets"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := test.in
			if in.SecretId == nil {
				in.SecretId = &secret
				if in.RotationRules != nil {
					in.RotationLambdaARN = &function
				}
			}
			_, err := l.RotateSecret(t.Context(), &in)
			refused(t, err, test.code, test.message)
			d := l.describe(secret)
			if d.RotationEnabled != nil || d.RotationRules != nil || d.RotationLambdaARN != nil || len(d.VersionIdsToStages) != 1 {
				t.Errorf("the refused call changed the secret: %+v", d)
			}
		})
	}
}

func TestRotationPermissions(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	const rotate = `{"Effect":"Allow","Action":"secretsmanager:RotateSecret","Resource":"*"}`
	user := func(name string, statements ...string) *secretsmanager.Client {
		return l.as(l.NewUser(name, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`))
	}
	invoke := `{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"` + function + `"}`
	for _, test := range []struct {
		name       string
		statements []string
		in         func(*secretsmanager.RotateSecretInput)
		missing    string
	}{
		{"nothing", nil, nil, "secretsmanager:RotateSecret"},
		{"no-invoke", []string{rotate}, nil, "lambda:InvokeFunction"},
		{"not-now", []string{invoke, `{"Effect":"Allow","Action":"secretsmanager:RotateSecret","Resource":"*","Condition":{"Bool":{"secretsmanager:RotateImmediately":"false"}}}`}, nil, "secretsmanager:RotateSecret"},
		{"other-function", []string{invoke, `{"Effect":"Allow","Action":"secretsmanager:RotateSecret","Resource":"*","Condition":{"ArnEquals":{"secretsmanager:RotationLambdaARN":"` + function + `x"}}}`}, nil, "secretsmanager:RotateSecret"},
		{"no-rules", []string{invoke, rotate, `{"Effect":"Deny","Action":"secretsmanager:RotateSecret","Resource":"*","Condition":{"Bool":{"secretsmanager:ModifyRotationRules":"true"}}}`}, func(in *secretsmanager.RotateSecretInput) {
			in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: new(int64(1))}
		}, "secretsmanager:RotateSecret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := l.rotateInput(secret, function, 2)
			if test.in != nil {
				test.in(in)
			}
			_, err := user(test.name, test.statements...).RotateSecret(t.Context(), in)
			refused(t, err, "AccessDeniedException", "is not authorized to perform: "+test.missing)
			if got := l.stages(secret); got != "1:AWSCURRENT" {
				t.Errorf("the labels are %q", got)
			}
		})
	}
	t.Run("enough", func(t *testing.T) {
		t.Parallel()
		other := l.create("other", planted)
		in := l.rotateInput(other, function, 2)
		in.RotateImmediately = new(false)
		_, err := user("enough", rotate, invoke).RotateSecret(t.Context(), in)
		if err != nil {
			t.Error(err)
		}
	})
}

// TestAllowRotationLambdaArn rotates with a role that may touch the secrets of
// its function only.
func TestAllowRotationLambdaArn(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, _ := l.rotatable()
	function := "arn:aws:lambda:eu-west-1:" + l.AccountID() + ":function:shared"
	role := l.role("shared", `{"Effect":"Allow","Action":"secretsmanager:GetRandomPassword","Resource":"*"}`,
		`{"Effect":"Allow","Action":["secretsmanager:DescribeSecret","secretsmanager:GetSecretValue","secretsmanager:PutSecretValue","secretsmanager:UpdateSecretVersionStage"],"Resource":"*",
		"Condition":{"StringEquals":{"secretsmanager:resource/AllowRotationLambdaArn":"`+function+`"}}}`)
	l.function("shared", role, awslab.HandlerVariable, "UserStore")
	l.permit(function)
	l.rotate(secret, function, 2)
	l.Advance(time.Minute)
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
}
