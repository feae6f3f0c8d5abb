package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

func TestFindings(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "guides")
	if err := run(directory); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(directory, "findings.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	for _, c := range findings.Cases() {
		_, section, ok := strings.Cut(page, "\n## "+c.Title+"\n")
		if !ok {
			t.Errorf("no section on %q", c.Title)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for _, e := range c.Entries {
			if !strings.Contains(page, "\n| [`"+string(e.Code)+"`](#"+string(e.Code)+") | "+stages[e.Stage].word+" | "+e.Summary+" |\n") {
				t.Errorf("no row of %s", e.Code)
			}
			_, section, ok := strings.Cut(section, "\n### `"+string(e.Code)+"`\n")
			section, _, _ = strings.Cut(section, "\n### ")
			if !ok {
				t.Errorf("no section on %s", e.Code)
			}
			for _, text := range []string{e.Summary + ".", e.About, stages[e.Stage].meaning + ".", e.Remedy, "](" + e.Reference + ")"} {
				if !strings.Contains(section, text) {
					t.Errorf("the section on %s lacks %q", e.Code, text)
				}
			}
		}
	}
	checkTables(t, page)
	if strings.Contains(page, "\n\n\n") || strings.Contains(page, "<no value>") {
		t.Error("the page has two empty lines in a row, or lacks a value")
	}
}

func TestPageName(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html": "secretsmanager, troubleshoot_rotation",
		"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html":             "IAM, reference_iam-quotas",
	} {
		if got := pageName(address); got != want {
			t.Errorf("pageName(%q) = %q, want %q", address, got, want)
		}
	}
}
