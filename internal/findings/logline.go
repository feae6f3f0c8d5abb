package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// signature is a log line of a rotation function that tells why a rotation fails.
type signature struct {
	all       []string // texts that the line contains, in any order, since JSON logs have error and type in either
	code      Code
	permanent bool // trying again cannot help before somebody changes something
	login     bool // a login that was refused or that did not reach the database; only how long it took tells
	warning   bool // the function may go on all the same
	detail    string
	remedy    string
}

// finding explains a line by itself.
func (s *signature) finding() Finding {
	severity := Error
	if s.warning {
		severity = Warning
	}
	f := New(s.code, severity, s.detail, s.remedy)
	if s.login {
		f.Detail += " " + loginEither
	}
	return f
}

// after explains a line of a run that took so long.
func (s *signature) after(took time.Duration) (f Finding, permanent bool) {
	switch {
	case !s.login:
		return s.finding(), s.permanent
	case took >= loginLimit:
		return New(LoginTimeout, Error, s.detail+" "+loginTook, loginTimeoutRemedy), false
	}
	return New(s.code, Error, s.detail+" "+loginRefused, s.remedy), s.permanent
}

// match returns the first signature that a line has, or nil.
func match(line string) *signature {
	i := slices.IndexFunc(signatures, func(s signature) bool { return containsAll(line, s.all) })
	if i < 0 {
		return nil
	}
	return &signatures[i]
}

// logLine explains a line from the log of a rotation function, or a message of Secrets Manager's. Ok is false for a line that explains
// nothing. Permanent says that rotating again cannot help before somebody changes something, so there is no reason to go on waiting; a
// failed login is taken for one that was refused, as Run does not.
//
// What a function may go on after is a warning. The finding never contains text of the line.
func logLine(line string) (finding Finding, permanent, ok bool) {
	s := match(line)
	if s == nil {
		return Finding{}, false, false
	}
	return s.finding(), s.permanent, true
}

func containsAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}

// LogMissing returns the finding for a function whose log group does not exist.
func LogMissing(group string) Finding {
	return New(LogUnavailable, Warning,
		fmt.Sprintf("There is no log group %s. Either the function has never run, or its execution role may not write logs, and then nobody can see why a rotation fails.", group),
		"Allow the role to write logs, with `AWSLambdaBasicExecutionRole` for example, and rotate.")
}

// LogUnseen returns the finding for a log group that these credentials may not read, for lack of the actions given.
func LogUnseen(group string, actions ...string) Finding {
	return notSeen(LogUnavailable, "The log group "+group, actions...)
}
