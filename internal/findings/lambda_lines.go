package findings

import (
	"encoding/json"
	"regexp"
	"strings"
)

// The lines that Lambda and its runtimes write into a function's log, as text or, if the log format of the function is JSON, as objects:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html and
// https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html.

// IsFrame reports whether a line is of Lambda's frame around what a run logs, and says nothing of how the run went but its status.
func IsFrame(line string) bool {
	for _, start := range []string{"START ", "END ", "REPORT ", "INIT_", "XRAY "} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return strings.TrimSpace(line) == "" || strings.HasPrefix(objectOf(line).Type, "platform.")
}

// StartsRun reports whether a line is the one with which Lambda starts a run.
func StartsRun(line string) bool {
	return strings.HasPrefix(line, "START ") || objectOf(line).Type == "platform.start"
}

// RunStatus reports whether a line is Lambda's report on a run, and the status that it gives: "success", "error", "failure" or "timeout".
// Empty is none, as in the text of a run that went well or raised an error. That of the start of an environment (INIT_REPORT) is of no run.
func RunStatus(line string) (status string, is bool) {
	if o := objectOf(line); o.Type == "platform.report" {
		return o.Record.Status, true
	}
	if !strings.HasPrefix(line, "REPORT ") {
		return "", false
	}
	if m := statusPattern.FindStringSubmatch(line); m != nil {
		return m[1], true
	}
	return "", true
}

// EndsRun reports whether Lambda says by a line that an error, its timeout or a crash has ended the run. What a function logs of errors
// that it goes on after, as Python's logging does behind "[ERROR]" and a tab, is none.
func EndsRun(line string) bool { return isRaised(line) || isTimeout(line) }

var (
	statusPattern  = regexp.MustCompile(`\sStatus: (\w+)`)
	timeoutPattern = regexp.MustCompile(`^\S+Z \S+ Task timed out after [0-9.]+ seconds`)
	raisedPattern  = regexp.MustCompile(`^(?:\[ERROR\] [A-Za-z_][A-Za-z0-9_.]*(?::|\s|$)|RequestId: \S+ Error: )`)
)

// isTimeout reports whether Lambda says by a line that it has stopped the run at its timeout.
func isTimeout(line string) bool {
	status, _ := RunStatus(line)
	return status == "timeout" || timeoutPattern.MatchString(line)
}

// isRaised reports whether a line is the one in which Lambda writes the error that has ended a run, or its crash.
func isRaised(line string) bool {
	o := objectOf(line)
	return raisedPattern.MatchString(line) || o.ErrorType != "" && o.Logger == nil && o.Message == nil && o.Type == ""
}

// object is what matters of a line in the format JSON. An error that the code itself has logged has a message and a logger as well.
type object struct {
	Type   string
	Record struct{ Status string }

	ErrorType       string
	Logger, Message json.RawMessage
}

func objectOf(line string) (o object) {
	if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &o) != nil {
		return object{}
	}
	return o
}
