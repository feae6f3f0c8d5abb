package catalog

var redshiftSingleUser = &RotationType{
	Name:        "RedshiftSingleUser",
	Application: "SecretsManagerRedshiftRotationSingleUser",
	Engine:      "redshift",
	Strategy:    SingleUser,
	Hosted:      true,
	Port:        5439,
	Database:    "dev",
	Fields: databaseFields(redshiftEngine, redshiftCluster, "",
		databaseField(Field{Default: "dev", Note: "An explicit null is no database, not the default."}),
		portField(5439), clusterField, namespaceField),
	Password:      &Password{ExcludeCharacters: `/@"'\:`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	ReadsPrevious: true,
	Notes:         []string{classesNote, noTLSNote},
}

var redshiftMultiUser = &RotationType{
	Name:        "RedshiftMultiUser",
	Application: "SecretsManagerRedshiftRotationMultiUser",
	Engine:      "redshift",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        5439,
	Database:    "dev",
	Fields: databaseFields(redshiftEngine, redshiftCluster, switchesUser,
		databaseField(Field{Default: "dev", Note: "An explicit null is the default."}),
		portField(5439), superuserField, clusterField, namespaceField),
	Clone:    &Clone{Suffix: "_clone"},
	Password: &Password{ExcludeCharacters: `/@"'\:`, Length: 32},
	Superuser: &Superuser{
		Field:         "masterarn",
		Fields:        []string{"host", "username", "password", "engine"},
		ManagedFields: []string{"username", "password"},
		ManagedTags:   []string{namespaceTag, redshiftTag},
		ByTags:        true,
	},
	Grants: []Grant{
		secretGrant,
		passwordGrant,
		// The function reads the tags of every superuser secret, to see whether Redshift manages it.
		{On: OnSuperuser, Actions: []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}},
		{On: OnService, When: ManagedCluster, Actions: []string{"redshift:DescribeClusters"}},
		{On: OnService, When: ManagedWorkgroup, Actions: []string{"redshift-serverless:ListNamespaces", "redshift-serverless:ListWorkgroups"}},
	},
	Notes: []string{
		classesNote, noTLSNote,
		"A superuser secret is taken for one that Redshift manages by its system tags, whatever its fields: host and port then come from Redshift, and the engine is set.",
		"Only the first 100 namespaces and the first 100 workgroups of Redshift Serverless are looked through.",
		"The superuser's host must be exactly the secret's.",
		"Redshift takes user names of at most 127 bytes, so that one of more than 121 has no clone; the function does not check it.",
	},
}

var redshiftEngine = Field{Allowed: []string{"redshift"}}

const (
	redshiftCluster = "orders.abc123def456.eu-central-1.redshift.amazonaws.com"

	classesNote = "EXCLUDE_NUMBERS, EXCLUDE_UPPERCASE and EXCLUDE_LOWERCASE are not read, because Redshift requires those characters in a password."
	noTLSNote   = "The field ssl is not read."
)
