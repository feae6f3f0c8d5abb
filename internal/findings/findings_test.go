package findings

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStages keeps the stages of the groups that plans must not fail on.
func TestStages(t *testing.T) {
	t.Parallel()
	for _, code := range Codes() {
		text := string(code)
		later := code == SecretNoValue || slices.ContainsFunc([]string{"invoke-", "role-", "kms-", "network-", "caller-", "function-timeout-", "function-concurrency-", "exclude-", "password-", "function-env-"},
			func(prefix string) bool { return strings.HasPrefix(text, prefix) })
		if code == RolePolicyFull || code == InvokePolicyFull {
			later = false // Limits count what is there and what a plan adds.
		}
		if later && code.Stage() != StageApply {
			t.Errorf("%s is certain at stage %d", code, code.Stage())
		}
	}
	for _, code := range []Code{SecretDeleted, SecretReplica, FunctionOtherRegion, FunctionNotFound, SecretServiceManaged, SecretNotJSON, RotationPendingStuck, ScheduleInvalid, SuperuserRequired, SuperuserARNMismatch, RotationAlreadyConfigured} {
		if code.Stage() != StagePlan {
			t.Errorf("%s is certain at stage %d", code, code.Stage())
		}
	}
}

func TestHasErrors(t *testing.T) {
	t.Parallel()
	warning, failure := New(RoleKMS, Warning, "", ""), New(RoleKMS, Error, "", "")
	if HasErrors(nil) || HasErrors([]Finding{warning}) || !HasErrors([]Finding{warning, failure}) {
		t.Error("HasErrors does not tell errors from warnings")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		expression *string
		days       *int64
		duration   *string
		want       []string
		argument   string
	}{
		{"days", nil, new(int64(30)), nil, nil, ""},
		{"days and duration", nil, new(int64(30)), new("3h"), nil, ""},
		{"expression", new("rate(10 days)"), nil, new("24h"), nil, ""},
		{"both", new("rate(10 days)"), new(int64(30)), nil, []string{"error schedule-conflict"}, "schedule_expression"},
		{"neither", nil, nil, new("3h"), []string{"error schedule-conflict"}, "schedule_expression"},
		{"bad expression", new("rate(3 hours)"), nil, nil, []string{"error schedule-invalid"}, "schedule_expression"},
		{"empty expression", new(""), nil, nil, []string{"error schedule-invalid"}, "schedule_expression"},
		{"undocumented expression", new("rate(1 days)"), nil, nil, []string{"warning schedule-undocumented"}, "schedule_expression"},
		{"bad days", nil, new(int64(0)), nil, []string{"error schedule-invalid"}, "automatically_after_days"},
		{"bad duration", new("rate(4 hours)"), nil, new("5h"), []string{"error schedule-window"}, "duration"},
		{"bad duration of days", nil, new(int64(1)), new("25h"), []string{"error schedule-window"}, "duration"},
		{"empty duration", nil, new(int64(1)), new(""), []string{"error schedule-window"}, "duration"},
	}
	for _, test := range tests {
		findings := Schedule(test.expression, test.days, test.duration)
		if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		checkFindings(t, findings)
		for _, f := range findings {
			if f.Argument != test.argument {
				t.Errorf("%s: the argument is %q, want %q", test.name, f.Argument, test.argument)
			}
		}
	}
}
