package findings

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
		remedy: endpointRemedy,
	},
	{
		all: []string{"KeyError", "'SECRET_ARN'"}, code: FunctionEnvInvalid, permanent: true,
		detail: "The function has no environment variable `SECRET_ARN`, which names the one secret that it serves.",
		remedy: "Set it in the function's environment.",
	},
	{
		all: []string{"KeyError", "'USER_NAME'"}, code: FunctionEnvInvalid, permanent: true,
		detail: "The function has no environment variable `USER_NAME`, which names the one user that it serves.",
		remedy: "Set it in the function's environment.",
	},
	{
		all: []string{"is not allowed to use this Lambda function for rotation"}, code: FunctionEnvInvalid, permanent: true,
		detail: "The function serves one secret and one user, those of SECRET_ARN and USER_NAME in its environment, and was asked for another.",
		remedy: `Correct the variables or the field "username", or give the secret a function of its own.`,
	},
	{
		all: []string{"KeyError", "'adminSecretArn'"}, code: SecretKeyMissing, permanent: true,
		detail: `The field "adminSecretArn" is missing in the secret's value, so the function does not know the admin secret.`,
		remedy: `Add the ARN of the admin secret to the value as "adminSecretArn".`,
	},
	{
		all: []string{"KeyError", "'username'"}, code: SecretKeyMissing, permanent: true,
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
		all: []string{"object has no attribute 'startswith'"}, code: SecretEngineMismatch, permanent: true,
		detail: `The field "engine" of the secret or of its superuser secret is not text.`,
		remedy: `Correct the field "engine".`,
	},
	{
		all: []string{"object has no attribute 'endswith'"}, code: SecretKeyType, permanent: true,
		detail: `The field "username" is not text, so that the function cannot make the name of the second user of it.`,
		remedy: "Write the user name as text.",
	},
	{
		all: []string{"object has no attribute 'split'"}, code: SecretKeyType, permanent: true,
		detail: `The field "user_arn" or "host" is not text.`,
		remedy: "Write it as text.",
	},
	{
		all: []string{"IndexError", "list index out of range"}, code: SecretKeyType,
		detail: `Of the published functions that of ElastiCache says so, when the field "user_arn" has less than seven parts or there is no such user, and that of Active Directory, when there is no such directory.`,
		remedy: `Correct the field "user_arn", or the one with the ID of the directory.`,
	},
	{
		all: []string{"is not a valid token type"}, code: SecretKeyUnusable, permanent: true,
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
		all: []string{"ResourceNotFoundException", "GetDbInstance operation"}, code: SecretKeyUnusable, permanent: true,
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
	{all: []string{"JSONDecodeError"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Invalid secret value JSON"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Invalid secret value json"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{all: []string{"Failed to parse secret string"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{
		all: []string{"TypeError", "object is not iterable"}, code: SecretKeyType, permanent: true,
		detail: `A field that must be a list is not one: "keytabArns", or one of the lists for an InfluxDB token.`,
		remedy: "Write it as a list.",
	},
	{
		all: []string{"TypeError", "can only concatenate str"}, code: SecretKeyType, permanent: true,
		detail: `A field that the function writes into the address of the database is not text: "host" or "dbname".`,
		remedy: "Write both as text; null is none.",
	},
	{
		all: []string{"TypeError", "name must be an instance of str"}, code: SecretKeyType, permanent: true,
		detail: `The field "dbname" is not text.`,
		remedy: "Write it as text, or leave it out for the default; null is none.",
	},
	{all: []string{"TypeError", "is not iterable"}, code: SecretNotJSON, permanent: true, detail: notJSON, remedy: notJSONRemedy},
	{
		all: []string{"KeyError", "'SecretString'"}, code: SecretBinary, permanent: true,
		detail: "The secret's value is stored as SecretBinary, but the function reads SecretString.",
		remedy: "Write the value as text.",
	},
	{
		all: []string{"int() argument must be"}, code: SecretKeyType, permanent: true,
		detail: `The field "port" is null, a list or an object.`,
		remedy: "Write a number, or leave the field out for the default.",
	},
	{
		all: []string{"Parameter validation failed", "SecretId"}, code: SecretKeyType, permanent: true,
		detail: `The field that names the superuser secret, or an item of "keytabArns", is empty or not text.`,
		remedy: "Write the ARN of the secret.",
	},
	{
		all: []string{"Parameter validation failed", "PasswordLength"}, code: PasswordLengthInvalid, permanent: true,
		detail: "PASSWORD_LENGTH of the function is not a length that GetRandomPassword makes.",
		remedy: "Set it to a length that the database accepts.",
	},
	{
		all: []string{"Password length is too short based on the required types"}, code: PasswordLengthInvalid, permanent: true,
		detail: "PASSWORD_LENGTH of the function is less than the number of classes of characters of which each password needs one.",
		remedy: "Set it to a length that the database accepts.",
	},
	{
		all: []string{"All characters", "have been excluded"}, code: ExcludeCharactersImpossible, permanent: true,
		detail: "The environment of the function excludes every character, or every one of a class of which each password needs one.",
		remedy: "Exclude less.",
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
		all: []string{"Failed to load secret from"}, code: SecretKeyUnusable, permanent: true,
		detail: `The field "keytabArns" names a secret that does not exist or has no value.`,
		remedy: `Correct the field "keytabArns"; if the role is refused access, allow the four secret actions on the keytab secrets.`,
	},
	{
		all: []string{"ResourceNotFoundException", "GetSecretValue", "can't find the specified secret."}, code: SuperuserNotFound, permanent: true,
		detail: "The field of the secret's value that names the superuser secret, \"masterarn\" or \"adminSecretArn\", names one that does not exist.",
		remedy: "Correct the field.",
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
		all: []string{"is not authorized to perform: redshift:"}, code: RoleServiceAccess,
		detail: "The execution role may not call Amazon Redshift, which the function needs.",
		remedy: "Allow redshift:DescribeClusters.",
	},
	{
		all: []string{"is not authorized to perform: redshift-serverless:"}, code: RoleServiceAccess,
		detail: "The execution role may not call Redshift Serverless, which the function needs.",
		remedy: "Allow redshift-serverless:ListNamespaces and redshift-serverless:ListWorkgroups.",
	},
	{
		all: []string{"is not authorized to perform: timestream-influxdb:"}, code: RoleServiceAccess,
		detail: "The execution role may not call Timestream for InfluxDB, which the function needs.",
		remedy: "Allow timestream-influxdb:GetDbInstance.",
	},
	{
		all: []string{"is not authorized to perform: elasticache:"}, code: RoleServiceAccess,
		detail: "The execution role may not call ElastiCache, which the function needs.",
		remedy: "Allow elasticache:DescribeUsers and elasticache:ModifyUser.",
	},
	{
		all: []string{"is not authorized to perform: ds:"}, code: RoleServiceAccess,
		detail: "The execution role may not call Directory Service, which the function needs.",
		remedy: "Allow ds:DescribeDirectories and ds:ResetUserPassword.",
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
		all: []string{"Encountered API error while fetching connection parameters", "Redshift"}, code: SuperuserRDSManagedAccess,
		detail: "The function cannot look up the database of the superuser secret in Redshift.",
		remedy: "Allow redshift:DescribeClusters, or for Redshift Serverless redshift-serverless:ListNamespaces and redshift-serverless:ListWorkgroups, and give the function a way to that API.",
	},
	{
		all: []string{"Encountered API error while fetching connection parameters"}, code: SuperuserRDSManagedAccess,
		detail: "The function cannot look up the database of the superuser secret in RDS.",
		remedy: "Allow rds:DescribeDBInstances and rds:DescribeDBClusters, give the function a way to the RDS API, and check that the hosts of both secrets are the same.",
	},
	{all: []string{"not present in Metadata System Tags"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"is not a valid DB Instance ARN"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"is not a valid DB Cluster ARN"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"but Redshift can't find"}, code: SuperuserFormat, permanent: true, detail: superuserTag, remedy: superuserTagRemedy},
	{all: []string{"ARN in the tag exceeds the maximum length"}, code: SuperuserFormat, permanent: true, detail: superuserTag, remedy: superuserTagRemedy},
	{all: []string{"Attempting to modify user"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"does not match username"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"directory name list"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"use a new DB instance for rotating token"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"do not have the same token types"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"tokens failed user equality test"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"using credentials in master secret"}, code: LoginFailed, permanent: true, login: true, detail: superuserLogin, remedy: superuserLoginRemedy},
	{all: []string{"using credentials in admin secret"}, code: LoginFailed, permanent: true, login: true, detail: superuserLogin, remedy: superuserLoginRemedy},
	{
		all: []string{"Unable to log into database with pending secret"}, code: LoginFailed, login: true,
		detail: "The new password does not log into the database.",
		remedy: "Check that nothing else changes the user's password, and that the database is not a replica behind its source.",
	},
	{
		all: []string{"Unable to log into"}, code: LoginFailed, permanent: true, login: true,
		detail: "The function cannot log into the database with any version of the secret. Within about five seconds the credentials were refused, after that the network is to blame.",
		remedy: "Check that the user name and password of the secret are those of the database, and that the function's security group reaches it.",
	},
	{
		all: []string{"execute_kinit_command: kinit failed"}, code: LoginFailed, permanent: true,
		detail: "The function cannot log into the domain with the current password: it or the user name is wrong or contains an excluded character, or there is no way to the domain.",
		remedy: "Check user name and password, EXCLUDE_CHARACTERS of the function, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Unexpected value for current_dict"}, code: LoginFailed,
		detail: "The new password does not log into the domain.",
		remedy: "Check that nothing else changes the user's password.",
	},
	{
		all: []string{"Failed to find the current secret token"}, code: LoginFailed, permanent: true,
		detail: `The field "token" of the secret's value is none of the instance's tokens.`,
		remedy: "Write a token of the instance into the field.",
	},
	{
		all: []string{"Principals in secret do not match principals in keytab"}, code: SetPasswordFailed, permanent: true,
		detail: "A keytab secret lists other principals than its keytab has. Somebody may have changed it.",
		remedy: "Review the principals of the keytab secrets, and correct them.",
	},
	{
		all: []string{"Failed to set keytab for"}, code: SetPasswordFailed,
		detail: "The function could not change every keytab secret.",
		remedy: "Read the function's log: it says why for each of them.",
	},
	{
		all: []string{"Validation failed for", "keytab(s)"}, code: SetPasswordFailed,
		detail: "Some new keytabs do not log into the domain.",
		remedy: "Read the function's log: it says why for each of them.",
	},
	{
		all: []string{"Keytab failed to create or validate"}, code: SetPasswordFailed,
		detail: "The function could not make a keytab with the new password.",
		remedy: "Check the user's principals, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Keytab validation failed"}, code: SetPasswordFailed,
		detail: "A new keytab does not log into the domain.",
		remedy: "Check the user's principals, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Failed to validate base64 encoded keytab"}, code: SetPasswordFailed,
		detail: "The content of a keytab secret is no keytab, or does not log into the domain.",
		remedy: `Correct the field "keytabContents" of the keytab secrets.`,
	},
	{
		all: []string{"Failed to create or validate new keytab from principals"}, code: SetPasswordFailed,
		detail: "No keytab could be made of the principals of a keytab secret.",
		remedy: `Correct the field "principals" of the keytab secrets.`,
	},
	{
		all: []string{"Failed to split keytab"}, code: SetPasswordFailed,
		detail: "No keytab could be made of the principals of a keytab secret.",
		remedy: `Correct the field "principals" of the keytab secrets.`,
	},
	{
		all: []string{"Failed to get principal slots"}, code: SetPasswordFailed,
		detail: "The principals of a keytab cannot be listed.",
		remedy: "Check that the function's package is the current version.",
	},
	{
		all: []string{"Subprocess command failed"}, code: SetPasswordFailed,
		detail: "One of the Kerberos programs in the function's package failed.",
		remedy: "Check that the function's package is the current version, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Unable to reset the user"}, code: SetPasswordFailed,
		detail: "Directory Service did not take the new password, or the function may not or cannot call it.",
		remedy: "Check the password policy of the domain against EXCLUDE_CHARACTERS of the function, that its role has ds:ResetUserPassword, and its way to the API of Directory Service.",
	},
	{
		all: []string{"attempting to set password in database for user"}, code: SetPasswordFailed,
		detail: "The database did not take the new password.",
		remedy: "Check that the user exists, and what may change it: its own rights or the superuser's.",
	},
	{
		all: []string{"Invalid database p"}, code: SetPasswordFailed, permanent: true,
		detail: "The user has a permission in SQL Server that the function cannot copy to the second user.",
		remedy: "Make the second user in the database by hand, with the permissions of the first.",
	},
	{
		all: []string{"Unable to create user"}, code: SetPasswordFailed,
		detail: "The function could not make the second user in the database.",
		remedy: "Check the rights of the superuser, and that the name is one that the database takes.",
	},
	{
		all: []string{"does not exist in database"}, code: SetPasswordFailed, permanent: true,
		detail: "The user does not exist in the database.",
		remedy: `Make the user in the database, or correct the field "username".`,
	},
	{
		all: []string{"Failed to copy or create a new token"}, code: SetPasswordFailed,
		detail: "InfluxDB made no new token.",
		remedy: "Check the user of the admin secret, and the permissions in the secret's value.",
	},
	{
		all: []string{"did not reached the active status"}, code: ServiceNotReady,
		detail: "ElastiCache did not finish a change of the user while the function waited for it.",
		remedy: "Check the state of the user, and that the function's timeout is 12 minutes or more. A rotation tries again by itself.",
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
		all: []string{"Unable to establish SSL/TLS handshake"}, code: TLSFailed, warning: true,
		detail: "The database does not take the kind of connection that the function tried, encrypted or not.",
		remedy: "If the function did not go on with the other kind, set the field \"ssl\" of the secret's value to what the database takes.",
	},
	{
		all: []string{"Hostname verification failed"}, code: TLSFailed, warning: true,
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
	{
		all: []string{"is not enabled for rotation"}, code: RotationDisabled, permanent: true,
		detail: "Rotation of the secret was off when the function ran.",
		remedy: "Switch it on again; a function that is invoked by hand says so as well.",
	},
	{
		all: []string{"KeyError", "'RotationEnabled'"}, code: RotationDisabled, permanent: true,
		detail: "Rotation of the secret was never switched on when the function ran.",
		remedy: "Switch it on; a function that is invoked by hand says so as well.",
	},
	{all: []string{"Task timed out after"}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"platform.report", `"timeout"`}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"REPORT RequestId", "Status: timeout"}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"FunctionConcurrentInvocationLimitExceeded"}, code: FunctionConcurrencyLow, detail: concurrency, remedy: concurrencyRemedy},
	{all: []string{"TooManyRequestsException", "Rate Exceeded"}, code: FunctionConcurrencyLow, detail: concurrency, remedy: concurrencyRemedy},
	{
		all: []string{"Failed to set new authorization", "timed out"}, code: LoginTimeout,
		detail: "The function cannot reach the InfluxDB instance.",
		remedy: "Check the subnets and security groups of the function and of the instance, and port 8086.",
	},
	{
		all: []string{"Failed to set new authorization"}, code: LoginFailed,
		detail: "The login to InfluxDB, or what the function did with it, failed.",
		remedy: "Check the user and password or the token of the secret, and those of the admin secret.",
	},
}

// Texts of signatures that come in several wordings.
const (
	notJSON               = "The value of the secret, or of a previous version of it, is not a JSON object."
	notJSONRemedy         = "Write the value as a JSON object. If only the previous version is not one, write the same value once more."
	noPath                = "The function cannot reach the endpoint of Secrets Manager."
	noPathRemedy          = "Give the function's subnets a NAT gateway or a VPC endpoint for Secrets Manager, and its security groups port 443."
	superuserFormat       = "The superuser secret has only a user name and a password, but no service manages it."
	superuserFormatRemedy = "Write host and engine into the superuser secret as well."
	superuserTag          = "A tag of the superuser secret names a database that Redshift does not know."
	superuserTagRemedy    = "Use the superuser secret of a database that exists."
	superuserLogin        = "The function cannot log into the database with the superuser secret. Within about five seconds the credentials were refused, after that the network is to blame."
	superuserLoginRemedy  = "Check that the superuser's password is right, and that the function's security group reaches the database."
	pendingOther          = "The pending version is for another user, host or database than the current one. The secret was probably edited after a rotation had failed."
	pendingOtherRemedy    = "Remove the label AWSPENDING from the pending version, and rotate again."
	loginTimeout          = "The function cannot reach the database."
	loginTook             = "The function could not log into the database. The run took five seconds or more, for which the functions try to connect, so that the network is to blame and not the credentials."
	loginTimeoutRemedy    = "Check the subnets and security groups of the function and of the database."
	staleToken            = "The version that the function was to make does not have the label AWSPENDING any more."
	staleTokenRemedy      = "Do not move staging labels or write values while a rotation runs, and rotate again."
	silence               = "The function was stopped at its timeout before it had logged anything but that it has credentials. As a rule it cannot reach the endpoint of Secrets Manager; in setSecret and testSecret it may be the database instead."
	silenceRemedy         = noPathRemedy + " Check that its timeout is 30 seconds or more, too."
	timedOut              = "The function was stopped at its timeout. Often it waits for an endpoint or a database that it cannot reach."
	timedOutRemedy        = "Set the timeout to 30 seconds or more, and check the function's way to Secrets Manager and to the database."
	concurrency           = "Secrets Manager could not invoke the function because its concurrency is used up."
	concurrencyRemedy     = "Reserve a concurrency of ten or more for the function, or none at all."
)
