package provider

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// stands fails the test unless everything of the world's setup is in place and
// so many rotations have happened.
func (h hand) stands(finished int) {
	h.t.Helper()
	if d := h.Describe(); d.RotationEnabled == nil || !*d.RotationEnabled {
		h.t.Error("Rotation is off.")
	}
	name := rotation.StatementID(h.SecretARN)
	if diff := cmp.Diff([]string{name}, h.statements()); diff != "" {
		h.t.Errorf("invoke permission: %s", diff)
	}
	if h.document(h.Role, name) == "" {
		h.t.Error("The role policy is gone.")
	}
	if h.Finished() != finished {
		h.t.Errorf("%d rotations have happened, %d were asked for.", h.Finished(), finished)
	}
	h.Login()
}

// TestSetupCreateBeforeDestroy replaces a setup by one of the same secret. The
// new one is created first and stands on what the old one wrote, so that the
// delete of the old one must remove nothing.
func TestSetupCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	for name, access := range map[string]string{"managed": "", "external": `access = "external"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := w.hand(t)
			if access != "" {
				h.access(w.FunctionARN, w.Role)
			}
			config := func(again string) string {
				return w.setup(access, `lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.again]
  }`) + fmt.Sprintf("resource \"terraform_data\" \"again\" {\n  input = %q\n}\n", again)
			}
			stands := func(finished int) {
				if access == "" {
					h.stands(finished)
				} else if !*w.Describe().RotationEnabled || w.Finished() != finished || len(h.statements()) != 1 {
					t.Errorf("The setup does not stand: %+v, %d rotations", w.Describe(), w.Finished())
				}
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{
					{Config: config("1"), PostApplyFunc: func() { stands(1); w.ForgetCalls() }},
					{
						Config: config("2"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
						PostApplyFunc: func() { stands(1) },
					},
					{
						// -replace, and once more with what stands now.
						Taint: []string{setupAddress}, Config: config("2"),
						ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
						PostApplyFunc:    func() { stands(1) },
					},
				},
			})
			if *w.Describe().RotationEnabled {
				t.Error("After the destroy rotation is still on.")
			}
		})
	}
}

// TestSetupSecretUnknown plans while the secret is not known: never a
// replacement. If apply then meets another secret, it changes nothing and the
// next plan replaces.
func TestSetupSecretUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	second := w.NewSecret("second", map[string]any{"engine": "labstore", "host": "lab", "username": "second", "password": firstPassword})
	w.Must(w.UserStore().CreateUser("second", firstPassword))
	config := func(secret, trigger string) string {
		return w.setup(`secret_id = terraform_data.secret.output`) +
			fmt.Sprintf("resource \"terraform_data\" \"secret\" {\n  input = %q\n  triggers_replace = %q\n}\n", secret, trigger)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: config(w.SecretARN, "1"), PostApplyFunc: w.ForgetCalls},
			{
				// The same secret, known only at apply.
				Config: config(w.SecretARN, "2"), ConfigPlanChecks: changes("secret_id", "invoke_permission"),
				PostApplyFunc: func() { w.wrote(t) },
			},
			{
				Config: config(second, "2"), ConfigPlanChecks: changes("secret_id", "invoke_permission"),
				ExpectError: regexp.MustCompile(`(?s)Setup is for another secret.*Apply again to\s+replace`),
			},
			{
				PreConfig: func() {
					w.wrote(t)
					h.stands(1)
				},
				Config: config(second, "2"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
				ConfigStateChecks: recorded("secret_arn", knownvalue.StringExact(second)),
			},
		},
	})
}

// TestSetupSecretMadeAnew has a secret of the same name and another ARN: the
// one that the setup was for is gone, and the new one gets a setup of its own.
func TestSetupSecretMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	old := w.SecretARN
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: w.setup(`secret_id = "app"`)},
			{
				PreConfig: func() {
					value := w.Value(w.SecretARN, "password")
					h.removeSecret()
					w.SecretARN = w.NewSecret("app", map[string]any{"engine": "labstore", "host": "lab", "username": "app", "password": value})
					if w.SecretARN == old {
						t.Fatal("The new secret has the ARN of the old one.")
					}
				},
				Config:           w.setup(`secret_id = "app"`),
				ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
				PostApplyFunc:    func() { h.stands(2) },
			},
			{
				// Gone again. The same plan may make it, so the apply has to tell.
				PreConfig:        func() { h.removeSecret() },
				Config:           w.setup(`secret_id = "app"`),
				ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
				ExpectError:      regexp.MustCompile(`secret-not-found`),
			},
		},
	})
	if len(h.statements()) > 0 || len(w.InlinePolicies(w.Role)) > 0 {
		t.Errorf("The destroy of a setup without secret leaves %v %v.", h.statements(), w.InlinePolicies(w.Role))
	}
}

// TestSetupParallel has ten setups of one function in one apply.
func TestSetupParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	const setups = 10
	secrets := map[string]string{}
	var arns []string
	for i := range setups {
		name := fmt.Sprintf("app%d", i)
		w.Must(w.UserStore().CreateUser(name, firstPassword))
		secrets[name] = w.NewSecret(name, map[string]any{"engine": "labstore", "host": "lab", "username": name, "password": firstPassword})
		arns = append(arns, strconv.Quote(secrets[name]))
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{{
			Config: w.setup(fmt.Sprintf("count = %d", setups), "secret_id = ["+strings.Join(arns, ", ")+"][count.index]"),
			PostApplyFunc: func() {
				if len(h.statements()) != setups || len(w.InlinePolicies(w.Role)) != setups || w.Finished() != setups {
					t.Errorf("%d statements, %d policies, %d rotations, want %d each.", len(h.statements()), len(w.InlinePolicies(w.Role)), w.Finished(), setups)
				}
				for name, secretARN := range secrets {
					if !w.UserStore().Login(name, w.Value(secretARN, "password")) || w.Value(secretARN, "password") == firstPassword {
						t.Errorf("%s has not rotated.", name)
					}
				}
			},
		}},
	})
	if len(h.statements()) > 0 || len(w.InlinePolicies(w.Role)) > 0 {
		t.Errorf("The destroy leaves %v %v.", h.statements(), w.InlinePolicies(w.Role))
	}
}
