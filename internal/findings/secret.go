package findings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// SecretString checks a secret's value against what the rotation function of a type makes of it. A finding is an error where the
// function itself fails, in whichever step, and a warning where the database or the next rotation is going to refuse what the function
// takes. The findings are in the order of the type's fields.
//
// Environment is what is known of the function's environment variables, nil if nothing is. As long as they are not known, what they
// decide is a warning.
func SecretString(t *catalog.RotationType, value string, environment map[string]string) []Finding {
	if t.ReplacesValue {
		if v, _, ok := readJSON(value); ok && v.kind == jsonObject {
			return []Finding{New(SecretValueOverwritten, Warning,
				"The value is a JSON object. The generic rotation template stores the new password as the whole value, so every other field is lost at the first rotation.",
				"Make createSecret of your function keep the other fields; ignore this if it already does.")}
		}
		return nil
	}
	if len(t.Fields) == 0 {
		return nil
	}
	object, problem := readObject(value)
	if problem != "" {
		return []Finding{New(SecretNotJSON, Error, problem, jsonRemedy)}
	}
	c := check{t: t, environment: environment, object: object}
	for _, field := range t.Fields {
		before := len(c.findings)
		c.field(field)
		for i := range c.findings[before:] {
			c.findings[before+i].Field = field.Name
		}
	}
	return c.findings
}

const jsonRemedy = "Write the value as a JSON object, with jsonencode() for example."

// readObject reads a value that has to be a JSON object. Otherwise it says in a sentence what the value is.
func readObject(value string) (object jsonValue, problem string) {
	v, at, ok := readJSON(value)
	switch {
	case value == "":
		return v, "The value is empty."
	case strings.HasPrefix(value, "\ufeff"):
		return v, "The value begins with a byte order mark, an invisible character that is no JSON."
	case !ok:
		return v, fmt.Sprintf("The value stops being JSON at line %d, column %d.", at.line, at.column)
	case v.kind != jsonObject:
		return v, "The value is JSON, but not an object."
	}
	return v, ""
}

// SecretBinaryValue returns the finding for a secret whose value is SecretBinary, which no published function reads.
func SecretBinaryValue() Finding {
	return New(SecretBinary, Error, "The value is stored as SecretBinary, but rotation functions read SecretString.", "Write the value as text, in secret_string.")
}

// SecretPrevious checks the value with the label AWSPREVIOUS, which many functions read in setSecret although they rotate from
// AWSCURRENT: what they cannot parse ends the rotation. A binary value is given as "".
func SecretPrevious(t *catalog.RotationType, value string) []Finding {
	if !t.ReadsPrevious {
		return nil
	}
	v, at, ok := readJSON(value)
	var detail string
	switch {
	case !ok:
		detail = fmt.Sprintf("The version of the secret with the label AWSPREVIOUS stops being JSON at line %d, column %d. The rotation function reads it in setSecret as well, and fails on it.", at.line, at.column)
	case slices.Contains([]jsonKind{jsonNull, jsonBool, jsonInteger, jsonFloat}, v.kind):
		// The functions look for a field in it before anything else. That fails on these, while an object, a list or a text without
		// the field is only ignored.
		detail = "The version of the secret with the label AWSPREVIOUS is JSON, but no object. The rotation function looks for fields in it in setSecret as well, and fails."
	default:
		return nil
	}
	return []Finding{New(SecretPreviousNotJSON, Warning, detail,
		"Write the present value once more as a new version: that makes the version which is good now AWSPREVIOUS too. Or remove the label AWSPREVIOUS.")}
}
