package provider

import (
	"testing"
)

// TestDiagnosisArguments validates arguments that don't go together.
func TestDiagnosisArguments(t *testing.T) {
	t.Parallel()
	const superuser, keytab = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:admin-AbCdEf", "arn:aws:secretsmanager:us-east-1:123456789012:secret:keytab-AbCdEf"
	const key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	for name, test := range map[string]struct {
		arguments object
		want      []string
	}{
		"no type":                {},
		"type":                   {arguments: object{"rotation_type": "PostgreSQLSingleUser"}},
		"superuser":              {arguments: object{"rotation_type": "PostgreSQLMultiUser", "superuser_secret_arn": superuser, "read_replica": true}},
		"superuser of any type":  {arguments: object{"superuser_secret_arn": superuser}},
		"superuser left out":     {arguments: object{"rotation_type": "PostgreSQLMultiUser"}},
		"keytabs left out":       {arguments: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser"}},
		"unknown arguments":      {arguments: object{"rotation_type": unknown{}, "superuser_secret_arn": unknown{}, "keytab_secret_arns": unknown{}, "read_replica": unknown{}, "check_secret_value": unknown{}}},
		"unknown type":           {arguments: object{"rotation_type": unknown{}, "read_replica": true}},
		"unknown keytab":         {arguments: object{"rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{unknown{}}}},
		"no such type":           {arguments: object{"rotation_type": "Postgres"}, want: []string{"ERROR rotation_type: Invalid rotation type: …"}},
		"superuser is itself":    {arguments: object{"secret_id": superuser, "superuser_secret_arn": superuser}, want: []string{"ERROR superuser_secret_arn: Invalid superuser secret: `superuser_secret_arn` is the secret that rotates."}},
		"superuser of no use":    {arguments: object{"rotation_type": "PostgreSQLSingleUser", "superuser_secret_arn": superuser}, want: []string{"ERROR superuser_secret_arn: Invalid superuser secret: …Remove `superuser_secret_arn`."}},
		"read replica of no use": {arguments: object{"rotation_type": "ElastiCacheUser", "read_replica": true}, want: []string{"ERROR read_replica: Invalid read replica: …Remove `read_replica`."}},
		"of a type": {
			arguments: object{"read_replica": true, "keytab_secret_arns": []any{}, "keytab_kms_key_arn": key},
			want: []string{
				"ERROR keytab_kms_key_arn: Invalid KMS key ARN: The key is in us-east-1",
				"ERROR keytab_kms_key_arn: Invalid argument: `keytab_kms_key_arn` is about a rotation type, and `rotation_type` is not set.",
				"ERROR keytab_secret_arns: Invalid argument: …", "ERROR read_replica: Invalid argument: …",
			},
		},
		"other Regions": {
			arguments: object{"secret_id": "app", "region": "eu-west-1", "rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{keytab}, "keytab_kms_key_arn": key},
			want:      []string{"ERROR keytab_kms_key_arn: Invalid KMS key ARN: …", "ERROR keytab_secret_arns: Invalid keytab secrets: A keytab secret is in us-east-1 and the secret in eu-west-1."},
		},
		"no Region": {arguments: object{"secret_id": "app", "rotation_type": "ActiveDirectoryAndKeytabSingleUser", "keytab_secret_arns": []any{keytab}, "keytab_kms_key_arn": key}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, newServer(t, nil).validateData("rotation_diagnosis", with(object{"secret_id": validSecret}, test.arguments)), test.want...)
		})
	}
}
