package awslab_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// newFunction makes the function f with the role r, which may only write logs.
func (l *servicesLab) newFunction(variables ...string) string {
	l.Helper()
	if _, err := l.iam.GetRole(l.Context(), &iam.GetRoleInput{RoleName: new("r")}); err != nil {
		l.newRole("r", lambdaTrust)
		try[*iam.AttachRolePolicyOutput](l)(l.iam.AttachRolePolicy(l.Context(), &iam.AttachRolePolicyInput{RoleName: new("r"), PolicyArn: new(basicExecution)}))
	}
	return l.function("f", "arn:aws:iam::123456789012:role/r", variables...)
}

const someSecret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf"

func permission(function, statement, source string) *lambda.AddPermissionInput {
	return &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: &statement, Action: new("lambda:InvokeFunction"), Principal: new("secretsmanager.amazonaws.com"),
		SourceAccount: new("123456789012"), SourceArn: &source,
	}
}

func TestFunction(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newRole("r", lambdaTrust)
	created := try[*lambda.CreateFunctionOutput](t)(l.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: new("f"), Role: new("arn:aws:iam::123456789012:role/r"), Runtime: lambdatypes.RuntimePython312, Handler: new("a.b"),
		Code: &lambdatypes.FunctionCode{ZipFile: []byte("code")}, Tags: map[string]string{"a": "b"},
	}))
	if *created.Timeout != 3 || *created.MemorySize != 128 || created.State != lambdatypes.StateActive || *created.Version != "$LATEST" ||
		*created.LoggingConfig.LogGroup != "/aws/lambda/f" || created.CodeSize != 4 || *created.LastModified != "2026-01-22T14:30:00.000+0000" {
		t.Errorf("the function was made as %+v", created)
	}
	if sum, err := base64.StdEncoding.DecodeString(*created.CodeSha256); err != nil || len(sum) != 32 {
		t.Errorf("the hash of the code is %s", *created.CodeSha256)
	}
	updated := try[*lambda.UpdateFunctionConfigurationOutput](t)(l.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: new("f"), Timeout: new(int32(30)), Environment: &lambdatypes.Environment{Variables: map[string]string{"A_B": "c"}},
		VpcConfig: &lambdatypes.VpcConfig{}, RevisionId: created.RevisionId, LoggingConfig: &lambdatypes.LoggingConfig{LogGroup: new("shared")},
	}))
	if *updated.Timeout != 30 || *updated.Handler != "a.b" || *updated.LoggingConfig.LogGroup != "shared" || *updated.RevisionId == *created.RevisionId {
		t.Errorf("the function was updated to %+v", updated)
	}
	_, err := l.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: new("f"), Timeout: new(int32(4)), RevisionId: created.RevisionId})
	refused(t, err, "PreconditionFailedException", "latest Revision Id")

	got := try[*lambda.GetFunctionOutput](t)(l.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: new("f")}))
	if diff := cmp.Diff(map[string]string{"A_B": "c"}, got.Configuration.Environment.Variables); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	try[*lambda.TagResourceOutput](t)(l.lambda.TagResource(t.Context(), &lambda.TagResourceInput{Resource: created.FunctionArn, Tags: map[string]string{"c": "d"}}))
	try[*lambda.UntagResourceOutput](t)(l.lambda.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: created.FunctionArn, TagKeys: []string{"a"}}))
	tags := try[*lambda.ListTagsOutput](t)(l.lambda.ListTags(t.Context(), &lambda.ListTagsInput{Resource: created.FunctionArn})).Tags
	if diff := cmp.Diff(map[string]string{"c": "d"}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	try[*lambda.DeleteFunctionOutput](t)(l.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: new("f")}))
	_, err = l.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: new("f")})
	refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:f")
}

// TestFunctionNames reads one function by all the names that it has.
func TestFunctionNames(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	function := l.newFunction()
	try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &function}))
	try[*lambda.CreateAliasOutput](t)(l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: new("live"), FunctionVersion: new("1")}))
	for _, test := range []struct{ name, qualifier, arn, version, code string }{
		{name: "f", arn: function, version: "$LATEST"},
		{name: function, arn: function, version: "$LATEST"},
		{name: "123456789012:function:f", arn: function, version: "$LATEST"},
		{name: "function:f", arn: function, version: "$LATEST"},
		{name: "f:1", arn: function + ":1", version: "1"},
		{name: "f", qualifier: "1", arn: function + ":1", version: "1"},
		{name: "f:live", arn: function + ":live", version: "1"},
		{name: function + ":live", arn: function + ":live", version: "1"},
		{name: function + ":live", qualifier: "live", arn: function + ":live", version: "1"},
		{name: "f", qualifier: "$LATEST", arn: function + ":$LATEST", version: "$LATEST"},
		{name: function + ":live", qualifier: "1", code: "InvalidParameterValueException"},
		{name: "f", qualifier: "none", code: "ResourceNotFoundException"},
		{name: "f:2", code: "ResourceNotFoundException"},
		{name: "g", code: "ResourceNotFoundException"},
		{name: "arn:aws:lambda:eu-west-2:123456789012:function:f", code: "ResourceNotFoundException"},
		{name: "arn:aws:lambda:eu-west-1:210987654321:function:f", code: "AccessDeniedException"},
		{name: "f/g", code: "ValidationException"},
	} {
		in := lambda.GetFunctionConfigurationInput{FunctionName: &test.name}
		if test.qualifier != "" {
			in.Qualifier = &test.qualifier
		}
		out, err := l.lambda.GetFunctionConfiguration(t.Context(), &in)
		switch {
		case test.code != "":
			refused(t, err, test.code, "")
		case err != nil:
			t.Errorf("%s %s: %v", test.name, test.qualifier, err)
		case *out.FunctionArn != test.arn || *out.Version != test.version:
			t.Errorf("%s %s is version %s of %s, want version %s of %s", test.name, test.qualifier, *out.Version, *out.FunctionArn, test.version, test.arn)
		}
	}
}

func TestCreateFunctionRefusals(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	function := l.newFunction()
	l.newRole("untrusting", strings.ReplaceAll(lambdaTrust, "lambda.", "ec2."))
	for name, test := range map[string]struct {
		change        func(*lambda.CreateFunctionInput)
		code, message string
	}{
		"exists":     {func(in *lambda.CreateFunctionInput) { in.FunctionName = &function }, "ResourceConflictException", "Function already exist: f"},
		"name":       {func(in *lambda.CreateFunctionInput) { in.FunctionName = new("a b") }, "ValidationException", "functionName"},
		"qualified":  {func(in *lambda.CreateFunctionInput) { in.FunctionName = new("g:live") }, "InvalidParameterValueException", "qualifier"},
		"role":       {func(in *lambda.CreateFunctionInput) { in.Role = new("r") }, "ValidationException", "role"},
		"no role":    {func(in *lambda.CreateFunctionInput) { in.Role = new("arn:aws:iam::123456789012:role/none") }, "InvalidParameterValueException", "cannot be assumed by Lambda"},
		"trust":      {func(in *lambda.CreateFunctionInput) { in.Role = new("arn:aws:iam::123456789012:role/untrusting") }, "InvalidParameterValueException", "cannot be assumed by Lambda"},
		"timeout":    {func(in *lambda.CreateFunctionInput) { in.Timeout = new(int32(901)) }, "ValidationException", "timeout"},
		"memory":     {func(in *lambda.CreateFunctionInput) { in.MemorySize = new(int32(64)) }, "ValidationException", "memorySize"},
		"no code":    {func(in *lambda.CreateFunctionInput) { in.Code = &lambdatypes.FunctionCode{} }, "InvalidParameterValueException", "source for function code"},
		"no handler": {func(in *lambda.CreateFunctionInput) { in.Handler = nil }, "InvalidParameterValueException", "Runtime and Handler are mandatory"},
		"VPC": {func(in *lambda.CreateFunctionInput) {
			in.VpcConfig = &lambdatypes.VpcConfig{SubnetIds: []string{"subnet-1"}}
		}, "InvalidParameterValueException", "CreateNetworkInterface"},
		"environment": {func(in *lambda.CreateFunctionInput) { in.Environment = variables("AWS_REGION", "x") }, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		"variable":    {func(in *lambda.CreateFunctionInput) { in.Environment = variables("1", "x") }, "InvalidParameterValueException", "must start with a letter"},
		"4 KB":        {func(in *lambda.CreateFunctionInput) { in.Environment = variables("AA", strings.Repeat("x", 4095)) }, "InvalidParameterValueException", "exceeded the 4KB limit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := lambda.CreateFunctionInput{
				FunctionName: new("g"), Role: new("arn:aws:iam::123456789012:role/r"), Runtime: lambdatypes.RuntimePython312, Handler: new("a.b"),
				Code: &lambdatypes.FunctionCode{ZipFile: []byte("code")},
			}
			test.change(&in)
			_, err := l.lambda.CreateFunction(t.Context(), &in)
			refused(t, err, test.code, test.message)
			_, err = l.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: new("g")})
			refused(t, err, "ResourceNotFoundException", "")
		})
	}
}

func variables(name, value string) *lambdatypes.Environment {
	return &lambdatypes.Environment{Variables: map[string]string{name: value}}
}

func TestVersionsAndAliases(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	function := l.newFunction()
	publish := func() string {
		t.Helper()
		return *try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: new("f")})).Version
	}
	if first, again := publish(), publish(); first != "1" || again != "1" {
		t.Errorf("publishing the same twice made versions %s and %s", first, again)
	}
	try[*lambda.UpdateFunctionConfigurationOutput](t)(l.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: new("f"), Timeout: new(int32(60))}))
	if second := publish(); second != "2" {
		t.Errorf("publishing a change made version %s", second)
	}
	versions := try[*lambda.ListVersionsByFunctionOutput](t)(l.lambda.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: new("f")})).Versions
	var list []string
	for _, v := range versions {
		list = append(list, fmt.Sprint(strings.TrimPrefix(*v.FunctionArn, function), " ", *v.Timeout))
	}
	if diff := cmp.Diff([]string{":$LATEST 60", ":1 30", ":2 60"}, list); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	alias := try[*lambda.CreateAliasOutput](t)(l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: new("1")}))
	_, err := l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: new("1")})
	refused(t, err, "ResourceConflictException", "Alias already exists")
	_, err = l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: new("f"), Name: new("12"), FunctionVersion: new("1")})
	refused(t, err, "ValidationException", "name")
	_, err = l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: new("f"), Name: new("next"), FunctionVersion: new("3")})
	refused(t, err, "ResourceNotFoundException", "f:3")
	_, err = l.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: new("f"), Qualifier: new("1")})
	refused(t, err, "ResourceConflictException", "alias live")
	try[*lambda.UpdateAliasOutput](t)(l.lambda.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: new("2"), RevisionId: alias.RevisionId}))
	_, err = l.lambda.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: new("1"), RevisionId: alias.RevisionId})
	refused(t, err, "PreconditionFailedException", "")
	if now := try[*lambda.GetAliasOutput](t)(l.lambda.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: new("f"), Name: new("live")})); *now.FunctionVersion != "2" {
		t.Errorf("the alias is at version %s", *now.FunctionVersion)
	}
	try[*lambda.DeleteFunctionOutput](t)(l.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: new("f"), Qualifier: new("1")}))
	try[*lambda.AddPermissionOutput](t)(l.lambda.AddPermission(t.Context(), permission(function+":live", "s", someSecret)))
	try[*lambda.DeleteAliasOutput](t)(l.lambda.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: new("f"), Name: new("live")}))
	try[*lambda.CreateAliasOutput](t)(l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: new("f"), Name: new("live"), FunctionVersion: new("2")}))
	_, err = l.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: new("f"), Qualifier: new("live")})
	refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
}

func TestPermission(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	function := l.newFunction()
	try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &function}))
	try[*lambda.CreateAliasOutput](t)(l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: new("live"), FunctionVersion: new("1")}))
	get := func(function string) (*lambda.GetPolicyOutput, error) {
		return l.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: &function})
	}
	_, err := get(function)
	refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")

	qualified := function + ":live"
	added := try[*lambda.AddPermissionOutput](t)(l.lambda.AddPermission(t.Context(), permission(qualified, "rotation", someSecret)))
	ours := iampolicy.InvokePermission(iampolicy.InvokePermissionInput{StatementID: "rotation", FunctionARN: qualified, SecretARN: someSecret})
	if diff := cmp.Diff(ours.JSON(), *added.Statement); diff != "" {
		t.Errorf("the statement is not what iampolicy expects of Lambda (-want +got):\n%s", diff)
	}
	policy := try[*lambda.GetPolicyOutput](t)(get(qualified))
	if diff := cmp.Diff(`{"Version":"2012-10-17","Id":"default","Statement":[`+ours.JSON()+`]}`, *policy.Policy); diff != "" {
		t.Errorf("policy of the alias (-want +got):\n%s", diff)
	}
	_, err = get(function)
	refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")

	_, err = l.lambda.AddPermission(t.Context(), permission(qualified, "rotation", someSecret))
	refused(t, err, "ResourceConflictException", "The statement id (rotation) provided already exists. Please provide a new statement id, or remove the existing statement.")
	stale := permission(qualified, "second", someSecret)
	stale.RevisionId = policy.RevisionId
	try[*lambda.AddPermissionOutput](t)(l.lambda.AddPermission(t.Context(), stale))
	stale.StatementId = new("third")
	_, err = l.lambda.AddPermission(t.Context(), stale)
	refused(t, err, "PreconditionFailedException", "")
	remove := func(id string, revision *string) error {
		_, err := l.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: &function, Qualifier: new("live"), StatementId: &id, RevisionId: revision})
		return err
	}
	refused(t, remove("second", policy.RevisionId), "PreconditionFailedException", "")
	refused(t, remove("third", nil), "ResourceNotFoundException", "Statement third is not found in resource policy.")
	if err := remove("second", nil); err != nil {
		t.Error(err)
	}
	if err := remove("rotation", try[*lambda.GetPolicyOutput](t)(get(qualified)).RevisionId); err != nil {
		t.Error(err)
	}
	_, err = get(qualified)
	refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
	refused(t, remove("rotation", nil), "ResourceNotFoundException", "")

	for _, test := range []struct {
		change        func(*lambda.AddPermissionInput)
		code, message string
	}{
		{func(in *lambda.AddPermissionInput) { in.Qualifier = new("$LATEST") }, "InvalidParameterValueException", "$LATEST"},
		{func(in *lambda.AddPermissionInput) { in.Qualifier = new("none") }, "ResourceNotFoundException", "Function not found"},
		{func(in *lambda.AddPermissionInput) { in.FunctionName = new("none") }, "ResourceNotFoundException", "Function not found"},
		{func(in *lambda.AddPermissionInput) { in.StatementId = new("a b") }, "ValidationException", "statementId"},
		{func(in *lambda.AddPermissionInput) { in.Action = new("iam:PassRole") }, "ValidationException", "action"},
		{func(in *lambda.AddPermissionInput) { in.SourceAccount = new("12") }, "ValidationException", "sourceAccount"},
		{func(in *lambda.AddPermissionInput) { in.SourceArn = new("app") }, "ValidationException", "sourceArn"},
		{func(in *lambda.AddPermissionInput) { in.Principal = new("nobody") }, "InvalidParameterValueException", "principal was invalid"},
		{func(in *lambda.AddPermissionInput) { in.Principal = new("arn:aws:iam::123456789012:role/none") }, "InvalidParameterValueException", "principal was invalid"},
	} {
		in := permission(function, "s", someSecret)
		test.change(in)
		_, err := l.lambda.AddPermission(t.Context(), in)
		refused(t, err, test.code, test.message)
	}
	_, err = get(function)
	refused(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
}

func TestPolicyLength(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	function := l.newFunction()
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		_, err = l.lambda.AddPermission(t.Context(), permission(function, fmt.Sprintf("RotationSetup%012d", n), fmt.Sprintf("%s%04d", someSecret, n)))
	}
	refused(t, err, "PolicyLengthExceededException", "is bigger than the limit (20480).")
	// facts: a statement of this kind is about 390 bytes.
	if n < 45 || n > 60 {
		t.Errorf("the policy was full after %d statements", n)
	}
	policy := try[*lambda.GetPolicyOutput](t)(l.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: &function}))
	if document, err := iampolicy.Parse(*policy.Policy); err != nil || len(document.Statements) != n-1 {
		t.Errorf("%d of %d accepted statements are in the policy", len(document.Statements), n-1)
	}
}

// TestLambdaAuthorization gives a user all but one permission of an operation.
func TestLambdaAuthorization(t *testing.T) {
	t.Parallel()
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:f"
	create := func(l *servicesLab, as *lambda.Client) error {
		_, err := as.CreateFunction(l.Context(), &lambda.CreateFunctionInput{
			FunctionName: new("g"), Role: new("arn:aws:iam::123456789012:role/r"), Runtime: lambdatypes.RuntimePython312, Handler: new("a.b"),
			Code: &lambdatypes.FunctionCode{ZipFile: []byte("code")},
		})
		return err
	}
	permit := func(l *servicesLab, as *lambda.Client) error {
		_, err := as.AddPermission(l.Context(), permission("f:1", "s", someSecret))
		return err
	}
	invoke := func(l *servicesLab, as *lambda.Client) error {
		_, err := as.Invoke(l.Context(), &lambda.InvokeInput{FunctionName: new("f")})
		return err
	}
	for name, test := range map[string]struct {
		policy string
		do     func(*servicesLab, *lambda.Client) error
		denied string // empty: allowed
	}{
		"create":                 {statements(statement("Allow", "lambda:CreateFunction", "*"), `{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/r","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`), create, ""},
		"create without role":    {statements(statement("Allow", "lambda:*", "*")), create, "iam:PassRole on resource: arn:aws:iam::123456789012:role/r"},
		"pass role only":         {statements(statement("Allow", "iam:PassRole", "*")), create, "lambda:CreateFunction on resource: arn:aws:lambda:eu-west-1:123456789012:function:g"},
		"permit":                 {statements(statement("Allow", "lambda:AddPermission", function+":1")), permit, ""},
		"permit other qualifier": {statements(statement("Allow", "lambda:AddPermission", function+":2")), permit, "lambda:AddPermission on resource: " + function + ":1"},
		"permit a principal":     {statements(`{"Effect":"Allow","Action":"lambda:AddPermission","Resource":"*","Condition":{"StringEquals":{"lambda:Principal":"s3.amazonaws.com"}}}`), permit, "lambda:AddPermission"},
		"invoke":                 {statements(statement("Allow", "lambda:InvokeFunction", function)), invoke, ""},
		"invoke nothing":         {"", invoke, "lambda:InvokeFunction on resource: " + function + " because no identity-based policy allows the lambda:InvokeFunction action"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			l.newFunction(awslab.HandlerVariable, "UserStore")
			try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: new("f")}))
			err := test.do(l, lambda.NewFromConfig(l.ConfigFor(l.NewUser("test", test.policy))))
			if test.denied != "" {
				refused(t, err, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/test is not authorized to perform: "+test.denied)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	// A policy of the function lets in who has no policy.
	l := newServicesLab(t)
	l.newFunction(awslab.HandlerVariable, "UserStore")
	user := l.NewUser("test", "")
	try[*lambda.AddPermissionOutput](t)(l.lambda.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: new("f"), StatementId: new("user"), Action: new("lambda:InvokeFunction"), Principal: new("arn:aws:iam::123456789012:user/test"),
	}))
	if err := invoke(l, lambda.NewFromConfig(l.ConfigFor(user))); err != nil {
		t.Error(err)
	}
}

// TestFunctionAllows configures rotation with the qualifiers and permissions of
// a function in all combinations that matter.
func TestFunctionAllows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rotate, permit string // qualifiers
		change         func(in *lambda.AddPermissionInput)
		refused        bool
	}{
		"function":               {},
		"alias":                  {rotate: ":live", permit: ":live"},
		"version":                {rotate: ":1", permit: ":1"},
		"alias, not function":    {rotate: ":live", refused: true},
		"function, not alias":    {permit: ":live", refused: true},
		"alias, not its version": {rotate: ":live", permit: ":1", refused: true},
		"no such alias":          {rotate: ":next", refused: true},
		"account only":           {change: func(in *lambda.AddPermissionInput) { in.SourceArn = nil }},
		"secret only":            {change: func(in *lambda.AddPermissionInput) { in.SourceAccount = nil }},
		"any source":             {change: func(in *lambda.AddPermissionInput) { in.SourceArn, in.SourceAccount = nil, nil }},
		"all secrets": {change: func(in *lambda.AddPermissionInput) {
			in.SourceArn = new("arn:aws:secretsmanager:eu-west-1:123456789012:secret:*")
		}},
		"other secret":  {change: func(in *lambda.AddPermissionInput) { in.SourceArn = new(someSecret) }, refused: true},
		"other account": {change: func(in *lambda.AddPermissionInput) { in.SourceAccount = new("210987654321") }, refused: true},
		"other service": {change: func(in *lambda.AddPermissionInput) { in.Principal = new("s3.amazonaws.com") }, refused: true},
		"other action":  {change: func(in *lambda.AddPermissionInput) { in.Action = new("lambda:GetFunction") }, refused: true},
		"every action":  {change: func(in *lambda.AddPermissionInput) { in.Action = new("lambda:*") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			function := l.newFunction(awslab.HandlerVariable, "UserStore")
			try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &function}))
			try[*lambda.CreateAliasOutput](t)(l.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: new("live"), FunctionVersion: new("1")}))
			secret := l.create("app", "{}")
			in := permission(function+test.permit, "rotation", secret)
			if test.change != nil {
				test.change(in)
			}
			try[*lambda.AddPermissionOutput](t)(l.lambda.AddPermission(t.Context(), in))
			rotate := l.rotateInput(secret, function+test.rotate, 2)
			rotate.RotationRules = &smtypes.RotationRulesType{AutomaticallyAfterDays: new(int64(30))}
			_, err := l.RotateSecret(t.Context(), rotate)
			if test.refused {
				refused(t, err, "AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function.")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
