package findings

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCodes(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for _, code := range Codes() {
		entry := codes[code]
		if !name.MatchString(string(code)) || entry.summary == "" || strings.HasSuffix(entry.summary, ".") || !strings.HasPrefix(entry.reference, "https://docs.aws.amazon.com/") {
			t.Errorf("%s has the entry %+v", code, entry)
		}
	}
	if !slices.IsSorted(Codes()) || len(Codes()) != len(codes) {
		t.Errorf("Codes() = %v", Codes())
	}
}

// TestStages keeps the stages of the groups that plans must not fail on.
func TestStages(t *testing.T) {
	t.Parallel()
	for _, code := range Codes() {
		text := string(code)
		later := code == SecretNoValue || slices.ContainsFunc([]string{"invoke-", "role-", "kms-", "network-", "caller-", "function-timeout-", "function-concurrency-", "exclude-", "password-", "function-env-"},
			func(prefix string) bool { return strings.HasPrefix(text, prefix) })
		if later && code.Stage() != StageApply {
			t.Errorf("%s is certain at stage %d", code, code.Stage())
		}
	}
	for _, code := range []Code{SecretDeleted, SecretReplica, FunctionOtherRegion, FunctionNotFound, SecretServiceManaged, SecretNotJSON, RotationPendingStuck, ScheduleInvalid, SuperuserRequired, SuperuserARNMismatch, RotationAlreadyConfigured} {
		if code.Stage() != StagePlan {
			t.Errorf("%s is certain at stage %d", code, code.Stage())
		}
	}
}

func TestAtPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code           Code
		severity, want Severity
	}{
		{RoleKMS, Error, Warning},
		{RoleKMS, Warning, Warning},
		{RoleKMS, Info, Info},
		{SecretNotJSON, Error, Error},
		{LoginFailed, Error, Error},
	}
	for _, test := range tests {
		f := New(test.code, test.severity, "Detail.", "Remedy.")
		if got := f.AtPlan(); got.Severity != test.want || got.Detail != f.Detail || f.Severity != test.severity {
			t.Errorf("%s as %s is %+v at plan", test.code, test.severity, got)
		}
	}
}

func TestHasErrors(t *testing.T) {
	t.Parallel()
	warning, failure := New(RoleKMS, Warning, "", ""), New(RoleKMS, Error, "", "")
	if HasErrors(nil) || HasErrors([]Finding{warning}) || !HasErrors([]Finding{warning, failure}) {
		t.Error("HasErrors does not tell errors from warnings")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		expression *string
		days       *int64
		duration   *string
		want       []string
		argument   string
	}{
		{"days", nil, new(int64(30)), nil, nil, ""},
		{"days and duration", nil, new(int64(30)), new("3h"), nil, ""},
		{"expression", new("rate(10 days)"), nil, new("24h"), nil, ""},
		{"both", new("rate(10 days)"), new(int64(30)), nil, []string{"error schedule-conflict"}, "schedule_expression"},
		{"neither", nil, nil, new("3h"), []string{"error schedule-conflict"}, "schedule_expression"},
		{"bad expression", new("rate(3 hours)"), nil, nil, []string{"error schedule-invalid"}, "schedule_expression"},
		{"empty expression", new(""), nil, nil, []string{"error schedule-invalid"}, "schedule_expression"},
		{"undocumented expression", new("rate(1 days)"), nil, nil, []string{"warning schedule-invalid"}, "schedule_expression"},
		{"bad days", nil, new(int64(0)), nil, []string{"error schedule-invalid"}, "automatically_after_days"},
		{"bad duration", new("rate(4 hours)"), nil, new("5h"), []string{"error schedule-window"}, "duration"},
		{"bad duration of days", nil, new(int64(1)), new("25h"), []string{"error schedule-window"}, "duration"},
		{"empty duration", nil, new(int64(1)), new(""), []string{"error schedule-window"}, "duration"},
	}
	for _, test := range tests {
		findings := Schedule(test.expression, test.days, test.duration)
		if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		checkFindings(t, findings)
		for _, f := range findings {
			if f.Argument != test.argument {
				t.Errorf("%s: the argument is %q, want %q", test.name, f.Argument, test.argument)
			}
		}
	}
}

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
		{"[ERROR] ValueError: Current database host a is not the same host as/rds replica of master b", SuperuserHostMismatch, true},
		{"[ERROR] ValueError: DB Instance ARN not present in Metadata System Tags for secret x", SuperuserFormat, true},
		{"[ERROR] ValueError: x is not a valid DB Instance ARN. It exceeds the maximum length of 256.", SuperuserFormat, true},
		{"[ERROR] ValueError: x is not a valid DB Cluster ARN. No Clusters found", SuperuserFormat, true},
		{"[ERROR] ValueError: Attempting to modify user a other than current user b", RotationPendingStuck, true},
		{"setSecret: Attempting to modify user for host a other than current host b", RotationPendingStuck, true},
		{"setSecret: Unable to log into database using credentials in master secret " + arn, LoginFailed, true},
		{"setSecret: Unable to log into database with previous, current, or pending secret of secret arn " + arn, LoginFailed, true},
		{"setSecret: Unable to log into database using current credentials for secret " + arn, LoginFailed, true},
		{"testSecret: Unable to log into database with pending secret of secret ARN " + arn, LoginFailed, false},
		{`failed SASL auth: FATAL: password authentication failed for user "planted" (SQLSTATE 28P01)`, LoginFailed, true},
		{"could not connect to server: Connection timed out", LoginTimeout, false},
		{"could not connect to server: Connection refused", LoginTimeout, false},
		{"timeout expired", LoginTimeout, false},
		{"Unable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: db", TLSFailed, false},
		{"Hostname verification failed when establishing SSL/TLS Handshake with host: db", TLSFailed, false},
		{"Pending secret version v for Secret s was not created by Lambda l. Remove the AWSPENDING staging label and restart rotation", RotationTokenMissing, true},
		{"Secret version v has no stage for rotation of secret " + arn + ".", RotationPendingStuck, false},
		{"Secret version v not set as AWSPENDING for rotation of secret " + arn + ".", RotationPendingStuck, false},
		{"2026-05-01T00:00:00Z 8c Task timed out after 3.00 seconds", FunctionTimeoutShort, false},
		{"REPORT RequestId: 8c Duration: 3000.00 ms Status: timeout", FunctionTimeoutShort, false},
		{"ReservedFunctionConcurrentInvocationLimitExceeded", FunctionConcurrencyLow, false},
		{"TooManyRequestsException: Rate Exceeded.", FunctionConcurrencyLow, false},
	}
	covered := map[int]bool{}
	for _, test := range tests {
		f, permanent, ok := LogLine(test.line)
		if !ok || f.Code != test.code || permanent != test.permanent {
			t.Errorf("%s: %s, permanent %v, %v, want %s, permanent %v", test.line, f.Code, permanent, ok, test.code, test.permanent)
			continue
		}
		checkFindings(t, []Finding{f}, "planted", "orders-AbCdEf")
		covered[slices.IndexFunc(signatures, func(s signature) bool { return containsAll(test.line, s.all) })] = true
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
	} {
		if f, _, ok := LogLine(line); ok {
			t.Errorf("%q is explained as %s", line, f.Code)
		}
	}
}
