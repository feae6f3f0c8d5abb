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

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
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
	inVPC         = RolePolicyInput{SecretARN: secretARN, RandomPassword: true, VPC: true}
	foreignAdmin  = RolePolicyInput{
		SecretARN: secretARN, RandomPassword: true, SuperuserSecretARN: foreign(adminARN), SuperuserActions: readSuperuser, SuperuserKMSKeyARN: foreign(adminKey),
	}
	keytabs = RolePolicyInput{
		SecretARN: secretARN, RandomPassword: true, ServiceActions: []string{"ds:DescribeDirectories", "ds:ResetUserPassword"},
		KeytabSecretARNs: []string{keytabARN, strings.Replace(keytabARN, "host1", "host2", 1)}, KeytabKMSKeyARN: keyARN,
	}
)

var (
	sharedPlain = SharedRolePolicyInput{FunctionARN: function, RandomPassword: true}
	sharedVPC   = SharedRolePolicyInput{FunctionARN: function + ":live", VPC: true, Marker: NewMarker(function, 3).Sid()}
	sharedAll   = SharedRolePolicyInput{
		FunctionARN: function, RandomPassword: true,
		Superusers: []SuperuserGrant{
			{"ReadSuperuserSecrets", []string{adminARN, foreign(adminARN)}, readSuperuser},
			{"ReadRDSSuperuserSecrets", []string{managedARN}, []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}},
		},
		ServiceActions:   []string{"rds:DescribeDBClusters", "rds:DescribeDBInstances"},
		KeytabSecretARNs: []string{keytabARN, foreign(keytabARN)},
		KMSKeyARNs:       []string{keyARN}, SuperuserKMSKeyARNs: []string{adminKey, foreign(adminKey)},
	}
	sharedChina = SharedRolePolicyInput{FunctionARN: china(function), RandomPassword: true, KMSKeyARNs: []string{china(keyARN)}}
	sharedGov   = SharedRolePolicyInput{FunctionARN: gov(function), RandomPassword: true, KMSKeyARNs: []string{gov(keyARN)}}
)

const managedARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-0a1b-MnOpQr"

const keytabARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytabs/host1-KlMnOp"

func china(s string) string {
	return strings.NewReplacer("arn:aws:", "arn:aws-cn:", "eu-central-1", "cn-north-1").Replace(s)
}

func gov(s string) string {
	return strings.NewReplacer("arn:aws:", "arn:aws-us-gov:", "eu-central-1", "us-gov-west-1").Replace(s)
}

// foreign and abroad are an ARN in another account and in another Region.
func foreign(s string) string { return strings.Replace(s, account, "999999999999", 1) }
func abroad(s string) string  { return strings.Replace(s, "eu-central-1", "eu-west-1", 1) }

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
		"role_vpc":          inVPC,
		"role_foreign":      foreignAdmin,
	} {
		golden(t, name, RolePolicy(in).JSON())
	}
}

func TestSharedRolePolicyGolden(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]SharedRolePolicyInput{
		"shared_plain": sharedPlain,
		"shared_vpc":   sharedVPC,
		"shared_all":   sharedAll,
		"shared_china": sharedChina,
		"shared_gov":   sharedGov,
	} {
		golden(t, name, SharedRolePolicy(in).JSON())
	}
}

func TestInvokePermissionGolden(t *testing.T) {
	t.Parallel()
	golden(t, "invoke", InvokePermission(InvokePermissionInput{"RotationSetup-orders", function + ":live", secretARN}).JSON())
	golden(t, "invoke_all", InvokePermission(InvokePermissionInput{"RotationAccess", function + ":live", ""}).JSON())
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
	viaSecret, viaAdmin, viaKeytab := viaService(secretARN), viaService(adminARN), viaService(keytabARN)
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
		{inVPC, "ec2:CreateNetworkInterface", "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-1", nil},
		{inVPC, "ec2:DescribeNetworkInterfaces", "*", nil},
		{foreignAdmin, "secretsmanager:GetSecretValue", foreign(adminARN), nil},
		{foreignAdmin, "kms:Decrypt", foreign(adminKey), viaService(foreign(adminARN))},
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
		{singleUser, "ec2:CreateNetworkInterface", "*", nil},
		{inVPC, "ec2:RunInstances", "*", nil},
		{foreignAdmin, "secretsmanager:GetSecretValue", adminARN, nil},
		{foreignAdmin, "secretsmanager:PutSecretValue", foreign(adminARN), nil},
		{foreignAdmin, "kms:Decrypt", foreign(adminKey), viaSecret},
		{foreignAdmin, "kms:GenerateDataKey", foreign(adminKey), viaService(foreign(adminARN))},
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

// viaService is the context of a call to KMS that Secrets Manager makes for a secret, in whose Region it does so.
func viaService(secretARN string) map[string][]string {
	partition, region, _ := locate(secretARN)
	return map[string][]string{
		"kms:ViaService":                  {"secretsmanager." + region + "." + arn.DNSSuffix(partition)},
		"kms:EncryptionContext:SecretARN": {secretARN},
	}
}

// TestSharedRolePolicyIsLeastPrivilege asks for what the rotation of any secret of the function does, and for what it must not do.
func TestSharedRolePolicyIsLeastPrivilege(t *testing.T) {
	t.Parallel()
	of := func(functionARN string) map[string][]string {
		return map[string][]string{RotatesWithKey: {functionARN}}
	}
	direct := map[string][]string{"kms:EncryptionContext:SecretARN": {secretARN}}
	viaOther := map[string][]string{"kms:ViaService": {"ssm.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {secretARN}}
	tests := []struct {
		name             string
		in               SharedRolePolicyInput
		action, resource string
		context          map[string][]string
		want             bool
	}{
		{"a secret of the function", sharedPlain, "secretsmanager:PutSecretValue", secretARN, of(function), true},
		{"a secret of its alias", sharedPlain, "secretsmanager:PutSecretValue", secretARN, of(function + ":live"), true},
		{"a secret of its version", sharedPlain, "secretsmanager:PutSecretValue", adminARN, of(function + ":7"), true},
		{"a secret of the function itself, which was named by an alias", sharedVPC, "secretsmanager:PutSecretValue", secretARN, of(function), true},
		{"a secret of another alias", sharedVPC, "secretsmanager:PutSecretValue", secretARN, of(function + ":test"), true},
		{"a secret of another function", sharedPlain, "secretsmanager:GetSecretValue", secretARN, of(function + "2"), false},
		{"a secret of another account's function", sharedPlain, "secretsmanager:GetSecretValue", secretARN, of(foreign(function)), false},
		{"a secret without rotation", sharedPlain, "secretsmanager:GetSecretValue", secretARN, nil, false},
		{"a secret of another account", sharedPlain, "secretsmanager:GetSecretValue", foreign(secretARN), of(function), false},
		{"a secret of another Region", sharedPlain, "secretsmanager:GetSecretValue", abroad(secretARN), of(function), false},
		{"to delete a secret", sharedPlain, "secretsmanager:DeleteSecret", secretARN, of(function), false},
		{"to rotate a secret", sharedPlain, "secretsmanager:RotateSecret", secretARN, of(function), false},
		{"a password", sharedPlain, "secretsmanager:GetRandomPassword", "*", nil, true},
		{"no password", sharedVPC, "secretsmanager:GetRandomPassword", "*", nil, false},
		{"the VPC", sharedVPC, "ec2:CreateNetworkInterface", "*", nil, true},
		{"no VPC", sharedPlain, "ec2:CreateNetworkInterface", "*", nil, false},

		{"to read a superuser secret", sharedAll, "secretsmanager:GetSecretValue", adminARN, nil, true},
		{"to describe a superuser secret", sharedAll, "secretsmanager:DescribeSecret", adminARN, nil, false},
		{"to write a superuser secret", sharedAll, "secretsmanager:PutSecretValue", adminARN, nil, false},
		{"to read one of another account", sharedAll, "secretsmanager:GetSecretValue", foreign(adminARN), nil, true},
		{"to write one of another account", sharedAll, "secretsmanager:PutSecretValue", foreign(adminARN), of(function), false},
		{"to describe a managed one", sharedAll, "secretsmanager:DescribeSecret", managedARN, nil, true},
		{"to write a managed one", sharedAll, "secretsmanager:PutSecretValue", managedARN, nil, false},
		{"to look up the database", sharedAll, "rds:DescribeDBInstances", "*", nil, true},
		{"to change the database", sharedAll, "rds:ModifyDBInstance", "*", nil, false},
		{"a keytab secret", sharedAll, "secretsmanager:PutSecretValue", keytabARN, nil, true},
		{"a keytab secret of another account", sharedAll, "secretsmanager:PutSecretValue", foreign(keytabARN), nil, true},
		{"a keytab secret that is not listed", sharedPlain, "secretsmanager:PutSecretValue", keytabARN, nil, false},

		{"a key for a secret", sharedAll, "kms:GenerateDataKey", keyARN, viaService(secretARN), true},
		{"a key for any secret of the account", sharedAll, "kms:Decrypt", keyARN, viaService(managedARN), true},
		{"a key for a named superuser of another account", sharedAll, "kms:Decrypt", foreign(adminKey), viaService(foreign(adminARN)), true},
		{"a key for a named keytab of another account", sharedAll, "kms:GenerateDataKey", keyARN, viaService(foreign(keytabARN)), true},
		{"a key for another secret of that account", sharedAll, "kms:Decrypt", foreign(adminKey), viaService(foreign(secretARN)), false},
		{"a key in another Region", sharedAll, "kms:Decrypt", keyARN, viaService(abroad(secretARN)), false},
		{"a key directly", sharedAll, "kms:Decrypt", keyARN, direct, false},
		{"a key through another service", sharedAll, "kms:Decrypt", keyARN, viaOther, false},
		{"a key for no secret", sharedAll, "kms:Decrypt", keyARN, map[string][]string{"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}}, false},
		{"to encrypt with a key", sharedAll, "kms:Encrypt", keyARN, viaService(secretARN), false},
		{"another key", sharedAll, "kms:Decrypt", foreign(keyARN), viaService(secretARN), false},
		{"a key that no secret has", sharedPlain, "kms:Decrypt", keyARN, viaService(secretARN), false},

		{"China", sharedChina, "secretsmanager:PutSecretValue", china(secretARN), of(china(function)), true},
		{"a key in China", sharedChina, "kms:Decrypt", china(keyARN), viaService(china(secretARN)), true},
		{"another partition than China", sharedChina, "secretsmanager:PutSecretValue", secretARN, of(china(function)), false},
		{"GovCloud", sharedGov, "secretsmanager:PutSecretValue", gov(secretARN), of(gov(function) + ":live"), true},
		{"a key in GovCloud", sharedGov, "kms:Decrypt", gov(keyARN), viaService(gov(secretARN)), true},
		{"another partition than GovCloud", sharedGov, "secretsmanager:PutSecretValue", secretARN, of(gov(function)), false},
	}
	for _, test := range tests {
		r := Request{Principal: role, Action: test.action, Resource: test.resource, Context: test.context}
		if got := Evaluate(r, Policies{Identity: []Document{SharedRolePolicy(test.in)}}) == Allow; got != test.want {
			t.Errorf("%s: allowed is %v, want %v", test.name, got, test.want)
		}
	}
}

// TestInvokePermissionOfAllSecrets has the account that the permission names, and nothing else, decide.
func TestInvokePermissionOfAllSecrets(t *testing.T) {
	t.Parallel()
	policy := Document{Version: Version, Statements: []Statement{InvokePermission(InvokePermissionInput{"s", function + ":live", ""})}}
	for name, test := range map[string]struct {
		principal Principal
		resource  string
		context   map[string][]string
		want      Decision
	}{
		"a secret":          {service, function + ":live", map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}, Allow},
		"another secret":    {service, function + ":live", map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {adminARN}}, Allow},
		"another account":   {service, function + ":live", map[string][]string{"aws:SourceAccount": {"999999999999"}, "aws:SourceArn": {foreign(secretARN)}}, ImplicitDeny},
		"no source":         {service, function + ":live", nil, ImplicitDeny},
		"another qualifier": {service, function, map[string][]string{"aws:SourceAccount": {account}}, ImplicitDeny},
		"a role":            {role, function + ":live", map[string][]string{"aws:SourceAccount": {account}}, ImplicitDeny},
	} {
		r := Request{Principal: test.principal, Action: "lambda:InvokeFunction", Resource: test.resource, Context: test.context}
		if got := Evaluate(r, Policies{Resource: &policy}); got != test.want {
			t.Errorf("%s: decision is %v, want %v", name, got, test.want)
		}
	}
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
	for owner, kind := range map[string]string{secretARN: "Setup", function: "Access", gov(function): "Access", strings.Replace(secretARN, "orders", "lambda", 1): "Setup"} {
		m := NewMarker(owner, 12)
		if !regexpSid(m.Sid()) || !strings.HasPrefix(m.Sid(), "Rotation"+kind) || m.Kind != kind {
			t.Errorf("IAM allows only letters and digits in a Sid: %q of kind %q, want %q", m.Sid(), m.Kind, kind)
		}
		for _, d := range []Document{
			RolePolicy(RolePolicyInput{SecretARN: secretARN, Marker: m.Sid()}), SharedRolePolicy(SharedRolePolicyInput{FunctionARN: function, Marker: m.Sid()}),
		} {
			if found, ok := FindMarker(parse(t, d.JSON())); !ok || found != m || !found.Owns(owner) || found.Owns(adminARN) {
				t.Errorf("found %+v, %v, want %+v", found, ok, m)
			}
		}
	}
	for _, sid := range []string{
		"", "RotateSecret", "RotateSecrets", "RotationSetup0123456789abCreate", "RotationSetup0123456789abCreate01", "RotationSetup0123456789ABCreate1",
		"xRotationSetup0123456789abCreate1", "RotationSetup0123456789abCreate12345678901", "RotationOther0123456789abCreate1", "Rotation0123456789abCreate1",
		"RotationSetupAccess0123456789abCreate1", "RotationSetup0123456789abCreate-1", "RotationAccess0123456789abCreate1\n",
	} {
		if m, ok := FindMarker(Document{Statements: []Statement{{Sid: sid}}}); ok {
			t.Errorf("%q is read as the marker %+v", sid, m)
		}
	}
	for _, d := range []Document{
		{},
		RolePolicy(singleUser), SharedRolePolicy(sharedPlain),
		{Statements: []Statement{{Sid: "x"}, {Sid: NewMarker(secretARN, 12).Sid()}}},
	} {
		if m, ok := FindMarker(d); ok {
			t.Errorf("%s has the marker %+v", d.JSON(), m)
		}
	}
}

// FuzzFindMarker: what is read as a marker is written as it was.
func FuzzFindMarker(f *testing.F) {
	for _, sid := range []string{NewMarker(secretARN, 0).Sid(), NewMarker(function, 999_999_999).Sid(), "RotateSecret", "RotationAccess0123456789abCreate01"} {
		f.Add(sid)
	}
	f.Fuzz(func(t *testing.T, sid string) {
		m, ok := FindMarker(Document{Statements: []Statement{{Sid: sid}}})
		if ok && (m.Sid() != sid || !regexpSid(sid) || m.Generation < 0) {
			t.Errorf("%q is read as the marker %+v", sid, m)
		}
	})
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
	shared := SharedRolePolicyInput{FunctionARN: function, RandomPassword: true, VPC: true, Marker: NewMarker(function, 1).Sid()}
	if size := Size(SharedRolePolicy(shared).JSON()); size > MaxRolePolicyCharacters/8 {
		t.Errorf("the policy of a function has %d characters", size)
	}
	size = len(InvokePermission(InvokePermissionInput{strings.Repeat("x", 40), function, secretARN}).JSON())
	if fit := MaxFunctionPolicyBytes / size; fit < 45 {
		t.Errorf("a statement has %d bytes, so only %d fit a function", size, fit)
	}
}
