package catalog

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// typesNamed returns the names of the types that match one of the patterns of path.Match, given in one text.
func typesNamed(t *testing.T, patterns string) []string {
	t.Helper()
	var names []string
	for _, name := range Names() {
		if slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
			matched, err := path.Match(pattern, name)
			if err != nil {
				t.Fatal(err)
			}
			return matched
		}) {
			names = append(names, name)
		}
	}
	return names
}

// Patterns of names.
const (
	rdsMulti  = "MySQLMultiUser PostgreSQLMultiUser MariaDBMultiUser OracleMultiUser SQLServerMultiUser Db2MultiUser"
	rdsMaster = rdsMulti + " Db2SingleUser"
	previous  = "MySQLSingleUser PostgreSQLSingleUser MariaDBSingleUser OracleSingleUser SQLServerSingleUser MongoDBSingleUser RedshiftSingleUser"
	multi     = rdsMulti + " MongoDBMultiUser RedshiftMultiUser"
	databases = previous + " " + multi + " Db2SingleUser"
	others    = "ElastiCacheUser ActiveDirectory*"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	tests := []struct{ topic, docs, code, types string }{
		{"port", "3306", "50000", "Db2*"},
		{"dbname", "Optional", `"None"`, "Db2*"},
		{"ssl", "not encrypted", "TLS is tried first", "MongoDB*"},
		{"dbname", "no database", `"admin"`, "MongoDB*"},
		{"dbname", "no database", `"dev"`, "Redshift*"},
		{"ssl", "Only secrets of Amazon DocumentDB", "The function reads it", "MySQL* MariaDB* PostgreSQL* SQLServer* Oracle*"},
		{"engine", "One value", `"aurora-mysql"`, "MySQL*"},
		{"engine", "One value", `"aurora-postgresql"`, "PostgreSQL*"},
		{"engine", "One value", `starts with "db2"`, "Db2*"},
		{"TLS", "do not use TLS", "TCPS", "Oracle*"},
		{"user_arn", "EC2", "ElastiCache", "ElastiCacheUser"},
		{"fields", "password", "SECRET_ARN and USER_NAME are required", "ElastiCacheUser"},
		{"a new token", "blank", "must be absent", "InfluxDBMultiUser"},
		{"field names", "DirectoryId", "awsSeamlessDomainDirectoryId", "ActiveDirectory*"},
		{"fields", "directoryServiceSecretVersion", "schemaVersion and keytabArns are required", "ActiveDirectoryAndKeytabSingleUser"},
		{"permissions on the superuser secret", "GetSecretValue", "when RDS manages", rdsMaster},
		{"permissions on the superuser secret", "GetSecretValue", "DescribeSecret, always", "RedshiftMultiUser"},
		{"RotationToken", "needs the RotationToken", "never passes it", "*"},
		{"driver", "PyMongo 4.7.3", "PyMongo 4 no longer has", "MongoDB*"},
		{"driver", "redshift-connector", "pgdb", "Redshift*"},
	}
	total := 0
	for _, test := range tests {
		var got []string
		for _, rotationType := range All() {
			if slices.ContainsFunc(rotationType.Differences, func(d Difference) bool {
				return d.Topic == test.topic && strings.Contains(d.Docs, test.docs) && strings.Contains(d.Code, test.code)
			}) {
				got = append(got, rotationType.Name)
			}
		}
		if diff := cmp.Diff(typesNamed(t, test.types), got); diff != "" {
			t.Errorf("%s, %s: %s", test.topic, test.code, diff)
		}
		total += len(got)
	}
	for _, rotationType := range All() {
		total -= len(rotationType.Differences)
		for _, d := range rotationType.Differences {
			checkSentence(t, rotationType.Name, d.Docs)
			checkSentence(t, rotationType.Name, d.Code)
		}
	}
	if total != 0 {
		t.Errorf("%d differences have no row", -total)
	}
}

// TestErrorCounts has the number of distinct errors that the code of each function raises itself, and of those that Python raises in it.
func TestErrorCounts(t *testing.T) {
	t.Parallel()
	python := []string{"JSONDecodeError", "TypeError", "AttributeError", "IndexError"}
	bare := strings.Fields("SECRETS_MANAGER_ENDPOINT SecretString masterarn adminSecretArn RotationEnabled SECRET_ARN USER_NAME username")
	want := map[string][2]int{
		"MySQLSingleUser": {12, 6}, "MySQLMultiUser": {18, 8}, "PostgreSQLSingleUser": {12, 6}, "PostgreSQLMultiUser": {18, 8},
		"MariaDBSingleUser": {12, 6}, "MariaDBMultiUser": {16, 8}, "OracleSingleUser": {12, 5}, "OracleMultiUser": {16, 7},
		"SQLServerSingleUser": {12, 5}, "SQLServerMultiUser": {18, 7}, "Db2SingleUser": {15, 8}, "Db2MultiUser": {20, 9},
		"MongoDBSingleUser": {13, 6}, "MongoDBMultiUser": {13, 8}, "RedshiftSingleUser": {12, 6}, "RedshiftMultiUser": {19, 8},
		"InfluxDBSingleUser": {12, 3}, "InfluxDBMultiUser": {19, 4}, "ElastiCacheUser": {9, 10},
		"ActiveDirectorySingleUser": {13, 4}, "ActiveDirectoryAndKeytabSingleUser": {25, 4}, "Custom": {5, 2},
	}
	byName(t, want, func(t *testing.T, rotationType *RotationType, want [2]int) {
		var got [2]int
		seen := map[string]bool{}
		for _, e := range rotationType.Errors {
			checkSentence(t, e.Message, e.Cause)
			key := e.Exception + ": " + e.Message
			if seen[key] {
				t.Errorf("%q is there twice", key)
			}
			seen[key] = true
			if slices.Contains(python, e.Exception) || slices.Contains(bare, e.Message) || strings.HasPrefix(e.Message, "invalid literal") {
				got[1]++
			} else {
				got[0]++
			}
		}
		equal(t, want, got)
	})
}

// TestErrors has which functions raise an error, for those that users meet most.
func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ exception, message, types string }{
		{"KeyError", "SECRETS_MANAGER_ENDPOINT", "*"},
		{"ValueError", "Secret %s is not enabled for rotation", databases + " " + others + " Custom"},
		{"ValueError", "Secret %s is not enabled for rotation.", "InfluxDB*"},
		{"ValueError", "Secret version %s has no stage for rotation of secret %s.", "*"},
		{"ValueError", "Secret version %s not set as AWSPENDING for rotation of secret %s.", "*"},
		{"ValueError", "Invalid step parameter %s for secret %s", databases + " " + others},
		{"ValueError", "Invalid step parameter", "Custom"},
		{"JSONDecodeError", "Expecting value: line %s column %s (char %s)", databases + " ActiveDirectorySingleUser"},
		{"ValueError", "Invalid secret value JSON for secret %s.", "InfluxDB*"},
		{"ValueError", "Invalid secret value json for secret %s.", "ElastiCacheUser"},
		{"Exception", "Failed to parse secret string from %s", "ActiveDirectoryAndKeytabSingleUser"},
		{"TypeError", "argument of type '%s' is not iterable", databases + " " + others + " InfluxDB*"},
		{"KeyError", "SecretString", databases + " " + others + " InfluxDB*"},
		{"KeyError", "%s key is missing from secret JSON", databases + " ActiveDirectory*"},
		{"KeyError", "%s key is missing from secret JSON.", "InfluxDB*"},
		{"KeyError", "Database engine must be set to 'mysql' in order to use this rotation lambda", "MySQL*"},
		{"KeyError", "Database engine must be set to 'postgres' in order to use this rotation lambda", "PostgreSQL*"},
		{"KeyError", "Database engine must be set to 'mariadb' in order to use this rotation lambda", "MariaDB*"},
		{"KeyError", "Database engine must be set to 'oracle' in order to use this rotation lambda", "Oracle*"},
		{"KeyError", "Database engine must be set to 'sqlserver' in order to use this rotation lambda", "SQLServer*"},
		{"KeyError", "Database engine must be set to 'db2' in order to use this rotation lambda", "Db2*"},
		{"KeyError", "Database engine must be set to 'mongo' in order to use this rotation lambda", "MongoDB*"},
		{"KeyError", "Database engine must be set to 'redshift' in order to use this rotation lambda", "Redshift*"},
		{"KeyError", "Database engine must be set to 'timestream-influxdb' in order to use this Lambda rotation function.", "InfluxDB*"},
		{"AttributeError", "'%s' object has no attribute 'startswith'", "Db2*"},
		{"AttributeError", "'%s' object has no attribute 'endswith'", multi},
		{"TypeError", "int() argument must be a string, a bytes-like object or a real number, not '%s'", "MySQL* MariaDB* PostgreSQL* Db2* MongoDB* Redshift*"},
		{"ValueError", "invalid literal for int() with base 10: '%s'", databases + " ElastiCacheUser"},
		{"KeyError", "masterarn", multi + " Db2SingleUser"},
		{"KeyError", "adminSecretArn", "InfluxDBMultiUser"},
		{"ValueError", "Attempting to modify user %s other than current user %s", previous + " Db2SingleUser"},
		{"ValueError", "Attempting to modify user %s other than previous valid user %s", "MySQLSingleUser PostgreSQLSingleUser OracleSingleUser SQLServerSingleUser MongoDBSingleUser RedshiftSingleUser"},
		{"ValueError", "Attempting to modify user %s other than last valid user %s", "MariaDBSingleUser"},
		{"ValueError", "Attempting to modify user for host %s other than current host %s", databases},
		{"ValueError", "Attempting to modify user for host %s other than previous host %s", "MySQLSingleUser MariaDBSingleUser OracleSingleUser SQLServerSingleUser MongoDBSingleUser RedshiftSingleUser"},
		{"ValueError", "Attempting to modify user for host %s other than current previous valid %s", "PostgreSQLSingleUser"},
		{"ValueError", "Unable to log into database with previous, current, or pending secret of secret arn %s", previous},
		{"ValueError", "Attempting to modify user %s other than current user or clone %s", multi},
		{"ValueError", "Unable to log into database using current credentials for secret %s", multi + " Db2SingleUser"},
		{"ValueError", "Current database host %s is not the same host as/rds replica of master %s", rdsMaster},
		{"ValueError", "Current database host %s is not the same host as master %s", "MongoDBMultiUser"},
		{"ValueError", "Current database host %s is not the same host as admin %s", "RedshiftMultiUser"},
		{"ValueError", "Unable to log into database using credentials in master secret %s", rdsMaster + " MongoDBMultiUser"},
		{"ValueError", "Unable to log into database using credentials in admin secret %s", "RedshiftMultiUser"},
		{"ValueError", "Unable to log into database with pending secret of secret ARN %s", databases},
		{"Exception", "Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: %s", rdsMaster},
		{"Exception", "Encountered API error while fetching connection parameters from DescribeDBClusters RDS API: %s", "MySQLMultiUser PostgreSQLMultiUser"},
		{"ValueError", "Unable to clone user, username length with _clone appended would exceed %s characters", "MySQLMultiUser"},
		{"ValueError", "Unable to clone user, username length with _clone appended would exceed 63 characters", "PostgreSQLMultiUser"},
		{"ValueError", "Unable to clone user, username length with _clone appended would exceed 80 characters", "MariaDBMultiUser"},
		{"ValueError", "Unable to clone user, username length with _CLONE appended would exceed 30 characters", "OracleMultiUser"},
		{"ValueError", "Unable to clone user, username length with _clone appended would exceed 128 characters", "SQLServerMultiUser"},
		{"ValueError", "Unable to clone user, username length with _clone appended would exceed 16 characters", "Db2MultiUser"},
		{"ValueError", "Invalid username, username must not be empty after _clone suffix is removed", "Db2MultiUser"},
		{"KeyError", "The token value must be set when rotating an operator token.", "InfluxDBMultiUser"},
		{"KeyError", "%s is not a valid token type.", "InfluxDBMultiUser"},
		{"ValueError", "Authentication creation has not been enabled to allow the Lambda function to create tokens.", "InfluxDBMultiUser"},
		{"ValueError", "No permissions were set for token creation.", "InfluxDBMultiUser"},
		{"ValueError", "Permission %s must fit the format <action>-<type>, for example write-tasks.", "InfluxDBMultiUser"},
		{"KeyError", "createSecret: secret %s has no user_arn defined.", "ElastiCacheUser"},
		{"KeyError", "username", "ElastiCacheUser"},
		{"IndexError", "list index out of range", "ElastiCacheUser"},
		{"KeyError", "RotationEnabled", "ElastiCacheUser Custom"},
		{"ValueError", "User %s is not allowed to use this Lambda function for rotation", "ElastiCacheUser"},
		{"ValueError", "Secret %s is not allowed to use this Lambda function for rotation", "ElastiCacheUser"},
		{"ValueError", "%s: user %s associated with secret %s did not reached the active status.", "ElastiCacheUser"},
		{"ValueError", "execute_kinit_command: kinit failed", "ActiveDirectory*"},
		{"ValueError", "check_inputs: Invalid character in username", "ActiveDirectory*"},
		{"ValueError", "check_inputs: Invalid character in password", "ActiveDirectory*"},
		{"ValueError", "execute_kinit_command: Unexpected value for current_dict", "ActiveDirectory*"},
		{"ValueError", "Unable to reset the users password in Directory Services", "ActiveDirectorySingleUser"},
		{"ValueError", "Unable to reset the user's password in Directory Services", "ActiveDirectoryAndKeytabSingleUser"},
		{"Exception", "Failed to load secret from %s: %s", "ActiveDirectoryAndKeytabSingleUser"},
		{"NotImplementedError", "", "Custom"},
	}
	for _, test := range tests {
		var got []string
		for _, rotationType := range All() {
			if slices.ContainsFunc(rotationType.Errors, func(e FunctionError) bool { return e.Exception == test.exception && e.Message == test.message }) {
				got = append(got, rotationType.Name)
			}
		}
		if diff := cmp.Diff(typesNamed(t, test.types), got); diff != "" {
			t.Errorf("%s: %s: %s", test.exception, test.message, diff)
		}
	}
}
