package awslab

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// secretsManagerService is Secrets Manager as its API reference describes it:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/.
// An operation checks its parameters first, then the caller's permissions,
// then the state of the secret, and changes something only after all that.
func secretsManagerService() *service {
	s := &service{wire: jsonWire{}, operations: map[string]handler{
		"BatchGetSecretValue":          reading(batchGetSecretValue),
		"CancelRotateSecret":           reading(cancelRotateSecret),
		"CreateSecret":                 reading(createSecret),
		"DeleteResourcePolicy":         reading(deleteResourcePolicy),
		"DeleteSecret":                 reading(deleteSecret),
		"DescribeSecret":               reading(describeSecret),
		"GetRandomPassword":            reading(getRandomPassword),
		"GetResourcePolicy":            reading(getResourcePolicy),
		"GetSecretValue":               reading(getSecretValue),
		"ListSecretVersionIds":         reading(listSecretVersionIDs),
		"ListSecrets":                  reading(listSecrets),
		"PutResourcePolicy":            reading(putResourcePolicy),
		"PutSecretValue":               reading(putSecretValue),
		"RemoveRegionsFromReplication": reading(removeRegionsFromReplication),
		"ReplicateSecretToRegions":     reading(replicateSecretToRegions),
		"RestoreSecret":                reading(restoreSecret),
		"RotateSecret":                 reading(rotateSecret),
		"StopReplicationToReplica":     reading(stopReplicationToReplica),
		"TagResource":                  reading(tagSecret),
		"UntagResource":                reading(untagSecret),
		"UpdateSecret":                 reading(updateSecret),
		"UpdateSecretVersionStage":     reading(updateSecretVersionStage),
		"ValidateResourcePolicy":       reading(validateResourcePolicy),
	}}
	for name, handle := range s.operations {
		s.operations[name] = traced(handle)
	}
	return s
}

// reading makes a handler of a function that takes the decoded request.
func reading[In any](do func(*call, *In) (any, error)) handler {
	return func(c *call) (any, error) {
		var in In
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		return do(c, &in)
	}
}

// secretsState is all that Secrets Manager knows, in every Region.
type secretsState struct {
	secrets map[string]*secret // by full ARN
	events  []RotationEvent
	held    map[string]int // steps that do not start, see [Lab.HoldRotation]
	parked  []func()       // what waits for a release
}

func newSecretsState() *secretsState {
	return &secretsState{secrets: map[string]*secret{}, held: map[string]int{}}
}

// find returns the secret that an ID names in a Region: a full ARN, an ARN
// without the six random characters, or a name.
func (s *secretsState) find(region, id string) *secret {
	if found, ok := s.secrets[id]; ok && found.region == region {
		return found
	}
	for _, candidate := range s.secrets {
		if candidate.region == region && (candidate.name == id || candidate.arn[:len(candidate.arn)-len("-xxxxxx")] == id) {
			return candidate
		}
	}
	return nil
}

// secretInput is the member that nearly every request has.
type secretInput struct {
	SecretID string `json:"SecretId"`
}

// secretAnswer is the answer of the operations that only confirm.
type secretAnswer struct {
	ARN       string
	Name      string
	VersionID string `json:"VersionId,omitempty"`
}

func (s *secret) answer(versionID string) secretAnswer {
	return secretAnswer{ARN: s.arn, Name: s.name, VersionID: versionID}
}

// secret finds the secret that a request is about, once the caller may carry
// out the operation on it. More condition keys come as pairs of key and value.
func (c *call) secret(id string, more ...string) (*secret, error) {
	return c.secretFor(c.operation, id, more...)
}

func (c *call) secretFor(operation, id string, more ...string) (*secret, error) {
	if err := lengthOf("secretId", id, 1, 2048); err != nil {
		return nil, err
	}
	s := c.lab.secrets.find(c.region, id)
	if s == nil {
		resource := id
		if !strings.HasPrefix(id, "arn:") {
			resource = c.lab.secretARN(c.region, id)
		}
		if err := c.may("secretsmanager:"+operation, resource, pairs("secretsmanager:SecretId", id), nil); err != nil {
			return nil, err
		}
		return nil, errSecretNotFound()
	}
	context := s.context()
	maps.Copy(context, pairs(append(more, "secretsmanager:SecretId", id)...))
	if err := c.may("secretsmanager:"+operation, s.arn, context, s.policyDocument()); err != nil {
		return nil, err
	}
	return s, nil
}

// secretUnless is [call.secret] for the operations that some state of a secret
// rules out.
func (c *call) secretUnless(id string, more []string, refusals ...func(*secret) error) (*secret, error) {
	s, err := c.secret(id, more...)
	if err != nil {
		return nil, err
	}
	for _, refusal := range refusals {
		if err := refusal(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// writable is [call.secret] for the operations that change what a secret
// holds: refused on one that is deleted, a replica or managed by a service.
func (c *call) writable(id string, more ...string) (*secret, error) {
	return c.secretUnless(id, more, (*secret).notDeleted, (*secret).notReplica, (*secret).notManaged)
}

// pairs collects condition keys; a key may come more than once.
func pairs(keysAndValues ...string) map[string][]string {
	context := map[string][]string{}
	for pair := range slices.Chunk(keysAndValues, 2) {
		context[pair[0]] = append(context[pair[0]], pair[1])
	}
	return context
}

// context holds the condition keys that follow from the secret itself, see
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html.
func (s *secret) context() map[string][]string {
	context := map[string][]string{"secretsmanager:SecretPrimaryRegion": {s.source().region}}
	if function := s.source().schedule.function; function != "" {
		context["secretsmanager:resource/AllowRotationLambdaArn"] = []string{function}
	}
	if s.source().kind != "" {
		context["secretsmanager:resource/Type"] = []string{s.source().kind}
	}
	for key, value := range s.source().tags {
		context["aws:ResourceTag/"+key] = []string{value}
		context["secretsmanager:ResourceTag/"+key] = []string{value}
	}
	return context
}

func (s *secret) policyDocument() *iampolicy.Document {
	if s.policy == "" {
		return nil
	}
	document, err := iampolicy.Parse(s.policy)
	if err != nil {
		return nil // Never stored: PutResourcePolicy refuses it.
	}
	return &document
}

// secretARN is the ARN of a secret by its name, with the random characters if
// the name has them.
func (l *Lab) secretARN(region, name string) string {
	return fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s", partition(region), region, l.options.AccountID, name)
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func errSecretNotFound() error {
	return errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func (s *secret) notDeleted() error {
	if s.deletion.IsZero() {
		return nil
	}
	return errorf("InvalidRequestException", "You tried to perform the operation on a secret that's currently marked deleted.")
}

func (s *secret) notReplica() error {
	if s.primary == nil {
		return nil
	}
	return errorf("InvalidParameterException", "Operation not permitted on a replica secret. Call must be made in primary secret's region.")
}

func (s *secret) notManaged() error {
	if s.owner == "" {
		return nil
	}
	return errorf("InvalidRequestException", "This secret is managed by %s, and you must use that service to update it.", s.owner)
}

// constraint is the error for a member outside its shape in the service model.
// Unlike AWS it never quotes the value, which may be secret.
func constraint(member, format string, args ...any) error {
	return errorf("ValidationException", "1 validation error detected: Value at '%s' failed to satisfy constraint: %s", member, fmt.Sprintf(format, args...))
}

func lengthOf(member, value string, least, most int) error {
	switch n := utf8.RuneCountInString(value); {
	case n < least:
		return constraint(member, "Member must have length greater than or equal to %d", least)
	case n > most:
		return constraint(member, "Member must have length less than or equal to %d", most)
	}
	return nil
}

// upTo checks a number that starts at one.
func upTo(member string, value *int64, most int64) error {
	switch {
	case value == nil:
	case *value < 1:
		return constraint(member, "Member must have value greater than or equal to 1")
	case *value > most:
		return constraint(member, "Member must have value less than or equal to %d", most)
	}
	return nil
}

// tokenOr checks a ClientRequestToken, which becomes a version's ID, and makes
// one up where there is none, as the SDKs do.
func tokenOr(token *string) (string, error) {
	if token == nil {
		return newUUID(), nil
	}
	if len(*token) < 32 || len(*token) > 64 {
		return "", errorf("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")
	}
	return *token, nil
}

// epoch is a time as AWS JSON writes it: seconds since 1970, as a number.
type epoch struct{ time.Time }

// MarshalJSON implements [encoding/json.Marshaler].
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', -1, 64), nil
}

// page cuts one page out of a list. The token is the position of the next one.
func page[T any](items []T, size *int64, token string) (cut []T, next string, err error) {
	from := 0
	if token != "" {
		from, err = strconv.Atoi(token)
		if err != nil || from < 0 || from > len(items) {
			return nil, "", errorf("InvalidNextTokenException", "The NextToken value is invalid.")
		}
	}
	most := int64(math.MaxInt)
	if size != nil {
		most = *size
	}
	to := from + int(min(most, int64(len(items)-from)))
	if to < len(items) {
		next = strconv.Itoa(to)
	}
	return items[from:to], next, nil
}
