package awslab_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// members are the members of a request or an answer.
type members = map[string]any

// kms calls KMS as its clients do.
func (l *secretsLab) kms(as aws.Credentials, operation string, in members) (members, error) {
	l.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		l.Fatal(err)
	}
	request, err := http.NewRequestWithContext(l.Context(), http.MethodPost, l.URL(), bytes.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "TrentService."+operation)
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(l.Context(), as, request, hex.EncodeToString(sum[:]), "kms", l.Region(), l.Now()); err != nil {
		l.Fatal(err)
	}
	response, err := l.Config().HTTPClient.Do(request)
	if err != nil {
		l.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	out := members{}
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		l.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		code, _ := out["__type"].(string)
		message, _ := out["message"].(string)
		return nil, &smithy.GenericAPIError{Code: code, Message: message}
	}
	return out, nil
}

// must is [secretsLab.kms] of the administrator, where nothing goes wrong.
func (l *secretsLab) must(operation string, in members) members {
	l.Helper()
	return try[members](l)(l.kms(l.Administrator(), operation, in))
}

// newKey makes a key and returns its ARN.
func (l *secretsLab) newKey(in members) string {
	l.Helper()
	return text(l.must("CreateKey", in)["KeyMetadata"], "Arn")
}

// text is a member that is a string.
func text(of any, member string) string {
	object, _ := of.(members)
	s, _ := object[member].(string)
	return s
}

func (l *secretsLab) keyState(key string) string {
	l.Helper()
	return text(l.must("DescribeKey", members{"KeyId": key})["KeyMetadata"], "KeyState")
}

func TestKey(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(members{"Description": "secrets", "Tags": []any{members{"TagKey": "team", "TagValue": "data"}}})
	id := key[strings.LastIndex(key, "/")+1:]
	want := members{"KeyMetadata": members{
		"AWSAccountId": l.AccountID(), "KeyId": id, "Arn": "arn:aws:kms:eu-west-1:" + l.AccountID() + ":key/" + id, "CreationDate": float64(start.Unix()),
		"Enabled": true, "Description": "secrets", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled", "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
		"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": []any{"SYMMETRIC_DEFAULT"}, "MultiRegion": false,
	}}
	if diff := cmp.Diff(want, l.must("DescribeKey", members{"KeyId": id})); diff != "" {
		t.Error(diff)
	}
	multi := l.newKey(members{"MultiRegion": true})
	if !strings.Contains(multi, ":key/mrk-") {
		t.Errorf("the multi-Region key is %s", multi)
	}

	l.must("UpdateKeyDescription", members{"KeyId": key, "Description": "more"})
	l.must("TagResource", members{"KeyId": key, "Tags": []any{members{"TagKey": "a", "TagValue": "1"}}})
	l.must("UntagResource", members{"KeyId": key, "TagKeys": []any{"team"}})
	if diff := cmp.Diff(members{"Tags": []any{members{"TagKey": "a", "TagValue": "1"}}, "Truncated": false}, l.must("ListResourceTags", members{"KeyId": key})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(members{"KeyId": key, "KeyRotationEnabled": false}, l.must("GetKeyRotationStatus", members{"KeyId": key})); diff != "" {
		t.Error(diff)
	}
	l.must("EnableKeyRotation", members{"KeyId": key, "RotationPeriodInDays": 100})
	l.Advance(150 * 24 * time.Hour)
	if diff := cmp.Diff(members{
		"KeyId": key, "KeyRotationEnabled": true, "RotationPeriodInDays": 100., "NextRotationDate": float64(start.Add(200 * 24 * time.Hour).Unix()),
	}, l.must("GetKeyRotationStatus", members{"KeyId": key})); diff != "" {
		t.Error(diff)
	}
	l.must("DisableKeyRotation", members{"KeyId": key})

	// Pages of one.
	var seen []string
	for marker := ""; ; {
		out := l.must("ListKeys", members{"Limit": 1, "Marker": marker})
		keys, _ := out["Keys"].([]any)
		for _, k := range keys {
			seen = append(seen, text(k, "KeyArn"))
		}
		if marker = text(out, "NextMarker"); marker == "" {
			break
		}
	}
	slices.Sort(seen)
	if diff := cmp.Diff(slices.Sorted(slices.Values([]string{key, multi})), seen); diff != "" {
		t.Error(diff)
	}
	_, err := l.kms(l.Administrator(), "ListKeys", members{"Marker": "x"})
	refused(t, err, "InvalidMarkerException", "")
}

func TestKeyStates(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(nil)
	l.must("CreateAlias", members{"AliasName": "alias/app", "TargetKeyId": key})
	sealed := l.must("Encrypt", members{"KeyId": "alias/app", "Plaintext": []byte("x")})["CiphertextBlob"]
	does := func() error {
		_, err := l.kms(l.Administrator(), "Decrypt", members{"CiphertextBlob": sealed})
		return err
	}
	l.must("DisableKey", members{"KeyId": key})
	refused(t, does(), "DisabledException", key+" is disabled.")
	l.must("EnableKey", members{"KeyId": key})
	if err := does(); err != nil {
		t.Error(err)
	}
	out := l.must("ScheduleKeyDeletion", members{"KeyId": key, "PendingWindowInDays": 7})
	if want := (members{"KeyId": key, "KeyState": "PendingDeletion", "PendingWindowInDays": 7., "DeletionDate": float64(start.AddDate(0, 0, 7).Unix())}); !cmp.Equal(want, out) {
		t.Error(cmp.Diff(want, out))
	}
	refused(t, does(), "KMSInvalidStateException", key+" is pending deletion.")
	_, err := l.kms(l.Administrator(), "EnableKey", members{"KeyId": key})
	refused(t, err, "KMSInvalidStateException", "is pending deletion.")
	l.must("CancelKeyDeletion", members{"KeyId": key})
	if got := l.keyState(key); got != "Disabled" {
		t.Errorf("after the cancelled deletion the key is %s", got)
	}
	_, err = l.kms(l.Administrator(), "CancelKeyDeletion", members{"KeyId": key})
	refused(t, err, "KMSInvalidStateException", "is not pending deletion.")
	l.Advance(8 * 24 * time.Hour)
	if got := l.keyState("alias/app"); got != "Disabled" {
		t.Errorf("long after the cancelled deletion the key is %s", got)
	}
	l.must("ScheduleKeyDeletion", members{"KeyId": key})
	l.Advance(30 * 24 * time.Hour)
	_, err = l.kms(l.Administrator(), "DescribeKey", members{"KeyId": key})
	refused(t, err, "NotFoundException", "Key '"+key+"' does not exist")
	_, err = l.kms(l.Administrator(), "DescribeKey", members{"KeyId": "alias/app"})
	refused(t, err, "NotFoundException", "alias/app is not found.")
	refused(t, does(), "AccessDeniedException", "The ciphertext refers to a customer master key that does not exist")
}

func TestKeyNames(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	first, second := l.newKey(nil), l.newKey(nil)
	l.must("CreateAlias", members{"AliasName": "alias/app", "TargetKeyId": first})
	aliasARN := "arn:aws:kms:eu-west-1:" + l.AccountID() + ":alias/app"
	found := func(id string) string {
		t.Helper()
		return text(l.must("DescribeKey", members{"KeyId": id})["KeyMetadata"], "Arn")
	}
	for _, id := range []string{first, first[strings.LastIndex(first, "/")+1:], "alias/app", aliasARN} {
		if got := found(id); got != first {
			t.Errorf("%s is %s, want %s", id, got, first)
		}
	}
	managed := found("alias/aws/secretsmanager")
	if got := l.must("DescribeKey", members{"KeyId": managed}); text(got["KeyMetadata"], "KeyManager") != "AWS" {
		t.Errorf("aws/secretsmanager is %v", got)
	}
	listed := func(in members) (names []string) {
		aliases, _ := l.must("ListAliases", in)["Aliases"].([]any)
		for _, a := range aliases {
			names = append(names, text(a, "AliasName")+" "+text(a, "TargetKeyId"))
		}
		return names
	}
	id := func(keyARN string) string { return keyARN[strings.LastIndex(keyARN, "/")+1:] }
	if diff := cmp.Diff([]string{"alias/app " + id(first), "alias/aws/secretsmanager " + id(managed)}, listed(nil)); diff != "" {
		t.Error(diff)
	}
	l.must("UpdateAlias", members{"AliasName": "alias/app", "TargetKeyId": second})
	if diff := cmp.Diff([]string{"alias/app " + id(second)}, listed(members{"KeyId": second})); diff != "" || found("alias/app") != second {
		t.Error("the alias has not moved", diff)
	}
	for name, test := range map[string]struct {
		operation     string
		in            members
		code, message string
	}{
		"alias taken":         {"CreateAlias", members{"AliasName": "alias/app", "TargetKeyId": first}, "AlreadyExistsException", "An alias with the name " + aliasARN + " already exists"},
		"no prefix":           {"CreateAlias", members{"AliasName": "app", "TargetKeyId": first}, "ValidationException", "alias/"},
		"reserved":            {"CreateAlias", members{"AliasName": "alias/aws/app", "TargetKeyId": first}, "NotAuthorizedException", ""},
		"no such alias":       {"DeleteAlias", members{"AliasName": "alias/other"}, "NotFoundException", "alias/other is not found."},
		"no such key":         {"DescribeKey", members{"KeyId": strings.Repeat("0", 8)}, "NotFoundException", "does not exist"},
		"no ID":               {"DescribeKey", members{"KeyId": "foo"}, "NotFoundException", "Invalid keyId 'foo'"},
		"no ARN of a key":     {"DescribeKey", members{"KeyId": "arn:aws:s3:::bucket"}, "InvalidArnException", ""},
		"other Region":        {"DescribeKey", members{"KeyId": strings.Replace(first, "eu-west-1", "us-east-1", 1)}, "NotFoundException", "Invalid arn us-east-1"},
		"other account":       {"DescribeKey", members{"KeyId": strings.Replace(first, l.AccountID(), "210987654321", 1)}, "AccessDeniedException", "because the resource does not exist in this Region"},
		"alias for a key":     {"GetKeyPolicy", members{"KeyId": "alias/app"}, "NotFoundException", "Invalid keyId 'alias/app'"},
		"managed is not ours": {"DisableKey", members{"KeyId": managed}, "AccessDeniedException", "kms:DisableKey"},
		"asymmetric":          {"CreateKey", members{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.kms(l.Administrator(), test.operation, test.in)
			refused(t, err, test.code, test.message)
		})
	}
}

// TestKeyPolicies checks who may use a key: the rules of
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html.
func TestKeyPolicies(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	const (
		decide  = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}`
		manage  = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/administrator"},"Action":"kms:*","Resource":"*"}`
		decrypt = `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}`
		none    = `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	)
	names := func(user, effect string) string {
		return `{"Effect":"` + effect + `","Principal":{"AWS":"arn:aws:iam::123456789012:user/` + user + `"},"Action":"kms:Decrypt","Resource":"*"}`
	}
	for name, test := range map[string]struct {
		policy []string // %USER is the user's name
		user   string
		why    string // empty is allowed
	}{
		"both":                       {[]string{decide}, decrypt, ""},
		"left to IAM which does not": {[]string{decide}, none, "because no identity-based policy allows the kms:Decrypt action"},
		"not left to IAM":            {[]string{manage}, decrypt, "because no resource-based policy allows the kms:Decrypt action"},
		"named":                      {[]string{manage, names("%USER", "Allow")}, none, ""},
		"another named":              {[]string{manage, names("administrator", "Allow")}, decrypt, "because no resource-based policy allows the kms:Decrypt action"},
		"denied by the key":          {[]string{decide, names("%USER", "Deny")}, decrypt, "with an explicit deny in a resource-based policy"},
		"denied by IAM":              {[]string{decide, names("%USER", "Allow")}, `{"Effect":"Deny","Action":"kms:*","Resource":"*"}`, "with an explicit deny in an identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(name, " ", "-")
			user := l.NewUser(name, statements(test.user))
			key := l.newKey(members{"Policy": statements(strings.ReplaceAll(strings.Join(test.policy, ","), "%USER", name))})
			sealed := l.must("Encrypt", members{"KeyId": key, "Plaintext": []byte(planted)})["CiphertextBlob"]
			for _, in := range []members{{"CiphertextBlob": sealed}, {"CiphertextBlob": sealed, "KeyId": key}} {
				_, err := l.kms(user, "Decrypt", in)
				switch {
				case test.why != "":
					refused(t, err, "AccessDeniedException", test.why)
				case err != nil:
					t.Error(err)
				}
			}
		})
	}
}

func TestPutKeyPolicy(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(nil)
	policy := func() string {
		return text(l.must("GetKeyPolicy", members{"KeyId": key, "PolicyName": "default"}), "Policy")
	}
	if got := policy(); !strings.Contains(got, `"AWS":"arn:aws:iam::123456789012:root"`) {
		t.Errorf("the default policy is %s", got)
	}
	if diff := cmp.Diff(members{"PolicyNames": []any{"default"}, "Truncated": false}, l.must("ListKeyPolicies", members{"KeyId": key})); diff != "" {
		t.Error(diff)
	}
	const locks = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:Decrypt","Resource":"*"}`
	for name, test := range map[string]struct{ policy, message string }{
		"locks out":  {statements(locks), "The new key policy will not allow you to update the key policy in the future."},
		"principal":  {statements(strings.Replace(locks, ":root", ":user/nobody", 1)), "Policy contains a statement with one or more invalid principals."},
		"syntax":     {`{"Statement":`, ""},
		"anonymous":  {policyOfAll, "without a principal"},
		"statements": {`{"Version":"2012-10-17","Statement":[]}`, ""},
	} {
		for _, operation := range []string{"PutKeyPolicy", "CreateKey"} {
			_, err := l.kms(l.Administrator(), operation, members{"KeyId": key, "Policy": test.policy})
			t.Log(name, operation)
			refused(t, err, "MalformedPolicyDocumentException", test.message)
		}
	}
	document := statements(strings.Replace(locks, "kms:Decrypt", "kms:*", 1))
	l.must("PutKeyPolicy", members{"KeyId": key, "Policy": document})
	if got := policy(); got != document {
		t.Errorf("the policy is %s", got)
	}
	l.must("PutKeyPolicy", members{"KeyId": key, "Policy": statements(locks), "BypassPolicyLockoutSafetyCheck": true})
	_, err := l.kms(l.Administrator(), "GetKeyPolicy", members{"KeyId": key})
	refused(t, err, "AccessDeniedException", "because no resource-based policy allows the kms:GetKeyPolicy action")
}

func TestEncryptionContext(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key, other := l.newKey(nil), l.newKey(nil)
	ours := members{"SecretARN": "a", "SecretVersionId": "b"}
	sealed := l.must("Encrypt", members{"KeyId": key, "Plaintext": []byte("text"), "EncryptionContext": ours})["CiphertextBlob"]
	out := l.must("Decrypt", members{"CiphertextBlob": sealed, "EncryptionContext": ours})
	if diff := cmp.Diff(members{"KeyId": key, "Plaintext": "dGV4dA==", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, out); diff != "" {
		t.Error(diff)
	}
	made := l.must("GenerateDataKey", members{"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": ours})
	if got := l.must("Decrypt", members{"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": ours})["Plaintext"]; got != made["Plaintext"] || len(text(made, "Plaintext")) != 44 {
		t.Error("the data key is not the one that was made")
	}
	user := l.NewUser("reader", statements(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:SecretARN":"a"}}}`))
	for name, test := range map[string]struct {
		as        aws.Credentials
		operation string
		in        members
		code      string // empty is allowed
	}{
		"condition holds": {user, "Decrypt", members{"CiphertextBlob": sealed, "EncryptionContext": ours}, ""},
		"condition fails": {user, "Decrypt", members{"CiphertextBlob": sealed, "EncryptionContext": members{"SecretARN": "c"}}, "AccessDeniedException"},
		"no context":      {user, "Decrypt", members{"CiphertextBlob": sealed}, "AccessDeniedException"},
		"another value":   {l.Administrator(), "Decrypt", members{"CiphertextBlob": sealed, "EncryptionContext": members{"SecretARN": "a", "SecretVersionId": "c"}}, "InvalidCiphertextException"},
		"none given":      {l.Administrator(), "Decrypt", members{"CiphertextBlob": sealed}, "InvalidCiphertextException"},
		"no ciphertext":   {l.Administrator(), "Decrypt", members{"CiphertextBlob": []byte("xyz")}, "InvalidCiphertextException"},
		"another key":     {l.Administrator(), "Decrypt", members{"CiphertextBlob": sealed, "EncryptionContext": ours, "KeyId": other}, "IncorrectKeyException"},
		"size and spec":   {l.Administrator(), "GenerateDataKey", members{"KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 8}, "ValidationException"},
		"nothing":         {l.Administrator(), "Encrypt", members{"KeyId": key}, "ValidationException"},
		"RSA":             {l.Administrator(), "Encrypt", members{"KeyId": key, "Plaintext": []byte("x"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}, "InvalidKeyUsageException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.kms(test.as, test.operation, test.in)
			switch {
			case test.code != "":
				refused(t, err, test.code, "")
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// TestKeyCallLog checks that KMS has the call log and the faults that all
// services have.
func TestKeyCallLog(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := l.newKey(nil)
	l.ForgetCalls()
	l.Inject(awslab.Fault{Service: "kms", Operation: "DescribeKey", Times: 1, Code: "KMSInternalException", Status: http.StatusInternalServerError})
	_, err := l.kms(l.Administrator(), "DescribeKey", members{"KeyId": key})
	refused(t, err, "KMSInternalException", "")
	l.must("CreateAlias", members{"AliasName": "alias/app", "TargetKeyId": key})
	l.must("GenerateDataKey", members{"KeyId": key, "KeySpec": "AES_256"})
	var got []string
	for _, c := range l.Calls() {
		line := c.String() + " " + c.Target + " " + c.Detail
		if c.Writes() {
			line += " writes"
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"kms:DescribeKey " + key + " ", "kms:CreateAlias alias/app " + key + " writes", "kms:GenerateDataKey " + key + " "}, got); diff != "" {
		t.Error(diff)
	}
}
