package provider

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestSetupImport takes over a setup that another state has made: it is in
// place already, so that nothing is written, whatever arguments are given.
func TestSetupImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.setup(`region = "eu-west-1"`, `rotation_type = "Custom"`, `rotation_enabled = true`, `access = "managed"`,
		fmt.Sprintf(`role_arn = "arn:aws:iam::123456789012:role/%s"`, w.Role), `rotate_immediately = true`, `rotate_triggers = { a = "b" }`,
		`wait_for_rotation = true`, `preflight = "error"`, `check_secret_value = true`, `timeouts { create = "5m" }`,
		fmt.Sprintf("statement_id = %q", rotation.StatementID(w.SecretARN)), fmt.Sprintf("role_policy_name = %q", rotation.RolePolicyName(w.SecretARN)))
	importID := func(config string) resource.TestStep {
		return resource.TestStep{
			Config: config, ResourceName: setupAddress, ImportState: true, ImportStateKind: resource.ImportCommandWithID,
			ImportStateId: w.SecretARN, ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "secret_arn",
		}
	}
	few := importID(w.setup())
	few.PreConfig = w.ForgetCalls
	full := importID(all)
	// What only Terraform knows is not in AWS.
	full.ImportStateVerifyIgnore = []string{
		"region", "rotation_type", "access", "rotate_immediately", "rotate_triggers.%", "rotate_triggers.a", "wait_for_rotation", "preflight", "check_secret_value", "timeouts",
	}
	block := resource.TestStep{
		Config: w.setup(), ResourceName: setupAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: w.SecretARN,
		ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: w.setup()},
			few,
			block,
			{
				// All arguments, in place and without a write.
				Config: all, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				PostApplyFunc: func() { w.wrote(t) },
			},
			full,
			{Config: all, PlanOnly: true},
		},
	})
	if w.Finished() != 1 {
		t.Errorf("%d rotations have happened, 1 was asked for.", w.Finished())
	}
}

func TestSetupImportByIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{
				Config:            w.setup(),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentityValue(setupAddress, tfjsonpath.New("secret_arn"), knownvalue.StringExact(w.SecretARN))},
			},
			{
				Config: w.setup(), ResourceName: setupAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity,
				ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		},
	})
}

// TestSetupImportOfOthers takes over a rotation that somebody set up by hand:
// what is missing is added, and nothing rotates.
func TestSetupImportOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	h.rotation()
	w.ForgetCalls()
	block := fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", setupAddress, w.SecretARN)
	rules := `rotation_rules = { automatically_after_days = 30 }`
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config:        block + w.setup(`access = "external"`, rules),
				PostApplyFunc: func() { w.wrote(t) },
			},
			{
				Config:           w.setup(rules),
				ConfigPlanChecks: changes("access", "role_name", "role_policy", "invoke_permission"),
				PostApplyFunc: func() {
					w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission")
					if diff := cmp.Diff([]string{"by-hand", rotation.StatementID(w.SecretARN)}, h.statements()); diff != "" {
						t.Error(diff)
					}
				},
			},
		},
	})
	if w.Finished() != 0 {
		t.Error("The import has rotated the secret.")
	}
	if diff := cmp.Diff([]string{"by-hand"}, h.statements()); diff != "" {
		t.Error(diff)
	}
}

// TestSetupImportManaged imports and adds access in one apply.
func TestSetupImportManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hand(t).rotation()
	w.ForgetCalls()
	config := fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", setupAddress, w.SecretARN) + w.setup(`rotation_rules = { automatically_after_days = 30 }`, `rotate_triggers = { a = "b" }`)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{{
			Config:        config,
			PostApplyFunc: func() { w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission") },
		}},
	})
	if w.Finished() != 0 {
		t.Error("The import has rotated the secret.")
	}
}
