package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestSetupManagedSuperuser gives a setup a superuser secret that RDS manages,
// another, and none. The role may look the database up only with the first, and
// what the role policy is once known makes no later diff.
func TestSetupManagedSuperuser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!cluster-1", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7)
	w.Must(err)
	own := w.NewSecret("superuser", postgres())
	config := func(superuser string, lines ...string) string {
		if superuser != "" {
			lines = append(lines, fmt.Sprintf("superuser_secret_arn = %q", superuser), `rotation_type = "PostgreSQLMultiUser"`)
		}
		// The function is one of the lab's own: its values are of no type.
		return w.setup(append(lines, "check_secret_value = false")...)
	}
	shown := func(superuser, owner knownvalue.Check) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectKnownValue(setupAddress, tfjsonpath.New("role_policy"), superuser),
			plancheck.ExpectKnownValue(setupAddress, tfjsonpath.New("superuser_owning_service"), owner),
		}}
	}
	// looksUp fails the test unless the role may look databases up, or may not.
	looksUp := func(want bool) {
		t.Helper()
		policy := h.document(w.Role, rotation.RolePolicyName(w.SecretARN))
		for _, action := range []string{"rds:DescribeDBClusters", "rds:DescribeDBInstances"} {
			if strings.Contains(policy, action) != want {
				t.Errorf("%s: the policy is %s", action, policy)
			}
		}
	}
	asked := func(secretARN string) bool {
		return slices.ContainsFunc(w.AdministratorCalls(), func(c awslab.Call) bool { return c.Operation == "DescribeSecret" && c.Target == secretARN })
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config:            config(managed),
				ConfigPlanChecks:  shown(knownvalue.StringRegexp(regexp.MustCompile("rds:DescribeDBClusters")), knownvalue.StringExact("rds")),
				ConfigStateChecks: recorded("superuser_owning_service", knownvalue.StringExact("rds")),
				PostApplyFunc:     func() { looksUp(true); w.ForgetCalls() },
			},
			{
				// Who manages a secret never changes, so nobody is asked again.
				Config:           config(managed, `rotation_rules = { automatically_after_days = 30 }`, `preflight = "off"`),
				ConfigPlanChecks: changes("rotation_rules", "preflight"),
				PostApplyFunc: func() {
					looksUp(true)
					if asked(managed) {
						t.Errorf("The superuser secret was asked for: %v", w.AdministratorCalls())
					}
					w.ForgetCalls()
				},
			},
			{
				Config:            config(own),
				ConfigPlanChecks:  changes("rotation_rules", "preflight", "superuser_secret_arn", "role_policy", "superuser_owning_service"),
				ConfigStateChecks: recorded("superuser_owning_service", knownvalue.Null()),
				PostApplyFunc: func() {
					looksUp(false)
					if !asked(own) {
						t.Error("Nobody was asked who manages the superuser secret.")
					}
				},
			},
			{
				Config:            config(managed),
				ConfigPlanChecks:  changes("superuser_secret_arn", "role_policy", "superuser_owning_service"),
				ConfigStateChecks: recorded("superuser_owning_service", knownvalue.StringExact("rds")),
				PostApplyFunc:     func() { looksUp(true) },
			},
			{
				// Nobody else gives the function access, which is only warned of.
				Config:           config(managed, `access = "external"`, `preflight = "warn"`),
				ConfigPlanChecks: changes("access", "preflight", "role_name", "role_policy", "invoke_permission", "superuser_owning_service"),
			},
			{
				Config:            config(managed),
				ConfigStateChecks: recorded("superuser_owning_service", knownvalue.StringExact("rds")),
				PostApplyFunc:     func() { looksUp(true) },
			},
			{
				// Somebody takes the lookups away.
				PreConfig: func() {
					h.policy(w.Role, rotation.RolePolicyName(w.SecretARN), strings.ReplaceAll(h.document(w.Role, rotation.RolePolicyName(w.SecretARN)), "rds:Describe", "rds:List"))
				},
				Config:           config(managed),
				ConfigPlanChecks: changes("role_policy"),
				PostApplyFunc:    func() { looksUp(true) },
			},
			{
				Config:           config(""),
				ConfigPlanChecks: changes("superuser_secret_arn", "rotation_type", "role_policy", "superuser_owning_service"),
				PostApplyFunc:    func() { looksUp(false) },
			},
		},
	})
	if diff := cmp.Diff(1, w.Finished()); diff != "" {
		t.Errorf("Rotations: %s", diff)
	}
}

// TestSetupSuperuserUnknown creates a setup without a look at AWS first: what the
// plan could not know the apply finds out.
func TestSetupSuperuserUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", "{}", 7)
	w.Must(err)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config: w.setup(fmt.Sprintf("superuser_secret_arn = %q", managed), `rotation_type = "MySQLMultiUser"`, `preflight = "off"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectUnknownValue(setupAddress, tfjsonpath.New("role_policy")),
					plancheck.ExpectUnknownValue(setupAddress, tfjsonpath.New("superuser_owning_service")),
				}},
				ConfigStateChecks: recorded("superuser_owning_service", knownvalue.StringExact("rds")),
			},
			{Config: w.setup(fmt.Sprintf("superuser_secret_arn = %q", managed), `rotation_type = "MySQLMultiUser"`, `preflight = "off"`), PlanOnly: true},
		},
	})
}

// TestSetupManagedSuperuserOfNewFunction creates a setup together with its
// function. Who manages the superuser secret the plan knows all the same.
func TestSetupManagedSuperuserOfNewFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7)
	w.Must(err)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{{
			Config: w.setup("rotation_lambda_arn = terraform_data.function.output", fmt.Sprintf("superuser_secret_arn = %q", managed), `rotation_type = "MySQLMultiUser"`, "check_secret_value = false") +
				fmt.Sprintf("resource \"terraform_data\" \"function\" {\n  input = %q\n}\n", w.FunctionARN),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue(setupAddress, tfjsonpath.New("role_policy")),
				plancheck.ExpectKnownValue(setupAddress, tfjsonpath.New("superuser_owning_service"), knownvalue.StringExact("rds")),
			}},
			ConfigStateChecks: recorded("superuser_owning_service", knownvalue.StringExact("rds")),
		}},
	})
}

// TestSetupManagedSuperuserImport imports a setup that is in place: who manages
// the superuser secret is recorded, and nothing is written.
func TestSetupManagedSuperuserImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7)
	w.Must(err)
	config := w.setup(fmt.Sprintf("superuser_secret_arn = %q", managed), `rotation_type = "MySQLMultiUser"`, "check_secret_value = false")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: config},
			{
				Config:        w.providerConfig() + fmt.Sprintf("removed {\n  from = %s\n  lifecycle {\n    destroy = false\n  }\n}\n", setupAddress),
				PostApplyFunc: w.ForgetCalls,
			},
			{
				Config:            fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", setupAddress, w.SecretARN) + config,
				ConfigStateChecks: recorded("superuser_owning_service", knownvalue.StringExact("rds")),
				PostApplyFunc:     func() { w.wrote(t) },
			},
			{Config: config, PlanOnly: true},
		},
	})
}

// TestSetupFurtherAccess has the arguments that only the role policy depends on.
func TestSetupFurtherAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	const (
		keytabs = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keytab-"
		key     = "arn:aws:kms:eu-west-1:123456789012:key/"
	)
	// has fails the test unless the policy speaks of the first things and not of the
	// others.
	has := func(things, others []string) func() {
		return func() {
			t.Helper()
			policy := h.document(w.Role, rotation.RolePolicyName(w.SecretARN))
			for _, thing := range append(slices.Clone(things), others...) {
				if strings.Contains(policy, thing) != slices.Contains(things, thing) {
					t.Errorf("%s: the policy is %s", thing, policy)
				}
			}
		}
	}
	directory := func(keytabs string) string {
		// The value of the lab's own function is of no type.
		return w.setup(`rotation_type = "ActiveDirectoryAndKeytabSingleUser"`, "check_secret_value = false", "keytab_secret_arns = "+keytabs, fmt.Sprintf("keytab_kms_key_arn = %q", key+"1"))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{
				Config: directory(`[terraform_data.keytab.output]`) + fmt.Sprintf("resource \"terraform_data\" \"keytab\" {\n  input = %q\n}\n", keytabs+"AAAAAA"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectUnknownValue(setupAddress, tfjsonpath.New("role_policy")),
				}},
				PostApplyFunc: has([]string{keytabs + "AAAAAA", key + "1"}, nil),
			},
			{
				Config:           directory(fmt.Sprintf("[%q, %q]", keytabs+"BBBBBB", keytabs+"AAAAAA")),
				ConfigPlanChecks: changes("keytab_secret_arns", "role_policy"),
				PostApplyFunc:    has([]string{keytabs + "AAAAAA", keytabs + "BBBBBB", key + "1"}, nil),
			},
			// A set has no order.
			{Config: directory(fmt.Sprintf("[%q, %q]", keytabs+"AAAAAA", keytabs+"BBBBBB")), PlanOnly: true},
			{
				Config: w.setup(`rotation_type = "MySQLMultiUser"`, "check_secret_value = false", `preflight = "off"`, "read_replica = true",
					fmt.Sprintf("superuser_secret_arn = %q", otherSecret), fmt.Sprintf("superuser_kms_key_arn = %q", key+"2")),
				PostApplyFunc: has([]string{otherSecret, key + "2", "rds:DescribeDBInstances"}, []string{keytabs, key + "1"}),
			},
		},
	})
}
