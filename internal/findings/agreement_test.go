package findings

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// schemas returns the compiled schemas of all types by their names.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	all := map[string]*jsonschema.Schema{}
	for _, rotationType := range catalog.All() {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(rotationType.JSONSchema()))
		if err != nil {
			return nil, err
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(rotationType.Name, document); err != nil {
			return nil, err
		}
		if all[rotationType.Name], err = c.Compile(rotationType.Name); err != nil {
			return nil, fmt.Errorf("%s: %w", rotationType.Name, err)
		}
	}
	return all, nil
})

// agree compares the verdicts of a type's schema and of the check on a document, and returns them.
func agree(t testing.TB, rotationType *catalog.RotationType, document string) bool {
	t.Helper()
	all, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	findings := SecretString(rotationType, document, nil)
	err = all[rotationType.Name].Validate(instance)
	if valid := err == nil; valid == HasErrors(findings) {
		t.Errorf("%s: %.400s: valid %v, but the findings are %+v (%v)", rotationType.Name, document, valid, findings, err)
	}
	return err == nil
}

// TestSchemaAgrees compares both on generated documents.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	const documents = 2000
	for i, rotationType := range catalog.All() {
		t.Run(rotationType.Name, func(t *testing.T) {
			t.Parallel()
			g := generator{rand.New(rand.NewPCG(2026, uint64(i)))}
			var valid int
			for range documents {
				if agree(t, rotationType, g.document(rotationType)) {
					valid++
				}
			}
			// Agreement says something only where both verdicts occur.
			if least := documents / 20; len(rotationType.Fields) > 0 && (valid < least || documents-valid < least) {
				t.Errorf("%d of %d documents are valid", valid, documents)
			}
			for _, document := range []string{`[]`, `"text"`, `17`, `null`, `true`, `{}`, rotationType.Name + "{}"} {
				if json.Valid([]byte(document)) {
					agree(t, rotationType, document)
				}
			}
		})
	}
}

// generator makes documents of a type's example.
type generator struct{ *rand.Rand }

func (g generator) document(rotationType *catalog.RotationType) string {
	type member struct{ name, value string }
	var members []member
	for _, f := range rotationType.Fields {
		if f.Example != "" || g.IntN(8) == 0 {
			members = append(members, member{f.Name, g.good(rotationType, f)})
		}
	}
	for range g.IntN(4) {
		i := g.IntN(len(members) + 1)
		switch {
		case i == len(members) || g.IntN(12) == 0:
			members = append(members, member{g.pick("Host", "comment", "Password", "ü", "", "type", "token"), g.value(0)})
		case g.IntN(4) == 0:
			members = append(members[:i:i], members[i+1:]...)
		case g.IntN(6) == 0:
			members = append(members, member{members[i].name, g.value(0)})
		default:
			members[i].value = g.value(0)
		}
	}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = fmt.Sprintf("%s:%s%s", quoteJSON(m.name), g.pick("", " ", "\n\t"), m.value)
	}
	return g.pick("", " ", "\r\n") + "{" + strings.Join(parts, ",") + "}"
}

// good returns a value that the function takes, the example as a rule.
func (g generator) good(rotationType *catalog.RotationType, f catalog.Field) string {
	switch {
	case f.Name == "type":
		return quoteJSON(g.pick(f.Allowed...))
	case f.Kind == catalog.Port || f.Kind == catalog.PortText:
		return g.pick("5432", `"5432"`, `" +5_432\n"`, "5432.0", "1e3")
	case f.Kind == catalog.TLS:
		return g.pick("true", "false", `"TRUE"`)
	case f.Kind == catalog.TextList || f.Kind == catalog.Permissions:
		return g.pick("[]", `["read-tasks","write-tasks"]`)
	case f.Kind == catalog.SecretIDs:
		return g.pick("[]", `["keytab"]`, `["a","b"]`)
	case f.Name == "username" && rotationType.Clone != nil:
		return quoteJSON(g.username(rotationType.Clone))
	}
	return quoteJSON(f.Example)
}

// username returns names around the limits.
func (g generator) username(clone *catalog.Clone) string {
	limit := max(clone.MaxLength, clone.EngineLimit, 20) - len(clone.Suffix)
	return strings.Repeat(g.pick("u", "ü", "😀"), limit-2+g.IntN(4)) + g.pick("", clone.Suffix, strings.ToLower(clone.Suffix))
}

func (g generator) pick(texts ...string) string { return texts[g.IntN(len(texts))] }

func (g generator) value(depth int) string {
	switch n := g.IntN(12); {
	case n < 6:
		return g.text()
	case n < 8:
		return g.pick("0", "-0", "1", "-1", "5432", "65536", "1.5", "5432.0", "-2.5e-3", "1e308", "12345678901234567890123456789")
	case n < 10 || depth > 2:
		return g.pick("null", "true", "false")
	}
	var parts []string
	object := g.IntN(2) == 0
	for range g.IntN(3) {
		part := g.value(depth + 1)
		if g.IntN(2) == 0 {
			part = g.text()
		}
		if object {
			part = g.text() + ":" + part
		}
		parts = append(parts, part)
	}
	if object {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (g generator) text() string {
	switch g.IntN(8) {
	case 0:
		return quoteJSON(strings.Repeat(g.pick("u", "ü", "7", ":", "a:"), g.IntN(140)) + g.pick("", "_clone", "_CLONE"))
	case 1: // escapes, also of halves of characters
		return `"` + g.pick(`\u0000`, `\u001c5`, `\ud83d`, `\ud83d\ude00`, `\u00a05\u3000`, `\/`, `_\u0063lone`, `\udc00_clone`) + `"`
	}
	return quoteJSON(g.pick(
		"", "0", "5432", " 5432\n", "5_4", "5__4", "_5", "5_", "+5", "-5", "+-5", "- 5", "²", "5432.0", "0x1", "5,432", "\u20285\u2029", "\u200b5", "\ufeff5",
		"_clone", "_CLONE", "app_clone", "app_CLONE", "appclone", "true", "null", "custom", "operator", "allAccess",
		"mysql", "postgres", "oracle", "db2", "db2-se", "DB2", "xdb2", "mongo", "redshift", "timestream-influxdb",
		"a:b:c:d:e:f", "a:b:c:d:e:f:g", "a:b:c:d:e:f:g:h", "::::::", ":::::\n:",
		"write-tasks", "write-tasks\n", "write-tasks\n\n", "\nwrite-tasks", "Write-tasks", "w-tasks", "write-notificationRules", "write-tasks-x", "wrüte-tasks",
		"app@example.com", `a\b`, "é", "e\u0301", "😀", "\u2028", "\x7f", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf",
	))
}

func quoteJSON(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

func FuzzSchemaAgrees(f *testing.F) {
	for _, rotationType := range catalog.All() {
		f.Add(rotationType.Example())
	}
	g := generator{rand.New(rand.NewPCG(1, 1))}
	for _, rotationType := range catalog.All() {
		f.Add(g.document(rotationType))
	}
	f.Fuzz(func(t *testing.T, document string) {
		// What a schema cannot see, or its library not hold: JSONSchema has the list. Numbers as long as that are kept out with their
		// documents.
		if len(document) > maxDigits || !utf8.ValidString(document) || !json.Valid([]byte(document)) || beyondFloat(document) || strings.ContainsFunc(document, otherDigit) {
			t.Skip()
		}
		for _, rotationType := range catalog.All() {
			agree(t, rotationType, document)
		}
	})
}

// otherDigit reports whether a character is a digit that Python's int() takes and a schema's pattern does not.
func otherDigit(r rune) bool { return r > unicode.MaxASCII && unicode.IsDigit(r) }

// beyondFloat reports whether a JSON document has a number that is no 64-bit float, or is nested deeper than Python reads.
func beyondFloat(document string) bool {
	var v any
	return json.Unmarshal([]byte(document), &v) != nil || strings.Count(document, "[")+strings.Count(document, "{") > maxDepth
}
