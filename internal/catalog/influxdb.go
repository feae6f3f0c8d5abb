package catalog

import (
	"regexp"
	"slices"
)

var influxDBSingleUser = &RotationType{
	Name:        "InfluxDBSingleUser",
	Application: "SecretsManagerInfluxDBRotationSingleUser",
	Engine:      "timestream-influxdb",
	Strategy:    SingleUser,
	Fields: []Field{
		influxDBEngine,
		{Name: "username", Required: true, Keeper: FirstValue, Example: "app"},
		{Name: "password", Required: true, Keeper: EachRotation, Example: placeholder, Note: "Each rotation replaces it."},
		influxDBInstance,
	},
	Password:    &Password{Length: 32},
	Grants:      []Grant{secretGrant, passwordGrant, influxDBGrant},
	Environment: []Variable{endpointVariable},
	Errors: slices.Concat(influxDBHandlerErrors, influxDBErrors, []FunctionError{
		{"ValueError", "Attempting to modify user for DB %s other than current DB %s.", "Somebody has changed dbIdentifier in the pending value, or in the current one, during the rotation."},
		{"ValueError", "Attempting to modify user %s other than current user %s.", "Somebody has changed the user name in the pending value, or in the current one, during the rotation."},
		{"ValueError", "Unable to log into database with previous, current, or pending secret of secret ARN %s.", "No password works: none is right, or there is no way to the database."},
	}),
	Differences:   []Difference{tokenDifference},
	ReadsPrevious: true,
	Notes: []string{
		previousNote,
		"No environment variable changes how the password is made: it can have any punctuation character.",
		"The secret that Timestream creates for the first user has neither engine nor dbIdentifier: add both before it rotates.",
		influxDBNetwork,
	},
}

var influxDBMultiUser = &RotationType{
	Name:        "InfluxDBMultiUser",
	Application: "SecretsManagerInfluxDBRotationMultiUser",
	Engine:      "timestream-influxdb",
	Strategy:    TokenReplacement,
	Fields: []Field{
		influxDBEngine,
		{Name: "org", Required: true, Example: "orders", Note: "Name of the organization that the token is for."},
		{
			Name: "adminSecretArn", Kind: SecretID, Required: true, Example: superuserExample,
			Note: "ARN or name of the admin secret, with whose user the function makes tokens.",
		},
		{Name: "type", Required: true, Allowed: []string{"operator", "allAccess", "custom"}, Example: "allAccess", Note: "Kind of the token, compared exactly."},
		influxDBInstance,
		{
			Name: "token", Keeper: EachRotation, Example: placeholder,
			Note: "Each rotation replaces it. To have the first token made, leave the field out and set AUTHENTICATION_CREATION_ENABLED: empty text counts as a token.",
			When: []Condition{{Field: "type", Value: "operator"}, {Variable: "AUTHENTICATION_CREATION_ENABLED"}},
		},
		{Name: "writeBuckets", Kind: TextList, Note: "IDs of the buckets that a new custom token may write."},
		{Name: "readBuckets", Kind: TextList, Note: "IDs of the buckets that a new custom token may read."},
		{
			Name: "permissions", Kind: Permissions,
			Note: "What a new custom token may do besides, as \"read-tasks\" or \"write-tasks\". Only small letters are accepted, so that notificationRules and notificationEndpoints cannot be given.",
			When: []Condition{{Field: "type", Value: "custom", Absent: []string{"token", "readBuckets", "writeBuckets"}}},
		},
	},
	Superuser: &Superuser{Field: "adminSecretArn", Fields: []string{"username", "password"}},
	Grants:    []Grant{secretGrant, superuserGrant, influxDBGrant},
	Environment: []Variable{
		endpointVariable,
		{Name: "AUTHENTICATION_CREATION_ENABLED", Default: "false", Note: "Whether the function may make a first token. Only exactly true means true."},
	},
	Errors: slices.Concat(influxDBHandlerErrors, influxDBErrors, []FunctionError{
		{"KeyError", "adminSecretArn", "The field adminSecretArn, which names the admin secret, is missing."},
		{"KeyError", "The token value must be set when rotating an operator token.", "The field token is missing, and type is operator."},
		{"KeyError", "%s is not a valid token type.", "The field type is neither operator nor allAccess nor custom."},
		{"ValueError", "Authentication creation has not been enabled to allow the Lambda function to create tokens.", "The field token is missing, and AUTHENTICATION_CREATION_ENABLED is not true."},
		{"ValueError", "No permissions were set for token creation.", "A custom token is to be made, and the value lists no permissions for it. The log shows it within \"Failed to set new authorization\"."},
		{"ValueError", "Permission %s must fit the format <action>-<type>, for example write-tasks.", "An item of permissions is not two words of small letters with a hyphen between. The log shows it within \"Failed to set new authorization\", and %s as it stands."},
		{"ValueError", "Failed to copy or create a new token.", "InfluxDB made no new token."},
		{"ValueError", "Failed to find the current secret token defined in the InfluxDB instance.", "The field token is none of the instance's tokens."},
		{"ValueError", "Current and pending tokens failed user equality test for secret ARN %s.", "The new token belongs to another user: the admin secret has changed."},
		{"ValueError", "Rotation is attempting to use a new DB instance for rotating token for secret ARN %s.", "Somebody has changed dbIdentifier in the pending value, or in the current one, during the rotation."},
		{"ValueError", "Current and pending secrets do not have the same token types for secret ARN %s.", "Somebody has changed type in the pending value, or in the current one, during the rotation."},
	}),
	Differences: []Difference{
		tokenDifference,
		{"a new token", "Leave token blank (on another page: omit it).", "The field must be absent: empty text counts as a token and is used to log in."},
	},
	Notes: []string{
		"No password is generated: InfluxDB makes the new token in createSecret, and setSecret only compares it with the old one.",
		"finishSecret deletes the old token, so that AWSPREVIOUS never works after a rotation.",
		influxDBNetwork,
	},
}

var (
	influxDBEngine   = Field{Name: "engine", Required: true, Keeper: FirstValue, Allowed: []string{"timestream-influxdb"}, Example: "timestream-influxdb"}
	influxDBInstance = Field{
		Name: "dbIdentifier", Required: true, TextOnly: true, Example: "abc123def4", Note: "ID of the Timestream for InfluxDB instance: 3 to 64 letters and digits.",
		// https://docs.aws.amazon.com/ts-influxdb/latest/ts-influxdb-api/API_GetDbInstance.html.
		Pattern: regexp.MustCompile(`^[a-zA-Z0-9]{3,64}$`), Form: "the ID of a Timestream for InfluxDB instance",
	}
	influxDBGrant = Grant{On: OnService, Actions: []string{"timestream-influxdb:GetDbInstance"}}
)

var influxDBErrors = []FunctionError{
	{"ValueError", "Invalid secret value JSON for secret %s.", "A value that the function reads is not JSON."},
	noObjectError,
	binaryError,
	{"KeyError", "%s key is missing from secret JSON.", "A value that the function reads lacks a field."},
	{"KeyError", "Database engine must be set to 'timestream-influxdb' in order to use this Lambda rotation function.", "The field engine has another value."},
	{"KeyError", "Invalid endpoint info for InfluxDB instance.", "Timestream for InfluxDB gives no endpoint of the instance: it is not there yet, or gone."},
	{"ValueError", "%s: Failed to set new authorization with secret ARN %s %s.", "The login to InfluxDB, or what the function did with it, failed; the rest of the text says how."},
}

const influxDBNetwork = "The function needs the network for HTTPS to port 8086 of the instance, whose certificate it verifies, and for the API of Timestream for InfluxDB."
