package provider

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// check is a string validator made of a function that returns what is wrong,
// or "". Null and unknown values are not checked.
type check struct {
	thing, description string
	wrong              func(string) string
}

var _ validator.String = check{}

func (c check) Description(context.Context) string         { return c.description }
func (c check) MarkdownDescription(context.Context) string { return c.description }

func (c check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if wrong := c.wrong(req.ConfigValue.ValueString()); wrong != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+c.thing, wrong)
	}
}

// each are the validators of a set of strings: a check of every element, and none
// of them is null.
func each(c check) []validator.Set {
	return []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(c)}
}

func parsed[T any](parse func(string) (T, error)) func(string) string {
	return func(s string) string {
		if _, err := parse(s); err != nil {
			return sentence(err.Error())
		}
		return ""
	}
}

// sentence starts with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// matching is a check by a pattern; advice says what a right value looks like.
func matching(pattern *regexp.Regexp, thing, description, advice string) check {
	return check{thing, description, func(s string) string {
		if !pattern.MatchString(s) {
			return advice
		}
		return ""
	}}
}

// oneOf is a check against a list.
func oneOf(thing string, values ...string) check {
	list := "`" + strings.Join(values, "`, `") + "`"
	return check{thing, "must be one of " + list, func(s string) string {
		if !slices.Contains(values, s) {
			return "The value is one of " + list + ", not " + strconv.Quote(s) + "."
		}
		return ""
	}}
}

func webURL(thing, advice string, schemes ...string) check {
	return check{thing, "must be a URL with " + strings.Join(schemes, ", "), func(s string) string {
		if u, err := url.Parse(s); err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
			return advice
		}
		return ""
	}}
}

// secretRegion checks that the ARN of a secret and `region` do not name two Regions. It
// returns the one that they name, empty if neither does.
func secretRegion(secretID, inRegion types.String, diags *diag.Diagnostics) string {
	named := inRegion.ValueString()
	if region.wrong(named) != "" {
		named = "" // The attribute's validator has said so.
	}
	secret, err := arn.ParseSecret(secretID.ValueString())
	if err != nil {
		return named
	}
	if named != "" && named != secret.Region {
		diags.AddAttributeError(path.Root("region"), "Invalid Region", "The secret's ARN names the Region "+secret.Region+". Remove `region` or give a secret of "+named+".")
	}
	return secret.Region
}

// namesSecret reports whether secret_id means the secret with an ARN, be it by ARN or
// by name. An unknown one may.
func namesSecret(secretID, inRegion types.String, secretARN string) bool {
	id := secretID.ValueString()
	if secretID.IsUnknown() || id == secretARN {
		return true
	}
	a, err := arn.ParseSecret(secretARN)
	return err == nil && a.Name == id && (inRegion.ValueString() == "" || inRegion.ValueString() == a.Region)
}

var (
	secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)
	invokeARN  = regexp.MustCompile(`^arn:[^:]+:apigateway:[^:]*:lambda:path/[^/]+/functions/(arn:[^/]+)/invocations$`)
	kmsKey     = regexp.MustCompile(`^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key/[A-Za-z0-9-]+$`)
)

var (
	secretARN   = check{"secret ARN", "must be the ARN of a secret", parsed(arn.ParseSecret)}
	functionARN = check{"function ARN", "must be the ARN of a Lambda function", func(s string) string {
		if invoked := invokeARN.FindStringSubmatch(s); invoked != nil {
			return "This is the ARN by which API Gateway invokes the function, which `aws_lambda_function` calls `invoke_arn`. Give the function's own, the attribute `arn`: " + invoked[1]
		}
		return parsed(arn.ParseFunction)(s)
	}}
	roleARN = check{"role ARN", "must be the ARN of an IAM role", parsed(arn.ParseRole)}

	secretID = check{"secret", "must be the ARN or the name of a secret", func(s string) string {
		switch {
		case strings.HasPrefix(s, "arn:"):
			return secretARN.wrong(s)
		case !secretName.MatchString(s):
			return "A secret is given by its full ARN or by its name of 1 to 512 characters: letters, digits and /_+=.@-"
		}
		return ""
	}}

	kmsKeyARN = matching(kmsKey, "KMS key ARN", "must be the ARN of a KMS key",
		"A policy needs the ARN of the key itself, arn:aws:kms:REGION:ACCOUNT:key/ID; an alias is not enough.")

	httpURL  = webURL("endpoint", "An endpoint is a URL such as https://secretsmanager.eu-west-1.amazonaws.com.", "http", "https")
	proxyURL = webURL("proxy URL", "A proxy is given by a URL such as http://proxy.example.com:3128.", "http", "https", "socks5", "socks5h")

	sessionDuration = check{"session duration", "must be from 15m to 12h", func(s string) string {
		if d, err := time.ParseDuration(s); err != nil || d < 15*time.Minute || d > 12*time.Hour {
			return "The length of a session is from 15m to 12h, such as 1h30m."
		}
		return ""
	}}

	region = matching(regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d{1,2}$`), "Region", "must be the code of an AWS Region",
		"A Region is given by its code, such as eu-central-1.")
	accountID = matching(regexp.MustCompile(`^\d{12}$`), "account ID", "must be the ID of an AWS account",
		"An AWS account ID has twelve digits.")
	statementID = matching(regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`), "statement ID", "must be a statement ID that Lambda accepts",
		"A statement ID has 1 to 100 letters, digits, hyphens or underscores.")
	rolePolicyName = matching(regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,128}$`), "policy name", "must be a policy name that IAM accepts",
		"A policy name has 1 to 128 letters, digits or characters of _+=,.@-")
)
