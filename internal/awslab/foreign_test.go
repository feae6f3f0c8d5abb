package awslab_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestForeignAccount asks for functions, secrets and keys of another account,
// which nothing allows, and for those that the own account does not have, which
// are not found.
func TestForeignAccount(t *testing.T) {
	t.Parallel()
	const (
		own, other = "123456789012", "210987654321"
		function   = "arn:aws:lambda:eu-west-1:" + own + ":function:none"
		secret     = "arn:aws:secretsmanager:eu-west-1:" + own + ":secret:none-AbCdEf"
		key        = "arn:aws:kms:eu-west-1:" + own + ":key/11111111-2222-3333-4444-555555555555"
		notFound   = "ResourceNotFoundException"
		denied     = "AccessDeniedException"
	)
	l := newServicesLab(t)
	existing := l.create("app", planted)
	clients := func(c aws.Config) (*secretsmanager.Client, *lambda.Client, *kms.Client) {
		return secretsmanager.NewFromConfig(c), lambda.NewFromConfig(c), kms.NewFromConfig(c)
	}
	secrets, functions, keys := clients(l.Config())
	ofNobody, functionsOfNobody, _ := clients(l.ConfigFor(l.NewUser("nobody", "")))
	atHome, functionsAtHome, _ := clients(l.ConfigFor(l.NewUser("home", statements(
		`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"`+own+`"}}}`))))
	noIdentity, noResource := "because no identity-based policy allows the ", "because no resource-based policy allows the "
	for name, test := range map[string]struct {
		ask     func(arn string) error
		arn     string // in the own account
		action  string
		reason  string // default noResource
		code    string // in the own account, default ResourceNotFoundException
		message string // in the other account, if it is not the usual one
	}{
		"function": {arn: function, action: "lambda:GetFunctionConfiguration", ask: func(arn string) error {
			_, err := functions.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &arn})
			return err
		}},
		"alias": {arn: function + ":live", action: "lambda:GetFunctionConfiguration", ask: func(arn string) error {
			_, err := functions.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &arn})
			return err
		}},
		"function policy": {arn: function, action: "lambda:GetPolicy", ask: func(arn string) error {
			_, err := functions.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: &arn})
			return err
		}},
		"permission": {arn: function, action: "lambda:AddPermission", ask: func(arn string) error {
			_, err := functions.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: &arn, StatementId: new("a"), Action: new("lambda:InvokeFunction"), Principal: new(own)})
			return err
		}},
		"concurrency": {arn: function, action: "lambda:GetFunctionConcurrency", ask: func(arn string) error {
			_, err := functions.GetFunctionConcurrency(t.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: &arn})
			return err
		}},
		"invocation": {arn: function, action: "lambda:InvokeFunction", ask: func(arn string) error {
			_, err := functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &arn})
			return err
		}},
		"function without permission": {arn: function, action: "lambda:GetPolicy", reason: noIdentity, code: denied, ask: func(arn string) error {
			_, err := functionsOfNobody.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: &arn})
			return err
		}},
		"function beyond condition": {arn: function, action: "lambda:GetPolicy", reason: noIdentity, ask: func(arn string) error {
			_, err := functionsAtHome.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: &arn})
			return err
		}},
		"secret": {arn: secret, action: "secretsmanager:DescribeSecret", ask: func(arn string) error {
			_, err := secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
			return err
		}},
		"secret value": {arn: secret, action: "secretsmanager:GetSecretValue", ask: func(arn string) error {
			_, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
			return err
		}},
		"secret policy": {arn: secret, action: "secretsmanager:GetResourcePolicy", ask: func(arn string) error {
			_, err := secrets.GetResourcePolicy(t.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: &arn})
			return err
		}},
		"rotation of a secret": {arn: secret, action: "secretsmanager:RotateSecret", ask: func(arn string) error {
			_, err := secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &arn})
			return err
		}},
		"new value": {arn: secret, action: "secretsmanager:PutSecretValue", ask: func(arn string) error {
			_, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &arn, SecretString: new(planted)})
			return err
		}},
		"secret without permission": {arn: secret, action: "secretsmanager:DescribeSecret", reason: noIdentity, code: denied, ask: func(arn string) error {
			_, err := ofNobody.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
			return err
		}},
		"secret beyond condition": {arn: secret, action: "secretsmanager:DescribeSecret", reason: noIdentity, ask: func(arn string) error {
			_, err := atHome.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &arn})
			return err
		}},
		// Secrets Manager says in other words that it can't invoke a function of the own account.
		"rotation with a function": {arn: function, action: "lambda:InvokeFunction", code: denied, ask: func(arn string) error {
			_, err := secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &existing, RotationLambdaARN: &arn})
			return err
		}},
		"key": {arn: key, code: "NotFoundException", message: "because the resource does not exist in this Region", ask: func(arn string) error {
			_, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &arn})
			return err
		}},
		"alias of a key": {arn: "arn:aws:kms:eu-west-1:" + own + ":alias/none", code: "NotFoundException", message: "because the resource does not exist in this Region", ask: func(arn string) error {
			_, err := keys.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &arn})
			return err
		}},
		"key of a new secret": {arn: key, code: "EncryptionFailure", message: "Access to KMS is not allowed", ask: func(arn string) error {
			_, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: new("new"), SecretString: new(planted), KmsKeyId: &arn})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reason, code := noResource, notFound
			if test.reason != "" {
				reason = test.reason
			}
			if test.code != "" {
				code = test.code
			}
			theirs := strings.Replace(test.arn, own, other, 1)
			message := test.message
			if message == "" {
				message = "is not authorized to perform: " + test.action + " on resource: " + strings.TrimSuffix(theirs, ":live") + " " + reason + test.action + " action"
			}
			refused(t, test.ask(theirs), denied, message)
			refused(t, test.ask(test.arn), code, "")
		})
	}
}
