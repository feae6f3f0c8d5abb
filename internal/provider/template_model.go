package provider

import (
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// templateModel is what is known of a rotation type.
type templateModel struct {
	RotationType         string                  `tfsdk:"rotation_type"`
	Partition            string                  `tfsdk:"partition"`
	ApplicationName      string                  `tfsdk:"application_name"`
	ApplicationID        string                  `tfsdk:"application_id"`
	ApplicationConfirmed bool                    `tfsdk:"application_confirmed"`
	HostedRotationType   *string                 `tfsdk:"hosted_rotation_type"`
	SourceCodeURL        string                  `tfsdk:"source_code_url"`
	Engine               string                  `tfsdk:"engine"`
	EngineValues         []string                `tfsdk:"engine_values"`
	Strategy             string                  `tfsdk:"strategy"`
	DefaultPort          *int64                  `tfsdk:"default_port"`
	DefaultDatabase      *string                 `tfsdk:"default_database"`
	MinimumTimeout       *int64                  `tfsdk:"minimum_timeout"`
	ReadsPreviousValue   bool                    `tfsdk:"reads_previous_value"`
	ReplacesValue        bool                    `tfsdk:"replaces_value"`
	PasswordRules        *templatePassword       `tfsdk:"password_rules"`
	Clone                *templateClone          `tfsdk:"clone"`
	SuperuserRequired    bool                    `tfsdk:"superuser_required"`
	Superuser            *templateSuperuser      `tfsdk:"superuser"`
	Permissions          []templatePermission    `tfsdk:"permissions"`
	Environment          []templateVariable      `tfsdk:"environment"`
	Errors               []templateFunctionError `tfsdk:"errors"`
	Differences          []templateDifference    `tfsdk:"differences"`
	Notes                []string                `tfsdk:"notes"`
}

type templatePassword struct {
	ExcludeCharacters string `tfsdk:"exclude_characters"`
	MinimumExclude    string `tfsdk:"minimum_exclude_characters"`
	Length            int64  `tfsdk:"length"`
	MinimumLength     *int64 `tfsdk:"minimum_length"`
	MaximumLength     *int64 `tfsdk:"maximum_length"`
}

type templateClone struct {
	Suffix                string  `tfsdk:"suffix"`
	MaximumLength         *int64  `tfsdk:"maximum_length"`
	MaximumUsernameLength *int64  `tfsdk:"maximum_username_length"`
	LimitVariable         *string `tfsdk:"limit_variable"`
	EngineLimit           *int64  `tfsdk:"engine_limit"`
	UpperCase             bool    `tfsdk:"upper_case"`
}

type templateSuperuser struct {
	Field         string   `tfsdk:"field"`
	Fields        []string `tfsdk:"fields"`
	ManagedFields []string `tfsdk:"managed_fields"`
	ManagedTags   []string `tfsdk:"managed_tags"`
	ByTags        bool     `tfsdk:"managed_by_tags"`
}

type templatePermission struct {
	Target  string   `tfsdk:"target"`
	Actions []string `tfsdk:"actions"`
	When    string   `tfsdk:"when"`
}

type templateVariable struct {
	Name        string  `tfsdk:"name"`
	Type        string  `tfsdk:"type"`
	Required    bool    `tfsdk:"required"`
	Default     *string `tfsdk:"default"`
	Description string  `tfsdk:"description"`
}

type templateFunctionError struct {
	Exception string `tfsdk:"exception"`
	Message   string `tfsdk:"message"`
	Cause     string `tfsdk:"cause"`
}

type templateDifference struct {
	Topic string `tfsdk:"topic"`
	Docs  string `tfsdk:"docs"`
	Code  string `tfsdk:"code"`
}

// templateAttributes describe what is computed of a template.
func templateAttributes() attributes {
	return attributes{
		"application_name":      computedString("Name of the application in the AWS Serverless Application Repository, and directory of the function's source."),
		"application_id":        computedString("ARN of the application, as `application_id` of `aws_serverlessapplicationrepository_cloudformation_stack` takes it."),
		"application_confirmed": computedFlag("Whether the application is known to exist. Otherwise `application_id` is formed like those of the others."),
		"hosted_rotation_type":  computedString("`RotationType` of CloudFormation's `HostedRotationLambda`. Null if CloudFormation cannot deploy the function."),
		"source_code_url":       computedString("Address of the function's source, in the version that this provider follows."),
		"engine":                computedString("Engine of the database or service; `other` if any."),
		"engine_values":         computedStrings("Values of the secret's field `engine` that the function accepts, compared exactly; `db2*` is everything that starts with `db2`. Empty if it does not look at that field."),
		"strategy":              computedString("`single_user`, `alternating_users`, `token_replacement` or `custom`. See [rotation strategies](https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html)."),
		"default_port":          computedNumber("Port that the function connects to if the secret has no `port`. Null if it needs none."),
		"default_database":      computedString("Database that the function connects to if the secret has no `dbname`. Null if none."),
		"minimum_timeout":       computedNumber("Timeout that AWS advises for the function at least, in seconds. Null if AWS advises none."),
		"reads_previous_value":  computedFlag("Whether the function reads the `AWSPREVIOUS` value as well, and fails if that is not a JSON object."),
		"replaces_value":        computedFlag("Whether the function stores a bare password as the whole value, whatever the secret held before."),
		"password_rules": computedObject("How the function makes passwords. Null if it makes none.", attributes{
			"exclude_characters":         computedString("Characters that are excluded, unless the function reads `EXCLUDE_CHARACTERS` of its environment and that replaces them."),
			"minimum_exclude_characters": computedString("Characters that have to be excluded at least, because the function or its engine can't take them. See also the data source [`rotation_exclude_characters`](exclude_characters.md)."),
			"length":                     computedNumber("Characters of a password, unless the function reads `PASSWORD_LENGTH` of its environment and that says otherwise."),
			"minimum_length":             computedNumber("Characters that the engine wants at least. Null if not known."),
			"maximum_length":             computedNumber("Characters that the engine takes at most. Null if not known."),
		}),
		"clone": computedObject("How the function names the second user. Null unless `strategy` is `alternating_users`.", attributes{
			"suffix":                  computedString("Text that is appended to the user name, and taken off when it is there."),
			"maximum_length":          computedNumber("Characters of the user name with the suffix that the function allows. Null if it does not check."),
			"maximum_username_length": computedNumber("Characters of the longest user name that a second one can be made of. Null if the function does not check."),
			"limit_variable":          computedString("Environment variable of the function that replaces `maximum_length`. Null if there is none."),
			"engine_limit":            computedNumber("The longest user name that the engine takes, where the function lets longer ones pass or its `limit_variable` can. Null otherwise."),
			"upper_case":              computedFlag("Whether the function writes both names in upper case, and takes the suffix off only in upper case."),
		}),
		"superuser_required": computedFlag("Whether the function changes passwords with a superuser (\"master\"), whose secret it has to be able to read."),
		"superuser": computedObject("The superuser secret. Null if the function needs none.", attributes{
			"field":           computedString("Field of the rotated secret that names the superuser secret."),
			"fields":          computedStrings("Fields that the superuser secret needs."),
			"managed_fields":  computedStrings("Fields of a superuser secret that a service manages: with exactly these, the function looks up the rest in that service. Empty if it cannot."),
			"managed_tags":    computedStrings("System tags of such a secret, in lower case; the function finds the database by the one that is there. Empty if it cannot."),
			"managed_by_tags": computedFlag("Whether the function tells such a secret by its tags, whatever its fields."),
		}),
		"permissions": computedObjects("Actions that the execution role needs, without those on KMS keys, logs and the VPC. See also the data source [`rotation_role_policy`](role_policy.md), which makes a policy of them.", attributes{
			"target":  computedString("What the actions are on: `secret`, `superuser_secret`, `service` of the database or directory, `keytab_secrets`, or `any` for actions that have no resource."),
			"actions": computedStrings("IAM actions."),
			"when":    computedString("When they are needed, in words: `always`, or a case."),
		}),
		"environment": computedObjects("Environment variables that the function reads.", attributes{
			"name":        computedString("Name of the variable."),
			"type":        computedString("`string`; `number`, a whole one; or `boolean`: true for `true`, `1`, `y` and `yes` in any case, false for everything else."),
			"required":    computedFlag("Whether the function fails without it."),
			"default":     computedString("What an absent variable means, as text. Null if nothing."),
			"description": computedString("What it does."),
		}),
		"errors": computedObjects("Errors that the function's code raises, as its log shows them.", attributes{
			"exception": computedString("Class of the exception."),
			"message":   computedString("Message, with `%s` for what is filled in."),
			"cause":     computedString("What leads to it."),
		}),
		"differences": computedObjects("Where pages of AWS and the function's code say different things. Everything else here follows the code.", attributes{
			"topic": computedString("What it is about."),
			"docs":  computedString("What the pages say."),
			"code":  computedString("What the code does."),
		}),
		"notes": computedStrings("What else to know."),
	}
}

func templateOf(t *catalog.RotationType, partition string) templateModel {
	engines, _ := t.Field("engine")
	application, _ := t.ApplicationARN(partition)
	model := templateModel{
		RotationType: t.Name, Partition: partition,
		ApplicationName: t.Application, ApplicationID: application, ApplicationConfirmed: t.Hosted,
		SourceCodeURL:      "https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas/blob/" + catalog.SourceCommit + "/" + t.Application + "/lambda_function.py",
		Engine:             t.Engine,
		EngineValues:       allowedValues(engines),
		Strategy:           string(t.Strategy),
		DefaultPort:        numberOrNull(t.Port),
		DefaultDatabase:    textOrNull(t.Database),
		MinimumTimeout:     numberOrNull(int(t.MinTimeout / time.Second)),
		ReadsPreviousValue: t.ReadsPrevious,
		ReplacesValue:      t.ReplacesValue,
		SuperuserRequired:  t.Superuser != nil,
		Permissions:        make([]templatePermission, len(t.Grants)),
		Environment:        make([]templateVariable, len(t.Environment)),
		Errors:             make([]templateFunctionError, len(t.Errors)),
		Differences:        make([]templateDifference, len(t.Differences)),
		Notes:              append([]string{}, t.Notes...),
	}
	if t.Hosted {
		model.HostedRotationType = &t.Name
	}
	if p := t.Password; p != nil {
		least, most := t.PasswordLengths()
		model.PasswordRules = &templatePassword{p.ExcludeCharacters, t.MinimumExclude(), int64(p.Length), numberOrNull(least), numberOrNull(most)}
	}
	if c := t.Clone; c != nil {
		model.Clone = &templateClone{c.Suffix, numberOrNull(c.MaxLength), numberOrNull(c.MaxBase()), textOrNull(c.LimitVariable), numberOrNull(c.EngineLimit), c.UpperCase}
	}
	if s := t.Superuser; s != nil {
		model.Superuser = &templateSuperuser{s.Field, append([]string{}, s.Fields...), append([]string{}, s.ManagedFields...), append([]string{}, s.ManagedTags...), s.ByTags}
	}
	for i, g := range t.Grants {
		model.Permissions[i] = templatePermission{targetNames[g.On], g.Actions, g.When.Description()}
	}
	for i, v := range t.Environment {
		model.Environment[i] = templateVariable{v.Name, variableTypes[v.Kind], v.Required, textOrNull(v.Default), v.Note}
	}
	for i, e := range t.Errors {
		model.Errors[i] = templateFunctionError(e)
	}
	for i, d := range t.Differences {
		model.Differences[i] = templateDifference(d)
	}
	return model
}

var targetNames = map[catalog.Target]string{
	catalog.OnSecret:    "secret",
	catalog.OnSuperuser: "superuser_secret",
	catalog.OnPassword:  "any",
	catalog.OnService:   "service",
	catalog.OnKeytabs:   "keytab_secrets",
}

var variableTypes = map[catalog.VariableKind]string{
	catalog.TextVariable:   "string",
	catalog.NumberVariable: "number",
	catalog.TruthVariable:  "boolean",
}

// numberOrNull is null for zero.
func numberOrNull(n int) *int64 {
	if n == 0 {
		return nil
	}
	return new(int64(n))
}
