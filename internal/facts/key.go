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
func (s Source) Key(ctx context.Context, keyID string) (findings.Key, error) {
	return recall(s, "key "+keyID, func() (findings.Key, error) {
		k := findings.Key{ARN: keyID}
		out, err := s.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyID})
		switch {
		case awsapi.Is(err, "NotFoundException"):
			k.State = findings.KeyMissing
			return k, nil
		case awsapi.IsAccessDenied(err):
			k.Unseen = append(k.Unseen, "kms:DescribeKey")
		case err != nil:
			return k, err
		default:
			k.ARN, k.State, k.Owner = aws.ToString(out.KeyMetadata.Arn), string(out.KeyMetadata.KeyState), string(out.KeyMetadata.KeyManager)
		}
		// It takes no alias; where the key is not known by its ARN, KMS says so.
		policy, err := s.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &k.ARN})
		switch {
		case awsapi.IsAccessDenied(err), awsapi.Is(err, "NotFoundException", "InvalidArnException"):
			k.Unseen = append(k.Unseen, "kms:GetKeyPolicy")
		case err != nil:
			return k, err
		default:
			k.Policy = new(ReadPolicy(k.ARN, aws.ToString(policy.Policy)))
		}
		return k, nil
	})
}
