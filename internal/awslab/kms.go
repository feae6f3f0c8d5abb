package awslab

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// kmsService is the Key Management Service with symmetric keys, as its API
// reference describes it: https://docs.aws.amazon.com/kms/latest/APIReference/.
// An operation finds the key first, then asks the key's policy and the caller's,
// then looks at the state of the key.
func kmsService() *service {
	return &service{wire: jsonWire{}, operations: map[string]handler{
		"CancelKeyDeletion":    reading(cancelKeyDeletion),
		"CreateAlias":          reading(createKeyAlias),
		"CreateKey":            reading(createKey),
		"Decrypt":              reading(decrypt),
		"DeleteAlias":          reading(deleteKeyAlias),
		"DescribeKey":          reading(describeKey),
		"DisableKey":           reading(disableKey),
		"DisableKeyRotation":   reading(disableKeyRotation),
		"EnableKey":            reading(enableKey),
		"EnableKeyRotation":    reading(enableKeyRotation),
		"Encrypt":              reading(encrypt),
		"GenerateDataKey":      reading(generateDataKey),
		"GetKeyPolicy":         reading(getKeyPolicy),
		"GetKeyRotationStatus": reading(getKeyRotationStatus),
		"ListAliases":          reading(listKeyAliases),
		"ListKeyPolicies":      reading(listKeyPolicies),
		"ListKeys":             reading(listKeys),
		"ListResourceTags":     reading(listKeyTags),
		"PutKeyPolicy":         reading(putKeyPolicy),
		"ScheduleKeyDeletion":  reading(scheduleKeyDeletion),
		"TagResource":          reading(tagKey),
		"UntagResource":        reading(untagKey),
		"UpdateAlias":          reading(updateKeyAlias),
		"UpdateKeyDescription": reading(updateKeyDescription),
	}}
}

// kmsState is all that KMS knows, in every Region.
type kmsState struct {
	lab     *Lab
	keys    map[string]*kmsKey // by ARN
	aliases map[string]*keyAlias
}

// kmsKey is a symmetric key.
type kmsKey struct {
	id, arn, region, description string

	managed     bool // by AWS, for Secrets Manager
	multiRegion bool
	enabled     bool
	created     time.Time
	deletion    time.Time // when it goes for good; zero is never
	rotation    int64     // days between rotations of the material; 0 is none
	rotated     time.Time // when that was switched on
	tags        map[string]string
	policy      policyText
	material    [32]byte
}

// keyAlias is an alias of a key, whose own ARN is the key of the map.
type keyAlias struct {
	name, arn        string
	key              *kmsKey
	created, changed time.Time
}

func newKMSState(l *Lab) *kmsState {
	return &kmsState{lab: l, keys: map[string]*kmsKey{}, aliases: map[string]*keyAlias{}}
}

// managedAlias is the alias of the key that protects secrets without a key of
// the customer's.
const managedAlias = "alias/aws/secretsmanager"

func (s *kmsState) arn(region, resource string) string {
	return fmt.Sprintf("arn:%s:kms:%s:%s:%s", partition(region), region, s.lab.options.AccountID, resource)
}

// AddKey makes an enabled key with this ARN, of the lab's account, and the
// policy that keys have by default, which leaves permissions to IAM. CreateKey
// chooses the ID itself. Anything but the ARN of a new key panics, since it is a
// mistake in the calling program.
func (l *Lab) AddKey(keyARN string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	parts := strings.SplitN(keyARN, ":", 6)
	if len(parts) < 6 || !keyIDPattern.MatchString(strings.TrimPrefix(parts[5], "key/")) || l.kms.arn(parts[3], parts[5]) != keyARN || l.kms.keys[keyARN] != nil {
		panic("awslab: AddKey: " + keyARN + " is not the ARN of a new key of this account")
	}
	l.kms.add(parts[3], strings.TrimPrefix(parts[5], "key/"))
}

func (s *kmsState) add(region, id string) *kmsKey {
	k := &kmsKey{
		id: id, arn: s.arn(region, "key/"+id), region: region, enabled: true, created: s.lab.Now(),
		tags: map[string]string{}, policy: s.defaultKeyPolicy(region), material: newMaterial(),
	}
	s.keys[k.arn] = k
	return k
}

// managed returns the key aws/secretsmanager of a Region. It comes into being
// when it is used for the first time.
func (s *kmsState) managed(region string) *kmsKey {
	aliasARN := s.arn(region, managedAlias)
	if s.aliases[aliasARN] == nil {
		k := s.add(region, newUUID())
		k.managed, k.policy, k.rotation, k.rotated = true, s.managedKeyPolicy(region), 365, k.created
		k.description = "Default key that protects my Secrets Manager data when no other key is defined"
		s.aliases[aliasARN] = &keyAlias{name: managedAlias, arn: aliasARN, key: k, created: k.created, changed: k.created}
	}
	return s.aliases[aliasARN].key
}

// aliasesOf lists the names of a key's aliases.
func (s *kmsState) aliasesOf(k *kmsKey) []string {
	var names []string
	for _, a := range s.aliases {
		if a.key == k {
			names = append(names, a.name)
		}
	}
	slices.Sort(names)
	return names
}

// keyIDPattern is an ID that KMS makes, with room for the short ones of tests.
var keyIDPattern = regexp.MustCompile(`^(mrk-)?[0-9a-f-]+$`)

// findKey finds the key that an ID, an ARN, an alias or an alias ARN names in
// the Region of the call, and the alias if it was by alias.
func (c *call) findKey(id string) (key *kmsKey, alias string, err error) {
	s, resource := c.lab.kms, id
	if err := lengthOf("keyId", id, 1, 2048); err != nil {
		return nil, "", err
	}
	if strings.HasPrefix(id, "arn:") {
		parts := strings.SplitN(id, ":", 6)
		switch {
		case len(parts) < 6 || parts[2] != "kms" || !strings.HasPrefix(parts[5], "key/") && !strings.HasPrefix(parts[5], "alias/"):
			return nil, "", errorf("InvalidArnException", "%s is not a valid ARN.", id)
		case parts[3] != c.region:
			return nil, "", errorf("NotFoundException", "Invalid arn %s", parts[3])
		case s.arn(parts[3], parts[5]) != id:
			// A key of another account says no more than this to whom it does not let in.
			return nil, "", c.refuse("AccessDeniedException", "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform this operation on resource: %s because the resource does not exist in this Region, "+
				"no resource-based policies allow access, or a resource-based policy explicitly denies access", c.caller.arn, id))
		}
		resource = strings.TrimPrefix(parts[5], "key/")
	}
	switch {
	case resource == managedAlias:
		return s.managed(c.region), resource, nil
	case strings.HasPrefix(resource, "alias/"):
		aliasARN := s.arn(c.region, resource)
		if a := s.aliases[aliasARN]; a != nil {
			return a.key, resource, nil
		}
		return nil, "", errorf("NotFoundException", "Alias %s is not found.", aliasARN)
	case !keyIDPattern.MatchString(resource):
		return nil, "", errorf("NotFoundException", "Invalid keyId '%s'", resource)
	}
	keyARN := s.arn(c.region, "key/"+resource)
	if k := s.keys[keyARN]; k != nil {
		return k, "", nil
	}
	return nil, "", errorf("NotFoundException", "Key '%s' does not exist", keyARN)
}

// keyInput is the member that nearly every request has.
type keyInput struct {
	KeyID string `json:"KeyId"`
}

// byAlias are the operations that take an alias for a key.
var byAlias = []string{"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"}

// key finds the key that a request is about, once the caller may carry out the
// operation on it. More condition keys come as pairs of key and value.
func (c *call) key(id string, more ...string) (*kmsKey, error) {
	k, alias, err := c.findKey(id)
	switch {
	case err != nil:
		return nil, err
	case alias != "" && !slices.Contains(byAlias, c.operation):
		return nil, errorf("NotFoundException", "Invalid keyId '%s'", id)
	}
	if err := c.mayOnKey(k, c.operation, pairs(more...), alias); err != nil {
		return nil, err
	}
	return k, nil
}

// liveKey is [call.key] for the operations that a key refuses which is about to
// be deleted.
func (c *call) liveKey(id string, more ...string) (*kmsKey, error) {
	k, err := c.key(id, more...)
	if err != nil {
		return nil, err
	}
	return k, k.notPendingDeletion()
}

// mayOnKey checks that the caller may do something with a key: the key's policy
// allows it, or leaves it to IAM by allowing the account, and IAM allows it.
// https://docs.aws.amazon.com/kms/latest/developerguide/control-access-overview.html.
func (c *call) mayOnKey(k *kmsKey, action string, context map[string][]string, alias string) error {
	context = maps.Clone(context)
	if context == nil {
		context = map[string][]string{}
	}
	if alias != "" {
		context["kms:RequestAlias"] = []string{alias}
	}
	maps.Copy(context, k.context(c.lab))
	return c.mayUnder("kms:"+action, k.arn, context, iampolicy.Policies{Resource: &k.policy.document, ResourceMustAllow: true})
}

// context holds the condition keys that follow from the key itself, see
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html.
func (k *kmsKey) context(l *Lab) map[string][]string {
	context := map[string][]string{
		"kms:CallerAccount": {l.options.AccountID},
		"kms:KeySpec":       {symmetric},
		"kms:KeyUsage":      {"ENCRYPT_DECRYPT"},
		"kms:KeyOrigin":     {"AWS_KMS"},
		"kms:MultiRegion":   {fmt.Sprint(k.multiRegion)},
	}
	if aliases := l.kms.aliasesOf(k); len(aliases) > 0 {
		context["kms:ResourceAliases"] = aliases
	}
	for key, value := range k.tags {
		context["aws:ResourceTag/"+key] = []string{value}
	}
	return context
}

// symmetric is the one kind of key and the one algorithm of this lab.
const symmetric = "SYMMETRIC_DEFAULT"

// usable refuses what a key of this state does not do.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html.
func (k *kmsKey) usable() error {
	if err := k.notPendingDeletion(); err != nil {
		return err
	}
	if !k.enabled {
		return errorf("DisabledException", "%s is disabled.", k.arn)
	}
	return nil
}

func (k *kmsKey) notPendingDeletion() error {
	if k.deletion.IsZero() {
		return nil
	}
	return errorf("KMSInvalidStateException", "%s is pending deletion.", k.arn)
}

func (k *kmsKey) state() string {
	switch {
	case !k.deletion.IsZero():
		return "PendingDeletion"
	case !k.enabled:
		return "Disabled"
	}
	return "Enabled"
}

// pageInput are the members of the requests for a list.
type pageInput struct {
	Limit  *int64
	Marker string
}

// pageOfKeys cuts one page, as the lists of KMS have it.
func pageOfKeys[T any](in pageInput, most int64, items []T) (cut []T, next string, err error) {
	if err := upTo("limit", in.Limit, 1000); err != nil {
		return nil, "", err
	}
	size := min(most, 1000)
	if in.Limit != nil {
		size = *in.Limit
	}
	cut, next, err = page(items, &size, in.Marker)
	if err != nil {
		return nil, "", errorf("InvalidMarkerException", "The marker is not valid.")
	}
	return cut, next, nil
}
