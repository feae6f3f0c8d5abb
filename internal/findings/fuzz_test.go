package findings

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// planted is put into the secrets and environments that are checked. No part of it is in the code of this package.
const planted = "7ξ9Ξ8ψ6Ψ5ϑ4"

// checkPlanted checks that no four characters of what was planted are in a finding.
func checkPlanted(t *testing.T, findings []Finding) {
	t.Helper()
	runes := []rune(planted)
	for _, f := range findings {
		text := fmt.Sprintf("%+v", f)
		for i := range len(runes) - 3 {
			if part := string(runes[i : i+4]); strings.Contains(text, part) {
				t.Fatalf("the finding %s contains %q of what was planted", text, part)
			}
		}
	}
}

// plant returns a document with planted text behind every text of it and behind the names of fields that are none of the type's.
func plant(t *testing.T, rotationType *catalog.RotationType, v jsonValue) string {
	t.Helper()
	members := map[string]any{}
	for name, member := range v.members {
		if _, known := rotationType.Field(name); !known {
			name += planted
		}
		switch member.kind {
		case jsonText:
			members[name] = member.text + planted
		case jsonArray:
			items := []any{planted}
			for _, item := range member.items {
				items = append(items, item.text+planted)
			}
			members[name] = items
		case jsonObject:
			members[name] = map[string]any{planted: planted}
		case jsonBool:
			members[name] = member.truth
		case jsonInteger:
			members[name] = json.Number(member.text)
		default:
			members[name] = nil
		}
	}
	document, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// environmentOf makes an environment of a text: a line for each variable of the type, in their order. An empty line is an absent
// variable.
func environmentOf(rotationType *catalog.RotationType, text string) map[string]string {
	environment := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		if i < len(rotationType.Environment) && line != "" {
			environment[rotationType.Environment[i].Name] = line
		}
	}
	return environment
}

func FuzzSecretString(f *testing.F) {
	for _, rotationType := range catalog.All() {
		f.Add(rotationType.Example(), "https://secretsmanager.eu-central-1.amazonaws.com\n/@\"'\\\n32\ntrue\n1\ny\nyes\nno\n32")
	}
	f.Add(value(), "")
	f.Add(value("port", `"5,432"`, "ssl", `"yes"`, "username", "null"), "x\n\n4097")
	f.Add(value("x", `[1.5e-3,{"\ud83d\ude00":"\u00e9"},NaN,-Infinity]`), "x\n0123456789")
	f.Add(`{"a":01}`, "")
	f.Add("{\"engine\":\"postgres\",\"engine\":\"x\",\"username\":\"\xff\"}", "")
	f.Add(`{"username":"app_clone","engine":"oracle","host":"h","password":"p","dbname":null,"masterarn":""}`, "")
	f.Add(`{"engine":"timestream-influxdb","type":"custom","permissions":["Write-tasks",1],"readBuckets":{"a":1}}`, "\ntrue")
	f.Add(`{"username":"app","user_arn":"arn:aws:ec2::123456789012:user:app"}`, "x\n\n\n\narn\nother\n10m")
	f.Add(`{"Username":"app","awsSeamlessDomainPassword":"p@ss","keytabArns":"arn"}`, "x\n@\nDirectory\nUsername\nPassword")
	f.Add(`{"port":"٥_4\u3000"}`, "")
	f.Fuzz(func(t *testing.T, text, variables string) {
		v, at, ok := readJSON(text)
		checkReading(t, text, v, at, ok)
		for _, rotationType := range catalog.All() {
			environment := environmentOf(rotationType, variables)
			for _, environment := range []map[string]string{nil, environment} {
				findings := SecretString(rotationType, text, environment)
				checkFindings(t, findings)
				if !ok && len(rotationType.Fields) > 0 && !HasErrors(findings) {
					t.Errorf("%q passes as %s", text, rotationType.Name)
				}
				checkPlanted(t, SecretString(rotationType, text+planted, environment))
				if ok && v.kind == jsonObject {
					document := plant(t, rotationType, v)
					checkPlanted(t, SecretString(rotationType, document, environment))
					checkPlanted(t, SuperuserValue(rotationType, catalog.Access{}, document, document))
					checkPlanted(t, SuperuserValue(rotationType, catalog.Access{SuperuserOwningService: catalog.OwnerRDS}, text, document))
					checkPlanted(t, Superuser(rotationType, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-GhIjKl", &document))
				}
			}
			checkPlanted(t, SecretPrevious(rotationType, text+planted))
			checkFindings(t, Environment(rotationType, environment, ""))
			for name := range environment {
				environment[name] += planted
			}
			checkPlanted(t, Environment(rotationType, environment, planted))
		}
	})
}

// checkReading compares the reader with the standard library's.
func checkReading(t *testing.T, text string, v jsonValue, at position, ok bool) {
	t.Helper()
	standard := json.Valid([]byte(text))
	if standard && !ok && strings.Count(text, "[")+strings.Count(text, "{") <= maxDepth && len(text) <= maxDigits {
		t.Errorf("%q is JSON, but refused at %v", text, at)
	}
	if ok && !standard && !strings.Contains(text, "NaN") && !strings.Contains(text, "Infinity") {
		t.Errorf("%q is not JSON", text)
	}
	if !standard || !ok || v.kind != jsonObject || !utf8.ValidString(text) || strings.Contains(text, `\`) {
		return
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return // A number that Go has no type for.
	}
	for name, want := range members {
		if want, isText := want.(string); isText && v.members[name].text != want {
			t.Errorf("%q has the text %q, want %q", text, v.members[name].text, want)
		}
	}
}
