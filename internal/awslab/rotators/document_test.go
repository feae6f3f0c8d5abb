package rotators

import (
	"encoding/json"
	"testing"
)

// The texts are those of Python 3.11.
func TestParseDocumentErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hunter2":        "Expecting value: line 1 column 1 (char 0)",
		"":               "Expecting value: line 1 column 1 (char 0)",
		"test":           "Expecting value: line 1 column 1 (char 0)",
		"nulL":           "Expecting value: line 1 column 1 (char 0)",
		`{"a": `:         "Expecting value: line 1 column 7 (char 6)",
		`{"a" 1}`:        "Expecting ':' delimiter: line 1 column 6 (char 5)",
		"12x":            "Extra data: line 1 column 3 (char 2)",
		`{"a":1,}`:       "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)",
		"{a:1}":          "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
		"[1 2]":          "Expecting ',' delimiter: line 1 column 4 (char 3)",
		"{\"é\":\n nope": "Expecting value: line 2 column 2 (char 7)",
	} {
		_, err := parseDocument(text)
		if got := errorText(err); got != "JSONDecodeError: "+want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestDocumentKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	doc, err := parseDocument(`{"b":1.0,"a":{"z":[1, 2],"y":null},"b":"last","<é>":"& ü"}`)
	if err != nil {
		t.Fatal(err)
	}
	doc.putString("a", `"\<`)
	doc.putString("c", "new")
	doc.put("missing", nil)
	if got, want := doc.encode(), `{"b": "last", "a": "\"\\<", "<é>": "& ü", "c": "new"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	doc.put("b", nil)
	if doc.has("b") {
		t.Error("a removed member is still there")
	}
	if !json.Valid([]byte(doc.encode())) {
		t.Error("the encoded document is not JSON")
	}
}

func TestDocumentText(t *testing.T) {
	t.Parallel()
	doc, err := parseDocument(`{"string":"s","null":null,"true":true,"false":false,"number":1.50,"list":[1]}`)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"string": "s", "null": "None", "true": "True", "false": "False", "number": "1.50", "list": "[1]", "absent": "None"} {
		if got := doc.text(key); got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
}

// The texts are those of Python 3.11.
func TestPort(t *testing.T) {
	t.Parallel()
	const invalid = "ValueError: invalid literal for int() with base 10: "
	const wrongType = "TypeError: int() argument must be a string, a bytes-like object or a real number, not "
	for _, test := range []struct {
		json    string
		want    int64
		wantErr string
	}{
		{json: `5433`, want: 5433},
		{json: `"5433"`, want: 5433},
		{json: `" 5433\n"`, want: 5433},
		{json: `"+5_433"`, want: 5433},
		{json: `"-1"`, want: -1},
		{json: `5433.0`, want: 5433},
		{json: `5433.9`, want: 5433},
		{json: `true`, want: 1},
		{json: `false`, want: 0},
		{json: `"99999999999999999999"`, want: 1<<63 - 1},
		{json: `""`, wantErr: invalid + "''"},
		{json: `"5433.0"`, wantErr: invalid + "'5433.0'"},
		{json: `"5,433"`, wantErr: invalid + "'5,433'"},
		{json: `"0x1"`, wantErr: invalid + "'0x1'"},
		{json: `"5__4"`, wantErr: invalid + "'5__4'"},
		{json: `"_5"`, wantErr: invalid + "'_5'"},
		{json: `"it's"`, wantErr: invalid + `"it's"`},
		{json: `null`, wantErr: wrongType + "'NoneType'"},
		{json: `[]`, wantErr: wrongType + "'list'"},
		{json: `{}`, wantErr: wrongType + "'dict'"},
	} {
		doc, err := parseDocument(`{"port":` + test.json + `}`)
		if err != nil {
			t.Fatal(err)
		}
		got, err := doc.port()
		if got != test.want || errorText(err) != test.wantErr {
			t.Errorf("%s: got %d and %q, want %d and %q", test.json, got, errorText(err), test.want, test.wantErr)
		}
	}
	if got, err := (document{}).port(); got != 5432 || err != nil {
		t.Errorf("no port: got %d and %v, want 5432", got, err)
	}
}

func TestTLSMode(t *testing.T) {
	t.Parallel()
	for members, want := range map[string][2]bool{
		`{}`:              {true, true},
		`{"ssl":true}`:    {true, false},
		`{"ssl":false}`:   {false, false},
		`{"ssl":"True"}`:  {true, false},
		`{"ssl":"FALSE"}`: {false, false},
		`{"ssl":"yes"}`:   {true, true},
		`{"ssl":""}`:      {true, true},
		`{"ssl":"1"}`:     {true, true},
		`{"ssl":1}`:       {true, true},
		`{"ssl":0}`:       {true, true},
		`{"ssl":null}`:    {true, true},
	} {
		doc, err := parseDocument(members)
		if err != nil {
			t.Fatal(err)
		}
		if use, fallBack := doc.tlsMode(); [2]bool{use, fallBack} != want {
			t.Errorf("%s: got %t, %t, want %t", members, use, fallBack, want)
		}
	}
}
