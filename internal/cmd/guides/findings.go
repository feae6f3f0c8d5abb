package main

import (
	"bytes"
	_ "embed"
	"path"
	"strings"
	"text/template"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

//go:embed findings.md.tmpl
var findingsTemplate string

// findingsPage renders the page on the codes of findings.
func findingsPage(cases []findings.Case) ([]byte, error) {
	page, err := template.New("findings").Funcs(template.FuncMap{
		"cell":    cell,
		"code":    code,
		"meaning": func(s findings.Stage) string { return stages[s].meaning },
		"page":    pageName,
		"stages": func() []findings.Stage {
			return []findings.Stage{findings.StagePlan, findings.StageApply, findings.StageRotation}
		},
		"word": func(s findings.Stage) string { return stages[s].word },
	}).Parse(findingsTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, struct{ Cases []findings.Case }{cases}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

var stages = map[findings.Stage]struct{ word, meaning string }{
	findings.StagePlan:     {"plan", "an error at plan if rotation is certain to fail, because the configuration alone decides that, or a fact that no apply changes; else a warning"},
	findings.StageApply:    {"apply", "a warning at plan, checked again at apply and there, if rotation is certain to fail, an error before the first write"},
	findings.StageRotation: {"rotation", "known only once the secret rotates: by the wait for a rotation or by the diagnosis"},
}

// pageName is the last part of the address of one of AWS's pages, after the service that it is about.
func pageName(address string) string {
	name, _, _ := strings.Cut(path.Base(address), ".html")
	return strings.Split(address, "/")[3] + ", " + name
}
