package findings

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mask stands for what is redacted.
const mask = "***"

// Redact returns a log line without secrets: the contents given, as they are and in the ways that logs and addresses escape them, and
// whatever stands next to a name that looks secret ("password", "token", …) in JSON, in a Python dictionary, in an address or in SQL.
// A secret given as a JSON object stands for its fields with such names too.
//
// The result never contains one of the given secrets. If masking cannot achieve that, because a secret is a part of the mask for
// example, or is escaped in an unknown mix of ways, the result is empty.
func Redact(line string, secrets []string) string {
	secrets = contents(secrets)
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, escapedForms(secret)...)
	}
	// Longer forms first: a form may be a part of another, which would then leave the rest of it.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range slices.Compact(forms) {
		line = strings.ReplaceAll(line, form, mask)
	}
	line = maskNamed(line)
	line = userInfoPattern.ReplaceAllString(line, "${1}"+mask+"@")
	line = sqlPattern.ReplaceAllString(line, "${1} "+mask)
	for _, plain := range unescapedForms(line) {
		for _, secret := range secrets {
			if strings.Contains(plain, secret) {
				return ""
			}
		}
	}
	return line
}

// contents returns the secrets and the secret-looking fields of those that are JSON objects, without empty ones.
func contents(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		all = append(all, secret)
		if v, _, ok := readJSON(secret); ok {
			for name, field := range v.members {
				if LooksSecret(name) {
					all = append(all, field.text)
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// escapedForms returns a text as JSON, JSON within JSON, Python literals and percent-encoding write it.
func escapedForms(s string) []string {
	quoted := jsonEscape(s, false)
	ascii := jsonEscape(s, true)
	html := strings.NewReplacer("&", `\u0026`, "<", `\u003c`, ">", `\u003e`).Replace(quoted)
	forms := []string{
		s, quoted, jsonEscape(quoted, false), ascii, jsonEscape(ascii, true),
		strings.ReplaceAll(quoted, "/", `\/`),
		strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `'`, `\'`),
		html, jsonEscape(html, false),
	}
	for _, encoded := range []string{url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:]} {
		forms = append(forms, encoded, hexPattern.ReplaceAllStringFunc(encoded, strings.ToLower))
	}
	return forms
}

func jsonEscape(s string, ascii bool) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || ascii && r > 0x7e && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case ascii && r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var (
	hexPattern = regexp.MustCompile(`%[0-9A-F]{2}`)
	// The user and password of an address.
	userInfoPattern = regexp.MustCompile(`(://[^\s:/@]*:)[^\s@]+@`)
	// Literals after the words of SQL that set a password.
	sqlPattern = regexp.MustCompile(`(?i)\b(password|identified by)\s+[EN]?'(?:[^'\\]|''|\\.)*(?:'|$)`)
	// A name, as one writes it before a value, with its quotes and the sign between both.
	namePattern = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.-]*)(?:\\*["'])?\s*[:=]\s*`)
)

// secretWords are the parts of names that stand before secrets; plainNames are names with such a part that do not.
var (
	secretWords = []string{"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "privatekey", "apikey", "accesskey", "authorization"}
	plainNames  = []string{
		"createsecret", "setsecret", "testsecret", "finishsecret", // the steps of a rotation
		"secretid", "secretarn", "secretname", "secretversion", "secretversionid", "clientrequesttoken", "nexttoken",
		"masterarn", "superusersecretarn", "accesskeyid", "passwordlength", "awssecretsmanager", "secretsmanager", "secretsmanagerendpoint",
	}
)

// LooksSecret reports whether a name is one under which secrets stand, such as "api_key" or "dbPassword".
func LooksSecret(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return !slices.Contains(plainNames, letters) &&
		slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(letters, word) })
}

// maskNamed masks the values after names that look secret.
func maskNamed(line string) string {
	var b strings.Builder
	for {
		m := namePattern.FindStringSubmatchIndex(line)
		if m == nil {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(line[:m[1]])
		name, rest := line[m[2]:m[3]], line[m[1]:]
		// In an ARN the word stands before the name of a secret, which is none.
		inARN := name == "secret" && strings.HasSuffix(line[:m[2]], ":")
		if LooksSecret(name) && !inARN {
			n := valueLength(rest)
			if strings.Contains(strings.ToLower(name), "authorization") {
				n = len(rest) // a scheme and then the credentials
			}
			if n > 0 {
				b.WriteString(mask)
			}
			rest = rest[n:]
		}
		line = rest
	}
}

var quotePattern = regexp.MustCompile(`^[bBuUrR]{0,2}(\\*["'])`)

// valueLength returns the length of the value that a text starts with: one in quotes, which may be escaped themselves, a list or an
// object, which is taken to the end of the line, or one up to the next delimiter.
func valueLength(s string) int {
	if m := quotePattern.FindStringSubmatchIndex(s); m != nil {
		quote := s[m[2]:m[3]]
		for i := m[1]; i < len(s); {
			// The end is the same quote with as many backslashes; with more it is a quote in the value.
			if strings.HasPrefix(s[i:], quote) {
				return i + len(quote)
			}
			if s[i] == '\\' {
				for i < len(s) && s[i] == '\\' {
					i++
				}
			}
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
		}
		return len(s)
	}
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") || strings.HasPrefix(s, "(") {
		return len(s)
	}
	if i := strings.IndexAny(s, " \t\r\n,;&}])"); i >= 0 {
		return i
	}
	return len(s)
}

// unescapedForms returns a line as it is and with escapes taken off, several times over.
func unescapedForms(line string) []string {
	forms := []string{line}
	for range 3 {
		line = unescape(line)
		if slices.Contains(forms, line) {
			break
		}
		forms = append(forms, line, strings.ReplaceAll(line, "+", " "))
	}
	return forms
}

var escapePattern = regexp.MustCompile(`\\u[0-9A-Fa-f]{4}\\u[0-9A-Fa-f]{4}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|(?:%[0-9A-Fa-f]{2})+`)

func unescape(s string) string {
	return escapePattern.ReplaceAllStringFunc(s, func(escape string) string {
		switch {
		case escape[0] == '%':
			plain, err := url.PathUnescape(escape)
			if err != nil {
				return escape
			}
			return plain
		case len(escape) == 2:
			switch escape[1] {
			case 'n':
				return "\n"
			case 'r':
				return "\r"
			case 't':
				return "\t"
			}
			return escape[1:]
		case escape[1] == 'x':
			n, err := strconv.ParseUint(escape[2:], 16, 8)
			if err != nil {
				return escape
			}
			return string(rune(n))
		}
		if text, ok := unescapeUnits(escape); ok {
			return text
		}
		return escape
	})
}

// unescapeUnits reads one or two escapes of UTF-16 code units.
func unescapeUnits(escapes string) (string, bool) {
	r := jsonReader{s: escapes}
	var b strings.Builder
	for r.at < len(r.s) {
		if !r.escape(&b) {
			return "", false
		}
	}
	return b.String(), true
}
