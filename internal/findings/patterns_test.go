package findings

import (
	"os"
	"strings"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// TestPatterns goes through the lines of testdata/loglines.txt, which has the code before each: all that AWS's page on troubleshooting
// and the published functions are known to log, and that Secrets Manager tells CloudTrail. Lines with "none" explain nothing.
func TestPatterns(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/loglines.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(content)) {
		code, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue // a heading
		}
		n++
		f, _, explained := logLine(text)
		if code == "none" && explained || code != "none" && f.Code != Code(code) {
			t.Errorf("%q is explained as %q, want %s", text, f.Code, code)
		}
	}
	if n < 100 {
		t.Errorf("there are %d lines only", n)
	}
	for _, rotationType := range catalog.All() {
		for _, e := range rotationType.Errors {
			first, _, _ := strings.Cut(e.Message, "\n")
			if e.Message != "" && !strings.Contains(string(content), strings.ReplaceAll(first, "%s", "x")) {
				t.Errorf("%s: no line with %q", rotationType.Name, e.Message)
			}
		}
	}
}
