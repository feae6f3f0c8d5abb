package provider

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

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

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)

var (
	secretARN   = check{"secret ARN", "must be the ARN of a secret", parsed(arn.ParseSecret)}
	functionARN = check{"function ARN", "must be the ARN of a Lambda function", parsed(arn.ParseFunction)}
	roleARN     = check{"role ARN", "must be the ARN of an IAM role", parsed(arn.ParseRole)}

	secretID = check{"secret", "must be the ARN or the name of a secret", func(s string) string {
		switch {
		case strings.HasPrefix(s, "arn:"):
			return secretARN.wrong(s)
		case !secretName.MatchString(s):
			return "A secret is given by its full ARN or by its name of 1 to 512 characters: letters, digits and /_+=.@-"
		}
		return ""
	}}

	kmsKeyARN = check{"KMS key ARN", "must be the ARN of a KMS key", func(s string) string {
		if p := strings.Split(s, ":"); len(p) != 6 || p[0] != "arn" || p[2] != "kms" || !strings.HasPrefix(p[5], "key/") {
			return "A policy needs the ARN of the key itself, such as arn:aws:kms:REGION:ACCOUNT:key/ID; an alias is not enough."
		}
		return ""
	}}

	httpURL = check{"endpoint", "must be a URL with http or https", func(s string) string {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return "An endpoint is a URL such as https://secretsmanager.eu-west-1.amazonaws.com."
		}
		return ""
	}}

	sessionDuration = check{"session duration", "must be from 15m to 12h", func(s string) string {
		if d, err := time.ParseDuration(s); err != nil || d < 15*time.Minute || d > 12*time.Hour {
			return "The length of a session is from 15m to 12h, such as 1h30m."
		}
		return ""
	}}

	accountID      = stringvalidator.RegexMatches(regexp.MustCompile(`^\d{12}$`), "an AWS account ID has twelve digits")
	statementID    = stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`), "a statement ID has 1 to 100 letters, digits, hyphens or underscores")
	rolePolicyName = stringvalidator.RegexMatches(regexp.MustCompile(`^[\w+=,.@-]{1,128}$`), "a policy name has 1 to 128 letters, digits or characters of _+=,.@-")
)
