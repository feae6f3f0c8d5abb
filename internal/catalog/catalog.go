// Package catalog holds what is known of each rotation type: which function rotates it, what the function expects of a secret, how it
// makes passwords and which permissions it needs.
//
// A rotation type is the contract of one of the rotation functions that AWS publishes. Types are typed literals, one file per engine.
// They follow the source of the functions (https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas) where it and the user
// guide differ, because the source is what rotates.
package catalog

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
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
	CustomStrategy   Strategy = "custom"            // whatever its author made it
)

// RotationType is what one rotation function expects and does.
type RotationType struct {
	Name        string // as CloudFormation's RotationType: "PostgreSQLSingleUser"
	Application string // name in the Serverless Application Repository, which is also the directory of the source
	Engine      string // "postgres"; "other" if none
	Strategy    Strategy

	EngineValues []string // accepted values of the field engine, compared exactly; empty if the function does not check it
	Port         int      // default port; 0 if none
	Database     string   // default database; empty if none
	Fields       []Field  // of the secret's JSON object, in the order of the user guide; empty if no format is known
	Clone        *Clone   // of AlternatingUsers only
	Password     Password
	Superuser    *Superuser // nil if the function needs no superuser secret
	Grants       []Grant    // everything that the execution role needs, except for keys, logs and the VPC
	MinTimeout   time.Duration

	// ReplacesValue says that the function stores a bare password as the whole value, whatever the secret held before.
	ReplacesValue bool
	// Notes are what else a user should know, full sentences.
	Notes []string
}

// FieldKind is what a function makes of a field's value.
type FieldKind int

// The kinds of fields.
const (
	Text     FieldKind = iota // text
	Port                      // a number or text that Python's int() takes
	TLS                       // a truth value, or "true" or "false" in any case; the function ignores anything else
	SecretID                  // the ARN or name of another secret
)

// Field is a member of the secret's JSON object.
type Field struct {
	Name     string
	Kind     FieldKind
	Required bool     // the function fails without it
	Ignored  bool     // the function keeps it and does not read it; the console may
	Default  string   // what an absent field means, as text; empty if nothing
	Allowed  []string // the only values; empty for any
	Note     string   // what else to know, full sentences
}

// Clone is how an alternating-users function names the second user.
type Clone struct {
	Suffix        string // appended to the user name, and taken off it when it is there
	MaxLength     int    // of the name with the suffix, in characters; 0 if the function does not check it
	LimitVariable string // environment variable of the function that overrides MaxLength; empty if none
}

// MaxBase returns the longest user name that a clone can be made of, in characters, 0 for any.
func (c Clone) MaxBase() int {
	if c.MaxLength == 0 {
		return 0
	}
	return c.MaxLength - utf8.RuneCountInString(c.Suffix)
}

// Alternate returns the user name that the next rotation switches to, and false if the function refuses to make it because it would
// be too long.
func (c Clone) Alternate(username string) (string, bool) {
	if base, ok := strings.CutSuffix(username, c.Suffix); ok {
		return base, true
	}
	alternate := username + c.Suffix
	return alternate, c.MaxLength == 0 || utf8.RuneCountInString(alternate) <= c.MaxLength
}

// Password is how a function asks GetRandomPassword for the next password.
type Password struct {
	ExcludeCharacters string   // unless the variable EXCLUDE_CHARACTERS replaces it
	Length            int      // unless the variable PASSWORD_LENGTH replaces it
	Variables         []string // the environment variables that the function reads for it
}

// Superuser is the secret with whose user a function changes another user's password. The user guide also calls it the master secret.
type Superuser struct {
	Field  string   // field of the rotated secret that names the superuser secret
	Fields []string // fields that the function requires of the superuser secret
	// ManagedFields are the fields of a superuser secret that a service manages: with exactly these the function looks up the rest
	// in the service's own API. Empty if the function cannot.
	ManagedFields []string
}

// Target is what a grant is on.
type Target int

// The targets of grants.
const (
	OnSecret    Target = iota // the rotated secret
	OnSuperuser               // the superuser secret
	OnPassword                // GetRandomPassword, which has no resource
	OnService                 // the service of the database
)

// Grant is a group of actions that the execution role needs.
type Grant struct {
	On          Target
	ManagedOnly bool // needed only if a service manages the superuser secret
	Actions     []string
}

// SecretActions are the actions that every function needs on the secret that it rotates.
func SecretActions() []string {
	return []string{
		"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
		"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage",
	}
}

// Actions returns the actions that the execution role needs on a target, in alphabetical order. Managed says that a service manages
// the superuser secret.
func (t *RotationType) Actions(on Target, managed bool) []string {
	var actions []string
	for _, g := range t.Grants {
		if g.On == on && (managed || !g.ManagedOnly) {
			actions = append(actions, g.Actions...)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// Field returns a field by name.
func (t *RotationType) Field(name string) (Field, bool) {
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
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

var types = []*RotationType{postgreSQLSingleUser, postgreSQLMultiUser, custom}

// Grants of most types.
var (
	secretGrant   = Grant{On: OnSecret, Actions: SecretActions()}
	passwordGrant = Grant{On: OnPassword, Actions: []string{"secretsmanager:GetRandomPassword"}}
)

// passwordVariables are what the functions for relational databases read.
func passwordVariables() []string {
	return []string{
		"EXCLUDE_CHARACTERS", "PASSWORD_LENGTH", "EXCLUDE_NUMBERS", "EXCLUDE_PUNCTUATION",
		"EXCLUDE_UPPERCASE", "EXCLUDE_LOWERCASE", "REQUIRE_EACH_INCLUDED_TYPE",
	}
}
