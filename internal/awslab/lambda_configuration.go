package awslab

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// functionConfiguration is what the API shows of a function or version.
type functionConfiguration struct {
	FunctionState

	FunctionName, FunctionArn, Role string
	Runtime, Handler                string `json:",omitempty"`
	CodeSize                        int64
	Description                     string
	Timeout, MemorySize             int
	LastModified, CodeSha256        string
	Version                         string
	VpcConfig                       *functionVPC         `json:",omitempty"`
	Environment                     *functionEnvironment `json:",omitempty"`
	DeadLetterConfig                map[string]string    `json:",omitempty"`
	KMSKeyArn                       string               `json:",omitempty"`
	TracingConfig                   map[string]string
	RevisionID                      string          `json:"RevisionId"`
	Layers                          []functionLayer `json:",omitempty"`
	PackageType                     string
	Architectures                   []string
	FileSystemConfigs               []map[string]any `json:",omitempty"`
	EphemeralStorage                map[string]int
	SnapStart                       map[string]string
	LoggingConfig                   functionLogging

	imageURI string
}

type functionVPC struct {
	SubnetIDs               []string `json:"SubnetIds"`
	SecurityGroupIDs        []string `json:"SecurityGroupIds"`
	VpcID                   string   `json:"VpcId"`
	Ipv6AllowedForDualStack bool
}

type functionEnvironment struct {
	Variables map[string]string
}

type functionLayer struct {
	Arn      string
	CodeSize int64
}

type functionLogging struct {
	LogFormat, LogGroup                 string
	ApplicationLogLevel, SystemLogLevel string `json:",omitempty"`
}

// functionSettings are the members that create and update have in common; nil
// leaves one as it is.
type functionSettings struct {
	Role, Handler, Runtime, Description, KMSKeyArn *string

	Timeout, MemorySize *int
	VpcConfig           *functionVPC
	Environment         *functionEnvironment
	DeadLetterConfig    map[string]string
	TracingConfig       map[string]string
	Layers              *[]string
	FileSystemConfigs   []map[string]any
	EphemeralStorage    map[string]int
	SnapStart           map[string]string
	LoggingConfig       *functionLogging
}

// functionCode is where a function's code comes from. The code itself is not
// kept: what runs is said by [HandlerVariable] or [ExecVariable].
type functionCode struct {
	ZipFile                          []byte
	S3Bucket, S3Key, S3ObjectVersion string
	ImageURI                         string `json:"ImageUri"`
}

var environmentName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// check applies Lambda's rules to the settings that are given.
func (s functionSettings) check(c *call) error {
	switch {
	case s.Timeout != nil && (*s.Timeout < 1 || *s.Timeout > 900):
		return lambdaModelError("timeout", fmt.Sprint(*s.Timeout), "Member must have value between 1 and 900")
	case s.MemorySize != nil && (*s.MemorySize < 128 || *s.MemorySize > 10240):
		return lambdaModelError("memorySize", fmt.Sprint(*s.MemorySize), "Member must have value between 128 and 10240")
	case s.Description != nil && len(*s.Description) > 256:
		return lambdaModelError("description", *s.Description, "Member must have length less than or equal to 256")
	case s.Handler != nil && (len(*s.Handler) > 128 || strings.ContainsAny(*s.Handler, " \t\n")):
		return lambdaModelError("handler", *s.Handler, `Member must satisfy regular expression pattern: [^\s]+`)
	}
	if s.Environment != nil {
		size := 0
		var reserved []string
		for _, name := range slices.Sorted(maps.Keys(s.Environment.Variables)) {
			size += len(name) + len(s.Environment.Variables[name])
			if !environmentName.MatchString(name) {
				return lambdaInvalid("The name of an environment variable must start with a letter and have only letters, digits and underscores.")
			}
			if slices.Contains(reservedVariables, name) {
				reserved = append(reserved, name)
			}
		}
		switch {
		case len(reserved) > 0:
			return lambdaInvalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: " + strings.Join(reserved, ", "))
		case size > 4096:
			return lambdaInvalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.")
		}
	}
	if s.Role == nil {
		return nil
	}
	if _, err := arn.ParseRole(*s.Role); err != nil {
		return lambdaModelError("role", *s.Role, `Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`)
	}
	return c.may("iam:PassRole", *s.Role, map[string][]string{"iam:PassedToService": {lambdaPrincipal}}, nil)
}

// reservedVariables belong to the runtime:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
var reservedVariables = []string{
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY",
	"AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER",
}

const (
	lambdaPrincipal  = "lambda.amazonaws.com"
	roleNotAssumable = "The role defined for the function cannot be assumed by Lambda."
)

// checkRole asks what Lambda asks of an execution role before it takes it. AWS
// documents what a role needs for a VPC, not what Lambda asks and when: it has
// been seen to refuse a role, before there is any network interface, that may
// not create, describe or delete them, and the latter two on all resources. For
// the other actions that are documented no refusal is known.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
func (l *Lab) checkRole(f functionConfiguration, region string) error {
	role := l.iam.roleByARN(f.Role)
	if role == nil || !l.iam.serviceMayAssume(lambdaPrincipal, role) {
		return lambdaInvalid(roleNotAssumable)
	}
	if f.VpcConfig == nil || len(f.VpcConfig.SubnetIDs) == 0 {
		return nil
	}
	as := &credential{identity: role, arn: role.arn, session: true}
	ours := "arn:" + partition(region) + ":ec2:" + region + ":" + l.options.AccountID + ":"
	for _, needed := range []struct{ action, resource string }{
		{"CreateNetworkInterface", ours + "network-interface/*"},
		{"DescribeNetworkInterfaces", "*"},
		{"DeleteNetworkInterface", ours + "*/*"},
	} {
		if !l.iam.allows(as, region, "ec2:"+needed.action, needed.resource) {
			return lambdaInvalid("The provided execution role does not have permissions to call " + needed.action + " on EC2")
		}
	}
	return nil
}

// apply returns the configuration with the given settings in it. Maps and lists
// are replaced, never changed, because versions share them.
func (s functionSettings) apply(f functionConfiguration) functionConfiguration {
	give(&f.Role, s.Role)
	give(&f.Handler, s.Handler)
	give(&f.Runtime, s.Runtime)
	give(&f.Description, s.Description)
	give(&f.KMSKeyArn, s.KMSKeyArn)
	give(&f.Timeout, s.Timeout)
	give(&f.MemorySize, s.MemorySize)
	if s.VpcConfig != nil {
		f.VpcConfig = new(*s.VpcConfig)
	}
	if s.Environment != nil {
		f.Environment = s.Environment
		if len(s.Environment.Variables) == 0 {
			f.Environment = nil
		}
	}
	if s.DeadLetterConfig != nil {
		f.DeadLetterConfig = s.DeadLetterConfig
	}
	if s.TracingConfig != nil {
		f.TracingConfig = s.TracingConfig
	}
	if s.Layers != nil {
		f.Layers = nil
		for _, layer := range *s.Layers {
			f.Layers = append(f.Layers, functionLayer{Arn: layer, CodeSize: 1})
		}
	}
	if s.FileSystemConfigs != nil {
		f.FileSystemConfigs = s.FileSystemConfigs
	}
	if s.EphemeralStorage != nil {
		f.EphemeralStorage = s.EphemeralStorage
	}
	if s.SnapStart != nil {
		f.SnapStart = map[string]string{"ApplyOn": s.SnapStart["ApplyOn"], "OptimizationStatus": "Off"}
	}
	if s.LoggingConfig != nil {
		f.LoggingConfig = *s.LoggingConfig
	}
	if f.LoggingConfig.LogGroup == "" {
		f.LoggingConfig.LogGroup = "/aws/lambda/" + f.FunctionName
	}
	if f.LoggingConfig.LogFormat == "" {
		f.LoggingConfig.LogFormat = "Text"
	}
	if l := &f.LoggingConfig; l.LogFormat == "JSON" {
		l.ApplicationLogLevel, l.SystemLogLevel = cmp.Or(l.ApplicationLogLevel, "INFO"), cmp.Or(l.SystemLogLevel, "INFO")
	}
	return f
}

func give[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// apply puts the code into a configuration, as size and hash.
func (code functionCode) apply(f functionConfiguration) (functionConfiguration, error) {
	content := code.ZipFile
	switch {
	case code.ImageURI != "":
		content, f.imageURI = []byte(code.ImageURI), code.ImageURI
	case code.S3Bucket != "" && code.S3Key != "":
		content = []byte(code.S3Bucket + "/" + code.S3Key + "?" + code.S3ObjectVersion)
	case len(content) == 0:
		return f, lambdaInvalid("Please provide a source for function code.")
	}
	sum := sha256.Sum256(content)
	f.CodeSha256, f.CodeSize = base64.StdEncoding.EncodeToString(sum[:]), int64(len(content))
	if code.ImageURI != "" {
		f.CodeSize = 0
	}
	return f, nil
}

// touch marks a configuration as changed now.
func (l *Lab) touch(f *functionConfiguration) {
	f.LastModified, f.RevisionID = lambdaTime(l.timeline.Now()), newUUID()
}

type createFunctionInput struct {
	functionSettings

	FunctionName, PackageType string
	Architectures             []string
	Code                      functionCode
	Publish                   bool
	Tags                      map[string]string
}

func createFunction(c *call, in *createFunctionInput) (any, error) {
	named, err := readFunctionName(c, in.FunctionName)
	switch {
	case err != nil:
		return nil, err
	case named.Qualifier != "" || named.Region != c.region || named.AccountID != c.lab.options.AccountID:
		return nil, lambdaInvalid("The function name must be a name of this Region and account, without a qualifier.")
	case in.Role == nil:
		return nil, lambdaModelError("role", "null", "Member must not be null")
	}
	context := map[string][]string{}
	for key, value := range in.Tags {
		context["aws:RequestTag/"+key] = []string{value}
		context["aws:TagKeys"] = append(context["aws:TagKeys"], key)
	}
	if err := c.may("lambda:CreateFunction", named.String(), context, nil); err != nil {
		return nil, err
	}
	if err := in.check(c); err != nil {
		return nil, err
	}
	configuration := in.apply(functionConfiguration{
		FunctionName: named.Name, FunctionArn: named.String(), Version: latestVersion, Timeout: 3, MemorySize: 128,
		FunctionState: ready, PackageType: "Zip", Architectures: []string{"x86_64"},
		TracingConfig: map[string]string{"Mode": "PassThrough"}, EphemeralStorage: map[string]int{"Size": 512},
		SnapStart: map[string]string{"ApplyOn": "None", "OptimizationStatus": "Off"},
	})
	if in.PackageType == "Image" {
		configuration.PackageType = "Image"
	} else if configuration.Runtime == "" || configuration.Handler == "" {
		return nil, lambdaInvalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if len(in.Architectures) > 0 {
		configuration.Architectures = in.Architectures
	}
	if configuration, err = in.Code.apply(configuration); err != nil {
		return nil, err
	}
	if err := c.lab.checkRole(configuration, c.region); err != nil {
		return nil, err
	}
	if err := c.lab.checkVPC(&configuration, c.region); err != nil {
		return nil, err
	}
	if c.lab.lambda.functions[named.String()] != nil {
		return nil, lambdaConflict("Function already exist: %s", named.Name)
	}
	c.lab.touch(&configuration)
	f := &lambdaFunction{
		arn: named, latest: configuration, aliases: map[string]*functionAlias{}, policies: map[string]*functionPolicy{},
		tags: maps.Clone(in.Tags), streams: map[string]int{},
	}
	if f.tags == nil {
		f.tags = map[string]string{}
	}
	c.lab.lambda.functions[named.String()] = f
	c.status = http.StatusCreated
	if in.Publish {
		return f.publish(""), nil
	}
	return f.latest, nil
}

type updateFunctionConfigurationInput struct {
	functionSettings

	RevisionID string `json:"RevisionId"`
}

func updateFunctionConfiguration(c *call, in *updateFunctionConfigurationInput) (any, error) {
	f, err := c.updatable("UpdateFunctionConfiguration")
	if err != nil {
		return nil, err
	}
	if err := in.check(c); err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionID, f.latest.RevisionID); err != nil {
		return nil, err
	}
	configuration := in.apply(f.latest)
	if in.Role != nil || in.VpcConfig != nil {
		if err := c.lab.checkRole(configuration, c.region); err != nil {
			return nil, err
		}
		if err := c.lab.checkVPC(&configuration, c.region); err != nil {
			return nil, err
		}
	}
	c.lab.touch(&configuration)
	f.replace(configuration)
	return f.latest, nil
}

// replace puts a changed $LATEST into force, in a new execution environment.
func (f *lambdaFunction) replace(configuration functionConfiguration) {
	configuration.FunctionState = ready
	f.latest = configuration
	f.streams[latestVersion]++
}

type updateFunctionCodeInput struct {
	functionCode

	Publish, DryRun bool
	Architectures   []string
	RevisionID      string `json:"RevisionId"`
}

func updateFunctionCode(c *call, in *updateFunctionCodeInput) (any, error) {
	f, err := c.updatable("UpdateFunctionCode")
	if err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionID, f.latest.RevisionID); err != nil {
		return nil, err
	}
	configuration, err := in.apply(f.latest)
	if err != nil {
		return nil, err
	}
	if len(in.Architectures) > 0 {
		configuration.Architectures = in.Architectures
	}
	if in.DryRun {
		return configuration, nil
	}
	c.lab.touch(&configuration)
	f.replace(configuration)
	if in.Publish {
		return f.publish(""), nil
	}
	return f.latest, nil
}
