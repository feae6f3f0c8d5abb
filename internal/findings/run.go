package findings

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Explanation is why a run of a rotation function failed.
type Explanation struct {
	Finding Finding
	Step    string // "createSecret", "setSecret", "testSecret" or "finishSecret"; empty if the lines do not tell
	// Permanent says that rotating again cannot help before somebody changes something.
	Permanent bool
}

// loginLimit is for how long the functions try to connect to a database: a login that took as long did not reach it.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html#tshoot-setsecret.
const loginLimit = 5000 * time.Millisecond

// Run explains a failed run by its lines, those of Lambda's own included. Ok is false if they explain nothing; the step may be known
// all the same. No finding contains text of a line.
//
// The last line that explains something counts, except that a run that is stopped at its timeout after an error has the error as its
// cause. Of a login that failed, the functions log the same whether they were refused or could not connect, and the duration of the run
// tells: with five seconds or more it was the network, so that trying again may help, with less the credentials. If that is not known,
// the run is explained as one that was refused, but not as permanent.
func Run(lines []string) (e Explanation, ok bool) {
	took, known := runDuration(lines)
	for _, line := range lines {
		if step := Step(line); step != "" {
			e.Step = step
		}
		s := match(line)
		if s == nil || s.code == FunctionTimeoutShort && ok && e.Finding.Severity == Error {
			continue
		}
		ok = true
		if known {
			e.Finding, e.Permanent = s.after(took)
		} else {
			e.Finding, e.Permanent = s.finding(), s.permanent && !s.login
		}
	}
	if ok && e.Finding.Code == FunctionTimeoutShort && silent(lines) {
		e.Finding = New(NetworkNoPathSecretsManager, Error, silence, silenceRemedy)
	}
	return e, ok
}

// OutOfTime returns the finding for a run that was stopped at its timeout, if no more is known of it.
func OutOfTime() Finding { return New(FunctionTimeoutShort, Error, timedOut, timedOutRemedy) }

const foundCredentials = "Found credentials in environment variables"

// silent reports whether a run has logged that it has credentials, and nothing after.
func silent(lines []string) bool {
	found := false
	for _, line := range lines {
		switch {
		case strings.Contains(line, foundCredentials):
			found = true
		case found && !frame(line):
			return false
		}
	}
	return found
}

// frame reports whether a line is one of Lambda's own, as text or in the format JSON.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html.
func frame(line string) bool {
	for _, start := range []string{"START ", "END ", "REPORT ", "INIT_", "XRAY "} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return strings.TrimSpace(line) == "" || strings.Contains(line, "Task timed out after") ||
		strings.HasPrefix(line, "{") && strings.Contains(line, `"platform.`)
}

var (
	textDuration = regexp.MustCompile(`^REPORT .*?\bDuration: ([0-9.]+) ms`)
	jsonDuration = regexp.MustCompile(`"durationMs":\s*([0-9.]+)`)
)

// runDuration is how long a run took, by Lambda's report on it.
func runDuration(lines []string) (took time.Duration, known bool) {
	for _, line := range lines {
		pattern := textDuration
		if strings.HasPrefix(line, "{") && strings.Contains(line, `"platform.report"`) {
			pattern = jsonDuration
		}
		if m := pattern.FindStringSubmatch(line); m != nil {
			milliseconds, err := strconv.ParseFloat(m[1], 64)
			return time.Duration(milliseconds * float64(time.Millisecond)), err == nil
		}
	}
	return 0, false
}

// stepPatterns are how lines name the step that they belong to: the functions' own messages begin with it, the trace of an error has
// the Python function of it, and Secrets Manager's events name it in a sentence.
var stepPatterns = []*regexp.Regexp{
	regexp.MustCompile(`\b(create|set|test|finish)Secret: `),
	regexp.MustCompile(`\bin (create|set|test|finish)_secret\b`),
	regexp.MustCompile(`\bduring (?:the )?(create|set|test|finish)(?:Secret|_secret) step\b`),
}

// Step returns the step of a rotation that a line of a function's log, or a message of Secrets Manager's, belongs to: "createSecret",
// "setSecret", "testSecret" or "finishSecret"; empty if it does not tell.
func Step(line string) string {
	for _, pattern := range stepPatterns {
		if m := pattern.FindStringSubmatch(line); m != nil {
			return m[1] + "Secret"
		}
	}
	return ""
}
