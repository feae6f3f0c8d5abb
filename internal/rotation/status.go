package rotation

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/schedule"
)

// Status is how far the rotation of a secret has got. Times are zero where AWS
// has none.
type Status struct {
	SecretARN     string
	FunctionARN   string
	OwningService string
	// Deleted is the date that AWS gives for its deletion, if that is scheduled.
	Deleted time.Time
	// Enabled is nil if rotation was never configured.
	Enabled                   *bool
	Rules                     Rules
	LastRotated, NextRotation time.Time
	// Window is the rotation window that NextRotation is the last second of; nil if
	// there is none, or what AWS says does not fit the schedule.
	Window *schedule.Window
	// Overdue says that the time until which the secret was to rotate is over.
	Overdue bool
	// VersionStages has the staging labels of the versions that have any.
	VersionStages map[string][]string
	// PendingVersionID is the version of a rotation that is not complete;
	// PendingSince is when it was made, zero if these credentials may not see that.
	PendingVersionID string
	PendingSince     time.Time
	// Leftover says that the rotation of the pending version has finished, and only
	// its label was left behind, which blocks the next one.
	Leftover bool
}

// Status looks at a secret, given by ARN or name.
func (s *Service) Status(ctx context.Context, secretID, region string) (Status, error) {
	o, err := s.look(ctx, secretID, region)
	if err != nil {
		return Status{}, err
	}
	sec, err := o.find(ctx, secretID)
	if err != nil {
		return Status{}, err
	}
	return o.status(ctx, sec), nil
}

// find describes a secret that has to be there.
func (o *operation) find(ctx context.Context, secretID string) (*secret, error) {
	sec, err := o.describe(ctx, secretID)
	if awsapi.IsNotFound(err) {
		return nil, secretNotFound(secretID, o.Region, err)
	}
	if err != nil {
		return nil, notDescribed(err)
	}
	if p := partial(secretID, sec); p != nil {
		return nil, p
	}
	return sec, nil
}

// notDescribed is the problem of a secret that AWS does not describe.
func notDescribed(err error) *Problem {
	advice := ""
	if awsapi.IsAccessDenied(err) {
		advice = "Allow these credentials `secretsmanager:DescribeSecret` on the secret: nothing works without it."
	}
	return failed("secret_id", "read the secret", advice, err)
}

func (o *operation) status(ctx context.Context, sec *secret) Status {
	st := Status{
		SecretARN: sec.Parsed.String(), FunctionARN: aws.ToString(sec.RotationLambdaARN), OwningService: aws.ToString(sec.OwningService),
		Enabled: sec.RotationEnabled, Rules: sec.rules(), LastRotated: aws.ToTime(sec.LastRotatedDate), NextRotation: aws.ToTime(sec.NextRotationDate),
		Deleted: aws.ToTime(sec.DeletedDate), VersionStages: sec.VersionIdsToStages, PendingVersionID: sec.Pending(),
	}
	if st.PendingVersionID == "" {
		st.PendingVersionID = sec.Leftover()
		st.Leftover = st.PendingVersionID != ""
	}
	if st.PendingVersionID != "" {
		st.PendingSince = o.madeAt(ctx, st.SecretARN, st.PendingVersionID)
	}
	st.Overdue = o.state(st, sec, nil).Overdue()
	// AWS gives the last second of the window, which ends on the hour.
	end := st.NextRotation.Truncate(time.Second).Add(time.Second)
	if _, _, known := sec.Schedule(); known && sec.Enabled() && !st.NextRotation.IsZero() && end.Equal(end.Truncate(time.Hour)) {
		st.Window = &schedule.Window{Start: end.Add(-sec.Window()), End: end}
	}
	return st
}
