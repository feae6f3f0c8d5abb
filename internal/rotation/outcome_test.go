package rotation_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// storeValue writes a new current value, as somebody who mends the secret does.
func (w *world) storeValue(text string) {
	w.t.Helper()
	_, err := w.Secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: &text})
	w.Must(err)
}

func (w *world) setVariables(function string, variables map[string]string) {
	w.t.Helper()
	variables["SECRETS_MANAGER_ENDPOINT"] = "https://secretsmanager.eu-west-1.amazonaws.com"
	_, err := w.Functions.UpdateFunctionConfiguration(w.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &function, Environment: &lambdatypes.Environment{Variables: variables},
	})
	w.Must(err)
}

// lacking is the role policy without one action.
func (w *world) lacking(action string) string {
	return strings.Replace(iampolicy.RolePolicy(iampolicy.RolePolicyInput{SecretARN: w.SecretARN, RandomPassword: true}).JSON(), action, "secretsmanager:ListSecrets", 1)
}

// TestFirstRotationFails lets the first rotation fail in each of its steps,
// mends the cause and creates again.
func TestFirstRotationFails(t *testing.T) {
	t.Parallel()
	const (
		value     = `{"engine":"labstore","host":"lab","username":"app","password":"` + labtest.FirstPassword + `"}`
		otherType = `{"engine":"mysql","host":"lab","username":"app","password":"` + labtest.FirstPassword + `"}`
	)
	tests := map[string]struct {
		// spoil breaks the world, or the wish; mend repairs it.
		spoil func(*world, *rotation.Setup)
		mend  func(*world, *rotation.Setup)
		code  findings.Code
		step  string // a text of the function's log that tells the step
		// undone says that the failure is final and no value was written.
		undone bool
		// patience is whether the create waits for several attempts, since the
		// cause may pass.
		patience bool
	}{
		"createSecret, for good": {
			spoil: func(w *world, _ *rotation.Setup) { w.storeValue(otherType) },
			mend:  func(w *world, _ *rotation.Setup) { w.storeValue(value) },
			code:  findings.SecretEngineMismatch, step: "Database engine must be set to", undone: true,
		},
		"createSecret, for good, external": {
			spoil: func(w *world, want *rotation.Setup) { external(w, want); w.storeValue(otherType) },
			mend:  func(w *world, _ *rotation.Setup) { w.storeValue(value) },
			code:  findings.SecretEngineMismatch, step: "Database engine must be set to", undone: true,
		},
		"createSecret, for good, function mended": {
			spoil: func(w *world, _ *rotation.Setup) {
				w.setVariables(w.FunctionARN, map[string]string{})
			},
			mend: func(w *world, _ *rotation.Setup) {
				w.setVariables(w.FunctionARN, map[string]string{awslab.HandlerVariable: "UserStore"})
			},
			code: findings.FunctionImportError, step: "Unable to import module", undone: true,
		},
		"createSecret, may pass": {
			spoil: func(w *world, want *rotation.Setup) {
				external(w, want)
				w.putPolicy(w.Role, "external", w.lacking("secretsmanager:GetRandomPassword"))
			},
			mend: func(w *world, _ *rotation.Setup) { w.putPolicy(w.Role, "external", w.lacking("secretsmanager:None")) },
			code: findings.RoleRandomPassword, step: "GetRandomPassword", patience: true,
		},
		"setSecret, for good": {
			spoil: func(w *world, _ *rotation.Setup) { w.Must(w.UserStore().SetPassword("app", "set-by-somebody")) },
			mend:  func(w *world, _ *rotation.Setup) { w.Must(w.UserStore().SetPassword("app", labtest.FirstPassword)) },
			code:  findings.LoginFailed, step: "setSecret: Unable to log into database",
		},
		"testSecret": {
			spoil: func(w *world, _ *rotation.Setup) {
				w.Inject(awslab.Fault{
					Service: "secretsmanager", Operation: "GetSecretValue", Caller: "assumed-role/rotator/", After: 5, Times: 1,
					Do: func(awslab.Call) { _ = w.UserStore().SetPassword("app", "set-by-somebody") },
				})
			},
			mend: func(w *world, _ *rotation.Setup) { w.Must(w.UserStore().SetPassword("app", labtest.FirstPassword)) },
			code: findings.LoginFailed, step: "Unable to log into database", patience: true, // Twice in setSecret, after that.
		},
		"finishSecret": {
			spoil: func(w *world, want *rotation.Setup) {
				external(w, want)
				w.putPolicy(w.Role, "external", w.lacking("secretsmanager:UpdateSecretVersionStage"))
			},
			mend: func(w *world, _ *rotation.Setup) { w.putPolicy(w.Role, "external", w.lacking("secretsmanager:None")) },
			code: findings.RoleSecretAccess, step: "UpdateSecretVersionStage", patience: true,
		},
		"function changed by the mender": {
			spoil: func(w *world, _ *rotation.Setup) {
				w.setVariables(w.FunctionARN, map[string]string{awslab.HandlerVariable: "Custom"})
			},
			mend: func(w *world, want *rotation.Setup) {
				want.FunctionARN = w.otherARN
				// The generic template has written no JSON object.
				w.storeValue(value)
			},
			code: findings.FunctionNotImplemented, step: "NotImplementedError",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			test.spoil(w, &want)
			began := w.Now()
			object, _, err := w.process().create(want)
			if object != nil || err == nil {
				t.Fatalf("object %v, error %v", object, err)
			}
			p := w.problem(err)
			if p.Code != test.code {
				t.Errorf("code %q, wanted %q", p.Code, test.code)
			}
			w.tells(p.Error(), test.step, "log group /aws/lambda/rotator")
			if waited := w.Now().Sub(began); (waited > 2*time.Minute) != test.patience {
				t.Errorf("waited %s", waited)
			}
			failed := w.pending()
			if test.undone {
				w.tells(p.Error(), "everything that this setup wrote was taken back")
				w.gone()
				if failed != "" {
					t.Errorf("version %s is pending", failed)
				}
			} else {
				w.tells(p.Error(), "goes on retrying", "resumes this same rotation", "import {", w.SecretARN, "AWSCURRENT", failed)
				w.accessIs(want)
				if failed == "" {
					t.Error("no version is pending")
				}
			}
			test.mend(w, &want)
			resumed := w.pending() // A new value makes AWS abandon the rotation.
			w.process().mustCreate(want)
			w.stands(want, 1)
			if resumed != "" && w.current() != resumed {
				t.Errorf("version %s is current, %s was resumed", w.current(), resumed)
			}
		})
	}
}

// TestResumedSlowly resumes a rotation that has failed before and takes long:
// the old failure in the log is not the outcome.
func TestResumedSlowly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	if _, _, err := w.process().create(w.want()); err == nil {
		t.Fatal("the create of a broken rotation succeeded")
	}
	w.Must(w.UserStore().SetPassword("app", labtest.FirstPassword))
	w.Advance(10 * time.Second)
	release := w.HoldRotation("testSecret")
	until := w.Now().Add(2 * time.Minute)
	w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", Do: func(c awslab.Call) {
		if c.Time.After(until) {
			release()
		}
	}})
	w.process().mustCreate(w.want())
	if !w.Now().After(until) {
		t.Error("the rotation was not slow: the test has lost its subject")
	}
	w.stands(w.want(), 1)
}

// TestWaitEnds ends the wait before the rotation does, by timeout and by an
// interrupt. The next create resumes.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		timeout time.Duration
		looks   int // after so many looks the create is interrupted
		summary string
	}{
		"timeout":   {time.Minute, 1 << 20, "did not succeed in time"},
		"interrupt": {time.Hour, 5, "The wait for the rotation was interrupted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			release := w.HoldRotation("setSecret")
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", After: test.looks, Do: func(awslab.Call) { interrupt() }})
			object, warnings, err := w.process().Create(ctx, w.want(), test.timeout)
			w.hear(object, warnings, err)
			if object != nil || err == nil {
				t.Fatalf("object %v, error %v", object, err)
			}
			w.tells(err.Error(), test.summary, "resumes this same rotation")
			w.accessIs(w.want())
			version := w.pending()
			release()
			w.process().mustCreate(w.want())
			w.stands(w.want(), 1)
			if w.current() != version {
				t.Errorf("version %s is current, %s was pending", w.current(), version)
			}
		})
	}
}

// TestSilence has no run in the log: the policy of the function is looked at with
// what this setup has written, and that of an alias beside that of the function.
func TestSilence(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*world, *rotation.Setup)
		code   findings.Code
	}{
		"permitted by the setup": {func(w *world, _ *rotation.Setup) { w.HoldRotation("createSecret") }, findings.LogUnavailable},
		"alias": {func(w *world, want *rotation.Setup) {
			external(w, want)
			release := w.HoldRotation("createSecret")
			want.FunctionARN = w.newAlias(w.FunctionARN)
			w.permit(want.FunctionARN, "external", "secretsmanager.amazonaws.com")
			w.whileWaiting(func() {
				_, err := w.Functions.RemovePermission(w.t.Context(), &lambda.RemovePermissionInput{FunctionName: &want.FunctionARN, StatementId: aws.String("external")})
				w.Must(err)
				release()
			})
		}, findings.InvokePermissionQualifier},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keepPending = true
			want := w.want()
			test.change(w, &want)
			object, warnings, err := w.process().Create(t.Context(), want, time.Minute)
			w.hear(object, warnings, err)
			if err == nil {
				t.Fatal("a rotation without a run has succeeded")
			}
			if p := w.problem(err); p.Code != test.code {
				t.Errorf("code %q, wanted %q\n%v", p.Code, test.code, err)
			}
		})
	}
}

// TestSucceedsLast lets a rotation succeed while the log is read for why it did not:
// that is no failure.
func TestSucceedsLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := w.HoldRotation("setSecret")
	until := w.Now().Add(time.Minute)
	released := false
	w.Inject(awslab.Fault{Operation: "FilterLogEvents", Do: func(c awslab.Call) {
		if !released && !c.Time.Before(until) {
			released = true
			release()
			w.Advance(10 * time.Second)
		}
	}})
	object, warnings, err := w.process().Create(t.Context(), w.want(), time.Minute)
	w.hear(object, warnings, err)
	if err != nil || !released {
		t.Fatalf("released: %t, %v", released, err)
	}
	w.stands(w.want(), 1)
}

// TestLogLines shows log lines of a function that prints the secret: masked, or
// not at all if what to mask can't be known.
func TestLogLines(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*world, *rotation.Setup)
		shown  bool
		says   string
	}{
		"value may be read": {nil, true, ""},
		"value is not read": {func(_ *world, want *rotation.Setup) { want.ReadValue = false }, false, "`check_secret_value = false`"},
		"value is not answered": {func(w *world, _ *rotation.Setup) {
			w.Inject(awslab.Fault{Operation: "GetSecretValue", Caller: ":user/administrator", Code: "DecryptionFailure", Message: "no"})
		}, false, "could not be read"},
		"value may not be read": {func(w *world, _ *rotation.Setup) {
			w.Inject(awslab.Fault{Operation: "GetSecretValue", Caller: ":user/administrator", Code: "AccessDeniedException"})
		}, false, "these credentials may not read"},
		"superuser secret may be read": {func(w *world, want *rotation.Setup) {
			want.SuperuserSecretARN = w.NewSecret("super", map[string]any{"username": "root", "password": "superuser-password"})
		}, true, ""},
		"superuser secret may not be read": {func(w *world, want *rotation.Setup) {
			want.SuperuserSecretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:super-AbCdEf"
			w.Inject(awslab.Fault{Operation: "GetSecretValue", Caller: ":user/administrator", After: 2, Code: "AccessDeniedException"}) // The third value is the superuser's.
		}, false, "these credentials may not read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			if test.change != nil {
				test.change(w, &want)
			}
			const script = `echo "logging in with ` + labtest.FirstPassword + ` or superuser-password" >&2; exit 3`
			w.setVariables(w.FunctionARN, map[string]string{awslab.ExecVariable: "/bin/sh -c '" + script + "'"})
			_, _, err := w.process().create(want)
			if err == nil {
				t.Fatal("the create of a broken rotation succeeded")
			}
			if got := strings.Contains(err.Error(), "logging in with ***"); got != test.shown {
				t.Errorf("lines are shown: %t\n%v", got, err)
			}
			w.tells(err.Error(), "log group /aws/lambda/rotator", "stream ", test.says)
		})
	}
}

// TestDiscardedTooLate lets the value appear just when the rotation that lacked
// it is cancelled: it is taken up again.
func TestDiscardedTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setVariables(w.FunctionARN, map[string]string{})
	w.Inject(awslab.Fault{Operation: "CancelRotateSecret", Times: 1, Do: func(awslab.Call) {
		version := w.pending()
		_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
			SecretId: &w.SecretARN, ClientRequestToken: &version, VersionStages: []string{"AWSPENDING"},
			SecretString: aws.String(`{"engine":"labstore","host":"lab","username":"app","password":"appeared-late"}`),
		})
		if err != nil {
			t.Error(err)
		}
	}})
	if _, _, err := w.process().create(w.want()); err == nil {
		t.Fatal("the create of a broken rotation succeeded")
	}
	if d := w.Describe(); !aws.ToBool(d.RotationEnabled) || w.pending() == "" {
		t.Errorf("on: %t, pending: %q", aws.ToBool(d.RotationEnabled), w.pending())
	}
	w.accessIs(w.want())
}
