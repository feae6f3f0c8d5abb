package findings

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The rotation functions read secrets with Python's json.loads. This reader accepts exactly what that accepts, which is a little more
// than the standard (NaN and Infinity), and keeps what encoding/json loses: repeated names, the text of numbers and the place of an
// error. Its errors are positions and never quote the input.

type jsonKind int

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonInteger
	jsonFloat
	jsonText
	jsonArray
	jsonObject
)

type jsonValue struct {
	kind    jsonKind
	text    string // of text, or of a number as written
	truth   bool
	members map[string]jsonValue // of an object; the last of repeated names wins
	repeats map[string]bool      // the repeated names of the top-level object
	items   []jsonValue          // of an array
}

// iterate returns what a for loop in Python is given: the items of an array, the names of an object in some order, the characters of a
// text. It reports false for what Python cannot loop over.
func (v jsonValue) iterate() ([]jsonValue, bool) {
	var texts []string
	switch v.kind {
	case jsonArray:
		return v.items, true
	case jsonObject:
		texts = slices.Collect(maps.Keys(v.members))
	case jsonText:
		texts = strings.Split(v.text, "")
	default:
		return nil, false
	}
	items := make([]jsonValue, len(texts))
	for i, text := range texts {
		items[i] = jsonValue{kind: jsonText, text: text}
	}
	return items, true
}

// position counts from one, lines by newlines and columns by characters, as Python does in its own errors.
type position struct{ line, column int }

// readJSON reads a document. It reports where the document stops being JSON.
func readJSON(s string) (jsonValue, position, bool) {
	r := jsonReader{s: s}
	r.space()
	v, ok := r.value(0)
	if ok {
		r.space()
		ok = r.at == len(s)
	}
	if !ok {
		before := s[:min(r.at, len(s))]
		line := strings.LastIndexByte(before, '\n') + 1
		return jsonValue{}, position{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[line:]) + 1}, false
	}
	return v, position{}, true
}

const (
	maxDepth  = 900 // about where Python gives up on nested values
	keptDepth = 2   // of the values whose members and items are kept: the document and its fields
	// maxDigits is the length of the longest number that Python makes of decimal digits; from a longer one it protects itself.
	// https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation.
	maxDigits = 4300
)

type jsonReader struct {
	s  string
	at int
}

func (r *jsonReader) space() {
	for r.at < len(r.s) && strings.IndexByte(" \t\r\n", r.s[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) take(literal string) bool {
	if strings.HasPrefix(r.s[r.at:], literal) {
		r.at += len(literal)
		return true
	}
	return false
}

func (r *jsonReader) value(depth int) (jsonValue, bool) {
	switch {
	case depth > maxDepth:
		return jsonValue{}, false
	case r.take("null"):
		return jsonValue{}, true
	case r.take("true"):
		return jsonValue{kind: jsonBool, truth: true}, true
	case r.take("false"):
		return jsonValue{kind: jsonBool}, true
	case r.take("NaN"), r.take("Infinity"), r.take("-Infinity"):
		return jsonValue{kind: jsonFloat, text: "NaN"}, true
	case r.take(`"`):
		text, ok := r.string()
		return jsonValue{kind: jsonText, text: text}, ok
	case r.take("["):
		v := jsonValue{kind: jsonArray}
		ok := r.list("]", func() bool {
			item, ok := r.value(depth + 1)
			if depth < keptDepth {
				v.items = append(v.items, item)
			}
			return ok
		})
		return v, ok
	case r.take("{"):
		v := jsonValue{kind: jsonObject}
		if depth < keptDepth {
			v.members, v.repeats = map[string]jsonValue{}, map[string]bool{}
		}
		return v, r.list("}", func() bool { return r.member(v, depth) })
	}
	return r.number()
}

// list reads the items of an array or object after its opening bracket.
func (r *jsonReader) list(end string, item func() bool) bool {
	r.space()
	if r.take(end) {
		return true
	}
	for {
		if !item() {
			return false
		}
		r.space()
		if r.take(end) {
			return true
		}
		if !r.take(",") {
			return false
		}
		r.space()
	}
}

func (r *jsonReader) member(parent jsonValue, depth int) bool {
	if !r.take(`"`) {
		return false
	}
	name, ok := r.string()
	if !ok {
		return false
	}
	r.space()
	if !r.take(":") {
		return false
	}
	r.space()
	v, ok := r.value(depth + 1)
	if ok && parent.members != nil {
		if _, repeated := parent.members[name]; repeated {
			parent.repeats[name] = true
		}
		parent.members[name] = v
	}
	return ok
}

// string reads text after its opening quote. Text without an end is an error where it starts.
func (r *jsonReader) string() (string, bool) {
	start := r.at - 1
	var b strings.Builder
	for r.at < len(r.s) {
		c := r.s[r.at]
		switch {
		case c == '"':
			r.at++
			return b.String(), true
		case c < 0x20:
			return "", false
		case c != '\\':
			b.WriteByte(c)
			r.at++
		default:
			if !r.escape(&b) {
				return "", false
			}
		}
	}
	r.at = start
	return "", false
}

func (r *jsonReader) escape(b *strings.Builder) bool {
	if r.at+1 >= len(r.s) {
		r.at = len(r.s)
		return true // The text has no end, which its reader is going to see.
	}
	c := r.s[r.at+1]
	if c == 'u' {
		first, ok := r.unit(r.at)
		if !ok {
			r.at++
			return false
		}
		r.at += 6
		if utf16.IsSurrogate(first) {
			if second, ok := r.unit(r.at); ok {
				if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
					r.at += 6
					first = pair
				}
			}
		}
		b.WriteRune(first)
		return true
	}
	i := strings.IndexByte(`"\/bfnrt`, c)
	if i < 0 {
		return false
	}
	b.WriteByte("\"\\/\b\f\n\r\t"[i])
	r.at += 2
	return true
}

// unit reads the escape of a UTF-16 code unit, "\u00e9", without moving on.
func (r *jsonReader) unit(at int) (rune, bool) {
	if at+6 > len(r.s) || r.s[at:at+2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(r.s[at+2:at+6], 16, 16)
	return rune(n), err == nil
}

func (r *jsonReader) number() (jsonValue, bool) {
	start := r.at
	r.take("-")
	if !r.take("0") && !r.digits() {
		r.at = start
		return jsonValue{}, false
	}
	v := jsonValue{kind: jsonInteger}
	// A fraction or exponent without digits ends the number before it, and the rest is the error.
	for _, part := range []struct{ mark, signs string }{{".", ""}, {"eE", "+-"}} {
		mark := r.at
		if r.at < len(r.s) && strings.IndexByte(part.mark, r.s[r.at]) >= 0 {
			r.at++
			if r.at < len(r.s) && strings.IndexByte(part.signs, r.s[r.at]) >= 0 {
				r.at++
			}
			if !r.digits() {
				r.at = mark
				return jsonValue{}, false
			}
			v.kind = jsonFloat
		}
	}
	v.text = r.s[start:r.at]
	if v.kind == jsonInteger && len(strings.TrimPrefix(v.text, "-")) > maxDigits {
		r.at = start
		return jsonValue{}, false
	}
	return v, true
}

func (r *jsonReader) digits() bool {
	start := r.at
	for r.at < len(r.s) && r.s[r.at] >= '0' && r.s[r.at] <= '9' {
		r.at++
	}
	return r.at > start
}
