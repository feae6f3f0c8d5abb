package provider

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// diagnosisWorlds are those in which a rotation that was set up well does not
// happen later, when no apply is there to tell.
func diagnosisWorlds() []brokenWorld {
	const week = 7 * 24 * time.Hour
	return []brokenWorld{
		{
			name: "permission taken away", code: findings.RotationOverdue, also: []findings.Code{findings.InvokePermissionMissing, findings.RotationFailed, findings.RotationPendingStuck}, stage: byDiagnosis,
			shape:  externally(of(postgresSingle)),
			breaks: func(s *scene) { s.removePermission("by-hand"); s.Advance(2 * week) },
			repair: func(s *scene) { s.permission(s.FunctionARN, "by-hand", s.SecretARN); s.Advance(week) },
		},
		{
			name: "role policy taken away", code: findings.RotationFailed, also: []findings.Code{findings.RoleSecretAccess, findings.RoleRandomPassword, findings.RotationOverdue, findings.RotationPendingStuck}, stage: byDiagnosis,
			shape:  externally(of(postgresSingle)),
			breaks: func(s *scene) { s.removePolicy("by-hand"); s.Advance(2 * week) },
			repair: func(s *scene) { s.grant(); s.Advance(week) },
		},
		{
			name: "switched off", code: findings.RotationDisabled, stage: byDiagnosis,
			breaks: func(s *scene) { s.cancel() },
			repair: (*scene).rotateByHand,
		},
		{
			name: "value stored meanwhile", code: findings.RotationAbandoned, stage: byDiagnosis,
			breaks: func(s *scene) {
				release := s.HoldRotation("setSecret")
				defer release()
				_, err := s.Secrets.RotateSecret(s.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &s.SecretARN})
				s.Must(err)
				s.Advance(10 * time.Second)
				s.putAfter(s.SecretARN, encoded(s.t, s.value))
			},
			repair: (*scene).rotateByHand,
		},
		{
			name: "password changed since", code: findings.LoginFailed, also: []findings.Code{findings.RotationFailed, findings.RotationOverdue, findings.RotationPendingStuck}, stage: byDiagnosis,
			shape:  ownFunction,
			breaks: func(s *scene) { s.Must(s.UserStore().SetPassword("app", otherPassword)); s.Advance(week) },
			repair: func(s *scene) {
				s.put(s.SecretARN, encoded(s.t, with(s.value, object{"password": otherPassword})))
				s.Advance(week)
			},
		},
	}
}

// rotateByHand rotates the secret by hand.
func (s *scene) rotateByHand() {
	s.t.Helper()
	_, err := s.Secrets.RotateSecret(s.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &s.SecretARN})
	s.Must(err)
	s.Advance(time.Minute)
}

// diagnosed are the codes of rotation_diagnosis, by severity.
type diagnosed map[findings.Severity][]findings.Code

// diagnose asks for the diagnosis of the secret.
func (s *scene) diagnose() (healthy bool, found diagnosed) {
	s.t.Helper()
	p := s.start()
	config := maps.Clone(s.config)
	maps.DeleteFunc(config, func(name string, _ any) bool {
		return !slices.Contains([]string{"secret_id", "region", "rotation_type", "superuser_secret_arn", "superuser_kms_key_arn", "read_replica", "keytab_secret_arns", "keytab_kms_key_arn", "check_secret_value"}, name)
	})
	told, attributes := p.readDataSource("rotation_diagnosis", config)
	expect(s.t, told)
	var list []tftypes.Value
	s.Must(attributes["healthy"].As(&healthy))
	s.Must(attributes["findings"].As(&list))
	found = diagnosed{}
	for _, item := range list {
		var members map[string]tftypes.Value
		var code, severity, detail, remedy string
		s.Must(item.As(&members))
		s.Must(members["code"].As(&code))
		s.Must(members["severity"].As(&severity))
		s.Must(members["detail"].As(&detail))
		s.Must(members["remedy"].As(&remedy))
		s.keepsSecrets([]string{detail, remedy})
		of := found[findings.Severity(severity)]
		if !slices.Contains(of, findings.Code(code)) {
			of = append(of, findings.Code(code))
			slices.Sort(of)
			found[findings.Severity(severity)] = of
		}
	}
	return healthy, found
}

// proveByDiagnosis is prove for what happens to a rotation that is set up.
func (w brokenWorld) proveByDiagnosis(s *scene) {
	s.t.Helper()
	s.isHealthy()
	well := func(when string) {
		if healthy, found := s.diagnose(); !healthy || len(found[findings.Error])+len(found[findings.Warning]) > 0 {
			s.gap("The diagnosis %s: %v", when, found)
		}
	}
	well("of a healthy world")
	w.breaks(s)
	want := append([]findings.Code{w.code}, w.also...)
	slices.Sort(want)
	healthy, found := s.diagnose()
	got := slices.Concat(found[findings.Error], found[findings.Warning])
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.gap("Codes of the diagnosis (- wanted, + got):\n%s", diff)
	}
	if healthy == (len(found[findings.Error]) > 0) {
		s.gap("healthy is %t with %v", healthy, found)
	}
	before := s.Finished()
	w.repair(s)
	if s.Finished() == before {
		s.wrong("The secret does not rotate after the repair: %v", s.Events())
	}
	well("after the repair")
}
