package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestStatementOfOthers has a statement of somebody else under the very ID that a
// setup or a function access is given, and which permits the same: as AWS's own
// example has it. It stays its maker's.
func TestStatementOfOthers(t *testing.T) {
	t.Parallel()
	const theirs = "SecretsManager"
	for name, test := range map[string]struct {
		permit func(hand)
		config func(world) string
	}{
		"function access": {
			permit: func(h hand) {
				_, err := h.Functions.AddPermission(h.t.Context(), &lambda.AddPermissionInput{
					FunctionName: &h.FunctionARN, StatementId: aws.String(theirs), Action: aws.String("lambda:InvokeFunction"),
					Principal: aws.String("secretsmanager.amazonaws.com"), SourceAccount: aws.String(h.AccountID()),
				})
				h.Must(err)
			},
			config: func(w world) string {
				return w.providerConfig() + w.functionAccess(fmt.Sprintf("statement_id = %q", theirs))
			},
		},
		"setup": {
			permit: func(h hand) { h.permission(h.FunctionARN, theirs, h.SecretARN) },
			config: func(w world) string { return w.setup(fmt.Sprintf("statement_id = %q", theirs)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hand(t)
			test.permit(h)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps:                    []resource.TestStep{{Config: test.config(w), ExpectError: regexp.MustCompile("Statement ID exists already")}},
			})
			if diff := cmp.Diff([]string{theirs}, h.written()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFunctionAccessDestroyed destroys an access whose superuser secret is going
// to be deleted, and that somebody has taken a part of: what its plan finds wrong
// is no reason to keep it.
func TestFunctionAccessDestroyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	superuser := w.NewSecret("superuser", map[string]any{"username": "admin", "password": firstPassword})
	config := w.providerConfig() + w.functionAccess(`rotation_types = ["MySQLMultiUser"]`, fmt.Sprintf("superuser_secret_arns = [%q]", superuser))
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() {
					h.removePermission(rotation.StatementID(w.FunctionARN))
					_, err := w.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &superuser})
					w.Must(err)
				},
				Config: config, Destroy: true,
			},
		},
	})
	if left := h.written(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestFunctionAccessRenamed replaces an access, with create_before_destroy, by one
// with other names: nothing is left under the old ones.
func TestFunctionAccessRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	config := func(name string) string {
		return w.providerConfig() + w.functionAccess(fmt.Sprintf("statement_id = %q", name), fmt.Sprintf("role_policy_name = %q", name), `lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.again]
  }`) + fmt.Sprintf("resource \"terraform_data\" \"again\" {\n  input = %q\n}\n", name)
	}
	step := func(name string) resource.TestStep {
		return resource.TestStep{Config: config(name), PostApplyFunc: func() {
			if diff := cmp.Diff([]string{name, name}, h.written()); diff != "" {
				t.Error(diff)
			}
		}}
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.factories(), Steps: []resource.TestStep{step("one"), step("two")}})
	if left := h.written(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestFunctionAccessTwice adds a second access of a function, and replaces one.
func TestFunctionAccessTwice(t *testing.T) {
	t.Parallel()
	c := newQuickTerminal(t, world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})})
	one := c.providerConfig() + c.functionAccess()
	c.write(one)
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	if out, code := c.run(t, "plan", "-detailed-exitcode"); code != 0 {
		t.Error(out)
	}
	c.write(one + strings.Replace(c.functionAccess(), `"test"`, `"again"`, 1))
	out, code := c.run(t, "plan")
	if code != 0 || !strings.Contains(out, "Function has an access already") || !strings.Contains(strings.Join(strings.Fields(out), " "), "a function has one access") {
		t.Errorf("A second access of the function is planned with\n%s", out)
	}
	c.write(one)
	if out, code := c.run(t, "apply", "-auto-approve", "-replace="+accessAddress); code != 0 {
		t.Error(out)
	}
	// Under another name, without a moved block.
	c.write(c.providerConfig() + strings.Replace(c.functionAccess(), `"test"`, `"renamed"`, 1))
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Error(out)
	}
	if out, code := c.run(t, "plan", "-detailed-exitcode"); code != 0 {
		t.Error(out)
	}
	if out, code := c.run(t, "destroy", "-auto-approve"); code != 0 {
		t.Error(out)
	}
	c.write(one + strings.Replace(c.functionAccess(), `"test"`, `"again"`, 1))
	if out, code := c.run(t, "plan"); code == 0 || !strings.Contains(out, "Error: Two accesses of one function") {
		t.Errorf("Two accesses of one function are planned with\n%s", out)
	}
	c.write(one)
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Error(out)
	}
}

// TestVPCAccessMeanwhile has a function in a VPC whose role is enabled to connect
// it there by the apply itself, after the plan has seen that it is not.
func TestVPCAccessMeanwhile(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(world) (string, string){
		"function access": func(w world) (string, string) {
			return w.providerConfig() + w.functionAccess(`depends_on = [terraform_data.role]`), accessAddress
		},
		"setup": func(w world) (string, string) { return w.setup(`depends_on = [terraform_data.role]`), setupAddress },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			vpc := aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole")
			attach := func() {
				_, err := w.Roles.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &w.Role, PolicyArn: vpc})
				w.Must(err)
			}
			attach()
			_, err := w.Functions.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
				FunctionName: &w.FunctionARN, VpcConfig: w.NewNetwork(labtest.Network{NAT: true}).Config(),
			})
			w.Must(err)
			_, err = w.Roles.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: &w.Role, PolicyArn: vpc})
			w.Must(err)
			made := filepath.Join(t.TempDir(), "made")
			once := sync.OnceFunc(attach)
			for _, operation := range []string{"GetFunctionConfiguration", "GetRole"} {
				w.Inject(awslab.Fault{Caller: ":user/administrator", Operation: operation, Delay: 1, Do: func(awslab.Call) {
					if _, err := os.Stat(made); err == nil {
						once()
					}
				}})
			}
			text, address := config(w)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{{
					Config: text + fmt.Sprintf("resource \"terraform_data\" \"role\" {\n  provisioner \"local-exec\" {\n    command = \"touch '%s'\"\n  }\n}\n", made),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(address, tfjsonpath.New("vpc_access"), knownvalue.Bool(false)),
					},
				}},
			})
		})
	}
}
