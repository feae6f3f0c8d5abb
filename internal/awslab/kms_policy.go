package awslab

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// The one policy of a key has this name.
const keyPolicyName = "default"

// defaultKeyPolicy is what a key gets whose creator gives no policy: it leaves
// permissions to IAM.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
func (s *kmsState) defaultKeyPolicy(region string) policyText {
	return mustReadPolicy(`{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"arn:` + partition(region) + `:iam::` + s.lab.options.AccountID + `:root"},"Action":"kms:*","Resource":"*"}]}`)
}

// managedKeyPolicy is the policy of the key aws/secretsmanager: whoever may use
// Secrets Manager in the account may use the key through it.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html.
func (s *kmsState) managedKeyPolicy(region string) policyText {
	suffix, account := arn.DNSSuffix(partition(region)), s.lab.options.AccountID
	return mustReadPolicy(`{"Version":"2012-10-17","Id":"auto-secretsmanager-2","Statement":[` +
		`{"Sid":"Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager","Effect":"Allow","Principal":{"AWS":["*"]},` +
		`"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:CallerAccount":"` + account + `","kms:ViaService":"secretsmanager.` + region + `.` + suffix + `"}}},` +
		`{"Sid":"Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS Secrets Manager","Effect":"Allow","Principal":{"AWS":["*"]},` +
		`"Action":"kms:GenerateDataKey*","Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:CallerAccount":"` + account + `"},"StringLike":{"kms:ViaService":"secretsmanager.*.` + suffix + `"}}},` +
		`{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow","Principal":{"AWS":["arn:` + partition(region) + `:iam::` + account + `:root"]},` +
		`"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}`)
}

func mustReadPolicy(text string) policyText {
	document, err := iampolicy.Parse(text)
	if err != nil {
		panic("awslab: a policy of KMS: " + err.Error())
	}
	return policyText{text, document}
}

// readKeyPolicy checks a document as PutKeyPolicy does.
func (c *call) readKeyPolicy(text string) (policyText, error) {
	if err := lengthOf("policy", text, 1, 32768); err != nil {
		return policyText{}, err
	}
	malformed := func(message string) (policyText, error) {
		return policyText{}, errorf("MalformedPolicyDocumentException", "%s", message)
	}
	document, err := iampolicy.Parse(text)
	if err != nil || len(document.Statements) == 0 {
		return malformed("The policy document has syntax errors.")
	}
	for _, s := range document.Statements {
		if s.Principals == nil && s.NotPrincipals == nil {
			return malformed("Policy contains a statement without a principal.")
		}
		if s.Resources == nil && s.NotResources == nil {
			return malformed("Policy contains a statement without a resource.")
		}
		for _, principal := range slices.Concat(s.Principals["AWS"], s.NotPrincipals["AWS"]) {
			if !c.lab.iam.knows(principal) && !strings.Contains(principal, ":assumed-role/") {
				return malformed("Policy contains a statement with one or more invalid principals.")
			}
		}
	}
	return policyText{text, document}, nil
}

// bypass is the condition key of requests that can lock out their sender.
func bypass(on bool) []string {
	return []string{"kms:BypassPolicyLockoutSafetyCheck", strconv.FormatBool(on)}
}

// notLockedOut refuses a policy that would not let its writer write the next
// one.
func (c *call) notLockedOut(k *kmsKey, policy policyText) error {
	next := *k
	next.policy = policy
	if c.mayOnKey(&next, "PutKeyPolicy", pairs(bypass(false)...), "") != nil {
		return errorf("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

type keyPolicyInput struct {
	keyInput
	PolicyName, Policy             string
	BypassPolicyLockoutSafetyCheck bool
}

func (in keyPolicyInput) check() error {
	if in.PolicyName == "" || in.PolicyName == keyPolicyName {
		return nil
	}
	return errorf("NotFoundException", "No such policy exists")
}

// putKeyPolicy follows
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html.
func putKeyPolicy(c *call, in *keyPolicyInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	k, err := c.liveKey(in.KeyID, bypass(in.BypassPolicyLockoutSafetyCheck)...)
	if err != nil {
		return nil, err
	}
	policy, err := c.readKeyPolicy(in.Policy)
	if err != nil {
		return nil, err
	}
	if !in.BypassPolicyLockoutSafetyCheck {
		if err := c.notLockedOut(k, policy); err != nil {
			return nil, err
		}
	}
	k.policy = policy
	return nil, nil
}

func getKeyPolicy(c *call, in *keyPolicyInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	k, err := c.key(in.KeyID)
	if err != nil {
		return nil, err
	}
	return struct{ Policy, PolicyName string }{k.policy.text, keyPolicyName}, nil
}

func listKeyPolicies(c *call, in *keyInput) (any, error) {
	if _, err := c.key(in.KeyID); err != nil {
		return nil, err
	}
	return struct {
		PolicyNames []string
		Truncated   bool
	}{[]string{keyPolicyName}, false}, nil
}
