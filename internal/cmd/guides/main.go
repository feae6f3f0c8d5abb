// Command guides writes the guides that are made from what the provider knows, into the directory given: one page on all rotation
// types, from package catalog, and one on all findings, from package findings. The documentation generator takes them from there.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: guides DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "guides:", err)
		os.Exit(1)
	}
}

func run(directory string) error {
	types, err := rotationTypes(catalog.All())
	if err != nil {
		return err
	}
	codes, err := findingsPage(findings.Cases())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for name, page := range map[string][]byte{"rotation-types.md": types, "findings.md": codes} {
		if err := os.WriteFile(filepath.Join(directory, name), page, 0o600); err != nil {
			return err
		}
	}
	return nil
}

//go:embed rotation-types.md.tmpl
var rotationTypesTemplate string

// rotationTypes renders the page on rotation types.
func rotationTypes(types []*catalog.RotationType) ([]byte, error) {
	page, err := template.New("rotation-types").Funcs(template.FuncMap{
		"anchor":   strings.ToLower,
		"cell":     cell,
		"code":     code,
		"codes":    codes,
		"allowed":  allowed,
		"default":  fallback,
		"needed":   needed,
		"length":   length,
		"logged":   logged,
		"refused":  refused,
		"source":   source,
		"target":   target,
		"strategy": func(s catalog.Strategy) string { return strings.ReplaceAll(string(s), "_", " ") },
	}).Parse(rotationTypesTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, struct {
		Types        []*catalog.RotationType
		Passwords    []catalog.PasswordConstraint
		UserNames    []catalog.UserNameConstraint
		Commit, Date string
	}{types, catalog.PasswordConstraints(), catalog.UserNameConstraints(), catalog.SourceCommit, catalog.SourceDate}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// cell makes text fit for a cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

// code sets text as code, whatever backticks it holds. In a table a vertical bar is escaped in code as well.
func code(text string) string {
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" || strings.HasPrefix(text, " ") || strings.HasSuffix(text, " ") {
		text = " " + text + " "
	}
	return fence + cell(text) + fence
}

func codes(texts []string) string {
	set := make([]string, len(texts))
	for i, text := range texts {
		set[i] = code(text)
	}
	return strings.Join(set, ", ")
}

func allowed(f catalog.Field) string {
	if f.Prefix {
		return "anything that starts with " + codes(f.Allowed)
	}
	return codes(f.Allowed)
}

func fallback(f catalog.Field) string {
	if f.Default == "" {
		return ""
	}
	return code(f.Default)
}

func needed(f catalog.Field) string {
	var cases []string
	for _, c := range f.When {
		var parts []string
		if c.Field != "" {
			parts = append(parts, fmt.Sprintf("%s is %s", code(c.Field), code(c.Value)))
		}
		for _, name := range c.Absent {
			parts = append(parts, code(name)+" is absent")
		}
		if c.Variable != "" {
			parts = append(parts, fmt.Sprintf("the function's %s is not %s", code(c.Variable), code("true")))
		}
		cases = append(cases, "if "+strings.Join(parts, " and "))
	}
	switch {
	case f.Required:
		return "yes"
	case len(cases) > 0:
		return strings.Join(cases, ", or ")
	case f.Needed:
		return "in effect"
	case f.Ignored:
		return "not read"
	}
	return "no"
}

// logged is an error as the log of a function shows it. Python quotes the text of a KeyError.
func logged(e catalog.FunctionError) string {
	switch {
	case e.Message == "":
		return e.Exception
	case e.Exception == "KeyError" && strings.Contains(e.Message, "'"):
		return e.Exception + `: "` + e.Message + `"`
	case e.Exception == "KeyError":
		return e.Exception + ": '" + e.Message + "'"
	}
	return e.Exception + ": " + e.Message
}

func length(c catalog.PasswordConstraint) string {
	switch {
	case c.Max == 0:
		return ""
	case c.Min == 0:
		return fmt.Sprintf("at most %d", c.Max)
	}
	return fmt.Sprintf("%d to %d", c.Min, c.Max)
}

// source is where a constraint is from, with the doubts there are.
func source(confidence catalog.Confidence, source string) string {
	switch {
	case confidence == catalog.Confirmed:
		return source
	case source == "":
		return string(confidence)
	}
	return string(confidence) + ": " + source
}

// refused is what a password may not hold, and what it may not lack.
func refused(c catalog.PasswordConstraint) string {
	var parts []string
	if c.OnlyAlphanumeric {
		parts = append(parts, "all but letters and digits")
	}
	if characters := strings.ReplaceAll(c.Forbidden, " ", ""); characters != "" {
		parts = append(parts, code(characters))
	}
	if strings.Contains(c.Forbidden, " ") {
		parts = append(parts, "the space")
	}
	if len(c.Required) > 0 {
		var classes []string
		for _, class := range c.Required {
			classes = append(classes, string(class))
		}
		parts = append(parts, "a lack of "+strings.Join(classes, ", "))
	}
	return strings.Join(parts, "; ")
}

func target(g catalog.Grant) string {
	on := map[catalog.Target]string{
		catalog.OnSecret:    "the secret",
		catalog.OnSuperuser: "the superuser secret",
		catalog.OnPassword:  code("*"),
		catalog.OnService:   "the service",
		catalog.OnKeytabs:   "every keytab secret",
	}[g.On]
	if on == "" {
		return strconv.Itoa(int(g.On))
	}
	return on
}
