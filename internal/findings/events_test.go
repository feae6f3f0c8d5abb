package findings

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEvents logs what it finds, to be read aloud.
func TestEvents(t *testing.T) {
	t.Parallel()
	const (
		started, succeeded, failed, abandoned = "RotationStarted", "RotationSucceeded", "RotationFailed", "RotationAbandoned"
		testFailed, testSucceeded             = "TestRotationFailed", "TestRotationSucceeded"
		inStep                                = "Error when executing lambda " + rotator + " during setSecret step"
	)
	at := func(hour int) time.Time { return time.Date(2026, 5, 1, hour, 0, 0, 0, time.UTC) }
	event := func(name string, hour int, message string) Event {
		return Event{Name: name, SecretARN: orders, Message: message, At: at(hour)}
	}
	tests := map[string]struct {
		events []Event
		want   []string
		text   []string
	}{
		"none":      {nil, nil, nil},
		"started":   {[]Event{event(started, 1, "")}, nil, nil},
		"succeeded": {[]Event{event(failed, 1, inStep), event(started, 2, ""), event(succeeded, 2, "")}, nil, nil},
		"failed": {
			[]Event{event(started, 1, ""), event(failed, 2, inStep)},
			[]string{"error rotation-failed"},
			[]string{"The last rotation failed at 2026-05-01T02:00:00Z in the step setSecret.", "Lambda did not run the function"},
		},
		"failed without a reason":     {[]Event{event(failed, 2, "")}, []string{"error rotation-failed"}, []string{"failed at 2026-05-01T02:00:00Z."}},
		"failed again":                {[]Event{event(failed, 5, inStep), event(failed, 3, inStep), event(succeeded, 1, ""), event(started, 5, "")}, []string{"error rotation-failed"}, []string{"at 2026-05-01T05:00:00Z in the step setSecret. That was failure 2 since 2026-05-01T03:00:00Z."}},
		"failed before it succeeded":  {[]Event{event(succeeded, 5, ""), event(failed, 3, inStep)}, nil, nil},
		"failed for want of a token":  {[]Event{event(failed, 2, "Pending secret version planted for Secret "+orders+" was not created by Lambda "+rotator+". Remove the AWSPENDING staging label and restart rotation")}, []string{"error rotation-failed", "error rotation-token-missing"}, []string{"without the rotation token of the event", "Pass RotationToken"}},
		"failed for time":             {[]Event{event(failed, 2, "Task timed out after 3.00 seconds planted")}, []string{"error rotation-failed", "error function-timeout-short"}, nil},
		"failed for concurrency":      {[]Event{event(failed, 2, "planted TooManyRequestsException: Rate Exceeded.")}, []string{"error rotation-failed", "error function-concurrency-low"}, nil},
		"failed for an unknown cause": {[]Event{event(failed, 2, "planted")}, []string{"error rotation-failed"}, nil},
		"failed, another secret":      {[]Event{{Name: failed, SecretARN: admin, At: at(2)}}, nil, nil},
		"abandoned":                   {[]Event{event(succeeded, 1, ""), event(abandoned, 2, "")}, []string{"warning rotation-abandoned"}, []string{"abandoned at 2026-05-01T02:00:00Z"}},
		"abandoned after failures":    {[]Event{event(failed, 1, inStep), event(abandoned, 2, "")}, []string{"warning rotation-abandoned"}, nil},
		"failed after an abandoned":   {[]Event{event(abandoned, 1, ""), event(failed, 2, inStep)}, []string{"error rotation-failed"}, nil},
		"test failed":                 {[]Event{event(succeeded, 1, ""), event(testFailed, 2, "Error when executing lambda "+rotator+" during testSecret step")}, []string{"warning rotation-failed"}, []string{"The test of the rotation failed at 2026-05-01T02:00:00Z in the step testSecret."}},
		"test succeeded then":         {[]Event{event(testFailed, 1, ""), event(testSucceeded, 2, "")}, nil, nil},
		"rotated after the test":      {[]Event{event(testFailed, 1, ""), event(succeeded, 2, "")}, nil, nil},
		"both failed":                 {[]Event{event(testFailed, 1, ""), event(failed, 2, inStep)}, []string{"error rotation-failed", "warning rotation-failed"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := slices.Clone(test.events)
			found := Events(orders, test.events)
			checkWording(t, found, "planted", "Rate Exceeded")
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, test.events); diff != "" {
				t.Errorf("the events were changed: %s", diff)
			}
			for _, part := range test.text {
				if len(found) == 0 || !strings.Contains(found[0].Detail+" "+found[0].Remedy, part) {
					t.Errorf("%q is not in the first finding", part)
				}
			}
		})
	}
}
