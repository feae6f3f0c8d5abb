package catalog

import "slices"

var oracleSingleUser = &RotationType{
	Name:          "OracleSingleUser",
	Application:   "SecretsManagerRDSOracleRotationSingleUser",
	Engine:        "oracle",
	Strategy:      SingleUser,
	Hosted:        true,
	Port:          1521,
	Fields:        databaseFields(oracleEngine, oracleHost, oneUser, oracleDatabase, portTextField(1521), oracleTLS, instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 30},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   databaseEnvironment(`/@"'\`, 30),
	Errors:        slices.Concat(databaseErrors("oracle"), portTextErrors, previousErrors("previous valid", "previous host")),
	Differences:   []Difference{tokenDifference, tlsDifference, oracleTLSDifference},
	ReadsPrevious: true,
	Notes:         []string{previousNote, quoteNote},
}

var oracleMultiUser = &RotationType{
	Name:        "OracleMultiUser",
	Application: "SecretsManagerRDSOracleRotationMultiUser",
	Engine:      "oracle",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        1521,
	Fields: databaseFields(oracleEngine, oracleHost, oracleAlternatingUsers,
		oracleDatabase, portTextField(1521), oracleTLS, superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_CLONE", MaxLength: 30, UpperCase: true},
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 30},
	Superuser:   rdsSuperuser(instanceTag),
	Grants:      rdsGrants("rds:DescribeDBInstances"),
	Environment: databaseEnvironment(`/@"'\`, 30),
	Errors:      slices.Concat(databaseErrors("oracle"), portTextErrors, alternatingErrors, rdsErrors, []FunctionError{cloneError("_CLONE", 30)}),
	Differences: []Difference{tokenDifference, tlsDifference, oracleTLSDifference, describeDifference},
	Notes: []string{
		replicaNote, managedNote, quoteNote,
		"The superuser secret needs no dbname: the function connects to the rotated secret's.",
		"Errors of the database while grants are copied are ignored: the clone can have fewer privileges than the user although the rotation succeeds.",
	},
}

var (
	oracleHost             = Field{TextOnly: true, Example: rdsInstance.Example, Note: rdsInstance.Note} // The functions add texts to it.
	oracleAlternatingUsers = Field{TextOnly: true, Note: alternatingUsers.Note + " Both names are written in upper case, and the suffix is known in upper case only: the clone of \"app_clone\" is \"APP_CLONE_CLONE\"."}
	oracleEngine           = Field{Allowed: []string{"oracle"}, Note: `The engines of RDS, "oracle-ee" or "oracle-se2" say, are refused here.`}
	oracleDatabase         = databaseField(Field{Required: true, TextOnly: true, Example: "ORCL", Note: "With TLS the function takes it for the SID, without TLS for the service name. It fails on null."})
	oracleTLS              = tlsField(" The port must be that of the TCPS listener for TLS; the default is not.")
)

const quoteNote = `A password with " breaks the statement that sets it, so EXCLUDE_CHARACTERS must keep that character.`
