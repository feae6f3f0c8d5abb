package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// written is a value with its first password that others have added to.
const written = "{ \"zone\" : \"a\" ,\n \"password\":\"p<>&\\u00e9\", \"host\":\"db.example.com\", \"username\":\"app\",\"engine\":\"postgres\",\"port\":\"5432\" , \"list\":[1, 2.50] }\n"

// TestSecretValueMerged changes `connection_fields` of a value that others have
// written to since: password and all that is not managed stay, to the byte.
func TestSecretValueMerged(t *testing.T) {
	t.Parallel()
	of := func(host string, more object) object {
		return object{"connection_fields": with(object{"host": host, "username": "app"}, more)}
	}
	without := func(key string) object {
		fields := with(of("db.example.com", nil)["connection_fields"].(object), nil) //nolint:forcetypeassert // Made above.
		delete(fields, key)
		return object{"connection_fields": fields}
	}
	const stays = "WARNING connection_fields: Fields stay in the value: …"
	for name, test := range map[string]struct {
		before, after object // a before without user adopts the value
		plan, apply   []string
		action        string // default: update
		writes        []string
		want          string // default: what was there
	}{
		"nothing": {action: "none"},
		"another host": {
			after: of("db2.example.com", nil), writes: merges,
			want: strings.Replace(written, `"db.example.com"`, `"db2.example.com"`, 1),
		},
		"more keys": {
			after: of("db.example.com", object{"dbname": "orders", "ssl": "true"}), writes: merges,
			want: strings.Replace(written, " }\n", " ,\"dbname\":\"orders\",\"ssl\":true}\n", 1),
		},
		"another port":                {after: of("db.example.com", object{"port": "6432"}), writes: merges, want: strings.Replace(written, `"5432"`, "6432", 1)},
		"what the value has already":  {after: of("db.example.com", object{"port": "5432", "zone": "a"})},
		"the user that the value has": {before: without("username"), after: of("db.example.com", nil)},
		"another user, given later":   {before: without("username"), after: of("db.example.com", object{"username": "other"}), plan: []string{`ERROR connection_fields.username: Invalid connection field: …another "username"`}},
		"the engine that it has":      {after: of("db.example.com", object{"engine": "postgres"})},
		"another engine, given later": {after: of("db.example.com", object{"engine": "aurora-postgresql"}), plan: []string{`ERROR connection_fields.engine: Invalid connection field: …another "engine"`}},
		"a key less":                  {after: without("host"), plan: []string{stays + "no `host` any more"}},
		"no keys":                     {after: object{"connection_fields": nil}, plan: []string{stays + "no `host`, `username` any more"}},
		"another user":                {after: of("db.example.com", object{"username": "app2"}), plan: []string{`ERROR connection_fields.username: Invalid connection field: …The field "username" cannot be changed. …belongs to the first value`}},
		"another engine":              {before: of("db.example.com", object{"engine": "postgres"}), after: of("db.example.com", object{"engine": "aurora-postgresql"}), plan: []string{`ERROR connection_fields.engine: Invalid connection field: …The field "engine" cannot be changed.`}},
		"an engine of another type":   {after: of("db.example.com", object{"engine": "mysql"}), action: "none", plan: []string{`ERROR connection_fields.engine: The secret's engine is not the rotation type's (secret-engine-mismatch): …`}},
		"the password":                {after: of("db.example.com", object{"password": firstPassword}), action: "none", plan: []string{`ERROR connection_fields.password: Invalid connection field: …Give it in ` + "`password_wo`"}},
		"a port that is no number":    {after: of("db.example.com", object{"port": "x"}), action: "none", plan: []string{`ERROR connection_fields.port: …(secret-key-type): `}},
		"another way to rotate":       {after: object{"rotation_type": "PostgreSQLMultiUser", "connection_fields": object{"host": "db.example.com", "username": "app", "masterarn": otherSecret}}, writes: merges, want: strings.Replace(written, " }\n", " ,\"masterarn\":\""+otherSecret+"\"}\n", 1)},
		"without what that needs":     {after: object{"rotation_type": "PostgreSQLMultiUser"}, plan: []string{`ERROR connection_fields: The secret's value lacks a field (secret-key-missing): The field "masterarn"`}},
		"another database":            {after: object{"rotation_type": "MySQLSingleUser"}, plan: []string{`ERROR rotation_type: Invalid rotation type: The value of the secret is of the engine "postgres", and MySQLSingleUser is for "mysql".`}},
		"another service":             {after: object{"rotation_type": "ElastiCacheUser"}, plan: []string{`ERROR connection_fields: …(secret-key-missing): The field "user_arn"`}},
		"no known type":               {after: object{"rotation_type": "Custom"}},
		"a name that is almost one":   {after: of("db.example.com", object{"data_base": "orders"}), writes: merges, want: strings.Replace(written, " }\n", " ,\"data_base\":\"orders\"}\n", 1), plan: []string{`WARNING connection_fields.data_base: Connection field is not read: …It reads "dbname"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			if test.before == nil || member(t, test.before["connection_fields"], "username") != nil {
				v.run(test.before)
			}
			v.put(written)
			if v.state.IsNull() {
				v.run(test.before)
			}
			action, want := test.action, test.want
			if action == "" {
				action = "update"
			}
			if want == "" {
				want = written
			}
			changes := test.after
			if changes == nil {
				changes = object{}
			}
			before := v.state
			said := v.run(changes)
			said.was(t, action, test.plan, test.apply, test.writes...)
			v.holds(want)
			if hasErrors(said.plan) {
				if !v.state.Equal(before) {
					t.Error("A change that was refused is in the state.")
				}
				return
			}
			v.noLabelStays()
			v.does("none", changes)
		})
	}
}

// TestSecretValueOfOtherTypes changes what other types than those of databases have.
func TestSecretValueOfOtherTypes(t *testing.T) {
	t.Parallel()
	const user = "arn:aws:elasticache:eu-west-1:123456789012:user:"
	cache := object{"rotation_type": "ElastiCacheUser", "connection_fields": object{"username": "app", "user_arn": user + "app"}}
	directory := func(id, username string) object {
		return object{"rotation_type": "ActiveDirectorySingleUser", "connection_fields": object{"awsSeamlessDomainDirectoryId": id, "awsSeamlessDomainUsername": username}}
	}
	custom := func(fields object) object { return object{"rotation_type": "Custom", "connection_fields": fields} }
	for name, test := range map[string]struct {
		before, after object
		plan, apply   []string
		writes        []string
		want          string // default: what was there
	}{
		"another cache user": {before: cache, after: with(cache, object{"connection_fields": object{"username": "app", "user_arn": user + "other"}}), plan: []string{`ERROR connection_fields.user_arn: Invalid connection field: …cannot be changed`}},
		"another directory user": {
			before: directory("d-1234567890", "app"), after: directory("d-1234567890", "other"),
			plan: []string{`ERROR connection_fields.awsSeamlessDomainUsername: Invalid connection field: …cannot be changed`},
		},
		"another directory": {
			before: directory("d-1234567890", "app"), after: directory("d-0987654321", "app"), writes: merges,
			want: `{"awsSeamlessDomainDirectoryId":"d-0987654321","awsSeamlessDomainUsername":"app","awsSeamlessDomainPassword":"` + firstPassword + `"}`,
		},
		"another user of no known format": {before: custom(object{"username": "app"}), after: custom(object{"username": "other"}), plan: []string{`ERROR connection_fields.username: Invalid connection field: …cannot be changed`}},
		"another field of no known format": {
			before: custom(object{"username": "app", "a": "1"}), after: custom(object{"username": "app", "a": "2"}), writes: merges,
			want: `{"a":"2","password":"` + firstPassword + `","username":"app"}`,
		},
		"fields of a bare password": {before: custom(nil), after: custom(object{"a": "1"}), plan: []string{"ERROR connection_fields: Invalid value: …not a JSON object…or remove `connection_fields`."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.run(test.before)
			before, text := v.state, v.current()
			said := v.run(test.after)
			said.was(t, "update", test.plan, test.apply, test.writes...)
			if test.want == "" {
				test.want = text
			}
			v.holds(test.want)
			if hasErrors(append(said.plan, said.apply...)) && !v.state.Equal(before) {
				t.Error("A change that was refused is in the state.")
			}
		})
	}
}

// rotates sets up a rotation of the secret by the calls of a published function,
// every 30 days.
func (v *values) rotates(rotationType string) hand {
	v.t.Helper()
	v.FunctionARN = v.NewFunction("calls", v.Role, map[string]string{"AWSLAB_HANDLER": callsOnly(rotationType)})
	h := v.hand(v.t)
	h.rotation()
	h.policy(v.Role, "superuser", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`)
	return h
}

// TestSecretValueNotNow has changes of values that a rotation replaces, or may
// replace at any moment: the plan warns, the apply refuses, and the same change goes
// through later.
func TestSecretValueNotNow(t *testing.T) {
	t.Parallel()
	const again = "…This is checked again before the first write."
	for name, test := range map[string]struct {
		begin func(v *values) (end func())
		plan  string
		apply string
	}{
		"pending by hand": {
			begin: func(v *values) func() {
				version := v.put("{}", "AWSPENDING")
				return func() { v.label("AWSPENDING", version, "") }
			},
			plan:  "WARNING secret_id: …(rotation-in-progress): …carries AWSPENDING…" + again,
			apply: "ERROR secret_id: …(rotation-in-progress): …Find out which password is accepted now…--remove-from-version-id…Then apply again.",
		},
		"a rotation runs": {
			begin: func(v *values) func() {
				h := v.rotates("PostgreSQLSingleUser")
				release := v.HoldRotation("testSecret")
				_, err := v.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &v.SecretARN})
				v.Must(err)
				v.Advance(time.Minute)
				return func() {
					release()
					v.Advance(time.Minute)
					if h.Finished() != 1 {
						v.t.Error("The rotation has not finished.")
					}
				}
			},
			plan:  "WARNING secret_id: …(rotation-in-progress): …Apply again when the rotation is done." + again,
			apply: "ERROR secret_id: …(rotation-in-progress): …Apply again when the rotation is done.",
		},
		"the window is open": {
			begin: func(v *values) func() {
				h := v.rotates("PostgreSQLSingleUser")
				h.rules(v.FunctionARN, &types.RotationRulesType{ScheduleExpression: aws.String("cron(0 6 * * ? *)"), Duration: aws.String("3h")})
				v.Advance(time.Date(2026, time.March, 4, 5, 59, 30, 0, time.UTC).Sub(v.Now()))
				return func() {
					v.Advance(5 * time.Minute)
					if h.Finished() != 1 {
						v.t.Error("The secret has not rotated in the window.")
					}
				}
			},
			plan:  "WARNING secret_id: Rotation window is open: …from 2026-03-04T06:00:00Z to 2026-03-04T09:00:00Z" + again,
			apply: "ERROR secret_id: Rotation window is open: …from 2026-03-04T06:00:00Z to 2026-03-04T09:00:00Z…Apply again when the secret has rotated, or when the window is over.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.does("create", nil, storesFirst...)
			end := test.begin(v)
			text := v.current()
			before := v.state
			change := object{"connection_fields": object{"host": "db2.example.com", "username": "app"}}
			for range 2 {
				said := v.run(change)
				said.was(t, "update", []string{test.plan}, []string{test.apply})
				if !v.state.Equal(before) {
					t.Error("A change that was refused is in the state.")
				}
				v.holds(text)
			}
			end()
			writes := merges
			if v.version("AWSPENDING") != "" { // A finished rotation leaves it on AWSCURRENT.
				writes = mergesAfterRotation
			}
			v.does("update", change, writes...)
			if v.Value(v.SecretARN, "host") != "db2.example.com" {
				t.Error("The change did not go through.")
			}
			v.does("none", change)
		})
	}
}
