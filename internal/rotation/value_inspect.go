package rotation

import (
	"context"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// ValueInspection is what a plan may know of the value of a secret.
type ValueInspection struct {
	SecretARN string
	// HasValue says that the secret has a value, so that a create adopts it.
	HasValue bool
	// Unmerged are the keys of the connection that the value has otherwise, as far as
	// the value was read, and Refused is why it is none that the configuration is for.
	Unmerged []string
	Refused  Problems
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
	in := ValueInspection{SecretARN: sec.Parsed.String(), HasValue: sec.Current() != "", Disturbed: o.disturbed(ctx, sec)}
	if !in.HasValue || !readValue {
		return in, nil
	}
	value := o.Value(ctx, in.SecretARN, sec.Current())
	if value.State != facts.ValuePresent {
		return in, nil
	}
	found := want.against(value)
	in.Refused, in.Findings = found.refused, found.findings
	for _, key := range found.changed {
		if _, ofConnection := want.Connection[key]; ofConnection {
			in.Unmerged = append(in.Unmerged, key)
		}
	}
	if p := found.unmergeable; p != nil && len(in.Refused) == 0 {
		in.Refused = Problems{*p}
	}
	return in, nil
}
