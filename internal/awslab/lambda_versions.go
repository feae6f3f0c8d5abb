package awslab

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

type publishVersionInput struct {
	CodeSha256  string
	Description *string
	RevisionID  string `json:"RevisionId"`
}

func publishVersion(c *call, in *publishVersionInput) (any, error) {
	f, err := c.updatable("PublishVersion")
	if err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionID, f.latest.RevisionID); err != nil {
		return nil, err
	}
	if in.CodeSha256 != "" && in.CodeSha256 != f.latest.CodeSha256 {
		return nil, lambdaInvalid("CodeSHA256 (" + in.CodeSha256 + ") is different from current CodeSHA256 in $LATEST (" + f.latest.CodeSha256 + "). Please try again with the CodeSHA256 in $LATEST.")
	}
	description := f.latest.Description
	if in.Description != nil {
		description = *in.Description
	}
	c.status = http.StatusCreated
	return f.publish(description), nil
}

// publish makes a version of $LATEST, unless nothing changed since the last.
func (f *lambdaFunction) publish(description string) functionConfiguration {
	if n := len(f.versions); n > 0 && f.published == f.latest.RevisionID {
		return f.versions[n-1]
	}
	f.published = f.latest.RevisionID
	f.serial++
	version := f.latest
	version.Version, version.RevisionID = strconv.Itoa(f.serial), newUUID()
	if description != "" {
		version.Description = description
	}
	qualified := f.arn
	qualified.Qualifier = version.Version
	version.FunctionArn = qualified.String()
	f.versions = append(f.versions, version)
	return version
}

func listVersionsByFunction(c *call) (any, error) {
	f, _, err := c.function("ListVersionsByFunction", false, nil)
	if err != nil {
		return nil, err
	}
	latest, _ := f.configuration(latestVersion)
	return lambdaPage(c, "Versions", append([]functionConfiguration{latest}, f.versions...))
}

// The name of an alias must not look like a version number.
var (
	aliasPattern   = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)
	versionPattern = regexp.MustCompile(`^[0-9]+$`)
)

type aliasInput struct {
	Name            string
	FunctionVersion *string
	Description     *string
	RoutingConfig   *struct {
		AdditionalVersionWeights map[string]float64 `json:",omitempty"`
	}
	RevisionID string `json:"RevisionId"`
}

// apply checks the settings against the function and puts them into an alias.
func (in aliasInput) apply(f *lambdaFunction, a functionAlias) (functionAlias, error) {
	give(&a.FunctionVersion, in.FunctionVersion)
	give(&a.Description, in.Description)
	if a.FunctionVersion != latestVersion && f.versionIndex(a.FunctionVersion) < 0 {
		missing := f.arn
		missing.Qualifier = a.FunctionVersion
		return a, functionNotFound(missing)
	}
	if in.RoutingConfig != nil {
		a.RoutingConfig = in.RoutingConfig
		if len(in.RoutingConfig.AdditionalVersionWeights) == 0 {
			a.RoutingConfig = nil
		}
	}
	a.RevisionID = newUUID()
	return a, nil
}

func createAlias(c *call, in *aliasInput) (any, error) {
	f, _, err := c.function("CreateAlias", false, nil)
	switch {
	case err != nil:
		return nil, err
	case !aliasPattern.MatchString(in.Name) || versionPattern.MatchString(in.Name):
		return nil, lambdaModelError("name", in.Name, "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	case in.FunctionVersion == nil:
		return nil, lambdaModelError("functionVersion", "null", "Member must not be null")
	}
	qualified := f.arn
	qualified.Qualifier = in.Name
	if f.aliases[in.Name] != nil {
		return nil, lambdaConflict("Alias already exists: %s", qualified)
	}
	alias, err := in.apply(f, functionAlias{AliasArn: qualified.String(), Name: in.Name})
	if err != nil {
		return nil, err
	}
	f.aliases[in.Name] = &alias
	c.status = http.StatusCreated
	return alias, nil
}

// alias finds the function and the alias of a call.
func (c *call) alias() (*lambdaFunction, *functionAlias, error) {
	f, _, err := c.function(c.operation, false, nil)
	if err != nil {
		return nil, nil, err
	}
	name := c.http.PathValue("alias")
	if f.aliases[name] == nil {
		missing := f.arn
		missing.Qualifier = name
		return nil, nil, lambdaNotFound("Cannot find alias arn: " + missing.String())
	}
	return f, f.aliases[name], nil
}

func getAlias(c *call) (any, error) {
	_, alias, err := c.alias()
	if err != nil {
		return nil, err
	}
	return *alias, nil
}

func updateAlias(c *call, in *aliasInput) (any, error) {
	f, alias, err := c.alias()
	if err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionID, alias.RevisionID); err != nil {
		return nil, err
	}
	updated, err := in.apply(f, *alias)
	if err != nil {
		return nil, err
	}
	*alias = updated
	return updated, nil
}

func deleteAlias(c *call) (any, error) {
	c.status = http.StatusNoContent
	f, _, err := c.function("DeleteAlias", false, nil)
	if err != nil {
		return nil, err
	}
	// Deleting an alias that is not there is no error on AWS either.
	delete(f.aliases, c.http.PathValue("alias"))
	delete(f.policies, c.http.PathValue("alias"))
	return nil, nil
}

func listAliases(c *call) (any, error) {
	f, _, err := c.function("ListAliases", false, nil)
	if err != nil {
		return nil, err
	}
	version := c.http.URL.Query().Get("FunctionVersion")
	var list []functionAlias
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		if version == "" || f.aliases[name].FunctionVersion == version {
			list = append(list, *f.aliases[name])
		}
	}
	return lambdaPage(c, "Aliases", list)
}

// getFunctionCodeSigningConfig shows none, which clients ask for after every
// create.
func getFunctionCodeSigningConfig(c *call) (any, error) {
	f, _, err := c.function("GetFunctionCodeSigningConfig", false, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"FunctionName": f.arn.Name}, nil
}

func getRuntimeManagementConfig(c *call) (any, error) {
	_, configuration, err := c.configured()
	if err != nil {
		return nil, err
	}
	return map[string]any{"UpdateRuntimeOn": "Auto", "FunctionArn": configuration.FunctionArn}, nil
}

func getFunctionRecursionConfig(c *call) (any, error) {
	if _, _, err := c.function("GetFunctionRecursionConfig", false, nil); err != nil {
		return nil, err
	}
	return map[string]any{"RecursiveLoop": "Terminate"}, nil
}

// taggedFunction finds the function whose ARN, never its name, a tag operation
// takes.
func (c *call) taggedFunction(action string, context map[string][]string) (*lambdaFunction, error) {
	if _, err := arn.ParseFunction(c.http.PathValue("function")); err != nil {
		return nil, lambdaModelError("resource", c.http.PathValue("function"), "Member must be the ARN of a function")
	}
	f, _, err := c.function(action, false, context)
	return f, err
}

func listFunctionTags(c *call) (any, error) {
	f, err := c.taggedFunction("ListTags", nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Tags": maps.Clone(f.tags)}, nil
}

type tagFunctionInput struct {
	Tags map[string]string
}

func tagFunction(c *call, in *tagFunctionInput) (any, error) {
	c.status = http.StatusNoContent
	f, err := c.taggedFunction("TagResource", withRequestTags(in.Tags, nil))
	if err != nil {
		return nil, err
	}
	maps.Copy(f.tags, in.Tags)
	return nil, nil
}

func untagFunction(c *call) (any, error) {
	c.status = http.StatusNoContent
	keys := c.http.URL.Query()["tagKeys"]
	f, err := c.taggedFunction("UntagResource", map[string][]string{"aws:TagKeys": keys})
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		delete(f.tags, key)
	}
	return nil, nil
}
