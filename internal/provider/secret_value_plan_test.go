package provider

import (
	"fmt"
	"strings"
	"testing"
)

// TestSecretValueArguments has what validate says, before AWS is asked.
func TestSecretValueArguments(t *testing.T) {
	t.Parallel()
	fields := func(more object) object {
		return object{"connection_fields": with(object{"host": "db.example.com", "username": "app"}, more)}
	}
	v := newValues(t)
	s := newServer(t, v.Lab)
	for name, test := range map[string]struct {
		config object
		want   []string
	}{
		"good":                      {},
		"no password yet":           {config: object{"password_wo": nil}},
		"no fields yet":             {config: object{"connection_fields": nil}},
		"a wrong secret":            {config: object{"secret_id": "a b"}, want: []string{"ERROR secret_id: Invalid secret: "}},
		"another Region":            {config: object{"region": "us-east-1"}, want: []string{"ERROR region: "}},
		"a wrong Region":            {config: object{"secret_id": "new", "region": "Ireland"}, want: []string{"ERROR region: Invalid Region"}},
		"a wrong type":              {config: object{"rotation_type": "Postgres"}, want: []string{"ERROR rotation_type: Invalid rotation type: …PostgreSQLSingleUser"}},
		"no value of a field":       {config: fields(object{"port": nil}), want: []string{"ERROR connection_fields.port: Invalid connection field: …is null"}},
		"a password among them":     {config: fields(object{"password": firstPassword}), want: []string{`ERROR connection_fields.password: Invalid connection field: …"password" is the secret itself…password_wo…generate_password`}},
		"a password of no type":     {config: with(fields(object{"password": firstPassword}), object{"rotation_type": "Custom"}), want: []string{`ERROR connection_fields.password: Invalid connection field: `}},
		"a credential of a type":    {config: object{"rotation_type": "ActiveDirectorySingleUser", "connection_fields": object{"awsSeamlessDomainPassword": firstPassword}}, want: []string{`ERROR connection_fields.awsSeamlessDomainPassword: Invalid connection field: `}},
		"what the function writes":  {config: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "connection_fields": object{"lastModifiedDateTime": "now"}}, want: []string{`ERROR connection_fields.lastModifiedDateTime: Invalid connection field: …Leave it to the function`}},
		"an engine of another type": {config: fields(object{"engine": "mysql"}), want: []string{"ERROR connection_fields.engine: …(secret-engine-mismatch): "}},
		"a port that is none":       {config: fields(object{"port": "x"}), want: []string{"ERROR connection_fields.port: …(secret-key-type): "}},
		"a list that is none":       {config: object{"rotation_type": "InfluxDBMultiUser", "connection_fields": object{"readBuckets": "a,b"}}, want: []string{"ERROR connection_fields.readBuckets: Invalid connection field: …jsonencode"}},
		"one field by two names":    {config: object{"rotation_type": "InfluxDBMultiUser", "connection_fields": object{"masterarn": otherSecret, "adminSecretArn": otherSecret}}, want: []string{"ERROR connection_fields.masterarn: Invalid connection field: …`adminSecretArn`"}},
		"two passwords":             {config: object{"generate_password": object{}}, want: []string{"ERROR generate_password: Invalid argument: "}},
		"an empty password":         {config: object{"password_wo": ""}, want: []string{"ERROR password_wo: Invalid password: The password is empty."}},
		"a version of no password":  {config: object{"password_wo": nil, "password_wo_version": 1}, want: []string{"ERROR password_wo_version: Invalid argument: "}},
		"a password made elsewhere": {config: object{"rotation_type": "InfluxDBMultiUser", "connection_fields": nil, "password_wo": nil, "generate_password": object{}}, want: []string{"ERROR generate_password: Invalid argument: The service makes the credential"}},
		"a password that is short":  {config: object{"rotation_type": "RedshiftSingleUser", "password_wo": nil, "generate_password": object{"password_length": 5}}, want: []string{"ERROR generate_password: Invalid password length: `generate_password.password_length`"}},
		"contexts that are none":    {config: object{"password_wo": nil, "generate_password": object{"contexts": []any{"uri"}}}, want: []string{"ERROR generate_password.contexts…Invalid context"}},
		"everything unknown":        {config: object{"secret_id": unknown{}, "region": unknown{}, "rotation_type": unknown{}, "connection_fields": unknown{}, "password_wo": unknown{}, "password_wo_version": unknown{}, "generate_password": nil}},
		"unknown what to generate":  {config: object{"password_wo": nil, "generate_password": object{"password_length": unknown{}}}},
		"an unknown field":          {config: fields(object{"port": unknown{}, "password": unknown{}}), want: []string{"ERROR connection_fields.password: Invalid connection field: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s
			s.t = t
			got := s.validateOf("rotation_secret_value", v.ty, with(v.config, test.config))
			expect(t, got, test.want...)
			shownNothing(t, got...)
		})
	}
	if calls := v.Calls(":user/deployer"); len(calls) > 0 {
		t.Errorf("Validate has called AWS: %v", calls)
	}
}

// TestSecretValueIncomplete plans first values that lack something, which only the
// secret tells: one that has a value needs none.
func TestSecretValueIncomplete(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config object
		want   string
	}{
		"a password":                    {object{"password_wo": nil}, "ERROR password_wo: Missing password: "},
		"a password of no known format": {object{"rotation_type": "Custom", "connection_fields": nil, "password_wo": nil}, "ERROR password_wo: Missing password: "},
		"a field":                       {object{"connection_fields": object{"username": "app"}}, `ERROR connection_fields: The secret's value lacks a field (secret-key-missing): The field "host"`},
		"fields":                        {object{"connection_fields": nil, "rotation_type": "ElastiCacheUser"}, `ERROR connection_fields: The secret's value lacks a field (secret-key-missing): The field "user`},
		"the superuser":                 {object{"rotation_type": "PostgreSQLMultiUser"}, `ERROR connection_fields: The secret's value lacks a field (secret-key-missing): The field "masterarn"`},
	} {
		for _, secret := range []any{"new", unknown{}} {
			t.Run(fmt.Sprintf("%s/%v", name, secret), func(t *testing.T) {
				t.Parallel()
				v := newValues(t)
				// As long as the secret is not known it may have a value: then it is told by the
				// plan that the apply makes first.
				said := v.run(with(test.config, object{"secret_id": secret}), object{"secret_id": "new"})
				if len(said.plan) == 0 {
					t.Fatal("The plan says nothing.")
				}
				if secret == "new" {
					expect(t, said.plan[:1], test.want)
				} else {
					expect(t, said.plan[:1], strings.Replace(test.want, "ERROR", "WARNING", 1)+"…checked again")
					expect(t, said.apply[:min(1, len(said.apply))], test.want)
				}
				if len(said.writes()) > 0 {
					t.Errorf("It has written %v.", said.writes())
				}
			})
		}
	}
}

// TestSecretValueUnknown plans what is not known yet, and applies what it turns out
// to be.
func TestSecretValueUnknown(t *testing.T) {
	t.Parallel()
	fields := func(host any) object { return object{"host": host, "username": "app"} }
	t.Run("create", func(t *testing.T) {
		t.Parallel()
		for name, test := range map[string]struct {
			unknown, resolved object
		}{
			"secret":    {object{"secret_id": unknown{}}, nil},
			"Region":    {object{"secret_id": "new", "region": unknown{}}, object{"secret_id": "new", "region": nil}},
			"type":      {object{"rotation_type": unknown{}}, nil},
			"fields":    {object{"connection_fields": unknown{}}, nil},
			"field":     {object{"connection_fields": fields(unknown{})}, nil},
			"password":  {object{"password_wo": unknown{}}, nil},
			"all of it": {object{"secret_id": unknown{}, "rotation_type": unknown{}, "connection_fields": unknown{}, "password_wo": unknown{}}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				v := newValues(t)
				v.run(test.unknown, with(v.config, test.resolved)).was(t, "create", nil, nil, storesFirst...)
				v.holds(postgresText("db.example.com", "app", firstPassword))
				v.does("none", test.resolved)
			})
		}
	})
	newFields := object{"connection_fields": fields("db.example.com")}
	t.Run("create turns out wrong", func(t *testing.T) {
		t.Parallel()
		for name, test := range map[string]struct {
			unknown, resolved object
			value             string
			want              []string
		}{
			"no list":        {unknown: object{"rotation_type": "InfluxDBMultiUser", "connection_fields": unknown{}}, resolved: object{"connection_fields": object{"readBuckets": "a,b"}}, want: []string{"ERROR connection_fields.readBuckets: Invalid connection field: "}},
			"no password":    {unknown: object{"password_wo": nil, "secret_id": "new", "region": unknown{}}, resolved: object{"region": nil}, want: []string{"ERROR password_wo: Missing password: "}},
			"another user":   {unknown: object{"connection_fields": fields(unknown{}), "secret_id": unknown{}}, resolved: with(newFields, object{"secret_id": "new"}), value: postgresText("db.example.com", "other", otherPassword), want: []string{"ERROR connection_fields.username: Invalid connection field: …another \"username\""}},
			"no such secret": {unknown: object{"secret_id": unknown{}}, resolved: object{"secret_id": "nowhere"}, want: []string{"ERROR secret_id: The secret does not exist (secret-not-found): "}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				v := newValues(t)
				if test.value != "" {
					v.put(test.value)
				}
				said := v.run(test.unknown, with(v.config, with(test.unknown, test.resolved)))
				expect(t, said.apply, test.want...)
				if len(said.writes()) > 0 || !v.state.IsNull() {
					t.Errorf("It has written %v.", said.writes())
				}
			})
		}
	})
	for name, test := range map[string]struct {
		unknown, resolved object
		plan, apply       []string
		writes            []string
		want              string
	}{
		"secret":                 {unknown: object{"secret_id": unknown{}}},
		"type":                   {unknown: object{"rotation_type": unknown{}}},
		"another type":           {unknown: object{"rotation_type": unknown{}}, resolved: object{"rotation_type": "MySQLSingleUser"}, apply: []string{"ERROR rotation_type: Invalid rotation type: "}},
		"fields":                 {unknown: object{"connection_fields": unknown{}}},
		"other fields":           {unknown: object{"connection_fields": unknown{}}, resolved: object{"connection_fields": fields("db2")}, writes: merges, want: postgresText("db2", "app", firstPassword)},
		"a field":                {unknown: object{"connection_fields": fields(unknown{})}, resolved: object{"connection_fields": fields("db2")}, writes: merges, want: postgresText("db2", "app", firstPassword)},
		"the same field":         {unknown: object{"connection_fields": fields(unknown{})}},
		"another user":           {unknown: object{"connection_fields": object{"host": "db.example.com", "username": unknown{}}}, resolved: object{"connection_fields": object{"host": "db.example.com", "username": "other"}}, apply: []string{"ERROR connection_fields.username: Invalid connection field: …cannot be changed"}},
		"another engine by then": {unknown: object{"connection_fields": unknown{}}, resolved: object{"connection_fields": with(fields("db.example.com"), object{"engine": "aurora-postgresql"})}, apply: []string{"ERROR connection_fields.engine: Invalid connection field: …another \"engine\""}},
	} {
		t.Run("update/"+name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.does("create", nil, storesFirst...)
			before := v.state
			said := v.run(test.unknown, with(v.config, test.resolved))
			said.was(t, "update", test.plan, test.apply, test.writes...)
			if test.want == "" {
				test.want = postgresText("db.example.com", "app", firstPassword)
			}
			v.holds(test.want)
			if hasErrors(said.apply) {
				if !v.state.Equal(before) {
					t.Error("A change that was refused is in the state.")
				}
				return
			}
			v.does("none", test.resolved)
		})
	}
}

// TestSecretValueBlind plans while the provider block is not known, and with the
// value not to be read.
func TestSecretValueBlind(t *testing.T) {
	t.Parallel()
	change := object{"connection_fields": object{"host": "db2.example.com", "username": "app"}}
	t.Run("provider unknown", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		known := v.provider
		v.provider = object{"region": unknown{}}
		if said := v.plan(nil); said.action != "create" || len(said.calls) > 0 {
			t.Errorf("%+v", said)
		}
		v.provider = known
		v.does("create", nil, storesFirst...)
		v.provider = object{"region": unknown{}}
		for changes, action := range map[*object]string{nil: "none", &change: "update", {"secret_id": "other"}: "update"} {
			var given object
			if changes != nil {
				given = *changes
			}
			said := v.plan(given)
			expect(t, said.plan)
			if said.action != action || len(said.calls) > 0 {
				t.Errorf("%+v", said)
			}
		}
		if said := v.plan(object{"connection_fields": object{"host": "db.example.com", "username": "other"}}); !hasErrors(said.plan) {
			t.Error("What the state alone decides is not said.")
		}
	})
	// reads plans a create that adopts, and an update, and returns how often the plans
	// have read the value.
	reads := func(t *testing.T, provider object) int {
		t.Helper()
		v := newValues(t)
		v.provider = with(v.provider, provider)
		v.put(postgresText("db.example.com", "app", otherPassword))
		adopts := v.plan(nil)
		expect(t, adopts.plan, "WARNING secret_id: Secret has a value already: ")
		v.run(nil)
		update := v.plan(change)
		expect(t, update.plan)
		return adopts.asked("GetSecretValue") + update.asked("GetSecretValue")
	}
	t.Run("not to be read", func(t *testing.T) {
		t.Parallel()
		if n := reads(t, object{"check_secret_value": false}); n != 0 {
			t.Errorf("The plans have read the value %d times.", n)
		}
	})
	t.Run("to be read", func(t *testing.T) {
		t.Parallel()
		if n := reads(t, nil); n != 2 {
			t.Errorf("The plans have read the value %d times.", n)
		}
	})
}

// TestSecretValuePassword has the versions of a password: from one number to another
// it is written, and otherwise never.
func TestSecretValuePassword(t *testing.T) {
	t.Parallel()
	const again = "WARNING password_wo_version: Password is written again: …"
	version := func(n any, password any) object { return object{"password_wo_version": n, "password_wo": password} }
	for name, test := range map[string]struct {
		before, after object
		action        string
		plan          []string
		writes        []string
		password      string // default: what was there
	}{
		"another password":         {before: version(1, firstPassword), after: version(1, "another"), action: "none"},
		"another without version":  {before: version(nil, firstPassword), after: version(nil, "another"), action: "none"},
		"no password any more":     {before: version(nil, firstPassword), after: version(nil, nil), action: "none"},
		"a first version":          {before: version(nil, firstPassword), after: version(1, "another"), action: "update", plan: []string{"WARNING password_wo_version: Password is not written: …only recorded"}},
		"a version less":           {before: version(1, firstPassword), after: version(nil, "another"), action: "update"},
		"another version":          {before: version(1, firstPassword), after: version(2, "another"), action: "update", plan: []string{again}, writes: merges, password: "another"},
		"an earlier version":       {before: version(2, firstPassword), after: version(1, "another"), action: "update", plan: []string{again}, writes: merges, password: "another"},
		"zero is a version":        {before: version(0, firstPassword), after: version(1, "another"), action: "update", plan: []string{again}, writes: merges, password: "another"},
		"the same password again":  {before: version(1, firstPassword), after: version(2, otherPassword), action: "update", plan: []string{again}},
		"another without password": {before: version(1, firstPassword), after: version(2, nil), action: "none", plan: []string{"ERROR password_wo_version: Invalid argument: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.does("create", test.before, storesFirst...)
			v.put(postgresText("elsewhere", "app", otherPassword)) // as a rotation would, and somebody else
			v.run(test.after).was(t, test.action, test.plan, nil, test.writes...)
			if test.password == "" {
				test.password = otherPassword
			}
			v.holds(postgresText("elsewhere", "app", test.password))
			if !hasErrors(test.plan) {
				v.does("none", test.after)
			}
		})
	}
	t.Run("with another field", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.does("create", version(1, firstPassword), storesFirst...)
		v.run(with(version(2, "another"), object{"connection_fields": object{"host": "db2", "username": "app"}})).was(t, "update", []string{again}, nil, merges...)
		v.holds(postgresText("db2", "app", "another"))
	})
	t.Run("a bare one", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.config = with(v.config, object{"rotation_type": "Custom", "connection_fields": nil})
		v.does("create", version(1, firstPassword), storesFirst...)
		v.run(version(2, "another")).was(t, "update", []string{again}, nil, merges...)
		v.holds("another")
	})
	t.Run("missing by then", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.does("create", version(1, firstPassword), storesFirst...)
		before := v.state
		v.run(version(2, unknown{}), version(2, nil)).was(t, "update", []string{again}, []string{"ERROR password_wo_version: Invalid argument: "})
		if !v.state.Equal(before) {
			t.Error("The state has changed.")
		}
	})
}

// TestSecretValueImported takes over values by the ARN of their secret: the import
// reads none of them.
func TestSecretValueImported(t *testing.T) {
	t.Parallel()
	const changed = "WARNING connection_fields: Value will be changed: …"
	for name, test := range map[string]struct {
		value  string
		config object
		plan   []string
		writes []string
		want   string // default: the value
	}{
		"the same": {value: postgresText("db.example.com", "app", otherPassword)},
		"with a version": {
			value: postgresText("db.example.com", "app", otherPassword), config: object{"password_wo_version": 1},
			plan: []string{"WARNING password_wo_version: Password is not written: …only recorded"},
		},
		"by name": {value: postgresText("db.example.com", "app", otherPassword), config: object{"secret_id": "new"}},
		"no fields": {
			value: postgresText("db.example.com", "app", otherPassword), config: object{"connection_fields": nil, "password_wo": nil},
		},
		"another host": {
			value: postgresText("elsewhere", "app", otherPassword), plan: []string{changed + "in `host`"}, writes: merges,
			want: postgresText("db.example.com", "app", otherPassword),
		},
		"another user": {value: postgresText("db.example.com", "other", otherPassword), plan: []string{"ERROR connection_fields.username: Invalid connection field: …another \"username\""}},
		"no object":    {value: otherPassword, plan: []string{"ERROR secret_id: The secret's value is not a JSON object (secret-not-json): "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.put(test.value)
			v.ForgetCalls()
			v.adopt()
			_, told := v.refresh(v.start())
			expect(t, told)
			for _, c := range v.Calls(":user/deployer") {
				if c.Operation == "GetSecretValue" {
					t.Error("The import has read the value.")
				}
			}
			same(t, goValue(t, v.state), any(object{
				"region": nil, "secret_id": v.SecretARN, "rotation_type": nil, "connection_fields": nil, "password_wo": nil, "password_wo_version": nil,
				"generate_password": nil, "secret_arn": v.SecretARN, "unmerged_keys": nil,
			}))
			said := v.run(test.config)
			said.was(t, "update", test.plan, nil, test.writes...)
			if said.asked("GetSecretValue") == 0 && name != "no fields" {
				t.Error("The plan has not compared the value.")
			}
			if test.want == "" {
				test.want = test.value
			}
			v.holds(test.want)
			if !hasErrors(test.plan) {
				v.does("none", test.config)
			}
		})
	}
	t.Run("by a name", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		expect(t, v.imports("new"), "ERROR -: Invalid import ID: …full ARN")
		expect(t, v.imports(v.SecretARN))
	})
}
