package findings

import "slices"

// signatures are tried in order, the more specific before the more general. The texts are those of the published functions, of the AWS
// SDK for Python and of Lambda.
var signatures = slices.Concat(ofFunction, ofCalls, ofDatabase)

// ofFunction are of a function that cannot work with its code, its environment or the values of secrets.
var ofFunction = []signature{
	{
		all: []string{"Unable to import module"}, from: raised, code: FunctionImportError, permanent: true,
		detail: "Lambda cannot load the function's code. Often the runtime was changed without packages made for it.",
		remedy: "Set the runtime that the function was built for, or deploy the current version of the rotation function.",
	},
	{
		all: []string{"No module named"}, from: raised, code: FunctionImportError, permanent: true,
		detail: "The function's package lacks a module, often because the runtime was changed without packages made for it.",
		remedy: "Set the runtime that the function was built for, or deploy the current version of the rotation function.",
	},
	{
		all: []string{"Runtime.HandlerNotFound"}, from: raised, code: FunctionImportError, permanent: true,
		detail: "The function's code has no such handler as its configuration names.",
		remedy: "Set the handler to `lambda_function.lambda_handler`, which all functions of AWS have, or to that of your own.",
	},
	{
		all: []string{"Runtime.UserCodeSyntaxError"}, from: raised, code: FunctionImportError, permanent: true,
		detail: "The function's code has an error that keeps Python from reading it.",
		remedy: "Correct the code, or deploy the current version of the rotation function.",
	},
	{
		all: []string{"NotImplementedError"}, from: raised, code: FunctionNotImplemented, permanent: true,
		detail: "The function is the generic template, whose setSecret and testSecret are left to write.",
		remedy: "Write the steps, or deploy the rotation function of your database.",
	},
	{
		all: []string{"KeyError", "SECRETS_MANAGER_ENDPOINT"}, from: raised, code: FunctionEnvEndpoint, permanent: true,
		detail: "The function has no environment variable `SECRETS_MANAGER_ENDPOINT`, which every published rotation function needs.",
		remedy: endpointRemedy,
	},
	{
		all: []string{"ValueError", "Invalid endpoint: "}, from: python, code: FunctionEnvInvalid, permanent: true,
		detail: "The environment variable `SECRETS_MANAGER_ENDPOINT` of the function is no address with https:// before it.",
		remedy: endpointRemedy,
	},
	{
		all: []string{"KeyError", "'SECRET_ARN'"}, from: python, code: FunctionEnvInvalid, permanent: true,
		detail: "The function has no environment variable `SECRET_ARN`, which names the one secret that it serves.",
		remedy: "Set it in the function's environment.",
	},
	{
		all: []string{"KeyError", "'USER_NAME'"}, from: python, code: FunctionEnvInvalid, permanent: true,
		detail: "The function has no environment variable `USER_NAME`, which names the one user that it serves.",
		remedy: "Set it in the function's environment.",
	},
	{
		all: []string{"is not allowed to use this Lambda function for rotation"}, code: FunctionEnvInvalid, permanent: true,
		detail: "The function serves one secret and one user, those of SECRET_ARN and USER_NAME in its environment, and was asked for another.",
		remedy: `Correct the variables or the field "username", or give the secret a function of its own.`,
	},
	{
		all: []string{"KeyError", "'adminSecretArn'"}, from: raised, code: SecretKeyMissing, permanent: true,
		detail: `The field "adminSecretArn" is missing in the secret's value, so the function does not know the admin secret.`,
		remedy: `Add the ARN of the admin secret to the value as "adminSecretArn".`,
	},
	{
		all: []string{"KeyError", "'username'"}, from: python, code: SecretKeyMissing, permanent: true,
		detail: `The field "username" is missing in the secret's value.`,
		remedy: "Add the user name to the value.",
	},
	{
		all: []string{"has no user_arn defined"}, code: SecretKeyMissing, permanent: true,
		detail: `The field "user_arn" is missing in the secret's value.`,
		remedy: `Add the ARN of the ElastiCache user to the value as "user_arn".`,
	},
	{
		all: []string{"The token value must be set when rotating an operator token"}, code: SecretKeyMissing, permanent: true,
		detail: `The field "token" is missing in the secret's value, and the function makes no operator token without another.`,
		remedy: `Write an operator token of the instance into the field "token".`,
	},
	{
		all: []string{"Authentication creation has not been enabled"}, code: SecretKeyMissing, permanent: true,
		detail: `The field "token" is missing in the secret's value, and the function's environment does not let it make a first token.`,
		remedy: `Write a token into the field "token", or set AUTHENTICATION_CREATION_ENABLED of the function to exactly "true".`,
	},
	{
		all: []string{"No permissions were set for token creation"}, code: SecretKeyMissing, permanent: true,
		detail: "The secret's value gives no permissions to a custom token.",
		remedy: `Add "permissions", "readBuckets" or "writeBuckets" to the value.`,
	},
	{
		all: []string{"KeyError", "'masterarn'"}, from: raised, code: SecretKeyMissing, permanent: true,
		detail: "The field \"masterarn\" is missing in the secret's value, so the function does not know the superuser secret.",
		remedy: "Add the ARN of the superuser secret to the value as \"masterarn\".",
	},
	{
		all: []string{"key is missing from secret JSON"}, code: SecretKeyMissing, permanent: true,
		detail: "A field that the function needs is missing in the value of the secret or of its superuser secret.",
		remedy: "Bring the value into the format of the rotation type.",
	},
	{
		all: []string{"object has no attribute 'startswith'"}, from: python, code: SecretEngineMismatch, permanent: true,
		detail: `The field "engine" of the secret or of its superuser secret is not text.`,
		remedy: `Correct the field "engine".`,
	},
	{
		all: []string{"object has no attribute 'endswith'"}, from: python, code: SecretKeyType, permanent: true,
		detail: `The field "username" is not text, so that the function cannot make the name of the second user of it.`,
		remedy: "Write the user name as text.",
	},
	{
		all: []string{"object has no attribute 'split'"}, from: python, code: SecretKeyType, permanent: true,
		detail: `The field "user_arn" or "host" is not text.`,
		remedy: "Write it as text.",
	},
	{
		all: []string{"IndexError", "list index out of range"}, from: python, code: SecretKeyType,
		detail: `Of the published functions that of ElastiCache says so, when the field "user_arn" has less than seven parts or there is no such user, and that of Active Directory, when there is no such directory.`,
		remedy: `Correct the field "user_arn", or the one with the ID of the directory.`,
	},
	{
		all: []string{"is not a valid token type"}, from: python, code: SecretKeyUnusable, permanent: true,
		detail: `The field "type" is none of the kinds of tokens that the function knows.`,
		remedy: `Write "operator", "allAccess" or "custom".`,
	},
	{
		all: []string{"Permission", "fit the format <action>-<type>"}, code: SecretKeyType, permanent: true,
		detail: `An item of the field "permissions" is not an action, a hyphen and a type in small letters.`,
		remedy: `Write items such as "write-tasks".`,
	},
	{
		all: []string{"Invalid endpoint info for"}, code: SecretKeyUnusable,
		detail: `The Timestream for InfluxDB instance of the field "dbIdentifier" has no endpoint yet, or none any more.`,
		remedy: `Correct the field "dbIdentifier", or wait until the instance is available.`,
	},
	{
		all: []string{"ResourceNotFoundException", "GetDbInstance operation"}, from: raised, code: SecretKeyUnusable, permanent: true,
		detail: `The field "dbIdentifier" names no Timestream for InfluxDB instance of the account and region.`,
		remedy: `Correct the field "dbIdentifier".`,
	},
	{
		all: []string{"username must not be empty after"}, code: SecretKeyUnusable, permanent: true,
		detail: "The user name is the suffix of a clone alone, and nothing is left of it as the name of the other user.",
		remedy: "Write the name of a database user.",
	},
	{
		all: []string{"check_inputs: Invalid character in"}, code: SecretKeyUnusable, permanent: true,
		detail: "The user name or the new password contains a character that the function excludes from passwords.",
		remedy: "Write the bare user name, without a domain, and keep EXCLUDE_CHARACTERS of the function as it was while a rotation runs.",
	},
	{
		all: []string{"Database engine must be set to"}, code: SecretEngineMismatch, permanent: true,
		detail: "The field \"engine\" of the secret or of its superuser secret is missing, or not the one of the function.",
		remedy: "Correct the field \"engine\", or use the rotation function of the database.",
	},
	{
		all: []string{"username length with", "appended would exceed"}, code: SecretUsernameTooLong, permanent: true,
		detail: "The function cannot name the second user, because the user name with its suffix would be too long.",
		remedy: "Use a shorter user name.",
	},
	{all: []string{"JSONDecodeError"}, from: python, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Invalid secret value JSON"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Invalid secret value json"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Failed to parse secret string"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{
		all: []string{"TypeError", "object is not iterable"}, from: python, code: SecretKeyType, permanent: true,
		detail: `A field that must be a list is not one: "keytabArns", or one of the lists for an InfluxDB token.`,
		remedy: "Write it as a list.",
	},
	{
		all: []string{"TypeError", "can only concatenate str"}, from: python, code: SecretKeyType, permanent: true,
		detail: `A field that the function writes into the address of the database is not text: "host" or "dbname".`,
		remedy: "Write both as text; null is none.",
	},
	{
		all: []string{"TypeError", "name must be an instance of str"}, from: python, code: SecretKeyType, permanent: true,
		detail: `The field "dbname" is not text.`,
		remedy: "Write it as text, or leave it out for the default; null is none.",
	},
	{all: []string{"TypeError", "is not iterable"}, from: python, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{
		all: []string{"KeyError", "'SecretString'"}, from: raised, code: SecretBinary, permanent: true,
		detail: "The secret's value is stored as SecretBinary, but the function reads SecretString.",
		remedy: "Write the value as text.",
	},
	{
		all: []string{"int() argument must be"}, from: python, code: SecretKeyType, permanent: true,
		detail: `The field "port" is null, a list or an object.`,
		remedy: "Write a number, or leave the field out for the default.",
	},
	{
		all: []string{"Parameter validation failed", "SecretId"}, from: python, code: SecretKeyType, permanent: true,
		detail: `The field that names the superuser secret, or an item of "keytabArns", is empty or not text.`,
		remedy: "Write the ARN of the secret.",
	},
	{
		all: []string{"Parameter validation failed", "PasswordLength"}, from: raised, code: PasswordLengthInvalid, permanent: true,
		detail: "PASSWORD_LENGTH of the function is not a length that GetRandomPassword makes.",
		remedy: "Set it to a length that the database accepts.",
	},
	{
		all: []string{"ValidationException", "passwordLength"}, from: raised, code: PasswordLengthInvalid, permanent: true,
		detail: "PASSWORD_LENGTH of the function is not a length that GetRandomPassword makes.",
		remedy: "Set it to a length that the database accepts.",
	},
	{
		all: []string{"Password length is too short based on the required types"}, from: raised, code: PasswordLengthInvalid, permanent: true,
		detail: "PASSWORD_LENGTH of the function is less than the number of classes of characters of which each password needs one.",
		remedy: "Set it to a length that the database accepts.",
	},
	{
		all: []string{"All characters", "have been excluded"}, from: raised, code: ExcludeCharactersImpossible, permanent: true,
		detail: "The environment of the function excludes every character, or every one of a class of which each password needs one.",
		remedy: "Exclude less.",
	},
	{
		all: []string{"invalid literal for int()"}, from: python, code: SecretKeyType, permanent: true,
		detail: "A field that must be a whole number, the port most likely, is not one, or an environment variable of the function is not.",
		remedy: "Correct the field \"port\", or PASSWORD_LENGTH of the function.",
	},
	{
		all: []string{"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"}, from: raised, code: SecretNoValue,
		detail: "The secret, or its superuser secret, has no current value.",
		remedy: "Write the first value.",
	},
}
