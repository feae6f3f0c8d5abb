package iampolicy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTakesSingleAndListForms(t *testing.T) {
	t.Parallel()
	want := Document{Version: Version, ID: "default", Statements: []Statement{{
		Sid: "S", Effect: EffectAllow,
		Principals: map[string][]string{"Service": {ServicePrincipal}},
		Actions:    []string{"lambda:InvokeFunction"},
		Resources:  []string{function},
		Conditions: []Condition{
			{"StringEquals", "AWS:SourceAccount", []string{account}},
			{"Bool", "aws:SecureTransport", []string{"true"}},
			{"NumericLessThan", "aws:MultiFactorAuthAge", []string{"300", "60.5"}},
		},
	}}}
	for name, text := range map[string]string{
		"single": `{"Version":"2012-10-17","Id":"default","Statement":{"Sid":"S","Effect":"Allow","Principal":{"Service":"` + ServicePrincipal + `"},"Action":"lambda:InvokeFunction","Resource":"` + function + `",
			"Condition":{"StringEquals":{"AWS:SourceAccount":"` + account + `"},"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"aws:MultiFactorAuthAge":[300,60.5]}}}}`,
		"lists": `{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"Service":["` + ServicePrincipal + `"]},"Action":["lambda:InvokeFunction"],"Resource":["` + function + `"],
			"Condition":{"StringEquals":{"AWS:SourceAccount":["` + account + `"]},"Bool":{"aws:SecureTransport":["true"]},"NumericLessThan":{"aws:MultiFactorAuthAge":["300","60.5"]}}}]}`,
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[{` + allowAll + `},{` + s + `}]}` }
	tests := map[string]string{
		``:                                  "not valid JSON: unexpected EOF",
		`{`:                                 "not valid JSON",
		`{"Statement":[}`:                   "not valid JSON",
		`{"Statement":[]} x`:                "text after its end",
		`[]`:                                "not a JSON object",
		`null`:                              "not a JSON object",
		`{}`:                                "Statement is missing",
		`{"Statement":[],"Statement":[]}`:   `"Statement" occurs twice`,
		`{"Statement":[],"Version":"2020"}`: "the Version must be",
		`{"Statement":[],"Version":1}`:      "Version must be text",
		`{"Statement":[],"Comment":"x"}`:    `unknown element "Comment"`,
		`{"Statement":["x"]}`:               "statement 1 is not a JSON object",
		`{"Statement":null}`:                "statement 1 is not a JSON object",
		statement(`"Effect":"allow"`):       `statement 2: the Effect must be "Allow" or "Deny"`,
		statement(`"Action":"*"`):           `the Effect must be`,
		statement(`"Effect":"Deny","Resource":"*"`):                                  "exactly one of Action and NotAction",
		statement(`"Effect":"Deny","Action":"*","NotAction":"*"`):                    "exactly one of Action and NotAction",
		statement(`"Effect":"Deny","Action":"*","Resource":"*","NotResource":"*"`):   "Resource and NotResource exclude",
		statement(`"Effect":"Deny","Action":"*","Principal":"*","NotPrincipal":"*"`): "Principal and NotPrincipal exclude",
		statement(`"Effect":"Deny","Action":1`):                                      "Action must be text or a list of texts",
		statement(`"Effect":"Deny","Action":["a",null]`):                             "Action must be text or a list of texts",
		statement(`"Effect":"Deny","Action":"*","Principal":"me"`):                   `Principal must be "*" or an object`,
		statement(`"Effect":"Deny","Action":"*","Principal":{"aws":"*"}`):            `Principal has the unknown kind "aws"`,
		statement(`"Effect":"Deny","Action":"*","Principal":{"AWS":{}}`):             "Principal: AWS must be text",
		statement(`"Effect":"Deny","Action":"*","Condition":"x"`):                    "Condition must be an object",
		statement(`"Effect":"Deny","Action":"*","Condition":{"Bool":"x"}`):           `operator "Bool" must hold an object`,
		statement(`"Effect":"Deny","Action":"*","Condition":{"Bool":{"k":null}}`):    "condition Bool: k must be text, a number",
		statement(`"Effect":"Deny","Effect":"Allow","Action":"*"`):                   `"Effect" occurs twice`,
		statement(`"Effect":"Deny","Efect":"Allow","Action":"*"`):                    `statement 2: unknown element "Efect"`,
	}
	for text, want := range tests {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) = %v, want %q", text, err, want)
		}
	}
}

func TestJSONIsCanonical(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`{ "Statement" : { "Resource" : ["*"], "Action" : ["b:*", "a:<&>"], "Effect" : "Allow", "Sid": "x" }, "Version" : "2012-10-17" }`://
		`{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow","Action":["b:*","a:<&>"],"Resource":"*"}]}`,
		`{"Statement":[]}`: `{"Statement":[]}`,
		`{"Id":"i","Statement":[{"Effect":"Deny","NotPrincipal":{"Service":["s"],"AWS":["a","b"]},"NotAction":"x:*","NotResource":[],"Condition":{"Null":{"b":"true"},"Bool":{"c":true},"StringLike":{"z":["1"],"a":[]}}}]}`://
		`{"Id":"i","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["a","b"],"Service":"s"},"NotAction":"x:*","NotResource":[],"Condition":{"Null":{"b":"true"},"Bool":{"c":"true"},"StringLike":{"z":"1","a":[]}}}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"}]}`:         `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*"}]}`: `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*"}]}`,
	}
	for text, want := range tests {
		d, err := Parse(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, d.JSON()); diff != "" {
			t.Error(diff)
		}
		if len(d.Statements) == 1 && !strings.Contains(want, d.Statements[0].JSON()) {
			t.Errorf("the statement alone is %s", d.Statements[0].JSON())
		}
	}
}

func TestEquivalent(t *testing.T) {
	t.Parallel()
	const base = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:X","a:Y"],"Resource":"*"}]}`
	tests := []struct {
		name, other string
		want        bool
	}{
		{"itself", base, true},
		{"order and space", `{ "Statement":{"Resource":["*"],"Action":["a:Y","a:X"],"Effect":"Allow"}, "Version":"2012-10-17" }`, true},
		{"one action less", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:X","Resource":"*"}]}`, false},
		{"another Sid", strings.Replace(base, `"Effect"`, `"Sid":"x","Effect"`, 1), false},
		{"another case of a resource", strings.Replace(base, `"*"`, `"arn:aws:s3:::A"`, 1), false},
		{"other effect", strings.Replace(base, "Allow", "Deny", 1), false},
		{"other version", strings.Replace(base, "2012", "2008", 1), false},
		{"empty", "", false},
		{"no policy", "{}", false},
		{"broken", base[:len(base)-1], false},
	}
	for _, test := range tests {
		if Equivalent(base, test.other) != test.want || Equivalent(test.other, base) != test.want {
			t.Errorf("%s: Equivalent is not %v", test.name, test.want)
		}
	}
	if Equivalent("", "") || Equivalent("{}", "{}") {
		t.Error("documents that are no policies are equivalent")
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, " \t\r\n": 0, `{ "a": "ö b" }`: 10} {
		if got := Size(text); got != want {
			t.Errorf("Size(%q) = %d, want %d", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{` + allowAll + `}]}`)
	f.Add(`{"Id":"i","Statement":{"Sid":"s","Effect":"Deny","NotPrincipal":{"AWS":["a","b"]},"NotAction":"x:*","NotResource":[],"Condition":{"Null":{"b":true,"c":[1,2.5e3]}}}}`)
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"${aws:username, 'x'}${*}"}]}`)
	f.Add(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"number":"1"},"DateLessThan":{"date":"2026"},"IpAddress":{"ip":"::/0"},"ForAllValues:ArnLike":{"a":"*:*"}}}]}`)
	f.Add(`[{}]`)
	f.Add(`{"Statement":{"Effect":"Allow","Effect":"Deny"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse(text)
		if err != nil {
			if Equivalent(text, text) {
				t.Error("a document that cannot be read is equivalent to itself")
			}
			return
		}
		again, err := Parse(d.JSON())
		if err != nil {
			t.Fatalf("%v: %s", err, d.JSON())
		}
		if diff := cmp.Diff(d, again); diff != "" || again.JSON() != d.JSON() {
			t.Errorf("%s changes when read again: %s", d.JSON(), diff)
		}
		r := Request{Principal: role, Action: "x:Y", Resource: secretARN, Context: map[string][]string{"number": {"1"}, "date": {"2026-05-01"}, "ip": {"::1"}, "a": {roleARN}}}
		identity := Evaluate(r, Policies{Identity: []Document{d}})
		resource := Evaluate(r, Policies{Resource: &d})
		if identity == Allow && !strings.Contains(text, EffectAllow) || resource == Allow && !strings.Contains(text, EffectAllow) {
			t.Errorf("allowed by %s", text)
		}
	})
}
