package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// binaries are directories to remove when all tests are done.
var binaries []string

// built is the provider's binary, compiled once for the tests that need it in a
// process of its own.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "rotation-provider-")
	if err != nil {
		return "", err
	}
	binaries = append(binaries, dir)
	return tfcli.Build(context.Background(), dir)
})

// TestKilledProvider kills the provider's process at each of its calls to AWS
// in turn, once before the call takes effect and once after, and applies again:
// Terraform knows nothing of what the dead provider did.
func TestKilledProvider(t *testing.T) {
	t.Parallel()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	path, err := tfcli.Find()
	if err != nil {
		t.Fatal(err)
	}
	for _, doneFirst := range []bool{false, true} {
		t.Run(fmt.Sprintf("done_first=%t", doneFirst), func(t *testing.T) {
			t.Parallel()
			killed := 0
			for n := 0; killAtCall(t, path, binary, n, doneFirst); n++ {
				killed++
			}
			if killed < 10 {
				t.Errorf("The provider was killed at %d calls only: this test has lost its subject.", killed)
			}
		})
	}
}

// killAtCall applies with a provider that dies at its n-th call of the apply,
// and then again. It returns false when the provider makes fewer calls.
func killAtCall(t *testing.T, path, binary string, n int, doneFirst bool) bool {
	t.Helper()
	w := world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})}
	dir := t.TempDir()
	// The CLI starts a script that becomes the provider and has told its process.
	own, process := filepath.Join(dir, "bin", filepath.Base(binary)), filepath.Join(dir, "process")
	w.Must(os.MkdirAll(filepath.Dir(own), 0o700))
	w.Must(os.WriteFile(own, fmt.Appendf(nil, "#!/bin/sh\necho $$ > '%s'\nexec '%s' \"$@\"\n", process, binary), 0o700))
	w.Must(os.WriteFile(filepath.Join(dir, "main.tf"), []byte(requireRotation+w.setup()), 0o600))
	// A killed provider leaves its socket behind. The path of one has to be short.
	sockets, err := os.MkdirTemp("", "rotation") //nolint:usetesting // The test's own directory has a long path.
	w.Must(err)
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	cli, err := tfcli.New(path, dir, own, "TMPDIR="+sockets)
	w.Must(err)
	run := func(args ...string) (string, int) {
		out, code, err := cli.Run(t.Context(), args...)
		w.Must(err)
		return out, code
	}
	if out, code := run("plan", "-out=tfplan", "-input=false"); code != 0 {
		t.Fatal(out)
	}
	dead := false
	clearFault := w.Inject(awslab.Fault{
		Caller: ":user/administrator", After: n, Times: 1, DoneFirst: doneFirst, Drop: true,
		Do: func(awslab.Call) {
			dead = true
			kill(t, process)
		},
	})
	out, code := run("apply", "-input=false", "tfplan")
	clearFault()
	if !dead {
		if code != 0 {
			t.Error(out)
		}
		return false
	}
	if code == 0 {
		t.Errorf("call %d: the apply of a killed provider succeeded:\n%s", n, out)
	}
	plan, _ := run("plan", "-no-color", "-input=false")
	if strings.Contains(plan, "must be replaced") || strings.Contains(plan, "tainted") {
		t.Errorf("call %d: the next plan replaces:\n%s", n, plan)
	}
	if out, code := run("apply", "-auto-approve", "-no-color", "-input=false"); code != 0 {
		t.Errorf("call %d: the next apply failed:\n%s", n, out)
	}
	if out, code := run("plan", "-detailed-exitcode", "-no-color", "-input=false"); code != 0 {
		t.Errorf("call %d: the setup has not converged:\n%s", n, out)
	}
	if w.Finished() != 1 {
		t.Errorf("call %d: %d rotations have happened, 1 was asked for", n, w.Finished())
	}
	if names := w.InlinePolicies(w.Role); len(names) != 1 {
		t.Errorf("call %d: role policies %v", n, names)
	}
	if strings.Count(w.FunctionPolicy(), `"Sid"`) != 1 {
		t.Errorf("call %d: function policy %s", n, w.FunctionPolicy())
	}
	w.Login()
	return true
}

// kill ends the process whose number a file holds, at once.
func kill(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Error(err)
		return
	}
	p, err := os.FindProcess(number)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Error(err)
	}
}

const requireRotation = `
terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}
`
