package provider

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// healthyWorlds are shapes in which people have what rotates well.
func healthyWorlds() []healthyWorld {
	worlds := []healthyWorld{
		{"PostgreSQL, single user, for real", overPostgres("PostgreSQLSingleUser")},
		{"PostgreSQL, alternating users, for real", overPostgres("PostgreSQLMultiUser")},
		{"superuser of an RDS instance", managedBy("rds", "MySQLMultiUser", rdsInstance)},
		{"superuser of an Aurora cluster", managedBy("rds", "PostgreSQLMultiUser", rdsCluster)},
		{"superuser of a Redshift cluster", managedBy("redshift", "RedshiftMultiUser", redshiftCluster)},
		{"superuser of Redshift Serverless", managedBy("redshift", "RedshiftMultiUser", redshiftServerless)},
		{"read replica", replica},
		{"ElastiCache user", cacheUser},
		{"InfluxDB user", influxUser},
		{"InfluxDB token", influxToken},
		{"directory user", directoryUser},
		{"directory user with keytabs", keytabs},
		{"own function", ownFunction},
		{"service-managed secret", serviceManaged},
		{"customer managed key", of("PostgreSQLSingleUser").and(withKey)},
		{"keys of secret and superuser", of("MySQLMultiUser").and(withKey).and(func(s *scene) {
			key := s.newKey("2")
			s.encryptWith(s.access.SuperuserSecretARN, key)
			s.set(object{"superuser_kms_key_arn": key})
		})},
		{"alias", of("PostgreSQLSingleUser").and(func(s *scene) { s.alias() })},
		{"version", of("PostgreSQLSingleUser").and(func(s *scene) {
			made, err := s.Functions.PublishVersion(s.t.Context(), &lambda.PublishVersionInput{FunctionName: &s.FunctionARN})
			s.Must(err)
			s.set(object{"rotation_lambda_arn": *made.FunctionArn})
		})},
		{"secret by name", of("PostgreSQLSingleUser").and(func(s *scene) { s.set(object{"secret_id": "orders"}) })},
		{"access from others", of("PostgreSQLSingleUser").and((*scene).external)},
		{"access from others, with key and superuser", of("MySQLMultiUser").and(withKey).and((*scene).external)},
		{"access from others, alias", of("PostgreSQLSingleUser").and(func(s *scene) { s.alias(); s.external() })},
		{"shared function", of("PostgreSQLSingleUser").and(sharedAccess)},
		{"shared function, alternating users", of("MySQLMultiUser").and(sharedAccess)},
		{"shared function, key", of("PostgreSQLSingleUser").and(withKey).and(sharedAccess)},
		{"boundary that allows enough", of("PostgreSQLSingleUser").and(func(s *scene) { s.boundary("logs:*", "secretsmanager:*") })},
		{"deny of something else", of("PostgreSQLSingleUser").and(func(s *scene) { s.deny("secretsmanager:DeleteSecret") })},
		{"resource policy for somebody else", of("PostgreSQLSingleUser").and(func(s *scene) {
			s.guard(s.SecretARN, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::`+s.AccountID()+`:user/intern"},"Action":"secretsmanager:*","Resource":"*"}`)
		})},
		{"every 30 days", of("PostgreSQLSingleUser").and(func(s *scene) { s.set(object{"rotation_rules": object{"automatically_after_days": 30}}) })},
		{"every 4 hours", of("PostgreSQLSingleUser").and(func(s *scene) {
			s.set(object{"rotation_rules": object{"schedule_expression": "rate(4 hours)", "duration": "2h"}})
		})},
		{"JSON log", of("PostgreSQLSingleUser").and(func(s *scene) {
			s.configure(func(in *lambda.UpdateFunctionConfigurationInput) {
				in.LoggingConfig = &lambdatypes.LoggingConfig{LogFormat: lambdatypes.LogFormatJson}
			})
		})},
		{"own log group", of("PostgreSQLSingleUser").and(ownLogs)},
		{"characters and length", of("PostgreSQLSingleUser").and(func(s *scene) {
			s.env(map[string]string{"EXCLUDE_CHARACTERS": `:/@"'\%`, "PASSWORD_LENGTH": "40"})
		})},
		{"value of long ago", of("PostgreSQLSingleUser").and(func(s *scene) { s.Advance(400 * 24 * time.Hour) })},
		{"rotated before", of("PostgreSQLSingleUser").and(func(s *scene) {
			s.rotation()
			s.rotate()
			s.cancel()
			s.removePolicy("by-hand")
			s.removePermission("by-hand")
		})},
		{"ARN in the value by name", of("MySQLMultiUser").and(func(s *scene) { s.store(object{"masterarn": "superuser"}) })},
		{"tags", of("PostgreSQLSingleUser").and(tagged)},
		{"values that nobody may read", of("MySQLMultiUser").and(func(s *scene) { s.set(object{"check_secret_value": false}) })},
	}
	worlds = append(worlds, networkShapes()...)
	for _, name := range databaseTypes() {
		worlds = append(worlds, healthyWorld{name, of(name)})
	}
	return worlds
}
