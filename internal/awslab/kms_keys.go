package awslab

import (
	"cmp"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"time"
)

func newMaterial() (material [32]byte) {
	_, _ = rand.Read(material[:])
	return material
}

// kmsTag is a tag in KMS's spelling.
type kmsTag struct {
	Key   string `json:"TagKey"`
	Value string `json:"TagValue"`
}

func keyTags(list []kmsTag) ([]tag, error) {
	tags := make([]tag, 0, len(list))
	for _, t := range list {
		if err := cmp.Or(lengthOf("tagKey", t.Key, 1, 128), lengthOf("tagValue", t.Value, 0, 256)); err != nil {
			return nil, err
		}
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, errorf("TagException", "Tags beginning with aws: are reserved")
		}
		tags = append(tags, tag(t))
	}
	if len(tags) > 50 {
		return nil, errorf("TagException", "Too many tags")
	}
	return tags, nil
}

type createKeyInput struct {
	Policy, Description, KeyUsage, KeySpec, CustomerMasterKeySpec, Origin string
	MultiRegion, BypassPolicyLockoutSafetyCheck                           bool
	Tags                                                                  []kmsTag
}

// createKey follows
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html. Only
// symmetric encryption keys can protect secrets, and only those are here.
func createKey(c *call, in *createKeyInput) (any, error) {
	if spec := cmp.Or(in.KeySpec, in.CustomerMasterKeySpec, symmetric); spec != symmetric || cmp.Or(in.KeyUsage, "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT" || cmp.Or(in.Origin, "AWS_KMS") != "AWS_KMS" {
		return nil, errorf("UnsupportedOperationException", "awslab has symmetric encryption keys with material of KMS only.")
	}
	tags, err := keyTags(in.Tags)
	if err := cmp.Or(err, lengthOf("description", in.Description, 0, 8192)); err != nil {
		return nil, err
	}
	k := &kmsKey{id: newUUID(), region: c.region, description: in.Description, multiRegion: in.MultiRegion, enabled: true, created: c.lab.Now(), tags: map[string]string{}, material: newMaterial()}
	if in.MultiRegion {
		k.id = "mrk-" + strings.ReplaceAll(k.id, "-", "")
	}
	k.arn = c.lab.kms.arn(c.region, "key/"+k.id)
	context := k.context(c.lab)
	maps.Copy(context, pairs(append(requestTags(tags), bypass(in.BypassPolicyLockoutSafetyCheck)...)...))
	if err := c.may("kms:CreateKey", "*", context, nil); err != nil {
		return nil, err
	}
	for _, t := range tags {
		k.tags[t.Key] = t.Value
	}
	k.policy = c.lab.kms.defaultKeyPolicy(c.region)
	if in.Policy != "" {
		if k.policy, err = c.readKeyPolicy(in.Policy); err != nil {
			return nil, err
		}
	}
	if !in.BypassPolicyLockoutSafetyCheck {
		if err := c.notLockedOut(k, k.policy); err != nil {
			return nil, err
		}
	}
	if len(tags) > 0 {
		if err := c.mayOnKey(k, "TagResource", context, ""); err != nil {
			return nil, err
		}
	}
	c.lab.kms.keys[k.arn] = k
	return struct{ KeyMetadata keyMetadata }{k.metadata(c.lab)}, nil
}

type keyMetadata struct {
	AWSAccountID             string `json:"AWSAccountId"`
	KeyID                    string `json:"KeyId"`
	Arn                      string
	CreationDate             epoch
	Enabled                  bool
	Description              string
	KeyUsage                 string
	KeyState                 string
	DeletionDate             epoch `json:",omitzero"`
	Origin                   string
	KeyManager               string
	CustomerMasterKeySpec    string
	KeySpec                  string
	EncryptionAlgorithms     []string
	MultiRegion              bool
	MultiRegionConfiguration *multiRegionConfiguration `json:",omitempty"`
}

type multiRegionConfiguration struct {
	MultiRegionKeyType string
	PrimaryKey         multiRegionKey
	ReplicaKeys        []multiRegionKey
}

type multiRegionKey struct{ Arn, Region string }

func (k *kmsKey) metadata(l *Lab) keyMetadata {
	m := keyMetadata{
		AWSAccountID: l.options.AccountID, KeyID: k.id, Arn: k.arn, CreationDate: epoch{k.created}, Description: k.description,
		Enabled: k.state() == "Enabled", KeyState: k.state(), DeletionDate: epoch{k.deletion},
		KeyUsage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", KeyManager: "CUSTOMER", CustomerMasterKeySpec: symmetric, KeySpec: symmetric,
		EncryptionAlgorithms: []string{symmetric}, MultiRegion: k.multiRegion,
	}
	if k.managed {
		m.KeyManager = "AWS"
	}
	if k.multiRegion {
		m.MultiRegionConfiguration = &multiRegionConfiguration{"PRIMARY", multiRegionKey{k.arn, k.region}, []multiRegionKey{}}
	}
	return m
}

func describeKey(c *call, in *keyInput) (any, error) {
	k, err := c.key(in.KeyID)
	if err != nil {
		return nil, err
	}
	return struct{ KeyMetadata keyMetadata }{k.metadata(c.lab)}, nil
}

func listKeys(c *call, in *pageInput) (any, error) {
	if err := c.may("kms:ListKeys", "*", nil, nil); err != nil {
		return nil, err
	}
	type listed struct {
		KeyID  string `json:"KeyId"`
		KeyArn string
	}
	all := []listed{}
	for _, k := range c.lab.kms.keys {
		if k.region == c.region {
			all = append(all, listed{k.id, k.arn})
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Compare(a.KeyID, b.KeyID) })
	keys, next, err := pageOfKeys(*in, 100, all)
	if err != nil {
		return nil, err
	}
	return struct {
		Keys       []listed
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{keys, next, next != ""}, nil
}

func updateKeyDescription(c *call, in *struct {
	keyInput
	Description string
},
) (any, error) {
	if err := lengthOf("description", in.Description, 0, 8192); err != nil {
		return nil, err
	}
	k, err := c.liveKey(in.KeyID)
	if err != nil {
		return nil, err
	}
	k.description = in.Description
	return nil, nil
}

func enableKey(c *call, in *keyInput) (any, error) { return nil, c.switchKey(in.KeyID, true) }

func disableKey(c *call, in *keyInput) (any, error) { return nil, c.switchKey(in.KeyID, false) }

func (c *call) switchKey(id string, on bool) error {
	k, err := c.liveKey(id)
	if err != nil {
		return err
	}
	k.enabled = on
	return nil
}

// scheduleKeyDeletion follows
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html.
func scheduleKeyDeletion(c *call, in *struct {
	keyInput
	PendingWindowInDays *int64
},
) (any, error) {
	days := int64(30)
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	if days < 7 || days > 30 {
		return nil, constraint("pendingWindowInDays", "Member must have value between 7 and 30")
	}
	k, err := c.liveKey(in.KeyID)
	if err != nil {
		return nil, err
	}
	l, now := c.lab, c.lab.Now()
	k.deletion = now.AddDate(0, 0, int(days))
	due := k.deletion
	l.timeline.after(due.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.deletion.Equal(due) {
			delete(l.kms.keys, k.arn)
			maps.DeleteFunc(l.kms.aliases, func(_ string, a *keyAlias) bool { return a.key == k })
		}
	})
	return struct {
		KeyID               string `json:"KeyId"`
		DeletionDate        epoch
		KeyState            string
		PendingWindowInDays int64
	}{k.arn, epoch{due}, k.state(), days}, nil
}

// cancelKeyDeletion leaves the key disabled.
func cancelKeyDeletion(c *call, in *keyInput) (any, error) {
	k, err := c.key(in.KeyID)
	if err != nil {
		return nil, err
	}
	if k.deletion.IsZero() {
		return nil, errorf("KMSInvalidStateException", "%s is not pending deletion.", k.arn)
	}
	k.deletion, k.enabled = time.Time{}, false
	return keyInput{k.arn}, nil
}

func enableKeyRotation(c *call, in *struct {
	keyInput
	RotationPeriodInDays *int64
},
) (any, error) {
	days := int64(365)
	if in.RotationPeriodInDays != nil {
		days = *in.RotationPeriodInDays
	}
	if days < 90 || days > 2560 {
		return nil, constraint("rotationPeriodInDays", "Member must have value between 90 and 2560")
	}
	return nil, c.rotateKey(in.KeyID, days)
}

func disableKeyRotation(c *call, in *keyInput) (any, error) { return nil, c.rotateKey(in.KeyID, 0) }

// rotateKey sets how often a key's material changes, which no user of the key
// notices.
func (c *call) rotateKey(id string, days int64) error {
	k, err := c.key(id)
	if err != nil {
		return err
	}
	if err := k.usable(); err != nil {
		return err
	}
	k.rotation, k.rotated = days, c.lab.Now()
	return nil
}

func getKeyRotationStatus(c *call, in *keyInput) (any, error) {
	k, err := c.key(in.KeyID)
	if err != nil {
		return nil, err
	}
	answer := struct {
		KeyID                string `json:"KeyId"`
		KeyRotationEnabled   bool
		RotationPeriodInDays int64 `json:",omitempty"`
		NextRotationDate     epoch `json:",omitzero"`
	}{KeyID: k.arn, KeyRotationEnabled: k.rotation > 0, RotationPeriodInDays: k.rotation}
	if period := time.Duration(k.rotation) * 24 * time.Hour; period > 0 {
		past := c.lab.Now().Sub(k.rotated) / period
		answer.NextRotationDate = epoch{k.rotated.Add((past + 1) * period)}
	}
	return answer, nil
}

func listKeyTags(c *call, in *struct {
	keyInput
	pageInput
},
) (any, error) {
	k, err := c.key(in.KeyID)
	if err != nil {
		return nil, err
	}
	all := []kmsTag{}
	for _, t := range tagList(k.tags) {
		all = append(all, kmsTag(t))
	}
	tags, next, err := pageOfKeys(in.pageInput, 50, all)
	if err != nil {
		return nil, err
	}
	return struct {
		Tags       []kmsTag
		NextMarker string `json:",omitempty"`
		Truncated  bool
	}{tags, next, next != ""}, nil
}

type keyTagInput struct {
	keyInput
	Tags    []kmsTag
	TagKeys []string
}

func tagKey(c *call, in *keyTagInput) (any, error) {
	tags, err := keyTags(in.Tags)
	if err != nil {
		return nil, err
	}
	k, err := c.liveKey(in.KeyID, requestTags(tags)...)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(k.tags)
	for _, t := range tags {
		all[t.Key] = t.Value
	}
	if len(all) > 50 {
		return nil, errorf("TagException", "Too many tags")
	}
	k.tags = all
	return nil, nil
}

func untagKey(c *call, in *keyTagInput) (any, error) {
	var more []string
	for _, key := range in.TagKeys {
		more = append(more, "aws:TagKeys", key)
	}
	k, err := c.liveKey(in.KeyID, more...)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(k.tags, key)
	}
	return nil, nil
}
