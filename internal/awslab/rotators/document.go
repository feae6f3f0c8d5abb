package rotators

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// document is the JSON value of a secret as the Python functions see it: an object whose members keep their order, or some other JSON
// value, which only shows in the exceptions it causes.
type document struct {
	members []member
	// class is the Python type of the value, "dict" for an object.
	class string
}

type member struct {
	key   string
	value json.RawMessage
}

// parseDocument reads a secret string. The error is Python's JSONDecodeError with the position of the fault, never a piece of the text.
func parseDocument(text string) (document, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return document{}, jsonError(text, err)
	}
	if _, ok := value.(map[string]any); !ok {
		return document{class: pyType([]byte(text))}, nil
	}
	doc := document{class: "dict"}
	dec := json.NewDecoder(strings.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return document{}, jsonError(text, err)
	}
	for dec.More() {
		var raw json.RawMessage
		key, err := dec.Token()
		if err == nil {
			err = dec.Decode(&raw)
		}
		if err != nil {
			return document{}, jsonError(text, err)
		}
		doc.put(fmt.Sprint(key), raw)
	}
	return doc, nil
}

// jsonError words a fault as Python's json module does, as far as that is one of its usual messages. Nothing of err is quoted, because
// it contains characters of the secret.
func jsonError(text string, err error) *Error {
	message, at := "Expecting value", len(text)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.Contains(syntax.Error(), "unexpected end") {
		at = max(int(syntax.Offset)-1, 0)
		for _, known := range []struct{ contains, message string }{
			{"after top-level value", "Extra data"},
			{"beginning of object key string", "Expecting property name enclosed in double quotes"},
			{"after object key:value pair", "Expecting ',' delimiter"},
			{"after array element", "Expecting ',' delimiter"},
			{"after object key", "Expecting ':' delimiter"},
		} {
			if strings.Contains(syntax.Error(), known.contains) {
				message = known.message
				break
			}
		}
		// Python points at the start of a word that is no JSON literal.
		for strings.Contains(syntax.Error(), "in literal") && at > 0 && text[at-1] >= 'a' && text[at-1] <= 'z' {
			at--
		}
	}
	before := text[:at]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:]) + 1
	return newError("JSONDecodeError", "%s: line %d column %d (char %d)", message, line, column, utf8.RuneCountInString(before))
}

func (d document) index(key string) int {
	return slices.IndexFunc(d.members, func(m member) bool { return m.key == key })
}

func (d document) has(key string) bool { return d.index(key) >= 0 }

// get returns the JSON text of a member, nil when there is none.
func (d document) get(key string) json.RawMessage {
	if i := d.index(key); i >= 0 {
		return d.members[i].value
	}
	return nil
}

// put sets a member and keeps its place among the others. A value of nil removes it.
func (d *document) put(key string, value json.RawMessage) {
	i := d.index(key)
	switch {
	case value == nil && i >= 0:
		d.members = slices.Delete(d.members, i, i+1)
	case value == nil:
	case i >= 0:
		d.members[i].value = value
	default:
		d.members = append(d.members, member{key, value})
	}
}

func (d *document) putString(key, value string) { d.put(key, quoteJSON(value)) }

// string returns a member that is a JSON string.
func (d document) string(key string) (string, bool) {
	s, ok := decode(d.get(key)).(string)
	return s, ok
}

// text is the member in Python's string formatting, as messages print it.
func (d document) text(key string) string {
	switch value := decode(d.get(key)).(type) {
	case nil:
		return "None"
	case string:
		return value
	case bool:
		if value {
			return "True"
		}
		return "False"
	}
	return string(d.get(key))
}

// same tells whether two documents have equal values under key.
func (d document) same(other document, key string) bool {
	return reflect.DeepEqual(decode(d.get(key)), decode(other.get(key)))
}

// encode writes the document with Python's json.dumps separators.
func (d document) encode() string {
	members := make([]string, len(d.members))
	for i, m := range d.members {
		members[i] = string(quoteJSON(m.key)) + ": " + string(m.value)
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// quoteJSON writes a string as JSON. Strings are the one thing that can't fail to encode.
func quoteJSON(s string) json.RawMessage {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)
	return json.RawMessage(strings.TrimSuffix(out.String(), "\n"))
}

// decode returns the value of valid JSON text, nil for none.
func decode(raw json.RawMessage) any {
	var value any
	if raw == nil || json.Unmarshal(raw, &value) != nil {
		return nil
	}
	return value
}

// pyType names the Python type that JSON text decodes to.
func pyType(raw json.RawMessage) string {
	switch decode(raw).(type) {
	case bool:
		return "bool"
	case string:
		return "str"
	case []any:
		return "list"
	case map[string]any:
		return "dict"
	case float64:
		if strings.ContainsAny(string(raw), ".eE") {
			return "float"
		}
		return "int"
	}
	return "NoneType"
}
