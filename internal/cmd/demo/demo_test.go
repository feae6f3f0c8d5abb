package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// openStore is the opener of a machine without PostgreSQL.
func openStore(_ context.Context, _ printer, lab *awslab.Lab) (database, error) {
	return userStore{lab.UserStore()}, nil
}

// brokenStore is a database that goes on accepting the first password.
type brokenStore struct{ userStore }

func (brokenStore) login(context.Context, string, string) (bool, error) { return true, nil }

// TestWithoutDatabase gives the whole demo with the lab's user store. With
// PostgreSQL it is what `make demo` does.
func TestWithoutDatabase(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out bytes.Buffer
	if err := run(t.Context(), &out, openStore); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, text := range []string{
		"✓ The user store refuses the old password.", "✓ The plan is empty.", "✓ The field is still there.", "(schedule-invalid)", "(secret-engine-mismatch)",
		"It needs PostgreSQL", "✓ The secret is there with the value it had.", "✓ No password is in any of them.",
	} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("The demo does not say %q:\n%s", text, out.String())
		}
	}
	if strings.Contains(out.String(), "✗") {
		t.Error(out.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("The demo leaves %v behind. %v", left, err)
	}
}

// TestClaimThatDoesNotHold gives the demo with a database that no rotation
// changes.
func TestClaimThatDoesNotHold(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var out bytes.Buffer
	err := run(t.Context(), &out, func(_ context.Context, _ printer, lab *awslab.Lab) (database, error) {
		return brokenStore{userStore{lab.UserStore()}}, nil
	})
	if !errors.Is(err, errClaim) || !strings.HasSuffix(out.String(), "✗ The user store refuses the old password.\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("The demo leaves %v behind. %v", left, err)
	}
}

// TestInterrupted ends the demo as soon as the CLI has said something.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := run(ctx, watch{"$ ", cancel}, openStore)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("The demo leaves %v behind. %v", left, err)
	}
}

// watch calls a function when a text is written.
type watch struct {
	text string
	do   func()
}

func (w watch) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.text) {
		w.do()
	}
	return len(p), nil
}

func TestSearch(t *testing.T) {
	t.Parallel()
	const password = `p<w&d+x%y"z`
	zipped := func(content string) string {
		var out bytes.Buffer
		archive := zip.NewWriter(&out)
		member, err := archive.Create("tfstate")
		if err == nil {
			_, err = io.WriteString(member, content)
		}
		if err = errors.Join(err, archive.Close()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a/plain":       "x" + password + "x",
		"a/json":        `{"password":"p\u003cw\u0026d+x%y\"z"}`,
		"a/json-plain":  `{"password":"p<w&d+x%y\"z"}`,
		"a/query":       "password=p%3Cw%26d%2Bx%25y%22z",
		"a/b/plan":      zipped(strings.Repeat("x", 1000) + password),
		"a/b/clean":     "nothing",
		"a/b/cleanplan": zipped("nothing"),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	found, files, err := search(dir, "another", password)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/b/plan", "a/json", "a/json-plain", "a/plain", "a/query"}, found); diff != "" || files != 7 {
		t.Errorf("%d files\n%s", files, diff)
	}
	if _, _, err := search(filepath.Join(dir, "missing"), password); err == nil {
		t.Error("A directory that is not there can't be clean.")
	}
}

func TestWithoutOverrides(t *testing.T) {
	t.Parallel()
	const remark = `
Warning: Provider development overrides are in effect

The following provider development overrides are set in the CLI
configuration:
 - rotationsafe/rotation in /tmp/rotation-demo-1/bin

The behavior may therefore not match any released version of the provider and
applying changes may cause the state to become incompatible with published
releases.
`
	const rest = "\nWarning: Something else\n\nAs of published\nreleases.\n"
	if diff := cmp.Diff(rest, withoutOverrides(remark+rest)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(rest, withoutOverrides(rest)); diff != "" {
		t.Error(diff)
	}
}
