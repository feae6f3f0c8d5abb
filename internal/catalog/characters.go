package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MasterUser is the context of a password that is the master user's, whom AWS creates together with the database.
const MasterUser = "master_user"

// Context is a place where a password is used and certain characters do harm.
type Context struct {
	Name        string // "url"
	Description string // for the documentation, a full sentence
}

// Contexts returns the contexts that ExcludeCharacters knows.
func Contexts() []Context { return slices.Clone(contexts) }

var contexts = []Context{
	{"url", "The password is part of a connection URL, as in `postgresql://user:password@host/database`, without percent-encoding."},
	{"shell", "The password stands unquoted in a command of a POSIX shell."},
	{"dms", "An AWS DMS endpoint uses the password, also when it reads it from the secret."},
	{"jdbc", "The password is part of a JDBC URL, as in `jdbc:sqlserver://host;user=app;password=…`, without escapes."},
	{"odbc", "The password is part of an ODBC connection string, without braces around it."},
	{"pgpass", "The password stands in PostgreSQL's password file, `.pgpass`, without escapes."},
	{"my_cnf", "The password stands in an option file of MySQL or MariaDB, such as `my.cnf`, without quotes."},
	{MasterUser, "The user is the master user (admin user) that AWS creates together with the database."},
}

// ExcludedCharacter is a character to keep out of passwords.
type ExcludedCharacter struct {
	Character rune
	Reasons   []string // why, each a short phrase: "separates fields in .pgpass"
}

// Exclusion is what to keep out of the passwords that GetRandomPassword makes.
//
// Every class that GetRandomPassword knows keeps characters, whatever contexts are combined, so that the exclusion works with
// RequireEachIncludedType, which is the default of the API and of all functions.
type Exclusion struct {
	// Characters are each there once: first those of the function's default, in its order, then the others by their codes. The space
	// is among them where it does harm; it matters with IncludeSpace only, which no rotation function asks for.
	Characters []ExcludedCharacter
	// ExcludePunctuation says that the target takes no punctuation at all, so that GetRandomPassword needs ExcludePunctuation besides.
	// Characters do not list all punctuation then: they would leave nothing of a class that is required by default.
	ExcludePunctuation bool
	// Notes are what else to know, full sentences: constraints that are not about characters, and where none is known.
	Notes []string
}

// String returns the characters as GetRandomPassword's ExcludeCharacters and the function's variable EXCLUDE_CHARACTERS take them.
func (e Exclusion) String() string {
	var s strings.Builder
	for _, c := range e.Characters {
		s.WriteRune(c.Character)
	}
	return s.String()
}

// ExcludeCharacters returns what to keep out of the passwords of a secret of this type: what the function excludes by default, what the
// engine refuses, and what does harm in the contexts, in any order. It contains MinimumExclude.
//
// An unknown context is an error that names the known ones. So is a type whose function generates no password.
func (t *RotationType) ExcludeCharacters(contexts ...string) (Exclusion, error) {
	if t.Password == nil {
		return Exclusion{}, fmt.Errorf("the rotation function of %s generates no password: the service issues a token instead", t.Name)
	}
	return excluding([]*RotationType{t}, t.Engine, engineNames(t.Engine), contexts)
}

// EngineExcludeCharacters is like the method ExcludeCharacters for an engine by its name of Engines, and so for all rotation types of
// the engine that generate a password.
func EngineExcludeCharacters(engine string, contexts ...string) (Exclusion, error) {
	i := slices.IndexFunc(engines, func(e engineFamily) bool { return slices.Contains(e.names, engine) })
	if i < 0 {
		return Exclusion{}, fmt.Errorf("%q is not an engine; the engines are %s", engine, quoted(Engines()))
	}
	generating := slices.DeleteFunc(All(), func(t *RotationType) bool { return t.Engine != engines[i].engine || t.Password == nil })
	return excluding(generating, engines[i].engine, []string{engine}, contexts)
}

// Engines returns the names of engines that EngineExcludeCharacters knows: those of RDS and of the field engine of secrets.
func Engines() []string {
	var names []string
	for _, e := range engines {
		names = append(names, e.names...)
	}
	return names
}

// engineFamily is the names of engines that are one to rotation functions.
type engineFamily struct {
	engine string // RotationType.Engine
	names  []string
}

var engines = []engineFamily{
	{"mysql", []string{"mysql", "aurora-mysql"}},
	{"postgres", []string{"postgres", "aurora-postgresql"}},
	{"mariadb", []string{"mariadb"}},
	{"oracle", oracleEngines},
	{"sqlserver", sqlServerEngines},
	{"db2", db2Engines},
	{"mongo", mongoEngines},
	{"redshift", []string{"redshift"}},
	{"timestream-influxdb", []string{"timestream-influxdb"}},
	{"elasticache", redisEngines},
	{"active-directory", []string{"active-directory"}},
}

// engineNames returns the names of the engines that a type's Engine stands for, nil if it is not known.
func engineNames(engine string) []string {
	i := slices.IndexFunc(engines, func(e engineFamily) bool { return e.engine == engine })
	if i < 0 {
		return nil
	}
	return engines[i].names
}

// MinimumExclude returns the characters that an EXCLUDE_CHARACTERS of the function must contain, because the engine or the function
// fails on them; empty if none are known. The function's default is wider.
func (t *RotationType) MinimumExclude() string { return minimumExclude[t.Engine] }

// PasswordLengths returns the lengths of passwords that some user of the type's engine may have, in characters; 0 is unknown. With
// the context MasterUser they are those of the master user. Other contexts do not matter. Limits that are not confirmed, or that a
// policy sets which can be switched off, are not counted.
func (t *RotationType) PasswordLengths(contexts ...string) (shortest, longest int) {
	if t.Password == nil {
		return 0, 0
	}
	names := engineNames(t.Engine)
	shortest, longest = lengths(names, AllUsers)
	if slices.Contains(contexts, MasterUser) {
		low, high := lengths(names, MasterUsers)
		shortest = max(shortest, low)
		if longest == 0 || high > 0 && high < longest {
			longest = high
		}
	}
	return shortest, longest
}

// lengths returns the widest of the lengths that the engines' constraints for an audience allow.
func lengths(names []string, audience Audience) (shortest, longest int) {
	for _, c := range passwordConstraints {
		if c.Audience != audience || c.Confidence != Confirmed || c.Max == 0 || !c.concerns(names) {
			continue
		}
		if c.ByPolicy {
			c.Min = 0
		}
		if longest == 0 || c.Min < shortest {
			shortest = c.Min
		}
		longest = max(longest, c.Max)
	}
	return shortest, longest
}

// RequiredClasses returns the classes of which every password of the type's engine needs a character; none if the engine does not ask.
func (t *RotationType) RequiredClasses() []Class {
	var required []Class
	for _, c := range passwordConstraints {
		if c.Audience == AllUsers && c.concerns(engineNames(t.Engine)) {
			required = append(required, c.Required...)
		}
	}
	return required
}

// Refuses reports whether no user of the type's engine can have a password, by what is confirmed for all users.
func (t *RotationType) Refuses(password string) bool {
	shortest, longest := t.PasswordLengths()
	if length := utf8.RuneCountInString(password); length < shortest || longest > 0 && length > longest {
		return true
	}
	return slices.ContainsFunc(t.confirmed(), func(c PasswordConstraint) bool {
		return strings.ContainsAny(password, c.Forbidden) ||
			slices.ContainsFunc(c.Required, func(class Class) bool { return !strings.ContainsAny(password, class.Characters()) })
	})
}

// PasswordRule returns the rules of [RotationType.Refuses] in sentences; empty if there is none.
func (t *RotationType) PasswordRule() string {
	var rules []string
	if shortest, longest := t.PasswordLengths(); longest > 0 {
		rules = append(rules, fmt.Sprintf("A password for %s has %d to %d characters.", t.Name, max(shortest, 1), longest))
	}
	for _, c := range t.confirmed() {
		if c.Forbidden != "" {
			rules = append(rules, "It has none of "+strings.ReplaceAll(strings.Join(strings.Split(c.Forbidden, ""), " "), "  ", " and no space")+".")
		}
		if len(c.Required) > 0 {
			rules = append(rules, "It has upper-case letters, lower-case letters and digits.")
		}
	}
	return strings.Join(rules, " ")
}

// confirmed are the confirmed constraints on the passwords of all users of the type's engine.
func (t *RotationType) confirmed() []PasswordConstraint {
	return slices.DeleteFunc(PasswordConstraints(), func(c PasswordConstraint) bool {
		return c.Audience != AllUsers || c.Confidence != Confirmed || c.ByPolicy || !c.concerns(engineNames(t.Engine))
	})
}

func (c PasswordConstraint) concerns(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(c.Engines, name) })
}

// excluding collects the characters for rotation types of one engine, of which the names are given.
func excluding(rotationTypes []*RotationType, engine string, names, in []string) (Exclusion, error) {
	for _, name := range in {
		if !slices.ContainsFunc(contexts, func(c Context) bool { return c.Name == name }) {
			var known []string
			for _, c := range contexts {
				known = append(known, c.Name)
			}
			return Exclusion{}, fmt.Errorf("%q is not a context; the contexts are %s", name, quoted(known))
		}
	}
	var e Exclusion
	for _, t := range rotationTypes {
		e.exclude(t.Password.ExcludeCharacters, "the rotation function's default")
	}
	byDefault := len(e.Characters)
	if names == nil {
		e.note("The type has no engine, so that no constraint on its passwords is known.")
	}
	master := slices.Contains(in, MasterUser)
	for _, c := range passwordConstraints {
		applies := c.Audience == AllUsers || c.Audience == MasterUsers && master || c.Audience == OrdinaryUsers && !master
		if applies && c.concerns(names) {
			e.exclude(c.Forbidden, c.Reason)
			e.ExcludePunctuation = e.ExcludePunctuation || c.OnlyAlphanumeric
			e.note(c.Note)
		}
	}
	for _, rule := range contextRules {
		if slices.Contains(in, rule.context) && (rule.engines == nil || names == nil || slices.Contains(rule.engines, engine)) {
			e.exclude(rule.characters, rule.reason)
		}
	}
	for _, t := range rotationTypes {
		if !t.Reads("EXCLUDE_CHARACTERS") {
			e.note("The rotation function reads no EXCLUDE_CHARACTERS and excludes nothing: the first password can do without these characters, a rotated one may have any.")
		}
		if slices.ContainsFunc(t.Fields, func(f Field) bool { return f.NoExcluded }) {
			e.note("The rotation function fails if the user name or the current password has a character of its EXCLUDE_CHARACTERS.")
		}
	}
	slices.SortFunc(e.Characters[byDefault:], func(a, b ExcludedCharacter) int { return cmp.Compare(a.Character, b.Character) })
	return e, nil
}

// exclude adds characters, or the reason to those that are there.
func (e *Exclusion) exclude(characters, reason string) {
	for _, r := range characters {
		i := slices.IndexFunc(e.Characters, func(c ExcludedCharacter) bool { return c.Character == r })
		if i < 0 {
			i = len(e.Characters)
			e.Characters = append(e.Characters, ExcludedCharacter{Character: r})
		}
		if c := &e.Characters[i]; !slices.Contains(c.Reasons, reason) {
			c.Reasons = append(c.Reasons, reason)
		}
	}
}

// note adds a note that is not there.
func (e *Exclusion) note(note string) {
	if note != "" && !slices.Contains(e.Notes, note) {
		e.Notes = append(e.Notes, note)
	}
}

func quoted(names []string) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(texts, ", ")
}
