package findings

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSuperuserValue(t *testing.T) {
	t.Parallel()
	const (
		format  = "error superuser-format"
		oddity  = "warning superuser-format"
		other   = "error superuser-host-mismatch"
		replica = "warning superuser-host-mismatch"
		managed = `{"username":"planted-admin","password":"planted-pa55"}`
		good    = "" // the example of the type
	)
	tests := []struct {
		name, rotationType string
		replacements       []string // of the example
		superuser          string   // a whole value instead
		want               []string
	}{
		{"good", "PostgreSQLMultiUser", nil, good, nil},
		{"managed", "PostgreSQLMultiUser", nil, managed, nil},
		{"managed with another field", "PostgreSQLMultiUser", nil, `{"username":"a","password":"b","dbname":"c"}`, []string{format, format}},
		{"empty", "PostgreSQLMultiUser", nil, " ", []string{format}},
		{"bare password", "PostgreSQLMultiUser", nil, "planted-pa55", []string{format}},
		{"list", "PostgreSQLMultiUser", nil, "[]", []string{format}},
		{"no host", "PostgreSQLMultiUser", []string{"host", ""}, good, []string{format}},
		{"no engine", "PostgreSQLMultiUser", []string{"engine", ""}, good, []string{format}},
		{"no password", "PostgreSQLMultiUser", []string{"password", ""}, good, []string{format}},
		{"other engine", "PostgreSQLMultiUser", []string{"engine", `"mysql"`}, good, []string{format}},
		{"engine of RDS", "OracleMultiUser", []string{"engine", `"oracle-ee"`}, good, []string{format}},
		{"bad port", "PostgreSQLMultiUser", []string{"port", `""`}, good, []string{format}},
		{"unlikely port", "PostgreSQLMultiUser", []string{"port", "0"}, good, []string{oddity}},
		{"empty password", "PostgreSQLMultiUser", []string{"password", `""`}, good, []string{oddity}},
		{"number as user, which has no clone", "PostgreSQLMultiUser", []string{"username", "17"}, good, []string{oddity}},
		{"long user, which has no clone", "PostgreSQLMultiUser", []string{"username", letters(63, "")}, good, nil},
		{"other host", "PostgreSQLMultiUser", []string{"host", `"planted.example.com"`}, good, []string{replica}},
		{"host in capitals", "PostgreSQLMultiUser", []string{"host", `"ORDERS"`}, good, []string{replica}},
		{"no masterarn", "PostgreSQLMultiUser", []string{"masterarn", ""}, good, nil},
		{"dbname is the rotated secret's", "OracleMultiUser", []string{"dbname", ""}, good, nil},
		{"port as text", "OracleMultiUser", []string{"port", "null"}, good, []string{oddity}},

		{"good", "Db2SingleUser", nil, good, nil},
		{"managed", "Db2SingleUser", nil, managed, nil},
		{"no host", "Db2SingleUser", []string{"host", ""}, good, []string{format}},

		{"good", "MongoDBMultiUser", nil, good, nil},
		{"managed", "MongoDBMultiUser", nil, managed, []string{format, format}},
		{"other host", "MongoDBMultiUser", []string{"host", `"planted.example.com"`}, good, []string{other}},
		{"null dbname", "MongoDBMultiUser", []string{"dbname", "null"}, good, []string{format}},

		{"good", "RedshiftMultiUser", nil, good, nil},
		{"managed", "RedshiftMultiUser", nil, managed, nil},
		{"other host", "RedshiftMultiUser", []string{"host", `"planted.example.com"`}, good, []string{other}},
		{"no host, which the tags may give", "RedshiftMultiUser", []string{"host", ""}, good, []string{oddity}},

		{"good", "InfluxDBMultiUser", nil, managed, nil},
		{"no password", "InfluxDBMultiUser", nil, `{"username":"a"}`, []string{format}},
		{"of the rotated kind", "InfluxDBMultiUser", nil, good, []string{format, format}},

		{"not needed", "PostgreSQLSingleUser", nil, "planted-pa55", nil},
		{"not needed", "Custom", nil, "planted-pa55", nil},
	}
	for _, test := range tests {
		t.Run(test.rotationType+" "+test.name, func(t *testing.T) {
			t.Parallel()
			rotationType := lookup(t, test.rotationType)
			superuser := test.superuser
			if superuser == good {
				superuser = example(t, rotationType, test.replacements...)
			}
			findings := SuperuserValue(rotationType, rotationType.Example(), superuser)
			if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
				t.Error(diff)
			}
			checkFindings(t, findings, "planted", "ORDERS", "uuuu")
			for _, f := range findings {
				if f.Argument != SuperuserArgument {
					t.Errorf("%+v is for another argument", f)
				}
			}
		})
	}
	multi := lookup(t, "MongoDBMultiUser")
	for _, value := range []string{"", "x", "{}", "[]"} {
		if findings := SuperuserValue(multi, value, multi.Example()); findings != nil {
			t.Errorf("%q, which is for SecretString to judge: %+v", value, findings)
		}
	}
}
