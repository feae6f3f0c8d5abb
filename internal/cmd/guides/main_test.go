package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

func TestRotationTypes(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "guides")
	if err := run(directory); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(directory, "rotation-types.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	for _, rotationType := range catalog.All() {
		_, section, ok := strings.Cut(page, "\n## "+rotationType.Name+"\n")
		if !ok {
			t.Errorf("no section on %s", rotationType.Name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, field := range rotationType.Fields {
			if !strings.Contains(section, "\n| `"+field.Name+"` | ") {
				t.Errorf("%s: no row of the field %s", rotationType.Name, field.Name)
			}
		}
		for _, variable := range rotationType.Environment {
			if !strings.Contains(section, "\n| `"+variable.Name+"` | ") {
				t.Errorf("%s: no row of the variable %s", rotationType.Name, variable.Name)
			}
		}
		for _, difference := range rotationType.Differences {
			if !strings.Contains(section, "\n| "+cell(difference.Topic)+" | ") {
				t.Errorf("%s: no row of the difference in %s", rotationType.Name, difference.Topic)
			}
		}
		for _, e := range rotationType.Errors {
			if !strings.Contains(section, "\n| "+code(logged(e))+" | ") {
				t.Errorf("%s: no row of the error %s", rotationType.Name, e.Message)
			}
		}
		if _, example, ok := strings.Cut(section, "```json\n"); ok {
			example, _, _ = strings.Cut(example, "```")
			if !json.Valid([]byte(example)) {
				t.Errorf("%s: the example is not JSON:\n%s", rotationType.Name, example)
			}
		} else if rotationType.Fields != nil {
			t.Errorf("%s: no example", rotationType.Name)
		}
	}
	_, passwords, _ := strings.Cut(page, "\n## Passwords\n")
	for _, c := range catalog.PasswordConstraints() {
		if !strings.Contains(passwords, "\n| "+c.Target+" | ") {
			t.Errorf("no row of the passwords of %s", c.Target)
		}
	}
	_, names, _ := strings.Cut(page, "\n## User names\n")
	for _, c := range catalog.UserNameConstraints() {
		if !strings.Contains(names, "\n| "+c.Target+" | ") {
			t.Errorf("no row of the user names of %s", c.Target)
		}
	}
	checkTables(t, page)
	if strings.Contains(page, "\n\n\n") {
		t.Error("the page has two empty lines in a row")
	}
}

var bar = regexp.MustCompile(`(^|[^\\])\|`)

// checkTables reports rows that have other columns than their table's first.
func checkTables(t *testing.T, page string) {
	t.Helper()
	columns := 0
	for line := range strings.Lines(page) {
		n := len(bar.FindAllString(line, -1))
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = n
		case n != columns:
			t.Errorf("a row has %d bars, its table %d: %s", n, columns, line)
		}
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":         "",
		"host":     "`host`",
		"a|b":      "`a\\|b`",
		"a`b":      "`` a`b ``",
		" padded":  "`  padded `",
		"``twice`": "``` ``twice` ```",
	} {
		if got := code(text); got != want {
			t.Errorf("code(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestLogged(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]catalog.FunctionError{
		"KeyError: 'masterarn'":                       {Exception: "KeyError", Message: "masterarn"},
		`KeyError: "Database engine must be 'mysql'"`: {Exception: "KeyError", Message: "Database engine must be 'mysql'"},
		"ValueError: Unable to log into database":     {Exception: "ValueError", Message: "Unable to log into database"},
		"NotImplementedError":                         {Exception: "NotImplementedError"},
	} {
		if got := logged(e); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]catalog.PasswordConstraint{
		"":                            {},
		"`/@`; the space":             {Forbidden: "/@ "},
		"all but letters and digits":  {OnlyAlphanumeric: true},
		"`/`; a lack of upper, lower": {Forbidden: "/", Required: []catalog.Class{catalog.Upper, catalog.Lower}},
	} {
		if got := refused(c); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
