package rotation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// scene is what a create finds: the secret, the function, and what an earlier
// create of the same setup has left.
type scene struct {
	secret   *secret
	function *facts.Function // nil for a service-managed secret
	// superuser is what is known of the superuser secret.
	superuser superuser
	// vpc says that the role policy has to connect the function to its VPC.
	vpc bool
	// remnant says that rotation is on and that an earlier create of this setup
	// switched it on.
	remnant bool
	// generation of the role policy that is there, 0 if there is none of ours.
	generation int
	// stray is another function that the earlier create set the secret up with,
	// strayRole the role of it; empty if it is gone.
	stray, strayRole string
}

// lookAround gathers a scene and refuses what can't be set up. Nothing is
// written.
func (o *operation) lookAround(ctx context.Context, want Setup) (*scene, error) {
	sec, err := o.find(ctx, want.SecretID)
	if err != nil {
		return nil, err
	}
	s := &scene{secret: sec}
	if p := s.refusal(want); p != nil {
		return nil, p
	}
	if want.FunctionARN != "" {
		if s.function, err = o.rotator(ctx, want.FunctionARN, want.RoleARN); err != nil {
			return nil, err
		}
	}
	if s.superuser, err = o.superuser(ctx, want); err != nil {
		return nil, err
	}
	if want.Managed && want.VPC == nil {
		if s.vpc, err = o.lacksVPC(ctx, s.function, s.roleARN(want)); err != nil {
			return nil, err
		}
	} else {
		s.vpc = aws.ToBool(want.VPC)
	}
	if want.FunctionPending {
		return s, nil // Whose rotation it may be is told once the function is known.
	}
	return s, o.recognise(ctx, want, s)
}

// otherRole is the problem of a role_arn that is not the role of the function:
// the policy would go where the function does not look.
func otherRole(functionARN, roleARN string, f *facts.Function) *Problem {
	if f == nil || roleARN == "" || roleARN == f.Role.String() {
		return nil
	}
	return wrong("role_arn", "Invalid execution role",
		fmt.Sprintf("The function %s runs as %s, and `role_arn` is %s.", functionARN, f.Role, roleARN),
		"Give the function's role, or leave the argument out. If it is not in the configuration, the function was given another role in this apply: apply again.")
}

// Remembered is for how long the answer to one setup serves the others.
const Remembered = 5 * time.Second

// rotator reads the function that a setup is to rotate with. Five hundred setups
// read the same one, of which AWS answers fifteen a second: what another setup has
// just read will do, unless it is not what this one was told of the role.
func (o *operation) rotator(ctx context.Context, functionARN, roleARN string) (*facts.Function, error) {
	f, err := o.Function(ctx, functionARN)
	if err == nil && (o.clock.Now().Sub(f.ReadAt) > Remembered || roleARN != "" && roleARN != f.Role.String()) {
		f, err = o.Fresh().Function(ctx, functionARN)
	}
	if awsapi.IsNotFound(err) {
		return nil, o.functionNotFound(ctx, functionARN, err)
	}
	if err != nil {
		return nil, failed("rotation_lambda_arn", "read the rotation function", "", err)
	}
	o.roleName = f.Role.Name
	return f, nil
}

func (o *operation) functionNotFound(ctx context.Context, functionARN string, cause error) *Problem {
	return because(o.functionMissing(ctx, functionARN), cause)
}

func (o *operation) functionMissing(ctx context.Context, functionARN string) findings.Finding {
	unqualified := false
	if name, qualifier := arn.SplitQualifier(functionARN); qualifier != nil {
		_, err := o.Fresh().Function(ctx, name)
		unqualified = err == nil
	}
	return findings.FunctionMissing(functionARN, unqualified)
}

func secretNotFound(secretID, region string, err error) *Problem {
	return because(findings.SecretMissing(secretID, region), err)
}

// because makes a problem of a finding that an answer of AWS has led to.
func because(f findings.Finding, cause error) *Problem {
	p := Of(f, f.Argument)
	p.Detail, p.cause = paragraphs(p.Detail, awsapi.Explain(cause)), cause
	return &p
}

// partial is the problem of an ARN without the six characters at its end. AWS
// accepts one, and a name that ends like them makes it look like a full one.
func partial(secretID string, sec *secret) *Problem {
	full := sec.Parsed.String()
	if !strings.HasPrefix(secretID, "arn:") || secretID == full {
		return nil
	}
	return wrong("secret_id", "Invalid secret ARN",
		fmt.Sprintf("%s lacks the six characters that AWS puts at the end of a secret's ARN.", secretID),
		"Give the full ARN: "+full)
}

// refusal tells why a secret can't have this setup, or nil.
func (s *scene) refusal(want Setup) *Problem {
	for _, f := range findings.SecretUsable(s.facts(want)) {
		return new(Of(f, f.Argument))
	}
	if aws.ToString(s.secret.OwningService) == "" && aws.ToString(s.secret.Type) == "" && !want.rotatesWithFunction() {
		return wrong("rotation_lambda_arn", "Missing rotation function",
			fmt.Sprintf("No service rotates the secret %q, so it needs a function that does.", want.SecretID), "Set `rotation_lambda_arn`.")
	}
	if want.FunctionARN != "" {
		if _, err := arn.ParseFunction(want.FunctionARN); err != nil {
			return wrong("rotation_lambda_arn", "Invalid function ARN", err.Error())
		}
	}
	return nil
}

// facts are what package findings judges a secret by.
func (s *scene) facts(want Setup) findings.Secret {
	return findings.Secret{
		ID: want.SecretID, Region: s.secret.Parsed.Region, PrimaryRegion: aws.ToString(s.secret.PrimaryRegion), Deleted: s.secret.DeletedDate != nil,
		OwningService: aws.ToString(s.secret.OwningService), Type: aws.ToString(s.secret.Type),
		Function: want.rotatesWithFunction(), FunctionARN: want.FunctionARN,
	}
}

// recognise finds out whether a secret that rotates already does so because an
// earlier create of this setup did not live to tell. A secret that somebody
// else lets rotate is an error.
func (o *operation) recognise(ctx context.Context, want Setup, s *scene) error {
	configured := aws.ToString(s.secret.RotationLambdaARN) // AWS shows it also when rotation is off.
	pending, done := s.secret.asked(causeCreate)
	leavesNoAccess := !want.Managed || want.FunctionARN == ""
	s.remnant = s.secret.Enabled() && (pending != "" ||
		aws.ToString(s.secret.OwningService) != "" || // it is taken as it is
		leavesNoAccess && done && configured == want.FunctionARN ||
		leavesNoAccess && want.RotateImmediately != nil && !*want.RotateImmediately && s.asWanted(want))
	if want.Managed && want.FunctionARN != "" {
		if err := o.findAccess(ctx, want, s, configured); err != nil {
			return err
		}
	}
	if s.secret.Enabled() && !s.remnant {
		return found("secret_id", findings.RotationAlreadyConfigured,
			fmt.Sprintf("Rotation of the secret %q is on (%s), and not by this setup. Nothing was changed.", want.SecretID, describeRotation(s.secret)),
			"Take it over without a rotation by importing it:\n\n"+importBlock(s.secret.Parsed.String())+
				"\n\nWhere an `aws_secretsmanager_secret_rotation` of this configuration set it up, use a `moved` block instead.")
	}
	if p := cmp.Or(s.secret.Pending(), s.secret.Leftover()); p != "" && pending == "" && want.FunctionARN != "" && want.Enabled && !s.remnant {
		return notComplete(s.secret, p)
	}
	return nil
}

// findAccess looks for the permission and the role policy of an earlier create:
// where this one will write them, and with the function that the secret is
// configured with.
func (o *operation) findAccess(ctx context.Context, want Setup, s *scene, configured string) error {
	secretARN := s.secret.Parsed.String()
	role, name := roleName(s.roleARN(want)), policyName(want, secretARN)
	policy, err := o.RolePolicy(ctx, role, name)
	if err != nil {
		return failed("role_policy_name", "read the policy of the execution role", "", err)
	}
	s.generation = Generation(policy, secretARN)
	if policy != "" && s.generation == 0 {
		return policyNameTaken(role, name)
	}
	if configured == "" {
		return nil
	}
	source := o.Source // A create must not go by what it remembers.
	if !o.planning {
		source = o.Fresh()
	}
	permissions, err := source.FunctionPolicy(ctx, configured)
	if err != nil {
		return failed("", "read the policy of the function that the secret is configured with", "", err)
	}
	id := statementID(want, secretARN)
	// Under another name than the derived one an equal statement may be somebody
	// else's; the role policy is ours for certain.
	ours := sameStatement(permissions.Statement(id), PermissionFor(id, configured, secretARN)) && (id == StatementID(secretARN) || s.generation > 0)
	s.remnant = s.remnant || ours && s.secret.Enabled()
	if configured == want.FunctionARN {
		return nil
	}
	strayGeneration := 0
	switch f, err := source.Function(ctx, configured); {
	case err == nil:
		s.strayRole = f.Role.Name
		policy, err := o.RolePolicy(ctx, s.strayRole, name)
		if err != nil {
			return failed("", "read the policy of the execution role of the function that the secret is configured with", "", err)
		}
		strayGeneration = Generation(policy, secretARN)
	case awsapi.IsNotFound(err):
		// The permission went with its function; the version still tells.
		_, done := s.secret.asked(causeCreate)
		s.remnant = s.remnant || done && s.secret.Enabled()
	default:
		return failed("", "read the function that the secret is configured with", "", err)
	}
	s.generation = max(s.generation, strayGeneration)
	if ours || s.strayRole != role && strayGeneration > 0 {
		s.stray = configured
	}
	return nil
}

func describeRotation(s *secret) string {
	text := "function " + aws.ToString(s.RotationLambdaARN)
	if aws.ToString(s.RotationLambdaARN) == "" {
		text = "no function"
	}
	if r := s.rules(); r.ScheduleExpression != "" {
		return text + ", " + r.ScheduleExpression
	} else if r.AutomaticallyAfterDays > 0 {
		return fmt.Sprintf("%s, every %d days", text, r.AutomaticallyAfterDays)
	}
	return text
}

func importBlock(secretARN string) string {
	return fmt.Sprintf("  import {\n    to = rotation_setup.NAME # the name of your resource\n    id = %q\n  }", secretARN)
}

// notComplete is the problem of a rotation of somebody else's that has not
// finished: AWS accepts no other until it has.
func notComplete(s *secret, pending string) *Problem {
	f := findings.NotComplete(s.Parsed.String(), s.Current(), pending, pending == s.Leftover())
	return new(Of(f, f.Argument))
}

// asWanted reports whether AWS has this configuration already.
func (s *scene) asWanted(want Setup) bool {
	return s.secret.Enabled() &&
		aws.ToString(s.secret.RotationLambdaARN) == want.FunctionARN &&
		s.secret.rules() == want.Rules &&
		aws.ToString(s.secret.ExternalSecretRotationRoleArn) == want.ExternalRoleARN &&
		slices.Equal(s.secret.externalMetadata(), want.ExternalMetadata)
}

func (s *scene) kmsKeyARN(want Setup) string {
	if want.KMSKeyARN != "" {
		return want.KMSKeyARN
	}
	key, _ := s.secret.Key()
	return key
}

func (s *scene) roleARN(want Setup) string {
	switch {
	case want.RoleARN != "":
		return want.RoleARN
	case s.function != nil:
		return s.function.Role.String()
	}
	return ""
}

func roleName(roleARN string) string {
	a, err := arn.ParseRole(roleARN)
	if err != nil {
		return ""
	}
	return a.Name
}

func statementID(want Setup, secretARN string) string {
	if want.StatementID != "" {
		return want.StatementID
	}
	return StatementID(secretARN)
}

func policyName(want Setup, secretARN string) string {
	if want.RolePolicyName != "" {
		return want.RolePolicyName
	}
	return RolePolicyName(secretARN)
}

// rotatesAtCreate applies the default of rotate_immediately.
func (s *scene) rotatesAtCreate(want Setup) bool {
	if want.RotateImmediately != nil {
		return *want.RotateImmediately
	}
	return aws.ToString(s.secret.OwningService) == ""
}
