package findings

import (
	"slices"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

func TestLogLine(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf"
	denied := "[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the GetSecretValue operation: User: arn:aws:sts::123456789012:assumed-role/rotator/rotate is not authorized to perform: "
	tests := []struct {
		line      string
		code      Code
		permanent bool
	}{
		{"[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named 'pg'", FunctionImportError, true},
		{`{"errorMessage": "No module named 'pymysql'", "errorType": "Runtime.ImportModuleError"}`, FunctionImportError, true},
		{"[ERROR] Runtime.HandlerNotFound: Handler 'planted' missing on module 'lambda_function'", FunctionImportError, true},
		{"[ERROR] Runtime.UserCodeSyntaxError: Syntax error in module 'lambda_function': invalid syntax (lambda_function.py, line 1)", FunctionImportError, true},
		{"[ERROR] NotImplementedError", FunctionNotImplemented, true},
		{"[ERROR] KeyError: 'SECRETS_MANAGER_ENDPOINT'", FunctionEnvEndpoint, true},
		{`{"errorMessage": "'SECRETS_MANAGER_ENDPOINT'", "errorType": "KeyError"}`, FunctionEnvEndpoint, true},
		{"[ERROR] KeyError: 'masterarn'", SecretKeyMissing, true},
		{"[ERROR] KeyError: 'engine key is missing from secret JSON'", SecretKeyMissing, true},
		{`[ERROR] KeyError: "Database engine must be set to 'postgres' in order to use this rotation lambda"`, SecretEngineMismatch, true},
		{"[ERROR] ValueError: Unable to clone user, username length with _clone appended would exceed 63 characters", SecretUsernameTooLong, true},
		{"[ERROR] JSONDecodeError: Expecting value: line 1 column 1 (char 0)", SecretNotJSON, true},
		{"[ERROR] ValueError: Invalid secret value JSON for secret " + arn + ".", SecretNotJSON, true},
		{"[ERROR] ValueError: Invalid secret value json for secret " + arn + ".", SecretNotJSON, true},
		{"[ERROR] Exception: Failed to parse secret string from " + arn, SecretNotJSON, true},
		{"[ERROR] TypeError: argument of type 'int' is not iterable", SecretNotJSON, true},
		{"[ERROR] KeyError: 'SecretString'", SecretBinary, true},
		{"[ERROR] ValueError: invalid literal for int() with base 10: 'planted'", SecretKeyType, true},
		{"An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT", SecretNoValue, false},
		{"An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.", SuperuserNotFound, true},
		{"An error occurred (AccessDeniedException) when calling the GetSecretValue operation: Access to KMS is not allowed", RoleKMS, false},
		{"An error occurred (DecryptionFailure) when calling the GetSecretValue operation: Secrets Manager can't decrypt the protected secret text using the provided KMS key.", KMSKeyUnusable, false},
		{`{"errorMessage": "Secrets Manager can't encrypt the protected secret text using the provided KMS key.", "errorType": "EncryptionFailure"}`, KMSKeyUnusable, false},
		{"[ERROR] KMSInvalidStateException: An error occurred (KMSInvalidStateException) when calling the GetSecretValue operation: pending deletion", KMSKeyUnusable, false},
		{"[ERROR] Exception: Failed to load secret from " + arn + ": " + denied + "secretsmanager:GetSecretValue on resource: " + arn, RoleSecretAccess, false},
		{denied + "kms:Decrypt on resource: arn:aws:kms:eu-central-1:123456789012:key/1", RoleKMS, false},
		{denied + "secretsmanager:GetSecretValue on resource: " + arn + " because no identity-based policy allows the secretsmanager:GetSecretValue action", RoleSecretAccess, false},
		{denied + "secretsmanager:GetSecretValue on resource: " + arn + " with an explicit deny in a resource-based policy", SecretPolicyDenies, false},
		{denied + "secretsmanager:GetSecretValue on resource: " + arn + " because no VPC endpoint policy allows the secretsmanager:GetSecretValue action", NetworkEndpointPolicy, false},
		{denied + "secretsmanager:GetRandomPassword because no identity-based policy allows the secretsmanager:GetRandomPassword action", RoleRandomPassword, false},
		{"An error occurred (AccessDeniedException) when calling the GetRandomPassword operation: no", RoleRandomPassword, false},
		{"[ERROR] Exception: Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: An error occurred (AccessDenied): User: x is not authorized to perform: rds:DescribeDBInstances", RoleRDSDescribe, false},
		{"[ERROR] Exception: Encountered API error while fetching connection parameters from DescribeDBClusters RDS API: no such cluster", SuperuserRDSManagedAccess, false},
		{`[ERROR] EndpointConnectionError: Could not connect to the endpoint URL: "https://rds.eu-central-1.amazonaws.com/"`, NetworkNoPathRDS, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://rds.eu-central-1.amazonaws.com/"`, NetworkNoPathRDS, false},
		{`[ERROR] EndpointConnectionError: Could not connect to the endpoint URL: "https://secretsmanager.eu-central-1.amazonaws.com/"`, NetworkNoPathSecretsManager, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://secretsmanager.eu-central-1.amazonaws.com/"`, NetworkNoPathSecretsManager, false},
		{"[ERROR] botocore.exceptions.EndpointConnectionError", NetworkNoPathSecretsManager, false},
		{`[ERROR] EndpointConnectionError: Could not connect to the endpoint URL: "http://records.example.com:4566/"`, NetworkNoPathSecretsManager, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "http://localhost:4566/"`, NetworkNoPathSecretsManager, false},
		{`{"errorMessage": "Connect timeout on endpoint URL: \"https://vpce-1-a.secretsmanager.eu-central-1.vpce.amazonaws.com/\"", "errorType": "ConnectTimeoutError"}`, NetworkNoPathSecretsManager, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://secretsmanager-fips.us-gov-west-1.amazonaws.com/"`, NetworkNoPathSecretsManager, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://rds.cn-north-1.amazonaws.com.cn/"`, NetworkNoPathRDS, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://rds.eu-central-1.api.aws/"`, NetworkNoPathRDS, false},
		{`{"errorMessage": "Could not connect to the endpoint URL: \"https://elasticache.eu-central-1.amazonaws.com/\"", "errorType": "EndpointConnectionError"}`, NetworkNoPathService, false},
		{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://redshift-serverless.eu-central-1.amazonaws.com/"`, NetworkNoPathService, false},
		{`[ERROR] Exception: Encountered API error while fetching connection parameters from DescribeClusters Redshift API: Could not connect to the endpoint URL: "https://redshift.eu-central-1.amazonaws.com/"`, NetworkNoPathService, false},
		{"[ERROR] ValueError: Current database host a is not the same host as/rds replica of master b", SuperuserHostMismatch, true},
		{"[ERROR] ValueError: DB Instance ARN not present in Metadata System Tags for secret x", SuperuserFormat, true},
		{"[ERROR] ValueError: x is not a valid DB Instance ARN. It exceeds the maximum length of 256.", SuperuserFormat, true},
		{"[ERROR] ValueError: x is not a valid DB Cluster ARN. No Clusters found", SuperuserFormat, true},
		{"[ERROR] ValueError: Attempting to modify user a other than current user b", RotationPendingStuck, true},
		{"setSecret: Attempting to modify user for host a other than current host b", RotationPendingStuck, true},
		{"setSecret: Attempting to modify user for host a other than previous valid host b", LoginFailed, true},
		{"[ERROR] ValueError: Attempting to modify user for host a other than previous host b", LoginFailed, true},
		{"[ERROR] ValueError: Attempting to modify user for host a other than current previous valid b", LoginFailed, true},
		{"[ERROR] ValueError: Attempting to modify user planted other than last valid user b", LoginFailed, true},
		{"[ERROR] ValueError: Attempting to modify user previous other than current user b", RotationPendingStuck, true},
		{"setSecret: Unable to log into database using credentials in master secret " + arn, LoginFailed, true},
		{"setSecret: Unable to log into database with previous, current, or pending secret of secret arn " + arn, LoginFailed, true},
		{"setSecret: Unable to log into database using current credentials for secret " + arn, LoginFailed, true},
		{"testSecret: Unable to log into database with pending secret of secret ARN " + arn, LoginFailed, false},
		{`failed SASL auth: FATAL: password authentication failed for user "planted" (SQLSTATE 28P01)`, LoginFailed, true},
		{"could not connect to server: Connection timed out", LoginTimeout, false},
		{"could not connect to server: Connection refused", LoginTimeout, false},
		{"timeout expired", LoginTimeout, false},
		{`[ERROR] OperationalError: (1045, "Access denied for user 'planted'@'10.0.0.1' (using password: YES)")`, LoginFailed, true},
		{`[ERROR] OperationalError: (2003, "Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)")`, LoginTimeout, false},
		{"RequestId: 8c Error: Runtime exited with error: signal: killed Runtime.ExitError", RotationFailed, false},
		{"RequestId: 8c Error: Runtime.OutOfMemory", RotationFailed, false},
		{"[ERROR] MemoryError", RotationFailed, false},
		{`[ERROR] ReadTimeoutError: Read timeout on endpoint URL: "https://secretsmanager.eu-central-1.amazonaws.com/"`, NetworkNoPathSecretsManager, false},
		{`[ERROR] ReadTimeoutError: Read timeout on endpoint URL: "https://rds.eu-central-1.amazonaws.com/"`, NetworkNoPathRDS, false},
		{`[ERROR] ReadTimeoutError: Read timeout on endpoint URL: "http://localhost:4566/"`, NetworkNoPathSecretsManager, false},
		{"[ERROR] InvalidRequestException: An error occurred (InvalidRequestException) when calling the GetSecretValue operation: You can't perform this operation on the secret because it was marked for deletion.", SecretDeleted, true},
		{"[ERROR] ClientError: An error occurred (ThrottlingException) when calling the GetSecretValue operation (reached max retries: 4): Rate exceeded", RotationFailed, false},
		{"Unable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: db", TLSFailed, false},
		{"Unable to establish SSL/TLS handshake, check that SSL/TLS is enabled on the host: db", TLSFailed, false},
		{"Hostname verification failed when establishing SSL/TLS Handshake with host: db", TLSFailed, false},
		{"Pending secret version v for Secret s was not created by Lambda l. Remove the AWSPENDING staging label and restart rotation", RotationTokenMissing, true},
		{"Secret version v has no stage for rotation of secret " + arn + ".", RotationPendingStuck, false},
		{"Secret version v not set as AWSPENDING for rotation of secret " + arn + ".", RotationPendingStuck, false},
		{"2026-05-01T00:00:00Z 8c Task timed out after 3.00 seconds", FunctionTimeoutShort, false},
		{"REPORT RequestId: 8c Duration: 3000.00 ms Status: timeout", FunctionTimeoutShort, false},
		{"ReservedFunctionConcurrentInvocationLimitExceeded", FunctionConcurrencyLow, false},
		{"TooManyRequestsException: Rate Exceeded.", FunctionConcurrencyLow, false},
		{"[ERROR] ValueError: Secret " + arn + " is not enabled for rotation", RotationDisabled, true},
		{"[ERROR] KeyError: 'RotationEnabled'", RotationDisabled, true},
		{`{"time":"2026-05-01T00:00:03.000Z","type":"platform.report","record":{"requestId":"8c","metrics":{"durationMs":3000.0},"status":"timeout"}}`, FunctionTimeoutShort, false},
		{"[ERROR] KeyError: 'SECRET_ARN'", FunctionEnvInvalid, true},
		{"[ERROR] ValueError: Invalid endpoint: planted", FunctionEnvInvalid, true},
		{"[ERROR] KeyError: 'USER_NAME'", FunctionEnvInvalid, true},
		{"[ERROR] ValueError: Secret " + arn + " is not allowed to use this Lambda function for rotation", FunctionEnvInvalid, true},
		{"[ERROR] ValueError: User planted is not allowed to use this Lambda function for rotation", FunctionEnvInvalid, true},
		{"[ERROR] KeyError: 'adminSecretArn'", SecretKeyMissing, true},
		{"[ERROR] KeyError: 'username'", SecretKeyMissing, true},
		{`{"errorMessage": "'username'", "errorType": "KeyError"}`, SecretKeyMissing, true},
		{"[ERROR] KeyError: 'createSecret: secret " + arn + " has no user_arn defined.'", SecretKeyMissing, true},
		{"[ERROR] KeyError: 'org key is missing from secret JSON.'", SecretKeyMissing, true},
		{"[ERROR] KeyError: 'The token value must be set when rotating an operator token.'", SecretKeyMissing, true},
		{"[ERROR] ValueError: createSecret: Failed to set new authorization with secret ARN " + arn + " Authentication creation has not been enabled to allow the Lambda function to create tokens..", SecretKeyMissing, true},
		{"[ERROR] ValueError: createSecret: Failed to set new authorization with secret ARN " + arn + " No permissions were set for token creation..", SecretKeyMissing, true},
		{`[ERROR] KeyError: "Database engine must be set to 'oracle' in order to use this rotation lambda"`, SecretEngineMismatch, true},
		{`[ERROR] KeyError: "Database engine must be set to 'timestream-influxdb' in order to use this Lambda rotation function."`, SecretEngineMismatch, true},
		{"[ERROR] AttributeError: 'int' object has no attribute 'startswith'", SecretEngineMismatch, true},
		{"[ERROR] AttributeError: 'NoneType' object has no attribute 'endswith'", SecretKeyType, true},
		{"[ERROR] AttributeError: 'list' object has no attribute 'split'", SecretKeyType, true},
		{"[ERROR] IndexError: list index out of range", SecretKeyType, false},
		{"[ERROR] KeyError: 'planted is not a valid token type.'", SecretKeyUnusable, true},
		{"[ERROR] ValueError: createSecret: Failed to set new authorization with secret ARN " + arn + " Permission %s must fit the format <action>-<type>, for example write-tasks..", SecretKeyType, true},
		{"[ERROR] KeyError: 'Invalid endpoint info for InfluxDB instance.'", SecretKeyUnusable, false},
		{"An error occurred (ResourceNotFoundException) when calling the GetDbInstance operation: no", SecretKeyUnusable, true},
		{"[ERROR] ValueError: Invalid username, username must not be empty after _clone suffix is removed", SecretKeyUnusable, true},
		{"[ERROR] ValueError: check_inputs: Invalid character in username", SecretKeyUnusable, true},
		{"[ERROR] ValueError: check_inputs: Invalid character in password", SecretKeyUnusable, true},
		{"[ERROR] ValueError: Unable to clone user, username length with _CLONE appended would exceed 30 characters", SecretUsernameTooLong, true},
		{"[ERROR] TypeError: 'int' object is not iterable", SecretKeyType, true},
		{`[ERROR] TypeError: can only concatenate str (not "NoneType") to str`, SecretKeyType, true},
		{"[ERROR] TypeError: name must be an instance of str", SecretKeyType, true},
		{"[ERROR] TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'", SecretKeyType, true},
		{"[ERROR] ParamValidationError: Parameter validation failed: Invalid type for parameter SecretId, value: None", SecretKeyType, true},
		{"[ERROR] ParamValidationError: Parameter validation failed: Invalid value for parameter PasswordLength, value: 0, valid min value: 1", PasswordLengthInvalid, true},
		{"[ERROR] ClientError: An error occurred (ValidationException) when calling the GetRandomPassword operation: 1 validation error detected: Value at 'passwordLength' failed to satisfy constraint: Member must have value greater than or equal to 1", PasswordLengthInvalid, true},
		{"An error occurred (InvalidParameterException) when calling the GetRandomPassword operation: Password length is too short based on the required types.", PasswordLengthInvalid, true},
		{"An error occurred (InvalidParameterException) when calling the GetRandomPassword operation: All characters of the desired type have been excluded.", ExcludeCharactersImpossible, true},
		{"An error occurred (InvalidParameterException) when calling the GetRandomPassword operation: All characters have been excluded from selection.", ExcludeCharactersImpossible, true},
		{"[ERROR] Exception: Failed to load secret from " + arn + ": An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.", SecretKeyUnusable, true},
		{denied + "redshift:DescribeClusters", RoleServiceAccess, false},
		{denied + "redshift-serverless:ListNamespaces", RoleServiceAccess, false},
		{denied + "timestream-influxdb:GetDbInstance", RoleServiceAccess, false},
		{denied + "elasticache:ModifyUser", RoleServiceAccess, false},
		{denied + "ds:ResetUserPassword", RoleServiceAccess, false},
		{"[ERROR] Exception: Encountered API error while fetching connection parameters from DescribeClusters Redshift API: timeout", SuperuserRDSManagedAccess, false},
		{"[ERROR] Exception: Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: DBInstanceNotFound", SuperuserRDSManagedAccess, false},
		{"[ERROR] ValueError: Current database host a is not the same host as admin b", SuperuserHostMismatch, true},
		{"[ERROR] ValueError: The secret has a tag aws:redshift-serverless:namespacearn, but Redshift can't find namespace x", SuperuserFormat, true},
		{"[ERROR] ValueError: The secret has a tag aws:redshift:primaryclusterarn or aws:redshift-serverless:namespacearn, but the ARN in the tag exceeds the maximum length 256.", SuperuserFormat, true},
		{"[ERROR] ValueError: Attempting to modify user for DB a other than current DB b.", RotationPendingStuck, true},
		{"[ERROR] ValueError: Username a in current dict does not match username b in pending dict", RotationPendingStuck, true},
		{"[ERROR] ValueError: Current directory name list a does not match pending directory name list b", RotationPendingStuck, true},
		{"[ERROR] ValueError: Rotation is attempting to use a new DB instance for rotating token for secret ARN " + arn + ".", RotationPendingStuck, true},
		{"[ERROR] ValueError: Current and pending secrets do not have the same token types for secret ARN " + arn + ".", RotationPendingStuck, true},
		{"[ERROR] ValueError: Current and pending tokens failed user equality test for secret ARN " + arn + ".", RotationPendingStuck, true},
		{"setSecret: Unable to log into database using credentials in admin secret " + arn, LoginFailed, true},
		{"setSecret: Unable to log into rdsadmin database using credentials in master secret " + arn, LoginFailed, true},
		{"[ERROR] ValueError: execute_kinit_command: kinit failed", LoginFailed, false},
		{"[ERROR] ValueError: execute_kinit_command: Unexpected value for current_dict", LoginFailed, false},
		{"[ERROR] ValueError: Failed to find the current secret token defined in the InfluxDB instance.", LoginFailed, true},
		{"[ERROR] Exception: Principals in secret do not match principals in keytab. If", SetPasswordFailed, true},
		{"[ERROR] Exception: Failed to set keytab for 1/2 keytab(s):", SetPasswordFailed, false},
		{"[ERROR] ValueError: Validation failed for 1/2 keytab(s):", SetPasswordFailed, false},
		{"[ERROR] Exception: Keytab failed to create or validate: x", SetPasswordFailed, false},
		{"[ERROR] ValueError: Keytab validation failed: x", SetPasswordFailed, false},
		{"[ERROR] ValueError: Failed to validate base64 encoded keytab: x", SetPasswordFailed, false},
		{"[ERROR] Exception: Failed to create or validate new keytab from principals: x", SetPasswordFailed, false},
		{"[ERROR] Exception: Failed to split keytab: x", SetPasswordFailed, false},
		{"[ERROR] ValueError: Failed to get principal slots: x", SetPasswordFailed, false},
		{"[ERROR] ValueError: Subprocess command failed: 1 x y", SetPasswordFailed, false},
		{"[ERROR] ValueError: Unable to reset the users password in Directory Services", SetPasswordFailed, false},
		{"[ERROR] ValueError: Unable to reset the user's password in Directory Services", SetPasswordFailed, false},
		{"setSecret: Error encountered when attempting to set password in database for user planted", SetPasswordFailed, false},
		{"[ERROR] ValueError: Invalid database permission class planted", SetPasswordFailed, true},
		{"[ERROR] ValueError: Unable to create user planted", SetPasswordFailed, false},
		{"[ERROR] ValueError: User planted does not exist in database", SetPasswordFailed, true},
		{"[ERROR] ValueError: Failed to copy or create a new token.", SetPasswordFailed, false},
		{"[ERROR] ValueError: setSecret: user planted associated with secret " + arn + " did not reached the active status.", ServiceNotReady, false},
		{"[ERROR] ValueError: createSecret: Failed to set new authorization with secret ARN " + arn + " HTTPSConnectionPool(host='x', port=8086): Max retries exceeded (Caused by ConnectTimeoutError(Connection to x timed out.)).", LoginTimeout, false},
		{"[ERROR] ValueError: createSecret: Failed to set new authorization with secret ARN " + arn + " (401) unauthorized access.", LoginFailed, false},
	}
	covered := map[int]bool{}
	for _, test := range tests {
		f, permanent, ok := logLine(test.line)
		if !ok || f.Code != test.code || permanent != test.permanent {
			t.Errorf("%s: %s, permanent %v, %v, want %s, permanent %v", test.line, f.Code, permanent, ok, test.code, test.permanent)
			continue
		}
		checkFindings(t, []Finding{f}, "planted", "orders-AbCdEf")
		covered[slices.IndexFunc(signatures, func(s signature) bool { return s.in(test.line) })] = true
	}
	for i, s := range signatures {
		if !covered[i] {
			t.Errorf("no test line for %q, or an earlier signature hides it", s.all)
		}
	}
	for _, line := range []string{
		"",
		"START RequestId: 8c Version: $LATEST",
		"[INFO] Found credentials in environment variables.",
		"createSecret: Successfully put secret for ARN " + arn + " and version v.",
		"Secret version v already set as AWSCURRENT for secret " + arn + ".",
		"finishSecret: Successfully set AWSCURRENT stage to version v for secret " + arn + ".",
		"REPORT RequestId: 8c Duration: 300.00 ms",
		"createSecret: user app not active, waiting.",
		"execute_kinit_command: Proceed to current secret since pending secret does not authenticate",
		"Successfully established SSL/TLS connection as user 'app' with host: 'db'",
	} {
		if f, _, ok := logLine(line); ok {
			t.Errorf("%q is explained as %s", line, f.Code)
		}
	}
}

// TestLogLineKnowsTheFunctions goes through every error that the catalogue has of the functions' own code.
func TestLogLineKnowsTheFunctions(t *testing.T) {
	t.Parallel()
	// Nothing that one of the codes is for: the function was invoked by hand, or catches the error itself.
	unexplained := []string{"Invalid step parameter", "kinit failed %s %s %s"}
	for _, rotationType := range catalog.All() {
		for _, e := range rotationType.Errors {
			message := strings.ReplaceAll(e.Message, "%s", "planted")
			if e.Exception == "KeyError" {
				message = "'" + message + "'"
			}
			f, _, ok := logLine("[ERROR] " + e.Exception + ": " + message)
			skip := slices.ContainsFunc(unexplained, func(text string) bool { return strings.Contains(e.Message, text) })
			if ok == skip {
				t.Errorf("%s: %s: %s is explained as %q", rotationType.Name, e.Exception, e.Message, f.Code)
			}
		}
	}
}
