package catalog

import "slices"

var sqlServerSingleUser = &RotationType{
	Name:          "SQLServerSingleUser",
	Application:   "SecretsManagerRDSSQLServerRotationSingleUser",
	Engine:        "sqlserver",
	Strategy:      SingleUser,
	Hosted:        true,
	Port:          1433,
	Database:      "master",
	Fields:        databaseFields(sqlServerEngine, rdsInstance, oneUser, databaseField(Field{Default: "master"}), portTextField(1433), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   databaseEnvironment(`/@"'\`, 32),
	Errors:        slices.Concat(databaseErrors("sqlserver"), portTextErrors, previousErrors("previous valid", "previous host")),
	Differences:   []Difference{tokenDifference, tlsDifference},
	ReadsPrevious: true,
	Notes:         []string{previousNote, "The function names the AWSCURRENT password as the old one even where it logged in with AWSPREVIOUS, so that login does not help it."},
}

var sqlServerMultiUser = &RotationType{
	Name:        "SQLServerMultiUser",
	Application: "SecretsManagerRDSSQLServerRotationMultiUser",
	Engine:      "sqlserver",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        1433,
	Database:    "master",
	Fields:      databaseFields(sqlServerEngine, rdsInstance, alternatingUsers, databaseField(Field{Default: "master"}), portTextField(1433), tlsField(""), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone", MaxLength: 128},
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Superuser:   rdsSuperuser(instanceTag),
	Grants:      rdsGrants("rds:DescribeDBInstances"),
	Environment: databaseEnvironment(`/@"'\`, 32),
	Errors: slices.Concat(databaseErrors("sqlserver"), portTextErrors, alternatingErrors, rdsErrors, []FunctionError{
		cloneError("_clone", 128),
		{"ValueError", "Invalid database principal permission type %s", "The user has a permission in a state that the function does not know how to copy."},
		{"ValueError", "Invalid database permission class %s", "The user has a permission on something that the function does not know how to copy."},
	}),
	Differences: []Difference{tokenDifference, tlsDifference, describeDifference},
	Notes:       []string{replicaNote, managedNote},
}

var sqlServerEngine = Field{Allowed: []string{"sqlserver"}, Note: `The engines of RDS, "sqlserver-ex" or "sqlserver-se" say, are refused here.`}
