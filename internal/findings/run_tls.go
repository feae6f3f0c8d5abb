package findings

import "strings"

// handshakes are the connections that a database has not taken for their kind since it took the last one, by their signatures.
//
// A function that is told by the field "ssl" to encrypt or not to tries nothing else. Otherwise it tries each login encrypted and then
// not, and both may fail. It logs of neither that the user name or password was refused, nor what servers since PostgreSQL 14 say to a
// connection that they want encrypted.
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

// cause explains a login that failed for the kind of connection. Where only one kind is tried, that is why. Where both are, or it is not
// known, the other one is as a rule what was refused the user name or password; but with a certificate of another name, which is no matter
// of the login, the connection that is not encrypted may have been refused for being so.
func (h handshakes) cause(t tries) (f Finding, ok bool) {
	if len(h) == 0 {
		return f, false
	}
	s, perhaps := h[len(h)-1], false
	switch {
	case t == triesOne:
	case s.failed == otherName:
		perhaps = true
	case s.failed == onlyTLS && len(h) > 1 && h[len(h)-2].failed == otherName:
		s = h[len(h)-2]
	default:
		return f, false
	}
	f = New(s.code, Error, s.detail, s.remedy)
	if perhaps {
		f.Detail += " " + perhapsRefused
	}
	return f, true
}
