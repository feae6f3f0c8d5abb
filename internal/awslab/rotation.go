package awslab

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

// rotationSchedule is what RotateSecret configures on a secret, and when that
// makes it rotate.
type rotationSchedule struct {
	enabled  *bool // nil until rotation is configured for the first time
	function string
	rules    rotationRules
	role     string // of managed external secrets
	metadata []tag
	// computedDays is the AutomaticallyAfterDays that AWS shows beside a
	// schedule expression once a rotation has succeeded.
	computedDays int64

	started  time.Time // when rotation was configured for the first time
	set      time.Time // when the rules were last set or rotation switched on
	rotated  time.Time // LastRotatedDate
	valueSet time.Time // last new AWSCURRENT value from outside of rotation
	next     time.Time // NextRotationDate
	planned  int       // counts plans: only the last one opens a window
}

func (r *rotationSchedule) isEnabled() bool { return r.enabled != nil && *r.enabled }

// describe fills in the rotation members of DescribeSecret. A cancelled
// rotation keeps its function and rules there.
func (r *rotationSchedule) describe(d *secretDescription) {
	d.LastRotatedDate = epoch{r.rotated}
	if r.enabled == nil {
		return
	}
	d.RotationEnabled, d.RotationLambdaARN, d.NextRotationDate = new(*r.enabled), r.function, epoch{r.next}
	d.ExternalSecretRotationRoleArn, d.ExternalSecretRotationMetadata = r.role, r.metadata
	if r.rules != (rotationRules{}) {
		d.RotationRules = new(r.rules)
		if r.computedDays > 0 {
			d.RotationRules.AutomaticallyAfterDays = new(r.computedDays)
		}
	}
}

// rotationRules is RotationRulesType.
type rotationRules struct {
	AutomaticallyAfterDays *int64  `json:",omitempty"`
	Duration               *string `json:",omitempty"`
	ScheduleExpression     *string `json:",omitempty"`
}

var (
	durationShape   = regexp.MustCompile(`^[0-9]+h$`)
	expressionShape = regexp.MustCompile(`^[0-9A-Za-z()#?*\-/, ]+$`)
	rateShape       = regexp.MustCompile(`(?i)^rate\((-?\d+) (hour|day)s?\)$`)
)

// check refuses what RotateSecret refuses, in its words.
func (r *rotationRules) check() error {
	if r == nil {
		return nil
	}
	if r.AutomaticallyAfterDays != nil && r.ScheduleExpression != nil {
		return errorf("InvalidParameterException", "You cannot specify both rotation frequency and schedule expression together.")
	}
	if err := upTo("rotationRules.automaticallyAfterDays", r.AutomaticallyAfterDays, schedule.MaxDays); err != nil {
		return err
	}
	if r.Duration != nil && (len(*r.Duration) > 3 || !durationShape.MatchString(*r.Duration)) {
		return constraint("rotationRules.duration", "Member must satisfy regular expression pattern: [0-9]+h")
	}
	var problems []schedule.Problem
	switch duration := deref(r.Duration); {
	case r.ScheduleExpression != nil:
		if err := lengthOf("rotationRules.scheduleExpression", *r.ScheduleExpression, 1, 256); err != nil {
			return err
		}
		if !expressionShape.MatchString(*r.ScheduleExpression) {
			return constraint("rotationRules.scheduleExpression", "Member must satisfy regular expression pattern: [0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+")
		}
		problems = schedule.Check(*r.ScheduleExpression, duration)
	case r.AutomaticallyAfterDays != nil:
		problems = schedule.CheckDays(*r.AutomaticallyAfterDays, duration)
	case duration != "":
		problems = schedule.CheckDays(1, duration)
	}
	for _, p := range problems {
		if p.Severity == schedule.SeverityError {
			return errorf("InvalidParameterException", "%s", r.complaint(p))
		}
	}
	return nil
}

// complaint is what AWS says about a problem.
func (r *rotationRules) complaint(p schedule.Problem) string {
	rate := rateShape.FindStringSubmatch(deref(r.ScheduleExpression))
	if p.Field == schedule.FieldDuration {
		hours, _ := strconv.Atoi(strings.TrimSuffix(deref(r.Duration), "h"))
		switch {
		case hours < 1 || hours > 24:
			return "Duration must be at least 1 hour, at most 24 hour."
		case rate != nil && strings.EqualFold(rate[2], "hour"):
			return "Duration cannot be greater than Rate in hour."
		}
		return "Starting hour and duration must be within a day."
	}
	switch {
	case rate != nil && strings.EqualFold(rate[2], "hour"):
		return "Rate in hour should be least 4 and less than 24."
	case rate != nil:
		return "Rate in day should be greater than 0 and less than 1000."
	}
	return "Invalid schedule expression."
}

// expression is the schedule of the rules; false if they have none.
func (r *rotationRules) expression() (schedule.Expression, bool) {
	if r.AutomaticallyAfterDays != nil {
		return schedule.Days(*r.AutomaticallyAfterDays), true
	}
	e, err := schedule.Parse(deref(r.ScheduleExpression))
	return e, err == nil
}

func (r *rotationRules) duration() time.Duration {
	d, err := schedule.ParseDuration(deref(r.Duration))
	if err != nil {
		return 0 // The default, as there is none.
	}
	return d
}

// isRate tells rate() and days, which count from the last rotation, from
// cron(), which does not.
func (r *rotationRules) isRate() bool {
	return r.AutomaticallyAfterDays != nil || strings.HasPrefix(strings.ToLower(strings.TrimSpace(deref(r.ScheduleExpression))), "rate")
}

// isHourly tells rates in hours from those in days.
func (r *rotationRules) isHourly() bool {
	return r.isRate() && strings.Contains(strings.ToLower(deref(r.ScheduleExpression)), "hour")
}

// due is the window in which the next rotation belongs; it may be past. It
// counts from the last rotation, for which a new value by hand stands as well
// where the schedule is a rate, see
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html.
func (r *rotationSchedule) due() (schedule.Window, bool) {
	e, ok := r.rules.expression()
	if !ok || !r.isEnabled() {
		return schedule.Window{}, false
	}
	from := later(r.rotated, r.set)
	if r.rules.isRate() {
		from = later(r.rotated, r.valueSet)
		if r.rotated.IsZero() {
			from = later(r.started, r.valueSet)
		}
	}
	windows := e.Windows(from, r.rules.duration(), 1)
	if len(windows) == 0 {
		return schedule.Window{}, false
	}
	return windows[0], true
}

// chance is when an overdue rotation can start: the next time of the day, or
// the hour, at which windows of the schedule open.
func (r *rotationSchedule) chance(now time.Time) (time.Time, bool) {
	switch {
	case r.rules.isHourly():
		return now.Truncate(time.Hour).Add(time.Hour), true
	case r.rules.isRate():
		return now.Truncate(24 * time.Hour).Add(24 * time.Hour), true
	}
	e, _ := r.rules.expression()
	windows := e.Windows(now, r.rules.duration(), 1)
	if len(windows) == 0 {
		return time.Time{}, false
	}
	return windows[0].Start, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

type rotateSecretInput struct {
	secretInput
	ClientRequestToken             *string
	RotationLambdaARN              string
	RotationRules                  *rotationRules
	RotateImmediately              *bool
	ExternalSecretRotationRoleArn  *string
	ExternalSecretRotationMetadata []tag
}

func (in *rotateSecretInput) check(region string) error {
	if in.RotationRules != nil && *in.RotationRules == (rotationRules{}) {
		in.RotationRules = nil
	}
	if err := cmp.Or(lengthOf("rotationLambdaARN", in.RotationLambdaARN, 0, 2048), in.RotationRules.check()); err != nil {
		return err
	}
	if in.RotationLambdaARN != "" {
		function, err := arn.ParseFunction(in.RotationLambdaARN)
		if err != nil || function.Region != region || function.Partition != partition(region) {
			return errorf("InvalidParameterException", "Invalid rotation Lambda ARN. Ensure the ARN matches format arn:%s:lambda:%s:ACCOUNT:function:NAME.", partition(region), region)
		}
	}
	if in.ExternalSecretRotationRoleArn != nil {
		if _, err := arn.ParseRole(*in.ExternalSecretRotationRoleArn); err != nil {
			return errorf("InvalidParameterException", "Invalid external secret rotation role ARN.")
		}
	}
	for _, m := range in.ExternalSecretRotationMetadata {
		if err := cmp.Or(lengthOf("externalSecretRotationMetadata.key", m.Key, 1, 256), lengthOf("externalSecretRotationMetadata.value", m.Value, 1, 2048)); err != nil {
			return err
		}
	}
	return nil
}

func (in *rotateSecretInput) immediately() bool {
	return in.RotateImmediately == nil || *in.RotateImmediately
}

// rotateSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html.
//
// What AWS does not say about a repeated ClientRequestToken is decided thus:
// the token of the pending version asks for the same rotation once more, the
// token of any other version with a label is a request that has been carried
// out, and a version without labels is taken up again.
func rotateSecret(c *call, in *rotateSecretInput) (any, error) {
	token, err := tokenOr(in.ClientRequestToken)
	if err := cmp.Or(err, in.check(c.region)); err != nil {
		return nil, err
	}
	more := []string{
		"secretsmanager:RotateImmediately", strconv.FormatBool(in.immediately()),
		"secretsmanager:ModifyRotationRules", strconv.FormatBool(in.RotationRules != nil),
	}
	if in.RotationLambdaARN != "" {
		more = append(more, "secretsmanager:RotationLambdaARN", in.RotationLambdaARN)
	}
	if in.ExternalSecretRotationRoleArn != nil {
		more = append(more, "secretsmanager:ExternalSecretRotationRoleArn", *in.ExternalSecretRotationRoleArn)
	}
	s, err := c.secretUnless(in.SecretID, more, (*secret).notDeleted, (*secret).notReplica)
	if err != nil {
		return nil, err
	}
	changed, err := c.configure(s, in)
	if err != nil {
		return nil, err
	}
	unfinished := s.pendingVersion()
	if unfinished != nil && unfinished.id != token {
		c.lab.reattempt(s)
		return nil, errorf("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")
	}
	if err := s.checkLabels([]string{pending}); err != nil {
		return nil, err
	}

	s.schedule, s.changed = changed, c.lab.Now()
	have := s.versions[token]
	switch {
	case unfinished != nil:
		if in.immediately() {
			c.lab.reattempt(s)
		}
	case have != nil && len(have.labels) > 0: // It has happened.
	case in.immediately():
		c.lab.settle(s)
		c.lab.rotate(s, token)
	case s.rotatesItself():
		token = "" // Without a function there is nothing to test.
	default:
		c.lab.settle(s)
		c.lab.testRotation(s, token)
	}
	c.lab.planWindow(s)
	return s.answer(token), nil
}

// rotatesItself tells the secrets that have no rotation function: a service or
// a partner integration changes their value.
func (s *secret) rotatesItself() bool { return s.owner != "" || s.kind != "" }

// configure returns the configuration that a request leads to, unless the
// state of the secret, the function or the role forbids it.
func (c *call) configure(s *secret, in *rotateSecretInput) (rotationSchedule, error) {
	to := s.schedule
	now := c.lab.Now()
	if in.RotationLambdaARN != "" {
		switch {
		case s.owner != "":
			return to, errorf("InvalidRequestException", "Rotation Lambda ARN is not supported for a service-managed secret.")
		case s.kind != "":
			return to, errorf("InvalidRequestException", "Rotation Lambda ARN is not supported for a managed external secret.")
		}
		to.function = in.RotationLambdaARN
	}
	if in.ExternalSecretRotationRoleArn != nil || in.ExternalSecretRotationMetadata != nil {
		if s.kind == "" {
			return to, errorf("InvalidParameterException", "External secret rotation parameters are only supported for managed external secrets.")
		}
		to.role = cmp.Or(deref(in.ExternalSecretRotationRoleArn), to.role)
		if in.ExternalSecretRotationMetadata != nil {
			to.metadata = in.ExternalSecretRotationMetadata
		}
	}
	switch {
	case s.kind != "":
		if role := c.lab.iam.roleByARN(to.role); role == nil || !c.lab.iam.serviceMayAssume(secretsManagerPrincipal, role) {
			return to, errorf("InvalidRequestException", "Secrets Manager is unable to assume role")
		}
	case s.owner != "":
	case to.function == "":
		return to, errorf("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
	default:
		if err := c.may("lambda:InvokeFunction", to.function, nil, c.lab.functionPolicy(to.function)); err != nil {
			return to, err
		}
		if !c.lab.functionAllows(to.function, s.arn) {
			return to, errorf("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.")
		}
	}
	if in.RotationRules != nil {
		to.rules, to.computedDays = *in.RotationRules, 0
	}
	if in.RotationRules != nil || !to.isEnabled() {
		to.set = now
	}
	if to.started.IsZero() {
		to.started = now
	}
	to.enabled = new(true)
	return to, nil
}

// secretsManagerPrincipal is Secrets Manager in policies.
const secretsManagerPrincipal = "secretsmanager.amazonaws.com"

// cancelRotateSecret follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html:
// a step that runs finishes, no other starts, and AWSPENDING stays where it is.
func cancelRotateSecret(c *call, in *secretInput) (any, error) {
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notDeleted, (*secret).notReplica)
	if err != nil {
		return nil, err
	}
	if s.schedule.enabled == nil {
		return nil, errorf("InvalidRequestException", "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured "+
			"and you didn't include such an ARN as a parameter in this call.")
	}
	c.lab.endRotation(s)
	s.schedule.enabled = new(false)
	s.changed = c.lab.Now()
	c.lab.planWindow(s)
	partial := ""
	if v := s.pendingVersion(); v != nil {
		partial = v.id
	}
	return s.answer(partial), nil
}

// CreateServiceManagedSecret makes a secret as a service such as rds does for
// its own use: with rotation on, without a function, and closed to everything
// but new rotation rules. The service adds tags, given as pairs of key and
// value, such as aws:rds:primaryDBInstanceArn. It returns the ARN.
func (l *Lab) CreateServiceManagedSecret(region, name, owningService, content string, days int64, tags ...string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !secretName.MatchString(name) || days < 1 || days > schedule.MaxDays {
		return "", fmt.Errorf("secret %s every %d days is not possible", name, days)
	}
	if l.secrets.find(region, name) != nil {
		return "", fmt.Errorf("secret %s already exists in %s", name, region)
	}
	now := l.Now()
	s := &secret{
		arn: l.secretARN(region, name) + "-" + randomString(alphanumeric, 6), name: name, region: region, owner: owningService,
		tags: map[string]string{"aws:secretsmanager:owningService": owningService}, created: now, versions: map[string]*version{},
		schedule: rotationSchedule{enabled: new(true), rules: rotationRules{AutomaticallyAfterDays: &days}, started: now, set: now},
	}
	for pair := range slices.Chunk(tags, 2) {
		s.tags[pair[0]] = pair[1]
	}
	s.store(newUUID(), value{text: &content}, "", []string{current}, now)
	l.secrets.secrets[s.arn] = s
	l.planWindow(s)
	return s.arn, nil
}

// EncryptServiceManagedSecret has the owning service protect a secret of
// [Lab.CreateServiceManagedSecret] with a customer managed key, as one asks RDS
// with MasterUserSecretKmsKeyId and Redshift with MasterPasswordSecretKmsKeyId.
// A secret or key that does not exist panics, since it is a mistake in the
// calling program.
func (l *Lab) EncryptServiceManagedSecret(secretARN, keyARN string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.secrets.secrets[secretARN]
	if s == nil || s.owner == "" || l.kms.keys[keyARN] == nil {
		panic("awslab: EncryptServiceManagedSecret: there is no secret " + secretARN + " of a service or no key " + keyARN)
	}
	s.keyID = keyARN
	for _, v := range s.versions {
		v.keys = []string{keyARN}
	}
}
