// Package catalog holds what is known of each rotation type: which function rotates it, what the function expects of a secret, how it
// makes passwords and which permissions it needs.
//
// A rotation type is the contract of one of the rotation functions that AWS publishes. Types are typed literals, one file per engine.
// They follow the source of the functions (https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas) where it and the user
// guide differ, because the source is what rotates.
package catalog

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// EndpointVariable is the environment variable that every published function reads, and fails without.
const EndpointVariable = "SECRETS_MANAGER_ENDPOINT"

// Strategy is how a function changes credentials.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-strategy.html.
type Strategy string

// The strategies.
const (
	SingleUser       Strategy = "single_user"       // changes the password of the one user
	AlternatingUsers Strategy = "alternating_users" // changes in turn the passwords of a user and its clone
	TokenReplacement Strategy = "token_replacement" // has the service issue a new token and deletes the old one
	CustomStrategy   Strategy = "custom"            // whatever its author made it
)

// RotationType is what one rotation function expects and does.
type RotationType struct {
	Name        string // as CloudFormation's RotationType: "PostgreSQLSingleUser"
	Application string // name in the Serverless Application Repository, which is also the directory of the source
	Engine      string // "postgres"; "other" if none
	Strategy    Strategy
	Hosted      bool // CloudFormation's HostedRotationLambda deploys it, and the application is known to exist

	Port        int        // default port; 0 if none
	Database    string     // default database; empty if none
	Fields      []Field    // of the secret's JSON object, in the order of the user guide; empty if no format is known
	Clone       *Clone     // of AlternatingUsers only
	Password    *Password  // nil if the function generates none
	Superuser   *Superuser // nil if the function needs no superuser secret
	Grants      []Grant    // everything that the execution role needs, except for keys, logs and the VPC
	Environment []Variable // what the function reads of its environment, EndpointVariable first
	Errors      []FunctionError
	MinTimeout  time.Duration // of the function, as AWS advises; 0 if AWS advises none

	// ReadsPrevious says that setSecret parses the AWSPREVIOUS value too, and fails when that is not a JSON object.
	ReadsPrevious bool
	// ReplacesValue says that the function stores a bare password as the whole value, whatever the secret held before.
	ReplacesValue bool
	// Differences are where AWS's pages and the function's code say different things. The rest of the literal follows the code.
	Differences []Difference
	// Notes are what else a user should know, full sentences.
	Notes []string
}

// FieldKind is what a function makes of a field's value. Where the function hands the value on to a driver or service unseen, the kind
// is Text.
type FieldKind int

// The kinds of fields.
const (
	Text        FieldKind = iota // text, which the function does not look at itself
	Anything                     // any value; only its presence counts
	Port                         // a number or text that Python's int() takes
	PortText                     // anything, since the function makes text of it
	TLS                          // a truth value, or "true" or "false" in any case; the function ignores anything else
	SecretID                     // the ARN or name of another secret
	SecretIDs                    // a list of ARNs or names of other secrets
	UserARN                      // text of at least seven parts between colons, as the ARN of an ElastiCache user
	TextList                     // a list of texts
	Permissions                  // a list of texts, each an action, a hyphen and a type: "write-tasks"
)

// Field is a member of the secret's JSON object.
type Field struct {
	Name     string
	Kind     FieldKind
	Required bool     // the function fails without it
	Ignored  bool     // the function keeps it and does not read it; the console may
	Default  string   // what an absent field means, as text; empty if nothing
	Allowed  []string // the only values, compared exactly; empty for any
	Prefix   bool     // Allowed are the beginnings of values, rather than values
	Example  string   // for the documentation, as text; TextList and the like: items between commas; empty if the field is not in examples
	Note     string   // what else to know, full sentences

	// Needed says that the function does not ask for the field and takes null, but connects to nothing without it.
	Needed bool
	// TextOnly says that the function fails on a value that is there and is not text.
	TextOnly bool
	// Pattern is what the service behind the function takes, which the function does not check itself; nil for anything. Form is the
	// same in words that follow "is not".
	Pattern *regexp.Regexp
	Form    string
	// NoExcluded says that the function rejects the user name or password if it contains an excluded character (Password).
	NoExcluded bool
	// Variable is the environment variable of the function that gives the field another name; empty if none.
	Variable string
	// Keeper says who may change the value of the field once the secret has one.
	Keeper Keeper
	// When are the cases in which the function fails without the field although it is not Required.
	When []Condition
}

// Keeper is who keeps a field's value once the secret has one.
type Keeper int

// The keepers of fields.
const (
	Configuration Keeper = iota // whoever configures the secret, at any time: where the database is
	FirstValue                  // nobody: it says whose credential the secret is. A rotation that alternates between two users switches it
	EachRotation                // each rotation, which replaces it: the credential itself
	WrittenAlong                // each rotation: what else the function writes
)

// Condition is a case in which the function fails without a field. Every part that is set must hold.
type Condition struct {
	Field  string   // another field ...
	Value  string   // ... has this value ...
	Absent []string // ... and these fields are absent ...
	// ... and this environment variable of the function is not "true".
	Variable string
}

// Variable is an environment variable of the function.
type Variable struct {
	Name     string
	Kind     VariableKind
	Default  string // the meaning of an absent variable, as text; empty if nothing
	Required bool   // the function fails without it
	Note     string // what it does, full sentences
}

// VariableKind is what a function makes of a variable.
type VariableKind int

// The kinds of variables.
const (
	TextVariable   VariableKind = iota
	NumberVariable              // goes through Python's int(), which fails on anything but a whole number
	TruthVariable               // true for "true", "1", "y" and "yes" in any case, false for everything else
)

// FunctionError is an error that the code of a function raises, as its log shows it.
type FunctionError struct {
	Exception string // Python's class: "ValueError"
	Message   string // with %s for what is filled in
	Cause     string // what leads to it, a full sentence
}

// Difference is a contradiction between AWS's pages and a function's code.
type Difference struct {
	Topic string // "default port"
	Docs  string // what the pages say
	Code  string // what the code does
}

// Clone is how an alternating-users function names the second user.
type Clone struct {
	Suffix        string // appended to the user name, and taken off it when it is there
	MaxLength     int    // of the name with the suffix, in characters; 0 if the function does not check it
	LimitVariable string // environment variable of the function that overrides MaxLength; empty if none
	EngineLimit   int    // the longest user name that the engine takes, in characters; 0 if not known, or if the function never lets a longer one pass
	UpperCase     bool   // the function writes both names in upper case, and takes off the suffix only in upper case
	RefusesEmpty  bool   // the function refuses a user name that is the suffix alone
}

// MaxBase returns the longest user name that a clone can be made of, in characters, 0 for any.
func (c Clone) MaxBase() int {
	if c.MaxLength == 0 {
		return 0
	}
	return c.MaxLength - utf8.RuneCountInString(c.Suffix)
}

// Alternate returns the user name that the next rotation switches to.
func (c Clone) Alternate(username string) string {
	alternate, isClone := strings.CutSuffix(username, c.Suffix)
	if !isClone {
		alternate += c.Suffix
	}
	if c.UpperCase {
		alternate = strings.ToUpper(alternate)
	}
	return alternate
}

// Password is how a function asks GetRandomPassword for the next password.
type Password struct {
	ExcludeCharacters string // unless the variable EXCLUDE_CHARACTERS replaces it, where the function reads it (Environment)
	Length            int    // unless the variable PASSWORD_LENGTH replaces it, likewise
}

// Superuser is the secret with whose user a function changes another user's password. The user guide also calls it the master secret.
type Superuser struct {
	Field  string   // field of the rotated secret that names the superuser secret
	Fields []string // fields that the function requires of the superuser secret
	// ManagedFields are the fields of a superuser secret that a service manages: with exactly these the function looks up the rest
	// in the service's own API. Empty if the function cannot.
	ManagedFields []string
	// ManagedTags are the system tags of such a secret, in lower case. The function finds the database through the one that is there.
	ManagedTags []string
	// ByTags says that the function tells such a secret by its tags, whatever its fields, so that the fields alone do not decide.
	ByTags bool
}

// Target is what a grant is on.
type Target int

// The targets of grants.
const (
	OnSecret    Target = iota // the rotated secret
	OnSuperuser               // the superuser secret
	OnPassword                // GetRandomPassword, which has no resource
	OnService                 // the service of the database or directory
	OnKeytabs                 // every keytab secret that the rotated secret lists
)

// Need says when a grant is needed.
type Need string

// The needs.
const (
	Always           Need = ""                   // whatever the secrets hold
	ManagedSuperuser Need = "managed_superuser"  // a service manages the superuser secret
	ManagedOrReplica Need = "managed_or_replica" // ... or the secret is for a read replica, so that its host is not the superuser's
	ManagedCluster   Need = "managed_cluster"    // the superuser secret is a Redshift cluster's
	ManagedWorkgroup Need = "managed_serverless" // the superuser secret is a Redshift Serverless namespace's
)

// Description returns the need in words that end a sentence: "if a service manages the superuser secret".
func (n Need) Description() string {
	switch n {
	case ManagedSuperuser:
		return "if a service manages the superuser secret"
	case ManagedOrReplica:
		return "if a service manages the superuser secret, or its host is not the secret's"
	case ManagedCluster:
		return "if the superuser secret is that of a Redshift cluster"
	case ManagedWorkgroup:
		return "if the superuser secret is that of a Redshift Serverless namespace"
	}
	return "always"
}

// Grant is a group of actions that the execution role needs.
type Grant struct {
	On      Target
	When    Need
	Actions []string
}

// Field returns a field by name.
func (t *RotationType) Field(name string) (Field, bool) {
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
}

// Credential returns the field whose value each rotation replaces; false if the format is not known.
func (t *RotationType) Credential() (Field, bool) {
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Keeper == EachRotation })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
}

// Engines returns the values of the field engine that the function accepts, compared exactly, or their beginnings if prefix is true;
// nil if the function does not check it.
func (t *RotationType) Engines() (values []string, prefix bool) {
	field, _ := t.Field("engine")
	return slices.Clone(field.Allowed), field.Prefix
}

// Reads reports whether the function reads an environment variable.
func (t *RotationType) Reads(variable string) bool {
	return slices.ContainsFunc(t.Environment, func(v Variable) bool { return v.Name == variable })
}

// Lookup returns a rotation type by its name.
func Lookup(name string) (*RotationType, bool) {
	i := slices.IndexFunc(types, func(t *RotationType) bool { return t.Name == name })
	if i < 0 {
		return nil, false
	}
	return types[i], true
}

// All returns all rotation types, always in the same order. They must not be changed.
func All() []*RotationType { return slices.Clone(types) }

// Names returns the names of all rotation types in the order of All.
func Names() []string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name
	}
	return names
}

var types = []*RotationType{
	mySQLSingleUser, mySQLMultiUser,
	postgreSQLSingleUser, postgreSQLMultiUser,
	mariaDBSingleUser, mariaDBMultiUser,
	oracleSingleUser, oracleMultiUser,
	sqlServerSingleUser, sqlServerMultiUser,
	db2SingleUser, db2MultiUser,
	mongoDBSingleUser, mongoDBMultiUser,
	redshiftSingleUser, redshiftMultiUser,
	influxDBSingleUser, influxDBMultiUser,
	elastiCacheUser,
	activeDirectorySingleUser, activeDirectoryAndKeytabSingleUser,
	custom,
}

// Grants of most types.
var (
	secretGrant    = Grant{On: OnSecret, Actions: iampolicy.SecretActions()}
	passwordGrant  = Grant{On: OnPassword, Actions: []string{"secretsmanager:GetRandomPassword"}}
	superuserGrant = Grant{On: OnSuperuser, Actions: []string{"secretsmanager:GetSecretValue"}}
)
