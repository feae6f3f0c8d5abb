package provider

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// hand does to the world what people do in the console.
type hand struct {
	world
	t *testing.T
}

func (w world) hand(t *testing.T) hand { return hand{w, t} }

// rotation sets up a rotation every 30 days, with a permission and a policy of
// its own.
func (h hand) rotation() {
	h.t.Helper()
	h.access(h.FunctionARN, h.Role)
	h.rules(h.FunctionARN, &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)})
}

// access gives a function and its role what rotation of the secret needs.
func (h hand) access(functionARN, role string) {
	h.t.Helper()
	h.permission(functionARN, "by-hand", h.SecretARN)
	h.policy(role, "by-hand", rotation.PolicyFor(rotation.Setup{}, h.SecretARN, "", 1))
}

// rules gives the secret rules and a function, without a rotation. AWS tests
// the function before and after, which counts as a rotation that runs.
func (h hand) rules(functionARN string, rules *types.RotationRulesType) {
	h.t.Helper()
	h.Advance(10 * time.Second)
	defer h.Advance(10 * time.Second)
	_, err := h.Secrets.RotateSecret(h.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &h.SecretARN, RotationLambdaARN: &functionARN, RotateImmediately: aws.Bool(false), RotationRules: rules,
	})
	h.Must(err)
}

// rotate rotates the secret and waits.
func (h hand) rotate() {
	h.t.Helper()
	finished := h.Finished()
	h.Advance(10 * time.Second)
	_, err := h.Secrets.RotateSecret(h.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &h.SecretARN})
	h.Must(err)
	h.Advance(10 * time.Second)
	if h.Finished() != finished+1 {
		h.t.Fatalf("The rotation did not finish: %+v", h.Events())
	}
}

// cancel switches rotation off.
func (h hand) cancel() {
	h.t.Helper()
	_, err := h.Secrets.CancelRotateSecret(h.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &h.SecretARN})
	h.Must(err)
}

// permission permits Secrets Manager to invoke a function.
func (h hand) permission(functionARN, statementID, sourceARN string) {
	h.t.Helper()
	_, err := h.Functions.AddPermission(h.t.Context(), &lambda.AddPermissionInput{
		FunctionName: &functionARN, StatementId: &statementID, Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("secretsmanager.amazonaws.com"), SourceAccount: aws.String(h.AccountID()), SourceArn: &sourceARN,
	})
	h.Must(err)
}

func (h hand) removePermission(statementID string) {
	h.t.Helper()
	_, err := h.Functions.RemovePermission(h.t.Context(), &lambda.RemovePermissionInput{FunctionName: &h.FunctionARN, StatementId: &statementID})
	h.Must(err)
}

// policy puts an inline policy on a role.
func (h hand) policy(role, name, document string) {
	h.t.Helper()
	_, err := h.Roles.PutRolePolicy(h.t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &document})
	h.Must(err)
}

func (h hand) removePolicy(name string) {
	h.t.Helper()
	_, err := h.Roles.DeleteRolePolicy(h.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &h.Role, PolicyName: &name})
	h.Must(err)
}

// document reads an inline policy of a role, "" if there is none.
func (h hand) document(role, name string) string {
	h.t.Helper()
	out, err := h.Roles.GetRolePolicy(h.t.Context(), &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if err != nil {
		return ""
	}
	document, err := url.QueryUnescape(*out.PolicyDocument)
	h.Must(err)
	return document
}

// role gives the function another execution role.
func (h hand) role(name string) {
	h.t.Helper()
	_, err := h.Functions.UpdateFunctionConfiguration(h.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &h.FunctionARN, Role: aws.String("arn:aws:iam::" + h.AccountID() + ":role/" + name),
	})
	h.Must(err)
}

// key encrypts the secret with a new key.
func (h hand) key(keyARN string) {
	h.t.Helper()
	h.AddKey(keyARN)
	_, err := h.Secrets.UpdateSecret(h.t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &h.SecretARN, KmsKeyId: &keyARN})
	h.Must(err)
}

// removeSecret deletes the secret at once.
func (h hand) removeSecret() {
	h.t.Helper()
	_, err := h.Secrets.DeleteSecret(h.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &h.SecretARN, ForceDeleteWithoutRecovery: aws.Bool(true)})
	h.Must(err)
	h.Advance(time.Minute)
}

// values are those of all versions of a secret that have one.
func (h hand) values(secretARN string) []string {
	h.t.Helper()
	versions, err := h.Secrets.ListSecretVersionIds(h.t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &secretARN, IncludeDeprecated: aws.Bool(true)})
	h.Must(err)
	var values []string
	for _, v := range versions.Versions {
		out, err := h.Secrets.GetSecretValue(h.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secretARN, VersionId: v.VersionId})
		if err == nil { // Else it is a version that never received a value.
			values = append(values, *out.SecretString)
		}
	}
	return values
}

// passwords are those of all versions of a secret.
func (h hand) passwords(secretARN string) []string {
	h.t.Helper()
	var passwords []string
	for _, text := range h.values(secretARN) {
		var value struct{ Password string }
		h.Must(json.Unmarshal([]byte(text), &value))
		passwords = append(passwords, value.Password)
	}
	return passwords
}

// statements are the IDs in the function's policy.
func (h hand) statements() []string {
	h.t.Helper()
	policy := h.FunctionPolicy()
	if policy == "" {
		return nil
	}
	var document struct {
		Statement []struct{ Sid string }
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		h.t.Fatal(fmt.Errorf("function policy: %w", err))
	}
	var ids []string
	for _, s := range document.Statement {
		ids = append(ids, s.Sid)
	}
	return ids
}
