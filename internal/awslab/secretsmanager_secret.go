package awslab

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// secret is a secret or a replica of one. A replica has a name, an ARN, a key
// and a policy of its own and takes the rest from its primary.
type secret struct {
	arn, name, region string
	description       string
	keyID             string // as the user gave it; empty is aws/secretsmanager
	kind              string // Type, of managed external secrets
	owner             string // OwningService, of service-managed secrets
	tags              map[string]string
	policy            string
	created, changed  time.Time
	accessed          time.Time
	deletion          time.Time // when it goes for good; zero is never
	versions          map[string]*version
	schedule          rotationSchedule
	rotation          *rotation // the rotation under way or given up; nil is none

	primary  *secret   // of a replica
	replicas []*secret // of a primary
}

// source is where a secret's versions and settings are kept.
func (s *secret) source() *secret {
	if s.primary != nil {
		return s.primary
	}
	return s
}

type tag struct{ Key, Value string }

func tagList(tags map[string]string) []tag {
	list := make([]tag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{key, tags[key]})
	}
	return list
}

func checkTags(tags []tag) error {
	for _, t := range tags {
		if err := cmp.Or(lengthOf("tags.key", t.Key, 1, 128), lengthOf("tags.value", t.Value, 0, 256)); err != nil {
			return err
		}
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return errorf("InvalidParameterException", "Tag keys that start with aws: are reserved for use by AWS.")
		}
	}
	if len(tags) > 50 {
		return errorf("InvalidParameterException", "A secret can have at most 50 tags.")
	}
	return nil
}

// requestTags are the condition keys of tags in a request.
func requestTags(tags []tag) []string {
	var keys []string
	for _, t := range tags {
		keys = append(keys, "aws:RequestTag/"+t.Key, t.Value, "aws:TagKeys", t.Key)
	}
	return keys
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]{1,512}$`)

type createSecretInput struct {
	Name, Description, KmsKeyID string
	ClientRequestToken          *string
	valueInput
	Tags                        []tag
	Type                        string
	AddReplicaRegions           []replicaInput
	ForceOverwriteReplicaSecret bool
}

// createSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
func createSecret(c *call, in *createSecretInput) (any, error) {
	if !secretName.MatchString(in.Name) {
		return nil, errorf("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	token, err := tokenOr(in.ClientRequestToken)
	if err := cmp.Or(err, lengthOf("description", in.Description, 0, 2048), lengthOf("kmsKeyId", in.KmsKeyID, 0, 2048), lengthOf("type", in.Type, 0, 256),
		in.check(false), checkTags(in.Tags), checkReplicas(c.region, in.AddReplicaRegions)); err != nil {
		return nil, err
	}
	now := c.lab.Now()
	s := &secret{
		arn: c.lab.secretARN(c.region, in.Name) + "-" + randomString(alphanumeric, 6), name: in.Name, region: c.region,
		description: in.Description, keyID: in.KmsKeyID, kind: in.Type, tags: map[string]string{}, created: now, changed: now, versions: map[string]*version{},
	}
	for _, t := range in.Tags {
		s.tags[t.Key] = t.Value
	}
	context := pairs(append(requestTags(in.Tags), "secretsmanager:Name", in.Name, "secretsmanager:Description", in.Description, "secretsmanager:KmsKeyId", in.KmsKeyID)...)
	for _, r := range in.AddReplicaRegions {
		context["secretsmanager:AddReplicaRegions"] = append(context["secretsmanager:AddReplicaRegions"], r.Region)
	}
	if err := c.may("secretsmanager:CreateSecret", s.arn, context, nil); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 {
		if err := c.may("secretsmanager:TagResource", s.arn, context, nil); err != nil {
			return nil, err
		}
	}
	if old := c.lab.secrets.find(c.region, in.Name); old != nil && old.name == in.Name {
		if !old.deletion.IsZero() {
			return nil, errorf("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
		}
		if v := old.versions[token]; in.given() && v != nil && v.value != nil && v.value.equal(in.value()) {
			return old.answer(token), nil // The same request once more.
		}
		return nil, errorf("ResourceExistsException", "The operation failed because the secret %s already exists.", in.Name)
	}
	if err := c.replicable(s, in.AddReplicaRegions, in.ForceOverwriteReplicaSecret); err != nil {
		return nil, err
	}
	if _, err := c.useKey(s, s.keyID, validatingKey, "GenerateDataKey", "Decrypt"); err != nil {
		return nil, err
	}
	key := ""
	if in.given() {
		if key, err = c.useKey(s, s.keyID, token, "GenerateDataKey"); err != nil {
			return nil, err
		}
	}
	c.lab.secrets.secrets[s.arn] = s
	answer := struct {
		secretAnswer
		ReplicationStatus []replicationStatus `json:",omitempty"`
	}{secretAnswer: s.answer("")}
	if in.given() {
		s.store(token, in.value(), key, []string{current}, now)
		answer.VersionID = token
	}
	c.lab.replicate(s, in.AddReplicaRegions)
	answer.ReplicationStatus = s.replicationStatus()
	return answer, nil
}

// secretDescription is the answer of DescribeSecret and an entry of
// ListSecrets, which calls the version member SecretVersionsToStages.
type secretDescription struct {
	ARN                            string
	Name                           string
	Description                    string              `json:",omitempty"`
	KmsKeyID                       string              `json:"KmsKeyId,omitempty"`
	RotationEnabled                *bool               `json:",omitempty"`
	RotationLambdaARN              string              `json:",omitempty"`
	RotationRules                  *rotationRules      `json:",omitempty"`
	ExternalSecretRotationRoleArn  string              `json:",omitempty"`
	ExternalSecretRotationMetadata []tag               `json:",omitempty"`
	LastRotatedDate                epoch               `json:",omitzero"`
	NextRotationDate               epoch               `json:",omitzero"`
	LastChangedDate                epoch               `json:",omitzero"`
	LastAccessedDate               epoch               `json:",omitzero"`
	DeletedDate                    epoch               `json:",omitzero"`
	CreatedDate                    epoch               `json:",omitzero"`
	Tags                           []tag               `json:",omitempty"`
	VersionIDsToStages             map[string][]string `json:"VersionIdsToStages,omitempty"`
	SecretVersionsToStages         map[string][]string `json:",omitempty"`
	OwningService                  string              `json:",omitempty"`
	PrimaryRegion                  string              `json:",omitempty"`
	Type                           string              `json:",omitempty"`
	ReplicationStatus              []replicationStatus `json:",omitempty"`
}

func (s *secret) describe() secretDescription {
	from := s.source()
	d := secretDescription{
		ARN: s.arn, Name: s.name, Description: from.description, KmsKeyID: s.keyID,
		LastChangedDate: epoch{from.changed}, LastAccessedDate: epoch{s.accessed}, DeletedDate: epoch{s.deletion}, CreatedDate: epoch{s.created},
		Tags: tagList(from.tags), OwningService: from.owner, Type: from.kind,
	}
	from.schedule.describe(&d)
	if s.primary != nil || len(s.replicas) > 0 {
		d.PrimaryRegion = from.region
	}
	return d
}

// describeSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html.
// It works on deleted secrets too.
func describeSecret(c *call, in *secretInput) (any, error) {
	s, err := c.secret(in.SecretID)
	if err != nil {
		return nil, err
	}
	d := s.describe()
	d.VersionIDsToStages = s.source().stages()
	d.ReplicationStatus = s.replicationStatus()
	return d, nil
}

type updateSecretInput struct {
	secretInput
	ClientRequestToken          *string
	Description, KmsKeyID, Type *string
	valueInput
}

// updateSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html.
func updateSecret(c *call, in *updateSecretInput) (any, error) {
	token, err := tokenOr(in.ClientRequestToken)
	if err := cmp.Or(err, lengthOf("description", deref(in.Description), 0, 2048), lengthOf("kmsKeyId", deref(in.KmsKeyID), 0, 2048),
		lengthOf("type", deref(in.Type), 0, 256), in.check(false)); err != nil {
		return nil, err
	}
	var more []string
	if in.KmsKeyID != nil {
		more = append(more, "secretsmanager:KmsKeyId", *in.KmsKeyID)
	}
	if in.Description != nil {
		more = append(more, "secretsmanager:Description", *in.Description)
	}
	s, err := c.writable(in.SecretID, more...)
	if err != nil {
		return nil, err
	}
	newKey := in.KmsKeyID != nil && *in.KmsKeyID != s.keyID
	keyID := s.keyID
	if newKey {
		keyID = *in.KmsKeyID
		if _, err := c.useKey(s, keyID, validatingKey, "GenerateDataKey", "Decrypt"); err != nil {
			return nil, err
		}
	}
	key, repeated := "", true
	answer := s.answer("")
	if in.given() {
		if key, repeated, err = c.mayStore(s, keyID, token, in.value(), []string{current}); err != nil {
			return nil, err
		}
		answer.VersionID = token
	}
	if newKey {
		c.reencrypt(s, keyID)
	}
	if !repeated {
		c.lab.storeByUser(s, token, in.value(), key, []string{current})
	}
	s.keyID, s.changed = keyID, c.lab.Now()
	if in.Description != nil {
		s.description = *in.Description
	}
	if in.Type != nil {
		s.kind = *in.Type
	}
	return answer, nil
}

type deleteSecretInput struct {
	secretInput
	RecoveryWindowInDays       *int64
	ForceDeleteWithoutRecovery bool
}

// deleteSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html.
// Forced deletion is immediate here, and also good for a secret that does not
// exist.
func deleteSecret(c *call, in *deleteSecretInput) (any, error) {
	days := int64(30)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return nil, errorf("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
		}
		if days < 7 || days > 30 {
			return nil, errorf("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
		}
	}
	now := c.lab.Now()
	answer := struct {
		secretAnswer
		DeletionDate epoch
	}{DeletionDate: epoch{now}}
	s, err := c.secret(in.SecretID, "secretsmanager:RecoveryWindowInDays", fmt.Sprint(days), "secretsmanager:ForceDeleteWithoutRecovery", fmt.Sprint(in.ForceDeleteWithoutRecovery))
	switch {
	case s == nil && in.ForceDeleteWithoutRecovery && err != nil && asAPIError(err).Code == "ResourceNotFoundException":
		answer.ARN, answer.Name = in.SecretID, in.SecretID
		return answer, nil
	case err != nil:
		return nil, err
	}
	answer.secretAnswer = s.answer("")
	if err := cmp.Or(s.notReplica(), s.notManaged()); err != nil {
		return nil, err
	}
	if !in.ForceDeleteWithoutRecovery {
		if err := s.notDeleted(); err != nil {
			return nil, err
		}
	}
	if len(s.replicas) > 0 {
		return nil, errorf("InvalidParameterException", "You can't delete secret %s that still has replica regions.", s.name)
	}
	c.lab.endRotation(s)
	s.schedule.planned++
	if in.ForceDeleteWithoutRecovery {
		delete(c.lab.secrets.secrets, s.arn)
		return answer, nil
	}
	s.deletion = now.AddDate(0, 0, int(days))
	answer.DeletionDate = epoch{s.deletion}
	l, due := c.lab, s.deletion
	l.timeline.after(due.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.deletion.Equal(due) {
			delete(l.secrets.secrets, s.arn)
		}
	})
	return answer, nil
}

// restoreSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html.
func restoreSecret(c *call, in *secretInput) (any, error) {
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notReplica, (*secret).notManaged)
	if err != nil {
		return nil, err
	}
	s.deletion = time.Time{}
	c.lab.planWindow(s)
	return s.answer(""), nil
}

type tagInput struct {
	secretInput
	Tags    []tag
	TagKeys []string
}

func tagSecret(c *call, in *tagInput) (any, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s, err := c.secretUnless(in.SecretID, requestTags(in.Tags), (*secret).notDeleted, (*secret).notReplica)
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(s.tags)
	for _, t := range in.Tags {
		tags[t.Key] = t.Value
	}
	if err := checkTagCount(tags); err != nil {
		return nil, err
	}
	s.tags, s.changed = tags, c.lab.Now()
	return nil, nil
}

func checkTagCount(tags map[string]string) error {
	own := 0
	for key := range tags {
		if !strings.HasPrefix(key, "aws:") {
			own++
		}
	}
	if own > 50 {
		return errorf("InvalidParameterException", "A secret can have at most 50 tags.")
	}
	return nil
}

func untagSecret(c *call, in *tagInput) (any, error) {
	var more []string
	for _, key := range in.TagKeys {
		if err := lengthOf("tagKeys", key, 1, 128); err != nil {
			return nil, err
		}
		more = append(more, "aws:TagKeys", key)
	}
	s, err := c.secretUnless(in.SecretID, more, (*secret).notDeleted, (*secret).notReplica)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		if !strings.HasPrefix(key, "aws:") {
			delete(s.tags, key)
		}
	}
	s.changed = c.lab.Now()
	return nil, nil
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// randomString draws n characters of an alphabet, each equally likely.
func randomString(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[randomBelow(len(alphabet))])
	}
	return b.String()
}

// randomBelow draws a number from 0 up to n, n itself excluded, for n up to 256.
func randomBelow(n int) int {
	for {
		var b [1]byte
		_, _ = rand.Read(b[:])
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}
