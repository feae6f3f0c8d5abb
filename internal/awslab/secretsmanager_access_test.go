package awslab_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestResourcePolicy(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	reader := l.NewUser("reader", "")
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + l.AccountID() + `:user/reader"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`
	get := func() error {
		_, err := l.as(reader).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
		return err
	}
	refused(t, get(), "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue on resource: "+secret)
	try[*secretsmanager.PutResourcePolicyOutput](t)(l.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: &document, BlockPublicPolicy: new(true)}))
	if err := get(); err != nil {
		t.Errorf("the policy allows it: %v", err)
	}
	got := try[*secretsmanager.GetResourcePolicyOutput](t)(l.GetResourcePolicy(t.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: &secret}))
	if *got.ResourcePolicy != document {
		t.Errorf("the policy is %s", *got.ResourcePolicy)
	}
	public := strings.Replace(document, `{"AWS":"arn:aws:iam::`+l.AccountID()+`:user/reader"}`, `"*"`, 1)
	_, err := l.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: &public, BlockPublicPolicy: new(true)})
	refused(t, err, "PublicPolicyException", "BlockPublicPolicy")
	_, err = l.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: new(`{"Statement"`)})
	refused(t, err, "MalformedPolicyDocumentException", "This resource policy contains a syntax error")
	checked := try[*secretsmanager.ValidateResourcePolicyOutput](t)(l.ValidateResourcePolicy(t.Context(), &secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: &public}))
	if checked.PolicyValidationPassed || len(checked.ValidationErrors) != 1 {
		t.Errorf("validation of a public policy: %+v", checked)
	}
	try[*secretsmanager.DeleteResourcePolicyOutput](t)(l.DeleteResourcePolicy(t.Context(), &secretsmanager.DeleteResourcePolicyInput{SecretId: &secret}))
	refused(t, get(), "AccessDeniedException", "GetSecretValue")
}

// TestConditionKeys checks the condition keys that policies limit secrets by.
func TestConditionKeys(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, untagged := l.create("app", planted), l.create("other", planted)
	if err := l.put(secret, 2, planted); err != nil {
		t.Fatal(err)
	}
	try[*secretsmanager.TagResourceOutput](t)(l.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: &secret, Tags: []types.Tag{{Key: new("team"), Value: new("x")}}}))
	for name, test := range map[string]struct {
		condition    string
		allowed, not secretsmanager.GetSecretValueInput
	}{
		"VersionStage": {
			`"secretsmanager:VersionStage":"AWSCURRENT"`,
			secretsmanager.GetSecretValueInput{SecretId: &secret},
			secretsmanager.GetSecretValueInput{SecretId: &secret, VersionStage: new("AWSPREVIOUS")},
		},
		"VersionId": {
			`"secretsmanager:VersionId":"` + token(1) + `"`,
			secretsmanager.GetSecretValueInput{SecretId: &secret, VersionId: new(token(1))},
			secretsmanager.GetSecretValueInput{SecretId: &secret},
		},
		"SecretId": {
			`"secretsmanager:SecretId":"app"`,
			secretsmanager.GetSecretValueInput{SecretId: new("app")},
			secretsmanager.GetSecretValueInput{SecretId: &secret},
		},
		"tag": {
			`"aws:ResourceTag/team":"x","secretsmanager:SecretPrimaryRegion":"eu-west-1"`,
			secretsmanager.GetSecretValueInput{SecretId: &secret},
			secretsmanager.GetSecretValueInput{SecretId: &untagged},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := l.as(l.NewUser("reader-"+name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*",
				"Condition":{"StringEquals":{`+test.condition+`}}}}`))
			if _, err := client.GetSecretValue(t.Context(), &test.allowed); err != nil {
				t.Error(err)
			}
			_, err := client.GetSecretValue(t.Context(), &test.not)
			refused(t, err, "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue")
		})
	}
}
