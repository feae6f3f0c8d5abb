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

// Codes returns all codes in alphabetical order.
func Codes() []Code { return slices.Sorted(maps.Keys(codes)) }

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
	userGuide         = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/"
	pageTrouble       = userGuide + "troubleshoot_rotation.html"
	pageFormat        = userGuide + "reference_secret_json_structure.html"
	pageRole          = userGuide + "rotating-secrets-required-permissions-function.html"
	pageSchedule      = userGuide + "rotate-secrets_schedule.html"
	pageNetwork       = userGuide + "rotation-function-network-access.html"
	pageTemplates     = userGuide + "reference_available-rotation-templates.html"
	pageStrategy      = userGuide + "rotation-strategy.html"
	pageRotate        = userGuide + "rotate-secrets_turn-on-for-other.html"
	pageManaged       = userGuide + "service-linked-secrets.html"
	pagePermissions   = userGuide + "auth-and-access.html"
	pageKeys          = userGuide + "security-encryption.html"
	pageCross         = userGuide + "auth-and-access_examples_cross.html"
	pageReplica       = userGuide + "replicate-secrets.html"
	pageDelete        = userGuide + "manage_delete-secret.html"
	pagePassword      = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html"
	pageRotateSecret  = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html"
	pageCancel        = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html"
	pageLambdaLimits  = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
	pageLambdaStates  = "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"
	pageLambdaRole    = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"
	pageLambdaTimeout = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"
	pageIAMLimits     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
)

type entry struct {
	stage     Stage
	summary   string
	reference string
}

var codes = map[Code]entry{
	InvokePermissionMissing:   {StageApply, "Secrets Manager may not invoke the rotation function", pageRole},
	InvokePermissionQualifier: {StageApply, "The permission to invoke is not on the version or alias that rotation uses", pageRole},
	InvokePolicyFull:          {StagePlan, "The rotation function's policy has no room for another statement", pageLambdaLimits},
	FunctionNotFound:          {StagePlan, "The rotation function does not exist", pageRotateSecret},
	FunctionOtherRegion:       {StagePlan, "The rotation function is in another region than the secret", pageRotateSecret},
	FunctionNotActive:         {StageApply, "The rotation function cannot be invoked in its present state", pageLambdaStates},
	FunctionOtherAccount:      {StagePlan, "The rotation function is in another account than the secret", pageCross},
	CallerCannotInvoke:        {StageApply, "The caller may not invoke the rotation function", pageRotateSecret},
	RotationAlreadyConfigured: {StagePlan, "The secret already rotates", pageRotateSecret},

	SuperuserRequired:         {StagePlan, "The rotation type needs a superuser secret", pageStrategy},
	SuperuserNotFound:         {StagePlan, "The superuser secret does not exist", pageStrategy},
	SuperuserNotReadable:      {StageApply, "The rotation function cannot read the superuser secret", pageRole},
	SuperuserFormat:           {StagePlan, "The superuser secret is not in the format that the rotation function expects", pageFormat},
	SuperuserHostMismatch:     {StagePlan, "The superuser secret is for another host", pageTrouble},
	SuperuserARNMismatch:      {StagePlan, "The secret names another superuser secret than the configuration", pageFormat},
	SuperuserRDSManagedAccess: {StageApply, "The rotation function cannot look up the superuser that a service manages", pageRole},
	SuperuserOtherAccount:     {StagePlan, "The superuser secret is in another account", pageCross},

	SecretNoValue:          {StageApply, "The secret has no value", pageFormat},
	SecretNotJSON:          {StagePlan, "The secret's value is not a JSON object", pageFormat},
	SecretKeyMissing:       {StagePlan, "The secret's value lacks a field", pageFormat},
	SecretKeyType:          {StagePlan, "A field of the secret's value has the wrong type", pageFormat},
	SecretKeyRepeated:      {StagePlan, "A field occurs more than once in the secret's value", pageFormat},
	SecretKeyUnusable:      {StagePlan, "A field of the secret's value cannot work", pageFormat},
	SecretEngineMismatch:   {StagePlan, "The secret's engine is not the rotation type's", pageFormat},
	SecretUsernameTooLong:  {StagePlan, "The user name is too long to be cloned", pageTemplates},
	SecretBinary:           {StagePlan, "The secret's value is binary", pageFormat},
	SecretPreviousNotJSON:  {StagePlan, "The secret's previous value is not JSON", pageFormat},
	SecretValueOverwritten: {StagePlan, "The rotation template replaces the whole value", pageTemplates},

	NetworkNoPathSecretsManager:  {StageApply, "The rotation function cannot reach Secrets Manager", pageNetwork},
	NetworkEndpointNoPrivateDNS:  {StageApply, "The VPC endpoint of Secrets Manager has no private DNS name", pageNetwork},
	NetworkEndpointSecurityGroup: {StageApply, "The VPC endpoint of Secrets Manager does not admit the rotation function", pageNetwork},
	NetworkEgressBlocked:         {StageApply, "The rotation function's security groups block its way out", pageNetwork},
	NetworkDatabaseIngress:       {StageApply, "The database's security groups do not admit the rotation function", pageNetwork},
	NetworkNoPathRDS:             {StageApply, "The rotation function cannot reach the RDS API", pageNetwork},
	NetworkNoPathService:         {StageApply, "The rotation function cannot reach the API of the database or directory", pageNetwork},
	NetworkEndpointPolicy:        {StageApply, "The policy of the VPC endpoint denies the rotation function", pageNetwork},
	NetworkNoVPC:                 {StageApply, "The rotation function is outside of the database's VPC", pageNetwork},
	FunctionTimeoutShort:         {StageApply, "The rotation function runs out of time", pageLambdaTimeout},
	FunctionConcurrencyLow:       {StageApply, "The rotation function has too little concurrency", pageTrouble},

	ExcludeCharactersTooFew:     {StageApply, "Passwords may contain characters that the database refuses", pageTemplates},
	ExcludeCharactersImpossible: {StageApply, "No password can be made of the characters left", pagePassword},
	PasswordLengthInvalid:       {StageApply, "The password length is not one the database accepts", pagePassword},

	RoleSecretAccess:     {StageApply, "The execution role may not use the secret", pageRole},
	RoleRandomPassword:   {StageApply, "The execution role may not generate passwords", pageRole},
	RoleKMS:              {StageApply, "The execution role may not use the secret's key", pageRole},
	RoleRDSDescribe:      {StageApply, "The execution role may not look up the database in RDS", pageRole},
	RoleServiceAccess:    {StageApply, "The execution role may not call the service of the database or directory", pageRole},
	RoleVPC:              {StageApply, "The execution role may not connect the function to its VPC", pageRole},
	RoleLogs:             {StageApply, "The execution role may not write logs", pageLambdaRole},
	RolePolicyFull:       {StagePlan, "The execution role has no room for another inline policy", pageIAMLimits},
	RolePolicyNearlyFull: {StageApply, "The execution role will soon have no room for another inline policy", pageIAMLimits},
	RolePolicyNameTaken:  {StageApply, "The execution role has another inline policy of that name", pageRole},
	RoleNotAssumable:     {StageApply, "Lambda may not assume the execution role", pageLambdaRole},
	SecretPolicyDenies:   {StageApply, "The secret's resource policy denies the execution role", pagePermissions},
	KMSKeyUnusable:       {StageApply, "The secret's key cannot be used", pageKeys},

	ScheduleInvalid:      {StagePlan, "The rotation schedule is not valid", pageSchedule},
	ScheduleUndocumented: {StagePlan, "The rotation schedule has a form that AWS does not document", pageSchedule},
	ScheduleWindow:       {StagePlan, "The rotation window is not valid", pageSchedule},
	ScheduleConflict:     {StagePlan, "Exactly one kind of schedule is needed", pageSchedule},
	RotationOverdue:      {StageRotation, "The rotation is overdue", pageTrouble},

	SecretNotFound:         {StagePlan, "The secret does not exist", pageRotateSecret},
	SecretDeleted:          {StagePlan, "The secret is scheduled for deletion", pageDelete},
	SecretReplica:          {StagePlan, "The secret is a replica", pageReplica},
	SecretServiceManaged:   {StagePlan, "Another AWS service manages the secret", pageManaged},
	RotationPendingStuck:   {StagePlan, "An unfinished rotation blocks the next one", pageCancel},
	RotationInProgress:     {StageApply, "A rotation is in progress", pageRotateSecret},
	FunctionEnvEndpoint:    {StageApply, "The rotation function lacks the endpoint of Secrets Manager", pageRotate},
	FunctionEnvInvalid:     {StageApply, "The rotation function cannot work with its environment", pageRotate},
	FunctionImportError:    {StageRotation, "The rotation function cannot load its code", pageTrouble},
	FunctionNotImplemented: {StageRotation, "The rotation function is the unfinished template", pageTemplates},
	LoginFailed:            {StageRotation, "The rotation function cannot log into the database", pageTrouble},
	LoginTimeout:           {StageRotation, "The rotation function cannot reach the database", pageNetwork},
	TLSFailed:              {StageRotation, "The encrypted connection to the database fails", pageTrouble},
	SetPasswordFailed:      {StageRotation, "The rotation function cannot set the new password", pageTrouble},
	ServiceNotReady:        {StageRotation, "The service did not finish a change in time", pageTrouble},
	FunctionRuntime:        {StageApply, "The rotation function's runtime is not one that AWS's functions are made for", "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"},
	FunctionTypeMismatch:   {StageApply, "The rotation function seems to be that of another rotation type", pageTemplates},
	RotationDisabled:       {StageRotation, "Rotation of the secret is off", pageRotateSecret},
	RotationFailed:         {StageRotation, "The last rotation failed", pageTrouble},
	RotationAbandoned:      {StageRotation, "The last rotation was abandoned", pageTrouble},
	LogUnavailable:         {StageRotation, "The rotation function's log cannot be read", pageTrouble},
	RotationTokenMissing:   {StageRotation, "The rotation function does not pass on the rotation token", pageTrouble},
}
