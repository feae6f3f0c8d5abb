package catalog

import "slices"

// UserNameConstraint is what a service or an engine accepts as a user name.
type UserNameConstraint struct {
	Target     string   // what it is about: "PostgreSQL, role"
	Engines    []string // the names of Engines that it concerns
	Audience   Audience
	Max        int    // length in characters; 0 if unknown
	Form       string // the characters, in words; empty for any
	Confidence Confidence
	Source     string // where it is from
	Note       string // what else to know, full sentences
}

// UserNameConstraints returns what is known of the user names that the engines accept. It must not be changed. What the functions
// themselves check when they name a second user is in Clone.
func UserNameConstraints() []UserNameConstraint { return slices.Clone(userNameConstraints) }

// MaxUserName returns the longest name that a user of the type's engine can have, in characters, as far as something speaks for it; 0 if
// nothing does. It is good for a warning only, since a third party has it for some engines.
func (t *RotationType) MaxUserName() int {
	longest := 0
	for _, c := range userNameConstraints {
		if c.Audience == AllUsers && c.Confidence != Unconfirmed && slices.ContainsFunc(c.Engines, func(name string) bool { return slices.Contains(engineNames(t.Engine), name) }) {
			longest = max(longest, c.Max)
		}
	}
	return longest
}

var userNameConstraints = []UserNameConstraint{
	{Target: "RDS, master user", Engines: rdsEngines, Audience: MasterUsers, Max: 16, Form: "letters, digits and underscores, first a letter", Confidence: Confirmed, Source: "RDS API, CreateDBInstance"},
	{Target: "Aurora cluster, master user", Engines: []string{"aurora-mysql", "aurora-postgresql"}, Audience: MasterUsers, Max: 16, Form: "letters and digits, first a letter", Confidence: Confirmed, Source: "RDS API, CreateDBCluster"},
	{Target: "MySQL, user", Engines: []string{"mysql", "aurora-mysql"}, Audience: AllUsers, Max: 32, Confidence: Partly, Source: "third parties that quote MySQL's manual", Note: "16 before MySQL 5.7.8."},
	{Target: "MariaDB, user", Engines: []string{"mariadb"}, Audience: AllUsers, Confidence: Unconfirmed, Note: "The rotation function assumes 80; third parties say 32 or 47."},
	{Target: "PostgreSQL, role", Engines: []string{"postgres", "aurora-postgresql"}, Audience: AllUsers, Max: 63, Confidence: Partly, Source: "code of the rotation function, and third parties"},
	{Target: "Oracle Database, user", Engines: oracleEngines, Audience: AllUsers, Max: 128, Confidence: Confirmed, Source: "Oracle's error help, OCI-01935", Note: "The rotation function for alternating users takes 30 with the suffix of the clone."},
	{Target: "SQL Server, login", Engines: sqlServerEngines, Audience: AllUsers, Max: 128, Confidence: Confirmed, Source: "CREATE LOGIN: a name of type sysname"},
	{Target: "Db2, user", Engines: db2Engines, Audience: AllUsers, Confidence: Unconfirmed, Note: "The rotation function for alternating users takes 16 with the suffix of the clone."},
	{Target: "Redshift, user", Engines: []string{"redshift"}, Audience: AllUsers, Max: 127, Confidence: Confirmed, Source: "Redshift developer guide of 2023, names and identifiers", Note: "Counted in bytes. The API takes 128 for the admin user. PUBLIC is refused."},
	{Target: "Amazon DocumentDB, master user", Engines: mongoEngines, Audience: MasterUsers, Max: 63, Form: "letters and digits, first a letter", Confidence: Confirmed, Source: "DocumentDB API, CreateDBCluster"},
	{Target: "AWS Directory Service, user", Engines: []string{"active-directory"}, Audience: AllUsers, Max: 64, Form: "none of `\\ \" / [ ] : ; | = , + * ? < > @`", Confidence: Confirmed, Source: "Directory Service API, ResetUserPassword"},
	{Target: "ElastiCache, user ID", Engines: redisEngines, Audience: AllUsers, Form: "letters, digits and hyphens, first a letter", Confidence: Confirmed, Source: "ElastiCache API, CreateUser", Note: "It is the last part of the user's ARN, in small letters."},
}

var rdsEngines = slices.Concat([]string{"mysql", "postgres", "mariadb"}, oracleEngines, sqlServerEngines, db2Engines)
