package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// byName runs a test for each rotation type with its row of a table that has every type.
func byName[T any](t *testing.T, rows map[string]T, test func(t *testing.T, rotationType *RotationType, row T)) {
	t.Helper()
	for _, rotationType := range All() {
		t.Run(rotationType.Name, func(t *testing.T) {
			t.Parallel()
			row, ok := rows[rotationType.Name]
			if !ok {
				t.Fatal("the type has no row")
			}
			test(t, rotationType, row)
		})
	}
	if len(rows) != len(All()) {
		t.Errorf("%d rows for %d types", len(rows), len(All()))
	}
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOverview(t *testing.T) {
	t.Parallel()
	// One line: position, application without prefix, in CloudFormation (+ or -), engine and what is accepted, strategy, port, database,
	// excluded characters, length.
	want := map[string]string{
		"MySQLSingleUser":                    "1 RDSMySQLRotationSingleUser + mysql mysql,aurora-mysql single_user 3306 - /@\"'\\ 32",
		"MySQLMultiUser":                     "2 RDSMySQLRotationMultiUser + mysql mysql,aurora-mysql alternating_users 3306 - /@\"'\\ 32",
		"PostgreSQLSingleUser":               "3 RDSPostgreSQLRotationSingleUser + postgres postgres,aurora-postgresql single_user 5432 postgres :/@\"'\\ 32",
		"PostgreSQLMultiUser":                "4 RDSPostgreSQLRotationMultiUser + postgres postgres,aurora-postgresql alternating_users 5432 postgres :/@\"'\\ 32",
		"MariaDBSingleUser":                  "5 RDSMariaDBRotationSingleUser + mariadb mariadb single_user 3306 - /@\"'\\ 32",
		"MariaDBMultiUser":                   "6 RDSMariaDBRotationMultiUser + mariadb mariadb alternating_users 3306 - /@\"'\\ 32",
		"OracleSingleUser":                   "7 RDSOracleRotationSingleUser + oracle oracle single_user 1521 - /@\"'\\ 30",
		"OracleMultiUser":                    "8 RDSOracleRotationMultiUser + oracle oracle alternating_users 1521 - /@\"'\\ 30",
		"SQLServerSingleUser":                "9 RDSSQLServerRotationSingleUser + sqlserver sqlserver single_user 1433 master /@\"'\\ 32",
		"SQLServerMultiUser":                 "10 RDSSQLServerRotationMultiUser + sqlserver sqlserver alternating_users 1433 master /@\"'\\ 32",
		"Db2SingleUser":                      "11 RDSDb2RotationSingleUser + db2 db2* single_user 50000 - /@\"'\\; 32",
		"Db2MultiUser":                       "12 RDSDb2RotationMultiUser + db2 db2* alternating_users 50000 - /@\"'\\; 32",
		"MongoDBSingleUser":                  "13 MongoDBRotationSingleUser + mongo mongo single_user 27017 admin /@\"'\\ 32",
		"MongoDBMultiUser":                   "14 MongoDBRotationMultiUser + mongo mongo alternating_users 27017 admin /@\"'\\ 32",
		"RedshiftSingleUser":                 "15 RedshiftRotationSingleUser + redshift redshift single_user 5439 dev /@\"'\\: 32",
		"RedshiftMultiUser":                  "16 RedshiftRotationMultiUser + redshift redshift alternating_users 5439 dev /@\"'\\: 32",
		"InfluxDBSingleUser":                 "17 InfluxDBRotationSingleUser - timestream-influxdb timestream-influxdb single_user 0 -  32",
		"InfluxDBMultiUser":                  "18 InfluxDBRotationMultiUser - timestream-influxdb timestream-influxdb token_replacement 0 - none",
		"ElastiCacheUser":                    "19 ElasticacheUserRotation - elasticache  single_user 0 - /@\"'\\ 20",
		"ActiveDirectorySingleUser":          "20 ActiveDirectoryRotationSingleUser - active-directory  single_user 0 - /@\"'\\ 32",
		"ActiveDirectoryAndKeytabSingleUser": "21 ActiveDirectoryAndKeytabRotationSingleUser - active-directory  single_user 0 - /@\"'\\ 32",
		"Custom":                             "22 RotationTemplate - other  custom 0 - /@\"'\\ 32",
	}
	byName(t, want, func(t *testing.T, rotationType *RotationType, want string) {
		accepted, prefix := rotationType.Engines()
		engines := strings.Join(accepted, ",")
		if prefix {
			engines += "*"
		}
		hosted, database, password := "-", rotationType.Database, "none"
		if rotationType.Hosted {
			hosted = "+"
		}
		if database == "" {
			database = "-"
		}
		if rotationType.Password != nil {
			password = fmt.Sprint(rotationType.Password.ExcludeCharacters, " ", rotationType.Password.Length)
		}
		equal(t, want, fmt.Sprintf("%d %s %s %s %s %s %d %s %s", slices.Index(All(), rotationType)+1,
			strings.TrimPrefix(rotationType.Application, "SecretsManager"), hosted, rotationType.Engine, engines,
			rotationType.Strategy, rotationType.Port, database, password))
	})
}

func TestFields(t *testing.T) {
	t.Parallel()
	const (
		database = "engine! host! username! password! "
		rds      = " dbInstanceIdentifier~ dbClusterIdentifier~"
		redshift = " dbClusterIdentifier~ namespaceName~"
		master   = " masterarn!:secret"
		mysql    = database + "dbname port:port=3306 ssl:tls"
		postgres = database + "dbname=postgres port:port=5432 ssl:tls"
		oracle   = database + "dbname! port:text=1521 ssl:tls"
		server   = database + "dbname=master port:text=1433 ssl:tls"
		db2      = database + "dbname port:port=50000"
		mongo    = database + "dbname=admin port:port=27017 ssl:tls"
		dev      = database + "dbname=dev port:port=5439"
		ad       = "awsSeamlessDomainDirectoryId!$DICT_KEY_DIRECTORY awsSeamlessDomainUsername!^$DICT_KEY_USERNAME awsSeamlessDomainPassword!^$DICT_KEY_PASSWORD"
	)
	want := map[string]string{
		"MySQLSingleUser": mysql + rds, "MySQLMultiUser": mysql + master + rds,
		"PostgreSQLSingleUser": postgres + rds, "PostgreSQLMultiUser": postgres + master + rds,
		"MariaDBSingleUser": mysql + rds, "MariaDBMultiUser": mysql + master + rds,
		"OracleSingleUser": oracle + rds, "OracleMultiUser": oracle + master + rds,
		"SQLServerSingleUser": server + rds, "SQLServerMultiUser": server + master + rds,
		"Db2SingleUser": db2 + master + rds, "Db2MultiUser": db2 + master + rds,
		"MongoDBSingleUser": mongo + rds, "MongoDBMultiUser": mongo + master + rds,
		"RedshiftSingleUser": dev + redshift, "RedshiftMultiUser": dev + master + redshift,
		"InfluxDBSingleUser":                 "engine! username! password! dbIdentifier!",
		"InfluxDBMultiUser":                  "engine! org! adminSecretArn!:secret type!(operator,allAccess,custom) dbIdentifier! token? writeBuckets:list readBuckets:list permissions:permissions?",
		"ElastiCacheUser":                    "username! user_arn!:user password",
		"ActiveDirectorySingleUser":          ad,
		"ActiveDirectoryAndKeytabSingleUser": ad + " schemaVersion!:any$DICT_KEY_SCHEMA_VERSION keytabArns!:secrets$DICT_KEY_KEYTAB_ARNS lastModifiedDateTime~$DICT_KEY_LAST_MODIFIED directoryServiceSecretVersion~:any",
		"Custom":                             "",
	}
	kinds := map[FieldKind]string{
		Anything: ":any", Port: ":port", PortText: ":text", TLS: ":tls", SecretID: ":secret", SecretIDs: ":secrets", UserARN: ":user",
		TextList: ":list", Permissions: ":permissions",
	}
	byName(t, want, func(t *testing.T, rotationType *RotationType, want string) {
		var got []string
		for _, field := range rotationType.Fields {
			text := field.Name
			for _, mark := range []struct {
				set  bool
				text string
			}{
				{field.Required, "!"},
				{field.Ignored, "~"},
				{field.NoExcluded, "^"},
				{true, kinds[field.Kind]},
				{field.When != nil, "?"},
				{field.Allowed != nil && field.Name != "engine", "(" + strings.Join(field.Allowed, ",") + ")"},
				{field.Default != "", "=" + field.Default},
				{field.Variable != "", "$" + field.Variable},
			} {
				if mark.set {
					text += mark.text
				}
			}
			got = append(got, text)
		}
		equal(t, want, strings.Join(got, " "))
	})
}

func TestConditions(t *testing.T) {
	t.Parallel()
	token, _ := influxDBMultiUser.Field("token")
	equal(t, []Condition{{Field: "type", Value: "operator"}, {Variable: "AUTHENTICATION_CREATION_ENABLED"}}, token.When)
	permissions, _ := influxDBMultiUser.Field("permissions")
	equal(t, []Condition{{Field: "type", Value: "custom", Absent: []string{"token", "readBuckets", "writeBuckets"}}}, permissions.When)
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const (
		classes  = " EXCLUDE_NUMBERS?=false EXCLUDE_PUNCTUATION?=false EXCLUDE_UPPERCASE?=false EXCLUDE_LOWERCASE?=false REQUIRE_EACH_INCLUDED_TYPE?=true"
		database = ` EXCLUDE_CHARACTERS=/@"'\ PASSWORD_LENGTH#=32` + classes
		postgres = ` EXCLUDE_CHARACTERS=:/@"'\ PASSWORD_LENGTH#=32` + classes
		oracle   = ` EXCLUDE_CHARACTERS=/@"'\ PASSWORD_LENGTH#=30` + classes
		db2      = ` EXCLUDE_CHARACTERS=/@"'\; PASSWORD_LENGTH#=32` + classes
		redshift = ` EXCLUDE_CHARACTERS=/@"'\: PASSWORD_LENGTH#=32 EXCLUDE_PUNCTUATION?=false REQUIRE_EACH_INCLUDED_TYPE?=true`
		ad       = ` EXCLUDE_CHARACTERS=/@"'\ DICT_KEY_DIRECTORY=awsSeamlessDomainDirectoryId DICT_KEY_USERNAME=awsSeamlessDomainUsername DICT_KEY_PASSWORD=awsSeamlessDomainPassword`
	)
	want := map[string]string{
		"MySQLSingleUser": database, "MySQLMultiUser": database + " USERNAME_CHARACTER_LIMIT#=16",
		"PostgreSQLSingleUser": postgres, "PostgreSQLMultiUser": postgres,
		"MariaDBSingleUser": database, "MariaDBMultiUser": database,
		"OracleSingleUser": oracle, "OracleMultiUser": oracle,
		"SQLServerSingleUser": database, "SQLServerMultiUser": database,
		"Db2SingleUser": db2, "Db2MultiUser": db2,
		"MongoDBSingleUser": database, "MongoDBMultiUser": database,
		"RedshiftSingleUser": redshift, "RedshiftMultiUser": redshift,
		"InfluxDBSingleUser":        "",
		"InfluxDBMultiUser":         " AUTHENTICATION_CREATION_ENABLED=false",
		"ElastiCacheUser":           ` SECRET_ARN! USER_NAME! EXCLUDE_CHARACTERS=/@"'\ PASSWORD_LENGTH#=20 MAX_WAITING_TIME_FOR_ACTIVE_IN_SECONDS#=600 WAITING_RETRY_INTERVAL_IN_SECONDS#=10`,
		"ActiveDirectorySingleUser": ad,
		"ActiveDirectoryAndKeytabSingleUser": ad + " DICT_KEY_LAST_MODIFIED=lastModifiedDateTime DICT_KEY_SCHEMA_VERSION=schemaVersion DICT_KEY_KEYTAB_ARNS=keytabArns" +
			" DICT_KEY_KEYTAB_NAME=name DICT_KEY_KEYTAB_PRINCIPALS=principals DICT_KEY_KEYTAB_CONTENTS=keytabContents DICT_KEY_KEYTAB_VERSION=version DICT_KEY_SECRET_ARN=parentSecretArn",
		"Custom": ` EXCLUDE_CHARACTERS=/@"'\`,
	}
	byName(t, want, func(t *testing.T, rotationType *RotationType, want string) {
		var got []string
		for _, variable := range rotationType.Environment {
			checkSentence(t, variable.Name, variable.Note)
			text := variable.Name + map[VariableKind]string{NumberVariable: "#", TruthVariable: "?"}[variable.Kind]
			if variable.Required {
				text += "!"
			} else {
				text += "=" + variable.Default
			}
			got = append(got, text)
		}
		equal(t, "SECRETS_MANAGER_ENDPOINT!"+want, strings.Join(got, " "))
	})
	for _, rotationType := range All() {
		for _, field := range rotationType.Fields {
			i := slices.IndexFunc(rotationType.Environment, func(v Variable) bool { return v.Name == field.Variable })
			if field.Variable != "" && (i < 0 || rotationType.Environment[i].Default != field.Name) {
				t.Errorf("%s.%s is renamed by %s, which is not in the environment with its name", rotationType.Name, field.Name, field.Variable)
			}
		}
	}
}

// TestCloneLimits has the longest user name that each function clones.
func TestCloneLimits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rotationType *RotationType
		want         Clone
		base         int
	}{
		{mySQLMultiUser, Clone{Suffix: "_clone", MaxLength: 16, LimitVariable: "USERNAME_CHARACTER_LIMIT", EngineLimit: 32}, 10},
		{postgreSQLMultiUser, Clone{Suffix: "_clone", MaxLength: 63}, 57},
		{mariaDBMultiUser, Clone{Suffix: "_clone", MaxLength: 80}, 74},
		{oracleMultiUser, Clone{Suffix: "_CLONE", MaxLength: 30, UpperCase: true}, 24},
		{sqlServerMultiUser, Clone{Suffix: "_clone", MaxLength: 128}, 122},
		{db2MultiUser, Clone{Suffix: "_clone", MaxLength: 16, RefusesEmpty: true}, 10},
		{mongoDBMultiUser, Clone{Suffix: "_clone"}, 0},
		{redshiftMultiUser, Clone{Suffix: "_clone", EngineLimit: 127}, 0},
	}
	for _, test := range tests {
		clone := *test.rotationType.Clone
		equal(t, test.want, clone)
		if clone.MaxBase() != test.base {
			t.Errorf("%s: MaxBase() = %d, want %d", test.rotationType.Name, clone.MaxBase(), test.base)
		}
	}
	alternating := slices.DeleteFunc(All(), func(t *RotationType) bool { return t.Clone == nil })
	if len(alternating) != len(tests) {
		t.Errorf("%d types have a clone, %d are tested", len(alternating), len(tests))
	}
}

func TestSuperusers(t *testing.T) {
	t.Parallel()
	const (
		rds      = "masterarn host,username,password,engine username,password aws:rds:primarydbinstancearn"
		clusters = rds + ",aws:rds:primarydbclusterarn"
	)
	want := map[string]string{
		"MySQLMultiUser": clusters, "PostgreSQLMultiUser": clusters,
		"MariaDBMultiUser": rds, "OracleMultiUser": rds, "SQLServerMultiUser": rds, "Db2SingleUser": rds, "Db2MultiUser": rds,
		"MongoDBMultiUser":  "masterarn engine,host,username,password  ",
		"RedshiftMultiUser": "masterarn host,username,password,engine username,password aws:redshift-serverless:namespacearn,aws:redshift:primaryclusterarn by tags",
		"InfluxDBMultiUser": "adminSecretArn username,password  ",
	}
	for _, rotationType := range All() {
		got := ""
		if s := rotationType.Superuser; s != nil {
			got = fmt.Sprint(s.Field, " ", strings.Join(s.Fields, ","), " ", strings.Join(s.ManagedFields, ","), " ", strings.Join(s.ManagedTags, ","))
			if s.ByTags {
				got += " by tags"
			}
		}
		if got != want[rotationType.Name] {
			t.Errorf("%s: %q, want %q", rotationType.Name, got, want[rotationType.Name])
		}
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	const (
		single  = "secret password"
		managed = single + " superuser:GetSecretValue superuser[managed_superuser]:DescribeSecret service[managed_or_replica]:rds:DescribeDBInstances"
		cluster = managed + ",rds:DescribeDBClusters"
	)
	want := map[string]string{
		"MySQLSingleUser": single, "MySQLMultiUser": cluster,
		"PostgreSQLSingleUser": single, "PostgreSQLMultiUser": cluster,
		"MariaDBSingleUser": single, "MariaDBMultiUser": managed,
		"OracleSingleUser": single, "OracleMultiUser": managed,
		"SQLServerSingleUser": single, "SQLServerMultiUser": managed,
		"Db2SingleUser": managed, "Db2MultiUser": managed,
		"MongoDBSingleUser": single, "MongoDBMultiUser": single + " superuser:GetSecretValue",
		"RedshiftSingleUser": single,
		"RedshiftMultiUser": single + " superuser:GetSecretValue,DescribeSecret service[managed_cluster]:redshift:DescribeClusters" +
			" service[managed_serverless]:redshift-serverless:ListNamespaces,redshift-serverless:ListWorkgroups",
		"InfluxDBSingleUser":                 single + " service:timestream-influxdb:GetDbInstance",
		"InfluxDBMultiUser":                  "secret superuser:GetSecretValue service:timestream-influxdb:GetDbInstance",
		"ElastiCacheUser":                    single + " service:elasticache:DescribeUsers,elasticache:ModifyUser",
		"ActiveDirectorySingleUser":          single + " service:ds:DescribeDirectories,ds:ResetUserPassword",
		"ActiveDirectoryAndKeytabSingleUser": single + " service:ds:DescribeDirectories,ds:ResetUserPassword keytabs:DescribeSecret,GetSecretValue,PutSecretValue,UpdateSecretVersionStage",
		"Custom":                             single,
	}
	targets := map[Target]string{OnSecret: "secret", OnSuperuser: "superuser", OnPassword: "password", OnService: "service", OnKeytabs: "keytabs"}
	shown := map[Target]string{OnSecret: "DescribeSecret,GetSecretValue,PutSecretValue,UpdateSecretVersionStage", OnPassword: "GetRandomPassword"}
	byName(t, want, func(t *testing.T, rotationType *RotationType, want string) {
		var got []string
		for _, grant := range rotationType.Grants {
			text := targets[grant.On]
			if grant.When != Always {
				text += "[" + string(grant.When) + "]"
			}
			if actions := strings.ReplaceAll(strings.Join(grant.Actions, ","), "secretsmanager:", ""); actions != shown[grant.On] {
				text += ":" + actions
			}
			got = append(got, text)
		}
		equal(t, want, strings.Join(got, " "))
	})
}

func TestReadsPrevious(t *testing.T) {
	t.Parallel()
	want := strings.Fields("MySQLSingleUser PostgreSQLSingleUser MariaDBSingleUser OracleSingleUser SQLServerSingleUser MongoDBSingleUser RedshiftSingleUser InfluxDBSingleUser")
	for _, rotationType := range All() {
		if reads := slices.Contains(want, rotationType.Name); rotationType.ReadsPrevious != reads {
			t.Errorf("%s reads AWSPREVIOUS: %v, want %v", rotationType.Name, rotationType.ReadsPrevious, reads)
		}
		if rotationType.ReplacesValue != (rotationType == custom) {
			t.Errorf("%s replaces the value: %v", rotationType.Name, rotationType.ReplacesValue)
		}
		if slow := rotationType.MinTimeout; slow != 0 && (rotationType != elastiCacheUser || slow != 12*time.Minute) {
			t.Errorf("%s needs %s", rotationType.Name, slow)
		}
	}
}
