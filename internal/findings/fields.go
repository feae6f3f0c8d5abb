package findings

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// check is the check of one JSON object.
type check struct {
	t           *catalog.RotationType
	environment map[string]string // nil if not known
	object      jsonValue
	findings    []Finding
}

func (c *check) add(code Code, severity Severity, detail, remedy string) {
	c.findings = append(c.findings, New(code, severity, detail, remedy))
}

// name is the name of a field, which the function's environment may have changed. An empty variable counts as none.
func (c *check) name(f catalog.Field) string {
	if renamed := c.environment[f.Variable]; f.Variable != "" && renamed != "" {
		return renamed
	}
	return f.Name
}

func (c *check) field(f catalog.Field) {
	name := c.name(f)
	v, present := c.object.members[name]
	if c.object.repeats[name] {
		c.add(SecretKeyRepeated, Warning, fmt.Sprintf("The field %q occurs more than once; the last one counts.", name), "Keep one.")
	}
	switch {
	case !present:
		c.absent(f, name)
		return
	case f.Ignored:
		return
	}
	switch f.Kind {
	case catalog.Text:
		c.text(f, name, v)
	case catalog.Port:
		c.port(name, v)
	case catalog.PortText:
		c.portText(name, v)
	case catalog.TLS:
		if v.kind != jsonBool && (v.kind != jsonText || !strings.EqualFold(v.text, "true") && !strings.EqualFold(v.text, "false")) {
			c.add(SecretKeyUnusable, Warning,
				fmt.Sprintf("The field %q is neither true nor false. The rotation function ignores it: it tries TLS first and then an unencrypted connection.", name),
				"Write true or false, or leave the field out.")
		}
	case catalog.SecretID:
		if v.kind != jsonText || v.text == "" {
			c.add(SecretKeyType, Error, fmt.Sprintf("The field %q is not text that names a secret, and the rotation function fails on it.", name), "Write the ARN of the superuser secret.")
		} else if parts := strings.Split(v.text, ":"); parts[0] == "arn" && (len(parts) < 7 || parts[2] != "secretsmanager" || parts[5] != "secret") {
			c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is an ARN, but not one of a secret.", name), "Write the ARN of the superuser secret.")
		}
	case catalog.UserARN:
		c.userARN(name, v)
	case catalog.SecretIDs, catalog.TextList, catalog.Permissions:
		c.list(f, name, v)
	case catalog.Anything:
	}
}

// absent is for a field that is not there.
func (c *check) absent(f catalog.Field, name string) {
	remedy := fmt.Sprintf("Add the field %q to the value.", name)
	switch {
	case f.Required && f.Variable != "" && c.environment == nil && c.hasUnknown():
		c.add(SecretKeyMissing, Warning,
			fmt.Sprintf("The field %q is missing. The rotation function fails without it, unless its environment variable %s gives the field another name.", name, f.Variable), remedy)
	case f.Required:
		if len(f.Allowed) > 0 {
			remedy = fmt.Sprintf("Add the field %q to the value, with %s.", name, alternatives(f))
		}
		c.add(SecretKeyMissing, Error, fmt.Sprintf("The field %q is missing. The rotation function fails without it.", name), remedy)
	case f.Needed:
		c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is missing. The rotation function has no default for it and connects to no database without it.", name), remedy)
	default:
		c.conditions(f, name)
	}
}

// hasUnknown reports whether the object has a field that is none of the type's.
func (c *check) hasUnknown() bool {
	for name := range c.object.members {
		if _, known := c.t.Field(name); !known {
			return true
		}
	}
	return false
}

// conditions are the cases in which the function fails without an optional field.
func (c *check) conditions(f catalog.Field, name string) {
	detail := fmt.Sprintf("The field %q is missing, or a list without items.", name)
	if f.Kind == catalog.Text {
		detail = fmt.Sprintf("The field %q is missing.", name)
	}
	remedy := fmt.Sprintf("Add the field %q to the value.", name)
	open := ""
	for _, condition := range f.When {
		if condition.Field != "" {
			other := c.object.members[condition.Field]
			if other.kind != jsonText || other.text != condition.Value {
				continue
			}
			detail += fmt.Sprintf(" The rotation function fails without it if the field %q is %q", condition.Field, condition.Value)
			if len(condition.Absent) > 0 {
				detail += fmt.Sprintf(" and there is no %s", strings.Join(quoted(condition.Absent), ", "))
			}
			detail += "."
		}
		if slices.ContainsFunc(condition.Absent, c.given) {
			continue
		}
		if condition.Variable != "" {
			detail += fmt.Sprintf(" The rotation function fails without it unless its environment variable %s is exactly \"true\".", condition.Variable)
			if c.environment[condition.Variable] == "true" {
				continue
			}
			remedy = fmt.Sprintf("Add the field %q to the value, or set %s to \"true\".", name, condition.Variable)
			if c.environment == nil {
				open = detail
				continue
			}
		}
		c.add(SecretKeyMissing, Error, detail, remedy)
		return
	}
	if open != "" {
		c.add(SecretKeyMissing, Warning, open, remedy)
	}
}

// given reports whether a field is there, and has something in it if it is a list.
func (c *check) given(name string) bool {
	v, present := c.object.members[name]
	if f, _ := c.t.Field(name); !present || f.Kind != catalog.TextList && f.Kind != catalog.Permissions {
		return present
	}
	items, iterable := v.iterate()
	return !iterable || len(items) > 0
}

func (c *check) text(f catalog.Field, name string, v jsonValue) {
	plain := v.kind == jsonText
	switch {
	case len(f.Allowed) > 0:
		if !plain || !accepts(f, v.text) {
			c.notAllowed(f, name)
		}
	case !plain && f.TextOnly:
		c.add(SecretKeyType, Error, fmt.Sprintf("The field %q is not text, and the rotation function fails on anything else.", name), "Write it as text.")
	case !plain:
		c.notText(f, name, v)
	case f.Name == "username" && c.t.Clone != nil:
		c.cloned(v.text)
	case f.Name == "username" && c.t.Reads("USER_NAME") && c.environment != nil && c.environment["USER_NAME"] != v.text:
		c.add(SecretKeyUnusable, Error, `The field "username" is not the USER_NAME in the rotation function's environment, and the function refuses every other user.`,
			"Make both the same, or give the secret a function of its own.")
	case v.text == "":
		if f.Required || f.Needed || f.TextOnly || len(f.When) > 0 {
			c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is empty.", name), "Write its value, or leave the field out if it is optional.")
		}
	case f.NoExcluded && strings.ContainsAny(v.text, c.excluded()):
		severity, unless, remedy := Error, "", "Change it to one without the excluded characters."
		if c.environment == nil {
			severity, unless = Warning, ", unless its environment variable EXCLUDE_CHARACTERS allows it"
		}
		if f.Pattern != nil {
			remedy = "Write the bare user name, without a domain and without the excluded characters."
		}
		c.add(SecretKeyUnusable, severity,
			fmt.Sprintf("The field %q contains a character that the rotation function excludes from passwords. It refuses to log in with it%s.", name, unless),
			remedy)
	case f.Name == "host" && !usableHost(v.text):
		c.add(SecretKeyUnusable, Warning,
			`The field "host" is not a bare host name: it has a port, a scheme, a path or white space.`,
			"Write the host name alone, for a database instance its address attribute rather than its endpoint, and the port in the field \"port\".")
	case f.Name == "username" && c.t.MaxUserName() > 0 && utf8.RuneCountInString(v.text) > c.t.MaxUserName():
		c.add(SecretKeyUnusable, Warning,
			fmt.Sprintf(`The field "username" is longer than the %d characters that a user name of the database can have.`, c.t.MaxUserName()),
			"Write the name of a database user.")
	case f.Pattern != nil && !f.Pattern.MatchString(v.text):
		c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not %s.", name, f.Form), "Write it as AWS shows it.")
	}
}

func (c *check) notAllowed(f catalog.Field, name string) {
	if name == "engine" {
		c.add(SecretEngineMismatch, Error,
			fmt.Sprintf("The field \"engine\" is not one that the rotation function of %s accepts. It compares exactly, with upper and lower case.", c.t.Name),
			fmt.Sprintf("Write %s, or choose the rotation type of the database.", alternatives(f)))
		return
	}
	c.add(SecretKeyUnusable, Error,
		fmt.Sprintf("The field %q is not one of the values that the rotation function accepts. It compares exactly, with upper and lower case.", name),
		fmt.Sprintf("Write %s.", alternatives(f)))
}

// notText is for something else than text where the function hands on what it finds.
func (c *check) notText(f catalog.Field, name string, v jsonValue) {
	severity := Warning
	if f.NoExcluded && c.environment != nil && c.excluded() != "" && v.kind != jsonArray && v.kind != jsonObject {
		severity = Error // The function searches it for the excluded characters.
	}
	if v.kind == jsonNull && !f.Required && !f.Needed && len(f.When) == 0 {
		return
	}
	c.add(SecretKeyUnusable, severity, fmt.Sprintf("The field %q is not text.", name), "Write it as text.")
}

// excluded are the characters that the function excludes from passwords, the default ones if its environment is not known.
func (c *check) excluded() string { return excludedBy(c.t, c.environment) }

// port follows Python's int(), which the functions call on the value.
func (c *check) port(name string, v jsonValue) {
	port, whole, ok := pythonInt(v)
	switch {
	case !ok:
		c.add(SecretKeyType, Error, fmt.Sprintf("The field %q is not a whole number, and the rotation function fails on it.", name), "Write a number from 1 to 65535, or leave the field out for the default.")
	case !whole || v.kind == jsonBool:
		c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not a whole number; the rotation function makes one of it.", name), "Write a number from 1 to 65535.")
	case port < 1 || port > math.MaxUint16:
		c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not between 1 and 65535.", name), "Write the port of the database.")
	}
}

// portText follows the functions that write the value into an address as it is.
func (c *check) portText(name string, v jsonValue) {
	if v.kind == jsonText || v.kind == jsonInteger {
		if port, err := strconv.ParseUint(v.text, 10, 16); err == nil && port > 0 {
			return
		}
	}
	c.add(SecretKeyUnusable, Warning,
		fmt.Sprintf("The field %q is not a number between 1 and 65535. The rotation function writes it into the address of the database as it is.", name),
		"Write the port of the database, or leave the field out for the default.")
}

// cloned follows the alternating-users functions, which take the user name apart in createSecret.
func (c *check) cloned(username string) {
	clone := c.t.Clone
	alternate := clone.Alternate(username)
	length := utf8.RuneCountInString(username) + utf8.RuneCountInString(clone.Suffix)
	limit, known := clone.MaxLength, clone.LimitVariable == ""
	if text, set := c.environment[clone.LimitVariable]; !known {
		known = c.environment != nil
		if n, _, ok := pythonInt(jsonValue{kind: jsonText, text: text}); set && ok {
			limit = n
		}
	}
	tooLong := func(severity Severity, who string, limit int, more string) {
		remedy := fmt.Sprintf("Choose a user name of at most %d characters.", max(limit-utf8.RuneCountInString(clone.Suffix), 0))
		if clone.LimitVariable != "" && limit < clone.EngineLimit {
			remedy = fmt.Sprintf("%s, or set %s in the function's environment to at most %d.", strings.TrimSuffix(remedy, "."), clone.LimitVariable, clone.EngineLimit)
		}
		c.add(SecretUsernameTooLong, severity, fmt.Sprintf("The rotation function names the second user like the first with %q appended, and %s %d characters%s.", clone.Suffix, who, limit, more), remedy)
	}
	const function, database = "refuses more than", "the database takes at most"
	upper := clone.UpperCase && strings.HasSuffix(strings.ToUpper(username), clone.Suffix)
	switch {
	case username == clone.Suffix && clone.RefusesEmpty:
		c.add(SecretKeyUnusable, Error, fmt.Sprintf("The field \"username\" has nothing before %q. The rotation function refuses it, because the other user would have no name.", clone.Suffix), "Write the name of a database user.")
	case username == "" || alternate == "":
		c.add(SecretKeyUnusable, Warning, `The field "username" names no user, at the latest when the rotation function switches to the second one.`, "Write the name of a database user.")
	case strings.HasSuffix(username, clone.Suffix):
	case clone.EngineLimit > 0 && length > clone.EngineLimit:
		severity := Error // The function refuses it as well, unless its limit is more than the database takes.
		if known && (clone.MaxLength == 0 || length <= limit) {
			severity = Warning
		}
		tooLong(severity, database, clone.EngineLimit, "")
	case clone.MaxLength > 0 && length > limit && known:
		more := ""
		if clone.LimitVariable != "" {
			more = fmt.Sprintf(" (its environment variable %s, or the default of that)", clone.LimitVariable)
		}
		tooLong(Error, function, limit, more)
	case clone.MaxLength > 0 && length > limit:
		tooLong(Warning, function, limit, fmt.Sprintf(" unless its environment variable %s sets another limit", clone.LimitVariable))
	case upper:
		c.add(SecretKeyUnusable, Warning,
			fmt.Sprintf("The field \"username\" ends in %q, but not in upper case. The rotation function does not take it for a clone and makes a clone of it.", clone.Suffix),
			"Write the name in upper case.")
	}
}

// userARN follows the ElastiCache function, which takes the fourth part of the ARN for the region and the seventh for the user.
func (c *check) userARN(name string, v jsonValue) {
	const remedy = "Write the ARN of the ElastiCache user, as in arn:aws:elasticache:eu-central-1:123456789012:user:app."
	parts := strings.Split(v.text, ":")
	switch {
	case v.kind != jsonText || len(parts) < 7:
		c.add(SecretKeyType, Error, fmt.Sprintf("The field %q is not an ARN of seven parts, from which the rotation function takes the region and the ID of the user.", name), remedy)
	case len(parts) != 7 || parts[0] != "arn" || parts[2] != "elasticache" || parts[3] == "" || parts[5] != "user" || !userID.MatchString(parts[6]):
		c.add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not the ARN of an ElastiCache user.", name), remedy)
	}
}

// list follows the functions that loop over a value.
func (c *check) list(f catalog.Field, name string, v jsonValue) {
	if kind := c.object.members["type"]; f.Kind != catalog.SecretIDs && kind.kind == jsonText && kind.text == "allAccess" {
		return // The InfluxDB function does not read its lists for such a token.
	}
	items, iterable := v.iterate()
	var bad func(item jsonValue) bool
	words := "texts"
	severity := Error
	switch f.Kind {
	case catalog.SecretIDs:
		words = "ARNs of secrets"
		bad = func(item jsonValue) bool { return item.kind != jsonText || item.text == "" }
	case catalog.Permissions:
		words = `texts in small letters such as "write-tasks"`
		bad = func(item jsonValue) bool { return item.kind != jsonText || !permission.MatchString(item.text) }
	default:
		severity = Warning
		bad = func(item jsonValue) bool { return item.kind != jsonText || item.text == "" }
	}
	remedy := "Write a list of " + words + "."
	position := slices.IndexFunc(items, bad)
	switch {
	case !iterable:
		c.add(SecretKeyType, Error, fmt.Sprintf("The field %q is not a list, and the rotation function fails on it.", name), remedy)
	case v.kind == jsonText && len(items) > 0:
		c.add(SecretKeyType, severity, fmt.Sprintf("The field %q is text. The rotation function takes every character of it for an item.", name), remedy)
	case v.kind != jsonArray:
		if position < 0 {
			severity = Warning
		}
		c.add(SecretKeyType, severity, fmt.Sprintf("The field %q is not a list. The rotation function takes the names of an object for items.", name), remedy)
	case position >= 0:
		c.add(SecretKeyType, severity, fmt.Sprintf("Item %d of the field %q is not one of those that the rotation function takes: %s.", position+1, name, words), remedy)
	case f.Kind == catalog.Permissions && slices.ContainsFunc(items, func(item jsonValue) bool { return strings.HasSuffix(item.text, "\n") }):
		c.add(SecretKeyUnusable, Warning, fmt.Sprintf("An item of the field %q ends in a line feed, which the rotation function overlooks and the database does not.", name), remedy)
	case len(items) == 0:
		c.conditions(f, name)
	}
}

var (
	permission = regexp.MustCompile(catalog.PermissionPattern)
	userID     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*$`)
)

func accepts(f catalog.Field, text string) bool {
	return slices.ContainsFunc(f.Allowed, func(allowed string) bool {
		return text == allowed || f.Prefix && strings.HasPrefix(text, allowed)
	})
}

// usableHost reports whether a host can be one: neither a URL nor a path, and no port unless the colons are those of an IPv6 address.
func usableHost(host string) bool {
	return !strings.ContainsFunc(host, unicode.IsSpace) && !strings.Contains(host, "/") && strings.Count(host, ":") != 1
}

// alternatives are the values that a function accepts, in words.
func alternatives(f catalog.Field) string {
	words := strings.Join(quoted(f.Allowed), " or ")
	if f.Prefix {
		return "text that begins with " + words
	}
	return words
}

func quoted(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = strconv.Quote(text)
	}
	return all
}
