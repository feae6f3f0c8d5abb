package findings

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

func lookup(t testing.TB, name string) *catalog.RotationType {
	t.Helper()
	rotationType, ok := catalog.Lookup(name)
	if !ok {
		t.Fatalf("no rotation type %s", name)
	}
	return rotationType
}

const admin = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-GhIjKl"

// value returns a good PostgreSQL value with the replacements given as JSON, in the order of names; an empty one takes a field away.
func value(replacements ...string) string {
	names := []string{"engine", "host", "username", "password", "masterarn"}
	fields := map[string]string{"engine": `"postgres"`, "host": `"db.example.com"`, "username": `"app"`, "password": `"planted-pa55"`, "masterarn": `"` + admin + `"`}
	for i := 0; i < len(replacements); i += 2 {
		if _, known := fields[replacements[i]]; !known {
			names = append(names, replacements[i])
		}
		fields[replacements[i]] = replacements[i+1]
	}
	var members []string
	for _, name := range names {
		if fields[name] != "" {
			members = append(members, fmt.Sprintf("%q:%s", name, fields[name]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// codesOf writes findings as "error secret-key-missing" and so on.
func codesOf(findings []Finding) []string {
	var codes []string
	for _, f := range findings {
		codes = append(codes, string(f.Severity)+" "+string(f.Code))
	}
	return codes
}

func TestSecretString(t *testing.T) {
	t.Parallel()
	const single, multi = "PostgreSQLSingleUser", "PostgreSQLMultiUser"
	long := `"` + strings.Repeat("ü", 58) + `"`
	tests := []struct {
		name, rotationType, value string
		want                      []string
	}{
		{"good", single, value(), nil},
		{"good", multi, value(), nil},
		{"aurora", multi, value("engine", `"aurora-postgresql"`), nil},
		{"unknown fields", single, value("comment", `{"deep":[1,{"a":null}]}`), nil},
		{"all fields", single, value("port", "5433", "dbname", `"orders"`, "ssl", "true", "dbInstanceIdentifier", `"orders"`), nil},
		{"console fields of any type", single, value("dbClusterIdentifier", "17"), nil},
		{"white space", single, " \r\n\t" + value() + "\n", nil},

		{"empty", single, "", []string{"error secret-not-json"}},
		{"bare password", single, "planted-pa55", []string{"error secret-not-json"}},
		{"text in quotes", single, `"engine host username password"`, []string{"error secret-not-json"}},
		{"number", single, "17", []string{"error secret-not-json"}},
		{"null", single, "null", []string{"error secret-not-json"}},
		{"list", single, "[" + value() + "]", []string{"error secret-not-json"}},
		{"more text", single, value() + "x", []string{"error secret-not-json"}},
		{"comma at the end", single, strings.TrimSuffix(value(), "}") + ",}", []string{"error secret-not-json"}},
		{"Python dictionary", single, strings.ReplaceAll(value(), `"`, `'`), []string{"error secret-not-json"}},
		{"line feed in a text", single, value("password", "\"a\nb\""), []string{"error secret-not-json"}},
		{"byte order mark", single, "\ufeff" + value(), []string{"error secret-not-json"}},

		{"nothing", single, "{}", []string{"error secret-key-missing", "error secret-key-missing", "error secret-key-missing", "error secret-key-missing"}},
		{"no engine", single, value("engine", ""), []string{"error secret-key-missing"}},
		{"no host", multi, value("host", ""), []string{"error secret-key-missing"}},
		{"no username", multi, value("username", ""), []string{"error secret-key-missing"}},
		{"no password", single, value("password", ""), []string{"error secret-key-missing"}},
		{"no masterarn", single, value("masterarn", ""), nil},
		{"no masterarn", multi, value("masterarn", ""), []string{"error secret-key-missing"}},
		{"empty masterarn", multi, value("masterarn", `""`), []string{"error secret-key-type"}},
		{"masterarn of a role", multi, value("masterarn", `"arn:aws:iam::123456789012:role/admin"`), []string{"warning secret-key-unusable"}},
		{"masterarn without the last characters", multi, value("masterarn", `"arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin"`), nil},
		{"null masterarn", multi, value("masterarn", "null"), []string{"error secret-key-type"}},
		{"upper case name", single, value("host", "", "Host", `"db.example.com"`), []string{"error secret-key-missing"}},

		{"other engine", single, value("engine", `"mysql"`), []string{"error secret-engine-mismatch"}},
		{"near engine", single, value("engine", `"postgresql"`), []string{"error secret-engine-mismatch"}},
		{"engine in upper case", single, value("engine", `"Postgres"`), []string{"error secret-engine-mismatch"}},
		{"null engine", single, value("engine", "null"), []string{"error secret-engine-mismatch"}},
		{"engine with an escape", single, value("engine", `"\u0070ostgres"`), nil},

		{"host with port", single, value("host", `"db.example.com:5432"`), []string{"warning secret-key-unusable"}},
		{"host is an address", single, value("host", `"postgres://db.example.com"`), []string{"warning secret-key-unusable"}},
		{"host with space", single, value("host", `"db.example.com "`), []string{"warning secret-key-unusable"}},
		{"empty host", single, value("host", `""`), []string{"warning secret-key-unusable"}},
		{"null host", multi, value("host", `null`), []string{"warning secret-key-unusable"}},
		{"IPv6 host", single, value("host", `"2001:db8::1"`), nil},
		{"empty password", single, value("password", `""`), []string{"warning secret-key-unusable"}},
		{"null password", multi, value("password", "null"), []string{"warning secret-key-unusable"}},
		{"number as password", single, value("password", "12345678"), []string{"warning secret-key-unusable"}},
		{"empty username", single, value("username", `""`), []string{"warning secret-key-unusable"}},
		{"null username", single, value("username", "null"), []string{"warning secret-key-unusable"}},
		{"null username", multi, value("username", "null"), []string{"error secret-key-type"}},
		{"empty username", multi, value("username", `""`), []string{"warning secret-key-unusable"}},
		{"only the suffix", multi, value("username", `"_clone"`), []string{"warning secret-key-unusable"}},
		{"longest username", multi, value("username", `"`+strings.Repeat("u", 57)+`"`), nil},
		{"too long to clone", multi, value("username", long), []string{"error secret-username-too-long"}},
		{"too long to clone", single, value("username", long), nil},
		{"long clone", multi, value("username", `"`+strings.Repeat("u", 60)+`_clone"`), nil},
		{"null dbname", single, value("dbname", "null"), nil},
		{"number as dbname", single, value("dbname", "17"), []string{"warning secret-key-unusable"}},

		{"port as text", single, value("port", `"5432"`), nil},
		{"port as text with space and sign", single, value("port", `" +5_432\n"`), nil},
		{"port as whole fraction", single, value("port", "5432.0"), nil},
		{"port with exponent", single, value("port", "5.432e3"), nil},
		{"port as fraction", single, value("port", "5432.5"), []string{"warning secret-key-unusable"}},
		{"port as true", single, value("port", "true"), []string{"warning secret-key-unusable"}},
		{"port zero", single, value("port", "0"), []string{"warning secret-key-unusable"}},
		{"negative port", single, value("port", `"-5432"`), []string{"warning secret-key-unusable"}},
		{"port too large", single, value("port", "65536"), []string{"warning secret-key-unusable"}},
		{"port far too large", single, value("port", "99999999999999999999999999"), []string{"warning secret-key-unusable"}},
		{"port in other digits", single, value("port", `"٥٤٣٢"`), []string{"warning secret-key-unusable"}},
		{"empty port", single, value("port", `""`), []string{"error secret-key-type"}},
		{"port as text of a fraction", single, value("port", `"5432.0"`), []string{"error secret-key-type"}},
		{"port in hexadecimal", single, value("port", `"0x1538"`), []string{"error secret-key-type"}},
		{"port with comma", single, value("port", `"5,432"`), []string{"error secret-key-type"}},
		{"port with underscores", single, value("port", `"5__432"`), []string{"error secret-key-type"}},
		{"null port", single, value("port", "null"), []string{"error secret-key-type"}},
		{"list as port", single, value("port", "[5432]"), []string{"error secret-key-type"}},
		{"infinite port", single, value("port", "Infinity"), []string{"error secret-key-type"}},
		{"port beyond floats", single, value("port", "1e999"), []string{"error secret-key-type"}},
		{"NaN elsewhere", single, value("other", "NaN"), nil},

		{"ssl true", single, value("ssl", `"TRUE"`), nil},
		{"ssl false", multi, value("ssl", "false"), nil},
		{"ssl yes", multi, value("ssl", `"yes"`), []string{"warning secret-key-unusable"}},
		{"ssl one", single, value("ssl", "1"), []string{"warning secret-key-unusable"}},
		{"ssl null", single, value("ssl", "null"), []string{"warning secret-key-unusable"}},

		{"repeated", single, strings.Replace(value(), "{", `{"engine":"mysql",`, 1), []string{"warning secret-key-repeated"}},
		{"the last repeated counts", single, strings.Replace(value(), "}", `,"engine":"mysql"}`, 1), []string{"warning secret-key-repeated", "error secret-engine-mismatch"}},
		{"repeated unknown", single, strings.Replace(value(), "{", `{"x":1,"x":2,`, 1), nil},

		{"text", "Custom", "planted-pa55", nil},
		{"object", "Custom", `{"api":"planted-pa55"}`, []string{"warning secret-value-overwritten"}},
		{"list", "Custom", `[1]`, nil},
	}
	for _, test := range tests {
		t.Run(test.rotationType+" "+test.name, func(t *testing.T) {
			t.Parallel()
			findings := SecretString(lookup(t, test.rotationType), test.value, nil)
			if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
				t.Errorf("%s: %s", test.value, diff)
			}
			checkFindings(t, findings, "planted-pa55", "db.example.com", "app\"", "mysql")
		})
	}
}

// checkFindings checks what every finding must have, and that none contains any of the texts planted in the input.
func checkFindings(t *testing.T, findings []Finding, planted ...string) {
	t.Helper()
	for _, f := range findings {
		if _, known := codes[f.Code]; !known || f.Summary == "" || f.Reference == "" {
			t.Errorf("the finding %+v is not of the table", f)
		}
		if !strings.HasSuffix(f.Detail, ".") || !strings.HasSuffix(f.Remedy, ".") || f.Severity != Error && f.Severity != Warning {
			t.Errorf("the finding %+v is incomplete", f)
		}
		for _, text := range planted {
			if strings.Contains(fmt.Sprintf("%+v", f), text) {
				t.Errorf("the finding %+v contains %q", f, text)
			}
		}
	}
}

func TestSecretStringPosition(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"\ufeff{}":                   "an invisible character that is no JSON",
		"x":                          "line 1, column 1",
		"{\n  \"host\": db\n}":       "line 2, column 11",
		`{"ö":"ü" "x"}`:              "line 1, column 10",
		`{"a":1}}`:                   "line 1, column 8",
		`{"a":01}`:                   "line 1, column 7",
		`{"a":1.}`:                   "line 1, column 7",
		`{"a":-}`:                    "line 1, column 6",
		`{"a":"\q"}`:                 "line 1, column 7",
		`{"a":"\u12"}`:               "line 1, column 8",
		`{"a":"b`:                    "line 1, column 6",
		`{"a"`:                       "line 1, column 5",
		`{1:2}`:                      "line 1, column 2",
		strings.Repeat("[", 100_000): "column 902",
	}
	for text, want := range tests {
		findings := SecretString(lookup(t, "PostgreSQLSingleUser"), text, nil)
		if len(findings) != 1 || !strings.Contains(findings[0].Detail, want+".") {
			t.Errorf("%.20s: %+v, want %s", text, findings, want)
		}
	}
}

func TestReadJSONText(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`"\"\\\/\b\f\n\r\t"`:    "\"\\/\b\f\n\r\t",
		`"\u00e9\u20AC"`:        "é€",
		`"\ud83d\ude00"`:        "😀",
		`"\ud83dx\ud83d\u0041"`: "\ufffdx\ufffdA",
		`"ü"`:                   "ü",
	}
	for text, want := range tests {
		v, _, ok := readJSON(text)
		if !ok || v.text != want {
			t.Errorf("%s is %q, %v, want %q", text, v.text, ok, want)
		}
	}
}

func TestSecretBinaryValue(t *testing.T) {
	t.Parallel()
	f := SecretBinaryValue()
	checkFindings(t, []Finding{f})
	if f.Code != SecretBinary || f.Severity != Error {
		t.Errorf("the finding is %+v", f)
	}
}

func TestSuperuser(t *testing.T) {
	t.Parallel()
	multi, single := lookup(t, "PostgreSQLMultiUser"), lookup(t, "PostgreSQLSingleUser")
	tests := []struct {
		name         string
		rotationType *catalog.RotationType
		arn          string
		value        *string
		want         []string
	}{
		{"not needed", single, "", nil, nil},
		{"not needed, but named", single, admin, new(value("masterarn", `"other"`)), nil},
		{"required", multi, "", nil, []string{"error superuser-required"}},
		{"required, whatever the value says", multi, "", new(value()), []string{"error superuser-required"}},
		{"value not known", multi, admin, nil, nil},
		{"the same", multi, admin, new(value()), nil},
		{"by name", multi, admin, new(value("masterarn", `"admin"`)), nil},
		{"without the last characters", multi, admin, new(value("masterarn", `"`+strings.TrimSuffix(admin, "-GhIjKl")+`"`)), nil},
		{"another", multi, admin, new(value("masterarn", `"`+strings.Replace(admin, "admin", "planted", 1)+`"`)), []string{"error superuser-arn-mismatch"}},
		{"other last characters", multi, admin, new(value("masterarn", `"`+strings.Replace(admin, "GhIjKl", "xxxxxx", 1)+`"`)), []string{"error superuser-arn-mismatch"}},
		{"another name", multi, admin, new(value("masterarn", `"planted"`)), []string{"error superuser-arn-mismatch"}},
		{"missing", multi, admin, new(value("masterarn", "")), nil},
		{"not text", multi, admin, new(value("masterarn", "17")), nil},
		{"not JSON", multi, admin, new("x"), nil},
		{"argument of another form", multi, "admin", new(value("masterarn", `"planted"`)), []string{"error superuser-arn-mismatch"}},
	}
	for _, test := range tests {
		findings := Superuser(test.rotationType, test.arn, test.value)
		if diff := cmp.Diff(test.want, codesOf(findings)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		checkFindings(t, findings, "planted")
		for _, f := range findings {
			if f.Argument != SuperuserArgument {
				t.Errorf("%s: the argument is %q", test.name, f.Argument)
			}
		}
	}
}
