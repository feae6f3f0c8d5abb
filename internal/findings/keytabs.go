package findings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// KeytabsArgument is the argument that names the keytab secrets.
const KeytabsArgument = "keytab_secret_arns"

// Keytabs checks the keytab secrets that the value of the secret that rotates lists, by ARN or name, against those that the role policy
// is for, given by their full ARNs. Environment is as for SecretString. It warns, since another policy of the role may allow the rest.
func Keytabs(t *catalog.RotationType, keytabARNs []string, value string, environment map[string]string) []Finding {
	i := slices.IndexFunc(t.Fields, func(f catalog.Field) bool { return f.Kind == catalog.SecretIDs })
	if i < 0 {
		return nil
	}
	object, _ := readObject(value)
	c := check{t: t, environment: environment, object: object}
	name := c.name(t.Fields[i])
	var positions []string
	// What is no list of texts is for SecretString to say.
	for i, item := range object.members[name].items {
		named := func(full string) bool { return sameSecret(item.text, full) }
		if item.kind == jsonText && item.text != "" && !slices.ContainsFunc(keytabARNs, named) {
			positions = append(positions, strconv.Itoa(i+1))
		}
	}
	if len(positions) == 0 {
		return nil
	}
	which := "item " + positions[0]
	if last := len(positions) - 1; last > 0 {
		which = "items " + strings.Join(positions[:last], ", ") + " and " + positions[last]
	}
	f := New(RoleSecretAccess, Warning,
		fmt.Sprintf("The secret's value lists keytab secrets that `%s` does not have: %s of the field %q, counted from 1. The rotation function changes them along with the password, and the role policy of this setup does not allow it to.", KeytabsArgument, which, name),
		fmt.Sprintf("Add their ARNs to `%s`, unless something else allows the execution role to rotate them.", KeytabsArgument))
	f.Argument = KeytabsArgument
	return []Finding{f}
}
