package awslab_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

const (
	keyService = "secretsmanager.eu-west-1.amazonaws.com"
	noKMS      = "Access to KMS is not allowed"
)

// encrypted makes a secret with a customer managed key, in any of its spellings.
func (l *secretsLab) encrypted(name, key, value string) string {
	l.Helper()
	return *try[*secretsmanager.CreateSecretOutput](l)(l.CreateSecret(l.Context(), &secretsmanager.CreateSecretInput{
		Name: &name, SecretString: &value, KmsKeyId: &key, ClientRequestToken: new(token(1)),
	})).ARN
}

// useOfKey is a statement that allows actions on keys for a secret and a service.
func useOfKey(actions, service, secret string) string {
	return `{"Effect":"Allow","Action":[` + actions + `],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"` + service + `","kms:EncryptionContext:SecretARN":"` + secret + `"}}}`
}

// TestCustomerKey checks the use of a customer managed key with the caller's
// own permissions and the documented encryption context.
func TestCustomerKey(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.encrypted("app", l.newKey(nil), planted)
	const use = `{"Effect":"Allow","Action":["secretsmanager:GetSecretValue","secretsmanager:PutSecretValue"],"Resource":"*"}`
	version := func(id string) string {
		return `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:SecretVersionId":"` + id + `",` +
			`"kms:CallerAccount":"` + l.AccountID() + `"},"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["SecretARN","SecretVersionId"]},"Bool":{"aws:ViaAWSService":"true"}}}`
	}
	for name, test := range map[string]struct {
		statements         []string
		read, write, again bool
	}{
		"none":          {},
		"all":           {statements: []string{useOfKey(`"kms:Decrypt","kms:GenerateDataKey"`, keyService, secret)}, read: true, write: true, again: true},
		"read":          {statements: []string{useOfKey(`"kms:Decrypt"`, keyService, secret)}, read: true, again: true},
		"write":         {statements: []string{useOfKey(`"kms:GenerateDataKey"`, keyService, secret)}, write: true},
		"other-secret":  {statements: []string{useOfKey(`"kms:*"`, keyService, secret+"x")}},
		"other-service": {statements: []string{useOfKey(`"kms:*"`, "s3.eu-west-1.amazonaws.com", secret)}},
		"version":       {statements: []string{version(token(1))}, read: true, again: true},
		"other-version": {statements: []string{version(token(2))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := l.as(l.NewUser(name, statements(append(test.statements, use)...)))
			outcome := func(what string, allowed bool, err error) {
				t.Helper()
				switch {
				case !allowed:
					refused(t, err, "AccessDeniedException", noKMS)
				case err != nil:
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret, VersionId: new(token(1))})
			outcome("reading", test.read, err)
			_, err = client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(planted), VersionStages: []string{"MINE"}})
			outcome("writing", test.write, err)
			// The same value for a version that exists is compared with what is there.
			_, err = client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(planted), ClientRequestToken: new(token(1))})
			outcome("writing again", test.again, err)
		})
	}
}

func TestCreateSecretWithKey(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(nil)
	l.must("CreateAlias", members{"AliasName": "alias/app", "TargetKeyId": key})
	for i, id := range []string{key, key[strings.LastIndex(key, "/")+1:], "alias/app", strings.Replace(key, key[strings.Index(key, "key/"):], "alias/app", 1)} {
		secret := l.encrypted(fmt.Sprint("app", i), id, planted)
		if got := *l.describe(secret).KmsKeyId; got != id {
			t.Errorf("%s is described as %s", id, got)
		}
		versions := try[*secretsmanager.ListSecretVersionIdsOutput](t)(l.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &secret}))
		if got := versions.Versions[0].KmsKeyIds; !slices.Equal(got, []string{key}) {
			t.Errorf("%s: the version is protected by %v", id, got)
		}
	}
	disabled := l.newKey(nil)
	l.must("DisableKey", members{"KeyId": disabled})
	const write = `{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}`
	validated := `{"Effect":"Allow","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:SecretVersionId":["RequestToValidateKeyAccess","` + token(1) + `"]}}}`
	for name, test := range map[string]struct{ key, statement, value, code, message string }{
		"allowed":        {key, validated, planted, "", ""},
		"without value":  {key, validated, "", "", ""},
		"not validated":  {key, strings.Replace(validated, "RequestTo", "", 1), "", "AccessDeniedException", noKMS},
		"no Decrypt":     {key, strings.Replace(validated, "kms:Decrypt", "kms:Encrypt", 1), "", "AccessDeniedException", noKMS},
		"no data key":    {key, strings.Replace(validated, "kms:GenerateDataKey", "kms:Encrypt", 1), "", "AccessDeniedException", noKMS},
		"disabled":       {disabled, validated, planted, "EncryptionFailure", "Secrets Manager can't encrypt the protected secret text using the provided KMS key."},
		"no such key":    {key[:len(key)-36] + strings.Repeat("0", 36), validated, planted, "EncryptionFailure", ""},
		"other account":  {strings.Replace(key, l.AccountID(), "210987654321", 1), validated, planted, "AccessDeniedException", noKMS},
		"aws managed":    {"alias/aws/secretsmanager", write, planted, "", ""},
		"denied managed": {"", `{"Effect":"Deny","Action":"kms:*","Resource":"*"}`, planted, "AccessDeniedException", noKMS},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(name, " ", "-")
			in := secretsmanager.CreateSecretInput{Name: &name, ClientRequestToken: new(token(1))}
			if test.key != "" {
				in.KmsKeyId = &test.key
			}
			if test.value != "" {
				in.SecretString = &test.value
			}
			_, err := l.as(l.NewUser(name, statements(write, test.statement))).CreateSecret(t.Context(), &in)
			switch {
			case test.code != "":
				refused(t, err, test.code, test.message)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

func TestKeyStateOfSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(nil)
	secret := l.encrypted("app", key, planted)
	check := func(readCode, writeCode string) {
		t.Helper()
		_, err := l.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
		refused(t, err, readCode, "KMS")
		refused(t, l.put(secret, 2, planted, "MINE"), writeCode, "KMS")
	}
	l.must("DisableKey", members{"KeyId": key})
	check("DecryptionFailure", "EncryptionFailure")
	l.must("EnableKey", members{"KeyId": key})
	if l.value(secret, "AWSCURRENT") != planted {
		t.Error("the enabled key does not open the secret")
	}
	l.must("ScheduleKeyDeletion", members{"KeyId": key, "PendingWindowInDays": 7})
	check("DecryptionFailure", "EncryptionFailure")
	l.Advance(7 * 24 * time.Hour)
	check("AccessDeniedException", "EncryptionFailure")
}

// TestRotationWithUnusableKey is a rotation whose secret cannot be decrypted,
// and that goes on by itself once it can.
func TestRotationWithUnusableKey(t *testing.T) {
	t.Parallel()
	for state, test := range map[string]struct {
		breaks, mends string
		input         members
	}{
		"disabled":         {"DisableKey", "EnableKey", nil},
		"pending deletion": {"ScheduleKeyDeletion", "CancelKeyDeletion", members{"PendingWindowInDays": 7}},
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			l, _, function := rotator(t)
			key := l.newKey(nil)
			secret := l.encrypted("encrypted", key, `{"engine":"labstore","host":"store","username":"app","password":"`+planted+`"}`)
			input := members{"KeyId": key}
			maps.Copy(input, test.input)
			l.must(test.breaks, input)
			l.rotate(secret, function, 2)
			l.Advance(2 * time.Second)
			const want = "[ERROR] DecryptionFailure: An error occurred (DecryptionFailure) when calling the GetSecretValue operation: " +
				"Secrets Manager can't decrypt the protected secret text using the provided KMS key."
			if lines := l.logLines("/aws/lambda/f"); !slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, want) }) {
				t.Errorf("the log is\n%s", strings.Join(lines, "\n"))
			}
			if got := l.eventNames(); got != "RotationStarted RotationFailed" {
				t.Errorf("events: %s", got)
			}
			l.must(test.mends, members{"KeyId": key})
			l.must("EnableKey", members{"KeyId": key})
			l.Advance(2 * time.Minute)
			if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
				t.Errorf("the labels are %q, want %q", got, want)
			}
		})
	}
}

// TestChangeOfKey checks that both keys open the versions in use after a change,
// and the new one alone what is written then.
func TestChangeOfKey(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	first, second := l.newKey(nil), l.newKey(nil)
	reader := func(name, key string) func(secret string) error {
		client := l.as(l.NewUser(name, statements(statement("Allow", "secretsmanager:*", "*"), statement("Allow", "kms:*", key))))
		return func(secret string) error {
			_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
			return err
		}
	}
	withFirst, withSecond := reader("first", first), reader("second", second)
	opens := func(what string, err error, want bool) {
		t.Helper()
		if want && err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if !want {
			refused(t, err, "AccessDeniedException", noKMS)
		}
	}
	keys := func(secret string) []string {
		t.Helper()
		for _, v := range try[*secretsmanager.ListSecretVersionIdsOutput](t)(l.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &secret})).Versions {
			if slices.Contains(v.VersionStages, "AWSCURRENT") {
				return v.KmsKeyIds
			}
		}
		return nil
	}

	secret := l.encrypted("app", first, planted)
	opens("the first key", withFirst(secret), true)
	opens("the second key", withSecond(secret), false)
	update := func(in secretsmanager.UpdateSecretInput) {
		t.Helper()
		in.SecretId = &secret
		try[*secretsmanager.UpdateSecretOutput](t)(l.UpdateSecret(t.Context(), &in))
	}
	update(secretsmanager.UpdateSecretInput{KmsKeyId: &second})
	opens("the first key after the change", withFirst(secret), true)
	opens("the second key after the change", withSecond(secret), true)
	if diff := cmp.Diff([]string{first, second}, keys(secret)); diff != "" {
		t.Error(diff)
	}
	if err := l.put(secret, 2, planted); err != nil {
		t.Fatal(err)
	}
	opens("the first key for a new version", withFirst(secret), false)
	opens("the second key for a new version", withSecond(secret), true)
	if diff := cmp.Diff([]string{second}, keys(secret)); diff != "" {
		t.Error(diff)
	}

	// Who may not read the old versions changes the key for new ones only.
	third := l.newKey(nil)
	limited := l.as(l.NewUser("limited", statements(statement("Allow", "secretsmanager:*", "*"), statement("Allow", "kms:*", third))))
	try[*secretsmanager.UpdateSecretOutput](t)(limited.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &secret, KmsKeyId: &third}))
	if diff := cmp.Diff([]string{second}, keys(secret)); diff != "" {
		t.Error(diff)
	}
	_, err := limited.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &secret, KmsKeyId: &first})
	refused(t, err, "AccessDeniedException", noKMS)

	// Back to the account's key, and a value along with it.
	update(secretsmanager.UpdateSecretInput{KmsKeyId: new(""), SecretString: new("next-" + planted)})
	opens("no key at all", withFirst(secret), true)
	if diff := cmp.Diff([]string{"DefaultEncryptionKey"}, keys(secret)); diff != "" {
		t.Error(diff)
	}
}

// TestRotationWithKey rotates a secret that has a customer managed key under the
// role policy of the catalog, and under the same with each of its parts about
// the key taken away or about something else.
func TestRotationWithKey(t *testing.T) {
	t.Parallel()
	rotationType, ok := catalog.Lookup("MySQLSingleUser")
	if !ok {
		t.Fatal("the catalog lacks a type")
	}
	without := func(action string) func(*iampolicy.Statement) {
		return func(s *iampolicy.Statement) {
			s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return a == action })
		}
	}
	otherwise := func(key, value string) func(*iampolicy.Statement) {
		return func(s *iampolicy.Statement) {
			i := slices.IndexFunc(s.Conditions, func(c iampolicy.Condition) bool { return c.Key == key })
			s.Conditions[i].Values = []string{value}
		}
	}
	for name, test := range map[string]struct {
		change      func(*iampolicy.Statement) // of the statement about the key
		keyPolicy   string
		state       string // an operation on the key once the secret exists
		call, error string // of the function, empty if the rotation succeeds
		code        string
	}{
		"complete":       {},
		"no Decrypt":     {change: without("kms:Decrypt"), call: "GetSecretValue", error: noKMS},
		"no data key":    {change: without("kms:GenerateDataKey"), call: "PutSecretValue", error: noKMS},
		"no DescribeKey": {change: without("kms:DescribeKey")}, // AWS lists it; nothing here calls it.
		"other key":      {change: func(s *iampolicy.Statement) { s.Resources[0] += "0" }, call: "GetSecretValue", error: noKMS},
		"other service":  {change: otherwise("kms:ViaService", "secretsmanager.us-east-1.amazonaws.com"), call: "GetSecretValue", error: noKMS},
		"other secret":   {change: otherwise("kms:EncryptionContext:SecretARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-AbCdEf"), call: "GetSecretValue", error: noKMS},
		"one version only": {change: func(s *iampolicy.Statement) {
			s.Conditions = append(s.Conditions, iampolicy.Condition{Operator: "StringEquals", Key: "kms:EncryptionContext:SecretVersionId", Values: []string{token(1)}})
		}, call: "PutSecretValue", error: noKMS},
		"key policy without IAM": {
			keyPolicy: `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/administrator"},"Action":"kms:*","Resource":"*"}`,
			call:      "GetSecretValue", error: noKMS,
		},
		"key policy denies": {
			keyPolicy: `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"kms:*","Resource":"*"},` +
				`{"Effect":"Deny","Principal":"*","Action":"kms:GenerateDataKey","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/rotator"}}}`,
			call: "PutSecretValue", error: noKMS,
		},
		"disabled key":         {state: "DisableKey", call: "GetSecretValue", code: "DecryptionFailure", error: "can't decrypt the protected secret text"},
		"key pending deletion": {state: "ScheduleKeyDeletion", call: "GetSecretValue", code: "DecryptionFailure", error: "can't decrypt the protected secret text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			in := members{}
			if test.keyPolicy != "" {
				in["Policy"] = statements(test.keyPolicy)
			}
			key := l.newKey(in)
			if err := l.UserStore().CreateUser("app", planted); err != nil {
				t.Fatal(err)
			}
			secret := l.encrypted("app", key, `{"engine":"labstore","host":"store","username":"app","password":"`+planted+`"}`)
			policy := rotationType.RolePolicy(catalog.Access{SecretARN: secret, KMSKeyARN: key})
			i := slices.IndexFunc(policy.Statements, func(s iampolicy.Statement) bool { return slices.Contains(s.Actions, "kms:Decrypt") })
			if i < 0 {
				t.Fatalf("the role policy has nothing about the key: %s", policy.JSON())
			}
			if test.change != nil {
				test.change(&policy.Statements[i])
			}
			role := l.newRole("rotator", lambdaTrust)
			for name, document := range map[string]string{"rotation": policy.JSON(), "logs": statements(statement("Allow", "logs:*", "*"))} {
				if err := l.putRolePolicy("rotator", name, document); err != nil {
					t.Fatal(err)
				}
			}
			function := l.function("rotator", *role.Arn, awslab.HandlerVariable, "UserStore")
			l.permit(function)
			if test.state != "" {
				l.must(test.state, members{"KeyId": key})
			}
			l.rotate(secret, function, 2)
			l.Advance(time.Minute)

			if test.call == "" {
				if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING"; got != want {
					t.Errorf("the labels are %q, want %q", got, want)
				}
				if !l.loggedIn(password(t, l.value(secret, "AWSCURRENT"))) {
					t.Error("the new password does not work")
				}
				return
			}
			if got, want := l.stages(secret), "1:AWSCURRENT 2:AWSPENDING"; got != want {
				t.Errorf("the labels are %q, want %q", got, want)
			}
			code := test.code
			if code == "" {
				code = "AccessDeniedException"
			}
			// The first attempt ends with the first call that is refused for the key. That the
			// pending version has no value yet is no refusal.
			var failed string
			for _, c := range l.Calls(":assumed-role/rotator/") {
				if c.ErrorCode != "" && c.ErrorCode != "ResourceNotFoundException" {
					failed = c.Operation + " " + c.ErrorCode
					break
				}
			}
			if want := test.call + " " + code; failed != want {
				t.Errorf("the call that failed is %q, want %q", failed, want)
			}
			if lines := strings.Join(l.logLines("/aws/lambda/rotator"), "\n"); !strings.Contains(lines, test.error) || !strings.Contains(lines, "("+code+")") {
				t.Errorf("the log lacks %q:\n%s", test.error, lines)
			}
		})
	}
}

// TestRotationKeyIsForOneSecret checks the conditions that the role policy puts
// on the key: what the function has no need for is refused.
func TestRotationKeyIsForOneSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	rotationType, _ := catalog.Lookup("MySQLSingleUser")
	key := l.newKey(nil)
	secret, other := l.encrypted("app", key, planted), l.encrypted("other", key, planted)
	user := l.NewUser("function", rotationType.RolePolicy(catalog.Access{SecretARN: secret, KMSKeyARN: key}).JSON())
	reader := l.NewUser("reader", statements(statement("Allow", "secretsmanager:GetSecretValue", "*"),
		rotationType.RolePolicy(catalog.Access{SecretARN: secret, KMSKeyARN: key}).Statements[2].JSON()))
	context := members{"SecretARN": secret, "SecretVersionId": token(1)}
	_, err := l.kms(user, "GenerateDataKey", members{"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context})
	refused(t, err, "AccessDeniedException", "because no identity-based policy allows the kms:GenerateDataKey action")
	for _, id := range []string{secret, other} {
		_, err := l.as(reader).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		switch {
		case id == other:
			refused(t, err, "AccessDeniedException", noKMS)
		case err != nil:
			t.Error(err)
		}
	}
}

// TestKeyOfServiceManagedSecret checks that a key which the owning service was
// given protects what there is, and what the service rotates it to.
func TestKeyOfServiceManagedSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(nil)
	secret := try[string](t)(l.CreateServiceManagedSecret(l.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+planted+`"}`, 7))
	l.EncryptServiceManagedSecret(secret, key)
	reader := l.as(l.NewUser("reader", statements(statement("Allow", "secretsmanager:*", "*"))))
	for _, when := range []string{"first", "rotated"} {
		for _, v := range try[*secretsmanager.ListSecretVersionIdsOutput](t)(l.ListSecretVersionIds(t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &secret})).Versions {
			if !slices.Equal(v.KmsKeyIds, []string{key}) {
				t.Errorf("%s: a version is protected by %v", when, v.KmsKeyIds)
			}
		}
		_, err := reader.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
		refused(t, err, "AccessDeniedException", noKMS)
		l.Advance(8 * 24 * time.Hour)
	}
	if l.value(secret, "AWSCURRENT") == l.value(secret, "AWSPREVIOUS") {
		t.Error("the secret has not rotated")
	}
}
