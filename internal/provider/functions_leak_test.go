package provider

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// TestFunctionsLeakNothing gives an ephemeral secret to the functions that take
// one, good and bad, with the most talkative log, and looks through all that the
// CLI leaves behind.
func TestFunctionsLeakNothing(t *testing.T) {
	t.Parallel()
	if name, have := cliVersion(t); have.LessThan(ephemeralSince[name]) {
		t.Skip("This CLI has no ephemeral values.")
	}
	const configuration = `
variable "value" {
  type      = string
  ephemeral = true
}
locals {
  value = provider::rotation::assert_secret_string("PostgreSQLSingleUser", var.value)
}
check "format" {
  assert {
    condition     = length(provider::rotation::check_secret_string("PostgreSQLSingleUser", local.value)) == 0
    error_message = "The value cannot rotate."
  }
}
resource "terraform_data" "control" {
  input = provider::rotation::assert_secret_string("Custom", "` + needle + `")
}
output "control" {
  value = provider::rotation::assert_secret_string("Custom", terraform_data.control.output)
}
`
	c := newTerminal(t, newWorld(t))
	c.write(configuration)
	binary, err := built()
	c.Must(err)
	path, err := tfcli.Find()
	c.Must(err)
	run := func(value string, want int, args ...string) string {
		cli, err := tfcli.New(path, c.dir, binary, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(c.dir, "trace.log"), "TF_VAR_value="+value)
		c.Must(err)
		out, code, err := cli.Run(t.Context(), append(args, "-no-color")...)
		c.Must(err)
		if code != want {
			t.Fatal(out)
		}
		return out
	}
	good, warned, bad := secretString(), secretString("host", `"`+firstPassword+`:1"`), secretString("engine", `"`+firstPassword+`"`)
	artefacts := map[string]string{
		"plan":      run(good, 0, "plan", "-out=tfplan"),
		"apply":     run(good, 0, "apply", "tfplan"),
		"warning":   run(warned, 0, "plan", "-out=warned.tfplan"),
		"error":     run(bad, 1, "plan"),
		"not JSON":  run(firstPassword, 1, "plan"),
		"exchanged": "",
	}
	c.write(strings.Replace(configuration, `("PostgreSQLSingleUser", var.value)`, `(var.value, "PostgreSQLSingleUser")`, 1))
	artefacts["exchanged"] = run(good, 1, "plan")
	for name, text := range map[string]string{
		"warning": "The value cannot rotate.", "error": "[secret-engine-mismatch]", "not JSON": "[secret-not-json]", "exchanged": "in the wrong",
	} {
		if !strings.Contains(artefacts[name], text) {
			t.Errorf("The output of %q does not contain %q:\n%s", name, text, artefacts[name])
		}
	}
	collect(t, c.dir, artefacts)
	for name, content := range artefacts {
		if len(shown(content, firstPassword)) > 0 {
			t.Errorf("%s shows the password.", name)
		}
	}
	// What is not secret is found, so that a secret would be.
	for _, name := range []string{"plan", "tfplan!tfplan", "terraform.tfstate"} {
		if len(shown(artefacts[name], needle)) == 0 {
			t.Errorf("The control is not in %s: the search does not reach it.", name)
		}
	}
	if !strings.Contains(artefacts["trace.log"], "Calling provider defined Function Run") {
		t.Error("The log is not as talkative as it can be.")
	}
}
