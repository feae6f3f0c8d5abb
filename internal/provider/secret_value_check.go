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

// unread are warnings of keys that hold a secret by their names, and of those that the
// rotation function does not read although they look as if it should. Applications may
// read any other. Whether the values are known does not matter.
func (m secretValueModel) unread(t *catalog.RotationType) []rotation.Problem {
	var all []rotation.Problem
	warn := func(key, summary, detail string) {
		all = append(all, rotation.Problem{Attribute: "connection_fields." + key, Summary: summary, Detail: detail, Warning: true})
	}
	keys := m.Connection.Elements()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if _, known := t.Field(secretstring.FieldName(t, key)); known {
			continue
		}
		meant := t.SuggestField(key)
		_, given := keys[meant]
		switch {
		case key == secretstring.MasterARN && len(t.Fields) > 0:
			warn(key, "Connection field is not read", fmt.Sprintf("The rotation function of %s reads no superuser secret. Remove `%s`, or choose the rotation type that needs one.", t.Name, key))
		case soundsSecret(key) || meant == secretstring.CredentialName(t):
			warn(key, "Connection field may be a secret", fmt.Sprintf("The field %q sounds like a secret, and `connection_fields` is stored in state and plan. Only `password_wo` is not.", key))
		case meant != "" && !given:
			warn(key, "Connection field is not read", fmt.Sprintf("The rotation function of %s reads no field %q. It reads %q: rename the key if you meant that.", t.Name, key, meant))
		}
	}
	return all
}

// soundsSecret reports whether a key is one under which secrets stand, rather than what
// names one or says where it is.
func soundsSecret(key string) bool {
	lower := strings.ToLower(key)
	names := slices.ContainsFunc([]string{"arn", "id", "name", "url", "uri", "endpoint"}, func(suffix string) bool { return strings.HasSuffix(lower, suffix) })
	return findings.LooksSecret(key) && !names
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
	// Which rule it breaks would tell something of the password.
	if rule := t.PasswordRule(); t.Refuses(password) || rule != "" && strings.TrimSpace(password) != password {
		return warn("The password is none that the engine takes for a user, or has white space around it as one does that was read from a file (`trimspace()` takes it off). " + rule)
	}
	if strings.TrimSpace(password) != password {
		return warn("The password has white space around it, as one does that was read from a file. Take it off with `trimspace()`, unless it belongs to the password.")
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
