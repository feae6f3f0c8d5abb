package catalog

import "slices"

var mongoDBSingleUser = &RotationType{
	Name:          "MongoDBSingleUser",
	Application:   "SecretsManagerMongoDBRotationSingleUser",
	Engine:        "mongo",
	Strategy:      SingleUser,
	Hosted:        true,
	Port:          27017,
	Database:      "admin",
	Fields:        databaseFields(mongoEngine, docDBCluster, oneUser, mongoDatabase, portField(27017), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   databaseEnvironment(`/@"'\`, 32),
	Errors:        slices.Concat(databaseErrors("mongo"), portErrors, previousErrors("previous valid", "previous host"), []FunctionError{mongoPasswordError}),
	Differences:   mongoDifferences,
	ReadsPrevious: true,
	Notes:         []string{previousNote},
}

var mongoDBMultiUser = &RotationType{
	Name:        "MongoDBMultiUser",
	Application: "SecretsManagerMongoDBRotationMultiUser",
	Engine:      "mongo",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        27017,
	Database:    "admin",
	Fields:      databaseFields(mongoEngine, docDBCluster, alternatingUsers, mongoDatabase, portField(27017), tlsField(""), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone"},
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Superuser:   &Superuser{Field: "masterarn", Fields: []string{"engine", "host", "username", "password"}},
	Grants:      []Grant{secretGrant, passwordGrant, superuserGrant},
	Environment: databaseEnvironment(`/@"'\`, 32),
	Errors: slices.Concat(databaseErrors("mongo"), portErrors, alternatingErrors, []FunctionError{
		{"ValueError", "Current database host %s is not the same host as master %s", "The host is not exactly the superuser's."},
		masterError,
		mongoPasswordError,
	}),
	Differences: mongoDifferences,
	Notes: []string{
		"A superuser secret that a service manages does not work: it has no engine and no host, and the function looks up nothing.",
		"The superuser's host must be exactly the secret's; read replicas are not looked up.",
	},
}

var (
	mongoEngine   = Field{Allowed: []string{"mongo"}, Note: `"docdb", which is the engine in RDS and in Terraform, and "mongodb" are refused.`}
	mongoDatabase = databaseField(Field{Default: "admin", TextOnly: true, Example: "admin", Note: "The database that the user logs in to. The function fails on null."})
)

var mongoPasswordError = FunctionError{"ValueError", "Error encountered when attempting to set password in database for user %s", "The database refused the new password or the grants."}
