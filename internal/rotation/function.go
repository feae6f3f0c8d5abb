package rotation

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// function is a rotation function as Lambda describes it.
type function struct {
	arn      arn.FunctionARN
	role     arn.RoleARN
	timeout  time.Duration
	logGroup string
	inVPC    bool
	read     time.Time
	// environment holds the variables; nil when AWS could not decrypt them.
	environment map[string]string
}

// remembered is for how long the answer to one setup serves the others.
const remembered = 5 * time.Second

// function reads a function's configuration, once per run unless fresh.
func (o *operation) function(ctx context.Context, functionARN string, fresh bool) (*function, error) {
	key := "function " + functionARN
	if fresh {
		o.reads.forget(key)
	}
	return recall(&o.reads, key, func() (*function, error) {
		a, err := arn.ParseFunction(functionARN)
		if err != nil {
			return nil, wrong("rotation_lambda_arn", "Invalid function ARN", err.Error())
		}
		out, err := o.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &functionARN})
		if err != nil {
			return nil, err
		}
		f := &function{arn: a, read: o.clock.Now(), timeout: time.Duration(aws.ToInt32(out.Timeout)) * time.Second, logGroup: "/aws/lambda/" + a.Name}
		if f.role, err = arn.ParseRole(aws.ToString(out.Role)); err != nil {
			return nil, wrong("rotation_lambda_arn", "Invalid execution role", "AWS says that the function runs as a role whose ARN can't be read: "+err.Error())
		}
		if out.LoggingConfig != nil && aws.ToString(out.LoggingConfig.LogGroup) != "" {
			f.logGroup = aws.ToString(out.LoggingConfig.LogGroup)
		}
		f.inVPC = out.VpcConfig != nil && len(out.VpcConfig.SubnetIds) > 0
		f.environment = map[string]string{}
		if e := out.Environment; e != nil && e.Error != nil {
			f.environment = nil
		} else if e != nil {
			maps.Copy(f.environment, e.Variables)
		}
		return f, nil
	})
}

// functionPolicy is the resource policy of a function or of its qualifier.
type functionPolicy struct {
	document   iampolicy.Document
	size       int    // in bytes, as Lambda counts it
	revisionID string // empty when there is no policy
}

// policy reads the policy of a function with its qualifier, once per run unless
// fresh. A function without a policy, or no function at all, has an empty one.
func (o *operation) policy(ctx context.Context, functionARN string, fresh bool) (functionPolicy, error) {
	key := "policy " + functionARN
	if fresh {
		o.reads.forget(key)
	}
	return recall(&o.reads, key, func() (functionPolicy, error) {
		name, qualifier := split(functionARN)
		out, err := o.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &name, Qualifier: qualifier})
		if awsapi.IsNotFound(err) {
			return functionPolicy{}, nil
		}
		if err != nil {
			return functionPolicy{}, err
		}
		document, err := iampolicy.Parse(aws.ToString(out.Policy))
		if err != nil {
			return functionPolicy{}, wrong("rotation_lambda_arn", "Invalid function policy", "The resource policy of the function can't be read: "+err.Error())
		}
		return functionPolicy{document, len(aws.ToString(out.Policy)), aws.ToString(out.RevisionId)}, nil
	})
}

// statement returns the JSON of the statement with a Sid, or "".
func (p functionPolicy) statement(sid string) string {
	for _, s := range p.document.Statements {
		if s.Sid == sid {
			return s.JSON()
		}
	}
	return ""
}

// equals returns the Sids of the statements that say the same as one under
// another Sid.
func (p functionPolicy) equals(statement string) []string {
	var sids []string
	for _, s := range p.document.Statements {
		if other := s.JSON(); sameStatement(anonymous(other), anonymous(statement)) && !sameStatement(other, statement) {
			sids = append(sids, s.Sid)
		}
	}
	return sids
}

// split gives Lambda's two ways to name a function: without qualifier, and the
// qualifier, nil if none.
func split(functionARN string) (name string, qualifier *string) {
	a, err := arn.ParseFunction(functionARN)
	if err != nil || a.Qualifier == "" {
		return functionARN, nil
	}
	return a.Unqualified().String(), &a.Qualifier
}

// sameStatement reports whether two statements say the same.
func sameStatement(a, b string) bool {
	return a != "" && b != "" && iampolicy.Equivalent(wrap(a), wrap(b))
}

// isFor reports whether a statement is for one secret, or is the one that lets a
// function rotate all secrets of its account.
func isFor(statement, ownerARN string) bool {
	if _, err := arn.ParseFunction(ownerARN); err == nil {
		return sameStatement(anonymous(statement), PermissionFor("", permitted(statement), ownerARN))
	}
	return condition(statement, "aws:SourceArn") == ownerARN
}

// anonymous is a statement without its Sid.
func anonymous(statement string) string {
	document, err := iampolicy.Parse(wrap(statement))
	if err != nil || len(document.Statements) != 1 {
		return statement
	}
	document.Statements[0].Sid = ""
	return document.Statements[0].JSON()
}

// condition is the one value that a statement requires of a condition key, or "".
func condition(statement, key string) string {
	document, err := iampolicy.Parse(wrap(statement))
	if err != nil || len(document.Statements) != 1 {
		return ""
	}
	for _, c := range document.Statements[0].Conditions {
		if strings.EqualFold(c.Key, key) && len(c.Values) == 1 {
			return c.Values[0]
		}
	}
	return ""
}

func wrap(statement string) string {
	return `{"Version":"2012-10-17","Statement":[` + statement + `]}`
}

// permitted is the function, with its qualifier, that a recorded statement is
// about, or "".
func permitted(statement string) string {
	var s struct{ Resource string }
	if json.Unmarshal([]byte(statement), &s) != nil {
		return ""
	}
	return s.Resource
}
