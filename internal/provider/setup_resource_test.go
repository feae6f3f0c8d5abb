package provider

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

func TestSetupLifecycle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const address = "rotation_setup.test"
	attribute := func(name string, check knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), check)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config: w.setup(),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute("secret_arn", knownvalue.StringExact(w.SecretARN)),
					attribute("rotation_enabled", knownvalue.Bool(true)),
					attribute("role_name", knownvalue.StringExact(w.Role)),
					attribute("role_policy", knownvalue.StringRegexp(regexp.MustCompile(`GetRandomPassword`))),
					attribute("invoke_permission", knownvalue.StringRegexp(regexp.MustCompile(`AWS:SourceAccount`))),
					attribute("unfinished_version_id", knownvalue.Null()),
					attribute("owning_service", knownvalue.Null()),
				},
				PostApplyFunc: func() {
					// The order in which AWS needs things.
					if diff := cmp.Diff([]string{"iam:PutRolePolicy", "lambda:AddPermission", "secretsmanager:RotateSecret"}, w.Writes()); diff != "" {
						t.Error(diff)
					}
					password := w.Value(w.SecretARN, "password")
					if password == firstPassword || !w.UserStore().Login("app", password) || w.UserStore().Login("app", firstPassword) {
						t.Error("The first rotation has not changed the password.")
					}
					w.ForgetCalls()
				},
			},
			{
				Config:             w.setup(),
				PlanOnly:           true,
				ExpectNonEmptyPlan: false,
			},
			{
				// A schedule edit changes in place and does not rotate.
				Config: w.setup(`rotation_rules = { automatically_after_days = 30 }`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				}},
				PostApplyFunc: func() {
					if diff := cmp.Diff([]string{"secretsmanager:RotateSecret"}, w.Writes()); diff != "" || w.Rotations() != 0 {
						t.Error(diff, w.Rotations())
					}
				},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if d := w.Describe(); *d.RotationEnabled {
				t.Error("Rotation is still on.")
			}
			if p := w.FunctionPolicy(); p != "" {
				t.Errorf("The invoke permission is still there: %s", p)
			}
			if names := w.InlinePolicies(w.Role); len(names) > 0 {
				t.Errorf("The role policy is still there: %v", names)
			}
			if !w.UserStore().Login("app", w.Value(w.SecretARN, "password")) {
				t.Error("The secret's value is not the password any more.")
			}
			if w.Finished() != 1 {
				t.Errorf("%d rotations have happened, 1 was asked for.", w.Finished())
			}
			return nil
		},
	})
}
