package catalog

var postgreSQLSingleUser = &RotationType{
	Name:        "PostgreSQLSingleUser",
	Application: "SecretsManagerRDSPostgreSQLRotationSingleUser",
	Engine:      "postgres",
	Strategy:    SingleUser,
	Hosted:      true,
	Port:        5432,
	Database:    "postgres",
	Fields: databaseFields(postgreSQLEngine, rdsCluster, "",
		databaseField(Field{Default: "postgres", Note: "An explicit null is no database, not the default."}),
		portField(5432), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `:/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	ReadsPrevious: true,
}

var postgreSQLMultiUser = &RotationType{
	Name:        "PostgreSQLMultiUser",
	Application: "SecretsManagerRDSPostgreSQLRotationMultiUser",
	Engine:      "postgres",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        5432,
	Database:    "postgres",
	Fields: databaseFields(postgreSQLEngine, rdsCluster, switchesUser,
		databaseField(Field{Default: "postgres", Note: "An explicit null is the default."}),
		portField(5432), tlsField(""), superuserField, instanceField, clusterField),
	Clone:     &Clone{Suffix: "_clone", MaxLength: 63},
	Password:  &Password{ExcludeCharacters: `:/@"'\`, Length: 32},
	Superuser: rdsSuperuser(instanceTag, clusterTag),
	Grants:    rdsGrants("rds:DescribeDBInstances", "rds:DescribeDBClusters"),
	Notes: []string{
		replicaNote, managedNote, lookupNote,
		"The clone is created as a member of the user's role; grants are not copied one by one.",
	},
}

var postgreSQLEngine = Field{Allowed: []string{"postgres", "aurora-postgresql"}, Note: `"postgresql" is refused.`}
