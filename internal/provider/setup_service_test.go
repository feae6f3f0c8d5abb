package provider

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// TestSetupServiceManaged gives the secret of a service another schedule: no
// function, no access, no rotation, and its own rules again in the end.
func TestSetupServiceManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secretARN, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7)
	w.Must(err)
	describe := func() *secretsmanager.DescribeSecretOutput {
		t.Helper()
		out, err := w.Secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
		w.Must(err)
		return out
	}
	config := func(lines ...string) string {
		return w.setup(append([]string{fmt.Sprintf("secret_id = %q", secretARN), `rotation_lambda_arn = null`}, lines...)...)
	}
	w.ForgetCalls()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config: config(),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("owning_service"), knownvalue.StringExact("rds")),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("previous_rotation_rules"), knownvalue.ObjectExact(map[string]knownvalue.Check{
						"automatically_after_days": knownvalue.Int64Exact(7), "schedule_expression": knownvalue.Null(), "duration": knownvalue.Null(),
					})),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("role_policy"), knownvalue.Null()),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("invoke_permission"), knownvalue.Null()),
				},
				PostApplyFunc: func() {
					w.wrote(t, "secretsmanager:RotateSecret")
					if got := *describe().RotationRules.ScheduleExpression; got != "cron(0 4 ? * SUN *)" {
						t.Errorf("schedule %s", got)
					}
				},
			},
			{
				Config:           config(`rotation_enabled = false`),
				ConfigPlanChecks: changes("rotation_enabled"),
				PostApplyFunc: func() {
					w.wrote(t, "secretsmanager:CancelRotateSecret")
					if *describe().RotationEnabled {
						t.Error("Rotation is still on.")
					}
				},
			},
			{
				Config:           config(`rotation_rules = { automatically_after_days = 30 }`),
				ConfigPlanChecks: changes("rotation_enabled", "rotation_rules"),
				PostApplyFunc:    func() { w.wrote(t, "secretsmanager:RotateSecret") },
			},
		},
	})
	w.wrote(t, "secretsmanager:RotateSecret") // By the destroy.
	d := describe()
	if !*d.RotationEnabled || *d.RotationRules.AutomaticallyAfterDays != 7 || d.RotationRules.ScheduleExpression != nil {
		t.Errorf("After the destroy the rules are %+v.", d.RotationRules)
	}
	if diff := cmp.Diff(0, w.Finished()); diff != "" {
		t.Errorf("Nobody asked for a rotation: %s", diff)
	}
}
