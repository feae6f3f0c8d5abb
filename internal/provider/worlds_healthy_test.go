package provider

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// healthyWorlds are shapes in which people have what rotates well.
func healthyWorlds() []healthyWorld {
	worlds := []healthyWorld{
		{name: "PostgreSQL, single user, for real", shape: overPostgres("PostgreSQLSingleUser")},
		{name: "PostgreSQL, alternating users, for real", shape: overPostgres("PostgreSQLMultiUser")},
		{name: "superuser of an RDS instance", shape: managedBy("rds", "MySQLMultiUser", rdsInstance)},
		{name: "superuser of an Aurora cluster", shape: managedBy("rds", "PostgreSQLMultiUser", rdsCluster)},
		{name: "superuser of a Redshift cluster", shape: managedBy("redshift", "RedshiftMultiUser", redshiftCluster)},
		{name: "superuser of Redshift Serverless", shape: managedBy("redshift", "RedshiftMultiUser", redshiftServerless)},
		{name: "read replica", shape: replica},
		{name: "ElastiCache user", shape: cacheUser},
		{name: "InfluxDB user", shape: influxUser},
		{name: "InfluxDB token", shape: influxToken},
		{name: "directory user", shape: directoryUser},
		{name: "directory user with keytabs", shape: keytabs},
		{name: "own function", shape: ownFunction},
		{name: "service-managed secret", shape: serviceManaged},
		{name: "customer managed key", shape: of("PostgreSQLSingleUser").and(withKey)},
		{name: "keys of secret and superuser", shape: of("MySQLMultiUser").and(withKey).and(func(s *scene) {
			key := s.newKey("2")
			s.encryptWith(s.access.SuperuserSecretARN, key)
			s.set(object{"superuser_kms_key_arn": key})
		})},
		{name: "alias", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.alias() })},
		{name: "version", shape: of("PostgreSQLSingleUser").and(func(s *scene) {
			made, err := s.Functions.PublishVersion(s.t.Context(), &lambda.PublishVersionInput{FunctionName: &s.FunctionARN})
			s.Must(err)
			s.set(object{"rotation_lambda_arn": *made.FunctionArn})
		})},
		{name: "secret by name", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.set(object{"secret_id": "orders"}) })},
		{name: "access from others", shape: of("PostgreSQLSingleUser").and((*scene).external)},
		{name: "access from others, with key and superuser", shape: of("MySQLMultiUser").and(withKey).and((*scene).external)},
		{name: "access from others, alias", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.alias(); s.external() })},
		{name: "shared function", shape: of("PostgreSQLSingleUser").and(sharedAccess)},
		{name: "shared function, alternating users", shape: of("MySQLMultiUser").and(sharedAccess)},
		{name: "shared function, key", shape: of("PostgreSQLSingleUser").and(withKey).and(sharedAccess)},
		{name: "boundary that allows enough", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.boundary("logs:*", "secretsmanager:*") })},
		{name: "deny of something else", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.deny("secretsmanager:DeleteSecret") })},
		{name: "resource policy for somebody else", shape: of("PostgreSQLSingleUser").and(func(s *scene) {
			s.guard(s.SecretARN, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::`+s.AccountID()+`:user/intern"},"Action":"secretsmanager:*","Resource":"*"}`)
		})},
		{name: "every 30 days", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.set(object{"rotation_rules": object{"automatically_after_days": 30}}) })},
		{name: "every 4 hours", shape: of("PostgreSQLSingleUser").and(func(s *scene) {
			s.set(object{"rotation_rules": object{"schedule_expression": "rate(4 hours)", "duration": "2h"}})
		})},
		{name: "JSON log", shape: of("PostgreSQLSingleUser").and(jsonLogs)},
		{name: "own log group", shape: of("PostgreSQLSingleUser").and(ownLogs)},
		{name: "characters and length", shape: of("PostgreSQLSingleUser").and(func(s *scene) {
			s.env(map[string]string{"EXCLUDE_CHARACTERS": `:/@"'\%`, "PASSWORD_LENGTH": "40"})
		})},
		{name: "value of long ago", shape: of("PostgreSQLSingleUser").and(func(s *scene) { s.Advance(400 * 24 * time.Hour) })},
		{name: "rotated before", shape: of("PostgreSQLSingleUser").and(func(s *scene) {
			s.rotation()
			s.rotate()
			s.cancel()
			s.removePolicy("by-hand")
			s.removePermission("by-hand")
		})},
		{name: "ARN in the value by name", shape: of("MySQLMultiUser").and(func(s *scene) { s.store(object{"masterarn": "superuser"}) })},
		{name: "tags", shape: of("PostgreSQLSingleUser").and(tagged)},
		{name: "values that nobody may read", shape: of("MySQLMultiUser").and(func(s *scene) { s.set(object{"check_secret_value": false}) })},
	}
	worlds = append(worlds, networkShapes()...)
	for _, name := range databaseTypes() {
		worlds = append(worlds, healthyWorld{name: name, shape: of(name)})
	}
	return worlds
}
