package provider

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// updateWorlds are those that break once the setup is there, and whose next apply
// is an update that rotates.
func updateWorlds() []brokenWorld {
	single := of(postgresSingle)
	worlds := []brokenWorld{
		{
			name: "role policy taken away", code: findings.RoleSecretAccess, also: []findings.Code{findings.RoleRandomPassword}, stage: byApply, shape: externally(single),
			breaks: func(s *scene) { s.removePolicy("by-hand") },
			repair: func(s *scene) { s.grant() },
		},
		{
			name: "permission taken away", code: findings.InvokePermissionMissing, stage: byApply, told: nothing, shape: externally(single),
			breaks: func(s *scene) { s.removePermission("by-hand") },
			repair: func(s *scene) { s.permission(s.FunctionARN, "by-hand", s.SecretARN) },
		},
		{
			name: "value of another engine", code: findings.SecretEngineMismatch, stage: byApply, shape: overPostgres(postgresSingle),
			breaks: func(s *scene) { s.value = s.current(); s.store(object{"engine": "mysql"}) },
			repair: func(s *scene) {
				s.store(nil) // Which abandons the rotation.
				s.set(object{"rotate_triggers": object{"for": "the third time"}})
			},
		},
		{
			name: "endpoint removed", code: findings.FunctionEnvEndpoint, stage: byApply, shape: single,
			breaks: func(s *scene) { s.env(map[string]string{"SECRETS_MANAGER_ENDPOINT": "-"}) },
			repair: func(s *scene) {
				s.env(map[string]string{"SECRETS_MANAGER_ENDPOINT": "https://secretsmanager.eu-west-1.amazonaws.com"})
			},
		},
		{
			name: "route removed", code: findings.NetworkEndpointSecurityGroup, stage: byApply, told: findings.NetworkNoPathSecretsManager, shape: single.inVPC(behindEndpoints),
			breaks: func(s *scene) { s.vpc.Disallow(s.vpc.EndpointGroup, 443, s.vpc.FunctionGroup) },
			repair: func(s *scene) { s.vpc.Allow(s.vpc.EndpointGroup, 443, s.vpc.FunctionGroup) },
		},
		{
			name: "superuser secret deleted", code: findings.SuperuserNotFound, stage: byApply, told: nothing, shape: of(mySQLMulti),
			breaks: func(s *scene) { s.remove(s.access.SuperuserSecretARN) },
			repair: func(s *scene) { s.restore(s.access.SuperuserSecretARN) },
		},
		{
			name: "password changed", code: findings.LoginFailed, stage: byWait, shape: ownFunction,
			breaks: func(s *scene) { s.Must(s.UserStore().SetPassword("app", otherPassword)) },
			repair: func(s *scene) { s.Must(s.UserStore().SetPassword("app", s.Value(s.SecretARN, "password"))) },
		},
	}
	for i := range worlds {
		worlds[i].afterwards = true
		worlds[i].name += ", rotate_triggers"
	}
	return worlds
}

// TestWorldsNextToEachOther has two setups of one function in one configuration.
func TestWorldsNextToEachOther(t *testing.T) {
	t.Parallel()
	s := newScene(t, nil)
	of(postgresSingle)(s)
	good := s.config
	invoices := s.NewSecret("invoices", s.value)
	bad := with(good, object{"secret_id": invoices})
	p := s.start()
	setup := func(args object) declared { return declared{name: "rotation_setup", ty: p.setupType, args: args} }
	s.guard(invoices, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::`+s.AccountID()+`:role/rotator"},"Action":"secretsmanager:PutSecretValue","Resource":"*"}`)

	// In one plan, the one says what is wrong with it, and the other nothing.
	first, second := p.plan(setup(good)), p.plan(setup(bad))
	expect(t, lines(first.Diagnostics))
	expect(t, lines(second.Diagnostics), "WARNING …("+string(findings.SecretPolicyDenies)+")")
	state, told := p.apply(first)
	expect(t, told)
	_, told = p.apply(second)
	expect(t, told, "ERROR …("+string(findings.SecretPolicyDenies)+")")
	if s.Finished() != 1 {
		t.Errorf("%d rotations have finished.", s.Finished())
	}

	// What is broken for both is told of the one that changes.
	s.deny("secretsmanager:GetRandomPassword")
	p = s.start()
	there := setup(good)
	there.state = state
	plan := p.plan(there)
	expect(t, lines(plan.Diagnostics))
	if !p.isEmpty(plan) {
		t.Error("The setup that is there changes.")
	}
	expect(t, lines(p.plan(setup(bad)).Diagnostics), "WARNING …("+string(findings.RoleRandomPassword)+")", "WARNING …("+string(findings.SecretPolicyDenies)+")")
}

// proveLater breaks the world once the setup is there. Nobody has asked for
// anything then: the plan of the same configuration has no errors, and the setup
// can be destroyed.
func (w brokenWorld) proveLater(s *scene) {
	s.t.Helper()
	w.healthy()(s)
	s.rotates()
	config := s.config
	w.breaks(s)
	s.Advance(week)
	p := s.start()
	plan := p.plan(declared{"rotation_setup", p.setupType, config, s.state})
	if told := lines(plan.Diagnostics); hasErrors(told) {
		s.wrong("The plan says %v", told)
	}
	s.isDestroyed()
	s.report()
}

// isDestroyed destroys the setup and looks at what is left of it.
func (s *scene) isDestroyed() {
	s.t.Helper()
	if told := s.destroy(); hasErrors(told) {
		s.wrong("The setup can't be destroyed: %v", told)
	}
	sec, err := s.Secrets.DescribeSecret(s.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &s.SecretARN})
	if s.Must(err); aws.ToBool(sec.RotationEnabled) && sec.OwningService == nil && sec.DeletedDate == nil {
		s.wrong("The secret still rotates.")
	}
	if _, err := s.Functions.GetFunction(s.t.Context(), &lambda.GetFunctionInput{FunctionName: &s.FunctionARN}); err == nil && slices.Contains(s.statements(), rotation.StatementID(s.SecretARN)) {
		s.wrong("The permission is left.")
	}
	if slices.Contains(s.InlinePolicies(s.Role), rotation.RolePolicyName(s.SecretARN)) {
		s.wrong("The role policy is left.")
	}
}
