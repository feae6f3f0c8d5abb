package findings

import (
	"maps"
	"slices"
)

// Code is the stable name of a kind of finding.
type Code string

// The codes.
const (
	InvokePermissionMissing   Code = "invoke-permission-missing"
	InvokePermissionQualifier Code = "invoke-permission-qualifier"
	InvokePolicyFull          Code = "invoke-policy-full"
	FunctionNotFound          Code = "function-not-found"
	FunctionOtherRegion       Code = "function-other-region"
	FunctionNotActive         Code = "function-not-active"
	FunctionOtherAccount      Code = "function-other-account"
	CallerCannotInvoke        Code = "caller-cannot-invoke"
	RotationAlreadyConfigured Code = "rotation-already-configured"
	FunctionRuntime           Code = "function-runtime"
	FunctionTypeMismatch      Code = "function-type-mismatch"

	SuperuserRequired         Code = "superuser-required"
	SuperuserNotFound         Code = "superuser-not-found"
	SuperuserNotReadable      Code = "superuser-not-readable"
	SuperuserFormat           Code = "superuser-format"
	SuperuserHostMismatch     Code = "superuser-host-mismatch"
	SuperuserARNMismatch      Code = "superuser-arn-mismatch"
	SuperuserRDSManagedAccess Code = "superuser-rds-managed-access"
	SuperuserOtherAccount     Code = "superuser-other-account"

	SecretNoValue          Code = "secret-no-value"
	SecretNotJSON          Code = "secret-not-json"
	SecretKeyMissing       Code = "secret-key-missing"
	SecretKeyType          Code = "secret-key-type"
	SecretKeyRepeated      Code = "secret-key-repeated"
	SecretKeyUnusable      Code = "secret-key-unusable"
	SecretEngineMismatch   Code = "secret-engine-mismatch"
	SecretUsernameTooLong  Code = "secret-username-too-long"
	SecretBinary           Code = "secret-binary"
	SecretPreviousNotJSON  Code = "secret-previous-not-json"
	SecretValueOverwritten Code = "secret-value-overwritten"

	NetworkNoPathSecretsManager  Code = "network-no-path-secretsmanager"
	NetworkEndpointNoPrivateDNS  Code = "network-endpoint-no-private-dns"
	NetworkEndpointSecurityGroup Code = "network-endpoint-security-group"
	NetworkEgressBlocked         Code = "network-egress-blocked"
	NetworkDatabaseIngress       Code = "network-database-ingress"
	NetworkNoPathRDS             Code = "network-no-path-rds"
	NetworkNoPathService         Code = "network-no-path-service"
	NetworkEndpointPolicy        Code = "network-endpoint-policy"
	NetworkNoVPC                 Code = "network-no-vpc"
	FunctionTimeoutShort         Code = "function-timeout-short"
	FunctionConcurrencyLow       Code = "function-concurrency-low"

	ExcludeCharactersTooFew     Code = "exclude-characters-too-few"
	ExcludeCharactersImpossible Code = "exclude-characters-impossible"
	PasswordLengthInvalid       Code = "password-length-invalid"

	RoleSecretAccess     Code = "role-secret-access"
	RoleRandomPassword   Code = "role-random-password"
	RoleKMS              Code = "role-kms"
	RoleRDSDescribe      Code = "role-rds-describe"
	RoleServiceAccess    Code = "role-service-access"
	RoleVPC              Code = "role-vpc"
	RoleLogs             Code = "role-logs"
	RolePolicyFull       Code = "role-policy-full"
	RolePolicyNearlyFull Code = "role-policy-nearly-full"
	RolePolicyNameTaken  Code = "role-policy-name-taken"
	RoleNotAssumable     Code = "role-not-assumable"
	SecretPolicyDenies   Code = "secret-policy-denies"
	KMSKeyUnusable       Code = "kms-key-unusable"

	ScheduleInvalid      Code = "schedule-invalid"
	ScheduleUndocumented Code = "schedule-undocumented"
	ScheduleWindow       Code = "schedule-window"
	ScheduleConflict     Code = "schedule-conflict"
	RotationOverdue      Code = "rotation-overdue"
	RotationDisabled     Code = "rotation-disabled"

	SecretNotFound         Code = "secret-not-found"
	SecretDeleted          Code = "secret-deleted"
	SecretReplica          Code = "secret-replica"
	SecretServiceManaged   Code = "secret-service-managed"
	RotationPendingStuck   Code = "rotation-pending-stuck"
	RotationInProgress     Code = "rotation-in-progress"
	FunctionEnvEndpoint    Code = "function-env-endpoint"
	FunctionEnvInvalid     Code = "function-env-invalid"
	FunctionImportError    Code = "function-import-error"
	FunctionNotImplemented Code = "function-not-implemented"
	LoginFailed            Code = "login-failed"
	LoginTimeout           Code = "login-timeout"
	TLSFailed              Code = "tls-failed"
	SetPasswordFailed      Code = "set-password-failed"
	ServiceNotReady        Code = "service-not-ready"
	RotationTokenMissing   Code = "rotation-token-missing"
	RotationFailed         Code = "rotation-failed"
	RotationAbandoned      Code = "rotation-abandoned"
	LogUnavailable         Code = "log-unavailable"
)

// Case is a group of codes: a case of AWS's page on troubleshooting.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html.
type Case struct {
	Title   string
	Entries []Entry
}

// Entry is what there is to say of a code, whatever was found.
type Entry struct {
	Code      Code
	Stage     Stage
	Reference string // address of AWS's page on it
	Summary   string // without a full stop
	About     string // what it means and why it matters, full sentences
	Remedy    string // what to do in general, full sentences
}

// Cases returns all cases with their codes, in the order of the documentation.
func Cases() []Case {
	return []Case{caseConfigure, caseSuperuser, caseFormat, caseNetwork, casePasswords, caseAccess, caseSchedule, caseState}
}

var codes = func() map[Code]Entry {
	all := map[Code]Entry{}
	for _, c := range Cases() {
		for _, e := range c.Entries {
			all[e.Code] = e
		}
	}
	return all
}()

// Codes returns all codes in alphabetical order.
func Codes() []Code { return slices.Sorted(maps.Keys(codes)) }

// Spreads reports whether an error of the code may be due to a permission that is there and that AWS does not show everywhere yet.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency.
func (c Code) Spreads() bool {
	switch c {
	case InvokePermissionMissing, InvokePermissionQualifier, CallerCannotInvoke, RoleNotAssumable, SecretPolicyDenies, KMSKeyUnusable, RoleVPC, RoleLogs:
		return true
	}
	return c.IsAccess() && c != SecretKeyUnusable
}

// IsAccess reports whether a failed rotation that the code explains may have been refused access, so that more permissions can mend it.
func (c Code) IsAccess() bool {
	switch c {
	case RoleSecretAccess, RoleRandomPassword, RoleKMS, RoleRDSDescribe, RoleServiceAccess, SuperuserNotReadable, SuperuserRDSManagedAccess:
		return true
	case SecretKeyUnusable: // A keytab secret that cannot be read is logged without the reason.
		return true
	}
	return false
}

// AWS's pages on the codes.
const (
	userGuide          = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/"
	pageTrouble        = userGuide + "troubleshoot_rotation.html"
	pageFormat         = userGuide + "reference_secret_json_structure.html"
	pageRole           = userGuide + "rotating-secrets-required-permissions-function.html"
	pageSchedule       = userGuide + "rotate-secrets_schedule.html"
	pageNetwork        = userGuide + "rotation-function-network-access.html"
	pageTemplates      = userGuide + "reference_available-rotation-templates.html"
	pageStrategy       = userGuide + "rotation-strategy.html"
	pageRotate         = userGuide + "rotate-secrets_turn-on-for-other.html"
	pageManaged        = userGuide + "service-linked-secrets.html"
	pagePermissions    = userGuide + "auth-and-access.html"
	pageKeys           = userGuide + "security-encryption.html"
	pageCross          = userGuide + "auth-and-access_examples_cross.html"
	pageReplica        = userGuide + "replicate-secrets.html"
	pageDelete         = userGuide + "manage_delete-secret.html"
	pagePassword       = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html"
	pageRotateSecret   = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html"
	pageCancel         = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html"
	pageLambdaLimits   = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
	pageLambdaStates   = "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"
	pageLambdaRole     = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"
	pageLambdaRuntimes = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"
	pageLambdaTimeout  = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"
	pageIAMLimits      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
)
