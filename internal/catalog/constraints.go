package catalog

import "slices"

// Audience says whose passwords a constraint is about.
type Audience string

// The audiences of constraints.
const (
	MasterUsers   Audience = "master" // the user that AWS creates together with the database
	AllUsers      Audience = "all"    // every user of the engine, the master user too
	OrdinaryUsers Audience = "ordinary"
	NotRotated    Audience = "none" // passwords that no rotation function sets; for the documentation
)

// Confidence says how well a constraint is known.
type Confidence string

// The confidences.
const (
	Confirmed   Confidence = "confirmed"        // AWS or the vendor documents it
	Partly      Confidence = "partly confirmed" // a guideline or a third party has it; it is not taken for a limit
	Unconfirmed Confidence = "unconfirmed"      // no constraint is known, which does not mean that there is none
)

// Class is a kind of characters, as GetRandomPassword knows them.
type Class string

// The classes of characters.
const (
	Upper       Class = "upper"
	Lower       Class = "lower"
	Digits      Class = "digits"
	Punctuation Class = "punctuation"
)

// Characters returns the characters of the class, in the order of their codes.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html.
func (c Class) Characters() string {
	switch c {
	case Upper:
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	case Lower:
		return "abcdefghijklmnopqrstuvwxyz"
	case Digits:
		return "0123456789"
	case Punctuation:
		return "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	}
	return ""
}

// PasswordConstraint is what a service or an engine accepts as a password.
type PasswordConstraint struct {
	Target     string   // what it is about: "RDS for MySQL, master user"
	Engines    []string // the names of Engines that it concerns
	Audience   Audience
	Min, Max   int     // length in characters; 0 if unknown or unlimited
	Forbidden  string  // characters that are refused
	Reason     string  // why they are, a short phrase
	Required   []Class // classes of which the password needs a character
	Confidence Confidence
	Source     string // where it is from
	Note       string // what else to know, full sentences

	// OnlyAlphanumeric says that letters and digits are accepted and nothing else.
	OnlyAlphanumeric bool
	// ByPolicy says that Min is set by a policy that can be switched off.
	ByPolicy bool
}

// PasswordConstraints returns what is known of the passwords that the engines accept. It must not be changed.
func PasswordConstraints() []PasswordConstraint { return slices.Clone(passwordConstraints) }

var (
	oracleEngines    = []string{"oracle", "oracle-ee", "oracle-ee-cdb", "oracle-se2", "oracle-se2-cdb", "custom-oracle-ee"}
	sqlServerEngines = []string{"sqlserver", "sqlserver-ee", "sqlserver-ex", "sqlserver-se", "sqlserver-web"}
	db2Engines       = []string{"db2", "db2-ae", "db2-se"}
	mongoEngines     = []string{"mongo", "docdb"}
	redisEngines     = []string{"elasticache", "redis", "valkey"}
)

// The AWS API references and user guides meant here are those of rds, docdb, docdb-elastic, redshift, redshift-serverless, elasticache,
// timestream-influxdb, ds and secretsmanager under https://docs.aws.amazon.com.
var passwordConstraints = []PasswordConstraint{
	{
		Target: "RDS for MySQL, master user", Engines: []string{"mysql"}, Audience: MasterUsers,
		Min: 8, Max: 41, Forbidden: `/"@`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBInstance and ModifyDBInstance",
	},
	{
		Target: "RDS for MariaDB, master user", Engines: []string{"mariadb"}, Audience: MasterUsers,
		Min: 8, Max: 41, Forbidden: `/"@`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBInstance and ModifyDBInstance",
	},
	{
		Target: "RDS for PostgreSQL, master user", Engines: []string{"postgres"}, Audience: MasterUsers,
		Min: 8, Max: 128, Forbidden: `/"@`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBInstance and ModifyDBInstance",
	},
	{
		Target: "RDS for SQL Server, master user", Engines: sqlServerEngines, Audience: MasterUsers,
		Min: 8, Max: 128, Forbidden: `/"@`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBInstance and ModifyDBInstance",
	},
	{
		Target: "RDS for Oracle, master user", Engines: oracleEngines, Audience: MasterUsers,
		Min: 8, Max: 30, Forbidden: `/"@&'`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBInstance and ModifyDBInstance",
		Note: "The default of the Oracle rotation functions leaves & in.",
	},
	{
		Target: "RDS for Oracle, master user of a tenant database", Engines: oracleEngines, Audience: MasterUsers,
		Min: 8, Max: 30, Forbidden: `/"@&'`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, ModifyTenantDatabase",
	},
	{
		Target: "RDS for Db2, master user", Engines: db2Engines, Audience: MasterUsers,
		Min: 8, Max: 255, Forbidden: `/"@`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBInstance and ModifyDBInstance",
		Note: "RestoreDBInstanceFromS3 takes at most 128 characters for Db2.",
	},
	{
		Target:  "Aurora and Multi-AZ DB clusters, master user",
		Engines: []string{"mysql", "aurora-mysql", "postgres", "aurora-postgresql"}, Audience: MasterUsers,
		Min: 8, Max: 41, Forbidden: `/"@`, Reason: "RDS refuses it in a master password", Confidence: Confirmed, Source: "RDS API, CreateDBCluster",
		Note: "The master user of an Aurora or Multi-AZ DB cluster has at most 41 characters, also for PostgreSQL.",
	},
	{
		Target: "RDS, all master users",
		Engines: slices.Concat([]string{"mysql", "aurora-mysql", "postgres", "aurora-postgresql", "mariadb"},
			oracleEngines, sqlServerEngines, db2Engines),
		Audience: MasterUsers, Forbidden: `/"@' `, Reason: "RDS refuses it in a master password", Confidence: Confirmed,
		Source: "RDS user guide, naming constraints (2023)",
		Note:   "The RDS user guide is stricter than the RDS API: it excludes ' and the space too.",
	},
	{
		Target: "Amazon DocumentDB cluster, master user", Engines: mongoEngines, Audience: MasterUsers,
		Min: 8, Max: 100, Forbidden: `/"@`, Reason: "Amazon DocumentDB refuses it in a master password", Confidence: Confirmed, Source: "DocumentDB API, CreateDBCluster",
		Note: "The service is reported to refuse the space as well.",
	},
	{
		Target: "Amazon DocumentDB elastic cluster, admin user", Engines: mongoEngines, Audience: MasterUsers,
		Min: 8, Max: 100, Forbidden: `/"@`, Reason: "Amazon DocumentDB refuses it in a master password", Confidence: Confirmed, Source: "DocumentDB elastic clusters API, CreateCluster",
	},
	{
		Target: "Amazon DocumentDB and MongoDB, users other than the master user", Engines: mongoEngines, Audience: OrdinaryUsers,
		Confidence: Unconfirmed,
		Note:       "No constraint is known for users that createUser made.",
	},
	{
		Target: "Redshift, admin user and SQL users", Engines: []string{"redshift"}, Audience: AllUsers,
		Min: 8, Max: 64, Forbidden: `'"\/@ `, Reason: "Redshift refuses it", Required: []Class{Upper, Lower, Digits}, Confidence: Confirmed,
		Source: "Redshift API, CreateCluster and ModifyCluster; Redshift database developer guide, CREATE USER (2023)",
		Note:   "Redshift takes a password that looks like md5 and 32 hexadecimal digits, or begins with sha256|, for a hash.",
	},
	{
		Target: "Redshift Serverless, admin user", Engines: []string{"redshift"}, Audience: MasterUsers,
		Confidence: Unconfirmed, Source: "Redshift Serverless API, which names no constraint",
		Note: "The API of Redshift Serverless names no constraint of its own for the admin user.",
	},
	{
		Target: "ElastiCache, user of role-based access control", Engines: redisEngines, Audience: AllUsers,
		Min: 16, Max: 128, Forbidden: `,"/@`, Reason: "ElastiCache refuses it in a user's password", Confidence: Confirmed, Source: "ElastiCache user guide, role-based access control (2023)",
		Note: "The default of the ElastiCache rotation function leaves the comma in.",
	},
	{
		Target: "ElastiCache, AUTH token", Engines: redisEngines, Audience: NotRotated,
		Min: 16, Max: 128, Forbidden: "\"%'()*+,./:;=?@[\\]_`{|}~", Reason: "ElastiCache refuses it in an AUTH token", Confidence: Confirmed,
		Source: "ElastiCache API, CreateReplicationGroup",
		Note:   `ModifyReplicationGroup forbids / " @ and % only.`,
	},
	{
		Target: "Timestream for InfluxDB, initial admin user", Engines: []string{"timestream-influxdb"}, Audience: MasterUsers,
		Min: 8, Max: 64, OnlyAlphanumeric: true, Confidence: Confirmed,
		Source: "Timestream for InfluxDB API, CreateDbInstance and CreateDbCluster",
		Note:   "The service creates the admin user with letters and digits only; a later password, which InfluxDB itself takes, may have punctuation.",
	},
	{
		Target: "InfluxDB 2, user", Engines: []string{"timestream-influxdb"}, Audience: AllUsers,
		Min: 8, Max: 72, Confidence: Partly, Source: "third-party logs of InfluxDB",
		Note: "InfluxDB is reported to take 8 to 72 characters.",
	},
	{
		Target: "AWS Directory Service, user", Engines: []string{"active-directory"}, Audience: AllUsers,
		Min: 1, Max: 127, Confidence: Confirmed, Source: "Directory Service API, ResetUserPassword",
		Note: "The password policy of the domain applies on top; by default AWS Managed Microsoft AD asks for seven characters of three classes, " +
			"none of the last 24 passwords, and one day between changes.",
	},
	{
		Target: "SQL Server, login", Engines: sqlServerEngines, Audience: AllUsers,
		Min: 8, Max: 128, ByPolicy: true, Confidence: Confirmed,
		Source: "https://learn.microsoft.com/sql/relational-databases/security/password-policy",
		Note: "Where its password policy is on, SQL Server wants eight characters of three of the four classes, " +
			"and refuses the name of the login in the password.",
	},
	{
		Target: "Oracle Database, user", Engines: oracleEngines, Audience: AllUsers,
		Max: 30, Forbidden: `"`, Reason: "the rotation function cannot set it", Confidence: Partly,
		Source: "Oracle Database Security Guide 19c, guidelines for securing passwords; the rotation function's code",
		Note:   "Oracle recommends 12 to 30 bytes; the rotation functions cannot set a password with a double quotation mark.",
	},
	{
		Target:  "MySQL, MariaDB and PostgreSQL, users other than the master user",
		Engines: []string{"mysql", "aurora-mysql", "mariadb", "postgres", "aurora-postgresql"}, Audience: OrdinaryUsers,
		Confidence: Unconfirmed,
		Note:       "No constraint is known for ordinary users; the server may have its own, such as MySQL's validate_password.",
	},
	{
		Target: "Db2, user", Engines: db2Engines, Audience: OrdinaryUsers,
		Confidence: Unconfirmed, Source: "RDS user guide, rdsadmin.add_user and rdsadmin.change_password, which name no constraint",
		Note: "No constraint is known for ordinary users of Db2.",
	},
	{
		Target: "GetRandomPassword", Audience: NotRotated,
		Min: 1, Max: 4096, Confidence: Confirmed, Source: "Secrets Manager API, GetRandomPassword",
		Note: "It draws from upper, lower, digits and 32 characters of punctuation, and from the space only with IncludeSpace. " +
			"The characters to exclude are at most 4,096 as well.",
	},
}

// minimumExclude are the characters that an EXCLUDE_CHARACTERS of a rotation function must not leave out, by the type's Engine: those
// that the service refuses in the password of any master user that the function may rotate, or of any user, and those that break the
// function's own statements.
var minimumExclude = map[string]string{
	"mysql":     `/@"`,
	"mariadb":   `/@"`,
	"postgres":  `/@"`,
	"oracle":    `/@"`, // The double quotation mark ends the password in ALTER USER.
	"sqlserver": `/@"`,
	"mongo":     `/@"`,
	"db2":       `/@";`, // The semicolon ends the password in the connection string.
	"redshift":  `/@"'\`,
	// The comma is missing in the function's default.
	"elasticache": `/@",`,
}
