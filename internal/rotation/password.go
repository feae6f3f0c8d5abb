package rotation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
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
		return "", failed("", "generate a password", "Secrets Manager has generated no password.", err)
	}
	return aws.ToString(out.RandomPassword), nil
}
