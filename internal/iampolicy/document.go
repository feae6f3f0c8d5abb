// Package iampolicy builds, reads, compares and evaluates IAM policy documents: the role policy and the invoke permission that a
// rotation needs, and the question whether given policies allow a request.
//
// It knows nothing of AWS clients or Terraform. The embedded AWS enforces permissions with it and the checks explain them with it, so
// that both have one opinion.
//
// Policy language: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	awspolicy "github.com/hashicorp/awspolicyequivalence"
)

const (
	// Version is the version of the policy language that everything here is written in.
	Version = "2012-10-17"

	// MaxRolePolicyCharacters is the limit for all inline policies of a role together, in characters that are not white space
	// (see Size). https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
	MaxRolePolicyCharacters = 10_240

	// MaxFunctionPolicyBytes is the limit for the resource policy of a Lambda function, in bytes.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
	MaxFunctionPolicyBytes = 20 * 1024
)

// Effects of a statement.
const (
	EffectAllow = "Allow"
	EffectDeny  = "Deny"
)

// Document is a policy document.
type Document struct {
	Version    string // "2012-10-17", "2008-10-17" or empty, which means the older
	ID         string
	Statements []Statement
}

// Statement is one statement of a policy document. An absent element is nil, an empty list is not.
type Statement struct {
	Sid           string
	Effect        string              // EffectAllow or EffectDeny
	Principals    map[string][]string // by "AWS", "Service", "Federated" or "CanonicalUser"; {"*": {"*"}} stands for the text "*"
	NotPrincipals map[string][]string
	Actions       []string
	NotActions    []string
	Resources     []string
	NotResources  []string
	Conditions    []Condition // all must hold; a pair of operator and key occurs once
}

// Condition is one operator and key of a Condition element with the values, of which one must match.
type Condition struct {
	Operator string // for example "StringEquals", "ForAnyValue:ArnLike", "BoolIfExists"
	Key      string // for example "aws:SourceAccount"
	Values   []string
}

// Parse reads a policy document. Every element may have its single or its list form. What IAM refuses as malformed is an error that
// names the statement and the element: unknown or repeated elements, wrong JSON types, an element together with its Not form.
// Condition operators are not checked, see Evaluate.
func Parse(document string) (Document, error) {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	root, err := readValue(d)
	if err == nil {
		if _, trailing := d.Token(); !errors.Is(trailing, io.EOF) {
			err = errors.New("there is text after its end")
		}
	}
	if err != nil {
		return Document{}, fmt.Errorf("the policy document is not valid JSON: %w", err)
	}
	o, ok := root.(object)
	if !ok {
		return Document{}, errors.New("the policy document is not a JSON object")
	}
	doc, err := readDocument(o)
	if err != nil {
		return Document{}, fmt.Errorf("the policy document is malformed: %w", err)
	}
	return doc, nil
}

// JSON returns the document as compact JSON, in AWS's order of elements and with single values as text instead of lists. Lists and
// conditions keep their order, so that equal documents give equal text.
func (d Document) JSON() string {
	var o object
	o.addText("Version", d.Version)
	o.addText("Id", d.ID)
	statements := make([]any, len(d.Statements))
	for i, s := range d.Statements {
		statements[i] = s.object()
	}
	o = append(o, member{"Statement", statements})
	return render(o)
}

// JSON returns the statement alone, written as in Document.JSON.
func (s Statement) JSON() string {
	return render(s.object())
}

// Equivalent reports whether two policy documents say the same, whatever the order, white space and single or list forms. Documents
// that Parse refuses are equivalent to nothing.
func Equivalent(a, b string) bool {
	for _, document := range []string{a, b} {
		if _, err := Parse(document); err != nil {
			return false
		}
	}
	same, err := awspolicy.PoliciesAreEquivalent(a, b)
	return err == nil && same
}

// Size returns the length of a document as IAM counts it against MaxRolePolicyCharacters: in characters, white space left out.
func Size(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func readDocument(o object) (Document, error) {
	var doc Document
	found := false
	for _, m := range o {
		var err error
		switch m.name {
		case "Version":
			doc.Version, err = readText(m)
			if err == nil && doc.Version != Version && doc.Version != "2008-10-17" {
				err = errors.New(`the Version must be "2012-10-17" or "2008-10-17"`)
			}
		case "Id":
			doc.ID, err = readText(m)
		case "Statement":
			found = true
			doc.Statements, err = readStatements(m.value)
		default:
			err = fmt.Errorf("unknown element %q", m.name)
		}
		if err != nil {
			return Document{}, err
		}
	}
	if !found {
		return Document{}, errors.New("the element Statement is missing")
	}
	return doc, nil
}

func readStatements(v any) ([]Statement, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	statements := make([]Statement, len(list))
	for i, item := range list {
		o, ok := item.(object)
		if !ok {
			return nil, fmt.Errorf("statement %d is not a JSON object", i+1)
		}
		s, err := readStatement(o)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		statements[i] = s
	}
	return statements, nil
}

func readStatement(o object) (Statement, error) {
	var s Statement
	for _, m := range o {
		var err error
		switch m.name {
		case "Sid":
			s.Sid, err = readText(m)
		case "Effect":
			s.Effect, err = readText(m)
		case "Principal":
			s.Principals, err = readPrincipals(m)
		case "NotPrincipal":
			s.NotPrincipals, err = readPrincipals(m)
		case "Action":
			s.Actions, err = readTexts(m)
		case "NotAction":
			s.NotActions, err = readTexts(m)
		case "Resource":
			s.Resources, err = readTexts(m)
		case "NotResource":
			s.NotResources, err = readTexts(m)
		case "Condition":
			s.Conditions, err = readConditions(m)
		default:
			err = fmt.Errorf("unknown element %q", m.name)
		}
		if err != nil {
			return Statement{}, err
		}
	}
	switch {
	case s.Effect != EffectAllow && s.Effect != EffectDeny:
		return Statement{}, errors.New(`the Effect must be "Allow" or "Deny"`)
	case (s.Actions == nil) == (s.NotActions == nil):
		return Statement{}, errors.New("exactly one of Action and NotAction is needed")
	case s.Resources != nil && s.NotResources != nil:
		return Statement{}, errors.New("the elements Resource and NotResource exclude each other")
	case s.Principals != nil && s.NotPrincipals != nil:
		return Statement{}, errors.New("the elements Principal and NotPrincipal exclude each other")
	}
	return s, nil
}

func readPrincipals(m member) (map[string][]string, error) {
	switch v := m.value.(type) {
	case string:
		if v == "*" {
			return map[string][]string{"*": {"*"}}, nil
		}
	case object:
		principals := make(map[string][]string, len(v))
		for _, kind := range v {
			switch kind.name {
			case "AWS", "Service", "Federated", "CanonicalUser":
			default:
				return nil, fmt.Errorf("%s has the unknown kind %q", m.name, kind.name)
			}
			texts, err := readTexts(kind)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			principals[kind.name] = texts
		}
		return principals, nil
	}
	return nil, fmt.Errorf(`%s must be "*" or an object such as {"Service": "…"}`, m.name)
}

func readConditions(m member) ([]Condition, error) {
	operators, ok := m.value.(object)
	if !ok {
		return nil, errors.New(`Condition must be an object such as {"StringEquals": {"aws:SourceAccount": "…"}}`)
	}
	var conditions []Condition
	for _, operator := range operators {
		keys, ok := operator.value.(object)
		if !ok {
			return nil, fmt.Errorf("the condition operator %q must hold an object of condition keys", operator.name)
		}
		for _, key := range keys {
			values, err := readScalars(key)
			if err != nil {
				return nil, fmt.Errorf("condition %s: %w", operator.name, err)
			}
			conditions = append(conditions, Condition{Operator: operator.name, Key: key.name, Values: values})
		}
	}
	return conditions, nil
}

func readText(m member) (string, error) {
	s, ok := m.value.(string)
	if !ok {
		return "", fmt.Errorf("%s must be text", m.name)
	}
	return s, nil
}

func readTexts(m member) ([]string, error) {
	list, ok := m.value.([]any)
	if !ok {
		list = []any{m.value}
	}
	texts := make([]string, len(list))
	for i, v := range list {
		if texts[i], ok = v.(string); !ok {
			return nil, fmt.Errorf("%s must be text or a list of texts", m.name)
		}
	}
	return texts, nil
}

// readScalars also takes the numbers and truth values that condition values may be written as.
func readScalars(m member) ([]string, error) {
	list, ok := m.value.([]any)
	if !ok {
		list = []any{m.value}
	}
	texts := make([]string, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case string:
			texts[i] = v
		case json.Number:
			texts[i] = v.String()
		case bool:
			texts[i] = fmt.Sprint(v)
		default:
			return nil, fmt.Errorf("%s must be text, a number, a truth value or a list of them", m.name)
		}
	}
	return texts, nil
}

func (s Statement) object() object {
	var o object
	o.addText("Sid", s.Sid)
	o.addText("Effect", s.Effect)
	o.addPrincipals("Principal", s.Principals)
	o.addPrincipals("NotPrincipal", s.NotPrincipals)
	o.addTexts("Action", s.Actions)
	o.addTexts("NotAction", s.NotActions)
	o.addTexts("Resource", s.Resources)
	o.addTexts("NotResource", s.NotResources)
	if len(s.Conditions) > 0 {
		var operators object
		for _, c := range s.Conditions {
			i := slices.IndexFunc(operators, func(m member) bool { return m.name == c.Operator })
			if i < 0 {
				i = len(operators)
				operators = append(operators, member{c.Operator, object(nil)})
			}
			keys, _ := operators[i].value.(object)
			operators[i].value = append(keys, member{c.Key, oneOrMore(c.Values)})
		}
		o = append(o, member{"Condition", operators})
	}
	return o
}

// object is a JSON object that keeps the order of its members and never repeats a name.
type object []member

type member struct {
	name  string
	value any // string, json.Number, bool, nil, []any or object
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(render(m.name) + ":" + render(m.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o *object) addText(name, value string) {
	if value != "" {
		*o = append(*o, member{name, value})
	}
}

func (o *object) addTexts(name string, values []string) {
	if values != nil {
		*o = append(*o, member{name, oneOrMore(values)})
	}
}

func (o *object) addPrincipals(name string, principals map[string][]string) {
	if principals == nil {
		return
	}
	if _, all := principals["*"]; all {
		*o = append(*o, member{name, "*"})
		return
	}
	var kinds object
	for _, kind := range []string{"AWS", "Service", "Federated", "CanonicalUser"} {
		kinds.addTexts(kind, principals[kind])
	}
	*o = append(*o, member{name, kinds})
}

func oneOrMore(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	if values == nil {
		return []string{}
	}
	return values
}

func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		seen := map[string]bool{}
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ := t.(string)
			if seen[name] {
				return nil, fmt.Errorf("the name %q occurs twice in one object", name)
			}
			seen[name] = true
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			o = append(o, member{name, v})
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

// render writes what this package builds, which JSON can always express. Characters that matter only in HTML stay as they are, as AWS
// leaves them.
func render(v any) string {
	if o, ok := v.(object); ok {
		b, _ := o.MarshalJSON()
		return string(b)
	}
	if list, ok := v.([]any); ok {
		items := make([]string, len(list))
		for i, item := range list {
			items[i] = render(item)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
