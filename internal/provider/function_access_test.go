package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

const accessAddress = "rotation_function_access.test"

// functionAccess is a rotation_function_access of the world's function. Lines
// are as in setup.
func (w world) functionAccess(lines ...string) string {
	defaults := []string{fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN), `rotation_types = ["Custom"]`}
	return resourceBlock("rotation_function_access", defaults, lines)
}

// users makes secrets of users of the store.
func (h hand) users(n int) []string {
	h.t.Helper()
	var arns []string
	for i := range n {
		user := fmt.Sprintf("user%d", i)
		h.Must(h.UserStore().CreateUser(user, firstPassword))
		arns = append(arns, h.NewSecret(user, map[string]any{"engine": "labstore", "host": "lab", "username": user, "password": firstPassword}))
	}
	h.ForgetCalls()
	return arns
}

// setups are setups of many secrets.
func (w world) setups(secretARNs []string, lines ...string) string {
	quoted := make([]string, len(secretARNs))
	for i, secretARN := range secretARNs {
		quoted[i] = fmt.Sprintf("%q", secretARN)
	}
	return fmt.Sprintf(`
resource "rotation_setup" "many" {
  count          = %d
  secret_id      = [%s][count.index]
  rotation_rules = { automatically_after_days = 30 }
  %s
}
`, len(secretARNs), strings.Join(quoted, ", "), strings.Join(lines, "\n  "))
}

// accessOfTest lets setups come after the function access.
var accessOfTest = []string{`access = "external"`, `rotation_lambda_arn = rotation_function_access.test.rotation_lambda_arn`}

// written is what AWS has of a function access: the statements of the function
// and the inline policies of the role.
func (h hand) written() []string { return append(h.statements(), h.InlinePolicies(h.Role)...) }

// TestFunctionAccess lets one function rotate several secrets, of which one
// comes later, repairs what somebody removes, and takes it all back.
func TestFunctionAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	arns := h.users(3)
	h.permission(w.FunctionARN, "by-hand", w.SecretARN)
	h.policy(w.Role, "by-hand", rotation.PolicyFor(rotation.Setup{}, w.SecretARN, "", 1))
	name := rotation.StatementID(w.FunctionARN)
	config := func(n int, lines ...string) string {
		return w.providerConfig() + w.functionAccess(lines...) + w.setups(arns[:n], accessOfTest...)
	}
	stands := func() {
		t.Helper()
		if diff := cmp.Diff([]string{"by-hand", name, "by-hand", name}, h.written()); diff != "" {
			t.Error(diff)
		}
	}
	w.ForgetCalls()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config: config(2),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectKnownValue(accessAddress, tfjsonpath.New("role_policy"), knownvalue.StringRegexp(regexp.MustCompile("AllowRotationLambdaArn"))),
					plancheck.ExpectKnownValue(accessAddress, tfjsonpath.New("invoke_permission"), knownvalue.StringExact(rotation.PermissionFor(name, w.FunctionARN, w.FunctionARN))),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(accessAddress, tfjsonpath.New("role_name"), knownvalue.StringExact(w.Role)),
					statecheck.ExpectKnownValue(accessAddress, tfjsonpath.New("vpc_access"), knownvalue.Bool(false)),
				},
				PostApplyFunc: func() {
					stands()
					w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission", "secretsmanager:RotateSecret", "secretsmanager:RotateSecret")
					if w.Finished() != 2 {
						t.Errorf("%d rotations", w.Finished())
					}
				},
			},
			{
				Config:           config(3),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(accessAddress, plancheck.ResourceActionNoop)}},
				PostApplyFunc:    func() { stands(); w.wrote(t, "secretsmanager:RotateSecret") },
			},
			{
				PreConfig: func() {
					h.removePermission(name)
					h.removePolicy(name)
					w.ForgetCalls()
				},
				Config:           config(3),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(accessAddress, plancheck.ResourceActionUpdate)}},
				PostApplyFunc:    func() { stands(); w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission") },
			},
			{
				Config: config(3, fmt.Sprintf("superuser_secret_arns = [%q]", w.SecretARN)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(accessAddress, tfjsonpath.New("role_policy"), knownvalue.StringRegexp(regexp.MustCompile("ReadSuperuserSecrets"))),
				},
				PostApplyFunc: func() { stands(); w.wrote(t, "iam:PutRolePolicy") },
			},
			{
				// In a state of its own it is imported as it is.
				ResourceName: accessAddress, ImportState: true, ImportStateId: w.FunctionARN, ImportStateVerify: true,
				ImportStateVerifyIdentifierAttribute: "rotation_lambda_arn",
				ImportStateVerifyIgnore:              []string{"rotation_types", "superuser_secret_arns"},
			},
			{Config: w.providerConfig(), PostApplyFunc: func() {
				if diff := cmp.Diff([]string{"by-hand", "by-hand"}, h.written()); diff != "" {
					t.Error(diff)
				}
			}},
		},
	})
	shownNothing(t, fmt.Sprint(w.Calls()))
}

// TestMoveToFunctionAccess has setups with permissions of their own, lets them
// share those of their function in one apply, and takes that back. Nothing
// rotates.
func TestMoveToFunctionAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	arns := h.users(2)
	own := w.providerConfig() + w.setups(arns, fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN))
	left := w.providerConfig() + w.setups(arns, `access = "external"`, fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN))
	shared := w.providerConfig() + w.functionAccess() + w.setups(arns, accessOfTest...)
	names := func(of ...string) {
		t.Helper()
		var want []string
		for _, owner := range of {
			want = append(want, rotation.StatementID(owner))
		}
		slices.Sort(want)
		got := h.statements()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statements: %s", diff)
		}
		if diff := cmp.Diff(want, w.InlinePolicies(w.Role)); diff != "" {
			t.Errorf("policies: %s", diff)
		}
		if w.Finished() != 2 {
			t.Errorf("%d rotations", w.Finished())
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: own, PostApplyFunc: func() { names(arns...) }},
			// Their own go only where others let the function rotate.
			{Config: left, ExpectError: regexp.MustCompile("invoke-permission-missing")},
			{Config: shared, PostApplyFunc: func() { names(w.FunctionARN) }},
			{Config: own, PostApplyFunc: func() { names(arns...) }},
		},
	})
}

// TestFunctionAccessMoves gives setups another function, whose role is another,
// then an alias, and then permissions of their own. With create_before_destroy
// there is no moment in which the function that a secret rotates with has no
// access.
func TestFunctionAccessMoves(t *testing.T) {
	t.Parallel()
	for _, gapless := range []bool{true, false} {
		t.Run(fmt.Sprintf("create_before_destroy=%t", gapless), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hand(t)
			arns := h.users(1)
			h.SecretARN = arns[0]
			w.NewRole("other")
			other := w.NewFunction("other", "other", map[string]string{"AWSLAB_HANDLER": "UserStore"})
			version, err := w.Functions.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &other})
			w.Must(err)
			alias, err := w.Functions.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &other, Name: aws.String("live"), FunctionVersion: version.Version})
			w.Must(err)
			// The change of the secret, in the order of what was written and removed.
			order := func() {
				rotates, removed := -1, -1
				for i, write := range w.Writes() {
					switch write {
					case "secretsmanager:RotateSecret":
						rotates = i
					case "lambda:RemovePermission":
						removed = i
					}
				}
				if rotates < 0 || removed < 0 || (rotates < removed) != gapless {
					t.Errorf("the writes are %v", w.Writes())
				}
				w.ForgetCalls()
			}
			config := func(function string) string {
				lifecycle := fmt.Sprintf("lifecycle { create_before_destroy = %t }", gapless)
				return w.providerConfig() + w.functionAccess(fmt.Sprintf("rotation_lambda_arn = %q", function), lifecycle) + w.setups(arns, accessOfTest...)
			}
			at := func(function, role string) resource.TestStep {
				return resource.TestStep{
					Config: config(function),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(accessAddress, tfjsonpath.New("role_name"), knownvalue.StringExact(role)),
					},
					PostApplyFunc: func() {
						if function != w.FunctionARN {
							order()
						}
						for name, want := range map[string]bool{w.Role: role == w.Role, "other": role == "other"} {
							if got := len(w.InlinePolicies(name)); (got > 0) != want || got > 1 {
								t.Errorf("The role %s has %d policies.", name, got)
							}
						}
						h.rotate()
						w.ForgetCalls()
					},
				}
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{
					at(w.FunctionARN, w.Role), at(other, "other"), at(*alias.AliasArn, "other"),
					{
						Config: w.providerConfig() + w.setups(arns, fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN)),
						PostApplyFunc: func() {
							if gapless { // Otherwise Terraform leaves the order open.
								order()
							}
							h.rotate()
						},
					},
				},
			})
		})
	}
}

// TestFunctionReplaced replaces the function, under its name, in the apply
// itself, with the access and a setup that has one of its own: the statement,
// which went with the function, is back when the apply ends.
func TestFunctionReplaced(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(world, []string) string{
		"function access": func(w world, arns []string) string {
			return w.functionAccess(`rotation_lambda_arn = terraform_data.function.output`) + w.setups(arns, accessOfTest...)
		},
		"managed": func(w world, arns []string) string {
			return w.setups(arns, `rotation_lambda_arn = terraform_data.function.output`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hand(t)
			arns := h.users(2)
			made := filepath.Join(t.TempDir(), "made")
			of := func(trigger string) string {
				return w.providerConfig() + config(w, arns) + fmt.Sprintf(`
resource "terraform_data" "function" {
  input            = %q
  triggers_replace = %q
  provisioner "local-exec" {
    command = "touch '%s'"
  }
}
`, w.FunctionARN, trigger, made)
			}
			statements := 0
			replace := sync.OnceFunc(func() {
				_, err := w.Functions.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: &w.FunctionARN})
				w.Must(err)
				w.NewFunction("rotator", w.Role, map[string]string{"AWSLAB_HANDLER": "UserStore"})
			})
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{
					{Config: of("1"), PostApplyFunc: func() { statements = len(h.statements()); w.Must(os.Remove(made)) }},
					{
						PreConfig: func() {
							for _, operation := range []string{"GetFunctionConfiguration", "GetPolicy"} {
								w.Inject(awslab.Fault{Caller: ":user/administrator", Operation: operation, Delay: 1, Do: func(awslab.Call) {
									if _, err := os.Stat(made); err == nil {
										replace()
									}
								}})
							}
						},
						Config: of("2"),
						PostApplyFunc: func() {
							if len(h.statements()) != statements || statements == 0 {
								t.Errorf("statements %v", h.statements())
							}
							h.SecretARN = arns[1]
							h.rotate()
						},
					},
				},
			})
		})
	}
}

// TestFiveHundredSetups has more secrets on one function than there is room for
// permissions of their own.
func TestFiveHundredSetups(t *testing.T) {
	t.Parallel()
	const secrets = 500
	c := newQuickTerminal(t, world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})})
	h := c.hand(t)
	arns := h.users(secrets)
	c.write(c.providerConfig() + c.setups(arns, fmt.Sprintf("rotation_lambda_arn = %q", c.FunctionARN)))
	out, code := c.run(t, "apply", "-auto-approve")
	if code == 0 || strings.Count(out, "Error: ") != 2 || strings.Count(out, "rotation_function_access.NAME") < 2 || !strings.Contains(out, "role-policy-full") || !strings.Contains(out, "invoke-policy-full") {
		t.Errorf("%d setups with permissions of their own: %s", secrets, out)
	}
	if writes := c.Writes(); len(writes) > 0 {
		t.Errorf("A refused plan has written %v.", writes)
	}
	c.ForgetCalls()
	c.write(c.providerConfig() + c.functionAccess() + c.setups(arns, accessOfTest...))
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	if c.Finished() != secrets {
		t.Errorf("%d secrets have rotated.", c.Finished())
	}
	if len(h.statements()) != 1 || len(c.InlinePolicies(c.Role)) != 1 {
		t.Errorf("%v", h.written())
	}
	// The README has these.
	if policy, role := len(h.FunctionPolicy()), iampolicy.Size(h.document(c.Role, rotation.RolePolicyName(c.FunctionARN))); policy != 341 || role != 612 {
		t.Errorf("function policy %d of %d bytes, role policies %d of %d characters", policy, iampolicy.MaxFunctionPolicyBytes, role, iampolicy.MaxRolePolicyCharacters)
	}
	// AWS answers only 15 of these a second.
	reads := map[string]int{}
	for _, call := range c.AdministratorCalls() {
		reads[call.String()]++
	}
	for call, times := range reads {
		if !strings.HasPrefix(call, "secretsmanager:") && times > secrets/10 {
			t.Errorf("%d setups made %d times %s: %v", secrets, times, call, reads)
		}
	}
	if out, code := c.run(t, "plan", "-detailed-exitcode"); code != 0 {
		t.Error(out)
	}
}
