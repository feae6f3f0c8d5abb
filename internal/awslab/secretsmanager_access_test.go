package awslab_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
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

// TestNarrowedSession reads a secret with a session whose policy allows something else. A resource policy that names the session gives
// to it directly; one that names the role gives only what the session policy leaves.
func TestNarrowedSession(t *testing.T) {
	t.Parallel()
	for principal, allowed := range map[string]bool{
		"arn:aws:sts::123456789012:assumed-role/caller/test": true,
		"arn:aws:iam::123456789012:role/caller":              false,
	} {
		t.Run(principal, func(t *testing.T) {
			t.Parallel()
			l := newServicesLab(t)
			admin := secretsmanager.NewFromConfig(l.Config())
			secret := try[*secretsmanager.CreateSecretOutput](t)(admin.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: new("orders"), SecretString: new("x")}))
			role := l.newRole("caller", statements(`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}`))
			try[*secretsmanager.PutResourcePolicyOutput](t)(admin.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{
				SecretId:       secret.ARN,
				ResourcePolicy: new(statements(`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*","Principal":{"AWS":"` + principal + `"}}`)),
			}))
			session := sessionOf(try[*sts.AssumeRoleOutput](t)(l.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{
				RoleArn: role.Arn, RoleSessionName: new("test"), Policy: new(statements(statement("Allow", "s3:*", "*"))),
			})).Credentials)
			_, err := secretsmanager.NewFromConfig(l.ConfigFor(session)).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: secret.ARN})
			if allowed && err != nil {
				t.Error(err)
			}
			if !allowed {
				refused(t, err, "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue")
			}
		})
	}
}
