package secretstring

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// encode writes the text of a field as JSON of the kind that it has: numbers, truth values and lists are given as text. What is not such
// a text stays text.
func encode(f catalog.Field, text string) string {
	switch f.Kind {
	case catalog.Port, catalog.PortText:
		if n, err := strconv.Atoi(text); err == nil && strconv.Itoa(n) == text {
			return text
		}
	case catalog.TLS:
		if truth := strings.ToLower(text); truth == "true" || truth == "false" {
			return truth
		}
	case catalog.SecretIDs, catalog.TextList, catalog.Permissions:
		return compact(text)
	case catalog.Text, catalog.Anything, catalog.SecretID, catalog.UserARN:
	}
	return quote(text)
}

// same reports whether JSON in a value means what the field is to have.
func (f field) same(present string) bool {
	switch {
	case isList(f.kind):
		return compact(present) == f.json
	case present == "null":
		return false
	}
	var text string
	if json.Unmarshal([]byte(present), &text) != nil {
		if f.kind == catalog.Text || f.kind == catalog.SecretID || f.kind == catalog.UserARN {
			return false
		}
		text = present
	}
	return text == f.text || f.kind == catalog.TLS && strings.EqualFold(text, f.text) || f.kind == catalog.Anything && sameNumber(present, f.text)
}

// inPlaceOf is what is written where something else stands.
func (f field) inPlaceOf(present string) string {
	if f.kind == catalog.Anything && isNumber(present) && isNumber(f.text) {
		return f.text
	}
	return f.json
}

// isNumber reports whether JSON, or text, is a number as JSON has them.
func isNumber(text string) bool {
	return json.Valid([]byte(text)) && strings.Trim(text[:1], "-0123456789") == ""
}

// sameNumber compares numbers of any size.
func sameNumber(a, b string) bool {
	if !isNumber(a) || !isNumber(b) || len(a) > maxNumber || len(b) > maxNumber {
		return false
	}
	x, _, errX := big.ParseFloat(a, 10, 512, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b, 10, 512, big.ToNearestEven)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}

// maxNumber is the length up to which numbers are compared by value; longer ones are
// compared as they are written.
const maxNumber = 100

func isList(kind catalog.FieldKind) bool {
	return kind == catalog.SecretIDs || kind == catalog.TextList || kind == catalog.Permissions
}

func isArray(text string) bool {
	return json.Valid([]byte(text)) && strings.HasPrefix(compact(text), "[")
}

// compact is JSON without white space; other text as it is.
func compact(text string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// quote writes text as JSON, and no character of it in an escape that only HTML needs.
func quote(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err) // Text can always be written.
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// member is a member of a JSON object: its name, and where its value stands.
type member struct {
	name       string
	start, end int
}

// read finds the members of a JSON object, and where its closing bracket stands. It reports false for everything else.
func read(text string) (members []member, end int, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, 0, false
	}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || decoder.Decode(&value) != nil {
			return nil, 0, false
		}
		at := int(decoder.InputOffset())
		members = append(members, member{name, at - len(value), at})
	}
	if _, err := decoder.Token(); err != nil {
		return nil, 0, false
	}
	end = int(decoder.InputOffset()) - 1
	if _, err := decoder.Token(); err != io.EOF {
		return nil, 0, false
	}
	return members, end, true
}
