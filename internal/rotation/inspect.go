package rotation

import (
	"context"
	"fmt"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Inspection is what a plan may know of a setup that is to be created.
type Inspection struct {
	SecretARN     string
	OwningService string
	KMSKeyARN     string
	// SuperuserOwner is the service that manages the superuser secret;
	// SuperuserKnown is false when the role policy depends on that and AWS does
	// not tell.
	SuperuserOwner string
	SuperuserKnown bool
	// RolePolicy is what the create will write, empty if that is not known.
	RolePolicy string
	// VPC says that the policy connects the function to its VPC.
	VPC bool
	// Rotates says that the create will rotate a credential that is in use. A
	// value that is younger than an hour counts as the first one, stored for
	// this very setup.
	Rotates bool
	// TakesOver says that rotation is on because of an earlier create, and that
	// this one goes on from there.
	TakesOver bool
	// RotatesIfReplaced says the same of a create that comes after the destroy of
	// the setup that is there.
	RotatesIfReplaced bool
	Problems          []Problem
}

// inspectTimeout is for operations that only look.
const inspectTimeout = time.Minute

// firstValueAge is the age up to which a value is taken for the first one.
const firstValueAge = time.Hour

// Inspect looks at AWS for the plan of a create. It writes nothing. Problems
// that a plan can't know to last are warnings.
func (s *Service) Inspect(ctx context.Context, want Setup) (Inspection, error) {
	o, err := s.plan(ctx, want.SecretID, want.Region)
	if err != nil {
		return Inspection{}, err
	}
	sc, err := o.lookAround(ctx, want)
	if err != nil {
		return Inspection{}, err
	}
	object := sc.object(want)
	in := Inspection{
		SecretARN:      object.SecretARN,
		OwningService:  object.OwningService,
		KMSKeyARN:      object.KMSKeyARN,
		SuperuserOwner: sc.superuser.owner, // The object has it only with a function.
		SuperuserKnown: sc.superuser.exists || !want.SuperuserMatters(),
	}
	if in.SuperuserKnown {
		in.RolePolicy, in.VPC = object.RolePolicy, object.VPC
	}
	if current := sc.secret.Current(); current != "" && o.asks(ctx, want, sc) {
		in.Rotates = s.clock.Now().Sub(o.madeAt(ctx, in.SecretARN, current)) > firstValueAge
	}
	in.TakesOver = sc.remnant && sc.function != nil
	in.RotatesIfReplaced = sc.remnant && want.Enabled && sc.rotatesAtCreate(want)
	problems, err := o.preflight(ctx, want, sc, object.KMSKeyARN, object.Permissions)
	if err != nil {
		return Inspection{}, err
	}
	in.Problems = append(noValue(want, sc.secret), problems...)
	if want.Check && want.Managed && sc.function != nil {
		r, err := o.seenRole(ctx, object.RoleARN)
		if err != nil {
			return Inspection{}, err
		}
		full, err := o.limits(ctx, r, object.Permissions, want.sharedSize(), want.Lenient)
		if err != nil {
			return Inspection{}, err
		}
		in.Problems = append(in.Problems, full...)
	}
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		p.Warning = true // The function may get that role in this plan.
		in.Problems = append(in.Problems, *p)
	}
	return in, nil
}

// Resolve returns the ARN of a secret given by ARN or name.
func (s *Service) Resolve(ctx context.Context, secretID, region string) (string, error) {
	o, err := s.begin(ctx, secretID, region, inspectTimeout)
	if err != nil {
		return "", err
	}
	return o.resolve(ctx, secretID)
}

func (o *operation) resolve(ctx context.Context, secretID string) (string, error) {
	sec, err := o.find(ctx, secretID)
	if err != nil {
		return "", err
	}
	return sec.Parsed.String(), nil
}

// noValue is the problem of a secret that a function is to rotate and that has
// nothing to start from.
func noValue(want Setup, sec *secret) []Problem {
	if want.FunctionARN == "" && !want.FunctionPending || sec.Current() != "" {
		return nil
	}
	f := missingValue(want.SecretID)
	return []Problem{Of(f, "secret_id")}
}

func missingValue(secretID string) findings.Finding {
	return findings.New(findings.SecretNoValue, findings.Error,
		fmt.Sprintf("The secret %q has no value yet, and a rotation function starts from the current one.", secretID),
		"Store the first value before this setup is created, with `rotation_secret_value` for example, and let the setup refer to it: `secret_id = rotation_secret_value.NAME.secret_arn`.")
}
