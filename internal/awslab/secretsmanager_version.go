package awslab

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Staging labels that Secrets Manager itself moves.
const (
	current  = "AWSCURRENT"
	pending  = "AWSPENDING"
	previous = "AWSPREVIOUS"
)

// Quotas of versions, see
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html.
const (
	maxLabels      = 20
	maxSecretValue = 65536
	// Versions without a label go when there are more than keptVersions, but
	// none that is younger than a day.
	keptVersions = 100
)

// version is one version of a secret. One without labels is deprecated.
type version struct {
	id                string
	created, accessed time.Time
	value             *value   // nil in the placeholder that a rotation starts with
	keys              []string // ARNs of the keys that protect the value, the latest last; empty is aws/secretsmanager
	labels            []string
	// byRotation tells that the configured function wrote the value: under its
	// own role, or with the RotationToken of the rotation.
	byRotation bool
}

func (v *version) has(label string) bool { return slices.Contains(v.labels, label) }

// value is text, or bytes if text is nil.
type value struct {
	text   *string
	binary []byte
}

func (v value) equal(other value) bool {
	return (v.text == nil) == (other.text == nil) && deref(v.text) == deref(other.text) && bytes.Equal(v.binary, other.binary)
}

// valueInput is a value in a request.
type valueInput struct {
	SecretString *string
	SecretBinary []byte
}

func (in valueInput) given() bool { return in.SecretString != nil || in.SecretBinary != nil }

func (in valueInput) value() value { return value{in.SecretString, in.SecretBinary} }

func (in valueInput) check(required bool) error {
	switch {
	case in.SecretString != nil && in.SecretBinary != nil:
		return errorf("InvalidParameterException", "You can't specify both a binary secret value and a string secret value in the same secret.")
	case in.SecretString != nil && (*in.SecretString == "" || len(*in.SecretString) > maxSecretValue):
		return constraint("secretString", "Member must have length between 1 and %d", maxSecretValue)
	case in.SecretBinary != nil && (len(in.SecretBinary) == 0 || len(in.SecretBinary) > maxSecretValue):
		return constraint("secretBinary", "Member must have length between 1 and %d", maxSecretValue)
	case required && !in.given():
		return errorf("InvalidParameterException", "You must provide either SecretString or SecretBinary.")
	}
	return nil
}

// holder returns the version that has a label, nil if none has.
func (s *secret) holder(label string) *version {
	for _, v := range s.versions {
		if v.has(label) {
			return v
		}
	}
	return nil
}

// pendingVersion returns the version of a rotation that is not complete: the
// one that has AWSPENDING and not AWSCURRENT.
func (s *secret) pendingVersion() *version {
	if v := s.holder(pending); v != nil && !v.has(current) {
		return v
	}
	return nil
}

// stages maps each version that has labels to them.
func (s *secret) stages() map[string][]string {
	stages := map[string][]string{}
	for id, v := range s.versions {
		if len(v.labels) > 0 {
			stages[id] = slices.Clone(v.labels)
		}
	}
	return stages
}

// move takes a label from the version that has it to another; to nowhere if
// that is nil. AWSPREVIOUS follows AWSCURRENT.
func (s *secret) move(label string, to *version) {
	from := s.holder(label)
	if from == to {
		return
	}
	if from != nil {
		from.labels = slices.DeleteFunc(from.labels, func(l string) bool { return l == label })
	}
	if to != nil {
		to.labels = append(to.labels, label)
		slices.Sort(to.labels)
	}
	if label == current && from != nil {
		s.move(previous, from)
	}
}

// store adds a version, or gives the placeholder of a rotation its value, and
// moves the labels to it. The key is the ARN of the one that protects it, empty
// for aws/secretsmanager.
func (s *secret) store(id string, content value, key string, labels []string, now time.Time) {
	if len(s.versions) == 0 && !slices.Contains(labels, current) {
		labels = append(slices.Clone(labels), current) // The first version is always the current one.
	}
	v := s.versions[id]
	if v == nil {
		v = &version{id: id, created: now}
		s.versions[id] = v
	}
	v.value, v.keys = &content, []string{key}
	for _, label := range labels {
		s.move(label, v)
	}
	s.changed = now
	s.forgetOldVersions(now)
}

func (s *secret) forgetOldVersions(now time.Time) {
	if len(s.versions) <= keptVersions {
		return
	}
	oldestFirst := slices.SortedFunc(maps.Values(s.versions), byAge)
	for _, v := range oldestFirst[:len(s.versions)-keptVersions] {
		if len(v.labels) == 0 && now.Sub(v.created) > 24*time.Hour {
			delete(s.versions, v.id)
		}
	}
}

func byAge(a, b *version) int {
	return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
}

// mayStore checks everything that can refuse a value and returns the key that
// protects it. The same value under the same token is the same request once
// more: nothing is left to do. Secrets Manager decrypts the old value to see
// that, and only then.
func (c *call) mayStore(s *secret, keyID, token string, content value, labels []string) (key string, repeated bool, err error) {
	if v := s.versions[token]; v != nil && v.value != nil {
		if err := c.mayDecrypt(s, v); err != nil {
			return "", false, err
		}
		if v.value.equal(content) {
			return "", true, nil
		}
		return "", false, errorf("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, s.arn)
	}
	if key, err = c.useKey(s, keyID, token, "GenerateDataKey"); err != nil {
		return "", false, err
	}
	return key, false, s.checkLabels(labels)
}

func (s *secret) checkLabels(added []string) error {
	all := slices.Clone(added)
	for _, v := range s.versions {
		all = append(all, v.labels...)
	}
	slices.Sort(all)
	if len(slices.Compact(all)) > maxLabels {
		return errorf("LimitExceededException", "You've reached the limit of %d staging labels for this secret.", maxLabels)
	}
	return nil
}

// storeByUser stores a value from outside the rotation that is under way, if
// any. A new AWSCURRENT version makes Secrets Manager abandon that rotation,
// and counts as a rotation for schedules that count days or hours.
func (l *Lab) storeByUser(s *secret, token string, content value, key string, labels []string) {
	now := l.Now()
	if slices.Contains(labels, current) {
		l.abandonRotation(s, token)
		s.schedule.valueSet = now
	}
	s.store(token, content, key, labels, now)
	l.planWindow(s)
}

type putSecretValueInput struct {
	secretInput
	ClientRequestToken *string
	RotationToken      *string
	VersionStages      []string
	valueInput
}

// putSecretValue follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html.
func putSecretValue(c *call, in *putSecretValueInput) (any, error) {
	token, err := tokenOr(in.ClientRequestToken)
	if err := cmp.Or(err, in.check(true), checkRotationToken(in.RotationToken)); err != nil {
		return nil, err
	}
	labels := in.VersionStages
	if labels == nil {
		labels = []string{current}
	}
	if len(labels) == 0 || len(labels) > maxLabels {
		return nil, constraint("versionStages", "Member must have length between 1 and %d", maxLabels)
	}
	for _, label := range labels {
		if err := lengthOf("versionStages", label, 1, 256); err != nil {
			return nil, err
		}
	}
	s, err := c.writable(in.SecretID)
	if err != nil {
		return nil, err
	}
	key, repeated, err := c.mayStore(s, s.keyID, token, in.value(), labels)
	if err != nil {
		return nil, err
	}
	if !repeated {
		c.lab.storeByUser(s, token, in.value(), key, labels)
		s.versions[token].byRotation = c.isRotation(s, in.RotationToken)
	}
	return struct {
		secretAnswer
		VersionStages []string
	}{s.answer(token), slices.Clone(s.versions[token].labels)}, nil
}

type getSecretValueInput struct {
	secretInput
	VersionID    *string
	VersionStage *string
}

// secretValue is the answer of GetSecretValue and an entry of
// BatchGetSecretValue.
type secretValue struct {
	secretAnswer
	SecretString  *string `json:",omitempty"`
	SecretBinary  []byte  `json:",omitempty"`
	VersionStages []string
	CreatedDate   epoch
}

// getSecretValue follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html.
func getSecretValue(c *call, in *getSecretValueInput) (any, error) {
	if in.VersionID != nil {
		if err := lengthOf("versionId", *in.VersionID, 32, 64); err != nil {
			return nil, err
		}
	}
	if in.VersionStage != nil {
		if err := lengthOf("versionStage", *in.VersionStage, 1, 256); err != nil {
			return nil, err
		}
	}
	answer, err := c.read(*in)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// read is GetSecretValue, which BatchGetSecretValue carries out for each secret.
func (c *call) read(in getSecretValueInput) (*secretValue, error) {
	label := current
	var more []string
	if in.VersionID != nil {
		more = []string{"secretsmanager:VersionId", *in.VersionID}
		label = ""
	}
	if in.VersionStage != nil {
		label = *in.VersionStage
	}
	if label != "" {
		more = append(more, "secretsmanager:VersionStage", label)
	}
	s, err := c.secretFor("GetSecretValue", in.SecretID, more...)
	if err != nil {
		return nil, err
	}
	if err := s.notDeleted(); err != nil {
		return nil, err
	}
	v, wanted := s.source().holder(label), "staging label: "+label
	if in.VersionID != nil {
		v, wanted = s.source().versions[*in.VersionID], "VersionId: "+*in.VersionID
		if v != nil && label != "" && !v.has(label) {
			return nil, errorf("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")
		}
	}
	if v == nil || v.value == nil {
		return nil, errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for %s", wanted)
	}
	if err := c.mayDecrypt(s, v); err != nil {
		return nil, err
	}
	today := c.lab.Now().UTC().Truncate(24 * time.Hour)
	s.accessed, v.accessed = today, today
	return &secretValue{s.answer(v.id), v.value.text, v.value.binary, slices.Clone(v.labels), epoch{v.created}}, nil
}

type listSecretVersionIDsInput struct {
	secretInput
	IncludeDeprecated bool
	MaxResults        *int64
	NextToken         string
}

// listSecretVersionIDs follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html.
// The newest version comes first.
func listSecretVersionIDs(c *call, in *listSecretVersionIDsInput) (any, error) {
	if err := upTo("maxResults", in.MaxResults, 100); err != nil {
		return nil, err
	}
	s, err := c.secret(in.SecretID)
	if err != nil {
		return nil, err
	}
	versions := slices.SortedFunc(maps.Values(s.source().versions), func(a, b *version) int { return byAge(b, a) })
	if !in.IncludeDeprecated {
		versions = slices.DeleteFunc(versions, func(v *version) bool { return len(v.labels) == 0 })
	}
	if in.MaxResults == nil {
		in.MaxResults = new(int64(100))
	}
	versions, next, err := page(versions, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	type listed struct {
		VersionID        string   `json:"VersionId"`
		VersionStages    []string `json:",omitempty"`
		CreatedDate      epoch
		LastAccessedDate epoch    `json:",omitzero"`
		KmsKeyIDs        []string `json:"KmsKeyIds,omitempty"`
	}
	answer := struct {
		ARN, Name string
		Versions  []listed
		NextToken string `json:",omitempty"`
	}{ARN: s.arn, Name: s.name, Versions: []listed{}, NextToken: next}
	for _, v := range versions {
		entry := listed{VersionID: v.id, VersionStages: slices.Clone(v.labels), CreatedDate: epoch{v.created}, LastAccessedDate: epoch{v.accessed}}
		for _, key := range v.keys {
			entry.KmsKeyIDs = append(entry.KmsKeyIDs, cmp.Or(key, "DefaultEncryptionKey"))
		}
		answer.Versions = append(answer.Versions, entry)
	}
	return answer, nil
}

type updateSecretVersionStageInput struct {
	secretInput
	VersionStage                         string
	MoveToVersionID, RemoveFromVersionID *string
}

// updateSecretVersionStage follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html.
func updateSecretVersionStage(c *call, in *updateSecretVersionStageInput) (any, error) {
	if err := lengthOf("versionStage", in.VersionStage, 1, 256); err != nil {
		return nil, err
	}
	for _, id := range []*string{in.MoveToVersionID, in.RemoveFromVersionID} {
		if id != nil && (len(*id) < 32 || len(*id) > 64) {
			return nil, constraint("versionId", "Member must have length between 32 and 64")
		}
	}
	s, err := c.writable(in.SecretID, "secretsmanager:VersionStage", in.VersionStage)
	if err != nil {
		return nil, err
	}
	target, err := s.checkMove(in)
	if err != nil {
		return nil, err
	}
	s.move(in.VersionStage, target)
	s.changed = c.lab.Now()
	if s.rotation != nil && s.rotation.phase != underWay && s.pendingVersion() == nil {
		c.lab.settle(s) // Nothing is left to be attempted again.
	}
	return s.answer(""), nil
}

// checkMove checks the move of a label and returns the version that gets it.
func (s *secret) checkMove(in *updateSecretVersionStageInput) (*version, error) {
	invalid := func(format string, args ...any) error {
		return errorf("InvalidParameterException", format, args...)
	}
	holder, removeFrom := s.holder(in.VersionStage), deref(in.RemoveFromVersionID)
	if in.MoveToVersionID == nil && in.RemoveFromVersionID == nil {
		return nil, invalid("You must specify MoveToVersionId, RemoveFromVersionId or both.")
	}
	if in.RemoveFromVersionID != nil {
		from := s.versions[removeFrom]
		if from == nil {
			return nil, invalid("Not a valid version: %s", removeFrom)
		}
		if from != holder {
			return nil, invalid("Version stage %s not found in version %s", in.VersionStage, removeFrom)
		}
	}
	if in.MoveToVersionID == nil {
		if in.VersionStage == current {
			return nil, invalid("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
		}
		return nil, nil
	}
	to := s.versions[*in.MoveToVersionID]
	switch {
	case to == nil:
		return nil, invalid("Not a valid version: %s", *in.MoveToVersionID)
	case holder != nil && holder != to && in.RemoveFromVersionID == nil:
		return nil, invalid("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", in.VersionStage, holder.id)
	case holder == nil:
		return to, s.checkLabels([]string{in.VersionStage})
	}
	return to, nil
}

// checkRotationToken checks the form of a RotationToken.
func checkRotationToken(token *string) error {
	if token == nil {
		return nil
	}
	if err := lengthOf("rotationToken", *token, 36, 256); err != nil {
		return err
	}
	if strings.Trim(*token, alphanumeric+"-") != "" {
		return constraint("rotationToken", "Member must satisfy regular expression pattern: ^[a-zA-Z0-9\\-]+$")
	}
	return nil
}
