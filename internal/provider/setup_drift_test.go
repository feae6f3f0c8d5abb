package provider

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

const setupAddress = "rotation_setup.test"

// changes expects an update in place of exactly these attributes; none means
// that nothing is planned.
func changes(attributes ...string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{changesOf(attributes)}}
}

type changesOf []string

func (want changesOf) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, r := range req.Plan.ResourceChanges {
		if r.Address != setupAddress {
			continue
		}
		before, _ := r.Change.Before.(map[string]any)
		after, _ := r.Change.After.(map[string]any)
		later, _ := r.Change.AfterUnknown.(map[string]any)
		changed := map[string]bool{}
		for name, value := range after {
			if !reflect.DeepEqual(before[name], value) {
				changed[name] = true
			}
		}
		for name, unknown := range later {
			if unknown == true {
				changed[name] = true
			}
		}
		for name := range before {
			if _, ok := after[name]; !ok {
				changed[name] = true
			}
		}
		got := slices.Sorted(maps.Keys(changed))
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got); diff != "" {
			resp.Error = fmt.Errorf("changed attributes: %s", diff)
		}
		if len(got) > 0 && !slices.Equal(r.Change.Actions, tfjson.Actions{tfjson.ActionUpdate}) {
			resp.Error = fmt.Errorf("actions %v, want an update in place", r.Change.Actions)
		}
		return
	}
	resp.Error = fmt.Errorf("the plan does not have %s", setupAddress)
}

// TestSetupDrift changes in AWS what a setup is made of, one thing after the
// other. Each is told apart and repaired in place, without a rotation.
func TestSetupDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	name := rotation.StatementID(w.SecretARN)
	other := w.NewFunction("other", w.NewRole("other"), map[string]string{"AWSLAB_HANDLER": "UserStore"})
	w.NewRole("next")
	const rotate, permit, allow = "secretsmanager:RotateSecret", "lambda:AddPermission", "iam:PutRolePolicy"
	steps := []resource.TestStep{{Config: w.setup()}}
	for _, drift := range []struct {
		name    string
		edit    func()
		changed []string
		writes  []string
		after   func()
	}{
		{
			name: "nothing",
			edit: func() {},
		},
		{
			name: "rotation",
			edit: func() { h.rotate() },
		},
		{
			name: "schedule edited",
			edit: func() {
				h.rules(w.FunctionARN, &types.RotationRulesType{ScheduleExpression: aws.String("cron(0 6 ? * MON *)")})
			},
			changed: []string{"rotation_rules"}, writes: []string{rotate},
		},
		{
			name: "days instead of a schedule",
			edit: func() {
				h.rules(w.FunctionARN, &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(3)})
			},
			changed: []string{"rotation_rules"}, writes: []string{rotate},
		},
		{
			name:    "switched off",
			edit:    h.cancel,
			changed: []string{"rotation_enabled"}, writes: []string{rotate},
		},
		{
			name:    "permission removed",
			edit:    func() { h.removePermission(name) },
			changed: []string{"invoke_permission"}, writes: []string{permit},
		},
		{
			name: "permission changed",
			edit: func() {
				h.removePermission(name)
				h.permission(w.FunctionARN, name, strings.Replace(w.SecretARN, "secret:app", "secret:foreign", 1))
			},
			changed: []string{"invoke_permission"}, writes: []string{"lambda:RemovePermission", permit},
		},
		{
			name:    "role policy removed",
			edit:    func() { h.removePolicy(name) },
			changed: []string{"role_policy"}, writes: []string{allow},
		},
		{
			name: "role policy edited",
			edit: func() {
				h.policy(w.Role, name, strings.Replace(h.document(w.Role, name), `"secretsmanager:GetRandomPassword"`, `"secretsmanager:ListSecrets"`, 1))
			},
			changed: []string{"role_policy"}, writes: []string{allow},
		},
		{
			name: "another statement",
			edit: func() { h.permission(w.FunctionARN, "others", w.SecretARN) },
		},
		{
			name: "function changed",
			edit: func() {
				h.access(other, "other")
				h.rules(other, &types.RotationRulesType{ScheduleExpression: aws.String("cron(0 4 ? * SUN *)"), Duration: aws.String("3h")})
			},
			changed: []string{"rotation_lambda_arn", "role_arn", "role_name"}, writes: []string{rotate},
		},
		{
			name:    "role of the function changed",
			edit:    func() { h.role("next") },
			changed: []string{"role_name"}, writes: []string{allow, "iam:DeleteRolePolicy"},
			after: func() {
				if h.document("next", name) == "" || h.document(w.Role, name) != "" {
					t.Error("The role policy has not moved with the role.")
				}
				w.Role = "next" // for the cases that follow
			},
		},
		{
			name:    "key of the secret changed",
			edit:    func() { h.key("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab") },
			changed: []string{"role_policy"}, writes: []string{allow},
			after: func() {
				if !strings.Contains(h.document(w.Role, name), "key/1234abcd") {
					t.Error("The role policy does not serve the new key.")
				}
			},
		},
	} {
		finished := 0
		steps = append(steps, resource.TestStep{
			PreConfig: func() {
				t.Log(drift.name)
				drift.edit()
				w.ForgetCalls()
				finished = w.Finished()
			},
			Config:           w.setup(),
			ConfigPlanChecks: changes(drift.changed...),
			PostApplyFunc: func() {
				if diff := cmp.Diff(drift.writes, w.Writes()); diff != "" {
					t.Errorf("%s: writes: %s", drift.name, diff)
				}
				if w.Finished() != finished || w.Rotations() > 0 {
					t.Errorf("%s: the repair has rotated the secret.", drift.name)
				}
				if drift.after != nil {
					drift.after()
				}
				w.Login()
			},
		})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.factories(), Steps: steps})
}
