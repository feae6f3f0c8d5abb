package rotation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// RandomPassword has Secrets Manager generate a password, in a Region or, if it
// is empty, in the default Region of the connection. The password is kept
// nowhere.
func (s *Service) RandomPassword(ctx context.Context, region string, in *secretsmanager.GetRandomPasswordInput) (string, error) {
	clients, err := s.connect(ctx, region)
	if err != nil {
		return "", err
	}
	out, err := clients.SecretsManager.GetRandomPassword(ctx, in)
	if err != nil {
		advice := "Secrets Manager has generated no password."
		if awsapi.IsAccessDenied(err) {
			advice = "Allow these credentials `secretsmanager:GetRandomPassword`, which has no resource: it is allowed on `*`."
		}
		return "", failed("", "generate a password", advice, err)
	}
	return aws.ToString(out.RandomPassword), nil
}
