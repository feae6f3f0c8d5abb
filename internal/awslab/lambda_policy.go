package awslab

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// functionPolicy is the resource policy of a function or of one qualifier: each
// has its own.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html.
type functionPolicy struct {
	document iampolicy.Document
	revision string
}

// policyDocument is the policy that guards a qualifier. $LATEST has none: only
// the function itself, aliases and published versions do.
func (f *lambdaFunction) policyDocument(qualifier string) *iampolicy.Document {
	if f == nil || f.policies[qualifier] == nil {
		return nil
	}
	return &f.policies[qualifier].document
}

type addPermissionInput struct {
	StatementID                                 string `json:"StatementId"`
	Action, Principal, SourceArn, SourceAccount string
	EventSourceToken, PrincipalOrgID            string
	FunctionURLAuthType                         string `json:"FunctionUrlAuthType"`
	RevisionID                                  string `json:"RevisionId"`
}

var (
	statementIDPattern  = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)
	lambdaActionPattern = regexp.MustCompile(`^(lambda:\*|lambda:[a-zA-Z]+|\*)$`)
	accountPattern      = regexp.MustCompile(`^\d{12}$`)
	sourceARNPattern    = regexp.MustCompile(`^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9-])+:([a-z]{2}(-gov)?-[a-z]+-\d)?:(\d{12})?:(.*)$`)
)

func (in addPermissionInput) check() error {
	switch {
	case !statementIDPattern.MatchString(in.StatementID):
		return lambdaModelError("statementId", in.StatementID, `Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)`)
	case !lambdaActionPattern.MatchString(in.Action):
		return lambdaModelError("action", in.Action, `Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])`)
	case in.Principal == "" || strings.ContainsAny(in.Principal, " \t\n"):
		return lambdaModelError("principal", in.Principal, `Member must satisfy regular expression pattern: [^\s]+`)
	case in.SourceAccount != "" && !accountPattern.MatchString(in.SourceAccount):
		return lambdaModelError("sourceAccount", in.SourceAccount, `Member must satisfy regular expression pattern: \d{12}`)
	case in.SourceArn != "" && !sourceARNPattern.MatchString(in.SourceArn):
		return lambdaModelError("sourceArn", in.SourceArn, `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)
	}
	return nil
}

// statement renders the permission as Lambda stores it.
func (in addPermissionInput) statement(s *iamState, functionARN string) (iampolicy.Statement, error) {
	statement := iampolicy.Statement{
		Sid: in.StatementID, Effect: iampolicy.EffectAllow, Actions: []string{in.Action}, Resources: []string{functionARN},
	}
	switch {
	case in.Principal == "*":
		statement.Principals = map[string][]string{"*": {"*"}}
	case accountPattern.MatchString(in.Principal):
		statement.Principals = map[string][]string{"AWS": {"arn:aws:iam::" + in.Principal + ":root"}}
	case strings.HasPrefix(in.Principal, "arn:") && s.knows(in.Principal):
		statement.Principals = map[string][]string{"AWS": {in.Principal}}
	case servicePattern.MatchString(in.Principal):
		statement.Principals = map[string][]string{"Service": {in.Principal}}
	default:
		return statement, lambdaInvalid("The provided principal was invalid. Please check the principal and try again.")
	}
	for _, condition := range []iampolicy.Condition{
		{Operator: "StringEquals", Key: "AWS:SourceAccount", Values: []string{in.SourceAccount}},
		{Operator: "StringEquals", Key: "aws:PrincipalOrgID", Values: []string{in.PrincipalOrgID}},
		{Operator: "StringEquals", Key: "lambda:EventSourceToken", Values: []string{in.EventSourceToken}},
		{Operator: "StringEquals", Key: "lambda:FunctionUrlAuthType", Values: []string{in.FunctionURLAuthType}},
		{Operator: "ArnLike", Key: "AWS:SourceArn", Values: []string{in.SourceArn}},
	} {
		if condition.Values[0] != "" {
			statement.Conditions = append(statement.Conditions, condition)
		}
	}
	return statement, nil
}

var servicePattern = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com|amazonaws\.com\.cn|amazon\.com)$`)

func addPermission(c *call, in *addPermissionInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	f, named, err := c.function("AddPermission", true, map[string][]string{"lambda:Principal": {in.Principal}})
	if err != nil {
		return nil, err
	}
	if named.Qualifier == latestVersion {
		return nil, lambdaInvalid("We currently do not support adding policies for $LATEST.")
	}
	if _, ok := f.configuration(named.Qualifier); !ok {
		return nil, functionNotFound(named)
	}
	statement, err := in.statement(c.lab.iam, named.String())
	if err != nil {
		return nil, err
	}
	policy := functionPolicy{document: iampolicy.Document{Version: iampolicy.Version, ID: "default"}}
	if old := f.policies[named.Qualifier]; old != nil {
		policy = *old
	}
	if err := checkRevision(in.RevisionID, policy.revision); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(policy.document.Statements, func(s iampolicy.Statement) bool { return s.Sid == in.StatementID }) {
		return nil, lambdaConflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", in.StatementID)
	}
	policy.document.Statements = append(slices.Clip(policy.document.Statements), statement)
	if size := len(policy.document.JSON()); size > iampolicy.MaxFunctionPolicyBytes {
		return nil, errorf("PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", size, iampolicy.MaxFunctionPolicyBytes)
	}
	policy.revision = newUUID()
	f.policies[named.Qualifier] = &policy
	c.status = http.StatusCreated
	return map[string]any{"Statement": statement.JSON()}, nil
}

func getFunctionPolicy(c *call) (any, error) {
	f, named, err := c.function("GetPolicy", false, nil)
	if err != nil {
		return nil, err
	}
	if _, ok := f.configuration(named.Qualifier); !ok {
		return nil, functionNotFound(named)
	}
	policy := f.policies[named.Qualifier]
	if policy == nil {
		return nil, lambdaNotFound("The resource you requested does not exist.")
	}
	return map[string]any{"Policy": policy.document.JSON(), "RevisionId": policy.revision}, nil
}

func removePermission(c *call) (any, error) {
	f, named, err := c.function("RemovePermission", true, nil)
	if err != nil {
		return nil, err
	}
	policy, id := f.policies[named.Qualifier], c.http.PathValue("statement")
	if policy == nil {
		return nil, lambdaNotFound("No policy is associated with the given resource.")
	}
	if err := checkRevision(c.http.URL.Query().Get("RevisionId"), policy.revision); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(policy.document.Statements, func(s iampolicy.Statement) bool { return s.Sid == id })
	if i < 0 {
		return nil, lambdaNotFound("Statement " + id + " is not found in resource policy.")
	}
	c.status = http.StatusNoContent
	policy.document.Statements = slices.Delete(slices.Clone(policy.document.Statements), i, i+1)
	policy.revision = newUUID()
	if len(policy.document.Statements) == 0 {
		delete(f.policies, named.Qualifier)
	}
	return nil, nil
}
