package catalog

import "slices"

var mariaDBSingleUser = &RotationType{
	Name:          "MariaDBSingleUser",
	Application:   "SecretsManagerRDSMariaDBRotationSingleUser",
	Engine:        "mariadb",
	Strategy:      SingleUser,
	Hosted:        true,
	Port:          3306,
	Fields:        databaseFields(mariaDBEngine, rdsInstance, oneUser, databaseField(Field{}), portField(3306), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   databaseEnvironment(`/@"'\`, 32),
	Errors:        slices.Concat(databaseErrors("mariadb"), portErrors, previousErrors("last valid", "previous host")),
	Differences:   []Difference{tokenDifference, tlsDifference},
	ReadsPrevious: true,
	Notes:         []string{previousNote},
}

var mariaDBMultiUser = &RotationType{
	Name:        "MariaDBMultiUser",
	Application: "SecretsManagerRDSMariaDBRotationMultiUser",
	Engine:      "mariadb",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        3306,
	Fields:      databaseFields(mariaDBEngine, rdsInstance, alternatingUsers, databaseField(Field{}), portField(3306), tlsField(""), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone", MaxLength: 80},
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Superuser:   rdsSuperuser(instanceTag),
	Grants:      rdsGrants("rds:DescribeDBInstances"),
	Environment: databaseEnvironment(`/@"'\`, 32),
	Errors:      slices.Concat(databaseErrors("mariadb"), portErrors, alternatingErrors, rdsErrors, []FunctionError{cloneError("_clone", 80)}),
	Differences: []Difference{tokenDifference, tlsDifference, describeDifference},
	Notes: []string{
		replicaNote, managedNote,
		"Every grant of user@'%' is given to the clone, each with the new password; a user with another host part cannot be rotated.",
	},
}

var mariaDBEngine = Field{Allowed: []string{"mariadb"}}
