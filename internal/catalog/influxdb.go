package catalog

var influxDBSingleUser = &RotationType{
	Name:        "InfluxDBSingleUser",
	Application: "SecretsManagerInfluxDBRotationSingleUser",
	Engine:      "timestream-influxdb",
	Strategy:    SingleUser,
	Fields: []Field{
		influxDBEngine,
		{Name: "username", Required: true, Example: "app"},
		{Name: "password", Required: true, Example: placeholder, Note: "Each rotation replaces it."},
		influxDBInstance,
	},
	Password:      &Password{Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant, influxDBGrant},
	ReadsPrevious: true,
	Notes: []string{
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
			Name: "token", Example: placeholder,
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
	Notes: []string{
		"No password is generated: InfluxDB makes the new token in createSecret, and setSecret only compares it with the old one.",
		"finishSecret deletes the old token, so that AWSPREVIOUS never works after a rotation.",
		influxDBNetwork,
	},
}

var (
	influxDBEngine   = Field{Name: "engine", Required: true, Allowed: []string{"timestream-influxdb"}, Example: "timestream-influxdb"}
	influxDBInstance = Field{Name: "dbIdentifier", Required: true, Example: "abc123def4", Note: "ID of the Timestream for InfluxDB instance: 3 to 64 letters and digits."}
	influxDBGrant    = Grant{On: OnService, Actions: []string{"timestream-influxdb:GetDbInstance"}}
)

const influxDBNetwork = "The function needs the network for HTTPS to port 8086 of the instance, whose certificate it verifies, and for the API of Timestream for InfluxDB."
