package rotation

import (
	"context"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Diagnosis is what is wrong with the rotation of a secret.
type Diagnosis struct {
	Status

	Findings []findings.Finding // the worst first
}

// Healthy reports whether nothing keeps the secret from rotating.
func (d Diagnosis) Healthy() bool { return !findings.HasErrors(d.Findings) }

// Diagnose looks at everything that decides whether a secret rotates:
// configuration, permissions, network, logs and events. It writes nothing and
// asks for no rotation. Of want it takes SecretID, Region, RotationType,
// SuperuserSecretARN, Access and ReadValue; all else is as AWS has it.
func (s *Service) Diagnose(ctx context.Context, want Setup) (Diagnosis, error) {
	o, err := s.begin(ctx, want.SecretID, want.Region, inspectTimeout)
	if err != nil {
		return Diagnosis{}, err
	}
	sec, err := o.find(ctx, want.SecretID)
	if err != nil {
		return Diagnosis{}, err
	}
	return Diagnosis{Status: o.status(ctx, sec)}, nil
}
