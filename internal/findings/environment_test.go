package findings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const (
		secret     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cache-AbCdEf"
		invalid    = "error function-env-invalid"
		odd        = "warning function-env-invalid"
		tooFew     = "warning exclude-characters-too-few"
		impossible = "error exclude-characters-impossible"
		length     = "error password-length-invalid"
		engines    = "warning password-length-invalid"
		lower      = "abcdefghijklmnopqrstuvwxyz"
	)
	base := `/@"'\`
	tests := []struct {
		name, rotationType string
		variables          []string // names and values beside the endpoint
		want               []string
	}{
		{"defaults", "MySQLMultiUser", nil, nil},
		{"no endpoint", "MySQLMultiUser", []string{"SECRETS_MANAGER_ENDPOINT", "-"}, []string{noEndpoint}},
		{"endpoint without scheme", "MySQLMultiUser", []string{"SECRETS_MANAGER_ENDPOINT", "secretsmanager.eu-central-1.amazonaws.com"}, []string{invalid}},
		{"endpoint in capitals", "MySQLMultiUser", []string{"SECRETS_MANAGER_ENDPOINT", "HTTPS://secretsmanager.eu-central-1.amazonaws.com"}, nil},
		{"endpoint in the lab", "MySQLMultiUser", []string{"SECRETS_MANAGER_ENDPOINT", "http://127.0.0.1:4599"}, nil},
		{"another variable", "MySQLMultiUser", []string{"USER_NAME", "x", "LOG_LEVEL", "debug"}, nil},
		{"no endpoint", "Custom", []string{"SECRETS_MANAGER_ENDPOINT", "-"}, []string{noEndpoint}},
		{"no endpoint", "InfluxDBMultiUser", []string{"SECRETS_MANAGER_ENDPOINT", "-"}, []string{noEndpoint}},

		{"defaults", "PostgreSQLSingleUser", nil, nil},
		{"more excluded", "PostgreSQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + " :;"}, nil},
		{"nothing excluded", "PostgreSQLSingleUser", []string{"EXCLUDE_CHARACTERS", ""}, []string{tooFew}},
		{"at sign left", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", `/"'\`}, []string{tooFew}},
		{"apostrophe left, which MySQL takes", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", `/@"`}, nil},
		{"apostrophe left, which Redshift refuses", "RedshiftSingleUser", []string{"EXCLUDE_CHARACTERS", `/@"\`}, []string{tooFew}},
		{"semicolon left for Db2", "Db2MultiUser", []string{"EXCLUDE_CHARACTERS", base}, []string{tooFew}},
		{"semicolon excluded for Db2", "Db2MultiUser", []string{"EXCLUDE_CHARACTERS", base + ";"}, nil},
		{"nothing excluded, no punctuation", "Db2MultiUser", []string{"EXCLUDE_CHARACTERS", "", "EXCLUDE_PUNCTUATION", "Yes"}, nil},
		{"default of ElastiCache", "ElastiCacheUser", []string{"USER_NAME", "app", "SECRET_ARN", secret}, []string{tooFew}},
		{"default of ElastiCache with comma", "ElastiCacheUser", []string{"USER_NAME", "app", "SECRET_ARN", secret, "EXCLUDE_CHARACTERS", base + ","}, nil},
		{"characters are not read", "InfluxDBSingleUser", []string{"EXCLUDE_CHARACTERS", strings.Repeat("x", 5000), "PASSWORD_LENGTH", "many"}, nil},

		{"4096 characters", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + strings.Repeat("ü", 4091)}, nil},
		{"4097 characters", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + strings.Repeat("ü", 4092)}, []string{impossible}},
		{"no digits left", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + "0123456789"}, []string{impossible}},
		{"no digits left, which are off", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + "0123456789", "EXCLUDE_NUMBERS", "true"}, nil},
		{"no digits left, not each type", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + "0123456789", "REQUIRE_EACH_INCLUDED_TYPE", "false"}, nil},
		{"no digits left, not each type", "RedshiftSingleUser", []string{"EXCLUDE_CHARACTERS", base + "0123456789", "REQUIRE_EACH_INCLUDED_TYPE", "false"}, []string{"warning exclude-characters-impossible"}},
		{"no digits left, switch not read", "RedshiftSingleUser", []string{"EXCLUDE_CHARACTERS", base + "0123456789", "EXCLUDE_NUMBERS", "true"}, []string{impossible}},
		{"no digits left, switch not read", "ActiveDirectorySingleUser", []string{"EXCLUDE_CHARACTERS", base + "0123456789", "REQUIRE_EACH_INCLUDED_TYPE", "false"}, []string{impossible}},
		{"no punctuation", "RedshiftSingleUser", []string{"EXCLUDE_PUNCTUATION", "1"}, nil},
		{"everything off", "MySQLSingleUser", []string{"EXCLUDE_PUNCTUATION", "1", "EXCLUDE_UPPERCASE", "y", "EXCLUDE_LOWERCASE", "YES", "EXCLUDE_NUMBERS", "true"}, []string{impossible}},
		{"one class left", "MySQLSingleUser", []string{"EXCLUDE_PUNCTUATION", "1", "EXCLUDE_UPPERCASE", "y", "EXCLUDE_LOWERCASE", "YES"}, nil},
		{"all small letters one by one", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + lower}, []string{impossible}},
		{"all but one small letter", "MySQLSingleUser", []string{"EXCLUDE_CHARACTERS", base + lower[1:]}, nil},

		{"length", "MySQLSingleUser", []string{"PASSWORD_LENGTH", " 32 "}, nil},
		{"no number", "MySQLSingleUser", []string{"PASSWORD_LENGTH", "32.0"}, []string{length}},
		{"empty", "MySQLSingleUser", []string{"PASSWORD_LENGTH", ""}, []string{length}},
		{"zero", "MySQLSingleUser", []string{"PASSWORD_LENGTH", "0"}, []string{length}},
		{"4097", "MySQLSingleUser", []string{"PASSWORD_LENGTH", "4097"}, []string{length}},
		{"three of four classes", "MySQLSingleUser", []string{"PASSWORD_LENGTH", "3"}, []string{engines, length}},
		{"three of three classes", "MySQLSingleUser", []string{"PASSWORD_LENGTH", "3", "EXCLUDE_PUNCTUATION", "true"}, []string{engines}},
		{"long for the master user", "MySQLSingleUser", []string{"PASSWORD_LENGTH", "64"}, []string{engines}},
		{"long for Redshift", "RedshiftMultiUser", []string{"PASSWORD_LENGTH", "65"}, []string{engines}},
		{"longest for Redshift", "RedshiftMultiUser", []string{"PASSWORD_LENGTH", "64"}, nil},
		{"short for Redshift", "RedshiftMultiUser", []string{"PASSWORD_LENGTH", "7"}, []string{engines}},
		{"length is not read", "ActiveDirectorySingleUser", []string{"PASSWORD_LENGTH", "many"}, nil},

		{"truth", "OracleMultiUser", []string{"EXCLUDE_NUMBERS", "TRUE"}, nil},
		{"untruth", "OracleMultiUser", []string{"EXCLUDE_NUMBERS", "No"}, nil},
		{"empty is false", "OracleMultiUser", []string{"EXCLUDE_NUMBERS", ""}, nil},
		{"on is false", "OracleMultiUser", []string{"EXCLUDE_NUMBERS", "on"}, []string{odd}},
		{"a space makes false", "OracleMultiUser", []string{"EXCLUDE_NUMBERS", "true "}, []string{odd}},
		{"creation", "InfluxDBMultiUser", []string{"AUTHENTICATION_CREATION_ENABLED", "true"}, nil},
		{"no creation", "InfluxDBMultiUser", []string{"AUTHENTICATION_CREATION_ENABLED", "off"}, nil},
		{"creation with a capital", "InfluxDBMultiUser", []string{"AUTHENTICATION_CREATION_ENABLED", "True"}, []string{odd}},
		{"limit", "MySQLMultiUser", []string{"USERNAME_CHARACTER_LIMIT", "32"}, nil},
		{"limit is no number", "MySQLMultiUser", []string{"USERNAME_CHARACTER_LIMIT", "thirty-two"}, []string{invalid}},

		{"nothing of ElastiCache", "ElastiCacheUser", []string{"EXCLUDE_CHARACTERS", base + ","}, []string{invalid, invalid}},
		{"another secret", "ElastiCacheUser", []string{"EXCLUDE_CHARACTERS", base + ",", "USER_NAME", "app", "SECRET_ARN", secret + "x"}, []string{invalid}},
		{"short for ElastiCache", "ElastiCacheUser", []string{"EXCLUDE_CHARACTERS", base + ",", "USER_NAME", "app", "SECRET_ARN", secret, "PASSWORD_LENGTH", "15"}, []string{engines}},
		{"waits", "ElastiCacheUser", []string{"EXCLUDE_CHARACTERS", base + ",", "USER_NAME", "app", "SECRET_ARN", secret, "MAX_WAITING_TIME_FOR_ACTIVE_IN_SECONDS", "10m"}, []string{invalid}},
	}
	for _, test := range tests {
		t.Run(test.rotationType+" "+test.name, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{catalog.EndpointVariable: "https://secretsmanager.eu-central-1.amazonaws.com", "API_KEY": "planted-key"}
			for i := 0; i < len(test.variables); i += 2 {
				environment[test.variables[i]] = test.variables[i+1]
				if test.variables[i+1] == "-" {
					delete(environment, test.variables[i])
				}
			}
			findings := Environment(lookup(t, test.rotationType), environment, secret)
			if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
				t.Error(diff)
			}
			checkFindings(t, findings, "planted-key", "thirty-two", "AbCdEf", "127.0.0.1")
			for _, f := range findings {
				if f.Argument != FunctionArgument || f.Code.Stage() != StageApply {
					t.Errorf("%+v is for another argument or stage", f)
				}
			}
		})
	}
	for _, rotationType := range catalog.All() {
		if findings := Environment(rotationType, nil, secret); findings != nil {
			t.Errorf("%s: %+v on an environment that is not known", rotationType.Name, findings)
		}
		if findings := Environment(rotationType, map[string]string{}, secret); !HasErrors(findings) {
			t.Errorf("%s works without an endpoint", rotationType.Name)
		}
	}
}
