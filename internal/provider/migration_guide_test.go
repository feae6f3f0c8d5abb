package provider

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// migrationGuide is the guide on how to come from aws_secretsmanager_secret_version.
const migrationGuide = "../../templates/guides/secret-version.md"

// TestMigrationGuide does what the guide says, step by step, with the configurations
// that stand in it, and compares what the CLI prints with what it shows.
func TestMigrationGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(migrationGuide)
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, block := range regexp.MustCompile("(?ms)^```(terraform|text)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks[block[1]] = append(blocks[block[1]], block[2])
	}
	configurations, shown := blocks["terraform"], blocks["text"]
	if len(configurations) != 2 || len(shown) != 3 {
		t.Fatalf("The guide has %d configurations and %d outputs.", len(configurations), len(shown))
	}
	// What each step prints, in the order of the guide. The value of the second has
	// another host than the configuration.
	for i, host := range []string{"orders.abc123.eu-west-1.rds.amazonaws.com", "moved.abc123.eu-west-1.rds.amazonaws.com"} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			w := newExampleWorld(t)
			value := `{"dbname":"orders","engine":"postgres","host":"` + host + `","password":"` + firstPassword + `","port":5432,"username":"orders"}`
			_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.orders, SecretString: &value})
			w.Must(err)
			w.ForgetCalls()
			cli := exampleCLI(t, w, map[string]string{
				"terraform.tfstate": w.versionState(t, value), "requirements.tf": requireRotation, "main.tf": strings.ReplaceAll(configurations[1], exampleSecret, w.orders),
			})
			step := func(want string, args ...string) {
				t.Helper()
				out, code, err := cli.Run(t.Context(), append(args, "-input=false", "-no-color")...)
				w.Must(err)
				if code != 0 || !prints(strings.ReplaceAll(out, w.orders, exampleSecret), want) {
					t.Errorf("%v prints\n%s\nand the guide shows\n%s", args, out, want)
				}
			}
			if i == 1 {
				step(shown[1], "plan")
				return
			}
			step(shown[0], "plan")
			step("Apply complete! Resources: 1 imported, 0 added, 1 changed, 0 destroyed.", "apply", "-auto-approve")
			step(shown[2], "plan")
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("The migration has written: %v", writes)
			}
			if state, _, err := cli.Run(t.Context(), "state", "pull"); err != nil || strings.Contains(state, firstPassword) || !strings.Contains(state, "rotation_secret_value") {
				t.Errorf("The state has the password, or not the value: %v", err)
			}
		})
	}
}

// inTerraform says what OpenTofu prints in the words of Terraform.
var inTerraform = strings.NewReplacer(
	"will be removed from the OpenTofu state but will not be destroyed", "will no longer be managed by Terraform, but will not be destroyed",
	"# (destroy = false is set in the configuration)", "", "~ password_wo", "password_wo", ", 1 to forget", "", ", 1 forgotten", "",
)

// prints reports whether an output has the paragraphs that are wanted, in their order
// and however they are broken, as one CLI or the other says it.
func prints(out, want string) bool {
	plain := func(text string) string { return strings.Join(strings.Fields(inTerraform.Replace(text)), " ") }
	out = plain(out)
	for paragraph := range strings.SplitSeq(want, "\n\n") {
		_, rest, found := strings.Cut(out, plain(paragraph))
		if !found {
			return false
		}
		out = rest
	}
	return true
}

// versionState is a state with a secret and a version of it as hashicorp/aws records
// them.
func (w exampleWorld) versionState(t *testing.T, value string) string {
	t.Helper()
	return w.awsState(t, map[string]map[string]any{
		"aws_secretsmanager_secret":         {"id": w.orders, "arn": w.orders, "name": "orders"},
		"aws_secretsmanager_secret_version": {"id": w.orders + "|version", "arn": w.orders, "secret_id": w.orders, "secret_string": value},
	})
}
