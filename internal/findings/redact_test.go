package findings

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestRedactNamed(t *testing.T) {
	t.Parallel()
	const withARN = "setSecret: Unable to log into database with pending secret of secret ARN arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf"
	tests := map[string]string{
		"":      "",
		withARN: withARN,
		"User: x is not authorized to perform: secretsmanager:GetSecretValue on resource: y": "User: x is not authorized to perform: secretsmanager:GetSecretValue on resource: y",
		`{"SecretId": "orders", "ClientRequestToken": "v1", "RotationToken": "r1"}`:          `{"SecretId": "orders", "ClientRequestToken": "v1", "RotationToken": ***}`,
		`{"username": "app", "password": "a\"b,c}", "host": "db"}`:                           `{"username": "app", "password": ***, "host": "db"}`,
		`{'username': 'app', 'password': 'a\'b', 'host': 'db'}`:                              `{'username': 'app', 'password': ***, 'host': 'db'}`,
		`{"message": "{\"password\": \"a\\\"b\", \"host\": \"db\"}"}`:                        `{"message": "{\"password\": ***, \"host\": \"db\"}"}`,
		`{'Password': b'a b', 'x': 1}`:                                                       `{'Password': ***, 'x': 1}`,
		`dbPassword=hunter2&host=db`:                                                         `dbPassword=***&host=db`,
		`api_key: abc, next: 1`:                                                              `api_key: ***, next: 1`,
		`AWS_SECRET_ACCESS_KEY=abc/def+g AWS_REGION=x`:                                       `AWS_SECRET_ACCESS_KEY=*** AWS_REGION=x`,
		`Authorization: Bearer abc.def`:                                                      `Authorization: ***`,
		`"SecretString": "{\"a\": 1}", "Name": "x"`:                                          `"SecretString": ***, "Name": "x"`,
		`"secret": {"a": "b"}, "c": "d"`:                                                     `"secret": ***`,
		`"password": "never closed`:                                                          `"password": ***`,
		`"password":`:                                                                        `"password":`,
		`PASSWORD_LENGTH=32`:                                                                 `PASSWORD_LENGTH=32`,
		`postgres://app:hunter2@db:5432/orders`:                                              `postgres://app:***@db:5432/orders`,
		`ALTER USER app WITH PASSWORD 'it''s'; SELECT 1`:                                     `ALTER USER app WITH PASSWORD ***; SELECT 1`,
		`CREATE USER app IDENTIFIED BY 'x`:                                                   `CREATE USER app IDENTIFIED BY ***`,
		`password authentication failed for user "app"`:                                      `password authentication failed for user "app"`,
	}
	for line, want := range tests {
		if got := Redact(line, nil); got != want {
			t.Errorf("%s became\n%s, want\n%s", line, got, want)
		}
	}
}

func TestRedactGiven(t *testing.T) {
	t.Parallel()
	secrets := []string{"hunter2", `q"uo\te'd`, "sp ace/slash+plus&amp", "ümläut<>€😀", "line\nfeed", "100%", "%41", "x=y"}
	for _, secret := range secrets {
		encoded, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := json.Marshal(string(encoded))
		if err != nil {
			t.Fatal(err)
		}
		for form, text := range map[string]string{
			"plain":        secret,
			"JSON":         string(encoded),
			"JSON in JSON": string(twice),
			"query":        url.QueryEscape(secret),
			"path":         url.PathEscape(secret),
			"lower case":   strings.ToLower(url.QueryEscape(strings.ToLower(secret))),
			"ASCII JSON":   jsonEscape(secret, true),
		} {
			given := secret
			if form == "lower case" {
				given = strings.ToLower(secret)
			}
			got := Redact("before ["+text+"] after", []string{"", given})
			if got == "" || !strings.HasPrefix(got, "before [") || !strings.Contains(got, mask) || !strings.HasSuffix(got, "] after") {
				t.Errorf("%q as %s: %q became %q", secret, form, text, got)
			}
		}
	}
}

func TestRedactFieldsOfASecret(t *testing.T) {
	t.Parallel()
	secret := `{"username":"app","password":"hunter2","api_token":"t0ken","host":"db"}`
	got := Redact("cannot log in to db as app with hunter2 or t0ken", []string{secret})
	if want := "cannot log in to db as app with *** or ***"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRedactGivesUp checks that a line that cannot be masked is dropped as a whole.
func TestRedactGivesUp(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"some stars **":                 {"*"},
		"mixed %68unt\\u0065r2 escapes": {"hunter2"},
		"joined x*** y":                 {"*** y"},
	}
	for line, secrets := range tests {
		got := Redact(line, secrets)
		if strings.Contains(got, secrets[0]) || line != "joined x*** y" && got != "" {
			t.Errorf("%q became %q", line, got)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"password": "hunter2"}`, "hunter2", "x")
	f.Add(`postgres://a:b%40c@d`, "b@c", "")
	f.Add(`\"token\": \"\\u00e9\"`, "é", "*")
	f.Add("'secret': b'\\", "'", "\\")
	f.Fuzz(func(t *testing.T, line, first, second string) {
		for _, text := range []string{line, line + first, first + line + second, jsonEscape(line+first, true), url.QueryEscape(second + line)} {
			got := Redact(text, []string{first, second})
			if first != "" && strings.Contains(got, first) || second != "" && strings.Contains(got, second) {
				t.Errorf("%q became %q, which contains %q or %q", text, got, first, second)
			}
			Redact(text, nil)
		}
	})
}
