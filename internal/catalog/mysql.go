package catalog

import "slices"

var mySQLSingleUser = &RotationType{
	Name:          "MySQLSingleUser",
	Application:   "SecretsManagerRDSMySQLRotationSingleUser",
	Engine:        "mysql",
	Strategy:      SingleUser,
	Hosted:        true,
	Port:          3306,
	Fields:        databaseFields(mySQLEngine, rdsCluster, oneUser, databaseField(Field{}), portField(3306), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   databaseEnvironment(`/@"'\`, 32),
	Errors:        slices.Concat(databaseErrors("mysql"), portErrors, previousErrors("previous valid", "previous host")),
	Differences:   []Difference{tokenDifference, tlsDifference, engineDifference(`"aurora-mysql"`)},
	ReadsPrevious: true,
	Notes: []string{
		previousNote,
		"A dbname that does not exist on the server makes every login fail, and the error says no more than that.",
		"The function sets the password in the way of MySQL 8 only if the version of the server starts with 8; MySQL 9 gets a statement that it no longer has.",
	},
}

var mySQLMultiUser = &RotationType{
	Name:        "MySQLMultiUser",
	Application: "SecretsManagerRDSMySQLRotationMultiUser",
	Engine:      "mysql",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        3306,
	Fields:      databaseFields(mySQLEngine, rdsCluster, alternatingUsers, databaseField(Field{}), portField(3306), tlsField(""), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone", MaxLength: 16, LimitVariable: "USERNAME_CHARACTER_LIMIT", EngineLimit: 32},
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Superuser:   rdsSuperuser(instanceTag, clusterTag),
	Grants:      rdsGrants("rds:DescribeDBInstances", "rds:DescribeDBClusters"),
	Environment: databaseEnvironment(`/@"'\`, 32, numberVariable("USERNAME_CHARACTER_LIMIT", 16, "Longest user name, with the suffix of the clone. MySQL takes 32 since version 5.7.8.")),
	Errors:      slices.Concat(databaseErrors("mysql"), portErrors, alternatingErrors, rdsErrors, clusterErrors, []FunctionError{cloneError("_clone", "%s")}),
	Differences: []Difference{tokenDifference, tlsDifference, engineDifference(`"aurora-mysql"`), describeDifference},
	Notes: []string{
		replicaNote, managedNote, lookupNote,
		"A user name of more than 10 characters needs USERNAME_CHARACTER_LIMIT in the function's environment, which neither CloudFormation's HostedRotationLambda nor the published applications can set.",
		"Grants and TLS requirements are copied of user@'%' only; a user with another host part cannot be rotated.",
		"The clone loses WITH GRANT OPTION.",
	},
}

var mySQLEngine = Field{Allowed: []string{"mysql", "aurora-mysql"}, Note: `"aurora" is refused.`}

// lookupNote is of the functions that fail when they cannot look up a read replica; the others report another host than the superuser's.
const lookupNote = "If the hosts differ and RDS does not know the first label of the secret's host as an instance, for a CNAME say, or its role may not ask, the function fails with an error of DescribeDBInstances."
