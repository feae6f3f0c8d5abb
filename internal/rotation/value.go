package rotation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/secretstring"
)

// Value is what a configuration says of the value of a secret. Its password goes
// to Secrets Manager and nowhere else.
type Value struct {
	// SecretID is the secret's ARN or its name.
	SecretID string
	// Region is where a secret given by name lives; empty means the default
	// Region of the connection.
	Region       string
	RotationType *catalog.RotationType
	// Connection are the fields of the value but for the credential, as text.
	Connection map[string]string
	// Changed are the keys of it that an update is about; nil means all. What a value
	// lacks is added by every update.
	Changed []string
	// Password is the credential of the first value or, for an update, another one;
	// empty for none.
	Password string
	// Generate is what Secrets Manager is asked for instead of a password; nil if it
	// is not.
	Generate *secretsmanager.GetRandomPasswordInput
}

// StoredValue is what became of a value.
type StoredValue struct {
	SecretARN string
	// Unmerged are the keys of the connection that the secret's value has otherwise,
	// or may have: a later update merges them.
	Unmerged []string
}

// editLabel is the staging label of a version that is to become AWSCURRENT.
// Whatever happens, applications and rotation functions never read it.
const editLabel = "TERRAFORM_ROTATION_EDIT"

// FirstValueRule says why a field of the first value is not changed.
const FirstValueRule = "It says whose credential the value is: it belongs to the first value, and rotation goes on from there."

// causeFirstValue is what the version of a first value is derived from.
const causeFirstValue = "first value"

// CreateValue stores the first value of a secret, unless it has one: that is
// adopted and stays as it is.
//
// However often and by however many it is called, a first value is stored once.
// Its version has the same ID on every try, and it gets AWSCURRENT only where no
// version has it.
func (s *Service) CreateValue(ctx context.Context, want Value) (*StoredValue, []Problem, error) {
	o, err := s.begin(ctx, want.SecretID, want.Region, inspectTimeout)
	if err != nil {
		return nil, nil, err
	}
	sec, err := o.writable(ctx, want.SecretID)
	if err != nil {
		return nil, nil, err
	}
	secretARN := sec.Parsed.String()
	defer s.secrets.lock(secretARN)()
	if sec, err = o.writable(ctx, secretARN); err != nil { // Another create may have been at work.
		return nil, nil, err
	}
	stored, wrote := &StoredValue{SecretARN: secretARN}, false
	if sec.Current() == "" {
		if sec, wrote, err = o.storeFirst(ctx, secretARN, want); err != nil {
			return nil, nil, err
		}
		if !wrote && want.Password != "" {
			o.warn(*wrong("password_wo", "Password is not stored", "The secret "+secretARN+" has got a value from somebody else, or from an earlier try of this create, before this one could store its own. That value stays, with the password that it has."))
		}
	}
	o.dropEditLabel(ctx, secretARN, sec.With(editLabel))
	if wrote {
		return stored, o.warnings, nil
	}
	value := o.Value(ctx, secretARN, sec.Current())
	if value.State != facts.ValuePresent { // Nobody can tell what differs: a later update has to.
		stored.Unmerged = slices.DeleteFunc(slices.Sorted(maps.Keys(want.Connection)), func(key string) bool { return OfFirstValue(want.RotationType, key) })
		return stored, o.warnings, nil
	}
	want.Password = "" // The value has its own.
	found := want.against(value)
	if len(found.refused) > 0 {
		return nil, o.warnings, found.refused
	}
	if found.unmergeable != nil && len(want.Connection) > 0 {
		return nil, o.warnings, found.unmergeable
	}
	stored.Unmerged = found.changed
	return stored, o.warnings, nil
}

// firstVersion is the version of a secret's first value: the same on every try,
// so that AWS refuses another one.
func firstVersion(secretARN string) string { return token(secretARN, "", causeFirstValue, 0) }

// storeFirst stores the first value, and returns the secret as it is then. Wrote
// says that it is this very value.
func (o *operation) storeFirst(ctx context.Context, secretARN string, want Value) (sec *secret, wrote bool, err error) {
	password := want.Password
	switch {
	case password != "":
	case want.Generate != nil:
		if password, err = o.RandomPassword(ctx, o.Region, want.Generate); err != nil {
			return nil, false, err
		}
	case want.NeedsPassword():
		return nil, false, MissingPassword()
	}
	text, err := secretstring.First(want.RotationType, want.Connection, password)
	if err != nil {
		return nil, false, notInFormat(err)
	}
	// To a secret's first version AWS gives AWSCURRENT by itself. Where somebody was
	// quicker it does not.
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
	version := firstVersion(secretARN)
	_, err = o.put(ctx, secretARN, text, version)
	earlier := errors.Is(err, errStored)
	if err != nil && !earlier {
		return nil, false, err
	}
	for giveUp := o.clock.Now().Add(lagging); ; {
		if sec, err = o.find(ctx, secretARN); err != nil {
			return nil, false, err
		}
		if current := sec.Current(); current != "" {
			o.tell(ctx, "The secret has its first value", map[string]any{"secret_arn": secretARN})
			return sec, current == version && !earlier, nil
		}
		if !o.clock.Now().Before(giveUp) {
			return nil, false, wrong("secret_id", "Unable to store the value", "The first value is stored, and AWS shows no version of the secret "+secretARN+" with the label AWSCURRENT. Apply again.")
		}
		// The secret had a version without a value, as of a rotation that came too early.
		err = o.move(ctx, secretARN, facts.LabelCurrent, version, "")
		if err != nil && !awsapi.Is(err, "InvalidParameterException") { // That is: another version has it.
			return nil, false, notMoved(err)
		}
		if err := o.clock.Sleep(ctx, pollPause); err != nil {
			return nil, false, err
		}
	}
}

// NeedsPassword reports whether a first value needs a credential.
func (w Value) NeedsPassword() bool {
	f, known := w.RotationType.Credential()
	return f.Required || !known
}

// MissingPassword is the problem of a first value that needs a credential and is given none.
func MissingPassword() *Problem {
	return wrong("password_wo", "Missing password", "The secret has no value yet, and its first one needs a password.",
		"Give the password that the user has in `password_wo`, or have one generated with `generate_password`.")
}

// comparison is what a configuration and the value of a secret make of each other.
type comparison struct {
	// merged is the value with the connection and, if there is one, another password,
	// and changed are the keys that were different. Unmergeable is why there is none.
	merged      string
	changed     []string
	unmergeable *Problem
	// findings are of that value, or of the one before if there is none.
	findings []findings.Finding
	// refused is why the value is none that the configuration is for.
	refused Problems
}

// against compares a configuration with a value. What the value lacks is merged, also
// of what belongs to the first value; what it has of that is only compared.
func (w Value) against(value facts.Value) comparison {
	if value.Binary {
		p := Of(findings.SecretBinaryValue(), "secret_id")
		if len(w.RotationType.Fields) > 0 {
			return comparison{refused: Problems{p}}
		}
		return comparison{unmergeable: &p} // A function of one's own may read it.
	}
	merge, refused := w.sort(value.Text)
	c := comparison{merged: value.Text, refused: refused}
	merged, changed, err := secretstring.Merge(w.RotationType, value.Text, merge, w.Password)
	if err != nil {
		c.unmergeable = notInFormat(err)
	} else {
		c.merged, c.changed = merged, changed
	}
	c.findings = findings.SecretString(w.RotationType, c.merged, nil)
	for _, f := range c.findings {
		field, _ := w.RotationType.Field(f.Field)
		_, given := w.Connection[f.Field]
		switch {
		case f.Severity != findings.Error:
		case f.Code == findings.SecretNotJSON:
			c.refused = append(c.refused, Of(f, "secret_id"))
		case field.Keeper == catalog.FirstValue && !given && f.Code != findings.SecretKeyMissing:
			c.refused = append(c.refused, Of(f, "rotation_type"))
		}
	}
	return c
}

// sort returns what of the connection is to be merged into a value, and refuses what the
// value has otherwise and the first value alone decides.
func (w Value) sort(value string) (merge map[string]string, refused Problems) {
	names, _ := secretstring.Names(value)
	merge = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(w.Connection)) {
		text := w.Connection[key]
		lacks := !slices.Contains(names, secretstring.FieldName(w.RotationType, key))
		switch first := OfFirstValue(w.RotationType, key); {
		case lacks, !first && (w.Changed == nil || slices.Contains(w.Changed, key)):
			merge[key] = text
		case first && !w.has(value, key, text):
			refused = append(refused, *wrong("connection_fields."+key, "Invalid connection field",
				fmt.Sprintf("The value of the secret has another %q. %s Write what the value has, or give another secret.", key, FirstValueRule)))
		}
	}
	return merge, refused
}

// has reports whether a value has a field that says whose credential it is as it was
// given. Rotation that alternates between two users switches the name.
func (w Value) has(value, key, text string) bool {
	same := func(text string) bool {
		_, changed, err := secretstring.Merge(w.RotationType, value, map[string]string{key: text}, "")
		return err == nil && len(changed) == 0
	}
	clone := w.RotationType.Clone
	if same(text) || clone == nil || key != "username" {
		return same(text)
	}
	return same(clone.Alternate(text)) || clone.UpperCase && same(strings.ToUpper(text))
}

// OfFirstValue reports whether a key of a connection says whose credential a
// secret is, so that it is written with the first value and never again.
func OfFirstValue(t *catalog.RotationType, key string) bool {
	if f, known := t.Field(secretstring.FieldName(t, key)); known {
		return f.Keeper == catalog.FirstValue
	}
	return len(t.Fields) == 0 && (key == "username" || key == "engine")
}

// ErrNoValue is the [ErrGone] of a secret that is there and has no value.
var ErrNoValue = fmt.Errorf("the secret has no value: %w", ErrGone)

// ReadValue looks whether a secret still has a value. It reads none, and returns
// [ErrGone] if there is none.
func (s *Service) ReadValue(ctx context.Context, secretARN string) error {
	o, err := s.begin(ctx, secretARN, "", inspectTimeout)
	if err != nil {
		return err
	}
	sec, err := o.describe(ctx, secretARN)
	switch {
	case awsapi.IsNotFound(err):
		return ErrGone
	case err != nil:
		return notDescribed(err)
	case sec.DeletedDate != nil:
		return ErrGone
	case sec.Current() == "":
		return ErrNoValue
	}
	return nil
}

// writable describes a secret in which a value can be stored.
func (o *operation) writable(ctx context.Context, secretID string) (*secret, error) {
	sec, err := o.find(ctx, secretID)
	if err != nil {
		return nil, err
	}
	for _, f := range findings.SecretWritable(findings.Secret{
		ID: secretID, Region: sec.Parsed.Region, PrimaryRegion: aws.ToString(sec.PrimaryRegion),
		Deleted: sec.DeletedDate != nil, OwningService: aws.ToString(sec.OwningService),
	}) {
		return nil, new(Of(f, f.Argument))
	}
	return sec, nil
}

// put stores a version that nobody reads yet and returns its ID. Without a token it
// is another one each time.
func (o *operation) put(ctx context.Context, secretARN, text, token string) (version string, err error) {
	if len(text) > secretstring.MaxLength {
		return "", wrong("connection_fields", "Invalid value", fmt.Sprintf("Secrets Manager stores values of at most %d bytes.", secretstring.MaxLength))
	}
	out, err := o.SecretsManager.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &secretARN, SecretString: &text, VersionStages: []string{editLabel}, ClientRequestToken: optional(token),
	})
	switch {
	case awsapi.Is(err, "ResourceExistsException"):
		return "", errStored
	case err != nil:
		return "", notStored(err, text)
	}
	return aws.ToString(out.VersionId), nil
}

// errStored says that an earlier try has stored another value as the same version.
var errStored = errors.New("the version exists")

// notStored is the problem of a value that AWS has not taken. An answer to that can
// quote the value.
func notStored(err error, text string) *Problem {
	answer := findings.Redact(awsapi.Explain(err), leaves(text))
	if answer == "" {
		answer = "AWS error: " + awsapi.Code(err) + " (its text is not shown, since the value cannot be masked in it)"
	}
	advice := ""
	switch {
	case awsapi.IsAccessDenied(err):
		advice = "Allow these credentials `secretsmanager:PutSecretValue` on the secret and, if it has a customer managed key, `kms:GenerateDataKey` and `kms:Decrypt` on that."
	case awsapi.Is(err, "LimitExceededException"):
		advice = "A secret has room for 20 staging labels, of which this needs one for a moment: remove one that nobody uses. It has room for about 100 versions, of which none goes in its first 24 hours."
	}
	return &Problem{Attribute: "secret_id", Summary: "Unable to store the value", Detail: paragraphs(advice, answer)}
}

// notInFormat is the problem of a value that can't be written.
func notInFormat(err error) *Problem {
	problem, ok := errors.AsType[*secretstring.Error](err)
	if !ok {
		return failed("connection_fields", "write the value", "", err)
	}
	if problem.Key == "" {
		return wrong("connection_fields", "Invalid value", problem.Message)
	}
	return wrong("connection_fields."+problem.Key, "Invalid connection field", problem.Message)
}

// move moves a label to a version, empty for nowhere, from the one that has it, empty if
// none does. AWS refuses that with InvalidParameterException if another has it.
func (o *operation) move(ctx context.Context, secretARN, label, to, from string, options ...func(*secretsmanager.Options)) error {
	_, err := o.SecretsManager.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &secretARN, VersionStage: &label, MoveToVersionId: optional(to), RemoveFromVersionId: optional(from),
	}, options...)
	return err
}

// dropEditLabel takes the private label off a version, "" for none. Others may have moved
// or dropped it meanwhile. One that stays does no harm, and the next change takes it.
func (o *operation) dropEditLabel(ctx context.Context, secretARN, version string) {
	if version == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	err := o.move(ctx, secretARN, editLabel, "", version)
	if err != nil && !awsapi.Is(err, "InvalidParameterException") && !awsapi.IsNotFound(err) {
		advice := "The label " + editLabel + " is still on the version " + version + ". It does no harm, and the next change of the value removes it."
		if awsapi.IsAccessDenied(err) {
			advice += " Allow these credentials `secretsmanager:UpdateSecretVersionStage` on the secret."
		}
		o.warn(*failed("", "remove a staging label", advice, err))
	}
}
