package rotators

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// CallsOnly comes before a rotation type in the name of a handler that makes the AWS calls of the type's function, in its order and with
// its errors, and nothing else: there is no database, every login works as long as the function expects it to, and what a service
// other than AWS would make, such as a token, is made up.
const CallsOnly = "calls/"

// published are the AWS calls of the functions that AWS publishes. Each function begins a step with DescribeSecret and ends finishSecret
// with DescribeSecret and UpdateSecretVersionStage, unless it says otherwise.
var published = map[string]script{
	"MySQLSingleUser":      oneUser(rdsExclude),
	"PostgreSQLSingleUser": oneUser(postgresExclude),
	"MariaDBSingleUser":    oneUser(rdsExclude),
	"OracleSingleUser":     oneUser(rdsExclude),
	"SQLServerSingleUser":  oneUser(rdsExclude),
	"MongoDBSingleUser":    oneUser(rdsExclude),
	"RedshiftSingleUser":   oneUser(redshiftExclude),

	"MySQLMultiUser":      twoUsers(rdsExclude, clone{suffix: "_clone", longest: 16, variable: "USERNAME_CHARACTER_LIMIT"}, inRDS(rdsFunction{clusters: true, raises: true})...),
	"PostgreSQLMultiUser": twoUsers(postgresExclude, postgresClone, inRDS(postgresRDS)...),
	"MariaDBMultiUser":    twoUsers(rdsExclude, clone{suffix: "_clone", longest: 80}, inRDS(rdsFunction{})...),
	"OracleMultiUser":     twoUsers(rdsExclude, clone{suffix: "_CLONE", longest: 30, capitals: true}, inRDS(rdsFunction{})...),
	"SQLServerMultiUser":  twoUsers(rdsExclude, clone{suffix: "_clone", longest: 128}, inRDS(rdsFunction{})...),
	"Db2MultiUser":        twoUsers(db2Exclude, clone{suffix: "_clone", longest: 16}, inRDS(rdsFunction{})...),
	"MongoDBMultiUser":    twoUsers(rdsExclude, clone{suffix: "_clone"}, sameHost("not the same host as master")),
	"RedshiftMultiUser":   twoUsers(redshiftExclude, clone{suffix: "_clone"}, ofRedshift, sameHost("not the same host as admin")),

	// A user of Db2 cannot change its own password, the function never looks at AWSPREVIOUS, and it waits after it has set a password.
	"Db2SingleUser": {
		create: do(read(stageCurrent), unlessPending(setPassword(db2Exclude), put)),
		set:    slices.Concat(do(read(stageCurrent), read(stagePending), readSuperuser("masterarn")), inRDS(rdsFunction{}), do(settle)),
		test:   do(read(stagePending)),
	},
	"InfluxDBSingleUser": {
		create: do(read(stageCurrent), unlessPending(setPasswordIn("password", secretsmanager.GetRandomPasswordInput{}), put)),
		set:    do(readIfAny(stagePrevious), read(stageCurrent), read(stagePending), describeInfluxDB(stageCurrent)),
		test:   do(read(stagePending), describeInfluxDB(stagePending)),
	},
	// InfluxDB makes the token, so that no password is asked for and setSecret has nothing to do.
	"InfluxDBMultiUser": {
		create: do(read(stageCurrent), unlessPending(describeInfluxDB(stageCurrent), readSuperuser("adminSecretArn"), newToken, put)),
		test:   do(read(stageCurrent), read(stagePending), readSuperuser("adminSecretArn"), describeInfluxDB(stagePending)),
		finish: do(read(stageCurrent), read(stagePending), describeInfluxDB(stagePending), readSuperuser("adminSecretArn"), moveCurrent),
	},
	"ElastiCacheUser": {
		create: do(readCacheUser(stageCurrent), cacheUserActive("createSecret"), unlessPending(setPasswordIn("password", cacheRandom), put)),
		set:    do(readCacheUser(stageCurrent), readCacheUser(stagePending), cacheUserActive("setSecret"), modifyCacheUser),
		test:   do(readCacheUser(stageCurrent), cacheUserActive("testSecret")),
	},
	"ActiveDirectorySingleUser": {
		before: do(read(stageCurrent), describeDirectory),
		create: do(unlessPending(setPasswordIn(directoryPassword, directoryRandom), put)),
		set:    do(read(stagePending), resetUserPassword("Unable to reset the users password in Directory Services")),
		test:   do(read(stagePending)),
	},
	"ActiveDirectoryAndKeytabSingleUser": {
		before: do(read(stageCurrent), describeDirectory),
		create: do(unlessPending(setPasswordIn(directoryPassword, directoryRandom), put)),
		set:    do(read(stagePending), resetUserPassword("Unable to reset the user's password in Directory Services"), rotateKeytabs),
		test:   do(read(stagePending), testKeytabs),
		finish: do(moveCurrent, read(stagePending), finishKeytabs),
	},
	// AWS's template leaves setSecret and testSecret to its user, here one whose database has a superuser: a variable names the secret.
	"Custom": {
		create: do(readAny(stageCurrent), unlessPending(putRandom)),
		set:    do(readAny(stageCurrent), readAny(stagePending), readSuperuserOf("SUPERUSER_SECRET_ARN")),
		test:   do(readAny(stagePending)),
	},
}
