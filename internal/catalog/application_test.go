package catalog

import "testing"

func TestApplicationARN(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rotationType *RotationType
		partition    string
		want         string
	}{
		{mySQLSingleUser, "aws", "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSMySQLRotationSingleUser"},
		{db2MultiUser, "aws-cn", "arn:aws-cn:serverlessrepo:cn-north-1:193023089310:applications/SecretsManagerRDSDb2RotationMultiUser"},
		{redshiftMultiUser, "aws-us-gov", "arn:aws-us-gov:serverlessrepo:us-gov-west-1:023102451235:applications/SecretsManagerRedshiftRotationMultiUser"},
		{custom, "aws", "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRotationTemplate"},
		{custom, "aws-iso", ""},
		{custom, "", ""},
	}
	for _, test := range tests {
		if got, ok := test.rotationType.ApplicationARN(test.partition); got != test.want || ok != (test.want != "") {
			t.Errorf("%s.ApplicationARN(%q) = %q, %v, want %q", test.rotationType.Name, test.partition, got, ok, test.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, want string }{
		{"postgresqlsingleuser", "PostgreSQLSingleUser"},
		{"POSTGRESQL_SINGLE_USER", "PostgreSQLSingleUser"},
		{"postgres-multi-user", "PostgreSQLMultiUser"},
		{"PostgresSingleUser", "PostgreSQLSingleUser"},
		{"PostgreSQLAlternatingUsers", "PostgreSQLMultiUser"},
		{"AuroraPostgreSQLSingleUser", "PostgreSQLSingleUser"},
		{"SecretsManagerRDSPostgreSQLRotationSingleUser", "PostgreSQLSingleUser"},
		{"PostgresqlMutliUser", "PostgreSQLMultiUser"},
		{"PostgreSQLMultiUsers", "PostgreSQLMultiUser"},
		{"AuroraMySQLSingleUser", "MySQLSingleUser"},
		{"RDSMySQLSingleUser", "MySQLSingleUser"},
		{"MySqlSingelUser", "MySQLSingleUser"},
		{"MariaDbMultiuser", "MariaDBMultiUser"},
		{"mssql_single_user", "SQLServerSingleUser"},
		{"SqlServerSingleUser", "SQLServerSingleUser"},
		{"DB2SingleUser", "Db2SingleUser"},
		{"DocumentDBMultiUser", "MongoDBMultiUser"},
		{"DocDBSingleUser", "MongoDBSingleUser"},
		{"MongoSingleUser", "MongoDBSingleUser"},
		{"RedshiftServerlessMultiUser", "RedshiftMultiUser"},
		{"TimestreamInfluxDBSingleUser", "InfluxDBSingleUser"},
		{"SecretsManagerElasticacheUserRotation", "ElastiCacheUser"},
		{"ActiveDirectoryRotationSingleUser", "ActiveDirectorySingleUser"},
		{"ActiveDirectoryKeytabSingleUser", "ActiveDirectoryAndKeytabSingleUser"},
		{"SecretsManagerActiveDirectoryAndKeytabRotationSingleUser", "ActiveDirectoryAndKeytabSingleUser"},
		{"SecretsManagerRotationTemplate", "Custom"},
		{"custom", "Custom"},
		{"generic", "Custom"},
		{"", ""},
		{"postgres", ""},
		{"SingleUser", ""},
		{"MultiUser", ""},
		{"CassandraSingleUser", ""},
	}
	for _, test := range tests {
		if got := Suggest(test.name); got != test.want {
			t.Errorf("Suggest(%q) = %q, want %q", test.name, got, test.want)
		}
	}
	for _, rotationType := range All() {
		for _, name := range []string{rotationType.Name, rotationType.Application} {
			if got := Suggest(name); got != rotationType.Name {
				t.Errorf("Suggest(%q) = %q, want %q", name, got, rotationType.Name)
			}
		}
	}
}
