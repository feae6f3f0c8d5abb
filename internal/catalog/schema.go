package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Patterns of what functions take, in the part of the syntax that ECMA 262, Python and Go share.
const (
	// wholeNumberPattern is of text that Python's int() takes, in digits of ASCII: with single underscores between them, after a sign
	// and within white space. The white space stands in the pattern as it is, since the escapes for it differ.
	// https://docs.python.org/3/library/functions.html#int.
	wholeNumberPattern = "^[" + pythonSpace + "]*[+-]?[0-9](_?[0-9])*[" + pythonSpace + "]*$"
	// PermissionPattern is of an InfluxDB permission. A line feed at its end escapes the function's own pattern.
	PermissionPattern = `^[a-z]{2,}-[a-z]{2,}\n?$`
	// userARNPattern is of text with at least seven parts between colons.
	userARNPattern = "^([^:]*:){6}"

	pythonSpace = "\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
)

// JSONSchema returns the JSON Schema of the SecretString, draft 2020-12, indented. A value is valid exactly if the function does not
// fail on it whatever its environment, so that unknown fields are valid, and so is what only the database refuses. The schema of Custom
// accepts everything.
//
// A schema sees a document only after it has been parsed. It does not see repeated fields, of which the last one counts; NaN and
// Infinity, which Python reads and JSON does not have; numbers beyond 64-bit floats; and whole numbers of more than 4,300 digits, as
// numbers or in text, which Python refuses. A port in text with digits of other scripts than ASCII, which Python takes, is invalid: no
// pattern for it is read alike by all validators.
//
// https://json-schema.org/draft/2020-12.
func (t *RotationType) JSONSchema() string {
	s := schema{
		Dialect:     "https://json-schema.org/draft/2020-12/schema",
		Title:       t.Name,
		Description: fmt.Sprintf("SecretString of a secret that %s rotates.", t.Application),
	}
	if len(t.Fields) == 0 {
		s.Description += " Its format is up to the function's author."
		return indented(s)
	}
	s.Type = "object"
	var lists properties
	for _, f := range t.Fields {
		property := f.property()
		if f.Kind == TextList || f.Kind == Permissions {
			lists = append(lists, named{f.Name, listOf(f.Kind)})
		} else if !f.Ignored {
			t.restrict(&property, f)
		}
		s.Properties = append(s.Properties, named{f.Name, property})
		switch {
		case f.Required && f.Variable == "":
			s.Required = append(s.Required, f.Name)
		case f.Required:
			// The function's environment can give the field another name, which then is one that is not of this schema.
			s.AllOf = append(s.AllOf, schema{AnyOf: []schema{{Required: []string{f.Name}}, {Not: &schema{PropertyNames: &schema{Enum: t.fieldNames()}}}}})
		}
		for _, c := range f.When {
			if c.Variable == "" {
				s.AllOf = append(s.AllOf, t.conditional(f, c))
			}
		}
	}
	if len(lists) > 0 {
		// The function reads the lists for every type of token but one.
		allAccess := schema{Properties: properties{{"type", schema{Const: "allAccess"}}}, Required: []string{"type"}}
		s.AllOf = append(s.AllOf, schema{AnyOf: []schema{allAccess, {Properties: lists}}})
	}
	return indented(s)
}

// Example returns a value in the format of the type, a JSON object with its fields in their order, indented; "" for Custom.
func (t *RotationType) Example() string {
	if len(t.Fields) == 0 {
		return ""
	}
	var members properties
	for _, f := range t.Fields {
		if f.Example != "" {
			members = append(members, named{f.Name, f.typed(f.Example)})
		}
	}
	return indented(members)
}

// property is what the schema says of a field in words.
func (f Field) property() schema {
	p := schema{Description: f.Note}
	if f.Variable != "" {
		p.Description = strings.TrimSpace(fmt.Sprintf("%s The function's variable %s can give the field another name.", f.Note, f.Variable))
	}
	if f.Default != "" {
		p.Default = f.typed(f.Default)
	}
	if f.Example != "" {
		p.Examples = []any{f.typed(f.Example)}
	}
	return p
}

// restrict adds to a schema what the function fails on.
func (t *RotationType) restrict(s *schema, f Field) {
	switch f.Kind {
	case Port:
		s.Type, s.Pattern = []string{"number", "boolean", "string"}, wholeNumberPattern
	case SecretID:
		s.Type, s.MinLength = "string", 1
	case SecretIDs:
		*s = withWords(*s, listOf(f.Kind))
	case UserARN:
		s.Type, s.Pattern = "string", userARNPattern
	case Text:
		t.restrictText(s, f)
	case Anything, PortText, TLS, TextList, Permissions:
	}
}

func (t *RotationType) restrictText(s *schema, f Field) {
	if f.TextOnly {
		s.Type = "string"
	}
	switch {
	case f.Prefix:
		beginnings := make([]string, len(f.Allowed))
		for i, value := range f.Allowed {
			beginnings[i] = regexp.QuoteMeta(value)
		}
		s.Type, s.Pattern = "string", "^("+strings.Join(beginnings, "|")+")"
	case len(f.Allowed) > 0:
		s.Enum = f.Allowed
	case f.Name == "username" && t.Clone != nil:
		if t.Clone.RefusesEmpty {
			s.Not = &schema{Const: t.Clone.Suffix}
		}
		limit := t.Clone.MaxLength
		if t.Clone.LimitVariable != "" {
			limit = t.Clone.EngineLimit
		}
		if limit > 0 {
			limit -= utf8.RuneCountInString(t.Clone.Suffix)
			s.AnyOf = []schema{{MaxLength: new(limit)}, {Pattern: regexp.QuoteMeta(t.Clone.Suffix) + "$"}}
		}
	}
}

// listOf is the schema of what Python loops over: a list, an object by its names and a text by its characters, each of which is then
// refused by itself.
func listOf(kind FieldKind) schema {
	s := schema{Type: []string{"array", "string", "object"}}
	switch kind {
	case SecretIDs:
		s.Items = &schema{Type: "string", MinLength: 1}
		s.PropertyNames = &schema{MinLength: 1}
		s.MaxLength = new(0)
	case Permissions:
		s.Items = &schema{Type: "string", Pattern: PermissionPattern}
		s.PropertyNames = &schema{Pattern: PermissionPattern}
		s.MaxLength = new(0)
	}
	return s
}

func withWords(words, s schema) schema {
	s.Description, s.Default, s.Examples = words.Description, words.Default, words.Examples
	return s
}

// conditional requires a field in a case.
func (t *RotationType) conditional(f Field, c Condition) schema {
	condition := schema{Properties: properties{{c.Field, schema{Const: c.Value}}}, Required: []string{c.Field}}
	if len(c.Absent) > 0 {
		var present []schema
		for _, name := range c.Absent {
			other, _ := t.Field(name)
			present = append(present, other.given())
		}
		condition.Not = &schema{AnyOf: present}
	}
	then := f.given()
	return schema{If: &condition, Then: &then}
}

// given is the schema of an object that has the field, and something in it if it is a list.
func (f Field) given() schema {
	s := schema{Required: []string{f.Name}}
	if f.Kind == TextList || f.Kind == Permissions {
		s.Properties = properties{{f.Name, schema{MinItems: 1, MinLength: 1, MinProperties: 1}}}
	}
	return s
}

func (t *RotationType) fieldNames() []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

// typed makes a JSON value of a text of the catalogue.
func (f Field) typed(text string) any {
	switch f.Kind {
	case Port, PortText:
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	case TLS:
		if truth, err := strconv.ParseBool(text); err == nil {
			return truth
		}
	case SecretIDs, TextList, Permissions:
		return strings.Split(text, ",")
	}
	return text
}

// schema is a JSON Schema, its keywords in the order in which they are written.
type schema struct {
	Dialect       string     `json:"$schema,omitempty"`
	Title         string     `json:"title,omitempty"`
	Description   string     `json:"description,omitempty"`
	Type          any        `json:"type,omitempty"`
	Const         string     `json:"const,omitempty"`
	Enum          []string   `json:"enum,omitempty"`
	Pattern       string     `json:"pattern,omitempty"`
	MinLength     int        `json:"minLength,omitempty"`
	MaxLength     *int       `json:"maxLength,omitempty"`
	MinItems      int        `json:"minItems,omitempty"`
	Items         *schema    `json:"items,omitempty"`
	MinProperties int        `json:"minProperties,omitempty"`
	PropertyNames *schema    `json:"propertyNames,omitempty"`
	Default       any        `json:"default,omitempty"`
	Examples      []any      `json:"examples,omitempty"`
	Properties    properties `json:"properties,omitempty"`
	Required      []string   `json:"required,omitempty"`
	AllOf         []schema   `json:"allOf,omitempty"`
	AnyOf         []schema   `json:"anyOf,omitempty"`
	Not           *schema    `json:"not,omitempty"`
	If            *schema    `json:"if,omitempty"`
	Then          *schema    `json:"then,omitempty"`
}

// properties are the members of an object in their order.
type properties []named

type named struct {
	name  string
	value any
}

func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, member := range p {
		b.WriteByte("{,"[min(i, 1)])
		for j, part := range []any{member.name, member.value} {
			encoded, err := compact(part)
			if err != nil {
				return nil, err
			}
			if j > 0 {
				b.WriteByte(':')
			}
			b.Write(encoded)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func compact(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// indented encodes what is made in this file, which cannot fail.
func indented(value any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	var ascii strings.Builder
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		// White space that nobody can tell from a blank.
		if r > '~' && !unicode.IsPrint(r) {
			fmt.Fprintf(&ascii, `\u%04x`, r)
		} else {
			ascii.WriteRune(r)
		}
	}
	return ascii.String()
}
