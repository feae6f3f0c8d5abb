package rotators

import (
	"errors"
	"net"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const postgresSecret = `{"engine": "postgres", "host": "db", "username": "app", "password": "old-password", "masterarn": "` + adminARN + `"}`

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, rotationType := range []string{"PostgreSQLSingleUser", "PostgreSQLMultiUser", "UserStore", "Custom", CallsOnly + "MySQLSingleUser", CallsOnly + "Custom"} {
		if handler, ok := Lookup(rotationType); !ok || handler == nil {
			t.Errorf("no handler for %s", rotationType)
		}
	}
	for _, rotationType := range []string{"MySQLSingleUser", CallsOnly + "UserStore", CallsOnly} {
		if handler, ok := Lookup(rotationType); ok || handler != nil {
			t.Errorf("there is a handler for %s", rotationType)
		}
	}
}

func TestHandlerChecksEventAndEnvironment(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	whole := Event{Step: "createSecret", SecretID: secretARN, ClientRequestToken: token}
	for name, test := range map[string]struct {
		event    Event
		vars     map[string]string
		want     string
		wantLogs []string
	}{
		"no secret":   {Event{Step: "createSecret", ClientRequestToken: token}, nil, "KeyError: 'SecretId'", nil},
		"no token":    {Event{Step: "createSecret", SecretID: secretARN}, nil, "KeyError: 'ClientRequestToken'", nil},
		"no step":     {Event{SecretID: secretARN, ClientRequestToken: token}, nil, "KeyError: 'Step'", nil},
		"no endpoint": {whole, nil, "KeyError: 'SECRETS_MANAGER_ENDPOINT'", nil},
		"endpoint without scheme": {
			whole,
			map[string]string{"SECRETS_MANAGER_ENDPOINT": "secretsmanager.eu-west-1.amazonaws.com"},
			"ValueError: Invalid endpoint: secretsmanager.eu-west-1.amazonaws.com",
			[]string{"INFO Found credentials in environment variables."},
		},
		"nobody there": {
			whole,
			map[string]string{"SECRETS_MANAGER_ENDPOINT": closed},
			`EndpointConnectionError: Could not connect to the endpoint URL: "` + closed + `/"`,
			[]string{"INFO Found credentials in environment variables."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler, _ := Lookup("PostgreSQLSingleUser")
			var logs []string
			err := handler(t.Context(), Environment{
				Vars: test.vars,
				Config: aws.Config{
					Region:           "eu-west-1",
					Credentials:      credentials.NewStaticCredentialsProvider("id", "key", ""),
					RetryMaxAttempts: 1,
				},
				Log: func(level, message string) { logs = append(logs, level+" "+message) },
			}, test.event)
			if got := errorText(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(test.wantLogs, logs); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVersionChecks(t *testing.T) {
	t.Parallel()
	// Every template makes the same checks, but for those of the generic one that are given their own text.
	for _, test := range []struct {
		name          string
		prepare       func(*fakeSecret)
		step          string
		token         string
		want          string
		wantLog       []string
		generic       string
		genericSilent bool
	}{
		{
			name:    "rotation disabled",
			prepare: func(s *fakeSecret) { s.enabled = aws.Bool(false) },
			want:    "ValueError: Secret " + secretARN + " is not enabled for rotation",
			wantLog: []string{"ERROR Secret " + secretARN + " is not enabled for rotation"},
		},
		{
			name:    "unknown version",
			token:   "another-token",
			want:    "ValueError: Secret version another-token has no stage for rotation of secret " + secretARN + ".",
			wantLog: []string{"ERROR Secret version another-token has no stage for rotation of secret " + secretARN + "."},
		},
		{
			name:    "current version",
			token:   "v1",
			wantLog: []string{"INFO Secret version v1 already set as AWSCURRENT for secret " + secretARN + "."},
		},
		{
			name: "current and pending version",
			prepare: func(s *fakeSecret) {
				s.versions["v1"] = version{stages: []string{stagePending, stageCurrent}}
			},
			token:   "v1",
			wantLog: []string{"INFO Secret version v1 already set as AWSCURRENT for secret " + secretARN + "."},
		},
		{
			name:    "version without AWSPENDING",
			prepare: func(s *fakeSecret) { s.versions[token] = version{stages: []string{"CUSTOM"}} },
			want:    "ValueError: Secret version " + token + " not set as AWSPENDING for rotation of secret " + secretARN + ".",
			wantLog: []string{"ERROR Secret version " + token + " not set as AWSPENDING for rotation of secret " + secretARN + "."},
		},
		{
			name:    "no versions at all",
			prepare: func(s *fakeSecret) { s.versions = nil },
			want:    "KeyError: 'VersionIdsToStages'",
		},
		{
			name:          "unknown step",
			step:          "create_secret",
			want:          "ValueError: Invalid step parameter create_secret for secret " + secretARN,
			wantLog:       []string{"ERROR lambda_handler: Invalid step parameter create_secret for secret " + secretARN},
			generic:       "ValueError: Invalid step parameter",
			genericSilent: true,
		},
		{
			name:          "secret that never rotated",
			prepare:       func(s *fakeSecret) { s.enabled = nil },
			token:         "v1",
			wantLog:       []string{"INFO Secret version v1 already set as AWSCURRENT for secret " + secretARN + "."},
			generic:       "KeyError: 'RotationEnabled'",
			genericSilent: true,
		},
	} {
		for rotationType := range rotations {
			t.Run(test.name+"/"+rotationType, func(t *testing.T) {
				t.Parallel()
				secrets := rotating(postgresSecret)
				if test.prepare != nil {
					test.prepare(secrets.secrets[secretARN])
				}
				want, wantLog := test.want, test.wantLog
				if rotationType == "Custom" {
					if test.generic != "" {
						want = test.generic
					}
					if test.genericSilent {
						wantLog = nil
					}
				}
				step := "createSecret"
				if test.step != "" {
					step = test.step
				}
				log, err := call{rotationType: rotationType, step: step, secrets: secrets, token: test.token}.run(t)
				if got := errorText(err); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if diff := cmp.Diff(wantLog, log); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestCreateSecretFindsFaults(t *testing.T) {
	t.Parallel()
	const engineFault = `KeyError: "Database engine must be set to 'postgres' in order to use this rotation lambda"`
	const notFound = "ResourceNotFoundException: An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: " +
		"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
	for name, test := range map[string]struct {
		value         string
		single, multi string
	}{
		"not JSON":           {"hunter2-password", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"},
		"number":             {"12", "TypeError: argument of type 'int' is not iterable", "TypeError: argument of type 'int' is not iterable"},
		"fraction":           {"1.5", "TypeError: argument of type 'float' is not iterable", "TypeError: argument of type 'float' is not iterable"},
		"null":               {"null", "TypeError: argument of type 'NoneType' is not iterable", "TypeError: argument of type 'NoneType' is not iterable"},
		"true":               {"true", "TypeError: argument of type 'bool' is not iterable", "TypeError: argument of type 'bool' is not iterable"},
		"list":               {"[]", engineFault, "KeyError: 'host key is missing from secret JSON'"},
		"empty":              {"{}", engineFault, "KeyError: 'host key is missing from secret JSON'"},
		"no engine":          {`{"host":"h","username":"u","password":"p-a-s-s"}`, engineFault, "KeyError: 'engine key is missing from secret JSON'"},
		"wrong engine":       {`{"engine":"postgresql","host":"h","username":"u","password":"p-a-s-s"}`, engineFault, engineFault},
		"engine is a number": {`{"engine":1,"host":"h","username":"u","password":"p-a-s-s"}`, engineFault, engineFault},
		"no host":            {`{"engine":"postgres"}`, "KeyError: 'host key is missing from secret JSON'", "KeyError: 'host key is missing from secret JSON'"},
		"no username":        {`{"engine":"postgres","host":null}`, "KeyError: 'username key is missing from secret JSON'", "KeyError: 'username key is missing from secret JSON'"},
		"no password":        {`{"engine":"postgres","host":"","username":""}`, "KeyError: 'password key is missing from secret JSON'", "KeyError: 'password key is missing from secret JSON'"},
		"long username":      {`{"engine":"postgres","host":"h","username":"a234567890123456789012345678901234567890123456789012345678","password":"p-a-s-s"}`, "", "ValueError: Unable to clone user, username length with _clone appended would exceed 63 characters"},
		"username is null":   {`{"engine":"postgres","host":"h","username":null,"password":"p-a-s-s"}`, "", "AttributeError: 'NoneType' object has no attribute 'endswith'"},
		"no value":           {"-", notFound, notFound},
		"binary":             {"binary", "KeyError: 'SecretString'", "KeyError: 'SecretString'"},
	} {
		for rotationType, want := range map[string]string{"PostgreSQLSingleUser": test.single, "PostgreSQLMultiUser": test.multi} {
			t.Run(name+"/"+rotationType, func(t *testing.T) {
				t.Parallel()
				secrets := rotating(test.value)
				switch test.value {
				case "-":
					secrets.secrets[secretARN].versions["v1"] = version{stages: []string{stageCurrent}}
				case "binary":
					secrets.secrets[secretARN].versions["v1"] = version{stages: []string{stageCurrent}, binary: true}
				}
				_, err := call{rotationType: rotationType, step: "createSecret", secrets: secrets, hidden: []string{"p-a-s-s", "hunter2"}}.run(t)
				if got := errorText(err); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if want != "" && len(secrets.puts) > 0 {
					t.Error("a value was put nevertheless")
				}
			})
		}
	}
}

func TestCreateSecretPutsValue(t *testing.T) {
	t.Parallel()
	quoted := string(quoteJSON(newPassword))
	for name, test := range map[string]struct {
		rotationType, current, want string
		rotationToken               *string
	}{
		"single":       {"PostgreSQLSingleUser", `{"dbname":null,"engine":"aurora-postgresql","port":5432.0,"host":"db","extra":[1,{"a":"<é>"}],"username":"app","password":"old-password"}`, `{"dbname": null, "engine": "aurora-postgresql", "port": 5432.0, "host": "db", "extra": [1,{"a":"<é>"}], "username": "app", "password": ` + quoted + `}`, nil},
		"to the clone": {"PostgreSQLMultiUser", postgresSecret, `{"engine": "postgres", "host": "db", "username": "app_clone", "password": ` + quoted + `, "masterarn": "` + adminARN + `"}`, nil},
		"and back":     {"PostgreSQLMultiUser", `{"engine":"postgres","host":"db","username":"app_clone","password":"old-password"}`, `{"engine": "postgres", "host": "db", "username": "app", "password": ` + quoted + `}`, nil},
		"57 letters":   {"PostgreSQLMultiUser", `{"engine":"postgres","host":"db","username":"a23456789012345678901234567890123456789012345678901234567","password":"old-password"}`, `{"engine": "postgres", "host": "db", "username": "a23456789012345678901234567890123456789012345678901234567_clone", "password": ` + quoted + `}`, nil},
		"user store":   {"UserStore", `{"engine":"labstore","host":"lab","username":"app","password":"old-password"}`, `{"engine": "labstore", "host": "lab", "username": "app", "password": ` + quoted + `}`, aws.String("rotation-token")},
		"custom":       {"Custom", postgresSecret, newPassword, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := rotating(test.current)
			put := []string{"INFO createSecret: Successfully put secret for ARN " + secretARN + " and version " + token + "."}
			found := []string{"INFO createSecret: Successfully retrieved secret for " + secretARN + "."}
			for _, wantLog := range [][]string{put, found} {
				log, err := call{rotationType: test.rotationType, step: "createSecret", secrets: secrets, hidden: []string{"old-password"}}.run(t)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(wantLog, log); diff != "" {
					t.Error(diff)
				}
			}
			want := []*secretsmanager.PutSecretValueInput{{
				SecretId: aws.String(secretARN), ClientRequestToken: aws.String(token), VersionStages: []string{"AWSPENDING"},
				SecretString: aws.String(test.want), RotationToken: test.rotationToken,
			}}
			if diff := cmp.Diff(want, secrets.puts, cmpopts.IgnoreUnexported(secretsmanager.PutSecretValueInput{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCallErrors(t *testing.T) {
	t.Parallel()
	for operation, step := range map[string]string{
		"DescribeSecret": "createSecret", "GetSecretValue": "createSecret", "GetRandomPassword": "createSecret",
		"PutSecretValue": "createSecret", "UpdateSecretVersionStage": "finishSecret",
	} {
		for rotationType := range rotations {
			t.Run(rotationType+"/"+operation, func(t *testing.T) {
				t.Parallel()
				secrets := rotating(postgresSecret)
				if rotationType == "UserStore" {
					secrets.withStage(stageCurrent, `{"engine":"labstore","host":"lab","username":"app","password":"old-password"}`)
				}
				secrets.fail = map[string]error{operation: accessDenied("Access to KMS is not allowed")}
				_, err := call{rotationType: rotationType, step: step, secrets: secrets}.run(t)
				want := "ClientError: An error occurred (AccessDeniedException) when calling the " + operation + " operation: Access to KMS is not allowed"
				if got := errorText(err); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}

func TestFinishSecret(t *testing.T) {
	t.Parallel()
	for rotationType := range rotations {
		t.Run(rotationType, func(t *testing.T) {
			t.Parallel()
			secrets := rotating(postgresSecret)
			log, err := call{rotationType: rotationType, step: "finishSecret", secrets: secrets}.run(t)
			if err != nil {
				t.Fatal(err)
			}
			wantLog := []string{"INFO finishSecret: Successfully set AWSCURRENT stage to version " + token + " for secret " + secretARN + "."}
			if diff := cmp.Diff(wantLog, log); diff != "" {
				t.Error(diff)
			}
			want := []*secretsmanager.UpdateSecretVersionStageInput{{
				SecretId: aws.String(secretARN), VersionStage: aws.String("AWSCURRENT"),
				MoveToVersionId: aws.String(token), RemoveFromVersionId: aws.String("v1"),
			}}
			if diff := cmp.Diff(want, secrets.moves, cmpopts.IgnoreUnexported(secretsmanager.UpdateSecretVersionStageInput{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("label moved meanwhile", func(t *testing.T) {
		t.Parallel()
		secrets := rotating(postgresSecret)
		secrets.secrets[secretARN].versions = map[string]version{token: {stages: []string{stageCurrent}}}
		var log []string
		in := &invocation{env: Environment{Log: func(_, message string) { log = append(log, message) }}, sm: secrets, secretID: secretARN, token: token}
		if err := in.finishSecret(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"finishSecret: Version " + token + " already marked as AWSCURRENT for " + secretARN}, log); diff != "" {
			t.Error(diff)
		}
		if len(secrets.moves) > 0 {
			t.Error("the label was moved")
		}
	})
}

func TestCustomIsNotImplemented(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"setSecret", "testSecret"} {
		_, err := call{rotationType: "Custom", step: step, secrets: rotating(postgresSecret)}.run(t)
		functionError, ok := errors.AsType[*Error](err)
		if want := (&Error{Type: "NotImplementedError"}); !ok || *functionError != *want {
			t.Errorf("%s: got %v, want %v", step, err, want)
		}
		if got := errorText(err); got != "NotImplementedError" {
			t.Errorf("got %q", got)
		}
	}
}

func TestPasswordVariables(t *testing.T) {
	t.Parallel()
	byDefault := func(exclude string, change func(*secretsmanager.GetRandomPasswordInput)) *secretsmanager.GetRandomPasswordInput {
		input := &secretsmanager.GetRandomPasswordInput{
			ExcludeCharacters: aws.String(exclude), PasswordLength: aws.Int64(32),
			ExcludeNumbers: aws.Bool(false), ExcludePunctuation: aws.Bool(false), ExcludeUppercase: aws.Bool(false), ExcludeLowercase: aws.Bool(false),
			RequireEachIncludedType: aws.Bool(true),
		}
		if change != nil {
			change(input)
		}
		return input
	}
	type input = secretsmanager.GetRandomPasswordInput
	for name, test := range map[string]struct {
		rotationType string
		vars         map[string]string
		want         *input
		wantErr      string
	}{
		"defaults":             {"PostgreSQLSingleUser", nil, byDefault(`:/@"'\`, nil), ""},
		"defaults, multi-user": {"PostgreSQLMultiUser", nil, byDefault(`:/@"'\`, nil), ""},
		"generic":              {"Custom", map[string]string{"PASSWORD_LENGTH": "none of its business"}, &input{ExcludeCharacters: aws.String(`/@"'\`)}, ""},
		"replaced":             {"PostgreSQLSingleUser", map[string]string{"EXCLUDE_CHARACTERS": "x"}, byDefault("x", nil), ""},
		"nothing excluded":     {"PostgreSQLMultiUser", map[string]string{"EXCLUDE_CHARACTERS": ""}, byDefault("", nil), ""},
		"length":               {"PostgreSQLSingleUser", map[string]string{"PASSWORD_LENGTH": " 4_0 "}, byDefault(`:/@"'\`, func(in *input) { in.PasswordLength = aws.Int64(40) }), ""},
		"length is no number":  {"PostgreSQLMultiUser", map[string]string{"PASSWORD_LENGTH": "forty"}, nil, "ValueError: invalid literal for int() with base 10: 'forty'"},
		"length is empty":      {"PostgreSQLSingleUser", map[string]string{"PASSWORD_LENGTH": ""}, nil, "ValueError: invalid literal for int() with base 10: ''"},
		"true":                 {"PostgreSQLSingleUser", map[string]string{"EXCLUDE_NUMBERS": "true"}, byDefault(`:/@"'\`, func(in *input) { in.ExcludeNumbers = aws.Bool(true) }), ""},
		"1":                    {"PostgreSQLSingleUser", map[string]string{"EXCLUDE_PUNCTUATION": "1"}, byDefault(`:/@"'\`, func(in *input) { in.ExcludePunctuation = aws.Bool(true) }), ""},
		"Y":                    {"PostgreSQLSingleUser", map[string]string{"EXCLUDE_UPPERCASE": "Y"}, byDefault(`:/@"'\`, func(in *input) { in.ExcludeUppercase = aws.Bool(true) }), ""},
		"YES":                  {"PostgreSQLSingleUser", map[string]string{"EXCLUDE_LOWERCASE": "YES"}, byDefault(`:/@"'\`, func(in *input) { in.ExcludeLowercase = aws.Bool(true) }), ""},
		"everything else is false": {
			"PostgreSQLSingleUser",
			map[string]string{"EXCLUDE_NUMBERS": "on", "EXCLUDE_PUNCTUATION": " true", "EXCLUDE_UPPERCASE": "2", "EXCLUDE_LOWERCASE": "t", "REQUIRE_EACH_INCLUDED_TYPE": ""},
			byDefault(`:/@"'\`, func(in *input) { in.RequireEachIncludedType = aws.Bool(false) }), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := rotating(postgresSecret)
			_, err := call{rotationType: test.rotationType, step: "createSecret", secrets: secrets, vars: test.vars}.run(t)
			if got := errorText(err); got != test.wantErr {
				t.Errorf("got %q, want %q", got, test.wantErr)
			}
			var want []*input
			if test.want != nil {
				want = append(want, test.want)
			}
			if diff := cmp.Diff(want, secrets.passwords, cmpopts.IgnoreUnexported(input{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
