package provider

import (
	stdflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

var update = stdflag.Bool("update", false, "rewrite the golden files in testdata, and the README's table")

// TestWorldsAreAll has a world for every code, and as many worlds as it takes.
func TestWorldsAreAll(t *testing.T) {
	t.Parallel()
	names, codes := map[string]bool{}, map[findings.Code]bool{}
	for _, w := range brokenWorlds() {
		name := string(w.code) + "/" + w.name
		if names[name] {
			t.Errorf("There are two worlds %s.", name)
		}
		names[name], codes[w.code] = true, true
	}
	for _, code := range findings.Codes() {
		if !codes[code] {
			t.Errorf("There is no broken world for %s.", code)
		}
	}
	if broken, healthy := len(names), len(healthyWorlds()); broken < 60 || healthy < 20 {
		t.Errorf("There are %d broken worlds and %d healthy ones.", broken, healthy)
	}
}

// caughtAt is the column of the README's table for each stage.
var caughtAt = map[stage]int{byValidate: 0, byPlan: 0, byApply: 1, asWarning: 0, byWait: 2, byDiagnosis: 2, asAdvice: 2, asInfo: 2}

// isError reports whether what is caught at the stage is an error there.
func (s stage) isError() bool { return s != asWarning && s != asAdvice && s != asInfo }

// TestWorldsTable keeps what the README says of the worlds: by AWS's cases, each
// code where it is caught first.
func TestWorldsTable(t *testing.T) {
	t.Parallel()
	broken := brokenWorlds()
	var b, addresses strings.Builder
	b.WriteString("| AWS's case | at validate or plan | before the first write | by the wait or `rotation_diagnosis` |\n|---|---|---|---|\n")
	for _, c := range findings.Cases() {
		var cells [3][]string
		for _, e := range c.Entries {
			link := fmt.Sprintf("[%s]", e.Code)
			first, errors := len(cells), false
			for _, w := range broken {
				if w.code != e.Code || errors && !w.stage.isError() {
					continue
				}
				if at := caughtAt[w.stage]; at < first || w.stage.isError() && !errors {
					first = at
				}
				errors = errors || w.stage.isError()
			}
			if first == len(cells) {
				continue
			}
			fmt.Fprintf(&addresses, "[%s]: docs/guides/findings.md#%s\n", e.Code, e.Code)
			if !errors {
				link = "*" + link + "*"
			}
			cells[first] = append(cells[first], link)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Title, strings.Join(cells[0], ", "), strings.Join(cells[1], ", "), strings.Join(cells[2], ", "))
	}
	run := 0
	for _, w := range broken {
		if w.notRun == "" {
			run++
		}
	}
	fmt.Fprintf(&b, `
In italics: what only warns, or informs. Behind the table are %d broken worlds and %d healthy
ones. In %d of the broken ones the rotation really runs; the others are about what may happen,
or what the embedded AWS can't show.

%s`, len(broken), len(healthyWorlds()), run, addresses.String())

	const begin, end = "<!-- caught -->\n", "<!-- /caught -->\n"
	file := filepath.Join("..", "..", "README.md")
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("The README lacks %q or %q.", begin, end)
	}
	if *update {
		got = b.String()
		if err := os.WriteFile(file, []byte(before+begin+got+end+after), 0o644); err != nil { //nolint:gosec // It is for everybody to read.
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(b.String(), got); diff != "" {
		t.Errorf("The README has another table (- wanted, + got; run with -update):\n%s", diff)
	}
}
