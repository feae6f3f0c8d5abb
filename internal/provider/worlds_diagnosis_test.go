package provider

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// diagnosisWorlds are those in which a rotation that was set up well does not
// happen later, when no apply is there to tell.
func diagnosisWorlds() []brokenWorld {
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
			name: "switched off", code: findings.RotationDisabled, stage: asAdvice,
			breaks: func(s *scene) { s.cancel() },
			repair: (*scene).rotateByHand,
		},
		{
			name: "value stored meanwhile", code: findings.RotationAbandoned, stage: asAdvice,
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
		passwordChanged("password changed since", ownFunction),
		passwordChanged("password changed since, JSON log", shape(ownFunction).and(jsonLogs)),
		passwordChanged("password changed since, own log group", shape(ownFunction).and(ownLogs)),
		sharedFunction(),
		{
			name: "no log group", code: findings.LogUnavailable, stage: asAdvice,
			also:  []findings.Code{findings.RoleLogs, findings.RoleRandomPassword, findings.RoleSecretAccess, findings.RotationFailed, findings.RotationOverdue, findings.RotationPendingStuck},
			shape: externally(of(postgresSingle)),
			breaks: func(s *scene) {
				s.detach("AWSLambdaBasicExecutionRole")
				ownLogs(s)
				s.removePolicy("by-hand")
				s.Advance(2 * week)
			},
			repair: func(s *scene) { s.attach("AWSLambdaBasicExecutionRole"); s.grant(); s.Advance(week) },
		},
	}
}

const week = 7 * 24 * time.Hour

// lateFailure is what a rotation that does not finish for a week has besides.
var lateFailure = []findings.Code{findings.RotationFailed, findings.RotationOverdue, findings.RotationPendingStuck}

// passwordChanged is a world whose user gets another password in the database.
func passwordChanged(name string, f shape) brokenWorld {
	return brokenWorld{
		name: name, code: findings.LoginFailed, also: lateFailure, stage: byDiagnosis, shape: f,
		breaks: func(s *scene) { s.Must(s.UserStore().SetPassword("app", otherPassword)); s.Advance(week) },
		repair: func(s *scene) {
			s.put(s.SecretARN, encoded(s.t, with(s.value, object{"password": otherPassword})))
			s.Advance(week)
		},
	}
}

// sharedFunction is a world in which a function rotates several secrets, one of
// which fails, and logs so much that its log cannot be read whole.
func sharedFunction() brokenWorld {
	neighbours := []string{"invoices", "returns", "stock"}
	w := passwordChanged("password of one of many", shape(ownFunction).and(func(s *scene) {
		for _, name := range neighbours {
			s.neighbour(name)
		}
		s.LimitLogScan(10)
	}))
	w.besides = func(s *scene) {
		for _, neighbour := range neighbours {
			healthy, found, _ := s.diagnoseAs(with(s.config, object{"secret_id": neighbour}))
			if !healthy || len(found) > 0 {
				s.wrong("The diagnosis of a neighbour: %v", found)
			}
		}
	}
	return w
}

// neighbour has the scene's function rotate the secret of another of the lab's
// users every day.
func (s *scene) neighbour(name string) {
	s.t.Helper()
	s.Must(s.UserStore().CreateUser(name, firstPassword))
	secretARN := s.NewSecret(name, with(s.value, object{"username": name}))
	s.permission(s.FunctionARN, name, secretARN)
	s.policy(s.Role, name, rotation.PolicyFor(rotation.Setup{}, secretARN, "", 1))
	_, err := s.Secrets.RotateSecret(s.t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &secretARN, RotationLambdaARN: &s.FunctionARN, RotationRules: sdkRules(object{"automatically_after_days": 1}),
	})
	s.Must(err)
	s.Advance(time.Minute)
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
	healthy, found, _ = s.diagnoseAs(s.config)
	return healthy, found
}

// diagnoseAs asks for the diagnosis of the secret of a setup. Texts are what it
// says of each finding.
func (s *scene) diagnoseAs(setup object) (healthy bool, found diagnosed, texts map[findings.Code]string) {
	s.t.Helper()
	p := s.start()
	config := maps.Clone(setup)
	maps.DeleteFunc(config, func(name string, _ any) bool {
		return !slices.Contains([]string{"secret_id", "region", "rotation_type", "superuser_secret_arn", "superuser_kms_key_arn", "read_replica", "keytab_secret_arns", "keytab_kms_key_arn", "check_secret_value"}, name)
	})
	told, attributes := p.readDataSource("rotation_diagnosis", config)
	expect(s.t, told)
	var list []tftypes.Value
	s.Must(attributes["healthy"].As(&healthy))
	s.Must(attributes["findings"].As(&list))
	found, texts = diagnosed{}, map[findings.Code]string{}
	for _, item := range list {
		var members map[string]tftypes.Value
		var code, severity, detail, remedy string
		s.Must(item.As(&members))
		s.Must(members["code"].As(&code))
		s.Must(members["severity"].As(&severity))
		s.Must(members["detail"].As(&detail))
		s.Must(members["remedy"].As(&remedy))
		s.keepsSecrets([]string{detail, remedy})
		texts[findings.Code(code)] += detail + " " + remedy
		of := found[findings.Severity(severity)]
		if !slices.Contains(of, findings.Code(code)) {
			of = append(of, findings.Code(code))
			slices.Sort(of)
			found[findings.Severity(severity)] = of
		}
	}
	return healthy, found, texts
}

// proveByDiagnosis is prove for what happens to a rotation that is set up.
func (w brokenWorld) proveByDiagnosis(s *scene) {
	s.t.Helper()
	s.isHealthy()
	w.breaks(s)
	want, severity := slices.Clone(w.also), findings.Info
	switch w.stage {
	case byDiagnosis:
		want, severity = append(want, w.code), findings.Error
	case asAdvice:
		want, severity = append(want, w.code), findings.Warning
	}
	slices.Sort(want)
	healthy, found, texts := s.diagnoseAs(s.config)
	got := slices.Concat(found[findings.Error], found[findings.Warning])
	slices.Sort(got)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.wrong("Codes of the diagnosis (- wanted, + got):\n%s", diff)
	}
	if !slices.Contains(found[severity], w.code) || !strings.Contains(texts[w.code], w.names) {
		s.wrong("The diagnosis does not say %s as %s, with %q: %v", w.code, severity, w.names, texts)
	}
	if healthy == (len(found[findings.Error]) > 0) {
		s.wrong("healthy is %t with %v", healthy, found)
	}
	if w.besides != nil {
		w.besides(s)
	}
	before := s.Finished()
	w.repair(s)
	if s.Finished() == before {
		s.wrong("The secret does not rotate after the repair: %v", s.Events())
	}
	if healthy, found := s.diagnose(); !healthy || len(found[findings.Error])+len(found[findings.Warning]) > 0 || slices.Contains(found[findings.Info], w.code) {
		s.wrong("The diagnosis after the repair: %v", found)
	}
}
