package secretstring_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/secretstring"
)

type connection = map[string]string

func lookup(t testing.TB, name string) *catalog.RotationType {
	t.Helper()
	rotationType, ok := catalog.Lookup(name)
	if !ok {
		t.Fatalf("There is no rotation type %s.", name)
	}
	return rotationType
}

const admin = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-GhIjKl"

func TestFirst(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rotationType string
		connection   connection
		credential   string
		want         string
	}{
		"defaults of the type": {
			"PostgreSQLSingleUser",
			connection{"host": "db", "username": "app"},
			`p"<&>`,
			`{"engine":"postgres","host":"db","username":"app","password":"p\"<&>","dbname":"postgres","port":5432}`,
		},
		"everything given, and more": {
			"PostgreSQLMultiUser",
			connection{"engine": "aurora-postgresql", "host": "db", "username": "app", "dbname": "orders", "port": "6432", "ssl": "True", "masterarn": admin, "zone": "a", "application": "42"},
			"p",
			`{"engine":"aurora-postgresql","host":"db","username":"app","password":"p","dbname":"orders","port":6432,"ssl":true,"masterarn":"` + admin + `","application":"42","zone":"a"}`,
		},
		"what is no number stays text": {
			"MySQLSingleUser",
			connection{"host": "db", "username": "app", "port": "+1"},
			"p",
			`{"engine":"mysql","host":"db","username":"app","password":"p","port":"+1"}`,
		},
		"the superuser secret where the type reads it": {
			"InfluxDBMultiUser",
			connection{"org": "orders", "masterarn": admin, "type": "custom", "dbIdentifier": "abc", "permissions": `[ "write-tasks" ]`},
			"",
			`{"engine":"timestream-influxdb","org":"orders","adminSecretArn":"` + admin + `","type":"custom","dbIdentifier":"abc","permissions":["write-tasks"]}`,
		},
		"a credential of another name": {
			"ActiveDirectorySingleUser",
			connection{"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app"},
			"p",
			`{"awsSeamlessDomainDirectoryId":"d-1234567890","awsSeamlessDomainUsername":"app","awsSeamlessDomainPassword":"p"}`,
		},
		"a bare password":                {"Custom", nil, "p", `p`},
		"an object of an unknown format": {"Custom", connection{"user": "app", "port": "5"}, "p", `{"password":"p","port":"5","user":"app"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := secretstring.First(lookup(t, test.rotationType), test.connection, test.credential)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// TestFirstIsInFormat writes the first value of every type from the examples of
// its fields, and has it checked as the rotation function would.
func TestFirstIsInFormat(t *testing.T) {
	t.Parallel()
	for _, rotationType := range catalog.All() {
		given := connection{}
		credential := "initial-pa55"
		for _, f := range rotationType.Fields {
			switch {
			case f.Keeper != catalog.Configuration && f.Keeper != catalog.FirstValue, f.Name == "engine":
			case f.Kind == catalog.SecretIDs:
				given[f.Name] = `["` + f.Example + `"]`
			case f.Example != "":
				given[f.Name] = f.Example
			}
		}
		value, err := secretstring.First(rotationType, given, credential)
		if err != nil {
			t.Errorf("%s: %v", rotationType.Name, err)
		}
		for _, f := range findings.SecretString(rotationType, value, nil) {
			if f.Severity == findings.Error {
				t.Errorf("%s: %s", rotationType.Name, f.Detail)
			}
		}
		if merged, changed, err := secretstring.Merge(rotationType, value, given, credential); err != nil || merged != value || changed != nil {
			t.Errorf("%s: what it has just been given changes %v (%v)", rotationType.Name, changed, err)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	const single, multi, influx = "PostgreSQLSingleUser", "PostgreSQLMultiUser", "InfluxDBMultiUser"
	for name, test := range map[string]struct {
		rotationType, value string
		connection          connection
		credential          string
		want                string
		changed             []string
	}{
		"one field, and all else to the byte": {
			single, "{ \"password\" : \"\\u00e9<\\ud800\",\n \"big\":12345678901234567890.10, \"host\": \"old\"\t, \"list\":[1, 2] }\n",
			connection{"host": "new"},
			"",
			"{ \"password\" : \"\\u00e9<\\ud800\",\n \"big\":12345678901234567890.10, \"host\": \"new\"\t, \"list\":[1, 2] }\n",
			[]string{"host"},
		},
		"several, and new ones at the end":          {single, `{"host":"old","port":1}`, connection{"port": "2", "host": "h", "dbname": "d", "a": "b"}, "", `{"host":"h","port":2,"a":"b","dbname":"d"}`, []string{"a", "dbname", "host", "port"}},
		"into an empty object":                      {single, `{ }`, connection{"host": "h", "a": "b"}, "", `{ "a":"b","host":"h"}`, []string{"a", "host"}},
		"of repeated fields the last":               {single, `{"host":"a","host":"b"}`, connection{"host": "c"}, "", `{"host":"a","host":"c"}`, []string{"host"}},
		"nothing":                                   {single, `{"host":"h"}`, nil, "", `{"host":"h"}`, nil},
		"a number as text is the same port":         {single, `{"port":"5432"}`, connection{"port": "5432"}, "", `{"port":"5432"}`, nil},
		"a text as number is the same port":         {single, `{"port":5432}`, connection{"port": "5432"}, "", `{"port":5432}`, nil},
		"null is another port":                      {single, `{"port":null}`, connection{"port": "5432"}, "", `{"port":5432}`, []string{"port"}},
		"a number is another database":              {single, `{"dbname":5}`, connection{"dbname": "5"}, "", `{"dbname":"5"}`, []string{"dbname"}},
		"a text is the same truth":                  {single, `{"ssl":"TRUE"}`, connection{"ssl": "true"}, "", `{"ssl":"TRUE"}`, nil},
		"another truth":                             {single, `{"ssl":true}`, connection{"ssl": "false"}, "", `{"ssl":false}`, []string{"ssl"}},
		"the superuser secret":                      {multi, `{"host":"h"}`, connection{"masterarn": admin}, "", `{"host":"h","masterarn":"` + admin + `"}`, []string{"masterarn"}},
		"the superuser secret in a field elsewhere": {influx, `{"adminSecretArn":"a"}`, connection{"masterarn": "b"}, "", `{"adminSecretArn":"b"}`, []string{"masterarn"}},
		"a list with other white space":             {influx, `{"permissions":["a-b" , "c-d"]}`, connection{"permissions": `["a-b","c-d"]`}, "", `{"permissions":["a-b" , "c-d"]}`, nil},
		"another list":                              {influx, `{"permissions":["a-b"]}`, connection{"permissions": `[ "c-d" ]`}, "", `{"permissions":["c-d"]}`, []string{"permissions"}},
		"a password":                                {single, `{"password":"a","host":"h"}`, connection{"host": "h"}, "b", `{"password":"b","host":"h"}`, []string{"password"}},
		"the same password":                         {single, `{"password":"a\u0062"}`, nil, "ab", `{"password":"a\u0062"}`, nil},
		"a name in escapes":                         {single, `{"ho\u0073t":"a"}`, connection{"host": "b"}, "", `{"ho\u0073t":"b"}`, []string{"host"}},
		"a number of an unknown field stays one":    {single, `{"pi":3.10,"n":1}`, connection{"pi": "3.1", "n": "2"}, "", `{"pi":3.10,"n":2}`, []string{"n"}},
		"text for a number of an unknown field":     {single, `{"n":1}`, connection{"n": "01"}, "", `{"n":"01"}`, []string{"n"}},
		"a bare password":                           {"Custom", `secret`, nil, "b", `b`, []string{"password"}},
		"the same bare password":                    {"Custom", `b`, nil, "b", `b`, nil},
		"an object of an unknown format":            {"Custom", `{"password":"a","n":1}`, connection{"n": "1"}, "b", `{"password":"b","n":1}`, []string{"password"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, changed, err := secretstring.Merge(lookup(t, test.rotationType), test.value, test.connection, test.credential)
			if diff := cmp.Diff([]any{test.want, test.changed, nil}, []any{got, changed, err}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const planted = "planted-pa55"
	for name, test := range map[string]struct {
		rotationType, value string
		connection          connection
		key                 string
	}{
		"no JSON":              {"PostgreSQLSingleUser", planted, connection{"host": "h"}, ""},
		"no object":            {"PostgreSQLSingleUser", `"` + planted + `"`, connection{"host": "h"}, ""},
		"two documents":        {"PostgreSQLSingleUser", `{} "` + planted + `"`, connection{"host": "h"}, ""},
		"what Python reads":    {"PostgreSQLSingleUser", `{"a":NaN,"password":"` + planted + `"}`, connection{"host": "h"}, ""},
		"no end":               {"PostgreSQLSingleUser", `{"password":"` + planted + `"`, connection{"host": "h"}, ""},
		"a bare password":      {"Custom", planted, connection{"host": "h"}, ""},
		"a list that is none":  {"InfluxDBMultiUser", `{}`, connection{"permissions": planted}, "permissions"},
		"an object for a list": {"InfluxDBMultiUser", `{}`, connection{"permissions": `{"` + planted + `":1}`}, "permissions"},
		"one field twice":      {"InfluxDBMultiUser", `{}`, connection{"masterarn": planted, "adminSecretArn": "b"}, "masterarn"},
		"the credential":       {"PostgreSQLSingleUser", `{}`, connection{"password": planted}, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := secretstring.Merge(lookup(t, test.rotationType), test.value, test.connection, "another")
			problem, ok := errors.AsType[*secretstring.Error](err)
			if !ok {
				t.Fatalf("There is no error but %v.", err)
			}
			if problem.Key != test.key || strings.Contains(problem.Message, planted) {
				t.Errorf("%q: %s", problem.Key, problem.Message)
			}
		})
	}
}

// FuzzMerge changes a field of any value: what comes out is JSON with that field,
// and with everything else of the object as it was.
func FuzzMerge(f *testing.F) {
	f.Add(`{"host":"old","password":"p","n":[1,{"host":2}]}`, "new")
	f.Add(`{}`, "")
	f.Add(` { "host" : 1 , "host" : null } `, "\u2028<")
	f.Fuzz(func(t *testing.T, value, host string) {
		if !utf8.ValidString(host) {
			t.Skip("Terraform gives valid text only.")
		}
		merged, changed, err := secretstring.Merge(lookup(t, "PostgreSQLSingleUser"), value, connection{"host": host}, "")
		if err != nil {
			return
		}
		var before, after map[string]any
		if json.Unmarshal([]byte(value), &before) != nil {
			t.Skip("Go nests less deep than the decoder of single tokens.")
		}
		if err := json.Unmarshal([]byte(merged), &after); err != nil {
			t.Fatalf("%q became %q: %v", value, merged, err)
		}
		if got, ok := after["host"].(string); !ok || got != host {
			t.Errorf("The host is %v.", after["host"])
		}
		if len(changed) == 0 && merged != value {
			t.Errorf("%q became %q, and nothing is said to have changed.", value, merged)
		}
		delete(before, "host")
		delete(after, "host")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
	})
}
