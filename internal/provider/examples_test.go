package provider

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-version"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

const examplesDir = "../../examples"

// exampleSecret is the ARN that examples of imports name.
const exampleSecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf"

// exampleSuperuser is the ARN that the examples of alternating users name.
const exampleSuperuser = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-GhIjKl"

// exampleFunction is the ARN that the import of a function access names.
const exampleFunction = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"

// exampleWorld has the secrets and the function that the examples are about.
type exampleWorld struct {
	*labtest.World
	orders, superuser string
}

func newExampleWorld(t *testing.T) exampleWorld {
	t.Helper()
	w := exampleWorld{World: labtest.New(t)}
	value := map[string]any{"engine": "postgres", "host": "db", "username": "postgres", "password": firstPassword}
	w.superuser = w.NewSecret("superuser", value)
	value["username"], value["masterarn"] = "orders", w.superuser
	w.orders = w.NewSecret("orders", value)
	return w
}

// rotating makes the secret rotate as it does before a setup takes it over.
func (w exampleWorld) rotating(t *testing.T) {
	t.Helper()
	_, err := w.Functions.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: &w.FunctionARN, StatementId: aws.String("by-hand"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("secretsmanager.amazonaws.com"), SourceAccount: aws.String(w.AccountID()),
	})
	w.Must(err)
	_, err = w.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &w.orders, RotationLambdaARN: &w.FunctionARN, RotateImmediately: new(false),
		RotationRules: &secretstypes.RotationRulesType{AutomaticallyAfterDays: new(int64(30))},
	})
	w.Must(err)
}

// setup is a configuration that an example is a part of.
func (w exampleWorld) setup() string {
	return requireRotation + fmt.Sprintf(`
resource "rotation_setup" "orders" {
  secret_id           = %q
  rotation_lambda_arn = %q
  rotation_rules      = { automatically_after_days = 30 }
}
`, w.orders, w.FunctionARN)
}

// functionAccess is a configuration that an example is a part of.
func (w exampleWorld) functionAccess() string {
	return requireRotation + fmt.Sprintf(`
resource "rotation_function_access" "rotator" {
  rotation_lambda_arn = %q
  rotation_types      = ["Custom"]
}
`, w.FunctionARN)
}

// value is a configuration that an example is a part of.
func (w exampleWorld) value() string {
	return requireRotation + fmt.Sprintf(`
resource "rotation_secret_value" "orders" {
  secret_id         = %q
  rotation_type     = "PostgreSQLSingleUser"
  connection_fields = { host = "db", username = "orders" }
}
`, w.orders)
}

// exampleCase is how an example is planned. An example is a directory, or one
// file of a directory whose files belong to different configurations.
type exampleCase struct {
	variables func(exampleWorld) map[string]any
	// beside returns further files of the configuration, and what has to be so.
	beside func(*testing.T, exampleWorld) map[string]string
	// since is the version of either CLI that the example needs.
	since string
	plans []string
}

func exampleCases() map[string]exampleCase {
	setup := func(_ *testing.T, w exampleWorld) map[string]string { return map[string]string{"setup.tf": w.setup()} }
	rotating := func(t *testing.T, w exampleWorld) map[string]string {
		t.Helper()
		w.rotating(t)
		return setup(t, w)
	}
	cases := map[string]exampleCase{
		"quickstart": {
			variables: func(w exampleWorld) map[string]any {
				return map[string]any{"secret_id": w.orders, "rotation_lambda_arn": w.FunctionARN}
			},
			plans: []string{"rotation_setup.quickstart will be created", "1 to add, 0 to change, 0 to destroy"},
		},
		"alternating-users": {
			variables: func(w exampleWorld) map[string]any {
				return map[string]any{"secret_id": w.orders, "rotation_lambda_arn": w.FunctionARN, "superuser_secret_arn": w.superuser}
			},
			plans: []string{"ReadSuperuserSecret", "1 to add, 0 to change, 0 to destroy"},
		},
		"owned-value": {
			variables: func(w exampleWorld) map[string]any {
				return map[string]any{"secret_id": w.orders, "connection_fields": map[string]any{"username": "orders", "host": "another"}}
			},
			plans: []string{"The value differs from `connection_fields` in `host`.", "1 to add, 0 to change, 0 to destroy"},
		},
		"provider/provider.tf": {
			beside: func(_ *testing.T, w exampleWorld) map[string]string {
				_, resource, _ := strings.Cut(w.setup(), "resource ")
				return map[string]string{"setup.tf": "resource " + resource}
			},
			plans: []string{"1 to add, 0 to change, 0 to destroy"},
		},
		"resources/rotation_setup/resource.tf": {
			variables: func(exampleWorld) map[string]any { return map[string]any{"orders_password": firstPassword} },
			since:     "1.11.0",
			plans:     []string{"rotation_setup.orders will be created", "6 to add, 0 to change, 0 to destroy"},
		},
		"resources/rotation_setup/import-by-string-id.tf": {
			beside: rotating,
			plans:  []string{"rotation_setup.orders will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy"},
		},
		"resources/rotation_setup/import-by-identity.tf": {
			beside: rotating, since: "1.12.0",
			plans: []string{"rotation_setup.orders will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy"},
		},
		"resources/rotation_setup/moved.tf": {
			beside: func(t *testing.T, w exampleWorld) map[string]string {
				t.Helper()
				files := rotating(t, w)
				files["terraform.tfstate"] = w.rotationState(t)
				return files
			},
			since: "1.10.0",
			plans: []string{"(moved from aws_secretsmanager_secret_rotation.orders)", "0 to add, 1 to change, 0 to destroy"},
		},
		"resources/rotation_secret_value/resource.tf": {
			variables: func(exampleWorld) map[string]any { return map[string]any{"orders_password": firstPassword} },
			since:     "1.11.0",
			plans:     []string{"rotation_secret_value.orders will be created", "2 to add, 0 to change, 0 to destroy"},
		},
		"resources/rotation_secret_value/generated.tf": {
			beside: func(_ *testing.T, w exampleWorld) map[string]string {
				return map[string]string{"setup.tf": requireRotation}
			},
			plans: []string{"Warning: Secret has a value already", "2 to add, 0 to change, 0 to destroy"},
		},
		"resources/rotation_secret_value/import-by-string-id.tf": {
			beside: func(_ *testing.T, w exampleWorld) map[string]string { return map[string]string{"value.tf": w.value()} },
			plans:  []string{"rotation_secret_value.orders will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy"},
		},
		"resources/rotation_secret_value/import-by-identity.tf": {
			beside: func(_ *testing.T, w exampleWorld) map[string]string { return map[string]string{"value.tf": w.value()} },
			since:  "1.12.0",
			plans:  []string{"rotation_secret_value.orders will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy"},
		},
		"resources/rotation_function_access/resource.tf": {
			plans: []string{"rotation_function_access.rotator will be created", "rotation_setup.app[\"orders\"] will be created", "9 to add, 0 to change, 0 to destroy"},
		},
		"resources/rotation_function_access/import-by-string-id.tf": {
			beside: func(_ *testing.T, w exampleWorld) map[string]string {
				return map[string]string{"access.tf": w.functionAccess()}
			},
			plans: []string{"rotation_function_access.rotator will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy"},
		},
		"resources/rotation_function_access/import-by-identity.tf": {
			beside: func(_ *testing.T, w exampleWorld) map[string]string {
				return map[string]string{"access.tf": w.functionAccess()}
			},
			since: "1.12.0",
			plans: []string{"rotation_function_access.rotator will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy"},
		},
		"data-sources/rotation_template/data-source.tf": {
			plans: []string{"applications/SecretsManagerRDSPostgreSQLRotationSingleUser", "1 to add, 0 to change, 0 to destroy"},
		},
		"data-sources/rotation_role_policy/data-source.tf": {
			plans: []string{"ReadSuperuserSecret", "1 to add, 0 to change, 0 to destroy"},
		},
		"data-sources/rotation_diagnosis/data-source.tf": {
			beside: func(t *testing.T, w exampleWorld) map[string]string {
				t.Helper()
				w.rotating(t)
				return map[string]string{}
			},
			plans: []string{"Warning: Check block assertion failed", "The secret \"orders\" will not rotate.", "role-secret-access: ", "0 to add, 0 to change, 0 to destroy"},
		},
		"data-sources/rotation_diagnosis/postcondition.tf": {
			plans: []string{"data.rotation_diagnosis.orders will be read during apply", "1 to add, 0 to change, 0 to destroy"},
		},
		"ephemeral-resources/rotation_random_password/ephemeral-resource.tf": {
			since: "1.11.0",
			plans: []string{"ephemeral.rotation_random_password.orders: Opening", "2 to add, 0 to change, 0 to destroy"},
		},
		"functions/assert_secret_string/function.tf": {
			variables: func(exampleWorld) map[string]any { return map[string]any{"password": firstPassword} },
			since:     "1.11.0",
			plans:     []string{"secret_string_wo ", "2 to add, 0 to change, 0 to destroy"},
		},
	}
	for _, example := range append(exampleGlob("functions/*/function.tf"), exampleGlob("data-sources/*/data-source.tf")...) {
		if _, special := cases[example]; !special {
			cases[example] = exampleCase{plans: []string{"Changes to Outputs:"}}
		}
	}
	return cases
}

// exampleGlob are the examples of a pattern.
func exampleGlob(pattern string) []string {
	files, err := fs.Glob(os.DirFS(examplesDir), pattern)
	if err != nil {
		panic(err)
	}
	return files
}

// rotationState is a state with the rotation as hashicorp/aws records it.
func (w exampleWorld) rotationState(t *testing.T) string {
	t.Helper()
	return w.awsState(t, map[string]map[string]any{"aws_secretsmanager_secret_rotation": {
		"id": w.orders, "secret_id": w.orders, "rotation_lambda_arn": w.FunctionARN, "rotation_enabled": true, "rotate_immediately": true,
		"rotation_rules": []any{map[string]any{"automatically_after_days": 30, "duration": "", "schedule_expression": ""}},
	}})
}

// awsState is a state with resources of hashicorp/aws by type, each named orders.
func (w exampleWorld) awsState(t *testing.T, resources map[string]map[string]any) string {
	t.Helper()
	host := "registry.terraform.io"
	if name, _ := cliVersion(t); name == "OpenTofu" {
		host = "registry.opentofu.org"
	}
	var all []any
	for _, kind := range slices.Sorted(maps.Keys(resources)) {
		all = append(all, map[string]any{
			"mode": "managed", "type": kind, "name": "orders", "provider": `provider["` + host + `/hashicorp/aws"]`,
			"instances": []any{map[string]any{"schema_version": 0, "attributes": resources[kind]}},
		})
	}
	state, err := json.Marshal(map[string]any{
		"version": 4, "terraform_version": "1.8.0", "serial": 1, "lineage": "2f5b1a4e-3f0c-4c7b-9d4e-6a1f0c7d8e9f", "resources": all,
	})
	w.Must(err)
	return string(state)
}

// TestExamples plans every example with a real CLI on the embedded AWS. A plan
// writes nothing.
func TestExamples(t *testing.T) {
	t.Parallel()
	cases := exampleCases()
	if left := uncovered(t, slices.Collect(maps.Keys(cases))); len(left) > 0 {
		t.Errorf("No test plans %v.", left)
	}
	for example, test := range cases {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			if _, have := cliVersion(t); test.since != "" && have.LessThan(version.Must(version.NewVersion(test.since))) {
				t.Skipf("This example needs version %s of the CLI.", test.since)
			}
			w := newExampleWorld(t)
			files := map[string]string{}
			if test.beside != nil {
				files = test.beside(t, w)
			}
			variables := map[string]any{}
			if test.variables != nil {
				variables = test.variables(w)
			}
			values, err := json.Marshal(variables)
			w.Must(err)
			files["terraform.tfvars.json"] = string(values)
			names := strings.NewReplacer(exampleSecret, w.orders, exampleSuperuser, w.superuser, exampleFunction, w.FunctionARN)
			for name, text := range exampleFiles(t, example) {
				files[name] = names.Replace(text)
			}
			cli := exampleCLI(t, w, files)
			w.ForgetCalls()
			run := func(args ...string) string {
				out, code, err := cli.Run(t.Context(), append(args, "-no-color")...)
				w.Must(err)
				if code != 0 {
					t.Fatal(out)
				}
				return out
			}
			run("validate")
			plan := run("plan", "-input=false")
			for _, text := range test.plans {
				if !strings.Contains(plan, text) {
					t.Errorf("The plan does not contain %q:\n%s", text, plan)
				}
			}
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("The plan has written: %v", writes)
			}
		})
	}
}

// TestFunctionExamples applies the examples of functions and compares each
// output with the comment in its block, which is what the CLI prints for it.
func TestFunctionExamples(t *testing.T) {
	t.Parallel()
	output := regexp.MustCompile(`(?ms)^output "(\w+)" \{$.*?^\}$`)
	comment := regexp.MustCompile(`(?m)^  # ?(.*)$`)
	shown := 0
	for _, example := range exampleGlob("functions/*/function.tf") {
		want := map[string]string{}
		files := exampleFiles(t, example)
		for _, block := range output.FindAllStringSubmatch(files["function.tf"], -1) {
			for _, line := range comment.FindAllStringSubmatch(block[0], -1) {
				want[block[1]] += line[1] + "\n"
			}
		}
		shown += len(want)
		if len(want) == 0 {
			continue
		}
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			w := newExampleWorld(t)
			cli := exampleCLI(t, w, files)
			run := func(args ...string) string {
				out, code, err := cli.Run(t.Context(), append(args, "-no-color")...)
				w.Must(err)
				if code != 0 {
					t.Fatal(out)
				}
				return out
			}
			run("apply", "-auto-approve")
			for name, text := range want {
				if diff := cmp.Diff(text, run("output", name)); diff != "" {
					t.Errorf("The comment in output %q is not what the CLI prints:\n%s", name, diff)
				}
			}
		})
	}
	if shown < 5 {
		t.Errorf("The examples of functions show %d results only.", shown)
	}
}

// TestExampleImportCommand runs the commands that import.sh of each resource
// shows.
func TestExampleImportCommand(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		shown         string
		id, configure func(exampleWorld) string
	}{
		"rotation_setup":           {exampleSecret, func(w exampleWorld) string { return w.orders }, exampleWorld.setup},
		"rotation_secret_value":    {exampleSecret, func(w exampleWorld) string { return w.orders }, exampleWorld.value},
		"rotation_function_access": {exampleFunction, func(w exampleWorld) string { return w.FunctionARN }, exampleWorld.functionAccess},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newExampleWorld(t)
			w.rotating(t)
			script, err := os.ReadFile(filepath.Join(examplesDir, "resources", name, "import.sh"))
			w.Must(err)
			lines := strings.Split(strings.TrimSpace(string(script)), "\n")
			words := strings.Fields(lines[len(lines)-1])
			if len(words) != 4 || words[0] != "terraform" || words[1] != "import" || words[3] != test.shown {
				t.Fatalf("%q is no import of %s.", lines[len(lines)-1], test.shown)
			}
			cli := exampleCLI(t, w, map[string]string{"main.tf": test.configure(w)})
			w.ForgetCalls()
			out, code, err := cli.Run(t.Context(), "import", "-input=false", "-no-color", words[2], test.id(w))
			w.Must(err)
			if code != 0 || !strings.Contains(out, "Import successful!") {
				t.Error(out)
			}
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("The import has written: %v", writes)
			}
		})
	}
}

func TestExamplesAreFormatted(t *testing.T) {
	t.Parallel()
	cli := exampleCLI(t, newExampleWorld(t), nil)
	dir, err := filepath.Abs(examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	if out, code, err := cli.Run(t.Context(), "fmt", "-check", "-diff", "-recursive", "-no-color", dir); err != nil || code != 0 {
		t.Error(out, err)
	}
}

// cliVersion is the name of the CLI, Terraform or OpenTofu, and its version.
func cliVersion(t *testing.T) (string, *version.Version) {
	t.Helper()
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	name, number, _ := strings.Cut(line, " v")
	v, err := version.NewVersion(strings.TrimSpace(number))
	if err != nil {
		t.Fatal(line, err)
	}
	return name, v
}

// exampleCLI is a CLI in a new directory with these files, whose AWS is the
// world's and whose hashicorp/aws is a stand-in.
func exampleCLI(t *testing.T, w exampleWorld, files map[string]string) *tfcli.CLI {
	t.Helper()
	binary, err := built()
	w.Must(err)
	path, err := tfcli.Find()
	w.Must(err)
	dir := t.TempDir()
	for name, text := range files {
		w.Must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	admin := w.Administrator()
	cli, err := tfcli.New(path, dir, binary, serveExamplesAWS(t),
		"AWS_ENDPOINT_URL="+w.URL(), "AWS_REGION="+w.Region(), "AWS_ACCESS_KEY_ID="+admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+admin.SecretAccessKey,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	w.Must(err)
	return cli
}

// exampleFiles are the files of an example, by name.
func exampleFiles(t *testing.T, example string) map[string]string {
	t.Helper()
	pattern := filepath.Join(examplesDir, filepath.FromSlash(example))
	if !strings.HasSuffix(example, ".tf") {
		pattern = filepath.Join(pattern, "*.tf")
	}
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal(pattern, err)
	}
	files := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(text)
	}
	return files
}

// uncovered are the files of examples that none of the given examples has.
func uncovered(t *testing.T, examples []string) []string {
	t.Helper()
	var left []string
	err := fs.WalkDir(os.DirFS(examplesDir), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == ".terraform":
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".tf") && !slices.Contains(examples, path) && !slices.Contains(examples, filepath.ToSlash(filepath.Dir(path))) {
			left = append(left, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}
