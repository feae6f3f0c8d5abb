package provider

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// What AWS has that is secret.
var (
	currentPassword   = plant(fromAWS, "the password of AWSCURRENT")
	previousPassword  = plant(fromAWS, "the password of AWSPREVIOUS")
	superuserPassword = plant(fromAWS, "the password of the superuser")
	loggedPassword    = plant(fromAWS, "a password that only a log line has")
	loggedURL         = plant(fromAWS, "a password in an address in a log line")
	loggedSQL         = plant(fromAWS, "a password in SQL in a log line")
	loggedToken       = plantToken(fromAWS, "a token that only a log line has")
	eventPassword     = plantToken(fromAWS, "a password in an event of CloudTrail")
)

// setupRoom is the life of a setup: its rotation fails, is diagnosed, succeeds, and
// fails again as an update.
func setupRoom() leakRoom {
	return leakRoom{
		what: "setup", provider: builtQuick, furnish: func(r *room) {
			r.orders()
			// What AWS may say in the event of a failure is not documented.
			r.spy.edit = func(operation, answer string) string {
				if operation != "LookupEvents" {
					return answer
				}
				return strings.ReplaceAll(answer, "Error when executing lambda", "Login with "+eventPassword+" failed: Error when executing lambda")
			}
		},
		steps: []leakStep{
			{what: "validate", do: "validate", config: setupOf("3s", 1)},
			{what: "plan", do: "plan -out=create.tfplan", shows: "rotation_setup.test will be created"},
			{what: "show", do: "show create.tfplan", shows: "rotation_setup.test will be created"},
			{what: "show in JSON", do: "show -json create.tfplan"},
			{what: "create fails", do: "apply create.tfplan", before: (*room).tellAll, code: 1, shows: "Last lines of the function…cannot log in with *** or *** or *** or *** or"},
			{what: "diagnosis", do: "apply -auto-approve", config: observed, shows: "rotation-failed"},
			{what: "everything that is read", do: "apply -auto-approve", config: observed + pure},
			{what: "output in JSON", do: "output -json", shows: "rotation-failed"},
			{what: "create goes on", do: "apply -auto-approve", before: healed, config: setupOf("30s", 1), shows: "1 added"},
			{what: "refresh", do: "apply -refresh-only -auto-approve"},
			{what: "rotation", do: "apply -auto-approve", config: setupOf("30s", 2), shows: "1 changed"},
			{what: "function access", do: "apply -auto-approve", config: setupOf("3s", 2) + functionAccess, shows: "1 added, 1 changed"},
			{what: "update fails", do: "apply -auto-approve", before: (*room).tellAll, config: setupOf("3s", 3) + functionAccess, code: 1, shows: "Last lines of the function"},
			{what: "state in JSON", do: "show -json", shows: "unfinished_version_id"},
			{what: "state pull", do: "state pull", shows: needle},
			{what: "update goes on", do: "apply -auto-approve", before: healed, config: setupOf("30s", 3) + functionAccess, shows: "1 changed"},
			{what: "destroy", do: "destroy -auto-approve", shows: "2 destroyed"},
		},
	}
}

// takenOverRoom has a secret that rotates already come under a setup in every way.
func takenOverRoom() leakRoom {
	const block = `
import {
  to = rotation_setup.test
  id = "@secret"
}
`
	return leakRoom{
		what: "taken over", provider: builtQuick, furnish: func(r *room) {
			r.orders()
			r.SecretARN = r.arns["secret"]
			r.access(r.FunctionARN, r.Role)
			_, err := r.Secrets.RotateSecret(r.t.Context(), &secretsmanager.RotateSecretInput{
				SecretId: &r.SecretARN, RotationLambdaARN: &r.FunctionARN, RotateImmediately: new(false), RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: new(int64(30))},
			})
			r.Must(err)
			r.env = append(r.env, serveExamplesAWS(r.t))
			state := exampleWorld{World: r.World, orders: r.SecretARN}.rotationState(r.t)
			r.Must(os.WriteFile(filepath.Join(r.dir, "terraform.tfstate"), []byte(state), 0o600))
		},
		steps: []leakStep{
			{what: "moved", do: "apply -auto-approve", config: setupOf("30s", 1) + "moved {\n  from = aws_secretsmanager_secret_rotation.orders\n  to   = rotation_setup.test\n}\n", shows: "1 changed"},
			{what: "forgotten", do: "state rm rotation_setup.test"},
			{what: "import", do: `import rotation_setup.test "@secret"`, shows: "Import successful!"},
			{what: "plan after the import", do: "plan -out=imported.tfplan", shows: "rotation_setup.test will be updated in-place"},
			{what: "forgotten again", do: "state rm rotation_setup.test"},
			{what: "import block", do: "plan -generate-config-out=generated.tf -out=generated.tfplan", config: block, shows: "1 to import"},
			{what: "apply of the import", do: "apply -auto-approve", shows: "1 imported"},
		},
	}
}

// wrongValues are secrets whose values are not what their rotation type asks for.
// What is wrong about them is a password in the wrong place, wherever that is possible.
// "@" stands for the ARN of the superuser secret.
var wrongValues = map[string]struct {
	rotationType     string
	value, superuser any // an object, or any other text
	previous         any
	shows            string // codes of findings
}{
	"engine": {
		rotationType: "PostgreSQLSingleUser", value: object{"engine": plant(fromAWS, "an engine that is a password"), "host": "db", "username": "app", "password": currentPassword},
		shows: "secret-engine-mismatch",
	},
	"text": {rotationType: "MySQLSingleUser", value: plant(fromAWS, "a password that is the whole value"), shows: "secret-not-json"},
	"broken": {
		rotationType: "MySQLSingleUser", value: `{"engine":"mysql","password":"` + plantToken(fromAWS, "a password in broken JSON") + `"`,
		shows: "secret-not-json",
	},
	"list": {rotationType: "MySQLSingleUser", value: `["` + plantToken(fromAWS, "a password in a list") + `"]`, shows: "secret-not-json"},
	"keys": {
		rotationType: "MariaDBSingleUser", value: object{"engine": "mariadb", "host": "db", plant(fromAWS, "a key that is a password"): "x", "username": "app"},
		shows: "secret-key-missing",
	},
	"types": {
		rotationType: "RedshiftSingleUser",
		value: object{
			"engine": "redshift", "host": "db", "dbname": "dev", "port": plant(fromAWS, "a port that is a password"), "username": "app",
			"password": object{"x": plant(fromAWS, "a password within a password")},
		},
		shows: "secret-key-type",
	},
	"previous": {
		rotationType: "MySQLSingleUser", value: object{"engine": "mysql", "host": "db", "username": "app", "password": currentPassword},
		previous: plant(fromAWS, "the whole value of AWSPREVIOUS"), shows: "secret-previous-not-json",
	},
	"superuser": {
		rotationType: "MySQLMultiUser", value: object{"engine": "mysql", "host": "db", "username": "app", "password": currentPassword, "masterarn": "@"},
		superuser: object{"engine": "mysql", "username": "admin", "password": superuserPassword, "port": plant(fromAWS, "a superuser's port that is a password")},
		shows:     "superuser-format",
	},
	"superuser-text": {
		rotationType: "MySQLMultiUser", value: object{"engine": "mysql", "host": "db", "username": "app", "password": currentPassword, "masterarn": "@"},
		superuser: plant(fromAWS, "the whole value of a superuser"), shows: "superuser-format",
	},
	"token": {
		rotationType: "InfluxDBMultiUser",
		value: object{
			"engine": "influx", "org": "orders", "adminSecretArn": "@", "type": "allAccess", "dbIdentifier": "abc123", "token": plantToken(fromAWS, "a token of InfluxDB"),
		},
		superuser: object{"username": "admin", "password": superuserPassword, "token": plantToken(fromAWS, "a token of the superuser")},
		shows:     "secret-engine-mismatch",
	},
	"keytab": {
		rotationType: "ActiveDirectoryAndKeytabSingleUser",
		value: object{
			"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app", "awsSeamlessDomainPassword": plant(fromAWS, "a password of a directory"),
			"keytabArns": "none", "keytab": plantToken(fromAWS, "a keytab"),
		},
		shows: "secret-key-",
	},
}

// unseen is a provider whose plans do not look at values.
const unseen = `
provider "rotation" {
  check_secret_value = false
}
`

// valuesRoom plans and diagnoses setups of all wrong values at once, and has the values
// adopted.
func valuesRoom() leakRoom {
	var config, adopted, shows strings.Builder
	for name, wrong := range wrongValues {
		more := ""
		if wrong.superuser != nil {
			more = fmt.Sprintf("superuser_secret_arn = \"@%s-superuser\"\n", name)
		}
		if wrong.rotationType == "ActiveDirectoryAndKeytabSingleUser" {
			more = "keytab_secret_arns = []\n"
		}
		fmt.Fprintf(&config, `
resource "rotation_setup" %[1]q {
  secret_id           = "@%[1]s"
  rotation_lambda_arn = "@rotator"
  rotation_rules      = { automatically_after_days = 30 }
  rotation_type       = %[2]q
  preflight           = "warn"
  %[3]s
}

data "rotation_diagnosis" %[1]q {
  secret_id     = "@%[1]s"
  rotation_type = %[2]q
  %[3]s
}

output %[1]q {
  value = data.rotation_diagnosis.%[1]s
}
`, name, wrong.rotationType, more)
		fmt.Fprintf(&adopted, `
resource "rotation_secret_value" %[1]q {
  secret_id         = "@%[1]s"
  rotation_type     = %[2]q
  connection_fields = { note = "no secret" }
}
`, name, wrong.rotationType)
		shows.WriteString("…" + wrong.shows)
	}
	return leakRoom{
		what: "values", provider: builtQuick, furnish: func(r *room) {
			text := func(name string, value any) string {
				if o, ok := value.(object); ok {
					for key, member := range o {
						if member == "@" {
							o = with(o, object{key: r.arns[name+"-superuser"]})
						}
					}
					return encoded(r.t, o)
				}
				return value.(string) //nolint:forcetypeassert // Nothing else is in the table.
			}
			for name, wrong := range wrongValues {
				if wrong.superuser != nil {
					r.arns[name+"-superuser"] = r.NewSecret(name+"-superuser", nil)
					r.put(name+"-superuser", text(name, wrong.superuser))
				}
				r.arns[name] = r.NewSecret(name, nil)
				if wrong.previous != nil {
					r.put(name, text(name, wrong.previous))
				}
				r.put(name, text(name, wrong.value))
			}
		},
		steps: []leakStep{
			{what: "plan of wrong values", do: "plan -out=values.tfplan", config: config.String(), shows: shows.String()},
			{what: "show of wrong values", do: "show -json values.tfplan"},
			{what: "plan of wrong values, as errors", do: "plan", config: strings.ReplaceAll(config.String(), `"warn"`, `"error"`), code: 1, shows: shows.String()},
			{what: "wrong values are not adopted at plan", do: "plan", config: adopted.String(), code: 1, shows: "secret-not-json…secret-engine-mismatch"},
			{what: "wrong values are not adopted", do: "apply -auto-approve", config: unseen + adopted.String(), code: 1, shows: "secret-not-json…secret-engine-mismatch"},
		},
	}
}

// setupOf is a setup whose rotation has so much time, and which rotates anew with
// another trigger.
func setupOf(timeout string, trigger int) string {
	return fmt.Sprintf(`
resource "rotation_setup" "test" {
  secret_id            = "@secret"
  rotation_lambda_arn  = "@rotator"
  superuser_secret_arn = "@superuser"
  rotation_rules       = { automatically_after_days = 30 }
  rotate_triggers      = { a = "%[2]d" }
  timeouts {
    create = %[1]q
    update = %[1]q
  }
}
`, timeout, trigger)
}

const functionAccess = `
resource "rotation_function_access" "test" {
  rotation_lambda_arn   = "@rotator"
  rotation_types        = ["MySQLMultiUser"]
  superuser_secret_arns = ["@superuser"]
}
`

// observed is what looks at the rotation of a secret.
const observed = `
data "rotation_diagnosis" "` + needle + `" {
  secret_id            = "@secret"
  superuser_secret_arn = "@superuser"
}
data "rotation_status" "` + needle + `" {
  secret_id = "@secret"
}
output "observed" {
  value = [data.rotation_diagnosis.` + needle + `, data.rotation_status.` + needle + `]
}
`

// pure is what needs no AWS and is given nothing secret.
const pure = `
data "rotation_template" "test" {
  rotation_type = "MySQLMultiUser"
}
data "rotation_secret_schema" "test" {
  rotation_type = "MySQLMultiUser"
}
data "rotation_exclude_characters" "test" {
  rotation_type = "MySQLMultiUser"
}
data "rotation_role_policy" "test" {
  rotation_type        = "MySQLMultiUser"
  secret_arn           = "@secret"
  superuser_secret_arn = "@superuser"
}
data "rotation_schedule" "test" {
  schedule_expression = "rate(10 days)"
  after               = "2026-03-04T05:06:07Z"
}
output "pure" {
  value = [
    data.rotation_template.test, data.rotation_secret_schema.test, data.rotation_exclude_characters.test, data.rotation_role_policy.test, data.rotation_schedule.test,
    provider::rotation::secret_schema("MySQLMultiUser"),
    provider::rotation::exclude_characters("MySQLMultiUser", "url"),
    provider::rotation::check_schedule("rate(10 days)", "3h"),
    provider::rotation::schedule_windows("rate(10 days)", "3h", "2026-03-04T05:06:07Z", 2),
    provider::rotation::role_policy({ rotation_type = "MySQLMultiUser", secret_arn = "@secret", superuser_secret_arn = "@superuser" }),
  ]
}
`

// orders makes the secret of a user, with a value from before, and that of a
// superuser.
func (r *room) orders() {
	value := object{"engine": "labstore", "host": "lab", "username": "orders"}
	r.arns["superuser"] = r.NewSecret("superuser", with(value, object{"username": "admin", "password": superuserPassword}))
	r.arns["secret"] = r.NewSecret(needle, with(value, object{"password": previousPassword}))
	r.put("secret", encoded(r.t, with(value, object{"password": currentPassword})))
	r.Must(r.UserStore().CreateUser("orders", currentPassword))
}

// put stores a value in a secret of the room.
func (r *room) put(name, value string) {
	r.t.Helper()
	secretARN := r.arns[name]
	_, err := r.Secrets.PutSecretValue(r.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secretARN, SecretString: &value})
	r.Must(err)
}

// tellAll has a rotation fail in its last step, and the function log all passwords that
// it knows, and some that nobody else does.
func (r *room) tellAll() {
	const function = ":assumed-role/rotator/"
	last := make(chan func(), 1)
	first := r.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: function, Times: 1, DoneFirst: true, Do: func(awslab.Call) {
		texts := append(r.labelled("secret"), superuserPassword,
			`password="`+quotedJSON(loggedPassword, true)+`"`, "postgres://app:"+url.QueryEscape(loggedURL)+"@lab/db",
			"IDENTIFIED BY '"+strings.ReplaceAll(loggedSQL, "'", "''")+"'", "token: "+loggedToken)
		last <- r.Inject(awslab.Fault{
			Operation: "UpdateSecretVersionStage", Caller: function,
			Code: "InternalServiceError", Message: "cannot log in with " + strings.Join(texts, " or "),
		})
	}})
	r.heal = func() { first(); (<-last)() }
}

// healed ends what the step before has broken.
func healed(r *room) { r.heal() }

// labelled are the passwords of the versions of a secret that have a label. Those of
// older ones let nobody in, and are not masked.
func (r *room) labelled(name string) (passwords []string) {
	r.t.Helper()
	for _, label := range []string{"AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"} {
		out, err := r.Secrets.GetSecretValue(r.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: new(r.arns[name]), VersionStage: &label})
		r.Must(err)
		var value struct{ Password string }
		r.Must(json.Unmarshal([]byte(*out.SecretString), &value))
		passwords = append(passwords, value.Password)
	}
	return passwords
}
