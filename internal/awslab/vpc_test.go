package awslab_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// rotates tells whether the world's secret rotates at the first attempt.
func rotates(t *testing.T, w *labtest.World) bool {
	t.Helper()
	_, err := w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &w.Role, PolicyName: new("rotation"), PolicyDocument: new(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}`)})
	w.Must(err)
	_, err = w.Functions.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &w.FunctionARN, StatementId: new("rotation"), Action: new("lambda:InvokeFunction"),
		Principal: new("secretsmanager.amazonaws.com"), SourceAccount: new(w.AccountID()),
	})
	w.Must(err)
	_, err = w.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN, RotationLambdaARN: &w.FunctionARN})
	w.Must(err)
	for range 200 {
		w.Advance(1e9)
		for _, e := range w.Events() {
			switch e.Name {
			case "RotationSucceeded":
				w.Login()
				return true
			case "RotationFailed":
				return false
			}
		}
	}
	t.Fatal("The rotation does not end.")
	return false
}

func TestNetworkPrivate(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"nat": true, "endpoint": true, "none": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.New(t)
			n := labtest.Network{NAT: name == "nat"}
			if name == "endpoint" {
				n.Endpoints = []string{"secretsmanager"}
			}
			v := w.NewNetwork(n)
			w.AddDatabase(v.Database())
			v.AttachFunction()
			if got := rotates(t, w); got != want {
				t.Errorf("rotates: %t, want %t", got, want)
			}
		})
	}
}
