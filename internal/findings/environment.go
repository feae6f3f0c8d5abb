package findings

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// FunctionArgument is the argument that names the rotation function.
const FunctionArgument = "rotation_lambda_arn"

// Variables that decide how functions make passwords.
const (
	variableCharacters  = "EXCLUDE_CHARACTERS"
	variableLength      = "PASSWORD_LENGTH"
	variablePunctuation = "EXCLUDE_PUNCTUATION"
	variableEachType    = "REQUIRE_EACH_INCLUDED_TYPE"
)

// Limits of GetRandomPassword.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html.
const (
	maxPasswordLength = 4096
	maxExcluded       = 4096
)

// passwordClasses are the classes of characters that GetRandomPassword knows, with the variable that excludes each.
var passwordClasses = []struct {
	class           catalog.Class
	words, variable string
}{
	{catalog.Upper, "capital letters", "EXCLUDE_UPPERCASE"},
	{catalog.Lower, "small letters", "EXCLUDE_LOWERCASE"},
	{catalog.Digits, "digits", "EXCLUDE_NUMBERS"},
	{catalog.Punctuation, "punctuation", variablePunctuation},
}

// Environment checks the environment variables of a rotation function, which must all be given, for the secret with the ARN given,
// empty if not known. A finding is an error where the function or GetRandomPassword fails, and a warning where only the engine is
// going to refuse the passwords. A nil environment is one that is not known, on which nothing is found. No finding contains a
// variable's value.
func Environment(t *catalog.RotationType, environment map[string]string, secretARN string) []Finding {
	if environment == nil {
		return nil
	}
	c := &environmentCheck{t: t, environment: environment}
	for _, v := range t.Environment {
		c.variable(v)
	}
	if named, set := environment["SECRET_ARN"]; set && t.Reads("SECRET_ARN") && secretARN != "" && named != secretARN {
		c.add(FunctionEnvInvalid, Error, "The variable SECRET_ARN in the rotation function's environment is not the ARN of this secret, and the function refuses every other secret.",
			"Set SECRET_ARN to the ARN of the secret, with its last six characters, or give the secret a function of its own.")
	}
	if t.Password != nil {
		c.password()
	}
	return c.findings
}

const endpointRemedy = "Set it to the address of Secrets Manager in the region, as in https://secretsmanager.eu-central-1.amazonaws.com."

type environmentCheck struct {
	t           *catalog.RotationType
	environment map[string]string
	findings    []Finding
}

func (c *environmentCheck) add(code Code, severity Severity, detail, remedy string) {
	f := New(code, severity, detail, remedy)
	f.Argument = FunctionArgument
	c.findings = append(c.findings, f)
}

func (c *environmentCheck) variable(v catalog.Variable) {
	text, set := c.environment[v.Name]
	number, _, whole := pythonInt(jsonValue{kind: jsonText, text: text})
	switch {
	case !set && v.Required:
		code, remedy := FunctionEnvInvalid, fmt.Sprintf("Set %s in the function's environment.", v.Name)
		if v.Name == catalog.EndpointVariable {
			code, remedy = FunctionEnvEndpoint, endpointRemedy
		}
		c.add(code, Error, fmt.Sprintf("The rotation function has no environment variable %s, and fails without it.", v.Name), remedy)
	case !set:
	case v.Name == catalog.EndpointVariable:
		// The AWS SDK for Python takes no address without a scheme.
		if lower := strings.ToLower(text); !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "http://") {
			c.add(FunctionEnvInvalid, Error, fmt.Sprintf("The environment variable %s is not an address with https:// before it.", v.Name),
				endpointRemedy)
		}
	case v.Kind == catalog.NumberVariable && v.Name == variableLength:
		c.length(number, whole)
	case v.Kind == catalog.NumberVariable && !whole:
		c.add(FunctionEnvInvalid, Error, fmt.Sprintf("The environment variable %s is not a whole number, and the rotation function fails on it.", v.Name), "Set it to a whole number, or leave it out for the default.")
	case v.Kind == catalog.TruthVariable && !truth(text) && !untruth[strings.ToLower(text)]:
		c.add(FunctionEnvInvalid, Warning, fmt.Sprintf("The environment variable %s is neither true nor false. The rotation function takes only \"true\", \"1\", \"y\" and \"yes\", in any case, for true, and everything else for false.", v.Name), "Set it to true or false.")
	case c.exact(v.Name) && text != "true" && (truth(text) || truth(strings.TrimSpace(text))):
		c.add(FunctionEnvInvalid, Warning, fmt.Sprintf("The environment variable %s is not exactly \"true\", and the rotation function takes everything else for false.", v.Name), `Set it to "true", in small letters.`)
	}
}

// exact reports whether a variable counts only as exactly "true", which is so of those that fields depend on.
func (c *environmentCheck) exact(variable string) bool {
	for _, f := range c.t.Fields {
		for _, condition := range f.When {
			if condition.Variable == variable {
				return true
			}
		}
	}
	return false
}

// truth follows the functions' own reading of variables.
func truth(text string) bool {
	switch strings.ToLower(text) {
	case "true", "1", "y", "yes":
		return true
	}
	return false
}

// untruth are the texts that everyone means as false.
var untruth = map[string]bool{"": true, "false": true, "0": true, "n": true, "no": true}

func (c *environmentCheck) length(length int, whole bool) {
	shortest, longest := c.t.PasswordLengths()
	switch {
	case !whole:
		c.add(PasswordLengthInvalid, Error, fmt.Sprintf("The environment variable %s is not a whole number, and the rotation function fails on it.", variableLength), "Set it to a whole number, or leave it out for the default.")
	case length < 1 || length > maxPasswordLength:
		c.add(PasswordLengthInvalid, Error, fmt.Sprintf("The environment variable %s is not between 1 and %d, which are the lengths that GetRandomPassword makes.", variableLength, maxPasswordLength), "Set it to a length that the database accepts, or leave it out for the default.")
	case length < shortest || longest > 0 && length > longest:
		c.add(PasswordLengthInvalid, Warning, fmt.Sprintf("The environment variable %s is not a length that AWS documents for passwords of %s: %s.", variableLength, c.t.Engine, lengthRange(shortest, longest)), "Set it to such a length, or leave it out for the default.")
	default:
		c.masterLength(length)
	}
}

// masterLength is for lengths that only the users whom AWS creates with the database may not have, since nobody sees of a secret
// whether its user is one.
func (c *environmentCheck) masterLength(length int) {
	if shortest, longest := c.t.PasswordLengths(catalog.MasterUser); length < shortest || longest > 0 && length > longest {
		c.add(PasswordLengthInvalid, Warning, fmt.Sprintf("The environment variable %s is not a length that AWS documents for the master user of %s: %s.", variableLength, c.t.Engine, lengthRange(shortest, longest)), "Ignore this unless the secret is the master user's.")
	}
}

func lengthRange(shortest, longest int) string {
	switch {
	case longest == 0:
		return fmt.Sprintf("%d or more characters", shortest)
	case shortest == 0:
		return fmt.Sprintf("at most %d characters", longest)
	}
	return fmt.Sprintf("%d to %d characters", shortest, longest)
}

// excludedBy returns the characters that a function excludes from passwords. The variable replaces the default, also when it is empty.
func excludedBy(t *catalog.RotationType, environment map[string]string) string {
	if t.Password == nil {
		return ""
	}
	if text, set := environment[variableCharacters]; set && t.Reads(variableCharacters) {
		return text
	}
	return t.Password.ExcludeCharacters
}

// password checks what the variables make of the password together.
func (c *environmentCheck) password() {
	excluded := excludedBy(c.t, c.environment)
	if utf8.RuneCountInString(excluded) > maxExcluded {
		c.add(ExcludeCharactersImpossible, Error, fmt.Sprintf("The environment variable %s has more than %d characters, which GetRandomPassword refuses.", variableCharacters, maxExcluded), "List every character once.")
		return
	}
	c.tooFew(excluded)
	eachType := true // without the variable, for the functions that read it and for GetRandomPassword
	if text, set := c.environment[variableEachType]; set && c.t.Reads(variableEachType) {
		eachType = truth(text)
	}
	var left, emptied, needed []string
	for _, class := range passwordClasses {
		switch {
		case c.on(class.variable):
		case strings.Trim(class.class.Characters(), excluded) == "":
			emptied = append(emptied, class.words)
		default:
			left = append(left, class.words)
			continue
		}
		if slices.Contains(c.t.RequiredClasses(), class.class) {
			needed = append(needed, class.words)
		}
	}
	const remedy = "Exclude less; to have no character of a class, set the function's own variable for that if it has one."
	switch {
	case len(left) == 0:
		c.add(ExcludeCharactersImpossible, Error, "The rotation function's environment variables exclude every character, and GetRandomPassword refuses that.", remedy)
	case eachType && len(emptied) > 0:
		c.add(ExcludeCharactersImpossible, Error, fmt.Sprintf("The environment variable %s excludes every character of a class of which each password needs one: %s. GetRandomPassword refuses that.", variableCharacters, strings.Join(emptied, ", ")), remedy)
	case len(needed) > 0:
		c.add(ExcludeCharactersImpossible, Warning, fmt.Sprintf("The rotation function's environment variables leave no character of a class of which %s wants one in every password: %s.", c.t.Engine, strings.Join(needed, ", ")), "Exclude less.")
	case eachType && c.shorterThan(len(left)):
		c.add(PasswordLengthInvalid, Error, fmt.Sprintf("The environment variable %s is less than the number of classes of characters of which each password needs one, and GetRandomPassword refuses that.", variableLength), "Set it to a length that the database accepts, or leave it out for the default.")
	}
}

// on reports whether the function reads a variable, and as true.
func (c *environmentCheck) on(variable string) bool {
	return c.t.Reads(variable) && truth(c.environment[variable])
}

// shorterThan reports whether the length of passwords is set and below a number, but one that GetRandomPassword makes.
func (c *environmentCheck) shorterThan(n int) bool {
	text, set := c.environment[variableLength]
	length, _, ok := pythonInt(jsonValue{kind: jsonText, text: text})
	return set && c.t.Reads(variableLength) && ok && length > 0 && length < n
}

// tooFew checks that what the engine or the function fails on is excluded.
func (c *environmentCheck) tooFew(excluded string) {
	if c.on(variablePunctuation) {
		excluded += catalog.Punctuation.Characters()
	}
	var missing []string
	for _, r := range c.t.MinimumExclude() {
		if !strings.ContainsRune(excluded, r) {
			missing = append(missing, "`"+string(r)+"`")
		}
	}
	if len(missing) == 0 {
		return
	}
	detail, remedy := fmt.Sprintf("The environment variable %s replaces the rotation function's default and leaves", variableCharacters), fmt.Sprintf("Add what is missing to %s.", variableCharacters)
	switch _, set := c.environment[variableCharacters]; {
	case !c.t.Reads(variableCharacters):
		detail, remedy = "The rotation function, whose characters nothing can change, leaves", "Rotate again if a rotation fails on its password."
	case !set:
		detail, remedy = "The rotation function's default leaves", fmt.Sprintf("Set %s to the default with what is missing.", variableCharacters)
	}
	c.add(ExcludeCharactersTooFew, Warning, fmt.Sprintf("%s characters in passwords that the database may refuse or the function cannot set: %s.", detail, strings.Join(missing, ", ")), remedy)
}
