package catalog

var activeDirectorySingleUser = &RotationType{
	Name:        "ActiveDirectorySingleUser",
	Application: "SecretsManagerActiveDirectoryRotationSingleUser",
	Engine:      "active-directory",
	Strategy:    SingleUser,
	Fields:      activeDirectoryFields,
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:      []Grant{secretGrant, passwordGrant, directoryGrant},
	Notes:       directoryNotes,
}

var activeDirectoryAndKeytabSingleUser = &RotationType{
	Name:        "ActiveDirectoryAndKeytabSingleUser",
	Application: "SecretsManagerActiveDirectoryAndKeytabRotationSingleUser",
	Engine:      "active-directory",
	Strategy:    SingleUser,
	Fields: append(activeDirectoryFields[:len(activeDirectoryFields):len(activeDirectoryFields)],
		Field{Name: "schemaVersion", Kind: Anything, Required: true, Variable: "DICT_KEY_SCHEMA_VERSION", Example: "1.0", Note: "Only its presence counts."},
		Field{
			Name: "keytabArns", Kind: SecretIDs, Required: true, Variable: "DICT_KEY_KEYTAB_ARNS",
			Example: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytab-AbCdEf",
			Note:    "ARNs or names of the keytab secrets that change with the password. Text instead of a list is taken letter by letter.",
		},
		Field{Name: "lastModifiedDateTime", Ignored: true, Variable: "DICT_KEY_LAST_MODIFIED", Note: "The function writes it at each rotation."},
		Field{Name: "directoryServiceSecretVersion", Kind: Anything, Ignored: true, Note: "In AWS's example; the function keeps it and does not read it."},
	),
	Password: &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:   []Grant{secretGrant, passwordGrant, directoryGrant, {On: OnKeytabs, Actions: SecretActions()}},
	Notes: append(directoryNotes[:len(directoryNotes):len(directoryNotes)],
		"A keytab secret is a JSON object with awsSeamlessDomainDirectoryId, schemaVersion, name, principals (a list) and keytabContents (base64); the function adds parentSecretArn, version and lastModifiedDateTime, and counts version up, so that it must be a number.",
	),
}

var activeDirectoryFields = []Field{
	{
		Name: "awsSeamlessDomainDirectoryId", Required: true, Variable: "DICT_KEY_DIRECTORY", Example: "d-1234567890",
		Note: "ID of the directory: \"d-\" and ten digits or small letters a to f.",
	},
	{
		Name: "awsSeamlessDomainUsername", Required: true, Variable: "DICT_KEY_USERNAME", NoExcluded: true, Example: "app",
		Note: "The bare name: with the default exclusion neither app@example.com nor EXAMPLE\\app. Directory Service takes at most 64 characters.",
	},
	{
		Name: "awsSeamlessDomainPassword", Required: true, Variable: "DICT_KEY_PASSWORD", NoExcluded: true, Example: placeholder,
		Note: "Each rotation replaces it. The present one must not contain an excluded character either.",
	},
}

var directoryGrant = Grant{On: OnService, Actions: []string{"ds:DescribeDirectories", "ds:ResetUserPassword"}}

var directoryNotes = []string{
	"Every step looks up the directory first, before it looks at the versions of the secret.",
	"The function logs in with Kerberos: it needs a VPC with the DNS of the domain, and a way to the API of Directory Service.",
}
