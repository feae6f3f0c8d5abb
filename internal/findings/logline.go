package findings

import "strings"

// signature is a log line of a rotation function that tells why a rotation fails.
type signature struct {
	all       []string // texts that the line contains, in any order, since JSON logs have error and type in either
	code      Code
	permanent bool // trying again cannot help before somebody changes something
	detail    string
	remedy    string
}

// LogLine explains a line from the log of a rotation function. Ok is false for a line that explains nothing. Permanent says that
// rotating again cannot help before somebody changes something, so there is no reason to go on waiting.
//
// TLS failures are warnings, since the functions may go on without TLS after logging one. The finding never contains text of the line.
func LogLine(line string) (finding Finding, permanent, ok bool) {
	for _, s := range signatures {
		if !containsAll(line, s.all) {
			continue
		}
		severity := Error
		if s.code == TLSFailed {
			severity = Warning
		}
		return New(s.code, severity, s.detail, s.remedy), s.permanent, true
	}
	return Finding{}, false, false
}

func containsAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}
