package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// plannedSetup is what a setup of a rotation type meets in AWS.
type plannedSetup struct {
	rotationType     string
	value, superuser object
	// previous and binary are other kinds of values: text that was current
	// before, and a superuser secret that is not text.
	previous string
	binary   bool
	// variables are the environment of the function.
	variables map[string]string
	// prepare changes the world further, which has a superuser secret or none, and
	// returns what to change of the setup.
	prepare func(w world, superuser string) object
}

// plan makes it so and returns the diagnostics of a plan.
func (p plannedSetup) plan(t *testing.T) (world, []string) {
	t.Helper()
	w := newWorld(t)
	setup := with(w.arguments(), object{"rotation_type": p.rotationType})
	value, superuser := maps.Clone(p.value), ""
	if p.superuser != nil {
		superuser = w.NewSecret("superuser", p.superuser)
		if p.binary {
			_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &superuser, SecretBinary: []byte(firstPassword)})
			w.Must(err)
		}
		setup["superuser_secret_arn"] = superuser
		if _, given := value["masterarn"]; !given {
			value["masterarn"] = superuser
		}
	}
	secret := w.NewSecret("planned", value)
	if p.previous != "" {
		for _, text := range []string{p.previous, encoded(t, value)} {
			_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: &text})
			w.Must(err)
		}
	}
	setup["secret_id"] = secret
	if p.variables != nil {
		setup["rotation_lambda_arn"] = w.NewFunction("planned", w.Role, maps.Clone(p.variables))
	}
	if p.prepare != nil {
		setup = with(setup, p.prepare(w, superuser))
	}
	w.ForgetCalls()
	s := newServer(t, w)
	expect(t, s.configure(w.block()))
	expect(t, s.validate(setup))
	got := s.planCreate(setup)
	shownNothing(t, got...)
	if writes := w.Writes(); len(writes) > 0 {
		t.Errorf("A plan has written %v.", writes)
	}
	return w, got
}

// bareFunction makes a function without any environment variable.
func (w world) bareFunction() string {
	arn := w.NewFunction("bare", w.Role, map[string]string{})
	_, err := w.Functions.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &arn, Environment: &lambdatypes.Environment{Variables: map[string]string{}},
	})
	w.Must(err)
	return arn
}

// encrypt encrypts a secret with a new customer managed key.
func (w world) encrypt(t *testing.T, secretARN, keyARN string) {
	t.Helper()
	w.AddKey(keyARN)
	_, err := w.Secrets.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &secretARN, KmsKeyId: &keyARN})
	w.Must(err)
}

func encoded(t *testing.T, value object) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// database is the value of a database user's secret.
func database(engine string, more object) object {
	return with(object{"engine": engine, "host": "db.example.com", "username": "app", "password": firstPassword}, more)
}

// TestPlanChecks plans setups with the mistakes that AWS tells of only in a
// rotation, or not at all, and the same setups without.
func TestPlanChecks(t *testing.T) {
	t.Parallel()
	superuser := func(engine string, more object) object {
		return database(engine, with(object{"username": "admin"}, more))
	}
	keytabs := plannedSetup{
		rotationType: "ActiveDirectoryAndKeytabSingleUser",
		value: object{
			"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app", "awsSeamlessDomainPassword": firstPassword,
			"schemaVersion": "1.0", "keytabArns": []any{firstPassword, otherSecret, strings.ToUpper(otherSecret)},
		},
		prepare: func(world, string) object { return object{"keytab_secret_arns": []any{otherSecret}} },
	}
	const keytabWarning = `WARNING keytab_secret_arns: The execution role may not use the secret (role-secret-access): …items 1 and 3 of the field "keytabArns"`
	for name, test := range map[string]struct {
		bad  plannedSetup
		want []string
		mend func(*plannedSetup)
	}{
		"Oracle by the engine of RDS": {
			bad:  plannedSetup{rotationType: "OracleSingleUser", value: database("oracle-ee", object{"dbname": "ORCL"})},
			want: []string{`ERROR secret_id: The secret's engine is not the rotation type's (secret-engine-mismatch): …"oracle"`},
			mend: func(p *plannedSetup) { p.value["engine"] = "oracle" },
		},
		"Oracle without database": {
			bad:  plannedSetup{rotationType: "OracleMultiUser", value: database("oracle", nil), superuser: superuser("oracle", nil)},
			want: []string{`ERROR secret_id: The secret's value lacks a field (secret-key-missing): …"dbname"`},
			mend: func(p *plannedSetup) { p.value["dbname"] = "ORCL" },
		},
		"Mongo by the engine of DocumentDB": {
			bad:  plannedSetup{rotationType: "MongoDBSingleUser", value: database("docdb", nil)},
			want: []string{`ERROR secret_id: The secret's engine is not the rotation type's (secret-engine-mismatch): …"mongo"`},
			mend: func(p *plannedSetup) { p.value["engine"] = "mongo" },
		},
		"Redshift by its endpoint": {
			bad:  plannedSetup{rotationType: "RedshiftSingleUser", value: database("redshift", object{"host": "c.abc.eu-west-1.redshift.amazonaws.com:5439"})},
			want: []string{`WARNING secret_id: A field of the secret's value cannot work (secret-key-unusable): …"host"`},
			mend: func(p *plannedSetup) { p.value["host"] = "c.abc.eu-west-1.redshift.amazonaws.com" },
		},
		"previous value is no JSON": {
			bad:  plannedSetup{rotationType: "MySQLSingleUser", value: database("mysql", nil), previous: firstPassword},
			want: []string{"WARNING secret_id: The secret's previous value is not JSON (secret-previous-not-json): …"},
			mend: func(p *plannedSetup) { p.previous = "{}" },
		},
		"keytabs that the role may not change": {
			bad:  keytabs,
			want: []string{keytabWarning},
			mend: func(p *plannedSetup) {
				p.value["keytabArns"] = []any{otherSecret, strings.TrimSuffix(otherSecret, "-AbCdEf"), "admin"}
			},
		},
		"keytabs that are to come": {
			bad:  keytabs,
			want: []string{keytabWarning},
			mend: func(p *plannedSetup) {
				p.prepare = func(world, string) object { return object{"keytab_secret_arns": []any{otherSecret, unknown{}}} }
			},
		},
		"superuser missing": {
			bad: plannedSetup{rotationType: "MariaDBMultiUser", value: database("mariadb", object{"masterarn": otherSecret}), prepare: func(world, string) object {
				return object{"superuser_secret_arn": otherSecret}
			}},
			want: []string{"ERROR superuser_secret_arn: The superuser secret does not exist (superuser-not-found): …" + otherSecret},
			mend: func(p *plannedSetup) {
				*p = plannedSetup{rotationType: "MariaDBMultiUser", value: database("mariadb", nil), superuser: superuser("mariadb", nil)}
			},
		},
		"superuser deleted": {
			bad: plannedSetup{rotationType: "MariaDBMultiUser", value: database("mariadb", nil), superuser: superuser("mariadb", nil), prepare: func(w world, superuser string) object {
				_, err := w.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &superuser})
				w.Must(err)
				return nil
			}},
			want: []string{"ERROR superuser_secret_arn: The superuser secret does not exist (superuser-not-found): …restore-secret"},
			mend: func(p *plannedSetup) { p.prepare = nil },
		},
		"superuser without value": {
			bad: plannedSetup{rotationType: "MariaDBMultiUser", value: database("mariadb", nil), prepare: func(w world, _ string) object {
				empty := w.NewSecret("empty", nil)
				return object{"superuser_secret_arn": empty, "secret_id": w.NewSecret("without", database("mariadb", object{"masterarn": empty}))}
			}},
			want: []string{"WARNING superuser_secret_arn: The rotation function cannot read the superuser secret (superuser-not-readable): …no value yet…checked again before the first write."},
			mend: func(p *plannedSetup) { p.prepare, p.superuser = nil, superuser("mariadb", nil) },
		},
		"superuser with a key of its own": {
			bad: plannedSetup{rotationType: "MariaDBMultiUser", value: database("mariadb", nil), superuser: superuser("mariadb", nil), prepare: func(w world, superuser string) object {
				w.encrypt(t, superuser, validKey)
				return nil
			}},
			want: []string{"WARNING superuser_kms_key_arn: The execution role may not use the secret's key (role-kms): …key/1…Set `superuser_kms_key_arn`"},
			mend: func(p *plannedSetup) {
				p.prepare = func(w world, superuser string) object {
					w.encrypt(t, superuser, validKey)
					return object{"superuser_kms_key_arn": validKey}
				}
			},
		},
		"superuser with nothing but what a service's have": {
			bad: plannedSetup{rotationType: "MySQLMultiUser", value: database("mysql", nil), superuser: object{"username": "admin", "password": firstPassword}},
			want: []string{
				"ERROR superuser_secret_arn: The superuser secret is not in the format that the rotation function expects (superuser-format): …\"engine\"",
				"ERROR superuser_secret_arn: The superuser secret is not in the format that the rotation function expects (superuser-format): …\"host\"",
			},
			mend: func(p *plannedSetup) {
				p.prepare = func(w world, _ string) object {
					managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", encoded(t, p.superuser), 7)
					w.Must(err)
					return object{"superuser_secret_arn": managed, "secret_id": w.NewSecret("of-managed", database("mysql", object{"masterarn": managed}))}
				}
			},
		},
		"superuser without engine": {
			bad:  plannedSetup{rotationType: "SQLServerMultiUser", value: database("sqlserver", nil), superuser: object{"host": "db.example.com", "username": "admin", "password": firstPassword}},
			want: []string{"ERROR superuser_secret_arn: The superuser secret is not in the format that the rotation function expects (superuser-format): …\"engine\""},
			mend: func(p *plannedSetup) { p.superuser["engine"] = "sqlserver" },
		},
		"superuser binary": {
			bad:  plannedSetup{rotationType: "SQLServerMultiUser", value: database("sqlserver", nil), superuser: superuser("sqlserver", nil), binary: true},
			want: []string{"ERROR superuser_secret_arn: The superuser secret is not in the format that the rotation function expects (superuser-format): …SecretBinary"},
			mend: func(p *plannedSetup) { p.binary = false },
		},
		"superuser managed, for Mongo": {
			bad: plannedSetup{rotationType: "MongoDBMultiUser", value: database("mongo", nil), superuser: object{"username": "admin", "password": firstPassword}},
			want: []string{
				"ERROR superuser_secret_arn: The superuser secret is not in the format that the rotation function expects (superuser-format): …\"engine\"",
				"ERROR superuser_secret_arn: The superuser secret is not in the format that the rotation function expects (superuser-format): …\"host\"",
			},
			mend: func(p *plannedSetup) { p.superuser = superuser("mongo", nil) },
		},
		"superuser of another host": {
			bad:  plannedSetup{rotationType: "RedshiftMultiUser", value: database("redshift", nil), superuser: superuser("redshift", object{"host": "other.example.com"})},
			want: []string{"ERROR superuser_secret_arn: The superuser secret is for another host (superuser-host-mismatch): …"},
			mend: func(p *plannedSetup) { p.superuser["host"] = "db.example.com" },
		},
		"superuser of another host, maybe a replica": {
			bad:  plannedSetup{rotationType: "MySQLMultiUser", value: database("mysql", nil), superuser: superuser("mysql", object{"host": "other.example.com"})},
			want: []string{"WARNING superuser_secret_arn: The superuser secret is for another host (superuser-host-mismatch): …`read_replica = true`"},
			mend: func(p *plannedSetup) {
				p.prepare = func(world, string) object { return object{"read_replica": true} }
			},
		},
		"superuser of another ARN": {
			// Of the other secret nothing is said, since the function does not read it.
			bad:  plannedSetup{rotationType: "MySQLMultiUser", value: database("mysql", object{"masterarn": otherSecret}), superuser: object{}},
			want: []string{"ERROR superuser_secret_arn: The secret names another superuser secret than the configuration (superuser-arn-mismatch): …"},
			mend: func(p *plannedSetup) { delete(p.value, "masterarn"); p.superuser = superuser("mysql", nil) },
		},
		"MySQL user for a clone, limit unknown": {
			bad: plannedSetup{rotationType: "MySQLMultiUser", value: database("mysql", object{"username": "a-user-of-20-letters"}), superuser: superuser("mysql", nil), prepare: func(world, string) object {
				return object{"rotation_lambda_arn": unknown{}}
			}},
			want: []string{"WARNING secret_id: The user name is too long to be cloned (secret-username-too-long): …USERNAME_CHARACTER_LIMIT"},
			mend: func(p *plannedSetup) {
				p.prepare, p.variables = nil, map[string]string{"USERNAME_CHARACTER_LIMIT": "32"}
			},
		},
		"MySQL user for a clone, default limit": {
			bad:  plannedSetup{rotationType: "MySQLMultiUser", value: database("mysql", object{"username": "a-user-of-20-letters"}), superuser: superuser("mysql", nil)},
			want: []string{"WARNING secret_id: The user name is too long to be cloned (secret-username-too-long): …checked again before the first write."},
			mend: func(p *plannedSetup) { p.variables = map[string]string{"USERNAME_CHARACTER_LIMIT": "32"} },
		},
		"MySQL user beyond every limit": {
			bad:  plannedSetup{rotationType: "MySQLMultiUser", value: database("mysql", object{"username": strings.Repeat("u", 30)}), superuser: superuser("mysql", nil)},
			want: []string{"ERROR secret_id: The user name is too long to be cloned (secret-username-too-long): …"},
			mend: func(p *plannedSetup) { p.value["username"] = "app" },
		},
		"function without endpoint": {
			bad: plannedSetup{rotationType: "MySQLSingleUser", value: database("mysql", nil), prepare: func(w world, _ string) object {
				return object{"rotation_lambda_arn": w.bareFunction()}
			}},
			want: []string{"WARNING rotation_lambda_arn: The rotation function lacks the endpoint of Secrets Manager (function-env-endpoint): …SECRETS_MANAGER_ENDPOINT…checked again before the first write."},
			mend: func(p *plannedSetup) { p.prepare = nil },
		},
		"characters too few": {
			bad:  plannedSetup{rotationType: "PostgreSQLSingleUser", value: database("postgres", nil), variables: map[string]string{"EXCLUDE_CHARACTERS": "/@"}},
			want: []string{"WARNING rotation_lambda_arn: Passwords may contain characters that the database refuses (exclude-characters-too-few): …EXCLUDE_CHARACTERS"},
			mend: func(p *plannedSetup) { p.variables["EXCLUDE_CHARACTERS"] = `:/@"'\` },
		},
		"no characters left": {
			bad:  plannedSetup{rotationType: "PostgreSQLSingleUser", value: database("postgres", nil), variables: map[string]string{"EXCLUDE_CHARACTERS": `:/@"'\0123456789`}},
			want: []string{"WARNING rotation_lambda_arn: No password can be made of the characters left (exclude-characters-impossible): …checked again before the first write."},
			mend: func(p *plannedSetup) { p.variables["EXCLUDE_CHARACTERS"] = `:/@"'\` },
		},
		"length in words": {
			bad:  plannedSetup{rotationType: "PostgreSQLSingleUser", value: database("postgres", nil), variables: map[string]string{"PASSWORD_LENGTH": "long"}},
			want: []string{"WARNING rotation_lambda_arn: The password length is not one the database accepts (password-length-invalid): …checked again before the first write."},
			mend: func(p *plannedSetup) { p.variables["PASSWORD_LENGTH"] = "40" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, got := test.bad.plan(t)
			expect(t, got, test.want...)
			showsWayOut(t, got)
			good := test.bad
			good.value, good.superuser, good.variables = maps.Clone(good.value), maps.Clone(good.superuser), maps.Clone(good.variables)
			test.mend(&good)
			_, got = good.plan(t)
			expect(t, got)
		})
	}
}

// showsWayOut fails the test unless just the errors about a value end with what
// to do if the same plan corrects it.
func showsWayOut(t *testing.T, diagnostics []string) {
	t.Helper()
	const wayOut = " If this apply corrects the value, apply the value first, or set `preflight = \"warn\"`."
	for _, line := range diagnostics {
		before, ends := strings.CutSuffix(line, wayOut)
		wants := strings.HasPrefix(line, "ERROR") && !strings.Contains(line, "(superuser-not-found)")
		if ends != wants || strings.Contains(before, "apply the value first") {
			t.Errorf("The way out is wrong in: %s", line)
		}
	}
}

// TestPlanChecksWhatMayBeRead plans where AWS does not let everything be seen:
// what can't be told is not said.
func TestPlanChecksWhatMayBeRead(t *testing.T) {
	t.Parallel()
	bad := plannedSetup{
		rotationType: "RedshiftMultiUser", value: database("redshift", nil),
		superuser: database("redshift", object{"host": "other.example.com"}), previous: firstPassword,
	}
	mismatch := []string{"ERROR superuser_secret_arn: The superuser secret is for another host (superuser-host-mismatch): …"}
	for name, test := range map[string]struct {
		setup     object
		denied    string // what the caller may not do with the superuser secret
		encrypted bool   // the superuser secret has a key of its own
		want      []string
		values    int // that are read
	}{
		"all":                           {want: mismatch, values: 2},
		"no values":                     {setup: object{"check_secret_value": false}},
		"superuser not to be described": {denied: "DescribeSecret", values: 1},
		"superuser not to be read":      {denied: "GetSecretValue", values: 2},
		"superuser's key to come":       {setup: object{"superuser_kms_key_arn": unknown{}}, encrypted: true, want: mismatch, values: 2},
		"access to come":                {setup: object{"access": unknown{}}, encrypted: true, want: mismatch, values: 2},
		"preflight to come":             {setup: object{"preflight": unknown{}}},
		"superuser to come":             {setup: object{"superuser_secret_arn": unknown{}}, values: 1},
		"type to come":                  {setup: object{"rotation_type": unknown{}}},
		"no type":                       {setup: object{"rotation_type": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := bad
			bad.prepare = func(w world, superuser string) object {
				if test.encrypted {
					w.encrypt(t, superuser, validKey)
				}
				if test.denied != "" {
					_, err := w.Secrets.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{
						SecretId: &superuser,
						ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:` + test.denied + `","Resource":"*",` +
							`"Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/rotator"}}}]}`),
					})
					w.Must(err)
				}
				return test.setup
			}
			w, got := bad.plan(t)
			expect(t, got, test.want...)
			values, described := 0, false
			for _, c := range w.Calls() {
				if c.Operation == "GetSecretValue" {
					values++
				}
				described = described || c.Operation == "DescribeSecret" && strings.Contains(c.Target, "superuser")
			}
			if values != test.values {
				t.Errorf("%d values were read, not %d: %v", values, test.values, w.Calls())
			}
			if _, toCome := test.setup["rotation_type"]; toCome && described {
				t.Errorf("Without a type the superuser secret is of no interest: %v", w.Calls())
			}
		})
	}
}

// variables replaces the environment of the world's function.
func (w world) variables(variables map[string]string) {
	all := map[string]string{"AWSLAB_HANDLER": "UserStore", "SECRETS_MANAGER_ENDPOINT": "https://secretsmanager.eu-west-1.amazonaws.com"}
	maps.Copy(all, variables)
	_, err := w.Functions.UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &w.FunctionARN, Environment: &lambdatypes.Environment{Variables: all},
	})
	w.Must(err)
}

// TestSetupChecksAtApply applies what a plan only warned of: it fails before the
// first write, and goes through once the function is mended.
func TestSetupChecksAtApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The type that takes values of the lab's own function.
	secret := w.NewSecret("cached", object{
		"engine": "labstore", "host": "lab", "username": "app", "password": firstPassword, "user_arn": "arn:aws:elasticache:eu-west-1:123456789012:user:app",
	})
	config := func(lines ...string) string {
		return w.setup(append(lines, fmt.Sprintf("secret_id = %q", secret), `rotation_type = "ElastiCacheUser"`)...)
	}
	right := map[string]string{"SECRET_ARN": secret, "USER_NAME": "app"}
	wrong := func(name, value string) func() {
		return func() {
			changed := maps.Clone(right)
			changed[name] = value
			w.variables(changed)
			w.ForgetCalls()
		}
	}
	nothing := func() {
		t.Helper()
		w.wrote(t)
	}
	fails := func(before func(), code string, lines ...string) resource.TestStep {
		return resource.TestStep{PreConfig: before, Config: config(lines...), ExpectError: regexp.MustCompile(`(?s)Error: .*\(` + code + `\)`)}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			fails(func() { w.variables(map[string]string{"SECRET_ARN": secret}) }, "function-env-invalid"),
			fails(wrong("SECRET_ARN", w.SecretARN), "function-env-invalid"),
			fails(wrong("PASSWORD_LENGTH", "many"), "password-length-invalid"),
			fails(wrong("EXCLUDE_CHARACTERS", "0123456789"), "exclude-characters-impossible"),
			fails(wrong("USER_NAME", "other"), "secret-key-unusable"),
			{
				PreConfig:     func() { nothing(); w.variables(right) },
				Config:        config(`rotate_triggers = { a = "1" }`),
				PostApplyFunc: w.ForgetCalls,
			},
			// What does not rotate is not checked.
			{PreConfig: wrong("USER_NAME", "other"), Config: config(`rotate_triggers = { a = "1" }`), PlanOnly: true},
			{Config: config(`rotate_triggers = { a = "1" }`, `rotation_rules = { automatically_after_days = 30 }`), PostApplyFunc: w.ForgetCalls},
			fails(nil, "secret-key-unusable", `rotate_triggers = { a = "2" }`),
			{
				PreConfig: func() { nothing(); wrong("USER_NAME", "other")() },
				Config:    config(`rotate_triggers = { a = "2" }`, `preflight = "warn"`),
			},
		},
	})
	if w.Finished() != 2 {
		t.Errorf("%d rotations have happened, not 2.", w.Finished())
	}
}

// TestSetupMySQLUserAtApply has a user name that only the function's environment
// lets be cloned.
func TestSetupMySQLUserAtApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	superuser := w.NewSecret("superuser", database("mysql", nil))
	secret := w.NewSecret("orders", database("mysql", object{"username": "a-user-of-20-letters", "masterarn": superuser}))
	config := w.setup(fmt.Sprintf("secret_id = %q", secret), fmt.Sprintf("superuser_secret_arn = %q", superuser), `rotation_type = "MySQLMultiUser"`, `rotation_enabled = false`)
	w.ForgetCalls()
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: config, ExpectError: regexp.MustCompile(`(?s)Error: .*\(secret-username-too-long\)`)},
			{
				PreConfig: func() {
					w.wrote(t)
					w.variables(map[string]string{"USERNAME_CHARACTER_LIMIT": "32"})
				},
				Config: config,
			},
		},
	})
}

// TestPlanUpdateChecks plans updates of a setup whose value is of another type:
// what is checked is what the update makes rotate.
func TestPlanUpdateChecks(t *testing.T) {
	t.Parallel()
	const mismatch = "secret_id: The secret's engine is not the rotation type's (secret-engine-mismatch): …"
	typed := object{"rotation_type": "MariaDBSingleUser"}
	for name, test := range map[string]struct {
		state, setup object
		want         []string
		unread       bool
	}{
		"type is new":          {want: []string{"ERROR " + mismatch}},
		"type is new, warn":    {setup: object{"preflight": "warn"}, want: []string{"WARNING " + mismatch}},
		"type is new, off":     {setup: object{"preflight": "off"}, unread: true},
		"type is new, no read": {setup: object{"check_secret_value": false}, unread: true},
		"type is another":      {state: object{"rotation_type": "MySQLSingleUser"}, want: []string{"ERROR " + mismatch}},
		"type is as before":    {state: typed, unread: true},
		"type is gone":         {state: typed, setup: object{"rotation_type": nil}, unread: true},
		"other days":           {state: typed, setup: object{"rotation_rules": object{"automatically_after_days": 60}}, want: []string{"WARNING rotation_rules: …"}, unread: true},
		"rotates now": {
			state: with(typed, object{"rotate_triggers": object{"a": "1"}}), setup: object{"rotate_triggers": object{"a": "2"}},
			want: []string{"WARNING rotate_triggers: …", "WARNING " + mismatch + "An apply fails because of this; a destroy works."},
		},
		"on again": {
			state: with(typed, object{"rotation_enabled": false}),
			want:  []string{"WARNING rotation_enabled: …", "WARNING " + mismatch + "An apply fails because of this; a destroy works."},
		},
		"function to come": {state: typed, setup: object{"rotation_lambda_arn": unknown{}}, unread: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.hand(t).rotation()
			s := newServer(t, w)
			expect(t, s.configure(w.block()))
			setup := with(w.arguments(), object{"rotation_rules": object{"automatically_after_days": 30}, "rotation_type": "MariaDBSingleUser"})
			var members map[string]tftypes.Value
			w.Must(s.adopt(w.SecretARN).As(&members))
			members = maps.Clone(members)
			for name, v := range test.state {
				members[name] = s.value(members[name].Type(), v)
			}
			w.ForgetCalls()
			got, _ := s.planUpdate(tftypes.NewValue(s.setupType, members), with(setup, test.setup))
			expect(t, got, test.want...)
			showsWayOut(t, got)
			read := slices.ContainsFunc(w.Calls(), func(c awslab.Call) bool { return c.Operation == "GetSecretValue" })
			if read == test.unread {
				t.Errorf("The value was read: %t. %v", read, w.Calls())
			}
		})
	}
}
