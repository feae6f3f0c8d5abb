package findings

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// example returns the example of a type with the replacements given as JSON; an empty one takes a field away.
func example(t testing.TB, rotationType *catalog.RotationType, replacements ...string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(rotationType.Example()), &members); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replacements); i += 2 {
		members[replacements[i]] = json.RawMessage(replacements[i+1])
		if replacements[i+1] == "" {
			delete(members, replacements[i])
		}
	}
	names := slices.Sorted(maps.Keys(members))
	for i, name := range names {
		names[i] = fmt.Sprintf("%q:%s", name, members[name])
	}
	return "{" + strings.Join(names, ",") + "}"
}

func letters(n int, more string) string { return `"` + strings.Repeat("u", n) + more + `"` }

// Findings as codesOf writes them.
const (
	missing    = "error secret-key-missing"
	wrongType  = "error secret-key-type"
	unusable   = "warning secret-key-unusable"
	fails      = "error secret-key-unusable"
	engine     = "error secret-engine-mismatch"
	tooLong    = "error secret-username-too-long"
	mayBeLong  = "warning secret-username-too-long"
	mayMiss    = "warning secret-key-missing"
	maybeType  = "warning secret-key-type"
	noEndpoint = "error function-env-endpoint"
)

func TestExamplesAreGood(t *testing.T) {
	t.Parallel()
	for _, rotationType := range catalog.All() {
		if rotationType.ReplacesValue {
			continue
		}
		if findings := SecretString(rotationType, rotationType.Example(), nil); findings != nil {
			t.Errorf("%s: %+v", rotationType.Name, findings)
		}
		for _, f := range rotationType.Fields {
			if f.Required && len(f.Allowed) == 0 && SecretString(rotationType, example(t, rotationType, f.Name, ""), nil) == nil {
				t.Errorf("%s passes without %s", rotationType.Name, f.Name)
			}
		}
	}
}

// TestFieldsOfAllTypes is about what differs between the types; TestSecretString has what they have in common.
func TestFieldsOfAllTypes(t *testing.T) {
	t.Parallel()
	type row struct {
		name, field, value string
		want               []string
	}
	engines := func(good, bad []string) (rows []row) {
		for _, value := range good {
			rows = append(rows, row{"engine " + value, "engine", `"` + value + `"`, nil})
		}
		for _, value := range bad {
			rows = append(rows, row{"engine " + value, "engine", `"` + value + `"`, []string{engine}})
		}
		return append(rows, row{"number as engine", "engine", "1", []string{engine}}, row{"no engine", "engine", "", []string{missing}})
	}
	parsedPort := []row{
		{"port as text", "port", `"3306"`, nil},
		{"port as text with spaces", "port", `" 3306 "`, nil},
		{"whole fraction as port", "port", "3306.0", nil},
		{"empty port", "port", `""`, []string{wrongType}},
		{"text of a fraction as port", "port", `"3306.0"`, []string{wrongType}},
		{"port with comma", "port", `"3,306"`, []string{wrongType}},
		{"port in hexadecimal", "port", `"0x1"`, []string{wrongType}},
		{"null port", "port", "null", []string{wrongType}},
		{"information separator in port", "port", `"\u001c3306"`, []string{wrongType}},
		{"port of 4301 digits", "port", `"` + strings.Repeat("0", 4301) + `"`, []string{wrongType}},
	}
	writtenPort := []row{
		{"port as text", "port", `"1521"`, nil},
		{"port as text with spaces", "port", `" 1521 "`, []string{unusable}},
		{"whole fraction as port", "port", "1521.0", []string{unusable}},
		{"empty port", "port", `""`, []string{unusable}},
		{"null port", "port", "null", []string{unusable}},
		{"list as port", "port", "[1521]", []string{unusable}},
		{"port zero", "port", "0", []string{unusable}},
		{"port too large", "port", "65536", []string{unusable}},
	}
	tls := []row{
		{"ssl in capitals", "ssl", `"TRUE"`, nil},
		{"ssl one", "ssl", "1", []string{unusable}},
		{"empty ssl", "ssl", `""`, []string{unusable}},
	}
	noTLS := []row{{"ssl is not read", "ssl", `"yes"`, nil}}
	// The database alone limits the user name, if anything is known of it.
	notCloned := func(longest int) []row {
		rows := []row{
			{"number as username", "username", "17", []string{unusable}},
			{"null username", "username", "null", []string{unusable}},
		}
		if longest > 0 {
			return append(rows, row{"longest username", "username", letters(longest, ""), nil}, row{"long username", "username", letters(longest+1, ""), []string{unusable}})
		}
		return append(rows, row{"long username", "username", letters(200, ""), nil})
	}
	superuser := []row{
		{"no masterarn", "masterarn", "", []string{missing}},
		{"null masterarn", "masterarn", "null", []string{wrongType}},
		{"masterarn is a list", "masterarn", `["a"]`, []string{wrongType}},
	}
	cloned := func(suffix string, longest int) []row {
		rows := []row{
			{"number as username", "username", "17", []string{wrongType}},
			{"true as username", "username", "true", []string{wrongType}},
			{"list as username", "username", `["app"]`, []string{wrongType}},
			{"null username", "username", "null", []string{wrongType}},
			{"empty username", "username", `""`, []string{unusable}},
			{"clone", "username", letters(3, suffix), nil},
			{"long clone", "username", letters(300, suffix), nil},
		}
		if longest > 0 {
			rows = append(rows, row{"longest username", "username", letters(longest, ""), nil}, row{"too long", "username", letters(longest+1, ""), []string{tooLong}})
		} else {
			rows = append(rows, row{"long username", "username", letters(300, ""), nil})
		}
		return rows
	}
	suffixAlone := []row{{"suffix alone", "username", `"_clone"`, []string{unusable}}}
	tests := map[string][]row{
		"MySQLSingleUser": slices.Concat(engines([]string{"mysql", "aurora-mysql"}, []string{"aurora", "MySQL", "mariadb"}), parsedPort, tls, notCloned(32),
			[]row{{"null dbname", "dbname", "null", nil}, {"masterarn is not read", "masterarn", "17", nil}}),
		"MySQLMultiUser": slices.Concat(engines([]string{"mysql", "aurora-mysql"}, []string{"aurora"}), parsedPort, tls, superuser, suffixAlone,
			[]row{
				{"number as username", "username", "17", []string{wrongType}},
				{"10 characters", "username", letters(10, ""), nil},
				{"11 characters", "username", letters(11, ""), []string{mayBeLong}},
				{"26 characters", "username", letters(26, ""), []string{mayBeLong}},
				{"27 characters", "username", letters(27, ""), []string{tooLong}},
				{"long clone", "username", letters(27, "_clone"), nil},
			}),
		"PostgreSQLSingleUser": slices.Concat(engines([]string{"postgres", "aurora-postgresql"}, []string{"postgresql"}), parsedPort, tls, notCloned(63)),
		"PostgreSQLMultiUser":  slices.Concat(engines([]string{"postgres", "aurora-postgresql"}, []string{"postgresql"}), parsedPort, tls, superuser, cloned("_clone", 57), suffixAlone),
		"MariaDBSingleUser":    slices.Concat(engines([]string{"mariadb"}, []string{"mysql"}), parsedPort, tls, notCloned(0)),
		"MariaDBMultiUser":     slices.Concat(engines([]string{"mariadb"}, []string{"mysql"}), parsedPort, tls, superuser, cloned("_clone", 74), suffixAlone),
		"OracleSingleUser": slices.Concat(engines([]string{"oracle"}, []string{"oracle-ee", "oracle-se2", "custom-oracle-ee"}), writtenPort, tls, notCloned(128), []row{
			{"no dbname", "dbname", "", []string{missing}},
			{"null dbname", "dbname", "null", []string{wrongType}},
			{"number as dbname", "dbname", "17", []string{wrongType}},
			{"null host", "host", "null", []string{wrongType}},
			{"empty host", "host", `""`, []string{unusable}},
			{"empty dbname", "dbname", `""`, []string{unusable}},
		}),
		"OracleMultiUser": slices.Concat(engines([]string{"oracle"}, []string{"oracle-ee"}), writtenPort, tls, superuser, cloned("_CLONE", 24), []row{
			{"no dbname", "dbname", "", []string{missing}},
			{"null dbname", "dbname", "null", []string{wrongType}},
			{"clone in small letters", "username", `"app_clone"`, []string{unusable}},
			{"clone in mixed letters", "username", `"APP_Clone"`, []string{unusable}},
			{"suffix alone", "username", `"_CLONE"`, []string{unusable}},
			{"long clone in small letters", "username", letters(24, "_clone"), []string{tooLong}},
		}),
		"SQLServerSingleUser": slices.Concat(engines([]string{"sqlserver"}, []string{"sqlserver-ex", "mssql"}), writtenPort, tls, notCloned(128)),
		"SQLServerMultiUser":  slices.Concat(engines([]string{"sqlserver"}, []string{"sqlserver-ex"}), writtenPort, tls, superuser, cloned("_clone", 122), suffixAlone),
		"Db2SingleUser": slices.Concat(engines([]string{"db2", "db2-se", "db2-ae"}, []string{"DB2", "xdb2"}), parsedPort, noTLS, superuser, notCloned(0), []row{
			{"no dbname", "dbname", "", []string{unusable}},
			{"null dbname", "dbname", "null", []string{unusable}},
			{"empty dbname", "dbname", `""`, []string{unusable}},
		}),
		"Db2MultiUser": slices.Concat(engines([]string{"db2", "db2-se"}, []string{"DB2"}), parsedPort, noTLS, superuser, cloned("_clone", 10), []row{
			{"no dbname", "dbname", "", []string{unusable}},
			{"suffix alone", "username", `"_clone"`, []string{fails}},
		}),
		"MongoDBSingleUser": slices.Concat(engines([]string{"mongo"}, []string{"docdb", "mongodb"}), parsedPort, tls, notCloned(0), []row{
			{"no dbname", "dbname", "", nil},
			{"null host", "host", "null", []string{unusable}},
			{"null dbname", "dbname", "null", []string{wrongType}},
			{"empty dbname", "dbname", `""`, []string{unusable}},
		}),
		"MongoDBMultiUser": slices.Concat(engines([]string{"mongo"}, []string{"docdb"}), parsedPort, tls, superuser, cloned("_clone", 0), suffixAlone, []row{
			{"null dbname", "dbname", "null", []string{wrongType}},
		}),
		"RedshiftSingleUser": slices.Concat(engines([]string{"redshift"}, []string{"redshift-serverless"}), parsedPort, noTLS, notCloned(127), []row{{"null dbname", "dbname", "null", nil}}),
		"RedshiftMultiUser": slices.Concat(engines([]string{"redshift"}, []string{"postgres"}), parsedPort, noTLS, superuser, suffixAlone, []row{
			{"number as username", "username", "17", []string{wrongType}},
			{"121 characters", "username", letters(121, ""), nil},
			{"122 characters, which only Redshift refuses", "username", letters(122, ""), []string{mayBeLong}},
			{"long clone", "username", letters(300, "_clone"), nil},
		}),
		"InfluxDBSingleUser": slices.Concat(engines([]string{"timestream-influxdb"}, []string{"influxdb"}), noTLS, notCloned(0), []row{
			{"no dbIdentifier", "dbIdentifier", "", []string{missing}},
			{"dbIdentifier is an ARN", "dbIdentifier", `"arn:aws:timestream-influxdb:eu-central-1:123456789012:db-instance/x"`, []string{unusable}},
			{"null dbIdentifier", "dbIdentifier", "null", []string{wrongType}},
			{"empty dbIdentifier", "dbIdentifier", `""`, []string{unusable}},
		}),
		"InfluxDBMultiUser": slices.Concat(engines([]string{"timestream-influxdb"}, []string{"influxdb"}), []row{
			{"no org", "org", "", []string{missing}},
			{"no adminSecretArn", "adminSecretArn", "", []string{missing}},
			{"empty adminSecretArn", "adminSecretArn", `""`, []string{wrongType}},
			{"no type", "type", "", []string{missing}},
			{"other type", "type", `"allaccess"`, []string{fails}},
			{"null type", "type", "null", []string{fails}},
			{"no token", "token", "", []string{mayMiss}},
			{"empty token", "token", `""`, []string{unusable}},
			{"null token", "token", "null", []string{unusable}},
			{"lists are not read", "permissions", "17", nil},
		}),
		"ElastiCacheUser": {
			{"no username", "username", "", []string{missing}},
			{"number as username", "username", "17", []string{wrongType}},
			{"empty username", "username", `""`, []string{unusable}},
			{"no user_arn", "user_arn", "", []string{missing}},
			{"number as user_arn", "user_arn", "17", []string{wrongType}},
			{"user ID as user_arn", "user_arn", `"app"`, []string{wrongType}},
			{"six parts", "user_arn", `"arn:aws:elasticache:eu-central-1:123456789012:user"`, []string{wrongType}},
			{"seven parts of another service", "user_arn", `"arn:aws:iam:eu-central-1:123456789012:user:app"`, []string{unusable}},
			{"EC2 user", "user_arn", `"arn:aws:ec2::123456789012:user:app"`, []string{unusable}},
			{"no user ID", "user_arn", `"arn:aws:elasticache:eu-central-1:123456789012:user:"`, []string{unusable}},
			{"no password", "password", "", nil},
			{"null password", "password", "null", []string{wrongType}},
			{"number as password", "password", "87654321", []string{wrongType}},
			{"empty password", "password", `""`, []string{unusable}},
		},
		"ActiveDirectorySingleUser": {
			{"no directory", "awsSeamlessDomainDirectoryId", "", []string{missing}},
			{"null directory", "awsSeamlessDomainDirectoryId", "null", []string{wrongType}},
			{"number as user", "awsSeamlessDomainUsername", "17", []string{wrongType}},
			{"null password", "awsSeamlessDomainPassword", "null", []string{unusable}},
			{"name of the directory", "awsSeamlessDomainDirectoryId", `"example.com"`, []string{unusable}},
			{"user with domain", "awsSeamlessDomainUsername", `"app@example.com"`, []string{unusable}},
			{"user with NetBIOS domain", "awsSeamlessDomainUsername", `"EXAMPLE\\app"`, []string{unusable}},
			{"user with a plus", "awsSeamlessDomainUsername", `"app+1"`, []string{unusable}},
			{"user of 65 characters", "awsSeamlessDomainUsername", letters(65, ""), []string{unusable}},
			{"password with quote", "awsSeamlessDomainPassword", `"pass'word"`, []string{unusable}},
			{"number as password", "awsSeamlessDomainPassword", "87654321", []string{unusable}},
			{"no password", "awsSeamlessDomainPassword", "", []string{missing}},
		},
		"ActiveDirectoryAndKeytabSingleUser": {
			{"no schemaVersion", "schemaVersion", "", []string{missing}},
			{"null schemaVersion", "schemaVersion", "null", nil},
			{"no keytabArns", "keytabArns", "", []string{missing}},
			{"null keytabArns", "keytabArns", "null", []string{wrongType}},
			{"number as keytabArns", "keytabArns", "17", []string{wrongType}},
			{"text as keytabArns", "keytabArns", `"arn:aws:x"`, []string{wrongType}},
			{"empty text as keytabArns", "keytabArns", `""`, []string{maybeType}},
			{"object as keytabArns", "keytabArns", `{"arn":1}`, []string{maybeType}},
			{"object with empty name as keytabArns", "keytabArns", `{"":1}`, []string{wrongType}},
			{"no keytabs", "keytabArns", "[]", nil},
			{"two keytabs", "keytabArns", `["a","b"]`, nil},
			{"null keytab", "keytabArns", `["a",null]`, []string{wrongType}},
			{"empty keytab", "keytabArns", `[""]`, []string{wrongType}},
			{"list in the list", "keytabArns", `[["a"]]`, []string{wrongType}},
			{"lastModifiedDateTime of any type", "lastModifiedDateTime", "17", nil},
			{"directoryServiceSecretVersion of any type", "directoryServiceSecretVersion", `"x"`, nil},
		},
		"Custom": nil,
	}
	for _, rotationType := range catalog.All() {
		rows, known := tests[rotationType.Name]
		if !known {
			t.Errorf("no rows for %s", rotationType.Name)
		}
		for _, test := range rows {
			t.Run(rotationType.Name+" "+test.name, func(t *testing.T) {
				t.Parallel()
				value := example(t, rotationType, test.field, test.value)
				findings := SecretString(rotationType, value, nil)
				if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
					t.Errorf("%s: %s", value, diff)
				}
				checkFindings(t, findings, "app@example.com", "pass'word", "87654321", "uuuu")
			})
		}
	}
}

// TestConditions is about fields that depend on others.
func TestConditions(t *testing.T) {
	t.Parallel()
	influx, directory := lookup(t, "InfluxDBMultiUser"), lookup(t, "ActiveDirectorySingleUser")
	on, off := map[string]string{"AUTHENTICATION_CREATION_ENABLED": "true"}, map[string]string{}
	tests := []struct {
		name         string
		rotationType *catalog.RotationType
		replacements []string
		environment  map[string]string
		want         []string
	}{
		{"operator with token", influx, []string{"type", `"operator"`}, nil, nil},
		{"operator without token", influx, []string{"type", `"operator"`, "token", ""}, nil, []string{missing}},
		{"operator without token, creation on", influx, []string{"type", `"operator"`, "token", ""}, on, []string{missing}},
		{"allAccess without token", influx, []string{"token", ""}, nil, []string{mayMiss}},
		{"allAccess without token, creation on", influx, []string{"token", ""}, on, nil},
		{"allAccess without token, creation off", influx, []string{"token", ""}, off, []string{missing}},
		{"creation with a capital", influx, []string{"token", ""}, map[string]string{"AUTHENTICATION_CREATION_ENABLED": "True"}, []string{missing}},
		{"custom with token", influx, []string{"type", `"custom"`}, nil, nil},
		{"custom without token and permissions", influx, []string{"type", `"custom"`, "token", ""}, on, []string{missing}},
		{"custom without token with permissions", influx, []string{"type", `"custom"`, "token", "", "permissions", `["read-tasks"]`}, on, nil},
		{"custom without token with buckets", influx, []string{"type", `"custom"`, "token", "", "readBuckets", `["id1"]`}, on, nil},
		{"custom without token with no buckets", influx, []string{"type", `"custom"`, "token", "", "readBuckets", `[]`}, on, []string{missing}},
		{"custom without token with no permissions", influx, []string{"type", `"custom"`, "token", "", "permissions", `[]`}, on, []string{missing}},
		{"null permissions", influx, []string{"type", `"custom"`, "permissions", "null"}, nil, []string{wrongType}},
		{"text as permissions", influx, []string{"type", `"custom"`, "permissions", `"read-tasks"`}, nil, []string{wrongType}},
		{"object of permissions", influx, []string{"type", `"custom"`, "permissions", `{"read-tasks":1}`}, nil, []string{maybeType}},
		{"camel case permission", influx, []string{"type", `"custom"`, "permissions", `["read-tasks","read-notificationRules"]`}, nil, []string{wrongType}},
		{"short permission", influx, []string{"type", `"custom"`, "permissions", `["r-tasks"]`}, nil, []string{wrongType}},
		{"number in permissions", influx, []string{"type", `"custom"`, "permissions", `[1]`}, nil, []string{wrongType}},
		{"permission with line feed", influx, []string{"type", `"custom"`, "permissions", `["read-tasks\n"]`}, nil, []string{unusable}},
		{"null buckets", influx, []string{"type", `"custom"`, "writeBuckets", "null"}, nil, []string{wrongType}},
		{"text as buckets", influx, []string{"type", `"custom"`, "writeBuckets", `"id1"`}, nil, []string{maybeType}},
		{"number in buckets", influx, []string{"type", `"custom"`, "writeBuckets", `[1]`}, nil, []string{maybeType}},

		{"AWS's docstring", directory, []string{"awsSeamlessDomainPassword", "", "Password", `"x"`}, nil, []string{mayMiss}},
		{"AWS's docstring, environment known", directory, []string{"awsSeamlessDomainPassword", "", "Password", `"x"`}, off, []string{missing}},
		{"renamed", directory, []string{"awsSeamlessDomainPassword", "", "Password", `"x"`}, map[string]string{"DICT_KEY_PASSWORD": "Password"}, nil},
		{"renamed to nothing", directory, nil, map[string]string{"DICT_KEY_PASSWORD": ""}, nil},
		{"renamed in the environment only", directory, nil, map[string]string{"DICT_KEY_PASSWORD": "Password"}, []string{missing}},
		{"excluded", directory, []string{"awsSeamlessDomainUsername", `"app@example.com"`}, off, []string{fails}},
		{"excluded by the environment", directory, []string{"awsSeamlessDomainUsername", `"app"`}, map[string]string{"EXCLUDE_CHARACTERS": "xyzp"}, []string{fails}},
		{"nothing excluded", directory, []string{"awsSeamlessDomainPassword", `"a'b"`}, map[string]string{"EXCLUDE_CHARACTERS": ""}, nil},
		{"number, searched", directory, []string{"awsSeamlessDomainPassword", "17"}, off, []string{fails}},
		{"number, not searched", directory, []string{"awsSeamlessDomainPassword", "17"}, map[string]string{"EXCLUDE_CHARACTERS": ""}, []string{unusable}},
		{"list", directory, []string{"awsSeamlessDomainPassword", "[]"}, off, []string{unusable}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			value := example(t, test.rotationType, test.replacements...)
			findings := SecretString(test.rotationType, value, test.environment)
			if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
				t.Errorf("%s: %s", value, diff)
			}
			checkFindings(t, findings, "app@example.com", "read-notificationRules", "id1")
		})
	}
}

func TestUsernameAndEnvironment(t *testing.T) {
	t.Parallel()
	limit := func(value string) map[string]string { return map[string]string{"USERNAME_CHARACTER_LIMIT": value} }
	mysql, cache := "MySQLMultiUser", "ElastiCacheUser"
	tests := []struct {
		rotationType, username string
		environment            map[string]string
		want                   []string
	}{
		{mysql, letters(10, ""), map[string]string{}, nil},
		{mysql, letters(11, ""), map[string]string{}, []string{tooLong}},
		{mysql, letters(11, ""), limit("32"), nil},
		{mysql, letters(26, ""), limit("32"), nil},
		{mysql, letters(27, ""), limit("64"), []string{mayBeLong}},
		{mysql, letters(27, ""), limit("32"), []string{tooLong}},
		{mysql, letters(14, ""), limit(" 20 "), nil},
		{mysql, letters(15, ""), limit("20"), []string{tooLong}},
		{mysql, letters(5, ""), limit("10"), []string{tooLong}},
		{mysql, letters(5, ""), limit("-1"), []string{tooLong}},
		{mysql, letters(11, ""), limit("many"), []string{tooLong}},
		{mysql, letters(30, "_clone"), limit("10"), nil},
		{cache, `"app"`, map[string]string{"USER_NAME": "app"}, nil},
		{cache, `"app"`, map[string]string{"USER_NAME": "App"}, []string{fails}},
		{cache, `"app"`, map[string]string{}, []string{fails}},
	}
	for _, test := range tests {
		findings := SecretString(lookup(t, test.rotationType), example(t, lookup(t, test.rotationType), "username", test.username), test.environment)
		if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
			t.Errorf("%s, %s, %v: %s", test.rotationType, test.username, test.environment, diff)
		}
		checkFindings(t, findings, "uuuuu")
	}
	// What no environment can mend is the same finding with any.
	long := example(t, lookup(t, mysql), "username", letters(27, ""))
	if diff := cmp.Diff(SecretString(lookup(t, mysql), long, nil), SecretString(lookup(t, mysql), long, limit("16"))); diff != "" {
		t.Error(diff)
	}
}

func TestSecretPrevious(t *testing.T) {
	t.Parallel()
	const want = "warning secret-previous-not-json"
	tests := map[string]string{
		"CHANGEME": want, "": want, "17": want, "1.5": want, "null": want, "true": want, `{"a":1}}`: want,
		"{}": "", `{"engine":"other"}`: "", `"text"`: "", "[]": "",
	}
	for _, rotationType := range catalog.All() {
		for value, want := range tests {
			findings := SecretPrevious(rotationType, value)
			if !rotationType.ReadsPrevious {
				want = ""
			}
			if got := strings.Join(codesOf(findings), ", "); got != want {
				t.Errorf("%s, %s: %s, want %s", rotationType.Name, value, got, want)
			}
			checkFindings(t, findings, "CHANGEME")
		}
	}
}
