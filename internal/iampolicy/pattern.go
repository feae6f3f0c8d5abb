package iampolicy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A pattern is text in which runes that cannot occur in text stand for the wildcards, and for policy variables whose value nobody knows.
// Wildcards that come out of a policy variable are plain text, which is why patterns are not strings.
type pattern []rune

const (
	anyText rune = -1 - iota
	anyRune
	unknownText // matches like anyText
)

// open reports whether it is unknown what the pattern matches.
func (p pattern) open() bool { return slices.Contains(p, unknownText) }

// match reports whether the whole of s matches p.
func (p pattern) match(s []rune) bool {
	star, retry := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && (p[i] == anyText || p[i] == unknownText):
			star, retry = i, j
			i++
		case i < len(p) && (p[i] == anyRune || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			retry++
			i, j = star+1, retry
		default:
			return false
		}
	}
	for i < len(p) && (p[i] == anyText || p[i] == unknownText) {
		i++
	}
	return i == len(p)
}

// segments cuts a pattern at its colons into at most n parts.
func (p pattern) segments(n int) []pattern {
	var parts []pattern
	start := 0
	for i, r := range p {
		if r == ':' && len(parts) < n-1 {
			parts = append(parts, p[start:i])
			start = i + 1
		}
	}
	return append(parts, p[start:])
}

// matchARN compares two ARNs part by part, as the operators ArnEquals and ArnLike do: a wildcard does not reach past a colon, except
// within the sixth part, the resource.
func matchARN(p pattern, s string) bool {
	parts, values := p.segments(6), strings.SplitN(s, ":", 6)
	if len(parts) != 6 || len(values) != 6 {
		return false
	}
	return matchParts(parts, values)
}

// matchResource compares as the Resource element does: like matchARN, but a "*" that ends the pattern also covers all parts that
// follow.
func matchResource(p pattern, s string) bool {
	parts := p.segments(6)
	values := strings.SplitN(s, ":", 6)
	if n := len(parts); n < 6 && n < len(values) {
		last := parts[n-1]
		if len(last) == 0 || last[len(last)-1] != anyText {
			return false
		}
		values = strings.SplitN(s, ":", n)
	}
	return len(parts) == len(values) && matchParts(parts, values)
}

func matchParts(parts []pattern, values []string) bool {
	for i, part := range parts {
		if !part.match([]rune(values[i])) {
			return false
		}
	}
	return true
}

// matchFold compares an action with an action pattern, in which case does not matter.
func matchFold(p, s string) bool {
	return wildcards(strings.ToLower(p)).match([]rune(strings.ToLower(s)))
}

func wildcards(s string) pattern {
	p := make(pattern, 0, len(s))
	for _, r := range s {
		p = append(p, wildcard(r))
	}
	return p
}

func wildcard(r rune) rune {
	switch r {
	case '*':
		return anyText
	case '?':
		return anyRune
	}
	return r
}

// variables replaces policy variables such as ${aws:username}.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
type variables struct {
	context map[string][]string
	unknown func(key string) bool
	assume  bool // whether what depends on an unknown key makes the statement apply
	enabled bool // only documents of version 2012-10-17 have variables
}

// expand reads the text of a policy as a pattern, with wildcards if wild is set. It reports false when a variable has no default and
// no single value in the request: such text matches nothing.
func (v variables) expand(s string, wild bool) (pattern, bool) {
	p := make(pattern, 0, len(s))
	for s != "" {
		if v.enabled && strings.HasPrefix(s, "${") {
			if name, rest, ok := strings.Cut(s[2:], "}"); ok {
				value, ok := v.lookup(name)
				if !ok {
					return nil, false
				}
				p = append(p, value...)
				s = rest
				continue
			}
		}
		r, size := utf8.DecodeRuneInString(s)
		if wild {
			r = wildcard(r)
		}
		p = append(p, r)
		s = s[size:]
	}
	return p, true
}

// expandResource is expand for the Resource element, where variables may stand in the sixth part of an ARN only.
func (v variables) expandResource(s string) (pattern, bool) {
	if head, _, found := strings.Cut(s, "${"); v.enabled && found && strings.Count(head, ":") < 5 {
		return nil, false
	}
	return v.expand(s, true)
}

func (v variables) lookup(name string) (pattern, bool) {
	switch name {
	case "*", "?", "$":
		return pattern(name), true
	}
	key, fallback, hasFallback := strings.Cut(name, ",")
	key = strings.ToLower(strings.TrimSpace(key))
	if v.unknown(key) {
		return pattern{unknownText}, true
	}
	values := v.context[key]
	if len(values) == 1 {
		return pattern(values[0]), true
	}
	fallback = strings.TrimSpace(fallback)
	if hasFallback && len(values) == 0 && len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\'' {
		return pattern(fallback[1 : len(fallback)-1]), true
	}
	return nil, false
}
