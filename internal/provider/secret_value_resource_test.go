package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

const valueAddress = "rotation_secret_value.test"

// value is a rotation_secret_value of the world's secret, with a generated password.
// Lines are further arguments; one that names a default argument replaces it.
func (w world) value(lines ...string) string {
	defaults := []string{fmt.Sprintf("secret_id = %q", w.SecretARN), `rotation_type = "PostgreSQLMultiUser"`, w.fields("db.example.com"), `generate_password = {}`}
	return w.providerConfig() + resourceBlock("rotation_secret_value", defaults, lines)
}

// fields are the fields of a user on a host.
func (w world) fields(host string) string {
	return fmt.Sprintf(`connection_fields = { host = %q, username = "app", masterarn = %q }`, host, otherSecret)
}

// asked counts the calls of an operation by the provider.
func (w world) asked(operation string) int {
	return told{calls: w.AdministratorCalls()}.asked(operation)
}

// hides fails the test if a plan or state has one of the passwords that the secret
// has had.
type hides struct{ hand }

func (h hides) look(document any) error {
	h.t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "db.example.com") && !strings.Contains(string(text), "db2.example.com") {
		return fmt.Errorf("it has no host: this test has lost its subject")
	}
	passwords := slices.DeleteFunc(h.passwords(h.SecretARN), func(p string) bool { return p == "" })
	if found := shown(string(text), append(passwords, firstPassword)...); len(found) > 0 {
		return fmt.Errorf("it has %d passwords", len(found))
	}
	return nil
}

func (h hides) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	// The rest is the configuration as it stands in the test.
	resp.Error = h.look([]any{req.Plan.ResourceChanges, req.Plan.PlannedValues, req.Plan.PriorState}) //nolint:contextcheck // Hands have the test's own.
}

func (h hides) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = h.look(req.State) //nolint:contextcheck // Likewise.
}

// TestSecretValueLifecycle takes a value through a real CLI: created, rotated, merged
// into, refused, destroyed.
func TestSecretValueLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SecretARN = w.NewSecret("new", nil)
	h := w.hand(t)
	hidden := hides{h}
	value := func() string {
		out, err := w.Secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &w.SecretARN})
		w.Must(err)
		return *out.SecretString
	}
	pending := ""
	action := func(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(valueAddress, a), hidden}}
	}
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan(), hidden}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				PreConfig: w.ForgetCalls,
				Config:    w.value(), ConfigPlanChecks: action(plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					hidden,
					statecheck.ExpectKnownValue(valueAddress, tfjsonpath.New("secret_arn"), knownvalue.StringExact(w.SecretARN)),
					statecheck.ExpectKnownValue(valueAddress, tfjsonpath.New("unmerged_keys"), knownvalue.Null()),
				},
				PostApplyFunc: func() {
					w.wrote(t, "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")
					if !regexp.MustCompile(`^{"engine":"postgres","host":"db.example.com","username":"app","password":"[^/@"'\\]{32}","dbname":"postgres","port":5432,"masterarn":"arn:[^"]+"}$`).MatchString(value()) {
						t.Error("The first value is not what it should be.")
					}
				},
			},
			{
				// The functions of two users change the user name each time.
				PreConfig: func() {
					for _, username := range []string{"app_clone", "app", "app_clone"} {
						rotated := fmt.Sprintf(`{"engine":"postgres","host":"db.example.com","username":%q,"password":%q,"masterarn":%q}`, username, otherPassword, otherSecret)
						_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: &rotated})
						w.Must(err)
					}
					w.ForgetCalls()
				},
				Config: w.value(), ConfigPlanChecks: empty,
			},
			{
				PreConfig: w.ForgetCalls,
				Config:    w.value(`secret_id = "new"`), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				PostApplyFunc: func() {
					if w.asked("GetSecretValue") > 0 || w.asked("DescribeSecret") == 0 {
						t.Error("A plan without changes has read the value.")
					}
				},
			},
			{
				Config:      w.value(strings.Replace(w.fields("db.example.com"), `"app"`, `"app2"`, 1)),
				ExpectError: regexp.MustCompile(`The field "username" cannot be changed`),
			},
			{
				PreConfig: func() {
					text := "{}"
					out, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: &text, VersionStages: []string{"AWSPENDING"}})
					w.Must(err)
					pending = *out.VersionId
					w.ForgetCalls()
				},
				Config: w.value(w.fields("db2.example.com")), ExpectError: regexp.MustCompile(`rotation-in-progress`),
			},
			{
				// The state has not changed, so that the same change is planned again.
				PreConfig: func() {
					w.wrote(t)
					label := "AWSPENDING"
					_, err := w.Secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: &w.SecretARN, VersionStage: &label, RemoveFromVersionId: &pending})
					w.Must(err)
					w.ForgetCalls()
				},
				Config: w.value(w.fields("db2.example.com")), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{hidden},
				PostApplyFunc: func() {
					w.wrote(t, "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "secretsmanager:UpdateSecretVersionStage")
					if want := fmt.Sprintf(`{"engine":"postgres","host":"db2.example.com","username":"app_clone","password":%q,"masterarn":%q}`, otherPassword, otherSecret); value() != want {
						t.Error("The merge has not kept all else as it was.")
					}
					w.ForgetCalls()
				},
			},
			{Config: w.value(w.fields("db2.example.com")), ConfigPlanChecks: empty},
		},
		CheckDestroy: func(*terraform.State) error {
			w.wrote(t)
			if !strings.Contains(value(), otherPassword) {
				t.Error("The destroy has not left the value as it was.")
			}
			return nil
		},
	})
}

// TestSecretValuePasswordByCLI gives a password that no file may hold.
func TestSecretValuePasswordByCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SecretARN = w.NewSecret("new", nil)
	hidden := hides{w.hand(t)}
	config := func(version int, password string) string {
		return w.value("generate_password = null", fmt.Sprintf("password_wo_version = %d", version), fmt.Sprintf("password_wo = %q", password))
	}
	has := func(password string) func() {
		return func() {
			if w.Value(w.SecretARN, "password") != password {
				t.Error("The value does not have the password that it should have.")
			}
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
		Steps: []resource.TestStep{
			{Config: config(1, otherPassword), ConfigStateChecks: []statecheck.StateCheck{hidden}, PostApplyFunc: has(otherPassword)},
			{Config: config(1, firstPassword), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}, PostApplyFunc: has(otherPassword)},
			{Config: config(2, firstPassword), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{hidden}}, ConfigStateChecks: []statecheck.StateCheck{hidden}, PostApplyFunc: has(firstPassword)},
		},
	})
}

// TestSecretValueWithSetup stores a first value and sets its rotation up in one apply:
// the value is there before the rotation that the setup asks for.
func TestSecretValueWithSetup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SecretARN = w.NewSecret("new", nil)
	// What creates the user reads its password from the secret.
	defer w.Inject(awslab.Fault{Operation: "RotateSecret", Times: 1, Do: func(awslab.Call) {
		w.Must(w.UserStore().CreateUser("orders", w.Value(w.SecretARN, "password")))
	}})()
	config := func(application, triggers string) string {
		value := resourceBlock("rotation_secret_value", nil, []string{
			fmt.Sprintf("secret_id = %q", w.SecretARN), `rotation_type = "Custom"`, `generate_password = {}`,
			fmt.Sprintf(`connection_fields = { engine = "labstore", host = "lab", username = "orders", application = %q }`, application),
		})
		return w.setup("secret_id = rotation_secret_value.test.secret_arn", fmt.Sprintf("rotate_triggers = { a = %q }", triggers)) + value
	}
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				PreConfig: w.ForgetCalls,
				Config:    config("a", "1"),
				PostApplyFunc: func() {
					writes := w.Writes()
					if first, rotates := slices.Index(writes, "secretsmanager:PutSecretValue"), slices.Index(writes, "secretsmanager:RotateSecret"); first < 0 || rotates < first {
						t.Errorf("writes: %v", writes)
					}
					w.Login()
				},
			},
			{Config: config("a", "1"), ConfigPlanChecks: empty},
			{Config: config("a", "2"), PostApplyFunc: w.Login},
			{
				PreConfig: w.ForgetCalls,
				Config:    config("b", "2"), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(valueAddress, plancheck.ResourceActionUpdate), plancheck.ExpectResourceAction(setupAddress, plancheck.ResourceActionNoop),
				}},
				PostApplyFunc: func() {
					if w.asked("RotateSecret") > 0 || w.Value(w.SecretARN, "application") != "b" {
						t.Error("The merge was not that alone.")
					}
					w.Login()
				},
			},
			{Config: config("b", "3"), PostApplyFunc: w.Login},
			{Config: config("b", "3"), ConfigPlanChecks: empty},
		},
	})
	if w.Finished() != 3 || w.Value(w.SecretARN, "application") != "b" {
		t.Errorf("%d rotations have happened, 3 were asked for.", w.Finished())
	}
	w.Login()
}

// TestSecretValueImportByCLI imports by command, block and identity.
func TestSecretValueImportByCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SecretARN = w.NewSecret("new", database("postgres", object{"masterarn": otherSecret}))
	unread := func() {
		if w.asked("GetSecretValue") > 0 || w.asked("DescribeSecret") == 0 {
			t.Error("The import has read the value, or nothing.")
		}
		w.ForgetCalls()
	}
	steps := []resource.TestStep{
		{
			// Equal to the value, so that nothing is written.
			PreConfig:        w.ForgetCalls,
			Config:           fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", valueAddress, w.SecretARN) + w.value(),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(valueAddress, plancheck.ResourceActionUpdate)}},
			PostApplyFunc:    func() { w.wrote(t) },
		},
		{
			PreConfig: w.ForgetCalls,
			Config:    w.value(), ResourceName: valueAddress, ImportState: true, ImportStateKind: resource.ImportCommandWithID, ImportStateId: w.SecretARN,
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "secret_arn",
			ImportStateVerifyIgnore: []string{"rotation_type", "connection_fields", "generate_password"},
		},
		{PreConfig: unread, Config: w.value(), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	}
	if _, have := cliVersion(t); !have.LessThan(tfversion.Version1_12_0) {
		steps = append(steps,
			resource.TestStep{Config: w.value(), ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentityValue(valueAddress, tfjsonpath.New("secret_arn"), knownvalue.StringExact(w.SecretARN))}},
			resource.TestStep{
				Config: strings.ReplaceAll(fmt.Sprintf("import {\n  to = %s\n  identity = {\n    secret_arn = %q\n  }\n}\n", valueAddress, w.SecretARN)+w.value(), "test", "other"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("rotation_secret_value.other", plancheck.ResourceActionUpdate), plancheck.ExpectResourceAction(valueAddress, plancheck.ResourceActionDestroy),
				}},
			})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.factories(), Steps: steps})
	w.wrote(t)
}
