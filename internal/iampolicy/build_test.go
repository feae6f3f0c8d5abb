package iampolicy

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

var (
	readSuperuser = []string{"secretsmanager:GetSecretValue"}
	singleUser    = RolePolicyInput{SecretARN: secretARN, RandomPassword: true}
	noPassword    = RolePolicyInput{SecretARN: secretARN}
	alternating   = RolePolicyInput{SecretARN: secretARN, RandomPassword: true, SuperuserSecretARN: adminARN, SuperuserActions: readSuperuser}
	managedByRDS  = RolePolicyInput{
		SecretARN: secretARN, RandomPassword: true, SuperuserSecretARN: adminARN,
		SuperuserActions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
		ServiceActions:   []string{"rds:DescribeDBClusters", "rds:DescribeDBInstances"},
	}
	withKeys = RolePolicyInput{
		SecretARN: secretARN, RandomPassword: true, SuperuserSecretARN: adminARN, SuperuserActions: readSuperuser,
		KMSKeyARN: keyARN, SuperuserKMSKeyARN: adminKey, Marker: NewMarker(secretARN, 3).Sid(),
	}
	strayAdminKey = RolePolicyInput{SecretARN: secretARN, RandomPassword: true, SuperuserActions: readSuperuser, SuperuserKMSKeyARN: adminKey}
	inChina       = RolePolicyInput{SecretARN: china(secretARN), RandomPassword: true, KMSKeyARN: china(keyARN)}
	keytabs       = RolePolicyInput{
		SecretARN: secretARN, RandomPassword: true, ServiceActions: []string{"ds:DescribeDirectories", "ds:ResetUserPassword"},
		KeytabSecretARNs: []string{keytabARN, strings.Replace(keytabARN, "host1", "host2", 1)}, KeytabKMSKeyARN: keyARN,
	}
)

const keytabARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytabs/host1-KlMnOp"

func china(s string) string {
	return strings.NewReplacer("arn:aws:", "arn:aws-cn:", "eu-central-1", "cn-north-1").Replace(s)
}

func TestRolePolicyGolden(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]RolePolicyInput{
		"role_single_user":  singleUser,
		"role_alternating":  alternating,
		"role_managed":      managedByRDS,
		"role_keys":         withKeys,
		"role_keys_china":   inChina,
		"role_no_superuser": strayAdminKey,
		"role_no_password":  noPassword,
		"role_keytabs":      keytabs,
	} {
		golden(t, name, RolePolicy(in).JSON())
	}
}

func TestInvokePermissionGolden(t *testing.T) {
	t.Parallel()
	golden(t, "invoke", InvokePermission(InvokePermissionInput{"RotationSetup-orders", function + ":live", secretARN}).JSON())
}

// golden compares a compact document with its indented golden file.
func golden(t *testing.T, name, document string) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(document), "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// TestRolePolicyIsLeastPrivilege asks the evaluator for what a rotation does and for what it must not do.
func TestRolePolicyIsLeastPrivilege(t *testing.T) {
	t.Parallel()
	other := strings.Replace(secretARN, "AbCdEf", "XxXxXx", 1)
	viaSecret := map[string][]string{"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {secretARN}}
	viaAdmin := map[string][]string{"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {adminARN}}
	viaKeytab := map[string][]string{"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {keytabARN}}
	direct := map[string][]string{"kms:EncryptionContext:SecretARN": {secretARN}}
	type ask struct {
		in               RolePolicyInput
		action, resource string
		context          map[string][]string
	}
	allowed := []ask{
		{singleUser, "secretsmanager:DescribeSecret", secretARN, nil},
		{singleUser, "secretsmanager:GetSecretValue", secretARN, nil},
		{singleUser, "secretsmanager:PutSecretValue", secretARN, nil},
		{singleUser, "secretsmanager:UpdateSecretVersionStage", secretARN, nil},
		{singleUser, "secretsmanager:GetRandomPassword", "*", nil},
		{alternating, "secretsmanager:GetSecretValue", adminARN, nil},
		{managedByRDS, "secretsmanager:DescribeSecret", adminARN, nil},
		{managedByRDS, "rds:DescribeDBInstances", "arn:aws:rds:eu-central-1:123456789012:db:orders", nil},
		{managedByRDS, "rds:DescribeDBClusters", "arn:aws:rds:eu-central-1:123456789012:cluster:orders", nil},
		{withKeys, "kms:Decrypt", keyARN, viaSecret},
		{withKeys, "kms:GenerateDataKey", keyARN, viaSecret},
		{withKeys, "kms:DescribeKey", keyARN, viaSecret},
		{withKeys, "kms:Decrypt", adminKey, viaAdmin},
		{keytabs, "secretsmanager:PutSecretValue", keytabARN, nil},
		{keytabs, "ds:ResetUserPassword", "arn:aws:ds:eu-central-1:123456789012:directory/d-0123456789", nil},
		{keytabs, "kms:GenerateDataKey", keyARN, viaKeytab},
	}
	refused := []ask{
		{singleUser, "secretsmanager:GetSecretValue", other, nil},
		{singleUser, "secretsmanager:GetSecretValue", adminARN, nil},
		{singleUser, "secretsmanager:DeleteSecret", secretARN, nil},
		{singleUser, "secretsmanager:RotateSecret", secretARN, nil},
		{singleUser, "kms:Decrypt", keyARN, viaSecret},
		{alternating, "secretsmanager:PutSecretValue", adminARN, nil},
		{alternating, "secretsmanager:UpdateSecretVersionStage", adminARN, nil},
		{alternating, "secretsmanager:DescribeSecret", adminARN, nil},
		{alternating, "rds:DescribeDBInstances", "*", nil},
		{withKeys, "kms:Decrypt", keyARN, direct},
		{withKeys, "kms:Decrypt", keyARN, viaAdmin},
		{withKeys, "kms:GenerateDataKey", adminKey, viaAdmin},
		{withKeys, "kms:Decrypt", adminKey, viaSecret},
		{withKeys, "kms:Encrypt", keyARN, viaSecret},
		{strayAdminKey, "kms:Decrypt", adminKey, viaAdmin},
		{noPassword, "secretsmanager:GetRandomPassword", "*", nil},
		{keytabs, "secretsmanager:DeleteSecret", keytabARN, nil},
		{keytabs, "secretsmanager:GetSecretValue", other, nil},
		{keytabs, "kms:Decrypt", keyARN, viaSecret},
		{singleUser, "secretsmanager:GetSecretValue", keytabARN, nil},
	}
	check := func(asks []ask, want Decision) {
		for _, a := range asks {
			r := Request{Principal: role, Action: a.action, Resource: a.resource, Context: a.context}
			if got := Evaluate(r, Policies{Identity: []Document{RolePolicy(a.in)}}); got != want {
				t.Errorf("%s on %s with %v: decision is %v, want %v", a.action, a.resource, a.context, got, want)
			}
		}
	}
	check(allowed, Allow)
	check(refused, ImplicitDeny)
}

func TestInvokePermissionAdmitsOneSecret(t *testing.T) {
	t.Parallel()
	policy := Document{Version: Version, Statements: []Statement{InvokePermission(InvokePermissionInput{"s", function, secretARN})}}
	tests := []struct {
		name      string
		principal Principal
		resource  string
		context   map[string][]string
		want      Decision
	}{
		{"the secret", service, function, map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}, Allow},
		{"another secret", service, function, map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {adminARN}}, ImplicitDeny},
		{"another account", service, function, map[string][]string{"aws:SourceAccount": {"999999999999"}, "aws:SourceArn": {secretARN}}, ImplicitDeny},
		{"no source", service, function, nil, ImplicitDeny},
		{"a qualifier", service, function + ":live", map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}, ImplicitDeny},
		{"another service", Principal{Service: "events.amazonaws.com"}, function, map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}, ImplicitDeny},
		{"a role", role, function, map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}, ImplicitDeny},
	}
	for _, test := range tests {
		r := Request{Principal: test.principal, Action: "lambda:InvokeFunction", Resource: test.resource, Context: test.context}
		if got := Evaluate(r, Policies{Resource: &policy}); got != test.want {
			t.Errorf("%s: decision is %v, want %v", test.name, got, test.want)
		}
	}
}

func TestMarker(t *testing.T) {
	t.Parallel()
	m := NewMarker(secretARN, 12)
	if !regexpSid(m.Sid()) {
		t.Errorf("IAM allows only letters and digits in a Sid: %q", m.Sid())
	}
	found, ok := FindMarker(RolePolicy(RolePolicyInput{SecretARN: secretARN, Marker: m.Sid()}))
	if !ok || found != m || !found.Owns(secretARN) || found.Owns(adminARN) {
		t.Errorf("found %+v, %v, want %+v", found, ok, m)
	}
	for _, sid := range []string{"", "RotateSecret", "RotationSetup0123456789abCreate", "RotationSetup0123456789abCreate01", "RotationSetup0123456789ABCreate1", "xRotationSetup0123456789abCreate1", "RotationSetup0123456789abCreate12345678901"} {
		if m, ok := FindMarker(Document{Statements: []Statement{{Sid: sid}}}); ok {
			t.Errorf("%q is read as the marker %+v", sid, m)
		}
	}
	if _, ok := FindMarker(Document{}); ok {
		t.Error("a document without statements has a marker")
	}
	second := Document{Statements: []Statement{{Sid: "x"}, {Sid: m.Sid()}}}
	if _, ok := FindMarker(second); ok {
		t.Error("the marker is found in the second statement")
	}
}

func regexpSid(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// TestSizeOfManySetups keeps the number of setups that share a role in view: the documentation names it.
func TestSizeOfManySetups(t *testing.T) {
	t.Parallel()
	size := Size(RolePolicy(RolePolicyInput{SecretARN: secretARN, RandomPassword: true, Marker: NewMarker(secretARN, 1).Sid()}).JSON())
	if fit := MaxRolePolicyCharacters / size; fit < 20 {
		t.Errorf("a policy has %d characters, so only %d fit a role", size, fit)
	}
	size = len(InvokePermission(InvokePermissionInput{strings.Repeat("x", 40), function, secretARN}).JSON())
	if fit := MaxFunctionPolicyBytes / size; fit < 45 {
		t.Errorf("a statement has %d bytes, so only %d fit a function", size, fit)
	}
}
