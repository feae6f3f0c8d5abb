package provider

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// unseenWorlds are those in which nothing is wrong but that something can't be
// told: for lack of a permission to look, or since it is not over yet. That is no
// fault of the rotation, and a diagnosis says it.
func unseenWorlds() []brokenWorld {
	lacking := func(name string, code findings.Code, f shape, actions ...string) brokenWorld {
		return brokenWorld{
			name: name, code: code, stage: asInfo, shape: f, names: actions[0],
			breaks: func(s *scene) { s.callerWithout(actions...) },
			repair: func(s *scene) { s.provider = nil; s.rotateByHand() },
		}
	}
	log := passwordChanged("log not to be read", ownFunction)
	log.code, log.stage, log.also, log.names = findings.LogUnavailable, asInfo, lateFailure, "logs:FilterLogEvents"
	fails := log.breaks
	log.breaks = func(s *scene) { fails(s); s.callerWithout("logs:FilterLogEvents") }
	mends := log.repair
	log.repair = func(s *scene) { s.provider = nil; mends(s) }
	single := of(postgresSingle)
	return []brokenWorld{
		log,
		lacking("events not to be seen", findings.RotationFailed, single, "cloudtrail:LookupEvents"),
		lacking("network not to be seen", findings.NetworkNoPathSecretsManager, single.inVPC(behindNAT), "ec2:DescribeSubnets", "ec2:Describe*"),
		lacking("routes not to be seen", findings.NetworkNoPathSecretsManager, single.inVPC(behindNAT), "ec2:DescribeRouteTables"),
		lacking("key not to be seen", findings.KMSKeyUnusable, single.and(withKey), "kms:DescribeKey", "kms:GetKeyPolicy"),
		lacking("function not to be seen", findings.FunctionNotActive, single, "lambda:GetFunctionConfiguration"),
		lacking("function's policy not to be seen", findings.InvokePermissionMissing, single, "lambda:GetPolicy"),
		lacking("concurrency not to be seen", findings.FunctionConcurrencyLow, single, "lambda:GetFunctionConcurrency"),
		lacking("role not to be seen", findings.RoleSecretAccess, single, "iam:GetRole"),
		inProgress(),
	}
}

// inProgress is a world in which a rotation has begun and does not get on: what
// changes it and what removes it wait, and say so when it takes too long.
func inProgress() brokenWorld {
	var release func()
	return brokenWorld{
		name: "begun", code: findings.RotationInProgress, stage: asInfo,
		breaks: func(s *scene) {
			release = s.HoldRotation("setSecret")
			_, err := s.Secrets.RotateSecret(s.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &s.SecretARN})
			s.Must(err)
			s.Advance(10 * time.Second)
		},
		besides: func(s *scene) {
			const soon = "5m"
			told := s.run(object{"rotation_rules": object{"automatically_after_days": 30}, "timeouts": object{"update": soon, "delete": soon}}, true)
			if codes := codesOf(told.apply, "ERROR"); len(codes) != 1 || codes[0] != findings.RotationInProgress {
				s.wrong("An update says %v", told.all())
			}
			s.set(object{"timeouts": object{"delete": soon}})
			told = s.run(nil, true) // So that the state has the timeout.
			if hasErrors(told.all()) {
				s.wrong("A changed timeout says %v", told.all())
			}
			if told := s.destroy(); len(codesOf(told, "ERROR")) != 1 {
				s.wrong("A destroy says %v", told)
			}
		},
		repair: func(s *scene) { release(); s.Advance(time.Minute) },
	}
}
