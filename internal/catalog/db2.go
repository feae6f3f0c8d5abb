package catalog

import "slices"

var db2SingleUser = &RotationType{
	Name:        "Db2SingleUser",
	Application: "SecretsManagerRDSDb2RotationSingleUser",
	Engine:      "db2",
	Strategy:    SingleUser,
	Hosted:      true,
	Port:        50000,
	Fields:      databaseFields(db2Engine, rdsInstance, oneUser, db2Database, portField(50000), superuserField, instanceField, clusterField),
	Password:    &Password{ExcludeCharacters: `/@"'\;`, Length: 32},
	Superuser:   rdsSuperuser(instanceTag),
	Grants:      rdsGrants("rds:DescribeDBInstances"),
	Environment: databaseEnvironment(`/@"'\;`, 32),
	Errors:      slices.Concat(databaseErrors("db2"), portErrors, []FunctionError{db2EngineError, singleUserError, currentError, superuserError}, rdsErrors),
	Differences: db2Differences,
	Notes: []string{
		"A user of Db2 cannot change its own password: the superuser secret is needed for a single user too.",
		replicaNote, managedNote, semicolonNote,
		"setSecret waits 10 seconds after it has set the password, which counts towards the function's timeout.",
		"AWSPREVIOUS is never tried.",
	},
}

var db2MultiUser = &RotationType{
	Name:        "Db2MultiUser",
	Application: "SecretsManagerRDSDb2RotationMultiUser",
	Engine:      "db2",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        50000,
	Fields:      databaseFields(db2Engine, rdsInstance, alternatingUsers, db2Database, portField(50000), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone", MaxLength: 16, RefusesEmpty: true},
	Password:    &Password{ExcludeCharacters: `/@"'\;`, Length: 32},
	Superuser:   rdsSuperuser(instanceTag),
	Grants:      rdsGrants("rds:DescribeDBInstances"),
	Environment: databaseEnvironment(`/@"'\;`, 32),
	Errors: slices.Concat(databaseErrors("db2"), portErrors, alternatingErrors, rdsErrors, []FunctionError{
		db2EngineError,
		cloneError("_clone", 16),
		{"ValueError", "Invalid username, username must not be empty after _clone suffix is removed", "The user name is the suffix alone."},
		{"ValueError", "Unable to log into rdsadmin database using credentials in master secret %s", "The superuser's password does not work, or it may not use the database rdsadmin."},
		{"ValueError", "Unable to create user %s", "The database refused the name or the password of the clone."},
		{"ValueError", "User %s does not exist in database", "The clone is not among the users right after it was created."},
	}),
	Differences: db2Differences,
	Notes: []string{
		replicaNote, managedNote, semicolonNote,
		"Only authorities on the database itself (SYSCAT.DBAUTH) are copied to the clone.",
		"The superuser logs in to rdsadmin and to the rotated secret's database.",
		"testSecret logs in without waiting for the new password to spread.",
	},
}

var (
	db2Engine   = Field{Allowed: []string{"db2"}, Prefix: true, Note: `"db2-se" and "db2-ae" are accepted. The function fails on anything but text.`}
	db2Database = databaseField(Field{Needed: true, Example: "ORDERS", Note: "The function does not ask for it, but without it connects to a database named \"None\", so that no login works."})
)

var db2EngineError = FunctionError{"AttributeError", "'%s' object has no attribute 'startswith'", "The field engine is not text."}

const semicolonNote = "The password stands unescaped in a connection string, so EXCLUDE_CHARACTERS must keep the semicolon."
