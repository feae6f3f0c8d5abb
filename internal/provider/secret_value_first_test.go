package provider

import (
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// storesFirst are the writes of a first value: the second takes the private label
// off again.
var storesFirst = []string{"PutSecretValue", "UpdateSecretVersionStage"}

// TestSecretValueFirst stores first values, once each, and then plans nothing more.
func TestSecretValueFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config object
		plan   []string
		want   string
	}{
		"defaults of the type": {want: postgresText("db.example.com", "app", firstPassword)},
		"by name":              {config: object{"secret_id": "new"}, want: postgresText("db.example.com", "app", firstPassword)},
		"everything": {
			config: object{"rotation_type": "PostgreSQLMultiUser", "connection_fields": object{
				"engine": "aurora-postgresql", "host": "db", "username": "app", "dbname": "orders", "port": "6432", "ssl": "True", "masterarn": otherSecret, "application": "42",
			}},
			want: `{"engine":"aurora-postgresql","host":"db","username":"app","password":"` + firstPassword + `","dbname":"orders","port":6432,"ssl":true,"masterarn":"` + otherSecret + `","application":"42"}`,
		},
		"a token, lists, and the superuser secret where the type reads it": {
			config: object{"rotation_type": "InfluxDBMultiUser", "connection_fields": object{
				"org": "orders", "masterarn": otherSecret, "type": "custom", "dbIdentifier": "abcdefghij", "permissions": `[ "write-tasks" ]`,
			}},
			want: `{"engine":"timestream-influxdb","org":"orders","adminSecretArn":"` + otherSecret + `","type":"custom","dbIdentifier":"abcdefghij","token":"` + firstPassword + `","permissions":["write-tasks"]}`,
		},
		"a credential of another name": {
			config: object{"rotation_type": "ActiveDirectorySingleUser", "connection_fields": object{"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app"}},
			want:   `{"awsSeamlessDomainDirectoryId":"d-1234567890","awsSeamlessDomainUsername":"app","awsSeamlessDomainPassword":"` + firstPassword + `"}`,
		},
		"no password where none is needed": {
			config: object{"rotation_type": "ElastiCacheUser", "password_wo": nil, "connection_fields": object{"username": "app", "user_arn": "arn:aws:elasticache:eu-west-1:123456789012:user:app"}},
			want:   `{"username":"app","user_arn":"arn:aws:elasticache:eu-west-1:123456789012:user:app"}`,
		},
		"a bare password": {config: object{"rotation_type": "Custom", "connection_fields": nil}, want: firstPassword},
		"an object of no known format": {
			config: object{"rotation_type": "Custom", "connection_fields": object{"user": "app", "port": "5"}},
			plan:   []string{"WARNING connection_fields: …(secret-value-overwritten): "},
			want:   `{"password":"` + firstPassword + `","port":"5","user":"app"}`,
		},
		"a name that is almost one": {
			config: object{"connection_fields": object{"host": "db.example.com", "username": "app", "dbName": "orders"}},
			plan:   []string{`WARNING connection_fields.dbName: Connection field is not read: …It reads "dbname"`},
			want:   `{"engine":"postgres","host":"db.example.com","username":"app","password":"` + firstPassword + `","dbname":"postgres","port":5432,"dbName":"orders"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.run(test.config).was(t, "create", test.plan, nil, storesFirst...)
			v.holds(test.want)
			same(t, v.labels(), []string{"AWSCURRENT"})
			same(t, v.attribute("secret_arn"), any(v.SecretARN))
			same(t, v.attribute("unmerged_keys"), nil)
			if said := v.does("none", test.config); said.asked("GetSecretValue") > 0 {
				t.Error("A plan without changes has read the value.")
			}
		})
	}
}

// TestSecretValueGenerated has Secrets Manager generate the first password of every
// type that has one, as the rotation function would.
func TestSecretValueGenerated(t *testing.T) {
	t.Parallel()
	for _, rotationType := range catalog.All() {
		exclusion, err := rotationType.ExcludeCharacters()
		if err != nil {
			continue
		}
		t.Run(rotationType.Name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			spy := newPasswordSpy(t, v.world)
			v.provider["endpoints"] = []any{object{"secretsmanager": spy.url, "sts": v.URL()}}
			connection := object{"dbname": "orders"} // Db2 has no default for it.
			for _, f := range rotationType.Fields {
				if f.Required && f.Keeper != catalog.EachRotation {
					connection[f.Name] = f.Example
				}
				if f.Kind == catalog.SecretIDs {
					connection[f.Name] = `["` + f.Example + `"]`
				}
			}
			v.config = object{"secret_id": v.SecretARN, "rotation_type": rotationType.Name, "generate_password": object{}, "connection_fields": connection}
			if len(rotationType.Fields) == 0 {
				v.config["connection_fields"] = nil
			}
			said := v.run(nil)
			said.was(t, "create", nil, nil, storesFirst...)
			if len(spy.passwords) != 1 {
				t.Fatalf("%d passwords were generated.", len(spy.passwords))
			}
			same(t, spy.requests[0], object{
				"PasswordLength": float64(rotationType.Password.Length), "ExcludeCharacters": exclusion.String(),
				"ExcludePunctuation": exclusion.ExcludePunctuation, "RequireEachIncludedType": true,
			})
			text := v.current()
			if field, ok := rotationType.Credential(); ok {
				text = v.Value(v.SecretARN, field.Name)
			}
			if text != spy.passwords[0] {
				t.Error("The value does not have the password that was generated.")
			}
			if len(shown(encoded(t, goValue(t, v.state).(object)), spy.passwords[0])) > 0 { //nolint:forcetypeassert // A state is an object.
				t.Error("The password is in the state.")
			}
			said = v.run(object{"generate_password": object{"password_length": 40}})
			said.was(t, "update", []string{"WARNING generate_password: Password is not generated: …Its password stays."}, nil)
			v.does("none", object{"generate_password": object{"password_length": 40}})
			if len(spy.passwords) != 1 {
				t.Error("A later change of the argument has generated another password.")
			}
		})
	}
}

// TestSecretValueAdopted creates values of secrets that have one.
func TestSecretValueAdopted(t *testing.T) {
	t.Parallel()
	const hasValue = "WARNING secret_id: Secret has a value already: …"
	multi := object{"rotation_type": "PostgreSQLMultiUser", "connection_fields": object{"host": "db.example.com", "username": "app", "masterarn": otherSecret}}
	multiText := func(username string) string {
		return `{"engine":"postgres","host":"db.example.com","username":"` + username + `","password":"` + otherPassword + `","masterarn":"` + otherSecret + `"}`
	}
	for name, test := range map[string]struct {
		config object
		value  string
		plan   []string
		// unmerged are keys that the run after the create merges, so that the secret
		// has the value merged.
		unmerged []any
		merged   string
	}{
		"the same": {value: postgresText("db.example.com", "app", otherPassword), plan: []string{hasValue}},
		"no object": {
			value: otherPassword, plan: []string{"ERROR secret_id: The secret's value is not a JSON object (secret-not-json): …"},
		},
		"what is missing for good": {
			config: object{"connection_fields": object{"username": "app"}}, value: `{"engine":"postgres","username":"app","password":"` + otherPassword + `"}`,
			plan: []string{`WARNING connection_fields: The secret's value lacks a field (secret-key-missing): The field "host"`, hasValue},
		},
		"without a password to give": {config: object{"password_wo": nil}, value: postgresText("db.example.com", "app", otherPassword), plan: []string{hasValue}},
		"more than is asked for":     {value: `{ "username":"app","zone":"a","password":"` + otherPassword + `","host":"db.example.com","engine":"postgres" }`, plan: []string{hasValue}},
		"text for a number": {
			config: object{"connection_fields": object{"host": "db.example.com", "username": "app", "port": "5432"}},
			value:  `{"engine":"postgres","host":"db.example.com","username":"app","password":"` + otherPassword + `","port":"5432"}`,
			plan:   []string{hasValue},
		},
		"another host": {
			value: postgresText("elsewhere", "app", otherPassword), plan: []string{hasValue + "differs from `connection_fields` in `host`…unmerged_keys"},
			unmerged: []any{"host"}, merged: postgresText("db.example.com", "app", otherPassword),
		},
		"another engine by default":    {value: `{"engine":"aurora-postgresql","host":"db.example.com","username":"app","password":"` + otherPassword + `"}`, plan: []string{hasValue}},
		"the clone of the user":        {config: multi, value: multiText("app_clone"), plan: []string{hasValue}},
		"the user where it is a clone": {config: with(multi, object{"connection_fields": object{"host": "db.example.com", "username": "app_clone", "masterarn": otherSecret}}), value: multiText("app"), plan: []string{hasValue}},
		"another user":                 {value: postgresText("db.example.com", "other", otherPassword), plan: []string{`ERROR connection_fields.username: Invalid connection field: …another "username"`}},
		"another user, of two":         {config: multi, value: multiText("other"), plan: []string{`ERROR connection_fields.username: Invalid connection field: …`}},
		"another user and host":        {value: postgresText("elsewhere", "other", otherPassword), plan: []string{`ERROR connection_fields.username: Invalid connection field: …`}},
		"the other user of a type with one": {
			value: postgresText("db.example.com", "app_clone", otherPassword), plan: []string{`ERROR connection_fields.username: Invalid connection field: …`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.put(test.value)
			said := v.run(test.config)
			if hasErrors(said.plan) {
				said.was(t, "create", test.plan, nil)
				return
			}
			said.was(t, "create", test.plan, nil)
			v.holds(test.value)
			same(t, v.attribute("unmerged_keys"), orNil(test.unmerged))
			if test.unmerged != nil {
				said := v.run(test.config)
				said.was(t, "update", []string{"WARNING connection_fields: Value will be changed: …"}, nil, merges...)
				v.holds(test.merged)
				same(t, v.attribute("unmerged_keys"), nil)
			}
			v.does("none", test.config)
		})
	}
}
