package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// scene is a lab with what a user has before the first apply, and the
// configuration that is going to be applied.
type scene struct {
	hand
	config   object // of the rotation_setup
	shared   object // of a rotation_function_access that comes before it; nil if there is none
	provider object // changes the provider block

	rotationType *catalog.RotationType
	access       catalog.Access // what the function uses, as its least role policy needs it
	value, admin object         // of the secret and of the superuser secret
	variables    map[string]string
	postgres     func() *pgserver.Server // nil where there is none
	server       *pgserver.Server        // that the scene uses
	vpc          *labtest.VPC            // of the function, if it has one
	state        tftypes.Value           // of the setup; null as long as there is none
	problems     []string                // what is not as it should be
}

// newScene makes a lab with an execution role and nothing else.
func newScene(t *testing.T, postgres func() *pgserver.Server) *scene {
	t.Helper()
	s := &scene{hand: world{labtest.Empty(t)}.hand(t), postgres: postgres, config: object{
		"rotation_rules": object{"schedule_expression": "cron(0 4 ? * SUN *)", "duration": "3h"},
	}}
	s.Role = s.NewRole("rotator")
	return s
}

// set changes arguments of the setup; nil removes one.
func (s *scene) set(changes object) { s.config = with(s.config, changes) }

// function makes the function of a rotation type, which runs as the handler of
// that name.
func (s *scene) function(rotationType, handler string) {
	s.t.Helper()
	s.rotationType, _ = catalog.Lookup(rotationType)
	s.variables = map[string]string{
		awslab.HandlerVariable: handler, catalog.EndpointVariable: "https://secretsmanager.eu-west-1.amazonaws.com",
	}
	s.FunctionARN = s.NewFunction("rotator", s.Role, maps.Clone(s.variables))
	s.set(object{"rotation_lambda_arn": s.FunctionARN, "rotation_type": rotationType})
}

// secret makes the secret.
func (s *scene) secret(value object) {
	s.t.Helper()
	s.value = value
	s.SecretARN = s.NewSecret("orders", value)
	s.access.SecretARN = s.SecretARN
	s.set(object{"secret_id": s.SecretARN})
}

// superuser makes the superuser secret, before the secret that names it.
func (s *scene) superuser(value object) string {
	s.t.Helper()
	s.admin = value
	return s.superuserIs(s.NewSecret("superuser", value))
}

func (s *scene) superuserIs(secretARN string) string {
	s.access.SuperuserSecretARN = secretARN
	s.set(object{"superuser_secret_arn": secretARN})
	return secretARN
}

// store writes the secret's value with changes; nil removes a field. Without
// changes it is the value that the secret had first.
func (s *scene) store(changes object) {
	s.t.Helper()
	s.put(s.SecretARN, encoded(s.t, changed(s.value, changes)))
}

// storeSuperuser does the same to the superuser secret.
func (s *scene) storeSuperuser(changes object) {
	s.t.Helper()
	s.put(s.access.SuperuserSecretARN, encoded(s.t, changed(s.admin, changes)))
}

// changed is an object with changes; nil removes a member.
func changed(o, changes object) object {
	next := with(o, changes)
	maps.DeleteFunc(next, func(name string, _ any) bool { v, ok := changes[name]; return ok && v == nil })
	return next
}

// put makes a text the value of a secret, as if it were the first.
func (s *scene) put(secretARN, text string) {
	s.t.Helper()
	s.putAfter(secretARN, text)
	for version, labels := range s.labels(secretARN) {
		if slices.Contains(labels, "AWSPREVIOUS") {
			for _, label := range labels { // AWSPENDING too, which the last rotation has left.
				s.unlabel(secretARN, version, label)
			}
		}
	}
}

// putAfter makes a text the value of a secret, and the one before AWSPREVIOUS.
func (s *scene) putAfter(secretARN, text string) {
	s.t.Helper()
	_, err := s.Secrets.PutSecretValue(s.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secretARN, SecretString: &text})
	s.Must(err)
}

// current is the value that a secret of the scene has now.
func (s *scene) current() (value object) {
	s.t.Helper()
	out, err := s.Secrets.GetSecretValue(s.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &s.SecretARN})
	s.Must(err)
	s.Must(json.Unmarshal([]byte(*out.SecretString), &value))
	return value
}

// remove has AWS delete a secret in some weeks, and restore ends that.
func (s *scene) remove(secretARN string) {
	s.t.Helper()
	_, err := s.Secrets.DeleteSecret(s.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &secretARN})
	s.Must(err)
}

func (s *scene) restore(secretARN string) {
	s.t.Helper()
	_, err := s.Secrets.RestoreSecret(s.t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &secretARN})
	s.Must(err)
}

// labels are the versions of a secret and their staging labels.
func (s *scene) labels(secretARN string) map[string][]string {
	s.t.Helper()
	out, err := s.Secrets.DescribeSecret(s.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
	s.Must(err)
	return out.VersionIdsToStages
}

func (s *scene) unlabel(secretARN, version, label string) {
	s.t.Helper()
	_, err := s.Secrets.UpdateSecretVersionStage(s.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: &secretARN, VersionStage: &label, RemoveFromVersionId: &version})
	s.Must(err)
}

// dropLabel takes a staging label from whichever version has it.
func (s *scene) dropLabel(secretARN, label string) {
	s.t.Helper()
	for version, labels := range s.labels(secretARN) {
		if slices.Contains(labels, label) {
			s.unlabel(secretARN, version, label)
		}
	}
}

// env changes the function's environment; "-" removes a variable.
func (s *scene) env(changes map[string]string) {
	s.t.Helper()
	maps.Copy(s.variables, changes)
	maps.DeleteFunc(s.variables, func(_, value string) bool { return value == "-" })
	s.configure(func(in *lambda.UpdateFunctionConfigurationInput) {
		in.Environment = &lambdatypes.Environment{Variables: maps.Clone(s.variables)}
	})
}

// configure changes the function.
func (s *scene) configure(change func(*lambda.UpdateFunctionConfigurationInput)) {
	s.t.Helper()
	in := &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("rotator")}
	change(in)
	_, err := s.Functions.UpdateFunctionConfiguration(s.t.Context(), in)
	s.Must(err)
}

// leastPolicy is what the execution role needs and no more.
func (s *scene) leastPolicy() iampolicy.Document { return s.rotationType.RolePolicy(s.access) }

// external leaves the access to others, who have given it.
func (s *scene) external() {
	s.t.Helper()
	s.set(object{"access": "external"})
	s.permission(s.functionARN(), "by-hand", s.SecretARN)
	s.grant()
}

// functionARN is the function as the setup names it.
func (s *scene) functionARN() string {
	name, _ := s.config["rotation_lambda_arn"].(string)
	return name
}

// grant gives the role what it needs, without some actions.
func (s *scene) grant(without ...string) {
	s.t.Helper()
	policy := s.leastPolicy()
	for i := range policy.Statements {
		st := &policy.Statements[i]
		st.Actions = slices.DeleteFunc(slices.Clone(st.Actions), func(a string) bool { return slices.Contains(without, a) })
	}
	policy.Statements = slices.DeleteFunc(policy.Statements, func(st iampolicy.Statement) bool { return len(st.Actions) == 0 })
	s.policy(s.Role, "by-hand", policy.JSON())
}

// deny denies the role an action; an empty one ends that.
func (s *scene) deny(action string) {
	s.t.Helper()
	if action == "" {
		s.removePolicy("guardrail")
		return
	}
	s.policy(s.Role, "guardrail", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"`+action+`","Resource":"*"}]}`)
}

// boundary limits the role to actions, or not at all.
func (s *scene) boundary(actions ...string) {
	s.t.Helper()
	if len(actions) == 0 {
		_, err := s.Roles.DeleteRolePermissionsBoundary(s.t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: &s.Role})
		s.Must(err)
		return
	}
	made, err := s.Roles.CreatePolicy(s.t.Context(), &iam.CreatePolicyInput{
		PolicyName: aws.String(fmt.Sprintf("limit-%d", len(actions))), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}]}`),
	})
	s.Must(err)
	_, err = s.Roles.PutRolePermissionsBoundary(s.t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: &s.Role, PermissionsBoundary: made.Policy.Arn})
	s.Must(err)
}

// guard puts a resource policy on a secret; an empty statement removes it.
func (s *scene) guard(secretARN, statement string) {
	s.t.Helper()
	var err error
	if statement == "" {
		_, err = s.Secrets.DeleteResourcePolicy(s.t.Context(), &secretsmanager.DeleteResourcePolicyInput{SecretId: &secretARN})
	} else {
		_, err = s.Secrets.PutResourcePolicy(s.t.Context(), &secretsmanager.PutResourcePolicyInput{
			SecretId: &secretARN, ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`),
		})
	}
	s.Must(err)
}

// newKey makes a customer managed key, told from others by a digit.
func (s *scene) newKey(digit string) string {
	s.t.Helper()
	keyARN := "arn:aws:kms:eu-west-1:" + s.AccountID() + ":key/" + strings.Repeat(digit, 8) + "-0000-0000-0000-" + strings.Repeat(digit, 12)
	s.AddKey(keyARN)
	return keyARN
}

// encryptWith gives a secret a key and writes its value anew.
func (s *scene) encryptWith(secretARN, keyID string) {
	s.t.Helper()
	out, err := s.Secrets.GetSecretValue(s.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	s.Must(err)
	_, err = s.Secrets.UpdateSecret(s.t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &secretARN, KmsKeyId: &keyID})
	s.Must(err)
	s.put(secretARN, *out.SecretString)
}

// alias makes the alias live of the function, and the setup rotate with it.
func (s *scene) alias() {
	s.t.Helper()
	version, err := s.Functions.PublishVersion(s.t.Context(), &lambda.PublishVersionInput{FunctionName: &s.FunctionARN})
	s.Must(err)
	made, err := s.Functions.CreateAlias(s.t.Context(), &lambda.CreateAliasInput{FunctionName: &s.FunctionARN, Name: aws.String("live"), FunctionVersion: version.Version})
	s.Must(err)
	s.set(object{"rotation_lambda_arn": *made.AliasArn})
}

// said is what a run has told, stage by stage.
type said struct{ validate, plan, apply []string }

func (s said) all() []string { return slices.Concat(s.validate, s.plan, s.apply) }

// run validates, plans and, unless that fails, applies the configuration with
// changes, in one process: it creates the setup, or updates the one that there is.
func (s *scene) run(changes object, apply bool) (told said) {
	s.t.Helper()
	p := s.start()
	all := []declared{{"rotation_setup", p.setupType, with(s.config, changes), s.state}}
	if s.shared != nil {
		all = slices.Insert(all, 0, declared{name: "rotation_function_access", ty: p.accessType, args: s.shared})
	}
	defer func() { s.keepsSecrets(told.all()) }()
	for _, r := range all {
		told.validate = append(told.validate, p.validateOf(r.name, r.ty, r.args)...)
	}
	if hasErrors(told.validate) {
		return told
	}
	var plans []change
	for _, r := range all {
		plan := p.plan(r)
		plans = append(plans, plan)
		told.plan = append(told.plan, lines(plan.Diagnostics)...)
	}
	if !apply || hasErrors(told.plan) {
		return told
	}
	for _, plan := range plans {
		state, heard := p.apply(plan)
		if plan.name == "rotation_setup" {
			s.state = state
		}
		told.apply = append(told.apply, heard...)
		if hasErrors(heard) {
			break
		}
	}
	return told
}

// destroy destroys the setup and returns the diagnostics.
func (s *scene) destroy() (told []string) {
	s.t.Helper()
	p := s.start()
	plan := p.plan(declared{name: "rotation_setup", ty: p.setupType, state: s.state})
	if told = lines(plan.Diagnostics); !hasErrors(told) {
		var heard []string
		s.state, heard = p.apply(plan)
		told = append(told, heard...)
	}
	s.keepsSecrets(told)
	return told
}

// keepsSecrets fails the test if a text has a password of the scene in it.
func (s *scene) keepsSecrets(texts []string) {
	s.t.Helper()
	secrets := []string{firstPassword, otherPassword}
	for _, value := range []object{s.value, s.admin} {
		if password, ok := value["password"].(string); ok {
			secrets = append(secrets, password)
		}
	}
	if found := shown(strings.Join(texts, "\n"), secrets...); len(found) > 0 {
		s.t.Errorf("A password is told in %q.", texts)
	}
}

// rotateBySDK rotates the secret as the configuration says, but for the access.
// It returns why it did not, and cleans up after a failure.
func (s *scene) rotateBySDK() error {
	s.t.Helper()
	in := &secretsmanager.RotateSecretInput{SecretId: optional(s.config["secret_id"]), RotationLambdaARN: optional(s.config["rotation_lambda_arn"])}
	if rules, ok := s.config["rotation_rules"].(object); ok {
		in.RotationRules = sdkRules(rules)
	}
	finished := s.Finished()
	out, err := s.Secrets.RotateSecret(s.t.Context(), in)
	if err != nil {
		return err
	}
	s.Advance(5 * time.Minute)
	if s.Finished() > finished {
		return nil
	}
	_, err = s.Secrets.CancelRotateSecret(s.t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: in.SecretId})
	s.Must(err)
	s.dropLabel(*in.SecretId, "AWSPENDING")
	return fmt.Errorf("the rotation of version %s has failed", *out.VersionId)
}

// optional is an argument that is text, nil for none.
func optional(argument any) *string {
	if text, ok := argument.(string); ok {
		return &text
	}
	return nil
}

// callsOnly is the handler of a rotation type without its database.
func callsOnly(rotationType string) string { return rotators.CallsOnly + rotationType }
