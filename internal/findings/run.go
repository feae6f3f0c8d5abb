package findings

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// Explanation is why a run of a rotation function failed.
type Explanation struct {
	Finding Finding
	Step    string // "createSecret", "setSecret", "testSecret" or "finishSecret"; empty if the lines do not tell
	// Permanent says that rotating again cannot help before somebody changes something.
	Permanent bool
	// Twice says that it is Permanent only if another attempt fails like this, since the cause may also be one that passes.
	Twice bool
	// AsksValues says that with the values of Known the cause may turn out to be another.
	AsksValues bool
}

// loginLimit is for how long the functions try to connect to a database: a login that took as long did not reach it.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html#tshoot-setsecret.
const loginLimit = 5000 * time.Millisecond

// Known is what is known of a rotation besides the lines of a run. All of it may be empty.
type Known struct {
	// Type is that of the function, nil if it is not known: only of the published ones is it known for certain what their errors mean.
	Type                          *catalog.RotationType
	SecretARN, SuperuserSecretARN string
	// Value and SuperuserValue are the SecretStrings of the secret and of its superuser secret. Their field "ssl" tells what a function
	// has tried.
	Value, SuperuserValue string
	// Done is the step that the same attempt has done before the run.
	Done string
}

// Run explains a failed run of which nothing else is known: see Explain.
func Run(lines []string) (e Explanation, ok bool) { return Known{}.Explain(lines) }

// Explain explains a failed run by its lines, those of Lambda's own included. Ok is false if they explain nothing; the step may be known
// all the same. No finding contains text of a line.
//
// The last line that explains something counts, with two exceptions. A run that is stopped at its timeout after the error that has ended
// it has the error as its cause, but not one that the function has logged and gone on after, and a login that failed since the database
// takes no such connection has that. Of a login that failed, the functions log the same whether they were refused or could not connect,
// and the duration of the run tells: with five seconds or more it was the network, so that trying again may help. With less it was
// refused, the credentials most likely, but it may have been the connection, so that it is permanent only if it happens again. If that is
// not known, the run is explained as one that was refused, but not as permanent.
func (k Known) Explain(lines []string) (e Explanation, ok bool) {
	took, timed := runDuration(lines)
	var tried handshakes
	ended := false // by an error
	for _, line := range joined(lines) {
		if step := Step(line); step != "" {
			e.Step = step
		}
		raises := isRaised(line)
		ended = ended || raises
		s := match(line, EndsRun(line))
		tried = tried.and(line, s)
		switch {
		case s == nil || s.from == python && k.custom():
			e.Permanent, e.Twice = e.Permanent && !raises, e.Twice && !raises // What has ended the run may be something else.
			continue
		case s.code == FunctionTimeoutShort && ok && ended:
			continue
		}
		ok, e.AsksValues = true, s.login != 0 && len(tried) > 0 && k.tries(s) == triesUnknown
		refused, isRefused := k.refused(s, line)
		unmet, isUnmet := tried.cause(k.tries(s))
		switch {
		case isRefused:
			e.Finding, e.Permanent = refused, s.permanent
		case s.login != 0 && isUnmet:
			e.Finding, e.Permanent = unmet, s.permanent
		case timed:
			e.Finding, e.Permanent = s.after(took)
		default:
			e.Finding, e.Permanent = s.finding(), s.permanent && s.login == 0
		}
		if e.AsksValues && !isUnmet {
			e.Finding.Detail += " " + perhapsTLS
		}
		e.Finding = e.Finding.denied(line)
		e.Permanent = e.Permanent && (s.from != python || k.published())
		e.Twice = e.Permanent && e.Finding.Code == LoginFailed && s.login != 0
	}
	if ok && e.Finding.Code == FunctionTimeoutShort {
		e.Finding = k.outOfTime(lines, took)
	}
	return e, ok
}

// published and custom report whether the function is known to be one that AWS publishes, or to be somebody's own.
func (k Known) published() bool { return k.Type != nil && !k.custom() }

func (k Known) custom() bool { return k.Type != nil && k.Type.Strategy == catalog.CustomStrategy }

// joined are the lines of a run, with those of an error that has ended it in one: its text may have several, before its trace.
func joined(lines []string) []string {
	var all []string
	open := false
	for _, line := range lines {
		switch {
		case isRaised(line):
			open = !strings.HasPrefix(line, "{")
		case IsFrame(line), isTimeout(line), strings.HasPrefix(line, "Traceback"), strings.HasPrefix(line, "["):
			open = false
		case open:
			all[len(all)-1] += " " + line
			continue
		}
		all = append(all, line)
	}
	return all
}

// onResource is how IAM names what a refused call is on.
var onResource = regexp.MustCompile(`on resource: ([^\s"\\]+)`)

// refused explains a refused call by the secret that it is on, if that is one of the two.
func (k Known) refused(s *signature, line string) (f Finding, ok bool) {
	on := onResource.FindStringSubmatch(line)
	switch {
	case s.code != RoleSecretAccess || on == nil:
		return f, false
	case sameSecret(on[1], k.SecretARN):
		return New(RoleSecretAccess, Error, secretRefused, secretRefusedRemedy), true
	case !sameSecret(on[1], k.SuperuserSecretARN):
		return f, false
	case strings.Contains(line, "secretsmanager:DescribeSecret"):
		return New(SuperuserRDSManagedAccess, Error, superuserTags, superuserTagsRemedy), true
	}
	return New(SuperuserNotReadable, Error, superuserUnread, superuserUnreadRemedy), true
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
