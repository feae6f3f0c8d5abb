// Package secretstring writes the SecretString of a rotation type: the first one of a secret, and later ones in which some fields are
// changed and everything else stays as it is, to the byte.
//
// Its errors name what the caller has named and never quote a value.
package secretstring

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// MaxLength is how many bytes Secrets Manager stores as a value.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html.
const MaxLength = 65536

// MasterARN is the key of a connection for the superuser secret, whatever the type calls the field that it reads it from.
const MasterARN = "masterarn"

// Error is why a value cannot be written. Key is the key of the connection that is to blame; empty for the value as a whole.
type Error struct{ Key, Message string }

func (e *Error) Error() string { return e.Message }

// FieldName returns the field of the value that a key of a connection stands for.
func FieldName(t *catalog.RotationType, key string) string {
	if key == MasterARN && t.Superuser != nil {
		return t.Superuser.Field
	}
	return key
}

// CredentialName returns the field that holds the credential: "password" where the format is not known.
func CredentialName(t *catalog.RotationType) string {
	f, _ := t.Credential()
	return cmp.Or(f.Name, "password")
}

// First returns the first value of a secret: a JSON object with the fields of the type in their order, and then others by name. The type
// gives the engine, and whatever it has defaults for. An empty credential is left out. The error is an [*Error].
//
// For a type without a known format it is the bare credential, as the generic template reads it, or with a connection a JSON object of
// texts.
func First(t *catalog.RotationType, connection map[string]string, credential string) (string, error) {
	if len(t.Fields) == 0 && len(connection) == 0 {
		return credential, nil
	}
	given, err := fieldsOf(t, connection, credential)
	if err != nil {
		return "", err
	}
	var all []field
	for _, f := range t.Fields {
		i := slices.IndexFunc(given, func(g field) bool { return g.name == f.Name })
		switch {
		case i >= 0:
			all = append(all, given[i])
			given = slices.Delete(given, i, i+1)
		case f.Name == "engine" && len(f.Allowed) > 0:
			all = append(all, field{name: f.Name, json: encode(f, f.Allowed[0])})
		case f.Default != "":
			all = append(all, field{name: f.Name, json: encode(f, f.Default)})
		}
	}
	members := make([]string, 0, len(all)+len(given))
	for _, f := range append(all, given...) {
		members = append(members, f.member())
	}
	return "{" + strings.Join(members, ",") + "}", nil
}

// Merge returns a value with the fields of a connection, and with another credential unless that is empty. All else stays as it is, to
// the byte. Changed has the keys whose fields were different, by name; the field's own for the credential. The error is an [*Error].
//
// A field is different only if the rotation function reads something else: the number 5432 is the text "5432" where it takes both. A
// field that the type does not know stays a number if it is one and is given one.
//
// A value that is no JSON object has no fields to change. Where no format is known it can be a bare credential, which is replaced.
func Merge(t *catalog.RotationType, value string, connection map[string]string, credential string) (merged string, changed []string, err error) {
	given, err := fieldsOf(t, connection, credential)
	if err != nil {
		return "", nil, err
	}
	members, end, ok := read(value)
	switch {
	case ok:
	case len(t.Fields) > 0 || len(connection) > 0:
		return "", nil, &Error{Message: "The value of the secret is not a JSON object as the standard has it, so no field of it can be changed. Store one first, with the password among its fields, or remove `connection_fields`."}
	case credential == "" || credential == value:
		return value, nil, nil
	default:
		return credential, []string{CredentialName(t)}, nil
	}
	var added []string
	type edit struct {
		start, end int
		text       string
	}
	var edits []edit
	for _, f := range given {
		last := len(members) - 1
		for last >= 0 && members[last].name != f.name { // Of repeated fields the last one counts; the others stay.
			last--
		}
		switch {
		case last < 0:
			added = append(added, f.member())
		case f.same(value[members[last].start:members[last].end]):
			continue
		default:
			edits = append(edits, edit{members[last].start, members[last].end, f.inPlaceOf(value[members[last].start:members[last].end])})
		}
		changed = append(changed, f.key)
	}
	if len(added) > 0 {
		text := strings.Join(added, ",")
		if len(members) > 0 {
			text = "," + text
		}
		edits = append(edits, edit{end, end, text})
	}
	slices.SortFunc(edits, func(a, b edit) int { return b.start - a.start })
	for _, e := range edits {
		value = value[:e.start] + e.text + value[e.end:]
	}
	return value, changed, nil
}

// Names returns the names of the fields of a value; false if it is no JSON object as the standard has it.
func Names(value string) ([]string, bool) {
	members, _, ok := read(value)
	var names []string
	for _, m := range members {
		names = append(names, m.name)
	}
	return names, ok
}

// field is a member that a value is to have.
type field struct {
	key, name string // in the connection, and in the value
	kind      catalog.FieldKind
	text      string // as it was given
	json      string
}

func (f field) member() string { return quote(f.name) + ":" + f.json }

// fieldsOf returns what a connection and a credential give, by name.
func fieldsOf(t *catalog.RotationType, connection map[string]string, credential string) ([]field, error) {
	var all []field
	add := func(key, name, text string) error {
		f, known := t.Field(name)
		if !known {
			f.Kind = catalog.Anything // Whoever reads it, a number will do as well as text.
		}
		if isList(f.Kind) && !isArray(text) {
			return &Error{key, "It is not a JSON array. Write a list with `jsonencode([...])`."}
		}
		all = append(all, field{key, name, f.Kind, text, encode(f, text)})
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(connection)) {
		name := FieldName(t, key)
		if _, twice := connection[name]; twice && name != key {
			return nil, &Error{key, "It stands for the same field as `" + name + "`. Keep one of them."}
		}
		if err := add(key, name, connection[key]); err != nil {
			return nil, err
		}
	}
	if credential != "" {
		name := CredentialName(t)
		if _, twice := connection[name]; twice {
			return nil, &Error{name, "The credential is given apart from the connection."}
		}
		if err := add(name, name, credential); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return all, nil
}
