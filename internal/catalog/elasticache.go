package catalog

import (
	"slices"
	"time"
)

var elastiCacheUser = &RotationType{
	Name:        "ElastiCacheUser",
	Application: "SecretsManagerElasticacheUserRotation",
	Engine:      "elasticache",
	Strategy:    SingleUser,
	Fields: []Field{
		{Name: "username", Required: true, TextOnly: true, Keeper: FirstValue, Example: "app", Note: "Exactly the USER_NAME in the function's environment."},
		{
			Name: "user_arn", Kind: UserARN, Required: true, Keeper: FirstValue, Example: "arn:aws:elasticache:eu-central-1:123456789012:user:app",
			Note: "ARN of the ElastiCache user. The function takes its region and the user's ID from it.",
		},
		{Name: "password", TextOnly: true, Keeper: EachRotation, Example: placeholder, Note: "Each rotation replaces it. It may be absent before the first rotation, but neither null nor empty."},
	},
	Password: &Password{ExcludeCharacters: `/@"'\`, Length: 20},
	Grants:   []Grant{secretGrant, passwordGrant, {On: OnService, Actions: []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"}}},
	Environment: []Variable{
		endpointVariable,
		{Name: "SECRET_ARN", Required: true, Note: "ARN of the one secret that the function rotates, exactly as Secrets Manager has it."},
		{Name: "USER_NAME", Required: true, Note: "Exactly the field username of the secret."},
		excludeVariable(`/@"'\`), lengthVariable(20),
		numberVariable("MAX_WAITING_TIME_FOR_ACTIVE_IN_SECONDS", 600, "How long a step waits for the user to become active, in seconds."),
		numberVariable("WAITING_RETRY_INTERVAL_IN_SECONDS", 10, "How often it looks, in seconds."),
	},
	Errors: slices.Concat(handlerErrors, numberErrors("A number in the environment"), []FunctionError{
		{"KeyError", "SECRET_ARN", "The environment variable is not set."},
		{"KeyError", "USER_NAME", "The environment variable is not set."},
		rotationEnabledError,
		{"ValueError", "Secret %s is not allowed to use this Lambda function for rotation", "The secret is not the SECRET_ARN of the environment."},
		{"ValueError", "User %s is not allowed to use this Lambda function for rotation", "The field username is not the USER_NAME of the environment."},
		{"ValueError", "Invalid secret value json for secret %s.", "The value is not JSON."},
		noObjectError,
		binaryError,
		{"KeyError", "createSecret: secret %s has no user_arn defined.", "The field user_arn is missing."},
		{"KeyError", "username", "The field username is missing."},
		{"IndexError", "list index out of range", "The field user_arn has fewer than seven parts between colons."},
		{"AttributeError", "'%s' object has no attribute 'split'", "The field user_arn is not text."},
		{"ValueError", "%s: user %s associated with secret %s did not reached the active status.", "The user did not become active in time."},
	}),
	Differences: []Difference{
		tokenDifference,
		{"user_arn", "ARN of the Amazon EC2 user.", "ARN of the ElastiCache user."},
		{"fields", "password is one of them; nothing is said of the function's environment.", "password may be absent before the first rotation; SECRET_ARN and USER_NAME are required in the environment."},
	},
	MinTimeout: 12 * time.Minute,
	Notes: []string{
		"One function serves one secret: its environment names the secret and the user, and it refuses every other.",
		"A user has two passwords after a rotation, the new and the one before.",
		"ElastiCache takes no comma in a password, and the function does not exclude it unless EXCLUDE_CHARACTERS does.",
		"testSecret waits until the user is active and never logs in.",
		"The function calls AWS only: it needs no VPC, but a way to the API of ElastiCache.",
	},
}
