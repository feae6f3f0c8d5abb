package findings

import (
	"fmt"
	"slices"
	"time"
)

// Event is what Secrets Manager tells CloudTrail about a rotation.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html.
type Event struct {
	Name      string // "RotationStarted", "RotationSucceeded", "RotationFailed", "RotationAbandoned", "TestRotationFailed" and so on
	SecretARN string
	Message   string // its errorMessage; empty if none
	At        time.Time
}

// Events says what became of the last rotation of a secret by its events, in any order. Those of other secrets do not count. What a
// message tells is told in words of its own, since a message may hold anything.
func Events(secretARN string, events []Event) []Finding {
	events = slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.SecretARN != secretARN })
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	var failures []Event
	var abandoned, test *Event
	for i, e := range events {
		switch e.Name {
		case "RotationSucceeded":
			failures, abandoned, test = nil, nil, nil
		case "RotationFailed":
			failures, abandoned = append(failures, e), nil
		case "RotationAbandoned":
			failures, abandoned = nil, &events[i]
		case "TestRotationFailed":
			test = &events[i]
		case "TestRotationSucceeded":
			test = nil
		}
	}
	var all []Finding
	switch {
	case failures != nil:
		all = append(all, failed(failures)...)
	case abandoned != nil:
		all = append(all, New(RotationAbandoned, Warning,
			fmt.Sprintf("The last rotation was abandoned at %s: a new version of the secret was stored while it ran. The database may have got the password of the version that was given up.", stamp(abandoned.At)),
			"Check that the secret's present value logs in, and store no value while a rotation runs."))
	}
	if test != nil {
		all = append(all, failedTest(*test)...)
	}
	return all
}

// failed returns the finding on a rotation that failed so often, and the one on its cause if the event tells that.
func failed(failures []Event) []Finding {
	last := failures[len(failures)-1]
	detail := fmt.Sprintf("The last rotation failed at %s%s.", stamp(last.At), during(last))
	if n := len(failures); n > 1 {
		detail += fmt.Sprintf(" That was failure %d since %s.", n, stamp(failures[0].At))
	}
	remedy := "Look at the log of the function at that time. If it has nothing of then, Lambda did not run the function: its concurrency was used up, or the permission to invoke it is gone."
	cause, _, known := logLine(last.Message)
	if !known {
		return []Finding{New(RotationFailed, Error, detail, remedy)}
	}
	return []Finding{New(RotationFailed, Error, detail+" "+cause.Detail, cause.Remedy), cause}
}

// failedTest returns the finding on the test that AWS makes when rotation is configured without a rotation.
func failedTest(e Event) []Finding {
	return []Finding{New(RotationFailed, Warning,
		fmt.Sprintf("The test of the rotation failed at %s%s. Secrets Manager runs testSecret when rotation is configured without a rotation.", stamp(e.At), during(e)),
		"Look at the log of the function at that time: what has failed the test is going to fail the next rotation.")}
}

// during names the step of an event, if its message does.
func during(e Event) string {
	if step := Step(e.Message); step != "" {
		return " in the step " + step
	}
	return ""
}
