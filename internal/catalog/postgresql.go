package catalog

import "slices"

var postgreSQLSingleUser = &RotationType{
	Name:        "PostgreSQLSingleUser",
	Application: "SecretsManagerRDSPostgreSQLRotationSingleUser",
	Engine:      "postgres",
	Strategy:    SingleUser,
	Hosted:      true,
	Port:        5432,
	Database:    "postgres",
	Fields: databaseFields(postgreSQLEngine, rdsCluster, oneUser,
		databaseField(Field{Default: "postgres", Note: "An explicit null is no database, not the default."}),
		portField(5432), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `:/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   databaseEnvironment(`:/@"'\`, 32),
	Errors:        slices.Concat(databaseErrors("postgres"), portErrors, previousErrors("previous valid", "current previous valid")),
	Differences:   []Difference{tokenDifference, tlsDifference, engineDifference(`"aurora-postgresql"`)},
	ReadsPrevious: true,
	Notes:         []string{previousNote},
}

var postgreSQLMultiUser = &RotationType{
	Name:        "PostgreSQLMultiUser",
	Application: "SecretsManagerRDSPostgreSQLRotationMultiUser",
	Engine:      "postgres",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        5432,
	Database:    "postgres",
	Fields: databaseFields(postgreSQLEngine, rdsCluster, alternatingUsers,
		databaseField(Field{Default: "postgres", Note: "An explicit null is the default."}),
		portField(5432), tlsField(""), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone", MaxLength: 63},
	Password:    &Password{ExcludeCharacters: `:/@"'\`, Length: 32},
	Superuser:   rdsSuperuser(instanceTag, clusterTag),
	Grants:      rdsGrants("rds:DescribeDBInstances", "rds:DescribeDBClusters"),
	Environment: databaseEnvironment(`:/@"'\`, 32),
	Errors:      slices.Concat(databaseErrors("postgres"), portErrors, alternatingErrors, rdsErrors, clusterErrors, []FunctionError{cloneError("_clone", 63)}),
	Differences: []Difference{tokenDifference, tlsDifference, engineDifference(`"aurora-postgresql"`), describeDifference},
	Notes: []string{
		replicaNote, managedNote, lookupNote,
		"The clone is created as a member of the user's role; grants are not copied one by one.",
	},
}

var postgreSQLEngine = Field{Allowed: []string{"postgres", "aurora-postgresql"}, Note: `"postgresql" is refused.`}
