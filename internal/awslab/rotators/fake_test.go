package rotators

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"
	adminARN  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-GhIjKl"
	token     = "5d9ee9f6-f3a5-4b1c-a3a2-5b2c8f1f3d11"
	// newPassword needs quoting in every place a password comes to.
	newPassword = `n'e"w\ $1 %s;--password`
)

// version is one version of a fake secret. A nil value is a version without one.
type version struct {
	stages []string
	value  *string
	binary bool
}

type fakeSecret struct {
	enabled  *bool
	versions map[string]version
	tags     []types.Tag
}

// fakeSecrets is Secrets Manager in memory. It records what was asked of it and fails the operations named in fail.
type fakeSecrets struct {
	secrets   map[string]*fakeSecret
	fail      map[string]error
	passwords []*secretsmanager.GetRandomPasswordInput
	puts      []*secretsmanager.PutSecretValueInput
	moves     []*secretsmanager.UpdateSecretVersionStageInput
}

// rotating is a secret with a current value and an empty pending version, as a rotation begins.
func rotating(current string) *fakeSecrets {
	return &fakeSecrets{secrets: map[string]*fakeSecret{secretARN: {
		enabled: aws.Bool(true),
		versions: map[string]version{
			"v1":  {stages: []string{stageCurrent}, value: &current},
			token: {stages: []string{stagePending}},
		},
	}}}
}

// withStage gives the version of a staging label a value.
func (f *fakeSecrets) withStage(stage, value string) *fakeSecrets {
	id := map[string]string{stageCurrent: "v1", stagePending: token, stagePrevious: "v0"}[stage]
	f.secrets[secretARN].versions[id] = version{stages: []string{stage}, value: &value}
	return f
}

// withAdmin adds the superuser secret.
func (f *fakeSecrets) withAdmin(value string, tags ...types.Tag) *fakeSecrets {
	f.secrets[adminARN] = &fakeSecret{versions: map[string]version{"a": {stages: []string{stageCurrent}, value: &value}}, tags: tags}
	return f
}

// next begins another rotation after a finished one.
func (f *fakeSecrets) next() {
	secret := f.secrets[secretARN]
	for id, v := range secret.versions {
		switch {
		case id == token:
			secret.versions["v1"] = version{stages: []string{stageCurrent}, value: v.value}
		case slices.Contains(v.stages, stagePrevious):
			secret.versions["v0"] = version{stages: []string{stagePrevious}, value: v.value}
		}
	}
	secret.versions[token] = version{stages: []string{stagePending}}
}

func (f *fakeSecrets) staged(stage string) version {
	for v := range maps.Values(f.secrets[secretARN].versions) {
		if slices.Contains(v.stages, stage) {
			return v
		}
	}
	return version{}
}

func (f *fakeSecrets) DescribeSecret(_ context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	secret := f.secrets[*in.SecretId]
	if err := f.fault("DescribeSecret", secret); err != nil {
		return nil, err
	}
	stages := map[string][]string{}
	for id, v := range secret.versions {
		stages[id] = v.stages
	}
	return &secretsmanager.DescribeSecretOutput{RotationEnabled: secret.enabled, VersionIdsToStages: stages, Tags: secret.tags}, nil
}

func (f *fakeSecrets) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	secret := f.secrets[*in.SecretId]
	if err := f.fault("GetSecretValue", secret); err != nil {
		return nil, err
	}
	for id, v := range secret.versions {
		if !slices.Contains(v.stages, *in.VersionStage) || in.VersionId != nil && *in.VersionId != id {
			continue
		}
		if v.binary {
			return &secretsmanager.GetSecretValueOutput{SecretBinary: []byte{1}}, nil
		}
		if v.value != nil {
			return &secretsmanager.GetSecretValueOutput{SecretString: v.value}, nil
		}
	}
	return nil, &types.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret value for staging label: " + *in.VersionStage)}
}

func (f *fakeSecrets) GetRandomPassword(_ context.Context, in *secretsmanager.GetRandomPasswordInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetRandomPasswordOutput, error) {
	f.passwords = append(f.passwords, in)
	return &secretsmanager.GetRandomPasswordOutput{RandomPassword: aws.String(newPassword)}, f.fail["GetRandomPassword"]
}

func (f *fakeSecrets) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if err := f.fault("PutSecretValue", f.secrets[*in.SecretId]); err != nil {
		return nil, err
	}
	f.puts = append(f.puts, in)
	f.secrets[*in.SecretId].versions[*in.ClientRequestToken] = version{stages: in.VersionStages, value: in.SecretString}
	return &secretsmanager.PutSecretValueOutput{}, nil
}

func (f *fakeSecrets) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	secret := f.secrets[*in.SecretId]
	if err := f.fault("UpdateSecretVersionStage", secret); err != nil {
		return nil, err
	}
	f.moves = append(f.moves, in)
	from := secret.versions[*in.RemoveFromVersionId]
	from.stages = []string{stagePrevious}
	secret.versions[*in.RemoveFromVersionId] = from
	to := secret.versions[*in.MoveToVersionId]
	to.stages = append(slices.Clone(to.stages), *in.VersionStage)
	secret.versions[*in.MoveToVersionId] = to
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

func (f *fakeSecrets) fault(operation string, secret *fakeSecret) error {
	if err := f.fail[operation]; err != nil {
		return err
	}
	if secret == nil {
		return &types.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret.")}
	}
	return nil
}

func accessDenied(message string) error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: message}
}

// call is one step of a rotation function on a fake Secrets Manager.
type call struct {
	rotationType string
	step         string
	secrets      *fakeSecrets
	vars         map[string]string
	users        *UserStore
	token        string
	// hidden are the passwords of the test, which may appear neither in the log nor in the error.
	hidden []string
}

// run makes the call and returns the lines of the log, as "LEVEL message".
func (c call) run(t *testing.T) (log []string, err error) {
	t.Helper()
	in := &invocation{
		env: Environment{Vars: c.vars, Users: c.users, Log: func(level, message string) {
			log = append(log, level+" "+message)
		}},
		sm: c.secrets, secretID: secretARN, token: token, rotationToken: "rotation-token",
	}
	in.env.Config.Region = "eu-west-1"
	if c.token != "" {
		in.token = c.token
	}
	err = rotations[c.rotationType].run(t.Context(), in, c.step)
	for _, password := range append(c.hidden, newPassword) {
		if told := fmt.Sprint(err, log); strings.Contains(told, password) {
			t.Errorf("a password is in the error or the log: %s", told)
		}
	}
	return log, err
}

// errorText is the error's text, empty for none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
