package rotators

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestClones has the name that createSecret gives the pending version, or what it says instead.
func TestClones(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("n", n) }
	exceeds := func(suffix, longest string) string {
		return "ValueError: Unable to clone user, username length with " + suffix + " appended would exceed " + longest + " characters"
	}
	limit := func(text string) map[string]string { return map[string]string{"USERNAME_CHARACTER_LIMIT": text} }
	for name, test := range map[string]struct {
		rotationType, username string
		vars                   map[string]string
		want, err              string
	}{
		"clone":                         {rotationType: "PostgreSQLMultiUser", username: "App", want: "App_clone"},
		"way back":                      {rotationType: "PostgreSQLMultiUser", username: "App_clone", want: "App"},
		"suffix in capitals":            {rotationType: "PostgreSQLMultiUser", username: "app_CLONE", want: "app_CLONE_clone"},
		"longest":                       {rotationType: "PostgreSQLMultiUser", username: long(57), want: long(57) + "_clone"},
		"too long":                      {rotationType: "PostgreSQLMultiUser", username: long(58), err: exceeds("_clone", "63")},
		"Oracle":                        {rotationType: "OracleMultiUser", username: "app", want: "APP_CLONE"},
		"Oracle, way back":              {rotationType: "OracleMultiUser", username: "APP_CLONE", want: "APP"},
		"Oracle, way back of small":     {rotationType: "OracleMultiUser", username: "app_CLONE", want: "APP"},
		"Oracle, small suffix":          {rotationType: "OracleMultiUser", username: "app_clone", want: "APP_CLONE_CLONE"},
		"Oracle, longest":               {rotationType: "OracleMultiUser", username: long(24), want: strings.ToUpper(long(24)) + "_CLONE"},
		"Oracle, too long":              {rotationType: "OracleMultiUser", username: long(25), err: exceeds("_CLONE", "30")},
		"MySQL, longest":                {rotationType: "MySQLMultiUser", username: long(10), want: long(10) + "_clone"},
		"MySQL, too long":               {rotationType: "MySQLMultiUser", username: long(11), err: exceeds("_clone", "16")},
		"MySQL, way back of a long one": {rotationType: "MySQLMultiUser", username: long(11) + "_clone", want: long(11)},
		"MySQL, another limit":          {rotationType: "MySQLMultiUser", username: long(26), vars: limit("32"), want: long(26) + "_clone"},
		"MySQL, beyond another limit":   {rotationType: "MySQLMultiUser", username: long(27), vars: limit("32"), err: exceeds("_clone", "32")},
		"MySQL, no limit":               {rotationType: "MySQLMultiUser", username: "app", vars: limit("any"), err: "ValueError: invalid literal for int() with base 10: 'any'"},
		"MariaDB, another limit":        {rotationType: "MariaDBMultiUser", username: long(75), vars: limit("100"), err: exceeds("_clone", "80")},
		"SQL Server, too long":          {rotationType: "SQLServerMultiUser", username: long(123), err: exceeds("_clone", "128")},
		"Db2, too long":                 {rotationType: "Db2MultiUser", username: long(11), err: exceeds("_clone", "16")},
		"MongoDB, any length":           {rotationType: "MongoDBMultiUser", username: long(200), want: long(200) + "_clone"},
		"Redshift, any length":          {rotationType: "RedshiftMultiUser", username: long(200), want: long(200) + "_clone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := rotating(`{"username": "` + test.username + `", "password": "planted", "masterarn": "` + adminARN + `"}`)
			in := &invocation{sm: secrets, secretID: secretARN, token: token, env: Environment{Vars: test.vars, Log: func(string, string) {}}}
			if got := errorText(rotation{steps: published[test.rotationType]}.run(t.Context(), in, "createSecret")); got != test.err {
				t.Fatalf("got  %q\nwant %q", got, test.err)
			}
			if test.err != "" {
				if len(secrets.puts) > 0 {
					t.Error("a value was put")
				}
				return
			}
			var value struct{ Username string }
			if err := json.Unmarshal([]byte(aws.ToString(secrets.puts[0].SecretString)), &value); err != nil || value.Username != test.want {
				t.Errorf("the other user is %q, want %q: %v", value.Username, test.want, err)
			}
		})
	}
}

// TestCacheUserARN has what the function of ElastiCache says of a value without a usable ARN, before it calls ElastiCache.
func TestCacheUserARN(t *testing.T) {
	t.Parallel()
	const (
		missing = "KeyError: 'createSecret: secret " + secretARN + " has no user_arn defined.'"
		good    = `{"username":"app","user_arn":"arn:aws:elasticache:eu-west-1:1:user:app"}`
		without = `{"username":"app","password":"planted"}`
	)
	for name, test := range map[string]struct{ step, current, pending, want string }{
		"create":              {"createSecret", without, "", missing},
		"set":                 {"setSecret", without, good, missing},
		"set without pending": {"setSecret", good, without, missing},
		"test":                {"testSecret", without, good, missing},
		"few parts":           {"createSecret", `{"user_arn":"arn:aws:elasticache:eu-west-1:1:user"}`, "", "IndexError: list index out of range"},
		"number":              {"createSecret", `{"user_arn":17}`, "", "AttributeError: 'int' object has no attribute 'split'"},
		"null":                {"createSecret", `{"user_arn":null}`, "", "AttributeError: 'NoneType' object has no attribute 'split'"},
		"good":                {"createSecret", good, "", `EndpointConnectionError: Could not connect to the endpoint URL: "https://elasticache.eu-west-1.amazonaws.com/"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := rotating(test.current)
			if test.pending != "" {
				secrets.withStage(stagePending, test.pending)
			}
			in := &invocation{sm: secrets, secretID: secretARN, token: token, env: Environment{Log: func(string, string) {}}}
			if got := errorText(rotation{steps: published["ElastiCacheUser"]}.run(t.Context(), in, test.step)); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
