package findings

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

func TestSuperuserValue(t *testing.T) {
	t.Parallel()
	const (
		format  = "error superuser-format"
		oddity  = "warning superuser-format"
		other   = "error superuser-host-mismatch"
		replica = "warning superuser-host-mismatch"
		login   = `{"username":"planted-admin","password":"planted-pa55"}` // all that is in one that a service manages
		good    = ""                                                       // the example of the type
	)
	none, rds, redshift := catalog.Access{}, catalog.Access{SuperuserOwningService: catalog.OwnerRDS}, catalog.Access{SuperuserOwningService: catalog.OwnerRedshift}
	tests := []struct {
		name, rotationType string
		replacements       []string // of the example
		superuser          string   // a whole value instead
		want               []string
		access             catalog.Access
	}{
		{"good", "PostgreSQLMultiUser", nil, good, nil, none},
		{"managed", "PostgreSQLMultiUser", nil, login, nil, rds},
		{"like managed", "PostgreSQLMultiUser", nil, login, []string{format, format}, none},
		{"managed by another service", "PostgreSQLMultiUser", nil, login, []string{format, format}, redshift},
		{"managed with another field", "PostgreSQLMultiUser", nil, `{"username":"a","password":"b","dbname":"c"}`, []string{format, format}, rds},
		{"empty", "PostgreSQLMultiUser", nil, " ", []string{format}, none},
		{"bare password", "PostgreSQLMultiUser", nil, "planted-pa55", []string{format}, none},
		{"list", "PostgreSQLMultiUser", nil, "[]", []string{format}, none},
		{"no host", "PostgreSQLMultiUser", []string{"host", ""}, good, []string{format}, none},
		{"no engine", "PostgreSQLMultiUser", []string{"engine", ""}, good, []string{format}, none},
		{"no password", "PostgreSQLMultiUser", []string{"password", ""}, good, []string{format}, none},
		{"other engine", "PostgreSQLMultiUser", []string{"engine", `"mysql"`}, good, []string{format}, none},
		{"engine of RDS", "OracleMultiUser", []string{"engine", `"oracle-ee"`}, good, []string{format}, none},
		{"bad port", "PostgreSQLMultiUser", []string{"port", `""`}, good, []string{format}, none},
		{"unlikely port", "PostgreSQLMultiUser", []string{"port", "0"}, good, []string{oddity}, none},
		{"empty password", "PostgreSQLMultiUser", []string{"password", `""`}, good, []string{oddity}, none},
		{"number as user, which has no clone", "PostgreSQLMultiUser", []string{"username", "17"}, good, []string{oddity}, none},
		{"long user, which has no clone", "PostgreSQLMultiUser", []string{"username", letters(63, "")}, good, nil, none},
		{"other host", "PostgreSQLMultiUser", []string{"host", `"planted.example.com"`}, good, []string{replica}, none},
		{"other host, of a replica", "PostgreSQLMultiUser", []string{"host", `"planted.example.com"`}, good, nil, catalog.Access{ReadReplica: true}},
		{"host in capitals", "PostgreSQLMultiUser", []string{"host", `"ORDERS"`}, good, []string{replica}, none},
		{"no masterarn", "PostgreSQLMultiUser", []string{"masterarn", ""}, good, nil, none},
		{"dbname is the rotated secret's", "OracleMultiUser", []string{"dbname", ""}, good, nil, none},
		{"port as text", "OracleMultiUser", []string{"port", "null"}, good, []string{oddity}, none},

		{"good", "Db2SingleUser", nil, good, nil, none},
		{"managed", "Db2SingleUser", nil, login, nil, rds},
		{"no host", "Db2SingleUser", []string{"host", ""}, good, []string{format}, none},

		{"good", "MongoDBMultiUser", nil, good, nil, none},
		{"managed", "MongoDBMultiUser", nil, login, []string{format, format}, rds},
		{"other host", "MongoDBMultiUser", []string{"host", `"planted.example.com"`}, good, []string{other}, none},
		{"null dbname", "MongoDBMultiUser", []string{"dbname", "null"}, good, []string{format}, none},

		{"good", "RedshiftMultiUser", nil, good, nil, none},
		{"managed", "RedshiftMultiUser", nil, login, nil, redshift},
		{"managed with another field", "RedshiftMultiUser", nil, `{"username":"a","password":"b","dbname":"c"}`, nil, redshift},
		{"like managed", "RedshiftMultiUser", nil, login, []string{format, format}, none},
		{"other host", "RedshiftMultiUser", []string{"host", `"planted.example.com"`}, good, []string{other}, none},
		{"no host", "RedshiftMultiUser", []string{"host", ""}, good, []string{format}, none},

		{"good", "InfluxDBMultiUser", nil, login, nil, none},
		{"no password", "InfluxDBMultiUser", nil, `{"username":"a"}`, []string{format}, none},
		{"of the rotated kind", "InfluxDBMultiUser", nil, good, []string{format, format}, none},

		{"not needed", "PostgreSQLSingleUser", nil, "planted-pa55", nil, none},
		{"not needed", "Custom", nil, "planted-pa55", nil, none},
	}
	for _, test := range tests {
		t.Run(test.rotationType+" "+test.name, func(t *testing.T) {
			t.Parallel()
			rotationType := lookup(t, test.rotationType)
			superuser := test.superuser
			if superuser == good {
				superuser = example(t, rotationType, test.replacements...)
			}
			findings := SuperuserValue(rotationType, test.access, rotationType.Example(), superuser)
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
		if findings := SuperuserValue(multi, none, value, multi.Example()); findings != nil {
			t.Errorf("%q, which is for SecretString to judge: %+v", value, findings)
		}
	}
}
