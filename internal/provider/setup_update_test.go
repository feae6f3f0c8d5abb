package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// planned expects one action for the setup.
func planned(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(setupAddress, action)}}
}

// recorded expects an attribute in the state.
func recorded(attribute string, value knownvalue.Check) []statecheck.StateCheck {
	return []statecheck.StateCheck{statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New(attribute), value)}
}

// wrote compares what the provider has written since the last look.
func (w world) wrote(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.Writes()); diff != "" {
		t.Errorf("writes: %s", diff)
	}
	w.ForgetCalls()
}

// TestSetupArguments changes arguments that mean nothing to AWS, and the secret.
func TestSetupArguments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	second := w.NewSecret("second", map[string]any{"engine": "labstore", "host": "lab", "username": "second", "password": firstPassword})
	w.Must(w.UserStore().CreateUser("second", firstPassword))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: w.setup(), PostApplyFunc: w.ForgetCalls},
			{
				Config: w.setup(`wait_for_rotation = false`, `preflight = "warn"`, `check_secret_value = false`, `rotate_immediately = true`,
					`rotation_type = "Custom"`, `access = "managed"`, `rotation_enabled = true`, `timeouts { create = "5m" }`),
				ConfigPlanChecks: changes("wait_for_rotation", "preflight", "check_secret_value", "rotate_immediately", "rotation_type", "access", "timeouts"),
				PostApplyFunc:    func() { w.wrote(t) },
			},
			{
				Config:           w.setup(`secret_id = "app"`),
				ConfigPlanChecks: changes("wait_for_rotation", "preflight", "check_secret_value", "rotate_immediately", "rotation_type", "access", "timeouts"),
				PostApplyFunc:    func() { w.wrote(t) },
			},
			{
				// A function that does not exist: nothing is changed.
				Config:      w.setup(fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN+"-2"), `rotation_rules = { automatically_after_days = 3 }`),
				ExpectError: regexp.MustCompile(`(?s)function-not-found`),
			},
			{
				// The derived names, given in words.
				PreConfig: func() { w.wrote(t) },
				Config: w.setup(fmt.Sprintf("statement_id = %q", rotation.StatementID(w.SecretARN)), fmt.Sprintf("role_policy_name = %q", rotation.RolePolicyName(w.SecretARN)),
					fmt.Sprintf(`role_arn = "arn:aws:iam::123456789012:role/%s"`, w.Role)),
				ConfigPlanChecks: changes(),
			},
			{
				Config:           w.setup(`statement_id = "mine"`, `role_policy_name = "mine"`),
				ConfigPlanChecks: changes("statement_id", "role_policy_name", "invoke_permission"),
				PostApplyFunc: func() {
					w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission", "lambda:RemovePermission", "iam:DeleteRolePolicy")
					if diff := cmp.Diff([]string{"mine"}, h.statements()); diff != "" {
						t.Error(diff)
					}
				},
			},
			{
				// Hands off: what was managed is removed, and others' is left.
				PreConfig:        func() { h.access(w.FunctionARN, w.Role); w.ForgetCalls() },
				Config:           w.setup(`access = "external"`),
				ConfigPlanChecks: changes("access", "statement_id", "role_policy_name", "role_name", "role_policy", "invoke_permission"),
				PostApplyFunc: func() {
					w.wrote(t, "lambda:RemovePermission", "iam:DeleteRolePolicy")
					if diff := cmp.Diff([]string{"by-hand"}, h.statements()); diff != "" {
						t.Error(diff)
					}
				},
			},
			{
				Config:           w.setup(),
				ConfigPlanChecks: changes("access", "role_name", "role_policy", "invoke_permission"),
				PostApplyFunc: func() {
					w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission")
					if w.Finished() != 1 {
						t.Errorf("%d rotations have happened, 1 was asked for.", w.Finished())
					}
				},
			},
			{
				Config:            w.setup(fmt.Sprintf("secret_id = %q", second)),
				ConfigPlanChecks:  planned(plancheck.ResourceActionReplace),
				ConfigStateChecks: recorded("secret_arn", knownvalue.StringExact(second)),
				PostApplyFunc: func() {
					if *w.Describe().RotationEnabled {
						t.Error("The first secret still rotates.")
					}
					if diff := cmp.Diff([]string{"by-hand", rotation.StatementID(second)}, h.statements()); diff != "" {
						t.Error(diff)
					}
				},
			},
		},
	})
}

// TestSetupOff switches rotation off and on again.
func TestSetupOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config:        w.setup(`rotation_enabled = false`, `rotation_rules = null`),
				PostApplyFunc: func() { w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission") },
			},
			{
				Config:           w.setup(),
				ConfigPlanChecks: changes("rotation_enabled", "rotation_rules"),
				PostApplyFunc:    func() { w.wrote(t, "secretsmanager:RotateSecret") },
			},
			{
				Config:           w.setup(`rotation_enabled = false`),
				ConfigPlanChecks: changes("rotation_enabled"),
				PostApplyFunc: func() {
					w.wrote(t, "secretsmanager:CancelRotateSecret")
					if w.Finished() != 0 {
						t.Error("Nothing asked for a rotation, and one has happened.")
					}
				},
			},
		},
	})
}

// TestSetupTriggers rotates by rotate_triggers, and resumes what failed.
func TestSetupTriggers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var heal func()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: w.setup(), PostApplyFunc: w.ForgetCalls},
			{
				// The first value is only recorded.
				Config:           w.setup(`rotate_triggers = { release = "1" }`),
				ConfigPlanChecks: changes("rotate_triggers"),
				PostApplyFunc:    func() { w.wrote(t) },
			},
			{
				Config:           w.setup(`rotate_triggers = { release = "2" }`),
				ConfigPlanChecks: changes("rotate_triggers"),
				PostApplyFunc: func() {
					w.wrote(t, "secretsmanager:RotateSecret")
					if w.Finished() != 2 {
						t.Errorf("%d rotations have happened, 2 were asked for.", w.Finished())
					}
				},
			},
			{
				// The function may not store what it has generated.
				PreConfig: func() {
					heal = w.Inject(awslab.Fault{Service: "secretsmanager", Operation: "PutSecretValue", Code: "AccessDeniedException", Message: "no"})
				},
				Config:      w.setup(`rotate_triggers = { release = "3" }`, `timeouts { update = "1m" }`),
				ExpectError: regexp.MustCompile(`(?s)The rotation.*the next apply waits for this same rotation`),
			},
			{
				// It was saved, so that the next apply goes on with the same rotation.
				PreConfig:          w.ForgetCalls,
				Config:             w.setup(`rotate_triggers = { release = "3" }`, `timeouts { update = "1m" }`),
				PlanOnly:           true,
				ExpectNonEmptyPlan: true,
			},
			{
				PreConfig:         func() { heal(); w.ForgetCalls() },
				Config:            w.setup(`rotate_triggers = { release = "3" }`, `timeouts { update = "5m" }`),
				ConfigPlanChecks:  changes("unfinished_version_id", "timeouts"),
				ConfigStateChecks: recorded("unfinished_version_id", knownvalue.Null()),
				PostApplyFunc: func() {
					if w.Finished() != 3 {
						t.Errorf("%d rotations have happened, 3 were asked for.", w.Finished())
					}
					w.Login()
				},
			},
			{
				// Triggers that are taken away ask for nothing.
				PreConfig:     w.ForgetCalls,
				Config:        w.setup(),
				PostApplyFunc: func() { w.wrote(t) },
			},
		},
	})
}

// TestSetupCreateFails has creates that fail. Nothing is kept in the state, so
// that nothing can be tainted: what follows is a create, never a replacement.
func TestSetupCreateFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	empty := w.NewSecret("empty", nil)
	var heal func()
	create := planned(plancheck.ResourceActionCreate)
	clean := func() {
		t.Helper()
		if names := w.InlinePolicies(w.Role); len(names) > 0 || len(h.statements()) > 0 {
			t.Errorf("A create that failed left %v %v behind.", names, h.statements())
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				// No value: the plan warns, the apply refuses before the first write.
				PreConfig:   w.ForgetCalls,
				Config:      w.setup(fmt.Sprintf("secret_id = %q", empty)),
				ExpectError: regexp.MustCompile(`(?s)The secret has no value \(secret-no-value\).*Store\s+the\s+first\s+value`),
			},
			{
				PreConfig: func() {
					w.wrote(t)
					heal = w.Inject(awslab.Fault{Service: "secretsmanager", Operation: "RotateSecret", Code: "AccessDeniedException", Message: "User is not authorized to perform: secretsmanager:RotateSecret"})
				},
				Config:           w.setup(),
				ConfigPlanChecks: create,
				ExpectError:      regexp.MustCompile(`(?s)Unable to rotate the secret.*AccessDeniedException`),
			},
			{
				// The rotation is accepted, and fails in createSecret.
				PreConfig: func() {
					clean()
					heal()
					heal = w.Inject(awslab.Fault{Service: "secretsmanager", Operation: "PutSecretValue", Code: "InternalServiceError", Message: "later", Status: 500})
				},
				Config:           w.setup(`timeouts { create = "1m" }`),
				ConfigPlanChecks: create,
				ExpectError:      regexp.MustCompile(`(?s)The rotation.*resumes\s+this\s+same\s+rotation.*import {`),
			},
			{
				PreConfig:        func() { heal(); w.ForgetCalls() },
				Config:           w.setup(),
				ConfigPlanChecks: create,
				PostApplyFunc: func() {
					if w.Finished() != 1 {
						t.Errorf("%d rotations have happened, 1 was asked for.", w.Finished())
					}
					w.Login()
				},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			clean()
			return nil
		},
	})
}
