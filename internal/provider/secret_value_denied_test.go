package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// life is what is done with a value in one run, and what the secret has in the end.
type valueLife struct {
	// prepare comes before, and returns the changes of the run.
	prepare func(v *values) object
	want    string // empty if the password is generated
}

var valueLives = map[string]valueLife{
	"create": {
		prepare: func(*values) object { return nil },
		want:    postgresText("db.example.com", "app", firstPassword),
	},
	"generate": {
		prepare: func(v *values) object {
			v.config = with(v.config, object{"password_wo": nil, "generate_password": object{}})
			return nil
		},
	},
	"adopt": {
		prepare: func(v *values) object {
			v.put(postgresText("elsewhere", "app", otherPassword))
			return nil
		},
		want: postgresText("db.example.com", "app", otherPassword),
	},
	"update": {
		prepare: func(v *values) object {
			v.run(nil)
			v.put(postgresText("elsewhere", "app", otherPassword))
			return object{"connection_fields": object{"host": "db2", "username": "app"}}
		},
		want: postgresText("db2", "app", otherPassword),
	},
	"password": {
		prepare: func(v *values) object {
			v.run(object{"password_wo_version": 1})
			return object{"password_wo_version": 2, "password_wo": otherPassword}
		},
		want: postgresText("db.example.com", "app", otherPassword),
	},
}

// converges runs until nothing is planned, twice at most, and fails the test unless
// the value is as it should be then, with no label left.
func (v *values) converges(life valueLife, changes object) {
	v.t.Helper()
	for range 2 {
		if said := v.run(changes); hasErrors(said.plan) || hasErrors(said.apply) {
			v.t.Errorf("%+v", said)
		}
	}
	v.run(changes).was(v.t, "none", nil, nil)
	if life.want != "" {
		v.holds(life.want)
	}
	if v.Value(v.SecretARN, "password") == "" {
		v.t.Error("The value has no password.")
	}
}

// TestSecretValueDenied takes permissions away, one by one. The message names what is
// missing, nothing is half done, and with the permission all is done.
func TestSecretValueDenied(t *testing.T) {
	t.Parallel()
	const describe, get, put, move, random = "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "secretsmanager:GetRandomPassword"
	const stored = "ERROR secret_id: Unable to store the value: …"
	const label = "WARNING -: Unable to remove a staging label: …TERRAFORM_ROTATION_EDIT…does no harm…" + move
	for _, test := range []struct {
		life, action string
		// want is what the apply says, or the refresh, and works that it works all the
		// same.
		want  string
		works bool
		more  []string // what else is said
	}{
		{"create", describe, "ERROR secret_id: Unable to read the secret: …`secretsmanager:DescribeSecret`", false, nil},
		{"create", get, "", true, nil},
		{"create", put, stored + "`secretsmanager:PutSecretValue`", false, nil},
		{"create", move, label, true, nil},
		{"generate", random, "ERROR -: Unable to generate a password: …" + random, false, nil},
		{"generate", get, "", true, nil},
		{"adopt", get, "", true, nil},
		{"update", describe, "ERROR secret_id: Unable to read the secret: …" + describe, false, nil},
		{"update", get, "ERROR secret_id: Unable to read the value: …`secretsmanager:GetSecretValue`", false, nil},
		{"update", put, stored + "`secretsmanager:PutSecretValue`", false, nil},
		{"update", move, "ERROR secret_id: Unable to change the value: …`secretsmanager:UpdateSecretVersionStage`", false, []string{label}},
		{"password", get, "ERROR secret_id: Unable to read the value: …`secretsmanager:GetSecretValue`", false, nil},
		{"create", "kms:GenerateDataKey", stored + "`kms:GenerateDataKey`", false, nil},
		{"update", "kms:Decrypt", "ERROR secret_id: Unable to read the value: …`kms:Decrypt`", false, nil},
		{"update", "kms:GenerateDataKey", stored + "`kms:GenerateDataKey`", false, nil},
	} {
		t.Run(fmt.Sprintf("%s/%s", test.life, test.action), func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.encrypt(t, v.SecretARN, "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
			life := valueLives[test.life]
			changes := life.prepare(v)
			before := v.state
			v.caller(test.action)
			said := v.run(changes)
			got := said.apply
			if hasErrors(said.plan) { // The refresh fails already.
				got = said.plan
			}
			var want []string
			if test.want != "" {
				want = append([]string{test.want}, test.more...)
			}
			expect(t, got, want...)
			if !test.works && !v.state.Equal(before) {
				t.Error("What has failed is in the state.")
			}
			if test.life == "adopt" {
				same(t, v.attribute("unmerged_keys"), any([]any{"host"}))
			}
			v.caller()
			v.converges(life, changes)
			if test.works { // A label that is left over goes with the next change.
				v.run(object{"connection_fields": object{"host": "db3", "username": "app"}})
			}
			v.noLabelStays()
		})
	}
}

// TestSecretValueInterrupted ends the provider at each of its calls in turn, before
// it takes effect and after: no call of it comes through any more, and the CLI hears
// nothing. The next runs do what is left.
func TestSecretValueInterrupted(t *testing.T) {
	t.Parallel()
	for name, life := range valueLives {
		v := newValues(t)
		changes := life.prepare(v)
		said := v.run(changes)
		seen, writes := map[string]int{}, 0
		for _, call := range said.applied {
			n := seen[call.Operation]
			seen[call.Operation]++
			if call.Writes() {
				writes++
			}
			for _, doneFirst := range []bool{false, true} {
				if doneFirst && !call.Writes() {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d/done_first=%t", name, call.Operation, n, doneFirst), func(t *testing.T) {
					t.Parallel()
					v := newValues(t)
					changes := life.prepare(v)
					v.diesAt(awslab.Fault{Operation: call.Operation, After: n, DoneFirst: doneFirst}, changes)
					v.converges(life, changes)
					v.noLabelStays()
				})
			}
		}
		if name != "adopt" && writes < len(storesFirst) {
			t.Errorf("%s makes %d writes only.", name, writes)
		}
	}
}

// diesAt runs with a provider that dies at a call of its apply. What the call and
// those after it are answered nobody hears; with a refusal they are not retried.
func (v *values) diesAt(call awslab.Fault, changes object) {
	v.t.Helper()
	before, clears := v.state, []func(){}
	ctx, cancel := context.WithCancel(v.t.Context())
	defer cancel()
	call.Caller, call.Times, call.Code = ":user/deployer", 1, "AccessDeniedException"
	call.Do = func(awslab.Call) {
		clears = append(clears, v.Inject(awslab.Fault{Caller: call.Caller, Code: call.Code}))
		cancel()
	}
	v.dies = func() context.Context {
		clears = append(clears, v.Inject(call))
		return ctx
	}
	v.run(changes)
	if ctx.Err() == nil {
		v.t.Error("The call did not come.")
	}
	for _, heal := range clears {
		heal()
	}
	v.dies, v.state = nil, before
}

// TestSecretValueKilled kills the provider's process at writes of a create and of an
// update: what TestSecretValueInterrupted does without a process at every call.
func TestSecretValueKilled(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		update bool
		fault  awslab.Fault
	}{
		"create, value stored": {fault: awslab.Fault{Operation: "PutSecretValue", DoneFirst: true}},
		"update, label moved":  {update: true, fault: awslab.Fault{Operation: "UpdateSecretVersionStage", DoneFirst: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})}
			w.SecretARN = w.NewSecret("new", nil)
			v := newVictimOf(t, w, w.value())
			host := "db.example.com"
			if test.update {
				if out, code := v.run("apply", "tfplan"); code != 0 {
					t.Fatal(out)
				}
				host = "db2.example.com"
				v.plans(w.value(w.fields(host)))
			}
			dead, out, code := v.dies(test.fault)
			if !dead || code == 0 {
				t.Fatal("The provider did not die.", out)
			}
			if out, code := v.run("apply", "-auto-approve"); code != 0 || strings.Contains(out, "must be replaced") {
				t.Error(out)
			}
			if out, code := v.run("plan", "-detailed-exitcode"); code != 0 {
				t.Error("The value has not converged.", out)
			}
			if passwords := slices.Compact(slices.Sorted(slices.Values(w.hand(t).passwords(w.SecretARN)))); len(passwords) != 1 || w.Value(w.SecretARN, "host") != host {
				t.Errorf("%d passwords were stored.", len(passwords))
			}
			for version, labels := range w.Describe().VersionIdsToStages {
				if slices.Contains(labels, "TERRAFORM_ROTATION_EDIT") {
					t.Errorf("The version %s still has the private label.", version)
				}
			}
		})
	}
}
