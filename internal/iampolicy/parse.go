package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

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
