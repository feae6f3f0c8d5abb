package provider

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestSecretValueOfSomebodyElse stores the value of another user, or of another
// engine, by hand: no change and no password is written into it.
func TestSecretValueOfSomebodyElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ value, want string }{
		"another user":    {postgresText("db.example.com", "bob", otherPassword), `ERROR connection_fields.username: Invalid connection field: …another "username"`},
		"another engine":  {`{"engine":"mysql","host":"h","username":"app","password":"` + otherPassword + `"}`, "ERROR rotation_type: …(secret-engine-mismatch): "},
		"no JSON":         {otherPassword, "ERROR secret_id: …(secret-not-json): "},
		"no password":     {`{"engine":"postgres","host":"h","username":"app"}`, ""},
		"the same user":   {postgresText("elsewhere", "app", otherPassword), ""},
		"without an user": {`{"engine":"postgres","host":"h","password":"` + otherPassword + `"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.run(object{"password_wo_version": 1})
			v.put(test.value)
			for _, changes := range []object{
				{"password_wo_version": 1, "connection_fields": object{"host": "db2.example.com", "username": "app"}},
				{"password_wo_version": 2, "connection_fields": object{"host": "db.example.com", "username": "app"}},
			} {
				said := v.run(changes)
				if refused := hasErrors(said.plan) || hasErrors(said.apply); refused != (test.want != "") {
					t.Errorf("%+v", said)
				}
				if test.want == "" {
					return
				}
				if v.current() != test.value {
					t.Fatal("The value of somebody else was changed.")
				}
			}
			// And a create does not take it over either.
			v.state = tftypes.NewValue(v.ty, nil)
			said := v.run(nil)
			if !hasErrors(said.plan) && !hasErrors(said.apply) {
				t.Errorf("%+v", said)
			}
		})
	}
}

// TestSecretValueDestroyed destroys values of secrets that are gone, as far as
// Terraform gets to a destroy: it plans as for an apply first.
func TestSecretValueDestroyed(t *testing.T) {
	t.Parallel()
	for name, force := range map[string]bool{"scheduled for deletion": false, "gone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.run(nil)
			_, err := v.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &v.SecretARN, ForceDeleteWithoutRecovery: aws.Bool(force)})
			v.Must(err)
			said := v.run(nil)
			if hasErrors(said.plan) || len(said.plan) == 0 {
				t.Errorf("A destroy does not get past %q.", said.plan)
			}
			if !hasErrors(said.apply) {
				t.Errorf("An apply does not say %q.", said.apply)
			}
		})
	}
}

// TestSecretValueDoubts plans what can be planned, and is most likely wrong.
func TestSecretValueDoubts(t *testing.T) {
	t.Parallel()
	fields := func(more object) object { return with(object{"host": "h", "username": "app"}, more) }
	for name, test := range map[string]struct {
		config object
		want   []string
	}{
		"the password in capitals":    {object{"connection_fields": fields(object{"PASSWORD": "x"})}, []string{"ERROR connection_fields.PASSWORD: …is the secret itself"}},
		"another secret":              {object{"connection_fields": fields(object{"api_key": "x"})}, []string{"WARNING connection_fields.api_key: Connection field may be a secret: "}},
		"the name of a secret":        {object{"connection_fields": fields(object{"adminSecretArn": "a", "token_url": "b", "secretName": "c"})}, nil},
		"no user":                     {object{"connection_fields": fields(object{"username": ""})}, []string{"ERROR connection_fields.username: …is empty"}},
		"a field without a value":     {object{"connection_fields": fields(object{"dbname": nil})}, []string{`ERROR connection_fields.dbname: …is null. Leave a field without a value out`}},
		"a field without a name":      {object{"connection_fields": fields(object{"": "x"})}, []string{"ERROR connection_fields: Invalid connection field: A field has a name."}},
		"a password of a file":        {object{"password_wo": "pass\n"}, []string{"WARNING password_wo: Password may be wrong: …`trimspace()`"}},
		"a version with a point":      {object{"password_wo_version": 1.5}, nil},
		"a secret of no known format": {object{"rotation_type": "Custom", "connection_fields": object{"token": unknown{}}}, []string{"WARNING connection_fields.token: Connection field may be a secret: "}},
		"a password with a typo":      {object{"connection_fields": fields(object{"pasword": "x"})}, []string{"WARNING connection_fields.pasword: Connection field may be a secret: "}},
		"no password that can be": {
			object{"rotation_type": "ElastiCacheUser", "password_wo": "short", "connection_fields": object{"username": "app", "user_arn": "arn:aws:elasticache:eu-west-1:123456789012:user:app"}},
			[]string{"WARNING password_wo: Password may be wrong: …has 16 to 128 characters."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			said := v.run(test.config)
			expect(t, said.plan, test.want...)
		})
	}
}

// TestSecretValueOfOtherRegion names a secret of the same name in another Region.
func TestSecretValueOfOtherRegion(t *testing.T) {
	t.Parallel()
	v := newValues(t)
	v.config = with(v.config, object{"secret_id": "new"})
	v.does("create", nil, storesFirst...)
	other := v.Config()
	other.Region = "us-east-1"
	_, err := secretsmanager.NewFromConfig(other).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("new")})
	v.Must(err)
	v.does("replace", object{"region": "us-east-1"}, storesFirst...)
	v.does("none", object{"region": "us-east-1"})
}

// TestSecretValueOfUpperCase follows the user of Oracle, whose names the rotation
// function writes in upper case.
func TestSecretValueOfUpperCase(t *testing.T) {
	t.Parallel()
	v := newValues(t)
	fields := func(host string) object {
		return object{"rotation_type": "OracleMultiUser", "connection_fields": object{"host": host, "username": "app", "dbname": "ORCL", "masterarn": otherSecret}}
	}
	v.does("create", fields("h0"), storesFirst...)
	for i, username := range []string{"APP_CLONE", "APP", "APP_CLONE"} {
		v.put(`{"engine":"oracle","host":"h","username":"` + username + `","password":"` + otherPassword + `","dbname":"ORCL","masterarn":"` + otherSecret + `"}`)
		v.does("update", fields(string(rune('a'+i))), merges...)
	}
	v.put(`{"engine":"oracle","host":"h","username":"OTHER","password":"` + otherPassword + `","dbname":"ORCL","masterarn":"` + otherSecret + `"}`)
	if said := v.run(fields("z")); !hasErrors(said.plan) {
		t.Error("The user of somebody else is none.")
	}
}

// TestSecretValueRetyped changes to a type for which a key means another field.
func TestSecretValueRetyped(t *testing.T) {
	t.Parallel()
	v := newValues(t)
	fields := object{"org": "orders", "type": "allAccess", "dbIdentifier": "abc123", "engine": "timestream-influxdb", "masterarn": otherSecret}
	v.run(object{"rotation_type": "Custom", "connection_fields": fields})
	said := v.run(object{"rotation_type": "InfluxDBMultiUser", "connection_fields": fields})
	if hasErrors(said.plan) || hasErrors(said.apply) {
		t.Errorf("%q %q", said.plan, said.apply)
	}
	if got := v.Value(v.SecretARN, "adminSecretArn"); got != otherSecret {
		t.Errorf("The field of the type is %q.", got)
	}
}
