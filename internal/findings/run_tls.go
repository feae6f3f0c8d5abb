package findings

import "strings"

// handshakes are the connections that a database has not taken since it took the last one, by their signatures.
//
// A function that is told by the field "ssl" to encrypt or not to tries nothing else. Otherwise each login is tried encrypted first and
// then not, and only what fails for its kind is logged, not that the user name or password was refused.
type handshakes []*signature

// and are the handshakes after a line with that signature, nil for none.
func (h handshakes) and(line string, s *signature) handshakes {
	switch {
	case strings.Contains(line, connected):
		return nil
	case s != nil && s.failed != 0:
		return append(h, s)
	}
	return h
}

// tries is what a function tries in turn to log in.
type tries int

const (
	triesUnknown tries = iota
	triesOne           // kind of connection
	triesBoth
)

// tries says what the function has tried in the login of a signature.
func (k Known) tries(s *signature) tries {
	value := k.Value
	if s.login == bySuperuser {
		value = k.SuperuserValue
	}
	object, problem := readObject(value)
	ssl := object.members["ssl"]
	switch {
	case problem != "":
		return triesUnknown
	case ssl.kind == jsonBool, ssl.kind == jsonText && (strings.EqualFold(ssl.text, "true") || strings.EqualFold(ssl.text, "false")):
		return triesOne
	}
	return triesBoth
}

// failed reports whether a login that failed did so for the kind of connection. Where both are tried, both have to have failed for that,
// one after the other. Where that is not known, an encrypted one alone will do, since the finding says what else it may be.
func (h handshakes) failed(t tries) bool {
	if len(h) == 0 {
		return false
	}
	last := h[len(h)-1].failed
	twice := len(h) > 1 && h[len(h)-2].failed == overTLS && last == withoutTLS
	return t == triesOne || twice || t == triesUnknown && last == overTLS
}

// finding explains a login that failed for the kind of connection.
func (h handshakes) finding(t tries) Finding {
	s := h[len(h)-1]
	if len(h) > 1 && s.failed == withoutTLS && t != triesOne {
		s = h[len(h)-2] // An encrypted connection is what the database wants.
	}
	f := New(s.code, Error, s.detail, s.remedy)
	if t == triesUnknown && h[len(h)-1].failed == overTLS {
		f.Detail += " " + perhapsRefused
	}
	return f
}
