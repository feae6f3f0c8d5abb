package catalog

import "time"

var elastiCacheUser = &RotationType{
	Name:        "ElastiCacheUser",
	Application: "SecretsManagerElasticacheUserRotation",
	Engine:      "elasticache",
	Strategy:    SingleUser,
	Fields: []Field{
		{Name: "username", Required: true, Example: "app", Note: "Exactly the USER_NAME in the function's environment."},
		{
			Name: "user_arn", Kind: UserARN, Required: true, Example: "arn:aws:elasticache:eu-central-1:123456789012:user:app",
			Note: "ARN of the ElastiCache user. The function takes its region and the user's ID from it.",
		},
		{Name: "password", Example: placeholder, Note: "Each rotation replaces it. It may be absent before the first rotation."},
	},
	Password:   &Password{ExcludeCharacters: `/@"'\`, Length: 20},
	Grants:     []Grant{secretGrant, passwordGrant, {On: OnService, Actions: []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"}}},
	MinTimeout: 12 * time.Minute,
	Notes: []string{
		"One function serves one secret: its environment names the secret and the user, and it refuses every other.",
		"A user has two passwords after a rotation, the new and the one before.",
		"ElastiCache takes no comma in a password, and the function does not exclude it unless EXCLUDE_CHARACTERS does.",
		"testSecret waits until the user is active and never logs in.",
		"The function calls AWS only: it needs no VPC, but a way to the API of ElastiCache.",
	},
}
