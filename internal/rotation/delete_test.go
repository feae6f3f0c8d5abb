package rotation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// created makes a setup that has rotated once, and forgets the calls.
func created(t *testing.T) (*world, rotation.Object) {
	t.Helper()
	w := newWorld(t)
	object := w.process().mustCreate(w.want())
	w.Advance(time.Minute)
	w.ForgetCalls()
	return w, object
}

func (w *world) cancels() int {
	n := 0
	for _, c := range w.AdministratorCalls() {
		if c.Operation == "CancelRotateSecret" && c.ErrorCode == "" {
			n++
		}
	}
	return n
}

// TestDeleteDuringRotation deletes while a rotation is held before each of its
// steps: it is never cancelled halfway.
func TestDeleteDuringRotation(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		t.Run(step+", goes on", func(t *testing.T) {
			t.Parallel()
			w, object := created(t)
			release := w.HoldRotation(step)
			w.rotateByHand()
			w.Advance(20 * time.Second)
			looks := 0
			w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", Do: func(awslab.Call) {
				if looks++; looks == 4 {
					release()
				}
			}})
			if _, err := w.process().delete(w.want(), object); err != nil {
				t.Fatal(err)
			}
			w.gone()
			w.rotated(2)
		})
		t.Run(step+", does not go on", func(t *testing.T) {
			t.Parallel()
			w, object := created(t)
			want := w.want()
			want.ReadValue = false // Otherwise a version without a value is discarded.
			release := w.HoldRotation(step)
			w.rotateByHand()
			w.Advance(20 * time.Second)
			_, err := w.process().delete(want, object)
			if err == nil {
				t.Fatal("deleted during a rotation")
			}
			if p := w.problem(err); p.Code != findings.RotationInProgress || !strings.Contains(p.Detail, w.pending()) {
				t.Error(p)
			}
			if w.cancels() != 0 || !aws.ToBool(w.Describe().RotationEnabled) {
				t.Error("rotation was cancelled")
			}
			w.accessIs(want)
			release()
			w.Advance(time.Minute)
			if _, err := w.process().delete(want, object); err != nil {
				t.Fatal(err)
			}
			w.gone()
			w.rotated(2)
		})
	}
}

// TestDeleteStuckRotation deletes when a rotation will not finish any more.
func TestDeleteStuckRotation(t *testing.T) {
	t.Parallel()
	t.Run("with a value", func(t *testing.T) {
		t.Parallel()
		w, object := created(t)
		w.keepPending = true
		w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
		w.rotateByHand()
		w.Advance(49 * time.Hour)
		version := w.pending()
		began := w.Now()
		warnings, err := w.process().delete(w.want(), object)
		if err != nil {
			t.Fatal(err)
		}
		w.gone()
		if w.pending() != version || version == "" {
			t.Errorf("pending is %q, was %q", w.pending(), version)
		}
		if len(warnings) != 1 || warnings[0].Code != findings.RotationPendingStuck || !warnings[0].Warning {
			t.Fatalf("warnings %v", warnings)
		}
		w.tells(warnings[0].Detail, version, "--remove-from-version-id", "--move-to-version-id")
		if waited := w.Now().Sub(began); waited > time.Minute {
			t.Errorf("waited %s for what will not happen", waited)
		}
	})
	for _, age := range []time.Duration{5 * time.Minute, 49 * time.Hour} {
		t.Run("without a value, since "+age.String(), func(t *testing.T) {
			t.Parallel()
			w, object := created(t)
			w.setVariables(w.FunctionARN, map[string]string{})
			w.rotateByHand()
			w.Advance(age)
			warnings, err := w.process().delete(w.want(), object)
			if err != nil || len(warnings) > 0 {
				t.Fatal(warnings, err)
			}
			w.gone()
			w.rotated(1)
		})
	}
}

// TestDeleteAfterOthers deletes after somebody else has removed or changed what
// the setup was made of.
func TestDeleteAfterOthers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(*world, rotation.Object)
		check  func(*world) // instead of nothing being left
	}{
		"secret scheduled for deletion": {func(w *world, _ rotation.Object) {
			_, err := w.Secrets.DeleteSecret(w.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &w.SecretARN})
			w.Must(err)
		}, func(w *world) { w.accessIs(rotation.Setup{}) }},
		"secret gone": {func(w *world, _ rotation.Object) {
			_, err := w.Secrets.DeleteSecret(w.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &w.SecretARN, ForceDeleteWithoutRecovery: aws.Bool(true)})
			w.Must(err)
			w.Advance(time.Hour)
		}, func(w *world) { w.accessIs(rotation.Setup{}) }},
		"function gone": {func(w *world, _ rotation.Object) {
			_, err := w.Functions.DeleteFunction(w.t.Context(), &lambda.DeleteFunctionInput{FunctionName: &w.FunctionARN})
			w.Must(err)
		}, func(w *world) {
			if aws.ToBool(w.Describe().RotationEnabled) || len(w.policies(w.Role)) > 0 {
				w.t.Error("rotation is on, or the policy is there")
			}
		}},
		"role gone": {func(w *world, _ rotation.Object) {
			for _, name := range w.InlinePolicies(w.Role) {
				_, err := w.Roles.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &w.Role, PolicyName: &name})
				w.Must(err)
			}
			_, err := w.Roles.DetachRolePolicy(w.t.Context(), &iam.DetachRolePolicyInput{RoleName: &w.Role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")})
			w.Must(err)
			_, err = w.Roles.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: &w.Role})
			w.Must(err)
		}, func(w *world) {
			if aws.ToBool(w.Describe().RotationEnabled) || len(w.statements(w.FunctionARN)) > 0 {
				w.t.Error("rotation is on, or the permission is there")
			}
		}},
		"policy gone": {func(w *world, o rotation.Object) {
			_, err := w.Roles.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: &o.RoleName, PolicyName: &o.RolePolicyName})
			w.Must(err)
		}, nil},
		"statement gone": {func(w *world, o rotation.Object) {
			_, err := w.Functions.RemovePermission(w.t.Context(), &lambda.RemovePermissionInput{FunctionName: &w.FunctionARN, StatementId: &o.StatementID})
			w.Must(err)
		}, nil},
		"rotation off": {func(w *world, _ rotation.Object) {
			_, err := w.Secrets.CancelRotateSecret(w.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &w.SecretARN})
			w.Must(err)
		}, nil},
		"rotation given to another function": {func(w *world, _ rotation.Object) {
			w.permit(w.otherARN, "external", "secretsmanager.amazonaws.com")
			_, err := w.Secrets.RotateSecret(w.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN, RotationLambdaARN: &w.otherARN, RotateImmediately: aws.Bool(false)})
			w.Must(err)
			w.Advance(time.Minute)
		}, func(w *world) {
			if d := w.Describe(); !aws.ToBool(d.RotationEnabled) || *d.RotationLambdaARN != w.otherARN {
				w.t.Error("somebody else's rotation is off")
			}
			w.accessIs(rotation.Setup{})
		}},
		"a policy of the same name by somebody else": {func(w *world, o rotation.Object) {
			w.putPolicy(o.RoleName, o.RolePolicyName, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`)
		}, func(w *world) {
			if !slices.Equal(w.policies(w.Role), []string{rotation.RolePolicyName(w.SecretARN)}) {
				w.t.Error("somebody else's policy is gone")
			}
		}},
	}
	for name, test := range tests {
		for _, refreshed := range []string{"refreshed", "not refreshed"} {
			t.Run(name+", "+refreshed, func(t *testing.T) {
				t.Parallel()
				w, object := created(t)
				test.before(w, object)
				p := w.process()
				if refreshed == "refreshed" {
					object = p.mustRead(w.want(), object)
				}
				if warnings, err := p.delete(w.want(), object); err != nil || len(warnings) > 0 {
					t.Fatal(warnings, err)
				}
				if test.check != nil {
					test.check(w)
					return
				}
				w.gone()
				w.rotated(1)
			})
		}
	}
}

// TestDeleteSuperseded deletes an object after a later create has taken its
// setup over, as create_before_destroy does.
func TestDeleteSuperseded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sameRun bool
		change  func(*world, *rotation.Setup)
	}{
		"same run":           {true, nil},
		"same run, external": {true, external},
		"later run":          {false, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			if test.change != nil {
				test.change(w, &want)
			}
			old := w.process().mustCreate(want)
			p := w.process()
			later := p.mustCreate(want)
			if !test.sameRun {
				p = w.process()
			}
			if _, err := p.delete(want, old); err != nil {
				t.Fatal(err)
			}
			w.stands(want, 1)
			if want.Managed {
				if _, err := w.process().read(want, old); !errors.Is(err, rotation.ErrGone) {
					t.Errorf("reading what was superseded: %v", err)
				}
			}
			if _, err := w.process().delete(want, later); err != nil {
				t.Fatal(err)
			}
			w.gone()
		})
	}
}

// TestDeleteRace begins a rotation just before the delete switches rotation
// off: it is taken up again and finishes first.
func TestDeleteRace(t *testing.T) {
	t.Parallel()
	w, object := created(t)
	w.Inject(awslab.Fault{Operation: "CancelRotateSecret", Times: 1, Do: func(awslab.Call) {
		w.rotateByHand()
		w.Advance(2 * time.Second) // It has written its value, and not yet set it.
	}})
	if _, err := w.process().delete(w.want(), object); err != nil {
		t.Fatal(err)
	}
	w.gone()
	w.rotated(2)
	if w.UserStore().Login("app", labtest.FirstPassword) {
		t.Error("the first password still logs in")
	}
}
