package findings

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSecretUsable(t *testing.T) {
	t.Parallel()
	const region = "eu-central-1"
	tests := map[string]struct {
		secret   Secret
		want     []string
		argument string
	}{
		"well":                       {Secret{Function: true, FunctionARN: rotator}, nil, ""},
		"primary":                    {Secret{PrimaryRegion: region, Function: true, FunctionARN: rotator}, nil, ""},
		"deleted":                    {Secret{Deleted: true, OwningService: "rds", Function: true}, []string{"error secret-deleted"}, SecretArgument},
		"replica":                    {Secret{PrimaryRegion: "eu-west-1"}, []string{"error secret-replica"}, SecretArgument},
		"managed":                    {Secret{OwningService: "rds"}, nil, ""},
		"managed, with a function":   {Secret{OwningService: "rds", Function: true, FunctionARN: rotator}, []string{"error secret-service-managed"}, FunctionArgument},
		"managed, with one to come":  {Secret{OwningService: "rds", Function: true}, []string{"error secret-service-managed"}, FunctionArgument},
		"external":                   {Secret{Type: "SalesforceClientSecret"}, nil, ""},
		"external, with a function":  {Secret{Type: "SalesforceClientSecret", Function: true}, []string{"error secret-service-managed"}, FunctionArgument},
		"function of another Region": {Secret{Function: true, FunctionARN: strings.Replace(rotator, region, "eu-west-1", 1)}, []string{"error function-other-region"}, FunctionArgument},
		"function by what is no ARN": {Secret{Function: true, FunctionARN: "rotate"}, nil, ""},
		"function that is not known": {Secret{Function: true}, nil, ""},
	}
	for name, test := range tests {
		test.secret.ID, test.secret.Region = "orders", region
		found := SecretUsable(test.secret)
		checkWording(t, found)
		if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, f := range found {
			if f.Argument != test.argument {
				t.Errorf("%s: the argument is %q", name, f.Argument)
			}
		}
	}
	missing := SecretMissing("orders", region)
	checkWording(t, []Finding{missing})
	if missing.Code != SecretNotFound || missing.Argument != SecretArgument {
		t.Errorf("%+v", missing)
	}
}

// TestRotationState logs what it finds, to be read aloud.
func TestRotationState(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	const (
		due   = "error rotation-overdue"
		off   = "warning rotation-disabled"
		stuck = "error rotation-pending-stuck"
		runs  = "info rotation-in-progress"
	)
	tests := map[string]struct {
		change func(*State)
		want   []string
		text   []string
	}{
		"well":             {func(*State) {}, nil, nil},
		"without a date":   {func(s *State) { s.NextRotation = time.Time{} }, nil, nil},
		"due now":          {func(s *State) { s.NextRotation = now }, nil, nil},
		"due before":       {func(s *State) { s.NextRotation = now.Add(-time.Second) }, []string{due}, []string{"was to rotate by 2026-05-01T11:59:59Z", "It last rotated at 2026-04-01T03:00:00Z."}},
		"never rotated":    {func(s *State) { s.NextRotation, s.LastRotated = now.Add(-time.Hour), time.Time{} }, []string{due}, []string{"It has never rotated."}},
		"off":              {func(s *State) { *s.Enabled = false }, []string{off}, []string{"It last rotated at 2026-04-01T03:00:00Z.", "`rotation_enabled = true`"}},
		"off and due":      {func(s *State) { *s.Enabled = false; s.NextRotation = now.Add(-time.Hour) }, []string{off}, nil},
		"never configured": {func(s *State) { s.Enabled = nil; s.LastRotated = time.Time{} }, []string{off}, []string{"never switched on"}},

		"runs":                   {func(s *State) { s.Pending, s.PendingSince = "v2", now.Add(-time.Hour) }, []string{runs}, []string{"version v2 of the secret since 2026-05-01T11:00:00Z", "until 2026-05-01T14:02:00Z"}},
		"runs as long as it may": {func(s *State) { s.Pending, s.PendingSince = "v2", now.Add(-3*time.Hour-2*time.Minute) }, []string{runs}, nil},
		"runs for too long": {
			func(s *State) { s.Pending, s.PendingSince = "v2", now.Add(-3*time.Hour-2*time.Minute-time.Second) },
			[]string{stuck},
			[]string{"The version v2 of the secret carries AWSPENDING", "--secret-id " + orders + " --version-stage AWSPENDING --remove-from-version-id v2\n", "--move-to-version-id v2 --remove-from-version-id v1"},
		},
		"runs, with a function that is not known":  {func(s *State) { s.Pending, s.PendingSince, s.Timeout = "v2", now.Add(-4*time.Hour), 0 }, []string{runs}, nil},
		"stuck, with a function that is not known": {func(s *State) { s.Pending, s.PendingSince, s.Timeout = "v2", now.Add(-4*time.Hour-time.Second), 0 }, []string{stuck}, nil},
		"since when is not known":                  {func(s *State) { s.Pending = "v2" }, []string{runs}, []string{"`secretsmanager:ListSecretVersionIds`"}},
		"left behind":                              {func(s *State) { s.Pending, s.PendingSince, s.Leftover = "v0", now, true }, []string{stuck}, []string{"only the label was left behind"}},
		"off while it runs":                        {func(s *State) { *s.Enabled = false; s.Pending, s.PendingSince = "v2", now }, []string{off, stuck}, nil},
		"due and stuck": {func(s *State) {
			s.NextRotation = now.Add(-time.Hour)
			s.Pending, s.PendingSince = "v2", now.Add(-24*time.Hour)
		}, []string{due, stuck}, nil},
		"without a current version": {func(s *State) { s.Current = ""; s.Pending, s.PendingSince = "v2", now.Add(-24*time.Hour) }, []string{stuck}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := State{
				SecretARN: orders, Now: now, Enabled: new(true), LastRotated: time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC), NextRotation: now.Add(time.Hour),
				Current: "v1", Window: 3 * time.Hour, Timeout: 30 * time.Second,
			}
			test.change(&s)
			found := RotationState(s)
			for i := range found { // The commands are indented.
				found[i].Remedy = strings.ReplaceAll(found[i].Remedy, "\n  aws", "\naws")
			}
			checkWording(t, found)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			for _, part := range test.text {
				if len(found) == 0 || !strings.Contains(found[0].Detail+" "+found[0].Remedy, part) {
					t.Errorf("%q is not in the first finding", part)
				}
			}
			if s.Current == "" && strings.HasSuffix(found[0].Remedy, " ") {
				t.Errorf("the command is incomplete: %q", found[0].Remedy)
			}
		})
	}
}
