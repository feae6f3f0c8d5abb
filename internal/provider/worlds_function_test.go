package provider

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// functionWorlds are those in which the function cannot do its work, or may not
// get to.
func functionWorlds() []brokenWorld {
	timeout := func(seconds int32) func(*scene) {
		return func(s *scene) {
			s.configure(func(in *lambda.UpdateFunctionConfigurationInput) { in.Timeout = &seconds })
		}
	}
	described := func(description string) func(*scene) {
		return func(s *scene) {
			s.configure(func(in *lambda.UpdateFunctionConfigurationInput) { in.Description = &description })
		}
	}
	runtime := func(r lambdatypes.Runtime) func(*scene) {
		return func(s *scene) {
			s.configure(func(in *lambda.UpdateFunctionConfigurationInput) { in.Runtime = r })
		}
	}
	state := func(state awslab.FunctionState) func(*scene) {
		return func(s *scene) { s.SetFunctionState(s.FunctionARN, state) }
	}
	reserve := func(n int32) func(*scene) {
		return func(s *scene) {
			_, err := s.Functions.PutFunctionConcurrency(s.t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: &s.FunctionARN, ReservedConcurrentExecutions: &n})
			s.Must(err)
		}
	}
	free := func(s *scene) {
		_, err := s.Functions.DeleteFunctionConcurrency(s.t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: &s.FunctionARN})
		s.Must(err)
	}
	active := state(awslab.FunctionState{})
	const single, db2 = postgresSingle, "Db2SingleUser"
	return []brokenWorld{
		{
			name: "shorter than the function waits", code: findings.FunctionTimeoutShort, stage: byApply, shape: of(db2),
			breaks: timeout(9), repair: timeout(30),
		},
		{
			name: "Lambda's default", code: findings.FunctionTimeoutShort, stage: asWarning, shape: of(single), notRun: "three seconds may do",
			breaks: timeout(3), repair: timeout(30),
		},
		{
			name: "shorter than a change of the cache user", code: findings.FunctionTimeoutShort, stage: asWarning, shape: cacheUser, notRun: "the lab's service is quick",
			breaks: timeout(30), repair: timeout(900),
		},
		{
			name: "none reserved", code: findings.FunctionConcurrencyLow, stage: byApply, shape: of(single),
			breaks: reserve(0), repair: free,
		},
		{
			name: "two reserved", code: findings.FunctionConcurrencyLow, stage: asWarning, shape: of(single), notRun: "it takes as many rotations at a time",
			breaks: reserve(2), repair: reserve(10),
		},
		{
			name: "failed", code: findings.FunctionNotActive, stage: byApply, shape: of(single),
			breaks: state(awslab.FunctionState{State: "Failed", StateReason: "The image was deleted.", StateReasonCode: "ImageDeleted"}), repair: active,
		},
		{
			name: "inactive", code: findings.FunctionNotActive, stage: asWarning, shape: of(single),
			notRun: "the first invocation fails and wakes the function, and Secrets Manager tries again",
			breaks: state(awslab.FunctionState{State: "Inactive", StateReasonCode: "Idle"}), repair: active,
		},
		{
			name: "update failed", code: findings.FunctionNotActive, stage: asWarning, shape: of(single),
			notRun: "the function runs with the code of before",
			breaks: state(awslab.FunctionState{LastUpdateStatus: "Failed", LastUpdateStatusReasonCode: "EniLimitExceeded"}), repair: active,
		},
		{
			name: "retired", code: findings.FunctionRuntime, stage: asWarning, shape: of(single),
			notRun: "it still runs", breaks: runtime("python3.9"), repair: runtime("python3.12"),
		},
		{
			name: "none of AWS's", code: findings.FunctionRuntime, stage: asWarning, shape: of(single),
			notRun: "it may do the same", breaks: runtime("nodejs22.x"), repair: runtime("python3.12"),
		},
		{
			name: "described as another", code: findings.FunctionTypeMismatch, stage: asWarning, shape: of(single),
			notRun: "only the description tells",
			breaks: described("Rotates a Secrets Manager secret for Amazon RDS MySQL credentials using the single user rotation strategy."),
			repair: described("Rotates a Secrets Manager secret for Amazon RDS PostgreSQL credentials using the single user rotation strategy."),
		},
		{
			name: "runtime raised without the code", code: findings.FunctionImportError, stage: byWait, shape: of(single),
			breaks: func(s *scene) { s.env(map[string]string{awslab.RuntimeVariable: "python3.9"}) },
			repair: func(s *scene) { s.env(map[string]string{awslab.RuntimeVariable: "python3.12"}) },
		},
	}
}

// ownLogs sends the function's log to another group.
func ownLogs(s *scene) {
	s.t.Helper()
	s.configure(func(in *lambda.UpdateFunctionConfigurationInput) {
		in.LoggingConfig = &lambdatypes.LoggingConfig{LogGroup: aws.String("/rotation/orders")}
	})
}

// jsonLogs has Lambda write the function's log as JSON.
func jsonLogs(s *scene) {
	s.t.Helper()
	s.configure(func(in *lambda.UpdateFunctionConfigurationInput) {
		in.LoggingConfig = &lambdatypes.LoggingConfig{LogFormat: lambdatypes.LogFormatJson}
	})
}
