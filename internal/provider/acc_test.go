package provider

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// TestAccSetup runs on the account or endpoint that the environment names, with
// resources that it makes and removes. `make testacc` runs it.
func TestAccSetup(t *testing.T) {
	t.Parallel()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("It makes real resources: run it with `make testacc`.")
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testSetupOn(t, cfg, "provider \"rotation\" {}\n")
}

// TestAcceptanceOnLab is the same test on an embedded AWS, so that it stays
// true between the times that somebody runs it on a real account.
func TestAcceptanceOnLab(t *testing.T) {
	t.Parallel()
	w := world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})}
	testSetupOn(t, w.Config(), w.providerConfig())
}

func testSetupOn(t *testing.T, cfg aws.Config, block string) {
	t.Helper()
	a := newAccount(t, cfg)
	setup := func(rules string, more ...string) string {
		if len(more) == 0 {
			more = []string{fmt.Sprintf("rotation_lambda_arn = %q", a.functionARN)}
		}
		return block + fmt.Sprintf("resource \"rotation_setup\" \"test\" {\n  secret_id = %q\n  rotation_rules = { %s }\n  %s\n}\n", a.secretARN, rules, strings.Join(more, "\n  "))
	}
	shared := func(trigger string) string {
		return setup(`automatically_after_days = 30`, fmt.Sprintf("rotate_triggers = { again = %q }", trigger), `access = "external"`, `rotation_lambda_arn = rotation_function_access.test.rotation_lambda_arn`) +
			fmt.Sprintf("resource \"rotation_function_access\" \"test\" {\n  rotation_lambda_arn = %q\n  rotation_types = [\"Custom\"]\n}\n", a.functionARN)
	}
	before := ""
	const address = "rotation_setup.test"
	resource.Test(t, resource.TestCase{
		IsUnitTest: true, // TF_ACC is asked for where it matters.
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"rotation": served(New("acc")),
		},
		Steps: []resource.TestStep{
			{
				Config: setup(`automatically_after_days = 30`),
				Check: func(*terraform.State) error {
					if v := a.value(t); strings.Contains(v, firstPassword) {
						t.Error("The first rotation has not changed the value.")
					}
					return nil
				},
			},
			{
				Config: setup(`schedule_expression = "cron(0 4 ? * SUN *)", duration = "3h"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				}},
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: a.secretARN,
				ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "secret_arn",
			},
			// From here on, the function has its access for all secrets, and rotates with
			// nothing else.
			{Config: shared("1"), Check: func(*terraform.State) error { before = a.value(t); return nil }},
			{Config: shared("2"), Check: func(*terraform.State) error {
				if a.value(t) == before {
					t.Error("The rotation with shared access has not changed the value.")
				}
				return nil
			}},
		},
		CheckDestroy: func(*terraform.State) error {
			d, err := a.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &a.secretARN})
			if err != nil {
				return err
			}
			if *d.RotationEnabled {
				t.Error("Rotation is still on.")
			}
			names, err := a.roles.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &a.name})
			if err == nil && len(names.PolicyNames) > 0 {
				t.Errorf("The role policy is still there: %v", names.PolicyNames)
			}
			return err
		},
	})
}

// account is an AWS account with a secret, a rotation function and its role
// under a name of their own.
type account struct {
	name, secretARN, functionARN string
	secrets                      *secretsmanager.Client
	functions                    *lambda.Client
	roles                        *iam.Client
}

func newAccount(t *testing.T, cfg aws.Config) account {
	t.Helper()
	a := account{
		name:    "rotation-acc-" + strings.ToLower(rand.Text()[:10]),
		secrets: secretsmanager.NewFromConfig(cfg), functions: lambda.NewFromConfig(cfg), roles: iam.NewFromConfig(cfg),
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { a.remove(t) })
	role, err := a.roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &a.name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	must(err)
	_, err = a.roles.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &a.name, PolicyArn: aws.String(basicExecution)})
	must(err)
	secret, err := a.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name:         &a.name,
		SecretString: aws.String(`{"username":"app","password":"` + firstPassword + `"}`),
	})
	must(err)
	a.secretARN = *secret.ARN
	for try := 0; ; try++ {
		made, err := a.functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: &a.name, Role: role.Role.Arn, Runtime: lambdatypes.RuntimePython312,
			Handler: aws.String("rotator.handler"), Code: &lambdatypes.FunctionCode{ZipFile: zipped(t)}, Timeout: aws.Int32(30),
			Environment: &lambdatypes.Environment{Variables: map[string]string{
				"SECRETS_MANAGER_ENDPOINT": fmt.Sprintf("https://secretsmanager.%s.amazonaws.com", cfg.Region),
				// For an embedded AWS: this test binary is the function. AWS does not look at them.
				awslab.ExecVariable: os.Args[0],
				actAsFunction:       "true",
			}},
		})
		if err == nil {
			a.functionARN = *made.FunctionArn
			break
		}
		if try == 20 || !strings.Contains(err.Error(), "cannot be assumed") {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // IAM tells Lambda of a new role after a while.
	}
	must(lambda.NewFunctionActiveV2Waiter(a.functions).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &a.name}, 2*time.Minute))
	return a
}

const basicExecution = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

func (a account) value(t *testing.T) string {
	t.Helper()
	out, err := a.secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &a.secretARN})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SecretString
}

// remove takes away what newAccount made, and goes on over what is not there.
func (a account) remove(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	_, _ = a.functions.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &a.name})
	_, _ = a.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: &a.name, ForceDeleteWithoutRecovery: aws.Bool(true)})
	names, _ := a.roles.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &a.name})
	for _, name := range names.PolicyNames { // Of a setup that failed.
		_, _ = a.roles.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &a.name, PolicyName: &name})
	}
	_, _ = a.roles.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &a.name, PolicyArn: aws.String(basicExecution)})
	if _, err := a.roles.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &a.name}); err != nil {
		t.Errorf("The role %s could not be removed: %v", a.name, err)
	}
}

// rotator is a rotation function without a database: the next password is
// stored, and nobody has to be told of it. runFunction is the same in Go.
const rotator = `
import json
import boto3

secrets = boto3.client("secretsmanager")


def handler(event, context):
    secret, version = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        try:
            secrets.get_secret_value(SecretId=secret, VersionId=version, VersionStage="AWSPENDING")
        except secrets.exceptions.ResourceNotFoundException:
            value = json.loads(secrets.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"])
            value["password"] = secrets.get_random_password(ExcludePunctuation=True)["RandomPassword"]
            secrets.put_secret_value(
                SecretId=secret, ClientRequestToken=version, SecretString=json.dumps(value), VersionStages=["AWSPENDING"]
            )
    if event["Step"] == "finishSecret":
        stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(v for v, labels in stages.items() if "AWSCURRENT" in labels)
        if current != version:
            secrets.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=current
            )
`

// actAsFunction is the environment variable that makes this test binary a
// rotation function.
const actAsFunction = "ROTATION_TEST_FUNCTION"

// runFunction carries out one step of a rotation: the event is on standard
// input.
func runFunction() error {
	ctx := context.Background()
	var event struct{ Step, SecretId, ClientRequestToken string }
	if err := json.NewDecoder(os.Stdin).Decode(&event); err != nil {
		return err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	secrets := secretsmanager.NewFromConfig(cfg)
	switch event.Step {
	case "createSecret":
		password, err := secrets.GetRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{ExcludePunctuation: aws.Bool(true)})
		if err != nil {
			return err
		}
		_, err = secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId: &event.SecretId, ClientRequestToken: &event.ClientRequestToken, VersionStages: []string{"AWSPENDING"},
			SecretString: aws.String(`{"username":"app","password":"` + *password.RandomPassword + `"}`),
		})
		return err
	case "finishSecret":
		d, err := secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &event.SecretId})
		if err != nil {
			return err
		}
		for version, labels := range d.VersionIdsToStages {
			if slices.Contains(labels, "AWSCURRENT") {
				_, err = secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
					SecretId: &event.SecretId, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: &event.ClientRequestToken, RemoveFromVersionId: &version,
				})
			}
		}
		return err
	}
	return nil
}

func zipped(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	file, err := z.Create("rotator.py")
	if err == nil {
		_, err = file.Write([]byte(rotator))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
