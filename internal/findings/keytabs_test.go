package findings

import (
	"strings"
	"testing"
)

func TestKeytabs(t *testing.T) {
	t.Parallel()
	const (
		first  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:planted-1-AbCdEf"
		second = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:planted-2-GhIjKl"
		third  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:planted-3-MnOpQr"
	)
	renamed := map[string]string{"DICT_KEY_KEYTAB_ARNS": "keytabs"}
	tests := []struct {
		name        string
		list        string // the field in JSON
		named       []string
		environment map[string]string
		want        string // the positions, empty for no finding
	}{
		{"all", `["` + first + `","` + second + `"]`, []string{second, first}, nil, ""},
		{"more than listed", `["` + first + `"]`, []string{second, first}, nil, ""},
		{"by name", `["planted-1"]`, []string{first}, nil, ""},
		{"by partial ARN", `["` + strings.TrimSuffix(first, "-AbCdEf") + `"]`, []string{first}, nil, ""},
		{"another suffix", `["` + strings.Replace(first, "AbCdEf", "ZyXwVu", 1) + `"]`, []string{first}, nil, "item 1"},
		{"another region", `["` + strings.Replace(first, "central", "west", 1) + `"]`, []string{first}, nil, "item 1"},
		{"name in capitals", `["PLANTED-1"]`, []string{first}, nil, "item 1"},
		{"one of three", `["` + first + `","` + second + `","` + third + `"]`, []string{first, third}, nil, "item 2"},
		{"two of three", `["` + first + `","` + second + `","` + third + `"]`, []string{second}, nil, "items 1 and 3"},
		{"none named", `["` + first + `","planted-2","` + third + `"]`, nil, nil, "items 1, 2 and 3"},
		{"empty list", "[]", nil, nil, ""},
		{"what SecretString tells of", `[17,"",null,["planted"]]`, nil, nil, ""},
		{"text", `"planted"`, nil, nil, ""},
		{"object", `{"planted":1}`, nil, nil, ""},
		{"missing", "", nil, nil, ""},
		{"of another name", `["planted"]`, nil, renamed, ""},
		{"renamed to nothing", `["planted"]`, nil, map[string]string{"DICT_KEY_KEYTAB_ARNS": ""}, "item 1"},
	}
	rotationType := lookup(t, "ActiveDirectoryAndKeytabSingleUser")
	check := func(name, value string, named []string, environment map[string]string, field, want string) {
		findings := Keytabs(rotationType, named, value, environment)
		checkFindings(t, findings, "planted", "PLANTED", "arn:")
		if len(findings) > 1 || len(findings) > 0 != (want != "") {
			t.Errorf("%s: %+v", name, findings)
			return
		}
		for _, f := range findings {
			if f.Code != RoleSecretAccess || f.Severity != Warning || f.Argument != KeytabsArgument || !strings.Contains(f.Detail, ": "+want+` of the field "`+field+`", `) {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
	for _, test := range tests {
		check(test.name, example(t, rotationType, "keytabArns", test.list), test.named, test.environment, "keytabArns", test.want)
	}
	check("renamed", example(t, rotationType, "keytabs", `["planted"]`), nil, renamed, "keytabs", "item 1")
	for _, value := range []string{"", "planted", "[]", `["planted"]`} {
		check("no object", value, nil, nil, "", "")
	}
	if findings := Keytabs(lookup(t, "ActiveDirectorySingleUser"), nil, example(t, rotationType), nil); findings != nil {
		t.Errorf("of a type without keytab secrets: %+v", findings)
	}
}
