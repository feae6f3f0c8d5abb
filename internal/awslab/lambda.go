package awslab

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// lambdaState is Lambda in every Region of the account.
type lambdaState struct {
	functions map[string]*lambdaFunction // by unqualified ARN
	// sessions are the running invocations, by the credentials of their code.
	sessions map[*credential]*running

	// running counts invocations, so that closing the lab can wait for them.
	running sync.WaitGroup
}

func newLambdaState() *lambdaState {
	return &lambdaState{functions: map[string]*lambdaFunction{}, sessions: map[*credential]*running{}}
}

// lambdaFunction is a function with its versions and aliases.
type lambdaFunction struct {
	arn      arn.FunctionARN // unqualified
	latest   functionConfiguration
	versions []functionConfiguration // published, in order
	serial   int                     // number of the newest version ever
	// published is the revision of $LATEST that the newest version is made of.
	published string
	aliases   map[string]*functionAlias
	policies  map[string]*functionPolicy // by qualifier, empty for the function itself
	tags      map[string]string
	reserved  *int           // reserved concurrency; nil is none
	busy      int            // running invocations
	streams   map[string]int // log stream of the present environment, by version
}

// functionAlias is an alias, as the API shows it.
type functionAlias struct {
	AliasArn, Name, FunctionVersion, Description string

	RoutingConfig *struct {
		AdditionalVersionWeights map[string]float64 `json:",omitempty"`
	} `json:",omitempty"`
	RevisionID string `json:"RevisionId"`
}

// lambdaService is Lambda's API, as far as it is about functions:
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html.
func lambdaService() *service {
	s := &service{
		wire:       restWire{},
		routes:     http.NewServeMux(),
		operations: map[string]handler{},
		unlocked:   []string{"Invoke"},
	}
	const functions = "/2015-03-31/functions"
	for _, o := range []struct {
		name, route string
		handle      handler
	}{
		{"CreateFunction", "POST " + functions, reading(createFunction)},
		{"ListFunctions", "GET " + functions, listFunctions},
		{"GetFunction", "GET " + functions + "/{function}", getFunction},
		{"DeleteFunction", "DELETE " + functions + "/{function}", deleteFunction},
		{"GetFunctionConfiguration", "GET " + functions + "/{function}/configuration", getFunctionConfiguration},
		{"UpdateFunctionConfiguration", "PUT " + functions + "/{function}/configuration", reading(updateFunctionConfiguration)},
		{"UpdateFunctionCode", "PUT " + functions + "/{function}/code", reading(updateFunctionCode)},
		{"PublishVersion", "POST " + functions + "/{function}/versions", reading(publishVersion)},
		{"ListVersionsByFunction", "GET " + functions + "/{function}/versions", listVersionsByFunction},
		{"CreateAlias", "POST " + functions + "/{function}/aliases", reading(createAlias)},
		{"ListAliases", "GET " + functions + "/{function}/aliases", listAliases},
		{"GetAlias", "GET " + functions + "/{function}/aliases/{alias}", getAlias},
		{"UpdateAlias", "PUT " + functions + "/{function}/aliases/{alias}", reading(updateAlias)},
		{"DeleteAlias", "DELETE " + functions + "/{function}/aliases/{alias}", deleteAlias},
		{"AddPermission", "POST " + functions + "/{function}/policy", reading(addPermission)},
		{"GetPolicy", "GET " + functions + "/{function}/policy", getFunctionPolicy},
		{"RemovePermission", "DELETE " + functions + "/{function}/policy/{statement}", removePermission},
		{"Invoke", "POST " + functions + "/{function}/invocations", invokeFunction},
		{"PutFunctionConcurrency", "PUT /2017-10-31/functions/{function}/concurrency", reading(putFunctionConcurrency)},
		{"DeleteFunctionConcurrency", "DELETE /2017-10-31/functions/{function}/concurrency", deleteFunctionConcurrency},
		{"GetFunctionConcurrency", "GET /2019-09-30/functions/{function}/concurrency", getFunctionConcurrency},
		{"GetFunctionCodeSigningConfig", "GET /2020-06-30/functions/{function}/code-signing-config", getFunctionCodeSigningConfig},
		{"GetRuntimeManagementConfig", "GET /2021-07-20/functions/{function}/runtime-management-config", getRuntimeManagementConfig},
		{"GetFunctionRecursionConfig", "GET /2024-08-31/functions/{function}/recursion-config", getFunctionRecursionConfig},
		{"ListTags", "GET /2017-03-31/tags/{function}", listFunctionTags},
		{"TagResource", "POST /2017-03-31/tags/{function}", reading(tagFunction)},
		{"UntagResource", "DELETE /2017-03-31/tags/{function}", untagFunction},
	} {
		s.operations[o.name] = o.handle
		s.routes.Handle(o.route, routeName(o.name))
	}
	// Older clients end the collection's path with a slash.
	s.routes.Handle("POST "+functions+"/{$}", routeName("CreateFunction"))
	s.routes.Handle("GET "+functions+"/{$}", routeName("ListFunctions"))
	return s
}

// functionNames are the forms that a function may be named in: its name, its
// ARN or the end of that, each with or without a qualifier.
var functionNames = regexp.MustCompile(
	`^(?:arn:(aws[a-zA-Z-]*):lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]{1,128}))?$`)

// readFunctionName makes an ARN of the function that a call names, with the
// qualifier that the name or the Qualifier parameter gives.
func readFunctionName(c *call, name string) (arn.FunctionARN, error) {
	match := functionNames.FindStringSubmatch(name)
	if match == nil {
		return arn.FunctionARN{}, lambdaModelError("functionName", name, "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?")
	}
	f := arn.FunctionARN{Partition: match[1], Region: match[2], AccountID: match[3], Name: match[4], Qualifier: match[5]}
	if f.Partition == "" {
		f.Partition = "aws"
	}
	if f.Region == "" {
		f.Region = c.region
	}
	if f.AccountID == "" {
		f.AccountID = c.lab.options.AccountID
	}
	switch given := c.http.URL.Query().Get("Qualifier"); {
	case given == "" || given == f.Qualifier:
	case f.Qualifier != "":
		return arn.FunctionARN{}, lambdaInvalid("The derived qualifier from the function name does not match the specified qualifier.")
	case !qualifierPattern.MatchString(given):
		return arn.FunctionARN{}, lambdaModelError("qualifier", given, `Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)`)
	default:
		f.Qualifier = given
	}
	return f, nil
}

var qualifierPattern = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9-_]{1,128})$`)

// lambdaModelError is Lambda's answer to a parameter that breaks the model.
func lambdaModelError(parameter, value, constraint string) *apiError {
	return errorf("ValidationException", "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, parameter, constraint)
}

func lambdaInvalid(message string) *apiError {
	return errorf("InvalidParameterValueException", "%s", message)
}

func lambdaNotFound(message string) *apiError {
	return errorf("ResourceNotFoundException", "%s", message).withStatus(http.StatusNotFound)
}

func functionNotFound(f arn.FunctionARN) *apiError {
	return lambdaNotFound("Function not found: " + f.String())
}

func lambdaConflict(format string, args ...any) *apiError {
	return errorf("ResourceConflictException", format, args...).withStatus(http.StatusConflict)
}

// checkRevision compares the revision that a caller has seen with the present.
func checkRevision(given, present string) error {
	if given == "" || given == present {
		return nil
	}
	return errorf("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias/GetPolicy API to retrieve the latest Revision Id").withStatus(http.StatusPreconditionFailed)
}

// function finds the function of a call that its caller may do to it. Most
// actions are permitted on the function; those of which the service reference
// names versions and aliases as resources set qualified.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html.
func (c *call) function(action string, qualified bool, context map[string][]string) (*lambdaFunction, arn.FunctionARN, error) {
	named, err := readFunctionName(c, c.http.PathValue("function"))
	if err != nil {
		return nil, named, err
	}
	f := c.lab.lambda.functions[named.Unqualified().String()]
	if f != nil && len(f.tags) > 0 {
		context = maps.Clone(context)
		if context == nil {
			context = map[string][]string{}
		}
		for key, value := range f.tags {
			context["aws:ResourceTag/"+key] = []string{value}
		}
	}
	resource := named.Unqualified()
	if qualified {
		resource = named
	}
	if err := c.may("lambda:"+action, resource.String(), context, f.policyDocument(resource.Qualifier)); err != nil {
		return nil, named, err
	}
	if f == nil || named.Region != c.region {
		return nil, named, functionNotFound(named)
	}
	return f, named, nil
}

// configuration is what a qualifier of the function means now: an alias, a
// version, $LATEST, or nothing, which is $LATEST too. The FunctionArn in it
// carries the qualifier.
func (f *lambdaFunction) configuration(qualifier string) (functionConfiguration, bool) {
	if f == nil {
		return functionConfiguration{}, false
	}
	qualified := f.arn
	qualified.Qualifier = qualifier
	version := qualifier
	if alias := f.aliases[qualifier]; alias != nil {
		version = alias.FunctionVersion
	}
	configuration := f.latest
	if version != "" && version != latestVersion {
		i := f.versionIndex(version)
		if i < 0 {
			return functionConfiguration{}, false
		}
		configuration = f.versions[i]
	}
	configuration.FunctionArn = qualified.String()
	return configuration, true
}

const latestVersion = "$LATEST"

func (f *lambdaFunction) versionIndex(version string) int {
	return slices.IndexFunc(f.versions, func(v functionConfiguration) bool { return v.Version == version })
}

// configured is function and configuration in one, for reads.
func (c *call) configured() (*lambdaFunction, functionConfiguration, error) {
	f, named, err := c.function(c.operation, false, nil)
	if err != nil {
		return nil, functionConfiguration{}, err
	}
	configuration, ok := f.configuration(named.Qualifier)
	if !ok {
		return nil, functionConfiguration{}, functionNotFound(named)
	}
	return f, configuration, nil
}

func getFunction(c *call) (any, error) {
	f, configuration, err := c.configured()
	if err != nil {
		return nil, err
	}
	code := map[string]any{"RepositoryType": "S3", "Location": c.lab.URL() + "/lambda-code/" + f.arn.Name}
	if configuration.PackageType == "Image" {
		code = map[string]any{"RepositoryType": "ECR", "ImageUri": configuration.imageURI, "ResolvedImageUri": configuration.imageURI}
	}
	answer := map[string]any{"Configuration": configuration, "Code": code}
	if len(f.tags) > 0 {
		answer["Tags"] = maps.Clone(f.tags)
	}
	if f.reserved != nil {
		answer["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": *f.reserved}
	}
	return answer, nil
}

func getFunctionConfiguration(c *call) (any, error) {
	_, configuration, err := c.configured()
	if err != nil {
		return nil, err
	}
	return configuration, nil
}

func deleteFunction(c *call) (any, error) {
	f, named, err := c.function("DeleteFunction", false, nil)
	if err != nil {
		return nil, err
	}
	c.status = http.StatusNoContent
	switch version := named.Qualifier; {
	case version == "":
		delete(c.lab.lambda.functions, f.arn.String())
	case version == latestVersion:
		return nil, lambdaInvalid("$LATEST version cannot be deleted without deleting the function.")
	case f.versionIndex(version) < 0:
		return nil, functionNotFound(named)
	default:
		for _, alias := range f.aliases {
			if alias.FunctionVersion == version {
				return nil, lambdaConflict("Version %s is currently referenced by alias %s.", version, alias.Name)
			}
		}
		i := f.versionIndex(version)
		f.versions = slices.Delete(f.versions, i, i+1)
		delete(f.policies, version)
	}
	return nil, nil
}

// lambdaPage answers a list of Lambda with its paging.
func lambdaPage[T any](c *call, list string, items []T) (any, error) {
	limit := 50
	if given := c.http.URL.Query().Get("MaxItems"); given != "" {
		if _, err := fmt.Sscanf(given, "%d", &limit); err != nil || limit < 1 || limit > 10000 {
			return nil, lambdaModelError("maxItems", given, "Member must have value between 1 and 10000")
		}
		limit = min(limit, 50)
	}
	page, next := pageFrom(items, c.http.URL.Query().Get("Marker"), limit)
	if page == nil {
		page = []T{}
	}
	answer := map[string]any{list: page}
	if next != "" {
		answer["NextMarker"] = next
	}
	return answer, nil
}

func listFunctions(c *call) (any, error) {
	if err := c.may("lambda:ListFunctions", "*", nil, nil); err != nil {
		return nil, err
	}
	list := []functionConfiguration{}
	for _, name := range slices.Sorted(maps.Keys(c.lab.lambda.functions)) {
		f := c.lab.lambda.functions[name]
		if f.arn.Region != c.region {
			continue
		}
		list = append(list, f.latest)
		if c.http.URL.Query().Get("FunctionVersion") == "ALL" {
			list = append(list, f.versions...)
		}
	}
	return lambdaPage(c, "Functions", list)
}

// lambdaTime writes a time as Lambda does.
func lambdaTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }
