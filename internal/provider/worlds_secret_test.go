package provider

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// secretWorlds are those in which the value is not in the format that the
// function expects.
func secretWorlds() []brokenWorld {
	single, real := of(postgresSingle), overPostgres(postgresSingle)
	// stores is a world whose value has other fields than it should.
	stores := func(name string, code findings.Code, stage stage, f shape, changes object) brokenWorld {
		return brokenWorld{
			name: name, code: code, stage: stage, shape: f,
			breaks: func(s *scene) { s.store(changes) }, repair: func(s *scene) { s.store(nil) },
		}
	}
	saying := func(w brokenWorld, told findings.Code) brokenWorld { w.told = told; return w }
	notRun := func(w brokenWorld, why string) brokenWorld { w.notRun = why; return w }
	const longUser = "a-user-of-20-letters"
	worlds := []brokenWorld{
		{
			name: "nothing stored yet", code: findings.SecretNoValue, stage: byApply, bySDK: true, first: true,
			shape: func(s *scene) {
				s.function(postgresSingle, callsOnly(postgresSingle))
				s.secret(nil)
			},
			breaks: func(*scene) {},
			repair: func(s *scene) { s.value = s.valueOf(primaryHost); s.store(nil) },
		},
		{
			name: "bare password", code: findings.SecretNotJSON, stage: byPlan, shape: single,
			breaks: func(s *scene) { s.put(s.SecretARN, firstPassword) },
			repair: func(s *scene) { s.store(nil) },
		},
		{
			name: "list", code: findings.SecretNotJSON, stage: byPlan, shape: real, told: findings.SecretEngineMismatch,
			breaks: func(s *scene) { s.put(s.SecretARN, `["`+firstPassword+`"]`) },
			repair: func(s *scene) { s.store(nil) },
		},
		stores("no host", findings.SecretKeyMissing, byPlan, real, object{"host": nil}),
		stores("no password", findings.SecretKeyMissing, byPlan, real, object{"password": nil}),
		stores("no superuser", findings.SecretKeyMissing, byPlan, of(mySQLMulti), object{"masterarn": nil}),
		stores("no ARN of the cache user", findings.SecretKeyMissing, byPlan, cacheUser, object{"user_arn": nil}),
		stores("port null", findings.SecretKeyType, byPlan, real, object{"port": explicitNull{}}),
		stores("port in words", findings.SecretKeyType, byPlan, real, object{"port": "the usual"}),
		stores("user is a number", findings.SecretKeyType, byPlan, overPostgres("PostgreSQLMultiUser"), object{"username": 17}),
		stores("ARN of the cache user cut off", findings.SecretKeyType, byPlan, cacheUser, object{"user_arn": "app"}),
		{
			name: "twice", code: findings.SecretKeyRepeated, stage: asWarning, shape: real, told: findings.LoginFailed,
			breaks: func(s *scene) {
				s.put(s.SecretARN, strings.Replace(encoded(s.t, s.value), "}", `,"password":"`+otherPassword+`"}`, 1))
			},
			repair: func(s *scene) { s.store(nil) },
		},
		saying(stores("port that nothing has", findings.SecretKeyUnusable, asWarning, real, object{"port": 0}), findings.LoginFailed),
		{
			name: "ssl that is neither", code: findings.SecretKeyUnusable, stage: asWarning, shape: real, notRun: "the function tries both",
			breaks: func(s *scene) { s.store(object{"ssl": "perhaps"}) },
			repair: func(s *scene) { s.store(object{"ssl": nil}) },
		},
		saying(stores("host with its port", findings.SecretKeyUnusable, asWarning, real, object{"host": "localhost:5432"}), findings.LoginFailed),
		notRun(stores("user of another function", findings.SecretKeyUnusable, byApply, cacheUser, object{"username": "other"}), "the lab's function makes only the AWS calls"),
		stores("engine of another database", findings.SecretEngineMismatch, byPlan, real, object{"engine": "mysql"}),
		stores("engine as RDS calls it", findings.SecretEngineMismatch, byPlan, real, object{"engine": "aurora-postgresql "}),
		{
			name: "alternating, PostgreSQL", code: findings.SecretUsernameTooLong, stage: byPlan, shape: overPostgres("PostgreSQLMultiUser"),
			breaks: func(s *scene) { s.store(object{"username": strings.Repeat("u", 60)}) },
			repair: func(s *scene) { s.store(nil) },
		},
		{
			name: "alternating, MySQL's default", code: findings.SecretUsernameTooLong, stage: byApply, shape: of(mySQLMulti),
			notRun: "the lab's function for MySQL makes only the AWS calls",
			breaks: func(s *scene) { s.store(object{"username": longUser}) },
			repair: func(s *scene) { s.env(map[string]string{"USERNAME_CHARACTER_LIMIT": "32"}) },
		},
		{
			name: "binary", code: findings.SecretBinary, stage: byPlan, shape: single,
			breaks: func(s *scene) { s.putBinary(s.SecretARN) },
			repair: func(s *scene) { s.store(nil) },
		},
		{
			name: "previous value", code: findings.SecretPreviousNotJSON, stage: asWarning, shape: single, told: findings.SecretNotJSON,
			breaks: func(s *scene) { s.put(s.SecretARN, firstPassword); s.putAfter(s.SecretARN, encoded(s.t, s.value)) },
			repair: func(s *scene) { s.putAfter(s.SecretARN, encoded(s.t, s.value)) },
		},
		{
			name: "generic template", code: findings.SecretValueOverwritten, stage: asWarning, shape: single, told: findings.FunctionNotImplemented,
			breaks: func(s *scene) {
				s.set(object{"rotation_type": "Custom"})
				s.env(map[string]string{"AWSLAB_HANDLER": "Custom"})
			},
			repair: func(s *scene) {
				s.set(object{"rotation_type": postgresSingle})
				s.env(map[string]string{"AWSLAB_HANDLER": callsOnly(postgresSingle)})
				s.store(nil)
			},
		},
	}
	return worlds
}

// explicitNull is null in a value, where nil removes the field.
type explicitNull struct{}

// MarshalJSON writes null.
func (explicitNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

const otherPassword = "another-planted-password"

// passwordWorlds are those in which the function's environment is at fault.
func passwordWorlds() []brokenWorld {
	env := func(name string, code findings.Code, stage stage, f shape, variable, wrong, right string) brokenWorld {
		return brokenWorld{
			name: name, code: code, stage: stage, shape: f,
			breaks: func(s *scene) { s.env(map[string]string{variable: wrong}) },
			repair: func(s *scene) { s.env(map[string]string{variable: right}) },
		}
	}
	single := of(postgresSingle)
	few := env("two instead of six", findings.ExcludeCharactersTooFew, asWarning, single, "EXCLUDE_CHARACTERS", "/@", `:/@"'\`)
	few.notRun = "it depends on which characters the password happens to have"
	short := env("shorter than AWS documents", findings.PasswordLengthInvalid, asWarning, single, "PASSWORD_LENGTH", "5", "-")
	short.notRun = "the lab's function makes only the AWS calls"
	limit := env("limit in words", findings.FunctionEnvInvalid, byApply, of(mySQLMulti), "USERNAME_CHARACTER_LIMIT", "short", "-")
	limit.notRun = "the lab's function for MySQL makes only the AWS calls"
	words := env("length in words", findings.PasswordLengthInvalid, byApply, single, "PASSWORD_LENGTH", "long", "40")
	words.told = findings.SecretKeyType // The log does not tell which number it was.
	return []brokenWorld{
		few, short, limit, words,
		env("no digits left", findings.ExcludeCharactersImpossible, byApply, single, "EXCLUDE_CHARACTERS", `:/@"'\0123456789`, "-"),
		env("length zero", findings.PasswordLengthInvalid, byApply, single, "PASSWORD_LENGTH", "0", "40"),
		env("length of three", findings.PasswordLengthInvalid, byApply, single, "PASSWORD_LENGTH", "3", "40"),
		env("no endpoint", findings.FunctionEnvEndpoint, byApply, single, "SECRETS_MANAGER_ENDPOINT", "-", "https://secretsmanager.eu-west-1.amazonaws.com"),
		env("endpoint without https", findings.FunctionEnvInvalid, byApply, single, "SECRETS_MANAGER_ENDPOINT", "secretsmanager.eu-west-1.amazonaws.com", "https://secretsmanager.eu-west-1.amazonaws.com"),
	}
}

// scheduleWorlds are those in which the schedule is at fault.
func scheduleWorlds() []brokenWorld {
	good := object{"schedule_expression": "cron(0 4 ? * SUN *)", "duration": "3h"}
	rules := func(name string, code findings.Code, stage stage, rules object) brokenWorld {
		return brokenWorld{
			name: name, code: code, stage: stage, bySDK: true,
			breaks: func(s *scene) { s.set(object{"rotation_rules": rules}) },
			repair: func(s *scene) { s.set(object{"rotation_rules": good}) },
		}
	}
	undocumented := rules("leading zero", findings.ScheduleUndocumented, asWarning, object{"schedule_expression": "cron(0 04 ? * SUN *)"})
	undocumented.notRun = "what AWS does with it is not documented"
	return []brokenWorld{
		rules("minutes", findings.ScheduleInvalid, byValidate, object{"schedule_expression": "rate(30 minutes)"}),
		rules("too often", findings.ScheduleInvalid, byValidate, object{"schedule_expression": "rate(1 hour)"}),
		rules("five fields", findings.ScheduleInvalid, byValidate, object{"schedule_expression": "cron(0 4 * * ?)"}),
		rules("days beyond the limit", findings.ScheduleInvalid, byValidate, object{"automatically_after_days": 1001}),
		undocumented,
		rules("longer than the rate", findings.ScheduleWindow, byValidate, object{"schedule_expression": "rate(4 hours)", "duration": "5h"}),
		rules("beyond the day", findings.ScheduleWindow, byValidate, object{"schedule_expression": "cron(0 23 * * ? *)", "duration": "3h"}),
		rules("both", findings.ScheduleConflict, byValidate, object{"schedule_expression": "rate(10 days)", "automatically_after_days": 10}),
	}
}

// stateWorlds are those in which the secret cannot rotate, or is at it.
func stateWorlds() []brokenWorld {
	return []brokenWorld{
		{
			name: "by ARN", code: findings.SecretNotFound, stage: byPlan, bySDK: true,
			breaks: func(s *scene) { s.set(object{"secret_id": otherSecret}) },
			repair: func(s *scene) { s.set(object{"secret_id": s.SecretARN}) },
		},
		{
			name: "by name", code: findings.SecretNotFound, stage: byApply, bySDK: true,
			breaks: func(s *scene) { s.set(object{"secret_id": "ordres"}) },
			repair: func(s *scene) { s.set(object{"secret_id": "orders"}) },
		},
		{
			name: "to be deleted", code: findings.SecretDeleted, stage: byPlan, bySDK: true,
			breaks: func(s *scene) { s.remove(s.SecretARN) },
			repair: func(s *scene) { s.restore(s.SecretARN) },
		},
		{
			name: "replica", code: findings.SecretReplica, stage: byPlan, bySDK: true,
			breaks: func(s *scene) { s.replicaOf("eu-north-1") },
			repair: func(s *scene) { s.set(object{"secret_id": s.SecretARN, "rotation_lambda_arn": s.FunctionARN}) },
		},
		{
			name: "with a function", code: findings.SecretServiceManaged, stage: byPlan, bySDK: true, shape: serviceManaged,
			breaks: func(s *scene) {
				s.FunctionARN = s.NewFunction("rotator", s.Role, map[string]string{})
				s.set(object{"rotation_lambda_arn": s.FunctionARN})
			},
			repair: func(s *scene) { s.set(object{"rotation_lambda_arn": nil}) },
		},
		{
			name: "left by somebody", code: findings.RotationPendingStuck, stage: byPlan, bySDK: true,
			breaks: func(s *scene) {
				_, err := s.Secrets.PutSecretValue(s.t.Context(), &secretsmanager.PutSecretValueInput{
					SecretId: &s.SecretARN, SecretString: aws.String(encoded(s.t, s.value)), VersionStages: []string{"AWSPENDING"},
				})
				s.Must(err)
			},
			repair: func(s *scene) { s.dropLabel(s.SecretARN, "AWSPENDING") },
		},
		{
			name: "of a rotation that was cancelled", code: findings.RotationPendingStuck, stage: byPlan, bySDK: true,
			breaks: func(s *scene) {
				s.deny("secretsmanager:GetRandomPassword")
				s.permission(s.FunctionARN, "by-hand", s.SecretARN)
				_, err := s.Secrets.RotateSecret(s.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &s.SecretARN, RotationLambdaARN: &s.FunctionARN})
				s.Must(err)
				s.Advance(10e9)
				s.cancel()
				s.deny("")
				s.removePermission("by-hand")
			},
			repair: func(s *scene) { s.dropLabel(s.SecretARN, "AWSPENDING") },
		},
	}
}

// replicaOf has the setup ask for the replica of the secret in a Region.
func (s *scene) replicaOf(region string) {
	s.t.Helper()
	_, err := s.Secrets.ReplicateSecretToRegions(s.t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{SecretId: &s.SecretARN, AddReplicaRegions: []smtypes.ReplicaRegionType{{Region: &region}}})
	s.Must(err)
	there := func(arn string) string { return strings.Replace(arn, s.Region(), region, 1) }
	s.set(object{"secret_id": there(s.SecretARN), "rotation_lambda_arn": there(s.FunctionARN)})
}
