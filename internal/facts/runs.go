package facts

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

const (
	lastLines  = 12  // lines of a failed run that a message shows
	longestLog = 400 // characters of a line that a message shows
)

// Run is what one invocation of a function wrote to its log.
type Run struct {
	Group, Stream string
	At, Until     time.Time // of its first and of its last line, by the clock of AWS
	Lines         []string
	Failed        bool
	Ended         bool // Lambda has reported on it
	started       bool // Lambda has said that it starts
}

// Last are the lines to show, without Lambda's own frame around them, unless
// nothing else tells of a failure. Long ones are cut, so that a secret in them has
// to be masked before.
func (r *Run) Last() []string {
	lines := slices.DeleteFunc(slices.Clone(r.Lines), findings.IsFrame)
	if len(lines) == 0 {
		lines = slices.DeleteFunc(slices.Clone(r.Lines), func(line string) bool { return !failure(line) })
	}
	lines = lines[max(0, len(lines)-lastLines):]
	for i, line := range lines {
		if runes := []rune(line); len(runes) > longestLog {
			lines[i] = string(runes[:longestLog]) + "…"
		}
	}
	return lines
}

// failure reports whether a line says that the run failed.
func failure(line string) bool {
	status, _ := findings.RunStatus(line)
	return findings.EndsRun(line) || status != "" && status != "success"
}

// Whose says whose rotation a run belongs to.
type Whose int

// What the lines of a run tell of that.
const (
	Unnamed Whose = iota // nothing, as those of a function that can't even start
	Ours
	Others
)

var (
	secretPattern = regexp.MustCompile(`arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+`)
	// What a function logs of secrets that it only reads, and of the keytab secrets
	// that it could not change, each in a line of its own after the first.
	readPattern = regexp.MustCompile(`(?:master secret|admin secret|on resource:|Failed to load secret from|Failed to parse secret string from) +` + secretPattern.String() +
		`|keytab\(s\):.*|^` + secretPattern.String() + `: `)
)

// Whose says whether a run belongs to the rotation that makes a version of a
// secret. The secrets that are read or changed for it, superuser and keytab
// secrets, tell nothing.
func (r *Run) Whose(secretARN, version string, read ...string) Whose {
	whose := Unnamed
	for _, line := range r.Lines {
		if version != "" && strings.Contains(line, version) {
			return Ours
		}
		named := secretPattern.FindAllString(line, -1)
		if slices.ContainsFunc(named, func(name string) bool { return withoutStop(name) == secretARN }) {
			return Ours
		}
		for _, name := range secretPattern.FindAllString(readPattern.ReplaceAllString(line, ""), -1) {
			if !slices.Contains(read, withoutStop(name)) {
				whose = Others
			}
		}
	}
	return whose
}

// withoutStop is an ARN without the full stop of the sentence that it ends.
func withoutStop(name string) string { return strings.TrimRight(name, ".") }

// runsOf puts the lines of each run together: Lambda writes a run between START
// and REPORT in one stream. What stands before START, as the lines of a function
// that can't load its code do, belongs to the run that starts then.
func runsOf(group string, events []types.FilteredLogEvent) []*Run {
	var all []*Run
	running := map[string]*Run{}
	for _, event := range events {
		stream, line := aws.ToString(event.LogStreamName), strings.TrimRight(aws.ToString(event.Message), "\n")
		at := time.UnixMilli(aws.ToInt64(event.Timestamp)).UTC()
		run := running[stream]
		starts := findings.StartsRun(line)
		if run == nil || starts && run.started {
			run = &Run{Group: group, Stream: stream, At: at}
			running[stream] = run
			all = append(all, run)
		}
		run.started = run.started || starts
		run.Until = at
		run.Lines = append(run.Lines, strings.Split(line, "\n")...)
		run.Failed = run.Failed || failure(line)
		if status, reports := findings.RunStatus(line); reports {
			run.Ended = true
			run.Failed = run.Failed && status != "success"
			delete(running, stream)
		}
	}
	// A function that is still being loaded has not run.
	return slices.DeleteFunc(all, func(r *Run) bool {
		return !r.Failed && !r.started && !slices.ContainsFunc(r.Lines, func(line string) bool { return !findings.IsFrame(line) })
	})
}
