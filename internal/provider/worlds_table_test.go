package provider

import (
	stdflag "flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

var update = stdflag.Bool("update", false, "rewrite the golden files in testdata")

// unbroken are the codes that have no world, and why.
var unbroken = map[findings.Code]string{
	findings.LogUnavailable:     pendingDiagnosis,
	findings.RotationInProgress: pendingDiagnosis,
}

const pendingDiagnosis = "There is no diagnosis yet."

// worldsByCode are the broken worlds of each code.
func worldsByCode() map[findings.Code][]brokenWorld {
	by := map[findings.Code][]brokenWorld{}
	for _, w := range brokenWorlds() {
		by[w.code] = append(by[w.code], w)
	}
	return by
}

// TestWorldsAreAll has a world for every code, or a reason why there is none, and
// as many worlds as it takes.
func TestWorldsAreAll(t *testing.T) {
	t.Parallel()
	worlds := worldsByCode()
	for _, code := range findings.Codes() {
		switch why := unbroken[code]; {
		case len(worlds[code]) == 0 && why == "":
			t.Errorf("There is no broken world for %s.", code)
		case len(worlds[code]) > 0 && why != "":
			t.Errorf("There is a broken world for %s: remove the reason why there is none.", code)
		}
	}
	names := map[string]bool{}
	for _, w := range brokenWorlds() {
		name := string(w.code) + "/" + w.name
		if names[name] {
			t.Errorf("There are two worlds %s.", name)
		}
		names[name] = true
	}
	if broken, healthy := len(names), len(healthyWorlds()); broken < 60 || healthy < 20 {
		t.Errorf("There are %d broken worlds and %d healthy ones.", broken, healthy)
	}
}

// TestWorldsTable keeps the table of the README: where each finding is caught.
func TestWorldsTable(t *testing.T) {
	t.Parallel()
	table := "| Finding | Caught at |\n|---|---|\n"
	worlds := worldsByCode()
	for _, code := range slices.Sorted(maps.Keys(worlds)) {
		at := map[stage]bool{}
		for _, w := range worlds[code] {
			if w.pending == "" {
				at[w.stage] = true
			}
		}
		var stages []string
		for _, s := range []stage{byValidate, byPlan, byApply, asWarning, byWait, byDiagnosis} {
			if at[s] {
				stages = append(stages, string(s))
			}
		}
		table += fmt.Sprintf("| `%s` | %s |\n", code, strings.Join(stages, "; "))
	}
	file := filepath.Join("testdata", "caught.md")
	if *update {
		if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), table); diff != "" {
		t.Errorf("The table is another (run with -update): %s", diff)
	}
}
