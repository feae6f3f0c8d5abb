package findings

import "strings"

// signature is a log line of a rotation function that tells why a rotation fails.
type signature struct {
	all       []string // texts that the line contains, in any order, since JSON logs have error and type in either
	code      Code
	permanent bool // trying again cannot help before somebody changes something
	detail    string
	remedy    string
}

// signatures are tried in order, the more specific before the more general. The texts are those of the published functions, of the AWS
// SDK for Python and of Lambda.
var signatures = []signature{
	{
		all: []string{"Unable to import module"}, code: FunctionImportError, permanent: true,
		detail: "Lambda cannot load the function's code. Often the runtime was changed without packages made for it.",
		remedy: "Set the runtime that the function was built for, or deploy the current version of the rotation function.",
	},
	{
		all: []string{"No module named"}, code: FunctionImportError, permanent: true,
		detail: "The function's package lacks a module, often because the runtime was changed without packages made for it.",
		remedy: "Set the runtime that the function was built for, or deploy the current version of the rotation function.",
	},
	{
		all: []string{"NotImplementedError"}, code: FunctionNotImplemented, permanent: true,
		detail: "The function is the generic template, whose setSecret and testSecret are left to write.",
		remedy: "Write the steps, or deploy the rotation function of your database.",
	},
	{
		all: []string{"KeyError", "SECRETS_MANAGER_ENDPOINT"}, code: FunctionEnvEndpoint, permanent: true,
		detail: "The function has no environment variable `SECRETS_MANAGER_ENDPOINT`, which every published rotation function needs.",
		remedy: "Set it to the address of Secrets Manager in the region, as in https://secretsmanager.eu-central-1.amazonaws.com.",
	},
	{
		all: []string{"KeyError", "'masterarn'"}, code: SecretKeyMissing, permanent: true,
		detail: "The field \"masterarn\" is missing in the secret's value, so the function does not know the superuser secret.",
		remedy: "Add the ARN of the superuser secret to the value as \"masterarn\".",
	},
	{
		all: []string{"key is missing from secret JSON"}, code: SecretKeyMissing, permanent: true,
		detail: "A field that the function needs is missing in the value of the secret or of its superuser secret.",
		remedy: "Bring the value into the format of the rotation type.",
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
	{all: []string{"JSONDecodeError"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Invalid secret value JSON"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Invalid secret value json"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Failed to parse secret string"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"TypeError", "is not iterable"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{
		all: []string{"KeyError", "'SecretString'"}, code: SecretBinary, permanent: true,
		detail: "The secret's value is stored as SecretBinary, but the function reads SecretString.",
		remedy: "Write the value as text.",
	},
	{
		all: []string{"invalid literal for int()"}, code: SecretKeyType, permanent: true,
		detail: "A field that must be a whole number, the port most likely, is not one, or an environment variable of the function is not.",
		remedy: "Correct the field \"port\", or PASSWORD_LENGTH of the function.",
	},
	{
		all: []string{"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"}, code: SecretNoValue,
		detail: "The secret, or its superuser secret, has no current value.",
		remedy: "Write the first value.",
	},
	{
		all: []string{"ResourceNotFoundException", "GetSecretValue", "can't find the specified secret."}, code: SuperuserNotFound, permanent: true,
		detail: "The field \"masterarn\" of the secret's value names a secret that does not exist.",
		remedy: "Correct the field \"masterarn\".",
	},
	{
		all: []string{"Access to KMS is not allowed"}, code: RoleKMS,
		detail: "The execution role may not use the key of the secret or of its superuser secret, or only for another secret.",
		remedy: "Allow kms:Decrypt and kms:GenerateDataKey on the key, with every secret used in the condition on kms:EncryptionContext:SecretARN.",
	},
	{
		all: []string{"is not authorized to perform: kms:"}, code: RoleKMS,
		detail: "The execution role may not use the key of the secret or of its superuser secret.",
		remedy: "Allow kms:Decrypt and kms:GenerateDataKey on the key.",
	},
	{
		all: []string{"is not authorized to perform", "VPC endpoint policy"}, code: NetworkEndpointPolicy,
		detail: "The policy of the VPC endpoint does not let the execution role through.",
		remedy: "Allow the role, the secret and the action in the endpoint's policy.",
	},
	{
		all: []string{"is not authorized to perform", "explicit deny in a resource-based policy"}, code: SecretPolicyDenies,
		detail: "The resource policy of the secret or of its superuser secret denies the execution role.",
		remedy: "Except the execution role from the denial.",
	},
	{
		all: []string{"is not authorized to perform: secretsmanager:GetRandomPassword"}, code: RoleRandomPassword,
		detail: "The execution role may not generate passwords.",
		remedy: "Allow secretsmanager:GetRandomPassword on *.",
	},
	{
		all: []string{"is not authorized to perform: rds:"}, code: RoleRDSDescribe,
		detail: "The execution role may not look up the database in RDS, which the function needs for a superuser secret that RDS manages and for read replicas.",
		remedy: "Allow rds:DescribeDBInstances and rds:DescribeDBClusters.",
	},
	{
		all: []string{"is not authorized to perform: secretsmanager:"}, code: RoleSecretAccess,
		detail: "The execution role lacks a permission on the secret or on its superuser secret.",
		remedy: "Allow the four secret actions on the secret, and secretsmanager:GetSecretValue on the superuser secret.",
	},
	{
		all: []string{"AccessDeniedException", "GetRandomPassword operation"}, code: RoleRandomPassword,
		detail: "The execution role may not generate passwords.",
		remedy: "Allow secretsmanager:GetRandomPassword on *.",
	},
	{
		all: []string{"Could not connect to the endpoint URL", "rds."}, code: NetworkNoPathRDS,
		detail: "The function cannot reach the RDS API, which it needs for a superuser secret that RDS manages and for read replicas.",
		remedy: "Add a VPC endpoint for RDS, or a NAT gateway.",
	},
	{
		all: []string{"onnect timeout on endpoint URL", "rds."}, code: NetworkNoPathRDS,
		detail: "The function cannot reach the RDS API, which it needs for a superuser secret that RDS manages and for read replicas.",
		remedy: "Add a VPC endpoint for RDS, or a NAT gateway.",
	},
	{all: []string{"Could not connect to the endpoint URL"}, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{all: []string{"onnect timeout on endpoint URL"}, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{all: []string{"EndpointConnectionError"}, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{
		all: []string{"is not the same host as"}, code: SuperuserHostMismatch, permanent: true,
		detail: "The superuser secret is for another host than the secret, and the host is no read replica of it.",
		remedy: "Use the superuser secret of the same database, with the host written the same in both.",
	},
	{
		all: []string{"Encountered API error while fetching connection parameters"}, code: SuperuserRDSManagedAccess,
		detail: "The function cannot look up the database of the superuser secret in RDS.",
		remedy: "Allow rds:DescribeDBInstances and rds:DescribeDBClusters, give the function a way to the RDS API, and check that the hosts of both secrets are the same.",
	},
	{all: []string{"not present in Metadata System Tags"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"is not a valid DB Instance ARN"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"is not a valid DB Cluster ARN"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{
		all: []string{"Attempting to modify user"}, code: RotationPendingStuck, permanent: true,
		detail: "The pending version is for another user or host than the current one. The secret was probably edited after a rotation had failed.",
		remedy: "Remove the label AWSPENDING from the pending version, and rotate again.",
	},
	{
		all: []string{"using credentials in master secret"}, code: LoginFailed, permanent: true,
		detail: "The function cannot log into the database with the superuser secret. Within about five seconds the credentials were refused, after that the network is to blame.",
		remedy: "Check that the superuser's password is right, and that the function's security group reaches the database.",
	},
	{
		all: []string{"Unable to log into database with pending secret"}, code: LoginFailed,
		detail: "The new password does not log into the database.",
		remedy: "Check that nothing else changes the user's password, and that the database is not a replica behind its source.",
	},
	{
		all: []string{"Unable to log into"}, code: LoginFailed, permanent: true,
		detail: "The function cannot log into the database with any version of the secret. Within about five seconds the credentials were refused, after that the network is to blame.",
		remedy: "Check that the user name and password of the secret are those of the database, and that the function's security group reaches it.",
	},
	{
		all: []string{"password authentication failed"}, code: LoginFailed, permanent: true,
		detail: "The database refuses the user name or password.",
		remedy: "Write the user's present password into the secret.",
	},
	{all: []string{"Connection timed out"}, code: LoginTimeout, detail: loginTimeout, remedy: loginTimeoutRemedy},
	{all: []string{"could not connect to server"}, code: LoginTimeout, detail: loginTimeout, remedy: loginTimeoutRemedy},
	{all: []string{"timeout expired"}, code: LoginTimeout, detail: loginTimeout, remedy: loginTimeoutRemedy},
	{
		all: []string{"Unable to establish SSL/TLS handshake"}, code: TLSFailed,
		detail: "The database does not take the kind of connection that the function tried, encrypted or not.",
		remedy: "If the function did not go on with the other kind, set the field \"ssl\" of the secret's value to what the database takes.",
	},
	{
		all: []string{"Hostname verification failed"}, code: TLSFailed,
		detail: "The database's certificate is for another host name than the secret's.",
		remedy: "Write the name that the database has from AWS into the field \"host\".",
	},
	{
		all: []string{"was not created by Lambda"}, code: RotationTokenMissing, permanent: true,
		detail: "The function writes the new version as another role than its own, without the rotation token of the event.",
		remedy: "Pass RotationToken of the event to PutSecretValue, remove the label AWSPENDING from the pending version, and rotate again.",
	},
	{all: []string{"has no stage for rotation of secret"}, code: RotationPendingStuck, detail: staleToken, remedy: staleTokenRemedy},
	{all: []string{"not set as AWSPENDING for rotation of secret"}, code: RotationPendingStuck, detail: staleToken, remedy: staleTokenRemedy},
	{all: []string{"Task timed out after"}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"REPORT RequestId", "Status: timeout"}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"FunctionConcurrentInvocationLimitExceeded"}, code: FunctionConcurrencyLow, detail: concurrency, remedy: concurrencyRemedy},
	{all: []string{"TooManyRequestsException", "Rate Exceeded"}, code: FunctionConcurrencyLow, detail: concurrency, remedy: concurrencyRemedy},
}

// Texts of signatures that come in several wordings.
const (
	notJSON               = "The value of the secret, or of a previous version of it, is not a JSON object."
	notJSONRemedy         = "Write the value as a JSON object. If only the previous version is not one, write the same value once more."
	noPath                = "The function cannot reach the endpoint of Secrets Manager."
	noPathRemedy          = "Give the function's subnets a NAT gateway or a VPC endpoint for Secrets Manager, and its security groups port 443."
	superuserFormat       = "The superuser secret has only a user name and a password, but no service manages it."
	superuserFormatRemedy = "Write host and engine into the superuser secret as well."
	loginTimeout          = "The function cannot reach the database."
	loginTimeoutRemedy    = "Check the subnets and security groups of the function and of the database."
	staleToken            = "The version that the function was to make does not have the label AWSPENDING any more."
	staleTokenRemedy      = "Do not move staging labels or write values while a rotation runs, and rotate again."
	timedOut              = "The function was stopped at its timeout. Often it waits for an endpoint or a database that it cannot reach."
	timedOutRemedy        = "Set the timeout to 30 seconds or more, and check the function's way to Secrets Manager and to the database."
	concurrency           = "Secrets Manager could not invoke the function because its concurrency is used up."
	concurrencyRemedy     = "Reserve a concurrency of ten or more for the function, or none at all."
)

// LogLine explains a line from the log of a rotation function. Ok is false for a line that explains nothing. Permanent says that
// rotating again cannot help before somebody changes something, so there is no reason to go on waiting.
//
// TLS failures are warnings, since the functions may go on without TLS after logging one. The finding never contains text of the line.
func LogLine(line string) (finding Finding, permanent, ok bool) {
	for _, s := range signatures {
		if !containsAll(line, s.all) {
			continue
		}
		severity := Error
		if s.code == TLSFailed {
			severity = Warning
		}
		return New(s.code, severity, s.detail, s.remedy), s.permanent, true
	}
	return Finding{}, false, false
}

func containsAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}
