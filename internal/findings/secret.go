package findings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// SecretString checks a secret's value against what the rotation function of a type makes of it. A finding is an error where the
// function itself fails, and a warning where the database or the next rotation is going to refuse what the function takes. The
// findings are in the order of the type's fields.
//
// Environment is what is known of the function's environment variables, nil if nothing is. What they decide is a warning as long as
// they are not known.
func SecretString(t *catalog.RotationType, value string, environment map[string]string) []Finding {
	_ = environment
	v, at, ok := readJSON(value)
	if t.ReplacesValue {
		if ok && v.kind == jsonObject {
			return []Finding{New(SecretValueOverwritten, Warning,
				"The value is a JSON object. The generic rotation template stores the new password as the whole value, so every other field is lost at the first rotation.",
				"Make createSecret of your function keep the other fields; ignore this if it already does.")}
		}
		return nil
	}
	if len(t.Fields) == 0 {
		return nil
	}
	const remedy = "Write the value as a JSON object, with jsonencode() for example."
	switch {
	case value == "":
		return []Finding{New(SecretNotJSON, Error, "The value is empty.", remedy)}
	case !ok:
		return []Finding{New(SecretNotJSON, Error, fmt.Sprintf("The value stops being JSON at line %d, column %d.", at.line, at.column), remedy)}
	case v.kind != jsonObject:
		return []Finding{New(SecretNotJSON, Error, "The value is JSON, but not an object.", remedy)}
	}
	var findings []Finding
	for _, field := range t.Fields {
		findings = append(findings, checkField(t, field, v)...)
	}
	return findings
}

// SecretBinaryValue returns the finding for a secret whose value is SecretBinary, which no published function reads.
func SecretBinaryValue() Finding {
	return New(SecretBinary, Error, "The value is stored as SecretBinary, but rotation functions read SecretString.", "Write the value as text, in secret_string.")
}

func checkField(t *catalog.RotationType, field catalog.Field, object jsonValue) []Finding {
	var findings []Finding
	add := func(code Code, severity Severity, detail, remedy string) {
		findings = append(findings, New(code, severity, detail, remedy))
	}
	if object.repeats[field.Name] {
		add(SecretKeyRepeated, Warning, fmt.Sprintf("The field %q occurs more than once; the last one counts.", field.Name), "Keep one.")
	}
	v, present := object.members[field.Name]
	switch {
	case !present && field.Required:
		detail := fmt.Sprintf("The field %q is missing. The rotation function fails without it.", field.Name)
		remedy := fmt.Sprintf("Add the field %q to the value.", field.Name)
		if len(field.Allowed) > 0 {
			remedy = fmt.Sprintf("Add the field %q to the value, with %s.", field.Name, alternatives(field.Allowed))
		}
		add(SecretKeyMissing, Error, detail, remedy)
		return findings
	case !present, field.Ignored:
		return findings
	}
	switch {
	case field.Name == "engine":
		if v.kind != jsonText || !slices.Contains(field.Allowed, v.text) {
			add(SecretEngineMismatch, Error,
				fmt.Sprintf("The field \"engine\" is not one that the rotation function of %s accepts. It compares exactly, with upper and lower case.", t.Name),
				fmt.Sprintf("Write %s, or choose the rotation type of the database.", alternatives(field.Allowed)))
		}
	case field.Kind == catalog.Port:
		checkPort(field.Name, v, add)
	case field.Kind == catalog.TLS:
		if v.kind != jsonBool && (v.kind != jsonText || !strings.EqualFold(v.text, "true") && !strings.EqualFold(v.text, "false")) {
			add(SecretKeyUnusable, Warning,
				fmt.Sprintf("The field %q is neither true nor false. The rotation function ignores it: it tries TLS first and then an unencrypted connection.", field.Name),
				"Write true or false, or leave the field out.")
		}
	case field.Kind == catalog.SecretID:
		if v.kind != jsonText || v.text == "" {
			add(SecretKeyType, Error, fmt.Sprintf("The field %q is not text that names a secret.", field.Name), "Write the ARN of the superuser secret.")
		}
	case field.Name == "username" && t.Clone != nil:
		checkCloned(t.Clone, v, add)
	case v.kind != jsonText:
		// The published functions take any value here, and hand it to the database driver.
		if v.kind != jsonNull || field.Required {
			add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not text.", field.Name), "Write it as text.")
		}
	case v.text == "" && field.Required:
		add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is empty.", field.Name), "Write its value.")
	case field.Name == "host":
		if !usableHost(v.text) {
			add(SecretKeyUnusable, Warning,
				`The field "host" is not a bare host name: it has a port, a scheme, a path or white space.`,
				"Write the host name alone, for a database instance its address attribute rather than its endpoint, and the port in the field \"port\".")
		}
	}
	return findings
}

type addFinding func(code Code, severity Severity, detail, remedy string)

// checkPort follows Python's int(), which the functions call on the value.
func checkPort(name string, v jsonValue, add addFinding) {
	port, whole, ok := pythonInt(v)
	switch {
	case !ok:
		add(SecretKeyType, Error, fmt.Sprintf("The field %q is not a whole number.", name), "Write a number from 1 to 65535, or leave the field out for the default.")
	case !whole || v.kind == jsonBool:
		add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not a whole number; the rotation function makes one of it.", name), "Write a number from 1 to 65535.")
	case port < 1 || port > math.MaxUint16:
		add(SecretKeyUnusable, Warning, fmt.Sprintf("The field %q is not between 1 and 65535.", name), "Write the port of the database.")
	}
}

// pythonInt returns what int() makes of a value, and whether it is the same number. Numbers beyond any port are -1.
func pythonInt(v jsonValue) (n int, whole, ok bool) {
	switch v.kind {
	case jsonBool:
		if v.truth {
			n = 1
		}
		return n, true, true
	case jsonFloat:
		f, err := strconv.ParseFloat(v.text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, false, false
		}
		if math.Abs(f) > math.MaxInt32 {
			return -1, true, true
		}
		return int(f), f == math.Trunc(f), true
	case jsonInteger, jsonText:
		digits, negative := strings.TrimFunc(v.text, unicode.IsSpace), false
		if rest, ok := strings.CutPrefix(digits, "-"); ok {
			digits, negative = rest, true
		} else {
			digits = strings.TrimPrefix(digits, "+")
		}
		n, whole, ok = decimal(digits)
		if negative {
			n = -n
		}
		return n, whole, ok
	}
	return 0, false, false
}

// decimal reads decimal digits with single underscores between them. Digits of other scripts, which int() takes as well, are reported
// as not plain.
func decimal(s string) (n int, plain, ok bool) {
	plain = true
	for _, r := range s {
		switch {
		case r == '_' && ok:
			ok = false
		case r >= '0' && r <= '9':
			n, ok = min(n*10+int(r-'0'), math.MaxInt32), true
		case unicode.Is(unicode.Nd, r):
			plain, ok = false, true
		default:
			return 0, false, false
		}
	}
	return n, plain, ok
}

// checkCloned follows the alternating-users functions, which take the user name apart in createSecret.
func checkCloned(clone *catalog.Clone, v jsonValue, add addFinding) {
	if v.kind != jsonText {
		add(SecretKeyType, Error, `The field "username" is not text, so the rotation function cannot make the name of the second user of it.`, "Write the user name as text.")
		return
	}
	alternate, ok := clone.Alternate(v.text)
	switch {
	case !ok:
		add(SecretUsernameTooLong, Error,
			fmt.Sprintf("The rotation function names the second user like the first with %q appended, and refuses more than %d characters.", clone.Suffix, clone.MaxLength),
			fmt.Sprintf("Choose a user name of at most %d characters.", clone.MaxBase()))
	case v.text == "" || alternate == "":
		add(SecretKeyUnusable, Warning, `The field "username" names no user, at the latest when the rotation function switches to the second one.`, "Write the name of a database user.")
	}
}

// usableHost reports whether a host can be one: neither a URL nor a path, and no port unless the colons are those of an IPv6 address.
func usableHost(host string) bool {
	return !strings.ContainsFunc(host, unicode.IsSpace) && !strings.Contains(host, "/") && strings.Count(host, ":") != 1
}

func alternatives(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return strings.Join(quoted, " or ")
}
