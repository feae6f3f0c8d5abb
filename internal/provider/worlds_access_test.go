package provider

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// externally is a shape whose access others have given.
func externally(f shape) shape { return f.and((*scene).external) }

const postgresSingle, mySQLMulti = "PostgreSQLSingleUser", "MySQLMultiUser"

// configureWorlds are those in which rotation cannot be configured.
func configureWorlds() []brokenWorld {
	const other = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-AbCdEf"
	return []brokenWorld{
		{
			name: "nobody permits", code: findings.InvokePermissionMissing, stage: byApply, told: nothing,
			shape:  externally(of(postgresSingle)),
			breaks: func(s *scene) { s.removePermission("by-hand") },
			repair: func(s *scene) { s.permission(s.FunctionARN, "by-hand", s.SecretARN) },
		},
		{
			name: "permission for another secret", code: findings.InvokePermissionMissing, stage: byApply, told: nothing,
			shape:  externally(of(postgresSingle)),
			breaks: func(s *scene) { s.removePermission("by-hand"); s.permission(s.FunctionARN, "by-hand", other) },
			repair: func(s *scene) { s.permission(s.FunctionARN, "second", s.SecretARN) },
		},
		{
			name: "permission on the function, rotation by alias", code: findings.InvokePermissionQualifier, stage: byApply, told: nothing,
			shape:  externally(of(postgresSingle)),
			breaks: func(s *scene) { s.alias() },
			repair: func(s *scene) { s.permission(s.functionARN(), "by-hand", s.SecretARN) },
		},
		{
			name: "policy full", code: findings.InvokePolicyFull, stage: byPlan, told: findings.InvokePolicyFull,
			shape: of(postgresSingle), breaks: fillFunctionPolicy,
			repair: func(s *scene) { s.removePermission("filler-0") },
		},
		{
			name: "no function", code: findings.FunctionNotFound, stage: byPlan, bySDK: true,
			shape:  of(postgresSingle),
			breaks: func(s *scene) { s.set(object{"rotation_lambda_arn": s.FunctionARN + "-of-old"}) },
			repair: func(s *scene) { s.set(object{"rotation_lambda_arn": s.FunctionARN}) },
		},
		{
			name: "no alias", code: findings.FunctionNotFound, stage: byPlan, bySDK: true,
			shape:  of(postgresSingle),
			breaks: func(s *scene) { s.set(object{"rotation_lambda_arn": s.FunctionARN + ":live"}) },
			repair: func(s *scene) { s.alias() },
		},
		{
			name: "other Region", code: findings.FunctionOtherRegion, stage: byValidate, bySDK: true,
			shape: of(postgresSingle),
			breaks: func(s *scene) {
				s.set(object{"rotation_lambda_arn": strings.Replace(s.FunctionARN, "eu-west-1", "eu-north-1", 1)})
			},
			repair: func(s *scene) { s.set(object{"rotation_lambda_arn": s.FunctionARN}) },
		},
		{
			name: "other account", code: findings.FunctionOtherAccount, stage: asWarning,
			notRun: "the lab has one account",
			shape:  of(postgresSingle),
			breaks: func(s *scene) {
				s.set(object{"access": "external", "rotation_lambda_arn": strings.Replace(s.FunctionARN, s.AccountID(), "999999999999", 1)})
			},
			repair: func(s *scene) { s.set(object{"access": nil, "rotation_lambda_arn": s.FunctionARN}) },
		},
		{
			name: "caller may not invoke", code: findings.CallerCannotInvoke, stage: byApply, told: nothing,
			shape:  of(postgresSingle),
			breaks: func(s *scene) { s.callerWithout("lambda:InvokeFunction") },
			repair: func(s *scene) { s.provider = nil },
		},
		{
			name: "rotates already", code: findings.RotationAlreadyConfigured, stage: byPlan,
			notRun: "that rotation works; the plan keeps two from fighting over the secret",
			shape:  of(postgresSingle),
			breaks: func(s *scene) { s.rotation() },
			repair: func(s *scene) { s.cancel(); s.removePermission("by-hand"); s.removePolicy("by-hand") },
		},
	}
}

// callerWithout has the provider run with all permissions but some.
func (s *scene) callerWithout(actions ...string) {
	c := s.NewUser("deployer", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":["%s"],"Resource":"*"}]}`, strings.Join(actions, `","`)))
	s.provider = object{"access_key": c.AccessKeyID, "secret_key": c.SecretAccessKey}
}

// fillFunctionPolicy leaves no room in the function's policy.
func fillFunctionPolicy(s *scene) {
	s.t.Helper()
	for i, size := 0, 900; size > 0; i++ {
		_, err := s.Functions.AddPermission(s.t.Context(), &lambda.AddPermissionInput{
			FunctionName: &s.FunctionARN, StatementId: aws.String(fmt.Sprintf("filler-%d", i)), Action: aws.String("lambda:InvokeFunction"),
			Principal: aws.String("s3.amazonaws.com"), SourceArn: aws.String("arn:aws:s3:::" + strings.Repeat("x", size)),
		})
		if err != nil {
			size -= 300
		}
	}
}

// superuserWorlds are those in which the superuser secret is at fault.
func superuserWorlds() []brokenWorld {
	single := of(mySQLMulti)
	return []brokenWorld{
		{
			name: "not given", code: findings.SuperuserRequired, stage: byValidate, told: findings.RoleSecretAccess,
			shape:  single,
			breaks: func(s *scene) { s.set(object{"superuser_secret_arn": nil}) },
			repair: func(s *scene) { s.set(object{"superuser_secret_arn": s.access.SuperuserSecretARN}) },
		},
		{
			name: "not there", code: findings.SuperuserNotFound, stage: byPlan,
			shape: single,
			breaks: func(s *scene) {
				s.admin["of"] = s.access.SuperuserSecretARN
				s.store(object{"masterarn": s.superuserIs(otherSecret)})
			},
			repair: func(s *scene) { s.store(object{"masterarn": s.superuserIs(s.NewSecret("superuser-here", s.admin))}) },
		},
		{
			name: "deleted", code: findings.SuperuserNotFound, stage: byPlan, told: nothing,
			shape:  single,
			breaks: func(s *scene) { s.remove(s.access.SuperuserSecretARN) },
			repair: func(s *scene) { s.restore(s.access.SuperuserSecretARN) },
		},
		{
			name: "without a value", code: findings.SuperuserNotReadable, stage: byApply, told: findings.SecretNoValue,
			shape:  single,
			breaks: func(s *scene) { s.store(object{"masterarn": s.superuserIs(s.NewSecret("superuser-to-be", nil))}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "role may not read it", code: findings.SuperuserNotReadable, stage: byApply,
			shape: externally(single),
			breaks: func(s *scene) {
				superuser := s.access.SuperuserSecretARN
				s.access.SuperuserSecretARN = ""
				s.grant()
				s.access.SuperuserSecretARN = superuser
			},
			repair: func(s *scene) { s.grant() },
		},
		{
			name: "without host", code: findings.SuperuserFormat, stage: byPlan, told: findings.SecretKeyMissing,
			shape:  single,
			breaks: func(s *scene) { s.storeSuperuser(object{"host": nil}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "like RDS has them, but not of RDS", code: findings.SuperuserFormat, stage: byPlan, told: findings.SuperuserRDSManagedAccess,
			shape:  single,
			breaks: func(s *scene) { s.storeSuperuser(object{"host": nil, "engine": nil}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "no JSON", code: findings.SuperuserFormat, stage: byPlan, told: findings.SecretNotJSON,
			shape:  single,
			breaks: func(s *scene) { s.put(s.access.SuperuserSecretARN, firstPassword) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "binary", code: findings.SuperuserFormat, stage: byPlan, told: findings.SecretBinary,
			shape:  single,
			breaks: func(s *scene) { s.putBinary(s.access.SuperuserSecretARN) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "other engine, for real", code: findings.SuperuserFormat, stage: byPlan, told: findings.SecretEngineMismatch,
			shape:  overPostgres("PostgreSQLMultiUser"),
			breaks: func(s *scene) { s.storeSuperuser(object{"engine": "mysql"}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "other host", code: findings.SuperuserHostMismatch, stage: byPlan,
			shape:  of("RedshiftMultiUser"),
			breaks: func(s *scene) { s.storeSuperuser(object{"host": strings.ToUpper(primaryHost)}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "other host, and no replica", code: findings.SuperuserHostMismatch, stage: asWarning,
			// The role may not ask RDS either, which is what the function says.
			told:   findings.RoleRDSDescribe,
			shape:  single,
			breaks: func(s *scene) { s.storeSuperuser(object{"host": "other.example.com"}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "replica that is not declared", code: findings.SuperuserHostMismatch, stage: asWarning, told: findings.RoleRDSDescribe,
			shape:  replica,
			breaks: func(s *scene) { s.set(object{"read_replica": nil}) },
			repair: func(s *scene) { s.set(object{"read_replica": true}) },
		},
		{
			name: "other secret in the value", code: findings.SuperuserARNMismatch, stage: byPlan, told: findings.RoleSecretAccess,
			shape:  single,
			breaks: func(s *scene) { s.store(object{"masterarn": s.NewSecret("superuser-of-old", s.admin)}) },
			repair: func(s *scene) { s.store(nil) },
		},
		{
			name: "tags of the managed one not to be seen", code: findings.SuperuserRDSManagedAccess, stage: byApply,
			shape:  externally(managedBy("rds", mySQLMulti, rdsInstance)),
			breaks: func(s *scene) { s.grantExceptOn(s.access.SuperuserSecretARN, "secretsmanager:DescribeSecret") },
			repair: func(s *scene) { s.grant() },
		},
		{
			name: "other account", code: findings.SuperuserOtherAccount, stage: asWarning, told: findings.SuperuserNotReadable,
			shape: single,
			breaks: func(s *scene) {
				s.store(object{"masterarn": s.superuserIs(strings.Replace(otherSecret, "123456789012", "999999999999", 1))})
			},
			repair: func(s *scene) { s.store(object{"masterarn": s.superuserIs(s.NewSecret("superuser-here", s.admin))}) },
		},
	}
}

// putBinary makes a secret's value binary.
func (s *scene) putBinary(secretARN string) {
	s.t.Helper()
	_, err := s.Secrets.PutSecretValue(s.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secretARN, SecretBinary: []byte(firstPassword)})
	s.Must(err)
}

// grantExceptOn gives the role what it needs but for an action on one resource.
func (s *scene) grantExceptOn(resource, action string) {
	s.t.Helper()
	s.policy(s.Role, "by-hand", without(s.leastPolicy(), resource, action).JSON())
}

// tagged is an access that hangs on a tag of the secret.
func tagged(s *scene) {
	s.t.Helper()
	s.external()
	_, err := s.Secrets.TagResource(s.t.Context(), &secretsmanager.TagResourceInput{SecretId: &s.SecretARN, Tags: []smtypes.Tag{{Key: aws.String("team"), Value: aws.String("orders")}}})
	s.Must(err)
	s.policy(s.Role, "by-hand", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"secretsmanager:ResourceTag/team":"orders"}}},
		{"Effect":"Allow","Action":"secretsmanager:GetRandomPassword","Resource":"*"}]}`)
}

// roleWorlds are those in which the execution role is refused something.
func roleWorlds() []brokenWorld {
	byOthers := externally(of(postgresSingle))
	lacking := func(name string, code findings.Code, f shape, told findings.Code, actions ...string) brokenWorld {
		return brokenWorld{
			name: name, code: code, stage: byApply, shape: externally(f), told: told,
			breaks: func(s *scene) { s.grant(actions...) }, repair: func(s *scene) { s.grant() },
		}
	}
	worlds := []brokenWorld{
		lacking("may not describe", findings.RoleSecretAccess, of(postgresSingle), "", "secretsmanager:DescribeSecret"),
		lacking("may not read", findings.RoleSecretAccess, of(postgresSingle), "", "secretsmanager:GetSecretValue"),
		lacking("may not write", findings.RoleSecretAccess, of(postgresSingle), "", "secretsmanager:PutSecretValue"),
		lacking("may not finish", findings.RoleSecretAccess, of(postgresSingle), "", "secretsmanager:UpdateSecretVersionStage"),
		{
			name: "may do it with another secret", code: findings.RoleSecretAccess, stage: byApply, shape: byOthers,
			breaks: func(s *scene) {
				s.policy(s.Role, "by-hand", strings.ReplaceAll(s.leastPolicy().JSON(), s.SecretARN, otherSecret))
			},
			repair: func(s *scene) { s.grant() },
		},
		{
			name: "boundary", code: findings.RoleSecretAccess, stage: byApply, shape: of(postgresSingle),
			breaks: func(s *scene) { s.boundary("logs:*", "secretsmanager:Get*", "secretsmanager:Describe*") },
			repair: func(s *scene) { s.boundary() },
		},
		{
			name: "deny", code: findings.RoleSecretAccess, stage: byApply, shape: of(postgresSingle),
			breaks: func(s *scene) { s.deny("secretsmanager:PutSecretValue") },
			repair: func(s *scene) { s.deny("") },
		},
		{
			name: "keytab that is not named", code: findings.RoleSecretAccess, stage: asWarning, shape: keytabs,
			breaks: func(s *scene) { s.set(object{"keytab_secret_arns": []any{s.access.KeytabSecretARNs[0]}}) },
			repair: func(s *scene) {
				s.set(object{"keytab_secret_arns": []any{s.access.KeytabSecretARNs[0], s.access.KeytabSecretARNs[1]}})
			},
		},
		{
			name: "shared access for another type", code: findings.SuperuserNotReadable, stage: byApply, shape: of(mySQLMulti).and(sharedAccess),
			breaks: func(s *scene) {
				s.shared = with(s.shared, object{"rotation_types": []any{"MySQLSingleUser"}, "superuser_secret_arns": nil})
			},
			repair: func(s *scene) { sharedAccess(s) },
		},
		lacking("may not make passwords", findings.RoleRandomPassword, of(postgresSingle), "", "secretsmanager:GetRandomPassword"),
		{
			name: "deny of passwords", code: findings.RoleRandomPassword, stage: byApply, shape: of(postgresSingle),
			breaks: func(s *scene) { s.deny("secretsmanager:GetRandomPassword") },
			repair: func(s *scene) { s.deny("") },
		},
		lacking("may not decrypt", findings.RoleKMS, of(postgresSingle).and(withKey), "", "kms:Decrypt"),
		lacking("may not encrypt", findings.RoleKMS, of(postgresSingle).and(withKey), "", "kms:GenerateDataKey"),
		{
			name: "key by alias", code: findings.RoleKMS, stage: asWarning, shape: of(postgresSingle),
			breaks: func(s *scene) {
				s.access.KMSKeyARN = s.newKey("1")
				s.keyAlias("alias/orders", s.access.KMSKeyARN)
				s.encryptWith(s.SecretARN, "alias/orders")
			},
			repair: func(s *scene) { s.set(object{"kms_key_arn": s.access.KMSKeyARN}) },
		},
		{
			name: "key of the superuser secret", code: findings.RoleKMS, stage: asWarning, shape: of(mySQLMulti),
			breaks: func(s *scene) {
				s.access.SuperuserKMSKeyARN = s.newKey("2")
				s.encryptWith(s.access.SuperuserSecretARN, s.access.SuperuserKMSKeyARN)
			},
			repair: func(s *scene) { s.set(object{"superuser_kms_key_arn": s.access.SuperuserKMSKeyARN}) },
		},
		lacking("may not look up the instance", findings.RoleRDSDescribe, managedBy("rds", mySQLMulti, rdsInstance), "", "rds:DescribeDBInstances", "rds:DescribeDBClusters"),
		lacking("may not look up the replica", findings.RoleRDSDescribe, replica, "", "rds:DescribeDBInstances", "rds:DescribeDBClusters"),
		lacking("may not look up the cluster", findings.RoleServiceAccess, managedBy("redshift", "RedshiftMultiUser", redshiftCluster), "", "redshift:DescribeClusters", "redshift-serverless:ListNamespaces", "redshift-serverless:ListWorkgroups"),
		lacking("may not change the cache user", findings.RoleServiceAccess, cacheUser, "", "elasticache:ModifyUser"),
		lacking("may not find the InfluxDB instance", findings.RoleServiceAccess, influxUser, "", "timestream-influxdb:GetDbInstance"),
		lacking("may not reset the directory's password", findings.RoleServiceAccess, directoryUser, findings.SetPasswordFailed, "ds:ResetUserPassword"),
		{
			name: "function in a VPC", code: findings.RoleVPC, stage: asWarning, shape: byOthers,
			notRun: "a function that is connected stays so for weeks",
			breaks: func(s *scene) { s.intoVPC() },
			repair: func(s *scene) { s.attach("AWSLambdaVPCAccessExecutionRole") },
		},
		{
			name: "room is used up", code: findings.RolePolicyFull, stage: byPlan, told: findings.RolePolicyFull, first: true, shape: of(postgresSingle),
			breaks: func(s *scene) { s.fillRole(9800) },
			repair: func(s *scene) { s.removePolicy("filler") },
		},
		{
			name: "room is nearly used up", code: findings.RolePolicyNearlyFull, stage: asWarning, shape: of(postgresSingle),
			notRun: "this setup still fits",
			breaks: func(s *scene) { s.fillRole(9300) },
			repair: func(s *scene) { s.removePolicy("filler") },
		},
		{
			name: "name is taken", code: findings.RolePolicyNameTaken, stage: byApply, shape: of(postgresSingle), bySDK: false, told: nothing,
			notRun: "the policy of somebody else may even do; it is left alone",
			breaks: func(s *scene) {
				s.set(object{"role_policy_name": "rotation"})
				s.policy(s.Role, "rotation", otherPolicy)
			},
			repair: func(s *scene) { s.removePolicy("rotation") },
		},
		{
			name: "Lambda may not assume", code: findings.RoleNotAssumable, stage: byApply, told: findings.LogUnavailable, shape: of(postgresSingle),
			breaks: func(s *scene) { s.trust("ec2.amazonaws.com") },
			repair: func(s *scene) { s.trust("lambda.amazonaws.com") },
		},
		{
			name: "no logs", code: findings.RoleLogs, stage: asWarning, notRun: "rotation works, and nobody can tell why it does not", shape: of(postgresSingle),
			breaks: func(s *scene) { s.detach("AWSLambdaBasicExecutionRole") },
			repair: func(s *scene) { s.attach("AWSLambdaBasicExecutionRole") },
		},
		{
			name: "resource policy denies all but one", code: findings.SecretPolicyDenies, stage: byApply, shape: of(postgresSingle),
			breaks: func(s *scene) {
				s.guard(s.SecretARN, `{"Effect":"Deny","Principal":"*","Action":"secretsmanager:PutSecretValue","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::`+s.AccountID()+`:user/administrator"}}}`)
			},
			repair: func(s *scene) { s.guard(s.SecretARN, "") },
		},
		{
			name: "resource policy denies the role", code: findings.SecretPolicyDenies, stage: byApply, shape: of(postgresSingle),
			breaks: func(s *scene) {
				s.guard(s.SecretARN, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::`+s.AccountID()+`:role/rotator"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}`)
			},
			repair: func(s *scene) { s.guard(s.SecretARN, "") },
		},
		{
			name: "resource policy of the superuser secret", code: findings.SecretPolicyDenies, stage: byApply, shape: of(mySQLMulti),
			breaks: func(s *scene) {
				s.guard(s.access.SuperuserSecretARN, `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::`+s.AccountID()+`:role/rotator"},"Action":"secretsmanager:*","Resource":"*"}`)
			},
			repair: func(s *scene) { s.guard(s.access.SuperuserSecretARN, "") },
		},
		{
			name: "key disabled", code: findings.KMSKeyUnusable, stage: byApply, shape: of(postgresSingle).and(withKey),
			breaks: func(s *scene) { s.disable(s.access.KMSKeyARN) },
			repair: func(s *scene) { s.enable(s.access.KMSKeyARN) },
		},
	}
	return worlds
}

// otherPolicy is a policy that has nothing to do with rotation.
const otherPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
