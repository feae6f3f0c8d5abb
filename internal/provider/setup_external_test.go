package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestSetupExternalChecked applies setups that leave access to others, who have
// not given any, or not all of it.
func TestSetupExternalChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(hand)
		want  string
	}{
		"nothing":       {func(hand) {}, `invoke-permission-missing`},
		"no permission": {func(h hand) { h.policy(h.Role, "by-hand", rotation.PolicyFor(rotation.Setup{}, h.SecretARN, "", 1)) }, `invoke-permission-missing`},
		"no policy":     {func(h hand) { h.permission(h.FunctionARN, "by-hand", h.SecretARN) }, `(?s)role-random-password.*role-secret-access`},
		"a policy that does not suffice": {func(h hand) {
			h.permission(h.FunctionARN, "by-hand", h.SecretARN)
			h.policy(h.Role, "by-hand", strings.Replace(rotation.PolicyFor(rotation.Setup{}, h.SecretARN, "", 1), `"secretsmanager:PutSecretValue",`, "", 1))
		}, `(?s)role-secret-access.*PutSecretValue`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hand(t)
			test.given(h)
			w.ForgetCalls()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{{
					Config: w.setup(`access = "external"`, `rotation_type = "PostgreSQLSingleUser"`, `check_secret_value = false`), ExpectError: regexp.MustCompile(test.want),
				}},
			})
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("A setup that is refused has written %v.", writes)
			}
		})
	}
}

// TestSetupExternalLost takes away what others have given a setup: every plan
// says so, and a new schedule is refused by name before AWS is asked.
func TestSetupExternalLost(t *testing.T) {
	t.Parallel()
	c := newQuickTerminal(t, world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})})
	h := c.hand(t)
	h.access(c.FunctionARN, c.Role)
	setup := func(lines ...string) string { return c.setup(append(lines, `access = "external"`)...) }
	c.write(setup())
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	// The function, of which nothing is known, may do without random passwords.
	h.policy(c.Role, "by-hand", strings.Replace(rotation.PolicyFor(rotation.Setup{}, c.SecretARN, "", 1), "GetRandomPassword", "ListSecrets", 1))
	if out, code := c.run(t, "plan", "-detailed-exitcode"); code != 0 || strings.Contains(out, "Secrets Manager may not invoke") || strings.Contains(out, "role-") {
		t.Error(out)
	}
	h.removePermission("by-hand")
	out, code := c.run(t, "plan", "-detailed-exitcode")
	if code != 0 || !strings.Contains(out, "No changes.") || !strings.Contains(out, "Warning: Secrets Manager may not invoke the rotation function (invoke-permission-missing)") || strings.Contains(out, "checked again") {
		t.Error(out)
	}
	c.write(setup(`rotation_rules = { automatically_after_days = 7 }`))
	if out, code := c.run(t, "apply", "-auto-approve"); code == 0 || !strings.Contains(out, "Error: Secrets Manager may not invoke") {
		t.Error(out)
	}
	// What AWS is not asked for is not refused.
	c.write(setup(`wait_for_rotation = false`))
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Error(out)
	}
	if out, code := c.run(t, "destroy", "-auto-approve"); code != 0 {
		t.Error(out)
	}
}

// TestSetupExternalSuperuser has a function access that lacks the superuser
// secret of a setup. That it may use all secrets that rotate with the function
// does not help: this one does not.
func TestSetupExternalSuperuser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	superuser := w.NewSecret("superuser", map[string]any{"engine": "postgres", "host": "lab", "username": "admin", "password": firstPassword})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{{
			Config: w.setup(append(accessOfTest, `rotation_type = "PostgreSQLMultiUser"`, `check_secret_value = false`, fmt.Sprintf("superuser_secret_arn = %q", superuser))...) +
				w.functionAccess(`rotation_types = ["PostgreSQLSingleUser"]`),
			ExpectError: regexp.MustCompile(`(?s)superuser-not-readable.*GetSecretValue`),
		}},
	})
	for _, write := range w.Writes() {
		if write == "secretsmanager:RotateSecret" {
			t.Error("A setup that is refused has rotated.")
		}
	}
}

// TestSetupExternalSuperuserLost takes the superuser secret of a setup out of the
// function access that has it: the next plan of the setup says so.
func TestSetupExternalSuperuserLost(t *testing.T) {
	t.Parallel()
	c := newQuickTerminal(t, world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})})
	superuser := c.NewSecret("superuser", map[string]any{"engine": "postgres", "host": "lab", "username": "admin", "password": firstPassword})
	setup := c.setup(append(accessOfTest, `rotation_type = "PostgreSQLMultiUser"`, `check_secret_value = false`, `preflight = "warn"`, fmt.Sprintf("superuser_secret_arn = %q", superuser))...)
	with := setup + c.functionAccess(`rotation_types = ["PostgreSQLMultiUser"]`, fmt.Sprintf("superuser_secret_arns = [%q]", superuser))
	c.write(with)
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	if out, code := c.run(t, "plan", "-detailed-exitcode"); code != 0 || strings.Contains(out, "superuser-not-readable") {
		t.Error(out)
	}
	c.write(setup + c.functionAccess(`rotation_types = ["PostgreSQLSingleUser"]`))
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Error(out)
	}
	out, code := c.run(t, "plan", "-detailed-exitcode")
	if code != 0 || !strings.Contains(out, "superuser-not-readable") {
		t.Error(out)
	}
}

// TestSetupBoundary has a role whose permissions boundary does not allow what
// the setup gives it, and one that somebody denies it.
func TestSetupBoundary(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limit func(hand)
		want  string
	}{
		"boundary": {func(h hand) {
			made, err := h.Roles.CreatePolicy(h.t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("limit"), PolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:*","secretsmanager:Get*","secretsmanager:Describe*"],"Resource":"*"}]}`)})
			h.Must(err)
			_, err = h.Roles.PutRolePermissionsBoundary(h.t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: &h.Role, PermissionsBoundary: made.Policy.Arn})
			h.Must(err)
		}, `(?s)role-secret-access.*boundary`},
		"deny": {func(h hand) {
			h.policy(h.Role, "guardrail", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"secretsmanager:PutSecretValue","Resource":"*"}]}`)
		}, `(?s)role-secret-access.*guardrail`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.limit(w.hand(t))
			w.ForgetCalls()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps:                    []resource.TestStep{{Config: w.setup(`rotation_type = "PostgreSQLSingleUser"`, `check_secret_value = false`), ExpectError: regexp.MustCompile(test.want)}},
			})
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("A setup that is refused has written %v.", writes)
			}
		})
	}
}

// TestPermittedTwice has an equal statement of somebody else, which is left
// alone and does not become the setup's.
func TestPermittedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	h.permission(w.FunctionARN, "by-hand", w.SecretARN)
	name := rotation.StatementID(w.SecretARN)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config: w.setup(),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("statement_id"), knownvalue.StringExact(name)),
				},
				PostApplyFunc: func() {
					if diff := cmp.Diff([]string{"by-hand", name}, h.statements()); diff != "" {
						t.Error(diff)
					}
					h.removePermission("by-hand") // Its owner may.
					h.rotate()
				},
			},
		},
		CheckDestroy: func(*terraform.State) error {
			if left := h.statements(); len(left) > 0 {
				return fmt.Errorf("statements left: %v", left)
			}
			return nil
		},
	})
}
