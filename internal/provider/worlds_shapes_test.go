package provider

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// Hosts of databases that the lab knows.
const (
	primaryHost  = "orders.abc.eu-west-1.rds.amazonaws.com"
	replicaHost  = "replica.abc.eu-west-1.rds.amazonaws.com"
	redshiftHost = "dwh.abc.eu-west-1.redshift.amazonaws.com"
)

// shape makes a healthy scene.
type shape func(*scene)

// of is a secret of a rotation type for databases, with the superuser secret
// that it needs, and a function that makes the type's AWS calls and finds that
// every login works.
func of(rotationType string) shape {
	return func(s *scene) {
		s.t.Helper()
		s.function(rotationType, callsOnly(rotationType))
		s.secret(s.valueOf(primaryHost))
	}
}

// valueOf is a value of a database's user. It makes the superuser secret that it
// names.
func (s *scene) valueOf(host string) object {
	engines, _ := s.rotationType.Engines()
	value := object{"engine": engines[0], "host": host, "username": "app", "password": firstPassword}
	if f, ok := s.rotationType.Field("dbname"); ok && (f.Required || f.Needed) {
		value["dbname"] = "orders"
	}
	if s.rotationType.Superuser != nil {
		value[s.rotationType.Superuser.Field] = s.superuser(with(value, object{"username": "admin"}))
	}
	return value
}

// overPostgres is a secret of a user of a real PostgreSQL, of the type for one or
// for two users.
func overPostgres(rotationType string) shape {
	return func(s *scene) {
		s.t.Helper()
		server := s.postgres()
		if server == nil {
			s.t.Skip(pgserver.ErrUnavailable)
		}
		s.server = server
		user, err := server.NewUser(s.t.Context())
		s.Must(err)
		s.function(rotationType, rotationType)
		value := object{"engine": "postgres", "host": "localhost", "port": server.Port, "dbname": user.Name, "username": user.Username, "password": user.Password}
		if s.rotationType.Superuser != nil {
			value["masterarn"] = s.superuser(object{"engine": "postgres", "host": "localhost", "port": server.Port, "username": pgserver.Superuser, "password": server.Password})
		}
		s.secret(value)
	}
}

// inShape is a shape with more done to it.
func (f shape) and(more func(*scene)) shape {
	return func(s *scene) {
		s.t.Helper()
		f(s)
		more(s)
	}
}

// managedBy is a secret of alternating users whose superuser secret a service
// manages. The tag names its database.
func managedBy(owner, rotationType string, database func(*awslab.Lab) (host, tag, arn string)) shape {
	return func(s *scene) {
		s.t.Helper()
		s.function(rotationType, callsOnly(rotationType))
		host, tag, databaseARN := database(s.Lab)
		managed, err := s.CreateServiceManagedSecret(s.Region(), owner+"!orders", owner, encoded(s.t, object{"username": "admin", "password": firstPassword}), 7, tag, databaseARN)
		s.Must(err)
		engines, _ := s.rotationType.Engines()
		s.superuserIs(managed)
		s.access.SuperuserOwningService = owner
		s.secret(object{"engine": engines[0], "host": host, "username": "app", "password": firstPassword, "masterarn": managed})
	}
}

func rdsInstance(l *awslab.Lab) (host, tag, arn string) {
	return primaryHost, "aws:rds:primaryDBInstanceArn", l.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "mysql", Host: primaryHost, Port: 3306})
}

func rdsCluster(l *awslab.Lab) (host, tag, arn string) {
	const host_ = "sales.cluster-abc.eu-west-1.rds.amazonaws.com"
	return host_, "aws:rds:primaryDBClusterArn", l.AddDBCluster(awslab.DBCluster{Identifier: "sales", Engine: "aurora-postgresql", Host: host_, Port: 5432})
}

func redshiftCluster(l *awslab.Lab) (host, tag, arn string) {
	return redshiftHost, "aws:redshift:primaryClusterArn", l.AddRedshiftCluster(awslab.RedshiftCluster{Identifier: "dwh", Host: redshiftHost, Port: 5439})
}

func redshiftServerless(l *awslab.Lab) (host, tag, arn string) {
	return redshiftHost, "aws:redshift-serverless:namespaceArn", l.AddRedshiftNamespace(awslab.RedshiftNamespace{Name: "dwh", Workgroup: "wg", Host: redshiftHost, Port: 5439})
}

// replica is a secret for a read replica of the superuser's database.
func replica(s *scene) {
	s.t.Helper()
	s.function("MySQLMultiUser", callsOnly("MySQLMultiUser"))
	s.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "mysql", Host: primaryHost, Port: 3306})
	s.AddDBInstance(awslab.DBInstance{Identifier: "replica", Engine: "mysql", Host: replicaHost, Port: 3306, ReplicaOf: "orders"})
	value := s.valueOf(primaryHost)
	value["host"] = replicaHost
	s.secret(value)
	s.set(object{"read_replica": true})
	s.access.ReadReplica = true
}

// cacheUser is a user of ElastiCache.
func cacheUser(s *scene) {
	s.t.Helper()
	userARN := s.AddCacheUser(awslab.CacheUser{ID: "app", Name: "app"}, firstPassword)
	s.function("ElastiCacheUser", callsOnly("ElastiCacheUser"))
	s.secret(object{"username": "app", "password": firstPassword, "user_arn": userARN})
	s.env(map[string]string{"SECRET_ARN": s.SecretARN, "USER_NAME": "app", "EXCLUDE_CHARACTERS": `,/@"'\`})
	s.configure(func(in *lambda.UpdateFunctionConfigurationInput) { in.Timeout = new(int32(900)) })
}

// influxUser is a user of Timestream for InfluxDB.
func influxUser(s *scene) {
	s.t.Helper()
	s.AddInfluxDBInstance(awslab.InfluxDBInstance{ID: "abc123", Host: "abc123.timestream"})
	s.function("InfluxDBSingleUser", callsOnly("InfluxDBSingleUser"))
	s.secret(object{"engine": "timestream-influxdb", "username": "app", "password": firstPassword, "dbIdentifier": "abc123"})
}

// influxToken is a token of Timestream for InfluxDB.
func influxToken(s *scene) {
	s.t.Helper()
	s.AddInfluxDBInstance(awslab.InfluxDBInstance{ID: "abc123", Host: "abc123.timestream"})
	s.function("InfluxDBMultiUser", callsOnly("InfluxDBMultiUser"))
	admin := s.superuser(object{"username": "admin", "password": firstPassword, "org": "orders"})
	s.secret(object{"engine": "timestream-influxdb", "org": "orders", "adminSecretArn": admin, "type": "allAccess", "dbIdentifier": "abc123", "token": firstPassword})
}

// directoryUser is a user of Directory Service.
func directoryUser(s *scene) {
	s.t.Helper()
	s.directory("ActiveDirectorySingleUser", nil)
}

func (s *scene) directory(rotationType string, more object) {
	s.t.Helper()
	s.AddDirectory(awslab.Directory{ID: "d-1234567890", Name: "corp.example.com"}, "app", firstPassword)
	s.function(rotationType, callsOnly(rotationType))
	s.secret(with(object{"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app", "awsSeamlessDomainPassword": firstPassword}, more))
}

// keytabs is a user of Directory Service with keytab secrets.
func keytabs(s *scene) {
	s.t.Helper()
	first, second := s.NewSecret("keytab-1", object{"name": "one"}), s.NewSecret("keytab-2", object{"name": "two"})
	s.directory("ActiveDirectoryAndKeytabSingleUser", object{"schemaVersion": "1.0", "keytabArns": []string{first, second}})
	s.access.KeytabSecretARNs = []string{first, second}
	s.set(object{"keytab_secret_arns": []any{first, second}})
}

// ownFunction is a function that somebody has written, which rotates the lab's
// own users.
func ownFunction(s *scene) {
	s.t.Helper()
	s.Must(s.UserStore().CreateUser("app", firstPassword))
	s.function("Custom", "UserStore")
	s.set(object{"rotation_type": nil})
	s.secret(object{"engine": "labstore", "host": "lab", "username": "app", "password": firstPassword})
}

// serviceManaged is a secret that RDS rotates, of which the setup has the
// schedule.
func serviceManaged(s *scene) {
	s.t.Helper()
	secretARN, err := s.CreateServiceManagedSecret(s.Region(), "rds!db-1", "rds", encoded(s.t, object{"username": "admin", "password": firstPassword}), 7)
	s.Must(err)
	s.SecretARN = secretARN
	s.set(object{"secret_id": secretARN, "rotate_immediately": true})
}

// sharedAccess leaves the access to a rotation_function_access.
func sharedAccess(s *scene) {
	s.t.Helper()
	s.set(object{"access": "external"})
	s.shared = object{"rotation_lambda_arn": s.functionARN(), "rotation_types": []any{s.rotationType.Name}}
	if s.access.SuperuserSecretARN != "" && s.rotationType.Superuser != nil {
		s.shared["superuser_secret_arns"] = []any{s.access.SuperuserSecretARN}
	}
	if s.access.KMSKeyARN != "" {
		s.shared["kms_key_arns"] = []any{s.access.KMSKeyARN}
	}
}

// withKey encrypts the secret with a customer managed key.
func withKey(s *scene) {
	s.t.Helper()
	s.access.KMSKeyARN = s.newKey("1")
	s.encryptWith(s.SecretARN, s.access.KMSKeyARN)
}

// sdkRules are rotation rules for the SDK.
func sdkRules(rules object) *types.RotationRulesType {
	in := &types.RotationRulesType{ScheduleExpression: optional(rules["schedule_expression"]), Duration: optional(rules["duration"])}
	if days, ok := rules["automatically_after_days"].(int); ok {
		in.AutomaticallyAfterDays = new(int64(days))
	}
	return in
}

// databaseTypes are the rotation types for databases with a host.
func databaseTypes() (all []string) {
	for _, t := range catalog.All() {
		if host, ok := t.Field("host"); ok && host.Required {
			all = append(all, t.Name)
		}
	}
	return all
}
