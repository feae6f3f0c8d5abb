package rotators

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// randomPassword asks Secrets Manager for a password by the seven environment variables of the database functions. EXCLUDE_CHARACTERS
// replaces the default set, also when it is empty.
func (in *invocation) randomPassword(ctx context.Context, excludeByDefault string) (string, error) {
	length := int64(32)
	if text, ok := in.env.Vars["PASSWORD_LENGTH"]; ok {
		var err error
		if length, err = pyInt(text); err != nil {
			return "", err
		}
	}
	return in.getRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{
		ExcludeCharacters:       in.excludeCharacters(excludeByDefault),
		PasswordLength:          aws.Int64(length),
		ExcludeNumbers:          in.flag("EXCLUDE_NUMBERS", false),
		ExcludePunctuation:      in.flag("EXCLUDE_PUNCTUATION", false),
		ExcludeUppercase:        in.flag("EXCLUDE_UPPERCASE", false),
		ExcludeLowercase:        in.flag("EXCLUDE_LOWERCASE", false),
		RequireEachIncludedType: in.flag("REQUIRE_EACH_INCLUDED_TYPE", true),
	})
}

func (in *invocation) getRandomPassword(ctx context.Context, input *secretsmanager.GetRandomPasswordInput) (string, error) {
	out, err := in.sm.GetRandomPassword(ctx, input)
	if err != nil {
		return "", in.callError(ctx, "GetRandomPassword", err)
	}
	return aws.ToString(out.RandomPassword), nil
}

func (in *invocation) excludeCharacters(byDefault string) *string {
	if characters, ok := in.env.Vars["EXCLUDE_CHARACTERS"]; ok {
		return aws.String(characters)
	}
	return aws.String(byDefault)
}

// flag reads an environment variable by the AWS functions' rule: true, 1, y and yes in any case are true, everything else is false.
func (in *invocation) flag(name string, byDefault bool) *bool {
	text, ok := in.env.Vars[name]
	if !ok {
		return aws.Bool(byDefault)
	}
	return aws.Bool(slices.Contains([]string{"true", "1", "y", "yes"}, strings.ToLower(text)))
}

// pyInt is Python's int() of a string: white space around, a sign and single underscores between digits are accepted. A number too
// large for an int64 becomes the largest one.
func pyInt(text string) (int64, error) {
	digits := strings.TrimSpace(text)
	sign := ""
	if digits != "" && strings.ContainsRune("+-", rune(digits[0])) {
		sign, digits = digits[:1], digits[1:]
	}
	for group := range strings.SplitSeq(digits, "_") {
		if group == "" || strings.Trim(group, "0123456789") != "" {
			return 0, newError("ValueError", "invalid literal for int() with base 10: %s", pyQuote(text))
		}
	}
	// What is left is a number; ParseInt can only object to its size, and then returns the nearest one.
	n, _ := strconv.ParseInt(sign+strings.ReplaceAll(digits, "_", ""), 10, 64)
	return n, nil
}
