package findings

import "fmt"

// KeyMissing is the State of a Key that does not exist.
const KeyMissing = "NotFound"

// keyStates are the states in which KMS refuses to encrypt and decrypt with a key, with what is to be done.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html.
var keyStates = map[string]struct{ what, remedy string }{
	KeyMissing:               {"does not exist", "Encrypt the secret with a key that does: `kms_key_id` of the secret. What the old key has encrypted is lost with it."},
	"Disabled":               {"is disabled", "Enable it with `aws kms enable-key`."},
	"PendingDeletion":        {"is scheduled for deletion", "Stop that with `aws kms cancel-key-deletion`, and enable the key again."},
	"PendingReplicaDeletion": {"is scheduled for deletion as soon as its replicas are gone", "Stop that with `aws kms cancel-key-deletion`, and enable the key again."},
	"PendingImport":          {"has no key material", "Import its key material."},
	"Unavailable":            {"cannot be reached in its custom key store", "Connect the custom key store."},
}

// KeyUsable checks the key of a secret, or of secrets that are not known if the ARN is empty. Of what the key's policy says
// RolePermissions speaks.
func KeyUsable(k Key, secretARN string) []Finding {
	var all []Finding
	if state, unusable := keyStates[k.State]; unusable {
		detail := fmt.Sprintf("The key %s of the secret %s %s, and nobody can read or write the secret's value.", k.ARN, secretARN, state.what)
		if secretARN == "" {
			detail = fmt.Sprintf("The key %s %s, and nobody can read or write the values of its secrets.", k.ARN, state.what)
		}
		all = append(all, New(KMSKeyUnusable, Error, detail, state.remedy))
	}
	if k.State == "" && len(k.Unseen) == 0 {
		all = append(all, New(KMSKeyUnusable, Info, fmt.Sprintf("The state of the key %s could not be read.", k.ARN), "If a rotation is refused the key, look at it in KMS."))
	}
	if len(k.Unseen) > 0 {
		all = append(all, NotSeen(KMSKeyUnusable, fmt.Sprintf("The state or the policy of the key %s", k.ARN), k.Unseen...))
	}
	return all
}
