package catalog

import (
	"regexp"
	"slices"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

var activeDirectorySingleUser = &RotationType{
	Name:        "ActiveDirectorySingleUser",
	Application: "SecretsManagerActiveDirectoryRotationSingleUser",
	Engine:      "active-directory",
	Strategy:    SingleUser,
	Fields:      activeDirectoryFields,
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:      []Grant{secretGrant, passwordGrant, directoryGrant},
	Environment: directoryEnvironment,
	Errors: slices.Concat(handlerErrors, plainErrors, directoryErrors, []FunctionError{
		{"ValueError", "Unable to reset the users password in Directory Services", resetCause},
	}),
	Differences: directoryDifferences,
	Notes:       directoryNotes,
}

var activeDirectoryAndKeytabSingleUser = &RotationType{
	Name:        "ActiveDirectoryAndKeytabSingleUser",
	Application: "SecretsManagerActiveDirectoryAndKeytabRotationSingleUser",
	Engine:      "active-directory",
	Strategy:    SingleUser,
	Fields: append(slices.Clip(activeDirectoryFields),
		Field{Name: "schemaVersion", Kind: Anything, Required: true, Variable: "DICT_KEY_SCHEMA_VERSION", Example: "1.0", Note: "Only its presence counts."},
		Field{
			Name: "keytabArns", Kind: SecretIDs, Required: true, Variable: "DICT_KEY_KEYTAB_ARNS",
			Example: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytab-AbCdEf",
			Note:    "ARNs or names of the keytab secrets that change with the password. Text instead of a list is taken letter by letter.",
		},
		Field{Name: "lastModifiedDateTime", Ignored: true, Keeper: WrittenAlong, Variable: "DICT_KEY_LAST_MODIFIED", Note: "The function writes it at each rotation."},
		Field{Name: "directoryServiceSecretVersion", Kind: Anything, Ignored: true, Note: "In AWS's example; the function keeps it and does not read it."},
	),
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:      []Grant{secretGrant, passwordGrant, directoryGrant, {On: OnKeytabs, Actions: iampolicy.SecretActions()}},
	Environment: keytabEnvironment,
	Errors: slices.Concat(handlerErrors, directoryErrors, keytabErrors, []FunctionError{
		{"ValueError", "Unable to reset the user's password in Directory Services", resetCause},
	}),
	Differences: append(slices.Clip(directoryDifferences), Difference{
		"fields", "directoryServiceSecretVersion is one of them.", "It is never read; schemaVersion and keytabArns are required.",
	}),
	Notes: append(slices.Clip(directoryNotes),
		"A keytab secret is a JSON object with awsSeamlessDomainDirectoryId, schemaVersion, name, principals (a list) and keytabContents (base64); the function adds parentSecretArn, version and lastModifiedDateTime, and counts version up, so that it must be a number.",
	),
}

var activeDirectoryFields = []Field{
	{
		Name: "awsSeamlessDomainDirectoryId", Required: true, TextOnly: true, Variable: "DICT_KEY_DIRECTORY", Example: "d-1234567890",
		Note: "ID of the directory: \"d-\" and ten digits or small letters a to f.",
		// https://docs.aws.amazon.com/directoryservice/latest/devguide/API_ResetUserPassword.html.
		Pattern: regexp.MustCompile(`^d-[0-9a-f]{10}$`), Form: "the ID of a directory",
	},
	{
		Name: "awsSeamlessDomainUsername", Required: true, TextOnly: true, Keeper: FirstValue, Variable: "DICT_KEY_USERNAME", NoExcluded: true, Example: "app",
		Note:    "The bare name: with the default exclusion neither app@example.com nor EXAMPLE\\app. Directory Service takes at most 64 characters.",
		Pattern: regexp.MustCompile(`^[^\\"/\[\]:;|=,+*?<>@]{1,64}$`),
		Form:    "a user name that Directory Service takes: at most 64 characters, and none of \\ \" / [ ] : ; | = , + * ? < > @",
	},
	{
		Name: "awsSeamlessDomainPassword", Required: true, Keeper: EachRotation, Variable: "DICT_KEY_PASSWORD", NoExcluded: true, Example: placeholder,
		Note: "Each rotation replaces it. The present one must not contain an excluded character either.",
	},
}

var directoryGrant = Grant{On: OnService, Actions: []string{"ds:DescribeDirectories", "ds:ResetUserPassword"}}

var directoryNotes = []string{
	"Every step looks up the directory first, before it looks at the versions of the secret.",
	"The function logs in with Kerberos: it needs a VPC with the DNS of the domain, and a way to the API of Directory Service.",
}

const resetCause = "Directory Service refused the new password, or the role lacks ds:ResetUserPassword, or there is no way to the API."

var directoryErrors = []FunctionError{
	{"ValueError", "Username %s in current dict does not match username %s in pending dict", "Somebody has changed the user name in the pending value, or in the current one, during the rotation."},
	{"ValueError", "Current directory name list %s does not match pending directory name list %s", "Somebody has changed the directory in the pending value, or in the current one, during the rotation."},
	{"ValueError", "check_inputs: Invalid character in username", "The user name in the pending value contains an excluded character."},
	{"ValueError", "check_inputs: Invalid character in password", "The password in the pending value contains an excluded character."},
	{"ValueError", "kinit failed %s %s %s", "A login failed. The function catches this error and goes on."},
	{"ValueError", "execute_kinit_command: kinit failed", "The current password does not work, or it or the user name contains an excluded character, or there is no way to the domain."},
	{"ValueError", "execute_kinit_command: Unexpected value for current_dict", "testSecret cannot log in with the new password."},
}

var keytabErrors = []FunctionError{
	{"Exception", "Failed to parse secret string from %s", "The value, or that of a keytab secret, is not JSON."},
	noObjectError,
	binaryError,
	{"KeyError", "%s key is missing from secret JSON", "The value, or that of a keytab secret, lacks a field."},
	{"TypeError", "'%s' object is not iterable", "The field keytabArns is not a list."},
	{"Exception", "Failed to load secret from %s: %s", "A keytab secret cannot be read."},
	{"Exception", "Failed to set keytab for %s/%s keytab(s): %s", "Some keytab secrets could not be changed; the rest of the text says why for each."},
	{"ValueError", "Validation failed for %s/%s keytab(s): %s", "Some new keytabs do not log in; the rest of the text says why for each."},
	{"Exception", "Principals in secret do not match principals in keytab. If the principals in secret were updated in error or by an unauthorized party, please manually review the principals immediately.\nSecret principals: %s \nKeytab principals: %s ", "The field principals of a keytab secret was changed by hand."},
	{"Exception", "Failed to split keytab: %s", "The keytab of the user cannot be cut down to the principals of a keytab secret."},
	{"Exception", "Keytab failed to create or validate: %s", "No keytab could be made with the new password."},
	{"Exception", "Failed to create or validate new keytab from principals: %s", "No keytab could be made of the principals of a keytab secret."},
	{"ValueError", "Failed to validate base64 encoded keytab: %s", "The field keytabContents of a keytab secret is not a keytab in base64, or does not log in."},
	{"ValueError", "Keytab validation failed: %s", "A new keytab does not log in."},
	{"ValueError", "Failed to get principal slots: %s", "The principals of a keytab cannot be listed."},
	{"ValueError", "Subprocess command failed: %s %s %s", "One of the Kerberos programs failed."},
}
