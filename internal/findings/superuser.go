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
		fmt.Sprintf("The field %q of the secret's value names another secret than `%s`. The rotation function reads the one in the value, and its role is given access to the other.", t.Superuser.Field, SuperuserArgument),
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
func SuperuserElsewhere(superuserARN, keyARN, roleARN string) Finding {
	key := "the secret needs a customer managed key, since no other account can use `aws/secretsmanager`: give it as `superuser_kms_key_arn`. The key's policy has to allow the role `kms:Decrypt` and `kms:DescribeKey`"
	if keyARN != "" {
		key = "the policy of the key " + keyARN + " has to allow the role `kms:Decrypt` and `kms:DescribeKey`"
	}
	if roleARN == "" {
		roleARN = "of the function"
	}
	f := New(SuperuserOtherAccount, Warning,
		fmt.Sprintf("The superuser secret %s is in another account. The execution role is allowed to read it, which does nothing until that account allows it, too. Whether it does can't be seen from here.", superuserARN),
		fmt.Sprintf("In the account of the superuser secret, its resource policy has to allow the role %s `secretsmanager:GetSecretValue`, and %s.", roleARN, key))
	f.Argument = SuperuserArgument
	return f
}
