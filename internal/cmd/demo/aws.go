package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// login is what an application reads from a version of a secret.
type login struct{ version, username, password string }

// newPassword makes a first password, of letters and digits.
func (d *demo) newPassword() string {
	password := rand.Text()
	d.passwords[password] = true
	return password
}

// newSecret stores a value, whose password counts as one that has existed.
func (d *demo) newSecret(ctx context.Context, name string, value map[string]any) (string, error) {
	if password, ok := value["password"].(string); ok {
		d.passwords[password] = true
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", errors.New("a secret's value can't be written as JSON")
	}
	out, err := d.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String(string(text))})
	if err != nil {
		return "", err
	}
	return *out.ARN, nil
}

// newUser makes a user of the database and the secret with its first password.
// More are further members of the value.
func (d *demo) newUser(ctx context.Context, name string, more map[string]any) (string, error) {
	value := d.db.connection()
	maps.Copy(value, more)
	password := d.newPassword()
	value["username"], value["password"] = name, password
	if err := d.db.addUser(ctx, name, password); err != nil {
		return "", err
	}
	return d.newSecret(ctx, name, value)
}

// What function and role have that is none of a setup's business.
const (
	foreignStatement = "from-somebody-else"
	foreignPolicy    = "network"
	foreignManaged   = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
)

// newFunction makes a rotation function with a role of the same name, as they
// are before rotation_setup: the role has no permission on any secret, and
// Secrets Manager may not invoke the function.
func (d *demo) newFunction(ctx context.Context, name, handler string) (string, error) {
	_, err := d.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return "", err
	}
	if _, err = d.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String(foreignManaged)}); err != nil {
		return "", err
	}
	_, err = d.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String(foreignPolicy), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeNetworkInterfaces","Resource":"*"}]}`)})
	if err != nil {
		return "", err
	}
	function, err := d.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String("arn:aws:iam::" + d.lab.AccountID() + ":role/" + name),
		Code: &lambdatypes.FunctionCode{ZipFile: []byte("zip")}, Runtime: lambdatypes.RuntimePython312,
		Handler: aws.String("lambda_function.lambda_handler"), Timeout: aws.Int32(30),
		Environment: &lambdatypes.Environment{Variables: map[string]string{
			awslab.HandlerVariable:     handler,
			"SECRETS_MANAGER_ENDPOINT": "https://secretsmanager." + d.lab.Region() + ".amazonaws.com",
		}},
	})
	if err != nil {
		return "", err
	}
	_, err = d.lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &name, StatementId: aws.String(foreignStatement), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("events.amazonaws.com"), SourceAccount: aws.String(d.lab.AccountID()),
	})
	return *function.FunctionArn, err
}

// login reads the current version of a secret, and notes its password.
func (d *demo) login(ctx context.Context, secretARN string) (login, error) {
	out, err := d.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	if err != nil {
		return login{}, err
	}
	var value struct{ Username, Password string }
	if json.Unmarshal([]byte(*out.SecretString), &value) != nil || value.Password == "" {
		return login{}, errors.New("a secret's value is not that of a database user")
	}
	d.passwords[value.Password] = true
	return login{*out.VersionId, value.Username, value.Password}, nil
}

// field is a text in the current value of a secret that is no secret itself; empty if
// there is none.
func (d *demo) field(ctx context.Context, secretARN, name string) (string, error) {
	out, err := d.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	if err != nil {
		return "", err
	}
	var value map[string]any
	if json.Unmarshal([]byte(*out.SecretString), &value) != nil {
		return "", errors.New("a secret's value is not a JSON object")
	}
	text, _ := value[name].(string)
	return text, nil
}

// accepts tells whether the database lets a login in.
func (d *demo) accepts(ctx context.Context, l login) (bool, error) {
	return d.db.login(ctx, l.username, l.password)
}

// rotate rotates a secret as an operator would, and waits.
func (d *demo) rotate(ctx context.Context, secretARN string) error {
	out, err := d.secrets.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &secretARN})
	if err != nil {
		return err
	}
	for range 300 {
		described, err := d.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
		if err != nil {
			return err
		}
		if slices.Contains(described.VersionIdsToStages[*out.VersionId], "AWSCURRENT") {
			return nil
		}
		if err := d.lab.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("a rotation outside of Terraform does not come to an end")
}

// access is what a function and its role have, by name.
type access struct{ statements, inline, attached []string }

func (d *demo) access(ctx context.Context, name string) (access, error) {
	policy, err := d.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &name})
	if err != nil {
		return access{}, err
	}
	var document struct{ Statement []struct{ Sid string } }
	if err := json.Unmarshal([]byte(*policy.Policy), &document); err != nil {
		return access{}, err
	}
	var a access
	for _, statement := range document.Statement {
		a.statements = append(a.statements, statement.Sid)
	}
	inline, err := d.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &name})
	if err != nil {
		return access{}, err
	}
	attached, err := d.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	if err != nil {
		return access{}, err
	}
	a.inline = inline.PolicyNames
	for _, p := range attached.AttachedPolicies {
		a.attached = append(a.attached, *p.PolicyArn)
	}
	slices.Sort(a.statements)
	slices.Sort(a.inline)
	return a, nil
}

// written are the operations by which the CLI's provider has changed anything
// since the call log was emptied.
func (d *demo) written() []string {
	var names []string
	for _, c := range d.lab.AdministratorCalls() {
		if c.Writes() {
			names = append(names, c.String())
		}
	}
	return names
}

// functionLog is everything that the rotation functions have logged.
func (d *demo) functionLog(ctx context.Context) (string, error) {
	groups, err := d.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		return "", err
	}
	var text []byte
	for _, group := range groups.LogGroups {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(d.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group.LogGroupName})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			for _, event := range page.Events {
				text = fmt.Appendln(text, aws.ToString(event.Message))
			}
		}
	}
	return string(text), nil
}

// rotates tells whether rotation of a secret is on.
func (d *demo) rotates(ctx context.Context, secretARN string) (bool, error) {
	out, err := d.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.RotationEnabled), nil
}
