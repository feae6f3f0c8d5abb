package facts

import (
	"context"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Function is a rotation function as Lambda describes it.
type Function struct {
	*lambda.GetFunctionConfigurationOutput

	ARN      arn.FunctionARN // with the qualifier that it was asked for with
	Role     arn.RoleARN
	Timeout  time.Duration
	LogGroup string
	InVPC    bool
	ReadAt   time.Time
	// Environment holds the variables; nil when AWS could not decrypt them.
	Environment map[string]string
}

// Function reads a function's configuration.
func (s Source) Function(ctx context.Context, functionARN string) (*Function, error) {
	return recall(s, "function "+functionARN, func() (*Function, error) {
		a, err := arn.ParseFunction(functionARN)
		if err != nil {
			return nil, &InvalidError{"rotation_lambda_arn", "Invalid function ARN", err.Error(), ""}
		}
		out, err := s.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &functionARN})
		if err != nil {
			return nil, err
		}
		f := &Function{
			GetFunctionConfigurationOutput: out, ARN: a, ReadAt: s.now(),
			Timeout: time.Duration(aws.ToInt32(out.Timeout)) * time.Second, LogGroup: "/aws/lambda/" + a.Name,
		}
		if f.Role, err = arn.ParseRole(aws.ToString(out.Role)); err != nil {
			return nil, &InvalidError{"rotation_lambda_arn", "Invalid execution role", "AWS says that the function runs as a role whose ARN can't be read: " + err.Error(), ""}
		}
		if out.LoggingConfig != nil && aws.ToString(out.LoggingConfig.LogGroup) != "" {
			f.LogGroup = aws.ToString(out.LoggingConfig.LogGroup)
		}
		f.InVPC = out.VpcConfig != nil && len(out.VpcConfig.SubnetIds) > 0
		f.Environment = map[string]string{}
		if e := out.Environment; e != nil && e.Error != nil {
			f.Environment = nil
		} else if e != nil {
			maps.Copy(f.Environment, e.Variables)
		}
		return f, nil
	})
}

// FunctionPolicy is the resource policy of a function or of its qualifier.
type FunctionPolicy struct {
	Document   iampolicy.Document
	Size       int    // in bytes, as Lambda counts it
	RevisionID string // empty when there is no policy
}

// Statement returns the JSON of the statement with a Sid, or "".
func (p FunctionPolicy) Statement(sid string) string {
	for _, s := range p.Document.Statements {
		if s.Sid == sid {
			return s.JSON()
		}
	}
	return ""
}

// FunctionPolicy reads the policy of a function with its qualifier. A function
// without a policy, or no function at all, has an empty one.
func (s Source) FunctionPolicy(ctx context.Context, functionARN string) (FunctionPolicy, error) {
	return recall(s, policyKey(functionARN), func() (FunctionPolicy, error) {
		name, qualifier := arn.SplitQualifier(functionARN)
		out, err := s.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &name, Qualifier: qualifier})
		if awsapi.IsNotFound(err) {
			return FunctionPolicy{}, nil
		}
		if err != nil {
			return FunctionPolicy{}, err
		}
		document, err := iampolicy.Parse(aws.ToString(out.Policy))
		if err != nil {
			return FunctionPolicy{}, &InvalidError{"rotation_lambda_arn", "Invalid function policy", "The resource policy of the function can't be read: " + err.Error(), ""}
		}
		return FunctionPolicy{document, len(aws.ToString(out.Policy)), aws.ToString(out.RevisionId)}, nil
	})
}

func policyKey(functionARN string) string { return "policy " + functionARN }

// ForgetFunctionPolicy makes the next question about a function's policy ask AWS
// again.
func (s Source) ForgetFunctionPolicy(functionARN string) {
	s.cache.forget(s.Region + " " + policyKey(functionARN))
}

// Concurrency reads the concurrency that is reserved for a function, nil if none
// is.
func (s Source) Concurrency(ctx context.Context, functionARN string) (*int, error) {
	name, _ := arn.SplitQualifier(functionARN)
	return advice(ctx, s, "lambda", "concurrency "+name, func(ctx context.Context) (*int, error) {
		out, err := s.Lambda.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
		if err != nil || out.ReservedConcurrentExecutions == nil {
			return nil, err
		}
		return new(int(*out.ReservedConcurrentExecutions)), nil
	})
}
