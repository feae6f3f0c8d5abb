package findings

import (
	"fmt"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// SecretArgument is the argument that names the secret that rotates.
const SecretArgument = "secret_id"

// Secret is what AWS says of a secret, apart from its rotation.
type Secret struct {
	ID            string // as the configuration names it
	Region        string // that it is in
	PrimaryRegion string // of a secret that is replicated; else empty
	Deleted       bool   // AWS is going to delete it
	OwningService string // that manages it, as "rds"; else empty
	Type          string // of a managed external secret, as "SalesforceClientSecret"; else empty
	// Function says that a function is to rotate it, and FunctionARN which, empty as long as that is not known.
	Function    bool
	FunctionARN string
}

// SecretMissing returns the finding for a secret that does not exist in a Region.
func SecretMissing(id, region string) Finding {
	return of(SecretArgument, New(SecretNotFound, Error, fmt.Sprintf("There is no secret %q in Region %s.", id, region),
		"Check the name or ARN and the Region; a secret given by name is looked up in `region`, or in the provider's."))
}

// SecretUsable says why a secret cannot rotate, or not with the function. It returns one finding at most.
func SecretUsable(s Secret) []Finding {
	switch {
	case s.Deleted:
		return []Finding{of(SecretArgument, New(SecretDeleted, Error,
			fmt.Sprintf("AWS will delete the secret %q; it can't rotate.", s.ID), "Restore it with `aws secretsmanager restore-secret`, or use another secret."))}
	case s.PrimaryRegion != "" && s.PrimaryRegion != s.Region:
		return []Finding{of(SecretArgument, New(SecretReplica, Error,
			fmt.Sprintf("The secret %q is a replica in %s; only the primary in %s can rotate, and its replicas follow.", s.ID, s.Region, s.PrimaryRegion),
			"Give the primary secret's ARN."))}
	case s.OwningService != "" && s.Function:
		return []Finding{of(FunctionArgument, New(SecretServiceManaged, Error,
			fmt.Sprintf("The secret %q belongs to the service %q, which rotates it itself; AWS accepts no rotation function for it.", s.ID, s.OwningService),
			"Leave `rotation_lambda_arn` out: schedule and switch can still be set here."))}
	case s.Type != "" && s.Function:
		return []Finding{of(FunctionArgument, New(SecretServiceManaged, Error,
			fmt.Sprintf("The secret %q is a managed external secret of type %s; AWS accepts no rotation function for it.", s.ID, s.Type),
			"Leave `rotation_lambda_arn` out and give `external_secret_rotation_role_arn`."))}
	}
	if f, err := arn.ParseFunction(s.FunctionARN); err == nil && f.Region != s.Region {
		return []Finding{OtherRegion(f.Region, s.Region)}
	}
	return nil
}

// SecretWritable says why no value can be stored in a secret. It returns one finding at most.
func SecretWritable(s Secret) []Finding {
	switch {
	case s.Deleted:
		return []Finding{of(SecretArgument, New(SecretDeleted, Error,
			fmt.Sprintf("AWS will delete the secret %q; no value can be stored in it.", s.ID), "Restore it with `aws secretsmanager restore-secret`, or use another secret."))}
	case s.PrimaryRegion != "" && s.PrimaryRegion != s.Region:
		return []Finding{of(SecretArgument, New(SecretReplica, Error,
			fmt.Sprintf("The secret %q is a replica in %s; values are stored in the primary in %s only, and its replicas follow.", s.ID, s.Region, s.PrimaryRegion),
			"Give the primary secret's ARN."))}
	case s.OwningService != "":
		return []Finding{of(SecretArgument, New(SecretServiceManaged, Error,
			fmt.Sprintf("The secret %q belongs to the service %q, which stores its value itself.", s.ID, s.OwningService), "Leave the value to the service: remove this resource."))}
	}
	return nil
}

// OtherRegion returns the finding for a function that is not in the secret's Region.
func OtherRegion(function, secret string) Finding {
	return of(FunctionArgument, New(FunctionOtherRegion, Error,
		fmt.Sprintf("The function is in %s and the secret in %s. Secrets Manager invokes functions of the secret's Region only.", function, secret),
		"Give a function in "+secret+"."))
}

// of returns the finding with the argument that is to blame.
func of(argument string, f Finding) Finding {
	f.Argument = argument
	return f
}

// State is how far the rotation of a secret has got.
type State struct {
	SecretARN string
	Now       time.Time
	Enabled   *bool // nil if rotation was never configured
	// LastRotated and NextRotation are as Secrets Manager has them; zero if it has none.
	LastRotated, NextRotation time.Time
	Current                   string // version with the label AWSCURRENT; empty if none
	// Pending is the version with the label AWSPENDING, unless that is AWSCURRENT as well; empty if none. PendingSince is when it was
	// made, zero if not known. Leftover says that it is AWSPREVIOUS, so that its rotation has finished.
	Pending      string
	PendingSince time.Time
	Leftover     bool
	Window       time.Duration // length of the rotation window
	Timeout      time.Duration // of the rotation function; 0 if not known, or if a service rotates the secret
}

// longestTimeout is the longest that a function can have.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const longestTimeout = 15 * time.Minute

// RotationState says whether rotation is off, overdue, stuck or under way.
func RotationState(s State) []Finding {
	var all []Finding
	switch {
	case s.Enabled == nil:
		all = append(all, New(RotationDisabled, Warning, "Rotation of the secret was never switched on.", "Set up rotation, with `rotation_setup` for example."))
	case !*s.Enabled:
		detail := "Rotation of the secret is switched off."
		if !s.LastRotated.IsZero() {
			detail = fmt.Sprintf("Rotation of the secret is switched off. It last rotated at %s.", stamp(s.LastRotated))
		}
		all = append(all, New(RotationDisabled, Warning, detail, "Switch it on again, if it is to rotate: `rotation_enabled = true`."))
	case s.Overdue():
		last := "It has never rotated."
		if !s.LastRotated.IsZero() {
			last = fmt.Sprintf("It last rotated at %s.", stamp(s.LastRotated))
		}
		all = append(all, New(RotationOverdue, Error,
			fmt.Sprintf("The secret was to rotate by %s and has not. %s", stamp(s.NextRotation), last),
			"Look at the other findings and at the log of the function for what keeps it from rotating. Secrets Manager tries again in the next window."))
	}
	switch {
	case s.Pending == "":
	case s.stuck():
		all = append(all, NotComplete(s.SecretARN, s.Current, s.Pending, s.Leftover))
	case s.PendingSince.IsZero():
		all = append(all, NotSeen(RotationInProgress, fmt.Sprintf("A rotation makes the version %s of the secret. Since when it does", s.Pending), "secretsmanager:ListSecretVersionIds"))
	default:
		all = append(all, New(RotationInProgress, Info,
			fmt.Sprintf("A rotation makes the version %s of the secret since %s. It has time until %s.", s.Pending, stamp(s.PendingSince), stamp(s.settled())),
			"Wait until it is done. Until then AWS accepts no other rotation and no other schedule."))
	}
	return all
}

// Overdue reports whether the secret was to rotate before now and has not. A rotation that is known to have begun in its window has its
// time, in which it may still succeed.
func (s State) Overdue() bool {
	running := s.Pending != "" && !s.PendingSince.IsZero() && !s.stuck()
	return s.Enabled != nil && *s.Enabled && !s.NextRotation.IsZero() && s.NextRotation.Before(s.Now) && !running
}

// stuck reports whether the pending version will not settle by itself.
func (s State) stuck() bool {
	return s.Leftover || s.Enabled == nil || !*s.Enabled || !s.PendingSince.IsZero() && s.settled().Before(s.Now)
}

// settled is when a rotation has used up its window and four runs of the function, one for each step.
func (s State) settled() time.Time {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = longestTimeout
	}
	return s.PendingSince.Add(s.Window + 4*timeout)
}

// NotComplete returns the finding for a rotation that will not finish by itself: AWS starts no other until it has. Leftover says that
// the version has been AWSCURRENT, so that only the label was left behind.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html.
func NotComplete(secretARN, current, pending string, leftover bool) Finding {
	return of(SecretArgument, New(RotationPendingStuck, Error,
		fmt.Sprintf("The version %s of the secret carries AWSPENDING and is not AWSCURRENT. AWS starts no other rotation until that one has finished or the label is removed.", pending),
		Recovery(secretARN, current, pending, leftover)))
}

// Recovery says how to get a secret out of a rotation that will not finish.
func Recovery(secretARN, current, pending string, leftover bool) string {
	command := "  aws secretsmanager update-secret-version-stage --secret-id " + secretARN + " "
	drop := command + "--version-stage AWSPENDING --remove-from-version-id " + pending
	if leftover {
		return "That version was AWSCURRENT before: its rotation has finished, and only the label was left behind. Drop it:\n\n" + drop
	}
	text := "Find out which password is accepted now: that of AWSCURRENT or that of version " + pending + ". " +
		"If AWSCURRENT works, or the version has no value, drop the label:\n\n" + drop +
		"\n\nIf only the pending one works, make it current:\n\n" + command + "--version-stage AWSCURRENT --move-to-version-id " + pending
	if current == "" {
		return text
	}
	return text + " --remove-from-version-id " + current
}

// stamp writes a time as Terraform does.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
