package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// codes are the findings of a diagnosis, each with its severity, in order. It
// fails the test if one of them lacks something, or comes before a worse one.
func codes(t *testing.T, diagnosis object) []string {
	t.Helper()
	severities := []any{"error", "warning", "info"}
	var all []string
	worst := 0
	for _, f := range objects(diagnosis["findings"]) {
		for _, name := range []string{"code", "summary", "detail", "remedy", "reference"} {
			if f[name] == "" {
				t.Errorf("The finding %v has no %s.", f, name)
			}
		}
		rank := slices.Index(severities, f["severity"])
		if rank < worst {
			t.Errorf("The finding %v comes after one that is not as bad.", f)
		}
		worst = rank
		all = append(all, fmt.Sprintf("%s %s", f["severity"], f["code"]))
	}
	return all
}

func TestDiagnosis(t *testing.T) {
	t.Parallel()
	// of configures the rotation of another secret, with a function that does not
	// look at it.
	of := func(h hand, name string, value object) {
		h.SecretARN, h.FunctionARN = h.NewSecret(name, value), h.NewFunction("blind", h.Role, map[string]string{"AWSLAB_EXEC": "true"})
		h.rotation()
	}
	mysql := func(h hand) { of(h, "mysql", database("mysql", nil)) }
	for name, test := range map[string]struct {
		// prepare changes the world and returns what to change of the arguments and of
		// the provider block.
		prepare func(h hand) (arguments, block object)
		healthy bool
		// want are findings that there are. Without any there is none, but for infos.
		want []string
		// not are findings that there are not.
		not []string
		// dates are last_rotated_date, next_rotation_date and overdue, if they matter.
		dates []any
		// values is how many values were read.
		values int
	}{
		"rotates": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.rotate(); return nil, nil },
			healthy: true, dates: []any{"2026-03-04T05:06:41Z", "2026-04-03T23:59:59Z", false},
		},
		"rotates, by name": {
			prepare: func(h hand) (_, _ object) {
				h.rotation()
				return object{"secret_id": "app", "region": h.Region()}, object{"region": "us-east-1"}
			},
			healthy: true, dates: []any{nil, "2026-04-03T23:59:59Z", false},
		},
		"never configured": {
			healthy: true, want: []string{"warning rotation-disabled"}, dates: []any{nil, nil, false},
		},
		"overdue": {
			prepare: func(h hand) (_, _ object) { h.brokenRotation(); return nil, nil },
			want:    []string{"error rotation-overdue", "error rotation-pending-stuck", "error role-secret-access"},
			dates:   []any{"2026-03-04T05:06:41Z", "2026-04-03T23:59:59Z", true},
		},
		"switched off": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.rotate(); h.cancel(); return nil, nil },
			healthy: true, want: []string{"warning rotation-disabled"}, dates: []any{"2026-03-04T05:06:41Z", nil, false},
		},
		"rotating, and nothing else may be seen": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.rotating(); return nil, h.as(mayDescribe) },
			healthy: true, want: []string{"info rotation-in-progress"},
		},
		"service-managed": {
			prepare: func(h hand) (_, _ object) {
				arn, err := h.CreateServiceManagedSecret(h.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7)
				h.Must(err)
				return object{"secret_id": arn}, nil
			},
			healthy: true, dates: []any{nil, "2026-03-11T23:59:59Z", false},
		},
		"deleted": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.deleteSecret(); return nil, nil },
			want:    []string{"error secret-deleted"},
		},
		"replica": {
			prepare: func(h hand) (_, _ object) { h.rotation(); return object{"secret_id": h.replica()}, nil },
			want:    []string{"error secret-replica"},
		},
		"a function that prints the password": {
			prepare: func(h hand) (_, _ object) {
				h.FunctionARN = h.NewFunction("chatty", h.Role, map[string]string{
					"AWSLAB_EXEC": `sh -c 'echo "[ERROR] ValueError: cannot log in as app with ` + firstPassword + ` to lab" >&2; exit 1'`,
				})
				h.rotation()
				_, err := h.Secrets.RotateSecret(h.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &h.SecretARN})
				h.Must(err)
				h.Advance(time.Minute)
				return nil, nil
			},
			want: []string{"error rotation-failed"},
		},
		"no value": {
			prepare: func(h hand) (_, _ object) { of(h, "empty", nil); return nil, nil },
			want:    []string{"error secret-no-value"},
		},
		"function gone": {
			prepare: func(h hand) (_, _ object) {
				h.rotation()
				_, err := h.Functions.DeleteFunction(h.t.Context(), &lambda.DeleteFunctionInput{FunctionName: &h.FunctionARN})
				h.Must(err)
				return nil, nil
			},
			want: []string{"error function-not-found"},
		},
		"permission gone": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.removePermission("by-hand"); return nil, nil },
			want:    []string{"error invoke-permission-missing"},
		},
		"policy gone": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.removePolicy("by-hand"); return nil, nil },
			healthy: true, want: []string{"warning role-secret-access"},
		},
		"policy gone, of a type that is known": {
			prepare: func(h hand) (_, _ object) {
				mysql(h)
				h.removePolicy("by-hand")
				return object{"rotation_type": "MySQLSingleUser"}, nil
			},
			want: []string{"error role-secret-access", "error role-random-password"}, values: 1,
		},
		"type": {
			prepare: func(h hand) (_, _ object) { mysql(h); return object{"rotation_type": "MySQLSingleUser"}, nil },
			healthy: true, values: 1,
		},
		"other type": {
			prepare: func(h hand) (_, _ object) { mysql(h); return object{"rotation_type": "PostgreSQLSingleUser"}, nil },
			want:    []string{"error secret-engine-mismatch"}, values: 1,
		},
		"other type, value not to be read": {
			prepare: func(h hand) (_, _ object) {
				mysql(h)
				return object{"rotation_type": "PostgreSQLSingleUser", "check_secret_value": false}, nil
			},
			healthy: true,
		},
		"other type, values not to be read": {
			prepare: func(h hand) (_, _ object) {
				mysql(h)
				return object{"rotation_type": "PostgreSQLSingleUser"}, object{"check_secret_value": false}
			},
			healthy: true,
		},
		"other type, values not to be read but for this one": {
			prepare: func(h hand) (_, _ object) {
				mysql(h)
				return object{"rotation_type": "PostgreSQLSingleUser", "check_secret_value": true}, object{"check_secret_value": false}
			},
			want: []string{"error secret-engine-mismatch"}, values: 1,
		},
		"superuser": {
			prepare: func(h hand) (_, _ object) {
				superuser := h.NewSecret("superuser", object{"username": "admin", "password": firstPassword, "port": firstPassword})
				of(h, "mysql", database("mysql", object{"masterarn": superuser}))
				return object{"rotation_type": "MySQLMultiUser", "superuser_secret_arn": superuser}, nil
			},
			want: []string{"error superuser-format", "error superuser-not-readable"}, not: []string{"error role-rds-describe", "warning role-kms"}, values: 2,
		},
		"superuser, its key and a read replica": {
			prepare: func(h hand) (_, _ object) {
				superuser := h.NewSecret("superuser", database("mysql", nil))
				of(h, "mysql", database("mysql", object{"masterarn": superuser}))
				return object{"rotation_type": "MySQLMultiUser", "superuser_secret_arn": superuser, "superuser_kms_key_arn": worldKey, "read_replica": true}, nil
			},
			want: []string{"error role-rds-describe", "warning role-kms"}, values: 2,
		},
		"keytabs": {
			prepare: func(h hand) (_, _ object) {
				keytab := h.NewSecret("keytab", nil)
				of(h, "directory", object{"directoryId": "d-1234567890", "username": "app", "password": firstPassword, "keytabArns": []any{keytab}})
				return object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{keytab}, "keytab_kms_key_arn": worldKey}, nil
			},
			want: []string{"error role-secret-access", "warning role-kms"}, values: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var arguments, block object
			if test.prepare != nil {
				arguments, block = test.prepare(w.hand(t))
			}
			got, diagnostics := w.reads(t, "rotation_diagnosis", with(object{"secret_id": w.SecretARN}, arguments), block)
			expect(t, diagnostics)
			values := 0
			for _, c := range w.Calls() {
				if c.Operation == "GetSecretValue" {
					values++
				}
			}
			if values != test.values {
				t.Errorf("%d values were read, not %d.", values, test.values)
			}
			again, _ := w.reads(t, "rotation_diagnosis", with(object{"secret_id": w.SecretARN}, arguments), block)
			same(t, again, got) // No plan shows a change when nothing has happened.
			same(t, got["healthy"], test.healthy)
			found := codes(t, got)
			for _, code := range test.want {
				if !slices.Contains(found, code) {
					t.Errorf("%q is not among the findings %q.", code, found)
				}
			}
			for _, code := range found {
				if slices.Contains(test.not, code) || test.want == nil && !strings.HasPrefix(code, "info ") {
					t.Errorf("There is the finding %q.", code)
				}
			}
			if test.dates != nil {
				same(t, []any{got["last_rotated_date"], got["next_rotation_date"], got["overdue"]}, test.dates)
			}
		})
	}
}

const worldKey = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// TestDiagnosisOfSetup diagnoses what the same apply has written.
func TestDiagnosisOfSetup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const address = "data.rotation_diagnosis.test"
	config := func(days int) string {
		return w.setup(fmt.Sprintf("rotation_rules = { automatically_after_days = %d }", days)) + `
data "rotation_diagnosis" "test" {
  secret_id  = rotation_setup.test.secret_id
  depends_on = [rotation_setup.test]
}
`
	}
	// healthy says how many findings there are, and when the secret rotates next.
	healthy := func(findings int, next string) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectKnownValue(address, tfjsonpath.New("healthy"), knownvalue.Bool(true)),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("findings"), knownvalue.ListSizeExact(findings)),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("next_rotation_date"), knownvalue.StringExact(next)),
		}
	}
	// A changed schedule makes AWS test the function, which is a rotation that runs.
	tested := statecheck.ExpectKnownValue(address, tfjsonpath.New("findings").AtSliceIndex(0).AtMapKey("code"), knownvalue.StringExact("rotation-in-progress"))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: config(30), ConfigStateChecks: healthy(0, "2026-04-03T23:59:59Z")},
			{Config: config(30), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
			{Config: config(10), ConfigStateChecks: append(healthy(1, "2026-03-14T23:59:59Z"), tested)},
		},
	})
}

// TestDiagnosisAlerts shows a broken rotation in a check block, which warns, and
// in a postcondition, which stops the run, until it is mended.
func TestDiagnosisAlerts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	h.brokenRotation()
	c := newTerminal(t, w)
	diagnosis := fmt.Sprintf("data \"rotation_diagnosis\" \"app\" {\n  secret_id = %q\n%%s}\n", w.SecretARN)
	message := func(diagnosis string) string {
		return `error_message = join("\n\n", concat(["It does not rotate."], [for f in ` + diagnosis + `.findings : "${f.code}: ${f.remedy}" if f.severity == "error"]))`
	}
	const of = "data.rotation_diagnosis.app"
	alert := func(data string) string {
		return w.providerConfig() + "check \"rotates\" {\n" + data + "  assert {\n    condition = " + of + ".healthy\n    " + message(of) + "\n  }\n" +
			"  assert {\n    condition = !" + of + ".overdue\n    error_message = \"It is overdue since ${" + of + ".next_rotation_date}.\"\n  }\n}\n"
	}
	scoped := alert(fmt.Sprintf(diagnosis, ""))
	unscoped := alert("") + fmt.Sprintf(diagnosis, "") + fmt.Sprintf("data \"rotation_status\" \"app\" {\n  secret_id = %q\n}\noutput \"all\" {\n  value = [%s, data.rotation_status.app]\n}\n", w.SecretARN, of)
	stop := w.providerConfig() + fmt.Sprintf(diagnosis, "  lifecycle {\n    postcondition {\n      condition = self.healthy\n      "+message("self")+"\n    }\n  }\n")
	broken := []string{"It does not rotate.", "rotation-overdue: Look at the other findings", "rotation-pending-stuck: ", "role-secret-access: Give the role the policy"}
	var texts []string
	// run runs a command, whose exit code is code, and looks for texts in its output,
	// in which the CLI has broken lines.
	run := func(config string, code int, shows []string, args ...string) {
		t.Helper()
		c.write(config)
		out, got := c.run(t, args...)
		texts = append(texts, out)
		words := strings.Join(strings.Fields(strings.NewReplacer("│", "", "╷", "", "╵", "").Replace(out)), " ")
		if got != code {
			t.Errorf("%v ends with %d, not %d:\n%s", args, got, code, out)
		}
		for _, text := range shows {
			if !strings.Contains(words, strings.TrimSpace(text)) {
				t.Errorf("%v does not show %q:\n%s", args, text, out)
			}
		}
		if len(shows) == 0 && strings.Contains(out, "It does not rotate.") {
			t.Errorf("%v alerts:\n%s", args, out)
		}
	}
	warned := append([]string{"Warning: Check block assertion failed", "It is overdue since 2026-04-03T23:59:59Z."}, broken...)
	run(scoped, 0, append(warned, "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."), "apply", "-auto-approve")
	run(scoped, 2, append(warned, "will be read during apply", "Plan: 0 to add, 0 to change, 0 to destroy."), "plan", "-detailed-exitcode")
	run(scoped, 2, append(warned, "Plan: 0 to add, 0 to change, 0 to destroy."), "plan", "-detailed-exitcode")
	run(unscoped, 0, warned, "apply", "-auto-approve")
	run(unscoped, 0, append(warned, "No changes."), "plan", "-detailed-exitcode")
	run(strings.Replace(scoped, w.SecretARN, "nowhere", 1), 0, []string{"Warning: The secret does not exist (secret-not-found)"}, "plan")
	run(stop, 1, append([]string{"Error: Resource postcondition failed"}, broken...), "plan")

	// As the findings say.
	h.policy(h.Role, "by-hand", rotation.PolicyFor(rotation.Setup{}, h.SecretARN, "", 1))
	_, err := h.Secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: &h.SecretARN, VersionStage: new("AWSPENDING"), RemoveFromVersionId: new(h.version("AWSPENDING"))})
	h.Must(err)
	h.rotate()
	run(stop, 0, nil, "apply", "-auto-approve")
	run(stop, 0, nil, "plan", "-detailed-exitcode")
	run(scoped, 0, nil, "apply", "-auto-approve")
	run(unscoped, 0, nil, "apply", "-auto-approve")

	files := map[string]string{"output": strings.Join(texts, "\n")}
	collect(t, c.dir, files)
	secrets := append(h.passwords(w.SecretARN), firstPassword)
	for name, content := range files {
		if len(shown(content, secrets...)) > 0 {
			t.Errorf("%s shows a password.", name)
		}
	}
	for _, name := range []string{"output", "terraform.tfstate", "terraform.tfstate.backup"} {
		if len(shown(files[name], w.SecretARN)) == 0 {
			t.Errorf("%s does not show the secret's ARN: the search does not work.", name)
		}
	}
}

// TestDiagnosisArguments validates arguments that don't go together.
func TestDiagnosisArguments(t *testing.T) {
	t.Parallel()
	const superuser, keytab = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-AbCdEf", "arn:aws:secretsmanager:us-east-1:123456789012:secret:keytab-AbCdEf"
	const key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	for name, test := range map[string]struct {
		arguments object
		want      []string
	}{
		"no type":                {},
		"type":                   {arguments: object{"rotation_type": "PostgreSQLSingleUser"}},
		"superuser":              {arguments: object{"rotation_type": "PostgreSQLMultiUser", "superuser_secret_arn": superuser, "read_replica": true}},
		"superuser of any type":  {arguments: object{"superuser_secret_arn": superuser}},
		"superuser left out":     {arguments: object{"rotation_type": "PostgreSQLMultiUser"}},
		"keytabs left out":       {arguments: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser"}},
		"unknown arguments":      {arguments: object{"rotation_type": unknown{}, "superuser_secret_arn": unknown{}, "keytab_secret_arns": unknown{}, "read_replica": unknown{}, "check_secret_value": unknown{}}},
		"unknown type":           {arguments: object{"rotation_type": unknown{}, "read_replica": true}},
		"unknown keytab":         {arguments: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{unknown{}}}},
		"no such type":           {arguments: object{"rotation_type": "Postgres"}, want: []string{"ERROR rotation_type: Invalid rotation type: …"}},
		"superuser is itself":    {arguments: object{"secret_id": superuser, "superuser_secret_arn": superuser}, want: []string{"ERROR superuser_secret_arn: Invalid superuser secret: `superuser_secret_arn` is the secret that rotates."}},
		"superuser of no use":    {arguments: object{"rotation_type": "PostgreSQLSingleUser", "superuser_secret_arn": superuser}, want: []string{"ERROR superuser_secret_arn: Invalid superuser secret: …Remove `superuser_secret_arn`."}},
		"read replica of no use": {arguments: object{"rotation_type": "ElastiCacheUser", "read_replica": true}, want: []string{"ERROR read_replica: Invalid read replica: …Remove `read_replica`."}},
		"of a type": {
			arguments: object{"read_replica": true, "keytab_secret_arns": []any{}, "keytab_kms_key_arn": key},
			want: []string{
				"ERROR keytab_kms_key_arn: Invalid KMS key ARN: The key is in us-east-1",
				"ERROR keytab_kms_key_arn: Invalid argument: `keytab_kms_key_arn` is about a rotation type, and `rotation_type` is not set.",
				"ERROR keytab_secret_arns: Invalid argument: …", "ERROR read_replica: Invalid argument: …",
			},
		},
		"other Regions": {
			arguments: object{"secret_id": "app", "region": "eu-west-1", "rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{keytab}, "keytab_kms_key_arn": key},
			want:      []string{"ERROR keytab_kms_key_arn: Invalid KMS key ARN: …", "ERROR keytab_secret_arns: Invalid keytab secrets: A keytab secret is in us-east-1 and the secret in eu-west-1."},
		},
		"no Region": {arguments: object{"secret_id": "app", "rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{keytab}, "keytab_kms_key_arn": key}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, newServer(t, nil).validateData("rotation_diagnosis", with(object{"secret_id": validSecret}, test.arguments)), test.want...)
		})
	}
}
