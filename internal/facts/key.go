package facts

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Key describes a KMS key, given by the ARN of the key or of an alias, with its
// policy.
func (s Source) Key(ctx context.Context, keyID string) findings.Key {
	k, _ := advice(ctx, s, "kms", "key "+keyID, func(ctx context.Context) (findings.Key, error) {
		k := findings.Key{ARN: keyID}
		out, err := s.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyID})
		switch {
		case awsapi.Is(err, "NotFoundException"):
			k.State = findings.KeyMissing
			return k, nil
		case err != nil:
			k.Unseen = lacking(k.Unseen, "kms:DescribeKey", err)
		default:
			k.ARN, k.State, k.Owner = aws.ToString(out.KeyMetadata.Arn), string(out.KeyMetadata.KeyState), string(out.KeyMetadata.KeyManager)
		}
		if err != nil && !awsapi.IsAccessDenied(err) {
			return k, nil // KMS cannot be reached.
		}
		// It takes no alias; where the key is not known by its ARN, KMS says so.
		policy, err := s.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &k.ARN})
		if err != nil {
			k.Unseen = lacking(k.Unseen, "kms:GetKeyPolicy", err)
			return k, nil
		}
		k.Policy = new(ReadPolicy(k.ARN, aws.ToString(policy.Policy)))
		return k, nil
	})
	return k
}
