package provider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
	"github.com/rotationsafe/terraform-provider-rotation/internal/secretstring"
)

// standIn is a credential for the checks of a value whose own is not known. No
// finding is about it.
const standIn = "stand-in"

// misplaced are the errors of keys that do not belong into a connection, whatever
// their values are.
func (m secretValueModel) misplaced(t *catalog.RotationType) []rotation.Problem {
	var all []rotation.Problem
	wrong := func(key, detail string) {
		all = append(all, rotation.Problem{Attribute: "connection_fields." + key, Summary: "Invalid connection field", Detail: detail})
	}
	for _, key := range slices.Sorted(maps.Keys(m.Connection.Elements())) {
		name := secretstring.FieldName(t, key)
		f, _ := t.Field(name)
		text, _ := m.Connection.Elements()[key].(types.String)
		switch {
		case strings.EqualFold(name, secretstring.CredentialName(t)):
			wrong(key, fmt.Sprintf("The field %q is the secret itself, and `connection_fields` is stored in state and plan. Give it in `password_wo`, or have it generated with `generate_password`.", name))
		case f.Keeper == catalog.WrittenAlong:
			wrong(key, fmt.Sprintf("The rotation function writes the field %q at each rotation. Leave it to the function.", name))
		case f.Keeper == catalog.FirstValue && !text.IsNull() && !text.IsUnknown() && text.ValueString() == "":
			wrong(key, fmt.Sprintf("The field %q is empty. It belongs to the first value and can't be changed later.", name))
		}
	}
	return all
}

// unread are warnings of keys that the rotation function does not read although they
// look as if it should, or that hold a secret by their names. Applications may read any
// other.
func unread(t *catalog.RotationType, connection map[string]string) []rotation.Problem {
	var all []rotation.Problem
	for _, key := range slices.Sorted(maps.Keys(connection)) {
		if _, known := t.Field(secretstring.FieldName(t, key)); known || len(t.Fields) == 0 {
			continue
		}
		detail := ""
		meant := t.SuggestField(key)
		if _, given := connection[meant]; meant != "" && !given {
			detail = fmt.Sprintf("The rotation function of %s reads no field %q. It reads %q: rename the key if you meant that.", t.Name, key, meant)
		}
		if key == secretstring.MasterARN {
			detail = fmt.Sprintf("The rotation function of %s reads no superuser secret. Remove `%s`, or choose the rotation type that needs one.", t.Name, key)
		}
		if detail != "" {
			all = append(all, rotation.Problem{Attribute: "connection_fields." + key, Summary: "Connection field is not read", Detail: detail, Warning: true})
		} else if findings.LooksSecret(key) {
			all = append(all, rotation.Problem{
				Attribute: "connection_fields." + key, Summary: "Connection field may be a secret", Warning: true,
				Detail: fmt.Sprintf("The field %q sounds like a secret, and `connection_fields` is stored in state and plan. Only `password_wo` is not.", key),
			})
		}
	}
	return all
}

// doubtful are warnings of a password that no user of the engine can have, or that was
// read from a file with the line break at its end.
func doubtful(t *catalog.RotationType, password string) []rotation.Problem {
	warn := func(detail string) []rotation.Problem {
		return []rotation.Problem{{Attribute: "password_wo", Summary: "Password may be wrong", Detail: detail, Warning: true}}
	}
	if password == "" {
		return nil
	}
	if strings.TrimSpace(password) != password {
		return warn("The password begins or ends with white space, as one does that was read from a file. Take it off with `trimspace()`, unless it belongs to the password.")
	}
	if reason := t.Refuses(password); reason != "" {
		return warn("The engine takes no such password for a user: " + reason + ". Give the one that the user has.")
	}
	return nil
}

// firstValue checks the value that a configuration makes, as the rotation function
// would. Of what is not known nothing is said; a required field that is not given is
// reported with complete.
func (m secretValueModel) firstValue(t *catalog.RotationType, complete bool) []rotation.Problem {
	if m.Connection.IsUnknown() {
		return nil
	}
	connection, _ := m.connection()
	credential := m.PasswordWO.ValueString()
	if credential == "" && (m.PasswordWO.IsUnknown() || !m.GeneratePassword.IsNull() || (rotation.Value{RotationType: t}).NeedsPassword()) {
		credential = standIn
	}
	value, err := secretstring.First(t, connection, credential)
	if problem, ok := errors.AsType[*secretstring.Error](err); ok {
		return []rotation.Problem{{Attribute: "connection_fields." + problem.Key, Summary: "Invalid connection field", Detail: problem.Message}}
	}
	return m.onKeys(t, connection, findings.SecretString(t, value, nil), complete)
}

// onKeys puts findings of a value on the keys that are to blame. Missing says to
// report fields that no key gives, too.
func (m secretValueModel) onKeys(t *catalog.RotationType, connection map[string]string, found []findings.Finding, missing bool) []rotation.Problem {
	var all []rotation.Problem
	for _, f := range found {
		attribute := "connection_fields"
		key := f.Field
		if superuser := secretstring.MasterARN; t.Superuser != nil && key == t.Superuser.Field && !m.isUnknown(key) {
			if _, given := connection[key]; !given {
				key = superuser
			}
		}
		_, given := connection[key]
		switch {
		case f.Field == secretstring.CredentialName(t):
			if m.PasswordWO.ValueString() != "" {
				attribute = "password_wo"
			} else {
				f.Severity = findings.Warning // Nothing here can mend it.
			}
		case m.isUnknown(key), !given && !missing:
			continue
		case given:
			attribute += "." + key
		}
		all = append(all, rotation.Of(f, attribute))
	}
	return all
}
