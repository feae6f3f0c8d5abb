package catalog

import "slices"

var redshiftSingleUser = &RotationType{
	Name:        "RedshiftSingleUser",
	Application: "SecretsManagerRedshiftRotationSingleUser",
	Engine:      "redshift",
	Strategy:    SingleUser,
	Hosted:      true,
	Port:        5439,
	Database:    "dev",
	Fields: databaseFields(redshiftEngine, redshiftCluster, oneUser,
		databaseField(Field{Default: "dev", Note: "An explicit null is no database, not the default."}),
		portField(5439), clusterField, namespaceField),
	Password:      &Password{ExcludeCharacters: `/@"'\:`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	Environment:   redshiftEnvironment,
	Errors:        slices.Concat(databaseErrors("redshift"), portErrors, previousErrors("previous valid", "previous host")),
	Differences:   redshiftDifferences,
	ReadsPrevious: true,
	Notes:         []string{previousNote, classesNote, noTLSNote},
}

var redshiftMultiUser = &RotationType{
	Name:        "RedshiftMultiUser",
	Application: "SecretsManagerRedshiftRotationMultiUser",
	Engine:      "redshift",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        5439,
	Database:    "dev",
	Fields: databaseFields(redshiftEngine, redshiftCluster, alternatingUsers,
		databaseField(Field{Default: "dev", Note: "An explicit null is the default."}),
		portField(5439), superuserField, clusterField, namespaceField),
	// https://docs.aws.amazon.com/redshift/latest/dg/r_names.html has bytes, of which a character can need several.
	Clone:    &Clone{Suffix: "_clone", EngineLimit: 127},
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
	Environment: redshiftEnvironment,
	Errors:      slices.Concat(databaseErrors("redshift"), portErrors, alternatingErrors, redshiftErrors),
	Differences: append(slices.Clip(redshiftDifferences), Difference{
		"permissions on the superuser secret", "secretsmanager:GetSecretValue.", "Also secretsmanager:DescribeSecret, always.",
	}),
	Notes: []string{
		classesNote, noTLSNote,
		"A superuser secret is taken for one that Redshift manages by its system tags, whatever its fields: host and port then come from Redshift, and the engine is set.",
		"Only the first 100 namespaces and the first 100 workgroups of Redshift Serverless are looked through.",
		"The superuser's host must be exactly the secret's.",
		"Redshift takes user names of at most 127 bytes, so that one of more than 121 has no clone; the function does not check it.",
	},
}

var redshiftEngine = Field{Allowed: []string{"redshift"}}

var redshiftErrors = []FunctionError{
	{"ValueError", "Current database host %s is not the same host as admin %s", "The host is not exactly the superuser's."},
	{"ValueError", "Unable to log into database using credentials in admin secret %s", "The superuser's password does not work."},
	{"ValueError", "The secret has a tag " + redshiftTag + " or " + namespaceTag + ", but the ARN in the tag exceeds the maximum length %s.", "The tag of the superuser secret is not one that Redshift writes."},
	{"ValueError", "The secret has a tag " + namespaceTag + ", but Redshift can't find namespace %s", "The superuser secret is that of a namespace which is gone, or not among the first 100."},
	{"ValueError", "The secret has a tag " + namespaceTag + ", but Redshift can't find workgroup associated with %s", "The namespace of the superuser secret has no workgroup, or not among the first 100."},
	{"ValueError", "The secret has a tag " + redshiftTag + ", but Redshift can't find the cluster defined in the tag: %s", "The superuser secret is that of a cluster which is gone."},
	{"Exception", "Encountered API error while fetching connection parameters from ListNamespaces Redshift Serverless API: %s", "The role lacks redshift-serverless:ListNamespaces, or there is no way to the API."},
	{"Exception", "Encountered API error while fetching connection parameters from ListWorkgroups Redshift Serverless API: %s", "The role lacks redshift-serverless:ListWorkgroups, or there is no way to the API."},
	{"Exception", "Encountered API error while fetching connection parameters from DescribeClusters Redshift API: %s", "The role lacks redshift:DescribeClusters, or there is no way to the API."},
}

const (
	classesNote = "EXCLUDE_NUMBERS, EXCLUDE_UPPERCASE and EXCLUDE_LOWERCASE are not read, because Redshift requires those characters in a password."
	noTLSNote   = "The field ssl is not read."
)
