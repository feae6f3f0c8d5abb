package provider

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

const (
	anyFunction  = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"
	anySuperuser = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:superuser-AbCdEf"
	anyKey       = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// TestFunctionAccessSchema has what other tests and users rely on.
func TestFunctionAccessSchema(t *testing.T) {
	t.Parallel()
	schemas, err := newServer(t, nil).GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got := kindsOf(schemas.ResourceSchemas["rotation_function_access"])
	want := map[string]string{}
	for kind, names := range map[string]string{
		"required":           "rotation_lambda_arn rotation_types",
		"optional":           "region superuser_secret_arns superuser_kms_key_arns kms_key_arns keytab_secret_arns read_replica preflight",
		"optional, computed": "role_arn vpc_access statement_id role_policy_name",
		"computed":           "role_name role_policy invoke_permission superuser_owning_services",
	} {
		for name := range strings.FieldsSeq(names) {
			want[name] = kind
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestValidateFunctionAccess has what the configuration alone decides.
func TestValidateFunctionAccess(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	base := object{"rotation_lambda_arn": anyFunction, "rotation_types": []any{"PostgreSQLMultiUser"}, "superuser_secret_arns": []any{anySuperuser}}
	single := object{"rotation_types": []any{"MySQLSingleUser"}, "superuser_secret_arns": nil}
	for name, test := range map[string]struct {
		change object
		want   []string
	}{
		"right":                 {},
		"right, all":            {change: object{"superuser_kms_key_arns": []any{anyKey}, "kms_key_arns": []any{anyKey}, "read_replica": true, "vpc_access": true, "region": "eu-west-1", "preflight": "warn"}},
		"right, single":         {change: single},
		"right, several":        {change: object{"rotation_types": []any{"PostgreSQLMultiUser", "MySQLSingleUser"}}},
		"right, Custom":         {change: object{"rotation_types": []any{"Custom"}}},
		"unknown":               {change: object{"rotation_lambda_arn": unknown{}, "rotation_types": unknown{}, "superuser_secret_arns": unknown{}, "kms_key_arns": unknown{}}},
		"type unknown":          {change: object{"rotation_types": []any{unknown{}}, "superuser_secret_arns": nil}},
		"no type":               {change: object{"rotation_types": []any{}}, want: []string{"ERROR rotation_types: "}},
		"no such type":          {change: object{"rotation_types": []any{"PostgresMultiUser"}}, want: []string{`ERROR rotation_types`}},
		"no function":           {change: object{"rotation_lambda_arn": "rotator"}, want: []string{"ERROR rotation_lambda_arn: Invalid function ARN: …"}},
		"other Region":          {change: object{"region": "eu-north-1"}, want: []string{"ERROR region: Invalid Region: The function's ARN names the Region eu-west-1. …"}},
		"role of other account": {change: object{"role_arn": "arn:aws:iam::999999999999:role/rotator"}, want: []string{"ERROR role_arn: Invalid execution role: …999999999999"}},
		"no superuser":          {change: object{"superuser_secret_arns": nil}, want: []string{"ERROR superuser_secret_arns: Missing superuser secrets: …PostgreSQLMultiUser logs in"}},
		"useless superuser":     {change: with(single, object{"superuser_secret_arns": []any{anySuperuser}}), want: []string{"ERROR superuser_secret_arns: Invalid superuser secrets: …Remove `superuser_secret_arns`."}},
		"superuser elsewhere":   {change: object{"superuser_secret_arns": []any{strings.Replace(anySuperuser, "west", "north", 1)}}, want: []string{"ERROR superuser_secret_arns: Invalid secret ARN: …eu-north-1"}},
		"superuser key alone":   {change: with(single, object{"superuser_kms_key_arns": []any{anyKey}}), want: []string{"ERROR superuser_kms_key_arns: Invalid superuser keys: …"}},
		"key elsewhere":         {change: object{"kms_key_arns": []any{strings.Replace(anyKey, "west", "north", 1)}}, want: []string{"ERROR kms_key_arns: Invalid KMS key ARN: …"}},
		"key by alias":          {change: object{"kms_key_arns": []any{"alias/orders"}}, want: []string{"ERROR kms_key_arns"}},
		"keytabs missing":       {change: with(single, object{"rotation_types": []any{"ActiveDirectoryAndKeytabSingleUser"}}), want: []string{"ERROR keytab_secret_arns: Missing keytab secrets: …"}},
		"no keytabs":            {change: with(single, object{"rotation_types": []any{"ActiveDirectoryAndKeytabSingleUser"}, "keytab_secret_arns": []any{}})},
		"useless keytabs":       {change: object{"keytab_secret_arns": []any{anySuperuser}}, want: []string{"ERROR keytab_secret_arns: Invalid keytab secrets: …"}},
		"useless replica":       {change: with(single, object{"read_replica": true}), want: []string{"ERROR read_replica: Invalid read replica: …"}},
		"null among superusers": {change: object{"superuser_secret_arns": []any{anySuperuser, nil}}, want: []string{"ERROR superuser_secret_arns: Null Set Value: …"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, s.validateAccess(with(base, test.change)), test.want...)
		})
	}
}

// TestPlanFunctionAccess plans creates against what they may meet in AWS. No plan
// writes anything.
func TestPlanFunctionAccess(t *testing.T) {
	t.Parallel()
	nowhere := strings.Replace(anySuperuser, "superuser", "nowhere", 1)
	ofRole := object{"rotation_types": []any{"PostgreSQLMultiUser"}}
	for name, test := range map[string]struct {
		before func(hand)
		change object
		want   []string
	}{
		"right":                {},
		"no function":          {change: object{"rotation_lambda_arn": strings.Replace(anyFunction, "rotator", "nobody", 1)}, want: []string{"ERROR rotation_lambda_arn: The rotation function does not exist (function-not-found): …"}},
		"no function, warned":  {change: object{"rotation_lambda_arn": strings.Replace(anyFunction, "rotator", "nobody", 1), "preflight": "warn"}, want: []string{"WARNING rotation_lambda_arn: The rotation function does not exist (function-not-found): …"}},
		"other role":           {change: object{"role_arn": "arn:aws:iam::123456789012:role/other"}, want: []string{"WARNING role_arn: Invalid execution role: …"}},
		"no superuser secret":  {change: with(ofRole, object{"superuser_secret_arns": []any{nowhere}}), want: []string{"ERROR superuser_secret_arns: The superuser secret does not exist (superuser-not-found): …"}},
		"only warned":          {change: with(ofRole, object{"superuser_secret_arns": []any{nowhere}, "preflight": "warn"}), want: []string{"WARNING superuser_secret_arns: The superuser secret does not exist (superuser-not-found): …"}},
		"not checked":          {change: with(ofRole, object{"superuser_secret_arns": []any{nowhere}, "preflight": "off"})},
		"superuser of another": {change: with(ofRole, object{"superuser_secret_arns": []any{strings.Replace(anySuperuser, "123456789012", "999999999999", 1)}}), want: []string{"WARNING superuser_secret_arns: The superuser secret is in another account (superuser-other-account): …kms:Decrypt"}},
		"policy name taken": {
			before: func(h hand) { h.policy(h.Role, "mine", rotation.PolicyFor(rotation.Setup{}, h.SecretARN, "", 1)) },
			change: object{"role_policy_name": "mine"}, want: []string{"WARNING role_policy_name: …role-policy-name-taken…checked again before the first write"},
		},
		"interrupted before": {
			before: func(h hand) {
				_, err := h.Roles.PutRolePolicy(h.t.Context(), &iam.PutRolePolicyInput{
					RoleName: &h.Role, PolicyName: aws.String(rotation.RolePolicyName(anyFunction)),
					PolicyDocument: aws.String(strings.Replace(rotation.PolicyFor(rotation.Setup{}, h.SecretARN, "", 1), "Setup", "Access", 1)),
				})
				h.Must(err)
			},
			want: []string{"WARNING role_policy_name: …role-policy-name-taken…checked again before the first write"}, // Of a setup, and not of this function.
		},
		"role full": {
			before: func(h hand) {
				h.policy(h.Role, "large", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::`+strings.Repeat("x", 10000)+`"]}]}`)
			},
			want: []string{"ERROR role_arn: The execution role has no room for another inline policy (role-policy-full): The inline policies of the execution role \"rotator\" have 10110 characters. …IAM allows 10240 together.…Make room first"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.before != nil {
				test.before(w.hand(t))
			}
			w.ForgetCalls()
			s := newServer(t, w)
			expect(t, s.configure(w.block()))
			diagnostics, _ := s.planAccess(with(object{"rotation_lambda_arn": w.FunctionARN, "rotation_types": []any{"Custom"}}, test.change))
			expect(t, diagnostics, test.want...)
			if writes := w.Writes(); len(writes) > 0 {
				t.Errorf("The plan has written: %v", writes)
			}
		})
	}
}
