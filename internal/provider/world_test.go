package provider

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// firstPassword is the planted secret: it must appear in no artefact.
const firstPassword = labtest.FirstPassword

// world is an embedded AWS and the configurations for it.
type world struct{ *labtest.World }

func newWorld(t *testing.T) world {
	t.Helper()
	return world{labtest.New(t)}
}

// providerConfig is the provider block for the lab.
func (w world) providerConfig() string {
	c := w.Administrator()
	return fmt.Sprintf(`
provider "rotation" {
  region     = %q
  access_key = %q
  secret_key = %q
  endpoints {
    cloudtrail     = %[4]q
    cloudwatchlogs = %[4]q
    ec2            = %[4]q
    iam            = %[4]q
    kms            = %[4]q
    lambda         = %[4]q
    rds            = %[4]q
    redshift       = %[4]q
    secretsmanager = %[4]q
    sts            = %[4]q
  }
}
`, w.Region(), c.AccessKeyID, c.SecretAccessKey, w.URL())
}

// setup is a rotation_setup of the world's secret and function. Lines are
// further arguments; one that names a default argument replaces it.
func (w world) setup(lines ...string) string {
	defaults := []string{
		fmt.Sprintf("secret_id = %q", w.SecretARN),
		fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN),
		`rotation_rules = { schedule_expression = "cron(0 4 ? * SUN *)", duration = "3h" }`,
	}
	return w.providerConfig() + resourceBlock("rotation_setup", defaults, lines)
}

// resourceBlock is the resource named test of a type. A line that names a default
// argument replaces it.
func resourceBlock(of string, defaults, lines []string) string {
	given := strings.Join(lines, "\n")
	all := slices.DeleteFunc(defaults, func(line string) bool {
		name, _, _ := strings.Cut(line, " ")
		return strings.Contains(given, name+" ")
	})
	return "resource \"" + of + "\" \"test\" {\n  " + strings.Join(append(all, lines...), "\n  ") + "\n}\n"
}

// factories are the provider under test, on the world's clock.
func (w world) factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"rotation": served(NewTest("test", w.Lab)),
	}
}

// served is a provider as main serves it.
func served(p func() provider.Provider) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) { return serve(p()), nil }
}

func TestMain(m *testing.M) {
	if os.Getenv(actAsFunction) != "" {
		if err := runFunction(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(resource.EnvTfAcc) == "" {
		isolate()
	}
	// Without a CLI the test framework would end the whole run: say why.
	cli, err := tfcli.Find()
	if err != nil {
		fmt.Fprintln(os.Stderr, "These tests drive a real CLI:", err)
		os.Exit(1)
	}
	_ = os.Setenv("TF_ACC_TERRAFORM_PATH", cli)
	debug.SetGCPercent(300) // Each test makes a lab and providers, and lets go of them soon.
	code := m.Run()
	for _, dir := range binaries {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}
