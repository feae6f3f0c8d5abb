package rotation

import (
	"context"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/secretstring"
)

// ValueInspection is what a plan may know of the value of a secret.
type ValueInspection struct {
	SecretARN string
	// HasValue says that the secret has a value, so that a create adopts it.
	HasValue bool
	// Unmerged are the keys of the connection that the value has otherwise, and Fixed
	// those of them that the first value alone decides, as far as the value was read.
	Unmerged, Fixed []string
	// Findings are of the value with the connection merged in, by the rotation type.
	Findings []findings.Finding
	// Disturbed is why the value can't be changed now; nil if it can.
	Disturbed *Problem
}

// InspectValue looks at a secret for a plan. It writes nothing, and reads the value
// only if it may.
func (s *Service) InspectValue(ctx context.Context, want Value, readValue bool) (ValueInspection, error) {
	o, err := s.plan(ctx, want.SecretID, want.Region)
	if err != nil {
		return ValueInspection{}, err
	}
	sec, err := o.writable(ctx, want.SecretID)
	if err != nil {
		return ValueInspection{}, err
	}
	in := ValueInspection{SecretARN: sec.Parsed.String(), HasValue: sec.Current() != "", Disturbed: disturbed(sec, s.clock.Now())}
	if !in.HasValue || !readValue {
		return in, nil
	}
	value := o.Value(ctx, in.SecretARN, sec.Current())
	if value.State != facts.ValuePresent {
		return in, nil
	}
	if value.Binary {
		in.Findings = []findings.Finding{findings.SecretBinaryValue()}
		return in, nil
	}
	in.Unmerged, in.Fixed = want.compare(value)
	merged, _, err := secretstring.Merge(want.RotationType, value.Text, want.mergeable(), want.Password)
	if err != nil {
		merged = value.Text // The findings say what is wrong with it.
	}
	in.Findings = findings.SecretString(want.RotationType, merged, nil)
	if err != nil && len(in.Findings) == 0 { // Of a type without a known format they say nothing.
		in.Findings = []findings.Finding{findings.New(findings.SecretNotJSON, findings.Error, err.Error(), "Remove `connection_fields`, or store a JSON object with the password in `password` first.")}
	}
	return in, nil
}
