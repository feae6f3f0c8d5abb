package iampolicy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

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
