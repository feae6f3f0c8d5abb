package provider

import (
	"strings"
	"testing"
)

const (
	validSecret   = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf"
	otherSecret   = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-AbCdEf"
	validFunction = "arn:aws:lambda:eu-west-1:123456789012:function:rotator"
	validRole     = "arn:aws:iam::123456789012:role/rotator"
	validKey      = "arn:aws:kms:eu-west-1:123456789012:key/1"
)

func validSetup() object {
	return object{
		"secret_id": validSecret, "rotation_lambda_arn": validFunction,
		"rotation_rules": object{"schedule_expression": "rate(10 days)"},
	}
}

// TestValidateSetup has what the configuration alone decides. No lab runs: a
// call to AWS would be an error of its own.
func TestValidateSetup(t *testing.T) {
	t.Parallel()
	rules := func(members object) object { return object{"rotation_rules": members} }
	for name, test := range map[string]struct {
		change object
		want   []string
	}{
		"valid": {},
		"all arguments": {change: object{
			"region": "eu-west-1", "rotation_type": "PostgreSQLMultiUser", "superuser_secret_arn": otherSecret, "rotation_enabled": true,
			"access": "managed", "role_arn": validRole, "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1", "rotate_immediately": false,
			"rotate_triggers": object{"a": "b"}, "wait_for_rotation": false, "preflight": "warn", "check_secret_value": false,
			"statement_id": "Rotation-1_a", "role_policy_name": "a+=,.@-_Z9", "timeouts": object{"create": "1h", "update": "30m", "delete": "5m"},
			"rotation_lambda_arn": validFunction + ":live",
			"rotation_rules":      object{"schedule_expression": "cron(0 4 ? * SUN *)", "duration": "3h"},
		}},
		"by name":       {change: object{"secret_id": "prod/app"}},
		"off, no rules": {change: object{"rotation_enabled": false, "rotation_rules": nil}},
		"everything unknown": {change: object{
			"region": unknown{}, "secret_id": unknown{}, "rotation_lambda_arn": unknown{}, "rotation_type": unknown{}, "superuser_secret_arn": unknown{},
			"rotation_rules": unknown{}, "rotation_enabled": unknown{}, "access": unknown{}, "role_arn": unknown{}, "kms_key_arn": unknown{},
			"rotate_immediately": unknown{}, "rotate_triggers": unknown{}, "statement_id": unknown{}, "role_policy_name": unknown{}, "preflight": unknown{},
			"superuser_kms_key_arn": unknown{}, "read_replica": unknown{}, "keytab_secret_arns": unknown{}, "keytab_kms_key_arn": unknown{},
			"check_secret_value": unknown{}, "wait_for_rotation": unknown{}, "timeouts": object{"create": unknown{}},
		}},
		"rules of unknown values":               {change: rules(object{"schedule_expression": unknown{}, "automatically_after_days": unknown{}, "duration": unknown{}})},
		"unknown function, bad everything else": {change: object{"rotation_lambda_arn": unknown{}, "rotation_type": "Custom", "superuser_secret_arn": otherSecret}},

		// ARNs.
		"no secret":                {change: object{"secret_id": ""}, want: []string{"ERROR secret_id: Invalid secret: …name of 1 to 512 characters"}},
		"secret name with a space": {change: object{"secret_id": "my secret"}, want: []string{"ERROR secret_id: Invalid secret: …name of 1 to 512 characters"}},
		"secret of another service": {
			change: object{"secret_id": "arn:aws:ssm:eu-west-1:123456789012:parameter/app"},
			want:   []string{`ERROR secret_id: Invalid secret: …the service part is "ssm", but must be "secretsmanager".`},
		},
		"secret without suffix": {
			change: object{"secret_id": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"},
			want:   []string{"ERROR secret_id: Invalid secret: …six characters that Secrets Manager adds to the name; use the full ARN."},
		},
		"function is a name":           {change: object{"rotation_lambda_arn": "rotator"}, want: []string{`ERROR rotation_lambda_arn: Invalid function ARN: "rotator" is not the ARN of a Lambda function: it does not start with "arn:".`}},
		"function account of 11":       {change: object{"rotation_lambda_arn": strings.Replace(validFunction, "12:", "1:", 1)}, want: []string{"ERROR rotation_lambda_arn: Invalid function ARN: …must be twelve digits."}},
		"function with two qualifiers": {change: object{"rotation_lambda_arn": validFunction + ":live:1"}, want: []string{"ERROR rotation_lambda_arn: Invalid function ARN: …"}},
		"function empty":               {change: object{"rotation_lambda_arn": ""}, want: []string{"ERROR rotation_lambda_arn: Invalid function ARN: The Lambda function ARN is empty."}},
		"function elsewhere": {
			change: object{"rotation_lambda_arn": strings.Replace(validFunction, "eu-west-1", "us-east-1", 1)},
			want:   []string{"ERROR rotation_lambda_arn: The rotation function is in another region than the secret (function-other-region): …us-east-1 and the secret in eu-west-1…Give a function in eu-west-1."},
		},
		"function elsewhere, secret by name": {
			change: object{"secret_id": "app", "region": "eu-west-1", "rotation_lambda_arn": strings.Replace(validFunction, "eu-west-1", "us-east-1", 1)},
			want:   []string{"ERROR rotation_lambda_arn: The rotation function is in another region than the secret (function-other-region): …"},
		},
		"function of another account": {
			change: object{"rotation_lambda_arn": strings.Replace(validFunction, "123456789012", "210987654321", 1)},
			want:   []string{"ERROR rotation_lambda_arn: Invalid function ARN: …account 210987654321…account 123456789012…`access = \"external\"`"},
		},
		"function of another account, external": {
			change: object{"rotation_lambda_arn": strings.Replace(validFunction, "123456789012", "210987654321", 1), "access": "external"},
		},
		"function of another partition": {
			change: object{"rotation_lambda_arn": strings.Replace(validFunction, "arn:aws:", "arn:aws-cn:", 1)},
			want:   []string{"ERROR rotation_lambda_arn: Invalid function ARN: …partition aws-cn…aws"},
		},
		"function by invoke_arn": {
			change: object{"rotation_lambda_arn": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + validFunction + "/invocations"},
			want:   []string{"ERROR rotation_lambda_arn: Invalid function ARN: …`invoke_arn`…the attribute `arn`: " + validFunction},
		},
		"superuser elsewhere": {
			change: object{"superuser_secret_arn": strings.Replace(otherSecret, "eu-west-1", "us-east-1", 1)},
			want:   []string{"ERROR superuser_secret_arn: Invalid superuser secret: The superuser secret is in us-east-1 and the secret in eu-west-1. …"},
		},
		"keytab and keys elsewhere": {
			change: object{
				"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{otherSecret, strings.Replace(otherSecret, "eu-west-1", "us-east-1", 1), unknown{}},
				"keytab_kms_key_arn": strings.Replace(validKey, "eu-west-1", "us-east-1", 1),
			},
			want: []string{"ERROR keytab_kms_key_arn: Invalid KMS key ARN: …us-east-1", "ERROR keytab_secret_arns: Invalid keytab secrets: …us-east-1"},
		},
		"superuser's key elsewhere": {
			change: object{"superuser_secret_arn": otherSecret, "superuser_kms_key_arn": strings.Replace(validKey, "eu-west-1", "us-east-1", 1)},
			want:   []string{"ERROR superuser_kms_key_arn: Invalid KMS key ARN: …us-east-1"},
		},
		"superuser elsewhere, secret by name": {
			change: object{"superuser_secret_arn": strings.Replace(otherSecret, "eu-west-1", "us-east-1", 1), "secret_id": "app", "region": "eu-west-1"},
			want:   []string{"ERROR superuser_secret_arn: Invalid superuser secret: …"},
		},
		"role is a name":          {change: object{"role_arn": "rotator"}, want: []string{`ERROR role_arn: Invalid role ARN: "rotator" is not the ARN of a role: …`}},
		"role of another account": {change: object{"role_arn": strings.Replace(validRole, "123456789012", "210987654321", 1)}, want: []string{"ERROR role_arn: Invalid execution role: A function runs as a role of its own account. …"}},
		"superuser by name":       {change: object{"superuser_secret_arn": "admin"}, want: []string{`ERROR superuser_secret_arn: Invalid secret ARN: "admin" is not the ARN of a secret: …`}},
		"superuser is the secret": {change: object{"superuser_secret_arn": validSecret}, want: []string{"ERROR superuser_secret_arn: Invalid superuser secret: `superuser_secret_arn` is the secret that rotates. …"}},
		"key by alias":            {change: object{"kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:alias/app"}, want: []string{"ERROR kms_key_arn: Invalid KMS key ARN: …an alias is not enough."}},
		"key by ID":               {change: object{"kms_key_arn": "1234abcd-12ab-34cd-56ef-1234567890ab"}, want: []string{"ERROR kms_key_arn: Invalid KMS key ARN: …"}},
		"key of no account":       {change: object{"kms_key_arn": "arn:aws:kms:eu-west-1::key/1"}, want: []string{"ERROR kms_key_arn: Invalid KMS key ARN: …"}},
		"key without ID":          {change: object{"kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/"}, want: []string{"ERROR kms_key_arn: Invalid KMS key ARN: …"}},
		"key elsewhere":           {change: object{"kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1"}, want: []string{"ERROR kms_key_arn: Invalid KMS key ARN: …us-east-1…eu-west-1"}},
		"external role":           {change: object{"rotation_lambda_arn": nil, "external_secret_rotation_role_arn": "x"}, want: []string{"ERROR external_secret_rotation_role_arn: Invalid role ARN: …"}},
		"region":                  {change: object{"region": "us-east-1"}, want: []string{"ERROR region: Invalid Region: The secret's ARN names the Region eu-west-1. …"}},
		"region in words":         {change: object{"region": "Ireland", "secret_id": "app", "rotation_lambda_arn": unknown{}}, want: []string{"ERROR region: Invalid Region: …eu-central-1"}},
		"region empty":            {change: object{"region": "", "secret_id": "app"}, want: []string{"ERROR region: Invalid Region: …"}},

		// Rules.
		"no rules":      {change: object{"rotation_rules": nil}, want: []string{"ERROR rotation_rules: Missing rotation rules: …"}},
		"empty rules":   {change: rules(object{}), want: []string{"ERROR rotation_rules: Exactly one kind of schedule is needed (schedule-conflict): Neither `schedule_expression` nor `automatically_after_days` is set."}},
		"both":          {change: rules(object{"schedule_expression": "rate(10 days)", "automatically_after_days": 10}), want: []string{"ERROR rotation_rules: Exactly one kind of schedule is needed (schedule-conflict): Both …"}},
		"days 0":        {change: rules(object{"automatically_after_days": 0}), want: []string{"ERROR rotation_rules.automatically_after_days: …1…1000"}},
		"days 1001":     {change: rules(object{"automatically_after_days": 1001}), want: []string{"ERROR rotation_rules.automatically_after_days: …1000"}},
		"expression":    {change: rules(object{"schedule_expression": "every day"}), want: []string{"ERROR rotation_rules.schedule_expression: The rotation schedule is not valid (schedule-invalid): `rotation_rules.schedule_expression`: …"}},
		"expression ''": {change: rules(object{"schedule_expression": ""}), want: []string{"ERROR rotation_rules.schedule_expression: …"}},
		"rate hours":    {change: rules(object{"schedule_expression": "rate(3 hours)"}), want: []string{"ERROR rotation_rules.schedule_expression: …4 hours"}},
		"rate minutes":  {change: rules(object{"schedule_expression": "rate(600 minutes)"}), want: []string{"ERROR rotation_rules.schedule_expression: …"}},
		"cron minutes":  {change: rules(object{"schedule_expression": "cron(30 4 * * ? *)"}), want: []string{"ERROR rotation_rules.schedule_expression: …"}},
		"cron 5 fields": {change: rules(object{"schedule_expression": "cron(0 4 * * ?)"}), want: []string{"ERROR rotation_rules.schedule_expression: …six"}},
		"duration 3":    {change: rules(object{"schedule_expression": "rate(10 days)", "duration": "3"}), want: []string{"ERROR rotation_rules.duration: The rotation window is not valid (schedule-window): …"}},
		"duration 25h":  {change: rules(object{"schedule_expression": "rate(10 days)", "duration": "25h"}), want: []string{"ERROR rotation_rules.duration: …24h"}},
		"duration ''":   {change: rules(object{"schedule_expression": "rate(10 days)", "duration": ""}), want: []string{"ERROR rotation_rules.duration: …"}},
		"window over interval": {
			change: rules(object{"schedule_expression": "rate(4 hours)", "duration": "5h"}),
			want:   []string{"ERROR rotation_rules.duration: …"},
		},

		// Names and values.
		"statement ID":      {change: object{"statement_id": "a b"}, want: []string{"ERROR statement_id: Invalid statement ID: …letters, digits, hyphens or underscores"}},
		"statement ID ''":   {change: object{"statement_id": ""}, want: []string{"ERROR statement_id: Invalid statement ID: …"}},
		"statement ID long": {change: object{"statement_id": strings.Repeat("a", 101)}, want: []string{"ERROR statement_id: Invalid statement ID: …1 to 100"}},
		"policy name":       {change: object{"role_policy_name": "a/b"}, want: []string{"ERROR role_policy_name: Invalid policy name: …"}},
		"policy name long":  {change: object{"role_policy_name": strings.Repeat("a", 129)}, want: []string{"ERROR role_policy_name: Invalid policy name: …1 to 128"}},
		"rotation type":     {change: object{"rotation_type": "PostgresSingleUser"}, want: []string{"ERROR rotation_type: Invalid rotation type: …Did you mean PostgreSQLSingleUser?…The rotation types are MySQLSingleUser"}},
		"access":            {change: object{"access": "none"}, want: []string{"ERROR access: Invalid access: …"}},
		"preflight":         {change: object{"preflight": "on"}, want: []string{"ERROR preflight: Invalid preflight: …"}},
		"timeout":           {change: object{"timeouts": object{"create": "soon"}}, want: []string{"ERROR timeouts.create: …"}},
		"timeouts that are over": {change: object{"timeouts": object{"create": "0s", "update": "-5m", "delete": "1s"}}, want: []string{
			"ERROR timeouts.create: Invalid timeout: A timeout is longer than nothing, such as `30m`.",
			"ERROR timeouts.update: Invalid timeout: …",
		}},

		// Combinations.
		"multi-user without superuser": {
			change: object{"rotation_type": "PostgreSQLMultiUser"},
			want:   []string{"ERROR superuser_secret_arn: The rotation type needs a superuser secret (superuser-required): …Set `superuser_secret_arn`"},
		},
		"multi-user without superuser, warn": {
			change: object{"rotation_type": "PostgreSQLMultiUser", "preflight": "warn"},
			want:   []string{"WARNING superuser_secret_arn: The rotation type needs a superuser secret (superuser-required): …"},
		},
		"keytab secrets": {change: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{otherSecret}}},
		"keytab secrets missing": {
			change: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser"},
			want:   []string{"ERROR keytab_secret_arns: Missing keytab secrets: …`keytabArns`"},
		},
		"keytab secrets missing, warn":     {change: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "preflight": "warn"}, want: []string{"WARNING keytab_secret_arns: Missing keytab secrets: …"}},
		"keytab secrets missing, external": {change: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "access": "external"}},
		"keytab secrets by name":           {change: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{"keytab"}}, want: []string{"ERROR keytab_secret_arns…: Invalid secret ARN: …"}},
		"keys and replicas of another type": {
			change: object{"rotation_type": "RedshiftSingleUser", "keytab_secret_arns": []any{}, "superuser_kms_key_arn": validKey, "read_replica": true},
			want: []string{
				"ERROR keytab_secret_arns: Invalid keytab secrets: …", "ERROR read_replica: Invalid read replica: …", "ERROR superuser_kms_key_arn: Invalid superuser key: …",
			},
		},
		"keys and replicas of no type": {
			change: object{"keytab_secret_arns": []any{otherSecret}, "keytab_kms_key_arn": validKey, "superuser_kms_key_arn": validKey, "read_replica": true},
			want: []string{
				"ERROR keytab_kms_key_arn: Invalid argument: `keytab_kms_key_arn` is about a rotation type, and `rotation_type` is not set.",
				"ERROR keytab_secret_arns: Invalid argument: …", "ERROR read_replica: Invalid argument: …",
				"ERROR superuser_kms_key_arn: Invalid argument: `superuser_kms_key_arn` is about a superuser secret, and `superuser_secret_arn` is not set.",
			},
		},
		"superuser and its key for a function of no type": {change: object{"superuser_secret_arn": otherSecret, "superuser_kms_key_arn": validKey}},
		"superuser for a single user": {
			change: object{"rotation_type": "MySQLSingleUser", "superuser_secret_arn": otherSecret},
			want:   []string{"WARNING superuser_secret_arn: Superuser secret is not used: The rotation function of MySQLSingleUser reads no superuser secret…Remove `superuser_secret_arn`"},
		},
		"superuser for a single user, off":          {change: object{"rotation_type": "MySQLSingleUser", "superuser_secret_arn": otherSecret, "preflight": "off"}},
		"superuser for a single user who needs one": {change: object{"rotation_type": "Db2SingleUser", "superuser_secret_arn": otherSecret}},
		"superuser for a function of one's own":     {change: object{"rotation_type": "Custom", "superuser_secret_arn": otherSecret}},
		"multi-user without superuser, off":         {change: object{"rotation_type": "PostgreSQLMultiUser", "preflight": "off"}},
		"multi-user without superuser, external":    {change: object{"rotation_type": "PostgreSQLMultiUser", "access": "external"}},
		"without function": {
			change: object{
				"rotation_lambda_arn": nil, "rotation_type": "Custom", "superuser_secret_arn": otherSecret, "role_arn": validRole,
				"statement_id": "a", "role_policy_name": "a", "read_replica": true,
			},
			want: []string{
				"ERROR read_replica: Invalid argument: `read_replica` is about a rotation function, and `rotation_lambda_arn` is not set.",
				"ERROR role_arn: Invalid argument: `role_arn` is about a rotation function, and `rotation_lambda_arn` is not set.",
				"ERROR role_policy_name: Invalid argument: `role_policy_name` is …",
				"ERROR rotation_type: Invalid argument: `rotation_type` is …",
				"ERROR statement_id: Invalid argument: `statement_id` is …",
				"ERROR superuser_secret_arn: Invalid argument: `superuser_secret_arn` is …",
			},
		},
		"function of an external secret": {
			change: object{"external_secret_rotation_role_arn": validRole, "external_secret_rotation_metadata": []any{object{"key": "a", "value": "b"}}},
			want: []string{
				"ERROR external_secret_rotation_metadata: Invalid argument: …Remove `rotation_lambda_arn` or this argument.",
				"ERROR external_secret_rotation_role_arn: Invalid argument: …Remove `rotation_lambda_arn` or this argument.",
			},
		},
		"off and rotating": {
			change: object{"rotation_enabled": false, "rotate_immediately": true},
			want:   []string{"ERROR rotate_immediately: Invalid argument: …"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, newServer(t, nil).validate(with(validSetup(), test.change)), test.want...)
		})
	}
}
