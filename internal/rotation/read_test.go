package rotation_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestDrift changes one thing in AWS: the read shows exactly that, and the
// update mends it without a rotation.
func TestDrift(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*world, *rotation.Object) // and says what the read then shows
	}{
		"nothing": {func(*world, *rotation.Object) {}},
		"a rotation": {func(w *world, _ *rotation.Object) {
			w.rotateByHand()
			w.Advance(time.Minute)
		}},
		"schedule": {func(w *world, o *rotation.Object) {
			_, err := w.Secrets.RotateSecret(w.t.Context(), &secretsmanager.RotateSecretInput{
				SecretId: &w.SecretARN, RotateImmediately: aws.Bool(false), RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(99)},
			})
			w.Must(err)
			o.Rules = rotation.Rules{AutomaticallyAfterDays: 99}
		}},
		"function": {func(w *world, o *rotation.Object) {
			w.permit(w.otherARN, "external", "secretsmanager.amazonaws.com")
			w.configureByHand(w.otherARN, false)
			o.FunctionARN, o.RoleARN = w.otherARN, "arn:aws:iam::123456789012:role/other"
		}},
		"switched off": {func(w *world, o *rotation.Object) {
			_, err := w.Secrets.CancelRotateSecret(w.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &w.SecretARN})
			w.Must(err)
			o.Enabled = false
		}},
		"permission removed": {func(w *world, o *rotation.Object) {
			_, err := w.Functions.RemovePermission(w.t.Context(), &lambda.RemovePermissionInput{FunctionName: &w.FunctionARN, StatementId: &o.StatementID})
			w.Must(err)
			o.InvokePermission = ""
		}},
		"permission changed": {func(w *world, o *rotation.Object) {
			_, err := w.Functions.RemovePermission(w.t.Context(), &lambda.RemovePermissionInput{FunctionName: &w.FunctionARN, StatementId: &o.StatementID})
			w.Must(err)
			out, err := w.Functions.AddPermission(w.t.Context(), &lambda.AddPermissionInput{
				FunctionName: &w.FunctionARN, StatementId: &o.StatementID, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("secretsmanager.amazonaws.com"),
			})
			w.Must(err)
			o.InvokePermission = *out.Statement
		}},
		"policy removed": {func(w *world, o *rotation.Object) {
			_, err := w.Roles.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &w.Role, PolicyName: &o.RolePolicyName})
			w.Must(err)
			o.RolePolicy = ""
		}},
		"policy changed": {func(w *world, o *rotation.Object) {
			o.RolePolicy = rotation.PolicyFor(rotation.Setup{SuperuserSecretARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:else-AbCdEf"}, w.SecretARN, "", 1)
			w.putPolicy(w.Role, o.RolePolicyName, o.RolePolicy)
		}},
		"role of the function": {func(w *world, o *rotation.Object) {
			o.RoleARN = "arn:aws:iam::123456789012:role/other"
			_, err := w.Functions.UpdateFunctionConfiguration(w.t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &w.FunctionARN, Role: &o.RoleARN})
			w.Must(err)
		}},
		"key of the secret": {func(w *world, o *rotation.Object) {
			o.KMSKeyARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
			w.AddKey(o.KMSKeyARN)
			_, err := w.Secrets.UpdateSecret(w.t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &w.SecretARN, KmsKeyId: &o.KMSKeyARN})
			w.Must(err)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, have := created(t)
			want := have
			test.change(w, &want)
			w.Advance(time.Minute)
			w.ForgetCalls()
			rotations := w.Finished()
			p := w.process()
			got := p.mustRead(w.want(), have)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("a read wrote %v", writes)
			}
			next, _, err := p.update(w.want(), got, false)
			w.Must(err)
			w.Advance(time.Minute)
			if name == "role of the function" {
				if got := w.policies(w.otherRole); len(got) != 1 {
					t.Errorf("policies of the new role: %q", got)
				}
				if got := w.policies(w.Role); len(got) != 0 {
					t.Errorf("policies of the old role: %q", got)
				}
				w.rotated(rotations)
			} else {
				w.stands(w.want(), rotations)
			}
			if diff := cmp.Diff(*next, w.process().mustRead(w.want(), *next)); diff != "" {
				t.Errorf("not converged: %s", diff)
			}
			if name == "nothing" || name == "a rotation" {
				if writes := w.Writes(); len(writes) > 0 {
					t.Errorf("nothing was to be mended: wrote %v", writes)
				}
			}
		})
	}
}

// TestImported reads a setup of which only the secret's ARN is known.
func TestImported(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*world, *rotation.Setup)
		want   func(*rotation.Object)
	}{
		"managed": {nil, nil},
		"schedule": {func(_ *world, want *rotation.Setup) {
			want.Rules = rotation.Rules{ScheduleExpression: "cron(0 4 ? * SUN *)", Duration: "3h"}
		}, nil},
		"alias":    {func(w *world, want *rotation.Setup) { want.FunctionARN = w.newAlias(w.FunctionARN) }, nil},
		"external": {external, func(o *rotation.Object) { o.RoleName = "rotator" }},
		// The rules from before the setup are not known any more: a destroy leaves
		// the secret with those that it had at the import.
		"service-managed": {serviceManaged, func(o *rotation.Object) { o.PreviousRules = o.Rules }},
		"switched off": {func(_ *world, want *rotation.Setup) { want.Enabled = false }, func(o *rotation.Object) {
			// AWS does not know the function of a rotation that was never on.
			*o = rotation.Object{SecretARN: o.SecretARN}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wish := w.want()
			if test.change != nil {
				test.change(w, &wish)
			}
			want := w.process().mustCreate(wish)
			w.Advance(time.Minute)
			if test.want != nil {
				test.want(&want)
			}
			w.ForgetCalls()
			// An import knows no argument yet.
			got := w.process().mustRead(rotation.Setup{Managed: true, ReadValue: true}, rotation.Object{SecretARN: w.SecretARN})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("wrote %v", writes)
			}
		})
	}
}

// TestReadGone reads a setup whose secret is gone: it is there as long as there
// is anything to remove.
func TestReadGone(t *testing.T) {
	t.Parallel()
	w, have := created(t)
	_, err := w.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &w.SecretARN, RecoveryWindowInDays: aws.Int64(7)})
	w.Must(err)
	got := w.process().mustRead(w.want(), have)
	if got.Enabled || got.RolePolicy == "" || got.InvokePermission == "" {
		t.Errorf("%+v", got)
	}
	if _, err := w.process().delete(w.want(), got); err != nil {
		t.Fatal(err)
	}
	if _, err := w.process().read(w.want(), got); !errors.Is(err, rotation.ErrGone) {
		t.Error(err)
	}
	_, err = w.Secrets.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &w.SecretARN})
	w.Must(err)
}

// unfinished is a setup whose update has asked for a rotation that fails: what
// was wanted, the state, the password that the database had, and the error.
func unfinished(t *testing.T) (w *world, want rotation.Setup, next *rotation.Object, password string, err error) {
	t.Helper()
	w, have := created(t)
	password = w.Value(w.SecretARN, "password")
	w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	want = w.want()
	want.Triggers = map[string]string{"again": "1"}
	next, _, err = w.process().update(want, have, true)
	if err == nil || next == nil {
		t.Fatalf("object %v, error %v", next, err)
	}
	return w, want, next, password, err
}

// TestUnfinished lets the rotation of an update fail: the state says so, and
// the next update waits for it and asks for no other.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	w, want, next, password, err := unfinished(t)
	if next.UnfinishedVersionID == "" || next.UnfinishedVersionID != w.pending() {
		t.Errorf("unfinished %q, pending %q", next.UnfinishedVersionID, w.pending())
	}
	w.tells(err.Error(), "Unable to log into database", "starts no other")
	read := w.process().mustRead(want, *next)
	if read.UnfinishedVersionID != next.UnfinishedVersionID {
		t.Error("the read has forgotten the unfinished rotation")
	}
	w.Must(w.UserStore().SetPassword("app", password))
	want.Rules.AutomaticallyAfterDays = 3 // A change at the same time is made as well.
	last, _, err := w.process().update(want, read, false)
	w.Must(err)
	if last.UnfinishedVersionID != "" {
		t.Errorf("unfinished %q", last.UnfinishedVersionID)
	}
	w.stands(want, 2)
	if w.current() != next.UnfinishedVersionID {
		t.Error("another version is current")
	}
	// Finished without us, the read says so.
	if read := w.process().mustRead(want, *next); read.UnfinishedVersionID != "" {
		t.Errorf("unfinished %q", read.UnfinishedVersionID)
	}
}

// TestUnfinishedAbandoned stores a value by hand while an update's rotation is
// open: there is nothing left to wait for.
func TestUnfinishedAbandoned(t *testing.T) {
	t.Parallel()
	w, want, next, password, _ := unfinished(t)
	w.Must(w.UserStore().SetPassword("app", password))
	w.store(password)
	last, warnings, err := w.process().update(want, w.process().mustRead(want, *next), false)
	w.Must(err)
	if last.UnfinishedVersionID != "" || len(warnings) != 1 {
		t.Errorf("unfinished %q, warnings %v", last.UnfinishedVersionID, warnings)
	}
	w.stands(want, 1)
}
