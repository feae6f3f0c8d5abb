package findings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

func TestStep(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"": "",
		"[INFO]\t2026-05-01T00:00:00.000Z\t8c\tcreateSecret: Successfully put secret for ARN x and version v.":         "createSecret",
		"[ERROR]\t2026-05-01T00:00:00.000Z\t8c\tsetSecret: Unable to log into database using current credentials":      "setSecret",
		`{"level":"INFO","message":"testSecret: Successfully signed into PostgreSQL DB with AWSPENDING secret in x."}`: "testSecret",
		"finishSecret: Successfully set AWSCURRENT stage to version v for secret x.":                                   "finishSecret",
		`  File "/var/task/lambda_function.py", line 80, in set_secret`:                                                "setSecret",
		`"stackTrace": ["  File \"/var/task/lambda_function.py\", line 70, in test_secret\n    raise"]`:                "testSecret",
		"Error when executing lambda " + rotator + " during createSecret step":                                         "createSecret",
		"Error when executing lambda " + rotator + " during finish_secret step":                                        "finishSecret",
		`  File "/var/task/lambda_function.py", line 80, in get_secret_dict`:                                           "",
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:setSecret-AbCdEf":                                     "",
		"resetSecret: done": "",
	} {
		if got := Step(line); got != want {
			t.Errorf("%q is of the step %q, want %q", line, got, want)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	const (
		start     = "START RequestId: 8c Version: $LATEST"
		end       = "END RequestId: 8c"
		found     = "[INFO]\t2026-05-01T00:00:00.000Z\t8c\tFound credentials in environment variables."
		login     = "[ERROR] ValueError: Unable to log into database with previous, current, or pending secret of secret arn planted"
		logged    = "[ERROR]\t2026-05-01T00:00:00.000Z\t8c\tsetSecret: Unable to log into database with previous, current, or pending secret of secret arn planted"
		superuser = "[ERROR] ValueError: Unable to log into database using credentials in master secret planted"
		tested    = "[ERROR]\t2026-05-01T00:00:00.000Z\t8c\ttestSecret: Unable to log into database with pending secret of secret ARN planted"
		quick     = "REPORT RequestId: 8c\tDuration: 4999.99 ms\tBilled Duration: 5100 ms\tMemory Size: 128 MB\tInit Duration: 6000.00 ms"
		slow      = "REPORT RequestId: 8c\tDuration: 5000.00 ms\tBilled Duration: 5001 ms\tMemory Size: 128 MB"
		quickJSON = `{"time":"2026-05-01T00:00:00Z","type":"platform.report","record":{"requestId":"8c","metrics":{"durationMs":812.3,"billedDurationMs":5900},"status":"error"}}`
		slowJSON  = `{"time":"2026-05-01T00:00:00Z","type":"platform.report","record":{"requestId":"8c","metrics":{"durationMs": 15012.5,"billedDurationMs":15013},"status":"error"}}`
		tls       = "Unable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: planted"
		timeout   = "2026-05-01T00:00:30.000Z 8c Task timed out after 30.00 seconds"
		timedOut  = "REPORT RequestId: 8c\tDuration: 30000.00 ms\tBilled Duration: 30000 ms\tStatus: timeout"
	)
	permanent, passing := true, false
	tests := map[string]struct {
		lines     []string
		code      Code // empty for lines that explain nothing
		step      string
		permanent bool
	}{
		"nothing":                 {nil, "", "", passing},
		"well":                    {[]string{start, found, "createSecret: Successfully put secret for ARN x and version v.", end, quick}, "", "createSecret", passing},
		"missing field":           {[]string{start, "[ERROR] KeyError: 'engine key is missing from secret JSON'", `  File "/var/task/lambda_function.py", line 80, in create_secret`, end, quick}, SecretKeyMissing, "createSecret", permanent},
		"refused":                 {[]string{start, logged, login, end, quick}, LoginFailed, "setSecret", permanent},
		"refused, JSON":           {[]string{logged, quickJSON}, LoginFailed, "setSecret", permanent},
		"not reached":             {[]string{start, logged, login, end, slow}, LoginTimeout, "setSecret", passing},
		"not reached, JSON":       {[]string{logged, slowJSON}, LoginTimeout, "setSecret", passing},
		"either":                  {[]string{start, logged, login, end}, LoginFailed, "setSecret", passing},
		"superuser refused":       {[]string{superuser, quick}, LoginFailed, "", permanent},
		"superuser not reached":   {[]string{superuser, slow}, LoginTimeout, "", passing},
		"test refused":            {[]string{tested, quick}, LoginFailed, "testSecret", passing},
		"test not reached":        {[]string{tested, slow}, LoginTimeout, "testSecret", passing},
		"kinit refused":           {[]string{"[ERROR] ValueError: execute_kinit_command: kinit failed", quick}, LoginFailed, "", passing},
		"TLS and goes on":         {[]string{tls, quick}, TLSFailed, "", passing},
		"TLS and refused":         {[]string{tls, login, quick}, LoginFailed, "", permanent},
		"TLS and out of time":     {[]string{found, tls, timeout, timedOut}, FunctionTimeoutShort, "", passing},
		"out of time":             {[]string{start, timeout, end, timedOut}, FunctionTimeoutShort, "", passing},
		"out of time, later":      {[]string{start, found, "createSecret: Successfully put secret for ARN x and version v.", timeout, end, timedOut}, FunctionTimeoutShort, "createSecret", passing},
		"silence":                 {[]string{start, found, end, timeout, timedOut}, NetworkNoPathSecretsManager, "", passing},
		"silence, empty line":     {[]string{"INIT_START Runtime Version: python:3.12", start, found, "", timeout, "", end, timedOut}, NetworkNoPathSecretsManager, "", passing},
		"silence, in JSON":        {[]string{`{"message":"Found credentials in environment variables."}`, `{"type":"platform.report","record":{"metrics":{"durationMs":30000},"status":"timeout"}}`}, NetworkNoPathSecretsManager, "", passing},
		"error, then out of time": {[]string{found, "[ERROR] OperationalError: could not connect to server: Connection timed out", timeout, timedOut}, LoginTimeout, "", passing},
		"handled, then stopped":   {[]string{found, logged, timeout, timedOut}, FunctionTimeoutShort, "setSecret", passing},
		"several lines":           {[]string{"[ERROR] ParamValidationError: Parameter validation failed:", "Invalid value for parameter PasswordLength, value: 0, valid min value: 1", "Traceback (most recent call last):", quick}, PasswordLengthInvalid, "", permanent},
		"handled, then another":   {[]string{logged, "[ERROR] ZeroDivisionError: division by zero", quick}, LoginFailed, "setSecret", passing},
		"out of memory":           {[]string{start, found, "RequestId: 8c Error: Runtime exited with error: signal: killed", "Runtime.ExitError", end, quick}, RotationFailed, "", passing},
		"the last error counts":   {[]string{"[ERROR] KeyError: 'masterarn'", "[ERROR] NotImplementedError"}, FunctionNotImplemented, "", permanent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, ok := Run(test.lines)
			want := Explanation{Step: test.step, Permanent: test.permanent, Twice: test.permanent && test.code == LoginFailed}
			if ok != (test.code != "") || e.Finding.Code != test.code {
				t.Errorf("explained as %q, %v", e.Finding.Code, ok)
			}
			if ok {
				checkWording(t, []Finding{e.Finding}, "planted")
			}
			e.Finding, e.AsksValues = Finding{}, false
			if diff := cmp.Diff(want, e); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLogFindings(t *testing.T) {
	t.Parallel()
	missing, unseen := LogMissing("/aws/lambda/rotate"), LogUnseen("/aws/lambda/rotate", "logs:FilterLogEvents")
	checkWording(t, []Finding{missing, unseen})
	if diff := cmp.Diff([]string{"warning log-unavailable", "info log-unavailable"}, codesOf([]Finding{missing, unseen})); diff != "" {
		t.Error(diff)
	}
}

func TestRunRefused(t *testing.T) {
	t.Parallel()
	const (
		superuser = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
		secret    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf"
		denied    = "[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the %s operation: User: x is not authorized to perform: "
		because   = " because no identity-based policy allows the secretsmanager:GetSecretValue action"
	)
	for name, test := range map[string]struct {
		superuser, line string
		want            Code
	}{
		"value":             {superuser, denied + "secretsmanager:GetSecretValue on resource: " + superuser + because, SuperuserNotReadable},
		"tags":              {superuser, denied + "secretsmanager:DescribeSecret on resource: " + superuser + because, SuperuserRDSManagedAccess},
		"by name":           {superuser, denied + "secretsmanager:GetSecretValue on resource: admin" + because, SuperuserNotReadable},
		"in JSON":           {superuser, `{"errorType": "ClientError", "errorMessage": "is not authorized to perform: secretsmanager:GetSecretValue on resource: ` + superuser + `"}`, SuperuserNotReadable},
		"secret":            {superuser, denied + "secretsmanager:GetSecretValue on resource: " + secret + because, RoleSecretAccess},
		"neither":           {superuser, denied + "secretsmanager:GetSecretValue on resource: " + superuser + "2" + because, RoleSecretAccess},
		"none known":        {"", denied + "secretsmanager:GetSecretValue on resource: " + superuser + because, RoleSecretAccess},
		"denied by policy":  {superuser, denied + "secretsmanager:GetSecretValue on resource: " + superuser + " with an explicit deny in a resource-based policy", SecretPolicyDenies},
		"without resource":  {superuser, denied + "secretsmanager:GetSecretValue", RoleSecretAccess},
		"by endpoint":       {superuser, denied + "secretsmanager:GetSecretValue on resource: " + superuser + " because no VPC endpoint policy allows it", NetworkEndpointPolicy},
		"another's actions": {superuser, denied + "rds:DescribeDBInstances on resource: " + superuser, RoleRDSDescribe},
	} {
		e, ok := Known{SecretARN: secret, SuperuserSecretARN: test.superuser}.Explain([]string{test.line})
		if !ok || e.Finding.Code != test.want || e.Permanent {
			t.Errorf("%s: explained as %+v, %v, want %s", name, e, ok, test.want)
		}
		if ofSecret := e.Finding.Detail == secretRefused; ofSecret != (name == "secret") {
			t.Errorf("%s: %s", name, e.Finding.Detail)
		}
		checkWording(t, []Finding{e.Finding}, "admin")
	}
}

// TestRunRaised has lines that explain a run only if they have ended it, or only if the function is a published one.
func TestRunRaised(t *testing.T) {
	t.Parallel()
	const quick = "REPORT RequestId: 8c\tDuration: 812 ms"
	published, custom := &catalog.RotationType{Strategy: catalog.SingleUser}, &catalog.RotationType{Strategy: catalog.CustomStrategy}
	for _, test := range []struct {
		line string
		of   *catalog.RotationType
		code Code // empty for none
		last bool // the error is permanent
	}{
		{"[ERROR] JSONDecodeError: Expecting value: line 1 column 1 (char 0)", published, SecretNotJSON, true},
		{"[ERROR] JSONDecodeError: Expecting value: line 1 column 1 (char 0)", nil, SecretNotJSON, false},
		{"[ERROR] JSONDecodeError: Expecting value: line 1 column 1 (char 0)", custom, "", false},
		{"[ERROR]\t2026-05-01T00:00:00.000Z\t8c\tJSONDecodeError from the ticket system, going on", published, "", false},
		{"[ERROR] IndexError: list index out of range", custom, "", false},
		{"[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named 'pg'", custom, FunctionImportError, true},
		{"[ERROR] KeyError: 'SECRETS_MANAGER_ENDPOINT'", nil, FunctionEnvEndpoint, true},
		{"No module named 'simplejson', using json", published, "", false},
		{"[WARNING]\t2026-05-01T00:00:00.000Z\t8c\tUser planted does not exist in database, creating it", published, "", false},
		{"[ERROR] ValueError: User planted does not exist in database", published, SetPasswordFailed, true},
		{"[ERROR] ValueError: User planted does not exist in database", nil, SetPasswordFailed, false},
		{"session cache timeout expired", published, "", false},
		{"[ERROR] OperationalError: timeout expired", nil, LoginTimeout, false},
		{"handled: Task timed out after 3.00 seconds", published, "", false},
		{"[ERROR]\t2026-05-01T00:00:00.000Z\t8c\tsetSecret: Unable to log into database using current credentials for secret planted", nil, LoginFailed, true},
		{`{"level":"ERROR","message":"setSecret: Unable to log into database using current credentials for secret planted","logger":"root"}`, custom, LoginFailed, true},
		{`{"level":"ERROR","message":"going on","logger":"root","errorType":"JSONDecodeError","errorMessage":"Expecting value"}`, published, "", false},
	} {
		e, ok := Known{Type: test.of}.Explain([]string{test.line, quick})
		if ok != (test.code != "") || e.Finding.Code != test.code || e.Permanent != test.last {
			t.Errorf("%s, type %v: explained as %q, permanent %t", test.line, test.of != nil, e.Finding.Code, e.Permanent)
		}
	}
}

// TestRunDenied has the kinds of policies that AWS names: only for the role's own does it help to allow the action there.
func TestRunDenied(t *testing.T) {
	t.Parallel()
	const denied = "[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the GetSecretValue operation: User: x is not authorized to perform: secretsmanager:GetSecretValue on resource: planted "
	for reason, remedy := range map[string]string{
		"because no identity-based policy allows the secretsmanager:GetSecretValue action":      "Allow the four secret actions",
		"because no permissions boundary allows the secretsmanager:GetSecretValue action":       "Allow the action in the permissions boundary, too",
		"because no service control policy allows the secretsmanager:GetSecretValue action":     "Allow the action in the service control policy, too",
		"because no session policy allows the secretsmanager:GetSecretValue action":             "Allow the action in the session policy, too",
		"with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/p": "Except the execution role from that deny",
		"with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p":  "Except the execution role from that deny",
		"with an explicit deny in a permissions boundary":                                       "Except the execution role from that deny",
	} {
		e, ok := Run([]string{denied + reason})
		if !ok || e.Finding.Code != RoleSecretAccess || !strings.HasPrefix(e.Finding.Remedy, remedy) {
			t.Errorf("%s: %+v", reason, e.Finding)
		}
		checkFindings(t, []Finding{e.Finding}, "planted")
	}
}
