package awslab

import (
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// validatingKey stands for the version in the encryption context when Secrets
// Manager checks that a key can be used.
const validatingKey = "RequestToValidateKeyAccess"

// useKey makes the calls to KMS that Secrets Manager makes with the caller's own
// permissions, see
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html.
// They are not in the call log, as they are no calls of a client. It returns the
// ARN of the key, empty for aws/secretsmanager.
//
// AWS documents EncryptionFailure and DecryptionFailure for keys that are not
// available or not enabled. What it answers to the ID of no key at all is not
// documented; here that is a key that is not available, too.
func (c *call) useKey(s *secret, keyID, versionID string, actions ...string) (string, error) {
	k, alias := c.lab.kms.managed(c.region), ""
	if keyID != "" {
		named, by, err := c.findKey(keyID)
		if err != nil {
			return "", keyFailure(err, actions)
		}
		k, alias = named, by
	}
	context := pairs(append(encryptionContext(map[string]string{"SecretARN": s.arn, "SecretVersionId": versionID}),
		"kms:ViaService", "secretsmanager."+c.region+"."+arn.DNSSuffix(partition(c.region)), "aws:ViaAWSService", "true")...)
	for _, action := range actions {
		if err := c.mayOnKey(k, action, context, alias); err != nil && (!k.managed || explicitlyDenied(err)) {
			return "", keyFailure(err, actions)
		}
	}
	if err := k.usable(); err != nil {
		return "", keyFailure(err, actions)
	}
	if k.managed {
		return "", nil
	}
	return k.arn, nil
}

// explicitlyDenied tells a Deny from a missing permission. All users and roles
// of the account have access to aws/secretsmanager, so that nothing can be
// missing there: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
func explicitlyDenied(err error) bool {
	return strings.Contains(asAPIError(err).Message, " with an explicit deny in ")
}

// keyFailure is Secrets Manager's error for one of KMS, which it does not show.
func keyFailure(err error, actions []string) error {
	reading := !slices.Contains(actions, "GenerateDataKey") && !slices.Contains(actions, "Encrypt")
	switch code := asAPIError(err).Code; {
	case code == "AccessDeniedException", code == "NotFoundException" && reading:
		// KMS tells a missing key from a missing permission only when it encrypts.
		return errorf("AccessDeniedException", "Access to KMS is not allowed")
	case reading:
		return errorf("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	}
	return errorf("EncryptionFailure", "Secrets Manager can't encrypt the protected secret text using the provided KMS key. "+
		"Check that the KMS key is available, enabled, and not in an invalid state.")
}

// mayDecrypt checks that the caller can read a version: with any of the keys
// that protect it, the latest first. A replica has a key of its own.
func (c *call) mayDecrypt(s *secret, v *version) error {
	keys := v.keys
	if s.primary != nil {
		keys = []string{s.keyID}
	}
	var refusal error
	for _, key := range slices.Backward(keys) {
		_, err := c.useKey(s, key, v.id, "Decrypt")
		if err == nil {
			return nil
		}
		if refusal == nil {
			refusal = err
		}
	}
	return refusal
}

// reencrypt lets a new key of the secret open the versions that are in use as
// well. Their old keys still open them, so that nobody is locked out. Versions
// that the caller can't read, or not encrypt with the new key, stay as they are.
func (c *call) reencrypt(s *secret, keyID string) {
	for _, v := range s.versions {
		if v.value == nil || !v.has(current) && !v.has(pending) && !v.has(previous) || c.mayDecrypt(s, v) != nil {
			continue
		}
		if key, err := c.useKey(s, keyID, v.id, "Encrypt"); err == nil {
			v.keys = append(slices.DeleteFunc(slices.Clone(v.keys), func(k string) bool { return k == key }), key)
		}
	}
}
