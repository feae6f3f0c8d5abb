package findings

import (
	"fmt"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// SuperuserArgument is the argument that names the superuser secret.
const SuperuserArgument = "superuser_secret_arn"

// Superuser checks the superuser secret of a configuration, given by its full ARN, empty for none. Value is the value of the secret
// that rotates, nil when it is not known.
func Superuser(t *catalog.RotationType, superuserARN string, value *string) []Finding {
	if t.Superuser == nil {
		return nil
	}
	if superuserARN == "" {
		f := New(SuperuserRequired, Error,
			fmt.Sprintf("The rotation function of %s changes passwords with a superuser, whose secret is not given.", t.Name),
			fmt.Sprintf("Set `%s` to the ARN of the superuser secret.", SuperuserArgument))
		f.Argument = SuperuserArgument
		return []Finding{f}
	}
	if value == nil {
		return nil
	}
	v, _, ok := readJSON(*value)
	named, present := v.members[t.Superuser.Field]
	if !ok || !present || named.kind != jsonText || named.text == "" || sameSecret(named.text, superuserARN) {
		// What is missing or malformed is for SecretString to say.
		return nil
	}
	f := New(SuperuserARNMismatch, Error,
		fmt.Sprintf("The field %q of the secret's value names another secret than `%s`. The rotation function reads the one in the value, and what is checked and allowed is the other.", t.Superuser.Field, SuperuserArgument),
		fmt.Sprintf("Make `%s` and the field %q the same ARN.", SuperuserArgument, t.Superuser.Field))
	f.Argument = SuperuserArgument
	return []Finding{f}
}

// sameSecret reports whether an id that GetSecretValue takes, a full ARN, one without the six last characters or a name, can be that
// of the secret with the full ARN given.
func sameSecret(id, full string) bool {
	if id == full {
		return true
	}
	a, err := arn.ParseSecret(full)
	if err != nil {
		return false
	}
	a.Suffix = ""
	return id == a.Name || id+"-" == a.String()
}

// SuperuserElsewhere says what the account of a superuser secret has to add so that an execution role of another account can read it.
// The key is that of the secret, empty if it is not known; the role is empty if it is not.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html.
func SuperuserElsewhere(superuserARN, keyARN, roleARN string) Finding {
	role := "the execution role " + roleARN
	if roleARN == "" {
		role = "the execution role of the function"
	}
	const decrypt = "has to allow the role `kms:Decrypt` and `kms:DescribeKey`"
	key := "The policy of its key " + keyARN + " " + decrypt + "."
	if keyARN == "" {
		key = "The secret needs a customer managed key, since no other account can use `aws/secretsmanager`, and the policy of that key " + decrypt + ". Give the key as `superuser_kms_key_arn`, in a `rotation_function_access` among `superuser_kms_key_arns`, so that the role's own policy covers it."
	}
	f := New(SuperuserOtherAccount, Warning,
		fmt.Sprintf("The superuser secret %s is in another account than %s, so that both accounts have to allow the role to read it. Whether the other account does cannot be seen from here.", superuserARN, role),
		"In the account of the superuser secret, its resource policy has to allow the role `secretsmanager:GetSecretValue`. "+key)
	f.Argument = SuperuserArgument
	return f
}
