package provider

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// What a configuration gives that is secret, and what AWS has in its place.
var (
	argumentPassword = plant(fromConfiguration, "the password in an argument of a function")
	keptPassword     = plant(fromConfiguration, "the password in an output")
	webToken         = plantToken(fromConfiguration, "a web identity token")
	proxyPassword    = plantToken(fromConfiguration, "the password of a proxy")
	writtenPassword  = plant(fromConfiguration, "a password that is written")
	lostValue        = plant(fromAWS, "a text in place of a value")
	rewritten        = plant(fromConfiguration, "a password that is written again")
)

// functionsRoom gives secrets to the functions that take one.
func functionsRoom(cli string) leakRoom {
	quoted := func(text string) string { return `"` + quotedJSON(text, true) + `"` }
	value := func(changes ...string) string {
		return secretString(append([]string{"password", quoted(argumentPassword)}, changes...)...)
	}
	good, warned, bad := value(), value("host", quoted(argumentPassword+":1")), value("engine", quoted(argumentPassword))
	config := func(kind string) string {
		return `
variable "value" {
  type      = string
  ` + kind + ` = true
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
`
	}
	room := leakRoom{
		what: "functions", provider: built, needs: ephemeralValues,
		furnish: func(r *room) {
			// Terraform has these two hashes of each call in a saved plan, to see whether a
			// function keeps to its results. OpenTofu has none.
			const of, way = "a value given to a function", "as Terraform's hash"
			for _, function := range []string{"assert_secret_string", "check_secret_string"} {
				call := "registry.terraform.io/rotationsafe/rotation|" + function + "|" + goString("PostgreSQLSingleUser") + "|" + goString(good)
				r.forms = append(r.forms, hashForms(of, way, call)...)
			}
			r.forms = append(r.forms, hashForms(of, way, goString(good))...)
		},
	}
	for _, kind := range []string{"ephemeral", "sensitive"} {
		for _, step := range []leakStep{
			{what: "warning", do: "plan", env: []string{warned}, shows: "The value cannot rotate."},
			{what: "error", do: "plan", env: []string{bad}, code: 1, shows: "[secret-engine-mismatch]"},
			{what: "no JSON", do: "plan", env: []string{argumentPassword}, code: 1, shows: "[secret-not-json]"},
			{what: "exchanged", do: "plan", config: strings.Replace(config(kind), `("PostgreSQLSingleUser", var.value)`, `(var.value, "PostgreSQLSingleUser")`, 1), env: []string{good}, code: 1, shows: "in the wrong"},
		} {
			step.what, step.env = kind+", "+step.what, []string{"TF_VAR_value=" + step.env[0]}
			if step.config == "" {
				step.config = config(kind)
			}
			room.steps = append(room.steps, step)
		}
	}
	room.steps = append(room.steps,
		leakStep{what: "ephemeral, saved", do: "plan -out=ephemeral.tfplan", config: config("ephemeral"), env: []string{"TF_VAR_value=" + good}},
		leakStep{what: "ephemeral, applied", do: "apply ephemeral.tfplan", env: []string{"TF_VAR_value=" + good}},
		// A CLI keeps what is only sensitive, and a search has to find it there.
		leakStep{what: "sensitive, saved", do: "plan -out=sensitive.tfplan", config: config("sensitive") + keptOutput, env: []string{"TF_VAR_value=" + good, "TF_VAR_kept=" + keptPassword}},
		leakStep{what: "sensitive, applied", do: "apply sensitive.tfplan"},
		leakStep{what: "sensitive, in JSON", do: "output -json"},
		leakStep{what: "sensitive, destroyed", do: "destroy -auto-approve", env: []string{"TF_VAR_value=" + good, "TF_VAR_kept=" + keptPassword}},
	)
	const argument, output = "the password in an argument of a function, ", "the password in an output, "
	room.keeps = []kept{
		{regexp.MustCompile(`^sensitive\.tfplan!tfplan$`), argument},
		{regexp.MustCompile(`^sensitive\.tfplan!tfplan$`), output},
		{regexp.MustCompile(`^sensitive\.tfplan!tfstate$`), output},
		{regexp.MustCompile(`terraform\.tfstate$`), output},
		{regexp.MustCompile(`terraform\.tfstate\.backup$`), output},
		{regexp.MustCompile(`^output of sensitive, in JSON$`), output},
	}
	if cli == "Terraform" {
		room.keeps = append(room.keeps, kept{regexp.MustCompile(`^(ephemeral|sensitive)\.tfplan!tfplan$`), "a value given to a function, as Terraform's hash"})
	}
	return room
}

// keptOutput is an output that goes through a function, in the state.
const keptOutput = `
variable "kept" {
  sensitive = true
}
output "kept" {
  value     = provider::rotation::assert_secret_string("Custom", var.kept)
  sensitive = true
}
`

// goString is a text as Terraform writes it to hash it.
func goString(text string) string { return fmt.Sprintf("cty.StringVal(%q)", text) }

// credentialsRoom gives the provider credentials of every kind, good and bad.
func credentialsRoom() leakRoom {
	const observed = `
data "rotation_status" "test" {
  secret_id = "@secret"
}
output "status" {
  value = data.rotation_status.test
}
`
	block := func(arguments string) string {
		return "variable \"given\" {\n  type      = map(string)\n  ephemeral = true\n}\nprovider \"rotation\" {\n" + arguments + "}\n" + observed
	}
	given := func(r *room, values object) { r.env = append(r.env, "TF_VAR_given="+encoded(r.t, values)) }
	web := block(`
  assume_role_with_web_identity {
    role_arn           = "@web"
    web_identity_token = var.given.token
  }
  assume_role {
    role_arn = "@second"
  }
`)
	return leakRoom{
		what: "credentials", provider: built, needs: ephemeralValues, furnish: func(r *room) {
			r.orders()
			role := func(name, principal, action string) {
				trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,"Action":%q}]}`, principal, action)
				made, err := r.Roles.CreateRole(r.t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
				r.Must(err)
				r.arns[name] = *made.Role.Arn
				_, err = r.Roles.AttachRolePolicy(r.t.Context(), &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: new("arn:aws:iam::aws:policy/AdministratorAccess")})
				r.Must(err)
			}
			role("web", `{"Federated":"arn:aws:iam::`+r.AccountID()+`:oidc-provider/example.com"}`, "sts:AssumeRoleWithWebIdentity")
			role("second", `{"AWS":"arn:aws:iam::`+r.AccountID()+`:root"}`, "sts:AssumeRole")
		},
		steps: []leakStep{
			{what: "keys and session token", do: "apply -auto-approve", shows: needle, before: func(r *room) {
				session, err := sts.NewFromConfig(r.Config()).AssumeRole(r.t.Context(), &sts.AssumeRoleInput{RoleArn: new(r.arns["second"]), RoleSessionName: new("planted")})
				r.Must(err)
				c := session.Credentials
				r.forms = append(r.forms, planted{"a secret access key of the provider block", *c.SecretAccessKey}.formsOfParts()...)
				r.forms = append(r.forms, planted{"a session token of the provider block", *c.SessionToken}.formsOfParts()...)
				given(r, object{"access": *c.AccessKeyId, "secret": *c.SecretAccessKey, "token": *c.SessionToken})
			}, config: block("  access_key = var.given.access\n  secret_key = var.given.secret\n  token      = var.given.token\n")},
			{what: "web identity and a chain of roles", do: "plan -out=web.tfplan", config: web, before: func(r *room) { given(r, object{"token": webToken}) }},
			{what: "apply of that plan", do: "apply web.tfplan"},
			{what: "web identity that is refused", do: "plan", code: 1, shows: "IDPRejectedClaim", before: func(r *room) {
				r.Inject(awslab.Fault{Operation: "AssumeRoleWithWebIdentity", Code: "IDPRejectedClaim", Message: "The token " + webToken + " is not valid."})
			}},
			{what: "proxy that is down", do: "plan", code: 1, shows: "proxyconnect", config: block("  http_proxy = var.given.proxy\n  no_proxy   = \"nowhere\"\n"), before: func(r *room) {
				given(r, object{"proxy": "http://app:" + proxyPassword + "@127.0.0.1:1"})
				r.env = append(r.env, "AWS_ENDPOINT_URL=http://aws.example.com")
			}},
			{what: "proxy without a scheme", do: "plan", code: 1, shows: "Invalid proxy URL", before: func(r *room) {
				given(r, object{"proxy": "app:" + proxyPassword + "@127.0.0.1:1"})
			}},
			{what: "credentials file that is broken", do: "plan", code: 1, shows: "partial credentials found", config: block("  profile = \"planted\"\n"), before: func(r *room) {
				file, secret := filepath.Join(r.t.TempDir(), "credentials"), planted{"a secret access key in a file", rand.Text()}
				r.forms = append(r.forms, secret.formsOfParts()...)
				r.Must(os.WriteFile(file, []byte("[planted]\naws_access_key_id = AKIAPLANTED\naws_secret_access_key "+secret.text+"\n"), 0o600))
				r.env = append(r.env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SHARED_CREDENTIALS_FILE="+file)
			}},
		},
	}
}

// secretValueRoom stores first values with passwords of all kinds, and changes them.
func secretValueRoom() leakRoom {
	config := func(host string, version int) string {
		return fmt.Sprintf(`
variable "password" {
  type      = string
  ephemeral = true
}
ephemeral "rotation_random_password" "test" {
  rotation_type = "MySQLSingleUser"
}
resource "rotation_secret_value" "given" {
  secret_id           = "@given"
  rotation_type       = "MySQLSingleUser"
  connection_fields   = { host = %[1]q, username = "app" }
  password_wo         = var.password
  password_wo_version = %[2]d
}
resource "rotation_secret_value" "ephemeral" {
  secret_id           = "@ephemeral"
  rotation_type       = "MySQLSingleUser"
  connection_fields   = { host = %[1]q, username = "app" }
  password_wo         = ephemeral.rotation_random_password.test.random_password
  password_wo_version = %[2]d
}
resource "rotation_secret_value" "generated" {
  secret_id         = "@generated"
  rotation_type     = "PostgreSQLSingleUser"
  connection_fields = { host = %[1]q, username = "app" }
  generate_password = { contexts = ["url"] }
}
resource "rotation_secret_value" "bare" {
  secret_id           = "@bare"
  rotation_type       = "Custom"
  password_wo         = provider::rotation::assert_secret_string("Custom", var.password)
  password_wo_version = %[2]d
}
resource "terraform_data" "control" {
  input = %[1]q
  lifecycle {
    precondition {
      condition     = length(ephemeral.rotation_random_password.test.random_password) == 32
      error_message = "There is no password."
    }
  }
}
`, host, version)
	}
	const misplaced = `
variable "misplaced" {
  type      = string
  sensitive = true
}
resource "rotation_secret_value" "misplaced" {
  secret_id         = "@bare"
  rotation_type     = "InfluxDBMultiUser"
  connection_fields = { token = var.misplaced }
}
`
	// quoted has AWS quote the value that it does not take.
	quoted := func(r *room) {
		value := encoded(r.t, object{"engine": "mysql", "password": writtenPassword})
		r.heal = r.Inject(awslab.Fault{
			Operation: "PutSecretValue", Caller: ":user/planted",
			Code: "InvalidRequestException", Message: "Value '" + value + "' at 'secretString': " + writtenPassword,
		})
	}
	imports := ""
	for _, name := range []string{"given", "generated"} {
		imports += fmt.Sprintf("import {\n  to = rotation_secret_value.%[1]s\n  id = \"@%[1]s\"\n}\n", name)
	}
	first, second := []string{"TF_VAR_password=" + writtenPassword}, []string{"TF_VAR_password=" + rewritten}
	return leakRoom{
		what: "secret value", provider: builtQuick, needs: writeOnly, furnish: func(r *room) {
			for _, name := range []string{"given", "ephemeral", "generated", "bare"} {
				r.arns[name] = r.NewSecret(needle+"-"+name, nil)
			}
		},
		steps: []leakStep{
			{what: "validate values", do: "validate", config: config("one", 1)},
			{what: "values that AWS refuses", do: "apply -auto-approve -target=rotation_secret_value.given", before: quoted, env: first, code: 1, shows: "at 'secretString': ***"},
			{what: "plan of values", do: "plan -out=values.tfplan", before: healed, env: first, shows: "5 to add"},
			{what: "plan of values in JSON", do: "show -json values.tfplan"},
			{what: "first values", do: "apply values.tfplan", env: first, shows: "5 added"},
			{what: "refresh of values", do: "apply -refresh-only -auto-approve", env: first},
			{what: "another host", do: "apply -auto-approve", config: config("two", 1), env: first, shows: "4 changed"},
			{what: "passwords again", do: "apply -auto-approve", config: config("two", 2), env: second, shows: "Password is written again…3 changed"},
			{what: "a value is lost, at plan", do: "plan", before: func(r *room) { r.put("given", lostValue) }, config: config("three", 2), env: second, code: 1, shows: "secret-not-json"},
			{what: "a value is lost", do: "apply -auto-approve", config: unseen + config("three", 2), env: second, code: 1, shows: "not a JSON object"},
			{what: "state of values", do: "show -json", shows: needle},
			{what: "forgotten", do: "state rm rotation_secret_value.given rotation_secret_value.generated"},
			{what: "import of a value", do: `import rotation_secret_value.given "@given"`, env: second, shows: "Import successful!"},
			{what: "forgotten again", do: "state rm rotation_secret_value.given"},
			{what: "import block of values", do: "plan -generate-config-out=generated.tf", config: imports, env: second, code: 1, shows: "Must set a configuration value for the rotation_type attribute"},
			{what: "destroy of values", do: "destroy -auto-approve", before: func(r *room) { r.Must(os.Remove(filepath.Join(r.dir, "generated.tf"))) }, config: "# nothing\n"},
			{what: "a password in the wrong argument", do: "plan", config: misplaced, env: []string{"TF_VAR_misplaced=" + writtenPassword}, code: 1, shows: "is the secret itself"},
		},
	}
}

// crashRoom has the provider crash while it has secrets in its hands.
func crashRoom(cli string) leakRoom {
	shown := ""
	if cli == "Terraform" { // OpenTofu 1.12 has it in the log only.
		shown = "Stack trace from the terraform-provider-rotation plugin: panic: as the test asks for…goroutine"
	}
	// frozen has a call of the provider hang, and the provider get a signal at that.
	frozen := func(operation string, after int, s os.Signal) func(*room) {
		return func(r *room) {
			r.Inject(awslab.Fault{
				Operation: operation, Caller: ":user/planted", After: after, Times: 1, Freeze: true,
				Do: func(awslab.Call) { signal(r.t, r.process, s) },
			})
		}
	}
	return leakRoom{
		what: "crash", provider: builtQuick, furnish: func(r *room) {
			r.orders()
			r.arns["empty"] = r.NewSecret("empty", nil)
		},
		steps: []leakStep{
			{what: "stopped with values in hand", do: "plan", config: `
resource "rotation_setup" "test" {
  secret_id            = "@secret"
  rotation_type        = "MySQLMultiUser"
  superuser_secret_arn = "@superuser"
  rotation_lambda_arn  = "@rotator"
  rotation_rules       = { automatically_after_days = 30 }
}
`, before: frozen("GetSecretValue", 1, syscall.SIGQUIT), code: 1, logs: "SIGQUIT: quit…goroutine …awsapi"},
			{what: "stopped with a value on its way", do: "apply -auto-approve", needs: writeOnly, config: `
variable "password" {
  type      = string
  ephemeral = true
}
resource "rotation_secret_value" "test" {
  secret_id           = "@empty"
  rotation_type       = "Custom"
  password_wo         = var.password
  password_wo_version = 1
}
`, env: []string{"TF_VAR_password=" + writtenPassword}, before: frozen("PutSecretValue", 0, syscall.SIGABRT), code: 1, logs: "SIGABRT: abort"},
			{what: "panic", do: "apply -auto-approve", config: setupOf("30s", 1), env: []string{"ROTATION_TEST_CRASH=1"}, code: 1, shows: shown, logs: "panic: as the test asks for"},
		},
	}
}
