package catalog

var postgreSQLSingleUser = &RotationType{
	Name:        "PostgreSQLSingleUser",
	Application: "SecretsManagerRDSPostgreSQLRotationSingleUser",
	Engine:      "postgres",
	Strategy:    SingleUser,
	Port:        5432,
	Database:    "postgres",
	Fields:      postgreSQLFields("An explicit null is no database, not the default."),
	Password:    postgreSQLPassword(),
	Grants:      []Grant{secretGrant, passwordGrant},
}

var postgreSQLMultiUser = &RotationType{
	Name:        "PostgreSQLMultiUser",
	Application: "SecretsManagerRDSPostgreSQLRotationMultiUser",
	Engine:      "postgres",
	Strategy:    AlternatingUsers,
	Port:        5432,
	Database:    "postgres",
	Fields: append(postgreSQLFields("An explicit null is the default."), Field{
		Name: "masterarn", Kind: SecretID, Required: true,
		Note: "ARN of the superuser secret. The function reads it in setSecret only, so a secret without it passes createSecret and testSecret.",
	}),
	Clone:    &Clone{Suffix: "_clone", MaxLength: 63},
	Password: postgreSQLPassword(),
	Superuser: &Superuser{
		Field:         "masterarn",
		Fields:        []string{"host", "username", "password", "engine"},
		ManagedFields: []string{"username", "password"},
	},
	Grants: []Grant{
		secretGrant,
		passwordGrant,
		{On: OnSuperuser, Actions: []string{"secretsmanager:GetSecretValue"}},
		// The function finds the host of a managed superuser through the secret's system tags, and with them in RDS.
		{On: OnSuperuser, When: ManagedSuperuser, Actions: []string{"secretsmanager:DescribeSecret"}},
		{On: OnService, When: ManagedOrReplica, Actions: []string{"rds:DescribeDBClusters", "rds:DescribeDBInstances"}},
	},
	Notes: []string{
		"The clone is created as a member of the user's role; grants are not copied one by one.",
		"A host that differs from the superuser's is accepted only for a read replica, which the function looks up in RDS.",
	},
}

func postgreSQLEngines() []string { return []string{"postgres", "aurora-postgresql"} }

func postgreSQLFields(databaseNote string) []Field {
	const console = "The console uses it to find the database; the function keeps it and does not read it."
	return []Field{
		{Name: "engine", Required: true, Allowed: postgreSQLEngines(), Note: `"postgresql" is refused.`},
		{Name: "host", Required: true, Note: "Host name without a port, the same text as in the superuser secret."},
		{Name: "username", Required: true},
		{Name: "password", Required: true, Note: "Each rotation replaces it."},
		{Name: "dbname", Default: "postgres", Note: databaseNote},
		{Name: "port", Kind: Port, Default: "5432"},
		{Name: "ssl", Kind: TLS, Note: "Absent: TLS is tried first, then an unencrypted connection. True: TLS only. False: unencrypted only."},
		{Name: "dbInstanceIdentifier", Ignored: true, Note: console},
		{Name: "dbClusterIdentifier", Ignored: true, Note: console},
	}
}

func postgreSQLPassword() *Password {
	return &Password{ExcludeCharacters: `:/@"'\`, Length: 32}
}
