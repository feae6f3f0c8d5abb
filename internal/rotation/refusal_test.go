package rotation_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestImpossible refuses what can't be set up, before the first write.
func TestImpossible(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change    func(*world, *rotation.Setup)
		attribute string
		code      findings.Code
		summary   string
	}{
		"no such secret": {func(_ *world, want *rotation.Setup) { want.SecretID = "nowhere" }, "secret_id", findings.SecretNotFound, ""},
		"deleted secret": {func(w *world, want *rotation.Setup) {
			want.SecretID = w.NewSecret("doomed", map[string]any{"password": "x-doomed-x"})
			_, err := w.Secrets.DeleteSecret(w.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &want.SecretID})
			w.Must(err)
		}, "secret_id", findings.SecretDeleted, ""},
		"replica": {func(w *world, want *rotation.Setup) {
			_, err := w.Secrets.ReplicateSecretToRegions(w.t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{
				SecretId: &w.SecretARN, AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("eu-north-1")}},
			})
			w.Must(err)
			want.SecretID = strings.Replace(w.SecretARN, "eu-west-1", "eu-north-1", 1)
		}, "secret_id", findings.SecretReplica, ""},
		"no value":         {func(w *world, want *rotation.Setup) { want.SecretID = w.NewSecret("empty", nil) }, "secret_id", findings.SecretNoValue, ""},
		"no such function": {func(w *world, want *rotation.Setup) { want.FunctionARN = w.FunctionARN + "2" }, "rotation_lambda_arn", findings.FunctionNotFound, ""},
		"function elsewhere": {func(w *world, want *rotation.Setup) {
			want.FunctionARN = strings.Replace(w.FunctionARN, "eu-west-1", "eu-north-1", 1)
		}, "rotation_lambda_arn", findings.FunctionOtherRegion, ""},
		"no function":          {func(_ *world, want *rotation.Setup) { want.FunctionARN = "" }, "rotation_lambda_arn", "", "Missing rotation function"},
		"service and function": {func(w *world, want *rotation.Setup) { serviceManaged(w, want); want.FunctionARN = w.FunctionARN }, "rotation_lambda_arn", findings.SecretServiceManaged, ""},
		"ARN that is only in part one": {func(w *world, want *rotation.Setup) {
			full := w.NewSecret("orders-secret", map[string]any{"engine": "labstore"})
			want.SecretID = full[:len(full)-len("-AbCdEf")]
		}, "secret_id", "", "Invalid secret ARN"},
		"wrong value": {func(_ *world, want *rotation.Setup) {
			want.Check = true
			want.RotationType, _ = catalog.Lookup("PostgreSQLSingleUser")
		}, "secret_id", findings.SecretEngineMismatch, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			test.change(w, &want)
			w.ForgetCalls()
			_, _, err := w.process().create(want)
			if err == nil {
				t.Fatal("what is impossible was created")
			}
			p := w.problem(err)
			if p.Attribute != test.attribute || p.Code != test.code || test.summary != "" && p.Summary != test.summary {
				t.Errorf("%q on %q: %v", p.Code, p.Attribute, p)
			}
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("wrote %v", writes)
			}
		})
	}
}

// TestResolve finds a secret by name and by ARN.
func TestResolve(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"app", w.SecretARN} {
		if got, err := w.process().Resolve(t.Context(), id, w.Region()); err != nil || got != w.SecretARN {
			t.Errorf("%q is %q, %v", id, got, err)
		}
	}
	if _, err := w.process().Resolve(t.Context(), "nowhere", w.Region()); w.problem(err).Code != findings.SecretNotFound {
		t.Error(err)
	}
}

// TestByName creates a setup of a secret that is given by name.
func TestByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.want()
	want.SecretID, want.Region = "app", w.Region()
	if object := w.process().mustCreate(want); object.SecretARN != w.SecretARN {
		t.Error(object.SecretARN)
	}
	w.stands(w.want(), 1)
}

func TestDerivedNames(t *testing.T) {
	t.Parallel()
	const prefix = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
	accepted := regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	names := map[string]string{}
	for _, secret := range []string{
		"app-AbCdEf", "app-AbCdEg", "team/app_1+x=y.z@w!-AbCdEf", strings.Repeat("x", 500) + "-AbCdEf", strings.Repeat("x", 500) + "y-AbCdEf",
	} {
		statement, policy := rotation.StatementID(prefix+secret), rotation.RolePolicyName(prefix+secret)
		if len(statement) > 100 || !accepted.MatchString(statement) || len(policy) > 128 || !accepted.MatchString(policy) {
			t.Errorf("%s: %q, %q", secret, statement, policy)
		}
		for _, name := range []string{statement, policy} {
			if other, taken := names[name]; taken && other != secret {
				t.Errorf("%q is the name of %s and of %s", name, other, secret)
			}
			names[name] = secret
		}
	}
	if got := rotation.StatementID("no ARN"); got != "" {
		t.Errorf("%q", got)
	}
}
