// Package arn reads and writes the three kinds of Amazon Resource Names that rotation needs: secrets, Lambda functions and IAM roles.
//
// Parsing is strict, because an ARN that is only nearly right is refused by AWS much later and with a message about something else.
// Every error names the part that is wrong. ARNs are not secret, so errors quote them.
//
// The format follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html and, for the resource parts, the
// service authorization reference of Secrets Manager, Lambda and IAM.
package arn

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var (
	partitionPattern = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	regionPattern    = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$`)
	accountPattern   = regexp.MustCompile(`^[0-9]{12}$`)

	// The exclamation mark is only in the names that services give, as in "rds!db-…".
	secretNamePattern   = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)
	secretSuffixPattern = regexp.MustCompile(`^[A-Za-z0-9]{6}$`)
	functionPattern     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	qualifierPattern    = regexp.MustCompile(`^(\$LATEST|[A-Za-z0-9_-]{1,128})$`)
	roleNamePattern     = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	rolePathPattern     = regexp.MustCompile(`^/([\x21-\x7e]{0,510}/)?$`)
)

// SecretARN is the full ARN of a Secrets Manager secret: arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX.
type SecretARN struct {
	Partition string // "aws", "aws-cn", "aws-us-gov", …
	Region    string // "eu-central-1"
	AccountID string // twelve digits
	Name      string // the secret's name, without the suffix; may contain slashes
	Suffix    string // the six characters that Secrets Manager adds to the name
}

// FunctionARN is the ARN of a Lambda function, of one of its versions or of an alias:
// arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME or …:NAME:QUALIFIER.
type FunctionARN struct {
	Partition string
	Region    string
	AccountID string
	Name      string
	Qualifier string // alias, version number or "$LATEST"; empty for the function itself
}

// RoleARN is the ARN of an IAM role: arn:PARTITION:iam::ACCOUNT:role/PATH/NAME.
type RoleARN struct {
	Partition string
	AccountID string
	Path      string // "/" or "/service-role/"
	Name      string // the last path element, which is what IAM's operations take
}

// ParseSecret reads the full ARN of a secret. An ARN without the six-character suffix, which Secrets Manager accepts in some
// requests, is an error: permissions and conditions need the full one.
func ParseSecret(s string) (SecretARN, error) {
	p, err := split(s, "secret", "secretsmanager", true)
	if err != nil {
		return SecretARN{}, err
	}
	kind, resource, _ := strings.Cut(p.resource, ":")
	if kind != "secret" {
		return SecretARN{}, invalid(s, "secret", `the resource part must have the form "secret:NAME-SUFFIX"`)
	}
	dash := strings.LastIndexByte(resource, '-')
	if dash < 0 || !secretSuffixPattern.MatchString(resource[dash+1:]) {
		return SecretARN{}, invalid(s, "secret", "it does not end in a hyphen and the six characters that Secrets Manager adds to the name; use the full ARN")
	}
	if !secretNamePattern.MatchString(resource[:dash]) {
		return SecretARN{}, invalid(s, "secret", "the secret name must be 1 to 512 letters, digits or characters of /_+=.@-")
	}
	return SecretARN{Partition: p.partition, Region: p.region, AccountID: p.account, Name: resource[:dash], Suffix: resource[dash+1:]}, nil
}

// String returns the ARN as AWS writes it.
func (a SecretARN) String() string {
	return "arn:" + a.Partition + ":secretsmanager:" + a.Region + ":" + a.AccountID + ":secret:" + a.Name + "-" + a.Suffix
}

// ParseFunction reads the ARN of a Lambda function, with or without a qualifier.
func ParseFunction(s string) (FunctionARN, error) {
	p, err := split(s, "Lambda function", "lambda", true)
	if err != nil {
		return FunctionARN{}, err
	}
	parts := strings.Split(p.resource, ":")
	if parts[0] != "function" || len(parts) < 2 || len(parts) > 3 {
		return FunctionARN{}, invalid(s, "Lambda function", `the resource part must have the form "function:NAME" or "function:NAME:QUALIFIER"`)
	}
	if !functionPattern.MatchString(parts[1]) {
		return FunctionARN{}, invalid(s, "Lambda function", "the function name must be 1 to 64 letters, digits, hyphens or underscores")
	}
	f := FunctionARN{Partition: p.partition, Region: p.region, AccountID: p.account, Name: parts[1]}
	if len(parts) == 3 {
		if !qualifierPattern.MatchString(parts[2]) {
			return FunctionARN{}, invalid(s, "Lambda function", "the qualifier after the function name must be an alias, a version number or $LATEST")
		}
		f.Qualifier = parts[2]
	}
	return f, nil
}

// String returns the ARN as AWS writes it, with the qualifier when there is one.
func (a FunctionARN) String() string {
	s := "arn:" + a.Partition + ":lambda:" + a.Region + ":" + a.AccountID + ":function:" + a.Name
	if a.Qualifier != "" {
		s += ":" + a.Qualifier
	}
	return s
}

// Unqualified returns the ARN of the function itself.
func (a FunctionARN) Unqualified() FunctionARN {
	a.Qualifier = ""
	return a
}

// SplitQualifier gives the two ways in which Lambda's API names a function: its ARN without a qualifier, and the qualifier, nil if there
// is none. What is not the ARN of a function is returned as it is.
func SplitQualifier(functionARN string) (name string, qualifier *string) {
	a, err := ParseFunction(functionARN)
	if err != nil || a.Qualifier == "" {
		return functionARN, nil
	}
	return a.Unqualified().String(), &a.Qualifier
}

// ParseRole reads the ARN of an IAM role.
func ParseRole(s string) (RoleARN, error) {
	p, err := split(s, "role", "iam", false)
	if err != nil {
		return RoleARN{}, err
	}
	resource, ok := strings.CutPrefix(p.resource, "role/")
	if !ok {
		return RoleARN{}, invalid(s, "role", `the resource part must have the form "role/NAME" or "role/PATH/NAME"`)
	}
	slash := strings.LastIndexByte(resource, '/')
	a := RoleARN{Partition: p.partition, AccountID: p.account, Path: "/" + resource[:slash+1], Name: resource[slash+1:]}
	if !roleNamePattern.MatchString(a.Name) {
		return RoleARN{}, invalid(s, "role", "the role name must be 1 to 64 letters, digits or characters of _+=,.@-")
	}
	if !rolePathPattern.MatchString(a.Path) {
		return RoleARN{}, invalid(s, "role", "the path before the role name must be at most 512 printable ASCII characters")
	}
	return a, nil
}

// String returns the ARN as AWS writes it.
func (a RoleARN) String() string {
	return "arn:" + a.Partition + ":iam::" + a.AccountID + ":role" + a.Path + a.Name
}

// DNSSuffix returns the suffix of the service host names of a partition, "amazonaws.com" for the standard one.
func DNSSuffix(partition string) string {
	switch partition {
	case "aws-cn":
		return "amazonaws.com.cn"
	case "aws-eusc":
		return "amazonaws.eu"
	case "aws-iso":
		return "c2s.ic.gov"
	case "aws-iso-b":
		return "sc2s.sgov.gov"
	case "aws-iso-e":
		return "cloud.adc-e.uk"
	case "aws-iso-f":
		return "csp.hci.ic.gov"
	default:
		return "amazonaws.com"
	}
}

type parts struct {
	partition, region, account, resource string
}

// split checks the five parts that all ARNs have in common. Regional says whether the region part is filled or empty.
func split(s, kind, service string, regional bool) (parts, error) {
	fields := strings.SplitN(s, ":", 6)
	if fields[0] != "arn" {
		return parts{}, invalid(s, kind, `it does not start with "arn:"`)
	}
	if len(fields) < 6 {
		return parts{}, invalid(s, kind, `it has fewer than the six parts of "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"`)
	}
	p := parts{partition: fields[1], region: fields[3], account: fields[4], resource: fields[5]}
	switch {
	case !partitionPattern.MatchString(p.partition):
		return parts{}, invalid(s, kind, fmt.Sprintf(`the partition part is %q, but must be "aws", "aws-cn", "aws-us-gov" or alike`, p.partition))
	case fields[2] != service:
		return parts{}, invalid(s, kind, fmt.Sprintf("the service part is %q, but must be %q", fields[2], service))
	case regional && p.region == "":
		return parts{}, invalid(s, kind, "the region part is empty")
	case regional && !regionPattern.MatchString(p.region):
		return parts{}, invalid(s, kind, fmt.Sprintf(`the region part is %q, but must look like "eu-central-1"`, p.region))
	case !regional && p.region != "":
		return parts{}, invalid(s, kind, fmt.Sprintf("the region part is %q, but must be empty", p.region))
	case p.account == "":
		return parts{}, invalid(s, kind, "the account part is empty")
	case !accountPattern.MatchString(p.account):
		return parts{}, invalid(s, kind, fmt.Sprintf("the account part is %q, but must be twelve digits", p.account))
	}
	return p, nil
}

func invalid(s, kind, reason string) error {
	if s == "" {
		return errors.New("the " + kind + " ARN is empty")
	}
	return fmt.Errorf("%q is not the ARN of a %s: %s", s, kind, reason)
}
