package findings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// signature is a log line of a rotation function that tells why a rotation fails.
type signature struct {
	all       []string       // texts that the line contains, in any order, since JSON logs have error and type in either
	host      *regexp.Regexp // what it has as well; nil for nothing
	from      source
	code      Code
	permanent bool      // trying again cannot help before somebody changes something
	login     login     // that was refused or that did not reach the database; only how long it took tells
	failed    handshake // after which the function may go on with the other kind of connection
	detail    string
	remedy    string
}

// source is what a line has to be for its text to tell why a run failed.
type source int

const (
	logged source = iota // any line: the text is the published functions' own
	raised               // what Lambda says has ended the run
	python               // the same; what the text means is known of the published functions only
)

// login is a failed login, 0 for none.
type login int

const (
	byUser login = iota + 1
	bySuperuser
)

// handshake is why a database does not take a connection for its kind, 0 if it does.
type handshake int

const (
	noTLS     handshake = iota + 1 // it takes none that is encrypted
	onlyTLS                        // it takes none that is not
	otherName                      // its certificate is for another host
)

// in reports whether a line has the texts of the signature.
func (s *signature) in(line string) bool {
	return !slices.ContainsFunc(s.all, func(text string) bool { return !strings.Contains(line, text) }) && (s.host == nil || s.host.MatchString(line))
}

// finding explains a line by itself.
func (s *signature) finding() Finding {
	severity := Error
	if s.failed != 0 {
		severity = Warning
	}
	f := New(s.code, severity, s.detail, s.remedy)
	if s.login != 0 {
		f.Detail += " " + loginEither
	}
	return f
}

// after explains a line of a run that took so long.
func (s *signature) after(took time.Duration) (f Finding, permanent bool) {
	switch {
	case s.login == 0:
		return s.finding(), s.permanent
	case took >= loginLimit:
		return New(LoginTimeout, Error, s.detail+" "+loginTook, loginTimeoutRemedy), false
	}
	return New(s.code, Error, s.detail+" "+loginRefused, s.remedy), s.permanent
}

// match returns the first signature that a line has, or nil. The line is what has ended a run, or only what a function has logged.
func match(line string, ended bool) *signature {
	i := slices.IndexFunc(signatures, func(s signature) bool { return (ended || s.from == logged) && s.in(line) })
	if i < 0 {
		return nil
	}
	return &signatures[i]
}

// logLine explains a line that has ended a run of a published rotation function, or a message of Secrets Manager's. Ok is false for a line
// that explains nothing. Permanent says that rotating again cannot help before somebody changes something, so there is no reason to go on waiting; a
// failed login is taken for one that was refused, as Run does not.
//
// What a function may go on after is a warning. The finding never contains text of the line.
func logLine(line string) (finding Finding, permanent, ok bool) {
	s := match(line, true)
	if s == nil {
		return Finding{}, false, false
	}
	return s.finding().denied(line), s.permanent, true
}

// LogMissing returns the finding for a function whose log group does not exist.
func LogMissing(group string) Finding {
	return New(LogUnavailable, Warning,
		fmt.Sprintf("There is no log group %s. Either the function has never run, or its execution role may not write logs, and then nobody can see why a rotation fails.", group),
		"Allow the role to write logs, with `AWSLambdaBasicExecutionRole` for example, and rotate.")
}

// LogUnseen returns the finding for a log group that these credentials may not read, for lack of the actions given.
func LogUnseen(group string, actions ...string) Finding {
	return NotSeen(LogUnavailable, "The log group "+group, actions...)
}
