package provider

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-version"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// secretString is a value for PostgreSQLSingleUser. Changes are names and the
// JSON of new values, empty to leave the field out.
func secretString(changes ...string) string {
	fields := map[string]json.RawMessage{"engine": json.RawMessage(`"postgres"`), "host": json.RawMessage(`"db.example.com"`), "username": json.RawMessage(`"app"`), "password": json.RawMessage(`"` + firstPassword + `"`)}
	for i := 0; i < len(changes); i += 2 {
		delete(fields, changes[i])
		if changes[i+1] != "" {
			fields[changes[i]] = json.RawMessage(changes[i+1])
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestSecretStringFunctions(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for name, test := range map[string]struct {
		rotationType, value string
		codes, asserted     []string
	}{
		"good":    {"PostgreSQLSingleUser", secretString(), nil, nil},
		"warning": {"PostgreSQLSingleUser", secretString("host", `"db.example.com:5432"`), []string{"warning secret-key-unusable"}, nil},
		"error":   {"PostgreSQLSingleUser", secretString("engine", `"postgresql"`), []string{"error secret-engine-mismatch"}, []string{"secret-engine-mismatch"}},
		"several": {
			"PostgreSQLMultiUser", secretString("host", "", "username", `""`),
			[]string{"error secret-key-missing", "warning secret-key-unusable", "error secret-key-missing"},
			[]string{"secret-key-missing", "secret-key-missing"},
		},
		"plain password": {"PostgreSQLSingleUser", firstPassword, []string{"error secret-not-json"}, []string{"secret-not-json"}},
		"empty":          {"PostgreSQLSingleUser", "", []string{"error secret-not-json"}, []string{"secret-not-json"}},
		"any":            {"Custom", firstPassword, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var codes []string
			findings, _ := s.result("check_secret_string", test.rotationType, test.value).([]any)
			for _, f := range findings {
				f, _ := f.(object)
				codes = append(codes, fmt.Sprintf("%s %s", f["severity"], f["code"]))
				for _, part := range []string{"summary", "detail", "remedy", "reference"} {
					if text, _ := f[part].(string); text == "" {
						t.Errorf("%s has no %s", f["code"], part)
					}
				}
			}
			if diff := cmp.Diff(test.codes, codes); diff != "" {
				t.Error(diff)
			}
			shownNothing(t, fmt.Sprint(findings))

			value, failed := s.call("assert_secret_string", test.rotationType, test.value)
			if len(test.asserted) == 0 {
				if failed != nil || goValue(t, value) != test.value {
					t.Errorf("The assertion does not return the value: %v", failed)
				}
				return
			}
			if failed == nil {
				t.Fatal("The assertion passes.")
			}
			shownNothing(t, failed.text)
			var asserted []string
			for _, line := range strings.Split(failed.text, "\n")[1:] {
				code, _, _ := strings.Cut(strings.TrimPrefix(line, "["), "]")
				asserted = append(asserted, code)
			}
			if diff := cmp.Diff(test.asserted, asserted); diff != "" || failed.argument != 1 || strings.HasSuffix(failed.text, ".") {
				t.Errorf("%+v\n%s", *failed, diff)
			}
		})
	}
}

// TestSecretStringsShowNothing gives both functions values that are all secret:
// field names, values, what is no JSON at all, and a value that stands where the
// rotation type belongs.
func TestSecretStringsShowNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	quoted := `"` + firstPassword + `"`
	values := []string{firstPassword, quoted, "[" + quoted + "]", "{" + quoted, "{" + quoted + ":1}", `{"a":` + firstPassword + "}", secretString() + firstPassword}
	for _, name := range []string{"check_secret_string", "assert_secret_string"} {
		for _, value := range values {
			for second, text := range map[string]string{
				"PostgreSQLSingleUser": "The arguments are in the wrong order: ",
				"postgres":             "There is no such rotation type. The rotation types are MySQLSingleUser, ",
			} {
				_, failed := s.call(name, value, second)
				if failed == nil || failed.argument != 0 || !strings.HasPrefix(failed.text, text) {
					t.Fatalf("%s: %+v", name, failed)
				}
				shownNothing(t, failed.text)
			}
		}
	}
	for _, rotationType := range catalog.All() {
		values := values
		for _, f := range rotationType.Fields {
			for _, form := range []string{quoted, "[" + quoted + "]", "{" + quoted + ":" + quoted + "}"} {
				values = append(values, secretString(f.Name, form))
			}
		}
		for _, value := range values {
			shownNothing(t, fmt.Sprint(s.result("check_secret_string", rotationType.Name, value)))
			if _, failed := s.call("assert_secret_string", rotationType.Name, value); failed != nil {
				shownNothing(t, failed.text)
			}
		}
	}
}

// TestSecretStringInConfigurations uses the functions where a configuration can:
// with literals, in the validation of a variable, in a check block, with values
// that are sensitive or ephemeral and with values that are not known yet.
func TestSecretStringInConfigurations(t *testing.T) {
	t.Parallel()
	const (
		literal = `
output "findings" {
  value = provider::rotation::check_secret_string("PostgreSQLSingleUser", jsonencode({ engine = "postgresql", host = "db", username = "app", password = "" }))
}
`
		validated = `
variable "value" {
  type      = string
  sensitive = false
  validation {
    condition     = alltrue([for f in provider::rotation::check_secret_string("PostgreSQLSingleUser", var.value) : f.severity != "error"])
    error_message = join("\n", [for f in provider::rotation::check_secret_string("PostgreSQLSingleUser", var.value) : "${f.code}: ${f.detail}"])
  }
}
`
		checked = `
variable "value" {
  type = string
}
check "format" {
  assert {
    condition     = can(provider::rotation::assert_secret_string("PostgreSQLSingleUser", var.value))
    error_message = "The value cannot rotate."
  }
}
`
		sensitive = `
variable "value" {
  type      = string
  sensitive = true
}
output "value" {
  value     = provider::rotation::assert_secret_string("PostgreSQLSingleUser", var.value)
  sensitive = true
}
output "findings" {
  value     = provider::rotation::check_secret_string("PostgreSQLSingleUser", var.value)
  sensitive = true
}
`
		ephemeral = `
variable "value" {
  type      = string
  ephemeral = true
}
locals {
  value = provider::rotation::assert_secret_string("PostgreSQLSingleUser", var.value)
}
check "format" {
  assert {
    condition     = local.value != ""
    error_message = "The value is empty."
  }
}
`
		later = `
resource "terraform_data" "value" {
  input = jsonencode({ engine = "postgresql" })
}
output "findings" {
  value = provider::rotation::check_secret_string("PostgreSQLSingleUser", terraform_data.value.output)
}
output "value" {
  value = provider::rotation::assert_secret_string("PostgreSQLSingleUser", terraform_data.value.output)
}
output "schema" {
  value = provider::rotation::secret_schema(terraform_data.value.id)
}
`
		mismatch, noHost = "secret-engine-mismatch", "[secret-key-missing] The field \"host\" is missing."
	)
	call := func(f, arguments string) string {
		return "output \"result\" {\n  value = provider::rotation::" + f + "(" + arguments + ")\n}\n"
	}
	for name, test := range map[string]struct {
		configuration, command, value string
		ephemeral                     bool // is in the configuration
		fails                         bool
		shows                         []string
	}{
		"literal, validated":        {configuration: literal, command: "validate"},
		"literal, planned":          {configuration: literal, command: "plan", shows: []string{mismatch, "secret-key-unusable", `severity = "error"`, `severity = "warning"`}},
		"literal, asserted":         {configuration: call("assert_secret_string", `"PostgreSQLSingleUser", "{}"`), command: "validate", fails: true, shows: []string{noHost}},
		"unknown type":              {configuration: call("check_secret_string", `"postgresqlsingleuser", "{}"`), command: "validate", fails: true, shows: []string{"Did you mean PostgreSQLSingleUser?", "Db2MultiUser"}},
		"null type":                 {configuration: call("secret_schema", "null"), command: "validate", fails: true, shows: []string{"rotation_type", "must not be null"}},
		"null value":                {configuration: call("assert_secret_string", `"Custom", null`), command: "validate", fails: true, shows: []string{"secret_string", "must not be null"}},
		"validation, good":          {configuration: validated, command: "plan", value: secretString("password", `""`)},
		"validation, bad":           {configuration: validated, command: "plan", value: secretString("host", "", "password", `""`), fails: true, shows: []string{"Invalid value for variable", "secret-key-missing: The field \"host\" is missing."}},
		"check, good":               {configuration: checked, command: "plan", value: secretString("password", `""`)},
		"check, bad":                {configuration: checked, command: "plan", value: secretString("host", "", "password", `""`), shows: []string{"Warning: Check block assertion failed", "The value cannot rotate."}},
		"sensitive, good":           {configuration: sensitive, command: "apply", value: secretString(), shows: []string{"findings = <sensitive>", "value = <sensitive>"}},
		"sensitive, bad":            {configuration: sensitive, command: "plan", value: secretString("host", ""), fails: true, shows: []string{noHost}},
		"sensitive, a bad password": {configuration: sensitive, command: "plan", value: firstPassword, fails: true, shows: []string{"[secret-not-json] The value stops being JSON at line 1, column 1."}},
		"ephemeral, good":           {configuration: ephemeral, ephemeral: true, command: "apply", value: secretString()},
		"known after apply":         {configuration: later, command: "plan", shows: []string{"+ findings = (known after apply)", "+ value = (known after apply)", "+ schema = (known after apply)"}},
		"known at apply":            {configuration: later, command: "apply", fails: true, shows: []string{"[secret-engine-mismatch]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if cli, have := cliVersion(t); test.ephemeral && have.LessThan(ephemeralSince[cli]) {
				t.Skip("This CLI has no ephemeral values.")
			}
			c := newTerminal(t, newWorld(t))
			c.write(test.configuration)
			arguments := []string{test.command, "-no-color"}
			if test.command == "apply" {
				arguments = append(arguments, "-auto-approve")
			}
			if test.value != "" {
				arguments = append(arguments, "-var", "value="+test.value)
			}
			out, code, err := c.cli.Run(t.Context(), arguments...)
			c.Must(err)
			if (code != 0) != test.fails {
				t.Fatal(code, out)
			}
			words := strings.Join(strings.Fields(out), " ")
			for _, text := range test.shows {
				if !strings.Contains(words, text) {
					t.Errorf("The output does not contain %q:\n%s", text, out)
				}
			}
			shownNothing(t, out)
		})
	}
}

// ephemeralSince has the versions of the CLIs from which values are ephemeral.
var ephemeralSince = map[string]*version.Version{
	"Terraform": version.Must(version.NewVersion("1.10.0")), "OpenTofu": version.Must(version.NewVersion("1.11.0")),
}
